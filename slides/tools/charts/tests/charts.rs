//! The charts tool from the outside: what it draws, how long it takes, what it refuses.
//!
//! `records.jsonl` is made up, in the shape that the examples write.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const RECORDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/records.jsonl");

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn charts(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_charts")).args(arguments).output().unwrap()
}

/// Runs the tool on `text` and returns its one line of complaint.
fn refusal(name: &str, text: &str) -> String {
    let folder = folder(name);
    let file = folder.join("runs.jsonl");
    std::fs::write(&file, text).unwrap();
    let output = charts(&[file.to_str().unwrap(), "--out", folder.to_str().unwrap()]);
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

fn record(number: usize) -> String {
    std::fs::read_to_string(RECORDS).unwrap().lines().nth(number - 1).unwrap().to_string()
}

#[test]
fn every_chart_is_drawn_in_under_two_seconds() {
    let out = folder("all");
    let start = Instant::now();
    let output = charts(&[RECORDS, "--out", out.to_str().unwrap()]);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in [
        "level1_timeline",
        "level1_crossover",
        "level1_amdahl",
        "level2_scaling",
        "level2_languages",
        "level3_batch",
        "level3_accuracy",
        "level3_digits",
    ] {
        let svg = std::fs::read_to_string(out.join(name).with_extension("svg")).unwrap();
        assert!(svg.contains("testhost, 2 usable CPUs, 2026-01-02"), "{name}: no origin");
        assert!(svg.trim_end().ends_with("</svg>"), "{name}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
    }
    let batch = std::fs::read_to_string(out.join("level3_batch.svg")).unwrap();
    assert!(batch.contains("no GPU run is among these records"));
}

#[test]
fn the_slides_show_what_their_records_say() {
    let slides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../slides");
    let records =
        std::fs::read_dir(slides.join("runs")).unwrap().map(|entry| entry.unwrap().path());
    let records = records.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    let mut arguments: Vec<String> = records.map(|path| path.display().to_string()).collect();
    arguments.sort();
    let out = folder("slides");
    arguments.extend(["--out".to_string(), out.display().to_string()]);
    let output = charts(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for drawn in std::fs::read_dir(&out).unwrap() {
        let drawn = drawn.unwrap();
        let shown = slides.join("pictures").join(drawn.file_name());
        let same = std::fs::read(&shown).ok() == std::fs::read(drawn.path()).ok();
        assert!(same, "{}: draw it again with slides/record.sh charts", shown.display());
    }
}

#[test]
fn a_gpu_record_joins_the_chart_and_its_caption() {
    let out = folder("gpu");
    let gpu = record(13)
        .replace("\"cpu\"", "\"cuda\"")
        .replace("\"CPU\"", "\"test GPU\"")
        .replace("testhost", "gpuhost");
    let file = out.join("runs.jsonl");
    std::fs::write(&file, format!("{}\n{}\n{gpu}\n", record(12), record(13))).unwrap();
    let output = charts(&[file.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let batch = std::fs::read_to_string(out.join("level3_batch.svg")).unwrap();
    assert!(batch.contains("test GPU on gpuhost") && !batch.contains("no GPU run"));
}

#[test]
fn programs_that_ran_with_several_batch_sizes_are_told_apart() {
    let out = folder("batches");
    let run = |program: &str, batch: u64, seconds: f64| {
        let settings =
            format!(r#"{{"cpus":2,"program":"{program}","device":"cpu","batch_size":{batch}}}"#);
        let results = format!(r#"{{"train_s":{seconds},"warmup_s":0.1}}"#);
        format!(
            r#"{{"level":3,"example":"compare_python","host":"h","started":"2026-01-02T03:04:05Z","settings":{settings},"results":{results}}}"#
        )
    };
    let lines =
        [run("burn", 64, 14.0), run("burn", 512, 11.1), run("PyTorch, preloaded", 64, 14.8)];
    let file = out.join("runs.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let output = charts(&[file.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let svg = std::fs::read_to_string(out.join("level3_languages.svg")).unwrap();
    for label in
        ["burn, cpu, batch 64", "burn, cpu, batch 512", "PyTorch, preloaded, cpu, batch 64"]
    {
        assert!(svg.contains(label), "{label}");
    }
    assert!(!svg.contains("warmup"));
}

#[test]
fn a_line_that_is_no_record_is_named() {
    let line = refusal("no-record", &format!("{}\nspeedup 1.9\n", record(2)));
    assert!(line.contains("runs.jsonl:2: not JSON"), "{line}");
}

#[test]
fn an_empty_file_and_a_missing_one_are_refused() {
    assert!(refusal("empty", "\n").contains("no record in it"));
    let output = charts(&["no-such-file.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read no-such-file.jsonl"));
}

#[test]
fn runs_of_two_machines_or_sizes_are_not_mixed() {
    let other = record(4).replace("testhost", "otherhost");
    let line = refusal("hosts", &format!("{}\n{other}\n", record(3)));
    assert!(line.contains("testhost") && line.contains("otherhost"), "{line}");
    let other = record(4).replace("10000000", "20000000");
    let line = refusal("sizes", &format!("{}\n{other}\n", record(3)));
    assert!(line.contains("10,000,000") && line.contains("20,000,000"), "{line}");
}

#[test]
fn a_record_without_its_results_is_named() {
    let line = refusal("lacks", &record(2).replace("parallel_s", "something_s"));
    assert!(line.contains("runs.jsonl:1") && line.contains("points[].parallel_s"), "{line}");
}

#[test]
fn a_record_from_which_nothing_can_be_drawn_says_what_is_missing() {
    assert!(refusal("alone", &record(3)).contains("several numbers of ranks"));
}
