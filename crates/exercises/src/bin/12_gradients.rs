//! The check of exercise 12.

exercises::exercise!("12_gradients.rs", [(2, 64)]);

use exercises::expect;
use level2_mpi::ROOT;
use level3_gpu::{Autodiff, Flex, Images, OnDevice};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

const STEPS: usize = 10;
/// Floats of 32 bits, added up in another order.
const ROUNDING: f32 = 1e-4;

/// Every rank trains with the others, and then once more alone, with all digits.
fn rank(world: &SimpleCommunicator, count: u64) -> anyhow::Result<()> {
    let (rank, size) = (world.rank(), world.size());
    let digits = Images::drawn(0..count as usize);
    let (model, together) = exercise::train(world, &digits, STEPS);

    // Networks that are equal give all digits the same scores, to the last bit.
    let all: Vec<i32> = (0..count as i32).collect();
    let device = Default::default();
    let data = OnDevice::<Autodiff<Flex>>::new(&digits, digits.len(), &device);
    let scores = model.forward(data.batch(&all).images).into_data();
    let scores: Vec<f32> = scores.iter::<f32>().collect();
    let mut of_rank_0 = scores.clone();
    world.process_at_rank(ROOT).broadcast_into(&mut of_rank_0[..]);
    expect(
        scores == of_rank_0,
        format!("after {STEPS} steps, {size} ranks hold the same network"),
        format!(
            "those of rank 0 and rank {rank} differ: each learned from its own digits alone. \
             All gradients must be added up, and every rank needs the sum"
        ),
    )?;
    let (_, alone) = exercise::train(&SimpleCommunicator::self_comm(), &digits, STEPS);
    for (step, (alone, together)) in alone.iter().zip(&together).enumerate() {
        expect(
            (alone - together).abs() <= ROUNDING * alone.abs(),
            format!("{size} ranks lose together what one loses with all {count} digits"),
            format!(
                "in step {step}, {alone} on one rank and {together} on {size}: is it the mean \
                 that they take, or the sum?"
            ),
        )?;
    }
    expect(together[STEPS - 1] < together[0], "the loss falls", format!("{together:?}"))
}
