//! What rank 0 prints and writes at the end.

use std::f64::consts::PI;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use cli::{Guess, Record};
use common::{Samples, Scaling, human};
use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::traits::*;
use mpi::{Count, Rank};
use serde_json::json;

use crate::baseline::Baseline;
use crate::launch::FoundByAll;
use crate::placement::Placement;
use crate::{Clock, HeatArgs, PiArgs, Plate, ROOT, draw, fingerprint};

/// Opens the record of a run, on rank 0 alone, and notes where the ranks of `world` run.
fn open_record(
    json: Option<&Path>,
    example: &'static str,
    world: &impl Communicator,
) -> anyhow::Result<(Record, Placement)> {
    let mut record = Record::open(json.filter(|_| world.rank() == ROOT), 2, example)?;
    let placement = Placement::gather(world);
    record
        .setting("ranks", world.size())
        .setting("hosts", placement.hosts())
        .setting("cpus", placement.cpus()); // of all ranks, not of rank 0 alone
    Ok((record, placement))
}

/// The report of `level2_pi`.
pub struct PiReport<'a> {
    args: &'a PiArgs,
    size: Rank,
    placement: Placement,
    guess: Guess,
    record: Record,
}

impl<'a> PiReport<'a> {
    /// Learns where the ranks run; every rank calls this. Rank 0 opens the file of `--json`.
    ///
    /// # Errors
    /// If that file cannot be written.
    pub fn open(args: &'a PiArgs, world: &impl Communicator) -> anyhow::Result<Self> {
        let (mut record, placement) = open_record(args.run.json.as_deref(), "level2_pi", world)?;
        record
            .setting("rectangles", args.rectangles)
            .setting("passes", args.passes)
            .setting("kernel", args.kernel.name());
        let guess = ask_guess(args.run.guess, world)?;
        Ok(Self { args, size: world.size(), placement, guess, record })
    }

    /// Prints pi, the times of all passes, and what many ranks gained over one.
    ///
    /// # Errors
    /// If the record cannot be written.
    pub fn print(mut self, pi: f64, times: &Samples) -> anyhow::Result<()> {
        let PiArgs { rectangles, passes, kernel, .. } = self.args;
        println!(
            "{} rectangles, {}, {passes} passes, kernel {}",
            grouped(*rectangles),
            ranks_on_hosts(self.size, self.placement.hosts()),
            kernel.name()
        );
        let (best, median, error) = (times.best(), times.median(), (pi - PI).abs());
        println!("pi             {pi:.15}  (error {error:.1e})");
        println!("best           {}", human(best));
        println!("median         {}", human(median));
        self.record
            .result("best_s", best.as_secs_f64())
            .result("median_s", median.as_secs_f64())
            .result("pi", pi)
            .result("error", error);

        let settings = [("rectangles", json!(rectangles)), ("kernel", json!(kernel.name()))];
        let baseline = Baseline::new(&self.args.baseline, "level2_pi", &settings);
        // Not the best pass: with more ranks than cores, a lucky one has the others' slices done
        // before rank 0 gets a core and starts its clock.
        let speedup = compare(&baseline, self.size, median, &mut self.record);
        let each_ns = median.as_secs_f64() * 1e9 / *rectangles as f64;
        let each = format!("a rectangle takes {each_ns:.2} ns here");
        let why = "the only message is one number a rank";
        score(self.guess, speedup, median, &self.placement, [&each, why]);
        if best < RESOLVED * clock_step() {
            println!(
                "warning: a pass is too short for this clock to tell the ranks' work from the \
                 messages; take more --rectangles"
            );
        }
        warn(&self.placement);
        self.record.append()
    }
}

/// The report of `level2_heat`.
pub struct HeatReport<'a> {
    args: &'a HeatArgs,
    size: Rank,
    placement: Placement,
    guess: Guess,
    record: Record,
}

impl<'a> HeatReport<'a> {
    /// Learns where the ranks run; every rank calls this. Rank 0 opens the file of `--json`.
    ///
    /// # Errors
    /// If that file cannot be written, or if there are more ranks than rows.
    pub fn open(args: &'a HeatArgs, world: &impl Communicator) -> anyhow::Result<Self> {
        if world.size() as u64 > args.size {
            return Err(anyhow::Error::new(FoundByAll(format!(
                "{} ranks cannot share {} rows; take fewer ranks or a larger --size",
                world.size(),
                args.size
            ))));
        }
        let (mut record, placement) = open_record(args.run.json.as_deref(), "level2_heat", world)?;
        record
            .setting("size", args.size)
            .setting("steps", args.steps)
            .setting("exchange", args.exchange.name());
        let guess = ask_guess(args.run.guess, world)?;
        Ok(Self { args, size: world.size(), placement, guess, record })
    }

