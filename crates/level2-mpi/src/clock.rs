//! Where a rank's time went.

use std::time::Duration;

use common::{Samples, time};

/// Two stopwatches of one rank; one of them runs at a time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    /// Time spent with arithmetic.
    pub computing: Duration,
    /// Time spent sending, receiving, and waiting for the neighbours.
    pub communicating: Duration,
}

impl Clock {
    /// Runs `work` and counts its time as computing.
    pub fn compute<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (value, elapsed) = time(work);
        self.computing += elapsed;
        value
    }

    /// Runs `work` and counts its time as communicating.
    pub fn communicate<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (value, elapsed) = time(work);
        self.communicating += elapsed;
        value
    }

    /// Both together.
    pub fn total(&self) -> Duration {
        self.computing + self.communicating
    }
}

/// The fewest steps of a group, and the most groups, of [`repeat`].
const STEPS: u64 = 10;
const GROUPS: u64 = 20;

/// Makes `count` steps, and returns what one takes: the means of groups of steps. A single one may
/// be too short for the clock, and where ranks wait for each other's messages, long steps alternate
/// with short ones.
pub fn repeat(count: u64, mut step: impl FnMut()) -> Samples {
    let groups = (count / STEPS).clamp(1, GROUPS);
    let group = |number| {
        let steps = (number + 1) * count / groups - number * count / groups;
        time(|| (0..steps).for_each(|_| step())).1 / steps as u32
    };
    (0..groups).map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_made_once_and_belongs_to_one_group() {
        for (count, groups) in [(1, 1), (19, 1), (20, 2), (99, 9), (200, 20), (1234, 20)] {
            let mut made = 0;
            let times = repeat(count, || made += 1);
            assert_eq!((made, times.len()), (count, groups));
        }
    }
}
