//! The check of exercise 2.

exercises::exercise!("2_grain.rs");

use std::process::ExitCode;
use std::time::Duration;

use common::{Source, Workers, plural};
use exercises::{Threads, check, not_yet};
use level1_cores::start_pool;

const WORKERS: Workers = Workers { count: 4, source: Source::Default };

fn main() -> ExitCode {
    check(exercise::program, || {
        let pool = start_pool(WORKERS).map_err(|e| not_yet("four threads", e.to_string()))?;
        let threads_of = |tasks: usize, patience| {
            let threads = Threads::expecting(WORKERS.count, Duration::from_secs(patience));
            let task = |number: usize| {
                threads.note();
                number as f64
            };
            let sum = pool.install(|| exercise::total(tasks, task));
            let right = sum == (tasks * (tasks - 1) / 2) as f64; // small enough to be exact
            (threads.count(), right)
        };
        let short = "a loop of 1,000 tiny tasks stays with one worker";
        let long = "a loop of 1,000,000 tasks reaches all four workers";
        match threads_of(1000, 1) {
            (_, false) => return Err(not_yet("the sum of all tasks", "another sum")),
            (1, _) => {}
            (workers, _) => {
                let found = format!(
                    "{workers} workers shared it: a microsecond of work, and handing over the \
                     pieces took longer. A piece needs more tasks than that"
                );
                return Err(not_yet(short, found));
            }
        }
        match threads_of(1_000_000, 10) {
            (4, true) => Ok(()),
            (workers, _) => {
                let found = format!(
                    "{} did it: pieces of that size are too few to go \
                     round. 1,000,000 tasks must make four of them, or more",
                    plural(workers, "worker")
                );
                Err(not_yet(long, found))
            }
        }
    })
}
