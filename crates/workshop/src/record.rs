//! Records this machine's runs, and draws the slides' charts from them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::ValueEnum;

use crate::chart;
use crate::compare::CompareArgs;
use crate::demo::headline;
use crate::programs::{Programs, has_gpu, repository};
use crate::run::{self, Keep};
use crate::steps::{JOB, Sizes, Step, steps};

/// Record this machine's runs into slides/runs, and draw the slides' charts from them
///
/// Run it on a machine that does nothing else. Where there is a GPU, level 3 is recorded on it as well.
#[derive(clap::Args, Debug)]
pub struct RecordArgs {
    /// What to record [default: all but slurm, which needs a cluster]
    stages: Vec<Stage>,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum Stage {
    Level1,
    Level2,
    Level3,
    Compare1,
    Compare2,
    Compare3,
    Chart,
    Slurm,
}

/// No run takes longer.
const LIMIT: Duration = Duration::from_secs(600);

impl RecordArgs {
    /// Records each stage.
    ///
    /// # Errors
    /// If a level cannot be built, a run fails, or a file cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        let all = &Stage::value_variants()[..7];
        for stage in if self.stages.is_empty() { all } else { &self.stages } {
            match stage {
                Stage::Level1 => record_level(1)?,
                Stage::Level2 => record_level(2)?,
                Stage::Level3 => record_level(3)?,
                Stage::Compare1 => compare(1)?,
                Stage::Compare2 => compare(2)?,
                Stage::Compare3 => compare(3)?,
                Stage::Chart => draw()?,
                Stage::Slurm => record_job()?,
            }
        }
        Ok(())
    }
}

fn runs() -> PathBuf {
    repository().join("slides/runs")
}

/// Every step of a level, and what only the charts need; earlier runs are forgotten.
fn record_level(level: u8) -> anyhow::Result<()> {
    let mut programs = Programs::default();
    programs.build(level).map_err(anyhow::Error::msg)?;
    headline(&format!("Recording level {level}"));
    let records = runs().join(format!("level{level}.jsonl"));
    forget(&records)?;
    let mut steps: Vec<Step> = steps(level, &Sizes::default());
    let more =
        |name, command: &str| Step { name, seconds: 0, words: "", command: command.to_string() };
    match level {
        2 => steps.extend([
            // What more ranks than cores do.
            more("level2-heat-blocking-4", "-n 4 level2_heat"),
            more("level2-heat-overlap-1", "-n 1 level2_heat --exchange overlap"),
            more("level2-heat-overlap-4", "-n 4 level2_heat --exchange overlap"),
            // Other steps than the runs above, so that a number on a slide can name the one it quotes.
            more("level2-heat-forecast", "-n 2 level2_heat --forecast --steps 500"),
        ]),
        3 => steps.extend([
            more("level3-cpu-sweep", "level3_mnist --device cpu --sweep"),
            more("level3-cuda-sweep", "level3_mnist --device cuda --sweep"),
        ]),
        _ => {}
    }
    for step in steps.iter().filter(|step| step.name != JOB) {
        if !step.name.contains("cuda") || has_gpu() {
            record(step, &programs, &records)?;
        }
    }
    Ok(())
}

/// Runs a step, and keeps its record and what it printed.
fn record(step: &Step, programs: &Programs, records: &Path) -> anyhow::Result<()> {
    let mut command =
        programs.command(&step.command).with_context(|| format!("{}: not built", step.name))?;
    // Level 3's record is that of all batch sizes.
    if !step.name.contains("hello")
        && !["level3-cpu", "level3-cuda"].contains(&step.name)
        && step.name != JOB
    {
        command.words.extend(["--json".into(), records.into()]);
    }
    println!("$ {}", command.typed);
    let ended = run::run(run::command(&command.words), Keep::Everything, LIMIT);
    if let Some(line) = ended.fault {
        bail!("{}: {line}", step.name);
    }
    let file = runs().join(step.name).with_extension("txt");
    fs::write(&file, format!("$ {}\n{}", command.typed, ended.words))
        .context(file.display().to_string())
}

/// A job, from its submission to its output: on a cluster, or `scripts/practice-cluster.sh run`.
fn record_job() -> anyhow::Result<()> {
    let steps = steps(1, &Sizes::default());
    let job = steps.iter().find(|step| step.name == JOB).context("the list of steps has no job")?;
    record(job, &Programs::default(), Path::new(""))
}

fn compare(level: u8) -> anyhow::Result<()> {
    let records = runs().join(format!("compare{level}.jsonl"));
    forget(&records)?;
    CompareArgs::recorded(level, records).run()
}

fn forget(file: &Path) -> anyhow::Result<()> {
    if file.exists() { fs::remove_file(file).context(file.display().to_string()) } else { Ok(()) }
}

fn draw() -> anyhow::Result<()> {
    headline("Drawing");
    let files = fs::read_dir(runs())?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut records: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|e| e == "jsonl")).collect();
    records.sort();
    chart::draw(&records, &repository().join("slides/pictures"))
}
