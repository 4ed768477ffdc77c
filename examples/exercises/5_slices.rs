// Exercise 5: who does what? The lesson is `examples/level2_pi.rs`.
//
//     cargo exercise 5 --run   runs this program with 4 ranks
//     cargo exercise 5         checks it

use std::ops::Range;
use std::process::ExitCode;

use level2_mpi::{NoArgs, launch};
use mpi::Rank;
use mpi::environment::Universe;
use mpi::traits::*;

/// The items, out of `0..items`, that belong to `rank`. Every rank calls this with its own number.
pub fn my_slice(items: u64, rank: Rank, size: Rank) -> Range<u64> {
    let (rank, size) = (rank as u64, size as u64);
    // TASK: every item must belong to one rank, also where `size` does not divide `items`.
    // No rank may have two items more than another: all would wait for it.
    // --- gap
    let share = items / size;
    rank * share..(rank + 1) * share
    // --- end of gap
}

fn main() -> ExitCode {
    launch(slices)
}

fn slices(universe: &Universe, _: &NoArgs) -> anyhow::Result<()> {
    let world = universe.world();
    let (rank, size) = (world.rank(), world.size());
    println!("rank {rank} of {size}: {:?} of 0..10", my_slice(10, rank, size));
    Ok(())
}
