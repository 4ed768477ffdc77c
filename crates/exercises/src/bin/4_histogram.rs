//! The check of exercise 4.

exercises::answer!("4_histogram.rs");
exercises::exercise!("4_histogram.rs");

use std::hint::black_box;
use std::process::ExitCode;

use exercises::{Pace, check, expect};

fn main() -> ExitCode {
    check(exercise::program, || {
        let bytes: Vec<u8> = (0..1_000_003_u64).map(|i| (i * i / 256) as u8).collect();
        let mut expected = [0; 256];
        bytes.iter().for_each(|&byte| expected[usize::from(byte)] += 1);
        let found = exercise::histogram(&bytes);
        for (value, (found, expected)) in found.iter().zip(&expected).enumerate() {
            expect(
                found == expected,
                format!("among {} bytes the value {value} {expected} times", bytes.len()),
                format!("{found} times"),
            )?;
        }
        let pace = Pace::measure(
            || exercise::histogram(black_box(&bytes)),
            || answer::histogram(black_box(&bytes)),
        );
        pace.judge(
            "Is there something in the loop that only one worker can have at a time, or a worker \
             that does everything?",
        )
    })
}
