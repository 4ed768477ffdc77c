//! How much longer one program takes than another, on a machine that may be busy.

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::{Samples, human, time};

use crate::{Fault, not_yet};

/// A right answer takes at most so many times what the reference takes.
const LIMIT: f64 = 1.25;

/// So many times at least each of the two runs.
const ROUNDS: usize = 50;

/// An answer that is still too slow after this time will not become faster.
const PATIENCE: Duration = Duration::from_secs(4);

/// The times of the reader's program and of the reference, measured in turn.
///
/// Their best times are compared: whatever else the machine does can only make a run longer, and
/// among many short runs some are left alone.
#[derive(Debug)]
pub struct Pace {
    start: Instant,
    yours: Samples,
    reference: Samples,
}

impl Pace {
    /// Nothing measured yet.
    pub fn start() -> Self {
        Self { start: Instant::now(), yours: Samples::default(), reference: Samples::default() }
    }

    /// Runs both in turn, until the first is as fast as the second or has had its chance.
    pub fn measure<T>(mut yours: impl FnMut() -> T, mut reference: impl FnMut() -> T) -> Self {
        let mut pace = Self::start();
        while pace.wants_more() {
            pace.add(time(|| black_box(yours())).1, time(|| black_box(reference())).1);
        }
        pace
    }

    /// Adds one run of each.
    pub fn add(&mut self, yours: Duration, reference: Duration) {
        self.yours.push(yours);
        self.reference.push(reference);
    }

    /// Whether another run of each may still change the verdict.
    pub fn wants_more(&self) -> bool {
        let undecided = self.ratio() > LIMIT && self.start.elapsed() < PATIENCE;
        self.yours.len() < ROUNDS || undecided
    }

    /// How many times as long as the reference the reader's program takes.
    fn ratio(&self) -> f64 {
        self.yours.best().as_secs_f64() / self.reference.best().as_secs_f64()
    }

    /// Prints both times, and decides.
    ///
    /// # Errors
    /// If the reader's program is too slow; `why` says where its time goes.
    pub fn judge(&self, why: &str) -> Result<(), Fault> {
        let [yours, reference] = [&self.yours, &self.reference].map(|times| human(times.best()));
        let ratio = self.ratio();
        println!("{}{yours}, the answer {reference}: {ratio:.2} times", Self::MEASURED);
        match ratio <= LIMIT {
            true => Ok(()),
            false => Err(not_yet(
                format!("at most {LIMIT} times the time of the answer in examples/solutions/"),
                format!("{yours}, and the answer takes {reference}: {ratio:.1} times. {why}"),
            )),
        }
    }

    /// How the line with both times begins.
    pub const MEASURED: &str = "your program takes ";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(yours: &[u64], reference: &[u64]) -> Pace {
        let times = |times: &[u64]| times.iter().copied().map(Duration::from_micros).collect();
        Pace { yours: times(yours), reference: times(reference), ..Pace::start() }
    }

    #[test]
    fn a_run_that_was_disturbed_does_not_count() {
        assert_eq!(pace(&[900, 100], &[100, 700]).ratio(), 1.0);
    }

    #[test]
    fn a_quarter_more_is_accepted_and_a_half_is_not() {
        assert_eq!(pace(&[125], &[100]).judge("..."), Ok(()));
        let Err(Fault::NotYet { found, .. }) = pace(&[150], &[100]).judge("Lend it.") else {
            panic!("accepted");
        };
        assert_eq!(found, "150 us, and the answer takes 100 us: 1.5 times. Lend it.");
    }

    #[test]
    fn both_run_as_often() {
        let (mut yours, mut reference) = (0, 0);
        let pace = Pace::measure(|| yours += 1, || reference += 1);
        assert_eq!((yours, reference), (pace.yours.len(), pace.reference.len()));
        assert!(yours >= ROUNDS);
    }
}
