//! The examples of level 2 under a real mpirun. The same tests hold for every MPI: build and run
//! them with another by `MPICC` and `MPIRUN`, in a target folder of its own.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::f64::consts::PI;
use std::fs;

use level2_mpi::{Plate, fingerprint};
use serde_json::json;
use support::{machine, ranks};
use testkit::{Ended, Folder, example, on_a_terminal, program, records, run, shell};

/// Runs so many ranks of an example.
fn mpirun(number: u32, name: &str, args: &[&str]) -> Ended {
    let _alone = machine();
    run(&mut ranks(number, name, args))
}

/// A pass of pi that is over at once.
const SMALL: [&str; 4] = ["--passes", "1", "--rectangles", "1e6"];

/// A small `level2_pi`.
fn pi(ranks: u32, args: &[&str], baseline: &str) -> Ended {
    mpirun(ranks, "level2_pi", &[&SMALL, args, &["--baseline", baseline]].concat())
}

/// Whether a job says all of this; or that other programs disturbed it, and then nothing of what needs a
/// quiet machine. (What is said of which times, the tests of the report show with given numbers.)
fn says_or_was_disturbed(job: &Ended, parts: &[&str]) -> bool {
    let has = |part: &&str| job.stdout.contains(part);
    match has(&"The threads waited for a core") {
        true => !["Saved as", "speedup  ", "you said"].iter().any(has),
        false => parts.iter().all(has),
    }
}

// --- hello ---------------------------------------------------------------------------------------

#[test]
fn every_rank_says_hello_once_from_its_host_and_its_cpus() {
    let job = mpirun(4, "level2_hello", &["--cores"]).succeeded();
    let mut lines: Vec<&str> = job.stdout.lines().collect();
    lines.sort_unstable();
    let place = lines[0].strip_prefix("rank 0 of 4").unwrap();
    assert!(place.starts_with(" on ") && place.contains(", CPUs "), "{place}");
    let expected: Vec<String> = (0..4).map(|rank| format!("rank {rank} of 4{place}")).collect();
    assert_eq!(lines, expected);
    assert!(!job.stderr.contains("warning: "), "{}", job.stderr);
}

// --- pi ------------------------------------------------------------------------------------------

#[test]
fn pi_is_right_to_twelve_digits_and_two_ranks_report_what_they_gained() {
    let folder = Folder::new();
    let (baseline, file) = (folder.file("baseline.txt"), folder.file("runs.jsonl"));
    let full = |ranks, kernel| {
        let args = ["--passes", "1", "--kernel", kernel, "--json", &file, "--baseline", &baseline];
        mpirun(ranks, "level2_pi", &args)
    };
    full(3, "naive").succeeded();
    let one = full(1, "lanes").succeeded();
    assert!(says_or_was_disturbed(&one, &["Saved as the baseline in"]), "{}", one.stdout);
    let saved = json!({"example": "level2_pi", "kernel": "lanes", "rectangles": 10_000_000,
        "host": records(&file)[1]["host"], "time_s": 1});
    fs::write(&baseline, saved.to_string()).unwrap();
    let two = full(2, "lanes").succeeded();
    let gain = ["as fast as one.", "A pass takes ", "speedup  ", "efficiency  "];
    assert!(says_or_was_disturbed(&two, &gain), "{}", two.stdout);
    for run in &records(&file) {
        assert!((run["results"]["pi"].as_f64().unwrap() - PI).abs() < 1e-12, "{run}");
        assert_eq!(run["settings"]["hosts"], 1);
    }
}

#[test]
fn a_baseline_that_does_not_fit_is_told_in_one_line_and_the_run_goes_on() {
    let folder = Folder::new();
    let baseline = folder.file("baseline.txt");
    let no_speedup = |expected: &str| {
        let job = pi(2, &[], &baseline).succeeded();
        assert!(says_or_was_disturbed(&job, &["no speedup: ", expected, "(-n 1)"]), "{job:?}");
        assert!(job.line("pi").starts_with("3.14159"), "{}", job.stdout);
    };
    no_speedup("there is no");
    let other = json!({"example": "level2_pi", "kernel": "lanes", "rectangles": 7, "time_s": 1});
    fs::write(&baseline, other.to_string()).unwrap();
    no_speedup("is for ");
}

