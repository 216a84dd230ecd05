//! `+ - * /` and negation, between tensors and scalars, by value and by reference; `+=` and the other assignment
//! operators; sums of tensors.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::{Float, Tensor};

macro_rules! operator {
    ($Trait:ident, $method:ident, $name:literal) => {
        #[doc = concat!($name, " with NumPy broadcasting.")]
        impl<F: Float> $Trait<&Tensor<F>> for &Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $method(self, other: &Tensor<F>) -> Tensor<F> {
                crate::ops::$method(self, other)
            }
        }

        #[doc = concat!($name, " with NumPy broadcasting.")]
        impl<F: Float> $Trait<Tensor<F>> for &Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $method(self, other: Tensor<F>) -> Tensor<F> {
                crate::ops::$method(self, &other)
            }
        }

        #[doc = concat!($name, " with NumPy broadcasting.")]
        impl<F: Float> $Trait<&Tensor<F>> for Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $method(self, other: &Tensor<F>) -> Tensor<F> {
                crate::ops::$method(&self, other)
            }
        }

        #[doc = concat!($name, " with NumPy broadcasting.")]
        impl<F: Float> $Trait<Tensor<F>> for Tensor<F> {
            type Output = Tensor<F>;
            #[track_caller]
            fn $method(self, other: Tensor<F>) -> Tensor<F> {
                crate::ops::$method(&self, &other)
            }
        }

        #[doc = concat!($name, " with a scalar; in code generic over the element type, with `F::from_f64(2.0)`.")]
        impl<F: Float> $Trait<F> for &Tensor<F> {
            type Output = Tensor<F>;
            fn $method(self, scalar: F) -> Tensor<F> {
                crate::ops::$method(self, &Tensor::from(scalar))
            }
        }

        #[doc = concat!($name, " with a scalar; in code generic over the element type, with `F::from_f64(2.0)`.")]
        impl<F: Float> $Trait<F> for Tensor<F> {
            type Output = Tensor<F>;
            fn $method(self, scalar: F) -> Tensor<F> {
                crate::ops::$method(&self, &Tensor::from(scalar))
            }
        }

        operator!(scalar_first f32, $Trait, $method, $name);
        operator!(scalar_first f64, $Trait, $method, $name);
    };
    // The orphan rule allows these only for concrete scalar types.
    (scalar_first $F:ty, $Trait:ident, $method:ident, $name:literal) => {
        #[doc = concat!($name, " of a scalar with a tensor.")]
        impl $Trait<&Tensor<$F>> for $F {
            type Output = Tensor<$F>;
            fn $method(self, other: &Tensor<$F>) -> Tensor<$F> {
                crate::ops::$method(&Tensor::from(self), other)
            }
        }

        #[doc = concat!($name, " of a scalar with a tensor.")]
        impl $Trait<Tensor<$F>> for $F {
            type Output = Tensor<$F>;
            fn $method(self, other: Tensor<$F>) -> Tensor<$F> {
                crate::ops::$method(&Tensor::from(self), &other)
            }
        }
    };
}

operator!(Add, add, "Addition");
operator!(Sub, sub, "Subtraction");
operator!(Mul, mul, "Elementwise multiplication");
operator!(Div, div, "Elementwise division");

/// Elementwise negation.
impl<F: Float> Neg for &Tensor<F> {
    type Output = Tensor<F>;
    fn neg(self) -> Tensor<F> {
        crate::ops::neg(self)
    }
}

/// Elementwise negation.
impl<F: Float> Neg for Tensor<F> {
    type Output = Tensor<F>;
    fn neg(self) -> Tensor<F> {
        crate::ops::neg(&self)
    }
}

macro_rules! assign {
    ($Trait:ident, $method:ident, $operation:ident, $sign:literal) => {
        #[doc = concat!("`x ", $sign, "= y` is `x = x ", $sign, " y`, recorded, with NumPy broadcasting. Clones are unaffected.")]
        ///
        /// A parameter thereby becomes the result of an operation. To change a parameter that has to stay one, use
        /// [`assign`](Tensor::assign) or an optimizer.
        impl<F: Float> $Trait<&Tensor<F>> for Tensor<F> {
            #[track_caller]
            fn $method(&mut self, other: &Tensor<F>) {
                *self = crate::ops::$operation(self, other);
            }
        }

        #[doc = concat!("`x ", $sign, "= y` is `x = x ", $sign, " y`, recorded.")]
        impl<F: Float> $Trait<Tensor<F>> for Tensor<F> {
            #[track_caller]
            fn $method(&mut self, other: Tensor<F>) {
                *self = crate::ops::$operation(self, &other);
            }
        }

        #[doc = concat!("`x ", $sign, "= c` is `x = x ", $sign, " c`, recorded.")]
        impl<F: Float> $Trait<F> for Tensor<F> {
            #[track_caller]
            fn $method(&mut self, scalar: F) {
                *self = crate::ops::$operation(self, &Tensor::from(scalar));
            }
        }
    };
}

