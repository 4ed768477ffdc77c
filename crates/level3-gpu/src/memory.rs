//! Does a batch fit into the memory that is free?

use cli::misuse;

use crate::device::Device;
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
        Device::Cpu => match available_memory() {
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

/// How often a step keeps such an output: its value before and after the ReLU, and their gradients.
const COPIES: u64 = 4;

/// What a training step takes on a GPU with so much memory, in bytes.
///
/// CubeCL, under Burn, takes pages and never gives one back: of a quarter of the GPU's memory, of a
/// quarter of that, and so on down to 32 MiB. Tensors share a page, which for the n-th of these
/// sizes holds tensors of up to a 2^n-th of it (`MemoryConfiguration::SubSlices` in the source of
/// cubecl-runtime 0.10). So on 16 GiB the smallest batch takes 1360 MiB: a page of each size but
/// the largest.
fn gpu_bytes(batch_size: u64, memory: u64) -> u64 {
    let mut pages = vec![memory / 4];
    while pages[pages.len() - 1] >= 32 << 20 {
        pages.push(pages[pages.len() - 1] / 4);
    }
    let mut used = vec![0; pages.len()];
    for bytes in OUTPUTS.map(|bytes| batch_size * bytes) {
        let holds = |&n: &usize| bytes <= pages[n] >> n;
        let smallest = (0..pages.len()).rev().find(holds).unwrap_or(0);
        used[smallest] += COPIES * bytes;
    }
    let taken = |n: usize| used[n].div_ceil(pages[n]).max(u64::from(n > 0)) * pages[n];
    (0..pages.len()).map(taken).sum()
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

/// Memory that this process may still take, in bytes, where Linux tells: what is free, or what
/// the job's control group leaves, if that is less.
fn available_memory() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let free = line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024;
    Some(free.min(control_group_memory().unwrap_or(u64::MAX)))
}

/// What the job's control group leaves. A group's limit holds for the groups in it.
fn control_group_memory() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let number = |path: std::path::PathBuf| -> Option<u64> {
        std::fs::read_to_string(path).ok()?.trim().parse().ok()
    };
    std::path::Path::new("/sys/fs/cgroup")
        .join(own)
        .ancestors()
        .filter_map(|group| {
            let limit = number(group.join("memory.max"))?; // "max" is no number: no limit
            Some(limit.saturating_sub(number(group.join("memory.current"))?))
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_batch_takes_a_page_of_each_size_but_the_largest() {
        assert_eq!(gpu_bytes(1, 16 << 30), 1360 << 20);
        assert!(gpu_bytes(10_000, 16 << 30) > 4 << 30);
    }

    #[test]
    fn a_batch_that_memory_would_not_hold_is_refused_with_one_that_fits() {
        assert!(check(Device::Cpu, 64).is_ok());
        let error = compare(1000, |size| size * 1_000_000_000, 5_500_000_000, "x").unwrap_err();
        assert!(error.is::<cli::Misuse>());
        assert!(error.to_string().contains("--batch-size 5 would fit"), "{error}");
    }
}
