//! Exercise 7: what travels to the device? The lesson is `examples/level3_mnist.rs`.
//!
//! ```text
//! cargo run --release -p exercises --features level3 --example exercise7
//! cargo exercise 7
//! ```

use std::process::ExitCode;

use burn::nn::loss::CrossEntropyLoss;
use burn::tensor::Tensor;
use exercises::learning;
use level3_gpu::{Autodiff, Batch, Cnn, ConvBlock, Flex, Images, OnDevice, Training};

/// A network, and how wrong it is about some digits, on the device that `B` stands for.
pub fn loss_on<B: Training>(
    digits: &Images,
    chosen: &[i32],
    device: &B::Device,
) -> (Cnn<B>, Tensor<B, 1>) {
    // TASK: here the CPU (Flex) computes, and only the answer moves to the device: no parameter
    // there learns from it. Move the model and the batch instead, and compute where they are.
    // --- gap
    let cpu = Default::default();
    let batch = OnDevice::<Flex>::new(digits, digits.len(), &cpu).batch(chosen);
    let answer = loss_of(&Cnn::<Flex>::new(42, &cpu), batch);
    let model = Cnn::new(42, device);
    let loss = Tensor::from_data(answer.into_data(), device);
    // --- end of gap
    (model, loss)
}

fn loss_of<B: ConvBlock>(model: &Cnn<B>, batch: Batch<B>) -> Tensor<B, 1> {
    let scores = model.forward(batch.images); // [batch, 1, 28, 28] -> [batch, 10]
    CrossEntropyLoss::new(None, &scores.device()).forward(scores, batch.labels) // [1]
}

fn main() -> ExitCode {
    // On a machine with a GPU, this line would say `Autodiff<Cuda>`, and nothing else would change.
    let digits = Images::drawn(64);
    let (model, loss) = loss_on::<Autodiff<Flex>>(&digits, &[0, 1, 2], &Default::default());
    println!("loss {:.4}", loss.clone().into_scalar());
    println!("{} of 8 tensors of parameters can learn from it", learning(&model, loss));
    ExitCode::SUCCESS
}
