//! The check of exercise 4.

exercises::answer!("4_histogram.rs");
exercises::exercise!("4_histogram.rs");

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use common::usable_cpus;
use exercises::{Pace, Threads, check, expect};
use rayon::ThreadPoolBuilder;

fn bin_of(value: f64) -> usize {
    (256.0 * value) as usize
}

fn main() -> ExitCode {
    check(exercise::program, || {
        let values: Vec<f64> = (0..1_000_003).map(|i| f64::from(i).sqrt().fract()).collect();
        let mut expected = [0; 256];
        values.iter().for_each(|&value| expected[bin_of(value)] += 1);
        let workers = usable_cpus().clamp(2, 4);
        let threads = Threads::expecting(workers, Duration::from_secs(2));
        let pool = ThreadPoolBuilder::new().num_threads(workers).build()?;
        let noted = |value| {
            threads.note();
            bin_of(value)
        };
        let found = pool.install(|| exercise::histogram(&values, noted));
        for (bin, (found, expected)) in found.iter().zip(&expected).enumerate() {
            expect(
                found == expected,
                format!("of {} values, {expected} in bin {bin}", values.len()),
                format!("{found} of them"),
            )?;
        }
        expect(
            threads.count() == workers,
            format!("{workers} workers count at the same time"),
            format!(
                "{} of them: is there something in the loop that only one worker can have at a \
                 time, or a worker that does everything?",
                threads.count()
            ),
        )?;
        let few = &values[..200_000]; // the shorter a run, the more of them are left alone
        let pace = pool.install(|| {
            Pace::measure(
                || exercise::histogram(black_box(few), bin_of),
                || answer::histogram(black_box(few), bin_of),
            )
        });
        pace.judge("What does it do for every value, besides adding one?")
    })
}
