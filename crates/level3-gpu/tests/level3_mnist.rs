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

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn it_learns_and_says_what_from() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
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

    // A model for another network, or with one byte changed, is refused.
    let whole = std::fs::read(&model).unwrap();
    let other = String::from_utf8_lossy(&whole[..40]).replace("model of", "model for").into_bytes();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    for (bytes, says) in
        [(&other, "not a model"), (&damaged, "damaged"), (&whole[..9000].to_vec(), "damaged")]
    {
        std::fs::write(&model, bytes).unwrap();
        let flags = ["--predict", text(&picture), "--model", text(&model)];
        assert_refused(example(&flags), &[says, "--save"]);
    }
}

fn write_png(path: &Path, pixels: &[u8]) {
    image::GrayImage::from_raw(28, 28, pixels.to_vec()).unwrap().save(path).unwrap();
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
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
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
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
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
        command.env("LD_LIBRARY_PATH", folder).env_remove("CUDA_VISIBLE_DEVICES");
        let out = finish(command);
        assert!(out.contains("no GPU: ") && out.contains(says), "{status}: {out}");
    }
}

/// Ten steps, ten losses: on both devices the same first parameters, images and arithmetic. The same
/// must hold with `--no-default-features --features cuda`, where no operations are fused into one kernel.
#[cfg(feature = "cuda")]
#[test]
#[ignore = "needs a GPU: cargo test --release -p level3-gpu --features cuda --test level3_mnist -- --ignored"]
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
        (&["--device", "cdua"][..], &["cdua", "--device", "cpu, cuda, auto"][..]),
        (&["--batch-size", "0"], &["'0'", "--batch-size", "1 to 60000"]),
        (&["--batch-size", "64", "--images", "10"], &["64", "10 images", "--batch-size"]),
        (&["--data", "/nonexistent"], &["/nonexistent", "get-mnist.sh", "--synthetic"]),
        (&["--predict", "x.png"], &["--model"]),
        (
            &["--predict", "x", "--model", "m", "--epochs", "2", "--seed", "1"],
            &["--epochs", "--seed"],
        ),
        (&["--synthetic", "--save", "/nonexistent/model"], &["--save", "/nonexistent/model"]),
        (&["--synthetic", "--save", "/dev"], &["--save", "it is a folder"]),
        (&["--synthetic", "--save", "/tmp/one", "--json", "/tmp/../tmp/one"], &["name one file"]),
        (&["--predict", "/nonexistent", "--model", "/nonexistent"], &["/nonexistent"]),
        (&["--synthetic", "--json", "/nonexistent/runs"], &["/nonexistent/runs"]),
    ] {
        assert_refused(example(flags), parts);
    }
}

#[test]
fn what_is_no_model_and_no_picture_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let foreign = folder.join("foreign");
    std::fs::write(&foreign, b"nothing of the kind").unwrap();
    assert_refused(
        example(&["--predict", text(&foreign), "--model", text(&foreign)]),
        &["not a model", "--save"],
    );
    // A record would be appended to the model.
    let model = text(&foreign);
    assert_refused(
        example(&["--predict", "x.png", "--model", model, "--json", model]),
        &["--json names a file that is to be read"],
    );
    assert_eq!(std::fs::read(&foreign).unwrap(), b"nothing of the kind");
}

/// What people have in a folder of MNIST: the loader reads it, or names what is wrong.
#[test]
fn the_files_of_mnist_are_read_by_every_usual_name_or_named() {
    let Some(real) = std::env::var_os("MNIST_DIR").filter(|folder| !folder.is_empty()) else {
        eprintln!("MNIST_DIR is not set: the files of MNIST were not tried");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for file in std::fs::read_dir(real).unwrap() {
        // As one well-known site names them.
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().replace("-idx", ".idx");
        std::fs::copy(&path, folder.join(name)).unwrap();
    }
    let check = || example(&["--check-data", "--data", text(folder)]);
    assert!(finish(check()).contains("four files with the right checksums"));

    let of = |set| folder.join(format!("{set}-labels-idx1-ubyte"));
    let bytes = |set| {
        let dotted = folder.join(format!("{set}-labels.idx1-ubyte"));
        std::fs::read(&dotted).or_else(|_| std::fs::read(dotted.with_extension("idx1-ubyte.gz")))
    };
    let (training, test) = (bytes("train").unwrap(), bytes("t10k").unwrap());
    std::fs::write(of("train"), &training).unwrap(); // compressed or not, whatever the name says
    assert!(finish(check()).contains("right checksums"));
    std::fs::write(of("t10k"), &training).unwrap();
    assert_refused(check(), &["t10k-labels-idx1-ubyte", "more than the 10008 bytes"]);
    std::fs::write(of("train"), &test).unwrap();
    let parts = ["train-labels-idx1-ubyte", "holds t10k-labels-idx1-ubyte", "swapped"];
    assert_refused(check(), &parts);

    std::fs::remove_file(of("train")).unwrap();
    std::fs::create_dir(of("train")).unwrap();
    assert_refused(check(), &["train-labels-idx1-ubyte", "it is a folder"]);
    std::fs::remove_dir(of("train")).unwrap();
    assert!(Command::new("mkfifo").arg(of("train")).status().unwrap().success());
    assert_refused(check(), &["train-labels-idx1-ubyte", "it is a pipe"]);
}

/// The model is not lost when the record cannot be written, and the reverse.
#[test]
fn a_full_disk_for_the_record_does_not_cost_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    let flags = ["--synthetic", "--device", "cpu", "--images", "64", "--save", text(&model)];
    let output = example(&[&flags[..], &["--json", "/dev/full"]].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(model.exists(), "{output:?}");
}

/// One that is only open while something is read cannot be opened twice.
#[test]
fn a_record_can_go_into_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = Command::new("cat").arg(&pipe).stdout(Stdio::piped()).spawn().unwrap();
    let flags = ["--synthetic", "--device", "cpu", "--images", "64", "--json", text(&pipe)];
    let out = finish(example(&flags));
    assert!(out.contains("batch size 64: 1 step "), "{out}"); // a default that fits
    let read = reader.wait_with_output().unwrap().stdout;
    assert_eq!(String::from_utf8(read).unwrap().lines().count(), 1);
}
