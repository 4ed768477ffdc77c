//! What every program promises, tried on a real one: full disks, pipes, terminals, signals.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Cargo builds the program beside the folder of this test.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples/contract")
}

fn with(flags: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(flags).stdin(Stdio::null());
    command
}

/// The program in the middle of a shell's line, which says `$program` for it.
fn shell(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]).env("program", program()).stdin(Stdio::null());
    command
}

/// On a pseudo-terminal (util-linux's `script`), with these bytes typed when the question is there.
fn on_a_terminal(flags: &str, keys: &[u8]) -> Output {
    let mut command = Command::new("timeout");
    let line = format!("'{}' {flags}", program().display());
    command.args(["--foreground", "60", "env", "--default-signal=INT"]);
    command.args(["script", "-qec", &line, "/dev/null"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    let mut screen = BufReader::new(child.stdout.take().unwrap());
    let mut shown = Vec::new();
    screen.read_until(b':', &mut shown).unwrap();
    keyboard.write_all(keys).unwrap();
    screen.read_to_end(&mut shown).unwrap();
    Output { status: ended(&mut child), stdout: shown, stderr: Vec::new() }
}

/// Waits for the end of a program that must not hang.
fn ended(child: &mut Child) -> ExitStatus {
    let limit = Instant::now() + Duration::from_secs(60);
    while Instant::now() < limit {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    panic!("{child:?} hangs");
}

fn signal(name: &str, child: &Child) {
    let done = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(done.success());
}

/// Starts a run that lasts until its input ends, and waits until it has printed its first line.
fn under_way(mut command: Command) -> (Child, BufReader<ChildStdout>) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut screen = BufReader::new(child.stdout.take().unwrap());
    screen.read_line(&mut String::new()).unwrap();
    (child, screen)
}

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

/// Asserts the status and one line on stderr that holds every one of `parts`; gives the line.
fn assert_ends(mut command: Command, status: i32, parts: &[&str]) -> String {
    let output = command.output().unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{command:?}: {line}");
    assert_eq!(line.lines().count(), 1, "{command:?}: {line}");
    for part in parts {
        assert!(line.contains(part), "{command:?}: no {part:?} in {line}");
    }
    line
}

fn records(file: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(file).unwrap();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn a_full_standard_output_is_one_line_and_status_1() {
    for flags in [&["--lines", "1"][..], &["--lines", "0"], &["--help"], &["--version"]] {
        let mut command = with(flags);
        command.stdout(full());
        assert_ends(command, 1, &["standard output", "No space left on device"]);
    }
}

#[test]
fn a_full_standard_error_changes_no_status() {
    let mut refused = with(&["--no-such-flag"]);
    assert_eq!(refused.stderr(full()).status().unwrap().code(), Some(2));
    let mut both = with(&["--lines", "1"]);
    assert_eq!(both.stdout(full()).stderr(full()).status().unwrap().code(), Some(1));
}

#[test]
fn a_reader_that_has_enough_ends_it_quietly() {
    let output = shell("{ \"$program\" --lines 1000000; echo status $? >&2; } | head -n 1");
    let output = { output }.output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "line 0, no guess\n");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "status 141\n");
}

#[test]
fn a_record_that_cannot_be_written_is_named() {
    let (full, folder) = (["--lines", "1", "--json", "/dev/full"], tempfile::tempdir().unwrap());
    assert_ends(with(&full), 1, &["cannot write --json /dev/full: No space left on device"]);
    let folder = folder.path().to_str().unwrap();
    assert_ends(with(&["--json", folder]), 2, &["--json", folder, "Is a directory"]);
}

#[test]
fn a_record_is_never_glued_to_half_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.jsonl");
    fs::write(&file, "{\"level\": 1, \"exa").unwrap();
    let done = with(&["--lines", "1", "--runs", "2", "--json", file.to_str().unwrap()]);
    assert!({ done }.status().unwrap().success());
    let runs = records(&file);
    assert_eq!(runs.len(), 2);
    assert_eq!((&runs[0]["settings"]["run"], &runs[1]["settings"]["run"]), (&0.into(), &1.into()));
}

#[test]
fn a_disk_that_is_full_keeps_no_half_of_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.jsonl");
    // Files may have one block, as if the disk were full then: a part of the line still fits.
    let limited = "ulimit -f 1; exec \"$program\" --lines 1 --runs 9 --json \"$file\"";
    let mut limited = shell(limited);
    limited.env("file", &file);
    assert_ends(limited, 1, &["cannot write --json", "runs.jsonl", "File too large"]);
    let before = records(&file).len();
    assert!((1..9).contains(&before), "{before}");
    let space = with(&["--lines", "1", "--json", file.to_str().unwrap()]).status().unwrap();
    assert!(space.success());
    assert_eq!(records(&file).len(), before + 1);
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), before + 1);
}

