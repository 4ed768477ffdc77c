//! The network: two layers that find strokes and shapes, two that turn them into ten scores.

use std::path::Path;

use anyhow::Context;
use burn::module::{ModuleMapper, Param, ParamId};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::prelude::*;
use burn::record::{FullPrecisionSettings, NamedMpkBytesRecorder, Recorder};
use burn::tensor::activation::relu;
use burn_flex::Flex;
use cli::misuse;

use crate::backend::ConvBlock;
use crate::files;

/// Pixels of an image, from top to bottom and from left to right.
pub const SIDE: usize = 28;

/// Kinds of digits.
pub const DIGITS: usize = 10;

/// The workshop's network: 421,642 parameters.
#[derive(Module, Debug)]
pub struct Cnn<B: Backend> {
    strokes: Conv2d<B>, // 1 to 32 channels
    shapes: Conv2d<B>,  // 32 to 64 channels
    hidden: Linear<B>,  // 64 * 7 * 7 to 128
    scores: Linear<B>,  // 128 to 10
}

impl<B: ConvBlock> Cnn<B> {
    /// A network that has learned nothing. A seed gives the same one on every device, because its
    /// first numbers are drawn on the CPU.
    pub fn new(seed: u64, device: &B::Device) -> Self {
        let cpu = Default::default();
        Flex::seed(&cpu, seed);
        let drawn = Cnn::<Flex>::draw(&cpu).map(&mut Numbered(0)).into_record();
        let drawn = recorder().record(drawn, ()).expect("parameters can be packed");
        let record = recorder().load(drawn, device).expect("they were just packed");
        Self::draw(device).load_record(record)
    }

    /// Layers with Burn's first parameters, which are distributed as PyTorch's are.
    fn draw(device: &B::Device) -> Self {
        let conv = |channels| {
            let padding = PaddingConfig2d::Explicit(1, 1, 1, 1); // the image keeps its size
            Conv2dConfig::new(channels, [3, 3]).with_padding(padding).init(device)
        };
        Self {
            strokes: conv([1, 32]),
            shapes: conv([32, 64]),
            hidden: LinearConfig::new(64 * 7 * 7, 128).init(device),
            scores: LinearConfig::new(128, DIGITS).init(device),
        }
    }

    /// The scores of the ten digits; the highest wins.
    ///
    /// `conv_relu_pool` stands for `max_pool2d(relu(conv.forward(x)))`, with windows of 2x2. On a
    /// GPU it is that; on a CPU it is a layer of our own, see [`ConvBlock`].
    pub fn forward(&self, images: Tensor<B, 4>) -> Tensor<B, 2> {
        let x = B::conv_relu_pool(&self.strokes, images); // [batch, 1, 28, 28] -> [batch, 32, 14, 14]
        let x = B::conv_relu_pool(&self.shapes, x); // [batch, 64, 7, 7]
        let x = x.flatten::<2>(1, 3); // [batch, 3136]
        let x = relu(self.hidden.forward(x)); // [batch, 128]
        self.scores.forward(x) // [batch, 10]
    }

    /// Writes the parameters to a file. Its first line says which network they belong to.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(self, path: &Path) -> anyhow::Result<()> {
        let line = self.first_line();
        let packed = recorder().record(self.into_record(), ()).context("packing the model")?;
        cli::replace_file(path, &[line.as_bytes(), &packed].concat())
    }

    /// Reads what [`Cnn::save`] wrote, on any device.
    ///
    /// # Errors
    /// [`cli::Misuse`] if the file cannot be read, is damaged or belongs to another network.
    pub fn load(path: &Path, device: &B::Device) -> anyhow::Result<Self> {
        let refused = |reason: &str| {
            misuse(format!("{} is {reason}: make a new one with --save", path.display()))
        };
        let model = Self::draw(device);
        let bytes = files::read(path, MOST_BYTES)?;
        let packed = (bytes.strip_prefix(model.first_line().as_bytes()))
            .ok_or_else(|| refused("not a model of this program's network"))?;
        let record = recorder().load(packed.to_vec(), device);
        Ok(model.load_record(record.map_err(|_| refused("a damaged model"))?))
    }

    /// The network in words, with the shapes of all its layers.
    fn first_line(&self) -> String {
        let shapes = self.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{FIRST_WORDS} {shapes}\n")
    }
}

const FIRST_WORDS: &str = "level3_mnist model of";

/// Whether a file begins as [`Cnn::save`] writes it, whichever network it belongs to.
pub(crate) fn is_model(begin: &[u8]) -> bool {
    begin.starts_with(FIRST_WORDS.as_bytes())
}

/// Numbers the parameters. Burn's numbers are random: files of equal networks would differ.
struct Numbered(u64);

impl<B: Backend> ModuleMapper<B> for Numbered {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<B, D>>) -> Param<Tensor<B, D>> {
        self.0 += 1;
        Param::initialized(ParamId::from(self.0), parameter.val())
    }
}

/// More than the bytes of any model, also with its optimiser.
pub(crate) const MOST_BYTES: usize = 100_000_000;

pub(crate) fn recorder() -> NamedMpkBytesRecorder<FullPrecisionSettings> {
    NamedMpkBytesRecorder::new()
}
