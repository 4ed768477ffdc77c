//! CUDA's own path without a GPU: the example, run on a stand-in for the driver (`standin/libcuda.c` says
//! what it does, and how it is told to fail).
//!
//! What these tests prove: how the program fails when the GPU does; and, with CUDA's real run-time
//! compiler, that every kernel of the network compiles. What kernels compute is seen on a software device
//! (`level3_kernel.rs`), and on a GPU of NVIDIA by `the_gpu_learns_what_the_cpu_learns` in `level3_mnist.rs`.
#![cfg(feature = "cuda")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use testkit::{Ended, Folder, example, records, run_within};

/// Both libraries, built once, in a folder for `LD_LIBRARY_PATH`.
static LIBRARIES: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = scratch("libraries");
    build("libcuda.c", folder.join("libcuda.so.1"), &[]);
    build("libnvrtc.c", folder.join("libnvrtc.so"), &[]);
    folder
});

/// Builds one of them, with these words for the compiler.
fn build(source: &str, library: PathBuf, words: &[&str]) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standin").join(source);
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).args([library, source]).args(words);
    assert!(compiler.status().unwrap().success());
}

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
/// many of 128 images in a step.
fn mnist(folder: &Path, batch_size: &str) -> Command {
    let kept = format!("cache = {{ file = {folder:?} }}\n");
    fs::write(folder.join("cubecl.toml"), format!("[compilation]\n{kept}[autotune]\n{kept}"))
        .unwrap();
    let mut command = example("level3_mnist");
    command
        .args(["--device", "gpu", "--workers", "2", "--images", "128", "--batch-size", batch_size])
        .arg("--synthetic")
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

/// Runs the example on a driver with a fault: it must end with status 1, one line that holds all these
/// parts, and neither a record nor a model.
fn fails(mut command: Command, parts: &[&str]) {
    let folder = Folder::new();
    let [json, model] = ["json", "model"].map(|name| folder.file(name));
    command.args(["--json", &json, "--save", &model]);
    let ended = run(&mut command);
    println!("{}", ended.failed(1, parts));
    assert!(!ended.stdout.contains("accuracy"), "{}", ended.stdout);
    assert!(records(json).is_empty() && !Path::new(&model).exists(), "{parts:?}");
}

/// A folder with kernels that are compiled and tuned, by a run without a fault, which ends well.
static KEPT: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = scratch("kept");
    run(&mut mnist(&folder, "64")).succeeded().line("The GPU trained for");
    folder
});

#[test]
fn a_call_of_the_driver_that_fails_ends_the_run_with_one_line() {
    let failed = |name| ["the GPU failed", name, "nothing was saved", "--device cpu"];
    let memory = ["the GPU's memory ran out", "nothing was saved", "--batch-size", "nvidia-smi"];
    // Here the library does not hand on what the driver said.
    let host = ["the GPU's part of the program failed", "reading data", "nothing", "--device cpu"];
    let module = ["compiler is newer than the GPU's driver", "nothing", "load a CUDA", "module"];
    for (fault, parts) in [
        ("cuDevicePrimaryCtxRetain 1 46", failed("CUDA_ERROR_DEVICE_UNAVAILABLE")), // others have it
        ("cuMemAlloc 4 2", memory),
        ("cuModuleLoadData 1 222", module),
        ("cuLaunchKernel 40 1", failed("CUDA_ERROR_INVALID_VALUE")),
        ("cuLaunchKernel 40 700", failed("CUDA_ERROR_ILLEGAL_ADDRESS")),
        ("cuEventSynchronize 2 719", failed("CUDA_ERROR_LAUNCH_FAILED")),
        ("cuMemcpyHtoDAsync_v2 2 700", failed("CUDA_ERROR_ILLEGAL_ADDRESS")),
        ("cuMemAllocHost_v2 1 1", host),
    ] {
        let mut command = mnist(&KEPT, "64");
        command.env("STANDIN_FAIL", fault);
        fails(command, &parts);
    }
}

/// cudarc looks a function up when it is first called, and panics if the driver has none of that name.
#[test]
fn a_driver_that_lacks_a_function_ends_the_run_with_one_line() {
    let old = scratch("old");
    build("libcuda.c", old.join("libcuda.so.1"), &["-DcuMemAllocAsync=unknown"]);
    let mut command = mnist(&scratch("lacks"), "64");
    command.env("LD_LIBRARY_PATH", format!("{}:{}", old.display(), LIBRARIES.display()));
    fails(command, &["the NVIDIA driver is too old", "cuMemAllocAsync", "--features wgpu"]);
}

/// What the probe finds missing is told, and the CPU takes over.
#[test]
fn a_gpu_without_the_headers_of_cuda_is_told() {
    let bare = scratch("bare");
    fs::create_dir_all(bare.join("include")).unwrap();
    fs::write(bare.join("include/cuda_runtime.h"), "").unwrap();
    let ended = run(mnist(&scratch("unusable"), "64").env("CUDA_PATH", bare)).succeeded();
    assert!(ended.line("no GPU: ").contains("no crt/mma.h"), "{}", ended.stdout);
    ended.line("The CPU trained for");
}

/// Every kernel of the network, compiled by CUDA's own compiler for each GPU of `STANDIN_SMS`.
#[test]
#[ignore = "needs CUDA's run-time compiler, for minutes: scripts/test.sh kernels"]
fn every_kernel_compiles_and_is_kept() {
    let variable = |name| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let nvrtc = variable("STANDIN_NVRTC");
    let counting = scratch("counting");
    build("libnvrtc.c", counting.join("libnvrtc.so"), &["-DREAL", "-Wl,--no-as-needed", &nvrtc]);
    let compiler = Path::new(&nvrtc).parent().unwrap().display();
    let libraries = format!("{}:{}:{compiler}", counting.display(), LIBRARIES.display());
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
