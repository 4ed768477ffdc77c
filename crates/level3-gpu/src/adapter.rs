//! Is there a GPU that Vulkan or Metal know? If not, what to install.

use cubecl::Runtime;
use cubecl::device::Device;
use cubecl::wgpu::{AutoGraphicsApi, GraphicsApi, WgpuDevice, WgpuRuntime, init_setup};

use crate::device::{Found, Look};
use crate::kernels;

/// The best GPU, a software device if there is no other, or the reason why there is none.
pub(crate) static ANY: Look = Look::new(look_for_gpu);

fn look_for_gpu() -> Result<Found, String> {
    let devices = WgpuRuntime::enumerate_all_devices(&AutoGraphicsApi::backend());
    if devices.is_empty() {
        let linux = "Vulkan shows none (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)";
        return Err(if cfg!(target_os = "macos") { "Metal shows none" } else { linux }.to_string());
    }
    let cpu = WgpuDevice::Cpu.to_id();
    kernels::keep("wgpu");
    let best = init_setup::<AutoGraphicsApi>(&WgpuDevice::default(), Default::default());
    let name = best.adapter.get_info().name;
    Ok(Found { name, software: devices.iter().all(|device| device.type_id == cpu.type_id) })
}
