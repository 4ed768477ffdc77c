//! The check of exercise 8.

exercises::answer!("8_messages.rs");
exercises::exercise!("8_messages.rs");

use std::process::ExitCode;

use common::{plural, time};
use exercises::{Pace, check_on_ranks, expect};
use level2_mpi::ROOT;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

const VALUES: usize = 1000;
/// The number that tells ranks to measure, too.
const MEASURE: u64 = 1;

fn main() -> ExitCode {
    check_on_ranks(exercise::program, &[(1, 0), (4, 0), (2, MEASURE)], rank)
}

/// Every rank takes part; rank 0 looks at the values and at the clock.
fn rank(world: &SimpleCommunicator, number: u64) -> anyhow::Result<()> {
    let (rank, size) = (world.rank(), world.size() as usize);
    let expected: Vec<f64> = (0..VALUES * size).map(|number| (number as f64).sqrt()).collect();
    let mine = &expected[rank as usize * VALUES..][..VALUES];
    let all = exercise::collect(world, mine);
    let right = all.iter().zip(&expected).take_while(|(found, expected)| found == expected).count();
    expect(
        rank != ROOT || all == expected,
        format!("{}: rank 0 has {VALUES} values of each, in order", plural(size, "rank")),
        format!("value {} of rank {} is not in its place", right % VALUES, right / VALUES),
    )?;
    if number != MEASURE {
        return Ok(());
    }
    let run = |collect: fn(&SimpleCommunicator, &[f64]) -> Vec<f64>| {
        world.barrier();
        time(|| collect(world, mine)).1
    };
    let mut pace = Pace::start();
    let mut more = true;
    while more {
        pace.add(run(exercise::collect), run(answer::collect));
        more = pace.wants_more();
        world.process_at_rank(ROOT).broadcast_into(&mut more); // the clock of rank 0 decides
    }
    if rank == ROOT { pace.judge("Does every value still travel alone?") } else { Ok(()) }
}
