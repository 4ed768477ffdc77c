//! `cargo workshop chart` from the outside: what it draws from the slides' recorded runs and from altered
//! ones, and what it refuses.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

const SLIDES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../slides");

/// The record of slides/runs/`file` that has these settings.
fn record(file: &str, settings: &[(&str, Value)]) -> Value {
    let text = std::fs::read_to_string(Path::new(SLIDES).join("runs").join(file)).unwrap();
    let mut records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let wanted = |run: &Value| settings.iter().all(|(key, value)| &run["settings"][*key] == value);
    records.find(wanted).unwrap()
}

fn pi(ranks: u64) -> Value {
    record("level2.jsonl", &[("ranks", json!(ranks)), ("kernel", json!("lanes"))])
}

fn mnist(batch_size: u64) -> Value {
    record("level3.jsonl", &[("device", json!("cpu")), ("batch_size", json!(batch_size))])
}

/// The same run on a GPU of another machine.
fn on_gpu(mut run: Value) -> Value {
    run["host"] = json!("gpuhost");
    run["settings"]["device"] = json!("cuda");
    run["settings"]["device_name"] = json!("test GPU");
    run
}

/// Runs the tool on a file of these lines, in an empty folder.
fn charts(lines: &[String]) -> (tempfile::TempDir, Output) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.jsonl");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let output = run(&[&file], folder.path());
    (folder, output)
}

fn run(records: &[&Path], out: &Path) -> Output {
    let mut charts = Command::new(env!("CARGO_BIN_EXE_workshop"));
    charts.arg("chart").args(records).arg("--out").arg(out).output().unwrap()
}

/// The chart `name` that is drawn from these runs.
fn drawn(name: &str, runs: &[Value]) -> String {
    let lines: Vec<String> = runs.iter().map(Value::to_string).collect();
    let (folder, output) = charts(&lines);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(folder.path().join(name)).unwrap()
}

