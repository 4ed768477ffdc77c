//! The report of `level2_heat`.

use std::hint::black_box;
use std::ops::Range;
use std::time::Duration;

use anyhow::ensure;
use common::{Samples, human, time};
use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use mpi::{Count, Rank};
use serde_json::json;

use super::{Report, percent};
use crate::baseline::Baseline;
use crate::forecast::{Forecast, HeatModel, heat_lesson};
use crate::launch::found_by_all;
use crate::link::alone;
use crate::memory;
use crate::{Clock, Exchange, HeatArgs, Plate, ROOT, draw, fingerprint, slice_of};

/// The report of `level2_heat`.
pub struct HeatReport<'a> {
    args: &'a HeatArgs,
    /// What a step costs, if a forecast is wanted.
    model: Option<HeatModel>,
    report: Report,
}

impl<'a> HeatReport<'a> {
    /// Learns where the ranks run; every rank calls this. Rank 0 opens the file of `--json`.
    ///
    /// # Errors
    /// If that file cannot be written, if there are more ranks than rows, or if the plate is too
    /// large for the memory of a host.
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
        let rows = slice_of(args.size, world.rank(), world.size());
        let what = format!("a plate of {0} x {0} cells", args.size);
        memory::check(
            world,
            &report.placement,
            bytes_of(args, &rows, world.rank()),
            &what,
            |share| {
                // A plate of half the size needs a quarter.
                let fits = (args.size as f64 * share.sqrt() / 100.0) as u64 * 100;
                format!("--size {} would fit, or take more hosts", fits.max(1))
            },
        )?;
        let model = report.link.map(|link| {
            let mut plate = Plate::new(args.size, rows.clone());
            let cells = args.size as f64 * (args.size as f64 / f64::from(world.size())).ceil();
            let cell = alone(world, || plate.update()) / cells;
            HeatModel { cell, link, exchange: args.exchange }
        });
        Ok(Self { args, model, report })
    }

    /// Draws the plate and prints the times; every rank calls this, rank 0 prints.
    ///
    /// With `overlapped` the report is about that run, and what it gained over `blocking`.
    ///
    /// # Errors
    /// If both runs did not end with the same plate, or if the record cannot be written.
    pub fn print(
        mut self,
        world: &SimpleCommunicator,
        blocking: HeatRun,
        overlapped: Option<HeatRun>,
    ) -> anyhow::Result<()> {
        let bandwidth = memory_bandwidth(world);
        let run = overlapped.as_ref().unwrap_or(&blocking);
        let (Some(cells), Some(expected)) = (&run.cells, &blocking.cells) else { return Ok(()) };
        let HeatArgs { size, steps, exchange, .. } = self.args;
        let plate = fingerprint(cells);
        ensure!(plate == fingerprint(expected), "both exchanges must end with the same plate");

        if self.model.is_none() {
            print!("{}", draw(cells, *size));
        }
        let (total, clock, median) = (run.clock.total(), run.clock, run.steps.median());
        let settings = [("size", json!(size)), ("time", json!("median of a step"))];
        let baseline = Baseline::new(&self.args.baseline, "level2_heat", &settings);
        let scaling = self.report.headline(&baseline, &run.steps, &human(total));
        if overlapped.is_some() {
            println!("{}", overlap_gained(blocking.steps.median(), median));
            self.report
                .record
                .result("blocking_s", blocking.clock.total().as_secs_f64())
                .result("blocking_step_s", blocking.steps.median().as_secs_f64());
        }
        if self.model.is_none() {
            println!(); // a forecast needs the line: it fills a terminal
        }
        println!(
            "{size} x {size} cells, {steps} steps, {}, exchange {exchange}",
            self.report.where_it_ran()
        );
        let used = BYTES_PER_STEP * (size * size * steps) as f64 / clock.computing.as_secs_f64();
        if self.model.is_none() {
            println!("fingerprint   {plate:016x}   the same for every number of ranks");
            let (usual, best) = (human(median), human(run.steps.best()));
            println!("total         {:>9}   a step: median {usual}, best {best}", human(total));
            let part = |name, time, note| {
                println!("{name:<13} {:>9}   {:.1} %, {note}", human(time), percent(time, total));
            };
            part("computing", clock.computing, "mean of the ranks");
            part("communicating", clock.communicating, "with the waiting for neighbours");
            println!("memory        {}", memory_used(used, bandwidth));
            if let Some(scaling) = scaling {
                println!("{scaling}");
            }
        }
        self.report
            .record
            .result("total_s", total.as_secs_f64())
            .result("step_median_s", median.as_secs_f64())
            .result("step_best_s", run.steps.best().as_secs_f64())
            .result("compute_s", clock.computing.as_secs_f64())
            .result("communication_s", clock.communicating.as_secs_f64())
            .result("memory_bytes_per_s", used)
            .result("memory_bandwidth_bytes_per_s", bandwidth)
            .result("fingerprint", format!("{plate:016x}"));
        let each = format!("a step takes {} here", human(median));
        let share = percent(clock.communicating, total);
        let why = format!("{share:.0} % of the time went into messages");
        self.report.remarks(scaling, total, [&each, &why]);

        if let Some(model) = self.model {
            let (size, steps) = (*size as f64, *steps as f64);
            let growing = |ranks: u32| size * f64::from(ranks).sqrt();
            let forecast = Forecast::new(
                self.report.ranks,
                |ranks| steps * model.step(size, ranks),
                |ranks| steps * model.step(growing(ranks), ranks),
            );
            let measured = median.mul_f64(steps);
            self.report.forecast(&forecast, model.link, ("a cell", model.cell), measured);
            println!("{}", heat_lesson(&model, size));
        }
        self.report.record.append()
    }
}

