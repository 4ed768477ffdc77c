//! `cargo workshop merge` from the outside: the records of a job array, of which one task was killed
//! and another ran twice.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::Command;

/// The record of a task that computed this factorial in this time.
fn record(factorial: u64, seconds: f64) -> String {
    let text = include_str!("../../../slides/runs/level1.jsonl");
    let mut runs =
        text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut run = runs.find(|run| run["settings"]["factorial"] == 5000).unwrap();
    run["settings"]["factorial"] = factorial.into();
    run["results"]["parallel_s"] = seconds.into();
    format!("{run}\n")
}

/// Merges the folder `array` below `here`: the status, what it printed, and its error.
fn merge(here: &Path) -> (i32, String, String) {
    let mut merge = Command::new(env!("CARGO_BIN_EXE_workshop"));
    let output = merge.args(["merge", "--inputs", "sizes.txt"]).current_dir(here).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn an_array_is_merged_and_what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (here, array) = (folder.path(), folder.path().join("array"));
    fs::write(here.join("sizes.txt"), "\r\n20\r\n1e3\r\n3000\r\n5000\r\n").unwrap();
    assert!(merge(here).2.contains("where are the array's records?"));
    fs::create_dir(&array).unwrap();
    assert!(merge(here).2.contains("sbatch scripts/slurm/level1-array.sbatch"));

    fs::write(array.join("1.jsonl"), record(20, 0.1)).unwrap();
    fs::write(array.join("2.jsonl"), record(1000, 0.2) + &record(1000, 0.25)).unwrap();
    fs::write(array.join("3.jsonl"), record(3000, 0.3).replace('\n', "\r\n")).unwrap();
    fs::write(array.join("4.jsonl"), &record(5000, 0.4)[..50]).unwrap(); // killed while it wrote
    let (status, printed, error) = merge(here);
    assert_eq!(status, 1, "{error}");
    assert!(printed.contains("missing: task 5, the factorial of 5000"), "{printed}");
    assert!(printed.contains("level1_array.svg"), "{printed}");
    assert!(error.contains("sbatch --array=5 scripts/slurm/level1-array.sbatch"), "{error}");

    fs::write(array.join("4.jsonl"), record(5000, 0.4)).unwrap();
    assert_eq!(merge(here).0, 0);
    let all = fs::read_to_string(array.join("all.jsonl")).unwrap();
    assert_eq!(all.lines().count(), 4);
    assert!(all.contains("0.25") && !all.contains("0.2,"), "of two records the later counts");
}
