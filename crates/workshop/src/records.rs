//! Reads the records of runs, and refuses to mix those that must not share a chart.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cli::{cannot_read, misuse};
use common::{human, plural};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One recorded run.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Run {
    /// Where it stands, `file:line`, for messages.
    #[serde(skip)]
    pub place: String,
    /// 1, 2 or 3.
    pub level: u64,
    /// The name of the program that wrote it.
    pub example: String,
    /// Where it ran.
    pub host: String,
    /// When it started, `2026-11-22T15:04:05Z`.
    started: String,
    settings: Map<String, Value>,
    results: Map<String, Value>,
}

/// Reads every record of a file, in order.
///
/// # Errors
/// [`cli::Misuse`] for a file that cannot be read or holds no record, and for a line that is
/// not a record.
pub fn read(file: &Path) -> anyhow::Result<Vec<Run>> {
    let name = file.display();
    let text = fs::read_to_string(file).map_err(|error| cannot_read(file, error))?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let parse = |(number, line): (usize, &str)| {
        let place = format!("{name}:{number}");
        match serde_json::from_str(line) {
            Ok(run) => Ok(Run { place, ..run }),
            Err(error) => Err(misuse(format!("{place}: not the record of a run ({error})"))),
        }
    };
    let runs = lines.map(parse).collect::<anyhow::Result<Vec<Run>>>()?;
    if runs.is_empty() {
        let line = format!("{name}: no record in it; the lessons write them with --json {name}");
        return Err(misuse(line));
    }
    Ok(runs)
}

/// The files of records in a folder, in order.
///
/// # Errors
/// [`cli::Misuse`] if the folder cannot be read.
pub fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| cannot_read(folder, error))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "jsonl"));
    files.sort();
    Ok(files)
}

impl Run {
    /// The day on which it started.
    pub fn date(&self) -> &str {
        self.started.split('T').next().unwrap_or_default()
    }

    /// `host, 2 usable CPUs, 2026-11-22`
    pub fn origin(&self) -> String {
        let cpus = plural(self.text("cpus"), "usable CPU");
        format!("{}, {cpus}, {}", self.host, self.date())
    }

    /// A setting or a result, as JSON; null if it has none of this name.
    pub fn get(&self, name: &str) -> &Value {
        self.settings.get(name).or_else(|| self.results.get(name)).unwrap_or(&Value::Null)
    }

    /// A setting or a result as people read it: no quotation marks, no `null`, `10,000`.
    pub fn text(&self, name: &str) -> String {
        match self.get(name) {
            Value::String(text) => text.clone(),
            Value::Null => "not recorded".to_string(),
            other => match other.as_u64() {
                Some(number @ 10_000..) => grouped(number),
                _ => other.to_string(),
            },
        }
    }

    /// A setting or a result that must be a number.
    ///
    /// # Errors
    /// [`cli::Misuse`] that names the record.
    pub fn number(&self, name: &str) -> anyhow::Result<f64> {
        self.get(name).as_f64().ok_or_else(|| self.lacks(name))
    }

    /// What a run of level 2 is judged by: the median of its passes or steps, in seconds.
    ///
    /// # Errors
    /// [`cli::Misuse`] that names the record.
    pub fn time(&self) -> anyhow::Result<f64> {
        let medians = ["median_s", "step_median_s", "overlap_step_s"];
        let found = medians.into_iter().find_map(|name| self.get(name).as_f64());
        found.ok_or_else(|| self.lacks(medians[0]))
    }

    /// These fields of every object in a list, which must be numbers. Empty if there is no such list.
    ///
    /// # Errors
    /// [`cli::Misuse`] that names the record.
    pub fn table<const N: usize>(
        &self,
        list: &str,
        fields: [&str; N],
    ) -> anyhow::Result<Vec<[f64; N]>> {
        let rows = self.get(list).as_array().map_or(&[][..], Vec::as_slice);
        let mut table = vec![[0.0; N]; rows.len()];
        for (numbers, row) in table.iter_mut().zip(rows) {
            for (number, field) in numbers.iter_mut().zip(fields) {
                let found = row[field].as_f64();
                *number = found.ok_or_else(|| self.lacks(&format!("{list}[].{field}")))?;
            }
        }
        Ok(table)
    }

    /// All results whose name ends in `_s`, in seconds.
    pub fn times(&self) -> impl Iterator<Item = (&str, f64)> {
        let times = self.results.iter().filter(|(name, _)| name.ends_with("_s"));
        times.filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?)))
    }

    fn lacks(&self, name: &str) -> anyhow::Error {
        misuse(format!(
            "{}: this {} record has no number {name}; record the run again with --json",
            self.place, self.example
        ))
    }
}

/// Of the runs for one chart only the latest for each `key` counts.
///
/// # Errors
/// [`cli::Misuse`] if these differ in their host or in what must be `alike`: it names both records.
pub fn latest<'a>(
    runs: impl Iterator<Item = &'a Run>,
    key: impl Fn(&Run) -> String,
    alike: &[&str],
) -> anyhow::Result<Vec<&'a Run>> {
    let mut kept: Vec<&Run> = Vec::new();
    for run in runs {
        kept.retain(|earlier| key(earlier) != key(run));
        kept.push(run);
    }
    let about = |run: &Run| {
        let settings = alike.iter().map(|name| (*name, run.text(name)));
        [("host", run.host.clone())].into_iter().chain(settings).collect::<Vec<_>>()
    };
    for run in &kept {
        let first = kept[0];
        let mut pairs = about(first).into_iter().zip(about(run));
        if let Some(((what, one), (_, other))) = pairs.find(|(one, other)| one != other) {
            return Err(misuse(format!(
                "{} records of different runs: {what} is {one} in {} and {other} in {}; \
                 give one kind of run at a time",
                first.example, first.place, run.place
            )));
        }
    }
    Ok(kept)
}

/// A point for each run, such as its number of ranks and its time, from left to right.
///
/// # Errors
/// That of `point`.
pub fn points(
    runs: &[&Run],
    point: impl Fn(&Run) -> anyhow::Result<(f64, f64)>,
) -> anyhow::Result<Vec<(f64, f64)>> {
    let points = runs.iter().map(|run| point(run));
    let mut points = points.collect::<anyhow::Result<Vec<_>>>()?;
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    Ok(points)
}

/// The middle one of some times; of two, the shorter.
pub fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[(times.len() - 1) / 2]
}

/// A time in seconds as people read it: three digits and a unit.
pub fn seconds_exact(value: f64) -> String {
    Duration::try_from_secs_f64(value).map_or_else(|_| "unknown".to_string(), human)
}

/// `10_000_000` as `10,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pi(host: &str, ranks: u64) -> Run {
        let record = serde_json::json!({
            "level": 2, "example": "level2_pi", "host": host, "started": "2026-01-02T03:04:05Z",
            "settings": {"ranks": ranks}, "results": {},
        });
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn of_two_runs_with_the_same_ranks_the_later_counts() {
        let runs = [pi("a", 1), pi("b", 2), pi("b", 1)];
        let kept = latest(runs.iter(), |run| run.text("ranks"), &[]).unwrap();
        assert_eq!(kept.iter().map(|run| run.host.as_str()).collect::<Vec<_>>(), ["b", "b"]);
        assert!(latest(runs[..2].iter(), |run| run.text("ranks"), &[]).is_err(), "two hosts");
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(10_000_000), "10,000,000");
    }
}
