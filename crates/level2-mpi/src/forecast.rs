//! What more ranks would gain, forecast from what a few ranks measured.
//!
//! A message costs `latency + bytes / bandwidth` (Hockney, Parallel Computing 20, 1994), and the
//! computing is divided by the ranks. A step of heat exchanges two rows; pi's sum needs
//! `log2(ranks)` messages, one after the other. The model knows one network without contention,
//! and caches only as they were in the measured run: it is a forecast, and is called one.

use std::fmt;
use std::time::Duration;

use common::{Samples, human, plural, time};
use mpi::collective::SystemOperation;
use mpi::topology::Process;
use mpi::traits::*;
use serde_json::{Value, json};

use crate::neighbours;

/// The forecast goes up to this many ranks, in powers of two.
const MOST_RANKS: u32 = 1024;

/// What a message between neighbouring ranks costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// The time of an empty message, in seconds.
    pub latency: f64,
    /// Bytes per second of a long one.
    pub bandwidth: f64,
}

/// A message that is almost empty, and one that is long enough to show the bandwidth, in bytes.
const SHORT: usize = 8;
const LONG: usize = 1 << 18;
const ROUNDS: usize = 31;

impl Link {
    /// Sends messages to and fro between all neighbouring ranks; the slowest pair counts, because
    /// all others wait for it. Every rank calls this. None for a single rank.
    pub fn measure(world: &mpi::topology::SimpleCommunicator) -> Option<Self> {
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
                let mut all = 0.0;
                world.all_reduce_into(&mine, &mut all, SystemOperation::max());
                *worst = f64::max(*worst, all);
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
    round(); // the first message opens the connection
    let trips: Samples = (0..ROUNDS).map(|_| time(&mut round).1).collect();
    trips.median().as_secs_f64() / 2.0
}

/// What a step of heat costs.
#[derive(Debug, Clone, Copy)]
pub struct HeatModel {
    /// Seconds that one cell takes in one step.
    pub cell: f64,
    /// What a row costs on its way.
    pub link: Link,
}

impl HeatModel {
    /// Seconds of computing per step, for a plate of `size` rows of `size` cells.
    pub fn computing(&self, size: f64, ranks: u32) -> f64 {
        size * size / f64::from(ranks) * self.cell
    }

    /// Seconds of communicating per step: a row to and from the rank above, then below.
    pub fn communicating(&self, size: f64, ranks: u32) -> f64 {
        let neighbours = f64::from(ranks - 1).min(2.0);
        neighbours * self.link.message(8.0 * size)
    }

    /// Seconds per step, if every rank waits for its rows before it computes.
    pub fn step(&self, size: f64, ranks: u32) -> f64 {
        self.computing(size, ranks) + self.communicating(size, ranks)
    }

    /// From how many ranks on, a step of this plate communicates longer than it computes.
    pub fn talks_from(&self, size: f64) -> Option<u32> {
        (2..=MOST_RANKS)
            .find(|&ranks| self.communicating(size, ranks) > self.computing(size, ranks))
    }

    /// The smallest plate on which so many ranks compute at least as long as they communicate:
    /// where `size^2 cell / ranks = 2 (latency + 8 size / bandwidth)`.
    pub fn size_for(&self, ranks: u32) -> f64 {
        let a = self.cell / f64::from(ranks);
        let half = 8.0 / self.link.bandwidth; // b / 2 of a x^2 - b x - c
        (half + (half * half + 2.0 * a * self.link.latency).sqrt()) / a
    }
}

/// Seconds of one pass of pi: the slices side by side, then a sum in `log2(ranks)` messages.
pub fn pi_pass(rectangle: f64, rectangles: f64, ranks: u32, link: Link) -> f64 {
    let rounds = f64::from(ranks.next_power_of_two().ilog2());
    rectangles / f64::from(ranks) * rectangle + rounds * link.message(8.0)
}

/// The table for 1, 2, 4, ... 1024 ranks.
#[derive(Debug)]
pub struct Forecast {
    rows: Vec<Row>,
    /// The seconds of the run that it is made from, to be compared with what was measured.
    pub here: f64,
}

#[derive(Debug)]
struct Row {
    ranks: u32,
    /// Seconds for the same problem.
    strong: f64,
    /// Seconds for a problem that grows with the ranks.
    weak: f64,
}

impl Forecast {
    /// From a run with `ranks` ranks. `strong` and `weak` give the seconds with any number of
    /// ranks: of the same problem, and of one that is as many times as large.
    pub fn new(ranks: usize, strong: impl Fn(u32) -> f64, weak: impl Fn(u32) -> f64) -> Self {
        let powers = (0..=MOST_RANKS.ilog2()).map(|power| 1 << power);
        let row = |ranks| Row { ranks, strong: strong(ranks), weak: weak(ranks) };
        Self { here: strong(ranks as u32), rows: powers.map(row).collect() }
    }

