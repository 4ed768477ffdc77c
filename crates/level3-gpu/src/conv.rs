//! Convolution 3x3, ReLU and max-pool 2x2 on a CPU: products of matrices inside levels 1 and 2.
//!
//! A convolution is a product of two matrices: a row for each pixel, with the numbers of the 3x3
//! pixels around it, times a column for each filter. Written down, the first matrix would hold each
//! pixel nine times. Here nothing is copied: the image is stored with its channels last and zeros
//! around it, so the three pixels under a line of the filter are one run of `3 * channels` numbers,
//! and the next pixel's run begins `channels` numbers later. The rows overlap in memory, and the
//! filter's three lines make three products, added up. The gradient of the images is a convolution
//! too, with the filter turned by 180 degrees; that of the weights is three more products.
//!
//! - Level 1: images do not depend on each other, so the workers share them (`par_chunks`).
//! - Level 2: a weight's gradient is a sum over all images: a partial sum for each share, a reduce.

use rayon::prelude::*;

/// A batch is cut into at most 64 shares of at least 4 images, whatever the number of workers. So
/// sums are made in one order, and are the same with 1 worker and with 16, to the last bit.
const SHARES: usize = 64;

/// The winner of a window that ReLU set to zero: no pixel.
const NONE: u8 = 4;

/// The sizes of one layer. Height and width are even; only `images` may be 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    pub images: usize,  // in the batch
    pub inputs: usize,  // channels that come in
    pub outputs: usize, // channels that go out, one for each filter
    pub height: usize,  // pixels
    pub width: usize,   // pixels
}

impl Sizes {
    /// Windows of 2x2 pixels in an image.
    fn windows(&self) -> usize {
        self.height / 2 * (self.width / 2)
    }

    /// The four pixels of a window, `(y, x)`: above left, above right, below left, below right.
    fn corners(&self, window: usize) -> [(usize, usize); 4] {
        let (y, x) = (2 * (window / (self.width / 2)), 2 * (window % (self.width / 2)));
        [(y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1)]
    }

    /// Pixels of a padded line: the zero behind it is also the zero before the next one.
    fn line(&self) -> usize {
        self.width + 1
    }

    /// Rows of the products: the pixels, and at the end of each line one that is not used.
    fn rows(&self) -> usize {
        self.height * self.line()
    }

    /// A padded image: a line of zeros above and below, a pixel before, and one behind to read.
    fn padded(&self, channels: usize) -> Vec<f32> {
        vec![0.0; ((self.height + 2) * self.line() + 2) * channels]
    }

    /// Where the pixel at `(y, x)` begins in a padded image.
    fn pixel(&self, (y, x): (usize, usize), channels: usize) -> usize {
        ((y + 1) * self.line() + x + 1) * channels
    }

    /// Visits all weights with their places in `[outputs, inputs, 3, 3]`, as PyTorch has them, in a
    /// filter `[3, 3, inputs, outputs]`, and in the turned filter `[3, 3, outputs, inputs]`.
    fn each_weight(&self, mut visit: impl FnMut(usize, usize, usize)) {
        for output in 0..self.outputs {
            for input in 0..self.inputs {
                for tap in 0..9 {
                    let weight = (output * self.inputs + input) * 9 + tap;
                    let filter = (tap * self.inputs + input) * self.outputs + output;
                    let turned = ((8 - tap) * self.outputs + output) * self.inputs + input;
                    visit(weight, filter, turned);
                }
            }
        }
    }

    /// Checks all lengths, and counts the numbers of an image, in and out, and a share's images.
    fn checked(&self, images: &[f32], weight: &[f32]) -> [usize; 3] {
        let sizes = [self.inputs, self.outputs, self.height, self.width];
        assert!(!sizes.contains(&0), "{self:?}: empty");
        assert!(self.height.is_multiple_of(2) && self.width.is_multiple_of(2), "{self:?}: odd");
        let image = self.inputs * self.height * self.width;
        assert_eq!(images.len(), self.images * image, "{self:?}: other images");
        assert_eq!(weight.len(), self.outputs * self.inputs * 9, "{self:?}: other weights");
        let share = self.images.div_ceil(SHARES).max(4);
        [image, self.outputs * self.windows(), share]
    }
}

