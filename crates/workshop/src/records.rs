//! Reads the examples' records and refuses to mix those that must not share a chart.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cli::misuse;
use common::{human, plural};
use serde_json::{Map, Value};

/// What the examples and the comparison with Python call themselves.
const EXAMPLES: [&str; 6] = [
    "level1_cores",
    "level1_crossover",
    "level2_pi",
    "level2_heat",
    "level3_mnist",
    "compare_python",
];

/// One recorded run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Where it stands, `file:line`, for messages.
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

/// Reads every record of every file, in order.
///
/// # Errors
/// [`cli::Misuse`] for a file that cannot be read or holds no record, and for a line that is
/// not a record.
pub fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    for path in paths {
        let before = runs.len();
        let text = std::fs::read_to_string(path)
            .map_err(|e| misuse(format!("cannot read {}: {e}", path.display())))?;
        for (line, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
            runs.push(Run::parse(path, line + 1, text)?);
        }
        if runs.len() == before {
            return Err(misuse(format!(
                "{}: no record in it; the examples write them with --json {}",
                path.display(),
                path.display()
            )));
        }
    }
    Ok(runs)
}

impl Run {
    fn parse(path: &Path, line: usize, text: &str) -> anyhow::Result<Self> {
        let place = format!("{}:{line}", path.display());
        let refused = |why: &str| {
            misuse(format!(
                "{place}: {why}; each line must be a record as the examples' --json writes it"
            ))
        };
        let value: Value =
            serde_json::from_str(text).map_err(|e| refused(&format!("not JSON ({e})")))?;
        let name = |key: &str| {
            let text = value.get(key).and_then(Value::as_str);
            text.map(String::from).ok_or_else(|| refused(&format!("no text \"{key}\" in it")))
        };
        let object = |key: &str| {
            let object = value.get(key).and_then(Value::as_object);
            object.cloned().ok_or_else(|| refused(&format!("no object \"{key}\" in it")))
        };
        let level = value.get("level").and_then(Value::as_u64);
        let run = Self {
            level: level.ok_or_else(|| refused("no number \"level\" in it"))?,
            example: name("example")?,
            host: name("host")?,
            started: name("started")?,
            settings: object("settings")?,
            results: object("results")?,
            place,
        };
        if !EXAMPLES.contains(&run.example.as_str()) {
            return Err(misuse(format!(
                "{}: nothing is drawn from \"{}\", only from {}",
                run.place,
                run.example,
                EXAMPLES.join(", ")
            )));
        }
        Ok(run)
    }

    /// The day on which it started.
    pub fn date(&self) -> &str {
        self.started.split('T').next().unwrap_or_default()
    }

    /// A setting, as JSON; null if there is none.
    pub fn setting(&self, name: &str) -> &Value {
        self.settings.get(name).unwrap_or(&Value::Null)
    }

    /// A setting as people read it: no quotation marks, no `null`.
    pub fn setting_text(&self, name: &str) -> String {
        match self.setting(name) {
            Value::String(text) => text.clone(),
            Value::Number(n) if n.as_u64().is_some_and(|n| n >= 10_000) => {
                grouped(n.as_u64().unwrap_or_default())
            }
            Value::Null => "not recorded".to_string(),
            other => other.to_string(),
        }
    }

    /// A setting that must be a number.
    pub fn setting_number(&self, name: &str) -> anyhow::Result<f64> {
        self.setting(name).as_f64().ok_or_else(|| self.lacks("settings", name, "number"))
    }

    /// A result that must be a number.
    pub fn number(&self, name: &str) -> anyhow::Result<f64> {
        self.optional(name).ok_or_else(|| self.lacks("results", name, "number"))
    }

    /// A result that may be missing or null.
    pub fn optional(&self, name: &str) -> Option<f64> {
        self.results.get(name).and_then(Value::as_f64)
    }

