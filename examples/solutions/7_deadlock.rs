// Exercise 7: a halo exchange that hangs. The lesson is `examples/level2_heat.rs`.
//
// With short rows this program works: MPI keeps a copy of a short message, and `send` returns at
// once. A long one waits until its receiver is ready, and then the program hangs (Ctrl-C ends it).
//
//     cargo exercise 7 --run                  runs this program with 4 ranks and short rows
//     cargo exercise 7 --run -- --cells 1e6   and with long ones
//     cargo exercise 7                        checks it

use std::process::ExitCode;

use level2_mpi::launch;
use mpi::environment::Universe;
use mpi::point_to_point::send_receive_into;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

/// Swaps rows with the neighbours: my first row for the last one of the rank above, my last row
/// for the first one of the rank below.
pub fn exchange(
    world: &SimpleCommunicator,
    (first, halo_above): (&[f64], &mut [f64]),
    (last, halo_below): (&[f64], &mut [f64]),
) {
    let (rank, size) = (world.rank(), world.size());
    let above = (rank > 0).then(|| world.process_at_rank(rank - 1));
    let below = (rank + 1 < size).then(|| world.process_at_rank(rank + 1));
    // TASK: every rank sends first, so nobody receives, and long rows wait for ever.
    // Let each pair of neighbours send and receive in one step, as the lesson does.
    // --- gap
    if let Some(above) = above {
        send_receive_into(first, &above, halo_above, &above);
    }
    if let Some(below) = below {
        send_receive_into(last, &below, halo_below, &below);
    }
    // --- end of gap
}

/// Rows travel between neighbouring ranks
#[derive(clap::Parser)]
struct Args {
    /// How long a row is
    #[arg(long, value_name = "N", default_value = "10", value_parser = cli::count(1..=10_000_000))]
    cells: u64,
}

fn main() -> ExitCode {
    launch(rows)
}

fn rows(universe: &Universe, args: &Args) -> anyhow::Result<()> {
    let world = universe.world();
    let mine = vec![f64::from(world.rank()); args.cells as usize];
    let (mut above, mut below) = (vec![f64::NAN; mine.len()], vec![f64::NAN; mine.len()]);
    exchange(&world, (&mine, &mut above), (&mine, &mut below));
    println!("rank {}: above me is {}, below me is {}", world.rank(), above[0], below[0]);
    Ok(())
}
