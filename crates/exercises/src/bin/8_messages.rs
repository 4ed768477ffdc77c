//! The check of exercise 8.

exercises::answer!("8_messages.rs");
exercises::exercise!("8_messages.rs");

use std::process::ExitCode;

use common::time;
use exercises::ranks::{Rank, check_on_ranks, job};
use exercises::{Pace, not_yet};
use level2_mpi::ROOT;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

const VALUES: usize = 1000;
/// The number that tells ranks to measure, too.
const MEASURE: u64 = 1;

fn main() -> ExitCode {
    let jobs = [(1, 0), (4, 0), (2, MEASURE)];
    check_on_ranks(
        exercise::program,
        || {
            for (ranks, number) in jobs {
                job(ranks, number)?.iter().for_each(|line| println!("{line}"));
            }
            Ok(())
        },
        rank,
    )
}

/// Every rank takes part; rank 0 looks at the values and at the clock.
fn rank(universe: &Universe, args: &Rank) -> anyhow::Result<()> {
    let world = universe.world();
    let (rank, size) = (world.rank(), world.size() as usize);
    let value = |number: usize| (number as f64).sqrt();
    let mine: Vec<f64> = (0..VALUES).map(|i| value(rank as usize * VALUES + i)).collect();
    let all = exercise::collect(&world, &mine);
    if rank == ROOT {
        let wrong = (0..VALUES * size).find(|&i| all.get(i) != Some(&value(i)));
        if let Some(wrong) = wrong.or((all.len() != VALUES * size).then_some(all.len())) {
            let (owner, index) = (wrong / VALUES, wrong % VALUES);
            let expected = format!("{size} ranks: rank 0 has {VALUES} values of each, in order");
            let found = format!("value {index} of rank {owner} is not in its place");
            not_yet(expected, found).print();
            level2_mpi::abort(&world, 1);
        }
    }
    if args.number != MEASURE {
        return Ok(());
    }
    let run = |collect: fn(&SimpleCommunicator, &[f64]) -> Vec<f64>| {
        world.barrier();
        time(|| collect(&world, &mine)).1
    };
    let mut pace = Pace::start();
    let mut more = true;
    while more {
        pace.add(run(exercise::collect), run(answer::collect));
        more = pace.wants_more();
        world.process_at_rank(ROOT).broadcast_into(&mut more); // the clock of rank 0 decides
    }
    if rank == ROOT
        && let Err(fault) = pace.judge("Does every value still travel alone?")
    {
        fault.print();
    }
    Ok(())
}
