//! The report of `level2_heat`.

use std::time::Duration;

use cli::check_replaceable;
use common::{Scaling, human, plural};
use mpi::collective::SystemOperation;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use serde_json::json;

use super::Report;
use crate::baseline::Baseline;
use crate::forecast::{Forecast, blocking_step};
use crate::launch::{agreed, found_by_all};
use crate::link::{Link, slowest};
use crate::plate::{draw, fingerprint};
use crate::{Clock, HeatArgs, Plate, ROOT};

impl<'a> Report<'a, HeatArgs> {
    /// Learns where the ranks run; every rank calls this. Rank 0 opens the file of `--json`.
    ///
    /// # Errors
    /// If a file cannot be written, if there are more ranks than rows, or if one rank alone is to make a
    /// forecast.
    pub fn open(args: &'a HeatArgs, world: &SimpleCommunicator) -> anyhow::Result<Self> {
        let what = format!("as one rank are {}", world.size());
        open(args, "level2_heat", args, &what, world)
    }

    /// Prints the times and draws the plate; every rank calls this, rank 0 prints.
    ///
    /// # Errors
    /// If the record cannot be written.
    pub fn print(
        mut self,
        world: &SimpleCommunicator,
        plate: &Plate,
        clock: &Clock,
    ) -> anyhow::Result<()> {
        let doubt = self.doubt(world);
        let HeatArgs { size, steps, .. } = *self.args;
        // The run takes as long as its slowest rank. Where others have less to compute, they wait.
        let total = Duration::from_secs_f64(slowest(world, clock.total));
        let mine = clock.total.saturating_sub(clock.communicating).as_secs_f64();
        let mut sum = 0.0;
        world.all_reduce_into(&mine, &mut sum, SystemOperation::sum());
        let computing = Duration::from_secs_f64(sum / f64::from(world.size()));
        let communicating = total.saturating_sub(computing);
        let forecast = forecast(self.args, world, plate, blocking_step);
        let Some(cells) = gather(world, plate) else { return Ok(()) };
        let plate = format!("{:016x}", fingerprint(&cells));
        let (median, best) = (clock.step.median(), clock.step.best());
        let made = steps - clock.resumed;
        let same = format!("fingerprint   {plate}   the same for every number of ranks");
        if clock.step.is_empty() {
            println!("\n{same}\n\n{}", draw(&cells, size)); // finished before: nothing was measured
            return self.record.result("fingerprint", plate).append();
        }
        let took = human(total);
        let doubt = clock.part_of_a_run().or(doubt);
        let scaling = self.headline(&clock.step, &took, doubt);

        let row = |name, value, note| format!("{name:<13} {value:>9}   {note}");
        let share = |part: Duration| 100.0 * part.as_secs_f64() / total.as_secs_f64();
        let each = format!("a step: median {}, best {}", human(median), human(best));
        let computed = format!("{:.1} %, mean of the ranks", share(computing));
        let waited = format!("{:.1} %, with the waiting for neighbours", share(communicating));
        // What all ranks together spend on a cell; with one rank, nearly all of it is computing.
        let cell_ns = |step: f64, ranks: i32| 1e9 * step * f64::from(ranks) / (size * size) as f64;
        let spent = |part: Duration| cell_ns(part.as_secs_f64() / made as f64, world.size());
        let [compute_ns, messages_ns] = [computing, communicating].map(spent);
        let one_ns = |scaling: Scaling| cell_ns(scaling.speedup * median.as_secs_f64(), 1);
        let lost = scaling.map(|scaling| loss(one_ns(scaling), compute_ns, messages_ns));
        let mut rows = vec![
            same,
            row("total", took, each),
            row("computing", human(computing), computed),
            row("communicating", human(communicating), waited),
            row("a cell", format!("{compute_ns:.2} ns"), lost.unwrap_or("computing".to_string())),
        ];
        rows.extend(self.checkpoints(clock));
        rows.push(format!("\n{}", draw(&cells, size).trim_end_matches('\n')));
        let problem = format!("{size} x {size} cells, {}", plural(steps, "step"));
        let run = (forecast, median.mul_f64(steps as f64));
        let why = format!("{:.0} % of the time went into messages", share(communicating));
        let gain = scaling.map(|scaling| (scaling.speedup, why.as_str()));
        self.details(&problem, &rows, scaling, run, gain);
        self.record
            .result("total_s", total.as_secs_f64())
            .result("step_median_s", median.as_secs_f64())
            .result("resumed_step", clock.resumed)
            .result("step_best_s", best.as_secs_f64())
            .result("compute_s", computing.as_secs_f64())
            .result("communication_s", communicating.as_secs_f64())
            .result("fingerprint", plate)
            .append()
    }
}

