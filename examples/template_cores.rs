//! Level 1 in your own project: one loop, shared by the cores that Slurm gives you. Elsewhere it runs
//! on one worker, unless you say how many: `SLURM_CPUS_PER_TASK=4 cargo run --release`.
//! Outside this repository, whose folder is WORKSHOP here:
//! ```text
//! cargo new mine && cd mine
//! cp WORKSHOP/examples/template_cores.rs src/main.rs
//! cargo add anyhow rayon && cargo add --path WORKSHOP/crates/common
//! cargo run --release
//! ```
use common::Workers;
use rayon::prelude::*;

/// What is to be done for each number: put your own work here. Mind that a `u64` which grows too large
/// begins again at 0, and a release build says nothing: `checked_mul` and `checked_add` do.
fn work(number: u64) -> f64 {
    (number as f64).sqrt()
}

fn main() -> anyhow::Result<()> {
    let workers = Workers::decide(None)?; // SLURM_CPUS_PER_TASK, else 1
    rayon::ThreadPoolBuilder::new().num_threads(workers.count).build_global()?;

    let values: Vec<f64> = (0..1_000_000).into_par_iter().map(work).collect(); // <- all share it

    println!("{workers}, {} values, the last is {:.3}", values.len(), values[999_999]);
    Ok(())
}
