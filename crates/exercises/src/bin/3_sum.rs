//! The check of exercise 3.

exercises::exercise!("3_sum.rs");

use std::f64::consts::PI;
use std::time::Duration;

use exercises::{Threads, expect, not_yet};
use rayon::ThreadPoolBuilder;

/// Large values of either sign: every other order of the additions shows in the sum.
fn steep(x: f64) -> f64 {
    1e12 * (1e7 * x).sin() + x
}

fn area(workers: usize, curve: impl Fn(f64) -> f64 + Sync + Send) -> anyhow::Result<f64> {
    let pool = ThreadPoolBuilder::new().num_threads(workers).build()?;
    Ok(pool.install(|| exercise::area(curve, 300_000)))
}

fn check() -> anyhow::Result<()> {
    let pi = area(3, |x| 4.0 / (1.0 + x * x))?;
    expect(
        (pi - PI).abs() < 1e-9,
        "pi, as the area under 4 / (1 + x^2)",
        format!("{pi}: each rectangle must be added once"),
    )?;
    let one = area(1, steep)?;
    for workers in [2, 3, 4, 7, 2] {
        let many = area(workers, steep)?;
        expect(
            many.to_bits() == one.to_bits(),
            "the same bits for 1, 2, 3, 4 and 7 workers",
            format!(
                "{one} with 1 worker, {many} with {workers}. Cut the loop into pieces of a \
                     fixed size, sum each, and add these sums in their order"
            ),
        )?;
    }
    let threads = Threads::expecting(4, Duration::from_secs(5));
    area(4, |x| {
        threads.note();
        x
    })?;
    let found = match threads.count() {
        4.. => return Ok(()),
        1 => {
            "the bits are the same, but one worker did everything. Let the workers sum the \
                 pieces, and add up only the pieces' sums alone"
        }
        _ => "some of them did nothing: take smaller pieces",
    };
    Err(not_yet("four workers share the sum", found))
}
