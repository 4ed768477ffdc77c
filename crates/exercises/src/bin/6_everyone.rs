//! The check of exercise 6.

exercises::exercise!("6_everyone.rs");

use std::f64::consts::PI;
use std::process::ExitCode;

use exercises::not_yet;
use exercises::ranks::{Rank, check_on_ranks, job};
use level2_mpi::{Kernel, integrate, slice_of};
use mpi::environment::Universe;
use mpi::traits::*;

fn main() -> ExitCode {
    check_on_ranks(
        exercise::program,
        || [1, 2, 4].into_iter().try_for_each(|r| job(r, 0).map(drop)),
        rank,
    )
}

/// Every rank computes pi; rank 0 asks them all what they got.
fn rank(universe: &Universe, _: &Rank) -> anyhow::Result<()> {
    const RECTANGLES: u64 = 100_000;
    let world = universe.world();
    let slice = slice_of(RECTANGLES, world.rank(), world.size());
    let pi = exercise::sum_of_all(&world, integrate(Kernel::Lanes, &slice, RECTANGLES));
    let mut all = vec![0.0; world.size() as usize];
    world.all_gather_into(&pi, &mut all[..]);
    let wrong = all.iter().position(|pi: &f64| (pi - PI).abs() > 1e-9);
    if let Some(wrong) = wrong.filter(|_| world.rank() == 0) {
        let (size, pi) = (world.size(), all[wrong]);
        let why = if pi == 0.0 {
            "nobody told it: see all_reduce_into, which has no root"
        } else {
            "each partial sum counts once"
        };
        let expected = format!("each of {size} ranks knows pi");
        not_yet(expected, format!("rank {wrong} believes that it is {pi}: {why}")).print();
    }
    Ok(())
}
