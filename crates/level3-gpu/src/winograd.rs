//! A 3x3 filter at the four pixels of a pooling window, with 16 multiplications instead of 36.
//!
//! Two neighbouring results of a filter with three weights share work. Written out,
//!
//! ```text
//! y0 = v0 w0 + v1 w1 + v2 w2
//! y1 = v1 w0 + v2 w1 + v3 w2
//! ```
//!
//! take six multiplications. Winograd needs four:
//!
//! ```text
//! m0 = (v0 - v2) w0        m1 = (v1 + v2) (w0 + w1 + w2) / 2
//! m3 = (v3 - v1) w2        m2 = (v2 - v1) (w0 - w1 + w2) / 2
//! y0 = m0 + m1 + m2        y1 = m1 - m2 + m3
//! ```
//!
//! The sums of values are made once for all filters, those of weights once for all images, and
//! those of products once for all input channels: with many channels the multiplications count. In
//! two dimensions, first along one axis and then along the other, the 4x4 pixels around a window,
//! its *tile*, become 16 terms, a filter likewise, and 6 * 6 multiplications become 4 * 4. With many
//! channels they are 16 products of matrices, one for each term: `[tiles, inputs]` times `[inputs,
//! outputs]`.
//!
//! The result is linear in the pixels and linear in the weights, so each gradient comes from the
//! same maps, transposed and in reverse order.
//!
//! Winograd, "Arithmetic Complexity of Computations" (1980). For networks: Lavin and Gray, "Fast
//! Algorithms for Convolutional Neural Networks" (2016), section 4.1, where `tile`, `filter`
//! and `window` are the matrices B^T, G and A^T, and `m3` has the other sign.

#![allow(clippy::needless_range_loop, reason = "one index for several arrays")]

use std::ops::{Add, Sub};

use pulp::Simd;

/// Terms of a tile, of a filter, and of their product.
pub(crate) const TERMS: usize = 16;

/// Channels are padded to a multiple of this: the floats in the widest vector register of today's
/// CPUs. Shorter registers take several.
pub(crate) const LANES: usize = 16;

/// As many floats as fit a register of the CPU that runs this, one for each of as many channels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vector<S: Simd>(pub(crate) S, pub(crate) S::f32s);

impl<S: Simd> Vector<S> {
    #[inline(always)]
    pub(crate) fn zero(simd: S) -> Self {
        Self(simd, simd.splat_f32s(0.0))
    }

    /// The first floats of a slice, which must hold enough of them.
    #[inline(always)]
    pub(crate) fn load(simd: S, from: &[f32]) -> Self {
        Self(simd, S::as_simd_f32s(&from[..S::F32_LANES]).0[0])
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [f32]) {
        S::as_mut_simd_f32s(&mut to[..S::F32_LANES]).0[0] = self.1;
    }
}

impl<S: Simd> Add for Vector<S> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0, self.0.add_f32s(self.1, other.1))
    }
}

impl<S: Simd> Sub for Vector<S> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0, self.0.sub_f32s(self.1, other.1))
    }
}

/// A row of a [`Square`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<S: Simd, const N: usize>(pub(crate) [Vector<S>; N]);

/// `N` by `N` vectors, row by row.
pub(crate) type Square<S, const N: usize> = [Row<S, N>; N];

impl<S: Simd, const N: usize> Add for Row<S, N> {
    type Output = Self;

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for x in 0..N {
            self.0[x] = self.0[x] + other.0[x];
        }
        self
    }
}

impl<S: Simd, const N: usize> Sub for Row<S, N> {
    type Output = Self;

    #[inline(always)]
    fn sub(mut self, other: Self) -> Self {
        for x in 0..N {
            self.0[x] = self.0[x] - other.0[x];
        }
        self
    }
}

/// What can be added and subtracted: a [`Row`] along one axis, a [`Vector`] along the other.
trait Number: Copy + Add<Output = Self> + Sub<Output = Self> {}
impl<T: Copy + Add<Output = T> + Sub<Output = T>> Number for T {}

