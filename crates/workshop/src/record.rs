//! Records this machine's runs, and draws the slides' charts from them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;

use crate::chart;
use crate::compare::CompareArgs;
use crate::demo::headline;
use crate::programs::{Programs, has_gpu};
use crate::records;
use crate::run::{self, Keep, repository};
use crate::steps::{JOB, Step, steps};

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
    programs.build(level)?;
    headline(&format!("Recording level {level}"));
    let records = runs().join(format!("level{level}.jsonl"));
    forget(&records)?;
    for step in steps(level, &[]) {
        if step.name != JOB && (has_gpu() || !step.name.contains("gpu")) {
            record(&step, &programs, &records)?;
        }
    }
    Ok(())
}

/// Runs a step, and keeps its record and what it printed.
fn record(step: &Step, programs: &Programs, records: &Path) -> anyhow::Result<()> {
    let mut command = programs.command(&step.command)?;
    println!("$ {}", command.typed);
    // Level 3's record is that of all batch sizes.
    if !step.name.starts_with("level3") || step.name.ends_with("sweep") {
        command.recorded_in(records);
    }
    let ended = run::run(run::command(&command.words), Keep::Everything);
    if let Some(line) = ended.fault {
        bail!("{}: {line}", step.name);
    }
    let file = runs().join(step.name).with_extension("txt");
    fs::write(&file, format!("$ {}\n{}", command.typed, ended.words))
        .context(file.display().to_string())
}

/// A job, from its submission to its output: on a cluster, or `scripts/practice-cluster.sh run`.
fn record_job() -> anyhow::Result<()> {
    let steps = steps(1, &[]);
    let job = steps.iter().find(|step| step.name == JOB).context("the list of steps has no job")?;
    record(job, &Programs::default(), Path::new(""))
}

fn compare(level: u8) -> anyhow::Result<()> {
    let records = runs().join(format!("compare{level}.jsonl"));
    forget(&records)?;
    CompareArgs { level, json: Some(records), flags: Vec::new() }.run()
}

fn forget(file: &Path) -> anyhow::Result<()> {
    if file.exists() { fs::remove_file(file).context(file.display().to_string()) } else { Ok(()) }
}

fn draw() -> anyhow::Result<()> {
    headline("Drawing");
    chart::draw(&records::files(&runs())?, &repository().join("slides/pictures"))
}
