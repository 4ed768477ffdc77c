//! Where the time of a simulation goes, step by step.

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
    start: Instant,
    /// How much is done when the clock is read next.
    next: u64,
}

impl Progress {
    /// Starts the clock of so many steps or passes.
    pub(crate) fn new(total: u64) -> Self {
        Self { total, start: Instant::now(), next: 1 }
    }

    /// Says how far it is, if it is time to. Of a million steps the clock is read after thirty, so that
    /// it costs them nothing.
    pub(crate) fn at(&mut self, done: u64) {
        if done >= self.next {
            let elapsed = self.start.elapsed().as_secs_f64();
            let left = elapsed / done as f64 * (self.total - done) as f64;
            self.tell(done, if elapsed < 2.0 { 0.0 } else { left });
        }
    }

    /// Says that so many seconds are left, if they are worth a word.
    pub(crate) fn tell(&mut self, done: u64, left: f64) {
        let line = self.words(done, left).filter(|_| SimpleCommunicator::world().rank() == ROOT);
        line.iter().for_each(|line| eprintln!("{line}"));
    }

    fn words(&mut self, done: u64, left: f64) -> Option<String> {
        let told = left >= 3.0;
        let tenth = ((10 * done / self.total + 1) * self.total).div_ceil(10);
        self.next = if told { tenth } else { tenth.min(2 * done).max(1) };
        let (unit, length) = [("hours", 3600.0), ("minutes", 60.0), ("seconds", 1.0)]
            .into_iter()
            .find(|(_, length)| left >= 2.0 * length)?;
        let (percent, left) = (100 * done / self.total, left / length);
        told.then(|| format!("{percent} % done, about {left:.0} {unit} left"))
    }
}

/// Makes `count` steps and times them in groups. A single one may be too short for the clock, and
/// where ranks wait for each other's messages, long steps alternate with short ones.
pub fn repeat(count: u64, mut step: impl FnMut(&mut Clock)) -> Clock {
    let (mut clock, mut progress) = (Clock::default(), Progress::new(count));
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
        let mut progress = Progress::new(1000);
        let mut said = Vec::new();
        for done in 1..=1000 {
            // A step of 0.4 s. Until two seconds have gone by, nothing is told.
            if done >= progress.next {
                let left = if done < 5 { 0.0 } else { 0.4 * (1000 - done) as f64 };
                said.extend(progress.words(done, left));
            }
        }
        assert_eq!(said[0], "0 % done, about 7 minutes left");
        assert_eq!(said[1], "10 % done, about 6 minutes left");
        assert_eq!((said.len(), &*said[9]), (10, "90 % done, about 40 seconds left"));
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
