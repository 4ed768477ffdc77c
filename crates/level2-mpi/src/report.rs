//! What rank 0 prints and writes at the end: first what was gained, then the numbers behind it.

mod heat;
mod overlap;
mod pi;

use std::time::Duration;

use cli::{Guess, Record, RunFlags};
use common::{Disturbance, Samples, Scaling, Watch, human, plural};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

use crate::baseline::Baseline;
use crate::forecast::Forecast;
use crate::launch::{agreed, found_by_all};
use crate::placement::Placement;
use crate::{Clock, HeatArgs, OverlapArgs, PiArgs, ROOT};

/// The time between failures for which the reports say how often to save, in seconds.
const DAY: f64 = 86_400.0;

/// The report of `level2_pi`.
pub type PiReport<'a> = Report<'a, PiArgs>;
/// The report of `level2_heat`.
pub type HeatReport<'a> = Report<'a, HeatArgs>;
/// The report of `level2_overlap`.
pub type OverlapReport<'a> = Report<'a, OverlapArgs>;

/// A report: where the ranks run, the reader's guess, the files, and what disturbs the run.
pub struct Report<'a, Args> {
    args: &'a Args,
    example: &'static str,
    ranks: usize,
    placement: Placement,
    guess: Guess,
    record: Record,
    baseline: Baseline,
    watch: Watch,
}

impl<'a, Args> Report<'a, Args> {
    /// Learns where the ranks run; every rank calls this. Rank 0 opens the file of `--json`, looks at that
    /// of the baseline and, if there are several ranks, asks the reader: how many times as fast `what`?
    fn start(
        args: &'a Args,
        example: &'static str,
        flags: &RunFlags,
        baseline: Baseline,
        forecast: bool,
        what: &str,
        world: &SimpleCommunicator,
    ) -> anyhow::Result<Self> {
        let (ranks, root) = (world.size() as usize, world.rank() == ROOT);
        if forecast && ranks == 1 {
            let line = "--forecast measures messages between ranks; start two or more";
            return Err(found_by_all(line));
        }
        let json = flags.json.as_deref();
        let open = || {
            baseline.check(ranks == 1, json)?;
            Record::open(json, 2, example)
        };
        let opened = if root { open() } else { Record::open(None, 2, example) };
        let mut record = agreed(world, opened)?;
        let placement = Placement::gather(world);
        record
            .setting("ranks", ranks)
            .setting("hosts", placement.hosts())
            .setting("cpus", placement.cpus()); // of all ranks, not of rank 0 alone
        let question = format!("Your guess: how many times as fast {what}?");
        let guess = Guess::ask(flags.guess && root && ranks > 1, &question)?;
        world.barrier(); // an answer takes its time, and is no part of the run
        let watch = Watch::start();
        Ok(Self { args, example, ranks, placement, guess, record, baseline, watch })
    }

    /// Why the times up to now are no measure of what the ranks can do, if they are none: of the rank that
    /// waited longest for a core. Every rank calls this, as soon as it is done.
    fn doubt(&mut self, world: &SimpleCommunicator) -> Option<String> {
        let mut all = vec![0.0_f64; self.ranks];
        world.all_gather_into(&self.watch.end().waited.unwrap_or(f64::NAN), &mut all[..]);
        let ranks = all.into_iter().zip(&self.placement.host_of);
        let (worst, host) = ranks.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
        let waited = Some(worst).filter(|share| !share.is_nan());
        self.record.result("waited_share", waited);
        let seen = Disturbance { waited };
        let told = seen.sentence_on(host);
        if waited.is_none() && world.rank() == ROOT {
            eprintln!("{}", cli::wrapped(told.as_deref()?));
        }
        let disturbed = told.filter(|_| seen.is_notable());
        let doubt = self.placement.oversubscribed().or(disturbed)?;
        self.record.result("doubt", doubt.as_str());
        Some(doubt)
    }

