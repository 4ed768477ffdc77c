//! Does a batch fit into the memory that is free?

use cli::misuse;
use common::{available_memory, left_by_ulimit};

use crate::device::Device;
use crate::evaluate::AT_ONCE;
use crate::probe::find_gpu;

/// What a training step keeps of an image on the CPU until its gradients are made: measured.
const CPU_BYTES_AN_IMAGE: u64 = 120_000;

/// Refuses a batch that the memory would not hold.
///
/// # Errors
/// [`cli::Misuse`] with a batch that would fit.
pub(crate) fn check(device: Device, batch_size: usize) -> anyhow::Result<()> {
    let cpu = |batch_size: u64| batch_size * CPU_BYTES_AN_IMAGE;
    match device {
        Device::Cpu => match [available_memory(), left_by_ulimit()].into_iter().flatten().min() {
            Some(free) => compare(batch_size, cpu, free, "memory is available"),
            None => Ok(()),
        },
        Device::Cuda => match find_gpu() {
            Ok(gpu) => compare(
                batch_size,
                |batch_size| gpu_bytes(batch_size, gpu.memory),
                gpu.free,
                "the GPU's memory is free",
            ),
            Err(_) => Ok(()),
        },
    }
}

fn compare(
    batch_size: usize,
    needed: impl Fn(u64) -> u64,
    free: u64,
    what: &str,
) -> anyhow::Result<()> {
    let batch_size = batch_size as u64;
    if needed(batch_size) <= free {
        return Ok(());
    }
    let cure = match (1..batch_size).rev().find(|&size| needed(size) <= free) {
        Some(size) => format!("--batch-size {size} would fit"),
        None => "no batch would fit: see who uses it, or take another device".to_string(),
    };
    let (needed, free) = (gigabytes(needed(batch_size)), gigabytes(free));
    Err(misuse(format!(
        "a batch of {batch_size} needs about {needed}, but {free} of {what}; {cure}"
    )))
}

/// Outputs of the network's layers for one image, in bytes: two convolutions, two max-pools.
const OUTPUTS: [u64; 4] = [4 * 32 * 28 * 28, 4 * 32 * 14 * 14, 4 * 64 * 14 * 14, 4 * 64 * 7 * 7];

/// How often such an output is kept at once: its value before and after the ReLU, and gradients.
const COPIES: u64 = 4;

/// All images of MNIST, one byte for each pixel.
const DATA: u64 = 70_000 * 28 * 28;

/// What the training takes on a GPU with so much memory, in bytes.
///
/// CubeCL, under Burn, takes pages and gives none back: of a quarter of the GPU's memory, of a
/// quarter of that, and so on down to less than 32 MiB. The n-th size holds tensors of up to its
/// 2^n-th part (`MemoryConfiguration::SubSlices` in the source of cubecl-runtime 0.10). So even a
/// batch of 1 takes one page of each size up to the one that the evaluation needs.
fn gpu_bytes(batch_size: u64, memory: u64) -> u64 {
    let mut pages = vec![memory / 4];
    while pages[pages.len() - 1] >= 32 << 20 {
        pages.push(pages[pages.len() - 1] / 4);
    }
    let mut used = vec![0; pages.len()];
    let mut keep = |bytes: u64, copies: u64| {
        let holds = |&n: &usize| bytes <= pages[n] >> n;
        used[(0..pages.len()).rev().find(holds).unwrap_or(0)] += bytes * copies;
    };
    for images in [batch_size, AT_ONCE as u64] {
        OUTPUTS.iter().for_each(|output| keep(images * output, COPIES));
    }
    keep(DATA, 1);
    let largest = used.iter().position(|&bytes| bytes > 0).unwrap_or(0);
    (largest..pages.len()).map(|n| used[n].div_ceil(pages[n]).max(1) * pages[n]).sum()
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Taken of so many MiB by such a batch, with the stand-in for the driver of `tests/standin`.
    #[test]
    fn a_gpus_memory_is_reckoned_as_burn_takes_it() {
        for (memory, batch_size, taken) in [
            (16_384, 64, 1376),
            (16_384, 1000, 1872),
            (81_920, 1000, 1700),
            (16_384, 4096, 4688),
            (16_384, 10_000, 8272),
        ] {
            let reckoned = gpu_bytes(batch_size, memory << 20) >> 20;
            assert!((taken..=taken * 6 / 5).contains(&reckoned), "{reckoned} for {taken}");
        }
    }

    #[test]
    fn a_batch_that_memory_would_not_hold_is_refused_with_one_that_fits() {
        assert!(check(Device::Cpu, 64).is_ok());
        let error = compare(1000, |size| size * 1_000_000_000, 5_500_000_000, "x").unwrap_err();
        assert!(error.is::<cli::Misuse>());
        assert!(error.to_string().contains("--batch-size 5 would fit"), "{error}");
    }
}
