//! What more ranks would gain, forecast from what a few ranks measured.
//!
//! A message costs `latency + bytes / bandwidth` (Hockney, Parallel Computing 20, 1994), and the
//! computing is divided by the ranks. A step of heat waits for rows of its neighbours; pi's sum
//! needs `log2(ranks)` messages, one after the other.
//!
//! Limits: one network, the slowest link that was measured, without contention for it; hosts that
//! are filled like those of the measured run; messages that go off without asking (up to 64 KiB with
//! Open MPI over TCP, a row of 8192 cells); caches as they were in that run, so a slice that fits
//! a cache which it did not fit then is faster than its forecast.

use std::fmt;
use std::time::Duration;

use common::human;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use serde_json::{Value, json};

use crate::link::{Link, alone, messages};

/// The forecast goes up to this many ranks, in powers of two.
const MOST_RANKS: u32 = 1024;

/// Seconds of one pass of pi, if one rectangle takes `rectangle` seconds: the slices side by side, then
/// a sum in `log2(ranks)` messages.
pub fn pi_pass(link: Link, rectangle: f64, rectangles: f64, ranks: u32) -> f64 {
    let rounds = f64::from(ranks.next_power_of_two().ilog2());
    rectangles / f64::from(ranks) * rectangle + rounds * link.message(8.0)
}

/// Seconds of one step of heat on a plate of `size` rows of `size` cells, if one cell takes `cell`
/// seconds: first the messages, then the rows.
pub fn blocking_step(link: Link, cell: f64, size: f64, ranks: u32) -> f64 {
    messages(ranks) * link.message(8.0 * size) + band(size, ranks) * size * cell
}

/// The same, where all rows travel at once while the rank computes what needs none of them.
pub fn overlapped_step(link: Link, cell: f64, size: f64, ranks: u32) -> f64 {
    let message = if ranks > 1 { link.message(8.0 * size) } else { 0.0 };
    let band = band(size, ranks);
    let edges = band.min(2.0);
    f64::max(message, (band - edges) * size * cell) + edges * size * cell
}

/// How many rows the rank has that has the most.
fn band(size: f64, ranks: u32) -> f64 {
    (size / f64::from(ranks)).ceil()
}

/// The times with 1, 2, 4, ... 1024 ranks.
#[derive(Debug)]
pub struct Forecast {
    /// What a message was found to cost.
    pub link: Link,
    /// What a rank works on, and the seconds that it was found to take for each.
    unit: &'static str,
    pub unit_s: f64,
    /// The seconds with as many ranks as measured it.
    pub here_s: f64,
    rows: Vec<Row>,
}

/// What is forecast for some number of ranks: of the same problem, and of one that is as many times
/// as large.
#[derive(Debug)]
struct Row {
    ranks: u32,
    seconds: [f64; 2],
    /// How much of the ranks is put to use.
    efficiency: [f64; 2],
}

impl Forecast {
    /// Measures what a message costs, and how long each rank's `work` takes, on so many `unit`s, such
    /// as `a cell`. Every rank calls this.
    ///
    /// `cost` gives the seconds for what was measured, a number of ranks, and a problem that is so
    /// many times as large.
    pub fn measure<T>(
        world: &SimpleCommunicator,
        (units, unit): (f64, &'static str),
        work: impl FnMut() -> T,
        cost: impl Fn(Link, f64, u32, f64) -> f64,
    ) -> Self {
        let (link, unit_s) = (Link::measure(world), alone(world, work) / units);
        let cost = |ranks, growth| cost(link, unit_s, ranks, growth);
        let here_s = cost(world.size() as u32, 1.0);
        Self { link, unit, unit_s, here_s, rows: rows(cost) }
    }

    /// One object per row, for the record.
    pub fn to_json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "ranks": row.ranks,
                "strong_s": row.seconds[0],
                "strong_efficiency": row.efficiency[0],
                "weak_s": row.seconds[1],
                "weak_efficiency": row.efficiency[1],
            })
        };
        self.rows.iter().map(row).collect()
    }
}

/// For 1, 2, 4, ... 1024 ranks.
fn rows(cost: impl Fn(u32, f64) -> f64) -> Vec<Row> {
    let one = cost(1, 1.0);
    let row = |ranks| {
        let seconds = [cost(ranks, 1.0), cost(ranks, f64::from(ranks))];
        let efficiency = [one / seconds[0] / f64::from(ranks), one / seconds[1]];
        Row { ranks, seconds, efficiency }
    };
    (0..=MOST_RANKS.ilog2()).map(|power| row(1 << power)).collect()
}

