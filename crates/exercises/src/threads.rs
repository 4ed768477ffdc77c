//! How many threads take part in a loop at once: counted, never timed.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

/// Counts the threads that come by.
///
/// Each of them is held at its first visit until all that are expected are there, or until the
/// patience is over. So a loop that others *may* share is seen to be shared, however busy the
/// machine is, a loop of one piece is seen to have one thread, and so is a loop in which each thread
/// waits for a lock that another one holds.
#[derive(Debug)]
pub struct Threads {
    expected: usize,
    patience: Duration,
    seen: Mutex<Seen>,
    arrival: Condvar,
}

#[derive(Debug, Default)]
struct Seen {
    threads: HashSet<ThreadId>,
    held: usize,
    most_held: usize,
}

impl Threads {
    /// Expects so many threads.
    pub fn expecting(threads: usize, patience: Duration) -> Self {
        Self { expected: threads, patience, seen: Mutex::default(), arrival: Condvar::new() }
    }

    /// Notes the current thread.
    pub fn note(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.threads.insert(std::thread::current().id()) {
            return;
        }
        seen.held += 1;
        seen.most_held = seen.most_held.max(seen.held);
        self.arrival.notify_all();
        let waits = |seen: &mut Seen| seen.most_held < self.expected;
        let held = self.arrival.wait_timeout_while(seen, self.patience, waits);
        held.unwrap_or_else(PoisonError::into_inner).0.held -= 1;
    }

    /// How many different threads were there at the same time.
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).most_held
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
    #[test]
    fn threads_that_wait_for_one_lock_are_there_one_at_a_time() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let (threads, lock) = (Threads::expecting(3, Duration::from_millis(100)), Mutex::new(()));
        pool.install(|| {
            (0..100).into_par_iter().for_each(|_| {
                let _only_one = lock.lock();
                threads.note();
            });
        });
        assert_eq!(threads.count(), 1);
    }
}
