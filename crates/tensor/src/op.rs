//! One trait for every operation, the built-in ones and yours.

use ndarray::{ArrayD, ArrayViewD};

use crate::elements::Elements;
use crate::record::{record, record_many};
use crate::{Float, Tensor, is_recording, operation};

/// A differentiable operation on `N` tensors: a name, a forward pass on arrays, and one derivative per argument.
///
/// The derivative is a *vector-Jacobian product* written in differentiable operations: given `dy`, the gradient of
/// some scalar with respect to the result `y`, it returns the gradient with respect to one argument. Because the
/// formula is itself made of operations, gradients of gradients need no further code.
///
/// ```
/// use downhill_tensor::{Check, Float, Op, Tensor, apply, gradcheck};
/// use ndarray::{ArrayD, ArrayViewD};
///
/// /// softplus(x) = ln(1 + eˣ), with derivative sigmoid(x).
/// struct Softplus;
///
/// impl<F: Float> Op<F, 1> for Softplus {
///     fn name(&self) -> &'static str { "softplus" }
///     fn forward(&self, [x]: [ArrayViewD<F>; 1]) -> ArrayD<F> {
///         x.mapv(|x| x.max(F::zero()) + (-x.abs()).exp().ln_1p())
///     }
///     fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
///         dy * x.sigmoid()
///     }
/// }
///
/// let x = Tensor::from([-2.0, 0.5, 3.0_f64]);
/// gradcheck(|[x]| apply(Softplus, [x]), [&x], Check::order(2)).unwrap();
/// ```
pub trait Op<F: Float, const N: usize>: Send + Sync + 'static {
    /// The name shown in error messages and in drawings of the graph.
    fn name(&self) -> &'static str;

    /// Whether these shapes fit. The error says why not and what would; [`apply`] adds the operation and the shapes
    /// and panics at the user's line.
    fn check(&self, _shapes: [&[usize]; N]) -> Result<(), String> {
        Ok(())
    }

    /// The result. The shapes have passed [`check`](Self::check).
    ///
    /// The caller's line is passed on to every implementation, so that a result too large for the memory is reported there.
    #[track_caller]
    fn forward(&self, inputs: [ArrayViewD<'_, F>; N]) -> ArrayD<F>;

    /// The result when it may share the memory of an input: overridden by operations that only look at their input
    /// differently (transpose, reshape, slice), so that they copy nothing.
    #[track_caller]
    fn forward_shared(&self, inputs: [&Elements<F>; N]) -> Elements<F> {
        self.forward(inputs.map(|x| x.view())).into()
    }

    /// The gradient with respect to argument number `wrt`, given the inputs, the result `y` and the gradient `dy` with
    /// respect to it. Asked for only when that argument needs a gradient. Its shape may be the argument's or one that
    /// the argument was broadcast to: broadcasting is undone by the caller.
    fn vjp(&self, wrt: usize, inputs: [&Tensor<F>; N], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F>;
}

/// Applies an operation and records it if any input requires a gradient and [`no_grad`](crate::no_grad) is not in force.
///
/// ```
/// use downhill_tensor::{Float, Op, Tensor, apply};
/// use ndarray::{ArrayD, ArrayViewD};
///
/// /// Three times the argument.
/// struct Triple;
///
/// impl<F: Float> Op<F, 1> for Triple {
///     fn name(&self) -> &'static str { "triple" }
///     fn forward(&self, [x]: [ArrayViewD<'_, F>; 1]) -> ArrayD<F> { x.mapv(|x| x + x + x) }
///     fn vjp(&self, _: usize, _: [&Tensor<F>; 1], _: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> { apply(Triple, [dy]) }
/// }
///
/// let x = Tensor::param([1.0, 2.0]);
/// let y = apply(Triple, [&x]);
/// assert_eq!(y.to_vec(), [3.0, 6.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [3.0, 3.0]);
/// ```
///
/// # Panics
/// If [`Op::check`] finds that the shapes do not fit.
#[track_caller]
pub fn apply<F: Float, O: Op<F, N>, const N: usize>(op: O, inputs: [&Tensor<F>; N]) -> Tensor<F> {
    if let Err(reason) = op.check(inputs.map(Tensor::shape)) {
        misfit(op.name(), &inputs, &reason);
    }
    operation::begin(op.name());
    let elements = op.forward_shared(inputs.map(|x| &x.0.elements));
    if inputs.iter().any(|x| x.requires_grad()) && is_recording() {
        record(elements, op, inputs)
    } else {
        Tensor::leaf(elements, 0)
    }
}

/// [`Op`] for operations on a list of tensors whose length is known only at run time, such as `concat`.
pub trait OpMany<F: Float>: Send + Sync + 'static {
    /// As [`Op::name`].
    fn name(&self) -> &'static str;
    /// As [`Op::check`].
    fn check(&self, _shapes: &[&[usize]]) -> Result<(), String> {
        Ok(())
    }
    /// As [`Op::forward`].
    #[track_caller]
    fn forward(&self, inputs: &[ArrayViewD<'_, F>]) -> ArrayD<F>;
    /// As [`Op::vjp`].
    fn vjp(&self, wrt: usize, inputs: &[Tensor<F>], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F>;
}

/// [`apply`] for an [`OpMany`].
///
/// ```
/// use downhill_tensor::{Float, OpMany, Tensor, apply_many};
/// use ndarray::{ArrayD, ArrayViewD};
///
/// /// The sum of any number of tensors of one shape.
/// struct Total;
///
/// impl<F: Float> OpMany<F> for Total {
///     fn name(&self) -> &'static str { "total" }
///     fn forward(&self, xs: &[ArrayViewD<'_, F>]) -> ArrayD<F> {
///         xs[1..].iter().fold(xs[0].to_owned(), |sum, x| sum + x)
///     }
///     fn vjp(&self, _: usize, _: &[Tensor<F>], _: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> { dy.clone() }
/// }
///
/// let x = Tensor::param([1.0, 2.0]);
/// let y = apply_many(Total, &[&x, &x, &x]);
/// assert_eq!(y.to_vec(), [3.0, 6.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [3.0, 3.0]);
/// ```
///
/// # Panics
/// If [`OpMany::check`] finds that the shapes do not fit.
#[track_caller]
pub fn apply_many<F: Float, O: OpMany<F>>(op: O, inputs: &[&Tensor<F>]) -> Tensor<F> {
    let shapes: Vec<&[usize]> = inputs.iter().map(|x| x.shape()).collect();
    if let Err(reason) = op.check(&shapes) {
        misfit(op.name(), inputs, &reason);
    }
    let views: Vec<_> = inputs.iter().map(|x| x.view()).collect();
    operation::begin(op.name());
    let elements = op.forward(&views).into();
    if inputs.iter().any(|x| x.requires_grad()) && is_recording() {
        record_many(elements, op, inputs)
    } else {
        Tensor::leaf(elements, 0)
    }
}

#[cold]
#[track_caller]
fn misfit<F: Float>(name: &str, inputs: &[&Tensor<F>], reason: &str) -> ! {
    let shapes: Vec<String> = inputs.iter().map(|x| format!("{:?}", x.shape())).collect();
    panic!("{name} of {}: {reason}", shapes.join(" and "));
}
