//! Gradients that can be differentiated again, and what follows from them: Jacobians, Hessians and their products
//! with vectors.

use crate::backward::{check_scalar, walk};
use crate::no_grad::with_recording;
use crate::{Float, Tensor, checked_size, stack};

/// The gradients `∂y/∂x` of a scalar `y` for each of `xs`, themselves recorded: they can be differentiated again.
///
/// `xs` are parameters or results that `y` was computed from. The gradient of something that `y` does not depend on
/// is zero (PyTorch raises an error there unless told otherwise). The graph stays, for further calls.
///
/// ```
/// use downhill_tensor::{Tensor, grad};
/// let x = Tensor::param(2.0_f64);
/// let [slope] = grad(&x.powi(3), [&x]);
/// let [curvature] = grad(&slope, [&x]);
/// assert_eq!((slope.item(), curvature.item()), (12.0, 12.0));
/// ```
///
/// # Panics
/// If `y` is not a scalar, or one of `xs` is a constant.
#[track_caller]
pub fn grad<F: Float, const N: usize>(y: &Tensor<F>, xs: [&Tensor<F>; N]) -> [Tensor<F>; N] {
    check_scalar("grad", y);
    vjp(y, xs, &Tensor::ones(y.shape()))
}

/// The vector-Jacobian products `vᵀ·∂y/∂x` for each of `xs`, recorded; `v` has the shape of `y`.
///
/// ```
/// use downhill_tensor::{Tensor, vjp};
/// let x = Tensor::param([1.0, 2.0]);
/// let [g] = vjp(&x.square(), [&x], &Tensor::from([1.0, 10.0]));
/// assert_eq!(g, Tensor::from([2.0, 40.0]));
/// ```
///
/// # Panics
/// If `v` has another shape than `y`, or one of `xs` is a constant.
#[track_caller]
pub fn vjp<F: Float, const N: usize>(y: &Tensor<F>, xs: [&Tensor<F>; N], v: &Tensor<F>) -> [Tensor<F>; N] {
    let found = vjp_all(y, &xs, v);
    let mut found = found.into_iter();
    std::array::from_fn(|_| found.next().expect("one gradient for each argument"))
}

/// [`vjp`] for a number of arguments known only at run time.
#[track_caller]
pub(crate) fn vjp_all<F: Float>(y: &Tensor<F>, xs: &[&Tensor<F>], v: &Tensor<F>) -> Vec<Tensor<F>> {
    assert!(
        v.shape() == y.shape(),
        "vjp: the vector has shape {:?}, the result it is multiplied with {:?}",
        v.shape(),
        y.shape()
    );
    let mut targets: Vec<u64> = Vec::with_capacity(xs.len());
    // A loop, for a closure would hide the caller's line from a panic.
    for (i, x) in xs.iter().enumerate() {
        targets.push(target(i, x));
    }
    // Also inside `no_grad`: the caller asked for derivatives that can be differentiated.
    let mut found = with_recording(true, || walk(y.clone(), v.clone(), &targets));
    let mut gradient = |i: usize| match targets[..i].iter().position(|t| *t == targets[i]) {
        Some(twin) => Err(twin),
        None => Ok(found.take(targets[i]).unwrap_or_else(|| Tensor::zeros(xs[i].shape()))),
    };
    let mut gradients: Vec<Tensor<F>> = Vec::with_capacity(xs.len());
    for i in 0..xs.len() {
        let g = gradient(i).unwrap_or_else(|twin| gradients[twin].clone());
        gradients.push(g);
    }
    gradients
}

#[track_caller]
fn target<F: Float>(i: usize, x: &Tensor<F>) -> u64 {
    match x.id() {
        Some(id) => id,
        None => panic!(
            "grad: argument {i} of shape {:?} is a constant; make it a parameter with `Tensor::param` before using it",
            x.shape()
        ),
    }
}

