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
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use testkit::{Ended, example, records, repository, run_within};

/// Both libraries, built once, in a folder for `LD_LIBRARY_PATH`.
static LIBRARIES: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = scratch("libraries");
    for (source, library) in [("libcuda.c", "libcuda.so.1"), ("libnvrtc.c", "libnvrtc.so")] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standin").join(source);
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).args([folder.join(library), source]);
        assert!(compiler.status().unwrap().success());
    }
    folder
});

/// The headers that the program looks for. Only the real compiler reads them.
static HEADERS: LazyLock<PathBuf> = LazyLock::new(|| {
    let home = scratch("headers");
    for name in ["cuda_runtime.h", "crt/mma.h", "cccl/cuda/pipeline"] {
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

/// The example on the stand-in, started in a folder that keeps kernels for itself: one epoch with so
/// many of 128 images in a step. Real digits where there are any, because they are there at once.
fn mnist(folder: &Path, batch_size: &str) -> Command {
    let kept = format!("cache = {{ file = {folder:?} }}\n");
    fs::write(folder.join("cubecl.toml"), format!("[compilation]\n{kept}[autotune]\n{kept}"))
        .unwrap();
    let mut command = example("level3_mnist");
    let real = std::env::var_os("MNIST_DIR").map(PathBuf::from);
    let real = real.unwrap_or_else(|| repository().join("data/mnist"));
    match real.is_dir() {
        true => command.arg("--data").arg(real),
        false => command.arg("--synthetic"),
    };
    command
        .args(["--device", "gpu", "--workers", "2", "--images", "128", "--batch-size", batch_size])
        .current_dir(folder)
        .env("LD_LIBRARY_PATH", &*LIBRARIES)
        .env("CUDA_PATH", &*HEADERS)
        .env("VK_DRIVER_FILES", "/nonexistent") // no software device, which would be taken for a GPU
        .env_remove("CUDA_VISIBLE_DEVICES");
    command
}

/// Runs it to its end. After an hour something hangs.
fn run(command: &mut Command) -> Ended {
    run_within(Duration::from_secs(3600), command)
}

/// Runs the example with a fault in the driver: it must end with status 1, one line that holds
/// all these parts, and neither a record nor a model.
fn fails(folder: &Path, (variable, value): (&str, &str), parts: &[&str]) {
    let [json, model] = ["json", "model"].map(|name| folder.join(name));
    let mut command = mnist(folder, "64");
    command.arg("--json").arg(&json).arg("--save").arg(&model).env(variable, value);
    let ended = run(&mut command);
    println!("{variable}={value}: {}", ended.failed(1, parts));
    assert!(!ended.stdout.contains("accuracy"), "{variable}={value}: {}", ended.stdout);
    assert!(records(json).is_empty() && !model.exists(), "{variable}={value}");
}

/// A folder with kernels that are compiled and tuned, and how often a run from there calls each
/// function of the driver, with the MiB of memory that it takes.
static KEPT: LazyLock<(PathBuf, HashMap<String, u64>)> = LazyLock::new(|| {
    let folder = scratch("kept");
    let log = folder.join("log");
    for _ in ["cold", "kept"] {
        run(mnist(&folder, "64").env("STANDIN_LOG", &log)).succeeded();
    }
    let pair = |line: &str| {
        let (name, count) = line.split_once(' ').unwrap();
        (name.to_string(), count.parse().unwrap())
    };
    let calls = fs::read_to_string(&log).unwrap().lines().map(pair).collect();
    (folder, calls)
});

/// Without a fault the same run ends well, so it is the fault that ends the others.
#[test]
fn a_healthy_gpu_trains_to_the_end() {
    let folder = scratch("healthy");
    let ended = run(mnist(&folder, "64").args(["--json", "record", "--save", "model"])).succeeded();
    ended.line("The GPU trained for");
    assert!(folder.join("kernels/stand-in-sm-80").is_dir() && folder.join("model").exists());
    let settings = &records(folder.join("record"))[0]["settings"];
    assert_eq!(
        (&settings["device"], &settings["device_name"]),
        (&"gpu".into(), &"Stand-in sm_80".into())
    );
}

#[test]
fn memory_that_runs_out_ends_the_run_with_the_cure() {
    let (kept, calls) = &*KEPT;
    // In the middle of the training, and while kernels are still being tried.
    let parts = ["the GPU's memory ran out", "nothing was saved", "--batch-size"];
    fails(kept, ("STANDIN_SHRINK", &(calls["MiB"] - 1).to_string()), &parts);
    for most in ["1", "300"] {
        fails(&scratch(&format!("memory-{most}")), ("STANDIN_SHRINK", most), &parts);
    }
}

#[test]
fn a_call_of_the_driver_that_fails_ends_the_run_with_its_name() {
    let (kept, calls) = &*KEPT;
    for (function, part_of_the_calls, error, name) in [
        ("cuDevicePrimaryCtxRetain", 0.0, 46, "CUDA_ERROR_DEVICE_UNAVAILABLE"), // others have it
        ("cuLaunchKernel", 0.6, 1, "CUDA_ERROR_INVALID_VALUE"),
        ("cuLaunchKernel", 0.6, 700, "CUDA_ERROR_ILLEGAL_ADDRESS"),
        ("cuEventSynchronize", 0.6, 719, "CUDA_ERROR_LAUNCH_FAILED"),
        ("cuMemcpyHtoDAsync_v2", 0.6, 700, "CUDA_ERROR_ILLEGAL_ADDRESS"),
    ] {
        let nth = 1 + (part_of_the_calls * calls[function] as f64) as u64;
        let parts = ["the GPU failed", name, "nothing was saved", "--device cpu"];
        fails(kept, ("STANDIN_FAIL", &format!("{function} {nth} {error}")), &parts);
    }
    // Here the library does not hand on what the driver said.
    let parts = ["the GPU's part of the program failed", "reading data", "--device cpu"];
    fails(kept, ("STANDIN_FAIL", "cuMemAllocHost_v2 1 1"), &parts);
    // A driver that knows none of the kernels, from the first on.
    let parts = ["compiler is newer than the GPU's driver", "load a CUDA module"];
    fails(&scratch("module"), ("STANDIN_FAIL", "cuModuleLoadData 0 222"), &parts);
}

#[test]
fn numbers_that_are_none_are_not_taken_for_results() {
    for read in ["nan", "0"] {
        fails(&KEPT.0, ("STANDIN_READ", read), &["do not add up to 1", "--device cpu"]);
    }
}

/// What the probe finds missing is told, and the CPU takes over.
#[test]
fn a_gpu_that_cannot_be_used_is_told() {
    let bare = scratch("bare");
    fs::create_dir_all(bare.join("include")).unwrap();
    fs::write(bare.join("include/cuda_runtime.h"), "").unwrap();
    for (variable, value, says) in [
        ("CUDA_PATH", bare.to_str().unwrap(), "no crt/mma.h"),
        ("STANDIN_COUNT", "0", "shows no device"),
    ] {
        let ended = run(mnist(&scratch("unusable"), "64").env(variable, value)).succeeded();
        assert!(ended.line("no GPU: ").contains(says), "{}", ended.stdout);
        ended.line("The CPU trained for");
    }
}

/// Far from any cargo project kernels still go where the README says: to the folder in which cargo
/// built the program.
#[test]
fn kernels_are_kept_beside_the_program_wherever_it_is_started() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let kernels = target.join("kernels/stand-in-sm-86"); // of a GPU that no other test has
    let _ = fs::remove_dir_all(&kernels);
    let mut command = mnist(&scratch("elsewhere"), "64");
    let elsewhere = std::env::temp_dir();
    command.env("STANDIN_SM", "86").current_dir(&elsewhere).env("HOME", &elsewhere);
    run(&mut command).succeeded();
    fs::remove_dir_all(kernels).unwrap();
}

/// Every kernel of the network, compiled by CUDA's own compiler for each GPU of `STANDIN_SMS`.
#[test]
#[ignore = "needs CUDA's run-time compiler, for minutes: scripts/test.sh kernels"]
fn every_kernel_compiles_and_is_kept() {
    let variable = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let nvrtc = variable("STANDIN_NVRTC");
    let compiler = Path::new(&nvrtc).parent().unwrap();
    let libraries = format!("{}:{}", LIBRARIES.display(), compiler.display());
    for sm in variable("STANDIN_SMS").split(' ') {
        let folder = scratch(&format!("compiled-{sm}"));
        let log = folder.join("compiled");
        // The kernels of a batch of 64 and, for the same images, of one of 96 and one of 32.
        for (what, batch, compiles) in
            [("cold", "64", true), ("cold", "96", true), ("kept", "96", false)]
        {
            let _ = fs::remove_file(&log);
            let start = Instant::now();
            let mut command = mnist(&folder, batch);
            command
                .env("STANDIN_SM", sm)
                .env("STANDIN_NVRTC", &nvrtc)
                .env("STANDIN_COMPILED", &log)
                .env("CUDA_PATH", variable("STANDIN_HEADERS"))
                .env("LD_LIBRARY_PATH", &libraries);
            run(&mut command).succeeded();
            let seconds = start.elapsed().as_secs();
            let log = fs::read_to_string(&log).unwrap_or_default();
            let failed = log.lines().filter(|line| line.starts_with("failed")).count();
            println!(
                "sm_{sm}, batch {batch}, {what}: {} kernels compiled, {failed} failed, {seconds} s",
                log.lines().count()
            );
            assert_eq!(failed, 0, "{log}");
            assert_eq!(!log.is_empty(), compiles, "{log}");
        }
    }
}
