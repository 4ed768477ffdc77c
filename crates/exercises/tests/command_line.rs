//! `cargo exercise` as a reader types it, in a folder of its own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::WORKERS_VARIABLE;
use exercises::{EXERCISES, repository};

fn exercise(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exercise"));
    command.args(words).arg("--folder").arg(folder);
    command.stdin(Stdio::null()).env_remove(WORKERS_VARIABLE);
    command
}

fn run(folder: &Path, words: &[&str]) -> Output {
    exercise(folder, words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Asserts exit status 2 and one line on stderr that holds every one of `parts`.
fn assert_refused(output: Output, parts: &[&str]) {
    let line = text(&output.stderr);
    assert_eq!((output.status.code(), line.lines().count()), (Some(2), 1), "{line}");
    assert!(parts.iter().all(|part| line.contains(part)), "{line}");
}

#[test]
fn the_list_names_every_exercise_with_its_state() {
    let my = tempfile::tempdir().unwrap();
    let output = run(my.path(), &[]);
    let list = text(&output.stdout);
    assert!(output.status.success(), "{list}");
    for number in 1..=EXERCISES.len() {
        assert!(list.contains(&format!("\n {number:>2}  ")), "{list}");
    }
    assert!(list.matches("untouched").count() >= 4, "{list}"); // the others may need an MPI
    assert_eq!(fs::read_dir(my.path()).unwrap().count(), 0, "a list makes no copies");
}

/// One test for all that builds exercise 1: two at a time would build it for each other.
#[test]
fn a_reader_solves_an_exercise_and_begins_again() {
    let my = tempfile::tempdir().unwrap();
    let (copy, starter) = (my.path().join("1_order.rs"), EXERCISES[0].starter());
    let starter = fs::read_to_string(repository().join(starter)).unwrap();
    let check = |parts: &[&str]| {
        let output = run(my.path(), &["1"]);
        let said = text(&output.stdout);
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        output
    };

    let output = check(&["made ", "4 workers share 40 tasks", "one worker did everything"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&copy).unwrap(), starter);

    // The sentence that teaches comes alone, without warnings of the compiler.
    let line = "(0..tasks).map(|number| task.run(number)).collect()";
    fs::write(&copy, starter.replace(line, "todo!()")).unwrap();
    let output = check(&["`todo!()` still stands there"]);
    assert!(!text(&output.stderr).contains("warning"), "{output:?}");

    let threads = "let run = |i| task.run(i); std::thread::scope(|scope| {
        let piece = |p| scope.spawn(move || (p * tasks / 4..(p + 1) * tasks / 4).map(run).collect());
        let pieces: Vec<std::thread::ScopedJoinHandle<Vec<u64>>> = (0..4).map(piece).collect();
        pieces.into_iter().flat_map(|piece| piece.join().unwrap()).collect()
    })";
    fs::write(&copy, starter.replace(line, threads)).unwrap();
    check(&["threads of your own shared the tasks"]);

    fs::write(&copy, starter.replace(line, "(0..tasks).map(")).unwrap();
    let output = run(my.path(), &["1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("does not compile yet"), "{output:?}");

    let output = run(my.path(), &["1", "--solution"]);
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("into_par_iter"), "it shows the answer: {output:?}");

    fs::write(&copy, starter.replace("(0..tasks)", "(0..tasks).into_par_iter()")).unwrap();
    assert!(check(&["\nsolved\n"]).status.success());
    assert!(text(&run(my.path(), &[]).stdout).contains("solved"));

    let program = text(&run(my.path(), &["1", "--run"]).stdout);
    assert!(program.contains("10 tasks of 100 ms, 4 workers"), "{program}");

    assert_refused(run(my.path(), &["1", "--reset"]), &["1_order.rs", "--yes"]);
    assert_ne!(fs::read_to_string(&copy).unwrap(), starter);
    assert!(run(my.path(), &["1", "--reset", "--yes"]).status.success());
    assert_eq!(fs::read_to_string(&copy).unwrap(), starter);
}

#[test]
fn what_cannot_be_is_refused_in_one_line() {
    let my = tempfile::tempdir().unwrap();
    let refused = |words: &[&str], parts: &[&str]| assert_refused(run(my.path(), words), parts);
    refused(&["0"], &["'0'", "from 1 to 12"]);
    refused(&["13"], &["'13'", "from 1 to 12"]);
    refused(&["--watch"], &["<NUMBER>"]);
    refused(&["1", "--watch"], &["terminal"]);
    refused(&["1", "--watch", "--solution"], &["--solution"]);
    refused(&["1", "--yes"], &["--reset"]);
    refused(&["1", "--prove"], &["--prove"]);
}

#[test]
fn without_an_mpi_only_its_exercises_are_out_of_reach() {
    let my = tempfile::tempdir().unwrap();
    let without =
        |words: &[&str]| exercise(my.path(), words).env("MPICC", "no-such-mpicc").output().unwrap();
    assert_refused(without(&["5"]), &["no-such-mpicc", "scripts/setup.sh"]);
    let list = text(&without(&[]).stdout);
    assert_eq!(list.matches("no-such-mpicc").count(), 5, "{list}"); // 5 to 8, and 12
}
