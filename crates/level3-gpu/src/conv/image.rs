//! One image's way through the layer, and its way back, on one worker.
//!
//! [`pulp`] gives each CPU its own machine code, from one source.

#![allow(clippy::needless_range_loop, reason = "one index for several arrays")]

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::{NONE, Share, Sizes};
use crate::winograd::{self, LANES, Product, Row, Square, TERMS, Vector};

/// One image's way through the layer.
pub(super) struct Forward<'a> {
    pub(super) scratch: &'a mut Scratch,
    /// As `filter_terms` of the batch.
    pub(super) filters: &'a [f32],
    /// `[outputs]`
    pub(super) bias: &'a [f32],
    /// `[outputs, height / 2, width / 2]`, and likewise the winners.
    pub(super) values: &'a mut [f32],
    pub(super) winners: &'a mut [u8],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { scratch, filters, bias, values, winners } = self;
        for band in scratch.sizes.bands() {
            scratch.tiles_to_terms(simd, &band);
            scratch.multiply(simd, &band, filters);
            scratch.pool(simd, &band, bias, values, winners);
        }
    }
}

/// One image's way back.
pub(super) struct Backward<'a> {
    pub(super) scratch: &'a mut Scratch,
    /// As `transposed` of the batch, if the gradient of the image is wanted.
    pub(super) filters: Option<&'a [f32]>,
    /// `[outputs, height / 2, width / 2]`, and likewise the gradient.
    pub(super) winners: &'a [u8],
    pub(super) gradient: &'a [f32],
    pub(super) share: &'a mut Share,
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { scratch, filters, winners, gradient, share } = self;
        if filters.is_some() {
            scratch.image_gradient.fill(0.0);
        }
        for band in scratch.sizes.bands() {
            scratch.tiles_to_terms(simd, &band);
            scratch.unpool(simd, &band, winners, gradient, &mut share.bias);
            scratch.multiply_back(simd, &band, filters, &mut share.filters);
            if filters.is_some() {
                scratch.terms_to_tiles(simd, &band);
            }
        }
    }
}

/// What a worker needs for one image, used again for the next.
pub(super) struct Scratch {
    sizes: Sizes,
    /// `[height + 2, width + 2, inputs]`: the image, channels last, in a border of zeros.
    image: Vec<f32>,
    /// The gradient of that.
    image_gradient: Vec<f32>,
    /// `[TERMS, windows of the band, wide_inputs]`: the terms of tiles, or their gradient.
    tiles: Vec<f32>,
    /// `[TERMS, windows of the band, wide_outputs]`: the products of tiles and filters, or their
    /// gradient.
    products: Vec<f32>,
    /// `[windows of the band, LANES]`: values of 16 output channels, or their gradient, and the
    /// winners.
    values: Vec<[f32; LANES]>,
    winners: Vec<[u32; LANES]>,
}

impl Scratch {
    pub(super) fn new(sizes: Sizes) -> Self {
        Self {
            sizes,
            image: vec![0.0; sizes.padded()],
            image_gradient: vec![0.0; sizes.padded()],
            tiles: vec![0.0; TERMS * sizes.band() * sizes.wide_inputs()],
            products: vec![0.0; TERMS * sizes.band() * sizes.wide_outputs()],
            values: vec![[0.0; LANES]; sizes.band()],
            winners: vec![[0; LANES]; sizes.band()],
        }
    }

    /// Puts an image, `[inputs, height, width]`, into the padded one.
    pub(super) fn load(&mut self, image: &[f32]) {
        let Sizes { inputs, height, width, .. } = self.sizes;
        for (channel, plane) in image.chunks_exact(height * width).enumerate() {
            for (y, line) in plane.chunks_exact(width).enumerate() {
                let start = (y + 1) * self.sizes.stride() + inputs + channel;
                let pixels = self.image[start..].iter_mut().step_by(inputs);
                pixels.zip(line).for_each(|(to, from)| *to = *from);
            }
        }
    }

    /// Takes the gradient of an image, `[inputs, height, width]`, out of the padded one.
    pub(super) fn unload(&self, gradient: &mut [f32]) {
        let Sizes { inputs, height, width, .. } = self.sizes;
        for (channel, plane) in gradient.chunks_exact_mut(height * width).enumerate() {
            for (y, line) in plane.chunks_exact_mut(width).enumerate() {
                let start = (y + 1) * self.sizes.stride() + inputs + channel;
                let pixels = self.image_gradient[start..].iter().step_by(inputs);
                line.iter_mut().zip(pixels).for_each(|(to, from)| *to = *from);
            }
        }
    }

