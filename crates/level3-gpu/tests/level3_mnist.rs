//! Runs the example as a user does: real processes, real exit statuses, real digits where
//! `MNIST_DIR` or `data/mnist` holds them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::WORKERS_VARIABLE;

/// Cargo builds the examples beside the folder of this test.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples/level3_mnist")
}

/// The example with these flags, on the CPU's two workers, without a terminal, outside Slurm.
fn example(flags: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .args(flags)
        .env(WORKERS_VARIABLE, "2")
        .env_remove("SLURM_JOB_ID")
        .current_dir(repository())
        .stdin(Stdio::null());
    command
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Flags for real digits where there are any, for drawn ones elsewhere, and how they are called.
fn digits() -> (&'static str, Vec<&'static str>) {
    let real = std::env::var_os("MNIST_DIR").filter(|folder| !folder.is_empty()).is_some()
        || repository().join("data/mnist").exists();
    if real { ("MNIST", vec![]) } else { ("synthetic digits", vec!["--synthetic"]) }
}

fn finish(mut command: Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert!(status.success(), "{command:?}: {out}{err}");
    assert_eq!(err, "", "{command:?}");
    out
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

/// A folder of this test's own, for files.
fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("level3-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn it_learns_and_says_what_from() {
    let folder = scratch("learns");
    let (json, model) = (folder.join("runs.jsonl"), folder.join("model"));
    let (data, mut flags) = digits();
    flags.extend(["--device", "cpu", "--batch-size", "64", "--images", "8000"]);
    flags.extend(["--json", text(&json), "--save", text(&model)]);
    let out = finish(example(&flags));

    // Every line that could be quoted says which digits it is about.
    for line in out.lines().filter(|line| line.contains("loss") || line.contains("accuracy")) {
        assert!(line.contains(data), "{line}");
    }
    assert!(out.contains("batch size 64: 125 steps an epoch"), "{out}");
    let record: serde_json::Value =
        serde_json::from_str(std::fs::read_to_string(&json).unwrap().trim()).unwrap();
    let (settings, results) = (&record["settings"], &record["results"]);
    assert_eq!((&settings["device"], &settings["data"]), (&"cpu".into(), &data.into()));
    assert_eq!((&settings["images"], &settings["workers"]), (&8000.into(), &2.into()));
    for time in ["load_s", "warmup_s", "train_s", "evaluate_s", "images_per_s", "loss"] {
        assert!(results[time].as_f64().is_some_and(|value| value > 0.0), "{time}: {results}");
    }
    let accuracy = results["accuracy"].as_f64().unwrap();
    let least = if data == "MNIST" { 0.94 } else { 0.75 };
    assert!((least..0.999).contains(&accuracy), "{accuracy}");
    let sample = &results["samples"][0];
    assert_eq!(sample["label"], sample["prediction"]);
    assert_eq!(sample["pixels"].as_array().unwrap().len(), 28 * 28);

    // The saved model reads a digit from a picture, and digits from an IDX file.
    let pixels: Vec<u8> =
        sample["pixels"].as_array().unwrap().iter().map(|p| p.as_u64().unwrap() as u8).collect();
    let (picture, idx) = (folder.join("digit.png"), folder.join("digits-idx3-ubyte"));
    write_png(&picture, &pixels);
    let header = [0x0803u32, 6, 28, 28].map(u32::to_be_bytes).concat();
    std::fs::write(&idx, [header, pixels.repeat(6)].concat()).unwrap();
    let says = format!("{} at ", sample["prediction"]);
    for (file, lines) in [(&picture, 1), (&idx, 4)] {
        let out = finish(example(&["--predict", text(file), "--model", text(&model)]));
        assert_eq!(out.lines().filter(|line| line.contains(&says)).count(), lines, "{out}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

fn write_png(path: &Path, pixels: &[u8]) {
    let file = std::fs::File::create(path).unwrap();
    let mut encoder = png::Encoder::new(file, 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}

#[test]
fn a_seed_gives_the_same_digits_whatever_the_workers() {
    let run = |workers, seed| {
        let flags = ["--synthetic", "--device", "cpu", "--batch-size", "48", "--images", "500"];
        let out = finish(example(&[&flags[..], &["--workers", workers, "--seed", seed]].concat()));
        let kept = |line: &&str| line.contains("loss") || line.contains("accuracy");
        out.lines().filter(kept).map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(run("1", "7"), run("3", "7"));
    assert_ne!(run("1", "7"), run("1", "8"));
}

#[test]
fn a_sweep_is_a_table_and_a_record_for_each_run() {
    let folder = scratch("sweep");
    let json = folder.join("runs.jsonl");
    let out = finish(example(&[
        "--synthetic",
        "--device",
        "cpu",
        "--images",
        "600",
        "--sweep",
        "--json",
        text(&json),
    ]));
    let sizes: Vec<i64> = std::fs::read_to_string(&json)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|record| record["settings"]["batch_size"].as_i64().unwrap())
        .collect();
    assert_eq!(sizes, [64, 256, 512]);
    assert!(out.contains("accuracy (synthetic digits)") && out.contains('█'), "{out}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// Without a GPU, without a driver, with a driver that shows no device: the CPU, and the reason.
#[test]
fn without_a_gpu_it_says_why_and_takes_the_cpu() {
    let flags = ["--synthetic", "--images", "128", "--batch-size", "64", "--device"];
    for device in ["cuda", "gpu", "auto"] {
        let mut command = example(&[&flags[..], &[device]].concat());
        command.env("CUDA_VISIBLE_DEVICES", "");
        let out = finish(command);
        assert!(out.contains("no GPU: ") && out.contains("taking the CPU"), "{out}");
        assert!(!out.contains("panicked"), "{out}");
        if !cfg!(feature = "cuda") {
            assert!(out.contains("--features cuda"), "{out}");
        }
    }
}

/// A `libcuda.so.1` as CUDA ships it to link against, and one whose machine has no card.
#[cfg(feature = "cuda")]
#[test]
fn a_stub_of_the_driver_is_no_gpu() {
    let folder = scratch("stub");
    for (status, says) in [(34, "stub"), (100, "shows no device"), (3, "does not start")] {
        let source = folder.join("stub.c");
        std::fs::write(
            &source,
            format!(
                "int cuInit(unsigned f) {{ return {status}; }}\n\
                 int cuDeviceGetCount(int *n) {{ *n = 0; return {status}; }}\n"
            ),
        )
        .unwrap();
        let library = folder.join("libcuda.so");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-o", text(&library), text(&source)])
            .status();
        assert!(compiled.unwrap().success());
        let flags = ["--synthetic", "--images", "64", "--batch-size", "64", "--device", "cuda"];
        let mut command = example(&flags);
        command.env("LD_LIBRARY_PATH", &folder).env_remove("CUDA_VISIBLE_DEVICES");
        let out = finish(command);
        assert!(out.contains("no GPU: ") && out.contains(says), "{status}: {out}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// Ten steps, ten losses: on both devices the same first parameters, images and arithmetic. The same
/// must hold with `--no-default-features --features cuda`, where no operations are fused into one kernel.
#[cfg(feature = "cuda")]
#[test]
#[ignore = "needs a GPU: cargo test --release -p level3-gpu --features cuda -- --ignored"]
fn the_gpu_learns_what_the_cpu_learns() {
    let losses = |device| {
        let (_, mut flags) = digits();
        flags.extend(["--device", device, "--batch-size", "512", "--images", "5120"]);
        let out = finish(example(&flags));
        assert!(!out.contains("no GPU"), "{out}");
        let loss = |line: &str| line.split_once(": loss ")?.1.split(' ').next()?.parse().ok();
        out.lines().filter_map(loss).collect::<Vec<f64>>()
    };
    let (cpu, gpu) = (losses("cpu"), losses("cuda"));
    assert_eq!((cpu.len(), gpu.len()), (10, 10));
    for (cpu, gpu) in cpu.iter().zip(&gpu) {
        assert!((cpu - gpu).abs() < 1e-3, "{cpu} on the CPU, {gpu} on the GPU");
    }
}

/// On a pseudo-terminal (util-linux's `script`) the questions are asked; a typo is the CPU.
#[test]
fn a_terminal_is_asked_and_a_typo_means_the_cpu() {
    let run = format!(
        "(sleep 2; printf 'cdua\\n'; sleep 1; printf '32\\n'; sleep 8) | \
         timeout 60 script -qec '{} --synthetic --images 64' /dev/null",
        program().display()
    );
    let output = Command::new("sh").args(["-c", &run]).output().unwrap();
    let screen = String::from_utf8_lossy(&output.stdout);
    assert!(screen.contains("'cdua' is none of cpu, cuda, auto; taking the CPU"), "{screen}");
    assert!(screen.contains("Batch size (64, 256, 512)"), "{screen}");
    assert!(screen.contains("batch size 32: 2 steps"), "{screen}");
    assert!(screen.contains("accuracy: "), "{screen}");
}

#[test]
fn bad_arguments_are_refused_with_their_value() {
    for (flags, parts) in [
        (&["--device", "cdua"][..], &["cdua", "--device"][..]),
        (&["--batch-size", "0"], &["'0'", "--batch-size", "1 to 60000"]),
        (&["--batch-size", "64", "--images", "10"], &["64", "10 images", "--batch-size"]),
        (&["--data", "/nonexistent"], &["/nonexistent", "get-mnist.sh", "--synthetic"]),
        (&["--predict", "x.png"], &["--model"]),
        (&["--predict", "/nonexistent", "--model", "/nonexistent"], &["/nonexistent"]),
        (&["--synthetic", "--json", "/nonexistent/runs"], &["/nonexistent/runs"]),
    ] {
        assert_refused(example(flags), parts);
    }
}

#[test]
fn what_is_no_model_and_no_picture_is_refused() {
    let folder = scratch("foreign");
    let foreign = folder.join("foreign");
    std::fs::write(&foreign, b"nothing of the kind").unwrap();
    assert_refused(
        example(&["--predict", text(&foreign), "--model", text(&foreign)]),
        &["is not a model", "--save"],
    );
    std::fs::remove_dir_all(folder).unwrap();
}

/// The loader reads all four files, or names the one that is wrong. Needs the real files.
#[test]
fn swapped_files_are_named() {
    let Some(real) = std::env::var_os("MNIST_DIR").filter(|folder| !folder.is_empty()) else {
        eprintln!("MNIST_DIR is not set: the files were not swapped");
        return;
    };
    let folder = scratch("swapped");
    for file in std::fs::read_dir(real).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    let ending = if folder.join("t10k-labels-idx1-ubyte.gz").exists() { ".gz" } else { "" };
    let [test, training] =
        ["t10k", "train"].map(|set| folder.join(format!("{set}-labels-idx1-ubyte{ending}")));
    std::fs::copy(&training, &test).unwrap();
    assert_refused(
        example(&["--data", text(&folder), "--device", "cpu", "--batch-size", "64"]),
        &["t10k-labels-idx1-ubyte", "holds train-labels-idx1-ubyte", "swapped"],
    );
    std::fs::remove_dir_all(folder).unwrap();
}
