//! Operations that act on each element independently.

use crate::kernels::check_broadcast;
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, kernels};

/// An operation on each element of one tensor, or on each pair of elements of two, with broadcasting. Define it by its
/// scalar function and its derivative; [`elementwise`] turns it into an [`Op`] and applies it. The library supplies the
/// loop: one pass, vectorized where the scalar function allows it.
///
/// ```
/// use downhill_tensor::{Check, Elementwise, Float, Tensor, elementwise, gradcheck};
///
/// /// a·b + a², with the derivatives b + 2a and a.
/// struct Form;
///
/// impl<F: Float> Elementwise<F, 2> for Form {
///     fn name(&self) -> &'static str { "form" }
///     #[inline(always)]
///     fn element(&self, [a, b]: [F; 2]) -> F { a * b + a * a }
///     fn vjp(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
///         match wrt {
///             0 => dy * (b + a * F::from_f64(2.0)),
///             _ => dy * a,
///         }
///     }
/// }
///
/// let (a, b) = (Tensor::from([1.0, 2.0_f64]), Tensor::from([[3.0], [-1.0]]));
/// assert_eq!(elementwise(Form, [&a, &b]), Tensor::from([[4.0, 10.0], [0.0, 2.0]]));
/// gradcheck(|[a, b]| elementwise(Form, [a, b]), [&a, &b], Check::order(2)).unwrap();
/// ```
pub trait Elementwise<F: Float, const N: usize>: Send + Sync + 'static {
    /// See [`Op::name`].
    fn name(&self) -> &'static str;
    /// See [`Op::attributes`].
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        Vec::new()
    }
    /// See [`Op::formula`]; [`Formula::elementwise`].
    fn formula(&self) -> Option<Formula> {
        None
    }
    /// The scalar function: the result for one element of each tensor. Mark it `#[inline(always)]` if it calls a
    /// function such as `exp`: a call that is not inlined keeps the loop from being vectorized.
    fn element(&self, inputs: [F; N]) -> F;
    /// See [`Op::vjp`].
    fn vjp(&self, wrt: usize, inputs: [&Tensor<F>; N], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F>;
}

/// [`apply`] for an [`Elementwise`] operation.
///
/// # Panics
/// If the shapes of two tensors cannot be broadcast together.
#[track_caller]
pub fn elementwise<F: Float, E: Elementwise<F, N>, const N: usize>(op: E, inputs: [&Tensor<F>; N]) -> Tensor<F> {
    apply(Each(op), inputs)
}

/// Adapts an [`Elementwise`] to [`Op`].
struct Each<E>(E);

impl<F: Float, E: Elementwise<F, N>, const N: usize> Op<F, N> for Each<E> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn formula(&self) -> Option<Formula> {
        self.0.formula()
    }

    fn check(&self, shapes: [&[usize]; N]) -> Result<(), String> {
        match shapes.as_slice() {
            [a, b] => check_broadcast::<F>(a, b),
            _ => Ok(()),
        }
    }

    fn forward(&mut self, inputs: [&Elements<F>; N]) -> Elements<F> {
        const { assert!(N == 1 || N == 2, "an elementwise operation takes one or two tensors") };
        if N == 1 {
            kernels::map(
                inputs[0],
                #[inline(always)]
                |x| self.0.element([x; N]),
            )
        } else {
            kernels::zip(
                inputs[0],
                inputs[1],
                #[inline(always)]
                |a, b| self.0.element(pair(a, b)),
            )
        }
    }

    fn vjp(&self, wrt: usize, inputs: [&Tensor<F>; N], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        self.0.vjp(wrt, inputs, y, dy)
    }
}

/// `[a, b]`, where the compiler does not see that `N` is 2.
#[inline(always)]
fn pair<F: Float, const N: usize>(a: F, b: F) -> [F; N] {
    let mut pair = [a; N];
    pair[N - 1] = b;
    pair
}

/// A step function of every element. The result is a constant, because the derivative is zero wherever it exists.
#[inline(always)]
pub(crate) fn step<F: Float>(x: &Tensor<F>, f: impl Fn(F) -> F) -> Tensor<F> {
    Tensor::leaf(kernels::map(&x.0.elements, f), 0)
}

/// A step function of every pair of elements, with broadcasting. The shapes must be compatible.
#[inline(always)]
pub(crate) fn step2<F: Float>(a: &Tensor<F>, b: &Tensor<F>, f: impl Fn(F, F) -> F) -> Tensor<F> {
    Tensor::leaf(kernels::zip(&a.0.elements, &b.0.elements, f), 0)
}
