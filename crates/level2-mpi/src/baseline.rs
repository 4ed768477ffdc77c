//! The time of one rank, kept for the runs with many.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cli::{read_at_most, replace_file};
use serde_json::{Map, Value, json};

/// A file that holds the time of one rank, together with the problem that it solved.
///
/// Times of different problems are never compared. A trouble with the file is a phrase to print,
/// never the end of the run.
pub struct Baseline {
    path: PathBuf,
    problem: Map<String, Value>,
}

/// The key of the time; everything else in the file is the problem.
const TIME: &str = "time_s";

impl Baseline {
    /// The file at `path`, for a problem that is told by these names and values.
    pub fn new<'a>(path: &Path, problem: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let problem = problem.into_iter().map(|(name, value)| (name.to_string(), value));
        Self { path: path.to_path_buf(), problem: problem.collect() }
    }

    /// Writes the time, so that a reader finds either the old file or the new one, never a part.
    /// A file that is none of ours is left alone.
    ///
    /// # Errors
    /// A phrase for the reader of the report.
    pub fn save(&self, time: Duration) -> Result<(), String> {
        if fs::metadata(&self.path).is_ok_and(|found| found.is_file() && found.len() > 0) {
            self.read().map_err(|why| format!("{why}; name another with --baseline"))?;
        }
        let mut content = self.problem.clone();
        content.insert(TIME.to_string(), json!(time.as_secs_f64()));
        let text = format!("{:#}\n", Value::Object(content));
        replace_file(&self.path, text.as_bytes()).map_err(|error| format!("{error:#}"))
    }

    /// Reads the time of one rank for the same problem.
    ///
    /// # Errors
    /// A phrase for the reader of the report.
    pub fn load(&self) -> Result<Duration, String> {
        let path = self.path.display();
        if !self.path.exists() {
            return Err(format!("there is no {path} yet; run it with one rank first (-n 1)"));
        }
        let (found, time) = self.read()?;
        for (name, here) in &self.problem {
            let there = found.get(name).unwrap_or(&Value::Null);
            if there != here {
                return Err(format!(
                    "{path} is for {name} {there}, and this run has {here}; run one rank again (-n 1)"
                ));
            }
        }
        Ok(time)
    }

    /// The problem in the file and its time.
    fn read(&self) -> Result<(Map<String, Value>, Duration), String> {
        let bytes = read_at_most(&self.path, 10_000).map_err(|error| format!("{error:#}"))?;
        let baseline = || {
            let found: Map<String, Value> = serde_json::from_slice(&bytes).ok()?;
            let seconds = found.get(TIME)?.as_f64().filter(|seconds| *seconds > 0.0)?;
            Some((found, Duration::try_from_secs_f64(seconds).ok()?))
        };
        baseline().ok_or_else(|| format!("{} is not a baseline file", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::Folder;

    const TIME_S: Duration = Duration::from_micros(5300);

    fn baseline(folder: &Folder, rectangles: u64) -> Baseline {
        let problem = [("example", json!("level2_pi")), ("rectangles", json!(rectangles))];
        Baseline::new(&folder.path().join("baseline.txt"), problem)
    }

    #[test]
    fn what_was_saved_is_loaded_and_another_problem_is_never_compared() {
        let folder = Folder::new();
        let refusal = |rectangles| baseline(&folder, rectangles).load().unwrap_err();
        assert!(refusal(1000).contains("there is no"));
        baseline(&folder, 1000).save(TIME_S).unwrap();
        assert_eq!(baseline(&folder, 1000).load(), Ok(TIME_S));
        assert!(refusal(2000).contains("is for rectangles 1000, and this run has 2000"));
        baseline(&folder, 2000).save(2 * TIME_S).unwrap();
        assert_eq!(baseline(&folder, 2000).load(), Ok(2 * TIME_S));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn files_that_are_none_of_ours_are_neither_read_nor_overwritten() {
        let folder = Folder::new();
        let ours = baseline(&folder, 1000);
        for content in ["my thesis", "{\"example\": \"level2", "[]", "{}", "{\"time_s\": -1}"] {
            fs::write(&ours.path, content).unwrap();
            for refusal in [ours.load().unwrap_err(), ours.save(TIME_S).unwrap_err()] {
                assert!(refusal.contains("baseline.txt is not a baseline file"), "{refusal}");
            }
            assert_eq!(fs::read_to_string(&ours.path).unwrap(), content);
        }
    }
}
