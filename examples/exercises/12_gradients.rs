// Exercise 12: one network, several ranks. It joins `level2_pi.rs` and `level3_mnist.rs`.
//
// Every rank holds the same network and learns from its own slice of each batch.
//
//     cargo exercise 12 --run   runs this program with 4 ranks
//     cargo exercise 12         checks it

use std::process::ExitCode;

use burn::nn::loss::CrossEntropyLoss;
use burn::optim::{GradientsParams, Optimizer, SgdConfig};
use burn::tensor::ElementConversion;
use exercises::replace_gradients;
use level2_mpi::{NoArgs, launch, slice_of};
use level3_gpu::{Autodiff, Cnn, Flex, Images, OnDevice};
use mpi::collective::SystemOperation;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

type B = Autodiff<Flex>;

/// The mean of what all ranks have, number by number. Every rank gets it.
pub fn mean_of_all(world: &SimpleCommunicator, mine: &[f32]) -> Vec<f32> {
    // TASK: each rank keeps what it has, so each trains a network of its own. Add up what all have
    // and divide by their number: then all take the same step, as if one had seen the whole batch.
    // --- gap
    mine.to_vec()
    // --- end of gap
}

/// Learns from the same digits in every step; returns the network and the loss of each step.
pub fn train(world: &SimpleCommunicator, digits: &Images, steps: usize) -> (Cnn<B>, Vec<f32>) {
    let device = Default::default();
    let slice = slice_of(digits.len() as u64, world.rank(), world.size());
    let chosen: Vec<i32> = slice.map(|number| number as i32).collect();
    let data = OnDevice::<B>::new(digits, digits.len(), &device);
    let mut model = Cnn::<B>::new(42, &device); // the same on every rank: the same seed
    let mut sgd = SgdConfig::new().init();
    let mut losses = Vec::new();
    for _ in 0..steps {
        let batch = data.batch(&chosen);
        let scores = model.forward(batch.images); // [batch / ranks, 10]
        let loss = CrossEntropyLoss::new(None, &device).forward(scores, batch.labels); // [1]
        let mut gradients = GradientsParams::from_grads(loss.backward(), &model);
        replace_gradients(&model, &mut gradients, |mine| mean_of_all(world, mine));
        model = sgd.step(0.05, model, gradients);
        losses.extend(mean_of_all(world, &[loss.into_scalar().elem()]));
    }
    (model, losses)
}

fn main() -> ExitCode {
    launch(learn)
}

fn learn(universe: &Universe, _: &NoArgs) -> anyhow::Result<()> {
    let world = universe.world();
    let (_, losses) = train(&world, &Images::drawn(0..64), 10);
    let (rank, size, first, last) = (world.rank(), world.size(), losses[0], losses[9]);
    println!("rank {rank} of {size}: the loss goes from {first:.4} to {last:.4}");
    Ok(())
}
