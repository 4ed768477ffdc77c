//! Where a rank's time went.

use std::time::Duration;

use common::time;

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
