//! `cargo workshop chart` from the outside: what it draws from the slides' recorded runs and from altered
//! ones, and what it refuses.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::slice;

use serde_json::{Value, json};
use testkit::{Ended, Folder, program, records, repository, run};

/// The record of slides/runs/`file` that has these settings.
fn record(file: &str, settings: Value) -> Value {
    let wanted = settings.as_object().unwrap();
    let mut runs = records(repository().join("slides/runs").join(file)).into_iter();
    runs.find(|run| wanted.iter().all(|(key, value)| &run["settings"][key] == value)).unwrap()
}

fn pi(ranks: u64) -> Value {
    record("level2.jsonl", json!({"ranks": ranks, "kernel": "lanes"}))
}

fn mnist(batch_size: u64) -> Value {
    record("level3.jsonl", json!({"device": "cpu", "batch_size": batch_size}))
}

/// A run of heat on a plate of 100 x 100 cells, or what it grows to, that took so long per step.
fn heat(ranks: u64, size: u64, step_s: f64) -> Value {
    json!({
        "level": 2, "example": "level2_heat", "host": "a", "started": "2026-01-02T03:04:05Z",
        "settings": {"ranks": ranks, "size": size, "steps": 500, "cpus": 4},
        "results": {"step_median_s": step_s},
    })
}

/// The same run with a forecast: the efficiencies of these numbers of ranks.
fn with_forecast(mut run: Value, strong: &[(u64, f64)]) -> Value {
    let row = |(ranks, strong): &(u64, f64)| json!({"ranks": ranks, "strong_efficiency": strong, "weak_efficiency": 0.9});
    run["results"]["forecast"] = strong.iter().map(row).collect();
    run
}

fn chart<'a>(files: impl IntoIterator<Item = &'a Path>, out: &Path) -> Ended {
    let mut workshop = program(env!("CARGO_BIN_EXE_workshop"));
    run(workshop.arg("chart").args(files).arg("--out").arg(out))
}

/// What is drawn from a file of these lines, into a folder.
fn charts(lines: &[String]) -> (Folder, Ended) {
    let folder = Folder::new();
    let file = folder.path().join("runs.jsonl");
    fs::write(&file, lines.join("\n")).unwrap();
    let ended = chart([file.as_path()], folder.path());
    (folder, ended)
}

/// The chart `name` that is drawn from these runs.
fn drawn(name: &str, runs: &[Value]) -> String {
    let lines: Vec<String> = runs.iter().map(Value::to_string).collect();
    let (folder, ended) = charts(&lines);
    ended.succeeded();
    fs::read_to_string(folder.path().join(name)).unwrap()
}

#[test]
fn the_slides_show_what_their_records_say() {
    let (slides, out) = (repository().join("slides"), Folder::new());
    let runs = workshop::records::files(&slides.join("runs")).unwrap();
    chart(runs.iter().map(PathBuf::as_path), out.path()).succeeded();
    for picture in fs::read_dir(slides.join("pictures")).unwrap() {
        let path = picture.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if name.starts_with("level") {
            let svg = fs::read_to_string(out.path().join(&*name)).unwrap_or_default();
            let same = fs::read_to_string(&path).unwrap() == svg;
            assert!(
                same,
                "pictures/{name}: draw it again: cargo workshop chart slides/runs/*.jsonl --out slides/pictures"
            );
            assert!(svg.contains("usable CPU") && !svg.contains("NaN"), "{name}");
        }
    }
}

#[test]
fn the_tasks_of_one_wave_have_one_colour_and_an_idle_worker_is_pointed_out() {
    // Ten tasks on four workers: the third wave has two.
    let svg = drawn("level1_timeline.svg", &[record("level1.jsonl", json!({"weight_s": 0.5}))]);
    let bars = svg.lines().filter(|line| line.contains("<rect") && line.contains("#0072B2"));
    let waves = |dark: bool| bars.clone().filter(|bar| bar.contains("opacity='1'") == dark).count();
    assert_eq!((waves(true), waves(false)), (6, 4));
    assert_eq!(svg.matches("no task left").count(), 2);
}

