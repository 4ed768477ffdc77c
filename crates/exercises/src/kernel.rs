//! A GPU and its memory, for exercise 14.

use cli::misuse;
use cubecl::prelude::*;
use cubecl::server::Handle;
use cubecl::wgpu::{AutoGraphicsApi, GraphicsApi, WgpuRuntime};

/// The best GPU that Vulkan or Metal know. A software device, which computes on the CPU, is as good here.
///
/// # Errors
/// [`cli::Misuse`] if there is none: what to install.
pub fn gpu() -> anyhow::Result<ComputeClient<WgpuRuntime>> {
    if WgpuRuntime::enumerate_all_devices(&AutoGraphicsApi::backend()).is_empty() {
        return Err(misuse(
            "no GPU, and no software device in its place \
             (Debian, Ubuntu: apt-get install mesa-vulkan-drivers)",
        ));
    }
    Ok(WgpuRuntime::client(&Default::default()))
}

/// Numbers in the memory of the GPU, as a kernel takes them.
#[expect(unsafe_code, reason = "the length must not be more than that of the memory")]
pub fn floats(memory: &Handle) -> ArrayArg<WgpuRuntime> {
    unsafe { ArrayArg::from_raw_parts(memory.clone(), memory.size() as usize / size_of::<f32>()) }
}
