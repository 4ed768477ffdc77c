//! The CPU or the GPU: which one was meant, and which one it is.

use std::fmt;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use cli::{ask, count};

use crate::probe::find_gpu;

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
        f.write_str(self.to_possible_value().as_ref().map_or("", PossibleValue::get_name))
    }
}

impl Choice {
    /// What a person typed. A typo is the CPU, as in the workshop, and says so.
    fn typed(text: &str) -> Self {
        Self::from_str(text, true).unwrap_or_else(|_| {
            println!("  '{text}' is none of cpu, cuda, auto; taking the CPU");
            Self::Cpu
        })
    }
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

    /// Asks how many images a step takes, of so many.
    pub(crate) fn ask_batch_size(self, images: usize) -> anyhow::Result<usize> {
        let (question, usual) = match self {
            Self::Cpu => ("Batch size (64, 256, 512)", 512),
            Self::Cuda => ("Batch size (512, 2048, 10000)", 512),
        };
        let images = images as u64;
        Ok(ask(question, images.min(usual), count(1..=images))? as usize)
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
    fn a_typo_at_the_prompt_is_the_cpu() {
        assert_eq!(Choice::typed("cdua"), Choice::Cpu);
        assert_eq!(Choice::typed("GPU"), Choice::Cuda);
    }
}
