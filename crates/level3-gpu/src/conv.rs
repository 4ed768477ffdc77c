//! Convolution 3x3, bias, ReLU and max-pool 2x2 in one pass over an image: level 1 inside level 3.
//!
//! Images do not depend on each other, so the workers share a batch out with rayon's parallel
//! iterators, as in level 1. The gradient of a weight is a sum over all images: each worker adds
//! up its share, and the shares are summed at the end, like level 2's reduce.
//!
//! Two facts make this faster than one general operation after the other:
//!
//! * The four pixels of a pooling window take 16 multiplications instead of 36: see [`winograd`].
//! * They are in registers together, so only the largest is written to memory. On the way back
//!   all it needs to know is which pixel that was: one byte.
//!
//! This file shares out the batch; `conv/image.rs` is what a worker does with one image. Nothing
//! here knows Burn; slices come in row-major order with the shapes stated.

mod image;

use std::ops::Range;

use pulp::Arch;
use rayon::prelude::*;

use crate::winograd::{self, LANES, TERMS};
use image::{Backward, Forward, Scratch};

/// Most windows whose terms are in memory at once, so that they stay in the second-level cache.
const BAND: usize = 64;

/// A batch is cut into at most this many shards, whatever the number of workers, so sums are
/// made in the same order: the same numbers with 1 worker and with 16, to the last bit.
const SHARDS: usize = 64;

/// Fewer images than this are not worth a shard of their own.
const LEAST_IMAGES: usize = 4;

/// The winner of a window that ReLU cut off.
const NONE: u8 = 4;

