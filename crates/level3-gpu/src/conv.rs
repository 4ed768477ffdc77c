//! Convolution 3x3, bias, ReLU and max-pool 2x2 in one pass over an image: level 1 inside level 3.
//!
//! Images do not depend on each other, so the workers share a batch out with rayon's parallel
//! iterators, as in level 1. The gradient of a weight is a sum over all images: each worker adds
//! up its share, and the shares are summed at the end, like level 2's reduce.
//!
//! Two facts make this faster than one general operation after the other:
//!
//! * Forward, all four pixels of a pooling window sit in registers when they are computed, so
//!   only the largest is written to memory.
//! * Backward, only that largest pixel has a gradient, and none if ReLU cut it off. The other
//!   three quarters of the work, multiplications by zero, are left out.
//!
//! Nothing here knows Burn; slices come in row-major order with the shapes stated.

use multiversion::multiversion;
use multiversion::target::target_cfg_f;
use rayon::prelude::*;

/// Floats in the widest vector register of today's CPUs; shorter registers take several.
const LANES: usize = 16;

/// Output channels are padded to a multiple of this, so that the kernel meets whole blocks.
const BLOCK: usize = 2 * LANES;

/// Pooling windows that the widest kernel computes at once.
const MOST_WINDOWS: usize = 3;

/// Batches are cut into at most this many shards, whatever the number of workers, so sums are
/// made in the same order and a seed gives the same digits on 1 worker and on 16.
const SHARDS: usize = 64;

/// Fewer images than this are not worth a shard of their own.
const LEAST_IMAGES: usize = 4;

/// The winner of a window that ReLU cut off.
const NONE: u8 = 4;

/// The sizes of one layer. Height and width are even.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Images in the batch.
    pub images: usize,
    /// Channels that come in.
    pub inputs: usize,
    /// Channels that go out.
    pub outputs: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
}

impl Sizes {
    /// Pixels of an image that goes in.
    fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Pixels of an image that comes out: one for each pooling window.
    fn windows(&self) -> usize {
        self.pixels() / 4
    }

    /// Numbers that one output pixel is computed from: 3x3 pixels of all input channels.
    fn taps(&self) -> usize {
        9 * self.inputs
    }

    /// Room for the taps of a pixel, in whole vectors.
    fn row(&self) -> usize {
        self.taps().next_multiple_of(LANES)
    }

    /// Floats from one line of a padded image to the next.
    fn line(&self) -> usize {
        (self.width + 2) * self.inputs
    }

    fn shard(&self) -> usize {
        self.images.div_ceil(SHARDS).max(LEAST_IMAGES)
    }

    /// Where the 3x3 window of a pixel begins in the padded image. Pixels are counted window by
    /// window: pixel `4 * window + corner`.
    fn corner(&self, pixel: usize) -> usize {
        let (window, corner) = (pixel / 4, pixel % 4);
        let y = 2 * (window / (self.width / 2)) + corner / 2;
        let x = 2 * (window % (self.width / 2)) + corner % 2;
        y * self.line() + x * self.inputs
    }
}

/// The layer's output, and what its gradient needs to know.
#[derive(Debug)]
pub struct Pooled {
    /// `[images, outputs, height / 2, width / 2]`
    pub values: Vec<f32>,
    /// Which pixel of its window each value came from, same shape: 0 to 3, or 4 for none.
    pub winners: Vec<u8>,
}

/// The gradients of the layer's three inputs.
#[derive(Debug)]
pub struct Gradients {
    /// `[images, inputs, height, width]`, if it was wanted.
    pub images: Option<Vec<f32>>,
    /// `[outputs, inputs, 3, 3]`
    pub weight: Vec<f32>,
    /// `[outputs]`
    pub bias: Vec<f32>,
}

