//! The multilayer perceptron.

use downhill_tensor::{Float, Params, Tensor};
use rand::Rng;

use crate::{Activation, Linear, Module};

/// The multilayer perceptron: [`Linear`] layers with an activation between them, but none after the last.
///
/// ```
/// use downhill_nn::{Mlp, Module, Relu};
/// use downhill_tensor::{Params, Tensor};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let model: Mlp = Mlp::new(&[784, 128, 10], Relu, &mut rng);
/// assert_eq!(model.forward(&Tensor::zeros(&[64, 784])).shape(), [64, 10]);
/// let names: Vec<String> = model.params().map(|(path, _)| path).collect();
/// assert_eq!(names, ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]);
/// ```
#[derive(Clone, Debug, Params)]
pub struct Mlp<F: Float = f32> {
    /// The layers, in the order of the forward pass.
    pub layers: Vec<Linear<F>>,
    /// The activation between two layers.
    #[params(skip)]
    pub activation: Activation,
}

impl<F: Float> Mlp<F> {
    /// Layers from `sizes[0]` to `sizes[1]` features, from there to `sizes[2]`, and so on, initialized by
    /// [`Linear::new`].
    ///
    /// # Panics
    /// If there are fewer than two sizes.
    #[track_caller]
    pub fn new(sizes: &[usize], activation: impl Into<Activation>, rng: &mut (impl Rng + ?Sized)) -> Self {
        assert!(sizes.len() >= 2, "Mlp: the sizes {sizes:?} must include at least the inputs and the outputs");
        let mut layers = Vec::with_capacity(sizes.len() - 1);
        // A loop, because `#[track_caller]` does not reach into closures.
        for pair in sizes.windows(2) {
            layers.push(Linear::new(pair[0], pair[1], rng));
        }
        Mlp { layers, activation: activation.into() }
    }
}

impl<F: Float> Module<F> for Mlp<F> {
    /// # Panics
    /// If the size of the last axis of `x` is not the first layer's number of inputs.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let mut x = x.clone();
        for (i, layer) in self.layers.iter().enumerate() {
            if i > 0 {
                x = self.activation.forward(&x);
            }
            x = layer.forward(&x);
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{Sigmoid, cross_entropy};

    #[test]
    fn an_activation_between_the_layers_only() {
        let model = Mlp::<f64>::new(&[2, 3, 3, 1], Sigmoid, &mut ChaCha8Rng::seed_from_u64(1));
        let [a, b, c] = model.layers.as_slice() else { panic!("{} layers", model.layers.len()) };
        let x = Tensor::from([[1.0, -1.0], [0.5, 2.0]]);
        assert_eq!(model.forward(&x), c.forward(&b.forward(&a.forward(&x).sigmoid()).sigmoid()));
        assert_eq!(model.num_params(), 9 + 12 + 4);
    }

    #[test]
    fn derivatives() {
        let model = Mlp::<f64>::new(&[2, 3, 2], Sigmoid, &mut ChaCha8Rng::seed_from_u64(1));
        let with = |w: &Tensor<f64>, b: &Tensor<f64>| {
            let mut model = model.clone();
            model.layers[0].weight = w.clone();
            model.layers[1].bias = Some(b.clone());
            model
        };
        let x = Tensor::from([[1.0, -1.0], [0.5, 2.0]]);
        let (w, b) = (&model.layers[0].weight, model.layers[1].bias.as_ref().unwrap());
        let loss = |[x, w, b]: [&Tensor<f64>; 3]| cross_entropy(&with(w, b).forward(x), &[1, 0]);
        gradcheck(loss, [&x, w, b], Check::order(2)).unwrap();
    }

    #[test]
    #[should_panic(expected = "Mlp: the sizes [3] must include at least the inputs and the outputs")]
    fn one_size() {
        Mlp::<f32>::new(&[3], Sigmoid, &mut ChaCha8Rng::seed_from_u64(1));
    }
}
