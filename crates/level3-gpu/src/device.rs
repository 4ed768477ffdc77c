//! The CPU or the GPU: which one was meant, and which one it is.

use std::fmt;

use clap::ValueEnum;
use cli::{ask, count, name_of, wrapped};

/// Where the network is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The cores of this machine.
    Cpu,
    /// The first NVIDIA GPU that this process may use; only in a build with the feature `cuda`.
    #[cfg(feature = "cuda")]
    Gpu,
}

/// `CPU` or `GPU`
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(if *self == Self::Cpu { "CPU" } else { "GPU" })
    }
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    Cpu,
    #[value(alias = "cuda")]
    Gpu,
    Auto,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&name_of(*self))
    }
}

impl Choice {
    fn typed(text: &str) -> Result<Self, String> {
        Self::from_str(text, true).map_err(|_| format!("'{text}' is not cpu, gpu or auto"))
    }

    /// The device that is meant, or the CPU and a line that says why.
    fn device(self) -> Device {
        if self == Self::Cpu {
            return Device::Cpu;
        }
        Device::gpu().unwrap_or_else(|reason| {
            println!("{}", wrapped(&format!("no GPU: {reason}; taking the CPU")));
            Device::Cpu
        })
    }
}

impl Device {
    /// The GPU, or the reason why there is none.
    #[cfg(feature = "cuda")]
    fn gpu() -> Result<Self, String> {
        crate::probe::gpu_name().map(|_| Self::Gpu)
    }

    /// The GPU, or the reason why there is none.
    #[cfg(not(feature = "cuda"))]
    fn gpu() -> Result<Self, String> {
        Err("this program was built without it (--features cuda)".to_string())
    }

    /// The device that was asked for. Asks if none was.
    ///
    /// # Errors
    /// If the input ends without an answer.
    pub(crate) fn choose(flag: Option<Choice>) -> anyhow::Result<Self> {
        let question = || ask("Device (cpu, gpu, auto)", Choice::Auto, Choice::typed);
        Ok(flag.map_or_else(question, Ok)?.device())
    }

    /// The devices of a sweep: the one that was asked for, or all there are.
    pub(crate) fn all(flag: Option<Choice>) -> Vec<Self> {
        let choice = flag.unwrap_or(Choice::Auto);
        let cpu = (choice == Choice::Auto).then_some(Self::Cpu);
        let mut devices: Vec<Self> = cpu.into_iter().chain([choice.device()]).collect();
        devices.dedup();
        devices
    }

    /// What the hardware is called.
    pub(crate) fn hardware(self) -> String {
        match self {
            Self::Cpu => cpu_name(),
            #[cfg(feature = "cuda")]
            Self::Gpu => crate::probe::gpu_name().unwrap_or_default(),
        }
    }

    /// Asks how many images a step takes, of so many.
    ///
    /// # Errors
    /// If the input ends without an answer.
    pub(crate) fn ask_batch_size(self, images: usize) -> anyhow::Result<usize> {
        let usual = if self == Self::Cpu { [64, 256, 512] } else { [512, 2048, 10_000] };
        let mut sizes = usual.map(|size| size.min(images)).to_vec();
        sizes.dedup();
        let question = format!("Batch size {sizes:?}").replace('[', "(").replace(']', ")");
        let images = images as u64;
        Ok(ask(&question, images.min(512), count(1..=images))? as usize)
    }
}

/// As the system calls it, if it does.
fn cpu_name() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "CPU".to_string(), |(_, name)| name.trim().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_read_in_any_case_and_a_typo_is_named() {
        assert_eq!(Choice::typed("GPU"), Ok(Choice::Gpu));
        assert_eq!(Choice::typed("cuda"), Ok(Choice::Gpu));
        assert_eq!(Choice::typed("cdua"), Err("'cdua' is not cpu, gpu or auto".to_string()));
    }
}
