//! One trait for every operation, built-in or yours.

use crate::Elements;
use crate::record::{record, record_many};
use crate::{Attribute, Float, Formula, Tensor, is_recording, operation};

/// A differentiable operation on `N` tensors: a name, a forward pass, and one derivative per argument.
///
/// The derivative is a *vector-Jacobian product* written in differentiable operations: given `dy`, the gradient of
/// some scalar with respect to the result `y`, it returns the gradient with respect to one argument. Because the
/// formula is itself made of operations, gradients of gradients need no further code.
///
/// ```
/// use downhill_tensor::{Check, Elements, Float, Op, Tensor, apply, gradcheck};
///
/// /// softplus(x) = ln(1 + eˣ), with derivative sigmoid(x).
/// struct Softplus;
///
/// impl<F: Float> Op<F, 1> for Softplus {
///     fn name(&self) -> &'static str { "softplus" }
///     fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
///         x.map(|x| x.max(F::zero()) + (-x.abs()).exp().ln_1p())
///     }
///     fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
///         dy * x.sigmoid()
///     }
/// }
///
/// let x = Tensor::from([-2.0, 0.5, 3.0_f64]);
/// gradcheck(|[x]| apply(Softplus, [x]), [&x], Check::order(2)).unwrap();
/// ```
///
/// An operation is moved into the record, so it can store what its forward pass computed (indices, a mask, a mean) in a
/// field and use it in the derivative. When the derivative itself is differentiated, what is stored is a constant. So
/// anything that depends differentiably on the input must be recomputed from the input when the derivative is recorded;
/// see [`Tensor::unless_recorded`].
///
/// ```
/// use downhill_tensor::{Check, Elements, Float, Op, Tensor, apply, gradcheck, where_};
/// use ndarray::ArrayD;
///
/// /// max(x, 0); remembers where x was positive.
/// struct Relu { positive: ArrayD<bool> }
///
/// impl<F: Float> Op<F, 1> for Relu {
///     fn name(&self) -> &'static str { "relu" }
///     fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
///         self.positive = x.view().mapv(|x| x > F::zero());
///         x.map(|x| x.max(F::zero()))
///     }
///     fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
///         where_(&self.positive, dy, F::zero())
///     }
/// }
///
/// let x = Tensor::from([-2.0, 0.5, 3.0_f64]);
/// let relu = |x: &Tensor<f64>| apply(Relu { positive: ArrayD::default(vec![]) }, [x]);
/// gradcheck(|[x]| relu(x), [&x], Check::order(2)).unwrap();
/// ```
pub trait Op<F: Float, const N: usize>: Send + Sync + 'static {
    /// The name shown in error messages and printed graphs.
    fn name(&self) -> &'static str;

    /// The values that define this operation besides its inputs (an axis, an exponent, a stride), by name: for
    /// printing, explaining and exporting a graph ([`Tensor::operation`]).
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        Vec::new()
    }

    /// What this operation computes, and its derivatives, as formulas for a reader of the graph ([`Tensor::operation`]).
    fn formula(&self) -> Option<Formula> {
        None
    }

    /// Checks whether these shapes fit. The error says why they do not and what would; [`apply`] adds the operation and
    /// the shapes and panics at the caller's line.
    fn check(&self, _shapes: [&[usize]; N]) -> Result<(), String> {
        Ok(())
    }

    /// Computes the result from the inputs and the operation's own values alone: the same inputs always give the same
    /// result, whatever was computed or stored before. The shapes have passed [`check`](Self::check).
    ///
    /// `#[track_caller]` applies to every implementation, so that a failed memory allocation is reported at the
    /// caller's line.
    #[track_caller]
    fn forward(&mut self, inputs: [&Elements<F>; N]) -> Elements<F>;

    /// The gradient with respect to argument number `wrt`, given the inputs, the result `y` and `dy`, the gradient with
    /// respect to `y`. Called only if that argument needs a gradient. The shape may be the argument's or one that the
    /// argument was broadcast to: the caller undoes broadcasting.
    fn vjp(&self, wrt: usize, inputs: [&Tensor<F>; N], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F>;

    /// The gradients with respect to all `wanted` arguments, for derivatives that share work. The default calls
    /// [`vjp`](Self::vjp) for each wanted argument.
    #[inline(always)]
    fn vjp_all(
        &self,
        wanted: [bool; N],
        inputs: [&Tensor<F>; N],
        y: &Tensor<F>,
        dy: &Tensor<F>,
    ) -> [Option<Tensor<F>>; N] {
        let mut gradients = [const { None }; N];
        for wrt in 0..N {
            if wanted[wrt] {
                gradients[wrt] = Some(self.vjp(wrt, inputs, y, dy));
            }
        }
        gradients
    }
}

