//! The GPU's arm without a GPU: the example, run on a stand-in for the driver (`standin/libcuda.c`
//! says what it answers, what it refuses, and what it can be told to do wrong).
//!
//! What these tests prove: how the program fails when the GPU does; and, with CUDA's real run-time
//! compiler, that every kernel of the network compiles for a GPU and is launched within its limits
//! on living memory. What they do not: any number that a GPU computes, its speed, which kernels
//! autotuning would really pick, what a real driver does. That needs a GPU:
//! `the_gpu_learns_what_the_cpu_learns` in `level3_mnist.rs`.
#![cfg(feature = "cuda")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::Instant;

/// Both libraries, built once, in a folder for `LD_LIBRARY_PATH`.
static LIBRARIES: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = scratch("libraries");
    for (source, library) in [("libcuda.c", "libcuda.so.1"), ("libnvrtc.c", "libnvrtc.so")] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standin").join(source);
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([folder.join(library), source])
            .status();
        assert!(built.unwrap().success());
    }
    folder
});

/// The headers that the program looks for. Only the real compiler reads them.
static HEADERS: LazyLock<PathBuf> = LazyLock::new(|| {
    let home = scratch("headers");
    for name in [
        "cuda_runtime.h",
        "cuda_fp16.h",
        "cuda_bf16.h",
        "mma.h",
        "crt/mma.h",
        "cooperative_groups.h",
        "cccl/cuda/pipeline",
    ] {
        let file = home.join("include").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }
    home
});

/// An empty folder of a test's own.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("standin").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The example on the stand-in, started in a folder that keeps kernels for itself: one epoch of two
/// steps, or what the last flags say instead. After an hour something hangs.
fn example(folder: &Path, flags: &[&str]) -> Command {
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples/level3_mnist");
    let kept = format!("cache = {{ file = {folder:?} }}\n");
    fs::write(folder.join("cubecl.toml"), format!("[compilation]\n{kept}[autotune]\n{kept}"))
        .unwrap();
    let mut command = Command::new("timeout");
    command
        .arg("3600")
        .arg(program)
        .args(digits())
        .args(["--device", "cuda", "--workers", "2"])
        .args(flags)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("LD_LIBRARY_PATH", &*LIBRARIES)
        .env("CUDA_PATH", &*HEADERS);
    for name in ["CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID"] {
        command.env_remove(name);
    }
    command
}

/// Real digits where there are any, because they are there at once; drawn ones elsewhere.
fn digits() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/mnist");
    let folder = std::env::var_os("MNIST_DIR").map_or(here, PathBuf::from);
    if folder.is_dir() { vec!["--data".into(), folder] } else { vec!["--synthetic".into()] }
}

const SMALL: [&str; 4] = ["--batch-size", "64", "--images", "128"];

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// What the example printed, if it ended well and had nothing to complain about.
fn finish(mut command: Command) -> String {
    let output = command.output().unwrap();
    let (out, err) = texts(&output);
    assert!(output.status.success() && err.is_empty(), "{:?}\n{out}{err}", output.status);
    out
}

/// Runs the example with a fault in the driver: it must end with this status, one line that holds
/// all these parts, and neither a record nor a model.
fn fails(folder: &Path, status: i32, fault: (&str, &str), flags: &[&str], parts: &[&str]) {
    let name = format!("{}-{}", fault.0, fault.1).replace(' ', "-");
    let [json, model] = ["jsonl", "model"].map(|kind| folder.join(format!("{name}.{kind}")));
    let mut command = example(folder, flags);
    command.arg("--json").arg(&json).arg("--save").arg(&model).env(fault.0, fault.1);
    let output = command.output().unwrap();
    let (out, line) = texts(&output);
    println!("{fault:?} {flags:?}: status {:?}, {line}", output.status.code());
    assert_eq!(output.status.code(), Some(status), "{name}: {out}{line}");
    assert_eq!(line.lines().count(), 1, "{name}: {line}");
    assert!(!line.contains("panicked") && !out.contains("accuracy"), "{name}: {out}{line}");
    for part in parts {
        assert!(line.contains(part), "{name}: no {part:?} in {line}");
    }
    assert_eq!(fs::read_to_string(json).unwrap_or_default(), "", "{name}");
    assert!(!model.exists(), "{name}");
}

/// A folder with kernels that are compiled and tuned, and how often a run from there calls each
/// function of the driver.
static KEPT: LazyLock<(PathBuf, HashMap<String, u64>)> = LazyLock::new(|| {
    let folder = scratch("kept");
    let log = folder.join("log");
    for _ in ["cold", "kept"] {
        let mut command = example(&folder, &SMALL);
        command.env("STANDIN_LOG", &log);
        finish(command);
    }
    (folder.clone(), calls(&log))
});

