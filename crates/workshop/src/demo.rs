//! Every level once, on the cores of this machine, and a summary.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use common::{plural, usable_cpus};

use crate::programs::{Programs, has_gpu};
use crate::records::{self, Run, seconds_exact};
use crate::run::{self, Keep};
use crate::steps::{JOB, Sizes, Step, steps};

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
    /// Only this level, 1, 2 or 3; may be given several times
    #[arg(long = "level", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
    asked: Vec<u8>,
}

impl Levels {
    /// Those that were asked for, or all.
    pub fn chosen(&self) -> Vec<u8> {
        if self.asked.is_empty() { vec![1, 2, 3] } else { self.asked.clone() }
    }
}

/// Says what happens next, so that nobody looks at a silent screen.
pub fn headline(words: &str) {
    println!("\n== {words}");
}

impl DemoArgs {
    /// Runs the steps. One that fails does not end the others: the summary names it.
    ///
    /// # Errors
    /// If a step failed, or a second Ctrl-C ended the demonstration.
    pub fn run(&self) -> anyhow::Result<()> {
        let folder = tempfile::tempdir().context("making a folder for the records")?;
        run::survive_ctrl_c()?;
        let mut programs = Programs::default();
        let mut summary = Summary::default();
        let levels = self.levels.chosen();
        // Level 1 runs while later levels still have to be built.
        'levels: for level in levels {
            headline(&format!("Building level {level} (the first time takes a while)"));
            if let Err(line) = programs.build(level) {
                summary.failed(&format!("level {level} could not be built"), &line);
                println!("What is missing: scripts/setup.sh --check");
                continue;
            }
            for step in steps(level, &self.sizes()).iter().filter(|step| self.is_wanted(step)) {
                let going_on = self.play(step, &programs, folder.path(), &mut summary)?;
                if !going_on {
                    break 'levels;
                }
            }
        }
        summary.print()
    }

    fn sizes(&self) -> Sizes {
        let all = Sizes { workers: String::new(), ..Sizes::default() };
        match self.quick {
            false => all,
            true => Sizes {
                weight: 0.1,
                pi: " --passes 20".to_string(),
                heat: " --steps 500".to_string(),
                mnist: " --batch-size 64 --images 6000".to_string(),
                ..all
            },
        }
    }

    /// The job is about a cluster, not about this machine's cores.
    fn is_wanted(&self, step: &Step) -> bool {
        match step.name {
            JOB => false,
            "level1-crossover" => !self.quick,
            "level3-cuda" => has_gpu(),
            _ => true,
        }
    }

    /// One step and its line in the summary. Whether to go on: a second Ctrl-C ends it all.
    fn play(
        &self,
        step: &Step,
        programs: &Programs,
        folder: &Path,
        summary: &mut Summary,
    ) -> anyhow::Result<bool> {
        headline(step.words);
        let mut command =
            programs.command(&step.command).with_context(|| format!("{}: not built", step.name))?;
        println!("$ {}", command.typed);
        let records = folder.join(step.name).with_extension("jsonl");
        if !step.name.contains("hello") {
            command.words.extend(["--json".into(), records.clone().into()]);
        }
        if let Some(program @ ("pi" | "heat")) = step.name.split('-').nth(1) {
            // A baseline of this demonstration's own: the reader's may be of another problem.
            command.words.extend(["--baseline".into(), folder.join(program).into()]);
        }
        let ended = run::run(run::command(&command.words), Keep::Errors, Duration::MAX);
        match ended.fault {
            None if records.exists() => summary.add(step, &records::read(&[records])?[0]),
            None => {}
            Some(line) => {
                println!("{}: {line}; going on with the next step", step.name);
                summary.failed(step.name, &line);
            }
        }
        if ended.interrupted {
            println!("Ctrl-C again within a second ends the demonstration.");
            thread::sleep(Duration::from_secs(1));
            return Ok(!run::ctrl_c());
        }
        Ok(true)
    }
}

