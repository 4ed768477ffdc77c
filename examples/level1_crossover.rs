//! Level 1, the crossover: from which task size on do several workers beat one, on this machine?
//!
//! First it searches for that size. Then it computes one large factorial with more and more
//! workers: its last multiplication runs on one worker alone, so Amdahl's law sets a bound.
//!
//! ```text
//! cargo run --release -p level1-cores --example level1_crossover -- --tasks 10 --workers 2
//! ```

use std::process::ExitCode;

use cli::Record;
use level1_cores::{Amdahl, Crossover, Pairs, Search, Spin, start_pool};
use rayon::prelude::*;

/// Large enough for its tree to have thousands of branches, small enough for a demonstration.
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
    let Crossover { tasks, workers, guess, json } = Crossover::from_command_line()?;
    let mut record = Record::open(json.as_deref(), 1, "level1_crossover")?;
    println!("Crossover: {tasks} tasks\n{workers}");
    println!("Racing one worker against {}, task size by task size ...\n", workers.count);

    let pool = start_pool(workers)?;
    let step_ns = Spin::step_ns();
    let search = Search::bisect(|size| {
        let task = Spin::lasting(size, step_ns);
        Pairs::measure(|| sequential(tasks, task), || pool.install(|| parallel(tasks, task)))
    });
    println!("{search}");
    if let Some(score) = search.score(guess) {
        println!("{score}\n");
    }

    let amdahl = Amdahl::race(LARGE, workers.count)?;
    println!("{amdahl}");

    record.setting("tasks", tasks).setting("workers", workers.count);
    search.note(&mut record);
    amdahl.note(&mut record);
    record.append()
}
