//! What rank 0 prints and writes at the end: first what was gained, then the numbers behind it.

mod heat;
mod pi;

pub use heat::{HeatReport, HeatRun};
pub use pi::PiReport;

use std::path::Path;
use std::time::Duration;

use cli::{Guess, Record, RunFlags};
use common::{Samples, Scaling, human, plural};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

use crate::ROOT;
use crate::baseline::Baseline;
use crate::forecast::Forecast;
use crate::launch::found_by_all;
use crate::link::Link;
use crate::placement::Placement;

/// What both reports share: where the ranks run, the reader's guess, and the record.
struct Report {
    ranks: usize,
    placement: Placement,
    guess: Guess,
    /// What a message costs, if a forecast is wanted.
    link: Option<Link>,
    record: Record,
}

impl Report {
    /// Learns where the ranks run; every rank calls this. Rank 0 opens the file of `--json` and
    /// asks the reader for a guess.
    fn open(
        flags: &RunFlags,
        forecast: bool,
        example: &'static str,
        world: &SimpleCommunicator,
    ) -> anyhow::Result<Self> {
        let (ranks, root) = (world.size() as usize, world.rank() == ROOT);
        if forecast && ranks == 1 {
            let line =
                "--forecast measures messages, and one rank has nobody to talk to; start 2 ranks";
            return Err(found_by_all(line.to_string()));
        }
        let mut record = Record::open(flags.json.as_deref().filter(|_: &&Path| root), 2, example)?;
        let placement = Placement::gather(world);
        record
            .setting("ranks", ranks)
            .setting("hosts", placement.hosts())
            .setting("cpus", placement.cpus()); // of all ranks, not of rank 0 alone
        let question = match ranks {
            1 => "Your guess: how long does one rank take, in ms?".to_string(),
            ranks => format!("Your guess: how many times as fast as one rank are {ranks}?"),
        };
        let guess = Guess::ask(flags.guess && root, &question)?;
        let link = forecast.then(|| Link::measure(world)).flatten();
        Ok(Self { ranks, placement, guess, link, record })
    }

    /// `4 ranks on 2 hosts`
    fn where_it_ran(&self) -> String {
        format!("{} on {}", plural(self.ranks, "rank"), plural(self.placement.hosts(), "host"))
    }

    /// With one rank saves the median of `times` in the baseline file, with more compares it to the
    /// saved one. Prints what came of it, as the first lines of the report; `took` is what the run
    /// or a pass of it took, in words.
    fn headline(&mut self, baseline: &Baseline, times: &Samples, took: &str) -> Option<Scaling> {
        let (time, path) = (times.median(), baseline.path().display());
        let doubt = self.doubt(times);
        if let Some(doubt) = &doubt {
            self.record.result("doubt", doubt.as_str());
        }
        if self.ranks == 1 {
            println!("{}", cli::verdict(&format!("One rank takes {took}.")));
            match doubt.map_or_else(|| baseline.save(time), Err) {
                Ok(()) => println!("Saved as the baseline in {path}. Now take more ranks."),
                Err(reason) => {
                    let warning = format!("warning: this baseline is not saved: {reason}");
                    println!("{}", cli::wrapped(&warning));
                }
            }
            return None;
        }
        let one = match doubt.map_or_else(|| baseline.load(), Err) {
            Ok(one) => one,
            Err(reason) => {
                let ranks = plural(self.ranks, "rank");
                println!("{}", cli::verdict(&format!("{ranks} take {took}.")));
                println!("{}", cli::wrapped(&format!("no speedup: {reason}")));
                if self.doubt(times).is_none() {
                    println!(
                        "Run it with one rank first: scripts/mpirun.sh -n 1 {}",
                        cli::command_line()
                    );
                }
                return None;
            }
        };
        let mut scaling = Scaling::new(self.ranks, self.placement.cpus(), one, time);
        scaling.noise = times.noise();
        println!("{}", cli::verdict(&gained(&scaling)));
        if scaling.speedup > SUPERLINEAR * self.ranks as f64 {
            println!(
                "More than {}: a rank's part fits a cache that the whole did not fit, or one rank\n\
                 was disturbed when the baseline was saved, so save it again.",
                self.ranks
            );
        }
        self.record
            .result("baseline_s", one.as_secs_f64())
            .result("speedup", scaling.speedup)
            .result("efficiency", scaling.efficiency());
        if let Some(fraction) = scaling.serial_fraction() {
            self.record.result("serial_fraction", fraction);
        }
        Some(scaling)
    }

