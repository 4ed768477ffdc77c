//! Level 2, hello: N copies of one program, and each learns who it is.
//!
//! ```text
//! cargo build --release -p level2-mpi --examples
//! scripts/mpirun.sh -n 4 target/release/examples/level2_hello
//! ```
//!
//! Run it twice: the lines come in another order. The ranks are independent, so never rely on
//! who is first. With `--cores`, each also says on which cores it may run.

use std::process::ExitCode;

use common::allowed_cpus;
use level2_mpi::{HelloArgs, exit_code, flags};
use mpi::environment::processor_name;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

fn main() -> ExitCode {
    // Starts MPI, which ends when `universe` goes out of scope. A program does this once.
    let Some(universe) = mpi::initialize() else { return ExitCode::FAILURE };
    let world = universe.world(); // all ranks of this job: MPI_COMM_WORLD
    exit_code(&world, hello(&world))
}

fn hello(world: &SimpleCommunicator) -> anyhow::Result<()> {
    let HelloArgs { cores } = flags(world)?;
    let rank = world.rank(); // <- the only difference between the copies: 0, 1, 2, ...
    let size = world.size();
    let host = processor_name()?;
    if cores {
        println!("rank {rank} of {size} on {host}, CPUs {}", allowed_cpus());
    } else {
        println!("rank {rank} of {size} on {host}");
    }
    Ok(())
}