/// The four values `v` of a line to the sums that are multiplied.
#[inline(always)]
fn tile<T: Number>([a, b, c, d]: [T; 4]) -> [T; 4] {
    [a - c, b + c, c - b, d - b]
}

#[inline(always)]
fn tile_transposed<T: Number>([a, b, c, d]: [T; 4]) -> [T; 4] {
    [a, b - c - d, b + c - a, d]
}

/// The products `m` to the results `y`.
#[inline(always)]
fn window<T: Number>([a, b, c, d]: [T; 4]) -> [T; 2] {
    [a + b + c, b - c + d]
}

#[inline(always)]
fn window_transposed<T: Number>([a, b]: [T; 2]) -> [T; 4] {
    [a, a + b, a - b, b]
}

/// The weights `w` to the sums that are multiplied.
fn filter([a, b, c]: [f32; 3]) -> [f32; 4] {
    [a, (a + b + c) / 2.0, (a - b + c) / 2.0, c]
}

fn filter_transposed([a, b, c, d]: [f32; 4]) -> [f32; 3] {
    [a + (b + c) / 2.0, (b - c) / 2.0, (b + c) / 2.0 + d]
}

/// The terms of a tile's pixels.
#[inline(always)]
pub(crate) fn terms_of_tile<S: Simd>(pixels: Square<S, 4>) -> Square<S, 4> {
    let [a, b, c, d] = tile(pixels);
    [Row(tile(a.0)), Row(tile(b.0)), Row(tile(c.0)), Row(tile(d.0))]
}

/// The gradient of a tile's pixels, from that of its terms.
#[inline(always)]
pub(crate) fn terms_of_tile_transposed<S: Simd>(terms: Square<S, 4>) -> Square<S, 4> {
    let [a, b, c, d] = tile_transposed(terms);
    let row = |row: Row<S, 4>| Row(tile_transposed(row.0));
    [row(a), row(b), row(c), row(d)]
}

/// The pixels of a window, from the products of terms, summed over the input channels.
#[inline(always)]
pub(crate) fn window_of_terms<S: Simd>(products: Square<S, 4>) -> Square<S, 2> {
    let [a, b] = window(products);
    [Row(window(a.0)), Row(window(b.0))]
}

/// The gradient of the products, from that of a window's pixels.
#[inline(always)]
pub(crate) fn window_of_terms_transposed<S: Simd>(pixels: Square<S, 2>) -> Square<S, 4> {
    let [a, b, c, d] = window_transposed(pixels);
    let row = |row: Row<S, 2>| Row(window_transposed(row.0));
    [row(a), row(b), row(c), row(d)]
}

/// The terms of a filter.
pub(crate) fn terms_of_filter(weights: [f32; 9]) -> [f32; TERMS] {
    let row = |y: usize| filter([weights[3 * y], weights[3 * y + 1], weights[3 * y + 2]]);
    let [a, b, c] = [row(0), row(1), row(2)];
    let mut terms = [0.0; TERMS];
    for x in 0..4 {
        for (y, term) in filter([a[x], b[x], c[x]]).into_iter().enumerate() {
            terms[4 * y + x] = term;
        }
    }
    terms
}

/// The gradient of a filter's weights, from that of its terms.
pub(crate) fn terms_of_filter_transposed(terms: [f32; TERMS]) -> [f32; 9] {
    let [a, b, c, d] = [0, 4, 8, 12]
        .map(|y| filter_transposed([terms[y], terms[y + 1], terms[y + 2], terms[y + 3]]));
    let mut weights = [0.0; 9];
    for x in 0..3 {
        for (y, weight) in filter_transposed([a[x], b[x], c[x], d[x]]).into_iter().enumerate() {
            weights[3 * y + x] = weight;
        }
    }
    weights
}