/// The layer's output, and what its gradient needs to know.
pub struct Pooled {
    pub values: Vec<f32>, // [images, outputs, height / 2, width / 2]
    pub winners: Vec<u8>, // [images, windows, outputs]: the pixel that a value came from, or NONE
}

/// Convolves with padding 1, adds the bias, cuts at zero and pools.
///
/// `images` is `[images, inputs, height, width]`, `weight` is `[outputs, inputs, 3, 3]`, `bias` is
/// `[outputs]`, all in row-major order.
///
/// # Panics
/// If height or width is odd, a size but `images` is 0, or a slice as long as `sizes` does not say.
pub fn forward(sizes: Sizes, images: &[f32], weight: &[f32], bias: &[f32]) -> Pooled {
    let [image, pooled, share] = sizes.checked(images, weight);
    assert_eq!(bias.len(), sizes.outputs, "{sizes:?}: other biases");
    let mut filter = vec![0.0; weight.len()];
    sizes.each_weight(|from, to, _| filter[to] = weight[from]);
    let mut values = vec![0.0; sizes.images * pooled];
    let mut winners = vec![NONE; sizes.images * pooled];
    (values.par_chunks_mut(share * pooled)) // <- level 1: the workers share the images
        .zip(winners.par_chunks_mut(share * pooled))
        .zip(images.par_chunks(share * image))
        .for_each(|((values, winners), images)| {
            let mut padded = sizes.padded(sizes.inputs);
            let (mut sums, mut best) = (vec![0.0; sizes.rows() * sizes.outputs], vec![0.0; pooled]);
            let results = values.chunks_exact_mut(pooled).zip(winners.chunks_exact_mut(pooled));
            for (image, (values, winners)) in images.chunks_exact(image).zip(results) {
                pad(&sizes, image, &mut padded);
                convolve(&sizes, [sizes.inputs, sizes.outputs], &padded, &filter, &mut sums);
                pool(&sizes, &sums, bias, &mut best, winners);
                transpose(&best, sizes.outputs, values); // [outputs, windows]
            }
        });
    Pooled { values, winners }
}

/// The gradients of the layer's three inputs.
pub struct Gradients {
    pub images: Option<Vec<f32>>, // [images, inputs, height, width], if it was wanted
    pub weight: Vec<f32>,         // [outputs, inputs, 3, 3]
    pub bias: Vec<f32>,           // [outputs]
}

/// The gradients of [`forward`]'s inputs. `gradient` is that of its values, and has their shape.
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
    let [image, pooled, share] = sizes.checked(images, weight);
    assert_eq!([winners.len(), gradient.len()], [sizes.images * pooled; 2], "{sizes:?}: others");
    let mut turned = vec![0.0; weight.len()];
    sizes.each_weight(|from, _, to| turned[to] = weight[from]);
    let nothing = || vec![0.0; weight.len() + sizes.outputs]; // of the filter, of the bias
    let room = if images_wanted { image } else { 1 }; // a chunk cannot be empty
    let mut image_gradients = vec![0.0; sizes.images * room];
    let partial_sums: Vec<Vec<f32>> = (image_gradients.par_chunks_mut(share * room)) // <- level 1
        .zip(images.par_chunks(share * image))
        .zip(winners.par_chunks(share * pooled))
        .zip(gradient.par_chunks(share * pooled))
        .map(|(((image_gradients, images), winners), gradient)| {
            let mut sum = nothing();
            let (filter, bias) = sum.split_at_mut(weight.len());
            let (mut padded, mut spread) =
                (sizes.padded(sizes.inputs), sizes.padded(sizes.outputs));
            let (mut rows, mut pull) = (vec![0.0; sizes.rows() * sizes.inputs], vec![0.0; pooled]);
            let results = winners.chunks_exact(pooled).zip(gradient.chunks_exact(pooled));
            let images = images.chunks_exact(image).zip(image_gradients.chunks_exact_mut(room));
            for ((image, image_gradient), (winners, gradient)) in images.zip(results) {
                transpose(gradient, sizes.windows(), &mut pull); // [windows, outputs]
                unpool(&sizes, winners, &pull, &mut spread, bias);
                pad(&sizes, image, &mut padded);
                add_filter_gradient(&sizes, &padded, &spread, filter);
                if images_wanted {
                    convolve(&sizes, [sizes.outputs, sizes.inputs], &spread, &turned, &mut rows);
                    unpad(&sizes, &rows, image_gradient);
                }
            }
            sum
        })
        .collect();
    let mut total = nothing();
    // Level 2: the reduce, always in the same order.
    for sum in partial_sums {
        total.iter_mut().zip(sum).for_each(|(total, x)| *total += x);
    }
    let bias = total.split_off(weight.len());
    let mut weight = vec![0.0; weight.len()];
    sizes.each_weight(|to, from, _| weight[to] = total[from]);
    Gradients { images: images_wanted.then_some(image_gradients), weight, bias }
}

