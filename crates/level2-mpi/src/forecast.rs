//! What more ranks would gain, forecast from what a few ranks measured.
//!
//! A message costs `latency + bytes / bandwidth` (Hockney, Parallel Computing 20, 1994), and the
//! computing is divided by the ranks. A step of heat waits for rows of its neighbours, see
//! [`HeatModel`]; pi's sum needs `log2(ranks)` messages, one after the other.
//!
//! Limits: one network, the slowest link that was measured, without contention for it; hosts that
//! are filled like those of the measured run; messages that go off without asking (up to 64 KiB with
//! Open MPI over TCP, a row of 8192 cells); caches as they were in that run, so a slice that fits
//! a cache which it did not fit then is faster than its forecast.

use std::fmt;
use std::time::Duration;

use common::{human, plural};
use serde_json::{Value, json};

use crate::Exchange;
use crate::link::Link;

/// The forecast goes up to this many ranks, in powers of two.
const MOST_RANKS: u32 = 1024;

/// What a step of heat costs.
///
/// Blocking, a rank exchanges rows with the rank above and then with the one below. Its answer to
/// the rank below waits for the one above, so in a step a wave of waiting runs down the plate and
/// meets the next step's coming up: with `p` ranks, a step waits `2 (p - 1) / p` messages (the
/// longest cycle of what waits for what, divided by its steps). With overlap all rows travel at
/// once, while the rank computes what needs none of them.
#[derive(Debug, Clone, Copy)]
pub struct HeatModel {
    /// Seconds that one cell takes in one step.
    pub cell: f64,
    /// What a row costs on its way.
    pub link: Link,
    /// Whether a rank computes while the rows travel.
    pub exchange: Exchange,
}

impl HeatModel {
    /// Seconds of computing in a step of the rank with the most rows, for a plate of `size` rows of
    /// `size` cells.
    pub fn computing(&self, size: f64, ranks: u32) -> f64 {
        (size / f64::from(ranks)).ceil() * size * self.cell
    }

    /// Seconds of a step in which rows travel.
    pub fn communicating(&self, size: f64, ranks: u32) -> f64 {
        self.messages(ranks) * self.link.message(8.0 * size)
    }

    /// How many messages a step waits for, one after the other.
    fn messages(&self, ranks: u32) -> f64 {
        match self.exchange {
            _ if ranks == 1 => 0.0,
            Exchange::Blocking => 2.0 * (1.0 - 1.0 / f64::from(ranks)),
            Exchange::Overlap => 1.0,
        }
    }

    /// Seconds of a step.
    pub fn step(&self, size: f64, ranks: u32) -> f64 {
        let (computing, communicating) =
            (self.computing(size, ranks), self.communicating(size, ranks));
        match self.exchange {
            Exchange::Blocking => computing + communicating,
            Exchange::Overlap => {
                let edges = (2.0 * size * self.cell).min(computing);
                communicating.max(computing - edges) + edges
            }
        }
    }

    /// From how many ranks on, the rows of this plate travel longer than a rank computes.
    pub fn talks_from(&self, size: f64) -> Option<u32> {
        (2..=MOST_RANKS)
            .find(|&ranks| self.communicating(size, ranks) > self.computing(size, ranks))
    }

    /// The smallest plate with as many rows for each of so many ranks, on which they compute at
    /// least as long as rows travel: `size^2 cell / ranks = messages (latency + 8 size / bandwidth)`.
    pub fn size_for(&self, ranks: u32) -> f64 {
        let (ranks, messages) = (f64::from(ranks), self.messages(ranks));
        let a = self.cell / ranks;
        let half = 4.0 * messages / self.link.bandwidth; // b / 2 of a x^2 - b x - c
        let size = (half + (half * half + a * messages * self.link.latency).sqrt()) / a;
        (size / ranks).ceil().max(1.0) * ranks
    }
}

/// Seconds of one pass of pi: the slices side by side, then a sum in `log2(ranks)` messages.
pub fn pi_pass(rectangle: f64, rectangles: f64, ranks: u32, link: Link) -> f64 {
    let rounds = f64::from(ranks.next_power_of_two().ilog2());
    rectangles / f64::from(ranks) * rectangle + rounds * link.message(8.0)
}

/// What a forecast of pi teaches, in one sentence.
pub fn pi_lesson(rectangle: f64, rectangles: f64, link: Link) -> String {
    let computing = |ranks: u32| rectangles / f64::from(ranks) * rectangle;
    let talks = |&ranks: &u32| 2.0 * computing(ranks) < pi_pass(rectangle, rectangles, ranks, link);
    match (1..=MOST_RANKS).find(talks) {
        Some(ranks) => format!(
            "From {} on, the one sum at the end takes longer than the rectangles.",
            plural(ranks, "rank")
        ),
        None => {
            format!("Even with {MOST_RANKS} ranks, the one sum at the end takes less than half.")
        }
    }
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
                "\n{:>5}  {:>9}  {:>6.1} x  {:>4.0} % {:<10}  {:>9}  {:>4.0} % {:<10}",
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
        Some(ranks) => {
            format!("From {} on, this plate talks more than it computes", plural(ranks, "rank"))
        }
        None => format!("Even {MOST_RANKS} ranks compute more on this plate than they talk"),
    };
    format!(
        "{limit};\n{MOST_RANKS} ranks need {needed:.0} x {needed:.0} cells to compute as long as they talk."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: Link = Link { latency: 10e-6, bandwidth: 1e9 };
    const MODEL: HeatModel = HeatModel { cell: 1e-9, link: LINK, exchange: Exchange::Blocking };
    const OVERLAP: HeatModel = HeatModel { exchange: Exchange::Overlap, ..MODEL };

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
        let (size, message) = (960.0, LINK.message(8.0 * 960.0));
        for ranks in [1, 2, 3, 4, 8, 16] {
            let computing = MODEL.computing(size, ranks);
            let message = if ranks == 1 { 0.0 } else { message };
            let expected = followed(ranks as usize, computing, message);
            let found = MODEL.step(size, ranks);
            assert!((found / expected - 1.0).abs() < 0.03, "{ranks}: {found} {expected}");
        }
    }

    #[test]
    fn rows_that_travel_meanwhile_cost_only_what_the_computing_does_not_hide() {
        let hidden = OVERLAP.step(4000.0, 4);
        assert!((hidden - OVERLAP.computing(4000.0, 4)).abs() < 1e-12);
        let (seen, travel) = (OVERLAP.step(100.0, 4), OVERLAP.communicating(100.0, 4));
        assert!(seen > travel && seen < MODEL.step(100.0, 4), "{seen} {travel}");
    }

    #[test]
    fn more_ranks_than_rows_gain_nothing() {
        assert_eq!(MODEL.computing(600.0, 600), MODEL.computing(600.0, 1024));
    }

    #[test]
    fn the_plate_for_many_ranks_is_the_first_on_which_they_compute_longer_than_they_talk() {
        for model in [MODEL, OVERLAP] {
            for ranks in [4, 64, 1024] {
                let size = model.size_for(ranks);
                let talks = |size| model.communicating(size, ranks) > model.computing(size, ranks);
                assert!(!talks(size), "{ranks}: {size}");
                assert!(
                    size == f64::from(ranks) || talks(size - f64::from(ranks)),
                    "{ranks}: {size}"
                );
            }
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
