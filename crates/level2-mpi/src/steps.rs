//! Where the time of a simulation goes, step by step.

use std::ops::Range;
use std::time::{Duration, Instant};

use common::{Samples, time};
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
    /// How many steps an earlier run had made, whose checkpoint this one goes on from.
    pub resumed: u64,
    /// What each checkpoint took.
    pub saves: Samples,
    /// What they took together, which is no part of the steps.
    pub saving: Duration,
}

impl Clock {
    /// Runs `work`, and counts its time as communicating.
    pub fn communicate<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (value, elapsed) = time(work);
        self.communicating += elapsed;
        value
    }

    /// Why the times say nothing about a whole run, if this one went on from a checkpoint.
    pub fn part_of_a_run(&self) -> Option<String> {
        let from = self.resumed;
        (from > 0).then(|| format!("this is a part of a run, which went on from step {from}"))
    }
}

/// The fewest steps of a group, and the most groups, of [`repeat`].
const STEPS: u64 = 10;
const GROUPS: u64 = 20;

/// Says how long a long run takes, on rank 0: after two seconds, then at each tenth.
#[derive(Debug)]
pub(crate) struct Progress {
    total: u64,
    start: Instant,
    /// How much is done when the clock is read next.
    next: u64,
}

impl Progress {
    /// Starts the clock of so many steps or passes.
    pub(crate) fn new(total: u64) -> Self {
        Self { total, start: Instant::now(), next: 1 }
    }

    /// Says how far it is, if two seconds have passed, and then at each tenth.
    pub(crate) fn at(&mut self, done: u64) {
        if done >= self.next && self.start.elapsed() >= Duration::from_secs(2) {
            self.next = ((10 * done / self.total + 1) * self.total).div_ceil(10);
            let each = self.start.elapsed().as_secs_f64() / done as f64;
            self.tell(done, each * (self.total - done) as f64);
        }
    }

    /// Says that so many seconds are left, if they are worth a word.
    pub(crate) fn tell(&self, done: u64, left: f64) {
        let units = [("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0)];
        let unit = units.into_iter().find(|(_, length)| left >= 2.0 * length);
        if let Some((unit, length)) = unit
            && SimpleCommunicator::world().rank() == ROOT
        {
            let percent = 100 * done / self.total;
            eprintln!("{percent} % done, about {:.0} {unit} left", left / length);
        }
    }
}

/// Makes these steps and times them in groups. A single one may be too short for the clock, and
/// where ranks wait for each other's messages, long steps alternate with short ones.
///
/// # Errors
/// The first that a step returns.
pub fn repeat<E>(
    steps: Range<u64>,
    mut step: impl FnMut(&mut Clock) -> Result<(), E>,
) -> Result<Clock, E> {
    let mut clock = Clock { resumed: steps.start, ..Clock::default() };
    let count = steps.end - steps.start;
    let mut progress = Progress::new(count);
    let groups = (count / STEPS).clamp(count.min(1), GROUPS);
    for group in 0..groups {
        let steps = group * count / groups..(group + 1) * count / groups;
        let (number, saving) = ((steps.end - steps.start) as u32, clock.saving);
        let (all_made, elapsed) = time(|| {
            for made in steps {
                step(&mut clock)?;
                progress.at(made + 1);
            }
            Ok(())
        });
        all_made?;
        let elapsed = elapsed.saturating_sub(clock.saving - saving);
        clock.step.push(elapsed / number);
        clock.total += elapsed;
    }
    Ok(clock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[test]
    fn every_step_is_made_once_and_belongs_to_one_group() {
        for (count, groups) in [(0, 0), (1, 1), (19, 1), (20, 2), (99, 9), (200, 20), (1234, 20)] {
            let mut made = 0;
            let Ok(times) = repeat::<Infallible>(7..7 + count, |_| {
                made += 1;
                Ok(())
            });
            assert_eq!((made, times.step.len()), (count, groups));
        }
    }

    #[test]
    fn what_is_no_message_counts_as_computing() {
        let pause = || std::thread::sleep(Duration::from_millis(2));
        let Ok(times) = repeat::<Infallible>(0..10, |clock| {
            clock.communicate(pause);
            pause();
            Ok(())
        });
        assert!(times.communicating >= Duration::from_millis(20));
        assert!(times.total - times.communicating >= Duration::from_millis(20));
    }
}
