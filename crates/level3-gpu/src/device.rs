//! The CPU or the GPU: which one was meant, which one there is, and what fits into it.

use std::fmt;

use cli::{ask, count, misuse};

use crate::digits::TRAINING_IMAGES;

/// Where the network is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The cores of this machine.
    Cpu,
    /// The first NVIDIA GPU that this process may use.
    Cuda,
}

/// `CPU` or `GPU`
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(if *self == Self::Cpu { "CPU" } else { "GPU" })
    }
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Choice {
    Cpu,
    #[value(alias = "gpu")]
    Cuda,
    Auto,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Auto => "auto",
        })
    }
}

impl Choice {
    /// What a person typed. A typo is the CPU, as in the workshop, and says so.
    fn typed(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "cpu" => Self::Cpu,
            "cuda" | "gpu" => Self::Cuda,
            "auto" => Self::Auto,
            _ => {
                println!("  '{text}' is none of cpu, cuda, auto; taking the CPU");
                Self::Cpu
            }
        }
    }
}

/// The GPU, as `nvidia-smi` would name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gpu {
    pub(crate) name: String,
    /// In bytes.
    pub(crate) memory: u64,
}

impl Device {
    /// The device that was asked for, or the CPU and a line that says why.
    ///
    /// # Errors
    /// If the answer cannot be read.
    pub(crate) fn choose(flag: Option<Choice>) -> anyhow::Result<Self> {
        let choice = match flag {
            Some(choice) => choice,
            None => ask("Device (cpu, cuda, auto)", Choice::Auto, |text| Ok(Choice::typed(text)))?,
        };
        if choice == Choice::Cpu {
            return Ok(Self::Cpu);
        }
        Ok(match find_gpu() {
            Ok(_) => Self::Cuda,
            Err(reason) => {
                println!("no GPU: {reason}; taking the CPU");
                Self::Cpu
            }
        })
    }

    /// The devices of a sweep: the one that was asked for, or all there are.
    pub(crate) fn all(flag: Option<Choice>) -> anyhow::Result<Vec<Self>> {
        let choice = flag.unwrap_or(Choice::Auto);
        let device = Self::choose(Some(choice))?;
        let both = choice == Choice::Auto && device == Self::Cuda;
        Ok(if both { vec![Self::Cpu, Self::Cuda] } else { vec![device] })
    }

    /// What the hardware is called.
    pub(crate) fn hardware(self) -> String {
        match self {
            Self::Cpu => cpu_name(),
            Self::Cuda => find_gpu().map_or_else(|_| "GPU".to_string(), |gpu| gpu.name),
        }
    }

    pub(crate) fn ask_batch_size(self) -> anyhow::Result<usize> {
        let (question, usual) = match self {
            Self::Cpu => ("Batch size (64, 256, 512)", 512),
            Self::Cuda => ("Batch size (512, 2048, 10000)", 512),
        };
        Ok(ask(question, usual, count(1..=TRAINING_IMAGES as u64))? as usize)
    }

    /// Refuses a batch that the memory would not hold.
    pub(crate) fn check_memory(self, batch_size: usize) -> anyhow::Result<()> {
        let (memory, what, each) = match self {
            Self::Cpu => (available_memory(), "memory is available", CPU_BYTES_AN_IMAGE),
            Self::Cuda => {
                (find_gpu().ok().map(|gpu| gpu.memory), "memory is on the GPU", GPU_BYTES_AN_IMAGE)
            }
        };
        match memory {
            Some(memory) if batch_size as u64 * each > memory => Err(misuse(format!(
                "a batch of {batch_size} needs about {}, but {} of {what}; \
                 --batch-size {} would fit",
                gigabytes(batch_size as u64 * each),
                gigabytes(memory),
                (memory / each).max(1),
            ))),
            _ => Ok(()),
        }
    }
}

