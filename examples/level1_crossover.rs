//! Level 1, the crossover: from which task size on do several workers beat one, on this machine?
//!
//! There are two answers. A worker that has just worked looks for more: it is awake, and begins at
//! once. After some microseconds without work it falls asleep, and waking it takes longer.
//!
//! Then one large factorial is computed by more and more workers: its last multiplication runs on
//! one worker alone, so Amdahl's law sets a bound.
//!
//! ```text
//! cargo run --release -p level1-cores --example level1_crossover -- --tasks 10 --workers 2
//! ```

use std::process::ExitCode;

use cli::Record;
use common::plural;
use level1_cores::{Amdahl, Crossover, CrossoverArgs, Spin, start_pool};
use rayon::prelude::*;

/// Its tree has 128 branches for the workers to share, and it takes less than a tenth of a second.
const LARGE: u64 = 50_000;

fn sequential(tasks: usize, task: Spin) -> Vec<u64> {
    (0..tasks).map(|number| task.run(number)).collect()
}

fn parallel(tasks: usize, task: Spin) -> Vec<u64> {
    (0..tasks).into_par_iter().map(|number| task.run(number)).collect() // <- the one change
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let args: CrossoverArgs = cli::parse()?;
    let mut record = Record::open(args.run.json.as_deref(), 1, "level1_crossover")?;
    let workers = args.workers.decide()?; // --workers, else SLURM_CPUS_PER_TASK, else 1
    let guess = args.guess(workers)?;
    println!("Crossover: {}\n{workers}", plural(args.tasks, "task"));

    let (pool, tasks) = (start_pool(workers)?, args.tasks as usize);
    let crossover = Crossover::measure(
        tasks,
        workers,
        |task| sequential(tasks, task),
        |task| pool.install(|| parallel(tasks, task)),
    );
    println!("{crossover}");
    if let Some(score) = crossover.score(guess) {
        println!("{}\n", cli::wrapped(&score));
    }

    let amdahl = Amdahl::race(LARGE, workers.count)?;
    println!("{amdahl}");

    record.setting("tasks", tasks).setting("workers", workers.count);
    crossover.note(&mut record);
    amdahl.note(&mut record);
    record.append()
}