    /// The terms of a band's tiles.
    #[inline(always)]
    fn tiles_to_terms<S: Simd>(&mut self, simd: S, band: &Range<usize>) {
        let inputs = self.sizes.wide_inputs();
        for (tile, window) in band.clone().enumerate() {
            for input in (0..inputs).step_by(S::F32_LANES) {
                let mut pixels = [Row([Vector::zero(simd); 4]); 4];
                for y in 0..4 {
                    for x in 0..4 {
                        let pixel = self.sizes.pixel(window, y, x);
                        pixels[y].0[x] = Vector::load(simd, &self.image[pixel + input..]);
                    }
                }
                let terms = winograd::terms_of_tile(pixels);
                let to = &mut self.tiles[tile * inputs + input..];
                winograd::store(terms, to, band.len() * inputs);
            }
        }
    }

    /// Adds the gradient of a band's terms to that of the pixels. Neighbouring tiles overlap.
    #[inline(always)]
    fn terms_to_tiles<S: Simd>(&mut self, simd: S, band: &Range<usize>) {
        let inputs = self.sizes.wide_inputs();
        for (tile, window) in band.clone().enumerate() {
            for input in (0..inputs).step_by(S::F32_LANES) {
                let from = &self.tiles[tile * inputs + input..];
                let terms = winograd::load(simd, from, band.len() * inputs);
                let pixels = winograd::terms_of_tile_transposed(terms);
                for y in 0..4 {
                    for x in 0..4 {
                        let pixel = self.sizes.pixel(window, y, x);
                        let sum = &mut self.image_gradient[pixel + input..];
                        (Vector::load(simd, sum) + pixels[y].0[x]).store(sum);
                    }
                }
            }
        }
    }

    /// Term by term, a band's tiles times all filters.
    #[inline(always)]
    fn multiply<S: Simd>(&mut self, simd: S, band: &Range<usize>, filters: &[f32]) {
        let (inputs, outputs) = (self.sizes.wide_inputs(), self.sizes.wide_outputs());
        for term in 0..TERMS {
            let product = Product {
                rows: band.len(),
                depth: self.sizes.inputs,
                columns: outputs,
                left: &self.tiles[term * band.len() * inputs..],
                stride: inputs,
                right: &filters[term * self.sizes.inputs * outputs..],
            };
            product.write(simd, &mut self.products[term * band.len() * outputs..]);
        }
    }

    /// Term by term, the gradients of both factors of [`Scratch::multiply`]: that of the filters
    /// is added to `sums`, that of the tiles takes their place.
    #[inline(always)]
    fn multiply_back<S: Simd>(
        &mut self,
        simd: S,
        band: &Range<usize>,
        filters: Option<&[f32]>,
        sums: &mut [f32],
    ) {
        let (inputs, outputs) = (self.sizes.wide_inputs(), self.sizes.wide_outputs());
        for term in 0..TERMS {
            let tiles = &mut self.tiles[term * band.len() * inputs..];
            let products = &self.products[term * band.len() * outputs..];
            let for_filters = Product {
                rows: self.sizes.inputs,
                depth: band.len(),
                columns: outputs,
                left: tiles,
                stride: inputs,
                right: products,
            };
            for_filters.add_transposed(simd, &mut sums[term * self.sizes.inputs * outputs..]);
            if let Some(filters) = filters {
                let for_tiles = Product {
                    rows: band.len(),
                    depth: self.sizes.outputs,
                    columns: inputs,
                    left: products,
                    stride: outputs,
                    right: &filters[term * self.sizes.outputs * inputs..],
                };
                for_tiles.write(simd, tiles);
            }
        }
    }

