//! Runs the example as a user does: real processes, real exit statuses, real digits where
//! `MNIST_DIR` or `data/mnist` holds them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::WORKERS_VARIABLE;
use testkit::{Folder, example, on_a_terminal, records, repository, run};

/// The example with these flags, on two workers. A software device, which would be taken for a GPU, is
/// out of sight.
fn mnist(flags: &[&str]) -> Command {
    let mut command = example("level3_mnist");
    command.args(flags).env(WORKERS_VARIABLE, "2").current_dir(repository());
    command.env("VK_DRIVER_FILES", "/nonexistent");
    command
}

/// The example with these flags on drawn digits.
fn drawn(flags: &[&str]) -> Command {
    mnist(&[&["--synthetic", "--device", "cpu"], flags].concat())
}

/// The folder of real digits, if there is one.
fn real_digits() -> Option<String> {
    let variable = std::env::var("MNIST_DIR").ok().filter(|folder| !folder.is_empty());
    let usual = repository().join("data/mnist");
    variable.or_else(|| usual.exists().then(|| usual.to_str().unwrap().to_string()))
}

/// Which digits there are, and the flags that choose them: real ones, or drawn ones elsewhere.
fn digits() -> (&'static str, Vec<String>) {
    match real_digits() {
        Some(folder) => ("MNIST", vec!["--data".into(), folder]),
        None => ("synthetic digits", vec!["--synthetic".into()]),
    }
}

#[test]
fn it_learns_and_what_it_learned_reads_digits() {
    let folder = Folder::new();
    let (json, model) = (folder.file("runs.jsonl"), folder.file("model"));
    let (data, flags) = digits();
    let mut training = mnist(&["--device", "cpu", "--batch-size", "64", "--images", "8000"]);
    training.args(flags).args(["--json", &json, "--save", &model]);
    let out = run(&mut training).succeeded().stdout;

    // Every line that could be quoted says which digits it is about.
    for line in out.lines().filter(|line| line.contains("loss") || line.contains("accuracy")) {
        assert!(line.contains(data), "{line}");
    }
    assert!(out.contains("batch size 64: 125 steps an epoch"), "{out}");
    let record = &records(&json)[0];
    let (settings, results) = (&record["settings"], &record["results"]);
    assert_eq!((&settings["device"], &settings["data"]), (&"cpu".into(), &data.into()));
    assert_eq!((&settings["images"], &settings["workers"]), (&8000.into(), &2.into()));
    for name in ["load_s", "warmup_s", "train_s", "evaluate_s", "images_per_s", "loss"] {
        assert!(results[name].as_f64().is_some_and(|value| value > 0.0), "{name}: {results}");
    }
    let least = if data == "MNIST" { 0.94 } else { 0.75 };
    assert!((least..0.999).contains(&results["accuracy"].as_f64().unwrap()), "{results}");

    // The saved model reads a digit from a picture, and digits from an IDX file.
    let sample = &results["samples"][0];
    assert_eq!(sample["label"], sample["prediction"]);
    let pixels: Vec<u8> = serde_json::from_value(sample["pixels"].clone()).unwrap();
    let (picture, idx) = (folder.file("digit.png"), folder.file("digits-idx3-ubyte"));
    image::GrayImage::from_raw(28, 28, pixels.clone()).unwrap().save(&picture).unwrap();
    let header = [0x0803u32, 6, 28, 28].map(u32::to_be_bytes).concat();
    fs::write(&idx, [header, pixels.repeat(6)].concat()).unwrap();
    let says = format!("{} at ", sample["prediction"]);
    for (file, lines) in [(&picture, 1), (&idx, 4)] {
        let out = run(&mut mnist(&["--predict", file, "--model", &model])).succeeded().stdout;
        assert_eq!(out.lines().filter(|line| line.contains(&says)).count(), lines, "{out}");
    }

    // What is no model, or no longer a whole one, is refused.
    let whole = fs::read(&model).unwrap();
    let mut other = whole.clone();
    other[20] ^= 1;
    for (bytes, says) in [(&other[..], "not a model"), (&whole[..9000], "damaged")] {
        fs::write(&model, bytes).unwrap();
        run(&mut mnist(&["--predict", &picture, "--model", &model])).failed(2, &[says, "--save"]);
    }
}