/// What the stand-in wrote at its end: calls of each function, MiB of memory.
fn calls(log: &Path) -> HashMap<String, u64> {
    let pair = |line: &str| {
        let (name, count) = line.split_once(' ').unwrap();
        (name.to_string(), count.parse().unwrap())
    };
    fs::read_to_string(log).unwrap().lines().map(pair).collect()
}

/// Without a fault the same run ends well, so it is the fault that ends the others.
#[test]
fn a_healthy_gpu_trains_to_the_end() {
    let folder = scratch("healthy");
    let mut command = example(&folder, &SMALL);
    command.args(["--json", "record", "--save", "model"]);
    let out = finish(command);
    assert!(out.contains("GPU: Stand-in sm_80"), "{out}");
    let kernels = folder.join("kernels/stand-in-sm-80");
    assert!(out.contains(&format!("compiled kernels: {}", kernels.display())), "{out}");
    assert!(kernels.is_dir() && folder.join("model").exists(), "{out}");
    let record = fs::read_to_string(folder.join("record")).unwrap();
    let record: serde_json::Value = serde_json::from_str(record.trim()).unwrap();
    assert_eq!(record["settings"]["device"], "gpu");
    assert_eq!(record["settings"]["device_name"], "Stand-in sm_80");
}

#[test]
fn memory_that_runs_out_ends_the_run_with_the_cure() {
    let (kept, calls) = &*KEPT;
    // In the middle of the training, and while kernels are still being tried.
    let parts = ["the GPU's memory ran out", "nothing was saved", "--batch-size"];
    fails(kept, 1, ("STANDIN_SHRINK", &(calls["MiB"] - 1).to_string()), &SMALL, &parts);
    for most in ["1", "100", "300", "1300"] {
        fails(&scratch(&format!("memory-{most}")), 1, ("STANDIN_SHRINK", most), &SMALL, &parts);
    }
}

#[test]
fn a_call_of_the_driver_that_fails_ends_the_run_with_its_name() {
    let (kept, calls) = &*KEPT;
    for (function, part_of_the_calls, error, name) in [
        ("cuLaunchKernel", 0.6, 1, "CUDA_ERROR_INVALID_VALUE"),
        ("cuLaunchKernel", 0.6, 700, "CUDA_ERROR_ILLEGAL_ADDRESS"),
        ("cuEventSynchronize", 0.6, 719, "CUDA_ERROR_LAUNCH_FAILED"),
        ("cuModuleLoadData", 0.6, 222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"),
        ("cuMemcpyHtoDAsync_v2", 0.6, 700, "CUDA_ERROR_ILLEGAL_ADDRESS"),
    ] {
        let nth = 1 + (part_of_the_calls * calls[function] as f64) as u64;
        let fault = format!("{function} {nth} {error}");
        let parts = ["the GPU failed", name, "nothing was saved", "--device cpu"];
        fails(kept, 1, ("STANDIN_FAIL", &fault), &SMALL, &parts);
    }
    // Here the library does not hand on what the driver said.
    let parts = ["the GPU's part of the program failed", "reading data", "--device cpu"];
    fails(kept, 1, ("STANDIN_FAIL", "cuMemAllocHost_v2 1 1"), &SMALL, &parts);
    // A driver that knows none of the kernels, from the first on.
    let parts = ["the GPU failed", "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"];
    fails(&scratch("module"), 1, ("STANDIN_FAIL", "cuModuleLoadData 0 222"), &SMALL, &parts);
}

#[test]
fn numbers_that_are_none_are_not_taken_for_results() {
    for read in ["nan", "0"] {
        let parts = ["no probability", "--device cpu"];
        fails(&KEPT.0, 1, ("STANDIN_READ", read), &SMALL, &parts);
    }
}

#[test]
fn a_batch_for_which_too_little_memory_is_free_is_refused_before_the_training() {
    let folder = scratch("free");
    let large = ["--batch-size", "10000"];
    let free = "of the GPU's memory is free";
    fails(&folder, 2, ("STANDIN_FREE", "6000"), &large, &[free, "--batch-size"]);
    fails(&folder, 2, ("STANDIN_FREE", "1000"), &SMALL, &[free, "no batch would fit"]);
}

/// What the memory is reckoned to be is what Burn's pools take, or somewhat more.
#[test]
fn the_memory_of_a_batch_is_reckoned_as_it_is_taken() {
    for (total, batch) in [("16384", "64"), ("16384", "1000"), ("81920", "1000")] {
        let folder = scratch(&format!("reckoned-{total}-{batch}"));
        let log = folder.join("log");
        let mut command = example(&folder, &["--batch-size", batch, "--images", batch]);
        command.env("STANDIN_TOTAL", total).env("STANDIN_LOG", &log);
        finish(command);
        let taken = calls(&log)["MiB"];
        // What is reckoned stands in the line that refuses the same run on a full GPU.
        let mut command = example(&folder, &["--batch-size", batch, "--images", batch]);
        command.env("STANDIN_TOTAL", total).env("STANDIN_FREE", "1");
        let (_, line) = texts(&command.output().unwrap());
        let gigabytes = line.split(" needs about ").nth(1).unwrap().split(' ').next().unwrap();
        let reckoned = gigabytes.parse::<f64>().unwrap() * 1e9 / f64::from(1 << 20);
        println!("{total} MiB, batch {batch}: {taken} MiB taken, {reckoned:.0} reckoned");
        let ratio = reckoned / taken as f64;
        assert!((0.95..1.5).contains(&ratio), "{total} MiB, batch {batch}: {ratio}");
    }
}

/// What the probe finds missing is told at the beginning and at the end, and the CPU takes over.
#[test]
fn a_gpu_that_cannot_be_used_is_told_twice() {
    let bare = scratch("bare");
    fs::create_dir_all(bare.join("include")).unwrap();
    fs::copy(HEADERS.join("include/cuda_runtime.h"), bare.join("include/cuda_runtime.h")).unwrap();
    for (name, fault, value, parts) in [
        ("old-driver", "STANDIN_VERSION", "12040", &["12.9", "12.4 at most"][..]),
        ("no-headers", "CUDA_PATH", bare.to_str().unwrap(), &["mma.h", "CUDA_PATH"]),
        ("taken", "STANDIN_FAIL", "cuDevicePrimaryCtxRetain 1 46", &["taken by another program"]),
        ("none", "STANDIN_COUNT", "0", &["shows no device"]),
    ] {
        let mut command = example(&scratch(name), &SMALL);
        command.env(fault, value);
        let out = finish(command);
        println!("{fault}={value}: {}", out.lines().last().unwrap());
        for line in [out.lines().find(|line| line.starts_with("no GPU: ")), out.lines().last()] {
            assert!(parts.iter().all(|part| line.unwrap().contains(part)), "{name}: {out}");
        }
        assert!(out.lines().last().unwrap().starts_with("Not on the GPU"), "{name}: {out}");
        assert!(out.contains("\nCPU: ") && out.contains("accuracy: "), "{name}: {out}");
    }
}

/// Far from any cargo project kernels still go where the README says: to the folder in which cargo
/// built the program.
#[test]
fn kernels_are_kept_beside_the_program_wherever_it_is_started() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let kernels = target.join("kernels/stand-in-sm-86"); // of a GPU that no other test has
    let _ = fs::remove_dir_all(&kernels);
    let mut command = example(&scratch("elsewhere"), &SMALL);
    let elsewhere = std::env::temp_dir();
    command.env("STANDIN_SM", "86").current_dir(&elsewhere).env("HOME", &elsewhere);
    let out = finish(command);
    assert!(out.contains(&format!("compiled kernels: {}", kernels.display())), "{out}");
    assert!(kernels.is_dir());
    fs::remove_dir_all(kernels).unwrap();
}