/// What is printed at the end.
#[derive(Default)]
struct Summary {
    /// Level, and what to say of it.
    lines: Vec<(String, String)>,
    failed: Vec<String>,
}

impl Summary {
    fn add(&mut self, step: &Step, run: &Run) {
        let (level, line) = match run.level {
            1 if run.example == "level1_crossover" => ("level 1, cores", crossover(run)),
            1 => ("level 1, cores", race(step, run)),
            2 => ("level 2, MPI", scaling(run)),
            _ => ("level 3, CNN", training(run)),
        };
        let first = !self.lines.iter().any(|(known, _)| known == level);
        if first && run.level == 2 {
            self.lines.push((
                level.to_string(),
                format!(
                    "{:14}{:>5}{:>12}{:>11}{:>12}",
                    "", "ranks", "time", "speedup", "efficiency"
                ),
            ));
        }
        self.lines.push((level.to_string(), line));
    }

    fn failed(&mut self, what: &str, line: &str) {
        self.failed.push(format!("{what}: {line}"));
    }

    fn print(&self) -> anyhow::Result<()> {
        let host = gethostname::gethostname();
        headline(&format!(
            "Summary: {}, {}",
            host.to_string_lossy(),
            plural(usable_cpus(), "core")
        ));
        let mut last = "";
        for (level, line) in &self.lines {
            println!("{:16}{line}", if level == last { "" } else { level });
            last = level;
        }
        for line in &self.failed {
            println!("FAILED  {line}");
        }
        match self.failed.len() {
            0 => Ok(()),
            n => bail!("{} of the demonstration failed: see above", plural(n, "step")),
        }
    }
}

/// `weight 0.5: parallel (3.33 x on 4 workers)`
fn race(step: &Step, run: &Run) -> String {
    let what = match step.name {
        "level1-race-computing" => "computing".to_string(),
        _ => format!("weight {} s", run.setting("weight_s").as_f64().unwrap_or(f64::NAN)),
    };
    let workers = run.setting("workers").as_u64().unwrap_or_default();
    let speedup = run.optional("speedup").unwrap_or(f64::NAN);
    let verdict = run.text("verdict").unwrap_or("no verdict");
    format!("{what:14}{verdict} ({speedup:.2} x on {})", plural(workers as usize, "worker"))
}

fn crossover(run: &Run) -> String {
    match (run.optional("bracket_low_s"), run.optional("bracket_high_s")) {
        (Some(low), Some(high)) => format!(
            "{:14}parallel starts to win between {} and {} per task",
            "crossover",
            seconds_exact(low),
            seconds_exact(high)
        ),
        _ => format!("{:14}none was found here", "crossover"),
    }
}

/// A row of the table: the figures whose ratio is the speedup, of one rank in the row above.
fn scaling(run: &Run) -> String {
    let ranks = run.setting_text("ranks");
    let (what, time) = match run.example.as_str() {
        "level2_pi" => ("pi", "median_s"),
        _ if run.setting("exchange") == "overlap" => ("heat, overlap", "step_median_s"),
        _ => ("heat, a step", "step_median_s"),
    };
    let time = seconds_exact(run.optional(time).unwrap_or(f64::NAN));
    let gain = match (run.optional("speedup"), run.optional("efficiency")) {
        (Some(speedup), Some(efficiency)) => {
            format!("{speedup:>9.2} x{:>10.0} %", 100.0 * efficiency)
        }
        _ if ranks == "1" => String::new(),
        _ => "   no speedup: see above".to_string(),
    };
    format!("{what:14}{ranks:>5}{time:>12}{gain}")
}

/// `on the cpu    MNIST, batch 512: 14.15 s, 96.88 % of the test images read right`
fn training(run: &Run) -> String {
    let number = |name| run.optional(name).unwrap_or(f64::NAN);
    format!(
        "{:14}{}, batch {}: {:.2} s, {:.2} % read right",
        format!("on the {}", run.setting_text("device")),
        run.setting_text("data"),
        run.setting_text("batch_size"),
        number("train_s"),
        100.0 * number("accuracy")
    )
}
