//! n! as a product tree: the CPU part of a task, and Amdahl's law in one function.
//!
//! A running product multiplies a huge number by a tiny one n times. A tree multiplies numbers of
//! like size, where fast multiplication pays. Its two halves are independent, so they may run in
//! parallel; but the last multiplication, the largest, needs both and runs alone.

use num_bigint::BigUint;

/// Below this many factors a branch is computed by the worker that has it: handing over half of
/// it would cost about what it gains.
const GRAIN: u64 = 512;

/// Seven factors of up to 18 bits fit into 128, so the tree's leaves need no big numbers.
const LEAF: u64 = 7;

/// The largest number whose factorial is computed here: the last one of 18 bits.
pub(crate) const LARGEST_FACTORIAL: u64 = (1 << 18) - 1;

/// n!, computed by one worker; n is at most [`LARGEST_FACTORIAL`].
pub(crate) fn factorial(n: u64) -> BigUint {
    product(1, n)
}

/// n!, the branches of the tree shared among the workers of the current pool.
pub(crate) fn factorial_parallel(n: u64) -> BigUint {
    product_parallel(1, n)
}

/// The two halves of the tree of n!, ready for its last multiplication.
pub(crate) fn last_factors(n: u64) -> (BigUint, BigUint) {
    let middle = 1 + (n - 1) / 2;
    (product(1, middle), product(middle + 1, n))
}

/// first * (first + 1) * ... * last
fn product(first: u64, last: u64) -> BigUint {
    if last < first + LEAF {
        return BigUint::from((first..=last).map(u128::from).product::<u128>());
    }
    let middle = first + (last - first) / 2;
    product(first, middle) * product(middle + 1, last)
}

fn product_parallel(first: u64, last: u64) -> BigUint {
    if last < first + GRAIN {
        return product(first, last);
    }
    let middle = first + (last - first) / 2;
    let (left, right) = rayon::join(
        || product_parallel(first, middle), // <- these two lines may run
        || product_parallel(middle + 1, last), //  at the same time
    );
    left * right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running_product(n: u64) -> BigUint {
        (1..=n).map(BigUint::from).product()
    }

    #[test]
    fn the_tree_gives_what_the_running_product_gives() {
        for n in [0, 1, 2, 20, 21, LEAF, LEAF + 1, 100, 511, 512, 513, 2000] {
            assert_eq!(factorial(n), running_product(n), "{n}!");
            assert_eq!(factorial_parallel(n), running_product(n), "{n}! in parallel");
        }
    }

    #[test]
    fn the_last_multiplication_completes_the_factorial() {
        let (left, right) = last_factors(3000);
        assert_eq!(left * right, factorial(3000));
    }

    #[test]
    fn the_largest_leaf_still_fits_its_word() {
        let factors = (LARGEST_FACTORIAL - LEAF + 1)..=LARGEST_FACTORIAL;
        assert!(factors.map(u128::from).try_fold(1, u128::checked_mul).is_some());
    }
}
