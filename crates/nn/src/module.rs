//! The trait of every layer and model: a tree of parameters with a forward pass.

use downhill_tensor::{Float, Params, Tensor};

/// A layer or a model: a named tree of tensors ([`Params`]) that turns one tensor into another.
///
/// Write a model as a plain struct of its layers. Its forward pass is ordinary code:
///
/// ```
/// use downhill_nn::{Linear, Module};
/// use downhill_tensor::{Params, Tensor};
/// use rand::SeedableRng;
///
/// #[derive(Params)]
/// struct Mlp { fc1: Linear, fc2: Linear }
///
/// impl Module for Mlp {
///     fn forward(&self, x: &Tensor) -> Tensor {
///         self.fc2.forward(&self.fc1.forward(x).relu())
///     }
/// }
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let model = Mlp { fc1: Linear::new(784, 128, &mut rng), fc2: Linear::new(128, 10, &mut rng) };
/// assert_eq!(model.forward(&Tensor::zeros(&[64, 784])).shape(), [64, 10]);
/// assert_eq!(model.num_params(), 784 * 128 + 128 + 128 * 10 + 10);
/// ```
///
/// A layer with other inputs, such as indices ([`Embedding`](crate::Embedding)) or a state
/// ([`LstmCell`](crate::LstmCell)), is a tree of parameters too, but has an inherent `forward` instead of this trait.
///
/// Layers that behave differently in training ([`Dropout`](crate::Dropout), [`BatchNorm1d`](crate::BatchNorm1d)) do so
/// within a [`training`](downhill_tensor::training) scope.
///
/// The trait is dyn-compatible: `Box<dyn Module>` is a module too, and [`Sequential`](crate::Sequential) is a list of
/// them.
pub trait Module<F: Float = f32>: Params<F> {
    /// The output for the input `x`, recorded for `backward`.
    fn forward(&self, x: &Tensor<F>) -> Tensor<F>;
}

impl<F: Float, M: Module<F> + ?Sized> Module<F> for Box<M> {
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        (**self).forward(x)
    }
}
