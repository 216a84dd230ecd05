//! Gated linear units: the first half of an axis, multiplied by an activation of the second half.
//!
//! Dauphin et al., "Language modeling with gated convolutional networks", arXiv 1612.08083; Shazeer, "GLU variants
//! improve transformer", arXiv 2002.05202.

use downhill_tensor::{Float, Params, Tensor};

use crate::{Activation, Gelu, Identity, Module, Relu, Sigmoid, Silu};

/// The gated linear unit, `a·σ(b)`, where `a` is the first half of the axis and `b` the second.
///
/// ```
/// use downhill_nn::glu;
/// use downhill_tensor::Tensor;
/// assert_eq!(glu(&Tensor::from([[3.0, 5.0, 0.0, 1000.0]]), -1), Tensor::from([[1.5, 5.0]]));
/// ```
///
/// # Panics
/// If the axis is out of range, or its size is odd.
#[track_caller]
pub fn glu<F: Float>(x: &Tensor<F>, axis: isize) -> Tensor<F> {
    gated("glu", x, axis, Sigmoid.into())
}

/// The gated linear unit with [`Gelu`], `a·gelu(b)`, where `a` is the first half of the axis and `b` the second.
///
/// # Panics
/// If the axis is out of range, or its size is odd.
#[track_caller]
pub fn geglu<F: Float>(x: &Tensor<F>, axis: isize) -> Tensor<F> {
    gated("geglu", x, axis, Gelu.into())
}

/// The gated linear unit with [`Silu`], `a·silu(b)`, where `a` is the first half of the axis and `b` the second.
///
/// # Panics
/// If the axis is out of range, or its size is odd.
#[track_caller]
pub fn swiglu<F: Float>(x: &Tensor<F>, axis: isize) -> Tensor<F> {
    gated("swiglu", x, axis, Silu.into())
}

/// A gated linear unit as a layer: the first half of an axis, multiplied by an activation of the second half, so that the
/// axis is half as long. The default is [`glu`] along the last axis, with the sigmoid; for [`geglu`] and [`swiglu`],
/// [`Glu::geglu`] and [`Glu::swiglu`].
///
/// ```
/// use downhill_nn::{Glu, Linear, Module, Relu, Sequential};
/// use downhill_tensor::Tensor;
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let feed_forward: Sequential = Sequential::new()
///     .then(Linear::new(64, 2 * 256, &mut rng))
///     .then(Glu::swiglu())
///     .then(Linear::new(256, 64, &mut rng));
/// assert_eq!(feed_forward.forward(&Tensor::zeros(&[32, 64])).shape(), [32, 64]);
///
/// let reglu = Glu { activation: Relu.into(), ..Glu::default() };
/// assert_eq!(reglu.forward(&Tensor::from([3.0, 5.0, -1.0, 2.0])), Tensor::from([0.0, 10.0]));
/// ```
#[doc(alias("GLU", "GEGLU", "SwiGLU", "ReGLU"))]
#[derive(Clone, Copy, Debug, PartialEq, Params)]
pub struct Glu {
    /// The axis, by default the last; negative axes count from the end.
    #[params(skip)]
    pub axis: isize,
    /// The activation of the second half.
    pub activation: Activation,
}

impl Glu {
    /// With [`Gelu`].
    pub fn geglu() -> Self {
        Glu { activation: Gelu.into(), ..Glu::default() }
    }

    /// With [`Silu`].
    pub fn swiglu() -> Self {
        Glu { activation: Silu.into(), ..Glu::default() }
    }

    /// With [`Identity`]: the product of the halves.
    pub fn bilinear() -> Self {
        Glu { activation: Identity.into(), ..Glu::default() }
    }

    /// With [`Relu`].
    pub fn reglu() -> Self {
        Glu { activation: Relu.into(), ..Glu::default() }
    }
}

impl Default for Glu {
    fn default() -> Self {
        Glu { axis: -1, activation: Sigmoid.into() }
    }
}

impl<F: Float> Module<F> for Glu {
    /// # Panics
    /// If the axis is out of range, or its size is odd.
    #[track_caller]
    fn forward(&self, x: &Tensor<F>) -> Tensor<F> {
        gated("Glu", x, self.axis, self.activation)
    }
}

#[track_caller]
fn gated<F: Float>(name: &str, x: &Tensor<F>, axis: isize, activation: Activation) -> Tensor<F> {
    let ndim = x.ndim() as isize;
    assert!(
        (-ndim..ndim).contains(&axis),
        "{name} of {:?}: axis {axis} is out of range for a tensor with {ndim} axes (negative axes count from the end)",
        x.shape()
    );
    let size = x.shape()[axis.rem_euclid(ndim) as usize];
    assert!(
        size.is_multiple_of(2),
        "{name} of {:?}: axis {axis} has size {size}, and its halves cannot be of equal size",
        x.shape()
    );
    let (a, b) = (x.narrow(axis, 0, size / 2), x.narrow(axis, size / 2, size / 2));
    a * activation.forward(&b)
}

#[cfg(test)]
mod tests {
    use downhill_tensor::{Check, gradcheck};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn derivatives() {
        let cases: [(&[usize], isize); 6] =
            [(&[4], 0), (&[2, 2], -1), (&[4, 3], 0), (&[2, 4, 1], 1), (&[0, 2], 1), (&[2, 0], 1)];
        for (shape, axis) in cases {
            let x = crate::init::uniform::<f64>(shape, -2.0..=2.0, &mut ChaCha8Rng::seed_from_u64(1));
            for function in [glu, geglu, swiglu] {
                gradcheck(|[x]| function(x, axis), [&x], Check::order(2)).unwrap();
            }
        }
    }

    /// The halves along each axis; activations with well-known values, far out and at 0.
    #[test]
    fn values_by_hand() {
        let x = Tensor::from([[2.0, -3.0], [0.0, 1e3]]);
        assert_eq!(glu(&x, 0), Tensor::from([[1.0, -3.0]]));
        assert_eq!(glu(&x, 1), Tensor::from([[2.0 / (1.0 + 3.0_f64.exp())], [0.0]]));
        assert_eq!(geglu(&x, -2), Tensor::from([[0.0, -3e3]]));
        assert_eq!(swiglu(&x, -2), Tensor::from([[0.0, -3e3]]));
        for (layer, expected) in [
            (Glu::default(), [1.0, -3.0]),
            (Glu::geglu(), [0.0, -3e3]),
            (Glu::swiglu(), [0.0, -3e3]),
            (Glu::reglu(), [0.0, -3e3]),
            (Glu::bilinear(), [0.0, -3e3]),
        ] {
            assert_eq!(Glu { axis: 0, ..layer }.forward(&x), Tensor::from([expected]));
        }
        let y = swiglu(&Tensor::from([1.0, -1.0]), 0).item();
        assert!((y + 1.0 / (1.0 + 1.0_f64.exp())).abs() < 1e-15);
    }

    #[test]
    #[should_panic(expected = "glu of [2, 3]: axis 1 has size 3, and its halves cannot be of equal size")]
    fn an_odd_axis() {
        glu(&Tensor::<f32>::zeros(&[2, 3]), 1);
    }

    #[test]
    #[should_panic(expected = "Glu of []: axis -1 is out of range for a tensor with 0 axes")]
    fn a_scalar() {
        Glu::default().forward(&Tensor::<f32>::zeros(&[]));
    }
}
