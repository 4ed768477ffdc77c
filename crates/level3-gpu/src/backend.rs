//! One layer, two ways to compute it: [`ConvBlock`] is what a device must know for [`crate::Cnn`].
//!
//! A GPU takes Burn's own convolution. On a CPU that convolution leaves cores idle, and a CPU
//! used badly would make the GPU look better than it is, so there the layer is [`crate::conv`],
//! and a step of [`crate::Adam`] is one pass over memory.

use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::ops::{ConvOptions, PaddedConvOptions};
use burn::tensor::{TensorMetadata, TensorPrimitive, activation, module};
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_autodiff::{Autodiff, NodeId};
use burn_flex::{Flex, FlexTensor};

use crate::adam::{self, Scale};
use crate::conv::{self, Sizes};

/// A backend with the layer: convolution 3x3 with padding 1, bias, ReLU, max-pool 2x2.
pub trait ConvBlock: Backend {
    /// `[batch, inputs, height, width]` to `[batch, outputs, height / 2, width / 2]`.
    ///
    /// `weight` is `[outputs, inputs, 3, 3]`, `bias` is `[outputs]`; height and width are even.
    fn conv_block(
        images: Tensor<Self, 4>,
        weight: Tensor<Self, 4>,
        bias: Tensor<Self, 1>,
    ) -> Tensor<Self, 4>;

    /// One step of [`crate::Adam`]: parameter, mean and mean square of the gradients, updated.
    fn adam<const D: usize>(
        scale: Scale,
        gradient: Tensor<Self, D>,
        state: [Tensor<Self, D>; 3],
    ) -> [Tensor<Self, D>; 3] {
        adam::of_burn(scale, gradient, state)
    }
}

/// What a device needs to train the network.
pub trait Training: ConvBlock + AutodiffBackend<InnerBackend: ConvBlock> {}

impl<B: ConvBlock + AutodiffBackend<InnerBackend: ConvBlock>> Training for B {}

/// The layer out of Burn's own operations.
pub fn conv_block_of_burn<B: Backend>(
    images: Tensor<B, 4>,
    weight: Tensor<B, 4>,
    bias: Tensor<B, 1>,
) -> Tensor<B, 4> {
    let options = PaddedConvOptions::from(ConvOptions::new([1, 1], [1, 1], [1, 1], 1));
    let sums = module::conv2d(images, weight, Some(bias), options);
    module::max_pool2d(activation::relu(sums), [2, 2], [2, 2], [0, 0], [1, 1], false)
}

impl ConvBlock for Flex {
    fn conv_block(
        images: Tensor<Self, 4>,
        weight: Tensor<Self, 4>,
        bias: Tensor<Self, 1>,
    ) -> Tensor<Self, 4> {
        let (images, weight, bias) = (contiguous(images), contiguous(weight), contiguous(bias));
        let values = forward(&images, &weight, &bias).0;
        Tensor::from_primitive(TensorPrimitive::Float(values))
    }

    fn adam<const D: usize>(
        scale: Scale,
        gradient: Tensor<Self, D>,
        state: [Tensor<Self, D>; 3],
    ) -> [Tensor<Self, D>; 3] {
        let gradient = contiguous(gradient);
        let mut state = state.map(contiguous);
        // Memory that nobody else holds is changed in place, other memory is copied first.
        let slices = state.each_mut().map(FlexTensor::storage_mut);
        adam::update(scale, gradient.storage(), slices);
        state.map(|tensor| Tensor::from_primitive(TensorPrimitive::Float(tensor)))
    }
}

/// What the backward pass needs: the layer's input, its weight, and which pixels won.
type Kept = (NodeId, NodeId, Vec<u8>);

impl<C: CheckpointStrategy> ConvBlock for Autodiff<Flex, C> {
    fn conv_block(
        images: Tensor<Self, 4>,
        weight: Tensor<Self, 4>,
        bias: Tensor<Self, 1>,
    ) -> Tensor<Self, 4> {
        let [images, weight, bias] =
            [images.into_primitive(), weight.into_primitive(), bias.into_primitive()]
                .map(TensorPrimitive::tensor);
        let (values, winners) = forward(
            &images.primitive.to_contiguous(),
            &weight.primitive.to_contiguous(),
            &bias.primitive.to_contiguous(),
        );
        let parents = [images.node.clone(), weight.node.clone(), bias.node.clone()];
        let output = match Layer.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(mut tape) => {
                let kept = (tape.checkpoint(&images), tape.checkpoint(&weight), winners);
                tape.finish(kept, values)
            }
            OpsKind::UnTracked(tape) => tape.finish(values),
        };
        Tensor::from_primitive(TensorPrimitive::Float(output))
    }
}

/// The layer on the tape that Burn plays backwards.
#[derive(Debug)]
struct Layer;

impl Backward<Flex, 3> for Layer {
    type State = Kept;

