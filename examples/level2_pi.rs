//! Level 2, pi: slice, compute, reduce.
//!
//! The area under `4 / (1 + x^2)` from 0 to 1 is pi. Every rank adds up its own slice of the
//! rectangles under the curve; the one message at the end is one number per rank.
//!
//! ```text
//! cargo build --release -p level2-mpi --examples
//! scripts/mpirun.sh -n 1 target/release/examples/level2_pi    # first: saves the baseline
//! scripts/mpirun.sh -n 4 target/release/examples/level2_pi    # then: speedup against it
//! ```

use std::process::ExitCode;
use std::time::Instant;

use common::Samples;
use level2_mpi::{PiArgs, PiReport, ROOT, integrate, launch, slice_of};
use mpi::collective::SystemOperation;
use mpi::environment::Universe;
use mpi::traits::*;

fn main() -> ExitCode {
    launch(pi) // starts MPI as in hello; and if one rank fails, it ends them all
}

fn pi(universe: &Universe, args: &PiArgs) -> anyhow::Result<()> {
    let world = universe.world();
    let (rank, size) = (world.rank(), world.size());
    let report = PiReport::open(args, &world)?;

    // Split: every rank runs this same line and gets a different slice.
    let slice = slice_of(args.rectangles, rank, size); // <- the line that makes it parallel

    let mut times = Samples::default();
    let mut pi = None;
    for _ in report.passes() {
        // The starting gun: nobody starts the clock early.
        world.barrier();
        let start = Instant::now();
        // Compute: no rank waits for another.
        let partial = integrate(args.kernel, &slice, args.rectangles);
        // Combine: the partial sums travel to the root, added up on the way.
        pi = sum_at_root(&world, partial);
        times.push(start.elapsed());
    }

    // Only the root holds pi, so only the root prints.
    report.print(&world, pi, &times)
}

/// The sum of what all ranks give, on the root; the others get nothing.
fn sum_at_root(world: &impl Communicator, partial: f64) -> Option<f64> {
    let root = world.process_at_rank(ROOT);
    if world.rank() == ROOT {
        let mut sum = 0.0;
        root.reduce_into_root(&partial, &mut sum, SystemOperation::sum());
        Some(sum)
    } else {
        root.reduce_into(&partial, SystemOperation::sum());
        None
    }
}
