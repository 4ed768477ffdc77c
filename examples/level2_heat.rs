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
//! scripts/mpirun.sh -n 2 target/release/examples/level2_heat --exchange overlap
//! ```

use std::process::ExitCode;

use level2_mpi::{Clock, Edges, HeatArgs, HeatReport, HeatRun, Plate};
use level2_mpi::{Exchange, launch, neighbours, repeat, slice_of};
use mpi::environment::Universe;
use mpi::point_to_point::send_receive_into;
use mpi::request::multiple_scope;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

fn main() -> ExitCode {
    launch(heat) // starts MPI as in hello; and if one rank fails, it ends them all
}

fn heat(universe: &Universe, args: &HeatArgs) -> anyhow::Result<()> {
    let world = universe.world();
    let report = HeatReport::open(args, &world)?;
    let blocking = simulate(&world, args, blocking_step);
    let overlapped =
        (args.exchange == Exchange::Overlap).then(|| simulate(&world, args, overlapped_step));
    report.print(&world, blocking, overlapped)
}

type Step = fn(&SimpleCommunicator, &mut Plate, &mut Clock);

/// Runs all steps on this rank's band of rows, then gathers the bands on the root.
fn simulate(world: &SimpleCommunicator, args: &HeatArgs, step: Step) -> HeatRun {
    let mut plate = Plate::new(args.size, slice_of(args.size, world.rank(), world.size()));
    let mut clock = Clock::default();
    world.barrier();
    let times = repeat(args.steps, || step(world, &mut plate, &mut clock));
    HeatRun::gather(world, &plate, clock, times)
}

/// First the messages, then the arithmetic.
fn blocking_step(world: &SimpleCommunicator, plate: &mut Plate, clock: &mut Clock) {
    let (above, below) = neighbours(world);
    let Edges { halo_above, first, last, halo_below, .. } = plate.edges();
    // My first row goes up, and the row above it comes back; my last row goes down, likewise.
    clock.communicate(|| {
        if let Some(rank) = above {
            send_receive_into(first, &rank, halo_above, &rank); // <- the line where ranks talk
        }
        if let Some(rank) = below {
            send_receive_into(last, &rank, halo_below, &rank);
        }
    });
    clock.compute(|| plate.update());
}

/// The arithmetic of the rows that need no message, while the messages travel.
fn overlapped_step(world: &SimpleCommunicator, plate: &mut Plate, clock: &mut Clock) {
    let (above, below) = neighbours(world);
    let Edges { halo_above, first, interior, last, halo_below } = plate.edges();
    multiple_scope(4, |scope, messages| {
        clock.communicate(|| {
            for (rank, halo, row) in [(above, halo_above, first), (below, halo_below, last)] {
                let Some(rank) = rank else { continue };
                messages.add(rank.immediate_receive_into(scope, halo));
                messages.add(rank.immediate_send(scope, row));
            }
        });
        clock.compute(|| interior.update()); // meanwhile: nothing here touches a halo
        clock.communicate(|| messages.wait_all(&mut Vec::new()));
    });
    clock.compute(|| plate.update_edges());
}