#[test]
fn a_file_that_cannot_be_used_ends_all_ranks_before_they_compute() {
    let folder = Folder::new();
    let [mine, heat, new] = ["thesis.txt", "heat.txt", "new"].map(|name| folder.file(name));
    let nowhere = folder.file("no/such/folder/file");
    fs::write(&mine, "mine").unwrap();
    fs::write(&heat, "{\"example\": \"level2_heat\", \"time_s\": 1}").unwrap();
    for ranks in [1, 3] {
        for (baseline, json, says) in [
            (&mine, &new, "--baseline: "),
            (&heat, &new, "heat.txt is not a baseline of \"level2_pi\""),
            (&nowhere, &new, "--baseline: cannot write"),
            (&folder.file(""), &new, "it is a folder"),
            (&new, &nowhere, "--json: cannot write"),
            (&new, &mine, "thesis.txt is not a file of records"),
            (&new, &new, "--json names the same file"),
        ] {
            let job = pi(ranks, &["--json", json], baseline);
            job.failed(2, &[says, "name another file"]);
            assert_eq!((job.stdout, fs::exists(&new).unwrap()), (String::new(), false));
        }
    }
    assert_eq!(fs::read_to_string(&mine).unwrap(), "mine");
}

#[test]
fn ranks_that_share_a_cpu_get_no_verdict() {
    let confined = |name: &str, args: &[&str]| {
        let job = ranks(2, name, args);
        let mut command = program("taskset");
        command.args(["-c", "0"]).arg(job.get_program()).args(job.get_args());
        let _alone = machine();
        let job = run(&mut command).succeeded();
        let line = job.line("no speedup:");
        assert!(line.contains("2 ranks share 1 CPU") && line.contains("--bind-to core"), "{line}");
        assert!(!job.stdout.contains("as fast as"), "{}", job.stdout);
    };
    confined("level2_pi", &SMALL);
    confined("level2_overlap", &["--size", "8", "--steps", "20"]);
}

#[test]
fn a_rank_without_work_and_a_pass_too_short_for_the_clock_do_no_harm() {
    let folder = Folder::new();
    let flags = ["--rectangles", "1", "--baseline", &folder.file("baseline.txt")];
    let job = mpirun(2, "level2_pi", &flags).succeeded();
    assert!(job.line("pi").starts_with("3.2000"), "{}", job.stdout); // the middle rule with 1
    assert!(job.line("warning: a pass is too short").contains("--rectangles"));
}

#[test]
fn a_forecast_stands_beside_what_was_measured_and_fits_a_terminal() {
    let folder = Folder::new();
    let (baseline, file) = (folder.file("baseline.txt"), folder.file("runs.jsonl"));
    let more = ["--forecast", "--json", &file, "--baseline", &baseline];
    for name in ["level2_pi", "level2_heat", "level2_overlap"] {
        let small = if name == "level2_pi" { &SMALL } else { &["--size", "60", "--steps", "20"] };
        let job = mpirun(2, name, &[&small[..], &more].concat()).succeeded();
        assert!(job.line("Forecast from 2 ranks:").contains("a message"), "{}", job.stdout);
        assert!(job.line("2 ranks: forecast").contains("measured"), "{}", job.stdout);
        job.line(" 1024 ");
        assert!(job.stdout.lines().count() <= 23, "{}", job.stdout);

        let results = records(&file).pop().unwrap()["results"].take();
        let rows = results["forecast"].as_array().unwrap();
        assert_eq!(rows.len(), 11);
        assert_eq!(rows[0]["strong_efficiency"], 1.0);
        assert!(results["latency_s"].as_f64().unwrap() > 0.0);
    }
    pi(1, &["--forecast"], &baseline).failed(2, &["--forecast", "two or more"]);
}