#[test]
fn a_seed_gives_the_same_digits_whatever_the_workers() {
    let numbers = |workers, seed| {
        let flags = ["--batch-size", "48", "--images", "500", "--workers", workers, "--seed", seed];
        let out = run(&mut drawn(&flags)).succeeded().stdout;
        let kept = |line: &&str| line.contains("loss") || line.contains("accuracy");
        out.lines().filter(kept).map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(numbers("1", "7"), numbers("3", "7"));
    assert_ne!(numbers("1", "7"), numbers("1", "8"));
}

#[test]
fn a_sweep_is_a_table_and_a_record_for_each_run() {
    let folder = Folder::new();
    let json = folder.file("runs.jsonl");
    let ended = run(&mut drawn(&["--images", "300", "--sweep", "--json", &json])).succeeded();
    let sizes: Vec<_> =
        records(&json).iter().map(|run| run["settings"]["batch_size"].clone()).collect();
    assert_eq!(sizes, [64, 256, 300]);
    assert!(ended.line("device  batch").ends_with("accuracy (synthetic digits)"), "{ended:?}");
}

/// Without a GPU, without a driver, with a driver that shows no device: the CPU, and the reason.
#[test]
fn without_a_gpu_it_says_why_and_takes_the_cpu() {
    for device in ["cuda", "gpu", "auto"] {
        let mut command = mnist(&["--synthetic", "--images", "128", "--device", device]);
        let ended = run(command.env("CUDA_VISIBLE_DEVICES", "")).succeeded();
        let reason = ended.line("no GPU: ");
        assert!(reason.ends_with("taking the CPU"), "{reason}");
        assert!(cfg!(feature = "cuda") || reason.contains("--features cuda"), "{reason}");
        ended.line("The CPU trained for");
    }
}

/// A `libcuda.so.1` as CUDA ships it to link against, and one whose machine has no card.
#[cfg(feature = "cuda")]
#[test]
fn a_stub_of_the_driver_is_no_gpu() {
    let folder = Folder::new();
    let (source, library) = (folder.file("stub.c"), folder.file("libcuda.so"));
    for (status, says) in [(34, "stub"), (100, "shows no device"), (3, "driver fails")] {
        fs::write(&source, format!("int cuInit(unsigned f) {{ return {status}; }}\n")).unwrap();
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-o", &library, &source]);
        assert!(compiler.status().unwrap().success());
        let mut command = mnist(&["--synthetic", "--images", "64", "--device", "gpu"]);
        command.env("LD_LIBRARY_PATH", folder.path()).env_remove("CUDA_VISIBLE_DEVICES");
        let ended = run(&mut command).succeeded();
        assert!(ended.line("no GPU: ").contains(says), "{status}: {}", ended.stdout);
    }
}

/// Ten steps, ten losses: on both devices the same first parameters, images and arithmetic. The same
/// must hold with `--no-default-features --features cuda`, where no operations are fused into one kernel.
#[cfg(feature = "cuda")]
#[test]
#[ignore = "needs a GPU: cargo test --release -p level3-gpu --features cuda --test level3_mnist -- --ignored"]
fn the_gpu_learns_what_the_cpu_learns() {
    let losses = |device| {
        let mut command = mnist(&["--device", device, "--batch-size", "512", "--images", "5120"]);
        let out = run(command.args(digits().1)).succeeded().stdout;
        assert!(!out.contains("no GPU"), "{out}");
        let loss = |line: &str| line.split_once(": loss ")?.1.split(' ').next()?.parse().ok();
        out.lines().filter_map(loss).collect::<Vec<f64>>()
    };
    let (cpu, gpu) = (losses("cpu"), losses("gpu"));
    assert_eq!((cpu.len(), gpu.len()), (10, 10));
    for (cpu, gpu) in cpu.iter().zip(&gpu) {
        assert!((cpu - gpu).abs() < 1e-3, "{cpu} on the CPU, {gpu} on the GPU");
    }
}

#[test]
fn on_a_terminal_it_asks_and_after_a_typo_it_asks_again() {
    let answers = [
        ("data: synthetic digits", ""), // a missing file would be named before anything is asked
        ("Device (cpu, gpu, auto) [auto]: ", "cdua\n"),
        ("'cdua' is not cpu, gpu or auto", "cpu\n"),
        ("Batch size (64) [64]: ", "32\n"),
    ];
    let ended = on_a_terminal(&mnist(&["--synthetic", "--images", "64"]), &answers).succeeded();
    ended.line("batch size 32: 2 steps an epoch");
    ended.line("accuracy: ");
}

#[test]
fn bad_arguments_are_refused_with_their_value() {
    for (flags, parts) in [
        (&["--device", "cdua"][..], &["cdua", "--device", "cpu, gpu, auto"][..]),
        (&["--batch-size", "0"], &["'0'", "--batch-size", "1 to 60000"]),
        (&["--batch-size", "64", "--images", "10"], &["64", "10 images", "--batch-size"]),
        (&["--data", "/nonexistent"], &["--data: /nonexistent", "get-mnist.sh", "--synthetic"]),
        (&["--data=~/mnist"], &["a shell replaces ~", "write --data ~/mnist"]),
        (&["--predict", "x.png"], &["--model"]),
        (&["--predict", "x", "--model", "m", "--epochs", "2"], &["--epochs"]),
        (&["--synthetic", "--save", "/nonexistent/model"], &["--save", "/nonexistent/model"]),
        (&["--predict", "x", "--model", "/nonexistent"], &["--model", "/nonexistent"]),
        (&["--synthetic", "--json", "/nonexistent/runs"], &["/nonexistent/runs"]),
    ] {
        run(&mut mnist(flags)).failed(2, parts);
    }
    let mut variable = mnist(&["--device", "cpu"]);
    run(variable.env("MNIST_DIR", "/nonexistent")).failed(2, &["MNIST_DIR: /nonexistent"]);
}

/// What people have in a folder of MNIST: the loader reads it, or names what is wrong.
#[test]
fn the_files_of_mnist_are_read_by_every_usual_name_or_named() {
    let Some(real) = real_digits() else {
        eprintln!("there is no MNIST here: its files were not tried");
        return;
    };
    let folder = Folder::new();
    let read = |name: &str| {
        let plain = Path::new(&real).join(name);
        fs::read(&plain).or_else(|_| fs::read(plain.with_extension("gz"))).unwrap()
    };
    // With a dot, as one well-known site names them; compressed or not, whatever the name says.
    for name in ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"] {
        let name = format!("{name}-ubyte");
        fs::write(folder.file(&name.replace("-idx", ".idx")), read(&name)).unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let load = || run(&mut mnist(&["--device", "cpu", "--images", "64", "--data", path]));
    load().succeeded().line("data: MNIST, 60000 + 10000 images");

    let labels = folder.file("t10k-labels.idx1-ubyte");
    let whole = read("t10k-labels-idx1-ubyte");
    fs::write(&labels, &whole[..whole.len() / 2]).unwrap();
    load().failed(2, &[&labels]);
    fs::write(&labels, read("train-labels-idx1-ubyte")).unwrap();
    load().failed(2, &[&labels, "more than the 10008 bytes"]);
    fs::remove_file(&labels).unwrap();
    load().failed(2, &["holds no t10k-labels-idx1-ubyte", "get-mnist.sh", path]);
}

#[test]
fn a_file_that_holds_something_else_is_left_as_it_is() {
    let folder = Folder::new();
    let (thesis, new) = (folder.file("thesis.tex"), folder.file("new"));
    fs::write(&thesis, "mine").unwrap();
    let save = |file: &str, json: &str| {
        run(&mut drawn(&["--images", "64", "--save", file, "--json", json]))
    };
    save(&thesis, &new).failed(2, &["--save", "thesis.tex is not a model"]);
    save(&new, &thesis).failed(2, &["--json", "thesis.tex is not a file of records"]);
    save(&new, &new).failed(2, &["--save", "--json names the same file"]);
    assert_eq!(
        (fs::read_to_string(&thesis).unwrap(), Path::new(&new).exists()),
        ("mine".into(), false)
    );
}

#[test]
fn a_full_disk_for_the_record_does_not_cost_the_model() {
    let folder = Folder::new();
    let model = folder.file("model");
    let ended = run(&mut drawn(&["--images", "64", "--save", &model, "--json", "/dev/full"]));
    ended.failed(1, &["--json", "/dev/full"]);
    ended.line("batch size 64: 1 step an epoch"); // by default a size that fits
    assert!(Path::new(&model).exists());
}

/// A training is killed at some moment, also while it writes, and started again until it has ended.
/// `INTERRUPTIONS=20` tries more of them.
#[test]
fn killed_and_started_again_the_network_has_the_same_bits() {
    let folder = Folder::new();
    let (whole, back) = (folder.file("whole"), folder.file("back"));
    let flags = ["--batch-size", "64", "--images", "1280", "--epochs", "2"];
    run(drawn(&flags).args(["--save", &whole])).succeeded();
    let rounds = std::env::var("INTERRUPTIONS").map_or(1, |count| count.parse().unwrap());
    for round in 0..rounds {
        let checkpoint = folder.file(&format!("checkpoint{round}"));
        let training = || {
            let mut training = drawn(&flags);
            training.args(["--save", &back, "--checkpoint", &checkpoint]);
            training
        };
        let mut killed = training().stdout(Stdio::null()).spawn().unwrap();
        // Ten times an epoch there is a new file. Its steps are read as they are: never half of them.
        let steps = || -> Option<u64> {
            let bytes = fs::read(&checkpoint).ok()?;
            let line = bytes.split(|&byte| byte == b'\n').next()?;
            serde_json::from_slice::<serde_json::Value>(line).unwrap()["steps"].as_u64()
        };
        while steps().unwrap_or(0) < 2 + (7 * round) % 34 {
            assert!(killed.try_wait().unwrap().is_none(), "it ended before it was killed");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(11 * round % 29));
        killed.kill().unwrap();
        killed.wait().unwrap();
        let out = run(&mut training()).succeeded().stdout;
        assert!(out.contains("going on after "), "{out}");
        assert!(fs::read(&whole).unwrap() == fs::read(&back).unwrap(), "round {round}: other bits");
    }
}

#[test]
fn a_checkpoint_of_another_training_or_a_damaged_one_is_refused() {
    let folder = Folder::new();
    let checkpoint = folder.file("checkpoint");
    let flags = |seed| ["--images", "10", "--batch-size", "10", "--seed", seed, "--checkpoint"];
    run(drawn(&flags("1")).arg(&checkpoint)).succeeded();
    let again = run(drawn(&flags("1")).arg(&checkpoint)).succeeded();
    assert!(again.line("Nothing was left to train").contains("of new digits right"));
    assert!(!again.stdout.contains("images/s"), "{}", again.stdout);
    let written = fs::read(&checkpoint).unwrap();
    run(drawn(&flags("2")).arg(&checkpoint)).failed(2, &["of another training", &checkpoint]);
    let mut turned = written.clone();
    turned[3000] ^= 1;
    for damaged in [&written[..written.len() / 2], &turned] {
        fs::write(&checkpoint, damaged).unwrap();
        run(drawn(&flags("1")).arg(&checkpoint)).failed(2, &["damaged checkpoint", &checkpoint]);
        assert!(fs::read(&checkpoint).unwrap() == damaged);
    }
    fs::write(&checkpoint, "my thesis").unwrap();
    run(drawn(&flags("1")).arg(&checkpoint)).failed(2, &["is not a checkpoint of this program"]);
}
