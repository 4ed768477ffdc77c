// Exercise 10: shapes. The lesson is the network of level 3, `crates/level3-gpu/src/model.rs`.
//
//     cargo exercise 10 --run   runs this program
//     cargo exercise 10         checks it

use std::process::ExitCode;

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::prelude::*;
use burn::tensor::activation::relu;
use level3_gpu::Flex;

// TASK: add a second convolution, from these 8 channels to 16. Each is followed by a max-pool that
// halves height and width. Then `FLAT` must say what is left of an image for the linear layer.
// --- gap
/// Channels in and out of each convolution.
pub const CONVOLUTIONS: &[[usize; 2]] = &[
    [1, 8],  // [batch, 1, 28, 28] -> [batch, 8, 14, 14]
    [8, 16], // [batch, 8, 14, 14] -> [batch, 16, 7, 7]
];
/// Numbers that the last one hands on for each image.
pub const FLAT: usize = 16 * 7 * 7;
// --- end of gap

/// Convolutions that find shapes, and a layer that turns them into ten scores.
#[derive(Module, Debug)]
pub struct Network<B: Backend> {
    convolutions: Vec<Conv2d<B>>,
    scores: Linear<B>,
}

impl<B: Backend> Network<B> {
    /// A network that has learned nothing.
    pub fn new(device: &B::Device) -> Self {
        let convolution = |&channels: &[usize; 2]| {
            let same = PaddingConfig2d::Explicit(1, 1, 1, 1); // height and width stay
            Conv2dConfig::new(channels, [3, 3]).with_padding(same).init(device)
        };
        Self {
            convolutions: CONVOLUTIONS.iter().map(convolution).collect(),
            scores: LinearConfig::new(FLAT, 10).init(device),
        }
    }

    /// What the convolutions find: `[batch, 1, 28, 28]` to `[batch, channels, height, width]`.
    pub fn features(&self, images: Tensor<B, 4>) -> Tensor<B, 4> {
        let pool = MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
        let layer = |x, convolution: &Conv2d<B>| pool.forward(relu(convolution.forward(x)));
        self.convolutions.iter().fold(images, layer)
    }

    /// The scores of the ten digits: `[batch, channels, height, width]` to `[batch, 10]`.
    pub fn scores(&self, features: Tensor<B, 4>) -> Tensor<B, 2> {
        self.scores.forward(features.flatten::<2>(1, 3))
    }
}

fn main() -> ExitCode {
    let device = Default::default();
    let network = Network::<Flex>::new(&device);
    let features = network.features(Tensor::zeros([64, 1, 28, 28], &device));
    println!("features {:?}", features.dims());
    println!("scores   {:?}", network.scores(features).dims());
    ExitCode::SUCCESS
}
