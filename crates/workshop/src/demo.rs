//! Every level once, on the cores of this machine, and a summary.

use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use cli::wrapped;
use common::{plural, usable_cpus};

use crate::programs::{Programs, has_gpu};
use crate::records::{Run, seconds_exact};
use crate::run::{self, Keep};
use crate::steps::{JOB, Step, steps};

/// Build and run every level on this machine's cores, and end with a summary
#[derive(clap::Args, Debug)]
pub struct DemoArgs {
    #[command(flatten)]
    levels: Levels,

    /// Smaller problems: a first impression of every level
    #[arg(long)]
    quick: bool,
}

/// `--level`
#[derive(clap::Args, Debug)]
pub struct Levels {
    /// Only this level; may be given several times
    #[arg(long, value_name = "N", default_values_t = [1, 2, 3])]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=3))]
    pub level: Vec<u8>,
}

/// What stands in the steps' commands here; without --quick the first of it.
const CHANGED: [(&str, &str); 5] = [
    ("$workers", ""), // all cores
    ("$weight", "0.1"),
    ("$pi", "--passes 20"),
    ("$heat", "--steps 500"),
    ("$mnist", "--batch-size 64 --images 6000"),
];

/// Says what happens next, so that nobody looks at a silent screen.
pub fn headline(words: &str) {
    println!("\n== {words}");
}

impl DemoArgs {
    /// Runs the steps. One that fails does not end the others: the summary names it.
    ///
    /// # Errors
    /// If a step failed.
    pub fn run(&self) -> anyhow::Result<()> {
        let folder = tempfile::tempdir().context("making a folder for the records")?;
        let mut programs = Programs::default();
        let (mut rows, mut failed) = (Vec::new(), Vec::new());
        // Level 1 runs while later levels still have to be built.
        'levels: for &level in &self.levels.level {
            headline(&format!("Building level {level} (the first time takes a while)"));
            if let Err(line) = programs.build(level) {
                println!("What is missing: scripts/setup.sh --check");
                failed.push(format!("level {level} could not be built: {line}"));
                continue;
            }
            for step in self.steps(level) {
                headline(step.words);
                let command = programs.command(&step.command)?;
                println!("$ {}", command.typed);
                let records = folder.path().join(step.name);
                let (ended, run) =
                    command.measure(&records, folder.path(), Keep::Errors, Duration::MAX);
                match ended.fault {
                    None => rows.extend(run.as_ref().map(row)),
                    Some(line) => {
                        println!("{} failed; going on with the next step", step.name);
                        failed.push(format!("{}: {line}", step.name));
                    }
                }
                if ended.interrupted {
                    println!("Ctrl-C again within a second ends the demonstration.");
                    thread::sleep(Duration::from_secs(1));
                    if run::ctrl_c() {
                        break 'levels;
                    }
                }
            }
        }
        let host = gethostname::gethostname();
        let cores = plural(usable_cpus(), "core");
        headline(&format!("Summary: {}, {cores}", host.to_string_lossy()));
        rows.iter().for_each(|row| println!("{row}"));
        failed.iter().for_each(|line| println!("{}", wrapped(&format!("FAILED  {line}"))));
        match failed.len() {
            0 => Ok(()),
            n => bail!("{} of the demonstration failed: see above", plural(n, "step")),
        }
    }

    /// The steps that this machine can run. The job is about a cluster, not about its cores.
    fn steps(&self, level: u8) -> Vec<Step> {
        let changed = if self.quick { &CHANGED[..] } else { &CHANGED[..1] };
        let changed: Vec<_> =
            changed.iter().map(|(size, flags)| (*size, flags.to_string())).collect();
        let mut steps = steps(level, &changed);
        steps.retain(|step| match step.name {
            JOB => false,
            "level1-crossover" => !self.quick,
            "level3-gpu" | "level3-gpu-kernel" => has_gpu(),
            _ => !step.words.is_empty(),
        });
        steps
    }
}