/// Every kernel of the network, compiled by CUDA's own compiler for each GPU of `STANDIN_SMS`.
#[test]
#[ignore = "needs CUDA's run-time compiler, for minutes: scripts/test.sh kernels"]
fn every_kernel_compiles_and_is_kept() {
    let variable = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let nvrtc = variable("STANDIN_NVRTC");
    for sm in variable("STANDIN_SMS").split(' ') {
        let folder = scratch(&format!("compiled-{sm}"));
        let log = folder.join("compiled");
        // The kernels of a batch of 64 and, for the same images, of one of 96 and one of 32.
        for (run, batch, compiles) in
            [("cold", "64", true), ("cold", "96", true), ("kept", "96", false)]
        {
            let _ = fs::remove_file(&log);
            let start = Instant::now();
            let mut command = example(&folder, &["--batch-size", batch, "--images", "128"]);
            command
                .env("STANDIN_SM", sm)
                .env("STANDIN_NVRTC", &nvrtc)
                .env("STANDIN_COMPILED", &log)
                .env("CUDA_PATH", variable("STANDIN_HEADERS"));
            let compiler = Path::new(&nvrtc).parent().unwrap();
            let libraries = format!("{}:{}", LIBRARIES.display(), compiler.display());
            command.env("LD_LIBRARY_PATH", libraries);
            let out = finish(command);
            let seconds = start.elapsed().as_secs();
            let log = fs::read_to_string(&log).unwrap_or_default();
            let failed = log.lines().filter(|line| line.starts_with("failed")).count();
            println!(
                "sm_{sm}, batch {batch}, {run}: {} kernels compiled, {failed} failed, {seconds} s",
                log.lines().count()
            );
            assert_eq!(failed, 0, "{log}");
            assert_eq!(!log.is_empty(), compiles, "{log}");
            assert!(out.contains("accuracy: "), "{out}");
        }
    }
}
