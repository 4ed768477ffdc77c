//! Records this machine's runs, and draws the slides' charts from them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::chart;
use crate::demo::{Levels, headline};
use crate::programs::Programs;
use crate::records;
use crate::run::{self, Keep, repository};
use crate::steps::{Step, steps};

/// Record this machine's runs into slides/runs, and draw the slides' charts from all that is there
///
/// Run it on a machine that does nothing else. Where there is a GPU, level 3 is recorded on it as well,
/// and on a cluster the job of level 1.
#[derive(clap::Args, Debug)]
pub struct RecordArgs {
    #[command(flatten)]
    levels: Levels,
}

impl RecordArgs {
    /// Records each level.
    ///
    /// # Errors
    /// If a level cannot be built, a run fails, or a file cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        self.levels.level.iter().try_for_each(|level| record_level(*level))?;
        headline("Drawing");
        chart::draw(&records::files(&runs())?, &repository().join("slides/pictures"))
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
    fs::write(&records, "").with_context(|| records.display().to_string())?;
    let mut steps = steps(level, &[]).into_iter().filter(|step| step.missing().is_none());
    steps.try_for_each(|step| record(&step, &programs, &records))
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