/// What is said of a run in the end: `level2_pi         2 ranks    811 us a pass   1.99 x, efficiency 100 %`.
fn row(run: &Run) -> String {
    let number = |name| run.get(name).as_f64().unwrap_or(f64::NAN);
    let disturbed = || {
        let share = number("waited_share");
        let crowd = number("workers").max(number("ranks")); // these wait for each other
        let others = share >= common::NOTABLE && crowd <= number("cpus");
        others.then(|| format!("disturbed {:.0} % of the time", 100.0 * share))
    };
    let what = match run.example.as_str() {
        "level1_cores" => {
            let task = match number("weight_s") {
                0.0 => format!("computing {}!", run.text("factorial")),
                weight => format!("waiting {weight} s"),
            };
            let (workers, speedup) = (plural(run.text("workers"), "worker"), number("speedup"));
            let verdict = disturbed().unwrap_or_else(|| match run.text("verdict") {
                close if close.starts_with("too close") => close,
                winner => format!("{winner} wins"),
            });
            format!("{task:18}{speedup:.2} x with {workers:11}{verdict}")
        }
        "level1_crossover" => {
            let from = |name| match number(name) {
                unknown if unknown.is_nan() => "not found".to_string(),
                seconds => format!("from {}", seconds_exact(seconds)),
            };
            format!("parallel wins {} awake, {} woken", from("awake_s"), from("asleep_s"))
        }
        "level1_memory" => {
            let rows = run.table("rows", ["workers", "triad_bytes_per_s", "polynomial_per_s"]);
            match rows.unwrap_or_default()[..] {
                [[_, moved, computed], .., [workers, most, all]] => format!(
                    "{:.1} GB/s; {workers} workers: triad {:.2} x, polynomial {:.2} x",
                    1e-9 * moved,
                    most / moved,
                    all / computed
                ),
                _ => disturbed().unwrap_or_else(|| "one worker: see above".to_string()),
            }
        }
        "level3_mnist" => {
            let [device, data, batch] = ["device", "data", "batch_size"].map(|name| run.text(name));
            let (time, right) = (number("train_s"), 100.0 * number("accuracy"));
            format!("{device}, {data}, batch {batch}: {time:.2} s, {right:.2} % read right")
        }
        "level3_kernel" => {
            let [gpu, cpu] = ["compute_s", "cpu_s"].map(|name| seconds_exact(number(name)));
            format!("{}: {gpu}, CPU: {cpu}", run.text("device"))
        }
        _ => {
            let (ranks, time) = (plural(run.text("ranks"), "rank"), run.time().unwrap_or(f64::NAN));
            let gain = match number("speedup") {
                _ if run.get("doubt").is_string() => disturbed().unwrap_or_else(|| {
                    let doubt = run.text("doubt"); // 4 ranks share 2 CPUs on HOST, so they take turns
                    doubt.split(" on ").next().unwrap_or_default().to_string()
                }),
                _ if run.get("ranks") == 1 => String::new(),
                _ if run.example == "level2_overlap" => {
                    format!("{:.2} x as fast as blocking", number("blocking_step_s") / time)
                }
                speedup if speedup.is_nan() => "no speedup: see above".to_string(),
                speedup => {
                    format!("{speedup:.2} x, efficiency {:.0} %", 100.0 * number("efficiency"))
                }
            };
            let of = if run.example == "level2_pi" { "a pass" } else { "a step" };
            format!("{ranks:9}{:>9} {of}   {gain}", seconds_exact(time))
        }
    };
    format!("{:18}{what}", run.example).trim_end().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{records, run::repository};

    #[test]
    fn every_recorded_run_has_a_row_that_fits_a_terminal() {
        for file in ["level1", "level2", "level3"] {
            let file = repository().join("slides/runs").join(file).with_extension("jsonl");
            for row in records::read(&file).unwrap().iter().map(row) {
                println!("{row}");
                assert!(row.chars().count() <= 80 && !row.contains("NaN"), "{row}");
            }
        }
    }
}
