#![allow(missing_docs)]

#[allow(dead_code)] // its main
#[cfg_attr(feature = "solutions", path = "../../../examples/solutions/7_device.rs")]
#[cfg_attr(not(feature = "solutions"), path = "../../../examples/exercises/7_device.rs")]
mod exercise;

use std::process::ExitCode;

use burn::nn::loss::CrossEntropyLoss;
use burn::tensor::ElementConversion;
use exercises::{check, learning, not_yet};
use level3_gpu::{Autodiff, Cnn, Flex, Images, OnDevice};

/// The device of this check. That work was done there shows in what it leaves there: a tensor that
/// came as a finished answer has no history, and no parameter can learn from it.
type B = Autodiff<Flex>;

fn main() -> ExitCode {
    check(|| {
        let digits = Images::drawn(32);
        let chosen = [3, 1, 4, 15, 9, 2, 6];
        let device = Default::default();
        let (model, loss) = exercise::loss_on::<B>(&digits, &chosen, &device);

        let batch = OnDevice::<Flex>::new(&digits, digits.len(), &device).batch(&chosen);
        let scores = Cnn::<Flex>::new(42, &device).forward(batch.images);
        let expected = CrossEntropyLoss::new(None, &device).forward(scores, batch.labels);
        let expected: f32 = expected.into_scalar().elem();
        let found: f32 = loss.clone().into_scalar().elem();
        if (found - expected).abs() > 1e-4 {
            let expected = format!("a loss of {expected:.4}, from the chosen images and seed 42");
            return Err(not_yet(expected, format!("a loss of {found:.4}")));
        }
        match learning(&model, loss) {
            8 => Ok(()),
            some => Err(not_yet(
                "all 8 tensors of parameters on the device can learn from the loss",
                format!(
                    "the loss is right, but {some} can: it was computed elsewhere. Make the model \
                     and the batch with `::<B>` and `device`"
                ),
            )),
        }
    })
}
