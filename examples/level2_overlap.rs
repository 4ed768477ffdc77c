//! Level 2, overlap: computing while the rows travel.
//!
//! Only a rank's first and last row need rows of its neighbours. So the messages start, the rows
//! between are computed meanwhile, then these two. Heat's exchange runs as well, to be compared.
//!
//! ```text
//! cargo build --release -p level2-mpi --examples
//! scripts/mpirun.sh -n 1 target/release/examples/level2_overlap    # first: saves the baseline
//! scripts/mpirun.sh -n 2 target/release/examples/level2_overlap
//! ```

use anyhow::Result;
use level2_mpi::{Checkpoint, Clock, HeatArgs, OverlapArgs, OverlapReport, Plate, Rows};
use level2_mpi::{launch, neighbours, repeat, slice_of};
use mpi::{environment::Universe, point_to_point::send_receive_into, request::multiple_scope};
use mpi::{topology::SimpleCommunicator, traits::*};
use std::process::ExitCode;

fn main() -> ExitCode {
    launch(overlap)
}

fn overlap(universe: &Universe, args: &OverlapArgs) -> Result<()> {
    let world = universe.world();
    let report = OverlapReport::open(args, &world)?;
    let (expected, blocking) = simulate(&world, &args.heat.named("blocking"), blocking_step)?;
    let (plate, overlapped) = simulate(&world, &args.heat.named("overlap"), overlapped_step)?;
    assert!(plate.band().eq(expected.band()), "both exchanges end with the same plate");
    report.print(&world, &plate, &blocking, &overlapped)
}

type Step = fn(&SimpleCommunicator, &mut Plate);

fn simulate(world: &SimpleCommunicator, on: &HeatArgs, step: Step) -> Result<(Plate, Clock)> {
    let mut plate = Plate::new(on.size, slice_of(on.size, world.rank(), world.size()));
    let mut checkpoint = Checkpoint::resume(on, world, &mut plate)?; // as in heat
    world.barrier();
    let clock = repeat(checkpoint.steps_left(), |clock| {
        step(world, &mut plate);
        checkpoint.save(&plate, clock)
    })?;
    Ok((plate, clock))
}

/// As in heat: first the messages, then the arithmetic.
fn blocking_step(world: &SimpleCommunicator, plate: &mut Plate) {
    let (above, below) = neighbours(world);
    let Rows { halo_above, first, last, halo_below, .. } = plate.rows();
    for (rank, row, halo) in [(above, first, halo_above), (below, last, halo_below)] {
        let Some(rank) = rank else { continue };
        send_receive_into(row, &rank, halo, &rank);
    }
    plate.update();
}

/// The arithmetic of the rows that need no message, while the messages travel.
fn overlapped_step(world: &SimpleCommunicator, plate: &mut Plate) {
    let (above, below) = neighbours(world);
    let Rows { halo_above, first, interior, last, halo_below } = plate.rows();
    multiple_scope(4, |scope, messages| {
        for (rank, row, halo) in [(above, first, halo_above), (below, last, halo_below)] {
            let Some(rank) = rank else { continue };
            messages.add(rank.immediate_receive_into(scope, halo));
            messages.add(rank.immediate_send(scope, row));
        }
        interior.update(); // <- meanwhile: nothing here touches a halo
        messages.wait_all(&mut Vec::new());
    });
    plate.update_edges();
}
