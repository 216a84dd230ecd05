//! The logarithm of the cumulative sum of exponentials along an axis: `yᵢ = ln(e^x₀ + … + e^xᵢ)`.
//!
//! The derivative with respect to `xₖ` is the sum of `dyᵢ·e^(xₖ - yᵢ)` over all `i ≥ k`, computed as `e^(xₖ - yₖ)·sₖ`
//! with `sₖ = dyₖ + e^(yₖ - yₖ₊₁)·sₖ₊₁`. No exponent is positive, so that nothing overflows.
//!
//! A primitive for numerical stability: the composed form overflows.

use super::recurrence::recurrence;
use crate::axes::resolve_axis;
use crate::kernels::RunningSum;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, concat};

struct LogCumsumExp {
    axis: usize,
}

/// The largest exponent so far, and the sum of the exponentials divided by that of the largest.
#[derive(Clone)]
struct Running<F> {
    largest: F,
    sum: RunningSum<F>,
}

impl<F: Float> Running<F> {
    fn new() -> Self {
        Running { largest: F::neg_infinity(), sum: RunningSum::new(F::zero()) }
    }

    fn add(&mut self, x: F) -> F {
        if x > self.largest || x.is_nan() {
            // The first time, the sum is 0; `inf` or NaN from then on stays in the largest exponent.
            let scale = if self.largest == F::neg_infinity() { F::zero() } else { (self.largest - x).exp() };
            self.sum = RunningSum::new(self.sum.total() * scale);
            self.sum.add(F::one());
            self.largest = x;
        } else if x > F::neg_infinity() && self.largest < F::infinity() {
            self.sum.add((x - self.largest).exp());
        }
        if self.largest == F::neg_infinity() { self.largest } else { self.largest + self.sum.total().ln() }
    }
}

impl<F: Float> Op<F, 1> for LogCumsumExp {
    fn name(&self) -> &'static str {
        "logcumsumexp"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("yᵢ = ln(e^x₀ + … + e^xᵢ)", &[("x", "Σ dyᵢ·e^(xₖ - yᵢ) over i ≥ k")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.axis.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let (length, width) = (x.shape()[self.axis], x.shape()[self.axis + 1..].iter().product::<usize>());
        let mut y = x.row_major();
        if y.is_empty() {
            // Nothing to add up, and `chunks_exact` panics on a chunk size of 0.
            return y;
        }
        let mut sums = vec![Running::new(); width];
        for block in y.slice_mut().chunks_exact_mut(length * width) {
            sums.fill(Running::new());
            for row in block.chunks_exact_mut(width) {
                row.iter_mut().zip(&mut sums).for_each(|(y, sum)| *y = sum.add(*y));
            }
        }
        y
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let mut shape = x.shape().to_vec();
        let length = std::mem::replace(&mut shape[self.axis], 1);
        if length == 0 {
            return dy.clone();
        }
        // As long as every `x` is -inf, so is `y`, and differences would be NaN: clamped to the lowest finite value,
        // they are 0 or -inf.
        let (axis, y) = (self.axis as isize, y.clamp_min(F::min_value()));
        let links = (y.narrow(axis, 0, length - 1) - y.narrow(axis, 1, length - 1)).exp();
        // The first link is never used.
        let links = concat(&[Tensor::zeros(&shape), links], axis);
        (x - &y).exp() * recurrence(dy, &links, self.axis, true)
    }
}

impl<F: Float> Tensor<F> {
    /// The logarithm of the cumulative sum of exponentials along an axis: element `i` is the
    /// [`logsumexp`](Self::logsumexp) of the elements up to and including `i`. Never overflows.
    ///
    /// Before the first element that is not -inf, the result is -inf and the gradient is 0.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1000.0, 1000.0, f64::NEG_INFINITY]);
    /// let more = 1000.0 + 2.0_f64.ln();
    /// assert_eq!(x.logcumsumexp(0), Tensor::from([1000.0, more, more]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn logcumsumexp(&self, axis: isize) -> Tensor<F> {
        apply(LogCumsumExp { axis: resolve_axis("logcumsumexp", axis, self.ndim()) }, [self])
    }
}

compiled!(Op<1> LogCumsumExp);

#[cfg(test)]
mod tests {
    use std::f64::consts::LN_2;

    use super::*;
    use crate::grad;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let some: [&[usize]; 8] = [&[1], &[4], &[0], &[2, 3], &[2, 0], &[0, 3], &[2, 1, 3], &[3, 67]];
        sweep::shapes("logcumsumexp", &some, domain(), |x| x.logcumsumexp(-1));
        sweep::shapes("logcumsumexp", &[&[2, 3], &[2, 0], &[1, 3], &[3, 2, 2]], domain(), |x| x.logcumsumexp(0));
        sweep::shapes("logcumsumexp", &[&[2, 3, 2]], domain(), |x| x.logcumsumexp(1));
    }

    /// The logarithms of 1, 1 + 3, 1 + 3 + 12.
    #[test]
    fn values_by_hand() {
        for shift in [-1000.0, 0.0, 1000.0] {
            let x = Tensor::from([0.0, 3.0_f64.ln(), 12.0_f64.ln()]) + shift;
            let expected = Tensor::from([0.0, 2.0 * LN_2, 4.0 * LN_2]) + shift;
            assert!(x.logcumsumexp(0).all_close(expected, 2e-16, 1e-15), "{shift}");
        }
    }

    #[test]
    fn infinity_and_nan() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let x = Tensor::param([-inf, -inf, 0.0, -inf, 0.0]);
        let y = x.logcumsumexp(0);
        assert_eq!(y.to_vec(), [-inf, -inf, 0.0, 0.0, LN_2]);
        let [g] = grad(&y.sum(), [&x]);
        assert_eq!(g.to_vec(), [0.0, 0.0, 2.5, 0.0, 0.5]);
        let y = Tensor::from([1.0, inf, 2.0, inf]).logcumsumexp(0).to_vec();
        assert_eq!(y, [1.0, inf, inf, inf]);
        let y = Tensor::from([1.0, nan, 2.0, inf]).logcumsumexp(0).to_vec();
        assert!(y[0] == 1.0 && y[1..].iter().all(|y| y.is_nan()), "{y:?}");
    }

    #[test]
    fn ten_million_terms() {
        let y = Tensor::<f32>::zeros(&[10_000_000]).logcumsumexp(0);
        assert_eq!(y.select(0, 9_999_999).item(), 1e7_f32.ln());
    }
}
