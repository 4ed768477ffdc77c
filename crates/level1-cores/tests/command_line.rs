//! Runs the examples as a user does: real processes, real exit statuses.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use common::WORKERS_VARIABLE;

/// A command that runs an example, without a terminal and outside Slurm.
fn example(name: &str, flags: &[&str]) -> Command {
    let mut command = Command::new(path_of(name));
    command.args(flags).env_remove(WORKERS_VARIABLE).stdin(Stdio::null());
    command
}

/// Cargo builds the examples beside the folder of this test.
fn path_of(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples").join(name)
}

/// What was printed: it must fit a terminal of 80 columns.
fn stdout(output: &Output) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let long = ["\x1b", "warning: "]; // wrapped on a terminal alone
    let fits =
        |line: &str| line.chars().count() <= 80 || long.iter().any(|part| line.contains(part));
    assert!(text.lines().all(fits), "{text}");
    text
}

/// Asserts exit status 2 and one line on stderr that holds every one of `parts`.
fn assert_refused(mut command: Command, parts: &[&str]) {
    let output = command.output().unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{command:?}: {line}");
    assert_eq!(line.lines().count(), 1, "{command:?}: {line}");
    for part in parts {
        assert!(line.contains(part), "{command:?}: no {part:?} in {line}");
    }
}

/// Runs an example on a real pseudo-terminal (util-linux's `script`) and types `keys` after a
/// second, when the question is there.
fn on_a_terminal(command: &str, keys: &str) -> Output {
    let run = format!(
        "(sleep 1; printf '{keys}') | timeout 20 script -qec '{}' /dev/null",
        path_of(command).display()
    );
    Command::new("sh").args(["-c", &run]).env_remove(WORKERS_VARIABLE).output().unwrap()
}

#[test]
fn a_bad_slurm_variable_is_named_with_its_value() {
    for value in ["0", "-3", "abc", "2.0", "1025"] {
        for name in ["level1_cores", "level1_crossover"] {
            let mut command = example(name, &[]);
            command.env(WORKERS_VARIABLE, value);
            assert_refused(command, &[WORKERS_VARIABLE, value]);
        }
    }
}

#[test]
fn a_bad_flag_is_named_with_its_value() {
    for (flag, values) in [
        ("--workers", &["0", "-3", "abc", "2.0", "1025", ""][..]),
        ("--weight", &["-1", "NaN", "inf", "heavy", ""]),
        ("--tasks", &["0", "1000001", "-1", "1.5", "ten"]),
        ("--factorial", &["-1", "300000", "1e30", "x"]),
    ] {
        for value in values {
            assert_refused(example("level1_cores", &[flag, value]), &[flag, value]);
        }
    }
}

#[test]
fn a_day_of_sleeping_is_refused_with_its_seconds() {
    let day = ["--weight", "86400", "--tasks", "10"];
    assert_refused(example("level1_cores", &day), &["864000 s", "--weight 360"]);
    assert_refused(example("level1_cores", &["--weight", "1e300"]), &["would sleep"]);
}

#[test]
fn a_day_of_computing_is_refused_with_what_is_fine() {
    let flags = ["--weight", "0", "--tasks", "1e6", "--factorial", "200_000"];
    assert_refused(example("level1_cores", &flags), &["would compute", "is fine: --tasks"]);
}

#[test]
fn a_record_that_cannot_be_written_is_refused_before_the_race() {
    let flags = ["--weight", "1000", "--tasks", "1", "--json", "/no/such/folder/runs.jsonl"];
    assert_refused(example("level1_cores", &flags), &["--json", "/no/such/folder"]);
}

#[test]
fn without_a_terminal_the_defaults_are_taken_and_printed() {
    let closed = format!("{} <&-", path_of("level1_cores").display());
    let mut shell = Command::new("sh");
    shell.args(["-c", &closed]).env_remove(WORKERS_VARIABLE);
    for mut command in [example("level1_cores", &[]), shell] {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = stdout(&output);
        assert!(text.contains("Number of tasks: 10 (the default"), "{text}");
        assert!(text.contains("1 worker (the default"), "{text}");
    }
}

