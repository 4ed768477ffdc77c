//! Convolution 3x3, bias, ReLU and max-pool 2x2 in one pass over an image: level 1 inside level 3.
//!
//! Images do not depend on each other, so the workers share a batch out with rayon's parallel
//! iterators, as in level 1. The gradient of a weight is a sum over all images: each worker adds
//! up its share, and the shares are summed at the end, like level 2's reduce.
//!
//! Two facts make this faster than one general operation after the other:
//!
//! * Forward, the four pixels of a pooling window are in registers together, so only the largest
//!   is written to memory.
//! * Backward, only that largest pixel has a gradient, and none if ReLU cut it off. The other
//!   multiplications, by zero, are left out: more than three quarters of the work.
//!
//! Nothing here knows Burn; slices come in row-major order with the shapes stated.

use multiversion::multiversion;
use multiversion::target::target_cfg_f;
use rayon::prelude::*;

/// Floats in the widest vector register of today's CPUs; shorter registers take several.
const LANES: usize = 16;

/// Blocks of [`LANES`] output channels, and pooling windows, that the widest kernel computes at
/// once: 2 * 3 * 4 pixels = 24 of 32 registers. Channels and windows are padded to whole kernels.
const BLOCKS: usize = 2;
const WINDOWS: usize = 3;

