//! The gradients of a network as plain numbers, for exercise 12.

use burn::module::{AutodiffModule, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Tensor, TensorData};

/// Replaces each gradient of `model` by what `exchange` makes of its numbers, one tensor after the
/// other, in the same order in every process.
pub fn replace_gradients<B: AutodiffBackend>(
    model: &impl AutodiffModule<B>,
    gradients: &mut GradientsParams,
    exchange: impl FnMut(&[f32]) -> Vec<f32>,
) {
    model.visit(&mut Replace { gradients, exchange });
}

struct Replace<'a, F> {
    gradients: &'a mut GradientsParams,
    exchange: F,
}

impl<B: AutodiffBackend, F: FnMut(&[f32]) -> Vec<f32>> ModuleVisitor<B> for Replace<'_, F> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        let Some(gradient) = self.gradients.remove::<B::InnerBackend, D>(parameter.id) else {
            return;
        };
        let (shape, device) = (gradient.shape(), gradient.device());
        let numbers: Vec<f32> = gradient.into_data().iter::<f32>().collect();
        let numbers = TensorData::new((self.exchange)(&numbers), shape);
        let gradient = Tensor::<B::InnerBackend, D>::from_data(numbers, &device);
        self.gradients.register(parameter.id, gradient);
    }
}
