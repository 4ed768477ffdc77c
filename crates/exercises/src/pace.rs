//! How much longer one program takes than another, on a machine that may be busy.

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::{Disturbance, Samples, Watch, human, time};

use crate::expect;

/// A right answer takes at most so many times what the reference takes: there is more than one way to
/// write it. The way of the starter takes far longer.
const LIMIT: f64 = 2.5;

/// So many runs at least must have been left alone by other programs.
const FEW: usize = 5;
const LEAST: Duration = Duration::from_millis(500);

/// An answer that is still too slow after this time will not become faster.
const PATIENCE: Duration = Duration::from_secs(6);

/// The times of the reader's program and of the reference, measured in turn.
///
/// Only those count in which no thread waited for a core, and of these only the best are compared.
#[derive(Debug)]
pub struct Pace {
    start: Instant,
    yours: Samples,
    reference: Samples,
    disturbed: Option<Disturbance>,
}

impl Pace {
    /// Nothing measured yet.
    pub fn start() -> Self {
        let [yours, reference] = Default::default();
        Self { start: Instant::now(), yours, reference, disturbed: None }
    }

    /// Runs both in turn, until the first is as fast as the second or has had its chance.
    pub fn measure<T>(mut yours: impl FnMut() -> T, mut reference: impl FnMut() -> T) -> Self {
        let mut pace = Self::start();
        while pace.wants_more() {
            let watch = Watch::start();
            let times = [time(|| black_box(yours())).1, time(|| black_box(reference())).1];
            pace.add(times, watch.end());
        }
        pace
    }

    /// Adds one run of each, unless they were disturbed.
    pub fn add(&mut self, [yours, reference]: [Duration; 2], seen: Disturbance) {
        if seen.is_notable() {
            self.disturbed = Some(seen);
        } else {
            self.yours.push(yours);
            self.reference.push(reference);
        }
    }

    /// Whether another run of each may still change the verdict.
    pub fn wants_more(&self) -> bool {
        self.start.elapsed() < if self.is_fast() { LEAST } else { PATIENCE }
    }

    /// How many times as long as the reference the reader's program takes.
    fn ratio(&self) -> f64 {
        self.yours.best().div_duration_f64(self.reference.best())
    }

    fn is_fast(&self) -> bool {
        self.yours.len() >= FEW && self.ratio() <= LIMIT
    }

    /// Decides, and prints both times.
    ///
    /// # Errors
    /// If the reader's program is too slow; `why` says where its time goes. If other programs left
    /// too few runs alone to tell, that is the reason instead.
    pub fn judge(&self, why: &str) -> anyhow::Result<()> {
        let [yours, reference] = [&self.yours, &self.reference].map(|times| human(times.best()));
        let times = format!("{yours}, and the answer takes {reference}: {:.2} times", self.ratio());
        let others = self.disturbed.filter(|_| self.yours.len() < FEW);
        let found = match others.and_then(|seen| seen.sentence(1)) {
            Some(others) => format!("too few runs that nothing disturbed. {others} Check it later"),
            None => format!("{times}. {why}"),
        };
        expect(self.is_fast(), format!("at most {LIMIT} times the time of the answer"), found)?;
        println!("your program takes {times}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Disturbance = Disturbance { waited: Some(0.0) };
    const DISTURBED: Disturbance = Disturbance { waited: Some(0.42) };

    /// Times in microseconds, each measured [`FEW`] times.
    fn pace(micros: &[(u64, u64, Disturbance)]) -> Pace {
        let mut pace = Pace::start();
        for &(yours, reference, seen) in micros.repeat(FEW).iter() {
            pace.add([yours, reference].map(Duration::from_micros), seen);
        }
        pace
    }

    #[test]
    fn a_run_that_was_disturbed_does_not_count() {
        assert_eq!(pace(&[(400, 100, QUIET), (100, 100, DISTURBED)]).ratio(), 4.0);
    }

    #[test]
    fn another_way_to_write_it_is_accepted_and_a_slow_one_is_not() {
        pace(&[(250, 100, QUIET)]).judge("...").unwrap();
        let verdict = pace(&[(260, 100, QUIET)]).judge("Lend it.").unwrap_err().to_string();
        let found = "found: 260 us, and the answer takes 100 us: 2.60 times. Lend it.";
        assert!(verdict.ends_with(found), "{verdict}");
    }

    #[test]
    fn where_all_runs_were_disturbed_nobody_is_accepted_and_other_programs_are_the_reason() {
        let verdict = pace(&[(100, 100, DISTURBED)]).judge("Lend it.").unwrap_err().to_string();
        let others = "42 % of the time: other programs run here";
        assert!(verdict.contains(others) && !verdict.contains("Lend it."), "{verdict}");
    }

    #[test]
    fn both_run_as_often() {
        let (mut yours, mut reference) = (0, 0);
        Pace::measure(|| yours += 1, || reference += 1);
        assert_eq!(yours, reference);
        assert!(yours >= FEW);
    }
}
