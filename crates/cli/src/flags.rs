//! The flags that all levels share, to be flattened into a program's own.

use std::ffi::OsStr;
use std::path::PathBuf;

use common::{Workers, parse_workers};

use crate::misuse;

/// `--guess` and `--json`: what every lesson does around its run.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct RunFlags {
    /// Ask for your guess of the result first, and score it afterwards (on a terminal)
    #[arg(long)]
    pub guess: bool,

    /// Append the run to FILE as one JSON object
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// `--workers`: how many threads share the work.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct WorkersFlag {
    /// How many worker threads share the work [default: SLURM_CPUS_PER_TASK, else 1]
    #[arg(long, value_name = "N", value_parser = parse_workers)]
    workers: Option<usize>,
}

impl WorkersFlag {
    /// The number of workers by the workshop's rule: the flag, else `SLURM_CPUS_PER_TASK`, else 1.
    ///
    /// # Errors
    /// [`crate::Misuse`] if the variable holds no number of workers.
    pub fn decide(&self) -> anyhow::Result<Workers> {
        Workers::decide(self.workers).map_err(|error| misuse(error.to_string()))
    }
}

/// The name of a value on the command line, such as `lanes` of `--kernel lanes`.
pub fn name_of(value: impl clap::ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_string())
}

/// A path or another word, quoted so that it can be pasted into a shell.
pub fn quoted(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref().to_string_lossy();
    shlex::try_quote(&word).unwrap_or_else(|_| word.clone()).into_owned()
}
