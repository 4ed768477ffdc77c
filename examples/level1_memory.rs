//! Level 1, the memory wall: why a core waits, and when more cores add nothing.
//!
//! One loop runs over arrays that fit the first cache, then over larger and larger ones; then more and
//! more workers share the largest. Beside it runs a loop that computes more with the same numbers.
//!
//! ```text
//! cargo run --release -p level1-cores --example level1_memory -- --workers 2
//! ```

use std::process::ExitCode;

use cli::Record;
use level1_cores::{Arrays, Kernel, MemoryArgs, PIECE, Wall, polynomial};
use rayon::prelude::*;

/// The triad of STREAM (McCalpin, 1995): two operations for three numbers, counted as 24 bytes. Most
/// processors also read `a` before they write it, so the memory really moves 32.
fn triad(((a, b), c): Arrays) {
    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
        *a = b + 3.0 * c;
    }
}

fn sequential(kernel: Kernel, ((a, b), c): Arrays) {
    a.chunks_mut(PIECE).zip(b.chunks(PIECE)).zip(c.chunks(PIECE)).for_each(kernel)
}

fn parallel(kernel: Kernel, ((a, b), c): Arrays) {
    a.par_chunks_mut(PIECE).zip(b.par_chunks(PIECE)).zip(c.par_chunks(PIECE)).for_each(kernel) // <- the one change
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let args: MemoryArgs = cli::parse()?;
    let mut record = Record::open(args.run.json.as_deref(), 1, "level1_memory")?;
    let workers = args.workers.decide()?; // --workers, else SLURM_CPUS_PER_TASK, else 1
    let mut wall = Wall::new(&args, workers)?;
    let guess = args.guess(workers)?;
    println!("Memory: reading and writing arrays for some seconds ...\n{workers}\n");

    wall.climb(sequential, triad);
    wall.race(parallel, triad, polynomial)?;
    println!("{wall}");
    if let Some(score) = wall.score(guess) {
        println!("{}", cli::wrapped(&score));
    }
    wall.note(&mut record);
    record.append()
}
