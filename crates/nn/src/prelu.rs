//! The rectifier with a learned slope: `x` above 0, `weight·x` elsewhere.
//!
//! He et al., "Delving deep into rectifiers", arXiv 1502.01852.

use downhill_tensor::{Float, Params, Tensor, where_};

use crate::channels::spread;
use crate::{Module, init};

/// The leaky rectifier whose slope is a parameter: `x` above 0, `weight·x` elsewhere, with one slope for all or one for
/// each channel, axis 1 of `[N, C, ..]`. The derivative at 0 is `weight`, as in PyTorch.
///
/// ```
/// use downhill_nn::{Module, PRelu};
/// use downhill_tensor::Tensor;
/// let layer: PRelu = PRelu::new(2);
/// assert_eq!(layer.forward(&Tensor::from([[-4.0, 2.0]])), Tensor::from([[-1.0, 2.0]]));
/// assert_eq!(PRelu::default().forward(&Tensor::<f32>::from([-8.0, 3.0])), Tensor::from([-2.0, 3.0]));
/// ```
///
/// Train it without weight decay, which would make it a rectifier.
#[doc(alias = "PReLU")]
#[derive(Clone, Debug, Params)]
pub struct PRelu<F: Float = f32> {
    /// `[num_parameters]`: `[1]` or one slope for each channel.
    pub weight: Tensor<F>,
}

impl<F: Float> PRelu<F> {
    /// With `num_parameters` slopes, one for all or one for each channel, and PyTorch's slope at the start, 0.25.
    ///
    /// # Panics
    /// If the allocation fails.
    #[track_caller]
    pub fn new(num_parameters: usize) -> Self {
        PRelu { weight: Tensor::param(init::constant(&[num_parameters], 0.25)) }
    }
}

impl<F: Float> Default for PRelu<F> {
    /// With one slope, as in PyTorch.
    fn default() -> Self {
        PRelu::new(1)
    }
}

impl<F: Float> Module<F> for PRelu<F> {
    /// # Panics
    /// If there are several slopes, and not as many as axis 1 of `x` has elements.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        let slopes = self.weight.len();
        assert!(
            self.weight.ndim() == 1 && (slopes == 1 || x.shape().get(1) == Some(&slopes)),
            "PRelu of {:?}: the weight has shape {:?}, but must be [1], or [C] for an input [N, C, ..]",
            x.shape(),
            self.weight.shape()
        );
        let slope = if slopes == 1 { self.weight.reshape(&[]) } else { spread(&self.weight, x.ndim()) };
        // Where x is positive the product is not used; an infinite factor there would make the gradient of the slope
        // NaN.
        let positive = x.gt(F::zero());
        where_(&positive, x, where_(&positive, F::zero(), x) * slope)
    }
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn derivatives() {
        // Away from 0, where the slope jumps.
        let elements = [0.5, -1.0, -2.0, 3.0, -0.5, 1.0, -4.0, 0.25];
        for (shape, slopes) in [(&[4, 2][..], 2), (&[2, 2, 2], 2), (&[2, 1, 4], 1), (&[8], 1), (&[1, 8, 1], 8)] {
            let x = Tensor::from(elements).reshape(shape);
            let weight = Tensor::from(elements).narrow(0, 0, slopes);
            let forward = |x: &Tensor<f64>, weight: &Tensor<f64>| PRelu { weight: weight.clone() }.forward(x);
            gradcheck(|[x, weight]| forward(x, weight), [&x, &weight], Check::order(2)).unwrap();
        }
    }

    #[test]
    fn values_by_hand() {
        let layer = PRelu { weight: Tensor::param([0.5, -1.0_f64]) };
        let x = Tensor::from([[-2.0, -3.0], [4.0, 0.0], [0.0, 5.0]]);
        assert_eq!(layer.forward(&x), Tensor::from([[-1.0, 3.0], [4.0, 0.0], [0.0, 5.0]]));
        let images = Tensor::from([[[-2.0, 1.0], [-3.0, 1.0]]]);
        assert_eq!(layer.forward(&images), Tensor::from([[[-1.0, 1.0], [3.0, 1.0]]]));
        assert_eq!(layer.forward(&Tensor::zeros(&[0, 2])).shape(), [0, 2]);
        assert_eq!(PRelu::<f64>::default().forward(&Tensor::from(-2.0)).item(), -0.5);
        assert_eq!(layer.params().map(|(path, _)| path.to_string()).collect::<Vec<_>>(), ["weight"]);
    }

    /// At 0 the slope is that of the left side; infinities and NaN stay where they are.
    #[test]
    fn kinks_and_ends() {
        let x = Tensor::param([0.0, f64::INFINITY, -f64::INFINITY, f64::NAN, -2.0]);
        let layer = PRelu { weight: Tensor::param([0.5]) };
        let y = layer.forward(&x);
        assert_eq!(y.to_vec()[..3], [0.0, f64::INFINITY, -f64::INFINITY]);
        assert!(y.to_vec()[3].is_nan());
        let chosen = y.index_select(0, &[0, 1, 4]).sum();
        let grads = chosen.backward();
        assert_eq!(grads[&x].to_vec(), [0.5, 1.0, 0.0, 0.0, 0.5]);
        assert!(grads[&layer.weight].item().is_nan(), "0·-inf, as in PyTorch: the gradient of -inf is weighted by 0");
        let finite = Tensor::from([f64::INFINITY, 3.0, -2.0]);
        assert_eq!(layer.forward(&finite).sum().backward()[&layer.weight].to_vec(), [-2.0]);
    }

    #[test]
    #[should_panic(
        expected = "PRelu of [2, 3]: the weight has shape [2], but must be [1], or [C] for an input [N, C, ..]"
    )]
    fn other_channels() {
        PRelu::<f32>::new(2).forward(&Tensor::zeros(&[2, 3]));
    }

    #[test]
    #[should_panic(expected = "PRelu of [2]: the weight has shape [2]")]
    fn no_channels() {
        PRelu::<f32>::new(2).forward(&Tensor::zeros(&[2]));
    }
}
