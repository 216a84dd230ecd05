//! Softmax along an axis, `y = eˣ / Σeˣ`, but 0 where every element is -inf; the derivative is `y·(dy - Σ dy·y)`.
//!
//! A primitive for numerical stability: the composed form overflows, and is 0/0 where nothing may be chosen.

use crate::axes::resolve_axis;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, keep, kernels};

struct SoftmaxOrZero(usize);

impl<F: Float> Op<F, 1> for SoftmaxOrZero {
    fn name(&self) -> &'static str {
        "softmax_or_zero"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("eˣ/Σeˣ", &[("x", "y·(dy - Σ dy·y)")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.0.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        kernels::softmax_or_zero(x, self.0)
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        y * (dy - (dy * y).sum_axis(keep(self.0)))
    }
}

impl<F: Float> Tensor<F> {
    /// [`softmax`](Self::softmax) along an axis, for choices that a mask may leave none of: where every element is
    /// -inf, the results are 0 instead of NaN, and so is the gradient.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let inf = f64::INFINITY;
    /// let x = Tensor::from([[0.0, 0.0, -inf], [-inf, -inf, -inf]]);
    /// assert_eq!(x.softmax_or_zero(-1), Tensor::from([[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn softmax_or_zero(&self, axis: isize) -> Tensor<F> {
        apply(SoftmaxOrZero(resolve_axis("softmax_or_zero", axis, self.ndim())), [self])
    }
}

compiled!(Op<1> SoftmaxOrZero);

#[cfg(test)]
mod tests {
    use crate::Tensor;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 7] = [&[1], &[3], &[0], &[2, 3], &[2, 0], &[0, 3], &[3, 67]];
        sweep::shapes("softmax_or_zero", &some, domain(), |x| x.softmax_or_zero(-1));
        sweep::shapes("softmax_or_zero", &[&[2, 3], &[2, 1, 3], &[67, 3]], domain(), |x| x.softmax_or_zero(0));
    }

    #[test]
    fn as_softmax_where_something_can_be_chosen() {
        let inf = f64::INFINITY;
        let x = Tensor::from([[1e3, 0.0, -inf], [-1e3, -1e3, -1e3], [3.0_f64.ln(), 0.0, -inf]]);
        let y = x.softmax_or_zero(1);
        let expected = Tensor::from([[1.0, 0.0, 0.0], [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0], [0.75, 0.25, 0.0]]);
        assert!((&y - expected).abs().max().item() < 1e-15);
        assert_eq!(x.t().softmax_or_zero(0).t(), y);
    }

    #[test]
    fn nothing_to_choose_from() {
        let inf = f64::INFINITY;
        let x = Tensor::param([[-inf, -inf], [-inf, 0.0]]);
        let y = x.softmax_or_zero(1);
        assert_eq!(y, Tensor::from([[0.0, 0.0], [0.0, 1.0]]));
        assert_eq!((y * Tensor::from([2.0, 3.0])).sum().backward()[&x], Tensor::zeros(&[2, 2]));
        // A NaN is never hidden.
        for row in [[inf, 0.0], [f64::NAN, 0.0], [f64::NAN, -inf]] {
            assert!(Tensor::from(row).softmax_or_zero(0).to_vec().iter().all(|y| y.is_nan()), "{row:?}");
        }
    }
}
