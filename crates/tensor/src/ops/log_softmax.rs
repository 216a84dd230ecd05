//! The logarithm of softmax along an axis: `y = x - ln Σeˣ`; the derivative is `dy - eʸ·Σdy`.
//!
//! A primitive for numerical stability: the composed form overflows, or takes `ln 0` of small probabilities.

use crate::axes::resolve_axis;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, keep, kernels};

struct LogSoftmax(usize);

impl<F: Float> Op<F, 1> for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x - ln Σeˣ", &[("x", "dy - eʸ·Σdy")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.0.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        kernels::log_softmax(x, self.0)
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // eʸ is the softmax. The sum keeps its axis, with size 1, to broadcast against it.
        dy - y.exp() * dy.sum_axis(keep(self.0))
    }
}

impl<F: Float> Tensor<F> {
    /// The logarithm of [`softmax`](Self::softmax) along an axis, `x - ln Σeˣ`. Never overflows, and stays accurate
    /// where the softmax itself underflows to 0.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1000.0_f32, 0.0]);
    /// assert_eq!(x.log_softmax(0), Tensor::from([0.0, -1000.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Tensor<F> {
        apply(LogSoftmax(resolve_axis("log_softmax", axis, self.ndim())), [self])
    }
}

compiled!(Op<1> LogSoftmax);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 8] = [&[1], &[3], &[0], &[2, 3], &[2, 0], &[0, 3], &[2, 1, 3], &[3, 67]];
        sweep::shapes("log_softmax", &some, domain(), |x| x.log_softmax(-1));
        sweep::shapes("log_softmax", &[&[2, 3], &[2, 0], &[0, 3], &[1, 3], &[67, 3]], domain(), |x| x.log_softmax(0));
        sweep::shapes("log_softmax", &[&[2, 3, 2], &[2, 1, 3], &[2, 2, 1, 2]], domain(), |x| x.log_softmax(1));
    }

    #[test]
    fn far_out() {
        let x = Tensor::param([[1000.0_f32, 0.0], [-1000.0, 0.0], [-1000.0, -1000.0], [0.0, -1e30]]);
        let ln_half = -std::f32::consts::LN_2;
        let expected = [[0.0, -1000.0], [-1000.0, 0.0], [ln_half, ln_half], [0.0, -1e30]];
        let y = x.log_softmax(1);
        assert_eq!(y, Tensor::from(expected));
        let of_the_first = y.narrow(1, 0, 1).sum().backward();
        assert_eq!(of_the_first[&x], Tensor::from([[0.0, 0.0], [1.0, -1.0], [0.5, -0.5], [0.0, 0.0]]));
    }

    #[test]
    fn infinity_and_nan() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let x = Tensor::param([-inf, 0.0]);
        assert_eq!(x.log_softmax(0), Tensor::from([-inf, 0.0]));
        assert_eq!(x.log_softmax(0).sum().backward()[&x], Tensor::from([1.0, -1.0]));
        for row in [[-inf, -inf], [inf, 0.0], [nan, 0.0]] {
            assert!(Tensor::from(row).log_softmax(0).to_vec().iter().all(|y| y.is_nan()), "{row:?}");
        }
    }
}
