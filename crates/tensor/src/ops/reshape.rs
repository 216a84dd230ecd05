//! The same elements, in row-major order, with another shape; the derivative reshapes back. Shares memory.

use std::fmt::Display;

use ndarray::{Dimension, IxDyn};

use crate::Elements;
use crate::{Attribute, Float, Formula, Op, Tensor, apply, compiled, shape};

struct Reshape(IxDyn);

impl<F: Float> Op<F, 1> for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("x in another shape", &[("x", "dy in the shape of x")]))
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
            Err(format!("shape mismatch: {from} elements cannot be reshaped to {:?}, which has {to}", self.0.slice()))
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
    /// The same elements, in row-major order, with another shape. In a tuple, one size may be -1, which is inferred.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.reshape(&[4]), Tensor::from([1.0, 2.0, 3.0, 4.0]));
    ///
    /// let batch = 2;
    /// assert_eq!(x.reshape((batch, -1, 1)).shape(), [2, 2, 1]);
    /// assert_eq!(x.reshape(-1).shape(), [4]);
    /// ```
    ///
    /// # Panics
    /// If the number of elements differs, the shape is invalid, or a size of -1 cannot be inferred.
    #[doc(alias = "view")]
    #[track_caller]
    pub fn reshape(&self, shape: impl NewShape) -> Tensor<F> {
        match shape.sizes(self.len()) {
            Ok(sizes) => apply(Reshape(sizes), [self]),
            Err(reason) => panic!("reshape of {:?}: {reason}", self.shape()),
        }
    }
}

/// The argument of [`Tensor::reshape`]: a reference to an array, a slice or a `Vec` of `usize`; a tuple such as
/// `(-1, 28, n)`, in which one size may be -1; or a single integer.
///
/// A tuple, because all elements of an array have the same type: `[-1, n]` does not compile if `n` is a `usize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a shape",
    note = "use `&[2, 3]`, a slice or a `&Vec` of `usize`, or a tuple such as `(-1, 28, n)`, in which one size may be -1"
)]
pub trait NewShape {
    /// The size of every axis for a tensor of `len` elements, or why the shape is invalid.
    #[doc(hidden)]
    fn sizes(&self, len: usize) -> Result<IxDyn, String>;
}

impl NewShape for &[usize] {
    #[inline]
    fn sizes(&self, _len: usize) -> Result<IxDyn, String> {
        Ok(IxDyn(self))
    }
}

/// The item of an iterator over slices.
impl NewShape for &&[usize] {
    #[inline]
    fn sizes(&self, _len: usize) -> Result<IxDyn, String> {
        Ok(IxDyn(self))
    }
}

impl<const N: usize> NewShape for &[usize; N] {
    #[inline]
    fn sizes(&self, _len: usize) -> Result<IxDyn, String> {
        Ok(IxDyn(self.as_slice()))
    }
}

impl NewShape for &Vec<usize> {
    #[inline]
    fn sizes(&self, _len: usize) -> Result<IxDyn, String> {
        Ok(IxDyn(self))
    }
}

/// One size of a tuple.
trait Size: Copy + Display {
    /// `None` for -1.
    fn given(self) -> Result<Option<usize>, String>;
}

macro_rules! sizes {
    ($($T:ty),*) => {$(
        impl Size for $T {
            fn given(self) -> Result<Option<usize>, String> {
                match usize::try_from(self) {
                    Ok(size) => Ok(Some(size)),
                    Err(_) if self.checked_add(1) == Some(0) => Ok(None),
                    Err(_) => Err(format!("{self} is not a valid size; the only negative size is -1 (inferred)")),
                }
            }
        }

        impl NewShape for $T {
            fn sizes(&self, len: usize) -> Result<IxDyn, String> {
                with_rest(&[self.given()?], len)
            }
        }
    )*};
}

sizes!(usize, isize, i32);

