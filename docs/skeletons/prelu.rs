//! The rectifier with a learned slope: `x` above 0, `weight·x` elsewhere.
//!
//! He et al., "Delving deep into rectifiers", arXiv 1502.01852.

use downhill_tensor::{Float, Params, Tensor, where_};

use crate::{Module, init};

/// The leaky rectifier whose slope is a parameter, one for each feature: `x` above 0, `weight·x` elsewhere; `[.., features]` to the
/// same shape. The derivative at 0 is `weight`, as in PyTorch.
///
/// ```
/// use downhill_nn::{Module, PRelu};
/// use downhill_tensor::Tensor;
/// let layer: PRelu = PRelu::new(2);
/// assert_eq!(layer.forward(&Tensor::from([-4.0, 2.0])), Tensor::from([-1.0, 2.0]));
/// ```
#[derive(Clone, Debug, Params)]
pub struct PRelu<F: Float = f32> {
    /// `[features]`.
    pub weight: Tensor<F>,
}

impl<F: Float> PRelu<F> {
    /// The layer with PyTorch's slope at the start, 0.25.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub fn new(features: usize) -> Self {
        PRelu { weight: Tensor::param(init::constant(&[features], 0.25)) }
    }
}

impl<F: Float> Module<F> for PRelu<F> {
    /// # Panics
    /// If the last axis of `x` has another size than the weight.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        assert!(
            x.shape().last() == self.weight.shape().last(),
            "PRelu of {:?}: there are {} slopes, and the last axis must have as many",
            x.shape(),
            self.weight.len()
        );
        where_(&x.gt(F::zero()), x, x * &self.weight)
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn derivatives() {
        // Away from 0, where the slope jumps.
        let (x, weight) = (Tensor::from([[0.5, -1.0], [-2.0, 3.0]]), Tensor::from([0.25, -0.5]));
        let forward = |x: &Tensor<f64>, weight: &Tensor<f64>| PRelu { weight: weight.clone() }.forward(x);
        gradcheck(|[x, weight]| forward(x, weight), [&x, &weight], Check::order(2)).unwrap();
    }

    #[test]
    fn values_by_hand() {
        let layer = PRelu { weight: Tensor::param([0.5, -1.0_f64]) };
        let x = Tensor::from([[-2.0, -3.0], [4.0, 0.0], [0.0, 5.0]]);
        assert_eq!(layer.forward(&x), Tensor::from([[-1.0, 3.0], [4.0, 0.0], [0.0, 5.0]]));
        assert_eq!(layer.forward(&Tensor::zeros(&[0, 2])).shape(), [0, 2]);
        assert_eq!(layer.params().map(|(path, _)| path.to_string()).collect::<Vec<_>>(), ["weight"]);
    }

    #[test]
    #[should_panic(expected = "PRelu of [2, 3]: there are 2 slopes")]
    fn other_features() {
        PRelu::<f32>::new(2).forward(&Tensor::zeros(&[2, 3]));
    }
}
