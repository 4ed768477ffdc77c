//! Adam on a CPU, in one pass over the parameters.
//!
//! Burn's own Adam takes a dozen passes, one simple operation after the other. A GPU fuses them
//! into one; on a CPU each runs on one core while the others wait, which is Amdahl's serial part.
//! Here the workers share the parameters, like level 1's tasks. To do without this file, return
//! Burn's own for `Flex` as well: see [`crate::Training::adam`].

use burn::optim::SimpleOptimizer;
use burn::prelude::*;
use burn::record::Record;
use burn_flex::Flex;
use rayon::prelude::*;

/// The optimiser, with PyTorch's defaults. A step also needs the learning rate.
///
/// Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1 in the order of
/// computation that its section 2 recommends.
#[derive(Debug, Clone, Copy)]
pub struct Adam;

/// How much of the mean gradient, and of the mean square, each step keeps: the paper's betas.
const KEEP: [f32; 2] = [0.9, 0.999];

/// What keeps the quotient finite where gradients are zero.
pub const EPSILON: f32 = 1e-8;

/// Numbers that a worker updates in one go: enough to be worth a task, few enough to share evenly.
const CHUNK: usize = 4096;

/// What Adam remembers of the gradients of a parameter.
#[derive(Record, Clone, Debug)]
pub struct Moments<B: Backend, const D: usize> {
    steps: usize,
    mean: Tensor<B, D>,
    square: Tensor<B, D>,
}

impl SimpleOptimizer<Flex> for Adam {
    type State<const D: usize> = Moments<Flex, D>;

    fn step<const D: usize>(
        &self,
        rate: f64,
        parameter: Tensor<Flex, D>,
        gradient: Tensor<Flex, D>,
        moments: Option<Moments<Flex, D>>,
    ) -> (Tensor<Flex, D>, Option<Moments<Flex, D>>) {
        let zeros =
            || Moments { steps: 0, mean: gradient.zeros_like(), square: gradient.zeros_like() };
        let Moments { steps, mean, square } = moments.unwrap_or_else(zeros);
        let steps = steps + 1;
        // The moments began at zero, so their weights add up to less than 1.
        let [of_mean, of_square] = KEEP.map(|keep| 1.0 - f64::from(keep).powi(steps as i32));
        let rate = (rate * of_square.sqrt() / of_mean) as f32;
        let epsilon = EPSILON * of_square.sqrt() as f32;

        let gradient = gradient.into_data();
        let gradient = gradient.as_slice::<f32>().expect("Flex's floats are f32");
        // Memory that nobody else holds is changed in place; other memory is copied first.
        let mut data = [parameter, mean, square].map(Tensor::into_data);
        let [parameter, mean, square] =
            data.each_mut().map(|data| data.as_mut_slice::<f32>().expect("Flex's floats are f32"));
        (parameter.par_chunks_mut(CHUNK)) // <- level 1: the workers share the parameters
            .zip(mean.par_chunks_mut(CHUNK))
            .zip(square.par_chunks_mut(CHUNK))
            .zip(gradient.par_chunks(CHUNK))
            .for_each(|(((parameter, mean), square), gradient)| {
                let numbers = parameter.iter_mut().zip(mean).zip(square).zip(gradient);
                for (((parameter, mean), square), gradient) in numbers {
                    *mean = KEEP[0] * *mean + (1.0 - KEEP[0]) * gradient;
                    *square = KEEP[1] * *square + (1.0 - KEEP[1]) * gradient * gradient;
                    *parameter -= rate * *mean / (square.sqrt() + epsilon);
                }
            });
        let [parameter, mean, square] =
            data.map(|data| Tensor::from_data(data, &Default::default()));
        (parameter, Some(Moments { steps, mean, square }))
    }

    fn to_device<const D: usize>(moments: Moments<Flex, D>, _: &Device<Flex>) -> Moments<Flex, D> {
        moments // Flex has one device
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::optim::AdamConfig;
    use burn::optim::adaptor::OptimizerAdaptor;
    use burn::optim::{GradientsParams, Optimizer};
    use burn_autodiff::Autodiff;

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
        let burns = train(AdamConfig::new().with_epsilon(EPSILON).init(), &start);
        let ours = train(OptimizerAdaptor::from(Adam), &start);
        let before = start.weight.val().into_data();
        let tolerance = burn::tensor::Tolerance::absolute(2e-5);
        ours.assert_approx_eq::<f32>(&burns, tolerance);
        assert_ne!(ours, before);
    }
}
