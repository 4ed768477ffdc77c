//! The check of exercise 10.

exercises::exercise!("10_shapes.rs");

use std::process::ExitCode;

use burn::tensor::Tensor;
use common::plural;
use exercise::{CONVOLUTIONS, FLAT, Network};
use exercises::{check, not_yet};
use level3_gpu::Flex;

fn main() -> ExitCode {
    check(exercise::program, || {
        let expected = "features [batch, 16, 7, 7] from two convolutions, then scores [batch, 10]";
        for pair in CONVOLUTIONS.windows(2) {
            let ([_, out], [into, _]) = (pair[0], pair[1]);
            if out != into {
                let found = format!(
                    "a convolution that gives {out} channels, and the next one takes {into}: these \
                     two must be equal"
                );
                return Err(not_yet(expected, found));
            }
        }
        if CONVOLUTIONS.first().is_none_or(|[channels, _]| *channels != 1) {
            return Err(not_yet(expected, "the first one must take 1 channel: images are grey"));
        }
        let device = Default::default();
        let network = Network::<Flex>::new(&device);
        let features = network.features(Tensor::zeros([5, 1, 28, 28], &device));
        let [_, channels, height, width] = features.dims();
        let left = channels * height * width;
        if FLAT != left {
            let found = format!(
                "the convolutions leave [batch, {channels}, {height}, {width}], that is {left} \
                 numbers an image, but FLAT is {FLAT}"
            );
            return Err(not_yet(expected, found));
        }
        if [CONVOLUTIONS.len(), channels, height, width] != [2, 16, 7, 7] {
            let found = format!(
                "{} and features [batch, {channels}, {height}, {width}]: each \
                 convolution is a line [channels in, channels out]",
                plural(CONVOLUTIONS.len(), "convolution")
            );
            return Err(not_yet(expected, found));
        }
        match network.scores(features).dims() {
            [5, 10] => Ok(()),
            other => Err(not_yet(expected, format!("scores {other:?} for 5 images"))),
        }
    })
}
