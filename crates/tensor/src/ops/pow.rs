//! A power, both of whose arguments are tensors: `y = aᵇ`; the derivatives are `b·aᵇ⁻¹` and `y·ln a`.
//!
//! Both are shielded where they would be `0·inf`: the first is 0 for `0⁰`, the second for `0ᵇ` with `b ≥ 0`.

use ndarray::{ArrayD, ArrayViewD};

use super::where_;
use crate::broadcast::check_broadcast;
use crate::{Float, Op, Tensor, apply, kernels};

struct Pow;

impl<F: Float> Op<F, 2> for Pow {
    fn name(&self) -> &'static str {
        "pow"
    }

    fn check(&self, [a, b]: [&[usize]; 2]) -> Result<(), String> {
        check_broadcast(a, b)
    }

    fn forward(&self, [a, b]: [ArrayViewD<'_, F>; 2]) -> ArrayD<F> {
        kernels::zip(&a, &b, |a, b| a.powf(b))
    }

    fn vjp(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // With 1 in place of 0 both formulas give 0.
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
    /// Every element to the power of the other tensor's element, with broadcasting: NaN where the base is below 0 and the
    /// exponent is not whole. For a fixed exponent, [`powf`](Self::powf) and [`powi`](Self::powi) are faster.
    ///
    /// As in PyTorch, `x⁰` has gradient 0 also at 0, `0ʸ` has gradient 0 with respect to `y ≥ 0`, and the gradient with
    /// respect to the exponent of a negative base is NaN.
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
        apply(Pow, [self, exponent])
    }
}
