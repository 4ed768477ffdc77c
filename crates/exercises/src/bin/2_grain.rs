//! The check of exercise 2.

exercises::exercise!("2_grain.rs");

use std::time::Duration;

use common::plural;
use exercises::{Threads, expect};
use rayon::ThreadPoolBuilder;

fn check() -> anyhow::Result<()> {
    let pool = ThreadPoolBuilder::new().num_threads(4).build()?;
    let workers_of = |tasks: usize, patience| -> anyhow::Result<usize> {
        let threads = Threads::expecting(4, Duration::from_secs(patience));
        let task = |number: usize| {
            threads.note();
            number as f64
        };
        let sum = pool.install(|| exercise::total(tasks, task));
        let right = (tasks * (tasks - 1) / 2) as f64; // small enough to be exact
        expect(sum == right, "the sum of all tasks", "another sum")?;
        Ok(threads.count())
    };
    let workers = workers_of(10_000, 1)?;
    expect(
        workers == 1,
        "a loop of 10,000 tiny tasks stays with one worker",
        format!(
            "{workers} workers shared it: handing over a piece takes as long as 5,000 tasks, \
                 so a piece needs more of them than that"
        ),
    )?;
    let workers = workers_of(1_000_000, 10)?;
    expect(
        workers == 4,
        "a loop of 1,000,000 tasks reaches all four workers",
        format!(
            "{} did it: pieces of that size are too few to go round. 1,000,000 tasks \
                 must make four of them, or more",
            plural(workers, "worker")
        ),
    )
}
