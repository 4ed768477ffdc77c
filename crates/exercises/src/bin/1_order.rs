//! The check of exercise 1.

exercises::exercise!("1_order.rs");

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Duration;

use common::{Source, Workers};
use exercises::{Fault, check, not_yet};
use level1_cores::{Task, Timeline, start_pool};
use serde_json::Value;

const TASKS: usize = 40;
const WORKERS: Workers = Workers { count: 4, source: Source::Default };
/// Sleeping tasks leave the cores to the other workers. Bad luck three times in a row is none.
const ATTEMPTS: usize = 3;

fn main() -> ExitCode {
    check(exercise::program, || {
        let pool = start_pool(WORKERS).map_err(|e| not_yet("four threads", e.to_string()))?;
        let quiet = Task::new(Duration::ZERO, 20);
        let expected: Vec<u64> = (0..TASKS).map(|number| quiet.run(number)).collect();
        let attempt = || {
            let timeline = Timeline::start();
            let task = Task::new(Duration::from_millis(5), 20);
            let task = Task { timeline: Some(timeline.clone()), ..task };
            let mut found = pool.install(|| exercise::run_all(TASKS, &task));
            if found != expected {
                found.sort_unstable();
                let text = match found == expected {
                    true => {
                        "all values are there, but in another order: who is done first comes \
                             first. collect() puts each value where its task stood"
                    }
                    false => {
                        "other values than the sequential loop gives: each task must run \
                              once, and only its value may be kept"
                    }
                };
                return Err(not_yet("the values of the sequential loop, in its order", text));
            }
            shared(&timeline)
        };
        (1..ATTEMPTS).fold(attempt(), |result, _| result.or_else(|_| attempt()))
    })
}

/// Whether the workers of the pool shared the tasks.
fn shared(timeline: &Timeline) -> Result<(), Fault> {
    let log = timeline.to_json();
    let spans = log.as_array().map(Vec::as_slice).unwrap_or_default();
    let workers: HashSet<Option<u64>> = spans.iter().map(|span| span["worker"].as_u64()).collect();
    if workers.len() > 1 {
        return Ok(());
    }
    // Threads that the pool does not know count as worker 0, but one worker never runs two tasks
    // at once.
    let together = |pair: &[Value]| pair[1]["start_s"].as_f64() < pair[0]["end_s"].as_f64();
    let found = match spans.windows(2).any(together) {
        true => {
            "the values are right, and threads of your own shared the tasks. But here the pool's \
             workers are counted, and one of them did everything: see into_par_iter"
        }
        false => "the values are right, but one worker did everything: see into_par_iter",
    };
    Err(not_yet(format!("{} workers share {TASKS} tasks", WORKERS.count), found))
}
