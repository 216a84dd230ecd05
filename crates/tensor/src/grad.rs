//! Gradients that can be differentiated again, and what follows from them: Jacobians, Hessians and their products
//! with vectors.

use crate::backward::{Records, check_recorded, check_scalar, freed, walk};
use crate::no_grad::with_recording;
use crate::record::unvarying;
use crate::{Float, Tensor, checked_size, stack};

mod many;

pub use many::{grad_many, jvp_many, vjp_many};

/// The gradients `∂y/∂x` of a scalar `y` for each of `xs`, themselves recorded: they can be differentiated again.
///
/// `xs` are parameters or results that `y` was computed from. The gradient of something that `y` does not depend on
/// is zero (PyTorch raises an error there unless told otherwise). The record stays, for further calls. Also inside
/// [`no_grad`](crate::no_grad) the gradients are recorded, if `y` was recorded outside.
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
/// If `y` is not a scalar, does not depend on any parameter, or was computed from something whose record `backward` has
/// freed, or if one of `xs` is a constant: derivatives lead to parameters ([`Tensor::param`]) and to what was computed
/// from them.
#[track_caller]
pub fn grad<F: Float, const N: usize>(y: &Tensor<F>, xs: [&Tensor<F>; N]) -> [Tensor<F>; N] {
    gradients("grad", y, xs)
}

