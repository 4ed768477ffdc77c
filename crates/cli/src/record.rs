//! One run, one line of JSON: the same format for all levels.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, FileTypeExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use serde_json::{Map, Value, json};

use crate::{misuse, was_stopped};

/// Collects the settings and results of a run and appends them to a file as one JSON object.
///
/// The file is opened once, before the run starts, so a mistyped path costs nothing and a named
/// pipe has one writer. A program that makes several runs appends each.
pub struct Record {
    file: Option<(PathBuf, File)>,
    level: u8,
    example: &'static str,
    started: SystemTime,
    settings: Map<String, Value>,
    results: Map<String, Value>,
}

impl Record {
    /// Starts a record that will go to `path`, or nowhere if there is none.
    ///
    /// # Errors
    /// [`crate::Misuse`] if the file cannot be opened for appending.
    pub fn open(path: Option<&Path>, level: u8, example: &'static str) -> anyhow::Result<Self> {
        let open = |path: &Path| match open(path) {
            Ok(file) => Ok((path.to_path_buf(), file)),
            Err(error) => Err(misuse(format!("{}: {error}", cannot_write(path)))),
        };
        let file = path.map(open).transpose()?;
        let (started, settings, results) = begin();
        Ok(Self { file, level, example, started, settings, results })
    }

    /// Notes something that was chosen before the run. The usable CPUs are noted already.
    pub fn setting(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.settings.insert(name.to_string(), value.into());
        self
    }

    /// Notes something that the run found out; the unit belongs in the name (`parallel_s`).
    pub fn result(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.results.insert(name.to_string(), value.into());
        self
    }

    /// Appends the line, and starts an empty record for the next run.
    ///
    /// # Errors
    /// With the file and the cause if it cannot be written (a full disk, a quota).
    pub fn append(&mut self) -> anyhow::Result<()> {
        if was_stopped() {
            self.setting("stopped", true); // its times are no measurements
        }
        let line = format!("{}\n", self.to_json());
        (self.started, self.settings, self.results) = begin();
        match &mut self.file {
            Some((path, file)) => append(file, line).with_context(|| cannot_write(path)),
            None => Ok(()),
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "level": self.level,
            "example": self.example,
            "host": gethostname::gethostname().to_string_lossy(),
            "started": humantime::format_rfc3339_seconds(self.started).to_string(),
            "settings": self.settings,
            "results": self.results,
        })
    }
}

/// When a run starts, and its settings and results before it.
fn begin() -> (SystemTime, Map<String, Value>, Map<String, Value>) {
    let cpus = ("cpus".to_string(), json!(common::usable_cpus()));
    (SystemTime::now(), Map::from_iter([cpus]), Map::new())
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write --json {}", path.display())
}

/// How long to wait for somebody who reads a named pipe.
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens a file for appending. To open a named pipe waits for its reader, so a thread does it.
fn open(path: &Path) -> io::Result<File> {
    let pipe = fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
    let mut options = OpenOptions::new();
    options.create(true).append(true).read(!pipe); // to read is to see how the file ends
    let (path, (sender, opened)) = (path.to_path_buf(), mpsc::channel());
    thread::spawn(move || sender.send(options.open(path)));
    let nobody = "nobody reads this named pipe; start its reader first";
    opened.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(io::Error::other(nobody)))
}

/// Appends a line in one write, so that runs side by side never mix their lines. It is never glued
/// to half a line that an earlier run left, and a disk that is full keeps none of it.
fn append(file: &mut File, mut line: String) -> io::Result<()> {
    let before = file.metadata()?;
    if !before.is_file() {
        return file.write_all(line.as_bytes());
    }
    let end = before.len();
    let mut last = [b'\n'];
    file.read_at(&mut last, end.saturating_sub(1))?; // an empty file has no last byte
    if last != [b'\n'] {
        line.insert(0, '\n');
    }
    let written = file.write_all(line.as_bytes());
    if written.is_err() {
        let _ = file.set_len(end); // else the next run starts a line of its own
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_are_two_lines_of_one_format_and_share_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.jsonl");
        let mut record = Record::open(Some(&path), 1, "race").unwrap();
        record.setting("tasks", 10).result("parallel_s", 0.5).append().unwrap();
        record.setting("tasks", 20).append().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let runs: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(runs.len(), 2);
        assert_eq!(runs[0]["results"]["parallel_s"], 0.5);
        assert_eq!(runs[1]["settings"]["tasks"], 20);
        assert_eq!(runs[1]["results"], json!({}));
        assert!(runs[1]["settings"]["cpus"].is_number());
        assert!(runs[1]["started"].as_str().unwrap().ends_with('Z'));
    }
}