#[test]
fn the_crossover_and_amdahl_s_law_say_what_was_measured() {
    let mut run = record("level1.jsonl", json!({"large_factorial": 50_000}));
    let results = run["results"].as_object_mut().unwrap();
    results.extend([
        ("awake_s".to_string(), json!(3e-7)),
        ("asleep_s".to_string(), json!(4e-6)),
        ("last_multiplication".to_string(), json!(0.25)),
        ("amdahl".to_string(), json!([{"workers": 4, "speedup": 2.1}])),
    ]);
    let crossover = drawn("level1_crossover.svg", std::slice::from_ref(&run));
    assert!(crossover.contains("from 300 ns") && crossover.contains("from 4.00 µs"), "{crossover}");
    let amdahl = drawn("level1_amdahl.svg", &[run]);
    // 1 / (0.25 + 0.75 / 64) = 3.82
    assert!(amdahl.contains("25 % serial: 3.8x"), "{amdahl}");
    assert!(amdahl.contains("we measured 2.10x on 4 workers"), "{amdahl}");
}

#[test]
fn the_memory_wall_is_a_staircase_and_two_roofs() {
    let row = |workers: u64, triad: f64, polynomial: f64| json!({"workers": workers, "triad_bytes_per_s": triad, "polynomial_per_s": polynomial});
    let run = json!({
        "level": 1, "example": "level1_memory", "host": "a", "started": "2026-01-02T03:04:05Z",
        "settings": {"cpus": 8, "polynomial_operations": 512},
        "results": {
            "cache_bytes": 1 << 25,
            "sizes": [{"bytes": 24_576, "bytes_per_s": 105e9}, {"bytes": 1 << 27, "bytes_per_s": 12e9}],
            "rows": [row(1, 12e9, 50e9), row(2, 24e9, 100e9), row(8, 36e9, 400e9)],
        },
    });
    let staircase = drawn("level1_memory.svg", slice::from_ref(&run));
    assert!(staircase.contains(">24 KiB<") && staircase.contains(">128 MiB<"), "{staircase}");
    assert!(staircase.contains(">105 GB/s<") && staircase.contains(">12 GB/s<"), "{staircase}");
    assert_eq!(staircase.matches("<circle").count(), 2);
    let roofline = drawn("level1_roofline.svg", &[run]);
    assert!(roofline.contains(">1 worker<") && roofline.contains(">8 workers<"), "{roofline}");
    assert_eq!(roofline.matches("stroke-dasharray").count(), 2, "one roof each");
}

#[test]
fn heat_with_overlap_has_a_curve_of_its_own() {
    let overlap = |ranks: u64, step_s: f64| {
        let mut run = heat(ranks, 100, 1.0);
        run["example"] = json!("level2_overlap");
        run["results"] = json!({"blocking_step_s": 1.0, "overlap_step_s": step_s});
        run
    };
    let runs = [heat(1, 100, 1.0), heat(2, 100, 0.6), overlap(1, 1.0), overlap(2, 0.5)];
    let svg = drawn("level2_scaling.svg", &runs);
    assert!(svg.contains(">heat</text>") && svg.contains(">heat, overlap</text>"), "{svg}");
    // A forecast has a chart of its own, and changes nothing in this one.
    let more = [&runs[..], &[with_forecast(heat(2, 200, 0.1), &[(1, 1.0)])]].concat();
    assert_eq!(drawn("level2_scaling.svg", &more), svg);
}