#[track_caller]
fn gradients<F: Float, const N: usize>(what: &str, y: &Tensor<F>, xs: [&Tensor<F>; N]) -> [Tensor<F>; N] {
    check_scalar(what, y);
    check_recorded(what, y);
    products(what, y, xs, &Tensor::ones(y.shape()))
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
/// If `v` has another shape than `y`, and as [`grad`].
#[track_caller]
pub fn vjp<F: Float, const N: usize>(y: &Tensor<F>, xs: [&Tensor<F>; N], v: &Tensor<F>) -> [Tensor<F>; N] {
    check_recorded("vjp", y);
    products("vjp", y, xs, v)
}

/// [`vjp`] on behalf of the function `what`.
#[track_caller]
fn products<F: Float, const N: usize>(what: &str, y: &Tensor<F>, xs: [&Tensor<F>; N], v: &Tensor<F>) -> [Tensor<F>; N] {
    let found = products_of_all(what, y, &xs, v);
    let mut found = found.into_iter();
    std::array::from_fn(|_| found.next().expect("one gradient for each argument"))
}

/// [`products`] for a number of arguments known only at run time.
#[track_caller]
pub(crate) fn products_of_all<F: Float>(what: &str, y: &Tensor<F>, xs: &[&Tensor<F>], v: &Tensor<F>) -> Vec<Tensor<F>> {
    assert!(
        v.shape() == y.shape(),
        "{what}: the vector has shape {:?}, the result it is multiplied with {:?}",
        v.shape(),
        y.shape()
    );
    let mut targets: Vec<i64> = Vec::with_capacity(xs.len());
    // A loop, for a closure would hide the caller's line from a panic.
    for (i, x) in xs.iter().enumerate() {
        targets.push(target(what, i, x));
    }
    targets.sort_unstable();
    targets.dedup();
    // Also inside `no_grad`: the caller asked for derivatives that can be differentiated.
    let found = match with_recording(true, || walk(y.clone(), v.clone(), &targets, Records::Keep)) {
        Ok(found) => found,
        Err(op) => freed(what, op),
    };
    // Also a derivative that depends on nothing can be differentiated again.
    let recorded = |dx: Tensor<F>| if dx.requires_grad() { dx } else { unvarying("grad", &dx) };
    let of = |x: &&Tensor<F>| recorded(found.get(x).cloned().unwrap_or_else(|| Tensor::zeros(x.shape())));
    xs.iter().map(of).collect()
}

/// The number of an argument.
#[track_caller]
fn target<F: Float>(what: &str, i: usize, x: &Tensor<F>) -> i64 {
    assert!(
        !x.is_frozen(),
        "{what}: argument {i} of shape {:?} is a frozen parameter; `unfreeze` it before using it",
        x.shape()
    );
    assert!(
        x.requires_grad(),
        "{what}: argument {i} of shape {:?} is a constant, which no derivative leads to; make it a parameter, \
         `let x = Tensor::param(x);`, and compute the result from that",
        x.shape()
    );
    x.0.id
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
/// If a `vᵢ` has another shape than its `xᵢ`, and as [`vjp`].
#[track_caller]
pub fn jvp<F: Float, const N: usize>(y: &Tensor<F>, xs: [&Tensor<F>; N], vs: [&Tensor<F>; N]) -> Tensor<F> {
    many::along("jvp", y, &xs, &vs)
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
/// As [`vjp`].
#[track_caller]
pub fn jacobian<F: Float>(y: &Tensor<F>, x: &Tensor<F>) -> Tensor<F> {
    check_recorded("jacobian", y);
    rows("jacobian", y, x)
}

/// [`jacobian`] on behalf of the function `what`.
#[track_caller]
fn rows<F: Float>(what: &str, y: &Tensor<F>, x: &Tensor<F>) -> Tensor<F> {
    target(what, 0, x);
    let shape = [y.shape(), x.shape()].concat();
    checked_size::<F>(what, &shape);
    let mut rows: Vec<Tensor<F>> = Vec::with_capacity(y.len());
    // A loop, for a closure would hide the caller's line from a panic.
    for i in 0..y.len() {
        let mut one_hot = vec![F::zero(); y.len()];
        one_hot[i] = F::one();
        let [row] = products(what, y, [x], &Tensor::from(one_hot).reshape(y.shape()));
        rows.push(row);
    }
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
/// As [`grad`].
#[track_caller]
pub fn hessian<F: Float>(y: &Tensor<F>, x: &Tensor<F>) -> Tensor<F> {
    let [gradient] = gradients("hessian", y, [x]);
    rows("hessian", &gradient, x)
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
/// If `v` has another shape than `x`, and as [`grad`].
#[track_caller]
pub fn hvp<F: Float>(y: &Tensor<F>, x: &Tensor<F>, v: &Tensor<F>) -> Tensor<F> {
    let [gradient] = gradients("hvp", y, [x]);
    let [product] = products("hvp", &gradient, [x], v);
    product
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{concat, no_grad};

    /// y = a²·b with a = (1, 2) and b = (3, -1): Jv = 2ab·u + a²·v.
    #[test]
    fn jvp_of_several_arguments_is_the_sum() {
        let (a, b) = (Tensor::param([1.0_f64, 2.0]), Tensor::param([3.0, -1.0]));
        let y = a.square() * &b;
        let (u, v) = (Tensor::from([1.0, 10.0]), Tensor::from([0.5, -2.0]));
        assert_eq!(jvp(&y, [&a, &b], [&u, &v]), Tensor::from([6.5, -48.0]));
        assert_eq!(jvp(&y, [&b, &a], [&v, &u]), Tensor::from([6.5, -48.0]));
        // One argument named twice moves along both.
        assert_eq!(jvp(&y, [&a, &a], [&u, &u]), Tensor::from([12.0, -80.0]));
        // One that it does not depend on adds nothing, and one that enters linearly its coefficient.
        let other = Tensor::param([7.0, 7.0]);
        assert_eq!(jvp(&y, [&other, &b], [&u, &v]), Tensor::from([0.5, -8.0]));
        assert_eq!(jvp(&y, [&other], [&u]), Tensor::zeros(&[2]));
        assert_eq!(jvp(&(&a * 3.0), [&a], [&u]), Tensor::from([3.0, 30.0]));
        // And it can be differentiated: the derivative of 2ab·u by b is 2a·u.
        let [slope] = grad(&jvp(&y, [&a], [&u]).sum(), [&b]);
        assert_eq!(slope, Tensor::from([2.0, 40.0]));
    }

    #[test]
    fn one_argument_named_twice_gets_its_gradient_twice() {
        let (x, other) = (Tensor::param([1.0_f64, 2.0]), Tensor::param(1.0));
        let y = (x.square() * &other).sum();
        let [first, of_other, second] = grad(&y, [&x, &other, &x]);
        assert_eq!((&first, of_other.item(), &second), (&Tensor::from([2.0, 4.0]), 5.0, &Tensor::from([2.0, 4.0])));
        // Both can be differentiated again.
        let [bend] = grad(&(first * second).sum(), [&x]);
        assert_eq!(bend, Tensor::from([8.0, 16.0]));
    }

    /// Targets of every age: the root itself, results, parameters, and what the root does not depend on.
    #[test]
    fn arguments_in_any_order() {
        let (x, alone) = (Tensor::param(3.0_f64), Tensor::param(5.0));
        let z = x.square();
        let y = &z * &x;
        let later = Tensor::param(7.0);
        let [by_later, by_x, by_y, by_alone, by_z] = grad(&y, [&later, &x, &y, &alone, &z]);
        let values = [by_later, by_x, by_y, by_alone, by_z].map(|g| g.item());
        assert_eq!(values, [0.0, 27.0, 1.0, 0.0, 3.0]);
    }

    #[test]
    fn recorded_also_inside_no_grad() {
        let x = Tensor::param(2.0_f64);
        let y = x.powi(3);
        let [slope] = no_grad(|| grad(&y, [&x]));
        let [bend] = no_grad(|| grad(&slope, [&x]));
        assert_eq!((slope.item(), bend.item()), (12.0, 12.0));
        assert!(crate::is_recording() && no_grad(|| !crate::is_recording()));
        assert_eq!(no_grad(|| hessian(&y, &x)).item(), 12.0);
        assert_eq!(no_grad(|| hvp(&y, &x, &Tensor::from(0.5))).item(), 6.0);
        assert_eq!(no_grad(|| jvp(&y, [&x], [&Tensor::from(0.5)])).item(), 6.0);
    }

    /// The derivatives of a linear function go on for ever: a, then 0, then 0.
    #[test]
    fn of_a_linear_function() {
        let x = Tensor::param([1.0_f64, 2.0]);
        let y = (&x * 3.0).sum();
        let [slope] = grad(&y, [&x]);
        assert!(slope.requires_grad() && !slope.is_param());
        let [bend] = grad(&slope.sum(), [&x]);
        let [third] = grad(&bend.sum(), [&x]);
        assert_eq!((slope, bend, third), (Tensor::from([3.0, 3.0]), Tensor::zeros(&[2]), Tensor::zeros(&[2])));
        assert_eq!(hessian(&y, &x), Tensor::zeros(&[2, 2]));
        assert_eq!(hvp(&y, &x, &x), Tensor::zeros(&[2]));
        assert_eq!(jacobian(&(&x * 3.0), &x), Tensor::from([[3.0, 0.0], [0.0, 3.0]]));
        // A parameter is a function too: the identity.
        assert_eq!(jacobian(&x, &x), Tensor::from([[1.0, 0.0], [0.0, 1.0]]));
    }

    #[test]
    fn of_no_elements() {
        let x = Tensor::<f64>::param(Tensor::zeros(&[0]));
        assert_eq!(jacobian(&x.exp(), &x).shape(), [0, 0]);
        let w = Tensor::param([1.0_f64, 2.0]);
        assert_eq!(jacobian(&concat(&[&w], 0).narrow(0, 0, 0), &w).shape(), [0, 2]);
        assert_eq!(jacobian(&(w.sum() + x.sum()), &x).shape(), [0]);
        assert_eq!(hessian(&x.square().sum(), &x).shape(), [0, 0]);
    }
}
