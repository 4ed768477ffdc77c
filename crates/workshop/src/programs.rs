//! The lessons as cargo built them, and how each is started.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;
use cli::{cannot_read, misuse};
use serde_json::Value;

use crate::records::{self, Run};
use crate::run::{self, Ended, Keep, repository};

/// The crates of levels 1 to 3.
const PACKAGES: [&str; 3] = ["level1-cores", "level2-mpi", "level3-gpu"];

/// The lessons that can be started.
#[derive(Default)]
pub struct Programs {
    built: Vec<PathBuf>,
    /// How ranks are started, if not by `scripts/mpirun.sh`; `-n N` follows.
    pub launcher: Option<String>,
}

impl Programs {
    /// The lessons that lie in a folder: for a job on a node where cargo is not wanted.
    ///
    /// # Errors
    /// [`cli::Misuse`] if the folder cannot be read.
    pub fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        let files = std::fs::read_dir(std::path::absolute(folder)?);
        let files = files.map_err(|error| cannot_read(folder, error))?;
        let built = files.filter_map(|entry| Some(entry.ok()?.path())).collect();
        Ok(Self { built, ..Self::default() })
    }

    /// Builds the lessons of a level. Cargo says what it does, waits for or cannot do, and where it
    /// puts them: that is right also where a configuration names another folder or target.
    ///
    /// # Errors
    /// The line that cargo said.
    pub fn build(&mut self, level: u8) -> anyhow::Result<()> {
        let package = PACKAGES[usize::from(level) - 1];
        let mut words = vec!["cargo", "build", "--release", "-p", package, "--examples"];
        let feature = gpu_feature().filter(|_| level == 3);
        words.extend(feature.into_iter().flat_map(|feature| ["--features", feature]));
        println!("$ {}", words.join(" "));
        words.push("--message-format=json-render-diagnostics");
        let ended = run::run(run::command(&words), Keep::Output);
        let messages = ended.words.lines().filter_map(|line| serde_json::from_str(line).ok());
        self.built.extend(messages.filter_map(|message: Value| example(&message)));
        ended.fault.map_or(Ok(()), |line| Err(anyhow::Error::msg(line)))
    }

    /// The folder of the lessons that were built.
    pub fn folder(&self) -> Option<&Path> {
        self.built.first()?.parent()
    }

    /// Reads a command of the list of steps: `level1_cores --tasks 10`, or `-n 2 level2_pi` for two
    /// ranks, or a line for the shell.
    ///
    /// # Errors
    /// [`cli::Misuse`] for a lesson that has not been built.
    pub fn command(&self, text: &str) -> anyhow::Result<Shown> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (ranks, words) = match words.as_slice() {
            ["-n", ranks, rest @ ..] => (Some(*ranks), rest),
            all => (None, all),
        };
        let [lesson, arguments @ ..] = words else { bail!("an empty command") };
        let Some(package) = PACKAGES.iter().find(|package| lesson.starts_with(&package[..6]))
        else {
            let words = ["sh", "-c", text].map(Into::into).to_vec();
            return Ok(Shown { lesson: String::new(), typed: text.to_string(), words });
        };
        let Some(path) = self.built.iter().find(|path| path.ends_with(lesson)) else {
            let build = format!("cargo build --release -p {package} --examples");
            return Err(misuse(format!("{lesson} has not been built; build it first: {build}")));
        };
        let mut typed = match *lesson {
            "level1_cores" => "cargo level1".to_string(),
            "level1_crossover" => "cargo crossover".to_string(),
            "level1_memory" => "cargo memory".to_string(),
            _ => cli::quoted(path.strip_prefix(repository()).unwrap_or(path)),
        };
        let mut words: Vec<OsString> = Vec::new();
        if let Some(ranks) = ranks {
            let launcher = self.launcher.as_deref().unwrap_or("scripts/mpirun.sh");
            typed = format!("{launcher} -n {ranks} {typed}");
            words.extend(launcher.split_whitespace().chain(["-n", ranks]).map(Into::into));
        }
        words.push(path.into());
        words.extend(arguments.iter().map(Into::into));
        let typed = [&[typed.as_str()], arguments].concat().join(" ");
        Ok(Shown { lesson: lesson.to_string(), typed, words })
    }
}

