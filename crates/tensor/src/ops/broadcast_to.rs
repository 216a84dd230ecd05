//! A tensor broadcast to a larger shape; the derivative sums over the broadcast axes.

use ndarray::IxDyn;

use crate::kernels::broadcast_shape;
use crate::kernels::copied;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, shape};

struct BroadcastTo(Vec<usize>);

impl<F: Float> Op<F, 1> for BroadcastTo {
    fn name(&self) -> &'static str {
        "broadcast_to"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x, repeated to the shape", &[("x", "Σ dy over the repeated axes")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("shape", self.0.as_slice().into())]
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        shape::check::<F>(&self.0)?;
        match broadcast_shape(x, &self.0) {
            Ok(joint) if joint == self.0 => Ok(()),
            _ => Err(format!(
                "cannot broadcast to {:?}: only axes of size 1 can grow, and new axes can only be added in front",
                self.0
            )),
        }
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        match x.as_slice() {
            Some(&[value]) => Elements::full(IxDyn(&self.0), value),
            _ => copied(x.view().broadcast(self.0.as_slice()).expect("checked")),
        }
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        // The backward walk sums over the broadcast axes.
        dy.clone()
    }
}

impl<F: Float> Tensor<F> {
    /// The tensor broadcast to `shape` by NumPy's rules.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::param([1.0, 2.0]);
    /// let y = x.broadcast_to(&[3, 2]);
    /// assert_eq!(y.shape(), [3, 2]);
    /// assert_eq!(y.sum().backward()[&x].to_vec(), [3.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis would have to shrink or to grow from a size other than 1, or if no tensor can have this shape.
    #[doc(alias("expand", "expand_as"))]
    #[track_caller]
    pub fn broadcast_to(&self, shape: &[usize]) -> Tensor<F> {
        apply(BroadcastTo(shape.to_vec()), [self])
    }
}

compiled!(Op<1> BroadcastTo);

#[cfg(test)]
mod tests {
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let cases: [(&[usize], &[usize]); 10] = [
            (&[], &[]),
            (&[], &[2, 3]),
            (&[1], &[3]),
            (&[3], &[2, 3]),
            (&[2, 1], &[2, 3]),
            (&[1, 3], &[2, 3]),
            (&[1, 1], &[4, 2, 3]),
            (&[1, 3], &[0, 3]),
            (&[0], &[2, 0]),
            (&[2, 1, 2, 1], &[2, 2, 2, 2]),
        ];
        for (from, to) in cases {
            sweep::shapes("broadcast_to", &[from], Domain::between(-2.0, 2.0), |x| x.broadcast_to(to).square());
        }
    }
}
