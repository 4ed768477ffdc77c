// Exercise 9: what travels to the device? The lesson is `examples/level3_mnist.rs`.
//
//     cargo exercise 9 --run   runs this program
//     cargo exercise 9         checks it

use std::process::ExitCode;

use burn::nn::loss::CrossEntropyLoss;
use burn::tensor::ElementConversion;
use exercises::Host;
use level3_gpu::{Batch, Cnn, ConvBlock, Flex};

/// How wrong a new network is about each batch of digits, on the device that `B` stands for.
pub fn losses<B: ConvBlock>(digits: &Host, batches: &[Vec<i32>], device: &B::Device) -> Vec<f32> {
    let model = Cnn::<B>::new(42, device);
    let loss = |batch: Batch<B>| -> f32 {
        let scores = model.forward(batch.images); // [batch, 1, 28, 28] -> [batch, 10]
        CrossEntropyLoss::new(None, device).forward(scores, batch.labels).into_scalar().elem()
    };
    // TASK: all digits move to the device again for every batch. For MNIST these are 47 MB each
    // time, on the slowest way there is. Move them once: each batch is then made where they are.
    // --- gap
    let loss_of = |chosen: &Vec<i32>| loss(digits.to_device::<B>(device).batch(chosen));
    batches.iter().map(loss_of).collect()
    // --- end of gap
}

fn main() -> ExitCode {
    // On a machine with a GPU, this line would say `Cuda`, and nothing else would change.
    let device = Default::default();
    let digits = Host::drawn(1000);
    let batches: Vec<Vec<i32>> =
        (0..10).map(|step| (step * 100..(step + 1) * 100).collect()).collect();
    let losses = losses::<Flex>(&digits, &batches, &device);
    println!("losses {losses:.3?}");
    println!("{} bytes moved to the device; all digits are {}", digits.moved(), digits.bytes());
    ExitCode::SUCCESS
}
