//! How many workers to start. Let Slurm tell the program what it has; hard-code nothing.

use std::fmt;
use std::io::{self, ErrorKind};

use crate::{plural, usable_cpus};

/// The variable in which Slurm says what `--cpus-per-task` gave us.
pub const WORKERS_VARIABLE: &str = "SLURM_CPUS_PER_TASK";

const MOST_WORKERS: usize = 1024;

/// A number of workers, and who decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workers {
    /// At least 1, at most 1024.
    pub count: usize,
    /// Where the number comes from.
    pub source: Source,
}

/// Who decided the number of workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `--workers` on the command line.
    Flag,
    /// `SLURM_CPUS_PER_TASK`, set by Slurm when a job asks for `--cpus-per-task`.
    Slurm,
    /// Neither: one worker.
    Default,
}

impl Workers {
    /// The workshop's rule: the flag, else `SLURM_CPUS_PER_TASK`, else 1.
    ///
    /// # Errors
    /// If the variable holds anything but a whole number from 1 to 1024.
    pub fn decide(flag: Option<usize>) -> io::Result<Self> {
        Self::from_rule(flag, &std::env::var(WORKERS_VARIABLE).unwrap_or_default())
    }

    fn from_rule(flag: Option<usize>, slurm: &str) -> io::Result<Self> {
        let refused = |reason| {
            let cure = "ask Slurm with --cpus-per-task=4, or unset it";
            let line = format!("{WORKERS_VARIABLE}: {reason}; {cure}");
            io::Error::new(ErrorKind::InvalidInput, line)
        };
        let (count, source) = match (flag, slurm.trim()) {
            (Some(count), _) => (count, Source::Flag),
            (None, "") => (1, Source::Default),
            (None, text) => (parse_workers(text).map_err(refused)?, Source::Slurm),
        };
        Ok(Self { count, source })
    }

    /// A line to print when there are more workers than CPUs this process may use.
    ///
    /// It is no error: tasks that sleep need no CPU.
    pub fn warning(&self) -> Option<String> {
        let cpus = usable_cpus();
        (self.count > cpus).then(|| {
            format!(
                "warning: {} share {}: waiting overlaps, computing does not",
                plural(self.count, "worker"),
                plural(cpus, "usable CPU")
            )
        })
    }
}

/// `4 workers (SLURM_CPUS_PER_TASK)`
impl fmt::Display for Workers {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let source = match self.source {
            Source::Flag => "--workers",
            Source::Slurm => WORKERS_VARIABLE,
            Source::Default => "the default: SLURM_CPUS_PER_TASK is not set",
        };
        write!(f, "{} ({source})", plural(self.count, "worker"))
    }
}

/// Reads a number of workers: a whole number from 1 to 1024, surrounding blanks allowed.
///
/// # Errors
/// A phrase that names the text and what is expected instead.
pub fn parse_workers(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(count) if (1..=MOST_WORKERS).contains(&count) => Ok(count),
        _ => Err(format!(
            "'{}' is not a number of workers from 1 to {MOST_WORKERS}",
            text.escape_debug()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_beats_slurm_and_slurm_beats_the_default() {
        let decided = |count, source| Workers { count, source };
        assert_eq!(Workers::from_rule(Some(3), "4").unwrap(), decided(3, Source::Flag));
        assert_eq!(Workers::from_rule(None, " 4 ").unwrap(), decided(4, Source::Slurm));
        assert_eq!(Workers::from_rule(None, "").unwrap(), decided(1, Source::Default));
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        assert_eq!(Workers::from_rule(None, "  ").unwrap().source, Source::Default);
    }

    #[test]
    fn a_bad_variable_is_named_with_its_value() {
        for value in ["0", "-3", "abc", "2.0", "1025", "1e2"] {
            let line = Workers::from_rule(None, value).unwrap_err().to_string();
            assert!(line.contains(WORKERS_VARIABLE) && line.contains(value), "{line}");
        }
    }

    #[test]
    fn more_workers_than_cpus_is_a_warning() {
        let many = Workers { count: 1024, source: Source::Flag };
        assert!(many.warning().is_some_and(|line| line.contains("1024 workers")));
        assert_eq!(Workers { count: 1, source: Source::Flag }.warning(), None);
    }
}
