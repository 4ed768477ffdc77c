//! Level 3: the device, the digits, the network, and what it learned.
//!
//! The lesson, the training loop and the line that chooses the device, stands in
//! `examples/level3_mnist.rs`. The layer that makes the CPU a fair opponent is `conv.rs`.

#[cfg(feature = "wgpu")]
mod adapter;
mod args;
mod backend;
mod checkpoint;
mod conv;
mod device;
mod digits;
mod evaluate;
#[cfg(feature = "wgpu-or-cuda")]
mod fault;
mod files;
mod handwriting;
#[cfg(feature = "wgpu-or-cuda")]
mod kernel;
#[cfg(feature = "wgpu-or-cuda")]
mod kernels;
mod mnist;
mod model;
mod on_device;
mod picture;
mod plan;
mod predict;
#[cfg(feature = "cuda")]
mod probe;
mod report;
mod run;
mod synthetic;

#[cfg(all(feature = "wgpu-or-cuda", not(any(feature = "cuda", feature = "wgpu"))))]
compile_error!("which GPU? --features wgpu for any, --features cuda for NVIDIA's");

pub use args::MnistArgs;
pub use backend::{ConvBlock, Training};
pub use burn::backend::Autodiff;
/// Burn's backend for CPUs.
pub use burn_flex::Flex;
pub use device::Device;
pub use digits::{Digits, Images};
pub use evaluate::Predictions;
pub use handwriting::prepare;
#[cfg(feature = "wgpu-or-cuda")]
pub use kernel::{Gpu, KernelArgs, KernelReport, OnGpu, WARM_UP};
pub use model::{Cnn, DIGITS, SIDE};
pub use on_device::{Batch, OnDevice};
pub use plan::Plan;
pub use predict::predict;
pub use report::Report;
pub use run::Run;