#[test]
fn a_forecast_is_drawn_with_the_runs_that_belong_to_it_and_without_doubtful_ones() {
    let marks = |runs: &[Value]| {
        let svg = drawn("level2_forecast.svg", runs);
        (svg.matches("<circle").count(), svg.matches("<polygon").count())
    };
    let made = with_forecast(heat(4, 100, 0.3), &[(1, 1.0), (4, 0.8), (16, 0.4)]);
    assert!(
        drawn("level2_forecast.svg", slice::from_ref(&made))
            .contains("with 16 ranks, more than half")
    );
    let strong = [heat(1, 100, 1.0), heat(2, 100, 0.6), made];
    let (circles, squares) = marks(&strong);
    let weak = [&strong[..], &[heat(4, 200, 1.1), heat(2, 141, 1.05)]].concat();
    assert_eq!(marks(&weak), (circles, squares + 2));
    let mut busy = heat(4, 200, 1.1);
    busy["results"]["doubt"] = json!("the machine was busy");
    assert_eq!(marks(&[&strong[..], &[busy]].concat()), (circles, squares));
}

#[test]
fn a_run_on_a_gpu_joins_the_charts_and_is_labelled_with_its_batch() {
    let alone = drawn("level3_batch.svg", &[mnist(64), mnist(512)]);
    assert!(alone.contains("no GPU run is among these records"));
    // As level3_mnist wrote it on the stand-in for CUDA's driver: a GPU's record, but no measurement.
    let gpu = records(repository().join("crates/workshop/tests/gpu.jsonl")).swap_remove(0);
    let device = gpu["settings"]["device_name"].as_str().unwrap();
    let svg = drawn("level3_batch.svg", &[mnist(64), gpu.clone()]);
    assert!(svg.contains(&format!("{device} on ")) && !svg.contains("no GPU run"), "{svg}");
    let mut all_at_once = gpu.clone();
    all_at_once["settings"]["batch_size"] = gpu["settings"]["images"].clone();
    let svg = drawn("level3_accuracy.svg", &[gpu, all_at_once]);
    assert!(svg.contains(": 1 update<") && svg.contains(">GPU</text>"), "{svg}");
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
    let value = |label: &str, name: &str| -> f64 {
        let (_, rest) = label.split_once(&format!(" {name}='")).unwrap();
        rest.split_once('\'').unwrap().0.parse().unwrap()
    };
    let labels = svg.lines().filter(|line| line.contains(" updates")).map(|label| {
        let words = &label[label.find('>').unwrap()..label.len() - "</text>".len()];
        let (x, width) = (value(label, "x"), 11.0 * words.len() as f64); // a letter is about 11 wide
        let left = if label.contains("'end'") { x - width } else { x };
        (left, left + width, value(label, "y"))
    });
    let labels: Vec<(f64, f64, f64)> = labels.collect();
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
        record("compare3.jsonl", json!({"program": program, "batch_size": batch}))
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
fn what_cannot_be_drawn_is_named_in_one_line() {
    let one = pi(1).to_string();
    let (mut elsewhere, mut larger) = (pi(2), pi(2));
    elsewhere["host"] = json!("otherhost");
    larger["settings"]["rectangles"] = json!(20_000_000);
    let crossover = record("level1.jsonl", json!({"large_factorial": 50_000})).to_string();
    let cases: [(&[String], &[&str]); 6] = [
        (&[], &["no record in it"]),
        (&[one.clone(), "speedup 1.9".into()], &["runs.jsonl:2: not the record of a run"]),
        (&[one.clone(), elsewhere.to_string()], &["host is ", "otherhost"]),
        (&[one.clone(), larger.to_string()], &["10,000,000", "20,000,000"]),
        (&[crossover.replace("parallel_s", "other_s")], &["runs.jsonl:1", "points[].parallel_s"]),
        (&[one], &["several numbers of ranks"]),
    ];
    for (lines, parts) in cases {
        charts(lines).1.failed(2, parts);
    }
    let folder = Folder::new();
    chart([Path::new("no-such.jsonl")], folder.path()).failed(2, &["cannot read no-such.jsonl"]);
}
