//! Is there a GPU of NVIDIA, and what CUDA needs? If not, why, and what to do about it.

use std::path::Path;

use burn::cubecl::cuda::install::cuda_path;
use cudarc::driver::DriverError;
use cudarc::driver::result::{device, init};
use cudarc::driver::sys::CUresult;
use cudarc::{driver, nvrtc};

use crate::device::{Found, Look};
use crate::kernels;

/// A header of each of CUDA's packages that Burn's kernels need.
const HEADERS: [&str; 3] = ["cuda_runtime.h", "crt/mma.h", "cuda/pipeline"];

const CURE: &str = "load a CUDA module, or see scripts/setup.sh --check for a way without root";

/// The first GPU that this process may use, or the reason why there is none. Nothing of Burn's CUDA
/// backend is touched before this has succeeded, because it panics without a driver.
pub(crate) static NVIDIA: Look = Look::new(look_for_gpu);

fn look_for_gpu() -> Result<Found, String> {
    #[expect(unsafe_code, reason = "looking for a library runs its initialisers")]
    let (driver_there, compiler_there) =
        unsafe { (driver::sys::is_culib_present(), nvrtc::sys::is_culib_present()) };
    let slurm = slurm_hint(|name| std::env::var_os(name).is_some());
    if !driver_there {
        return Err(format!("no NVIDIA driver (libcuda.so.1) on this machine{slurm}"));
    }
    let name = first_gpu().map_err(|error| reason(error.0) + slurm)?;
    if !compiler_there {
        return Err(format!("{name} needs CUDA's run-time compiler (libnvrtc); {CURE}"));
    }
    let Some(home) = cuda_path() else {
        return Err(format!("{name} needs the CUDA headers (CUDA_PATH); {CURE}"));
    };
    if let Some(header) = missing_header(&home.join("include")) {
        return Err(format!("no {header} in {}/include (CUDA_PATH); {CURE}", home.display()));
    }
    kernels::keep(&name);
    Ok(Found { name, software: false })
}

fn first_gpu() -> Result<String, DriverError> {
    init()?;
    device::get_name(device::get(0)?)
}

/// CUDA 12 has some headers in a folder of their own, `cccl`.
fn missing_header(folder: &Path) -> Option<&'static str> {
    let is_in = |folder: &Path, name: &str| folder.join(name).exists();
    HEADERS.into_iter().find(|name| !is_in(folder, name) && !is_in(&folder.join("cccl"), name))
}

/// What the driver's refusal means.
fn reason(error: CUresult) -> String {
    match error {
        CUresult::CUDA_ERROR_NO_DEVICE | CUresult::CUDA_ERROR_INVALID_DEVICE => {
            let visible = std::env::var("CUDA_VISIBLE_DEVICES");
            let visible = visible.map(|list| format!(" (CUDA_VISIBLE_DEVICES is '{list}')"));
            "the driver shows no device".to_string() + &visible.unwrap_or_default()
        }
        CUresult::CUDA_ERROR_STUB_LIBRARY => {
            "libcuda.so.1 is the stub to link against, not a driver".to_string()
        }
        other => format!("the NVIDIA driver fails ({other:?})"),
    }
}

/// Inside a job that was given no GPU, the cure.
fn slurm_hint(is_set: impl Fn(&str) -> bool) -> &'static str {
    let given = ["SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "SLURM_GPUS_ON_NODE"];
    match is_set("SLURM_JOB_ID") && !given.into_iter().any(is_set) {
        true => ", and this job did not ask for one: add --gres=gpu:1",
        false => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_without_a_gpu_is_told_how_to_get_one() {
        assert!(slurm_hint(|name| name == "SLURM_JOB_ID").contains("--gres=gpu:1"));
        assert_eq!(slurm_hint(|name| name.starts_with("SLURM_JOB")), "");
        assert_eq!(slurm_hint(|_| false), "");
    }

    #[test]
    fn a_stub_is_called_a_stub() {
        assert!(reason(CUresult::CUDA_ERROR_STUB_LIBRARY).contains("stub"));
    }
}