/// The tool's one line of complaint about these lines.
fn refusal(lines: &[String]) -> String {
    let (_folder, output) = charts(lines);
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

/// The files in a folder whose names end in `ending`, in order.
fn files(folder: &Path, ending: &str) -> BTreeSet<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

#[test]
fn the_slides_show_what_their_records_say() {
    let slides = Path::new(SLIDES);
    let runs = files(&slides.join("runs"), ".jsonl");
    let out = tempfile::tempdir().unwrap();
    let output = run(&runs.iter().map(PathBuf::as_path).collect::<Vec<_>>(), out.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for path in files(&slides.join("pictures"), ".svg") {
        let name = path.file_name().unwrap().to_string_lossy();
        if name.starts_with("level") {
            let svg = std::fs::read_to_string(out.path().join(&*name)).unwrap_or_default();
            let same = std::fs::read_to_string(&path).unwrap() == svg;
            assert!(same, "pictures/{name}: draw it again with cargo workshop record chart");
            assert!(svg.contains("usable CPU") && !svg.contains("NaN"), "{name}");
        }
    }
}

#[test]
fn the_tasks_of_one_wave_have_one_colour() {
    // Ten tasks on four workers. The second wave began at 0.50018 s to 0.50021 s.
    let svg = drawn("level1_timeline.svg", &[record("level1.jsonl", &[("weight_s", json!(0.5))])]);
    let bars = svg.lines().filter(|line| line.contains("<rect") && line.contains("#0072B2"));
    let dark: Vec<bool> = bars.map(|bar| bar.contains("opacity=\"1\"")).collect();
    assert_eq!(dark, [vec![true; 4], vec![false; 4], vec![true; 2]].concat());
}

#[test]
fn a_worker_without_a_third_task_is_pointed_out() {
    let svg = drawn("level1_timeline.svg", &[record("level1.jsonl", &[("weight_s", json!(0.5))])]);
    assert_eq!(svg.matches("no task left").count(), 2);
}

#[test]
fn the_crossover_and_amdahl_s_law_say_what_was_measured() {
    let mut run = record("level1.jsonl", &[("large_factorial", json!(50_000))]);
    run["results"]["bracket_low_s"] = json!(2e-6);
    run["results"]["bracket_high_s"] = json!(3e-6);
    run["results"]["last_multiplication"] = json!(0.25);
    run["results"]["amdahl"] =
        json!([{"workers": 1, "speedup": 1.0}, {"workers": 4, "speedup": 2.1}]);
    let crossover = drawn("level1_crossover.svg", &[run.clone()]);
    assert!(crossover.contains("2.00 us to 3.00 us on"), "{crossover}");
    let amdahl = drawn("level1_amdahl.svg", &[run]);
    // 1 / (0.25 + 0.75 / 64) = 3.82
    assert!(amdahl.contains("25 % serial: 3.8x"), "{amdahl}");
    assert!(amdahl.contains("we measured 2.10x on 4 workers"), "{amdahl}");
}

#[test]
fn a_forecast_points_at_the_first_plate_that_talks_more_than_it_computes() {
    let mut made = heat(2, 100, 0.3);
    let row = |ranks: u64, strong: f64| json!({"ranks": ranks, "strong_efficiency": strong, "weak_efficiency": 0.9});
    made["results"]["forecast"] = json!([row(1, 1.0), row(8, 0.6), row(16, 0.4)]);
    assert!(drawn("level2_forecast.svg", &[made]).contains("16 ranks talk more"));
}

#[test]
fn a_run_with_a_forecast_leaves_the_chart_of_the_other_runs_as_it_is() {
    let heat = |ranks: u64| {
        let settings = [("ranks", json!(ranks)), ("exchange", json!("overlap"))];
        record("level2.jsonl", &settings)
    };
    let mut made = heat(2);
    made["settings"]["steps"] = json!(10);
    made["results"]["forecast"] =
        json!([{"ranks": 2, "strong_efficiency": 0.9, "weak_efficiency": 0.9}]);
    let alone = drawn("level2_scaling.svg", &[heat(1), heat(2)]);
    assert_eq!(drawn("level2_scaling.svg", &[heat(1), heat(2), made]), alone);
}

#[test]
fn a_gpu_record_joins_the_chart_and_its_caption() {
    let cpu = [mnist(64), mnist(512)];
    assert!(drawn("level3_batch.svg", &cpu).contains("no GPU run is among these records"));
    let [small, large] = cpu;
    let svg = drawn("level3_batch.svg", &[small, on_gpu(large.clone()), large]);
    assert!(svg.contains("test GPU on gpuhost") && !svg.contains("no GPU run"));
}

#[test]
fn runs_on_a_gpu_alone_are_labelled_with_their_batch() {
    let svg = drawn("level3_accuracy.svg", &[on_gpu(mnist(64)), on_gpu(mnist(512))]);
    assert!(svg.contains("batch 64: 938 updates") && svg.contains("batch 512: 118 updates"));
}

/// Two of these runs are nearly as fast and nearly as accurate, and a third is slower.
#[test]
fn no_label_of_a_batch_size_covers_another() {
    let runs = [(64, 21.0, 0.987), (256, 17.4, 0.981), (512, 17.5, 0.969), (8192, 18.7, 0.82)];
    let runs = runs.map(|(batch, seconds, accuracy)| {
        let mut run = mnist(batch);
        run["results"]["train_s"] = json!(seconds);
        run["results"]["accuracy"] = json!(accuracy);
        run
    });
    let svg = drawn("level3_accuracy.svg", &runs);
    let value = |tag: &str, name: &str| -> f64 {
        let (_, rest) = tag.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    let lines: Vec<&str> = svg.lines().collect();
    let labels: Vec<(f64, f64, f64)> = (lines.windows(2))
        .filter(|pair| pair[1].contains(" updates"))
        .map(|pair| {
            let width = 11.0 * pair[1].len() as f64; // a letter is about 11 wide
            let x = value(pair[0], "x");
            let left = if pair[0].contains("text-anchor=\"end\"") { x - width } else { x };
            (left, left + width, value(pair[0], "y"))
        })
        .collect();
    assert_eq!(labels.len(), 4);
    for (i, one) in labels.iter().enumerate() {
        for other in &labels[i + 1..] {
            let beside = one.1 < other.0 || other.1 < one.0;
            assert!(beside || (one.2 - other.2).abs() > 20.0, "{one:?} {other:?}");
        }
    }
}

#[test]
fn programs_that_ran_with_several_batch_sizes_are_told_apart() {
    let one = |program: &str, batch: u64| {
        record("compare3.jsonl", &[("program", json!(program)), ("batch_size", json!(batch))])
    };
    let runs = [one("burn", 64), one("burn", 512), one("PyTorch, preloaded", 64)];
    let svg = drawn("level3_languages.svg", &runs);
    for label in
        ["burn, cpu, batch 64", "burn, cpu, batch 512", "PyTorch, preloaded, cpu, batch 64"]
    {
        assert!(svg.contains(label), "{label}");
    }
    assert!(!svg.contains("warmup"));
}

#[test]
fn a_line_that_is_no_record_is_named() {
    let line = refusal(&[pi(1).to_string(), "speedup 1.9".to_string()]);
    assert!(line.contains("runs.jsonl:2: not JSON"), "{line}");
}

#[test]
fn an_empty_file_and_a_missing_one_are_refused() {
    assert!(refusal(&[]).contains("no record in it"));
    let folder = tempfile::tempdir().unwrap();
    let output = run(&[Path::new("no-such-file.jsonl")], folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read no-such-file.jsonl"));
}

#[test]
fn runs_of_two_machines_or_sizes_are_not_mixed() {
    let mut other = pi(2);
    other["host"] = json!("otherhost");
    let line = refusal(&[pi(1).to_string(), other.to_string()]);
    assert!(line.contains("host is ") && line.contains("otherhost"), "{line}");
    let mut other = pi(2);
    other["settings"]["rectangles"] = json!(20_000_000);
    let line = refusal(&[pi(1).to_string(), other.to_string()]);
    assert!(line.contains("10,000,000") && line.contains("20,000,000"), "{line}");
}

#[test]
fn a_record_without_its_results_is_named() {
    let run = record("level1.jsonl", &[("large_factorial", json!(50_000))]).to_string();
    let line = refusal(&[run.replace("parallel_s", "something_s")]);
    assert!(line.contains("runs.jsonl:1") && line.contains("points[].parallel_s"), "{line}");
}

#[test]
fn a_record_from_which_nothing_can_be_drawn_says_what_is_missing() {
    assert!(refusal(&[pi(1).to_string()]).contains("several numbers of ranks"));
}

/// A run of heat of 100 x 100 cells, or what it grows to, that took so long per step.
fn heat(ranks: u64, size: u64, step_s: f64) -> Value {
    json!({
        "level": 2, "example": "level2_heat", "host": "a", "started": "2026-01-02T03:04:05Z",
        "settings": {"ranks": ranks, "size": size, "exchange": "blocking", "cpus": 4},
        "results": {"step_median_s": step_s},
    })
}

#[test]
fn a_forecast_is_drawn_with_the_runs_that_belong_to_it_and_without_doubtful_ones() {
    let marks = |runs: &[Value]| {
        let svg = drawn("level2_forecast.svg", runs);
        (svg.matches("<circle").count(), svg.matches("<rect").count())
    };
    let mut made = heat(4, 100, 0.3);
    made["results"]["forecast"] = json!([
        {"ranks": 1, "strong_efficiency": 1.0, "weak_efficiency": 1.0},
        {"ranks": 4, "strong_efficiency": 0.8, "weak_efficiency": 0.9},
    ]);
    let strong = [heat(1, 100, 1.0), heat(2, 100, 0.6), made];
    let (circles, squares) = marks(&strong);
    let weak = [&strong[..], &[heat(4, 200, 1.1), heat(2, 141, 1.05)]].concat();
    assert_eq!(marks(&weak), (circles, squares + 2));
    let mut busy = heat(4, 200, 1.1);
    busy["results"]["doubt"] = json!("the machine was busy");
    assert_eq!(marks(&[&strong[..], &[busy]].concat()), (circles, squares));
}

#[test]
fn an_array_is_one_race_with_three_sizes_or_more_each_counted_once() {
    let race = |factorial: u64| {
        let mut run = record("level1.jsonl", &[("tasks", json!(100))]);
        run["settings"]["factorial"] = json!(factorial);
        run
    };
    let circles = |runs: &[Value]| drawn("level1_array.svg", runs).matches("<circle").count();
    let three = [race(20), race(300), race(3000)];
    assert_eq!(circles(&three), 3 + 1); // one in the key
    assert_eq!(circles(&[&three[..], &[race(300)]].concat()), 3 + 1);
    let two: Vec<String> = three[1..].iter().map(Value::to_string).collect();
    assert!(!charts(&two).1.status.success());
}
