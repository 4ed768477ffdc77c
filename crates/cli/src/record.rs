//! One run, one line of JSON: the same format for all levels.

use std::fs::File;
use std::io::Write;
use std::mem;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use serde_json::{Map, Value, json};

use crate::file::{Named, cannot_write, check_kind, refused};
use crate::terminal::verdict;

/// Collects the settings and results of a run and appends them to a file as one JSON object.
///
/// The file is opened once, before the run starts, so a mistyped path costs nothing. A program that
/// makes several runs appends each.
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
    /// [`crate::Misuse`] if the file cannot be opened for appending, or holds something else than records.
    pub fn open(path: Option<&Path>, level: u8, example: &'static str) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            check_records(("--json", Some(path)))?;
            let file = File::options().create(true).append(true).open(path);
            anyhow::Ok((path.to_path_buf(), file.map_err(|why| refused("--json", path, &why))?))
        };
        Ok(Self {
            file: path.map(open).transpose()?,
            level,
            example,
            started: SystemTime::now(),
            settings: Map::new(),
            results: Map::new(),
        })
    }

    /// Notes something that was chosen before the run. The usable CPUs are noted by themselves.
    pub fn setting(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.settings.insert(name.to_string(), value.into());
        self
    }

    /// Notes something that the run found out; the unit belongs in the name (`parallel_s`).
    pub fn result(&mut self, name: &str, value: impl Into<Value>) -> &mut Self {
        self.results.insert(name.to_string(), value.into());
        self
    }

    /// Prints the answer of the run, which is read first. Of several, the first is noted.
    pub fn answer(&mut self, line: &str) {
        println!("{}", verdict(line));
        self.results.entry("answer").or_insert_with(|| line.into());
    }

    /// Appends the line in one write, so that runs side by side never mix theirs, and starts an empty record for the next run.
    ///
    /// # Errors
    /// With the file and the cause if it cannot be written (a full disk, a quota).
    pub fn append(&mut self) -> anyhow::Result<()> {
        self.settings.entry("cpus").or_insert_with(|| common::usable_cpus().into());
        let run = json!({
            "level": self.level,
            "example": self.example,
            "host": gethostname::gethostname().to_string_lossy(),
            "started": humantime::format_rfc3339_seconds(self.started).to_string(),
            "settings": mem::take(&mut self.settings),
            "results": mem::take(&mut self.results),
        });
        self.started = SystemTime::now();
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        file.write_all(format!("{run}\n").as_bytes())
            .with_context(|| format!("--json: {}", cannot_write(path)))
    }
}

/// Whether the file that `flag` names may take records: it holds some, or nothing.
///
/// # Errors
/// As [`check_kind`].
pub fn check_records(named: Named) -> anyhow::Result<()> {
    check_kind(named, "a file of records", begins_with_a_record)
}

/// A record is an object on one line, with its level among the first things.
fn begins_with_a_record(begin: &[u8]) -> bool {
    let text = String::from_utf8_lossy(begin);
    let line = text.trim_start().lines().next().unwrap_or_default();
    line.starts_with('{') && line.contains("\"level\":")
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
        let text = std::fs::read_to_string(&path).unwrap();
        let runs: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(runs.len(), 2);
        assert_eq!(runs[0]["results"]["parallel_s"], 0.5);
        assert_eq!(runs[1]["settings"]["tasks"], 20);
        assert_eq!(runs[1]["results"], json!({}));
        assert!(runs[1]["settings"]["cpus"].is_number());
        assert!(runs[1]["started"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn nothing_is_appended_to_what_is_no_record() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("photo.jpg");
        for content in [
            "\u{ff}\u{d8}JFIF",
            "{\n  \"example\": \"level2_pi\"\n}",
            "{}",
            "{\"checkpoint_of\":\"level3_mnist\",\"loss\":0.1}\n",
        ] {
            std::fs::write(&path, content).unwrap();
            let error = Record::open(Some(&path), 1, "race").err().unwrap();
            assert!(error.to_string().contains("photo.jpg is not a file of records"), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        }
    }
}
