//! `cargo exercise` as a reader types it.

use std::process::{Command, Output, Stdio};

use common::WORKERS_VARIABLE;

fn exercise(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exercise"));
    command.args(words).stdin(Stdio::null()).env_remove(WORKERS_VARIABLE);
    command
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
fn the_list_names_all_nine_with_their_state() {
    let output = exercise(&[]).output().unwrap();
    let list = text(&output.stdout);
    assert!(output.status.success(), "{list}");
    for number in 1..=9 {
        assert!(list.contains(&format!("\n  {number}  ")), "{list}");
    }
    assert!(list.matches("untouched").count() >= 5, "{list}"); // the others may need an MPI
}

#[test]
fn a_solved_exercise_says_so_and_another_says_what_it_expected_and_where_the_hint_is() {
    let solved = exercise(&["1", "--solution"]).output().unwrap();
    assert!(solved.status.success(), "{solved:?}");
    assert!(text(&solved.stdout).contains("\nsolved\n"), "{solved:?}");

    let open = exercise(&["1"]).output().unwrap();
    let said = text(&open.stdout);
    assert_eq!(open.status.code(), Some(1), "{open:?}");
    assert!(said.contains("expected   4 workers share 40 tasks"), "{said}");
    assert!(said.contains("found      the values are right, but one worker"), "{said}");
    assert!(said.contains("hint       examples/exercises/1_order.hint.md"), "{said}");
}

#[test]
fn what_cannot_be_is_refused_in_one_line() {
    let refused = |words: &[&str], parts: &[&str]| {
        assert_refused(exercise(words).output().unwrap(), parts);
    };
    refused(&["0"], &["'0'", "from 1 to 9"]);
    refused(&["10"], &["'10'", "from 1 to 9"]);
    refused(&["--watch"], &["<NUMBER>"]);
    refused(&["1", "--watch"], &["terminal"]);
    refused(&["1", "--prove"], &["--prove"]);
}

#[test]
fn without_an_mpi_only_its_exercises_are_out_of_reach() {
    let without = |words: &[&str]| exercise(words).env("MPICC", "no-such-mpicc").output().unwrap();
    assert_refused(without(&["4"]), &["no-such-mpicc", "scripts/setup.sh"]);
    let list = text(&without(&[]).stdout);
    assert_eq!(list.matches("no-such-mpicc").count(), 4, "{list}"); // 4, 5, 6 and 9
}