    /// What a checkpoint costs, and how often it pays, as rows; both are recorded.
    ///
    /// If a checkpoint costs `c` and something fails every `m` on average, the least time is lost with
    /// one every `sqrt(2 c m)`: J. W. Young, Communications of the ACM 17 (1974), page 530.
    fn checkpoints(&mut self, clock: &Clock) -> Vec<String> {
        if clock.saves.is_empty() {
            return Vec::new();
        }
        let cost = clock.saves.median().as_secs_f64();
        let best = (2.0 * cost * DAY).sqrt();
        self.record.result("checkpoint_s", cost).result("checkpoint_every_s", best);
        let [cost, best] = [cost, best].map(|seconds| human(Duration::from_secs_f64(seconds)));
        vec![
            format!("checkpoint    {cost:>9}   each of {}", clock.saves.len()),
            format!("best every    {best:>9}   at a failure a day: root of 2 x cost x day (Young)"),
        ]
    }

    /// With one rank saves the median of `times` as the baseline, with more compares it to the saved one,
    /// unless it is in `doubt`. Prints what came of it, as the first lines of the report; `took` is what
    /// the run or a pass of it took, in words.
    fn headline(&mut self, times: &Samples, took: &str, doubt: Option<String>) -> Option<Scaling> {
        let (ranks, time, baseline) = (self.ranks, times.median(), &self.baseline);
        let (verdict, more) = if ranks == 1 {
            let saved = doubt.map_or_else(|| baseline.save(time), Err);
            let not = |why| format!("warning: this baseline is not saved: {why}");
            (format!("One rank takes {took}."), saved.unwrap_or_else(not))
        } else {
            match doubt.map_or_else(|| baseline.load(), Err) {
                Ok(one) => return Some(self.gain(one, times)),
                Err(why) => (format!("{ranks} ranks take {took}."), format!("no speedup: {why}")),
            }
        };
        self.record.answer(&verdict);
        println!("{}", cli::wrapped(&more));
        None
    }

    /// Prints and records what the ranks gained over `one`.
    fn gain(&mut self, one: Duration, times: &Samples) -> Scaling {
        let (ranks, cpus) = (self.ranks, self.placement.cpus());
        let speedup = one.div_duration_f64(times.median());
        let scaling = Scaling { workers: ranks, cpus, speedup, noise: times.noise() };
        self.record.answer(&compared(&format!("{ranks} ranks are"), speedup, "one"));
        let each = if self.example == "level2_pi" { "pass" } else { "step" };
        let (here, one_rank) = (human(times.median()), human(one));
        let from = self.baseline.path.display();
        let times = format!("A {each} takes {here}, and {one_rank} with one rank (from {from}).");
        println!("{}", cli::wrapped(&times));
        if speedup > 1.1 * ranks as f64 {
            println!("More than {ranks}: the parts fit caches that the whole does not fit,");
            println!("or one rank was disturbed: then save its baseline again.");
        }
        self.record
            .result("baseline_s", one.as_secs_f64())
            .result("speedup", speedup)
            .result("efficiency", scaling.efficiency())
            .result("serial_fraction", scaling.serial_fraction());
        scaling
    }

    /// Prints what is behind the headline: about which `problem`, then `rows` and the scaling, or a
    /// forecast with what the run `took`; at last the score of a guess of the gain, with the reason.
    fn details(
        &mut self,
        problem: &str,
        rows: &[String],
        scaling: Option<Scaling>,
        (forecast, took): (Option<Forecast>, Duration),
        gain: Option<(f64, &str)>,
    ) {
        let (ranks, hosts) = (plural(self.ranks, "rank"), plural(self.placement.hosts(), "host"));
        println!("\n{problem}, {ranks} on {hosts}");
        if let Some(forecast) = forecast {
            let (here_s, took_s) = (forecast.here_s, took.as_secs_f64());
            let [here, took] = [here_s, took_s].map(|s| human(Duration::from_secs_f64(s)));
            println!("Forecast from {ranks}: {forecast}");
            println!(
                "{ranks}: forecast {here}, measured {took} ({:+.0} %)",
                100.0 * (took_s / here_s - 1.0)
            );
            self.record
                .result("latency_s", forecast.link.latency)
                .result("link_bytes_per_s", forecast.link.bandwidth)
                .result("unit_s", forecast.unit_s)
                .result("forecast_s", here_s)
                .result("forecast", forecast.to_json());
        } else {
            let scaling = scaling.map(|scaling| scaling.to_string());
            scaling.iter().chain(rows).for_each(|row| println!("{row}"));
        }
        let (gain, why) = gain.unwrap_or((f64::NAN, ""));
        if let Some(score) = self.guess.score(gain, "x", why) {
            println!("{}", cli::wrapped(&score));
        }
    }
}

