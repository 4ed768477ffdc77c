//! Level 1, the race: one loop run by one worker, then the same loop run by several.
//!
//! A task waits (a disk, a database, a network) and then computes a factorial. Run it with tasks
//! that weigh nothing, then with heavy ones, and find out when parallel wins and when it loses:
//!
//! ```text
//! cargo run --release -p level1-cores --example level1_cores -- --weight 0 --tasks 10 --workers 4
//! cargo run --release -p level1-cores --example level1_cores -- --weight 0.5 --tasks 10 --workers 4 --timeline
//! ```

use std::process::ExitCode;

use cli::Record;
use common::time;
use level1_cores::{CoresArgs, Pairs, Race, Task, Timeline, report, start_pool};
use rayon::prelude::*;

/// One cashier, ten customers: each task begins when the one before has ended.
fn sequential(tasks: usize, task: &Task) -> Vec<u64> {
    (0..tasks).map(|number| task.run(number)).collect()
}

/// All lanes open: a worker that is free takes the next task. The values keep their order.
fn parallel(tasks: usize, task: &Task) -> Vec<u64> {
    (0..tasks).into_par_iter().map(|number| task.run(number)).collect() // <- the one change
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let args: CoresArgs = cli::parse()?;
    let mut record = Record::open(args.run.json.as_deref(), 1, "level1_cores")?;
    // A job gets the CPUs that it asked for, so Slurm says how many workers to start.
    let workers = args.workers.decide()?; // --workers, else SLURM_CPUS_PER_TASK, else 1
    let race = Race::ask(&args, workers)?;
    println!("{race}\n");

    // The workers are started once and wait for work, so their start is timed by itself.
    let (pool, pool_start) = time(|| start_pool(workers));
    let pool = pool?;

    // Both loops give the same values in the same order, or this stops the program.
    let task = race.task();
    let pairs = Pairs::measure(
        || sequential(race.tasks, &task),
        || pool.install(|| parallel(race.tasks, &task)),
    );
    report(&race, pool_start, &pairs, &mut record);

    if args.timeline {
        let timeline = Timeline::start();
        let task = Task { timeline: Some(timeline.clone()), ..task };
        pool.install(|| parallel(race.tasks, &task));
        println!("\n{}", timeline.draw(workers.count));
        record.result("timeline", timeline.to_json());
    }
    record.append()
}
