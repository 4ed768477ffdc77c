//! What a program left behind.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

/// A program that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit status, or 128 and the number of the signal that ended it, as a shell says.
    pub status: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let signal = || 128 + output.status.signal().unwrap();
        Self {
            status: output.status.code().unwrap_or_else(signal),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

impl Ended {
    /// Fails the test unless the program ended well and what it printed fits a terminal.
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert_eq!(self.status, 0, "{}{}", self.stdout, self.stderr);
        // Paths may be long, and sentences are broken on a terminal alone.
        let sentences = [
            "warning: ",
            "no speedup: ",
            "no GPU: ",
            "why: ",
            "Your guess: ",
            "The threads waited ",
        ];
        let fits = |line: &str| {
            let long = line.contains('/') || sentences.iter().any(|begin| line.starts_with(begin));
            long || line.chars().count() <= 80
        };
        let wide = self.stdout.lines().find(|line| !fits(line));
        assert_eq!(wide, None, "wider than 80 columns");
        self
    }

    /// Fails the test unless the program ended with this status and one line `error: ...`, which holds
    /// every one of `parts`; returns the line. Launchers may add words of their own.
    #[track_caller]
    pub fn failed(&self, status: i32, parts: &[&str]) -> &str {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        let mut errors = self.stderr.lines().filter(|line| line.starts_with("error: "));
        let (Some(line), None) = (errors.next(), errors.next()) else {
            panic!("not one line of error:\n{}", self.stderr)
        };
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        for part in parts {
            assert!(line.contains(part), "no {part:?} in {line}");
        }
        line
    }

    /// The rest of the first printed line that starts with `name`.
    #[track_caller]
    pub fn line(&self, name: &str) -> &str {
        let found = self.stdout.lines().find_map(|line| line.strip_prefix(name));
        found.unwrap_or_else(|| panic!("no line '{name}':\n{}{}", self.stdout, self.stderr)).trim()
    }
}

/// The records of a file that `--json` named, in order.
#[track_caller]
pub fn records(file: impl AsRef<Path>) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
