//! The report of `level2_pi`.

use std::f64::consts::PI;
use std::hint::black_box;
use std::time::Duration;

use common::{Samples, human, plural, time};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use serde_json::json;

use super::Report;
use crate::baseline::Baseline;
use crate::forecast::{Forecast, pi_pass};
use crate::steps::Progress;
use crate::{PiArgs, integrate, slice_of};

const EXAMPLE: &str = "level2_pi";

/// A shorter pass says more about the clock than about the ranks.
const SHORT: Duration = Duration::from_micros(20);

impl<'a> Report<'a, PiArgs> {
    /// Learns where the ranks run; every rank calls this. Rank 0 opens the file of `--json`.
    ///
    /// # Errors
    /// If a file cannot be written, or if one rank alone is to make a forecast.
    pub fn open(args: &'a PiArgs, world: &SimpleCommunicator) -> anyhow::Result<Self> {
        let what = format!("as one rank are {}", world.size());
        let PiArgs { rectangles, kernel, run, forecast, .. } = args;
        let about = [("rectangles", json!(rectangles)), ("kernel", json!(cli::name_of(*kernel)))];
        let baseline = Baseline::new(&args.baseline, EXAMPLE, about);
        let mut report = Report::start(args, EXAMPLE, run, baseline, *forecast, &what, world)?;
        report
            .record
            .setting("rectangles", args.rectangles)
            .setting("passes", args.passes)
            .setting("kernel", cli::name_of(args.kernel));
        Ok(report)
    }

    /// The passes. Before and between them, a long run says how long it takes.
    pub fn passes(&self) -> impl Iterator<Item = u64> {
        let PiArgs { rectangles, passes, kernel, .. } = *self.args;
        let mine = rectangles.div_ceil(self.ranks as u64);
        let trial = 0..mine.min(1_000_000);
        let (_, took) = time(|| black_box(integrate(kernel, &trial, rectangles)));
        let mut progress = Progress::new(passes);
        progress.tell(0, took.as_secs_f64() * (mine * passes) as f64 / trial.end as f64);
        (0..passes).inspect(move |&done| progress.at(done))
    }

    /// Prints what many ranks gained over one, pi, and the times of all passes. Every rank calls
    /// this, and the one that holds pi prints.
    ///
    /// # Errors
    /// If the record cannot be written.
    pub fn print(
        mut self,
        world: &SimpleCommunicator,
        pi: Option<f64>,
        times: &Samples,
    ) -> anyhow::Result<()> {
        let doubt = self.doubt(world);
        let PiArgs { rectangles, passes, kernel, .. } = self.args;
        let slice = slice_of(*rectangles, world.rank(), world.size());
        let (all, largest) = (*rectangles as f64, rectangles.div_ceil(world.size() as u64) as f64);
        let pass = || integrate(*kernel, &slice, *rectangles);
        let cost = |link, rectangle, ranks, growth| pi_pass(link, rectangle, all * growth, ranks);
        let measure = || Forecast::measure(world, (largest, "a rectangle"), pass, cost);
        let forecast = self.args.forecast.then(measure);
        let Some(pi) = pi else { return Ok(()) };
        let (best, median, error) = (times.best(), times.median(), (pi - PI).abs());
        let kernel = cli::name_of(*kernel);
        // Not the best pass: with more ranks than cores, a lucky one has the others' slices done
        // before rank 0 gets a core and starts its clock.
        let scaling = self.headline(times, &human(median), doubt);

        let (passes, [middle, least]) = (plural(*passes, "pass"), [median, best].map(human));
        let mut rows = vec![
            format!("pi            {pi:.15}   error {error:.1e}"),
            format!("time          {middle:>9}   median of {passes}, best {least}"),
        ];
        if best < SHORT {
            rows.push("warning: a pass is too short to be measured; take more --rectangles".into());
        }
        let count = format!("{rectangles:e}");
        let count = plural(count.trim_end_matches("e0"), "rectangle");
        let problem = format!("{count}, kernel {kernel}");
        let why = "the only message is one number per rank";
        let gain = scaling.map(|scaling| (scaling.speedup, why));
        self.details(&problem, &rows, scaling, (forecast, median), gain);
        self.record
            .result("best_s", best.as_secs_f64())
            .result("median_s", median.as_secs_f64())
            .result("pi", pi)
            .result("error", error)
            .append()
    }
}
