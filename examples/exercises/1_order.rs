// Exercise 1: share a loop among workers. The lesson is `examples/level1_cores.rs`.
//
//     cargo exercise 1 --run   runs this program
//     cargo exercise 1         checks it

use std::process::ExitCode;
use std::time::Duration;

use common::{Source, Workers, human, time};
use level1_cores::{Task, Timeline, start_pool};
use rayon::prelude::*;

/// Runs all tasks and returns their values.
pub fn run_all(tasks: usize, task: &Task) -> Vec<u64> {
    // TASK: let all workers share this loop.
    // The values must come in the order of the tasks, whoever is done first.
    // --- gap
    (0..tasks).map(|number| task.run(number)).collect()
    // --- end of gap
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let workers = Workers { count: 4, source: Source::Default };
    let pool = start_pool(workers)?;
    let timeline = Timeline::start();
    let weight = Duration::from_millis(100);
    let task = Task { timeline: Some(timeline.clone()), ..Task::new(weight, 20) };
    let (_, elapsed) = time(|| pool.install(|| run_all(10, &task)));
    println!("10 tasks of {}, 4 workers: {}", human(weight), human(elapsed));
    println!("\n{}", timeline.draw(workers.count));
    Ok(())
}
