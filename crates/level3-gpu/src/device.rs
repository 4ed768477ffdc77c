//! The CPU or the GPU: which one was meant, and which one it is.

use std::fmt;
use std::sync::LazyLock;

use clap::ValueEnum;
use cli::{ask, count, name_of, wrapped};

/// Where the network is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The cores of this machine.
    Cpu,
    /// The first NVIDIA GPU that this process may use; only in a build with the feature `cuda`.
    #[cfg(feature = "cuda")]
    Cuda,
    /// The best GPU that Vulkan or Metal know; only in a build with the feature `wgpu`.
    #[cfg(feature = "wgpu")]
    Wgpu,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// As the driver calls it.
    pub(crate) name: String,
    /// Whether it only behaves like a GPU, and computes on the CPU.
    pub(crate) software: bool,
}

/// What a look for a GPU found; if there is none, why. It is taken once, when somebody asks.
pub(crate) type Look = LazyLock<Result<Found, String>>;

/// The kinds of GPU that this program was built for, the first choice first.
static KINDS: &[(Device, &Look)] = &[
    #[cfg(feature = "cuda")]
    (Device::Cuda, &crate::probe::NVIDIA),
    #[cfg(feature = "wgpu")]
    (Device::Wgpu, &crate::adapter::ANY),
];

/// `CPU`, `GPU` or `software device`
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self.found() {
            None => "CPU",
            _ if self.is_software() => "software device",
            Some(_) => "GPU",
        })
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let kind = if self.software { ", which computes on the CPU" } else { "" };
        write!(f, "{}{kind}", self.name)
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
        Device::gpu(self).unwrap_or_else(|reason| {
            println!("{}", wrapped(&format!("no GPU: {reason}; taking the CPU")));
            Device::Cpu
        })
    }
}

impl Device {
    /// The GPU, or the reason why there is none. Only `gpu` means a software device too, not `auto`.
    pub(crate) fn gpu(choice: Choice) -> Result<Self, String> {
        let mut reasons = Vec::new();
        for (device, look) in KINDS {
            match LazyLock::force(look) {
                Ok(found) if found.software && choice != Choice::Gpu => {
                    reasons.push(format!("only {found} (--device gpu takes it)"));
                }
                Ok(_) => {
                    #[cfg(feature = "wgpu-or-cuda")]
                    crate::fault::end_on_panic();
                    return Ok(*device);
                }
                Err(reason) => reasons.push(reason.clone()),
            }
        }
        if reasons.is_empty() {
            let build = "cargo build --release -p level3-gpu --examples --features wgpu";
            let build = format!("{build} (NVIDIA: --features cuda)");
            reasons.push(format!("this program was built without it; to build it, {build}"));
        }
        Err(reasons.join("; "))
    }

    /// The GPU that it stands for, if it is none of the CPU.
    fn found(self) -> Option<Found> {
        let kind = KINDS.iter().find(|(device, _)| *device == self);
        kind.map(|(_, look)| LazyLock::force(look).clone().unwrap_or_default())
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

    /// Whether it is a driver that computes on the CPU.
    pub(crate) fn is_software(self) -> bool {
        self.found().is_some_and(|found| found.software)
    }

    /// What the hardware is called.
    pub(crate) fn hardware(self) -> String {
        self.found().map_or_else(cpu_name, |gpu| gpu.to_string())
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