/// Applies an operation, and records it if any input requires a gradient and [`no_grad`](crate::no_grad) is not in
/// effect.
///
/// ```
/// use downhill_tensor::{Elements, Float, Op, Tensor, apply};
///
/// /// Three times the argument.
/// struct Triple;
///
/// impl<F: Float> Op<F, 1> for Triple {
///     fn name(&self) -> &'static str { "triple" }
///     fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> { x.map(|x| x + x + x) }
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
/// If [`Op::check`] rejects the shapes.
#[track_caller]
#[inline(never)]
pub fn apply<F: Float, O: Op<F, N>, const N: usize>(mut op: O, inputs: [&Tensor<F>; N]) -> Tensor<F> {
    begin(&op, &inputs);
    let elements = op.forward(elements_of(inputs));
    // Without a record the result is a constant, and `op` is dropped.
    if is_recorded(&inputs) { record(elements, op, inputs) } else { Tensor::leaf(elements, 0) }
}

/// [`apply`], and what `note` takes from the operation after its forward pass: values that it found beside the result.
#[track_caller]
pub(crate) fn apply_noting<F: Float, O: Op<F, N>, R, const N: usize>(
    mut op: O,
    inputs: [&Tensor<F>; N],
    note: impl FnOnce(&O) -> R,
) -> (Tensor<F>, R) {
    begin(&op, &inputs);
    let elements = op.forward(elements_of(inputs));
    let noted = note(&op);
    let result = if is_recorded(&inputs) { record(elements, op, inputs) } else { Tensor::leaf(elements, 0) };
    (result, noted)
}

// `apply` is compiled for every operation. What follows is compiled once.

/// Checks the shapes. From here on, kernels that panic name this operation.
#[track_caller]
fn begin<F: Float, const N: usize>(op: &dyn Op<F, N>, inputs: &[&Tensor<F>; N]) {
    if let Err(reason) = op.check(inputs.map(Tensor::shape)) {
        misfit(op.name(), inputs, &reason);
    }
    operation::begin(op.name());
}

fn elements_of<F: Float, const N: usize>(inputs: [&Tensor<F>; N]) -> [&Elements<F>; N] {
    inputs.map(|x| &x.0.elements)
}

fn is_recorded<F: Float>(inputs: &[&Tensor<F>]) -> bool {
    inputs.iter().any(|x| x.requires_grad()) && is_recording()
}

/// [`Op`] for operations on a list of tensors whose length is known only at run time, such as `concat`.
pub trait OpMany<F: Float>: Send + Sync + 'static {
    /// See [`Op::name`].
    fn name(&self) -> &'static str;
    /// See [`Op::attributes`].
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        Vec::new()
    }
    /// See [`Op::formula`].
    fn formula(&self) -> Option<Formula> {
        None
    }
    /// See [`Op::check`].
    fn check(&self, _shapes: &[&[usize]]) -> Result<(), String> {
        Ok(())
    }
    /// See [`Op::forward`].
    #[track_caller]
    fn forward(&mut self, inputs: &[&Elements<F>]) -> Elements<F>;
    /// See [`Op::vjp`].
    fn vjp(&self, wrt: usize, inputs: &[Tensor<F>], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F>;
}

/// [`apply`] for an [`OpMany`].
///
/// ```
/// use downhill_tensor::{Elements, Float, OpMany, Tensor, apply_many};
///
/// /// The sum of any number of tensors of one shape.
/// struct Total;
///
/// impl<F: Float> OpMany<F> for Total {
///     fn name(&self) -> &'static str { "total" }
///     fn forward(&mut self, xs: &[&Elements<F>]) -> Elements<F> {
///         xs[1..].iter().fold(xs[0].view().to_owned(), |sum, x| sum + x.view()).into()
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
/// If [`OpMany::check`] rejects the shapes.
#[track_caller]
#[inline(never)]
pub fn apply_many<F: Float, O: OpMany<F>>(mut op: O, inputs: &[&Tensor<F>]) -> Tensor<F> {
    let shapes: Vec<&[usize]> = inputs.iter().map(|x| x.shape()).collect();
    if let Err(reason) = op.check(&shapes) {
        misfit(op.name(), inputs, &reason);
    }
    operation::begin(op.name());
    let elements: Vec<&Elements<F>> = inputs.iter().map(|x| &x.0.elements).collect();
    let elements = op.forward(&elements);
    if is_recorded(inputs) { record_many(elements, op, inputs) } else { Tensor::leaf(elements, 0) }
}

#[cold]
#[track_caller]
fn misfit<F: Float>(name: &str, inputs: &[&Tensor<F>], reason: &str) -> ! {
    let shapes: Vec<String> = inputs.iter().map(|x| format!("{:?}", x.shape())).collect();
    panic!("{name} of {}: {reason}", shapes.join(" and "));
}
