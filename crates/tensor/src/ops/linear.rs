//! The linear map of a fully connected layer: `y = x·Wᵀ + b`; the derivatives are `dy·W`, `dyᵀ·x` and the sum of the
//! rows of `dy`.
//!
//! A primitive for speed: the product starts from the bias instead of zero, which saves a pass over the result and
//! one recorded operation per layer.

use super::matmul::{Oriented, matmul_oriented};
use crate::{Elements, Float, Formula, Op, Tensor, apply, checked_size, compiled, kernels, shape};

struct Linear;

impl<F: Float> Op<F, 3> for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x·Wᵀ + b", &[("x", "dy·W"), ("W", "dyᵀ·x"), ("b", "Σ dy over the rows")]))
    }

    fn check(&self, [x, weight, bias]: [&[usize]; 3]) -> Result<(), String> {
        match (x, weight, bias) {
            (&[rows, features], &[out, fan_in], &[size]) if features == fan_in && out == size => {
                shape::check::<F>(&[rows, out]).map(drop)
            }
            // The most common mistake gets its own message.
            (&[_, features], &[_, fan_in], _) if features != fan_in => Err(format!(
                "the last axis of the input has {features} features, but the weight [out, in] expects {fan_in}"
            )),
            _ => Err("expected an input [.., in], a weight [out, in] and a bias [out]".into()),
        }
    }

    fn forward(&mut self, [x, weight, bias]: [&Elements<F>; 3]) -> Elements<F> {
        let (x, weight) = (x.matrix().expect("checked"), weight.matrix().expect("checked"));
        // A bias that is not contiguous, such as a broadcast view, is copied first.
        match bias.as_slice() {
            Some(bias) => kernels::matmul2(x, weight.transposed(), Some(bias)),
            None => kernels::matmul2(x, weight.transposed(), bias.row_major().as_slice()),
        }
    }

    fn vjp(&self, wrt: usize, [x, weight, _]: [&Tensor<F>; 3], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        match wrt {
            0 => dy.matmul(weight),
            // dyᵀ·x, without recording a transpose.
            1 => matmul_oriented(Oriented::transposed(dy), Oriented::plain(x)),
            _ => dy.sum_axis(0),
        }
    }
}

impl<F: Float> Tensor<F> {
    /// `x·Wᵀ + b` for an input `[.., in]`, a weight `[out, in]` and a bias `[out]`: the result is `[.., out]`.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// let (weight, bias) = (Tensor::from([[10.0, 1.0]]), Tensor::from([0.5]));
    /// assert_eq!(x.linear(&weight, Some(&bias)), Tensor::from([[12.5], [34.5]]));
    /// ```
    ///
    /// # Panics
    /// On a shape mismatch, or if the input is a scalar.
    #[track_caller]
    #[inline(never)]
    pub fn linear(&self, weight: &Tensor<F>, bias: Option<&Tensor<F>>) -> Tensor<F> {
        let [leading @ .., features] = self.shape() else {
            panic!("linear of [] and {:?}: a scalar has no features; the input must be [.., in]", weight.shape())
        };
        if self.ndim() == 2 {
            return self.linear_rows(weight, bias);
        }
        // Otherwise merge the leading axes into one axis of rows, and restore them in the result. A vector is one row.
        let flat = self.reshape(&[leading.iter().product(), *features]);
        let y = flat.linear_rows(weight, bias);
        let shape = [leading, &[y.shape()[1]]].concat();
        // With an empty leading axis, the result may be too large only once the axes are restored.
        checked_size::<F>("linear", &shape);
        y.reshape(&shape)
    }

    /// `linear` of a matrix. Not a closure, because `#[track_caller]` does not reach into closures.
    #[track_caller]
    fn linear_rows(&self, weight: &Tensor<F>, bias: Option<&Tensor<F>>) -> Tensor<F> {
        match bias {
            Some(bias) => apply(Linear, [self, weight, bias]),
            None => {
                let fits = weight.ndim() == 2 && weight.shape()[1] == self.shape()[1];
                assert!(
                    fits,
                    "linear of {:?} and {:?}: the last axis of the input has {} features, so the weight must be \
                     [out, {2}]",
                    self.shape(),
                    weight.shape(),
                    self.shape()[1]
                );
                // Without a bias there is nothing to fuse: a product, which records no transpose.
                matmul_oriented(Oriented::plain(self), Oriented::transposed(weight))
            }
        }
    }
}

compiled!(Op<3> Linear);
compiled!(fn(&Tensor<F>, &Tensor<F>, Option<&Tensor<F>>) -> Tensor<F> = Tensor::<F>::linear);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        let cases: [[&[usize]; 3]; 6] = [
            [&[2, 3], &[4, 3], &[4]],
            [&[1, 1], &[1, 1], &[1]],
            [&[0, 3], &[4, 3], &[4]],
            [&[2, 0], &[4, 0], &[4]],
            [&[3], &[2, 3], &[2]],
            [&[2, 1, 3], &[2, 3], &[2]],
        ];
        sweep::inputs("linear", &cases, [domain(), domain(), domain()], |[x, w, b]| x.linear(w, Some(b)));
        let cases: [[&[usize]; 2]; 2] = [[&[2, 3], &[4, 3]], [&[2, 1, 3], &[2, 3]]];
        sweep::inputs("linear without bias", &cases, [domain(), domain()], |[x, w]| x.linear(w, None));
    }

    #[test]
    fn any_number_of_leading_axes() {
        let weight = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        let bias = Tensor::from([0.0, 10.0, 20.0]);
        let row = Tensor::from([1.0, 1.0]);
        assert_eq!(row.linear(&weight, Some(&bias)).to_vec(), [3.0, 17.0, 31.0]);
        assert_eq!(row.linear(&weight, None).to_vec(), [3.0, 7.0, 11.0]);
        let cube = Tensor::<f64>::ones(&[2, 5, 2]).linear(&weight, Some(&bias));
        assert_eq!(cube.shape(), [2, 5, 3]);
        assert_eq!(Tensor::<f64>::ones(&[0, 2]).linear(&weight, Some(&bias)).shape(), [0, 3]);
    }

    #[test]
    #[should_panic(expected = "linear of [4, 7] and [3, 2] and [3]: the last axis of the input has 7 features")]
    fn features_must_fit() {
        Tensor::<f64>::zeros(&[4, 7]).linear(&Tensor::zeros(&[3, 2]), Some(&Tensor::zeros(&[3])));
    }
}
