//! The check of exercise 3.

exercises::exercise!("3_sum.rs");

use std::process::ExitCode;
use std::time::Duration;

use exercises::{Threads, check, not_yet};

const RECTANGLES: usize = 300_000;

/// Large values of either sign: every other order of the additions shows in the sum.
fn steep(x: f64) -> f64 {
    1e12 * (1e7 * x).sin() + x
}

fn main() -> ExitCode {
    check(exercise::program, || {
        let on = |workers: usize, curve: &(dyn Fn(f64) -> f64 + Sync)| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build();
            pool.map(|pool| pool.install(|| exercise::area(curve, RECTANGLES)))
                .map_err(|error| not_yet("some threads", error.to_string()))
        };
        let pi = on(3, &|x| 4.0 / (1.0 + x * x))?;
        if (pi - std::f64::consts::PI).abs() > 1e-9 {
            let found = format!("{pi}: each rectangle must be added once");
            return Err(not_yet("pi, as the area under 4 / (1 + x^2)", found));
        }
        let one = on(1, &steep)?;
        for workers in [2, 3, 4, 7, 2] {
            let many = on(workers, &steep)?;
            if many.to_bits() != one.to_bits() {
                return Err(not_yet(
                    "the same bits for 1, 2, 3, 4 and 7 workers",
                    format!(
                        "{one} with 1 worker, {many} with {workers}. Cut the loop into pieces of a \
                         fixed size, sum each, and add these sums in their order"
                    ),
                ));
            }
        }
        let threads = Threads::expecting(4, Duration::from_secs(5));
        on(4, &|x| {
            threads.note();
            x
        })?;
        match threads.count() {
            4.. => Ok(()),
            1 => Err(not_yet(
                "four workers share the sum",
                "the bits are the same, but one worker did everything. Let the workers sum the \
                 pieces, and add up only the pieces' sums alone",
            )),
            some => Err(not_yet(
                "four workers share the sum",
                format!("{some} workers did: take smaller pieces"),
            )),
        }
    })
}
