//! The power of a tensor to a tensor: `y = aᵇ`; the derivatives are `b·aᵇ⁻¹` and `y·ln a`.
//!
//! Where they would be `0·inf` they are 0: the first for `0⁰`, the second for `0ᵇ` with `b ≥ 0`.

use super::where_;
use crate::{Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct Pow;

impl<F: Float> Elementwise<F, 2> for Pow {
    fn name(&self) -> &'static str {
        "pow"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("a^b", &[("a", "b·a^(b - 1)"), ("b", "y·ln(a)")]))
    }

    #[inline(always)]
    fn element(&self, [a, b]: [F; 2]) -> F {
        a.powf(b)
    }

    fn vjp(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // With the base 0 replaced by 1, both formulas give 0.
        match wrt {
            0 => {
                let a = where_(&(a.eq_elem(F::zero()) & b.eq_elem(F::zero())), F::one(), a);
                dy * b * a.pow(&(b - F::one()))
            }
            _ => {
                let a = where_(&(a.eq_elem(F::zero()) & b.ge(F::zero())), F::one(), a);
                dy * y * a.ln()
            }
        }
    }
}

impl<F: Float> Tensor<F> {
    /// Every element raised to the corresponding element of `exponent`, with broadcasting; NaN where the base is
    /// negative and the exponent is not an integer. For a fixed exponent, [`powf`](Self::powf) and
    /// [`powi`](Self::powi) are faster.
    ///
    /// As in PyTorch, `x⁰` has gradient 0, even at 0, `0ʸ` has gradient 0 with respect to `y ≥ 0`, and for a negative
    /// base the gradient with respect to the exponent is NaN.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let (x, y) = (Tensor::param([2.0, 1.0, 0.0]), Tensor::param([3.0, 5.0, 0.0]));
    /// let z = x.pow(&y);
    /// assert_eq!(z.to_vec(), [8.0, 1.0, 1.0]);
    /// let grads = z.sum().backward();
    /// assert_eq!(grads[&x].to_vec(), [12.0, 5.0, 0.0]);
    /// assert_eq!(grads[&y].to_vec(), [8.0 * 2.0_f64.ln(), 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn pow(&self, exponent: &Tensor<F>) -> Tensor<F> {
        elementwise(Pow, [self, exponent])
    }
}

compiled!(Elementwise<2> Pow);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grad;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::binary("pow", Domain::between(0.3, 2.0), Domain::between(-2.0, 2.0), |a, b| a.pow(b));
    }

    /// `(a, b)`, then the gradients with respect to `a` and to `b`.
    #[track_caller]
    fn assert_gradients((a, b): (f64, f64), expected: (f64, f64)) {
        let (a, b) = (Tensor::param(a), Tensor::param(b));
        let grads = a.pow(&b).backward();
        let same = |got: f64, expected: f64| got == expected || got.is_nan() && expected.is_nan();
        let got = (grads[&a].item(), grads[&b].item());
        assert!(same(got.0, expected.0) && same(got.1, expected.1), "{got:?}, not {expected:?}");
    }

    #[test]
    fn at_0_and_below() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_gradients((0.0, 0.0), (0.0, 0.0));
        assert_gradients((0.0, 1.0), (1.0, 0.0));
        assert_gradients((0.0, 2.0), (0.0, 0.0));
        assert_gradients((0.0, 0.5), (inf, 0.0));
        assert_gradients((0.0, -1.0), (-inf, -inf));
        assert_gradients((5.0, 0.0), (0.0, 5.0_f64.ln()));
        assert_gradients((-2.0, 2.0), (-4.0, nan));
        assert_gradients((-2.0, 3.0), (12.0, nan));
        assert_gradients((-2.0, 0.5), (nan, nan));
    }

    /// ∂²(aᵇ)/∂a∂b is `1/a` at `b = 0`; a rule that returns 0 for every zero exponent loses it.
    #[test]
    fn the_mixed_derivative_at_exponent_0() {
        let (a, b) = (Tensor::param(4.0), Tensor::param(0.0));
        let [by_a] = grad(&a.pow(&b), [&a]);
        let [mixed] = grad(&by_a, [&b]);
        assert_eq!((by_a.item(), mixed.item()), (0.0, 0.25));
        let [by_b] = grad(&a.pow(&b), [&b]);
        let [mixed] = grad(&by_b, [&a]);
        assert_eq!(mixed.item(), 0.25);
    }

    #[test]
    fn nan_stays() {
        let y = Tensor::from([f32::NAN, 2.0]).pow(&Tensor::from([2.0, f32::NAN]));
        assert!(y.to_vec().iter().all(|y| y.is_nan()));
    }
}
