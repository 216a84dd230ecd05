//! Softmax along an axis: `y = eˣ / Σeˣ`; the derivative is `y·(dy - Σ dy·y)`.
//!
//! A primitive for numerical stability: the composed form overflows.

use crate::axes::resolve_axis;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, keep, kernels};

struct Softmax(usize);

impl<F: Float> Op<F, 1> for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("eˣ/Σeˣ", &[("x", "y·(dy - Σ dy·y)")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.0.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        kernels::softmax(x, self.0)
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // The Jacobian `diag(y) - y·yᵀ` times `dy`, without building the matrix.
        y * (dy - (dy * y).sum_axis(keep(self.0)))
    }
}

impl<F: Float> Tensor<F> {
    /// Softmax along an axis, `eˣ / Σeˣ`: probabilities that sum to 1. Numerically stable: it never overflows. For its
    /// logarithm, [`log_softmax`](Self::log_softmax) is more accurate.
    ///
    /// An element of -inf gives 0. If all elements along the axis are -inf, or any is inf, the results are NaN, as in
    /// PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[0.0_f64, 3.0_f64.ln()], [1000.0, 1000.0]]);
    /// let y = x.softmax(-1);
    /// assert!((y - Tensor::from([[0.25, 0.75], [0.5, 0.5]])).abs().max().item() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Tensor<F> {
        apply(Softmax(resolve_axis("softmax", axis, self.ndim())), [self])
    }
}

compiled!(Op<1> Softmax);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 8] = [&[1], &[3], &[0], &[2, 3], &[2, 0], &[0, 3], &[2, 1, 3], &[3, 67]];
        sweep::shapes("softmax", &some, domain(), |x| x.softmax(-1));
        sweep::shapes("softmax", &[&[2, 3], &[2, 0], &[0, 3], &[1, 3], &[67, 3]], domain(), |x| x.softmax(0));
        sweep::shapes("softmax", &[&[2, 3, 2], &[2, 1, 3], &[2, 2, 1, 2]], domain(), |x| x.softmax(1));
    }

    #[test]
    fn far_out() {
        let x = Tensor::from([[1000.0_f32, 0.0], [-1000.0, 0.0], [-1000.0, -1000.0], [f32::MAX, f32::MIN]]);
        assert_eq!(x.softmax(1), Tensor::from([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]));
        assert_eq!(x.t().softmax(0), x.softmax(1).t());
    }

    #[test]
    fn infinity_and_nan() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let x = Tensor::param([-inf, 0.0]);
        assert_eq!(x.softmax(0), Tensor::from([0.0, 1.0]));
        let weighted = (x.softmax(0) * Tensor::from([2.0, 3.0])).sum();
        assert_eq!(weighted.backward()[&x], Tensor::from([0.0, 0.0]));
        for row in [[-inf, -inf], [inf, 0.0], [nan, 0.0]] {
            assert!(Tensor::from(row).softmax(0).to_vec().iter().all(|y| y.is_nan()), "{row:?}");
        }
    }
}
