// Exercise 6: every rank learns pi. The lesson is `examples/level2_pi.rs`.
//
//     cargo exercise 6 --run   runs this program with 4 ranks
//     cargo exercise 6         checks it

use std::process::ExitCode;

use level2_mpi::{Kernel, NoArgs, integrate, launch, slice_of};
use mpi::collective::SystemOperation;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

/// The sum of what all ranks give.
pub fn sum_of_all(world: &SimpleCommunicator, partial: f64) -> f64 {
    let mut sum = 0.0;
    // TASK: a reduce tells the sum to one rank only, the root, and the others go on with 0.
    // Here every rank must know it. One call is enough.
    // --- gap
    world.all_reduce_into(&partial, &mut sum, SystemOperation::sum());
    // --- end of gap
    sum
}

fn main() -> ExitCode {
    launch(pi)
}

fn pi(universe: &Universe, _: &NoArgs) -> anyhow::Result<()> {
    let world = universe.world();
    let rectangles = 1_000_000;
    let slice = slice_of(rectangles, world.rank(), world.size());
    let pi = sum_of_all(&world, integrate(Kernel::Lanes, &slice, rectangles));
    println!("rank {} believes that pi is {pi:.12}", world.rank());
    Ok(())
}
