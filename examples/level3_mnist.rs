//! Level 3: train a network to read handwritten digits, on the CPU or on the GPU.
//!
//! One line chooses the device. Network, loop and data are the same on both. Only the CPU's
//! convolution is our own: Burn's leaves cores idle, and the GPU would look better than it is.
//! ```text
//! cargo run --release -p level3-gpu --example level3_mnist -- --device cpu --batch-size 512
//! cargo run --release -p level3-gpu --features cuda --example level3_mnist -- --device gpu --batch-size 512
//! ```

use std::process::ExitCode;

use burn::backend::*; // Autodiff, Flex for CPUs; with the features `cuda` and `wgpu` Cuda and Wgpu
use burn::module::AutodiffModule;
use burn::nn::loss::CrossEntropyLoss;
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::Tensor;
use level3_gpu::{Batch, Cnn, Device, Digits, MnistArgs, OnDevice, Plan};
use level3_gpu::{Predictions, Report, Training, predict};
use rayon::ThreadPoolBuilder;

#[global_allocator] // Keeps the memory of a step's hundreds of tensors for the next step.
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One step of learning: the same four lines on every device.
fn step<B: Training>(
    model: Cnn<B>,
    adam: &mut impl Optimizer<Cnn<B>, B>,
    batch: Batch<B>,
) -> (Cnn<B>, Tensor<B, 1>) {
    let scores = model.forward(batch.images); // [batch, 1, 28, 28] -> [batch, 10]
    let loss = CrossEntropyLoss::new(None, &scores.device()).forward(scores, batch.labels); // [1]
    let gradients = GradientsParams::from_grads(loss.backward(), &model); // one for each parameter
    (adam.step(1e-3, model, gradients), loss)
}

/// Trains and tests the network on the device that `B` stands for.
fn train<B: Training>(plan: &Plan, digits: &Digits, report: &mut Report) -> anyhow::Result<()> {
    let device = B::Device::default();
    let training = OnDevice::<B>::new(&digits.training, plan.images, &device); // once, as bytes: 47 MB
    let test = OnDevice::new(&digits.test, digits.test.len(), &device);
    let mut model = Cnn::<B>::new(plan.seed, &device);
    let mut adam = AdamConfig::new().with_epsilon(1e-8).init(); // as in PyTorch
    // At first use a GPU compiles its kernels, for each size of batch: try them on a copy.
    for chosen in plan.one_of_each_size() {
        step(model.clone(), &mut adam.clone(), training.batch(&chosen));
    }
    Predictions::of(&model.valid(), &test)?;
    let mut run = report.start(plan, &mut model, &mut adam)?; // goes on from --checkpoint
    for chosen in run.batches() {
        let (updated, loss) = step(model, &mut adam, training.batch(&chosen));
        model = updated;
        run.step(loss, &model, &adam)?; // ten times an epoch: reads the loss, which waits, and saves
    }
    B::sync(&device)?; // A GPU works with a delay: wait for it, or the clock stops too early.
    run.stop();
    let predictions = Predictions::of(&model.valid(), &test)?;
    report.finish(run, model, &predictions, &digits.test)
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let args: MnistArgs = cli::parse()?;
    let workers = args.workers.decide()?; // --workers, else SLURM_CPUS_PER_TASK, else 1
    // All parallel loops on the CPU, ours and Burn's, run on these threads.
    ThreadPoolBuilder::new().num_threads(workers.count).build_global()?;
    if let Some((file, model)) = args.reading() {
        return predict(file, model, &args.run); // --predict needs no training.
    }
    let mut report = Report::open(&args, workers)?;
    let digits = report.load()?;
    let plans = report.plans()?; // Device and batch size. One plan, or several with --sweep.
    for plan in &plans {
        match plan.device {
            Device::Cpu => train::<Autodiff<Flex>>(plan, &digits, &mut report)?,
            #[cfg(feature = "cuda")]
            Device::Cuda => train::<Autodiff<Cuda>>(plan, &digits, &mut report)?, // <- the one change
            #[cfg(feature = "wgpu")]
            Device::Wgpu => train::<Autodiff<Wgpu>>(plan, &digits, &mut report)?,
        }
    }
    report.close();
    Ok(())
}
