//! The check of exercise 10.

exercises::exercise!("10_shapes.rs");

use burn::tensor::Tensor;
use common::plural;
use exercise::{CONVOLUTIONS, FLAT, Network};
use exercises::expect;
use level3_gpu::Flex;

fn check() -> anyhow::Result<()> {
    let expected = "features [batch, 16, 7, 7] from two convolutions, then scores [batch, 10]";
    let mut channels = 1; // images are grey
    for &[into, out] in CONVOLUTIONS {
        expect(
            into == channels,
            expected,
            format!(
                "a convolution takes {into} channels, and gets {channels}: these two must be \
                     equal. An image is grey and has 1"
            ),
        )?;
        channels = out;
    }
    let device = Default::default();
    let network = Network::<Flex>::new(&device);
    let features = network.features(Tensor::zeros([5, 1, 28, 28], &device));
    let [_, channels, height, width] = features.dims();
    let left = channels * height * width;
    expect(
        FLAT == left,
        expected,
        format!(
            "the convolutions leave [batch, {channels}, {height}, {width}], that is \
                 {left} numbers an image, but FLAT is {FLAT}"
        ),
    )?;
    expect(
        [CONVOLUTIONS.len(), channels, height, width] == [2, 16, 7, 7],
        expected,
        format!(
            "{} and features [batch, {channels}, {height}, {width}]: each convolution is \
                 a line [channels in, channels out]",
            plural(CONVOLUTIONS.len(), "convolution")
        ),
    )?;
    let scores = network.scores(features).dims();
    expect(scores == [5, 10], expected, format!("scores {scores:?} for 5 images"))
}
