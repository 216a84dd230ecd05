//! The leaky ReLU: `x` above 0, `slope·x` elsewhere; the derivative is 1 above 0 and `slope` elsewhere, including at 0.

use super::gate;
use crate::elementwise::step;
use crate::{Attribute, Elementwise, Float, Formula, Tensor, compiled, elementwise};

struct LeakyRelu<F> {
    slope: F,
}

impl<F: Float> Elementwise<F, 1> for LeakyRelu<F> {
    fn name(&self) -> &'static str {
        "leaky_relu"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::elementwise("x if x > 0 else slope·x", &[("x", "1 if x > 0 else slope")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("slope", self.slope.as_f64().into())]
    }

    fn element(&self, [x]: [F; 1]) -> F {
        if x > F::zero() { x } else { self.slope * x }
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let slope = self.slope;
        gate(dy, step(x, move |x| if x > F::zero() { F::one() } else { slope }))
    }
}

impl<F: Float> Tensor<F> {
    /// The leaky ReLU of every element: `x` above 0, `slope·x` elsewhere (Maas, Hannun and Ng 2013, "Rectifier
    /// nonlinearities improve neural network acoustic models"). PyTorch's default slope is 0.01. The derivative at 0
    /// is `slope`, as in PyTorch.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-2.0, 0.0, 3.0]);
    /// assert_eq!(x.leaky_relu(0.5).to_vec(), [-1.0, 0.0, 3.0]);
    /// assert_eq!(x.leaky_relu(0.5).sum().backward()[&x].to_vec(), [0.5, 0.5, 1.0]);
    /// ```
    pub fn leaky_relu(&self, slope: F) -> Tensor<F> {
        elementwise(LeakyRelu { slope }, [self])
    }
}

compiled!(Elementwise<1> LeakyRelu<F>);

#[cfg(test)]
mod tests {
    use super::super::points;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        for slope in [0.01, 0.2, -1.0] {
            sweep::unary("leaky_relu", Domain::between(-2.0, 2.0).avoiding(&[0.0]), |x| x.leaky_relu(slope));
        }
    }

    #[test]
    fn the_kink() {
        let inf = f64::INFINITY;
        let table = [
            (-1000.0, [-250.0, 0.25, 0.0]),
            (-0.0, [-0.0, 0.25, 0.0]),
            (0.0, [0.0, 0.25, 0.0]),
            (1000.0, [1000.0, 1.0, 0.0]),
            (-inf, [-inf, 0.25, 0.0]),
        ];
        points::exact(|x| x.leaky_relu(0.25), |x| x.leaky_relu(0.25), &table);
        points::keeps_nan(|x| x.leaky_relu(0.25), |x| x.leaky_relu(0.25));
    }
}
