//! Runs the real programs under a real mpirun: `MPIRUN`, or the first in PATH.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(dead_code)] // each test file uses its own part

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

/// A run that takes longer than this hangs.
const LIMIT_S: u32 = 120;

/// One job at a time: ranks that wait keep a core busy.
static MACHINE: Mutex<()> = Mutex::new(());

/// What a finished job left behind.
pub struct Job {
    /// The launcher's exit status.
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Job {
    /// The lines that a program here printed about an error.
    pub fn errors(&self) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.starts_with("error: ")).collect()
    }

    /// The rest of the first line that starts with `name`.
    #[track_caller]
    pub fn line(&self, name: &str) -> &str {
        let found = self.stdout.lines().find_map(|line| line.strip_prefix(name));
        found.unwrap_or_else(|| panic!("no line '{name}':\n{}{}", self.stdout, self.stderr)).trim()
    }

    /// Fails the test unless the job ended well.
    #[track_caller]
    pub fn ended_well(self) -> Self {
        assert_eq!(self.status, 0, "{}{}", self.stdout, self.stderr);
        // What is printed fits a terminal, but for paths, and for what is wrapped only there.
        let long = ["/", "\x1b", "warning: ", "no speedup: ", "Your guess: "];
        let fits =
            |line: &str| line.chars().count() <= 80 || long.iter().any(|part| line.contains(part));
        assert!(self.stdout.lines().all(fits), "{}", self.stdout);
        self
    }
}

/// Runs a command; whatever hangs ends with status 124.
pub fn run(command: &mut Command) -> Job {
    let _alone = MACHINE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut limited = Command::new("timeout");
    limited.arg("--kill-after=5").arg(LIMIT_S.to_string()).arg(command.get_program());
    limited.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        limited.current_dir(folder);
    }
    let Output { status, stdout, stderr } = limited.output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Job { status: status.code().unwrap_or(-1), stdout: text(&stdout), stderr: text(&stderr) }
}

/// Runs a program on this machine.
pub fn mpirun(ranks: u32, program: &str, args: &[&str]) -> Job {
    run(Command::new(script("mpirun.sh"))
        .args(["-n", &ranks.to_string()])
        .arg(example(program))
        .args(args)
        .current_dir(std::env::temp_dir()))
}

/// A script of the repository.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts").join(name)
}

/// An example that cargo built beside this test.
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap(); // target/PROFILE/deps/TEST
    let path = test.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is not built: cargo build -p level2-mpi --examples", path.display());
    path
}

/// A folder of its own for one test, removed at its end.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("level2-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