/// The Jacobian-vector products' sum `Σ ∂y/∂xᵢ·vᵢ`, recorded: how `y` changes when every `xᵢ` moves along `vᵢ`.
///
/// Two backward passes: `vᵀJ` is linear in the vector it is multiplied with, and its derivative with respect to that
/// vector is `J` ([the double-vjp trick](https://j-towns.github.io/2017/06/12/A-new-trick.html)).
///
/// ```
/// use downhill_tensor::{Tensor, jvp};
/// let x = Tensor::param([1.0, 2.0]);
/// let dy = jvp(&x.square(), [&x], [&Tensor::from([1.0, 0.5])]);
/// assert_eq!(dy, Tensor::from([2.0, 2.0]));
/// ```
///
/// # Panics
/// If a `vᵢ` has another shape than its `xᵢ`, or one of `xs` is a constant.
#[track_caller]
pub fn jvp<F: Float, const N: usize>(y: &Tensor<F>, xs: [&Tensor<F>; N], vs: [&Tensor<F>; N]) -> Tensor<F> {
    let dual = Tensor::param(Tensor::zeros(y.shape()));
    let products = vjp(y, xs, &dual);
    let mut sum = Tensor::zeros(y.shape());
    for ((x, product), v) in xs.iter().zip(&products).zip(vs) {
        assert!(v.shape() == x.shape(), "jvp: the direction has shape {:?}, the argument {:?}", v.shape(), x.shape());
        let [term] = vjp(product, [&dual], v);
        sum = sum + term;
    }
    sum
}

/// The Jacobian `∂y/∂x`, recorded, of shape `[shape of y, shape of x]`. One backward pass per element of `y`.
///
/// ```
/// use downhill_tensor::{Tensor, jacobian};
/// let x = Tensor::param([1.0, 2.0]);
/// assert_eq!(jacobian(&x.square(), &x), Tensor::from([[2.0, 0.0], [0.0, 4.0]]));
/// ```
///
/// # Panics
/// If `x` is a constant.
#[track_caller]
pub fn jacobian<F: Float>(y: &Tensor<F>, x: &Tensor<F>) -> Tensor<F> {
    target(0, x);
    let shape = [y.shape(), x.shape()].concat();
    checked_size::<F>("jacobian", &shape);
    let row = |i: usize| {
        let mut one_hot = vec![F::zero(); y.len()];
        one_hot[i] = F::one();
        let [row] = vjp(y, [x], &Tensor::from(one_hot).reshape(y.shape()));
        row
    };
    let rows: Vec<Tensor<F>> = (0..y.len()).map(row).collect();
    if rows.is_empty() {
        return Tensor::zeros(&shape);
    }
    stack(&rows, 0).reshape(&shape)
}

/// The Hessian `∂²y/∂x∂x` of a scalar, recorded, of shape `[shape of x, shape of x]`.
///
/// ```
/// use downhill_tensor::{Tensor, hessian};
/// let x = Tensor::param([1.0, 2.0]);
/// let y = x.narrow(0, 0, 1).square() * x.narrow(0, 1, 1);
/// assert_eq!(hessian(&y, &x), Tensor::from([[4.0, 2.0], [2.0, 0.0]]));
/// ```
///
/// # Panics
/// If `y` is not a scalar, or `x` is a constant.
#[track_caller]
pub fn hessian<F: Float>(y: &Tensor<F>, x: &Tensor<F>) -> Tensor<F> {
    let [gradient] = grad(y, [x]);
    jacobian(&gradient, x)
}

/// The Hessian-vector product `∂²y/∂x∂x·v` of a scalar, recorded: two backward passes and no Hessian in memory
/// (Pearlmutter, "Fast exact multiplication by the Hessian", 1994).
///
/// ```
/// use downhill_tensor::{Tensor, hvp};
/// let x = Tensor::param([1.0, 2.0]);
/// assert_eq!(hvp(&x.powi(3).sum(), &x, &Tensor::from([1.0, -1.0])), Tensor::from([6.0, -12.0]));
/// ```
///
/// # Panics
/// If `y` is not a scalar, `x` is a constant, or `v` has another shape than `x`.
#[track_caller]
pub fn hvp<F: Float>(y: &Tensor<F>, x: &Tensor<F>, v: &Tensor<F>) -> Tensor<F> {
    let [gradient] = grad(y, [x]);
    let [product] = vjp(&gradient, [x], v);
    product
}
