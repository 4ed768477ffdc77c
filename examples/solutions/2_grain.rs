// Exercise 2: how small may a piece be? The lesson is `examples/level1_crossover.rs`.
//
//     cargo exercise 2 --run   runs this program
//     cargo exercise 2         checks it

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use common::{Source, Workers, human, undisturbed};
use level1_cores::start_pool;
use rayon::prelude::*;

/// The sum of what all tasks give. It is called for loops of very different length.
pub fn total(tasks: usize, task: impl Fn(usize) -> f64 + Sync + Send) -> f64 {
    // TASK: a task takes two nanoseconds, waking a worker for a piece ten microseconds: 5,000 tasks.
    // So a loop of 10,000 must stay in one piece, and a loop of 1,000,000 must reach four workers.
    // --- gap
    let fewest = 20_000;
    // --- end of gap
    (0..tasks).into_par_iter().with_min_len(fewest).map(task).sum()
}

fn tiny(number: usize) -> f64 {
    black_box(number as f64).sqrt()
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let pool = start_pool(Workers { count: 4, source: Source::Default })?;
    println!("    tasks   one worker  four workers");
    for tasks in [100, 1_000, 10_000, 100_000, 1_000_000] {
        let best = |work: &dyn Fn() -> f64| {
            let time = undisturbed(Duration::from_millis(100), || _ = black_box(work()));
            time.map_or("too busy".to_string(), human)
        };
        let one = best(&|| (0..tasks).map(tiny).sum());
        let four = best(&|| pool.install(|| total(tasks, tiny)));
        println!("{tasks:>9} {one:>12} {four:>13}");
    }
    Ok(())
}
