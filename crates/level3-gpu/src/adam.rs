//! Adam, in one pass over the parameters.
//!
//! Burn's own Adam takes a dozen passes, one simple operation after the other. A GPU fuses them
//! into one; on a CPU each runs on one core, which at small batches was a quarter of the time and
//! left the others waiting: Amdahl's serial part. There it is one pass over memory, shared out to
//! the workers like level 1's tasks.

use burn::optim::SimpleOptimizer;
use burn::prelude::*;
use burn::record::Record;
use pulp::Arch;
use rayon::prelude::*;

use crate::backend::ConvBlock;

/// The optimiser, with the settings that PyTorch has from the start.
///
/// Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1 in the order of
/// computation that its section 2 recommends.
#[derive(Debug, Clone, Copy)]
pub struct Adam;

/// How much of the mean gradient, and of the mean square, each step keeps: the paper's betas.
const KEEP: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;

/// Numbers that a worker updates in one go: enough to be worth a task, few enough to share evenly.
const CHUNK: usize = 4096;

/// What Adam remembers of a parameter's gradients.
#[derive(Record, Clone, Debug)]
pub struct Moments<B: Backend, const D: usize> {
    steps: usize,
    mean: Tensor<B, D>,
    square: Tensor<B, D>,
}

/// The two numbers of a step that depend on how many there were.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// The learning rate, corrected for moments that began at zero.
    pub rate: f64,
    /// What is added to the root of the mean square, corrected likewise.
    pub epsilon: f64,
}

impl<B: ConvBlock> SimpleOptimizer<B> for Adam {
    type State<const D: usize> = Moments<B, D>;

    fn step<const D: usize>(
        &self,
        rate: f64,
        parameter: Tensor<B, D>,
        gradient: Tensor<B, D>,
        moments: Option<Moments<B, D>>,
    ) -> (Tensor<B, D>, Option<Moments<B, D>>) {
        let nothing =
            || Moments { steps: 0, mean: gradient.zeros_like(), square: gradient.zeros_like() };
        let Moments { steps, mean, square } = moments.unwrap_or_else(nothing);
        let steps = steps + 1;
        // The moments began at zero, so their weights add up to less than 1.
        let [of_mean, of_square] = KEEP.map(|keep| 1.0 - keep.powi(steps as i32));
        let root = of_square.sqrt();
        let scale = Scale { rate: rate * root / of_mean, epsilon: EPSILON * root };
        let [parameter, mean, square] = B::adam(scale, gradient, [parameter, mean, square]);
        (parameter, Some(Moments { steps, mean, square }))
    }

    fn to_device<const D: usize>(moments: Moments<B, D>, device: &B::Device) -> Moments<B, D> {
        let Moments { steps, mean, square } = moments;
        Moments { steps, mean: mean.to_device(device), square: square.to_device(device) }
    }
}

/// The step in tensor operations: parameter, mean and mean square, updated.
pub(crate) fn of_burn<B: Backend, const D: usize>(
    scale: Scale,
    gradient: Tensor<B, D>,
    [parameter, mean, square]: [Tensor<B, D>; 3],
) -> [Tensor<B, D>; 3] {
    let mean = mean * KEEP[0] + gradient.clone() * (1.0 - KEEP[0]);
    let square = square * KEEP[1] + gradient.clone() * gradient * (1.0 - KEEP[1]);
    let step = mean.clone() * scale.rate / (square.clone().sqrt() + scale.epsilon);
    [parameter - step, mean, square]
}

/// The step on numbers in memory, all slices of one length.
pub(crate) fn update(scale: Scale, gradient: &[f32], [parameter, mean, square]: [&mut [f32]; 3]) {
    let [keep_mean, keep_square] = KEEP.map(|keep| keep as f32);
    let [add_mean, add_square] = KEEP.map(|keep| (1.0 - keep) as f32);
    let (rate, epsilon) = (scale.rate as f32, scale.epsilon as f32);
    let cpu = Arch::new(); // the widest registers that this CPU has
    (parameter.par_chunks_mut(CHUNK)) // <- level 1: the workers share the parameters
        .zip(mean.par_chunks_mut(CHUNK))
        .zip(square.par_chunks_mut(CHUNK))
        .zip(gradient.par_chunks(CHUNK))
        .for_each(|(((parameter, mean), square), gradient)| {
            cpu.dispatch(|| {
                let numbers = parameter.iter_mut().zip(mean).zip(square).zip(gradient);
                for (((parameter, mean), square), gradient) in numbers {
                    *mean = keep_mean * *mean + add_mean * gradient;
                    *square = keep_square * *square + add_square * gradient * gradient;
                    *parameter -= rate * *mean / (square.sqrt() + epsilon);
                }
            });
        });
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::optim::AdamConfig;
    use burn::optim::adaptor::OptimizerAdaptor;
    use burn::optim::{GradientsParams, Optimizer};
    use burn_autodiff::Autodiff;
    use burn_flex::Flex;

    type B = Autodiff<Flex>;

    /// The weights after a few steps towards zero outputs.
    fn train(mut adam: impl Optimizer<Linear<B>, B>, start: &Linear<B>) -> TensorData {
        let mut layer = start.clone();
        let inputs =
            Tensor::<B, 2>::from_floats([[1.0, -2.0, 0.5], [0.1, 0.7, 3.0]], &Default::default());
        for _ in 0..20 {
            let loss = layer.forward(inputs.clone()).square().mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &layer);
            layer = adam.step(0.01, layer, gradients);
        }
        layer.weight.val().into_data()
    }

    #[test]
    fn it_goes_where_burns_own_adam_goes() {
        let start: Linear<B> = LinearConfig::new(3, 5000).init(&Default::default());
        // Parameters are lazy: a clone of one that is not drawn yet would draw its own.
        start.forward(Tensor::<B, 2>::zeros([1, 3], &Default::default()));
        let burns = train(AdamConfig::new().with_epsilon(EPSILON as f32).init(), &start);
        let ours = train(OptimizerAdaptor::from(Adam), &start);
        let before = start.weight.val().into_data();
        let tolerance = burn::tensor::Tolerance::absolute(2e-5);
        ours.assert_approx_eq::<f32>(&burns, tolerance);
        assert_ne!(ours, before);
    }

    #[test]
    fn one_pass_and_tensor_operations_agree() {
        let numbers =
            |step: f32| -> Vec<f32> { (0..10_000).map(|i| (i as f32 * step).sin()).collect() };
        let scale = Scale { rate: 1e-3, epsilon: 1e-8 };
        let [gradient, parameter, mean] = [0.3, 0.7, 0.2].map(numbers);
        let square: Vec<f32> = numbers(0.9).iter().map(|x| x * x).collect();
        let tensor = |values: &Vec<f32>| {
            Tensor::<Flex, 1>::from_floats(values.as_slice(), &Default::default())
        };
        let expected =
            of_burn(scale, tensor(&gradient), [tensor(&parameter), tensor(&mean), tensor(&square)]);
        let got = Flex::adam(
            scale,
            tensor(&gradient),
            [tensor(&parameter), tensor(&mean), tensor(&square)],
        );
        for (got, expected) in got.into_iter().zip(expected) {
            got.into_data().assert_approx_eq::<f32>(
                &expected.into_data(),
                burn::tensor::Tolerance::absolute(1e-6),
            );
        }
    }
}
