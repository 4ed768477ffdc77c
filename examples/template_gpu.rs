//! Level 3 in your own project: arithmetic on tensors, and its gradients, on the CPU or a GPU.
//! Outside this repository, whose folder is WORKSHOP here:
//! ```text
//! cargo new mine && cd mine
//! cp WORKSHOP/examples/template_gpu.rs src/main.rs
//! cargo add burn@=0.21.0 --no-default-features --features std,autodiff,flex
//! cargo add burn-flex@=0.21.0
//! cargo run --release
//! ```
use burn::backend::{Autodiff, Flex};
use burn::tensor::{Distribution, Tensor};

type Backend = Autodiff<Flex>; // <- on a GPU: Cuda, and `cargo add burn@=0.21.0 --features cuda`

fn main() {
    let device = Default::default();
    let x = Tensor::<Backend, 2>::random([10_000, 3], Distribution::Default, &device); // [rows, 3]
    let truth = Tensor::from_floats([[1.0], [-2.0], [3.0]], &device); // [3, 1]: to be found again
    let y = x.clone().matmul(truth); // [rows, 1]
    let mut found = Tensor::zeros([3, 1], &device).require_grad();
    for _ in 0..500 {
        let loss = (x.clone().matmul(found.clone()) - y.clone()).square().mean();
        let gradient = found.grad(&loss.backward()).expect("the loss depends on it");
        found = Tensor::from_inner(found.inner() - gradient * 0.5).require_grad();
    }
    println!("{:.3}", found); // close to 1, -2, 3
}
