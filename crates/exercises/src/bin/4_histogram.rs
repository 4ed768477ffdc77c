//! The check of exercise 4.

exercises::answer!("4_histogram.rs");
exercises::exercise!("4_histogram.rs");

use std::hint::black_box;
use std::time::Duration;

use common::usable_cpus;
use exercises::{Pace, Threads, expect};
use rayon::ThreadPoolBuilder;

fn check() -> anyhow::Result<()> {
    let bin_of = |value: f64| (256.0 * value) as usize;
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
    let bin = (0..256).find(|&bin| found[bin] != expected[bin]).unwrap_or(0);
    expect(
        found == expected,
        format!("of {} values, {} in bin {bin}", values.len(), expected[bin]),
        format!("{} of them", found[bin]),
    )?;
    let found = format!(
        "{} of them. Is there something in the loop that only one can have at a time?",
        threads.count()
    );
    let all = format!("{workers} workers count at the same time");
    expect(threads.count() == workers, all, found)?;
    let few = &values[..200_000]; // the shorter a run, the more of them are left alone
    let pace = ThreadPoolBuilder::new().num_threads(usable_cpus().min(4)).build()?.install(|| {
        let yours = || exercise::histogram(black_box(few), bin_of);
        Pace::measure(yours, || answer::histogram(black_box(few), bin_of))
    });
    pace.judge("What does it do for every value, besides adding one?")
}
