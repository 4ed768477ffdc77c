//! How much longer one program takes than another, on a machine that may be busy.

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::{Samples, human, time};

use crate::expect;

/// A right answer takes at most so many times what the reference takes.
const LIMIT: f64 = 1.25;

/// So many times at least each of the two runs, and for so long.
const ROUNDS: usize = 50;
const LEAST: Duration = Duration::from_millis(500);

/// An answer that is still too slow after this time will not become faster.
const PATIENCE: Duration = Duration::from_secs(4);

/// The times of the reader's program and of the reference, measured in turn.
///
/// Only the best ones are compared: whatever else the machine does can only make a run longer, and
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
        let patience = if self.ratio() > LIMIT { PATIENCE } else { LEAST };
        self.yours.len() < ROUNDS || self.start.elapsed() < patience
    }

    /// How many times as long as the reference the reader's program takes.
    fn ratio(&self) -> f64 {
        self.yours.best().div_duration_f64(self.reference.best())
    }

    /// Decides, and prints both times.
    ///
    /// # Errors
    /// If the reader's program is too slow; `why` says where its time goes.
    pub fn judge(&self, why: &str) -> anyhow::Result<()> {
        let [yours, reference] = [&self.yours, &self.reference].map(|times| human(times.best()));
        let times = format!("{yours}, and the answer takes {reference}: {:.2} times", self.ratio());
        expect(
            self.ratio() <= LIMIT,
            format!("at most {LIMIT} times the time of the answer"),
            format!("{times}. {why}"),
        )?;
        println!("your program takes {times}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(micros: &[(u64, u64)]) -> Pace {
        let mut pace = Pace::start();
        for &(yours, reference) in micros {
            pace.add(Duration::from_micros(yours), Duration::from_micros(reference));
        }
        pace
    }

    #[test]
    fn a_run_that_was_disturbed_does_not_count() {
        assert_eq!(pace(&[(100, 100), (900, 110), (100, 700)]).ratio(), 1.0);
    }

    #[test]
    fn a_quarter_more_is_accepted_and_a_half_is_not() {
        pace(&[(125, 100)]).judge("...").unwrap();
        let verdict = pace(&[(150, 100)]).judge("Lend it.").unwrap_err().to_string();
        let found = "found: 150 us, and the answer takes 100 us: 1.50 times. Lend it.";
        assert!(verdict.ends_with(found), "{verdict}");
    }

    #[test]
    fn a_machine_that_never_repeats_a_time_gives_a_verdict() {
        let times = [100, 200, 400, 800, 1600];
        pace(&times.map(|time| (time, time))).judge("...").unwrap();
        assert!(pace(&times.map(|time| (3 * time, time))).judge("...").is_err());
    }

    #[test]
    fn both_run_as_often() {
        let (mut yours, mut reference) = (0, 0);
        Pace::measure(|| yours += 1, || reference += 1);
        assert_eq!(yours, reference);
        assert!(yours >= ROUNDS);
    }
}
