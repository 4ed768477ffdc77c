//! The check of exercise 1.

exercises::exercise!("1_order.rs");

use std::collections::HashSet;
use std::time::Duration;

use exercises::{expect, not_yet};
use level1_cores::{Task, Timeline};
use rayon::ThreadPoolBuilder;

fn check() -> anyhow::Result<()> {
    const TASKS: usize = 40;
    let timeline = Timeline::start();
    // Sleeping tasks leave the cores to the other workers, and last until even on a busy machine
    // each of them has come by.
    let task = Task::new(Duration::from_millis(20), 20);
    let task = Task { timeline: Some(timeline.clone()), ..task };
    let pool = ThreadPoolBuilder::new().num_threads(4).build()?;
    let mut found = pool.install(|| exercise::run_all(TASKS, &task));
    let log = timeline.to_json();

    let quiet = Task::new(Duration::ZERO, 20);
    let expected: Vec<u64> = (0..TASKS).map(|number| quiet.run(number)).collect();
    if found != expected {
        found.sort_unstable();
        let text = match found == expected {
            true => {
                "all values are there, but in another order: who is done first comes first. \
                     collect() puts each value where its task stood"
            }
            false => {
                "other values than the sequential loop gives: each task must run once, and \
                     only its value may be kept"
            }
        };
        return Err(not_yet("the values of the sequential loop, in its order", text));
    }
    let spans = log.as_array().into_iter().flatten();
    let workers: HashSet<_> = spans.map(|span| span["worker"].as_u64()).collect();
    let found = match workers.len() {
        1 => "the values are right, but one worker did everything: see into_par_iter".to_string(),
        few => format!(
            "the values are right, but {few} of them did everything. Pieces made by hand, as with \
             `join`, must be enough for all: see into_par_iter"
        ),
    };
    expect(workers.len() == 4, format!("4 workers share {TASKS} tasks"), found)
}
