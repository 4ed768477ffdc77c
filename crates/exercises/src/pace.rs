//! How much longer one program takes than another, on a machine that may be busy.

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::{Samples, human, time};

use crate::{Fault, not_yet};

/// A right answer takes at most so many times what the reference takes.
const LIMIT: f64 = 1.25;

/// So many times at least each of the two runs.
const ROUNDS: usize = 50;

/// So many of the reference's times must be about as short as the shortest.
const ALIKE: usize = 5;

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
    /// The shortest times of the reference, in order.
    shortest: Vec<Duration>,
}

impl Pace {
    /// Nothing measured yet.
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
            yours: Samples::default(),
            reference: Samples::default(),
            shortest: Vec::new(),
        }
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
        self.shortest.push(reference);
        self.shortest.sort_unstable();
        self.shortest.truncate(ALIKE);
    }

    /// Whether several of the reference's times are about as short as the shortest: then these are
    /// the runs that nothing disturbed.
    fn is_steady(&self) -> bool {
        match self.shortest[..] {
            [best, .., last] => self.shortest.len() == ALIKE && last <= best.mul_f64(1.1),
            _ => false,
        }
    }

    /// Whether another run of each may still change the verdict.
    pub fn wants_more(&self) -> bool {
        let undecided = self.ratio() > LIMIT || !self.is_steady();
        self.yours.len() < ROUNDS || (undecided && self.start.elapsed() < PATIENCE)
    }

    /// How many times as long as the reference the reader's program takes.
    fn ratio(&self) -> f64 {
        self.yours.best().as_secs_f64() / self.reference.best().as_secs_f64()
    }

    /// Prints both times, and decides.
    ///
    /// # Errors
    /// If the reader's program is too slow; `why` says where its time goes. Or if the machine is
    /// too busy to tell.
    pub fn judge(&self, why: &str) -> Result<(), Fault> {
        if !self.is_steady() {
            let why = "this machine is too busy to measure a time; try again when it is quiet";
            return Err(Fault::CannotCheck(why.into()));
        }
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

    /// A pace after five rounds, the best of them as given.
    fn pace(yours: u64, reference: u64) -> Pace {
        let mut pace = Pace::start();
        for round in 0..5 {
            let time = |best| Duration::from_micros(best + round);
            pace.add(time(yours), time(reference));
        }
        pace
    }

    #[test]
    fn a_run_that_was_disturbed_does_not_count() {
        let mut pace = pace(100, 100);
        pace.add(Duration::from_micros(900), Duration::from_micros(700));
        assert_eq!(pace.ratio(), 1.0);
        assert_eq!(pace.judge("..."), Ok(()));
    }

    #[test]
    fn a_quarter_more_is_accepted_and_a_half_is_not() {
        assert_eq!(pace(125, 100).judge("..."), Ok(()));
        let Err(Fault::NotYet { found, .. }) = pace(150, 100).judge("Lend it.") else {
            panic!("accepted");
        };
        assert_eq!(found, "150 us, and the answer takes 100 us: 1.5 times. Lend it.");
    }

    #[test]
    fn a_machine_that_never_repeats_a_time_gives_no_verdict() {
        let mut pace = Pace::start();
        for time in [100, 200, 400, 800, 1600].map(Duration::from_micros) {
            pace.add(time, time);
        }
        assert!(matches!(pace.judge("..."), Err(Fault::CannotCheck(_))));
    }

    #[test]
    fn both_run_as_often() {
        let (mut yours, mut reference) = (0, 0);
        let pace = Pace::measure(|| yours += 1, || reference += 1);
        assert_eq!((yours, reference), (pace.yours.len(), pace.reference.len()));
        assert!(yours >= ROUNDS);
    }
}
