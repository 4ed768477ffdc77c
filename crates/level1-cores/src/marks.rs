//! The race as it is seen while it runs: one mark for each task that is done.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::plural;

use crate::pairs::BUDGET;

/// Rows of marks, first for one worker and then for all of them. Clones write the same rows.
///
/// A mark costs microseconds, and a race that is slow enough to be watched has tasks of many
/// milliseconds. Faster ones get no marks.
#[derive(Debug, Clone)]
pub struct Marks {
    tasks: usize,
    rows: [String; 2],
    done: Arc<AtomicUsize>,
}

/// What is over sooner needs no watching. (Longer loops are measured once, so there are two rows.)
const SLOW: Duration = BUDGET;

/// A wider row would break in a terminal.
const MOST_TASKS: usize = 60;

impl Marks {
    /// Marks for a race whose sequential loop takes long enough to be watched; else none.
    pub(crate) fn of(tasks: usize, workers: usize, sequential: Duration) -> Option<Self> {
        (sequential > SLOW && tasks <= MOST_TASKS).then(|| Self {
            tasks,
            rows: [1, workers].map(|workers| plural(workers, "worker")),
            done: Arc::default(),
        })
    }

    /// Draws the mark of a task that has just ended.
    pub(crate) fn one_more(&self) {
        let mut screen = io::stdout().lock(); // first: marks are drawn in the order of their numbers
        let done = self.done.fetch_add(1, Ordering::Relaxed);
        let (row, place) = (done / self.tasks, done % self.tasks);
        let Some(name) = self.rows.get(row) else { return };
        let head = if place == 0 { format!("{name:<14}") } else { String::new() };
        let end = if place + 1 == self.tasks { "\n" } else { "" };
        let _ = write!(screen, "{head}■{end}").and_then(|()| screen.flush());
    }
}
