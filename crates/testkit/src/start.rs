//! Programs that start in a clean environment and never hang a test.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::Ended;

/// How long a program may run, unless the test says more.
const LIMIT: Duration = Duration::from_secs(120);

/// How the variables begin that change what a program here does; a test sets those that it is about.
const CHOICES: [&str; 6] =
    ["SLURM_", "PMI_", "OMPI_COMM_WORLD_", "MNIST_DIR", "MPIRUN_HAS_TERMINAL", "NO_COLOR"];

/// The folder of this repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// An example that cargo built beside the running test, to be started as [`program`] says.
///
/// # Panics
/// If it was not built.
pub fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap(); // target/PROFILE/deps/TEST
    let path: PathBuf = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is not built: cargo build --examples", path.display());
    program(path)
}

/// A program outside Slurm and mpirun, without a terminal, without any choice made in a variable.
pub fn program(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    command.stdin(Stdio::null()).env("TERM", "dumb");
    for (name, _) in std::env::vars_os() {
        if CHOICES.iter().any(|choice| name.to_string_lossy().starts_with(choice)) {
            command.env_remove(name);
        }
    }
    command
}

/// A line for bash; `$program` stands for `name`, an [`example`].
pub fn shell(name: &str, line: &str) -> Command {
    let mut command = program("bash");
    command.args(["-c", line]).env("program", example(name).get_program());
    command
}

/// Runs a program to its end.
///
/// # Panics
/// If it takes longer than two minutes: it hangs.
pub fn run(command: &mut Command) -> Ended {
    run_within(LIMIT, command)
}

/// As [`run`], for what may take longer or must not take as long.
///
/// # Panics
/// If it takes longer than `limit`.
pub fn run_within(limit: Duration, command: &mut Command) -> Ended {
    let child = start(command);
    within(limit, child.id(), || child.wait_with_output().unwrap()).into()
}

/// Runs a program on a pseudo-terminal (util-linux's `script`): for each pair it waits until the first
/// text is shown and types the second. What is shown is its standard output.
///
/// # Panics
/// If it takes longer than two minutes.
pub fn on_a_terminal(command: &Command, dialogue: &[(&str, &str)]) -> Ended {
    let quoted = |word: &OsStr| format!("'{}'", word.to_str().unwrap().replace('\'', r"'\''"));
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let line = words.map(quoted).collect::<Vec<_>>().join(" ");
    let mut script = program("env"); // what runs in the background ignores Ctrl-C, and its children do
    script.args(["--default-signal=INT", "script", "-qec", &line, "/dev/null"]);
    script.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = start(script.stdin(Stdio::piped()));
    within(LIMIT, child.id(), || {
        let mut keyboard = child.stdin.take().unwrap(); // to close it would be Ctrl-D
        let mut screen = child.stdout.take().unwrap();
        let mut shown = Vec::new();
        for (question, answer) in dialogue {
            let mut letter = [0];
            while !String::from_utf8_lossy(&shown).contains(question) {
                assert_eq!(screen.read(&mut letter).unwrap(), 1, "{question:?} was not asked");
                shown.extend(letter);
            }
            keyboard.write_all(answer.as_bytes()).unwrap();
        }
        screen.read_to_end(&mut shown).unwrap();
        let mut output = child.wait_with_output().unwrap();
        output.stdout = shown;
        output
    })
    .into()
}

/// In a group of its own, so that its children end with it.
fn start(command: &mut Command) -> Child {
    let started = command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn();
    started.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn within<T: Send>(limit: Duration, group: u32, work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let (sender, done) = mpsc::channel();
        scope.spawn(move || sender.send(work()));
        done.recv_timeout(limit).unwrap_or_else(|error| {
            let _ = Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).status();
            panic!("no end within {limit:?}: {error}")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_on_a_terminal_is_asked_and_answers() {
        let mut asks = program("bash");
        asks.args(["-c", "test -t 0 && read -p 'Name: ' name && echo \"it's $name, $word\""]);
        let ended = on_a_terminal(asks.env("word", "hello"), &[("Name: ", "Ada\n")]).succeeded();
        assert!(ended.stdout.contains("it's Ada, hello"), "{ended:?}");
    }

    #[test]
    #[should_panic(expected = "no end within 100ms")]
    fn a_program_that_hangs_fails_its_test() {
        run_within(Duration::from_millis(100), program("sleep").arg("60"));
    }
}
