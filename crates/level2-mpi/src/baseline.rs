//! The time of one rank, kept for the runs with many.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cli::{read_at_most, replace_file};
use gethostname::gethostname;
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

/// No baseline is larger, in bytes.
const LARGEST: usize = 10_000;

impl Baseline {
    /// The file at `path`, for a problem with these settings on this host.
    pub fn new(path: &Path, example: &str, settings: &[(&str, Value)]) -> Self {
        let mut problem = Map::new();
        problem.insert("example".to_string(), json!(example));
        problem.insert("host".to_string(), json!(host()));
        for (name, value) in settings {
            problem.insert(name.to_string(), value.clone());
        }
        Self { path: path.to_path_buf(), problem }
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
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
            return Err(format!("there is no {path} yet"));
        }
        let found = self.read()?;
        for (name, here) in &self.problem {
            match found.get(name) {
                Some(there) if there == here => {}
                Some(there) => {
                    return Err(format!("{path} is for {name} {there}, and this run has {here}"));
                }
                None => return Err(format!("{path} does not say its {name}")),
            }
        }
        let time = found.get(TIME).and_then(Value::as_f64).unwrap_or_default();
        match Duration::try_from_secs_f64(time) {
            Ok(time) if !time.is_zero() => Ok(time),
            _ => Err(format!("{path} holds no time in {TIME}")),
        }
    }

    /// The problem in the file and its time.
    fn read(&self) -> Result<Map<String, Value>, String> {
        let bytes = read_at_most(&self.path, LARGEST).map_err(|error| format!("{error:#}"))?;
        let found: Option<Map<String, Value>> = serde_json::from_slice(&bytes).ok();
        let ours = found.filter(|found| found.contains_key(TIME));
        ours.ok_or_else(|| format!("{} is not a baseline file", self.path.display()))
    }
}

fn host() -> String {
    gethostname().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME_S: Duration = Duration::from_micros(5300);

    /// A folder of its own for each test, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            let path = std::env::temp_dir().join(format!("baseline-{test}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn baseline(&self, rectangles: u64) -> Baseline {
            let settings = [("rectangles", json!(rectangles)), ("kernel", json!("lanes"))];
            Baseline::new(&self.0.join("baseline.txt"), "level2_pi", &settings)
        }

        fn files(&self) -> usize {
            fs::read_dir(&self.0).unwrap().count()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_was_saved_is_loaded_and_nothing_else_is_left() {
        let folder = Folder::new("saved");
        folder.baseline(1000).save(TIME_S).unwrap();
        assert_eq!(folder.baseline(1000).load(), Ok(TIME_S));
        assert_eq!(folder.files(), 1);
    }

    #[test]
    fn another_problem_is_never_compared() {
        let folder = Folder::new("foreign");
        folder.baseline(1000).save(TIME_S).unwrap();
        let refusal = folder.baseline(2000).load().unwrap_err();
        assert!(refusal.contains("rectangles 1000") && refusal.contains("2000"), "{refusal}");

        let path = folder.baseline(1000).path;
        let foreign = fs::read_to_string(&path).unwrap().replace(&host(), "another-host");
        fs::write(&path, foreign).unwrap();
        assert!(folder.baseline(1000).load().unwrap_err().contains("another-host"));
    }

    #[test]
    fn files_that_are_none_of_ours_are_refused_with_their_name() {
        let folder = Folder::new("corrupt");
        let baseline = folder.baseline(1000);
        assert!(baseline.load().unwrap_err().contains("there is no"));
        for (content, expected) in [
            ("0.0053\n", "not a baseline file"),
            ("", "not a baseline file"),
            ("{\"example\": \"level2", "not a baseline file"),
            ("\u{0}\u{1}", "not a baseline file"),
            ("[]", "not a baseline file"),
            ("{}", "not a baseline file"),
            ("{\"time_s\": 1}", "does not say its example"),
        ] {
            fs::write(&baseline.path, content).unwrap();
            let refusal = baseline.load().unwrap_err();
            assert!(refusal.contains(expected), "{content:?}: {refusal}");
            assert!(refusal.contains("baseline.txt"), "{refusal}");
            let ours = content.is_empty() || content.contains(TIME);
            assert_eq!(baseline.save(TIME_S).is_ok(), ours, "{content:?}");
            assert_eq!(fs::read_to_string(&baseline.path).unwrap() == content, !ours);
        }
    }

    #[test]
    fn a_time_that_cannot_be_is_refused() {
        let folder = Folder::new("time");
        let baseline = folder.baseline(1000);
        for time in ["0", "-1", "\"fast\"", "1e999", "null"] {
            let mut content = baseline.problem.clone();
            content.insert(TIME.to_string(), json!("TIME"));
            let text = Value::Object(content).to_string().replace("\"TIME\"", time);
            fs::write(&baseline.path, text).unwrap();
            assert!(baseline.load().is_err(), "{time}");
        }
    }

    #[test]
    fn a_folder_and_a_read_only_file_are_left_alone() {
        let folder = Folder::new("refused");
        let inside = Baseline::new(&folder.0, "level2_pi", &[]);
        assert!(inside.save(TIME_S).unwrap_err().contains("it is a folder"));
        assert!(inside.load().is_err());

        let baseline = folder.baseline(1000);
        baseline.save(TIME_S).unwrap();
        let mut permissions = fs::metadata(&baseline.path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&baseline.path, permissions).unwrap();
        assert!(baseline.save(2 * TIME_S).unwrap_err().contains("read-only"));
        assert_eq!(baseline.load(), Ok(TIME_S));
        let endless = Baseline::new(Path::new("/dev/zero"), "level2_pi", &[]);
        assert!(endless.load().unwrap_err().contains("it is a device"));
    }
}
