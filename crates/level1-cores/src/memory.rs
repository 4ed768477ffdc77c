//! Arrays in memory, and how fast loops go through them.

use std::time::Duration;

use common::undisturbed;
use multiversion::multiversion;

/// How many numbers of each array are one piece.
pub const PIECE: usize = 8192;

/// Three arrays of the same length, or a piece of each: the first is written, the others are read.
pub type Arrays<'a> = ((&'a mut [f64], &'a [f64]), &'a [f64]);

/// What is done to a piece.
pub type Kernel = fn(Arrays);

/// Does it to all pieces.
pub(crate) type Loop = fn(Kernel, Arrays);

/// Three numbers, and what the polynomial computes with them.
pub(crate) const BYTES_PER_ELEMENT: u64 = 24;
pub(crate) const OPERATIONS_PER_ELEMENT: f64 = 512.0;

/// How long each size and each number of workers is measured.
const GRANTED: Duration = Duration::from_millis(200);

/// A polynomial by Horner's rule, all its coefficients 0.5: it moves what the triad moves, and computes
/// 512 operations. (With 64 it would wait for memory, too: in vectors a core computes so fast that it
/// would want 20 GB/s.)
#[multiversion(targets("x86_64+avx512f", "x86_64+avx2+fma", "aarch64+neon"))]
pub fn polynomial(arrays: Arrays) {
    let ((a, b), c) = arrays;
    a.copy_from_slice(b);
    for _ in 0..8 {
        // The piece lies in the cache meanwhile. A longer inner loop would not become vectors.
        for (a, c) in a.iter_mut().zip(c) {
            *a = (0..32).fold(*a, |sum, _| sum.mul_add(*c, 0.5));
        }
    }
}

/// Three arrays, each touched first by the workers of a loop: Linux puts a page into the memory that
/// is nearest to whoever touches it first. (rayon does not promise that a worker meets the same pieces
/// again. On a node with several sockets some of them are then far away.)
pub(crate) struct Memory([Vec<f64>; 3]);

impl Memory {
    pub(crate) fn touched(bytes: u64, workers: Loop) -> Self {
        let fill: Kernel = |((a, _), _)| a.fill(0.5);
        let [mut a, mut b, mut c] =
            [(); 3].map(|()| vec![0.0; (bytes / BYTES_PER_ELEMENT) as usize]);
        workers(fill, ((&mut a, &b), &c));
        workers(fill, ((&mut b, &c), &a));
        workers(fill, ((&mut c, &a), &b));
        Self([a, b, c])
    }

    /// The bytes per second of a loop over the first so many bytes; NaN if it was always disturbed.
    pub(crate) fn speed(&mut self, bytes: u64, workers: Loop, kernel: Kernel) -> f64 {
        let ([a, b, c], n) = (&mut self.0, (bytes / BYTES_PER_ELEMENT) as usize);
        let best = undisturbed(GRANTED, || workers(kernel, ((&mut a[..n], &b[..n]), &c[..n])));
        let one = &mut [0.0];
        kernel(((one, &b[..1]), &c[..1]));
        assert!(a[..n].iter().all(|other| other == &one[0]), "a worker computed something else");
        best.map_or(f64::NAN, |best| bytes as f64 / best.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polynomial_is_that_of_its_coefficients() {
        let (mut a, b, c) = ([0.0; 5], [4.0; 5], [0.0; 5]);
        polynomial(((&mut a, &b), &c));
        assert_eq!(a, [0.5; 5]); // at zero only the last coefficient counts
        let c = [0.75; 5];
        polynomial(((&mut a, &b), &c));
        assert!((a[4] - 2.0).abs() < 1e-12, "0.5 / (1 - 0.75), the sum of so many powers");
    }
}