// --- heat and overlap ----------------------------------------------------------------------------

#[test]
fn the_plate_is_the_serial_solution_to_the_last_bit_on_any_number_of_ranks() {
    let folder = Folder::new();
    let file = folder.file("runs.jsonl");
    for (ranks, size, steps) in [(1, 41, 60), (3, 41, 60), (4, 4, 1)] {
        let mut plate = Plate::new(size, 0..size);
        (0..steps).for_each(|_| plate.update());
        let serial = format!("{:016x}", fingerprint(&plate.cells()));
        let flags = ["--size", &size.to_string(), "--steps", &steps.to_string()];
        for name in ["level2_heat", "level2_overlap"] {
            let files = ["--baseline", &folder.file(name), "--json", &file];
            let job = mpirun(ranks, name, &[&flags[..], &files].concat()).succeeded();
            assert!(job.line("fingerprint").starts_with(&serial), "{ranks} ranks: {}", job.stdout);
            let counted = if steps == 1 { "cells, 1 step," } else { "cells, 60 steps," };
            assert!(job.stdout.contains(counted), "{}", job.stdout);
            let alone = job.stdout.contains("One rank has no neighbour, so there is nothing to");
            assert_eq!(alone, ranks == 1 && name == "level2_overlap", "{}", job.stdout);
        }
    }
    let [heat, overlap] = &records(&file)[2..4] else { panic!("two runs each") };
    assert_eq!(heat["settings"], overlap["settings"]);
    for name in ["total_s", "step_median_s", "compute_s", "communication_s"] {
        assert!(heat["results"][name].as_f64().unwrap() > 0.0, "{name}: {heat}");
    }
    for name in ["total_s", "blocking_step_s", "overlap_step_s"] {
        assert!(overlap["results"][name].as_f64().unwrap() > 0.0, "{name}: {overlap}");
    }
    let runs = records(&file);
    assert!(runs[1]["results"]["blocking_step_s"].is_null(), "one rank has nothing to overlap");
    let seconds = |name: &str| runs[4]["results"][name].as_f64().unwrap();
    assert!(seconds("step_median_s") <= seconds("total_s"), "{}", runs[4]); // the run's only step
}

#[test]
fn on_a_machine_where_other_programs_run_nothing_is_judged_and_the_host_is_named() {
    let folder = Folder::new();
    let (baseline, file) = (folder.file("baseline.txt"), folder.file("runs.jsonl"));
    let busy = "for i in $(seq $((3 * $(nproc)))); do while :; do :; done & done; \
                $program --passes 300 --rectangles 1e6 --baseline $baseline --json $file; \
                kill $(jobs -p)";
    let _alone = machine();
    let job = run(shell("level2_pi", busy).env("baseline", &baseline).env("file", &file));
    let line = job.line("warning: this baseline is not saved: The threads waited for a core");
    let record = &records(&file)[0];
    assert!(line.contains(&format!("on {}: other programs", record["host"].as_str().unwrap())));
    assert!(record["results"]["waited_share"].as_f64().unwrap() > 0.05, "{record}");
    assert!(record["results"]["doubt"].is_string() && !fs::exists(&baseline).unwrap());
}

#[test]
fn a_run_of_hours_says_so_at_once() {
    let folder = Folder::new();
    for (name, large) in
        [("level2_pi", "--rectangles 1e12"), ("level2_heat", "--steps 1e7 --size 3e3")]
    {
        let mut job = shell(name, &format!("timeout 5 $program {large} --baseline $baseline"));
        let _alone = machine();
        let job = run(job.env("baseline", folder.file(name)));
        assert!(job.stderr.contains("0 % done, about "), "{}", job.stderr);
        assert!(job.stderr.contains(" hours left"), "{}", job.stderr);
    }
}

