//! Level 3, a kernel of your own: what a GPU runs.
//!
//! Heat spreads over a plate, as in level 2. A CPU goes through the cells in a loop. A GPU has no loop:
//! every cell gets a thread of its own, and all threads run one function, the kernel.
//! ```text
//! cargo run --release -p level3-gpu --features wgpu --example level3_kernel   # or cuda, for NVIDIA
//! ```

use std::process::ExitCode;

use cubecl::prelude::*;
use level3_gpu::{Gpu, KernelArgs, KernelReport, WARM_UP};
use rayon::prelude::*;

/// One step, as one thread of the GPU sees it. A border of zeros lies around the cells.
#[cube(launch)]
fn step(old: &Array<f32>, new: &mut Array<f32>, size: usize) {
    let (x, y) = (ABSOLUTE_POS_X as usize, ABSOLUTE_POS_Y as usize); // <- which cell is mine?
    // Threads come in squares of 16 x 16. Those beyond the edge have no cell, and must do nothing.
    if x < size && y < size {
        let row = size + 2;
        let i = (y + 1) * row + x + 1;
        new[i] = 0.25 * ((old[i - row] + old[i + row]) + (old[i - 1] + old[i + 1]));
    }
}

/// One step on the CPU: the workers share the rows, and go through the cells of each in a loop.
fn step_on_cpu(old: &[f32], new: &mut [f32], row: usize) {
    let three_rows = old.par_windows(3 * row).step_by(row);
    new[row..].par_chunks_mut(row).zip(three_rows).for_each(|(new, old)| {
        for (x, i) in (1..row - 1).zip(row + 1..) {
            new[x] = 0.25 * ((old[i - row] + old[i + row]) + (old[i - 1] + old[i + 1]));
        }
    });
}

fn heat<R: Runtime>(args: &KernelArgs, gpu: &ComputeClient<R>) -> anyhow::Result<()> {
    let mut report = KernelReport::open(args)?;
    report.on_cpu(step_on_cpu);
    let squares = args.size.div_ceil(16); // enough to cover the plate; cubecl calls such a square a cube
    for steps in [WARM_UP, args.steps] {
        let mut plate = report.copy_in(gpu)?; // a GPU has a memory of its own
        for _ in 0..steps {
            let (cubes, threads) = (CubeCount::new_2d(squares, squares), CubeDim::new_2d(16, 16));
            step::launch(gpu, cubes, threads, plate.before(), plate.after(), args.size as usize);
            plate.swap();
        }
        report.copy_out(plate)?; // waits until the GPU is done: launching takes no time
    }
    report.close()
}

fn main() -> ExitCode {
    cli::exit_code(cli::parse().and_then(|args: KernelArgs| match args.gpu()? {
        #[cfg(feature = "cuda")]
        Gpu::Cuda(gpu) => heat(&args, &gpu),
        #[cfg(feature = "wgpu")]
        Gpu::Wgpu(gpu) => heat(&args, &gpu),
    }))
}
