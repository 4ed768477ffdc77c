//! What differs between the devices: the layer that takes most of the time.
//!
//! A GPU takes Burn's own. On a CPU Burn's own leaves cores idle, and a CPU used badly would make the
//! GPU look better than it is, so there the layer is `conv.rs`. All else in the network, and the
//! optimiser, is Burn's on every device. (Burn's Adam runs on one core of a CPU. With two workers
//! that is a twelfth of an epoch at batch size 64; with many it is Amdahl's serial part.)

use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{TensorMetadata, TensorPrimitive, activation, module};
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};
use burn_autodiff::{Autodiff, NodeId};
use burn_flex::{Flex, FlexTensor};

use crate::conv::{self, Sizes};

/// A backend's way from one layer of pixels to the next: convolution, ReLU and max-pool.
pub trait ConvBlock: Backend {
    /// `max_pool2d(relu(conv.forward(images)))` with windows of 2x2, for a convolution of 3x3 with
    /// padding 1, stride 1 and a bias: `[batch, inputs, height, width]` to
    /// `[batch, outputs, height / 2, width / 2]`. Height and width are even.
    ///
    /// Here it is that line, in Burn's own operations, and so it is on a GPU. The CPU does all three
    /// at once, which is faster; to see how much, write that line into [`crate::Cnn::forward`].
    fn conv_relu_pool(conv: &Conv2d<Self>, images: Tensor<Self, 4>) -> Tensor<Self, 4> {
        let x = activation::relu(conv.forward(images));
        module::max_pool2d(x, [2, 2], [2, 2], [0, 0], [1, 1], false)
    }
}

/// A backend that trains the network.
pub trait Training: ConvBlock + AutodiffBackend<InnerBackend: ConvBlock> {}

impl<B: ConvBlock + AutodiffBackend<InnerBackend: ConvBlock>> Training for B {}

impl ConvBlock for Flex {
    fn conv_relu_pool(conv: &Conv2d<Self>, images: Tensor<Self, 4>) -> Tensor<Self, 4> {
        let [images, weight] =
            [images, conv.weight.val()].map(|tensor| tensor.into_primitive().tensor());
        let values = forward(&images, &weight, &bias(conv).into_primitive().tensor()).0;
        Tensor::from_primitive(TensorPrimitive::Float(values))
    }
}

/// What the backward pass needs: the layer's input, its weight, and which pixels won.
type Kept = (NodeId, NodeId, Vec<u8>);

impl<C: CheckpointStrategy> ConvBlock for Autodiff<Flex, C> {
    fn conv_relu_pool(conv: &Conv2d<Self>, images: Tensor<Self, 4>) -> Tensor<Self, 4> {
        let bias = bias(conv).into_primitive().tensor();
        let [images, weight] =
            [images, conv.weight.val()].map(|tensor| tensor.into_primitive().tensor());
        let (values, winners) = forward(&images.primitive, &weight.primitive, &bias.primitive);
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

/// The layer as automatic differentiation knows it.
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

/// The bias, of a convolution that is the one that [`conv`] computes.
fn bias<B: Backend>(conv: &Conv2d<B>) -> Tensor<B, 1> {
    let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
    let plain = conv.stride == [1, 1] && conv.dilation == [1, 1] && conv.groups == 1;
    let usual = plain && conv.kernel_size == [3, 3] && conv.padding == padding;
    assert!(usual, "not 3x3 with padding 1: {conv}");
    conv.bias.as_ref().expect("the convolution has a bias").val()
}

fn forward(images: &FlexTensor, weight: &FlexTensor, bias: &FlexTensor) -> (FlexTensor, Vec<u8>) {
    let [images, weight, bias] = [images, weight, bias].map(FlexTensor::to_contiguous);
    let sizes = sizes(&images, &weight);
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

fn tensor(values: Vec<f32>, shape: Shape) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

#[cfg(feature = "cuda")]
impl ConvBlock for burn::backend::Cuda {}

#[cfg(feature = "cuda")]
impl<C: CheckpointStrategy> ConvBlock for Autodiff<burn::backend::Cuda, C> {}

#[cfg(feature = "wgpu")]
impl ConvBlock for burn::backend::Wgpu {}

#[cfg(feature = "wgpu")]
impl<C: CheckpointStrategy> ConvBlock for Autodiff<burn::backend::Wgpu, C> {}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::{AutodiffModule, Param};
    use burn::nn::conv::Conv2dConfig;

    type B = Autodiff<Flex>;

    fn numbers<const D: usize>(shape: [usize; D], step: f32) -> Tensor<B, D> {
        let count = shape.iter().product::<usize>();
        let values = (0..count).map(|i| (i as f32 * step).sin()).collect::<Vec<_>>();
        Tensor::from_data(TensorData::new(values, shape), &Default::default())
    }

    fn convolution(inputs: usize, outputs: usize) -> Conv2d<B> {
        let padding = PaddingConfig2d::Explicit(1, 1, 1, 1);
        let config = Conv2dConfig::new([inputs, outputs], [3, 3]).with_padding(padding);
        let mut conv = config.init(&Default::default());
        conv.weight = Param::from_tensor(numbers([outputs, inputs, 3, 3], 1.3));
        conv.bias = Some(Param::from_tensor(numbers([outputs], 2.1)));
        conv
    }

    /// The definition that the layer stands for.
    fn of_burn(conv: &Conv2d<B>, images: Tensor<B, 4>) -> Tensor<B, 4> {
        let x = activation::relu(conv.forward(images));
        module::max_pool2d(x, [2, 2], [2, 2], [0, 0], [1, 1], false)
    }

    /// The layer's values and its three gradients.
    fn all_of(
        layer: fn(&Conv2d<B>, Tensor<B, 4>) -> Tensor<B, 4>,
        [images, inputs, outputs, height, width]: [usize; 5],
    ) -> [TensorData; 4] {
        let x = numbers([images, inputs, height, width], 0.7).require_grad();
        let conv = convolution(inputs, outputs);
        // A view, as other layers may hand on: the layer must not read memory in its order.
        let turned = x.clone().permute([0, 1, 3, 2]).permute([0, 1, 3, 2]);
        let values = layer(&conv, turned);
        let pull = numbers([images, outputs, height / 2, width / 2], 0.3);
        let gradients = (values.clone() * pull).sum().backward();
        [
            values.into_data(),
            x.grad(&gradients).unwrap().into_data(),
            conv.weight.grad(&gradients).unwrap().into_data(),
            conv.bias.unwrap().grad(&gradients).unwrap().into_data(),
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
            let ours = all_of(B::conv_relu_pool, sizes);
            let burns = all_of(of_burn, sizes);
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
        let [with, ..] = all_of(B::conv_relu_pool, [3, 2, 5, 6, 4]);
        let images = numbers([3, 2, 6, 4], 0.7).inner();
        let without = Flex::conv_relu_pool(&convolution(2, 5).valid(), images);
        without.into_data().assert_eq(&with, true);
    }

    #[test]
    #[should_panic(expected = "not 3x3 with padding 1")]
    fn another_convolution_is_refused() {
        let conv: Conv2d<Flex> = Conv2dConfig::new([1, 1], [3, 3]).init(&Default::default());
        Flex::conv_relu_pool(&conv, Tensor::zeros([1, 1, 4, 4], &Default::default()));
    }
}