#[test]
fn a_plate_that_the_ranks_cannot_share_is_refused_in_one_line() {
    let crowd = mpirun(4, "level2_heat", &["--size", "3"]);
    crowd.failed(2, &["4 ranks cannot share 3 rows"]);
}

// --- the start and the end -----------------------------------------------------------------------

#[test]
fn what_every_rank_finds_is_printed_once() {
    for (name, flag, value) in [
        ("level2_pi", "--kernel", "fast"),
        ("level2_heat", "--size", "0"),
        ("level2_overlap", "--steps", "many"),
        ("level2_pi", "--rectangles", "-5"),
        ("level2_heat", "--steps", "1e20"),
    ] {
        let job = mpirun(4, name, &[flag, value]);
        job.failed(2, &[flag, value]);
        assert_eq!(job.stdout, "", "{name}");
    }
    let help = mpirun(4, "level2_pi", &["--help"]).succeeded();
    assert_eq!(help.stdout.matches("Usage:").count(), 1, "{}", help.stdout);
}

#[test]
fn a_guess_is_asked_for_on_a_terminal_and_scored_with_the_reason() {
    let folder = Folder::new();
    let baseline = folder.file("baseline.txt");
    let alone = pi(1, &["--guess"], &baseline).succeeded();
    assert!(!alone.stdout.contains("you said"), "{}", alone.stdout);
    let job = ranks(2, "level2_pi", &[&SMALL[..], &["--guess", "--baseline", &baseline]].concat());
    let _alone = machine();
    let question = "Your guess: how many times as fast as one rank are 2?";
    let asked = on_a_terminal(&job, &[(question, "0.001\n")]).succeeded();
    let score =
        ["you said 0.001 x", "times too low", "why: the only message is one number per rank"];
    let nothing_saved = asked.stdout.contains("no speedup: there is no");
    assert!(nothing_saved || says_or_was_disturbed(&asked, &score), "{}", asked.stdout);
}

#[test]
fn a_rank_that_fails_ends_the_others_however_it_fails() {
    for (how, status, message) in [
        ("panic", 1, "a bug on the main thread"),
        ("thread", 1, "a bug on a thread"),
        ("error", 1, "error: rank 2: the instrument is out of paper"),
        ("misuse", 2, "error: rank 2: there is no file 'input.nc'"),
    ] {
        let job = mpirun(3, "failing", &[how]);
        assert_eq!(job.status, status, "{how}: {}", job.stderr);
        assert!(job.stderr.contains(message), "{how}: {}", job.stderr);
    }
}

#[test]
fn a_program_that_slurm_started_without_mpi_says_so() {
    // What a batch script sees that forgot srun and mpirun.
    let mut hello = example("level2_hello");
    let job = run(hello.envs([("SLURM_PROCID", "0"), ("SLURM_NTASKS", "4")])).succeeded();
    assert!(job.stdout.starts_with("rank 0 of 1"), "{}", job.stdout);
    assert!(job.stderr.contains("warning: Slurm started 4 processes"), "{}", job.stderr);
    assert!(job.stderr.contains("srun"), "{}", job.stderr);
}

#[test]
fn the_launcher_of_another_mpi_is_told_with_what_helps() {
    // Debian's names; whichever is not ours starts three worlds of one.
    let _alone = machine();
    let jobs = ["mpirun.openmpi", "mpirun.mpich"]
        .map(|launcher| run(ranks(3, "level2_hello", &[]).env("MPIRUN", launcher)));
    let foreign: Vec<_> = jobs.iter().filter(|job| job.stdout.contains("rank 0 of 1")).collect();
    for job in &foreign {
        assert_eq!(job.stderr.matches("warning: ").count(), 1, "{}", job.stderr);
        assert!(job.stderr.contains("started 3 processes"), "{}", job.stderr);
        assert!(job.stderr.contains("cargo clean --release -p mpi-sys"), "{}", job.stderr);
    }
    if foreign.is_empty() {
        eprintln!("NOT CHECKED: only one MPI is installed here, so no launcher is foreign");
    }
}