    /// What the products of a band's tiles and the filters amount to: of each window the largest
    /// pixel plus the bias, cut at zero, and which pixel it was.
    #[inline(always)]
    fn pool<S: Simd>(
        &mut self,
        simd: S,
        band: &Range<usize>,
        bias: &[f32],
        values: &mut [f32],
        winners: &mut [u8],
    ) {
        let (windows, outputs) = (self.sizes.windows(), self.sizes.wide_outputs());
        let channels = LANES * windows;
        let blocks = values.chunks_mut(channels).zip(winners.chunks_mut(channels));
        for (block, ((values, winners), bias)) in blocks.zip(bias.chunks(LANES)).enumerate() {
            let mut lanes_bias = [0.0; LANES];
            lanes_bias[..bias.len()].copy_from_slice(bias);
            for tile in 0..band.len() {
                for lane in (0..LANES).step_by(S::F32_LANES) {
                    let from = &self.products[tile * outputs + block * LANES + lane..];
                    let terms = winograd::load(simd, from, band.len() * outputs);
                    let bias = Vector::load(simd, &lanes_bias[lane..]);
                    let (value, winner) = largest(simd, winograd::window_of_terms(terms), bias);
                    value.store(&mut self.values[tile][lane..]);
                    S::as_mut_simd_u32s(&mut self.winners[tile][lane..]).0[0] = winner;
                }
            }
            let planes = values.chunks_exact_mut(windows).zip(winners.chunks_exact_mut(windows));
            for (lane, (values, winners)) in planes.enumerate() {
                let (values, winners) = (&mut values[band.clone()], &mut winners[band.clone()]);
                values.iter_mut().zip(&self.values).for_each(|(to, from)| *to = from[lane]);
                winners.iter_mut().zip(&self.winners).for_each(|(to, from)| *to = from[lane] as u8);
            }
        }
    }

    /// The gradient of a band's products, from that of the values; and its sum, for the bias.
    #[inline(always)]
    fn unpool<S: Simd>(
        &mut self,
        simd: S,
        band: &Range<usize>,
        winners: &[u8],
        gradient: &[f32],
        bias: &mut [f32],
    ) {
        let (windows, outputs) = (self.sizes.windows(), self.sizes.wide_outputs());
        let channels = LANES * windows;
        let blocks = gradient.chunks(channels).zip(winners.chunks(channels));
        for (block, ((gradient, winners), bias)) in blocks.zip(bias.chunks_mut(LANES)).enumerate() {
            let planes = gradient.chunks_exact(windows).zip(winners.chunks_exact(windows));
            for (lane, (gradient, winners)) in planes.enumerate() {
                let (gradient, winners) = (&gradient[band.clone()], &winners[band.clone()]);
                self.values.iter_mut().zip(gradient).for_each(|(to, from)| to[lane] = *from);
                self.winners
                    .iter_mut()
                    .zip(winners)
                    .for_each(|(to, from)| to[lane] = (*from).into());
            }
            for tile in 0..band.len() {
                for lane in (0..LANES).step_by(S::F32_LANES) {
                    let gradient = Vector::load(simd, &self.values[tile][lane..]);
                    let winner = S::as_simd_u32s(&self.winners[tile][lane..]).0[0];
                    let pixels = only_winner(simd, gradient, winner);
                    let [Row([a, b]), Row([c, d])] = pixels;
                    let sum = &mut bias[lane..];
                    (Vector::load(simd, sum) + (a + b) + (c + d)).store(sum);
                    let to = &mut self.products[tile * outputs + block * LANES + lane..];
                    winograd::store(
                        winograd::window_of_terms_transposed(pixels),
                        to,
                        band.len() * outputs,
                    );
                }
            }
        }
    }
}

/// The largest pixel of a window plus the bias, cut at zero, and which pixel it was: the first, if
/// several are.
#[inline(always)]
fn largest<S: Simd>(simd: S, pixels: Square<S, 2>, bias: Vector<S>) -> (Vector<S>, S::u32s) {
    // A NaN among a window's own pixels or the weights is in all four, so `first` keeps it.
    let [Row([first, b]), Row([c, d])] = pixels;
    let (mut best, mut winner) = (first.1, simd.splat_u32s(0));
    for (number, pixel) in [(1, b), (2, c), (3, d)] {
        let better = simd.greater_than_f32s(pixel.1, best);
        best = simd.select_f32s(better, pixel.1, best);
        winner = simd.select_u32s(better, simd.splat_u32s(number), winner);
    }
    let (value, zero) = (simd.add_f32s(best, bias.1), simd.splat_f32s(0.0));
    let cut = simd.less_than_or_equal_f32s(value, zero); // not a maximum, which would hide a NaN
    let winner = simd.select_u32s(cut, simd.splat_u32s(NONE.into()), winner);
    (Vector(simd, simd.select_f32s(cut, zero, value)), winner)
}

/// The gradient of a window's pixels: all of it goes to the winner.
#[inline(always)]
fn only_winner<S: Simd>(simd: S, gradient: Vector<S>, winner: S::u32s) -> Square<S, 2> {
    let mut pixels = [Row([Vector::zero(simd); 2]); 2];
    for y in 0..2 {
        for x in 0..2 {
            let won = simd.equal_u32s(winner, simd.splat_u32s((2 * y + x) as u32));
            pixels[y].0[x].1 = simd.select_f32s(won, gradient.1, pixels[y].0[x].1);
        }
    }
    pixels
}
