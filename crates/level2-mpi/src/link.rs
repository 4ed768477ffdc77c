//! What a message costs, and what a rank computes alone: measured before a run, for its forecast.

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::{Samples, time};
use mpi::collective::SystemOperation;
use mpi::topology::{Process, SimpleCommunicator};
use mpi::traits::*;

use crate::neighbours;

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
const ROUNDS: usize = 15;
/// For so long what a rank computes alone is repeated: a processor needs a while to get up to speed.
const LONG_ENOUGH: Duration = Duration::from_millis(100);

impl Link {
    /// Sends messages to and fro between all neighbouring ranks; the slowest pair counts, because
    /// all others wait for it. Every rank calls this. None for a single rank.
    pub fn measure(world: &SimpleCommunicator) -> Option<Self> {
        if world.size() < 2 {
            return None;
        }
        let (before, after) = neighbours(world);
        let even = world.rank() % 2 == 0;
        let mut slowest = [0.0; 2];
        for (worst, bytes) in slowest.iter_mut().zip([SHORT, LONG]) {
            // First the pairs 0-1, 2-3, ..., then 1-2, 3-4, ...
            for (first, second) in [(&after, &before), (&before, &after)] {
                world.barrier();
                let mine = match if even { first } else { second } {
                    Some(partner) => one_way(partner, bytes, world.rank() < partner.rank()),
                    None => 0.0,
                };
                *worst = f64::max(*worst, slowest_of(world, mine));
            }
        }
        let [short, long] = slowest;
        let bandwidth = (LONG - SHORT) as f64 / (long - short).max(f64::MIN_POSITIVE);
        Some(Self { latency: short, bandwidth })
    }

    /// The seconds that a message of so many bytes takes.
    pub fn message(&self, bytes: f64) -> f64 {
        self.latency + bytes / self.bandwidth
    }
}

/// The largest of the numbers that all ranks give.
fn slowest_of(world: &SimpleCommunicator, mine: f64) -> f64 {
    let mut all = 0.0;
    world.all_reduce_into(&mine, &mut all, SystemOperation::max());
    all
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
    slowest_of(world, times.median().as_secs_f64())
}

/// Half a round trip in seconds: the median of several.
fn one_way(partner: &Process, bytes: usize, begins: bool) -> f64 {
    let mut buffer = vec![0_u8; bytes];
    let mut round = || {
        if begins {
            partner.send(&buffer[..]);
            partner.receive_into(&mut buffer[..]);
        } else {
            partner.receive_into(&mut buffer[..]);
            partner.send(&buffer[..]);
        }
    };
    (0..3).for_each(|_| round()); // they open the connection, and TCP learns how much it holds
    let trips: Samples = (0..ROUNDS).map(|_| time(&mut round).1).collect();
    trips.median().as_secs_f64() / 2.0
}
