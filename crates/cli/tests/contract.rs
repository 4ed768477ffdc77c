//! What every program here promises, tried on a small one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::process::Command;

use testkit::{Folder, example, on_a_terminal, records, run, shell};

fn contract(flags: &[&str]) -> Command {
    let mut command = example("contract");
    command.args(flags);
    command
}

#[test]
fn a_full_disk_behind_standard_output_is_one_line_and_status_1() {
    for flags in ["--lines 1", "--lines 0", "--help"] {
        let full = run(&mut shell("contract", &format!("$program {flags} >/dev/full")));
        full.failed(1, &["standard output", "No space left on device"]);
    }
}

#[test]
fn a_reader_that_has_enough_ends_it_quietly() {
    let head = "set -o pipefail; $program --lines 1000000 | head -n 1";
    let ended = run(&mut shell("contract", head));
    assert_eq!((&*ended.stdout, &*ended.stderr), ("line 0, no guess\n", ""));
    assert_eq!(ended.status, 141);
}

#[test]
fn every_run_leaves_one_line_in_the_file_and_what_stood_there_stays() {
    let folder = Folder::new();
    let file = folder.file("runs.jsonl");
    for _ in 0..2 {
        run(&mut contract(&["--lines", "1", "--runs", "2", "--json", &file])).succeeded();
    }
    let runs = records(&file);
    let numbers = runs.iter().map(|run| run["settings"]["run"].as_i64().unwrap());
    assert_eq!(numbers.collect::<Vec<_>>(), [0, 1, 0, 1]);
}

#[test]
fn a_record_that_cannot_be_written_is_named() {
    let full = run(&mut contract(&["--lines", "1", "--json", "/dev/full"]));
    full.failed(1, &["--json: cannot write /dev/full: No space left on device"]);
    let folder = Folder::new().file("");
    let refused = run(&mut contract(&["--lines", "1", "--json", &folder]));
    refused.failed(2, &["--json", &folder, "name another file"]);
    assert_eq!(refused.stdout, "", "it is refused before the run");
}

#[test]
fn without_a_terminal_the_default_is_taken_and_printed() {
    let ended = run(&mut contract(&["--guess"])).succeeded();
    assert!(ended.line("Number of lines: 1").contains("the default"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("Your guess"), "{}", ended.stdout);
}

#[test]
fn a_question_is_seen_although_the_output_goes_to_a_file() {
    let folder = Folder::new();
    let mut command = shell("contract", "$program >$output");
    command.env("output", folder.file("output"));
    let screen = on_a_terminal(&command, &[("Number of lines [1]: ", "many\n"), ("]: ", "2\n")]);
    assert!(screen.succeeded().stdout.contains("'many' is not a whole number"));
    assert!(fs::read_to_string(folder.file("output")).unwrap().starts_with("line 0"));
}

#[test]
fn ctrl_c_at_a_question_ends_the_run_and_saves_nothing() {
    let folder = Folder::new();
    let file = folder.file("runs.jsonl");
    let ended = on_a_terminal(&contract(&["--json", &file]), &[("[1]: ", "\x03")]);
    assert_eq!(ended.status, 130, "{}", ended.stdout);
    assert!(!ended.stdout.contains("line 0"), "{}", ended.stdout);
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
}

#[test]
fn the_end_of_mpiruns_pipe_is_no_answer() {
    // mpirun.sh sets the variable on a terminal, and mpirun closes the pipe at Ctrl-C.
    let mut unanswered = contract(&["--lines", "1", "--guess"]);
    let ended = run(unanswered.env("MPIRUN_HAS_TERMINAL", "1"));
    assert_eq!((ended.status, &*ended.stdout), (1, ""), "{}", ended.stderr);
    assert!(ended.stderr.contains("no answer came"), "{}", ended.stderr);
}

#[test]
fn a_wrong_value_is_one_line_that_names_it_with_its_flag() {
    for (flags, parts) in [
        (&["--lines", "ten"][..], &["'ten'", "--lines", "10_000_000", "try --help"][..]),
        (&["--runs", "0"], &["'0'", "--runs", "from 1 to 9"]),
        (&["--runs", "-5"], &["'-5'", "--runs", "is not a whole number"]),
        (&["--lnies", "1"], &["--lnies", "did you mean --lines?"]),
        (&["--device", "foo"], &["'foo'", "--device", "cpu, gpu"]),
    ] {
        run(&mut contract(flags)).failed(2, parts);
    }
}