/// Sixteen vectors of a slice, each `step` floats after the one before.
#[inline(always)]
pub(crate) fn load<S: Simd>(simd: S, from: &[f32], step: usize) -> Square<S, 4> {
    let mut square = [Row([Vector::zero(simd); 4]); 4];
    for y in 0..4 {
        for x in 0..4 {
            square[y].0[x] = Vector::load(simd, &from[(4 * y + x) * step..]);
        }
    }
    square
}

/// The reverse of [`load`].
#[inline(always)]
pub(crate) fn store<S: Simd>(square: Square<S, 4>, to: &mut [f32], step: usize) {
    for y in 0..4 {
        for x in 0..4 {
            square[y].0[x].store(&mut to[(4 * y + x) * step..]);
        }
    }
}

/// A product of two matrices: `left`, `[rows, depth]`, times `right`, `[depth, columns]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product<'a> {
    pub(crate) rows: usize,
    pub(crate) depth: usize,
    /// A multiple of [`LANES`].
    pub(crate) columns: usize,
    pub(crate) left: &'a [f32],
    /// Floats from one row of `left` to the next.
    pub(crate) stride: usize,
    pub(crate) right: &'a [f32],
}

impl Product<'_> {
    /// Writes it to `[rows, columns]`.
    #[inline(always)]
    pub(crate) fn write<S: Simd>(self, simd: S, to: &mut [f32]) {
        self.compute::<S, false>(simd, to);
    }

    /// The same with `left` stored as `[depth, rows]`, added to `sums`.
    #[inline(always)]
    pub(crate) fn add_transposed<S: Simd>(self, simd: S, sums: &mut [f32]) {
        self.compute::<S, true>(simd, sums);
    }

    #[inline(always)]
    fn compute<S: Simd, const TRANSPOSED: bool>(self, simd: S, sums: &mut [f32]) {
        // The sums of a block stay in registers, two vectors a row, beside what is multiplied.
        if S::REGISTER_COUNT >= 32 {
            self.blocks::<S, TRANSPOSED, 8>(simd, sums);
        } else {
            self.blocks::<S, TRANSPOSED, 4>(simd, sums);
        }
    }

    #[inline(always)]
    fn blocks<S: Simd, const TRANSPOSED: bool, const R: usize>(self, simd: S, sums: &mut [f32]) {
        let mut column = 0;
        while column < self.columns {
            let wide = column + 2 * S::F32_LANES <= self.columns;
            let mut row = 0;
            while row < self.rows {
                let tall = row + R <= self.rows;
                match (tall, wide) {
                    (true, true) => self.block::<S, TRANSPOSED, R, 2>(simd, row, column, sums),
                    (true, false) => self.block::<S, TRANSPOSED, R, 1>(simd, row, column, sums),
                    (false, true) => self.block::<S, TRANSPOSED, 1, 2>(simd, row, column, sums),
                    (false, false) => self.block::<S, TRANSPOSED, 1, 1>(simd, row, column, sums),
                }
                row += if tall { R } else { 1 };
            }
            column += if wide { 2 * S::F32_LANES } else { S::F32_LANES };
        }
    }

    /// The part of `R` rows and `C` vectors that begins at `row` and `column`.
    #[inline(always)]
    fn block<S: Simd, const TRANSPOSED: bool, const R: usize, const C: usize>(
        self,
        simd: S,
        row: usize,
        column: usize,
        sums: &mut [f32],
    ) {
        let mut block = [[simd.splat_f32s(0.0); C]; R];
        let rights = self.right[column..].chunks(self.columns).take(self.depth);
        if TRANSPOSED {
            for (left, right) in self.left[row..].chunks(self.stride).zip(rights) {
                let (left, right) = (&left[..R], S::as_simd_f32s(&right[..C * S::F32_LANES]).0);
                for r in 0..R {
                    let value = simd.splat_f32s(left[r]);
                    for c in 0..C {
                        block[r][c] = simd.mul_add_e_f32s(value, right[c], block[r][c]);
                    }
                }
            }
        } else {
            let mut left: [&[f32]; R] = [&[]; R];
            for r in 0..R {
                left[r] = &self.left[(row + r) * self.stride..][..self.depth];
            }
            for (k, right) in rights.enumerate() {
                let right = S::as_simd_f32s(&right[..C * S::F32_LANES]).0;
                for r in 0..R {
                    let value = simd.splat_f32s(left[r][k]);
                    for c in 0..C {
                        block[r][c] = simd.mul_add_e_f32s(value, right[c], block[r][c]);
                    }
                }
            }
        }
        for r in 0..R {
            let sums = &mut sums[(row + r) * self.columns + column..][..C * S::F32_LANES];
            for (sum, product) in S::as_mut_simd_f32s(sums).0.iter_mut().zip(block[r]) {
                *sum = if TRANSPOSED { simd.add_f32s(*sum, product) } else { product };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without a pattern.
    fn numbers<const N: usize>(salt: f32) -> [f32; N] {
        std::array::from_fn(|i| ((i as f32 + salt) * 12.9898).sin())
    }

    #[test]
    fn a_window_is_what_nine_multiplications_a_pixel_give() {
        let (pixels, weights): ([f32; 16], [f32; 9]) = (numbers(1.0), numbers(2.0));
        let simd = pulp::Scalar::new();
        let tile = load(simd, &pixels, 1);
        let mut products = [0.0; TERMS];
        store(terms_of_tile(tile), &mut products, 1);
        products.iter_mut().zip(terms_of_filter(weights)).for_each(|(x, term)| *x *= term);
        let window = window_of_terms(load(simd, &products, 1));
        for (y, x) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let taps = (0..9).map(|tap| pixels[4 * (y + tap / 3) + x + tap % 3] * weights[tap]);
            let expected: f32 = taps.sum();
            assert!((window[y].0[x].1 - expected).abs() < 1e-5, "{y} {x}: {expected}");
        }
    }

    /// A map and its transposed: `map(x) * y = x * transposed(y)`, for any x and y.
    #[test]
    fn the_way_back_is_each_map_transposed() {
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let equal = |a: f32, b: f32| assert!((a - b).abs() < 1e-5, "{a} {b}");
        let (four, other): ([f32; 4], [f32; 4]) = (numbers(3.0), numbers(4.0));
        equal(dot(&tile(four), &other), dot(&four, &tile_transposed(other)));
        let (three, two): ([f32; 3], [f32; 2]) = (numbers(5.0), numbers(6.0));
        equal(dot(&filter(three), &other), dot(&three, &filter_transposed(other)));
        equal(dot(&window(four), &two), dot(&four, &window_transposed(two)));
    }

    struct Multiply<'a>(Product<'a>, Vec<f32>, bool);

    impl pulp::WithSimd for Multiply<'_> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, simd: S) -> Vec<f32> {
            match self.2 {
                true => self.0.add_transposed(simd, &mut self.1),
                false => self.0.write(simd, &mut self.1),
            }
            self.1
        }
    }

    #[test]
    fn a_product_of_any_size_is_what_three_loops_give() {
        let (left, right): ([f32; 400], [f32; 800]) = (numbers(7.0), numbers(8.0));
        for (rows, depth, columns) in [(1, 1, 16), (8, 5, 32), (9, 3, 48), (17, 16, 16), (3, 9, 80)]
        {
            for transposed in [false, true] {
                let stride = if transposed { rows + 2 } else { depth + 2 };
                let product = Product { rows, depth, columns, left: &left, stride, right: &right };
                let sums = Multiply(product, vec![0.5; rows * columns], transposed);
                let got = pulp::Arch::new().dispatch(sums);
                for (at, got) in got.into_iter().enumerate() {
                    let (row, column) = (at / columns, at % columns);
                    let of_left =
                        |k| left[if transposed { k * stride + row } else { row * stride + k }];
                    let sum: f32 =
                        (0..depth).map(|k| of_left(k) * right[k * columns + column]).sum();
                    let expected = if transposed { sum + 0.5 } else { sum };
                    assert!((got - expected).abs() < 1e-5, "{product:?} at {row}, {column}");
                }
            }
        }
    }
}
