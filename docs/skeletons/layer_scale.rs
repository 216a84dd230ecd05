//! A learned scale of every feature, which starts small: a residual branch behind it begins near the identity.
//!
//! Touvron et al., "Going deeper with image transformers", arXiv 2103.17239.

use downhill_tensor::{Float, Params, Tensor};

use crate::{Module, init};

/// Scales every feature by a parameter of its own: `weight·x`; `[.., features]` to the same shape.
///
/// ```
/// use downhill_nn::{LayerScale, Module};
/// use downhill_tensor::Tensor;
/// let layer: LayerScale = LayerScale::new(2, 0.5);
/// assert_eq!(layer.forward(&Tensor::from([-4.0, 2.0])), Tensor::from([-2.0, 1.0]));
/// ```
#[derive(Clone, Debug, Params)]
pub struct LayerScale<F: Float = f32> {
    /// `[features]`.
    pub weight: Tensor<F>,
}

impl<F: Float> LayerScale<F> {
    /// For `features` features, all scaled by `start` at first; 1e-4 is usual.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub fn new(features: usize, start: f64) -> Self {
        LayerScale { weight: Tensor::param(init::constant(&[features], start)) }
    }
}

impl<F: Float> Module<F> for LayerScale<F> {
    /// # Panics
    /// If the last axis of `x` has another size than the weight.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        assert!(
            x.shape().last() == self.weight.shape().last(),
            "LayerScale of {:?}: there are {} scales, and the last axis must have as many",
            x.shape(),
            self.weight.len()
        );
        x * &self.weight
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn derivatives() {
        let (x, weight) = (Tensor::from([[0.5, -1.0], [-2.0, 3.0]]), Tensor::from([0.25, -0.5]));
        let forward = |x: &Tensor<f64>, weight: &Tensor<f64>| LayerScale { weight: weight.clone() }.forward(x);
        gradcheck(|[x, weight]| forward(x, weight), [&x, &weight], Check::order(2)).unwrap();
    }

    #[test]
    fn values_by_hand() {
        let layer = LayerScale { weight: Tensor::param([0.5, -1.0_f64]) };
        let x = Tensor::from([[-2.0, -3.0], [4.0, 0.0], [0.0, 5.0]]);
        assert_eq!(layer.forward(&x), Tensor::from([[-1.0, 3.0], [2.0, 0.0], [0.0, -5.0]]));
        assert_eq!(layer.forward(&Tensor::zeros(&[0, 2])).shape(), [0, 2]);
        assert_eq!(layer.params().map(|(path, _)| path.to_string()).collect::<Vec<_>>(), ["weight"]);
    }

    #[test]
    #[should_panic(expected = "LayerScale of [2, 3]: there are 2 scales")]
    fn other_features() {
        LayerScale::<f32>::new(2, 1e-4).forward(&Tensor::zeros(&[2, 3]));
    }
}
