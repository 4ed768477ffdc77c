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

/// Into how many groups [`repeat`] divides the steps.
const GROUPS: u64 = 100;

/// Makes `count` steps, and returns what one takes: the mean of each of at most 100 groups of
/// steps, because a single one may be too short for the clock.
pub fn repeat(count: u64, mut step: impl FnMut()) -> Samples {
    let groups = count.min(GROUPS);
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
    fn every_step_is_made_once_and_belongs_to_one_of_at_most_100_times() {
        for count in [1, 2, 99, 100, 101, 250, 1234] {
            let mut made = 0;
            let times = repeat(count, || made += 1);
            assert_eq!((made, times.len() as u64), (count, count.min(100)));
        }
    }
}
