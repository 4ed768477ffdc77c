// Exercise 8: what does a message cost? The lesson is `examples/level2_heat.rs`.
//
//     cargo exercise 8 --run   runs this program with 4 ranks
//     cargo exercise 8         checks it: the values must arrive, and quickly

use std::process::ExitCode;

use common::{human, time};
use level2_mpi::{NoArgs, ROOT, launch};
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

/// What all ranks have found, in the order of the ranks. Rank 0 gets it, the others get zeros.
///
/// Every rank has found equally many values.
pub fn collect(world: &SimpleCommunicator, mine: &[f64]) -> Vec<f64> {
    let mut all = vec![0.0; mine.len() * world.size() as usize];
    // TASK: every value travels in a message of its own, and each message costs time by itself.
    // Let each rank send all its values in one message, or let one call of MPI do it for all.
    // --- gap
    let root = world.process_at_rank(ROOT);
    if world.rank() == ROOT {
        all[..mine.len()].copy_from_slice(mine);
        for (number, place) in all.iter_mut().enumerate().skip(mine.len()) {
            let sender = world.process_at_rank((number / mine.len()) as i32);
            sender.receive_into(place);
        }
    } else {
        mine.iter().for_each(|value| root.send(value));
    }
    // --- end of gap
    all
}

fn main() -> ExitCode {
    launch(values)
}

fn values(universe: &Universe, _: &NoArgs) -> anyhow::Result<()> {
    let world = universe.world();
    let mine = vec![f64::from(world.rank()); 1000];
    world.barrier();
    let (all, elapsed) = time(|| collect(&world, &mine));
    if world.rank() == ROOT {
        println!("{} values are with rank 0 after {}", all.len(), human(elapsed));
    }
    Ok(())
}