/// Writes an image `[inputs, height, width]` into the middle of a padded one, channels last.
fn pad(s: &Sizes, image: &[f32], padded: &mut [f32]) {
    for (channel, plane) in image.chunks_exact(s.height * s.width).enumerate() {
        for (y, line) in plane.chunks_exact(s.width).enumerate() {
            let pixels = padded[s.pixel((y, 0), s.inputs)..].chunks_exact_mut(s.inputs);
            line.iter().zip(pixels).for_each(|(value, pixel)| pixel[channel] = *value);
        }
    }
}

/// The opposite: rows of a product, channels last, become an image `[inputs, height, width]`.
fn unpad(s: &Sizes, rows: &[f32], image: &mut [f32]) {
    for (channel, plane) in image.chunks_exact_mut(s.height * s.width).enumerate() {
        for (y, line) in plane.chunks_exact_mut(s.width).enumerate() {
            let pixels = rows[y * s.line() * s.inputs..].chunks_exact(s.inputs);
            line.iter_mut().zip(pixels).for_each(|(value, pixel)| *value = pixel[channel]);
        }
    }
}

/// Makes columns of a matrix's rows of `width` numbers: the channels come last, or first again.
fn transpose(rows: &[f32], width: usize, columns: &mut [f32]) {
    let height = rows.len() / width;
    for (y, row) in rows.chunks_exact(width).enumerate() {
        row.iter().zip(columns.chunks_exact_mut(height)).for_each(|(x, column)| column[y] = *x);
    }
}

/// `sums[rows, outputs]`: the 3x3 filters `[3, 3 * inputs, outputs]` at each pixel of `padded`.
fn convolve(s: &Sizes, channels: [usize; 2], padded: &[f32], filter: &[f32], sums: &mut [f32]) {
    let [inputs, outputs] = channels;
    for (y, filter) in filter.chunks_exact(3 * inputs * outputs).enumerate() {
        let rows = Matrix(&padded[y * s.line() * inputs..], [inputs, 1]);
        let filter = Matrix(filter, [outputs, 1]);
        product([s.rows(), 3 * inputs, outputs], rows, filter, y > 0, sums);
    }
}

/// Adds the gradient of `filter[3, 3 * inputs, outputs]`: for each number that a filter sees, its
/// products with the gradients of what the filter made of it. Both images are padded.
fn add_filter_gradient(s: &Sizes, padded: &[f32], spread: &[f32], filter: &mut [f32]) {
    for (y, filter) in filter.chunks_exact_mut(3 * s.inputs * s.outputs).enumerate() {
        let columns = Matrix(&padded[y * s.line() * s.inputs..], [1, s.inputs]);
        let gradient = Matrix(&spread[s.pixel((0, 0), s.outputs)..], [s.outputs, 1]);
        product([3 * s.inputs, s.rows(), s.outputs], columns, gradient, true, filter);
    }
}

