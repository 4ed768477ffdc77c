//! Level 3: train a network to read handwritten digits, on the CPU or on the GPU.
//!
//! One line chooses the device. The network, the loop and the data are the same on both:
//!
//! ```text
//! cargo run --release -p level3-gpu --example level3_mnist -- --device cpu --batch-size 512
//! cargo run --release -p level3-gpu --features cuda --example level3_mnist -- --device cuda --batch-size 512
//! ```

use std::process::ExitCode;
use std::time::Instant;

use burn::module::AutodiffModule;
use burn::nn::loss::CrossEntropyLoss;
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::{GradientsParams, Optimizer};
use burn::tensor::{ElementConversion, Tensor};
use level3_gpu::{Adam, Args, Autodiff, Batch, Cnn, Cuda, Device, Digits, Flex, Predictions};
use level3_gpu::{OnDevice, Plan, Report, Training, predict};

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
    // All images move to the device once, as bytes: 47 MB.
    let training = OnDevice::<B>::new(&digits.training, plan.images, &device);
    let test = OnDevice::new(&digits.test, digits.test.len(), &device);
    let mut model = Cnn::<B>::new(plan.seed, &device);
    let mut adam = OptimizerAdaptor::from(Adam);

    // At first use a GPU compiles its kernels, for each size of batch: a copy of the model pays.
    let clock = Instant::now();
    for chosen in plan.one_of_each_size() {
        step(model.clone(), &mut adam.clone(), training.batch(&chosen));
    }
    Predictions::of(&model.valid(), &test)?;
    report.start(plan, clock.elapsed());

    let clock = Instant::now();
    for epoch in 1..=plan.epochs {
        for chosen in plan.batches(epoch) {
            let loss;
            (model, loss) = step(model, &mut adam, training.batch(&chosen));
            report.step(|| loss.into_scalar().elem())?; // reads the loss ten times an epoch
        }
    }
    // The GPU is handed its work and does it later: wait for it, or the clock stops too early.
    B::sync(&device)?;
    report.stop(clock.elapsed());

    let clock = Instant::now();
    let predictions = Predictions::of(&model.valid(), &test)?;
    report.finish(model, &predictions, &digits.test, clock.elapsed())
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let args = Args::from_command_line()?;
    if predict(&args)? {
        return Ok(()); // --predict and --check-data need no training.
    }
    let mut report = Report::open(&args)?;
    let plans = args.plans()?; // Device and batch size. One plan, or several with --sweep.
    let digits = report.load(|| Digits::load(&args))?;

    for plan in &plans {
        match plan.device {
            Device::Cpu => train::<Autodiff<Flex>>(plan, &digits, &mut report)?,
            Device::Cuda => train::<Autodiff<Cuda>>(plan, &digits, &mut report)?, // <- the one change
        }
    }
    report.close();
    Ok(())
}