#[test]
fn a_guess_is_asked_for_on_a_terminal_and_scored_with_the_reason() {
    let race = "level1_cores --weight 0.01 --tasks 10 --workers 4 --guess";
    let text = stdout(&on_a_terminal(race, r"400\n"));
    assert!(text.contains("Your guess: 4 workers are how many times as fast"), "{text}");
    assert!(text.contains("you said 400 x") && text.contains("times too high"), "{text}");
    assert!(text.contains("why: 10 tasks on 4 workers are 3 waves"), "{text}");

    let quiet = example("level1_cores", &["--weight", "0", "--guess"]).output().unwrap();
    assert!(quiet.status.success() && !stdout(&quiet).contains("guess"), "{quiet:?}");
}

#[test]
fn on_a_terminal_the_questions_are_asked() {
    let text = stdout(&on_a_terminal("level1_cores", r"0.01\n4\n"));
    assert!(text.contains("Weight of a task in seconds [0]: "), "{text}");
    assert!(text.contains("Race: 4 tasks, each waits 0.01 s"), "{text}");
}

#[test]
fn ctrl_c_at_a_question_ends_it_without_a_race() {
    let output = on_a_terminal("level1_cores", r"\003");
    let text = stdout(&output);
    assert!(!text.contains("Race") && !text.contains("panicked"), "{text}");
    assert_eq!(output.status.code(), Some(130), "{text}");
}

#[test]
fn slurm_decides_the_number_of_workers() {
    let mut command = example("level1_cores", &["--weight", "0"]);
    let text = stdout(&command.env(WORKERS_VARIABLE, "3").output().unwrap());
    assert!(text.contains("3 workers (SLURM_CPUS_PER_TASK)"), "{text}");
}

#[test]
fn sleeping_tasks_run_in_waves_and_the_record_tells() {
    let file = std::env::temp_dir().join(format!("waves-{}.jsonl", std::process::id()));
    let flags = ["--weight", "0.05", "--tasks", "10", "--workers", "4", "--timeline", "--json"];
    let output = example("level1_cores", &flags).arg(&file).output().unwrap();
    let text = stdout(&output);
    assert!(text.contains("Parallel wins") && text.contains("needs no core"), "{text}");
    assert!(text.contains("3 waves of 0.05 s"), "{text}");

    let line = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let run: serde_json::Value = serde_json::from_str(&line).unwrap();
    let results = &run["results"];
    // Sleeps are never shorter than asked for, so these bounds hold on any machine.
    assert!(results["sequential_s"].as_f64().unwrap() >= 0.5);
    assert!(results["parallel_s"].as_f64().unwrap() >= 0.15);
    assert!((results["expected_s"].as_f64().unwrap() - 0.15).abs() < 0.01);
    assert_eq!(results["verdict"], "parallel");
    assert_eq!(results["timeline"].as_array().unwrap().len(), 10);
    assert_eq!(run["settings"]["workers"], 4);
}

#[test]
fn tasks_that_weigh_nothing_do_not_win_in_parallel() {
    let output = example("level1_cores", &["--weight", "0", "--workers", "2"]).output().unwrap();
    let text = stdout(&output);
    assert!(text.contains("Sequential wins") || text.contains("Too close to call"), "{text}");
}

#[test]
fn one_worker_has_no_crossover() {
    let text = stdout(&example("level1_crossover", &["--tasks", "2"]).output().unwrap());
    assert!(text.contains("There is no crossover here"), "{text}");
    assert!(text.contains("Amdahl's law: one worker computes 50000!"), "{text}");
}

#[test]
fn a_race_that_was_stopped_has_no_winner() {
    // It is stopped once it watches for that, and goes on.
    let stop = "until grep -q 'SigCgt:.*[2367abef]....$' /proc/$!/status; do sleep 0.02; done; \
                kill -STOP $!; until grep -q 'State:.T' /proc/$!/status; do sleep 0.02; done; \
                kill -CONT $!; wait $!";
    let race = format!("{} --weight 0.2 --tasks 4 --workers 2", path_of("level1_cores").display());
    let output = Command::new("bash").args(["-c", &format!("{race} & {stop}")]).output().unwrap();
    let text = stdout(&output);
    assert!(text.contains("No winner: the run was stopped"), "{text}");
    assert!(!text.contains("speedup") && !text.contains("times as fast"), "{text}");
}
