//! The report of `level2_heat`.

use std::time::Duration;

use anyhow::ensure;
use common::{Samples, human};
use mpi::Count;
use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use serde_json::json;

use super::{Report, percent};
use crate::baseline::Baseline;
use crate::forecast::{Forecast, HeatModel, heat_lesson};
use crate::launch::found_by_all;
use crate::{Clock, HeatArgs, Plate, ROOT, draw, fingerprint};

/// The report of `level2_heat`.
pub struct HeatReport<'a> {
    args: &'a HeatArgs,
    report: Report,
}

impl<'a> HeatReport<'a> {
    /// Learns where the ranks run; every rank calls this. Rank 0 opens the file of `--json`.
    ///
    /// # Errors
    /// If that file cannot be written, or if there are more ranks than rows.
    pub fn open(args: &'a HeatArgs, world: &SimpleCommunicator) -> anyhow::Result<Self> {
        if world.size() as u64 > args.size {
            return Err(found_by_all(format!(
                "{} ranks cannot share {} rows; take fewer ranks or a larger --size",
                world.size(),
                args.size
            )));
        }
        let mut report = Report::open(&args.run, args.forecast, "level2_heat", world)?;
        report
            .record
            .setting("size", args.size)
            .setting("steps", args.steps)
            .setting("exchange", args.exchange.to_string());
        Ok(Self { args, report })
    }

    /// Draws the plate and prints the times; every rank calls this, rank 0 prints.
    ///
    /// With `overlapped` the report is about that run, and what it gained over `blocking`.
    ///
    /// # Errors
    /// If both runs did not end with the same plate, or if the record cannot be written.
    pub fn print(mut self, blocking: HeatRun, overlapped: Option<HeatRun>) -> anyhow::Result<()> {
        let run = overlapped.as_ref().unwrap_or(&blocking);
        let (Some(cells), Some(expected)) = (&run.cells, &blocking.cells) else { return Ok(()) };
        let HeatArgs { size, steps, exchange, .. } = self.args;
        let plate = fingerprint(cells);
        ensure!(plate == fingerprint(expected), "both exchanges must end with the same plate");

        print!("{}", draw(cells, *size));
        let (total, clock) = (run.clock.total(), run.clock);
        let times = Samples::from_iter([total]);
        let settings = [("size", json!(size)), ("steps", json!(steps))];
        let baseline = Baseline::new(&self.args.baseline, "level2_heat", &settings);
        let scaling = self.report.headline(&baseline, &times);
        if overlapped.is_some() {
            println!("{}", overlap_gained(blocking.clock.total(), total));
            self.report.record.result("blocking_s", blocking.clock.total().as_secs_f64());
        }
        println!(
            "\n{size} x {size} cells, {steps} steps, {}, exchange {exchange}",
            self.report.where_it_ran()
        );
        println!("fingerprint   {plate:016x}   the same for every number of ranks");
        println!("total         {:>9}", human(total));
        let part = |name, time, note| {
            println!("{name:<13} {:>9}   {:.1} %, {note}", human(time), percent(time, total));
        };
        part("computing", clock.computing, "mean of the ranks");
        part("communicating", clock.communicating, "with the waiting for neighbours");
        if let Some(scaling) = scaling {
            println!("{scaling}");
        }
        self.report
            .record
            .result("total_s", total.as_secs_f64())
            .result("compute_s", clock.computing.as_secs_f64())
            .result("communication_s", clock.communicating.as_secs_f64())
            .result("fingerprint", format!("{plate:016x}"));

        if let Some(link) = self.report.link {
            let (size, steps, ranks) = (*size as f64, *steps as f64, self.report.ranks);
            let computing = blocking.clock.computing.as_secs_f64();
            let cell = computing * ranks as f64 / (size * size * steps);
            let model = HeatModel { cell, link };
            let growing = |ranks: u32| size * f64::from(ranks).sqrt();
            let forecast = Forecast::new(
                ranks,
                |ranks| steps * model.step(size, ranks),
                |ranks| steps * model.step(growing(ranks), ranks),
            );
            self.report.forecast(&forecast, link, "a cell", 1e9 * cell, blocking.clock.total());
            println!("{}", heat_lesson(&model, size));
        }
        let each_us = total.as_secs_f64() * 1e6 / *steps as f64;
        let each = format!("a step takes {each_us:.0} us here");
        let share = percent(clock.communicating, total);
        let why = format!("{share:.0} % of the time went into messages");
        self.report.finish(scaling, &times, [&each, &why])
    }
}

/// What computing while the rows travel gained over waiting for them, in words.
fn overlap_gained(blocking: Duration, overlap: Duration) -> String {
    let (gain, before) = (blocking.as_secs_f64() / overlap.as_secs_f64(), human(blocking));
    match gain {
        gain if gain < 0.95 => format!("Overlap lost here: blocking took {before}."),
        gain if gain < 1.05 => format!("Overlap gained nothing here: blocking took {before}."),
        gain => format!("Overlap is {gain:.2} times as fast as blocking, which took {before}."),
    }
}

/// What is left of a simulation when all ranks are done.
pub struct HeatRun {
    /// The whole plate, row by row, on rank 0; the others have nothing.
    cells: Option<Vec<f64>>,
    /// The mean of the ranks' clocks.
    clock: Clock,
}

impl HeatRun {
    /// Sends the bands of all ranks to rank 0, one under the other; every rank calls this.
    pub fn gather(world: &impl Communicator, plate: &Plate, clock: Clock) -> Self {
        let mine = [clock.computing.as_secs_f64(), clock.communicating.as_secs_f64()];
        let mut sums = [0.0; 2];
        world.all_reduce_into(&mine, &mut sums, SystemOperation::sum());
        let mean = |sum: f64| Duration::from_secs_f64(sum / f64::from(world.size()));
        let clock = Clock { computing: mean(sums[0]), communicating: mean(sums[1]) };

        let band = plate.cells();
        let count = band.len() as Count;
        let root = world.process_at_rank(ROOT);
        if world.rank() != ROOT {
            root.gather_into(&count);
            root.gather_varcount_into(&band[..]);
            return Self { cells: None, clock };
        }
        let mut counts = vec![0; world.size() as usize];
        root.gather_into_root(&count, &mut counts[..]);
        let starts: Vec<Count> = counts
            .iter()
            .scan(0, |next, count| {
                let start = *next;
                *next += count;
                Some(start)
            })
            .collect();
        let mut cells = vec![0.0; counts.iter().sum::<Count>() as usize];
        let mut parts = PartitionMut::new(&mut cells[..], counts, starts);
        root.gather_varcount_into_root(&band[..], &mut parts);
        Self { cells: Some(cells), clock }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_that_gained_nothing_says_so() {
        let time = Duration::from_millis;
        assert!(overlap_gained(time(98), time(100)).contains("gained nothing"));
        assert!(overlap_gained(time(130), time(100)).contains("1.30 times as fast"));
        assert!(overlap_gained(time(50), time(100)).contains("lost"));
    }
}
