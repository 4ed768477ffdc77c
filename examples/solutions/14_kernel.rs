// Exercise 14: which threads have a cell? The lesson is `examples/level3_kernel.rs`.
//
//     cargo exercise 14 --run   runs this program
//     cargo exercise 14         checks it

use std::process::ExitCode;

use cubecl::prelude::*;
use exercises::{floats, gpu};

/// One step, as one thread of the GPU sees it. A border of zeros lies around the cells.
#[cube(launch)]
pub fn step(old: &Array<f32>, new: &mut Array<f32>, width: usize, height: usize) {
    let (x, y) = (ABSOLUTE_POS_X as usize, ABSOLUTE_POS_Y as usize);
    let row = width + 2;
    let i = (y + 1) * row + x + 1;
    // TASK: threads come in squares of 16 x 16, and some of them lie beyond the edges of the plate. They
    // have no cell, but they write into the border. Let only the threads write that have a cell.
    // --- gap
    if x < width && y < height {
        new[i] = 0.25 * ((old[i - row] + old[i + row]) + (old[i - 1] + old[i + 1]));
    }
    // --- end of gap
}

/// So many steps on the GPU. The plate has `width` x `height` cells, and a border.
pub fn heat(plate: &[f32], width: usize, height: usize, steps: usize) -> anyhow::Result<Vec<f32>> {
    let gpu = gpu()?;
    let [mut old, mut new] = [(); 2].map(|()| gpu.create_from_slice(f32::as_bytes(plate)));
    for _ in 0..steps {
        let [across, down] = [width, height].map(|cells| cells.div_ceil(16) as u32);
        let (squares, threads) = (CubeCount::new_2d(across, down), CubeDim::new_2d(16, 16));
        step::launch(&gpu, squares, threads, floats(&old), floats(&new), width, height);
        std::mem::swap(&mut old, &mut new);
    }
    Ok(f32::from_bytes(&gpu.read_one(old)?).to_vec())
}

/// All cells are at 64 degrees, the border is at 0.
pub fn plate(width: usize, height: usize) -> Vec<f32> {
    let edge = vec![0.0; width + 2];
    let row = [vec![0.0], vec![64.0; width], vec![0.0]].concat();
    [edge.clone(), row.repeat(height), edge].concat()
}

fn main() -> ExitCode {
    cli::exit_code(run())
}

fn run() -> anyhow::Result<()> {
    let (width, height) = (20, 5);
    let after = heat(&plate(width, height), width, height, 3)?;
    println!("a plate of {width} x {height} cells with its border, after 3 steps, in degrees:");
    for row in after.chunks(width + 2) {
        println!("{}", row.iter().map(|degrees| format!("{degrees:3.0}")).collect::<String>());
    }
    Ok(())
}
