//! Where the time of a simulation goes, step by step.

use std::ops::Range;
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
    let groups = (count / STEPS).clamp(count.min(1), GROUPS);
    for group in 0..groups {
        let steps = (group + 1) * count / groups - group * count / groups;
        let saving = clock.saving;
        let (made, elapsed) = time(|| (0..steps).try_for_each(|_| step(&mut clock)));
        made?;
        let elapsed = elapsed.saturating_sub(clock.saving - saving);
        clock.step.push(elapsed / steps as u32);
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