    /// Why these times are no measure of what the ranks can do, if they are none.
    fn doubt(&self, times: &Samples) -> Option<String> {
        let stopped = "the run was stopped on its way (Ctrl-Z); run it again";
        let busy = || {
            let line = times.busy_warning()?;
            Some(line.trim_start_matches("warning: ").to_string())
        };
        let crowded = || Some(format!("{}, so they take turns", self.placement.crowd()?));
        cli::was_stopped().then(|| stopped.to_string()).or_else(crowded).or_else(busy)
    }

    /// The table of a forecast, with what it is made from and how it fits this run: the last part
    /// of a report. `unit` is what takes so many `seconds`.
    fn forecast(
        &mut self,
        forecast: &Forecast,
        link: Link,
        (unit, seconds): (&str, f64),
        measured: Duration,
    ) {
        let ranks = plural(self.ranks, "rank");
        println!(
            "Forecast from {ranks}: {unit} {:.2} ns, a message {} + {:.0} MB/s",
            1e9 * seconds,
            human(Duration::from_secs_f64(link.latency)),
            1e-6 * link.bandwidth
        );
        println!("{forecast}");
        println!(
            "{ranks}: forecast {}, measured {} ({:+.0} %)",
            human(Duration::from_secs_f64(forecast.here)),
            human(measured),
            100.0 * (measured.as_secs_f64() / forecast.here - 1.0)
        );
        self.record
            .result("latency_s", link.latency)
            .result("link_bytes_per_s", link.bandwidth)
            .result("unit_s", seconds)
            .result("forecast_s", forecast.here)
            .result("forecast", forecast.to_json());
    }

    /// The score of the guess, and the flag that gives the ranks better places.
    ///
    /// `one` and `many` say why a guess was right or wrong: of the time, and of the speedup.
    fn remarks(&self, scaling: Option<Scaling>, took: Duration, [one, many]: [&str; 2]) {
        let score = match scaling {
            None if self.ranks > 1 => None, // the guess was a speedup, and there is none
            None => self.guess.score(took.as_secs_f64() * 1e3, "ms", one),
            Some(Scaling { speedup, cpus, .. }) => self.guess.score(
                speedup,
                "x",
                &format!("all ranks together have {}, and {many}", plural(cpus, "CPU")),
            ),
        };
        let remarks = [self.placement.warning(), score];
        remarks.iter().flatten().for_each(|line| println!("{}", cli::wrapped(line)));
    }
}

/// What the ranks gained, in words.
fn gained(scaling: &Scaling) -> String {
    let Scaling { workers, speedup, .. } = scaling;
    match speedup {
        slower if *slower < 0.95 => {
            format!("{workers} ranks are slower than one: {:.2} times the time.", 1.0 / slower)
        }
        same if *same < 1.05 => format!("{workers} ranks gain nothing: they take as long as one."),
        _ => format!("{workers} ranks are {speedup:.2} times as fast as one."),
    }
}

/// A speedup above this many times the ranks is no noise.
const SUPERLINEAR: f64 = 1.1;

/// The share of the whole in percent.
fn percent(part: Duration, whole: Duration) -> f64 {
    100.0 * part.as_secs_f64() / whole.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_a_loss_and_neither_are_told_apart() {
        let of = |speedup| gained(&Scaling { workers: 4, cpus: 4, speedup, noise: 0.0 });
        assert_eq!(of(3.9), "4 ranks are 3.90 times as fast as one.");
        assert_eq!(of(0.5), "4 ranks are slower than one: 2.00 times the time.");
        assert!(of(1.02).contains("gain nothing"));
    }
}
