//! The check of exercise 8.

exercises::answer!("8_messages.rs");
exercises::exercise!("8_messages.rs", [(1, 0), (4, 0), (2, usable_cpus() as u64)]);

use common::{Disturbance, Watch, plural, time, usable_cpus};
use exercises::{Pace, expect};
use level2_mpi::ROOT;
use mpi::collective::SystemOperation;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

const VALUES: usize = 1000;

/// Every rank takes part; rank 0 looks at the values and, if it is told on how many CPUs all of them
/// run, at the clock.
fn rank(world: &SimpleCommunicator, cpus: u64) -> anyhow::Result<()> {
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
    if cpus == 0 {
        return Ok(());
    }
    let run = |collect: fn(&SimpleCommunicator, &[f64]) -> Vec<f64>| {
        world.barrier();
        time(|| collect(world, mine)).1
    };
    let mut pace = Pace::start();
    let mut more = true;
    while more {
        let watch = Watch::start();
        let times = [run(exercise::collect), run(answer::collect)];
        let (waited, mut worst) = (watch.end().waited.unwrap_or(0.0), 0.0);
        world.all_reduce_into(&waited, &mut worst, SystemOperation::max());
        // Ranks that share a CPU wait for each other, in both programs: that is no disturbance.
        let waited = (cpus >= size as u64).then_some(worst);
        pace.add(times, Disturbance { waited });
        more = pace.wants_more();
        world.process_at_rank(ROOT).broadcast_into(&mut more); // the clock of rank 0 decides
    }
    if rank == ROOT { pace.judge("Does every value still travel alone?") } else { Ok(()) }
}
