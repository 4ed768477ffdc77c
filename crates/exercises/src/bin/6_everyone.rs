//! The check of exercise 6.

exercises::exercise!("6_everyone.rs", [(1, 0), (2, 0), (4, 0)]);

use std::f64::consts::PI;

use common::plural;
use exercises::expect;
use level2_mpi::{Kernel, integrate, slice_of};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

/// Every rank computes pi and looks at what it got.
fn rank(world: &SimpleCommunicator, _: u64) -> anyhow::Result<()> {
    const RECTANGLES: u64 = 100_000;
    let (rank, size) = (world.rank(), world.size());
    let slice = slice_of(RECTANGLES, rank, size);
    let pi = exercise::sum_of_all(world, integrate(Kernel::Lanes, &slice, RECTANGLES));
    let why = match pi {
        0.0 => "nobody told it: see all_reduce_into, which has no root",
        _ => "each partial sum counts once",
    };
    expect(
        (pi - PI).abs() < 1e-9,
        format!("{}: each knows pi", plural(size, "rank")),
        format!("rank {rank} believes that it is {pi}: {why}"),
    )
}
