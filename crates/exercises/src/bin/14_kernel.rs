//! The check of exercise 14.

exercises::exercise!("14_kernel.rs");

use exercises::not_yet;

const STEPS: usize = 3;

/// The same steps in a loop.
fn on_cpu(mut plate: Vec<f32>, width: usize, height: usize) -> Vec<f32> {
    let row = width + 2;
    for _ in 0..STEPS {
        let old = plate.clone();
        for i in (1..=height).flat_map(|y| y * row + 1..=y * row + width) {
            plate[i] = 0.25 * ((old[i - row] + old[i + row]) + (old[i - 1] + old[i + 1]));
        }
    }
    plate
}

fn check() -> anyhow::Result<()> {
    for (width, height) in [(32, 16), (20, 5), (5, 40), (1, 1)] {
        let plate = exercise::plate(width, height);
        let found = exercise::heat(&plate, width, height, STEPS)?;
        let expected = on_cpu(plate, width, height);
        let place = |i| (i % (width + 2), i / (width + 2)); // 0 is the border
        let is_cell = |&i: &usize| {
            let (x, y) = place(i);
            (1..=width).contains(&x) && (1..=height).contains(&y)
        };
        let is_right = |i: usize| (found[i] - expected[i]).abs() < 1e-3;
        let wrong = (0..expected.len()).filter(|&i| !is_right(i)).min_by_key(is_cell);
        let Some(i) = wrong else { continue };
        let (x, y) = place(i);
        let (of, is) = (expected[i], found[i]);
        return Err(match is_cell(&i) {
            false => not_yet(
                format!("the border of a plate of {width} x {height} cells stays at 0 degrees"),
                format!(
                    "column {x} of row {y} is at {is}: a thread that has no cell wrote there. Each \
                     thread must find out whether its x and its y lie on the plate"
                ),
            ),
            true => not_yet(
                format!(
                    "the cell in column {x} of row {y} of {width} x {height} is at {of} degrees"
                ),
                format!(
                    "it is at {is}: its own thread must compute it. Is x compared with the width, \
                     and y with the height?"
                ),
            ),
        });
    }
    Ok(())
}