/// A batch is cut into at most this many shards, whatever the number of workers, so sums are
/// made in the same order and a seed gives the same digits with 1 worker and with 16.
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

    /// Floats of three neighbouring pixels. An output pixel is computed from three such lines,
    /// one below the other.
    fn line(&self) -> usize {
        3 * self.inputs
    }

    /// A line rounded up to whole vectors. What is read behind its end meets weights of zero.
    fn vectors(&self) -> usize {
        self.line().next_multiple_of(LANES)
    }

    /// Floats from one line of the padded image to the next.
    fn stride(&self) -> usize {
        (self.width + 2) * self.inputs
    }

    /// Floats of the padded image, and a vector more to read behind the end.
    fn padded(&self) -> usize {
        (self.height + 2) * self.stride() + LANES
    }

    /// Images in a shard.
    fn shard(&self) -> usize {
        self.images.div_ceil(SHARDS).max(LEAST_IMAGES)
    }

    /// Where the 3x3 pixels around a pixel begin in the padded image. Pixels are counted window
    /// by window: pixel `4 * window + corner`.
    fn start(&self, pixel: usize) -> usize {
        let (window, corner) = (pixel / 4, pixel % 4);
        let y = 2 * (window / (self.width / 2)) + corner / 2;
        let x = 2 * (window % (self.width / 2)) + corner % 2;
        y * self.stride() + x * self.inputs
    }

    fn check(&self, images: &[f32], weight: &[f32]) {
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
/// If height or width is odd, or a slice has another length than `sizes` says.
pub fn forward(sizes: Sizes, images: &[f32], weight: &[f32], bias: &[f32]) -> Pooled {
    sizes.check(images, weight);
    assert_eq!(bias.len(), sizes.outputs, "{sizes:?}: other biases");
    let blocks = weight_blocks(sizes, weight);
    let (image, pooled, shard) = (sizes.image(), sizes.pooled(), sizes.shard());
    let mut values = vec![0.0; sizes.images * pooled];
    let mut winners = vec![NONE; sizes.images * pooled];
    (values.par_chunks_mut(shard * pooled)) // <- level 1: the workers share the images
        .zip(winners.par_chunks_mut(shard * pooled))
        .zip(images.par_chunks(shard * image))
        .for_each(|((values, winners), images)| {
            let mut scratch = Scratch::new(sizes);
            (values.chunks_exact_mut(pooled))
                .zip(winners.chunks_exact_mut(pooled))
                .zip(images.chunks_exact(image))
                .for_each(|((values, winners), image)| {
                    scratch.load(sizes, image);
                    convolve(sizes, &scratch, &blocks, bias, values, winners);
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
    let lines = weight_lines(sizes, weight);
    let (image, pooled, shard) = (sizes.image(), sizes.pooled(), sizes.shard());
    let room = if images_wanted { image } else { 1 }; // a chunk cannot be empty
    let mut image_gradients = vec![0.0; sizes.images * room];
    let shares: Vec<Share> = (image_gradients.par_chunks_mut(shard * room)) // <- level 1 again
        .zip(images.par_chunks(shard * image))
        .zip(winners.par_chunks(shard * pooled))
        .zip(gradient.par_chunks(shard * pooled))
        .map(|(((image_gradients, images), winners), gradient)| {
            let mut scratch = Scratch::new(sizes);
            let mut share = Share::new(sizes);
            (image_gradients.chunks_exact_mut(room))
                .zip(images.chunks_exact(image))
                .zip(winners.chunks_exact(pooled))
                .zip(gradient.chunks_exact(pooled))
                .for_each(|(((image_gradient, image), winners), gradient)| {
                    scratch.load(sizes, image);
                    add_weight_gradients(sizes, &mut scratch, winners, gradient, &mut share);
                    if images_wanted {
                        spread_gradient(sizes, &mut scratch, &lines, winners, gradient);
                        unpad(sizes, &scratch.spread, image_gradient);
                    }
                });
            share
        })
        .collect();
    // Level 2's reduce: the shares travel to one place, and are added up in a fixed order.
    let total = shares.into_iter().reduce(Share::plus).unwrap_or_else(|| Share::new(sizes));
    Gradients {
        images: images_wanted.then_some(image_gradients),
        weight: weight_from_lines(sizes, &total.lines),
        bias: total.bias,
    }
}

/// What a shard adds to the gradients of the weights.
struct Share {
    /// Laid out as [`weight_lines`].
    lines: Vec<f32>,
    /// `[outputs]`
    bias: Vec<f32>,
}

impl Share {
    fn new(sizes: Sizes) -> Self {
        let lines = vec![0.0; sizes.outputs * 3 * sizes.vectors()];
        Self { lines, bias: vec![0.0; sizes.outputs] }
    }

    fn plus(mut self, other: Self) -> Self {
        self.lines.iter_mut().zip(&other.lines).for_each(|(sum, x)| *sum += x);
        self.bias.iter_mut().zip(&other.bias).for_each(|(sum, x)| *sum += x);
        self
    }
}

/// What a worker needs for one image, used again for the next.
struct Scratch {
    /// Where the 3x3 pixels around each pixel begin in the padded image, window by window, up to
    /// a whole number of kernels.
    starts: Vec<usize>,
    /// `[height + 2, width + 2, inputs]`: the image, channels last, in a border of zeros.
    padded: Vec<f32>,
    /// The gradient of the padded image.
    spread: Vec<f32>,
    /// Pixels of one output channel that have a gradient: where their 3x3 begins, the gradient.
    active: Vec<(usize, f32)>,
}

impl Scratch {
    fn new(sizes: Sizes) -> Self {
        let pixels = 4 * sizes.windows();
        let mut starts: Vec<usize> = (0..pixels).map(|pixel| sizes.start(pixel)).collect();
        starts.resize(pixels.next_multiple_of(4 * WINDOWS), 0);
        Self {
            starts,
            padded: vec![0.0; sizes.padded()],
            spread: vec![0.0; sizes.padded()],
            active: Vec::with_capacity(sizes.windows() + 3),
        }
    }

    /// Puts an image, `[inputs, height, width]`, into the padded one.
    fn load(&mut self, sizes: Sizes, image: &[f32]) {
        for (channel, plane) in image.chunks_exact(sizes.height * sizes.width).enumerate() {
            for (y, line) in plane.chunks_exact(sizes.width).enumerate() {
                let start = (y + 1) * sizes.stride() + sizes.inputs + channel;
                let pixels = self.padded[start..].iter_mut().step_by(sizes.inputs);
                pixels.zip(line).for_each(|(to, from)| *to = *from);
            }
        }
    }
}

/// The inside of a padded gradient as `[inputs, height, width]`.
fn unpad(sizes: Sizes, padded: &[f32], image: &mut [f32]) {
    for (channel, plane) in image.chunks_exact_mut(sizes.height * sizes.width).enumerate() {
        for (y, line) in plane.chunks_exact_mut(sizes.width).enumerate() {
            let start = (y + 1) * sizes.stride() + sizes.inputs + channel;
            let pixels = padded[start..].iter().step_by(sizes.inputs);
            line.iter_mut().zip(pixels).for_each(|(to, from)| *to = *from);
        }
    }
}

/// The weights in the order of the padded image, zeros behind each line: `[outputs, 3, vectors]`.
fn weight_lines(sizes: Sizes, weight: &[f32]) -> Vec<f32> {
    let mut lines = vec![0.0; sizes.outputs * 3 * sizes.vectors()];
    for_each_weight(sizes, |at, line_at| lines[line_at] = weight[at]);
    lines
}

/// The way back, to `[outputs, inputs, 3, 3]`.
fn weight_from_lines(sizes: Sizes, lines: &[f32]) -> Vec<f32> {
    let mut weight = vec![0.0; sizes.outputs * 9 * sizes.inputs];
    for_each_weight(sizes, |at, line_at| weight[at] = lines[line_at]);
    weight
}

/// Where each weight stands in `[outputs, inputs, 3, 3]` and in `[outputs, 3, vectors]`.
fn for_each_weight(sizes: Sizes, mut visit: impl FnMut(usize, usize)) {
    for output in 0..sizes.outputs {
        for input in 0..sizes.inputs {
            for (y, x) in (0..9).map(|tap| (tap / 3, tap % 3)) {
                visit(
                    ((output * sizes.inputs + input) * 3 + y) * 3 + x,
                    (output * 3 + y) * sizes.vectors() + x * sizes.inputs + input,
                );
            }
        }
    }
}

/// The weights of 16 output channels side by side: `[blocks, 3, line, 16]`.
fn weight_blocks(sizes: Sizes, weight: &[f32]) -> Vec<[f32; LANES]> {
    let lines = weight_lines(sizes, weight);
    let count = sizes.outputs.next_multiple_of(BLOCKS * LANES) / LANES;
    let mut blocks = vec![[0.0; LANES]; count * 3 * sizes.line()];
    for (number, line) in lines.chunks_exact(sizes.vectors()).enumerate() {
        let (output, y) = (number / 3, number % 3);
        let block = &mut blocks[(output / LANES * 3 + y) * sizes.line()..][..sizes.line()];
        block.iter_mut().zip(line).for_each(|(lanes, weight)| lanes[output % LANES] = *weight);
    }
    blocks
}

/// Convolves and pools one image. Compiled for several CPUs; the best one is taken at run time.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+fma", "x86_64+avx2+fma"))]
fn convolve(
    sizes: Sizes,
    scratch: &Scratch,
    blocks: &[[f32; LANES]],
    bias: &[f32],
    values: &mut [f32],
    winners: &mut [u8],
) {
    const WIDE: bool = target_cfg_f!(target_feature = "avx512f");
    const FMA: bool = target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64"));
    if WIDE {
        convolve_with::<BLOCKS, { 4 * WINDOWS }, FMA>(
            sizes, scratch, blocks, bias, values, winners,
        );
    } else {
        convolve_with::<1, 4, FMA>(sizes, scratch, blocks, bias, values, winners);
    }
}

/// `B` blocks of output channels and `PIXELS` pixels at once: whole windows, four pixels each.
#[inline(always)]
fn convolve_with<const B: usize, const PIXELS: usize, const FMA: bool>(
    sizes: Sizes,
    scratch: &Scratch,
    blocks: &[[f32; LANES]],
    bias: &[f32],
    values: &mut [f32],
    winners: &mut [u8],
) {
    let windows = sizes.windows();
    for (number, blocks) in blocks.chunks_exact(B * 3 * sizes.line()).enumerate() {
        for (group, starts) in scratch.starts.as_chunks::<PIXELS>().0.iter().enumerate() {
            let sums = multiply::<B, PIXELS, FMA>(sizes, &scratch.padded, starts, blocks);
            for (block, sums) in sums.iter().enumerate() {
                let first = (number * B + block) * LANES;
                let outputs = LANES.min(sizes.outputs.saturating_sub(first));
                for (window, pixels) in sums.as_chunks::<4>().0.iter().enumerate() {
                    let window = group * PIXELS / 4 + window;
                    if window >= windows {
                        break; // padding
                    }
                    let (best, winner) = largest(pixels);
                    for lane in 0..outputs {
                        let value = best[lane] + bias[first + lane];
                        let cut = value <= 0.0; // not `max(0.0)`, which would hide a NaN
                        let at = (first + lane) * windows + window;
                        values[at] = if cut { 0.0 } else { value };
                        winners[at] = if cut { NONE } else { winner[lane] as u8 };
                    }
                }
            }
        }
    }
}

/// `B` blocks of weights times the surroundings of `PIXELS` pixels. The sums stay in registers.
#[inline(always)]
fn multiply<const B: usize, const PIXELS: usize, const FMA: bool>(
    sizes: Sizes,
    padded: &[f32],
    starts: &[usize; PIXELS],
    blocks: &[[f32; LANES]],
) -> [[[f32; LANES]; PIXELS]; B] {
    let line = sizes.line();
    let mut sums = [[[0.0; LANES]; PIXELS]; B];
    for y in 0..3 {
        let pixels: [&[f32]; PIXELS] =
            std::array::from_fn(|pixel| &padded[starts[pixel] + y * sizes.stride()..][..line]);
        let weights: [&[[f32; LANES]]; B] =
            std::array::from_fn(|block| &blocks[(block * 3 + y) * line..][..line]);
        for tap in 0..line {
            for block in 0..B {
                for pixel in 0..PIXELS {
                    for lane in 0..LANES {
                        let sum = &mut sums[block][pixel][lane];
                        let (value, weight) = (pixels[pixel][tap], weights[block][tap][lane]);
                        *sum = multiply_add::<FMA>(value, weight, *sum);
                    }
                }
            }
        }
    }
    sums
}

/// The largest of four pixels in each lane, and which one it was: the first, if several are.
#[inline(always)]
fn largest(pixels: &[[f32; LANES]; 4]) -> ([f32; LANES], [u32; LANES]) {
    let (mut best, mut winner) = (pixels[0], [0; LANES]);
    for (number, pixel) in (1..4).zip(&pixels[1..]) {
        for lane in 0..LANES {
            let better = pixel[lane] > best[lane];
            best[lane] = if better { pixel[lane] } else { best[lane] };
            winner[lane] = if better { number } else { winner[lane] };
        }
    }
    (best, winner)
}

/// `a * b + c`, as one instruction where there is one; elsewhere `mul_add` is a slow call.
#[inline(always)]
fn multiply_add<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// Adds one image's part of the gradients of weights and biases: for each pixel that won its
/// window, its gradient times the 3x3 pixels that it was computed from.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+fma", "x86_64+avx2+fma"))]
fn add_weight_gradients(
    sizes: Sizes,
    scratch: &mut Scratch,
    winners: &[u8],
    gradient: &[f32],
    share: &mut Share,
) {
    const FMA: bool = target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64"));
    let Scratch { starts, padded, active, .. } = scratch;
    let channels =
        winners.chunks_exact(sizes.windows()).zip(gradient.chunks_exact(sizes.windows()));
    let sums = share.lines.chunks_exact_mut(3 * sizes.vectors()).zip(&mut share.bias);
    for ((winners, gradient), (lines, bias)) in channels.zip(sums) {
        active.clear();
        for ((corners, winner), g) in starts.as_chunks::<4>().0.iter().zip(winners).zip(gradient) {
            if *winner != NONE {
                active.push((corners[usize::from(*winner)], *g));
                *bias += g;
            }
        }
        // Four pixels at a time, so that a sum is loaded and stored once for four products.
        active.resize(active.len().next_multiple_of(4), (0, 0.0));
        for &[a, b, c, d] in active.as_chunks::<4>().0 {
            for (y, sums) in lines.chunks_exact_mut(sizes.vectors()).enumerate() {
                let pixels = |start: usize| {
                    padded[start + y * sizes.stride()..][..sums.len()].as_chunks::<LANES>().0
                };
                let [pa, pb, pc, pd] = [pixels(a.0), pixels(b.0), pixels(c.0), pixels(d.0)];
                let sums = sums.as_chunks_mut::<LANES>().0;
                for ((((sum, pa), pb), pc), pd) in sums.iter_mut().zip(pa).zip(pb).zip(pc).zip(pd) {
                    let two = add_scaled::<FMA>(add_scaled::<FMA>(*sum, a.1, pa), b.1, pb);
                    *sum = add_scaled::<FMA>(add_scaled::<FMA>(two, c.1, pc), d.1, pd);
                }
            }
        }
    }
}

/// `sum + scale * values`. The sum comes and goes by value, so that it can stay in a register.
#[inline(always)]
fn add_scaled<const FMA: bool>(
    mut sum: [f32; LANES],
    scale: f32,
    values: &[f32; LANES],
) -> [f32; LANES] {
    for lane in 0..LANES {
        sum[lane] = multiply_add::<FMA>(scale, values[lane], sum[lane]);
    }
    sum
}

/// The gradient of the padded image: each pixel that won its window passes its gradient, times
/// the weights, to the 3x3 pixels that it was computed from.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vl+fma", "x86_64+avx2+fma"))]
fn spread_gradient(
    sizes: Sizes,
    scratch: &mut Scratch,
    lines: &[f32],
    winners: &[u8],
    gradient: &[f32],
) {
    const FMA: bool = target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64"));
    let Scratch { starts, spread, .. } = scratch;
    spread.fill(0.0);
    let channels =
        winners.chunks_exact(sizes.windows()).zip(gradient.chunks_exact(sizes.windows()));
    for ((winners, gradient), lines) in channels.zip(lines.chunks_exact(3 * sizes.vectors())) {
        for ((corners, winner), g) in starts.as_chunks::<4>().0.iter().zip(winners).zip(gradient) {
            if *winner == NONE {
                continue;
            }
            let start = corners[usize::from(*winner)];
            for (y, weights) in lines.chunks_exact(sizes.vectors()).enumerate() {
                let pixels = &mut spread[start + y * sizes.stride()..][..weights.len()];
                let pixels = pixels.as_chunks_mut::<LANES>().0.iter_mut();
                for (sum, weights) in pixels.zip(weights.as_chunks::<LANES>().0) {
                    *sum = add_scaled::<FMA>(*sum, *g, weights);
                }
            }
        }
    }
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

    const CASES: [[usize; 5]; 7] = [
        [1, 1, 1, 2, 2],
        [3, 1, 32, 28, 28],
        [2, 32, 64, 14, 14],
        [5, 3, 33, 6, 4],
        [9, 17, 5, 2, 10],
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
