//! The area under `4 / (1 + x^2)`: plain mathematics, nothing of MPI.

use std::ops::Range;

use multiversion::multiversion;

/// How a slice is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kernel {
    /// The loop that one writes first: one sum.
    Naive,
    /// Eight sums side by side, so that the compiler can use SIMD instructions.
    Lanes,
}

/// The area of the rectangles in `slice`, out of `rectangles` that cover the range from 0 to 1.
///
/// Each is as high as the curve above its middle. All of them together are pi.
pub fn integrate(kernel: Kernel, slice: &Range<u64>, rectangles: u64) -> f64 {
    match kernel {
        Kernel::Naive => naive(slice.clone(), rectangles),
        Kernel::Lanes => lanes(slice.clone(), rectangles),
    }
}

fn naive(slice: Range<u64>, rectangles: u64) -> f64 {
    let width = 1.0 / rectangles as f64;
    let mut sum = 0.0;
    for i in slice {
        let x = (i as i64 as f64 + 0.5) * width; // i64: x86 converts it in one instruction
        sum += 4.0 / (1.0 + x * x);
    }
    sum * width
}

const LANES: usize = 8;

/// Eight partial sums instead of one: rectangle `i` goes to sum `i % 8`.
///
/// In [`naive`] every addition must wait for the one before: the language promises that order,
/// because floating-point sums depend on it in their last bits. Here *we* chose another order,
/// eight independent chains, and a processor can keep all eight in one register (AVX-512), two
/// (AVX2) or four (NEON) and advance them with one instruction. The result may differ from
/// `naive` in its last bits; neither is the exact one, and shorter chains round less.
///
/// After that only the divisions cost time, so two rectangles share one: no compiler may do this
/// either, as `4 / a + 4 / b` and `4 (a + b) / (a b)` round differently.
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma", "aarch64+neon"))]
fn lanes(slice: Range<u64>, rectangles: u64) -> f64 {
    let width = 1.0 / rectangles as f64;
    let blocks = (slice.end - slice.start) / (2 * LANES) as u64;
    let mut middles: [f64; LANES] =
        std::array::from_fn(|lane| (slice.start + lane as u64) as f64 + 0.5);
    let mut sums = [0.0; LANES];
    for _ in 0..blocks {
        for lane in 0..LANES {
            let x = middles[lane] * width;
            let y = (middles[lane] + LANES as f64) * width;
            let (a, b) = (1.0 + x * x, 1.0 + y * y);
            sums[lane] += 4.0 * (a + b) / (a * b);
            middles[lane] += (2 * LANES) as f64;
        }
    }
    let rest = slice.start + blocks * (2 * LANES) as u64..slice.end;
    sums.iter().sum::<f64>() * width + naive(rest, rectangles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice_of;
    use std::f64::consts::PI;

    const KERNELS: [Kernel; 2] = [Kernel::Naive, Kernel::Lanes];

    #[test]
    fn one_rectangle_is_as_high_as_the_curve_in_the_middle() {
        for kernel in KERNELS {
            assert!((integrate(kernel, &(0..1), 1) - 3.2).abs() < 1e-15, "{kernel:?}");
        }
    }

    #[test]
    fn ten_million_rectangles_are_pi_to_twelve_digits_however_they_are_split() {
        for kernel in KERNELS {
            for size in [1, 2, 3, 4, 7, 16] {
                let n = 10_000_000;
                let parts = (0..size).map(|rank| integrate(kernel, &slice_of(n, rank, size), n));
                let error = (parts.sum::<f64>() - PI).abs();
                assert!(error < 1e-12, "{kernel:?}, {size} ranks: {error:e}");
            }
        }
    }

    #[test]
    fn lanes_leaves_no_rectangle_out_and_counts_none_twice() {
        for start in [0, 1, 5, 1000] {
            for length in 0..40 {
                let (a, b) = (start..start + length, 2000);
                let difference = naive(a.clone(), b) - lanes(a.clone(), b);
                assert!(difference.abs() < 1e-14, "{a:?}: {difference:e}");
            }
        }
    }

    #[test]
    fn an_empty_slice_has_no_area() {
        for kernel in KERNELS {
            assert_eq!(integrate(kernel, &(7..7), 100), 0.0);
        }
    }
}
