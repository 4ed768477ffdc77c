//! Where the time of a simulation goes, step by step.

use std::time::{Duration, Instant};

use common::{Samples, plural, time};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

use crate::ROOT;

/// What the steps of a simulation take on this rank.
#[derive(Debug, Default)]
pub struct Clock {
    /// One step: the means of groups of steps.
    pub step: Samples,
    /// All steps together.
    pub total: Duration,
    /// The part of it that goes into sending, receiving, and waiting for the neighbours.
    pub communicating: Duration,
}

impl Clock {
    /// Runs `work`, and counts its time as communicating.
    pub fn communicate<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (value, elapsed) = time(work);
        self.communicating += elapsed;
        value
    }
}

/// The fewest steps of a group, and the most groups, of [`repeat`].
const STEPS: u64 = 10;
const GROUPS: u64 = 20;

/// Says how long a long run takes, on rank 0: after two seconds, then at each tenth.
#[derive(Debug)]
pub(crate) struct Progress {
    total: u64,
    what: &'static str,
    start: Instant,
    told: bool,
    /// How much is done when the clock is read next.
    next: u64,
}

/// After so long something is said, if it will take longer than that by far.
const PATIENCE: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(5);

impl Progress {
    /// Starts the clock of so many steps or passes.
    pub(crate) fn new(total: u64, what: &'static str) -> Self {
        Self { total, what, start: Instant::now(), told: false, next: 1 }
    }

    /// Says at once what a trial promises.
    pub(crate) fn expect(&mut self, in_all: Duration) {
        say(self.told_first(in_all));
    }

    /// Says how far it is, if it is time to.
    pub(crate) fn at(&mut self, done: u64) {
        let start = self.start;
        say(self.words(done, || start.elapsed()));
    }

    fn words(&mut self, done: u64, elapsed: impl Fn() -> Duration) -> Option<String> {
        // Of a million steps the clock is read after thirty, so that it costs them nothing.
        if done < self.next {
            return None;
        }
        let elapsed = elapsed();
        let left = elapsed.mul_f64((self.total - done) as f64 / done as f64);
        let line = match self.told {
            true if left < PATIENCE => None,
            true => Some(format!("{} % done, {} left", 100 * done / self.total, about(left))),
            false if elapsed < PATIENCE => None,
            false => self.told_first(elapsed + left),
        };
        let tenth = ((10 * done / self.total + 1) * self.total).div_ceil(10);
        self.next = if self.told { tenth } else { tenth.min(2 * done) };
        line
    }

    fn told_first(&mut self, in_all: Duration) -> Option<String> {
        self.told = in_all >= LONG;
        self.told.then(|| format!("{} will take {}", plural(self.total, self.what), about(in_all)))
    }
}

fn say(line: Option<String>) {
    if let Some(line) = line.filter(|_| SimpleCommunicator::world().rank() == ROOT) {
        eprintln!("{line}");
    }
}

/// A time as one says it to somebody who waits.
fn about(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (unit, length) = [("days", 86_400.0), ("hours", 3600.0), ("minutes", 60.0)]
        .into_iter()
        .find(|(_, length)| seconds >= 2.0 * length)
        .unwrap_or(("seconds", 1.0));
    format!("about {:.0} {unit}", seconds / length)
}

/// Makes `count` steps and times them in groups. A single one may be too short for the clock, and
/// where ranks wait for each other's messages, long steps alternate with short ones.
pub fn repeat(count: u64, mut step: impl FnMut(&mut Clock)) -> Clock {
    let (mut clock, mut progress) = (Clock::default(), Progress::new(count, "step"));
    let groups = (count / STEPS).clamp(1, GROUPS);
    for group in 0..groups {
        let steps = group * count / groups..(group + 1) * count / groups;
        let number = (steps.end - steps.start) as u32;
        let ((), elapsed) = time(|| {
            for made in steps {
                step(&mut clock);
                progress.at(made + 1);
            }
        });
        clock.step.push(elapsed / number);
        clock.total += elapsed;
    }
    clock
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_made_once_and_belongs_to_one_group() {
        for (count, groups) in [(1, 1), (19, 1), (20, 2), (99, 9), (200, 20), (1234, 20)] {
            let mut made = 0;
            let times = repeat(count, |_| made += 1);
            assert_eq!((made, times.step.len()), (count, groups));
        }
    }

    #[test]
    fn a_long_run_says_how_long_after_two_seconds_and_then_at_each_tenth() {
        let said = |step_ms: u64| {
            let mut progress = Progress::new(1000, "step");
            let look = |done| progress.words(done, || Duration::from_millis(done * step_ms));
            (1..=1000).filter_map(look).collect::<Vec<_>>()
        };
        let long = said(400);
        assert_eq!(
            long[..2],
            ["1000 steps will take about 7 minutes", "10 % done, about 6 minutes left"]
        );
        assert_eq!((long.len(), &*long[9]), (10, "90 % done, about 40 seconds left"));
        assert_eq!(said(3), [""; 0]);
    }

    #[test]
    fn what_is_no_message_counts_as_computing() {
        let pause = || std::thread::sleep(Duration::from_millis(2));
        let times = repeat(10, |clock| {
            clock.communicate(pause);
            pause();
        });
        assert!(times.communicating >= Duration::from_millis(20));
        assert!(times.total - times.communicating >= Duration::from_millis(20));
    }
}
