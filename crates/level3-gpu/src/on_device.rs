//! Digits in the device's memory, and the batches made of them.

use burn::prelude::*;
use burn::tensor::DType;

use crate::digits::Images;
use crate::model::SIDE;

/// Mean and standard deviation of all pixels of MNIST, 0 for black and 1 for white.
const MEAN: f64 = 0.1307;
const DEVIATION: f64 = 0.3081;

/// What one step learns from.
#[derive(Debug)]
pub struct Batch<B: Backend> {
    /// `[batch, 1, 28, 28]`, normalised.
    pub images: Tensor<B, 4>,
    /// `[batch]`: 0 to 9.
    pub labels: Tensor<B, 1, Int>,
}

/// Images and labels where the network is. They travel once: 47 MB for all of MNIST, as bytes.
#[derive(Debug)]
pub struct OnDevice<B: Backend> {
    pixels: Tensor<B, 2, Int>, // [images, 784]
    labels: Tensor<B, 1, Int>, // [images]
}

impl<B: Backend> OnDevice<B> {
    /// Copies the first `count` images to the device.
    pub fn new(images: &Images, count: usize, device: &B::Device) -> Self {
        let pixels = images.pixels[..count * SIDE * SIDE].to_vec();
        let labels = images.labels[..count].iter().map(|&label| i32::from(label)).collect();
        let pixels = TensorData::new(pixels, [count, SIDE * SIDE]);
        let labels = TensorData::new::<i32, _>(labels, [count]);
        // Shaders of Vulkan and Metal know no bytes: four times the memory there.
        let bytes = B::supports_dtype(device, DType::U8);
        Self {
            pixels: Tensor::from_data(pixels, (device, if bytes { DType::U8 } else { DType::I32 })),
            labels: Tensor::from_data(labels, (device, DType::I32)),
        }
    }

    /// The images with the chosen numbers.
    pub fn batch(&self, chosen: &[i32]) -> Batch<B> {
        let chosen = TensorData::new(chosen.to_vec(), [chosen.len()]);
        let device = self.labels.device();
        let chosen = Tensor::from_data(chosen, (&device, DType::I32));
        let pixels = self.pixels.clone().select(0, chosen.clone()).float();
        let images = (pixels - 255.0 * MEAN) / (255.0 * DEVIATION);
        Batch {
            images: images.reshape([-1, 1, SIDE as i32, SIDE as i32]),
            labels: self.labels.clone().select(0, chosen),
        }
    }

    /// How many images there are.
    pub fn images(&self) -> usize {
        self.labels.dims()[0]
    }
}
