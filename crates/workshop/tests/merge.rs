//! `cargo workshop merge` from the outside: the records of a job array, of which one task was killed
//! and another ran twice.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use testkit::{Folder, program, records, repository, run};

/// The record of a task that computed this factorial in this time.
fn record(factorial: u64, seconds: f64) -> String {
    let mut runs = records(repository().join("slides/runs/level1.jsonl")).into_iter();
    let mut run = runs.find(|run| run["settings"]["factorial"] == 5000).unwrap();
    run["settings"]["factorial"] = factorial.into();
    run["results"]["parallel_s"] = seconds.into();
    format!("{run}\n")
}

#[test]
fn an_array_is_merged_and_what_is_missing_is_named() {
    let folder = Folder::new();
    let array = folder.path().join("array");
    let merge = || {
        let mut workshop = program(env!("CARGO_BIN_EXE_workshop"));
        run(workshop.args(["merge", "--inputs", "sizes.txt"]).current_dir(folder.path()))
    };
    fs::write(folder.file("sizes.txt"), "\r\n20\r\n1e3\r\n3000\r\n5000\r\n").unwrap();
    merge().failed(2, &["the array's records: cannot read array"]);
    fs::create_dir(&array).unwrap();
    fs::write(array.join("all.jsonl"), "my notes").unwrap();
    merge().failed(2, &["all.jsonl is not a file of records"]);
    assert_eq!(fs::read_to_string(array.join("all.jsonl")).unwrap(), "my notes");
    fs::remove_file(array.join("all.jsonl")).unwrap();
    merge().failed(1, &["sbatch --array=2,3,4,5 scripts/slurm/level1-array.sbatch"]);

    fs::write(array.join("1.jsonl"), record(20, 0.1)).unwrap();
    fs::write(array.join("2.jsonl"), record(1000, 0.2) + &record(1000, 0.25)).unwrap();
    fs::write(array.join("3.jsonl"), record(3000, 0.3).replace('\n', "\r\n")).unwrap();
    fs::write(array.join("4.jsonl"), &record(5000, 0.4)[..50]).unwrap(); // killed while it wrote
    let ended = merge();
    ended.failed(1, &["sbatch --array=5 scripts/slurm/level1-array.sbatch"]);
    assert_eq!(ended.line("missing:"), "task 5, the factorial of 5000");
    let svg = fs::read_to_string(folder.file("charts/level1_array.svg")).unwrap();
    assert_eq!(svg.matches("<circle").count(), 3 + 1); // one in the key

    fs::write(array.join("4.jsonl"), record(5000, 0.4)).unwrap();
    merge().succeeded();
    let times = records(array.join("all.jsonl")).into_iter();
    let times: Vec<_> = times.map(|run| run["results"]["parallel_s"].as_f64().unwrap()).collect();
    assert_eq!(times, [0.1, 0.25, 0.3, 0.4], "of two records the later counts");
}
