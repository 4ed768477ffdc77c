//! The check of exercise 7.

exercises::exercise!("7_deadlock.rs");

use std::process::ExitCode;

use exercises::not_yet;
use exercises::ranks::{Rank, check_on_ranks, job};
use mpi::environment::Universe;
use mpi::traits::*;

/// Too long for any MPI to take along.
const LONG: u64 = 1_000_000;

fn main() -> ExitCode {
    let jobs = [(1, 10), (3, 10), (2, LONG), (4, LONG)];
    check_on_ranks(
        exercise::program,
        || jobs.into_iter().try_for_each(|(r, cells)| job(r, cells).map(drop)),
        rank,
    )
}

/// Every rank looks at the rows that it got.
fn rank(universe: &Universe, args: &Rank) -> anyhow::Result<()> {
    let world = universe.world();
    let (rank, size) = (world.rank(), world.size());
    let cells = args.number as usize;
    let row = |rank: i32, which: f64| -> Vec<f64> {
        (0..cells).map(|cell| f64::from(rank) + which + cell as f64 / cells as f64 / 4.0).collect()
    };
    let (first, last) = (row(rank, 0.0), row(rank, 0.5));
    let (mut above, mut below) = (vec![-1.0; cells], vec![-1.0; cells]);
    exercise::exchange(&world, (&first, &mut above), (&last, &mut below));

    let nothing = || vec![-1.0; cells];
    let wanted_above = if rank > 0 { row(rank - 1, 0.5) } else { nothing() };
    let wanted_below = if rank + 1 < size { row(rank + 1, 0.0) } else { nothing() };
    for (halo, wanted, side) in [(&above, &wanted_above, "above"), (&below, &wanted_below, "below")]
    {
        if halo != wanted {
            let found = match (halo == &nothing(), wanted == &nothing()) {
                (true, _) => "nothing arrived",
                (_, true) => "something arrived, but nobody is there",
                _ => "another row arrived: is it the first one of below, the last one of above?",
            };
            let expected = format!("{size} ranks: rank {rank} gets the row of the rank {side}");
            not_yet(expected, format!("in its halo {side}: {found}")).print();
        }
    }
    Ok(())
}
