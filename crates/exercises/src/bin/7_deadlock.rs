//! The check of exercise 7.

exercises::exercise!("7_deadlock.rs", [(1, 10), (3, 10), (2, LONG), (4, LONG)]);

use common::plural;
use exercises::expect;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

/// Too long for any MPI to take along.
const LONG: u64 = 1_000_000;

/// Every rank looks at the rows of so many cells that it got.
fn rank(world: &SimpleCommunicator, cells: u64) -> anyhow::Result<()> {
    let (rank, size) = (world.rank(), world.size());
    let row = |rank: i32, which: f64| -> Vec<f64> {
        (0..cells).map(|cell| f64::from(rank) + which + cell as f64 / cells as f64 / 4.0).collect()
    };
    let nothing = vec![-1.0; cells as usize];
    let (mut above, mut below) = (nothing.clone(), nothing.clone());
    exercise::exchange(world, (&row(rank, 0.0), &mut above), (&row(rank, 0.5), &mut below));
    for (halo, side, neighbour, which) in
        [(above, "above", rank - 1, 0.5), (below, "below", rank + 1, 0.0)]
    {
        let is_there = (0..size).contains(&neighbour);
        let wanted = if is_there { row(neighbour, which) } else { nothing.clone() };
        let found = match is_there {
            _ if halo == nothing => "nothing arrived",
            false => "something arrived, but nobody is there",
            true => "another row arrived: is it the first one of below, the last one of above?",
        };
        expect(
            halo == wanted,
            format!("{}: rank {rank} gets the row of the rank {side}", plural(size, "rank")),
            format!("in its halo {side}: {found}"),
        )?;
    }
    Ok(())
}