/// The sizes of one layer. Height and width are even; only `images` may be 0.
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
    /// Floats of an image that goes in.
    fn image(&self) -> usize {
        self.inputs * self.height * self.width
    }

    /// Pooling windows of an image: pixels of each channel that comes out.
    fn windows(&self) -> usize {
        self.height / 2 * (self.width / 2)
    }

    /// Floats of an image that comes out.
    fn pooled(&self) -> usize {
        self.outputs * self.windows()
    }

    /// Channels that come in, as floats of whole vectors.
    fn wide_inputs(&self) -> usize {
        self.inputs.next_multiple_of(LANES)
    }

    /// Channels that go out, as floats of whole vectors.
    fn wide_outputs(&self) -> usize {
        self.outputs.next_multiple_of(LANES)
    }

    /// Floats from one line of the padded image to the next.
    fn stride(&self) -> usize {
        (self.width + 2) * self.inputs
    }

    /// Floats of the padded image, and a vector more: each pixel's channels are read and written as
    /// whole vectors, which reach into the pixels after it. What is read there is not used; what
    /// is added there is zero, as long as the gradient is finite.
    fn padded(&self) -> usize {
        (self.height + 2) * self.stride() + LANES
    }

    /// Where the pixel at `(y, x)` of a window's 4x4 tile begins in the padded image.
    fn pixel(&self, window: usize, y: usize, x: usize) -> usize {
        let (top, left) = (2 * (window / (self.width / 2)), 2 * (window % (self.width / 2)));
        (top + y) * self.stride() + (left + x) * self.inputs
    }

    /// Most windows of a band: all bands are about equal.
    fn band(&self) -> usize {
        self.windows().div_ceil(self.windows().div_ceil(BAND))
    }

    /// The windows of an image, in bands that are computed one after the other.
    fn bands(self) -> impl Iterator<Item = Range<usize>> {
        let windows = 0..self.windows();
        windows
            .step_by(self.band())
            .map(move |first| first..self.windows().min(first + self.band()))
    }

    /// Images in a shard.
    fn shard(&self) -> usize {
        self.images.div_ceil(SHARDS).max(LEAST_IMAGES)
    }

    fn check(&self, images: &[f32], weight: &[f32]) {
        let sizes = [self.inputs, self.outputs, self.height, self.width];
        assert!(!sizes.contains(&0), "{self:?}: empty");
        assert!(self.height.is_multiple_of(2) && self.width.is_multiple_of(2), "{self:?}: odd");
        assert_eq!(images.len(), self.images * self.image(), "{self:?}: other images");
        assert_eq!(weight.len(), self.outputs * 9 * self.inputs, "{self:?}: other weights");
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

/// Convolves, adds the bias, cuts at zero and pools.
///
/// `images` is `[images, inputs, height, width]`, `weight` is `[outputs, inputs, 3, 3]`, `bias` is
/// `[outputs]`; the padding is 1.
///
/// # Panics
/// If height or width is odd, if a size but `images` is 0, or if a slice has another length than
/// `sizes` says.
pub fn forward(sizes: Sizes, images: &[f32], weight: &[f32], bias: &[f32]) -> Pooled {
    sizes.check(images, weight);
    assert_eq!(bias.len(), sizes.outputs, "{sizes:?}: other biases");
    let filters = filter_terms(sizes, weight);
    let (image, pooled, shard) = (sizes.image(), sizes.pooled(), sizes.shard());
    let mut values = vec![0.0; sizes.images * pooled];
    let mut winners = vec![NONE; sizes.images * pooled];
    (values.par_chunks_mut(shard * pooled)) // <- level 1: the workers share the images
        .zip(winners.par_chunks_mut(shard * pooled))
        .zip(images.par_chunks(shard * image))
        .for_each(|((values, winners), images)| {
            let (cpu, mut scratch) = (Arch::new(), Scratch::new(sizes));
            (values.chunks_exact_mut(pooled))
                .zip(winners.chunks_exact_mut(pooled))
                .zip(images.chunks_exact(image))
                .for_each(|((values, winners), image)| {
                    scratch.load(image);
                    let (scratch, filters) = (&mut scratch, &filters);
                    cpu.dispatch(Forward { scratch, filters, bias, values, winners });
                });
        });
    Pooled { values, winners }
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

/// The gradients of [`forward`]'s inputs, given the `gradient` of its values.
///
/// `winners` and `gradient` are `[images, outputs, height / 2, width / 2]`.
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
    sizes.check(images, weight);
    assert_eq!(winners.len(), sizes.images * sizes.pooled(), "{sizes:?}: other winners");
    assert_eq!(gradient.len(), winners.len(), "{sizes:?}: other gradient");
    let filters = images_wanted.then(|| transposed(sizes, &filter_terms(sizes, weight)));
    let (image, pooled, shard) = (sizes.image(), sizes.pooled(), sizes.shard());
    let room = if images_wanted { image } else { 1 }; // a chunk cannot be empty
    let mut image_gradients = vec![0.0; sizes.images * room];
    let shares: Vec<Share> = (image_gradients.par_chunks_mut(shard * room)) // <- level 1 again
        .zip(images.par_chunks(shard * image))
        .zip(winners.par_chunks(shard * pooled))
        .zip(gradient.par_chunks(shard * pooled))
        .map(|(((image_gradients, images), winners), gradient)| {
            let (cpu, mut scratch, mut share) =
                (Arch::new(), Scratch::new(sizes), Share::new(sizes));
            (image_gradients.chunks_exact_mut(room))
                .zip(images.chunks_exact(image))
                .zip(winners.chunks_exact(pooled))
                .zip(gradient.chunks_exact(pooled))
                .for_each(|(((image_gradient, image), winners), gradient)| {
                    scratch.load(image);
                    let (scratch, filters) = (&mut scratch, filters.as_deref());
                    let share = &mut share;
                    cpu.dispatch(Backward { scratch, filters, winners, gradient, share });
                    if images_wanted {
                        scratch.unload(image_gradient);
                    }
                });
            share
        })
        .collect();
    // Level 2's reduce: the shares travel to one place, and are added up in a fixed order.
    let total = shares.into_iter().reduce(Share::plus).unwrap_or_else(|| Share::new(sizes));
    Gradients {
        images: images_wanted.then_some(image_gradients),
        weight: weights(sizes, &total.filters),
        bias: total.bias[..sizes.outputs].to_vec(),
    }
}

/// What a shard adds to the gradients of the weights.
struct Share {
    /// Laid out as [`filter_terms`]; what stands behind `outputs` is not used.
    filters: Vec<f32>,
    /// `[wide_outputs]`; likewise.
    bias: Vec<f32>,
}

impl Share {
    fn new(sizes: Sizes) -> Self {
        let filters = vec![0.0; TERMS * sizes.inputs * sizes.wide_outputs()];
        Self { filters, bias: vec![0.0; sizes.wide_outputs()] }
    }

    fn plus(mut self, other: Self) -> Self {
        self.filters.iter_mut().zip(&other.filters).for_each(|(sum, x)| *sum += x);
        self.bias.iter_mut().zip(&other.bias).for_each(|(sum, x)| *sum += x);
        self
    }
}

/// The terms of all filters: `[TERMS, inputs, wide_outputs]`.
fn filter_terms(sizes: Sizes, weight: &[f32]) -> Vec<f32> {
    let mut terms = vec![0.0; TERMS * sizes.inputs * sizes.wide_outputs()];
    for (number, filter) in weight.as_chunks::<9>().0.iter().enumerate() {
        for (term, value) in winograd::terms_of_filter(*filter).into_iter().enumerate() {
            terms[filter_term(sizes, number, term)] = value;
        }
    }
    terms
}

/// The gradient of the weights, `[outputs, inputs, 3, 3]`, from that of [`filter_terms`].
fn weights(sizes: Sizes, terms: &[f32]) -> Vec<f32> {
    let mut weight = vec![0.0; sizes.outputs * sizes.inputs * 9];
    for (number, filter) in weight.as_chunks_mut::<9>().0.iter_mut().enumerate() {
        let terms = std::array::from_fn(|term| terms[filter_term(sizes, number, term)]);
        *filter = winograd::terms_of_filter_transposed(terms);
    }
    weight
}

/// Where a term of a filter stands in [`filter_terms`]. Filters are counted as in the weights.
fn filter_term(sizes: Sizes, filter: usize, term: usize) -> usize {
    let (output, input) = (filter / sizes.inputs, filter % sizes.inputs);
    (term * sizes.inputs + input) * sizes.wide_outputs() + output
}

/// [`filter_terms`] as `[TERMS, outputs, wide_inputs]`.
fn transposed(sizes: Sizes, terms: &[f32]) -> Vec<f32> {
    let mut result = vec![0.0; TERMS * sizes.outputs * sizes.wide_inputs()];
    for (number, line) in terms.chunks_exact(sizes.wide_outputs()).enumerate() {
        let (term, input) = (number / sizes.inputs, number % sizes.inputs);
        for (output, value) in line[..sizes.outputs].iter().enumerate() {
            result[(term * sizes.outputs + output) * sizes.wide_inputs() + input] = *value;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without a pattern, from -0.5 to 0.5.
    fn numbers(length: usize, salt: u64) -> Vec<f32> {
        let mut state = salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..length).map(|_| next()).collect()
    }

    /// The definition, one loop for each letter, and no trick.
    fn by_definition(s: Sizes, images: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f64> {
        let at = |n: usize, c: usize, y: isize, x: isize| {
            let inside = (0..s.height as isize).contains(&y) && (0..s.width as isize).contains(&x);
            let index =
                ((n * s.inputs + c) as isize * s.height as isize + y) * s.width as isize + x;
            if inside { f64::from(images[index as usize]) } else { 0.0 }
        };
        let mut values = Vec::new();
        for n in 0..s.images {
            for o in 0..s.outputs {
                for window in 0..s.windows() {
                    let mut best = 0.0f64;
                    for corner in 0..4 {
                        let y = (2 * (window / (s.width / 2)) + corner / 2) as isize;
                        let x = (2 * (window % (s.width / 2)) + corner % 2) as isize;
                        let mut sum = f64::from(bias[o]);
                        for c in 0..s.inputs {
                            for k in 0..9 {
                                let (dy, dx) = (k as isize / 3 - 1, k as isize % 3 - 1);
                                sum += f64::from(weight[(o * s.inputs + c) * 9 + k])
                                    * at(n, c, y + dy, x + dx);
                            }
                        }
                        best = best.max(sum);
                    }
                    values.push(best);
                }
            }
        }
        values
    }

    const CASES: [[usize; 5]; 8] = [
        [1, 1, 1, 2, 2],
        [3, 1, 32, 28, 28],
        [2, 32, 64, 14, 14],
        [5, 3, 33, 6, 4],
        [9, 17, 5, 2, 10],
        [2, 3, 18, 10, 26], // 65 windows: two bands, the second smaller
        [70, 2, 3, 4, 4],
        [300, 1, 2, 2, 4],
    ];

    fn case([images, inputs, outputs, height, width]: [usize; 5]) -> (Sizes, [Vec<f32>; 3]) {
        let s = Sizes { images, inputs, outputs, height, width };
        let input = numbers(images * s.image(), 1);
        (s, [input, numbers(outputs * 9 * s.inputs, 2), numbers(outputs, 3)])
    }

    #[test]
    fn any_number_of_images_channels_and_pixels_gives_what_the_definition_says() {
        for sizes in CASES {
            let (s, [images, weight, bias]) = case(sizes);
            let pooled = forward(s, &images, &weight, &bias);
            let expected = by_definition(s, &images, &weight, &bias);
            for (value, expected) in pooled.values.iter().zip(expected) {
                assert!((f64::from(*value) - expected).abs() < 1e-4, "{s:?}: {value} {expected}");
            }
        }
    }

    /// The layer is linear between the points where another pixel wins, so a step that is small
    /// against the distance to such a point gives the gradient to the precision of the sums.
    #[test]
    fn gradients_are_what_finite_differences_say() {
        for sizes in [[1, 1, 1, 2, 2], [2, 3, 4, 6, 4], [6, 2, 18, 4, 4]] {
            let (s, inputs) = case(sizes);
            let loss = |inputs: &[Vec<f32>; 3], pull: &[f32]| -> f64 {
                let values = by_definition(s, &inputs[0], &inputs[1], &inputs[2]);
                values.iter().zip(pull).map(|(v, p)| v * f64::from(*p)).sum()
            };
            let pull = numbers(s.images * s.pooled(), 4);
            let pooled = forward(s, &inputs[0], &inputs[1], &inputs[2]);
            let gradients = backward(s, &inputs[0], &inputs[1], &pooled.winners, &pull, true);
            let all = [gradients.images.unwrap(), gradients.weight, gradients.bias];
            for (which, gradient) in all.iter().enumerate() {
                let step = 1e-4f32;
                let mut wrong = 0;
                for index in 0..gradient.len() {
                    let [mut more, mut less] = [inputs.clone(), inputs.clone()];
                    more[which][index] += step;
                    less[which][index] -= step;
                    let width = f64::from(more[which][index]) - f64::from(less[which][index]);
                    let expected = (loss(&more, &pull) - loss(&less, &pull)) / width;
                    let off = (f64::from(gradient[index]) - expected).abs();
                    wrong += usize::from(off > 1e-4 * (1.0 + expected.abs()));
                }
                // A step across a point where another pixel wins: rare.
                assert!(wrong * 50 <= gradient.len(), "{s:?}: {wrong} of {}", gradient.len());
            }
        }
    }

    #[test]
    fn the_number_of_workers_changes_no_bit() {
        for sizes in CASES {
            let (s, [images, weight, bias]) = case(sizes);
            let pull = numbers(s.images * s.pooled(), 4);
            let run = |workers| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build().unwrap();
                pool.install(|| {
                    let pooled = forward(s, &images, &weight, &bias);
                    let back = backward(s, &images, &weight, &pooled.winners, &pull, true);
                    (pooled.values, back.images, back.weight, back.bias)
                })
            };
            assert_eq!(run(1), run(7), "{s:?}");
        }
    }

    /// The kinds of CPU that this one can stand for.
    fn kinds_of_cpu() -> Vec<Arch> {
        let kinds = [Some(Arch::Scalar), Some(Arch::new())].into_iter();
        #[cfg(target_arch = "x86_64")]
        let kinds = kinds.chain([pulp::x86::V3::try_new().map(Arch::V3)]);
        kinds.flatten().collect()
    }

    #[test]
    fn every_kind_of_cpu_finds_the_same() {
        for sizes in CASES {
            let (s, [images, weight, bias]) = case(sizes);
            let (image, filters) = (&images[..s.image()], filter_terms(s, &weight));
            let back = transposed(s, &filters);
            let gradient = numbers(s.pooled(), 4);
            let found = kinds_of_cpu().into_iter().map(|cpu| {
                let mut scratch = Scratch::new(s);
                scratch.load(image);
                let (mut values, mut winners) = (vec![0.0; s.pooled()], vec![NONE; s.pooled()]);
                cpu.dispatch(Forward {
                    scratch: &mut scratch,
                    filters: &filters,
                    bias: &bias,
                    values: &mut values,
                    winners: &mut winners,
                });
                let mut share = Share::new(s);
                cpu.dispatch(Backward {
                    scratch: &mut scratch,
                    filters: Some(&back),
                    winners: &winners,
                    gradient: &gradient,
                    share: &mut share,
                });
                let mut image_gradient = vec![0.0; s.image()];
                scratch.unload(&mut image_gradient);
                [values, image_gradient, share.filters, share.bias].concat()
            });
            let found: Vec<_> = found.collect();
            for other in &found[1..] {
                for (value, expected) in other.iter().zip(&found[0]) {
                    assert!((value - expected).abs() < 1e-3, "{s:?}: {value} {expected}");
                }
            }
        }
    }

    #[test]
    fn gradients_of_images_that_nobody_wants_are_not_made() {
        let (s, [images, weight, bias]) = case([5, 3, 33, 6, 4]);
        let pooled = forward(s, &images, &weight, &bias);
        let pull = numbers(pooled.values.len(), 4);
        let without = backward(s, &images, &weight, &pooled.winners, &pull, false);
        let with = backward(s, &images, &weight, &pooled.winners, &pull, true);
        assert!(without.images.is_none());
        assert_eq!((without.weight, without.bias), (with.weight, with.bias));
    }

    #[test]
    fn a_number_that_is_none_is_not_hidden() {
        let (s, [mut images, weight, bias]) = case([1, 1, 1, 2, 2]);
        images[0] = f32::NAN;
        assert!(forward(s, &images, &weight, &bias).values[0].is_nan());
    }

    #[test]
    #[should_panic(expected = "odd")]
    fn an_odd_size_is_refused() {
        let (s, [images, weight, bias]) = case([1, 1, 1, 2, 2]);
        forward(Sizes { width: 3, ..s }, &images, &weight, &bias);
    }
}
