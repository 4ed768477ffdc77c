//! The lessons beside Python and C, measured in one run.

use std::path::PathBuf;

use anyhow::{Context, bail};
use cli::{Record, misuse};

use crate::demo::headline;
use crate::programs::Programs;
use crate::run::{self, Keep, repository};

/// Measure a level beside its peers: joblib and OpenMP (1), mpi4py, numpy and C (2), PyTorch (3)
///
/// Python's packages go into a virtual environment, .venv-compare-levelN. A benchmark, not a test: run
/// it on a machine that does nothing else.
#[derive(clap::Args, Debug)]
pub struct CompareArgs {
    /// 1, 2 or 3
    #[arg(value_parser = clap::value_parser!(u8).range(1..=3))]
    pub level: u8,

    /// Append one record for each program to FILE
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Flags of the comparison itself; `-- --help` shows them
    #[arg(last = true)]
    pub flags: Vec<String>,
}

impl CompareArgs {
    /// Installs the peers, builds the lessons, and measures.
    ///
    /// # Errors
    /// If one of these fails.
    pub fn run(&self) -> anyhow::Result<()> {
        let level = self.level;
        Record::open(self.json.as_deref(), level, "compare_python")?; // before minutes of installing
        let here = repository().join(format!("scripts/compare/level{level}")).display().to_string();
        let venv = repository().join(format!(".venv-compare-level{level}")).display().to_string();
        let python = format!("{venv}/bin/python");
        let quietly = |words: &[&str]| run::run(run::command(words), Keep::Output).fault;
        headline(&format!("Installing what {here}.txt names into {venv}"));
        if let Some(line) = quietly(&["python3", "-m", "venv", &venv]) {
            let needed = "python3 with venv is needed (Debian: python3-venv)";
            return Err(misuse(format!("{needed}: {line}")));
        }
        let list = format!("{here}.txt");
        if let Some(line) = quietly(&[&python, "-m", "pip", "install", "--quiet", "-r", &list]) {
            bail!("pip could not install the packages: {line}");
        }
        headline(&format!("Building level {level}"));
        let mut programs = Programs::default();
        programs.build(level)?;

        headline("Measuring");
        let mut command = run::command(&[python, format!("{here}.py")]);
        command.arg("--binaries").arg(programs.folder().context("cargo named no lesson")?);
        if let Some(file) = &self.json {
            command.arg("--json").arg(std::path::absolute(file)?);
        }
        command.args(&self.flags);
        match run::run(command, Keep::Nothing).fault {
            Some(line) => bail!("the comparison failed: {line}"),
            None => Ok(()),
        }
    }
}