    fn backward(
        self,
        ops: Ops<Kept, 3>,
        gradients: &mut Gradients,
        checkpointer: &mut Checkpointer,
    ) {
        let gradient = gradients.consume::<Flex>(&ops.node).to_contiguous();
        let (images, weight, winners) = ops.state;
        let images: FlexTensor = checkpointer.retrieve_node_output(images);
        let weight: FlexTensor = checkpointer.retrieve_node_output(weight);
        let (images, weight) = (images.to_contiguous(), weight.to_contiguous());
        let [image_parent, weight_parent, bias_parent] = ops.parents;
        let found = conv::backward(
            sizes(&images, &weight),
            images.storage(),
            weight.storage(),
            &winners,
            gradient.storage(),
            image_parent.is_some(), // the first layer's images are data: no gradient needed
        );
        if let (Some(parent), Some(values)) = (image_parent, found.images) {
            gradients.register::<Flex>(parent.id, tensor(values, images.shape()));
        }
        if let Some(parent) = weight_parent {
            gradients.register::<Flex>(parent.id, tensor(found.weight, weight.shape()));
        }
        if let Some(parent) = bias_parent {
            let outputs = Shape::new([found.bias.len()]);
            gradients.register::<Flex>(parent.id, tensor(found.bias, outputs));
        }
    }
}

fn forward(images: &FlexTensor, weight: &FlexTensor, bias: &FlexTensor) -> (FlexTensor, Vec<u8>) {
    let sizes = sizes(images, weight);
    let pooled = conv::forward(sizes, images.storage(), weight.storage(), bias.storage());
    let shape = Shape::new([sizes.images, sizes.outputs, sizes.height / 2, sizes.width / 2]);
    (tensor(pooled.values, shape), pooled.winners)
}

fn sizes(images: &FlexTensor, weight: &FlexTensor) -> Sizes {
    let (images, weight) = (images.shape(), weight.shape());
    Sizes {
        images: images[0],
        inputs: images[1],
        outputs: weight[0],
        height: images[2],
        width: images[3],
    }
}

fn contiguous<const D: usize>(tensor: Tensor<Flex, D>) -> FlexTensor {
    tensor.into_primitive().tensor().to_contiguous()
}

fn tensor(values: Vec<f32>, shape: Shape) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

#[cfg(feature = "cuda-unfused")]
mod cuda {
    use super::*;
    use burn::backend::Cuda;

    impl ConvBlock for Cuda {
        fn conv_block(
            images: Tensor<Self, 4>,
            weight: Tensor<Self, 4>,
            bias: Tensor<Self, 1>,
        ) -> Tensor<Self, 4> {
            conv_block_of_burn(images, weight, bias)
        }
    }

    impl<C: CheckpointStrategy> ConvBlock for Autodiff<Cuda, C> {
        fn conv_block(
            images: Tensor<Self, 4>,
            weight: Tensor<Self, 4>,
            bias: Tensor<Self, 1>,
        ) -> Tensor<Self, 4> {
            conv_block_of_burn(images, weight, bias)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type B = Autodiff<Flex>;

    fn numbers<const D: usize>(shape: [usize; D], step: f32) -> Tensor<B, D> {
        let count = shape.iter().product::<usize>();
        let values = (0..count).map(|i| (i as f32 * step).sin()).collect::<Vec<_>>();
        Tensor::from_data(TensorData::new(values, shape), &Default::default())
    }

    /// The layer's values and its three gradients.
    fn all_of(
        layer: fn(Tensor<B, 4>, Tensor<B, 4>, Tensor<B, 1>) -> Tensor<B, 4>,
        [images, inputs, outputs, height, width]: [usize; 5],
    ) -> [TensorData; 4] {
        let x = numbers([images, inputs, height, width], 0.7).require_grad();
        let weight = numbers([outputs, inputs, 3, 3], 1.3).require_grad();
        let bias = numbers([outputs], 2.1).require_grad();
        // A view, as other layers may hand on: the layer must not read memory in its order.
        let turned = x.clone().permute([0, 1, 3, 2]).permute([0, 1, 3, 2]);
        let values = layer(turned, weight.clone(), bias.clone());
        let pull = numbers([images, outputs, height / 2, width / 2], 0.3);
        let gradients = (values.clone() * pull).sum().backward();
        [
            values.into_data(),
            x.grad(&gradients).unwrap().into_data(),
            weight.grad(&gradients).unwrap().into_data(),
            bias.grad(&gradients).unwrap().into_data(),
        ]
    }

    #[test]
    fn the_layer_and_its_gradients_are_those_of_burns_own_convolution() {
        for sizes in [
            [1, 1, 1, 2, 2],
            [5, 1, 32, 28, 28],
            [9, 32, 64, 14, 14],
            [70, 3, 7, 6, 10],
            [2, 3, 18, 10, 26],
        ] {
            let ours = all_of(B::conv_block, sizes);
            let burns = all_of(conv_block_of_burn::<B>, sizes);
            for (ours, burns) in ours.iter().zip(&burns) {
                ours.assert_approx_eq::<f32>(
                    burns,
                    burn::tensor::Tolerance::relative(1e-3).set_absolute(1e-3),
                );
            }
        }
    }

    #[test]
    fn without_gradients_the_values_are_the_same() {
        let sizes = [3, 2, 5, 6, 4];
        let [with, ..] = all_of(B::conv_block, sizes);
        let (x, weight, bias) =
            (numbers([3, 2, 6, 4], 0.7), numbers([5, 2, 3, 3], 1.3), numbers([5], 2.1));
        let without = Flex::conv_block(x.inner(), weight.inner(), bias.inner());
        without.into_data().assert_eq(&with, true);
    }
}