/// The bytes that a rank needs at most: its band twice, and on rank 0 also a copy of it, the whole
/// plate, and with overlap the whole plate of the run before.
fn bytes_of(args: &HeatArgs, rows: &Range<u64>, rank: Rank) -> u64 {
    let rows = rows.end - rows.start;
    let plates = if args.exchange == Exchange::Overlap { 2 } else { 1 };
    let gathered = if rank == ROOT { rows + plates * args.size } else { rows };
    8 * (2 * (args.size + 2) * (rows + 2) + args.size * gathered)
}

/// What a step moves between memory and processor for each cell, counted as STREAM counts:
/// its old value is read, and its new one written.
const BYTES_PER_STEP: f64 = 16.0;

/// The bytes per second that all ranks together move at best, when each does nothing but read
/// numbers and write their multiples (STREAM's scale); every rank calls this.
fn memory_bandwidth(world: &SimpleCommunicator) -> f64 {
    const NUMBERS: usize = 1 << 22; // 32 MiB read and 32 MiB written: more than a rank's cache
    let from = vec![1.0_f64; NUMBERS];
    let mut to = vec![0.0_f64; NUMBERS];
    let mut scale = || {
        let numbers = black_box(&mut to).iter_mut().zip(black_box(&from));
        time(|| numbers.for_each(|(to, from)| *to = 0.25 * from)).1
    };
    world.barrier();
    let times: Samples = std::iter::repeat_with(&mut scale).take(7).collect();
    let mine = BYTES_PER_STEP * NUMBERS as f64 / times.best().as_secs_f64();
    let mut all = 0.0;
    world.all_reduce_into(&mine, &mut all, SystemOperation::sum());
    all
}

/// The share of the memory's bandwidth that was used, in words.
fn memory_used(used: f64, bandwidth: f64) -> String {
    let share = 100.0 * used / bandwidth;
    let why = match share {
        caches if caches > 110.0 => "it lies in caches",
        near if near > 60.0 => "this is the limit",
        _ => "not the limit",
    };
    format!(
        "{:>9}   {share:.0} % of the measured {:.1} GB/s: {why}",
        format!("{:.1} GB/s", 1e-9 * used),
        1e-9 * bandwidth
    )
}

/// What computing while the rows travel gained over waiting for them, in words.
fn overlap_gained(blocking: Duration, overlap: Duration) -> String {
    let (gain, before) = (blocking.as_secs_f64() / overlap.as_secs_f64(), human(blocking));
    match gain {
        gain if gain < 0.95 => format!("Overlap lost here: a blocking step took {before}."),
        gain if gain < 1.05 => {
            format!("Overlap gained nothing here: a blocking step took {before}.")
        }
        gain => {
            format!("Overlap is {gain:.2} times as fast as blocking, where a step took {before}.")
        }
    }
}

/// What is left of a simulation when all ranks are done.
pub struct HeatRun {
    /// The whole plate, row by row, on rank 0; the others have nothing.
    cells: Option<Vec<f64>>,
    /// The mean of the ranks' clocks.
    clock: Clock,
    /// What a step took on this rank.
    steps: Samples,
}

impl HeatRun {
    /// Sends the bands of all ranks to rank 0, one under the other; every rank calls this.
    pub fn gather(world: &impl Communicator, plate: &Plate, clock: Clock, steps: Samples) -> Self {
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
            return Self { cells: None, clock, steps };
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
        Self { cells: Some(cells), clock, steps }
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