/// Opens the report of a program that computes a plate, if these ranks can do so. Every rank calls
/// this and comes to the same answer.
pub(super) fn open<'a, Args>(
    args: &'a Args,
    example: &'static str,
    HeatArgs { size, steps, forecast, checkpoint, baseline, run, .. }: &HeatArgs,
    what: &str,
    world: &SimpleCommunicator,
) -> anyhow::Result<Report<'a, Args>> {
    let ranks = world.size() as u64;
    if ranks > *size {
        return Err(found_by_all(format!(
            "{ranks} ranks cannot share {}; take fewer ranks or a larger --size",
            plural(size, "row")
        )));
    }
    let checkpoint = checkpoint.as_deref().filter(|_| world.rank() == ROOT);
    let others = [("--baseline", Some(baseline.as_path())), ("--json", run.json.as_deref())];
    agreed(world, check_replaceable(("--checkpoint", checkpoint), &others))?;
    let baseline = Baseline::new(baseline, example, [("size", json!(size))]);
    let mut report = Report::start(args, example, run, baseline, *forecast, what, world)?;
    report.record.setting("size", *size).setting("steps", *steps);
    Ok(report)
}

/// A forecast from what `step` costs, if one is wanted; every rank calls this.
pub(super) fn forecast(
    args: &HeatArgs,
    world: &SimpleCommunicator,
    plate: &Plate,
    step: fn(Link, f64, f64, u32) -> f64,
) -> Option<Forecast> {
    let (size, steps) = (args.size as f64, args.steps as f64);
    let cells = size * (size / f64::from(world.size())).ceil();
    // A plate with twice as many cells is longer and wider by the root of two.
    let cost =
        |link, cell, ranks, growth: f64| steps * step(link, cell, size * growth.sqrt(), ranks);
    args.forecast.then(|| {
        let mut band = plate.clone();
        Forecast::measure(world, (cells, "a cell"), || band.update(), cost)
    })
}

/// The whole plate, row by row, on rank 0; the others get nothing. Every rank calls this.
pub(super) fn gather(world: &SimpleCommunicator, plate: &Plate) -> Option<Vec<f64>> {
    let mut cells = plate.cells();
    if world.rank() != ROOT {
        world.process_at_rank(ROOT).send(&cells[..]);
        return None;
    }
    for rank in 1..world.size() {
        cells.extend(world.process_at_rank(rank).receive_vec::<f64>().0);
    }
    Some(cells)
}

/// What the efficiency was lost to, from the time of a cell: with one rank, and what all together spend
/// on it. The same arithmetic takes longer where the ranks wait for the memory that they share.
fn loss(one_ns: f64, computing_ns: f64, messages_ns: f64) -> String {
    let memory_ns = (computing_ns - one_ns).max(0.0);
    let lost_ns = memory_ns + messages_ns;
    let to = match (lost_ns / one_ns, memory_ns > messages_ns) {
        (..0.05, _) => "little is lost".to_string(),
        (_, true) => format!("memory costs {:.0} % of the loss", 100.0 * memory_ns / lost_ns),
        (_, false) => format!("messages cost {:.0} % of the loss", 100.0 * messages_ns / lost_ns),
    };
    format!("{one_ns:.2} ns with one rank: {to}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_told_with_its_larger_part() {
        assert_eq!(loss(0.5, 0.92, 0.08), "0.50 ns with one rank: memory costs 84 % of the loss");
        assert_eq!(loss(0.5, 0.4, 0.2), "0.50 ns with one rank: messages cost 100 % of the loss");
        assert_eq!(loss(0.5, 0.51, 0.01), "0.50 ns with one rank: little is lost");
    }
}
