//! The report of `level2_pi`.

use std::f64::consts::PI;
use std::time::{Duration, Instant};

use common::{Samples, human, plural};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use serde_json::json;

use super::Report;
use crate::baseline::Baseline;
use crate::forecast::{Forecast, pi_lesson, pi_pass};
use crate::link::alone;
use crate::{Kernel, PiArgs, integrate, slice_of};

/// The report of `level2_pi`.
pub struct PiReport<'a> {
    args: &'a PiArgs,
    /// Seconds that one rectangle takes, if a forecast is wanted.
    rectangle: Option<f64>,
    report: Report,
}

impl<'a> PiReport<'a> {
    /// Learns where the ranks run; every rank calls this. Rank 0 opens the file of `--json`.
    ///
    /// # Errors
    /// If that file cannot be written.
    pub fn open(args: &'a PiArgs, world: &SimpleCommunicator) -> anyhow::Result<Self> {
        let mut report = Report::open(&args.run, args.forecast, "level2_pi", world)?;
        report
            .record
            .setting("rectangles", args.rectangles)
            .setting("passes", args.passes)
            .setting("kernel", args.kernel.to_string());
        let slice = slice_of(args.rectangles, world.rank(), world.size());
        let rectangle = args.forecast.then(|| {
            let pass = alone(world, || integrate(args.kernel, &slice, args.rectangles));
            pass / (args.rectangles as f64 / f64::from(world.size())).ceil()
        });
        Ok(Self { args, rectangle, report })
    }

    /// Prints what many ranks gained over one, pi, and the times of all passes.
    ///
    /// # Errors
    /// If the record cannot be written.
    pub fn print(mut self, pi: f64, times: &Samples) -> anyhow::Result<()> {
        let PiArgs { rectangles, passes, kernel, .. } = self.args;
        let (best, median, error) = (times.best(), times.median(), (pi - PI).abs());
        let settings = [("rectangles", json!(rectangles)), ("kernel", json!(kernel.to_string()))];
        let baseline = Baseline::new(&self.args.baseline, "level2_pi", &settings);
        // Not the best pass: with more ranks than cores, a lucky one has the others' slices done
        // before rank 0 gets a core and starts its clock.
        let scaling = self.report.headline(&baseline, times, &human(median));

        println!(
            "\n{} rectangles, {}, kernel {kernel}",
            grouped(*rectangles),
            self.report.where_it_ran()
        );
        if self.rectangle.is_none() {
            println!("pi            {pi:.15}   error {error:.1e}");
            println!(
                "time          {:>9}   median of {}, best {}",
                human(median),
                plural(*passes as usize, "pass"),
                human(best)
            );
            if let Some(one) = scaling.map(|scaling| median.mul_f64(scaling.speedup)) {
                println!("one rank      {:>9}   from {}", human(one), baseline.path().display());
            }
            if let Some(scaling) = scaling {
                println!("{scaling}");
            }
            println!("bound by      {}", bound_by(*kernel));
        }
        self.report
            .record
            .result("best_s", best.as_secs_f64())
            .result("median_s", median.as_secs_f64())
            .result("pi", pi)
            .result("error", error);
        if best < RESOLVED * clock_step() {
            println!("warning: a pass is too short for this clock; take more --rectangles");
        }
        let each_ns = median.as_secs_f64() * 1e9 / *rectangles as f64;
        let each = format!("a rectangle takes {each_ns:.2} ns here");
        let why = "the only message is one number per rank";
        self.report.remarks(scaling, median, [&each, why]);

        if let (Some(link), Some(rectangle)) = (self.report.link, self.rectangle) {
            let all = *rectangles as f64;
            let forecast = Forecast::new(
                self.report.ranks,
                |ranks| pi_pass(rectangle, all, ranks, link),
                |ranks| pi_pass(rectangle, all * f64::from(ranks), ranks, link),
            );
            self.report.forecast(&forecast, link, ("a rectangle", rectangle), median);
            println!("{}", pi_lesson(rectangle, all, link));
        }
        self.report.record.append()
    }
}

/// What a processor waits for in the loop.
fn bound_by(kernel: Kernel) -> &'static str {
    match kernel {
        Kernel::Naive => "the divider: one division for each rectangle, one at a time",
        Kernel::Lanes => "the divider: one division for two rectangles, several at a time",
    }
}

/// `10_000_000`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join("_")
}

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
}