/// A gain, a loss or neither, in words: `2 ranks are` so many times as fast as `one`.
fn compared(subject: &str, gain: f64, other: &str) -> String {
    match gain {
        loss if loss < 0.95 => {
            format!("{subject} slower than {other}: {:.2} times the time.", 1.0 / loss)
        }
        same if same < 1.05 => format!("{subject} as fast as {other}: no gain."),
        _ => format!("{subject} {gain:.2} times as fast as {other}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cli::read_at_most;
    use serde_json::{Value, json};
    use testkit::Folder;

    /// What so many ranks note whose step takes so many microseconds.
    fn results(folder: &Folder, ranks: usize, us: u64, doubt: Option<&str>) -> Value {
        let file = folder.path().join("runs.jsonl");
        let problem = [("example".to_string(), json!("level2_heat"))].into_iter().collect();
        let mut report = Report {
            args: &(),
            example: "level2_heat",
            ranks,
            placement: Placement::default(),
            guess: Guess::default(),
            record: Record::open(Some(&file), 2, "level2_heat").unwrap(),
            baseline: Baseline { path: folder.path().join("baseline.txt"), problem },
            watch: Watch::start(),
        };
        let times = [Duration::from_micros(us); 9].into_iter().collect();
        report.headline(&times, "1 s", doubt.map(str::to_string));
        report.record.append().unwrap();
        let text = read_at_most(&file, 10_000).unwrap();
        let last = text.trim_ascii().rsplit(|byte| *byte == b'\n').next().unwrap();
        serde_json::from_slice::<Value>(last).unwrap()["results"].take()
    }

    #[test]
    fn a_speedup_is_told_beside_the_time_of_one_rank_and_never_in_doubt() {
        let folder = Folder::new();
        let take = |ranks: usize| json!({"answer": format!("{ranks} ranks take 1 s.")});
        let one = json!({"answer": "One rank takes 1 s."});
        assert_eq!(results(&folder, 2, 30, None), take(2), "no baseline");
        assert_eq!(results(&folder, 1, 10, Some("it was busy")), one);
        assert_eq!(results(&folder, 2, 30, None), take(2), "a time in doubt is no baseline");
        assert_eq!(results(&folder, 1, 60, None), one);
        assert_eq!(results(&folder, 2, 30, Some("it was busy")), take(2));
        let two = results(&folder, 2, 30, None);
        assert_eq!(two["answer"], "2 ranks are 2.00 times as fast as one.");
        assert_eq!([&two["speedup"], &two["efficiency"]], [&json!(2.0), &json!(1.0)]);
        assert_eq!(two["baseline_s"], json!(60e-6));
        let four = results(&folder, 4, 120, None);
        assert_eq!(four["answer"], "4 ranks are slower than one: 2.00 times the time.");
    }

    #[test]
    fn a_gain_a_loss_and_neither_are_told_apart() {
        let of = |gain| compared("4 ranks are", gain, "one");
        assert_eq!(of(3.9), "4 ranks are 3.90 times as fast as one.");
        assert_eq!(of(0.5), "4 ranks are slower than one: 2.00 times the time.");
        assert_eq!(of(1.02), "4 ranks are as fast as one: no gain.");
    }
}
