// Exercise 11: why batches? The lesson is `examples/level3_mnist.rs`.
//
//     cargo exercise 11 --run   runs this program
//     cargo exercise 11         checks it: the answers must be right and come quickly

use std::process::ExitCode;

use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::{Distribution, ElementConversion};
use common::{Samples, human, time};
use level3_gpu::Flex;

/// Which digit each image shows, as a network with one layer sees it.
///
/// The images are `[images, 64]`: 8 by 8 pixels, as in scikit-learn's `load_digits`.
pub fn read<B: Backend>(network: &Linear<B>, images: Tensor<B, 2>) -> Vec<i32> {
    // TASK: each image goes through the network alone, and the program waits for its answer before
    // it begins the next. Hand over all images in one call, and read all answers in another.
    // --- gap
    let scores = network.forward(images); // [images, 64] -> [images, 10]
    scores.argmax(1).into_data().iter::<i32>().collect()
    // --- end of gap
}

fn main() -> ExitCode {
    let device = Default::default();
    let network: Linear<Flex> = LinearConfig::new(64, 10).init(&device);
    let images = Tensor::random([1000, 64], Distribution::Default, &device);
    let times = (0..20).map(|_| time(|| read(&network, images.clone())).1);
    println!("a thousand images: {}", human(times.collect::<Samples>().best()));
    ExitCode::SUCCESS
}
