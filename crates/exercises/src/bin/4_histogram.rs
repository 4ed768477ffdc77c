//! The check of exercise 4.

exercises::answer!("4_histogram.rs");
exercises::exercise!("4_histogram.rs");

use std::hint::black_box;
use std::process::ExitCode;

use common::{Source, Workers, usable_cpus};
use exercises::{Pace, check, not_yet};
use level1_cores::start_pool;

fn main() -> ExitCode {
    check(exercise::program, || {
        let workers = Workers { count: usable_cpus(), source: Source::Default };
        let pool = start_pool(workers).map_err(|e| not_yet("some threads", e.to_string()))?;
        let bytes: Vec<u8> = (0..1_000_003_u64).map(|i| (i * i / 256) as u8).collect();
        let mut expected = [0; 256];
        bytes.iter().for_each(|&byte| expected[usize::from(byte)] += 1);
        let found = pool.install(|| exercise::histogram(&bytes));
        if let Some(value) = (0..256).find(|&value| found[value] != expected[value]) {
            return Err(not_yet(
                format!("among {} bytes the value {value} {} times", bytes.len(), expected[value]),
                format!("{} times", found[value]),
            ));
        }
        let pace = Pace::measure(
            || pool.install(|| exercise::histogram(black_box(&bytes))),
            || pool.install(|| answer::histogram(black_box(&bytes))),
        );
        pace.judge(
            "Is there something in the loop that only one worker can have at a time, or a worker \
             that does everything?",
        )
    })
}