/// Adds the bias to the largest sum of each window, cuts at zero, and notes where it came from.
fn pool(s: &Sizes, sums: &[f32], bias: &[f32], values: &mut [f32], winners: &mut [u8]) {
    let results = values.chunks_exact_mut(s.outputs).zip(winners.chunks_exact_mut(s.outputs));
    for (window, (values, winners)) in results.enumerate() {
        let [a, b, c, d] =
            s.corners(window).map(|(y, x)| &sums[(y * s.line() + x) * s.outputs..][..s.outputs]);
        let channels = a.iter().zip(b).zip(c).zip(d).zip(bias);
        let results = values.iter_mut().zip(winners);
        for (((((a, b), c), d), bias), (value, winner)) in channels.zip(results) {
            let (mut sum, mut from) = (*a, 0);
            for (other, corner) in [(*b, 1), (*c, 2), (*d, 3)] {
                let wins = (other > sum) | other.is_nan(); // NaN wins: it must not be hidden
                (sum, from) = if wins { (other, corner) } else { (sum, from) };
            }
            let sum = sum + bias;
            (*value, *winner) = if sum <= 0.0 { (0.0, NONE) } else { (sum, from) };
        }
    }
}

/// The pixel that won a window gets the gradient of its value, the others zero, the bias the sum.
fn unpool(s: &Sizes, winners: &[u8], gradient: &[f32], spread: &mut [f32], bias: &mut [f32]) {
    let windows = winners.chunks_exact(s.outputs).zip(gradient.chunks_exact(s.outputs));
    for (window, (winners, gradient)) in windows.enumerate() {
        for (corner, place) in (0..).zip(s.corners(window)) {
            let pixel = &mut spread[s.pixel(place, s.outputs)..][..s.outputs];
            let channels = pixel.iter_mut().zip(bias.iter_mut()).zip(winners).zip(gradient);
            for (((pixel, bias), &winner), &gradient) in channels {
                *pixel = if winner == corner { gradient } else { 0.0 }; // of copies: no branch
                *bias += *pixel;
            }
        }
    }
}

/// A matrix in memory: from one row to the next, and from one column to the next, are so many numbers.
struct Matrix<'a>(&'a [f32], [usize; 2]);

