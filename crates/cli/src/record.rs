//! One run, one line of JSON: the same format for all levels.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::misuse;

/// Collects the settings and results of a run and appends them to a file as one JSON object.
///
/// The file is opened before the run starts, so a mistyped path costs nothing.
pub struct Record {
    file: Option<File>,
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
        let open =
            |path: &Path| {
                OpenOptions::new().create(true).append(true).open(path).map_err(|error| {
                    misuse(format!("cannot write --json {}: {error}", path.display()))
                })
            };
        let cpus = common::usable_cpus();
        Ok(Self {
            file: path.map(open).transpose()?,
            level,
            example,
            started: SystemTime::now(),
            settings: Map::from_iter([("cpus".to_string(), json!(cpus))]),
            results: Map::new(),
        })
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

    /// Appends the line, in one write, so that runs side by side never mix their lines.
    ///
    /// # Errors
    /// If the file cannot be written (a full disk, a quota).
    pub fn append(&mut self) -> anyhow::Result<()> {
        let line = format!("{}\n", self.to_json());
        match &mut self.file {
            Some(file) => Ok(file.write_all(line.as_bytes())?),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_are_two_lines_of_one_format() {
        let path = std::env::temp_dir().join(format!("record-{}.jsonl", std::process::id()));
        for tasks in [10, 20] {
            let mut record = Record::open(Some(&path), 1, "race").unwrap();
            record.setting("tasks", tasks).result("parallel_s", 0.5);
            record.append().unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let runs: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(runs.len(), 2);
        assert_eq!(runs[1]["settings"]["tasks"], 20);
        assert_eq!(runs[1]["results"]["parallel_s"], 0.5);
        assert!(runs[1]["started"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn a_path_that_cannot_be_written_is_refused_before_the_run() {
        let folder = std::env::temp_dir();
        let error = Record::open(Some(&folder), 1, "race").err().unwrap();
        assert!(error.is::<crate::Misuse>());
    }
}
