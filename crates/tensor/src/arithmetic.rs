//! `+ - * /` and negation, between tensors and scalars, by value and by reference.

use std::ops::{Add, Div, Mul, Neg, Sub};

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

        #[doc = concat!($name, " with a scalar.")]
        impl<F: Float> $Trait<F> for &Tensor<F> {
            type Output = Tensor<F>;
            fn $method(self, scalar: F) -> Tensor<F> {
                crate::ops::$method(self, &Tensor::from(scalar))
            }
        }

        #[doc = concat!($name, " with a scalar.")]
        impl<F: Float> $Trait<F> for Tensor<F> {
            type Output = Tensor<F>;
            fn $method(self, scalar: F) -> Tensor<F> {
                crate::ops::$method(&self, &Tensor::from(scalar))
            }
        }

        operator!(scalar_first f32, $Trait, $method, $name);
        operator!(scalar_first f64, $Trait, $method, $name);
    };
    // Rust allows these only for concrete scalar types.
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

#[cfg(test)]
mod tests {
    use super::*;

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
