//! The Huber loss: quadratic near 0, linear beyond.

use downhill_tensor::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise};

use super::Reduction;
use super::targets::assert_same_shape;

/// The Huber loss of the error `e = x - t`: `e²/2` where `|e| ≤ δ`, `δ·(|e| - δ/2)` beyond, so the gradient of an
/// outlier is at most `δ` (Huber, "Robust estimation of a location parameter", 1964). Without options: [`huber`].
#[derive(Clone, Copy, Debug)]
pub struct Huber {
    /// `δ`, where the parabola becomes a line; positive, also after rounding to the element type.
    pub delta: f64,
    /// Mean, sum or no reduction.
    pub reduction: Reduction,
}

impl Default for Huber {
    fn default() -> Self {
        Huber { delta: 1.0, reduction: Reduction::Mean }
    }
}

/// The mean Huber loss with `δ = 1` between predictions and targets of the same shape.
///
/// ```
/// use downhill_nn::huber;
/// use downhill_tensor::Tensor;
/// let loss = huber(&Tensor::from([0.5, 3.0]), &Tensor::from([0.0, 0.0]));
/// assert_eq!(loss.item(), (0.125 + 2.5) / 2.0);
/// ```
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn huber<F: Float>(input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
    Huber::default().loss(input, target)
}

impl Huber {
    /// The loss.
    ///
    /// # Panics
    /// If the shapes differ, or `delta` is not positive or rounds to 0 in the element type (every loss would be 0).
    #[track_caller]
    pub fn loss<F: Float>(&self, input: &Tensor<F>, target: &Tensor<F>) -> Tensor<F> {
        assert!(self.delta > 0.0, "huber: delta must be positive, got {}", self.delta);
        let bend = F::from_f64(self.delta);
        assert!(bend > F::zero(), "huber: delta {:e} rounds to 0 in {}; every loss would be 0", self.delta, F::NAME);
        assert_same_shape("huber", input, target);
        self.reduction.of(elementwise(BentParabola { bend }, [&(input - target)]))
    }
}

/// `e²/2` where `|e| ≤ bend`, continued along its tangents: `c·(e - c/2)` with `c` the error clamped to `±bend`; the
/// derivative is `c`. A primitive for speed.
struct BentParabola<F> {
    bend: F,
}

impl<F: Float> Elementwise<F, 1> for BentParabola<F> {
    fn name(&self) -> &'static str {
        "bent_parabola"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("x²/2 if |x| < bend else bend·(|x| - bend/2)", &[("x", "min(max(x, -bend), bend)")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("bend", self.bend.as_f64().into())]
    }

    fn element(&self, [e]: [F; 1]) -> F {
        // Comparisons with NaN are false, so NaN propagates.
        let limited = match e {
            e if e < -self.bend => -self.bend,
            e if e > self.bend => self.bend,
            e => e,
        };
        limited * (e - limited * F::from_f64(0.5))
    }

    fn vjp(&self, _wrt: usize, [e]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * e.clamp(-self.bend, self.bend)
    }
}

compiled!(Elementwise<1> BentParabola<F>);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};
    use downhill_tensor::{Check, gradcheck};

    use super::*;

    #[test]
    fn operations() {
        let errors = Domain::between(-2.0, 2.0).avoiding(&[-0.7, 0.7]);
        sweep::unary("bent_parabola", errors, |e| elementwise(BentParabola { bend: 0.7 }, [e]));
    }

    #[test]
    fn derivatives() {
        let (x, t) = (Tensor::from([[0.5, -1.0], [2.0, 0.0]]), Tensor::from([[0.5, 1.0], [-3.0, 0.25]]));
        for delta in [0.1, 1.0, 3.0] {
            for reduction in [Reduction::None, Reduction::Mean, Reduction::Sum, Reduction::BatchMean] {
                gradcheck(|[x, t]| Huber { delta, reduction }.loss(x, t), [&x, &t], Check::order(2)).unwrap();
            }
        }
    }

    #[test]
    fn is_continuous_at_the_bend() {
        let x = Tensor::param([-2.0, -1.0, 0.0, 1.0, 2.0]);
        let losses = Huber { reduction: Reduction::None, ..Huber::default() }.loss(&x, &Tensor::zeros(&[5]));
        assert_eq!(losses.to_vec(), [1.5, 0.5, 0.0, 0.5, 1.5]);
        assert_eq!(losses.sum().backward()[&x].to_vec(), [-1.0, -1.0, 0.0, 1.0, 1.0]);
    }

    /// The gradient is `±δ` beyond the bend, the loss `δ·(|e| - δ/2)`.
    #[test]
    fn a_subnormal_delta() {
        fn check<F: Float>(delta: f64) {
            let x = Tensor::<F>::param([1.0, -2.0, 0.0].map(F::from_f64));
            let losses = Huber { delta, reduction: Reduction::None }.loss(&x, &Tensor::zeros(&[3]));
            let delta = F::from_f64(delta);
            assert_eq!(losses.to_vec(), [delta, delta + delta, F::zero()], "{}", F::NAME);
            assert_eq!(losses.sum().backward()[&x].to_vec(), [delta, -delta, F::zero()], "{}", F::NAME);
        }
        check::<f32>(1e-40);
        check::<f32>(1e-45);
        check::<f64>(1e-310);
        check::<f64>(5e-324);
    }

    #[test]
    #[should_panic(expected = "huber: delta 1e-50 rounds to 0 in f32")]
    fn a_delta_that_rounds_to_zero() {
        Huber { delta: 1e-50, ..Huber::default() }.loss(&Tensor::<f32>::zeros(&[1]), &Tensor::zeros(&[1]));
    }

    #[test]
    #[should_panic(expected = "huber: delta must be positive, got 0")]
    fn a_delta_of_zero() {
        Huber { delta: 0.0, ..Huber::default() }.loss(&Tensor::<f32>::zeros(&[1]), &Tensor::zeros(&[1]));
    }

    #[test]
    #[should_panic(expected = "huber: delta must be positive, got -1")]
    fn a_negative_delta() {
        Huber { delta: -1.0, ..Huber::default() }.loss(&Tensor::<f32>::zeros(&[1]), &Tensor::zeros(&[1]));
    }
}