#[test]
fn a_named_pipe_is_opened_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let read = {
        let pipe = pipe.clone();
        thread::spawn(|| fs::read_to_string(pipe))
    };
    let done = with(&["--lines", "1", "--runs", "3", "--json", pipe.to_str().unwrap()]);
    assert!({ done }.status().unwrap().success());
    assert_eq!(read.join().unwrap().unwrap().lines().count(), 3);

    let nobody = with(&["--lines", "1", "--json", pipe.to_str().unwrap()]);
    assert_ends(nobody, 2, &["pipe", "start its reader first"]);
}

#[test]
fn ctrl_c_at_a_question_ends_the_run_and_saves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.jsonl");
    let output = on_a_terminal(&format!("--json '{}'", file.display()), b"\x03");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(!text.contains("line 0") && !text.contains("panicked"), "{text}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
}

#[test]
fn a_latin_1_byte_at_a_question_is_asked_again() {
    let output = on_a_terminal("", b"f\xfcnf\n2\n");
    let text = String::from_utf8_lossy(&output.stdout); // the terminal shows the byte again
    assert!(text.contains("is not a whole number") && text.contains("line 1"), "{text}");
    assert!(output.status.success(), "{text}");
}

#[test]
fn a_question_is_seen_although_the_output_goes_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("output");
    let screen = on_a_terminal(&format!("> '{}'", file.display()), b"2\n").stdout;
    assert!(String::from_utf8(screen).unwrap().starts_with("Number of lines [1]: "));
    assert!(fs::read_to_string(&file).unwrap().starts_with("line 0"));
}

#[test]
fn the_end_of_mpiruns_pipe_is_no_answer() {
    // mpirun.sh sets the variable on a terminal, and mpirun closes the pipe at Ctrl-C.
    let mut unanswered = with(&["--lines", "1", "--guess"]);
    unanswered.env("MPIRUN_HAS_TERMINAL", "1");
    let output = unanswered.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(output.stdout.is_empty() && text.contains("no answer came"), "{text}");
}

#[test]
fn ctrl_c_ends_a_program_whose_outputs_are_a_full_pipe() {
    let (_reader, writer) = std::io::pipe().unwrap();
    let line = "exec env --default-signal=INT \"$program\" --lines 1000000000";
    let mut command = shell(line); // tests that run in the background ignore Ctrl-C, and so would it
    let mut child = command.stdout(writer.try_clone().unwrap()).stderr(writer).spawn().unwrap();
    // It sleeps as soon as the pipe is full, and never before.
    let state = || fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    while !state().contains("(contract) S ") {
        thread::sleep(Duration::from_millis(5));
    }
    signal("-INT", &child);
    assert_eq!(ended(&mut child).signal(), Some(2));
}

#[test]
fn a_parent_that_ignores_ctrl_c_is_respected() {
    let command = shell("trap '' INT; exec \"$program\" --lines 1 --wait");
    let (mut child, mut screen) = under_way(command);
    signal("-INT", &child);
    drop(child.stdin.take());
    screen.read_to_string(&mut String::new()).unwrap();
    assert!(ended(&mut child).success());
}

#[test]
fn a_program_knows_that_it_was_stopped() {
    for (signals, answer) in [(&[][..], "false"), (&["-STOP", "-CONT"], "true")] {
        let (mut child, mut screen) = under_way(with(&["--lines", "1", "--wait"]));
        signals.iter().for_each(|name| signal(name, &child));
        drop(child.stdin.take());
        let mut text = String::new();
        screen.read_to_string(&mut text).unwrap();
        assert!(text.contains(&format!("stopped meanwhile: {answer}")), "{text}");
        assert!(ended(&mut child).success());
    }
}

#[test]
fn an_odd_value_is_shown_whole_enough_in_one_line() {
    let number = "7".repeat(309);
    let line = assert_ends(with(&["--lines", &number]), 2, &["--lines", "7...7", "try --help"]);
    assert!(line.len() < 400, "{line}");
    assert_ends(with(&["--lines", "1", "--weight", "1e300"]), 2, &["...", "s is too long"]);
    assert_ends(with(&["--lines", "1\n\n2\x1b"]), 2, &[r"1\n\n2\u{1b}", "--lines", "try --help"]);
    assert_ends(with(&["--li\nnes"]), 2, &[r"--li\nnes", "did you mean --lines?"]);
    assert_ends(with(&["--device", "foo"]), 2, &["'foo'", "--device", "cpu, cuda", "try --help"]);
}
