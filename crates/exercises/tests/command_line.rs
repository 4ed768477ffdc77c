//! `cargo exercise` as a reader types it, in a folder of its own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::process::Command;
use std::time::Duration;

use exercises::{CHECK, EXERCISES, STARTERS};
use testkit::{Ended, Folder, program, repository, run_within};

fn exercise(my: &Folder, words: &[&str]) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_exercise"));
    command.args(words).args(["--folder", &my.file("")]);
    command
}

fn run(mut command: Command) -> Ended {
    run_within(Duration::from_secs(600), &mut command) // it may have to build a check
}

/// One test for all that builds exercise 1: two at a time would build it for each other.
#[test]
fn a_reader_solves_an_exercise_and_begins_again() {
    let my = Folder::new();
    let copy = my.file("1_order.rs");
    let starter = fs::read_to_string(repository().join(EXERCISES[0].program(STARTERS))).unwrap();
    let line = "(0..tasks).map(|number| task.run(number)).collect()";
    let with = |gap: &str| fs::write(&copy, starter.replace(line, gap)).unwrap();
    let not_solved = |parts: &[&str]| {
        let ended = run(exercise(&my, &["1"]));
        assert_eq!(ended.status, 1, "{ended:?}");
        assert!(ended.stderr.ends_with("error: exercise 1 is not solved yet\n"), "{ended:?}");
        let all = ended.stdout + &ended.stderr;
        assert!(parts.iter().all(|part| all.contains(part)), "{all}");
    };

    let list = run(exercise(&my, &[])).succeeded().stdout;
    for exercise in &EXERCISES {
        assert!(list.contains(exercise.title), "{list}");
    }
    assert!(fs::read_dir(my.path()).unwrap().next().is_none(), "a list makes no copies");

    not_solved(&[
        "made ",
        "expected: 4 workers share 40 tasks",
        "did everything",
        "cargo exercise 1 --hint",
    ]);
    assert_eq!(fs::read_to_string(&copy).unwrap(), starter);
    with("todo!(\"tomorrow\")");
    not_solved(&["1_order.rs:", "tomorrow", "cargo exercise 1 --hint"]);
    let half = "(0..tasks / 2).map(|number| task.run(number)).collect::<Vec<u64>>()";
    let other = half.replace("0..tasks / 2", "tasks / 2..tasks");
    with(&format!("let (a, b) = rayon::join(|| {half}, || {other});\n[a, b].concat()"));
    not_solved(&["but 2 of them did everything"]);
    with("(0..tasks).map(");
    not_solved(&["1_order.rs:", "could not compile", "cargo exercise 1 --hint"]);
    assert!(run(exercise(&my, &[])).succeeded().stdout.contains("does not compile, or panics"));
    let hint = run(exercise(&my, &["1", "--hint"])).succeeded().stdout;
    assert!(hint.starts_with("# Hint 1") && hint.contains("E0596"), "{hint}");

    let solution = run(exercise(&my, &["1", "--solution"])).succeeded();
    assert!(solution.stdout.contains("into_par_iter"), "it shows the answer: {solution:?}");

    with("(0..tasks).into_par_iter().map(|number| task.run(number)).collect()");
    assert!(run(exercise(&my, &["1"])).succeeded().stdout.contains("\nsolved\n"));
    assert!(run(exercise(&my, &[])).succeeded().stdout.contains("solved"));
    let program = run(exercise(&my, &["1", "--run"])).succeeded();
    assert!(program.stdout.contains("10 tasks of 100 ms, 4 workers"), "{program:?}");

    fs::remove_file(&copy).unwrap();
    not_solved(&["made "]);
    assert_eq!(fs::read_to_string(&copy).unwrap(), starter);
}

/// What rust-analyzer does is done here by cargo, in the folder of the copies.
#[test]
fn an_editor_sees_what_is_wrong_in_a_copy() {
    let my = Folder::new();
    let checked = run(exercise(&my, &["4"])); // this has built what the copy needs
    assert_eq!(checked.status, 1, "{}", checked.stderr);
    let cargo = |words: &[&str]| {
        let mut cargo = program("cargo");
        cargo.args(words).current_dir(my.path());
        run(cargo)
    };
    let metadata = cargo(&["metadata", "--offline", "--no-deps", "--format-version", "1"]);
    assert!(metadata.stdout.contains(r#""name":"4_histogram""#), "{metadata:?}");
    let copy = my.file("4_histogram.rs");
    let wrong = fs::read_to_string(&copy).unwrap().replace("Mutex::new([0; 256])", "7");
    fs::write(copy, wrong).unwrap();
    let built = cargo(&["build", "--offline", "--release"]);
    assert!(built.stderr.contains("error[E0599]"), "{}", built.stderr);
    assert!(!built.stderr.contains("Compiling clap"), "twice: {}", built.stderr);

    fs::write(my.file("Cargo.toml"), "[workspace]").unwrap(); // somebody else's
    run(exercise(&my, &["2"]));
    assert_eq!(fs::read_to_string(my.file("Cargo.toml")).unwrap(), "[workspace]");
}

#[test]
fn what_cannot_be_is_refused_in_one_line() {
    let my = Folder::new();
    let refused = |words: &[&str], part| {
        run(exercise(&my, words)).failed(2, &[part]);
    };
    refused(&["0"], "from 1 to 14");
    refused(&["15"], "from 1 to 14");
    refused(&["--watch"], "<NUMBER>");
    refused(&["1", "--watch", "--solution"], "--solution");
}

#[test]
fn a_check_that_cannot_begin_says_so() {
    let mut check = program(env!("CARGO_BIN_EXE_3_sum"));
    check.arg(CHECK).env("RUST_MIN_STACK", "1000000000000000"); // so no thread can be started
    let ended = run(check);
    assert_eq!(ended.status, 2, "{}", ended.stdout);
    assert!(ended.stdout.starts_with("cannot check: "), "{}", ended.stdout);
}

#[test]
fn without_an_mpi_only_its_exercises_are_out_of_reach() {
    let my = Folder::new();
    let without = |words: &[&str]| {
        let mut command = exercise(&my, words);
        command.env("MPICC", "no-such-mpicc");
        run(command)
    };
    without(&["5"]).failed(2, &["no-such-mpicc", "scripts/setup.sh"]);
    let list = without(&[]).succeeded().stdout;
    assert_eq!(list.matches("needs MPI").count(), 5, "{list}"); // 5 to 8, and 12
    assert_eq!(list.matches("untouched").count(), 9, "{list}");
}
