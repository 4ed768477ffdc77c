// Exercise 3: the same bits on every machine. The lesson is `examples/level2_pi.rs`, here with
// threads.
//
//     cargo exercise 3 --run   runs this program
//     cargo exercise 3         checks it

use std::process::ExitCode;

use rayon::prelude::*;

/// The area under `curve` from 0 to 1, by rectangles.
pub fn area(curve: impl Fn(f64) -> f64 + Sync + Send, rectangles: usize) -> f64 {
    let width = 1.0 / rectangles as f64;
    let height = |i: usize| curve((i as f64 + 0.5) * width);
    // TASK: a sum of floats depends on the order of its additions, and here the workers choose it.
    // Fix the order, so that any number of workers gives the same bits. All must still take part.
    // --- gap
    let pieces =
        (0..rectangles).into_par_iter().fold_chunks(1000, || 0.0, |sum, i| sum + height(i));
    let sum: f64 = pieces.collect::<Vec<f64>>().iter().sum();
    // --- end of gap
    sum * width
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    for workers in 1..=7 {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build()?;
        let pi = pool.install(|| area(|x| 4.0 / (1.0 + x * x), 1_000_000));
        println!("workers: {workers}  pi: {pi:.17}  bits: {:016x}", pi.to_bits());
    }
    Ok(())
}
