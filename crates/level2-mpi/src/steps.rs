//! Where the time of a simulation goes, step by step.

use std::time::Duration;

use common::{Samples, time};

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

/// Makes `count` steps and times them in groups. A single one may be too short for the clock, and
/// where ranks wait for each other's messages, long steps alternate with short ones.
pub fn repeat(count: u64, mut step: impl FnMut(&mut Clock)) -> Clock {
    let mut clock = Clock::default();
    let groups = (count / STEPS).clamp(1, GROUPS);
    for group in 0..groups {
        let steps = (group + 1) * count / groups - group * count / groups;
        let ((), elapsed) = time(|| (0..steps).for_each(|_| step(&mut clock)));
        clock.step.push(elapsed / steps as u32);
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
