//! The time of one rank, kept for the runs with many.

use std::path::{Path, PathBuf};
use std::time::Duration;

use cli::{check_kind, check_replaceable, read_at_most, replace_file};
use mpi::environment::processor_name;
use serde_json::{Map, Value, json};

/// A file that holds the time of one rank, together with the problem that it solved.
///
/// Times of different problems are never compared. A trouble with the file is a phrase to print,
/// never the end of the run.
pub struct Baseline {
    /// Where it is.
    pub path: PathBuf,
    pub(crate) problem: Map<String, Value>,
}

/// The key of the time; everything else in the file is the problem.
const TIME: &str = "time_s";

impl Baseline {
    /// The file at `path`, for a problem of `example` on this host, told by these names and values.
    pub fn new<const N: usize>(path: &Path, example: &str, problem: [(&str, Value); N]) -> Self {
        let host = processor_name().unwrap_or_default();
        let problem =
            [("example", json!(example)), ("host", json!(host))].into_iter().chain(problem);
        let problem = problem.map(|(name, value)| (name.to_string(), value)).collect();
        Self { path: path.to_path_buf(), problem }
    }

    /// Whether the file may be used, beside that of `--json`: to be asked before the run. One rank `alone`
    /// writes it, others only read it where it is.
    ///
    /// # Errors
    /// [`cli::Misuse`] for a file of somebody else, also the baseline of another program, and where no file
    /// can be written.
    pub fn check(&self, alone: bool, json: Option<&Path>) -> anyhow::Result<()> {
        let example = &self.problem["example"];
        let ours =
            |bytes: &[u8]| read(bytes).is_some_and(|(its, _)| its.get("example") == Some(example));
        let path = Some(self.path.as_path());
        check_kind(("--baseline", path), &format!("a baseline of {example}"), ours)?;
        let written = path.filter(|path| alone || !path.is_file());
        check_replaceable(("--baseline", written), &[("--json", json)])
    }

    /// Writes the time, so that a reader finds either the old file or the new one, never a part. Says so,
    /// and for which other problem the old one was.
    ///
    /// # Errors
    /// A phrase for the reader of the report.
    pub fn save(&self, time: Duration) -> Result<String, String> {
        let mut content = self.problem.clone();
        content.insert(TIME.to_string(), json!(time.as_secs_f64()));
        let text = format!("{:#}\n", Value::Object(content));
        let before = self.read().and_then(|(found, _)| self.other(&found));
        replace_file(&self.path, text.as_bytes()).map_err(|error| format!("{error:#}"))?;
        let instead = before.map(|(there, _)| format!(", in place of the one for {there}"));
        let (path, instead) = (self.path.display(), instead.unwrap_or_default());
        Ok(format!("Saved as the baseline in {path}{instead}. Now take more ranks."))
    }

    /// Reads the time of one rank for the same problem.
    ///
    /// # Errors
    /// A phrase for the reader of the report.
    pub fn load(&self) -> Result<Duration, String> {
        let path = self.path.display();
        let missing = || format!("there is no {path} yet; run it with one rank first (-n 1)");
        let (found, time) = self.read().ok_or_else(missing)?;
        match self.other(&found) {
            Some((there, here)) => Err(format!(
                "{path} is for {there}, and this run has {here}; run one rank again (-n 1)"
            )),
            None => Ok(time),
        }
    }

    /// What makes the problem that was found another: `rectangles 1000`, and what it is here.
    fn other(&self, found: &Map<String, Value>) -> Option<(String, &Value)> {
        let there = |name: &String| found.get(name).unwrap_or(&Value::Null);
        let (name, here) = self.problem.iter().find(|(name, here)| there(name) != *here)?;
        Some((format!("{name} {}", there(name)), here))
    }

    /// The problem in the file and its time.
    fn read(&self) -> Option<(Map<String, Value>, Duration)> {
        read(&read_at_most(&self.path, 10_000).ok()?)
    }
}

/// A problem and its time.
fn read(bytes: &[u8]) -> Option<(Map<String, Value>, Duration)> {
    let found: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let seconds = found.get(TIME)?.as_f64().filter(|seconds| *seconds > 0.0)?;
    Some((found, Duration::try_from_secs_f64(seconds).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use testkit::Folder;

    const TIME_S: Duration = Duration::from_micros(5300);

    fn of(folder: &Folder, example: &str, rectangles: u64) -> Baseline {
        let problem = [("example", json!(example)), ("rectangles", json!(rectangles))];
        let problem = problem.map(|(name, value)| (name.to_string(), value)).into_iter().collect();
        Baseline { path: folder.path().join("baseline.txt"), problem }
    }

    #[test]
    fn what_was_saved_is_loaded_and_another_problem_is_never_compared() {
        let folder = Folder::new();
        let pi = |rectangles| of(&folder, "level2_pi", rectangles);
        let refusal = |rectangles| pi(rectangles).load().unwrap_err();
        assert!(refusal(1000).contains("there is no"));
        assert!(pi(1000).save(TIME_S).unwrap().ends_with(".txt. Now take more ranks."));
        assert_eq!(pi(1000).load(), Ok(TIME_S));
        assert!(refusal(2000).contains("is for rectangles 1000, and this run has 2000"));
        let said = pi(2000).save(2 * TIME_S).unwrap();
        assert!(said.contains(".txt, in place of the one for rectangles 1000. Now"), "{said}");
        assert_eq!(pi(2000).load(), Ok(2 * TIME_S));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn files_that_are_none_of_ours_are_refused_by_any_number_of_ranks_and_stay() {
        let folder = Folder::new();
        let ours = of(&folder, "level2_pi", 1000);
        for content in ["my thesis", "{\"example\": \"level2", "[]", "{}", "{\"time_s\": -1}"] {
            fs::write(&ours.path, content).unwrap();
            for alone in [true, false] {
                let refusal = ours.check(alone, None).unwrap_err().to_string();
                assert!(refusal.contains("is not a baseline of \"level2_pi\""), "{refusal}");
            }
            assert_eq!(fs::read_to_string(&ours.path).unwrap(), content);
        }
        fs::write(&ours.path, "").unwrap();
        ours.save(TIME_S).unwrap();
        ours.check(true, None).unwrap();
        assert!(of(&folder, "level2_heat", 1000).check(false, None).is_err(), "of another program");
    }
}