const HEAD: &str = "\
ranks    same problem (strong scaling)          growing problem (weak scaling)
            time   speedup   efficiency             time   efficiency";

/// A table whose bars are the chart, how much of the ranks is put to use, and what it teaches.
impl fmt::Display for Forecast {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let time = |seconds| human(Duration::from_secs_f64(seconds));
        let Self { link, unit, unit_s, rows, .. } = self;
        let (latency, megabytes) = (time(link.latency), 1e-6 * link.bandwidth);
        writeln!(f, "{unit} {:.2} ns, a message {latency} + {megabytes:.0} MB/s", 1e9 * unit_s)?;
        writeln!(f, "{HEAD}")?;
        let used = |share: f64| {
            let bar = "█".repeat((10.0 * share.min(1.0)).round() as usize);
            format!("{:>4.0} % {bar:<10}", 100.0 * share)
        };
        // Every second row, so that they fit a screen; the record has all.
        for row in rows.iter().step_by(2) {
            let (ranks, speedup) = (row.ranks, row.efficiency[0] * f64::from(row.ranks));
            let [strong, weak] = row.seconds.map(time);
            let [strong_use, weak_use] = row.efficiency.map(used);
            write!(f, "{ranks:>5}  {strong:>9}  {speedup:>6.1} x  {strong_use}")?;
            writeln!(f, "  {weak:>9}  {weak_use}")?;
        }
        match rows.iter().find(|row| row.efficiency[0] < 0.5) {
            Some(Row { ranks, .. }) => {
                write!(f, "With {ranks} ranks, more than half of their time is spent waiting.")
            }
            None => {
                write!(f, "Even {MOST_RANKS} ranks spend less than half of their time waiting.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: Link = Link { latency: 10e-6, bandwidth: 1e9 };
    const CELL: f64 = 1e-9;

    /// The seconds of a step after many, by following every message of the blocking exchange.
    fn followed(ranks: usize, computing: f64, message: f64) -> f64 {
        let steps = 10 * ranks;
        let mut begins = vec![0.0; ranks];
        for _ in 0..steps {
            let mut next = begins.clone();
            let mut sent_down = f64::NEG_INFINITY; // when the rank above sent its last row
            for rank in 0..ranks {
                let above_done = f64::max(begins[rank], sent_down + message);
                let sent_up = begins.get(rank + 1).map_or(f64::NEG_INFINITY, |begin| *begin);
                next[rank] = f64::max(above_done, sent_up + message) + computing;
                sent_down = above_done;
            }
            begins = next;
        }
        begins[0] / steps as f64
    }

    #[test]
    fn the_formula_is_what_comes_of_following_every_message() {
        let size = 960.0;
        for ranks in [1, 2, 3, 4, 8, 16] {
            let computing = band(size, ranks) * size * CELL;
            let expected = followed(ranks as usize, computing, LINK.message(8.0 * size));
            let found = blocking_step(LINK, CELL, size, ranks);
            assert!((found / expected - 1.0).abs() < 0.03, "{ranks}: {found} {expected}");
        }
    }

    #[test]
    fn rows_that_travel_meanwhile_cost_only_what_the_computing_does_not_hide() {
        let hidden = overlapped_step(LINK, CELL, 4000.0, 4);
        assert!((hidden - 1000.0 * 4000.0 * CELL).abs() < 1e-12);
        let [seen, waited] =
            [overlapped_step, blocking_step].map(|step| step(LINK, CELL, 100.0, 4));
        assert!(seen > LINK.message(800.0) && seen < waited, "{seen} {waited}");
    }

    fn forecast(link: Link, cost: impl Fn(u32, f64) -> f64) -> Forecast {
        Forecast { link, unit: "a cell", unit_s: CELL, here_s: cost(2, 1.0), rows: rows(cost) }
    }

    #[test]
    fn a_message_that_costs_nothing_scales_without_loss() {
        let free = Link { latency: 0.0, bandwidth: f64::INFINITY };
        let forecast = forecast(free, |ranks, growth| pi_pass(free, 1e-9, 1e7 * growth, ranks));
        for row in &forecast.rows {
            assert!(row.efficiency.iter().all(|part| (part - 1.0).abs() < 1e-9), "{row:?}");
        }
        assert!(
            forecast
                .to_string()
                .ends_with("1024 ranks spend less than half of their time waiting.")
        );
    }

    #[test]
    fn the_table_fits_a_terminal() {
        let cost = |ranks, growth: f64| blocking_step(LINK, CELL, 4000.0 * growth.sqrt(), ranks);
        let table = forecast(LINK, cost).to_string();
        assert!(table.lines().count() <= 15);
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    }
}
