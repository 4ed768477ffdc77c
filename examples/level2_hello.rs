//! Level 2, hello: N copies of one program, and each learns who it is.
//!
//! ```text
//! cargo build --release -p level2-mpi --examples
//! scripts/mpirun.sh -n 4 target/release/examples/level2_hello
//! ```
//!
//! Run it twice: the lines come in another order. The ranks are independent, so never rely on
//! who is first.

use std::process::ExitCode;

use level2_mpi::{NoArgs, launch};
use mpi::environment::{Universe, processor_name};
use mpi::traits::*;

fn main() -> ExitCode {
    launch(hello) // starts MPI; if one rank fails, it ends them all
}

fn hello(universe: &Universe, _: &NoArgs) -> anyhow::Result<()> {
    let world = universe.world(); // all ranks of this job: MPI_COMM_WORLD
    let rank = world.rank(); // <- the only difference between the copies: 0, 1, 2, ...
    let size = world.size();
    println!("rank {rank} of {size} on {}", processor_name()?);
    Ok(())
}
