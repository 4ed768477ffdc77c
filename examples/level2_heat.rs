//! Level 2, heat: what it costs when ranks must talk.
//!
//! Heat spreads over a plate: in every step each cell becomes the mean of its four neighbours.
//! Every rank owns a band of rows, and its outer rows need a row of the rank above and of the
//! rank below. So every step starts with messages; with pi there was one at the end.
//!
//! ```text
//! cargo build --release -p level2-mpi --examples
//! scripts/mpirun.sh -n 1 target/release/examples/level2_heat    # first: saves the baseline
//! scripts/mpirun.sh -n 2 target/release/examples/level2_heat
//! ```

use std::process::ExitCode;

use level2_mpi::{Checkpoint, Clock, HeatArgs, HeatReport, Plate, Rows};
use level2_mpi::{launch, neighbours, repeat, slice_of};
use mpi::environment::Universe;
use mpi::point_to_point::send_receive_into;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

fn main() -> ExitCode {
    launch(heat) // starts MPI as in hello; and if one rank fails, it ends them all
}

fn heat(universe: &Universe, args: &HeatArgs) -> anyhow::Result<()> {
    let world = universe.world();
    let (rank, size) = (world.rank(), world.size());
    let report = HeatReport::open(args, &world)?;

    // Split: every rank gets other rows of the plate.
    let mut plate = Plate::new(args.size, slice_of(args.size, rank, size));
    // Killed, and started again: with --checkpoint it goes on from the last plate that was saved.
    let mut checkpoint = Checkpoint::resume(args, &world, &mut plate)?;

    world.barrier(); // nobody starts the clock early
    let clock = repeat(checkpoint.steps_left(), |clock| {
        step(&world, &mut plate, clock);
        checkpoint.save(&plate, clock) // if it is time
    })?;

    report.print(&world, &plate, &clock)
}

/// First the messages, then the arithmetic.
fn step(world: &SimpleCommunicator, plate: &mut Plate, clock: &mut Clock) {
    let (above, below) = neighbours(world);
    let Rows { halo_above, first, last, halo_below, .. } = plate.rows();
    // My first row goes up, and the row above it comes back; my last row goes down, likewise.
    clock.communicate(|| {
        if let Some(rank) = above {
            send_receive_into(first, &rank, halo_above, &rank); // <- the line where ranks talk
        }
        if let Some(rank) = below {
            send_receive_into(last, &rank, halo_below, &rank);
        }
    });
    plate.update();
}
