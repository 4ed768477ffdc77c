//! The check of exercise 9.

exercises::exercise!("9_device.rs");

use burn::nn::loss::CrossEntropyLoss;
use burn::tensor::ElementConversion;
use exercises::{Host, expect};
use level3_gpu::{Cnn, Flex};

fn check() -> anyhow::Result<()> {
    let device = Default::default();
    let batches = [vec![3, 1, 4, 15], vec![9, 2, 6], vec![5, 35, 8, 9, 7]];
    let digits = Host::drawn(40);
    let found = exercise::losses::<Flex>(&digits, &batches, &device);
    let (moved, all) = (digits.moved(), digits.bytes());

    let on_device = digits.to_device::<Flex>(&device);
    let model = Cnn::<Flex>::new(42, &device);
    let loss = |chosen: &Vec<i32>| -> f32 {
        let batch = on_device.batch(chosen);
        let scores = model.forward(batch.images);
        CrossEntropyLoss::new(None, &device).forward(scores, batch.labels).into_scalar().elem()
    };
    let expected: Vec<f32> = batches.iter().map(loss).collect();
    let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4;
    expect(
        found.len() == expected.len() && found.iter().zip(&expected).all(near),
        format!("the losses of the three batches, {expected:.4?}"),
        format!("{found:.4?}"),
    )?;
    expect(moved > 0, "the digits move to the device", "no byte moved there: see `to_device`")?;
    expect(
        moved <= all,
        format!("{all} bytes move to the device, each digit once"),
        format!(
            "the losses are right, but {moved} bytes moved: all digits, {} times. Call \
                 `to_device` before the loop over the batches",
            moved / all
        ),
    )
}
