//! The GPU's arm on whatever device is here: a software device where there is no GPU. Elsewhere the tests
//! say that they were skipped; `scripts/test.sh wgpu` installs one.
#![cfg(feature = "wgpu")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

use burn::backend::Wgpu;
use burn::nn::loss::CrossEntropyLoss;
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use level3_gpu::{Autodiff, Cnn, Flex, Images, OnDevice, Training};
use testkit::{Folder, example, records, run};

/// A lesson with these flags, on two workers; the driver of the software device says nothing.
fn lesson(name: &str, flags: &[&str]) -> Command {
    let mut command = example(name);
    command.args(flags).args(["--workers", "2"]).env("NODEVICE_SELECT", "1");
    command
}

fn kernel(flags: &[&str]) -> Command {
    lesson("level3_kernel", flags)
}

/// Whether there is a device.
fn device_is_here() -> bool {
    let ended = run(&mut kernel(&["--size", "1"]));
    if ended.status != 0 {
        println!("skipped: {}", ended.failed(2, &["no GPU", "mesa-vulkan-drivers"]));
    }
    ended.status == 0
}

#[test]
fn the_kernel_computes_what_the_loop_computes_to_the_last_bit() {
    if !device_is_here() {
        return;
    }
    let folder = Folder::new();
    let json = folder.file("runs.jsonl");
    for size in ["1", "2", "3", "31", "512", "1000"] {
        for steps in ["0", "1", "200"] {
            run(&mut kernel(&["--size", size, "--steps", steps, "--json", &json])).succeeded();
            let record = records(&json).pop().unwrap();
            // Hardware may take the smallest numbers for 0. More than that ends with an error.
            let exact = record["settings"]["device"] == "software device";
            assert!(!exact || record["results"]["worst_difference"] == 0.0, "{record}");
            for name in ["cpu_s", "warmup_s", "copy_in_s", "compute_s", "copy_out_s"] {
                assert!(record["results"][name].is_number(), "{name}: {record}");
            }
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_machine_without_a_driver_is_told_what_to_install() {
    let mut command = kernel(&[]);
    command.env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent");
    run(&mut command).failed(2, &["no GPU", "mesa-vulkan-drivers"]);
    run(&mut kernel(&["--device", "cpu"])).failed(2, &["--device gpu"]);
}

/// A software device is no GPU to those who did not ask for one.
#[test]
fn auto_takes_no_software_device() {
    let flags = ["--synthetic", "--images", "64", "--batch-size", "64", "--device", "auto"];
    let ended = run(&mut lesson("level3_mnist", &flags)).succeeded();
    if ended.stdout.contains("computes on the CPU") {
        assert!(ended.line("no GPU: ").contains("--device gpu"), "{}", ended.stdout);
        ended.line("The CPU trained for");
    }
}

/// Ten losses, from the same first parameters and images.
fn losses<B: Training>() -> Vec<f32> {
    let device = B::Device::default();
    let pixels = (0..4 * 784).map(|i| (i * i % 256) as u8).collect();
    let images = OnDevice::<B>::new(&Images { pixels, labels: vec![3, 1, 4, 1] }, 4, &device);
    let mut adam = AdamConfig::new().init();
    let mut model = Cnn::<B>::new(42, &device);
    let step = |_| {
        let batch = images.batch(&[2, 0, 1, 3]);
        let scores = model.forward(batch.images);
        let loss = CrossEntropyLoss::new(None, &device).forward(scores, batch.labels);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = adam.step(1e-3, model.clone(), gradients);
        loss.into_data().iter::<f32>().next().unwrap()
    };
    (0..10).map(step).collect()
}

#[test]
fn the_network_learns_through_wgpu_what_it_learns_on_the_cpu() {
    if !device_is_here() {
        return;
    }
    let (cpu, gpu) = (losses::<Autodiff<Flex>>(), losses::<Autodiff<Wgpu>>());
    for (cpu, gpu) in cpu.iter().zip(&gpu) {
        assert!((cpu - gpu).abs() < 1e-4, "{cpu} on the CPU, {gpu} on the GPU");
    }
    assert!(cpu[9] < cpu[0], "{cpu:?}");
}
