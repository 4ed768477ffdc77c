//! What the lesson about kernels needs: its flags, its GPU, and the plate in two memories.

mod report;

pub use report::{KernelReport, WARM_UP};

use std::time::Instant;

use cli::{RunFlags, WorkersFlag, count, misuse};
use cubecl::prelude::*;
use cubecl::server::Handle;

use crate::device::{Choice, Device};

/// The temperature of a spot that is hot at the start, in degrees; the rest is at 0.
const HOT: f32 = 100.0;

/// Compute heat on a GPU with a kernel of your own, and on the CPU with a loop
#[derive(Debug, Clone, clap::Parser)]
#[command(version)]
pub struct KernelArgs {
    /// Rows, and columns, of the plate
    #[arg(long, value_name = "N", default_value = "1000", value_parser = size)]
    pub size: u32,

    /// How many time steps
    #[arg(long, value_name = "N", default_value = "200", value_parser = count(0..=10_000_000))]
    pub steps: u64,

    /// Where the kernel runs: gpu, or auto, which takes no software device
    #[arg(long, value_name = "NAME", default_value = "gpu", ignore_case = true)]
    device: Choice,

    /// `--workers`, for the loop on the CPU.
    #[command(flatten)]
    workers: WorkersFlag,

    /// `--guess` and `--json`.
    #[command(flatten)]
    run: RunFlags,
}

fn size(text: &str) -> Result<u32, String> {
    count(1..=20_000)(text).map(|size| size as u32)
}

/// A way to the GPU that was found.
pub enum Gpu {
    /// NVIDIA's, by CUDA.
    #[cfg(feature = "cuda")]
    Cuda(ComputeClient<cubecl::cuda::CudaRuntime>),
    /// Any, by Vulkan or Metal.
    #[cfg(feature = "wgpu")]
    Wgpu(ComputeClient<cubecl::wgpu::WgpuRuntime>),
}

impl KernelArgs {
    /// The GPU.
    ///
    /// # Errors
    /// [`cli::Misuse`] if there is none.
    pub fn gpu(&self) -> anyhow::Result<Gpu> {
        match self.device()? {
            Device::Cpu => Err(misuse("a kernel runs on a GPU: take --device gpu, or auto")),
            #[cfg(feature = "cuda")]
            Device::Cuda => Ok(Gpu::Cuda(cubecl::cuda::CudaRuntime::client(&Default::default()))),
            #[cfg(feature = "wgpu")]
            Device::Wgpu => Ok(Gpu::Wgpu(cubecl::wgpu::WgpuRuntime::client(&Default::default()))),
        }
    }

    fn device(&self) -> anyhow::Result<Device> {
        match self.device {
            Choice::Cpu => Ok(Device::Cpu),
            choice => Device::gpu(choice).map_err(|reason| misuse(format!("no GPU: {reason}"))),
        }
    }
}

/// The plate in the memory of a GPU, before a step and after it.
pub struct OnGpu<R: Runtime> {
    gpu: ComputeClient<R>,
    old: Handle,
    new: Handle,
    start: Instant, // of the computation
}

impl<R: Runtime> OnGpu<R> {
    /// The plate before the step, as a kernel takes it.
    pub fn before(&self) -> ArrayArg<R> {
        self.argument(&self.old)
    }

    /// The plate after the step, as a kernel takes it.
    pub fn after(&self) -> ArrayArg<R> {
        self.argument(&self.new)
    }

    #[expect(unsafe_code, reason = "the length must not be more than that of the memory")]
    fn argument(&self, handle: &Handle) -> ArrayArg<R> {
        unsafe {
            ArrayArg::from_raw_parts(handle.clone(), handle.size() as usize / size_of::<f32>())
        }
    }

    /// The plate after this step is the one before the next.
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.old, &mut self.new);
    }
}

/// As in level 2 a large hot spot and a small one, with a border of zeros; but the small one lies at the
/// edge, so that a kernel that writes beyond the edge is found out.
fn plate(size: usize) -> Vec<f32> {
    let row = size + 2;
    let cell = |i: usize| {
        let (y, x) = (i / row, i % row);
        let inside = (1..=size).contains(&y) && (1..=size).contains(&x);
        let (y, x) = (y as f32 - 0.5, x as f32 - 0.5);
        let near = |cy: f32, cx: f32, radius: f32| {
            (y / size as f32 - cy).hypot(x / size as f32 - cx) < radius
        };
        if inside && (near(0.55, 0.4, 0.3) || near(0.15, 1.0, 0.06)) { HOT } else { 0.0 }
    };
    (0..row * row).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_of_every_plate_is_cold() {
        for size in [1, 2, 3, 31, 512] {
            let (plate, row) = (plate(size), size + 2);
            let border =
                |i: usize| [0, row - 1].contains(&(i / row)) || [0, row - 1].contains(&(i % row));
            assert!((0..row * row).all(|i| !border(i) || plate[i] == 0.0), "{size}");
            assert!(plate.contains(&HOT), "{size}");
        }
    }
}
