//! What a message costs, and what a rank computes alone: measured for a forecast.

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::{Samples, time};
use mpi::collective::SystemOperation;
use mpi::point_to_point::send_receive_into;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

use crate::{neighbours, repeat};

/// What a message between neighbouring ranks costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// The time of an empty message, in seconds.
    pub latency: f64,
    /// Bytes per second of a long one.
    pub bandwidth: f64,
}

/// A message that is almost empty, and one that is long enough to show the bandwidth, in bytes. It
/// is a row of 4096 cells: from 64 KiB on, Open MPI asks first whether the other side is ready (over
/// TCP), which costs two messages more.
const SHORT: usize = 8;
const LONG: usize = 1 << 15;
/// How often the ranks exchange each of them.
const EXCHANGES: u64 = 60;
/// For so long what a rank computes alone is repeated: a processor needs a while to get up to speed.
const LONG_ENOUGH: Duration = Duration::from_millis(100);

impl Link {
    /// Lets all neighbouring ranks exchange messages, as the steps of heat do, and nothing else.
    /// Every rank calls this.
    pub fn measure(world: &SimpleCommunicator) -> Self {
        let (before, after) = neighbours(world);
        let message = |bytes| {
            let (mine, mut theirs) = (vec![0_u8; bytes], vec![0_u8; bytes]);
            world.barrier();
            let exchanges = repeat(EXCHANGES, |_| {
                for rank in [&before, &after].into_iter().flatten() {
                    send_receive_into(&mine[..], rank, &mut theirs[..], rank);
                }
            });
            slowest(world, exchanges.step.median()) / messages(world.size() as u32)
        };
        let (latency, long) = (message(SHORT), message(LONG));
        let bandwidth = (LONG - SHORT) as f64 / (long - latency).max(f64::MIN_POSITIVE);
        Self { latency, bandwidth }
    }

    /// The seconds that a message of so many bytes takes.
    pub fn message(&self, bytes: f64) -> f64 {
        self.latency + bytes / self.bandwidth
    }
}

/// How many messages, one after the other, an exchange with both neighbours waits for.
///
/// A rank exchanges rows with the rank above and then with the one below. Its answer to the rank
/// below waits for the one above, so in a step a wave of waiting runs down the ranks and meets the
/// next step's coming up: with `p` ranks, a step waits `2 (p - 1) / p` messages (the longest cycle
/// of what waits for what, divided by its steps).
pub fn messages(ranks: u32) -> f64 {
    2.0 * (1.0 - 1.0 / f64::from(ranks))
}

/// The seconds that `work` takes while all ranks do theirs, and send nothing: of the slowest rank
/// the median of several times. Every rank calls this.
pub fn alone<T>(world: &SimpleCommunicator, mut work: impl FnMut() -> T) -> f64 {
    black_box(work()); // the first time fills the caches
    world.barrier();
    let begin = Instant::now();
    let mut times = Samples::default();
    while times.len() < 3 || begin.elapsed() < LONG_ENOUGH {
        times.push(time(|| black_box(work())).1);
    }
    slowest(world, times.median())
}

/// The longest of the times of all ranks, in seconds.
pub(crate) fn slowest(world: &SimpleCommunicator, mine: Duration) -> f64 {
    let mut all = 0.0;
    world.all_reduce_into(&mine.as_secs_f64(), &mut all, SystemOperation::max());
    all
}
