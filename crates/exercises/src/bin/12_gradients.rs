//! The check of exercise 12.

exercises::exercise!("12_gradients.rs");

use std::process::ExitCode;

use exercises::ranks::{Rank, check_on_ranks, job};
use exercises::{Fault, not_yet, parameters};
use level2_mpi::fingerprint;
use level3_gpu::Images;
use mpi::environment::Universe;
use mpi::traits::*;

const DIGITS: usize = 64;
const STEPS: usize = 10;
/// Floats of 32 bits, added up in another order.
const ROUNDING: f32 = 1e-4;

fn main() -> ExitCode {
    check_on_ranks(
        exercise::program,
        || {
            let losses = |ranks| -> Result<Vec<f32>, Fault> {
                let lines = job(ranks, DIGITS as u64)?;
                let loss = |line: &String| line.strip_prefix("loss ")?.parse().ok();
                Ok(lines.iter().filter_map(loss).collect())
            };
            let (one, two) = (losses(1)?, losses(2)?);
            let half = DIGITS / 2;
            let expected =
                format!("2 ranks with {half} digits each lose what 1 rank with {DIGITS} does");
            if one.len() != STEPS || two.len() != STEPS {
                return Err(not_yet(expected, format!("{} and {} losses", one.len(), two.len())));
            }
            for (step, (one, two)) in one.iter().zip(&two).enumerate() {
                println!("step {step}: {one} on 1 rank, {two} on 2");
                if (one - two).abs() > ROUNDING * one.abs() {
                    let found = format!(
                        "in step {step}, {one} on one rank and {two} on two: is it the mean that \
                         they take, or the sum?"
                    );
                    return Err(not_yet(expected, found));
                }
            }
            match one[STEPS - 1] < one[0] {
                true => Ok(()),
                false => Err(not_yet("the loss falls", format!("{one:?}"))),
            }
        },
        rank,
    )
}

/// Trains; rank 0 prints the losses, after all have compared their networks.
fn rank(universe: &Universe, args: &Rank) -> anyhow::Result<()> {
    let world = universe.world();
    let (model, losses) = exercise::train(&world, &Images::drawn(args.number as usize), STEPS);
    let mut all = vec![0_u64; world.size() as usize];
    world.all_gather_into(&fingerprint(&parameters(&model)), &mut all[..]);
    if world.rank() != 0 {
        return Ok(());
    }
    match all.iter().position(|network| *network != all[0]) {
        Some(other) => not_yet(
            format!("after {STEPS} steps, {} ranks hold the same network", world.size()),
            format!(
                "those of rank 0 and rank {other} differ: each learned from its own digits alone. \
                 All gradients must be added up, and every rank needs the sum"
            ),
        )
        .print(),
        None => losses.iter().for_each(|loss| println!("loss {loss}")),
    }
    Ok(())
}