/// What a training step keeps of an image until its gradients are made: measured on the CPU; on
/// the GPU the sizes of the layers' outputs, each kept once and some copied once.
const CPU_BYTES_AN_IMAGE: u64 = 120_000;
const GPU_BYTES_AN_IMAGE: u64 = 700_000;

pub(crate) fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

/// As the system calls it, if it does.
fn cpu_name() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "CPU".to_string(), |(_, name)| name.trim().to_string())
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

/// The GPU, or the reason why there is none. Nothing of Burn's GPU backend is touched before
/// this has succeeded, because it panics without a driver.
#[cfg(not(feature = "cuda"))]
pub(crate) fn find_gpu() -> Result<Gpu, String> {
    Err("this program was built without it; build with: \
         cargo build --release -p level3-gpu --features cuda --example level3_mnist"
        .to_string())
}

/// The GPU, or the reason why there is none. Nothing of Burn's GPU backend is touched before
/// this has succeeded, because it panics without a driver.
#[cfg(feature = "cuda")]
pub(crate) fn find_gpu() -> Result<Gpu, String> {
    use std::sync::OnceLock;
    static FOUND: OnceLock<Result<Gpu, String>> = OnceLock::new();
    FOUND.get_or_init(|| probe::gpu().inspect(kernels::keep)).clone()
}

#[cfg(feature = "cuda")]
mod kernels {
    use burn::cubecl::config::cache::CacheConfig;
    use burn::cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};

    use super::Gpu;

    /// Keeps compiled kernels where `cubecl.toml` says, in a folder for each kind of GPU: Burn
    /// looks them up without asking for which GPU they were made, and on another they fail.
    pub(super) fn keep(gpu: &Gpu) {
        let config = CubeClRuntimeConfig::from_current_dir().override_from_env();
        CubeClRuntimeConfig::set(for_one_kind(config, &gpu.name));
    }

    fn for_one_kind(mut config: CubeClRuntimeConfig, name: &str) -> CubeClRuntimeConfig {
        let kind = name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let beside = |cache: CacheConfig| {
            CacheConfig::File(cache.root().join("kernels").join(kind.to_lowercase()))
        };
        config.compilation.cache = config.compilation.cache.map(beside);
        config.autotune.cache = beside(config.autotune.cache);
        config
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn each_kind_of_gpu_has_its_own_folder_under_the_one_of_cubecl_toml() {
            let written = concat!(env!("CARGO_MANIFEST_DIR"), "/../../cubecl.toml");
            let config = CubeClRuntimeConfig::from_file_path(written).unwrap();
            let config = for_one_kind(config, "NVIDIA RTX A6000");
            let folder = config.compilation.cache.unwrap().root();
            assert!(folder.ends_with("target/kernels/nvidia-rtx-a6000"), "{folder:?}");
            assert_eq!(config.autotune.cache.root(), folder);
        }
    }
}

#[cfg(feature = "cuda")]
mod probe {
    use std::path::{Path, PathBuf};

    use cudarc::driver::sys::CUresult;
    use cudarc::{driver, nvrtc};

    use super::Gpu;

    /// The headers that the run-time compiler reads first.
    const HEADER: &str = "include/cuda_runtime.h";

    pub(super) fn gpu() -> Result<Gpu, String> {
        #[expect(unsafe_code, reason = "looking for a library runs its initialisers")]
        let (driver_there, compiler_there) =
            unsafe { (driver::sys::is_culib_present(), nvrtc::sys::is_culib_present()) };
        let slurm = slurm_hint(|name| std::env::var(name).ok());
        if !driver_there {
            return Err(format!("no NVIDIA driver (libcuda.so.1) on this machine{slurm}"));
        }
        driver::result::init().map_err(|error| reason(error.0) + &slurm)?;
        let count = driver::result::device::get_count().map_err(|error| reason(error.0))?;
        if count == 0 {
            return Err(reason(CUresult::CUDA_ERROR_NO_DEVICE) + &slurm);
        }
        let found = describe().map_err(|error| format!("the GPU does not answer ({error:?})"))?;
        let cure = "load a CUDA module, or see scripts/setup.sh --check for a way without root";
        if !compiler_there {
            return Err(format!(
                "{} needs CUDA's run-time compiler (libnvrtc); {cure}",
                found.name
            ));
        }
        let Some(home) = cuda_home() else {
            return Err(format!("{} needs the CUDA headers (CUDA_PATH); {cure}", found.name));
        };
        if !home.join(HEADER).exists() {
            return Err(format!("no {HEADER} in {} (CUDA_PATH); {cure}", home.display()));
        }
        Ok(found)
    }

