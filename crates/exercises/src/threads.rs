//! Which threads took part in a loop: counted, never timed.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

/// Counts the threads that come by.
///
/// Each of them is held at its first visit until all that are expected are there, or until the
/// patience is over. So a loop that others *may* share is seen to be shared, however busy the
/// machine is, and a loop of one piece is seen to have one thread.
#[derive(Debug)]
pub struct Threads {
    expected: usize,
    patience: Duration,
    seen: Mutex<HashSet<ThreadId>>,
    arrival: Condvar,
}

impl Threads {
    /// Expects so many threads.
    pub fn expecting(threads: usize, patience: Duration) -> Self {
        Self { expected: threads, patience, seen: Mutex::default(), arrival: Condvar::new() }
    }

    /// Notes the current thread.
    pub fn note(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.insert(std::thread::current().id()) {
            return;
        }
        self.arrival.notify_all();
        drop(
            self.arrival
                .wait_timeout_while(seen, self.patience, |seen| seen.len() < self.expected)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }

    /// How many different threads were noted.
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rayon::prelude::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn the_threads_of_a_shared_loop_are_all_seen() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let threads = Threads::expecting(3, LONG);
        pool.install(|| (0..100).into_par_iter().for_each(|_| threads.note()));
        assert_eq!(threads.count(), 3);
    }

    #[test]
    fn a_loop_of_one_thread_is_seen_as_such() {
        let threads = Threads::expecting(2, Duration::from_millis(10));
        (0..100).for_each(|_| threads.note());
        assert_eq!(threads.count(), 1);
    }
}
