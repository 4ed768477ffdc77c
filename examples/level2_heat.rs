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

use level2_mpi::{Clock, Edges, Exchange, HeatArgs, HeatReport, HeatRun, Plate, launch, slice_of};
use mpi::environment::Universe;
use mpi::point_to_point::send_receive_into;
use mpi::request::multiple_scope;
use mpi::topology::{Process, SimpleCommunicator};
use mpi::traits::*;

fn main() -> ExitCode {
    launch(heat) // reads the flags, starts MPI; if one rank fails, it ends them all
}

fn heat(universe: &Universe, args: &HeatArgs) -> anyhow::Result<()> {
    let world = universe.world();
    let report = HeatReport::open(args, &world)?;
    let blocking = simulate(&world, args, blocking_step);
    let overlapped = match args.exchange {
        Exchange::Blocking => None,
        Exchange::Overlap => Some(simulate(&world, args, overlapped_step)),
    };
    report.print(blocking, overlapped)
}

/// Runs all steps on this rank's band of rows, then gathers the bands on the root.
fn simulate(world: &SimpleCommunicator, args: &HeatArgs, step: Step) -> HeatRun {
    let rows = slice_of(args.size, world.rank(), world.size());
    let mut plate = Plate::new(args.size, rows);
    let mut clock = Clock::default();
    world.barrier();
    for _ in 0..args.steps {
        step(world, &mut plate, &mut clock);
    }
    HeatRun::gather(world, &plate, clock)
}

type Step = fn(&SimpleCommunicator, &mut Plate, &mut Clock);

/// First the messages, then the arithmetic.
fn blocking_step(world: &SimpleCommunicator, plate: &mut Plate, clock: &mut Clock) {
    let (above, below) = neighbours(world);
    let Edges { halo_above, first, last, halo_below, .. } = plate.edges();
    clock.communicate(|| {
        if let Some(above) = above {
            send_receive_into(first, &above, halo_above, &above);
        }
        if let Some(below) = below {
            send_receive_into(last, &below, halo_below, &below);
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
            if let Some(above) = above {
                messages.add(above.immediate_receive_into(scope, halo_above));
                messages.add(above.immediate_send(scope, first));
            }
            if let Some(below) = below {
                messages.add(below.immediate_receive_into(scope, halo_below));
                messages.add(below.immediate_send(scope, last));
            }
        });
        clock.compute(|| interior.update()); // <- meanwhile: nothing here touches a halo
        clock.communicate(|| messages.wait_all(&mut Vec::new()));
    });
    clock.compute(|| plate.update_edges());
}

/// The ranks that own the rows above and below mine; the first and the last rank lack one.
fn neighbours(world: &SimpleCommunicator) -> (Option<Process<'_>>, Option<Process<'_>>) {
    let (rank, size) = (world.rank(), world.size());
    let above = (rank > 0).then(|| world.process_at_rank(rank - 1));
    let below = (rank + 1 < size).then(|| world.process_at_rank(rank + 1));
    (above, below)
}