    fn speedup(&self, row: &Row) -> f64 {
        self.rows[0].strong / row.strong
    }

    fn efficiency(&self, row: &Row) -> [f64; 2] {
        [self.speedup(row) / f64::from(row.ranks), self.rows[0].weak / row.weak]
    }

    /// One object per row, for the record.
    pub fn to_json(&self) -> Value {
        let row = |row: &Row| {
            let [strong, weak] = self.efficiency(row);
            json!({
                "ranks": row.ranks,
                "strong_s": row.strong,
                "strong_efficiency": strong,
                "speedup": self.speedup(row),
                "weak_s": row.weak,
                "weak_efficiency": weak,
            })
        };
        self.rows.iter().map(row).collect()
    }
}

/// A table whose bars are the chart: how much of the ranks is put to use.
impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        writeln!(
            f,
            "ranks    same problem (strong scaling)          growing problem (weak scaling)"
        )?;
        write!(f, "            time   speedup   efficiency             time   efficiency")?;
        for row in &self.rows {
            let [strong, weak] = self.efficiency(row);
            let time = |seconds| human(Duration::from_secs_f64(seconds));
            write!(
                f,
                "\n{:>5}  {:>9}  {:>6.0} x  {:>4.0} % {:<10}  {:>9}  {:>4.0} % {:<10}",
                row.ranks,
                time(row.strong),
                self.speedup(row),
                100.0 * strong,
                bar(strong),
                time(row.weak),
                100.0 * weak,
                bar(weak),
            )?;
        }
        Ok(())
    }
}

fn bar(share: f64) -> String {
    "█".repeat((10.0 * share.min(1.0)).round() as usize)
}

/// What a forecast of heat teaches, in one sentence.
pub fn heat_lesson(model: &HeatModel, size: f64) -> String {
    let needed = model.size_for(MOST_RANKS);
    let limit = match model.talks_from(size) {
        Some(ranks) => format!(
            "From {} on, this plate talks more than it computes",
            plural(ranks as usize, "rank")
        ),
        None => format!("Even {MOST_RANKS} ranks compute more on this plate than they talk"),
    };
    format!(
        "{limit};\n{MOST_RANKS} ranks need a plate of {needed:.0} x {needed:.0} cells to be busy at least half the time."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: HeatModel =
        HeatModel { cell: 1e-9, link: Link { latency: 10e-6, bandwidth: 1e9 } };

    #[test]
    fn one_rank_sends_nothing_and_the_last_two_send_one_row_each() {
        assert_eq!(MODEL.communicating(1000.0, 1), 0.0);
        assert!((MODEL.communicating(1000.0, 2) - 18e-6).abs() < 1e-12);
        assert!((MODEL.communicating(1000.0, 3) - 36e-6).abs() < 1e-12);
    }

    #[test]
    fn the_plate_for_many_ranks_is_the_one_where_talking_equals_computing() {
        for ranks in [4, 64, 1024] {
            let size = MODEL.size_for(ranks);
            let (talking, computing) =
                (MODEL.communicating(size, ranks), MODEL.computing(size, ranks));
            assert!((talking / computing - 1.0).abs() < 1e-9, "{ranks}: {talking} {computing}");
        }
    }

    #[test]
    fn the_limit_is_where_talking_begins_to_take_longer() {
        let ranks = MODEL.talks_from(1000.0).unwrap();
        assert!(MODEL.communicating(1000.0, ranks) > MODEL.computing(1000.0, ranks));
        assert!(MODEL.communicating(1000.0, ranks - 1) <= MODEL.computing(1000.0, ranks - 1));
    }

    #[test]
    fn a_message_that_costs_nothing_scales_without_loss() {
        let free = Link { latency: 0.0, bandwidth: f64::INFINITY };
        let pass = |ranks| pi_pass(1e-9, 1e7, ranks, free);
        let forecast = Forecast::new(2, pass, |_| pass(1));
        for row in &forecast.rows {
            let [strong, weak] = forecast.efficiency(row);
            assert!((strong - 1.0).abs() < 1e-9 && (weak - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_table_fits_a_terminal() {
        let table = Forecast::new(
            2,
            |n| MODEL.step(4000.0, n),
            |n| MODEL.step(4000.0 * f64::from(n).sqrt(), n),
        )
        .to_string();
        assert!(table.lines().count() <= 14);
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    }
}
