//! A chain of layers.

use downhill_tensor::{Float, Params, Path, Tensor};

use crate::Module;

/// A chain of layers: each is applied to the output of the previous one. The parameters of layer `i` are called
/// `i.weight`, `i.bias`, ..., as in PyTorch.
///
/// ```
/// use downhill_nn::{Linear, Module, Relu, Sequential};
/// use downhill_tensor::{Params, Tensor};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let model: Sequential = Sequential::new()
///     .then(Linear::new(784, 128, &mut rng))
///     .then(Relu)
///     .then(Linear::new(128, 10, &mut rng));
/// assert_eq!(model.forward(&Tensor::zeros(&[64, 784])).shape(), [64, 10]);
/// let names: Vec<String> = model.params().map(|(path, _)| path).collect();
/// assert_eq!(names, ["0.weight", "0.bias", "2.weight", "2.bias"]);
/// ```
pub struct Sequential<F: Float = f32> {
    /// The layers, in the order of the forward pass.
    pub layers: Vec<Layer<F>>,
}

/// A boxed layer, as in [`Sequential::layers`].
pub type Layer<F = f32> = Box<dyn Module<F> + Send + Sync>;

impl<F: Float> Sequential<F> {
    /// No layers: the identity.
    pub fn new() -> Self {
        Sequential { layers: Vec::new() }
    }

    /// Appends a layer and returns the chain, to build it in one expression.
    pub fn then(mut self, layer: impl Module<F> + Send + Sync + 'static) -> Self {
        self.push(layer);
        self
    }

    /// Appends a layer.
    pub fn push(&mut self, layer: impl Module<F> + Send + Sync + 'static) {
        self.layers.push(Box::new(layer));
    }
}

impl<F: Float> Default for Sequential<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Float> FromIterator<Layer<F>> for Sequential<F> {
    fn from_iter<I: IntoIterator<Item = Layer<F>>>(layers: I) -> Self {
        Sequential { layers: layers.into_iter().collect() }
    }
}

/// Not derived, so that paths are `0.weight` rather than `layers.0.weight`.
impl<F: Float> Params<F> for Sequential<F> {
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        self.layers.visit(path, visitor);
    }

    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>)) {
        self.layers.visit_mut(path, visitor);
    }
}

impl<F: Float> Module<F> for Sequential<F> {
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        self.layers.iter().fold(x.clone(), |x, layer| layer.forward(&x))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{Linear, Relu};

    #[test]
    fn applies_the_layers_in_order() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (first, second) = (Linear::<f64>::new(3, 4, &mut rng), Linear::new(4, 2, &mut rng));
        let x = Tensor::from([[1.0, -2.0, 3.0], [0.5, 0.25, -1.0]]);
        let expected = second.forward(&first.forward(&x).relu());
        let mut model = Sequential::new().then(first.clone()).then(Relu);
        model.push(second.clone());
        assert_eq!(model.forward(&x), expected);
        let gradients = model.forward(&x).square().sum().backward();
        assert_eq!(gradients[&first.weight].shape(), [4, 3]);
        assert_eq!(Sequential::new().forward(&x), x);
    }

    #[test]
    fn nests_and_crosses_threads() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let block = |rng: &mut ChaCha8Rng| Sequential::<f32>::new().then(Linear::new(2, 2, rng)).then(Relu);
        let model: Sequential = [block(&mut rng), block(&mut rng)].map(|b| Box::new(b) as Layer).into_iter().collect();
        let paths: Vec<String> = model.named_params().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["0.0.weight", "0.0.bias", "1.0.weight", "1.0.bias"]);
        let here = model.forward(&Tensor::ones(&[1, 2])).to_vec();
        let there = std::thread::spawn(move || model.forward(&Tensor::ones(&[1, 2])).to_vec()).join().unwrap();
        assert_eq!(here, there);
    }
}