macro_rules! tuples {
    ($($T:ident $index:tt),*) => {
        impl<$($T: Size),*> NewShape for ($($T,)*) {
            fn sizes(&self, len: usize) -> Result<IxDyn, String> {
                with_rest(&[$(self.$index.given()?),*], len)
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, G 5);
tuples!(A 0, B 1, C 2, D 3, E 4, G 5, H 6);
tuples!(A 0, B 1, C 2, D 3, E 4, G 5, H 6, I 7);

/// The sizes, with a missing one inferred for `len` elements.
fn with_rest(sizes: &[Option<usize>], len: usize) -> Result<IxDyn, String> {
    let mut shape = IxDyn::zeros(sizes.len());
    let (mut product, mut rest) = (1_usize, None);
    for (axis, size) in sizes.iter().enumerate() {
        match size {
            // If this saturates, the check of the shape fails later, or another size is 0.
            Some(size) => product = product.saturating_mul(*size),
            None if rest.is_some() => return Err("only one size can be -1, which is inferred from the others".into()),
            None => rest = Some(axis),
        }
        shape[axis] = size.unwrap_or(0);
    }
    let Some(rest) = rest else { return Ok(shape) };
    match len.checked_rem(product) {
        Some(0) => shape[rest] = len / product,
        Some(_) => return Err(format!("cannot infer the size -1: {len} elements are not divisible by {product}")),
        None => return Err("cannot infer the size -1 next to a size of 0".into()),
    }
    Ok(shape)
}

compiled!(Op<1> Reshape);

#[cfg(test)]
mod tests {
    use super::*;
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

    /// As `numpy.reshape`.
    #[test]
    fn what_remains() {
        let x = Tensor::<f32>::zeros(&[2, 3, 4]);
        let n = 3_usize;
        assert_eq!(x.reshape(-1).shape(), [24]);
        assert_eq!(x.reshape((-1,)).shape(), [24]);
        assert_eq!(x.reshape((n, -1)).shape(), [3, 8]);
        assert_eq!(x.reshape((1, -1, n, 2_isize)).shape(), [1, 4, 3, 2]);
        assert_eq!(x.reshape((2, 12)).shape(), [2, 12]);
        assert_eq!(x.reshape(24).shape(), [24]);
        assert_eq!(Tensor::<f32>::zeros(&[0, 3]).reshape((-1, 5)).shape(), [0, 5]);
        assert_eq!(Tensor::<f32>::zeros(&[]).reshape((1, -1)).shape(), [1, 1]);
        assert_eq!(Tensor::<f32>::zeros(&[0, 3]).reshape((0, 5)).shape(), [0, 5]);
    }

    /// Sizes by reference: arrays, `Vec`s, slices, and items of an iterator over slices.
    #[test]
    fn every_way_to_give_sizes() {
        let x = Tensor::<f32>::zeros(&[6]);
        let sizes = vec![2, 3];
        let slice: &[usize] = &sizes;
        for y in [x.reshape(&[2, 3]), x.reshape(&sizes), x.reshape(slice)] {
            assert_eq!(y.shape(), [2, 3]);
        }
        assert_eq!(Tensor::<f32>::zeros(&[1]).reshape(&[]).shape(), [0_usize; 0]);
        for shape in [&[6, 1][..], &[3, 2]].iter() {
            assert_eq!(x.reshape(shape).shape(), *shape);
            assert_eq!(x.reshape(*shape).shape(), *shape);
        }
    }

    #[track_caller]
    fn refused(x: &[usize], shape: impl NewShape + std::panic::UnwindSafe) -> String {
        let x = Tensor::<f32>::zeros(x);
        let panic = std::panic::catch_unwind(|| x.reshape(shape)).expect_err("no such shape");
        panic.downcast_ref::<String>().expect("a message").clone()
    }

    #[test]
    fn no_size_remains() {
        assert_eq!(
            refused(&[2, 3], (4, -1)),
            "reshape of [2, 3]: cannot infer the size -1: 6 elements are not divisible by 4"
        );
        assert!(refused(&[2, 3], (-1, 3, -1)).contains("only one size can be -1"));
        assert!(refused(&[0, 3], (0, -1)).contains("next to a size of 0"));
        assert!(refused(&[2, 3], (-2, 3)).contains("-2 is not a valid size"));
        assert!(refused(&[2, 3], isize::MIN).contains("-9223372036854775808 is not a valid size"));
        assert!(refused(&[2, 3], (usize::MAX, usize::MAX, -1)).contains("not divisible by 18446744073709551615"));
        assert!(refused(&[0], (usize::MAX, usize::MAX, -1)).contains("is too large"));
        assert!(refused(&[2, 3], (usize::MAX, usize::MAX)).contains("is too large"));
        assert!(refused(&[2, 3], &[3, usize::MAX]).contains("is too large"));
        assert!(refused(&[2, 3], &vec![1; 65]).contains("at most 64 axes"));
        assert!(refused(&[2, 3], (5, 1)).contains("6 elements cannot be reshaped to [5, 1], which has 5"));
    }
}