    fn describe() -> Result<Gpu, driver::DriverError> {
        let device = driver::result::device::get(0)?;
        let name = driver::result::device::get_name(device)?;
        #[expect(unsafe_code, reason = "the device was got from the driver two lines above")]
        let memory = unsafe { driver::result::device::total_mem(device)? };
        Ok(Gpu { name, memory: memory as u64 })
    }

    /// What the driver's refusal means.
    fn reason(error: CUresult) -> String {
        match error {
            CUresult::CUDA_ERROR_NO_DEVICE => match std::env::var("CUDA_VISIBLE_DEVICES") {
                Ok(visible) => {
                    format!("the driver shows no device (CUDA_VISIBLE_DEVICES is '{visible}')")
                }
                Err(_) => "the driver shows no device".to_string(),
            },
            CUresult::CUDA_ERROR_STUB_LIBRARY => {
                "libcuda.so.1 is the stub to link against, not a driver".to_string()
            }
            other => format!("the NVIDIA driver does not start ({other:?})"),
        }
    }

    /// Inside a job that was given no GPU, the cure.
    fn slurm_hint(variable: impl Fn(&str) -> Option<String>) -> String {
        let given = ["SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "SLURM_GPUS_ON_NODE"];
        let job = variable("SLURM_JOB_ID").is_some();
        if job && !given.iter().any(|name| variable(name).is_some()) {
            ", and this job did not ask for one: add --gres=gpu:1".to_string()
        } else {
            String::new()
        }
    }

    /// Where Burn's GPU backend looks for the headers.
    fn cuda_home() -> Option<PathBuf> {
        let usual = || {
            let found = |path: &&str| Path::new(path).exists();
            ["/usr/local/cuda", "/opt/cuda"].iter().copied().find(found).map(PathBuf::from)
        };
        let distribution = || Path::new("/usr/bin/nvcc").exists().then(|| PathBuf::from("/usr"));
        std::env::var_os("CUDA_PATH").map(PathBuf::from).or_else(usual).or_else(distribution)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_job_without_a_gpu_is_told_how_to_get_one() {
            let job = |name: &str| (name == "SLURM_JOB_ID").then(|| "7".to_string());
            assert!(slurm_hint(job).contains("--gres=gpu:1"));
            let given = |name: &str| name.starts_with("SLURM_JOB").then(|| "0".to_string());
            assert_eq!(slurm_hint(given), "");
            assert_eq!(slurm_hint(|_| None), "");
        }

        #[test]
        fn a_stub_is_called_a_stub() {
            assert!(reason(CUresult::CUDA_ERROR_STUB_LIBRARY).contains("stub"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_at_the_prompt_is_the_cpu() {
        assert_eq!(Choice::typed("cdua"), Choice::Cpu);
        assert_eq!(Choice::typed("GPU"), Choice::Cuda);
    }

    #[test]
    fn a_batch_that_memory_would_not_hold_is_refused_with_one_that_fits() {
        assert!(Device::Cpu.check_memory(64).is_ok());
        let error = Device::Cpu.check_memory(1_000_000_000).unwrap_err();
        assert!(error.is::<cli::Misuse>());
        assert!(error.to_string().contains("--batch-size"), "{error}");
    }
}