    /// A result that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.results.get(name).and_then(Value::as_str)
    }

    /// Whether the program itself said that its times are no measurements.
    pub fn is_doubtful(&self) -> bool {
        self.results.contains_key("doubt") || self.settings.contains_key("stopped")
    }

    /// A result that must be a list of objects, `None` if the run has none.
    pub fn rows(&self, name: &str) -> Option<Vec<Row<'_>>> {
        let rows = self.results.get(name)?.as_array().filter(|rows| !rows.is_empty())?;
        Some(rows.iter().map(|value| Row { run: self, list: name.to_string(), value }).collect())
    }

    /// All results whose name ends in `_s`, in seconds.
    pub fn times(&self) -> Vec<(&str, f64)> {
        let times = self.results.iter().filter(|(name, _)| name.ends_with("_s"));
        times.filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?))).collect()
    }

    fn lacks(&self, part: &str, name: &str, kind: &str) -> anyhow::Error {
        misuse(format!(
            "{}: this {} record has no {kind} {part}.{name}; record the run again with --json",
            self.place, self.example
        ))
    }

    /// `host, 2 CPUs, 2026-11-22`
    pub fn origin(&self) -> String {
        let cpus = plural(self.setting_text("cpus"), "usable CPU");
        format!("{}, {cpus}, {}", self.host, self.date())
    }
}

/// One element of a list among the results.
pub struct Row<'a> {
    run: &'a Run,
    list: String,
    /// The element itself.
    pub value: &'a Value,
}

impl Row<'_> {
    /// A field that must be a number.
    pub fn number(&self, name: &str) -> anyhow::Result<f64> {
        let number = self.value.get(name).and_then(Value::as_f64);
        number
            .ok_or_else(|| self.run.lacks("results", &format!("{}[].{name}", self.list), "number"))
    }
}

/// Refuses to put runs into one chart that differ in more than the chart is about.
///
/// # Errors
/// [`cli::Misuse`] that names both records and what differs.
pub fn refuse_mixture(runs: &[&Run], settings: &[&str]) -> anyhow::Result<()> {
    let Some(first) = runs.first() else { return Ok(()) };
    for run in runs {
        let differs = |what: &str, one: &str, other: &str| {
            misuse(format!(
                "{} records of different runs: {what} is {one} in {} and {other} in {}; \
                 give one kind of run at a time",
                first.example, first.place, run.place
            ))
        };
        if run.host != first.host {
            return Err(differs("host", &first.host, &run.host));
        }
        for name in settings {
            if run.setting(name) != first.setting(name) {
                return Err(differs(name, &first.setting_text(name), &run.setting_text(name)));
            }
        }
    }
    Ok(())
}

/// The runs of one example, of which only the latest for each value of `key` counts.
pub fn latest_by<'a>(
    runs: impl Iterator<Item = &'a Run>,
    key: impl Fn(&Run) -> String,
) -> Vec<&'a Run> {
    let mut kept: Vec<&Run> = Vec::new();
    for run in runs {
        kept.retain(|earlier| key(earlier) != key(run));
        kept.push(run);
    }
    kept
}

/// A time in seconds as people read it: three digits and a unit.
pub fn seconds_exact(value: f64) -> String {
    Duration::try_from_secs_f64(value).map_or_else(|_| "unknown".to_string(), human)
}

/// `10_000_000` as `10,000,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> anyhow::Result<Run> {
        Run::parse(Path::new("runs.jsonl"), 3, text)
    }

    fn pi(host: &str, ranks: u64) -> Run {
        let record = serde_json::json!({
            "level": 2, "example": "level2_pi", "host": host, "started": "2026-01-02T03:04:05Z",
            "settings": {"ranks": ranks}, "results": {},
        });
        parse(&record.to_string()).unwrap()
    }

    #[test]
    fn a_bad_line_is_named_with_its_file_and_number() {
        for line in ["speedup 1.9", "{}", "[1]", r#"{"level": 1, "example": "level1_cores"}"#] {
            let error = parse(line).unwrap_err();
            assert!(error.is::<cli::Misuse>());
            assert!(error.to_string().starts_with("runs.jsonl:3: "), "{error}");
        }
    }

    #[test]
    fn of_two_runs_with_the_same_ranks_the_later_counts() {
        let runs = [pi("a", 1), pi("a", 2), pi("b", 1)];
        let kept = latest_by(runs.iter(), |run| run.setting_text("ranks"));
        assert_eq!(kept.iter().map(|run| run.host.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(10_000_000), "10,000,000");
    }
}
