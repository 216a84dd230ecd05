//! NaN and infinities replaced by numbers; the derivative is 1 where the element is finite and 0 elsewhere.

use super::gate;
use crate::elementwise::step;
use crate::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct NanToNum<F> {
    nan: F,
    posinf: F,
    neginf: F,
}

impl<F: Float> Elementwise<F, 1> for NanToNum<F> {
    fn name(&self) -> &'static str {
        "nan_to_num"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise(
            "x if isfinite(x) else nan if isnan(x) else posinf if x > 0 else neginf",
            &[("x", "1 if isfinite(x) else 0")],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let numbers = [("nan", self.nan), ("posinf", self.posinf), ("neginf", self.neginf)];
        numbers.map(|(name, number)| (name, number.as_f64().into())).into()
    }

    fn element(&self, [x]: [F; 1]) -> F {
        let y = if x.is_nan() { self.nan } else { x };
        let y = if x == F::infinity() { self.posinf } else { y };
        if x == F::neg_infinity() { self.neginf } else { y }
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        gate(dy, step(x, |x| if x.is_finite() { F::one() } else { F::zero() }))
    }
}

impl<F: Float> Tensor<F> {
    /// NaN replaced by 0, inf and -inf by the largest and smallest finite value. The derivative is 1 at finite elements
    /// and 0 at all others.
    ///
    /// A NaN is often the first sign that training has diverged, and this hides it.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    /// assert_eq!(x.nan_to_num().to_vec(), [1.0, 0.0, f64::MAX, f64::MIN]);
    /// assert_eq!(x.nan_to_num().sum().backward()[&x].to_vec(), [1.0, 0.0, 0.0, 0.0]);
    /// ```
    pub fn nan_to_num(&self) -> Tensor<F> {
        self.nan_to_num_with(F::zero(), F::max_value(), F::min_value())
    }

    /// [`nan_to_num`](Self::nan_to_num) with given replacements of NaN, inf and -inf.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    /// assert_eq!(x.nan_to_num_with(0.5, 9.0, -9.0).to_vec(), [1.0, 0.5, 9.0, -9.0]);
    /// ```
    pub fn nan_to_num_with(&self, nan: F, posinf: F, neginf: F) -> Tensor<F> {
        elementwise(NanToNum { nan, posinf, neginf }, [self])
    }
}

compiled!(Elementwise<1> NanToNum<F>);

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("nan_to_num", Domain::between(-2.0, 2.0), |x| x.nan_to_num());
    }

    #[test]
    fn each_is_replaced_once() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let table =
            [(nan, [-2.0, 0.0, 0.0]), (inf, [3.0, 0.0, 0.0]), (-inf, [4.0, 0.0, 0.0]), (-2.5, [-2.5, 1.0, 0.0])];
        points::exact(|x| x.nan_to_num_with(-2.0, 3.0, 4.0), |x| x.nan_to_num_with(-2.0, 3.0, 4.0), &table);
        // The replacement may itself not be finite: what it replaces is not replaced again.
        let y = Tensor::from([nan, inf, -inf]).nan_to_num_with(inf, -inf, 1.0).to_vec();
        assert_eq!(y, [inf, -inf, 1.0]);
        assert_eq!(Tensor::from([f32::INFINITY, f32::NEG_INFINITY]).nan_to_num().to_vec(), [f32::MAX, f32::MIN]);
    }

    #[test]
    fn an_infinite_gradient_stops_there() {
        let x = Tensor::param([f64::NAN, 4.0]);
        assert_eq!(x.nan_to_num().sqrt().sum().backward()[&x].to_vec(), [0.0, 0.25]);
    }
}
