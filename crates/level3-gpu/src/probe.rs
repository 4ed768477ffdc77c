//! Is there a GPU that the network can be trained on? If not, why, and what to do about it.

/// The first GPU that this process may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gpu {
    /// As `nvidia-smi` would call it.
    pub(crate) name: String,
    /// All of its memory, in bytes.
    pub(crate) memory: u64,
    /// What of it nobody used when the program started, in bytes.
    pub(crate) free: u64,
    /// Where its compiled kernels are kept.
    pub(crate) kernels: std::path::PathBuf,
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
    FOUND.get_or_init(look::for_a_gpu).clone()
}

#[cfg(feature = "cuda")]
mod look {
    use std::path::Path;

    use burn::cubecl::cuda::install::cuda_path;
    use cudarc::driver::DriverError;
    use cudarc::driver::sys::{CUdevice, CUresult};
    use cudarc::{driver, nvrtc};

    use super::Gpu;
    use crate::{fault, kernels};

    /// The headers that Burn's kernels include, some of them by way of another.
    const HEADERS: [&str; 7] = [
        "cuda_runtime.h",
        "cuda_fp16.h",
        "cuda_bf16.h",
        "mma.h",
        "crt/mma.h",
        "cooperative_groups.h",
        "cuda/pipeline",
    ];

    const CURE: &str = "load a CUDA module, or see scripts/setup.sh --check for a way without root";

    pub(super) fn for_a_gpu() -> Result<Gpu, String> {
        let slurm = slurm_hint(|name| std::env::var(name).ok());
        #[expect(unsafe_code, reason = "looking for a library runs its initialisers")]
        let (driver_there, compiler_there) =
            unsafe { (driver::sys::is_culib_present(), nvrtc::sys::is_culib_present()) };
        if !driver_there {
            return Err(format!("no NVIDIA driver (libcuda.so.1) on this machine{slurm}"));
        }
        driver::result::init().map_err(|error| reason(error.0) + &slurm)?;
        let count = driver::result::device::get_count().map_err(|error| reason(error.0))?;
        if count == 0 {
            return Err(reason(CUresult::CUDA_ERROR_NO_DEVICE) + &slurm);
        }
        let device = driver::result::device::get(0).map_err(|error| reason(error.0))?;
        let name = driver::result::device::get_name(device).map_err(|error| reason(error.0))?;
        if !compiler_there {
            return Err(format!("{name} needs CUDA's run-time compiler (libnvrtc); {CURE}"));
        }
        let [compiler, driver] = versions().map_err(|error| reason(error.0))?;
        if let Some(reason) = too_new(compiler, driver) {
            return Err(reason);
        }
        let home = cuda_path();
        let Some(home) = home else {
            return Err(format!("{name} needs the CUDA headers (CUDA_PATH); {CURE}"));
        };
        let missing = missing_headers(&home.join("include"));
        if !missing.is_empty() {
            let (missing, home) = (missing.join(", "), home.display());
            return Err(format!("no {missing} in {home}/include (CUDA_PATH); {CURE}"));
        }
        let (free, memory) = memory(device).map_err(|error| reason(error.0))?;
        fault::end_the_program();
        let kernels = kernels::keep(&name);
        Ok(Gpu { name, memory, free, kernels })
    }

    /// Free and all memory of a GPU, in bytes, seen from the context in which Burn will work.
    fn memory(device: CUdevice) -> Result<(u64, u64), DriverError> {
        #[expect(unsafe_code, reason = "the device is one that the driver named")]
        unsafe {
            let context = driver::result::primary_ctx::retain(device)?;
            driver::result::ctx::set_current(context)?;
        }
        let (free, all) = driver::result::mem_get_info()?;
        Ok((free as u64, all as u64))
    }

    /// CUDA's version in the run-time compiler and in the driver, such as (12, 4).
    fn versions() -> Result<[(i32, i32); 2], DriverError> {
        let (mut major, mut minor, mut driver) = (0, 0, 0);
        #[expect(unsafe_code, reason = "both write to the numbers that they are given")]
        unsafe {
            nvrtc::sys::nvrtcVersion(&mut major, &mut minor);
            driver::sys::cuDriverGetVersion(&mut driver).result()?;
        }
        Ok([(major, minor), (driver / 1000, driver % 1000 / 10)])
    }

    /// Why a driver refuses what the compiler makes: it does not know newer versions than its own.
    fn too_new(compiler: (i32, i32), driver: (i32, i32)) -> Option<String> {
        (compiler > driver).then(|| {
            format!(
                "CUDA's run-time compiler is of version {}.{}, but the driver knows {}.{} at most; \
                 load a CUDA module of that version, or a newer driver",
                compiler.0, compiler.1, driver.0, driver.1
            )
        })
    }

    /// Those that are not there. CUDA 12 has some in a folder of their own, `cccl`.
    fn missing_headers(folder: &Path) -> Vec<&'static str> {
        let there =
            |name: &str| folder.join(name).exists() || folder.join("cccl").join(name).exists();
        HEADERS.into_iter().filter(|name| !there(name)).collect()
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
            CUresult::CUDA_ERROR_DEVICE_UNAVAILABLE => {
                "the GPU is taken by another program: nvidia-smi shows which".to_string()
            }
            CUresult::CUDA_ERROR_OUT_OF_MEMORY => {
                "the GPU has no memory left: nvidia-smi shows who uses it".to_string()
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

        #[test]
        fn a_compiler_may_be_older_than_the_driver_but_not_newer() {
            assert_eq!(too_new((12, 4), (12, 4)), None);
            assert_eq!(too_new((12, 9), (13, 0)), None);
            let reason = too_new((12, 9), (12, 4)).unwrap();
            assert!(reason.contains("12.9") && reason.contains("12.4"), "{reason}");
        }
    }
}
