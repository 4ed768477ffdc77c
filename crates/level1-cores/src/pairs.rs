//! Two loops measured side by side, and an honest verdict.

use std::fmt::Debug;
use std::time::Duration;

use common::{Disturbance, Samples, Watch, time};

/// A difference below this share is no difference on a machine that others use too.
const NOISE: f64 = 0.05;

/// Long enough for hundreds of pairs of short loops, short enough for a demonstration.
pub(crate) const BUDGET: Duration = Duration::from_millis(500);
const MOST_PAIRS: usize = 401;

/// Which loop was faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Winner {
    /// The loop of one worker.
    Sequential,
    /// The loop of several workers.
    Parallel,
    /// The difference is inside the noise.
    TooClose,
}

/// The times of both loops, measured in turn: pair by pair, the noise hits both alike.
#[derive(Debug, Clone, Default)]
pub struct Pairs {
    /// One time per pair.
    pub sequential: Samples,
    /// One time per pair.
    pub parallel: Samples,
    /// Sequential time divided by parallel time, pair by pair: above 1, parallel was faster.
    ratios: Vec<f64>,
    /// What kept the workers from running meanwhile.
    pub disturbance: Disturbance,
}

impl Pairs {
    /// Runs pairs of both loops for half a second, but not more than 401; at least one.
    ///
    /// Every other pair starts with the parallel loop, so that neither profits from coming second.
    ///
    /// # Panics
    /// If the two loops do not give the same values in the same order.
    pub fn measure<T: PartialEq + Debug>(
        sequential: impl Fn() -> T,
        parallel: impl Fn() -> T,
    ) -> Self {
        let mut pairs = Self::default();
        let mut spent = Duration::ZERO;
        let watch = Watch::start();
        while pairs.ratios.is_empty() || (spent < BUDGET && pairs.ratios.len() < MOST_PAIRS) {
            let (one, many) = if pairs.ratios.len().is_multiple_of(2) {
                (time(&sequential), time(&parallel))
            } else {
                let many = time(&parallel);
                (time(&sequential), many)
            };
            assert_eq!(one.0, many.0, "both loops must give the same values in the same order");
            pairs.push(one.1, many.1);
            spent += one.1 + many.1;
        }
        pairs.disturbance = watch.end();
        pairs
    }

    pub(crate) fn push(&mut self, sequential: Duration, parallel: Duration) {
        self.sequential.push(sequential);
        self.parallel.push(parallel);
        self.ratios.push(sequential.as_secs_f64() / parallel.as_secs_f64());
    }

    /// Sequential time divided by parallel time: the median of all pairs, 1 without any.
    pub fn speedup(&self) -> f64 {
        let sorted = self.sorted_ratios();
        sorted.get(sorted.len() / 2).copied().unwrap_or(1.0)
    }

    /// The winner, if its lead exceeds the noise and luck cannot explain it.
    pub fn winner(&self) -> Winner {
        let (low, high) = self.confidence();
        match self.speedup() {
            speedup if speedup > 1.0 + NOISE && low > 1.0 => Winner::Parallel,
            speedup if speedup < 1.0 - NOISE && high < 1.0 => Winner::Sequential,
            _ => Winner::TooClose,
        }
    }

    /// Where the true median of the ratios lies, with 99 % confidence.
    ///
    /// Of n values, those of rank n/2 - 1.29 sqrt(n) and n/2 + 1.29 sqrt(n) bracket it, whatever
    /// their distribution: each value is a coin that falls on either side of the median (the sign
    /// test; Conover, Practical Nonparametric Statistics, 3.2).
    fn confidence(&self) -> (f64, f64) {
        let sorted = self.sorted_ratios();
        let Some(last) = sorted.len().checked_sub(1) else { return (0.0, f64::INFINITY) };
        let middle = last as f64 / 2.0;
        let reach = 1.29 * (sorted.len() as f64).sqrt();
        let low = (middle - reach).max(0.0) as usize;
        (sorted[low], sorted[last - low])
    }

    fn sorted_ratios(&self) -> Vec<f64> {
        let mut sorted = self.ratios.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(micros: &[(u64, u64)]) -> Pairs {
        let mut pairs = Pairs::default();
        for &(sequential, parallel) in micros {
            pairs.push(Duration::from_micros(sequential), Duration::from_micros(parallel));
        }
        pairs
    }

    #[test]
    fn one_clear_pair_decides() {
        assert_eq!(pairs(&[(5000, 1500)]).winner(), Winner::Parallel);
        assert_eq!(pairs(&[(2, 9)]).winner(), Winner::Sequential);
    }

    #[test]
    fn a_lead_inside_the_noise_is_too_close_to_call() {
        assert_eq!(pairs(&[(102, 100); 9]).winner(), Winner::TooClose);
        assert_eq!(pairs(&[(98, 100); 9]).winner(), Winner::TooClose);
    }

    #[test]
    fn pairs_that_disagree_are_too_close_to_call() {
        let even = [(100, 50), (50, 100), (100, 50), (50, 100), (100, 40), (40, 100)];
        assert_eq!(pairs(&even).winner(), Winner::TooClose);
    }

    #[test]
    fn one_disturbed_pair_does_not_change_the_winner() {
        let mut micros = vec![(100, 60); 30];
        micros.push((100, 5000));
        assert_eq!(pairs(&micros).winner(), Winner::Parallel);
    }

    #[test]
    #[should_panic(expected = "same values in the same order")]
    fn loops_that_differ_are_never_timed() {
        Pairs::measure(|| [1, 2], || [2, 1]);
    }

    #[test]
    fn a_long_loop_is_measured_once_and_a_short_one_often() {
        let long = || std::thread::sleep(BUDGET);
        assert_eq!(Pairs::measure(long, long).sequential.len(), 1);
        assert!(Pairs::measure(|| 0, || 0).sequential.len() > 1);
    }
}
