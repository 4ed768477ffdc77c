// Exercise 13: who shares with whom? The lesson is `examples/level1_memory.rs`.
//
//     cargo exercise 13 --run   runs this program
//     cargo exercise 13         checks it

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use common::{Source, Workers, human, undisturbed, usable_cpus};
use level1_cores::start_pool;
use rayon::prelude::*;

// TASK: caches hold lines of 64 bytes, and one core at a time may write to a line. Counters that share
// a line make their workers wait for each other: give every counter at least a line of its own.
// --- gap
#[derive(Default)]
#[repr(align(128))] // two lines, because processors like to fetch them in pairs
pub struct Counter {
    pub count: AtomicU64,
}
// --- end of gap

/// Every worker has a counter that nobody else uses, and counts so many steps. Several threads may add to
/// an `AtomicU64` at the same time, and none of them is lost.
pub fn count(counters: &[Counter], steps: u64) {
    counters.par_iter().with_max_len(1).for_each(|counter| {
        for _ in 0..steps {
            counter.count.fetch_add(1, Relaxed);
        }
    });
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let pool = start_pool(Workers { count: usable_cpus(), source: Source::Default })?;
    let counters: Vec<Counter> = (0..usable_cpus()).map(|_| Counter::default()).collect();
    let work = || pool.install(|| count(&counters, 100_000));
    let time = undisturbed(Duration::from_millis(500), work).map(human);
    println!(
        "100,000 counts each: {}",
        time.unwrap_or_else(|| "this machine is too busy to tell".to_string())
    );
    Ok(())
}
