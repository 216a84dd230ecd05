//! The cumulative product along an axis: `yᵢ = x₀·…·xᵢ`.
//!
//! The derivative with respect to `xₖ` is the product of the elements before it times `sₖ = dyₖ + xₖ₊₁·sₖ₊₁`, the sum
//! of `dyᵢ·xₖ₊₁·…·xᵢ` over all `i ≥ k`. It divides by nothing, so it is exact where elements are 0.

use super::recurrence::recurrence;
use crate::axes::resolve_axis;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, concat};

struct Cumprod {
    axis: usize,
}

impl<F: Float> Op<F, 1> for Cumprod {
    fn name(&self) -> &'static str {
        "cumprod"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("yᵢ = x₀·…·xᵢ", &[("x", "x₀·…·xₖ₋₁ · Σ dyᵢ·xₖ₊₁·…·xᵢ over i ≥ k")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.axis.into())]
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let (length, width) = (x.shape()[self.axis], x.shape()[self.axis + 1..].iter().product::<usize>());
        let mut y = x.row_major();
        // `max(1)`: `chunks_exact` panics on 0, and an empty tensor has no blocks.
        for block in y.slice_mut().chunks_exact_mut((length * width).max(1)) {
            for at in width..block.len() {
                let before = block[at - width];
                block[at] *= before;
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
        let axis = self.axis as isize;
        let before = concat(&[Tensor::ones(&shape), y.narrow(axis, 0, length - 1)], axis);
        before * recurrence(dy, x, self.axis, true)
    }
}

impl<F: Float> Tensor<F> {
    /// The cumulative product along an axis: element `i` is the product of the elements up to and including `i`. The
    /// derivatives are exact where elements are 0.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([2.0, 0.0, 3.0]);
    /// assert_eq!(x.cumprod(0), Tensor::from([2.0, 0.0, 0.0]));
    /// assert_eq!(x.cumprod(0).sum().backward()[&x], Tensor::from([1.0, 8.0, 0.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn cumprod(&self, axis: isize) -> Tensor<F> {
        apply(Cumprod { axis: resolve_axis("cumprod", axis, self.ndim()) }, [self])
    }
}

compiled!(Op<1> Cumprod);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hessian;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-1.5, 1.5);
        let some: [&[usize]; 7] = [&[1], &[4], &[0], &[2, 3], &[2, 0], &[0, 3], &[2, 1, 3]];
        sweep::shapes("cumprod", &some, domain(), |x| x.cumprod(-1));
        sweep::shapes("cumprod", &[&[2, 3], &[2, 0], &[1, 3], &[3, 2, 2]], domain(), |x| x.cumprod(0));
        sweep::shapes("cumprod", &[&[2, 3, 2]], domain(), |x| x.cumprod(1));
    }

    #[test]
    fn along_each_axis() {
        let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert_eq!(x.cumprod(0), Tensor::from([[1.0, 2.0, 3.0], [4.0, 10.0, 18.0]]));
        assert_eq!(x.cumprod(-1), Tensor::from([[1.0, 2.0, 6.0], [4.0, 20.0, 120.0]]));
        assert_eq!(x.t().cumprod(0), x.cumprod(1).t());
    }

    /// The last element is the product of all; see `prod.rs`.
    #[test]
    fn zeros() {
        let x = Tensor::param([0.0, 2.0, 0.0]);
        let last = x.cumprod(0).select(0, 2);
        let expected = [[0.0, 0.0, 2.0], [0.0, 0.0, 0.0], [2.0, 0.0, 0.0]];
        assert_eq!(hessian(&last, &x), Tensor::from(expected));
        // y = (a, ab, abc) at (0, 2, 0): ∂a = 1 + b + bc, ∂b = a + ac, ∂c = ab.
        assert_eq!(x.cumprod(0).sum().backward()[&x], Tensor::from([3.0, 0.0, 0.0]));
    }

    /// The second element comes in as the factor of 2 and of 2·3, whatever it is. (In PyTorch its gradient is NaN.)
    #[test]
    fn nan_stays_behind() {
        let x = Tensor::param([2.0, f64::NAN, 3.0]);
        assert_eq!(x.cumprod(0).sum().backward()[&x].to_vec()[1], 8.0);
        let y = Tensor::from([2.0_f32, f32::NAN, 1.0]).cumprod(0).to_vec();
        assert!(y[0] == 2.0 && y[1].is_nan() && y[2].is_nan());
    }
}