/// `sums[m, n]`, in row-major order, becomes `left[m, k] * right[k, n]`, or grows by it.
#[rustfmt::skip] // one argument a line would hide which belong together
fn product([m, k, n]: [usize; 3], left: Matrix, right: Matrix, add: bool, sums: &mut [f32]) {
    let Matrix(left, [left_row, left_column]) = left;
    let Matrix(right, [right_row, right_column]) = right;
    let step = |count: usize, stride: usize| count.saturating_sub(1).saturating_mul(stride);
    let last = [step(m, left_row).saturating_add(step(k, left_column)),
                step(k, right_row).saturating_add(step(n, right_column))];
    assert!(last[0] < left.len() && last[1] < right.len(), "{m} x {k} x {n}: too few numbers");
    assert!(m.saturating_mul(n) <= sums.len(), "{m} x {n}: too few sums");
    // SAFETY: the last number of each matrix lies in its slice, as just checked, so all do; and
    // nobody else has `sums`.
    #[allow(unsafe_code)]
    unsafe {
        gemm::gemm(
            m, n, k, sums.as_mut_ptr(), 1, n as isize, add,
            left.as_ptr(), left_column as isize, left_row as isize,
            right.as_ptr(), right_column as isize, right_row as isize,
            1.0, 1.0, false, false, false, gemm::Parallelism::None,
        );
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

    const CASES: [[usize; 5]; 8] = [
        [1, 1, 1, 2, 2],
        [3, 1, 32, 28, 28],
        [2, 32, 64, 14, 14],
        [5, 3, 33, 6, 4],
        [9, 17, 5, 2, 10],
        [2, 3, 18, 10, 26],
        [70, 2, 3, 4, 4],
        [300, 1, 2, 2, 4],
    ];

    fn case([images, inputs, outputs, height, width]: [usize; 5]) -> (Sizes, [Vec<f32>; 3]) {
        let s = Sizes { images, inputs, outputs, height, width };
        let input = numbers(images * s.inputs * s.height * s.width, 1);
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
            let pull = numbers(s.images * s.outputs * s.windows(), 4);
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
            let pull = numbers(s.images * s.outputs * s.windows(), 4);
            let run = |workers| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build().unwrap();
                pool.install(|| {
                    let pooled = forward(s, &images, &weight, &bias);
                    let back = backward(s, &images, &weight, &pooled.winners, &pull, true);
                    (pooled.values, back.images, back.weight, back.bias)
                })
            };
            let one = run(1);
            assert_eq!(run(3), one, "{s:?}");
            assert_eq!(run(16), one, "{s:?}");
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

    /// Wherever in a window it stands, and whatever stands around it.
    #[test]
    fn nan_is_not_hidden() {
        for place in 0..4 {
            let (s, [mut images, _, bias]) = case([1, 1, 1, 2, 2]);
            images[place] = f32::NAN;
            let middle = std::array::from_fn::<f32, 9, _>(|tap| f32::from(tap == 4));
            let pooled = forward(s, &images, &middle, &bias);
            assert!(pooled.values[0].is_nan(), "{place}: {:?}", pooled.values);
            let back = backward(s, &images, &middle, &pooled.winners, &[f32::NAN], true);
            assert!(back.bias[0].is_nan() && back.images.unwrap()[place].is_nan(), "{place}");
        }
    }

    #[test]
    fn no_image_is_a_batch_too() {
        let (s, [images, weight, bias]) = case([0, 2, 3, 4, 4]);
        let pooled = forward(s, &images, &weight, &bias);
        let back = backward(s, &images, &weight, &pooled.winners, &[], true);
        assert_eq!((pooled.values.len(), back.bias), (0, vec![0.0; 3]));
    }

    /// `[[1, 2], [3, 4], [5, 6]] * [[1, 2], [3, 4]]`, and the same with the left matrix's columns
    /// stored as rows.
    #[test]
    fn a_product_follows_the_strides_and_adds() {
        let right = || Matrix(&[1.0, 2.0, 3.0, 4.0], [2, 1]);
        let rows = Matrix(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 1]);
        let columns = Matrix(&[1.0, 3.0, 5.0, 2.0, 4.0, 6.0], [1, 3]);
        let mut sums = [f32::NAN; 6];
        product([3, 2, 2], rows, right(), false, &mut sums);
        assert_eq!(sums, [7.0, 10.0, 15.0, 22.0, 23.0, 34.0]);
        product([3, 2, 2], columns, right(), true, &mut sums);
        assert_eq!(sums, [14.0, 20.0, 30.0, 44.0, 46.0, 68.0]);
    }

    #[test]
    fn a_product_that_would_leave_its_slices_is_refused() {
        let data: &[f32] = &[0.0; 6];
        let refused = |left: [usize; 2], right: [usize; 2], sums: usize| {
            let [left, right] = [left, right].map(|strides| Matrix(data, strides));
            let mut sums = vec![0.0; sums];
            let run = std::panic::AssertUnwindSafe(|| {
                product([3, 2, 2], left, right, false, &mut sums);
            });
            std::panic::catch_unwind(run).is_err()
        };
        assert!(!refused([2, 1], [2, 1], 6));
        assert!(refused([3, 1], [2, 1], 6), "the left matrix is too long");
        assert!(refused([2, 1], [5, 1], 6), "the right matrix is too long");
        assert!(refused([usize::MAX, 2], [2, 1], 6), "the left matrix wraps around");
        assert!(refused([2, 1], [2, 1], 5), "too few sums");
    }

    #[test]
    #[should_panic(expected = "odd")]
    fn an_odd_size_is_refused() {
        let (s, [images, weight, bias]) = case([1, 1, 1, 2, 2]);
        forward(Sizes { width: 3, ..s }, &images, &weight, &bias);
    }
}
