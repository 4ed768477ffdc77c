//! The network: two layers that find strokes and shapes, two that turn them into ten scores.

use std::path::Path;

use anyhow::Context;
use burn::module::{Param, ParamId};
use burn::nn::Linear;
use burn::prelude::*;
use burn::record::{FullPrecisionSettings, NamedMpkBytesRecorder, Recorder};
use burn::tensor::activation::relu;
use cli::misuse;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};

use crate::backend::ConvBlock;
use crate::files;

/// Pixels of an image, from top to bottom and from left to right.
pub const SIDE: usize = 28;

/// Kinds of digits.
pub const DIGITS: usize = 10;

/// A convolution layer's parameters.
#[derive(Module, Debug)]
struct Conv<B: Backend> {
    weight: Param<Tensor<B, 4>>, // [outputs, inputs, 3, 3]
    bias: Param<Tensor<B, 1>>,   // [outputs]
}

/// The workshop's network: 421,642 parameters.
#[derive(Module, Debug)]
pub struct Cnn<B: Backend> {
    strokes: Conv<B>,  // 1 to 32 channels
    shapes: Conv<B>,   // 32 to 64 channels
    hidden: Linear<B>, // 64 * 7 * 7 to 128
    scores: Linear<B>, // 128 to 10
}

impl<B: ConvBlock> Cnn<B> {
    /// A network that has learned nothing. A seed gives the same one on every device.
    pub fn new(seed: u64, device: &B::Device) -> Self {
        let mut start = Start { rng: StdRng::seed_from_u64(seed), device };
        Self {
            strokes: start.conv(1, 32),
            shapes: start.conv(32, 64),
            hidden: start.linear(64 * 7 * 7, 128),
            scores: start.linear(128, DIGITS),
        }
    }

    /// The scores of the ten digits; the highest wins.
    pub fn forward(&self, images: Tensor<B, 4>) -> Tensor<B, 2> {
        let block = |layer: &Conv<B>, x| B::conv_block(x, layer.weight.val(), layer.bias.val());
        // [batch, 1, 28, 28]: convolution 3x3, ReLU and max-pool 2x2, twice
        let x = block(&self.strokes, images); // [batch, 32, 14, 14]
        let x = block(&self.shapes, x); // [batch, 64, 7, 7]
        let x = x.flatten::<2>(1, 3); // [batch, 3136]
        let x = relu(self.hidden.forward(x)); // [batch, 128]
        self.scores.forward(x) // [batch, 10]
    }

    /// Writes the parameters to a file. Its first line says what network they are for.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(self, path: &Path) -> anyhow::Result<()> {
        let network = self.first_line();
        let packed = recorder().record(self.into_record(), ()).context("packing the model")?;
        let line = format!("{network}{}\n", checksum(&packed));
        files::write(path, &[line.as_bytes(), &packed].concat()).context("saving the model")
    }

    /// Reads what [`Cnn::save`] wrote, on any device.
    ///
    /// # Errors
    /// [`cli::Misuse`] if the file cannot be read or is for another network.
    pub fn load(path: &Path, device: &B::Device) -> anyhow::Result<Self> {
        let refused = |reason: &str| {
            misuse(format!("{} is {reason}: make a new one with --save", path.display()))
        };
        let model = Self::new(0, device);
        let bytes = files::read(path, MOST_BYTES)?;
        let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(0);
        let (line, packed) = bytes.split_at(end);
        let packed = packed.get(1..).unwrap_or_default();
        let Some(sum) = line.strip_prefix(model.first_line().as_bytes()) else {
            return Err(refused("not a model of this program's network"));
        };
        if sum != checksum(packed).as_bytes() {
            return Err(refused("a damaged model"));
        }
        let record = recorder().load(packed.to_vec(), device).context("unpacking the model")?;
        Ok(model.load_record(record))
    }

    /// The network in words, with the shapes of all its layers, up to the file's checksum.
    fn first_line(&self) -> String {
        let shapes = self.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        format!("level3_mnist model of {shapes} SHA-256 ")
    }
}

/// More than the bytes of any model.
const MOST_BYTES: usize = 100_000_000;

fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn recorder() -> NamedMpkBytesRecorder<FullPrecisionSettings> {
    NamedMpkBytesRecorder::new()
}

/// Draws the first parameters as PyTorch does: uniform, from minus to plus one over the root of
/// the number of inputs. They are drawn here and not on the device, which would draw its own.
struct Start<'a, B: Backend> {
    rng: StdRng,
    device: &'a B::Device,
}

impl<B: Backend> Start<'_, B> {
    fn conv(&mut self, inputs: usize, outputs: usize) -> Conv<B> {
        Conv {
            weight: self.draw(9 * inputs, [outputs, inputs, 3, 3]),
            bias: self.draw(9 * inputs, [outputs]),
        }
    }

    fn linear(&mut self, inputs: usize, outputs: usize) -> Linear<B> {
        Linear {
            weight: self.draw(inputs, [inputs, outputs]),
            bias: Some(self.draw(inputs, [outputs])),
        }
    }

    fn draw<const D: usize>(&mut self, inputs: usize, shape: [usize; D]) -> Param<Tensor<B, D>> {
        let bound = 1.0 / (inputs as f32).sqrt();
        let count = shape.iter().product();
        let values = (0..count).map(|_| self.rng.random_range(-bound..bound)).collect::<Vec<_>>();
        let values = Tensor::from_data(TensorData::new(values, shape), self.device);
        Param::initialized(ParamId::new(), values.require_grad())
    }
}
