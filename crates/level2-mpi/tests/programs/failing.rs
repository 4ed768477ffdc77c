//! Fails on the last rank, in the way that the flag says, while the other ranks wait for it.

use std::process::ExitCode;

use level2_mpi::launch;
use mpi::environment::Universe;
use mpi::traits::*;

#[derive(clap::Parser)]
struct Args {
    #[arg(value_enum)]
    how: How,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum How {
    /// A panic on the main thread.
    Panic,
    /// A panic on a thread that nobody joins.
    Thread,
    /// An error returned.
    Error,
    /// An error that the user can mend.
    Misuse,
}

fn main() -> ExitCode {
    launch(fail)
}

fn fail(universe: &Universe, args: &Args) -> anyhow::Result<()> {
    let world = universe.world();
    if world.rank() == world.size() - 1 {
        match args.how {
            How::Panic => panic!("a bug on the main thread"),
            How::Thread => drop(std::thread::spawn(|| panic!("a bug on a thread"))),
            How::Error => anyhow::bail!("the instrument is out of paper"),
            How::Misuse => return Err(cli::misuse("there is no file 'input.nc'")),
        }
    }
    loop {
        world.barrier(); // the thread's panic ends the last rank here, too
    }
}
