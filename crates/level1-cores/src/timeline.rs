//! Which worker ran which task, and when.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use common::human;
use serde_json::{Value, json};

const COLUMNS: usize = 56;
const MOST_ROWS: usize = 16;

/// A log of tasks, shared by all workers. Clones write to the same log.
#[derive(Debug, Clone)]
pub struct Timeline {
    origin: Instant,
    spans: Arc<Mutex<Vec<Span>>>,
}

/// One task: times in seconds since the log began.
#[derive(Debug, Clone, Copy)]
struct Span {
    task: usize,
    worker: usize,
    start: f64,
    end: f64,
}

impl Timeline {
    /// An empty log; its clock starts now.
    pub fn start() -> Self {
        Self { origin: Instant::now(), spans: Arc::default() }
    }

    /// Notes that task `task`, begun at `start`, ends now on the current worker.
    pub fn note(&self, task: usize, start: Instant) {
        let span = Span {
            task,
            worker: rayon::current_thread_index().unwrap_or(0),
            start: (start - self.origin).as_secs_f64(),
            end: self.origin.elapsed().as_secs_f64(),
        };
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }

    fn spans(&self) -> Vec<Span> {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone();
        spans.sort_by(|a, b| a.start.total_cmp(&b.start));
        spans
    }

    /// The log as `[{task, worker, start_s, end_s}, ...]`, in order of start.
    pub fn to_json(&self) -> Value {
        let object = |s: &Span| json!({"task": s.task, "worker": s.worker, "start_s": s.start, "end_s": s.end});
        self.spans().iter().map(object).collect()
    }

    /// One row per worker: the last digit of the task that it runs, a dot while it is idle.
    pub fn draw(&self, workers: usize) -> String {
        let spans = self.spans();
        let end = spans.iter().map(|span| span.end).fold(0.0, f64::max);
        let column = |seconds: f64| (seconds / end * COLUMNS as f64) as usize;
        let mut text =
            String::from("Timeline: each worker's row shows the last digit of its task\n");
        for worker in 0..workers.min(MOST_ROWS) {
            let mut row = ['.'; COLUMNS];
            for span in spans.iter().filter(|span| span.worker == worker) {
                let first = column(span.start).min(COLUMNS - 1);
                let last = column(span.end).clamp(first + 1, COLUMNS);
                row[first..last].fill(char::from(b'0' + (span.task % 10) as u8));
            }
            let _ = writeln!(text, "worker {worker:>2} |{}|", row.iter().collect::<String>());
        }
        if workers > MOST_ROWS {
            let _ = writeln!(text, "... and {} more workers", workers - MOST_ROWS);
        }
        let length = human(std::time::Duration::from_secs_f64(end));
        let _ = writeln!(text, "           0 s{length:>width$}", width = COLUMNS - 3);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(spans: &[(usize, usize, f64, f64)]) -> Timeline {
        let timeline = Timeline::start();
        let spans =
            spans.iter().map(|&(task, worker, start, end)| Span { task, worker, start, end });
        timeline.spans.lock().unwrap().extend(spans);
        timeline
    }

    #[test]
    fn a_worker_without_a_task_is_idle() {
        let picture = log(&[(3, 0, 0.0, 0.5), (4, 1, 0.0, 1.0)]).draw(2);
        let rows: Vec<&str> = picture.lines().collect();
        assert!(rows[1].ends_with(&format!("|{}{}|", "3".repeat(28), ".".repeat(28))), "{picture}");
        assert!(rows[2].ends_with(&format!("|{}|", "4".repeat(56))), "{picture}");
    }

    #[test]
    fn the_shortest_task_is_still_seen() {
        assert!(log(&[(1, 0, 0.0, 10.0), (2, 1, 9.99, 9.999)]).draw(2).contains('2'));
    }

    #[test]
    fn the_log_is_ordered_by_start() {
        let json = log(&[(5, 0, 0.4, 0.5), (6, 1, 0.1, 0.2)]).to_json();
        assert_eq!(json[0]["task"], 6);
        assert_eq!(json[1]["start_s"], 0.4);
    }

    #[test]
    fn an_empty_log_can_be_drawn() {
        assert!(log(&[]).draw(1).contains("worker  0"));
    }
}