/// A command that is shown as a person would type it.
pub struct Shown {
    /// The name of the lesson, empty for a line for the shell.
    lesson: String,
    /// In the repository's folder.
    pub typed: String,
    /// The program with its arguments.
    pub words: Vec<OsString>,
}

impl Shown {
    /// Adds `--json`, where the program knows it.
    pub fn recorded_in(&mut self, records: &Path) {
        if !self.lesson.is_empty() && self.lesson != "level2_hello" {
            self.words.extend(["--json".into(), records.into()]);
        }
    }

    /// Runs it with a record in this file. A baseline goes into the folder: the reader's own may be that of
    /// another problem.
    pub fn measure(mut self, records: &Path, folder: &Path, keep: Keep) -> (Ended, Option<Run>) {
        self.recorded_in(records);
        if self.lesson.starts_with("level2") && self.lesson != "level2_hello" {
            self.words.extend(["--baseline".into(), folder.join(&self.lesson).into()]);
        }
        let ended = run::run(run::command(&self.words), keep);
        (ended, records::read(records).ok().and_then(|mut runs| runs.pop()))
    }
}

/// The file of an example that cargo tells of.
fn example(message: &Value) -> Option<PathBuf> {
    let is_example = message["target"]["kind"][0] == "example";
    message["executable"].as_str().filter(|_| is_example).map(PathBuf::from)
}

/// With which feature level 3 is built for the GPU of this machine, even if none answers now (a login
/// node). It is minutes and a gigabyte, so nobody else builds it.
fn gpu_feature() -> Option<&'static str> {
    if Path::new("/proc/driver/nvidia/version").exists() || answers("nvidia-smi") {
        return Some("cuda");
    }
    let any = cfg!(target_os = "macos") || Path::new("/dev/dri/renderD128").exists();
    any.then_some("wgpu")
}

/// Whether a GPU answers.
pub fn has_gpu() -> bool {
    gpu_feature() == Some("wgpu") || answers("nvidia-smi")
}

/// Whether a program is there and ends well.
pub fn answers(program: &str) -> bool {
    Command::new(program).output().is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs() -> Programs {
        let path = |name: &str| repository().join("target/x").join(name);
        let built = ["level1_cores", "level2_pi"].map(path).into();
        Programs { built, ..Programs::default() }
    }

    #[test]
    fn a_command_is_shown_as_it_is_typed_and_started_where_cargo_put_it() {
        let shown = programs().command("level1_cores --tasks 10").unwrap();
        assert_eq!(shown.typed, "cargo level1 --tasks 10");
        assert_eq!(shown.words[0], repository().join("target/x/level1_cores").into_os_string());
        let shown = programs().command("-n 2 level2_pi --passes 5").unwrap();
        assert_eq!(shown.typed, "scripts/mpirun.sh -n 2 target/x/level2_pi --passes 5");
        assert_eq!(shown.words[..3], ["scripts/mpirun.sh", "-n", "2"]);
        assert_eq!(programs().command("sbatch x && cat y").unwrap().words[2], "sbatch x && cat y");
    }

    #[test]
    fn a_lesson_that_was_not_built_cannot_be_started() {
        let error = programs().command("level3_mnist").err().unwrap().to_string();
        assert!(error.contains("cargo build --release -p level3-gpu --examples"), "{error}");
    }

    #[test]
    fn cargo_says_where_an_example_is() {
        let message = serde_json::json!({
            "target": {"kind": ["example"]}, "executable": "/t/level2_pi",
        });
        assert_eq!(example(&message), Some("/t/level2_pi".into()));
        assert_eq!(example(&serde_json::json!({"reason": "build-finished"})), None);
    }
}
