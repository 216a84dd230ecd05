//! The logarithm of the sigmoid: `ln σ(x) = -softplus(-x)`.
//!
//! Composed from [`softplus`](Tensor::softplus), which supplies the derivatives; `sigmoid().ln()` is `ln 0` below -745.

use crate::{Float, Tensor};

impl<F: Float> Tensor<F> {
    /// The log-sigmoid `ln(1 / (1 + e⁻ˣ))` of every element, numerically stable: about `x` at large negative `x`, never
    /// -inf there.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([-1000.0, 0.0, 1000.0]);
    /// assert_eq!(x.log_sigmoid().to_vec(), [-1000.0, -2.0_f64.ln(), 0.0]);
    /// assert_eq!(x.log_sigmoid().sum().backward()[&x].to_vec(), [1.0, 0.5, 0.0]);
    /// ```
    pub fn log_sigmoid(&self) -> Tensor<F> {
        -(-self).softplus()
    }
}

#[cfg(test)]
mod tests {
    use super::super::points;
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        sweep::unary("log_sigmoid", Domain::between(-2.0, 2.0), |x| x.log_sigmoid());
    }

    #[test]
    fn values() {
        points::close(
            Tensor::log_sigmoid,
            1e-15,
            &[
                (0.0, [-std::f64::consts::LN_2, 0.5, -0.25]),
                (1.0, [-0.31326168751822286, 0.2689414213699951, -0.19661193324148185]),
                (-1.0, [-1.3132616875182228, 0.7310585786300049, -0.19661193324148185]),
                (30.0, [-9.357622968839737e-14, 9.357622968839299e-14, -9.357622968838423e-14]),
            ],
        );
    }

    #[test]
    fn far_out() {
        let table = [(-1000.0, [-1000.0, 1.0, 0.0]), (1000.0, [0.0, 0.0, 0.0])];
        points::exact(Tensor::log_sigmoid, Tensor::log_sigmoid, &table);
        points::keeps_nan(Tensor::log_sigmoid, Tensor::log_sigmoid);
    }
}
