//! Runs the lessons as a user does.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

use common::WORKERS_VARIABLE;
use testkit::{Folder, example, on_a_terminal, records, run};

fn race(flags: &[&str]) -> Command {
    let mut command = example("level1_cores");
    command.args(flags);
    command
}

#[test]
fn a_bad_slurm_variable_is_named_with_its_value() {
    for value in ["0", "-3", "abc", "2.0", "1025"] {
        for lesson in ["level1_cores", "level1_crossover", "level1_memory"] {
            let ended = run(example(lesson).env(WORKERS_VARIABLE, value));
            ended.failed(2, &[WORKERS_VARIABLE, value]);
        }
    }
}

#[test]
fn a_bad_flag_is_named_with_its_value() {
    for (flag, values) in [
        ("--workers", &["0", "-3", "abc", "2.0", "1025", ""][..]),
        ("--weight", &["-1", "NaN", "inf", "heavy", "1e300"]),
        ("--tasks", &["0", "1000001", "-1", "1.5", "ten"]),
        ("--factorial", &["-1", "300000", "1e30", "x"]),
    ] {
        for value in values {
            run(&mut race(&[flag, value])).failed(2, &[flag, value]);
        }
    }
}

#[test]
fn a_record_that_cannot_be_written_is_refused_before_the_race() {
    let flags = ["--weight", "1000", "--tasks", "1", "--json", "/no/such/folder/runs.jsonl"];
    run(&mut race(&flags)).failed(2, &["--json", "/no/such/folder"]);
}

#[test]
fn on_a_terminal_the_questions_are_asked_and_elsewhere_the_defaults_are_printed() {
    let answers = [("Weight of a task in seconds [0]: ", "0.01\n"), ("Number of tasks", "4\n")];
    let asked = on_a_terminal(&race(&[]), &answers).succeeded().stdout;
    assert!(asked.contains("Race: 4 tasks, each waits 0.01 s"), "{asked}");

    let silent = run(&mut race(&[])).succeeded();
    assert!(silent.line("Number of tasks: 10").contains("the default"), "{}", silent.stdout);
    assert!(silent.line("1 worker").contains("the default"), "{}", silent.stdout);
}

#[test]
fn a_guess_is_scored_with_the_reason() {
    let race = race(&["--weight", "0.01", "--tasks", "10", "--workers", "4", "--guess"]);
    let question = "Your guess: 4 workers are how many times as fast as one?";
    let scored = on_a_terminal(&race, &[(question, "400\n")]).succeeded().stdout;
    assert!(scored.contains("you said 400 x") && scored.contains("times too high"), "{scored}");
    assert!(scored.contains("why: 10 tasks on 4 workers are 3 waves"), "{scored}");
}

#[test]
fn slurm_decides_the_number_of_workers() {
    let ended = run(race(&["--weight", "0"]).env(WORKERS_VARIABLE, "3")).succeeded();
    ended.line("3 workers (SLURM_CPUS_PER_TASK)");
}

#[test]
fn sleeping_tasks_run_in_waves_and_the_record_tells() {
    let folder = Folder::new();
    let file = folder.file("waves.jsonl");
    let flags = ["--weight", "0.05", "--tasks", "10", "--workers", "4", "--timeline", "--json"];
    let text = run(race(&flags).arg(&file)).succeeded().stdout;
    assert!(text.contains("Parallel wins") && text.contains("needs no core"), "{text}");
    assert!(text.contains("3 waves of 0.05 s"), "{text}");

    let waves = &records(&file)[0];
    let (settings, results) = (&waves["settings"], &waves["results"]);
    // Sleeps are never shorter than asked for, so these bounds hold on any machine.
    assert!(results["sequential_s"].as_f64().unwrap() >= 0.5);
    assert!(results["parallel_s"].as_f64().unwrap() >= 0.15);
    assert!((results["expected_s"].as_f64().unwrap() - 0.15).abs() < 0.01);
    assert!(text.contains(results["answer"].as_str().unwrap()), "{text}");
    assert_eq!(results["timeline"].as_array().unwrap().len(), 10);
    assert_eq!(settings["workers"], 4);
}

#[test]
fn tasks_that_weigh_nothing_do_not_win_in_parallel() {
    let text = run(&mut race(&["--weight", "0", "--workers", "2"])).succeeded().stdout;
    assert!(text.contains("Sequential wins") || text.contains("Too close to call"), "{text}");
}

#[test]
fn where_there_is_nothing_to_find_no_guess_is_asked_for_and_no_size_is_told() {
    for (flags, why) in [
        (&["--workers", "1"][..], "one worker has nobody to share with"),
        (&["--tasks", "1", "--workers", "2"], "one task cannot be shared"),
    ] {
        let mut lesson = example("level1_crossover");
        let text = on_a_terminal(lesson.arg("--guess").args(flags), &[]).succeeded().stdout;
        assert!(text.contains("There is no crossover to measure") && text.contains(why), "{text}");
        assert!(text.contains("Amdahl's law: "), "{text}");
        assert!(!text.contains("Your guess"), "{text}");
    }
}

#[test]
fn the_memory_wall_is_answered_in_two_lines_and_recorded() {
    let folder = Folder::new();
    let file = folder.file("memory.jsonl");
    let flags = ["--size", "4_800_000", "--workers", "2", "--json"];
    let text = run(example("level1_memory").args(flags).arg(&file)).succeeded().stdout;
    let answer: Vec<&str> = text.lines().skip(3).take(2).collect();
    assert!(answer[0].contains("in the caches: memory was not measured"), "{text}");
    assert!(answer[1].contains("cores") || answer[1].contains("caches suffice"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() <= 24 && lines.iter().all(|line| line.len() <= 130), "{text}");

    let run = &records(&file)[0];
    let (settings, results) = (&run["settings"], &run["results"]);
    assert_eq!((&settings["workers"], &settings["size_bytes"]), (&2.into(), &4_800_000.into()));
    // On a busy machine some or all are missing, but none is made up.
    for size in results["sizes"].as_array().unwrap() {
        assert!(
            size["bytes"].as_u64() <= Some(4_800_000) && size["bytes_per_s"].as_f64() > Some(0.0)
        );
    }
    for row in results["rows"].as_array().unwrap() {
        assert!(row["triad_bytes_per_s"].as_f64() > Some(0.0), "{row}");
        assert!(row["polynomial_per_s"].as_f64() > Some(0.0), "{row}");
    }
}

#[test]
fn arrays_that_are_larger_than_the_memory_are_refused() {
    let refused = |size| run(example("level1_memory").args(["--size", size]));
    refused("1e13").failed(2, &["--size", "9313 GiB", "take less", "--mem"]);
    refused("100").failed(2, &["--size", "100"]);
}