    /// Draws the plate and prints the times; every rank calls this, rank 0 prints.
    ///
    /// With `overlapped` the report is about that run, and its gain over `blocking`.
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
        println!(
            "{size} x {size} cells, {steps} steps, {}, exchange {}",
            ranks_on_hosts(self.size, self.placement.hosts()),
            exchange.name()
        );
        let (total, clock) = (run.clock.total(), run.clock);
        let share = |part: Duration| 100.0 * part.as_secs_f64() / total.as_secs_f64();
        println!("fingerprint    {plate:016x}  (equal for every number of ranks)");
        println!("total          {}", human(total));
        println!(
            "computing      {}  ({:.1} %, mean of the ranks)",
            human(clock.computing),
            share(clock.computing)
        );
        println!(
            "communicating  {}  ({:.1} %, with the waiting for neighbours)",
            human(clock.communicating),
            share(clock.communicating)
        );
        if overlapped.is_some() {
            let before = blocking.clock.total();
            println!("blocking       {}  (total of the same steps without overlap)", human(before));
            println!("gain           {:.2}x", before.as_secs_f64() / total.as_secs_f64());
            self.record.result("blocking_s", before.as_secs_f64());
        }
        self.record
            .result("total_s", total.as_secs_f64())
            .result("compute_s", clock.computing.as_secs_f64())
            .result("communication_s", clock.communicating.as_secs_f64())
            .result("fingerprint", format!("{plate:016x}"));

        let settings = [("size", json!(size)), ("steps", json!(steps))];
        let baseline = Baseline::new(&self.args.baseline, "level2_heat", &settings);
        let speedup = compare(&baseline, self.size, total, &mut self.record);
        let each_us = total.as_secs_f64() * 1e6 / *steps as f64;
        let each = format!("a step takes {each_us:.0} us here");
        let why = format!("{:.0} % of the time went into messages", share(clock.communicating));
        score(self.guess, speedup, total, &self.placement, [&each, &why]);
        warn(&self.placement);
        self.record.append()
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

/// Asks the reader at rank 0 for a guess; the others have none.
fn ask_guess(wanted: bool, world: &impl Communicator) -> anyhow::Result<Guess> {
    let question = match world.size() {
        1 => "Your guess: how long does one rank take, in ms?".to_string(),
        size => format!("Your guess: how many times as fast as one rank are {size}?"),
    };
    Guess::ask(wanted && world.rank() == ROOT, &question)
}

/// Says how good the guess was: that of the speedup, or with one rank that of the time. `why` is
/// for the time and for the speedup.
fn score(
    guess: Guess,
    speedup: Option<f64>,
    time: Duration,
    placement: &Placement,
    [one, many]: [&str; 2],
) {
    let score = match speedup {
        None => guess.score(time.as_secs_f64() * 1e3, "ms", one),
        Some(speedup) => {
            let cpus = placement.cpus();
            guess.score(speedup, "x", &format!("all ranks together have {cpus} CPUs, and {many}"))
        }
    };
    if let Some(score) = score {
        println!("{score}");
    }
}

/// With one rank saves the time, with more compares it to the saved one and gives the speedup.
fn compare(baseline: &Baseline, size: Rank, time: Duration, record: &mut Record) -> Option<f64> {
    let path = baseline.path().display();
    if size == 1 {
        match baseline.save(time) {
            Ok(()) => println!("saved as the baseline in {path}; now take more ranks"),
            Err(reason) => println!("warning: this baseline is not saved: {reason}"),
        }
        return None;
    }
    match baseline.load() {
        Ok(one) => {
            let scaling = Scaling::new(size as usize, one, time);
            println!("one rank       {}  (baseline from {path})", human(one));
            println!("speedup        {:.2}x of {size}", scaling.speedup);
            println!("efficiency     {:.1} %", 100.0 * scaling.efficiency());
            if let Some(fraction) = scaling.serial_fraction() {
                println!("serial share   {:.2} %  (Karp-Flatt fraction)", 100.0 * fraction);
                record.result("serial_fraction", fraction);
            }
            if scaling.speedup > SUPERLINEAR * f64::from(size) {
                println!(
                    "more than {size}x: the part of a rank fits a cache that the whole did not fit; \
                     or one rank was disturbed, so repeat it"
                );
            }
            record
                .result("baseline_s", one.as_secs_f64())
                .result("speedup", scaling.speedup)
                .result("efficiency", scaling.efficiency());
            Some(scaling.speedup)
        }
        Err(reason) => {
            println!(
                "no speedup: {reason}; run these same flags with one rank first: mpirun -n 1 {}",
                std::env::args().collect::<Vec<_>>().join(" ")
            );
            None
        }
    }
}

fn warn(placement: &Placement) {
    if let Some(warning) = placement.warning() {
        println!("{warning}");
    }
}

/// `10_000_000`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join("_")
}

/// `4 ranks on 1 host`
fn ranks_on_hosts(ranks: Rank, hosts: usize) -> String {
    let plural = |n| if n == 1 { "" } else { "s" };
    format!("{ranks} rank{} on {hosts} host{}", plural(ranks as usize), plural(hosts))
}

/// A speedup above this many times the ranks is no noise.
const SUPERLINEAR: f64 = 1.1;

/// A time of this many steps of the clock is known to 0.1 %.
const RESOLVED: u32 = 1000;

/// The shortest time that the clock can tell from nothing.
fn clock_step() -> Duration {
    let start = Instant::now();
    let mut step = Duration::ZERO;
    while step.is_zero() {
        step = start.elapsed();
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(10_000_000), "10_000_000");
        assert_eq!(grouped(1), "1");
        assert_eq!(grouped(123_456), "123_456");
    }

    #[test]
    fn one_is_no_plural() {
        assert_eq!(ranks_on_hosts(1, 1), "1 rank on 1 host");
        assert_eq!(ranks_on_hosts(4, 2), "4 ranks on 2 hosts");
    }

    #[test]
    fn the_clock_resolves_less_than_a_millisecond() {
        assert!(!clock_step().is_zero() && clock_step() < Duration::from_millis(1));
    }
}