assign!(AddAssign, add_assign, add, "+");
assign!(SubAssign, sub_assign, sub, "-");
assign!(MulAssign, mul_assign, mul, "*");
assign!(DivAssign, div_assign, div, "/");

/// The sum of the tensors, in order, with broadcasting; the scalar 0 if there are none.
///
/// ```
/// use downhill_tensor::Tensor;
/// let w = Tensor::param([1.0, 2.0]);
/// let loss: Tensor<f64> = (1..=3).map(|n| w.powi(n).sum()).sum();
/// assert_eq!(loss.item(), 3.0 + 5.0 + 9.0);
/// ```
///
/// # Panics
/// If the shapes do not broadcast.
impl<F: Float> Sum for Tensor<F> {
    #[track_caller]
    fn sum<I: Iterator<Item = Tensor<F>>>(mut tensors: I) -> Self {
        let Some(mut sum) = tensors.next() else { return Tensor::default() };
        for tensor in tensors {
            sum += tensor;
        }
        sum
    }
}

/// The sum of the tensors, in order, with broadcasting; the scalar 0 if there are none.
///
/// # Panics
/// If the shapes do not broadcast.
impl<'t, F: Float> Sum<&'t Tensor<F>> for Tensor<F> {
    #[track_caller]
    fn sum<I: Iterator<Item = &'t Tensor<F>>>(tensors: I) -> Self {
        tensors.cloned().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::no_grad;

    #[test]
    fn in_place_operators_record() {
        let (x, y) = (Tensor::param([2.0, 3.0]), Tensor::param([4.0, 5.0]));
        let mut z = x.clone();
        z += &y; // x + y
        z *= &y; // (x + y)·y
        z -= x.clone(); // (x + y)·y - x
        z /= 2.0;
        assert_eq!((&z, &x), (&Tensor::from([11.0, 18.5]), &Tensor::from([2.0, 3.0])));
        let grads = z.sum().backward();
        // (y - 1)/2 and (x + 2y)/2.
        assert_eq!((&grads[&x], &grads[&y]), (&Tensor::from([1.5, 2.0]), &Tensor::from([5.0, 6.5])));

        let mut z = Tensor::from([8.0, 6.0]);
        z += 1.0;
        z -= 3.0;
        z *= 2.0;
        z /= Tensor::from([4.0, 2.0]);
        assert_eq!(z, Tensor::from([3.0, 4.0]));
        z += Tensor::from([[10.0], [20.0]]);
        assert_eq!(z, Tensor::from([[13.0, 14.0], [23.0, 24.0]]));
    }

    #[test]
    fn what_a_parameter_becomes() {
        let w = Tensor::param([1.0_f32]);
        let mut y = w.clone();
        y *= 2.0;
        assert!(w.is_param() && !y.is_param() && y.requires_grad());
        let mut y = w.clone();
        no_grad(|| y *= 2.0);
        assert!(!y.requires_grad());
    }

    #[test]
    fn sums() {
        let (x, y) = (Tensor::param([1.0, 2.0]), Tensor::param(10.0));
        let sum: Tensor<f64> = [&x, &y, &x].into_iter().sum();
        assert_eq!(sum, Tensor::from([12.0, 14.0]));
        let grads = sum.sum().backward();
        assert_eq!((&grads[&x], grads[&y].item()), (&Tensor::from([2.0, 2.0]), 2.0));
        assert_eq!(std::iter::once(x.clone()).sum::<Tensor<f64>>().id(), x.id());
        assert_eq!(std::iter::empty::<Tensor<f64>>().sum::<Tensor<f64>>(), Tensor::from(0.0));
    }

    #[test]
    #[should_panic(expected = "add of [2] and [3]: the sizes 2 and 3")]
    fn a_sum_of_shapes_that_do_not_broadcast() {
        let _: Tensor = [Tensor::ones(&[2]), Tensor::ones(&[3])].into_iter().sum();
    }

    #[test]
    fn tensors_and_scalars_by_value_and_by_reference() {
        let (a, b) = (Tensor::from([6.0, 8.0]), Tensor::from([2.0, 4.0]));
        for sum in [&a + &b, &a + b.clone(), a.clone() + &b, a.clone() + b.clone()] {
            assert_eq!(sum, Tensor::from([8.0, 12.0]));
        }
        assert_eq!(&a - &b, Tensor::from([4.0, 4.0]));
        assert_eq!(&a * &b, Tensor::from([12.0, 32.0]));
        assert_eq!(&a / &b, Tensor::from([3.0, 2.0]));
        assert_eq!(-&a, Tensor::from([-6.0, -8.0]));
        assert_eq!(&a / 2.0 - 1.0, Tensor::from([2.0, 3.0]));
        assert_eq!(1.0 - 2.0 / &b, Tensor::from([0.0, 0.5]));
    }

    #[test]
    #[should_panic(expected = "add of [2] and [3]: the sizes 2 and 3 of axis -1 (counted from the end) differ")]
    fn shapes_that_do_not_broadcast() {
        let _ = Tensor::from([1.0, 2.0]) + Tensor::from([1.0, 2.0, 3.0]);
    }
}
