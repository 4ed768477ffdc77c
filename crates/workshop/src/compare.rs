//! The lessons beside Python and C, measured in one run.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use cli::misuse;

use crate::demo::headline;
use crate::programs::{Programs, repository};
use crate::run::{self, Keep};

/// Measure a level beside its peers: joblib and OpenMP (1), mpi4py, numpy and C (2), PyTorch (3)
///
/// Python's packages go into a virtual environment, .venv-compare-levelN. A benchmark, not a test: run
/// it on a machine that does nothing else.
#[derive(clap::Args, Debug)]
pub struct CompareArgs {
    /// 1, 2 or 3
    #[arg(value_parser = clap::value_parser!(u8).range(1..=3))]
    level: u8,

    /// Append one record for each program to FILE
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Flags of the comparison itself; `-- --help` shows them
    #[arg(last = true)]
    flags: Vec<String>,
}

impl CompareArgs {
    /// A comparison that is recorded.
    pub fn recorded(level: u8, json: PathBuf) -> Self {
        Self { level, json: Some(json), flags: Vec::new() }
    }

    /// Installs the peers, builds the lessons, and measures.
    ///
    /// # Errors
    /// If one of these fails.
    pub fn run(&self) -> anyhow::Result<()> {
        let name = format!("level{}", self.level);
        let here = repository().join("scripts/compare");
        let venv = repository().join(format!(".venv-compare-{name}"));
        let python = venv.join("bin/python");
        let quietly =
            |words: &[&str]| run::run(run::command(words), Keep::Output, Duration::MAX).fault;
        let (path, python_path) = (venv.to_string_lossy(), python.to_string_lossy());
        headline(&format!(
            "Installing what scripts/compare/{name}.txt names into {}",
            venv.display()
        ));
        if quietly(&[&python_path, "-m", "pip", "--version"]).is_some() {
            // Not there yet, or an earlier try was cut off in the middle.
            if let Some(line) = quietly(&["python3", "-m", "venv", "--clear", &path]) {
                return Err(misuse(format!(
                    "python3 with venv is needed (Debian: python3-venv): {line}"
                )));
            }
        }
        let list = here.join(&name).with_extension("txt");
        if let Some(line) = quietly(&[
            &python_path,
            "-m",
            "pip",
            "install",
            "--quiet",
            "-r",
            &list.to_string_lossy(),
        ]) {
            bail!("pip could not install the packages: {line}");
        }
        headline(&format!("Building level {}", self.level));
        let mut programs = Programs::default();
        programs.build(self.level).map_err(anyhow::Error::msg)?;
        let lesson = ["level1_cores", "level2_pi", "level3_mnist"][usize::from(self.level) - 1];
        let folder = programs
            .path(lesson)
            .and_then(|path| path.parent())
            .context("cargo named no lesson")?;

        headline("Measuring");
        let mut command =
            run::command(&[python.as_os_str(), here.join(&name).with_extension("py").as_os_str()]);
        command.arg("--binaries").arg(folder);
        if let Some(file) = &self.json {
            command.arg("--json").arg(std::path::absolute(file)?);
        }
        command.args(&self.flags);
        match run::run(command, Keep::Nothing, Duration::MAX).fault {
            Some(line) => bail!("the comparison failed: {line}"),
            None => Ok(()),
        }
    }
}
