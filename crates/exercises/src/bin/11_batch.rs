//! The check of exercise 11.

exercises::answer!("11_batch.rs");
exercises::exercise!("11_batch.rs");

use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Distribution, Tensor};
use exercises::{Pace, expect};
use level3_gpu::Flex;

fn check() -> anyhow::Result<()> {
    let device = Default::default();
    let network: Linear<Flex> = LinearConfig::new(64, 10).init(&device);
    let images = Tensor::<Flex, 2>::random([1000, 64], Distribution::Default, &device);
    let expected = answer::read(&network, images.clone());
    let found = exercise::read(&network, images.clone());
    let right = found.iter().zip(&expected).filter(|(found, expected)| found == expected);
    let right = right.count();
    // Where two scores are all but equal, rounding may decide.
    expect(
        found.len() == expected.len() && right >= 990,
        format!("{} answers, one for each image, in their order", expected.len()),
        format!("{} answers, and {right} of them are right", found.len()),
    )?;
    let pace = Pace::measure(
        || exercise::read(&network, images.clone()),
        || answer::read(&network, images.clone()),
    );
    pace.judge("How many calls does it make, and how often does it wait for an answer?")
}