/// Convolves, adds the bias, cuts at zero and pools.
///
/// `images` is `[images, inputs, height, width]`, `weight` is `[outputs, inputs, 3, 3]`, `bias` is
/// `[outputs]`; the padding is 1.
///
/// # Panics
/// If height or width is odd, or a slice has another length than `sizes` says.
pub fn forward(sizes: Sizes, images: &[f32], weight: &[f32], bias: &[f32]) -> Pooled {
    check(sizes, images, weight);
    assert_eq!(bias.len(), sizes.outputs, "one bias for each output channel");
    let (image, pooled) = (sizes.inputs * sizes.pixels(), sizes.outputs * sizes.windows());
    let blocks = blocks(sizes, weight);
    let mut values = vec![0.0; sizes.images * pooled];
    let mut winners = vec![NONE; sizes.images * pooled];
    (values.par_chunks_mut(sizes.shard() * pooled)) // <- level 1: the workers share the images
        .zip(winners.par_chunks_mut(sizes.shard() * pooled))
        .zip(images.par_chunks(sizes.shard() * image))
        .for_each(|((values, winners), images)| {
            let mut scratch = Scratch::new(sizes);
            (values.chunks_exact_mut(pooled))
                .zip(winners.chunks_exact_mut(pooled))
                .zip(images.chunks_exact(image))
                .for_each(|((values, winners), image)| {
                    scratch.patches(sizes, image);
                    pool(sizes, &scratch.patches, &blocks, bias, values, winners);
                });
        });
    Pooled { values, winners }
}

/// The gradients of [`forward`], given the gradient of its values.
///
/// # Panics
/// As [`forward`].
pub fn backward(
    sizes: Sizes,
    images: &[f32],
    weight: &[f32],
    winners: &[u8],
    gradient: &[f32],
    images_wanted: bool,
) -> Gradients {
    check(sizes, images, weight);
    let (image, pooled) = (sizes.inputs * sizes.pixels(), sizes.outputs * sizes.windows());
    assert_eq!(winners.len(), sizes.images * pooled, "one winner for each value");
    assert_eq!(gradient.len(), winners.len(), "one gradient for each value");
    let rows = rows(sizes, weight);
    let mut image_gradients = vec![0.0; if images_wanted { images.len() } else { 0 }];
    // A shard of nothing for each shard of images, if nobody wants their gradients.
    let (mut some, mut none) = (Vec::new(), Vec::new());
    if images_wanted {
        some.extend(image_gradients.chunks_mut(sizes.shard() * image).map(Some));
    } else {
        none.resize_with(sizes.images.div_ceil(sizes.shard()), || None);
    }
    let shares: Vec<Share> = (some.into_par_iter().chain(none)) // <- level 1 again
        .zip(images.par_chunks(sizes.shard() * image))
        .zip(winners.par_chunks(sizes.shard() * pooled))
        .zip(gradient.par_chunks(sizes.shard() * pooled))
        .map(|(((image_gradients, images), winners), gradient)| {
            let mut scratch = Scratch::new(sizes);
            let mut share = Share::new(sizes);
            let mut image_gradients = image_gradients.map(|g| g.chunks_exact_mut(image));
            (images.chunks_exact(image))
                .zip(winners.chunks_exact(pooled))
                .zip(gradient.chunks_exact(pooled))
                .for_each(|((image, winners), gradient)| {
                    scratch.patches(sizes, image);
                    let image_gradient = image_gradients.as_mut().and_then(Iterator::next);
                    let spread = image_gradient.is_some();
                    add_share(sizes, &mut scratch, &rows, winners, gradient, spread, &mut share);
                    if let Some(image_gradient) = image_gradient {
                        unpad(sizes, &scratch.padded, image_gradient);
                    }
                });
            share
        })
        .collect();
    let total = shares.into_iter().fold(Share::new(sizes), Share::plus); // <- level 2: the reduce
    Gradients {
        images: images_wanted.then_some(image_gradients),
        weight: unrows(sizes, &total.weight),
        bias: total.bias,
    }
}
