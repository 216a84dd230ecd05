//! Another shape for the same elements in row-major order; the derivative reshapes back. Shares memory.

use ndarray::{Dimension, IxDyn};

use crate::elements::Elements;
use crate::{Attribute, Float, Op, Tensor, apply, shape};

struct Reshape(IxDyn);

impl<F: Float> Op<F, 1> for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("shape", self.0.slice().into())]
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        let from: usize = x.iter().product();
        let to = shape::check::<F>(self.0.slice())?;
        if from == to {
            Ok(())
        } else {
            Err(format!("{from} elements do not fill the shape {:?}, which has {to}", self.0.slice()))
        }
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        x.reshaped(self.0.clone())
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy.reshape(x.shape())
    }
}

impl<F: Float> Tensor<F> {
    /// The same elements, in row-major order, in another shape.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.reshape(&[4]), Tensor::from([1.0, 2.0, 3.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If the number of elements differs, or no tensor can have this shape.
    #[track_caller]
    pub fn reshape(&self, shape: &[usize]) -> Tensor<F> {
        apply(Reshape(IxDyn(shape)), [self])
    }
}

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let cases: [(&[usize], &[usize]); 8] = [
            (&[], &[1, 1]),
            (&[1], &[]),
            (&[6], &[2, 3]),
            (&[2, 3], &[3, 2]),
            (&[2, 3], &[6]),
            (&[2, 0], &[0, 5]),
            (&[2, 1, 3], &[3, 1, 2, 1]),
            (&[2, 2, 2, 1], &[4, 2]),
        ];
        for (from, to) in cases {
            sweep::shapes("reshape", &[from], Domain::between(-2.0, 2.0), |x| x.reshape(to).square());
        }
    }
}
