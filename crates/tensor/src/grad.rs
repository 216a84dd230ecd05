//! Gradients that can be differentiated again, and Jacobians, Hessians and their products with vectors.

use crate::backward::{Records, check_recorded, check_scalar, freed, walk};
use crate::no_grad::with_recording;
use crate::record::unvarying;
use crate::{Float, Tensor, checked_size, stack};

mod many;

pub use many::{grad_many, jvp_many, vjp_many};

/// The gradients `∂y/∂x` of a scalar `y` for each of `xs`, recorded: they can be differentiated again.
///
/// `xs` are parameters or results that `y` was computed from. The gradient with respect to a tensor that `y` does not
/// depend on is zero (PyTorch raises an error unless `allow_unused=True`). The graph is retained for further calls. The
/// gradients are recorded even inside [`no_grad`](crate::no_grad), if `y` was recorded outside.
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
/// If `y` is not a scalar, does not depend on any parameter, or was computed from a tensor whose record `backward` has
/// freed, or if one of `xs` is a constant: only parameters ([`Tensor::param`]) and results computed from them have
/// gradients.
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
/// If the shapes of `v` and `y` differ, and as for [`grad`].
#[track_caller]
pub fn vjp<F: Float, const N: usize>(y: &Tensor<F>, xs: [&Tensor<F>; N], v: &Tensor<F>) -> [Tensor<F>; N] {
    check_recorded("vjp", y);
    products("vjp", y, xs, v)
}

/// [`vjp`] under the name `what`, for error messages.
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
        "{what}: shape mismatch: the vector has shape {:?}, the result {:?}",
        v.shape(),
        y.shape()
    );
    let mut targets: Vec<i64> = Vec::with_capacity(xs.len());
    // A loop: a closure would not inherit `#[track_caller]`.
    for (i, x) in xs.iter().enumerate() {
        targets.push(target(what, i, x));
    }
    // The walk takes sorted ids without duplicates.
    targets.sort_unstable();
    targets.dedup();
    // Record even inside `no_grad`: the caller asked for derivatives that can be differentiated.
    let found = match with_recording(true, || walk(y.clone(), v.clone(), &targets, Records::Keep, None)) {
        Ok(found) => found,
        Err(op) => freed(what, op),
    };
    // A derivative that depends on nothing is recorded as well, so that it can be differentiated again.
    let recorded = |dx: Tensor<F>| if dx.requires_grad() { dx } else { unvarying("grad", &dx) };
    // A tensor that the walk did not reach does not influence `y`: its gradient is zero.
    let of = |x: &&Tensor<F>| recorded(found.get(x).cloned().unwrap_or_else(|| Tensor::zeros(x.shape())));
    xs.iter().map(of).collect()
}

/// The id of an argument, which must be able to have a gradient.
#[track_caller]
fn target<F: Float>(what: &str, i: usize, x: &Tensor<F>) -> i64 {
    assert!(
        !x.is_frozen(),
        "{what}: argument {i} of shape {:?} is a frozen parameter; `unfreeze` it before computing with it",
        x.shape()
    );
    assert!(
        x.requires_grad(),
        "{what}: argument {i} of shape {:?} is a constant, which has no gradient; make it a parameter, \
         `let x = Tensor::param(x);`, and compute the result from that",
        x.shape()
    );
    x.0.id
}

/// The sum of Jacobian-vector products `Σ ∂y/∂xᵢ·vᵢ`, recorded: how `y` changes when every `xᵢ` moves along `vᵢ`.
///
/// Takes two backward passes: `vᵀJ` is linear in `v`, and its derivative with respect to `v` is `J` ([the double-vjp
/// trick](https://j-towns.github.io/2017/06/12/A-new-trick.html)).
///
/// ```
/// use downhill_tensor::{Tensor, jvp};
/// let x = Tensor::param([1.0, 2.0]);
/// let dy = jvp(&x.square(), [&x], [&Tensor::from([1.0, 0.5])]);
/// assert_eq!(dy, Tensor::from([2.0, 2.0]));
/// ```
///
/// # Panics
/// If the shapes of a `vᵢ` and its `xᵢ` differ, and as for [`vjp`].
#[track_caller]
pub fn jvp<F: Float, const N: usize>(y: &Tensor<F>, xs: [&Tensor<F>; N], vs: [&Tensor<F>; N]) -> Tensor<F> {
    many::along("jvp", y, &xs, &vs)
}

/// The Jacobian `∂y/∂x`, recorded. Its shape is that of `y` followed by that of `x`. Takes one backward pass per
/// element of `y`.
///
/// ```
/// use downhill_tensor::{Tensor, jacobian};
/// let x = Tensor::param([1.0, 2.0]);
/// assert_eq!(jacobian(&x.square(), &x), Tensor::from([[2.0, 0.0], [0.0, 4.0]]));
/// ```
///
/// # Panics
/// As for [`vjp`].
#[track_caller]
pub fn jacobian<F: Float>(y: &Tensor<F>, x: &Tensor<F>) -> Tensor<F> {
    check_recorded("jacobian", y);
    rows("jacobian", y, x)
}

/// [`jacobian`] under the name `what`, for error messages.
#[track_caller]
fn rows<F: Float>(what: &str, y: &Tensor<F>, x: &Tensor<F>) -> Tensor<F> {
    target(what, 0, x);
    let shape = [y.shape(), x.shape()].concat();
    // Fail before computing anything if the Jacobian is too large.
    checked_size::<F>(what, &shape);
    let mut rows: Vec<Tensor<F>> = Vec::with_capacity(y.len());
    // One row of the Jacobian per element of `y`. A loop: a closure would not inherit `#[track_caller]`.
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

/// The Hessian `∂²y/∂x∂x` of a scalar, recorded. Its shape is that of `x`, twice.
///
/// ```
/// use downhill_tensor::{Tensor, hessian};
/// let x = Tensor::param([1.0, 2.0]);
/// let y = x.narrow(0, 0, 1).square() * x.narrow(0, 1, 1);
/// assert_eq!(hessian(&y, &x), Tensor::from([[4.0, 2.0], [2.0, 0.0]]));
/// ```
///
/// # Panics
/// As for [`grad`].
#[track_caller]
pub fn hessian<F: Float>(y: &Tensor<F>, x: &Tensor<F>) -> Tensor<F> {
    let [gradient] = gradients("hessian", y, [x]);
    rows("hessian", &gradient, x)
}

/// The Hessian-vector product `∂²y/∂x∂x·v` of a scalar, recorded. Takes two backward passes and never forms the Hessian
/// (Pearlmutter, "Fast exact multiplication by the Hessian", 1994).
///
/// ```
/// use downhill_tensor::{Tensor, hvp};
/// let x = Tensor::param([1.0, 2.0]);
/// assert_eq!(hvp(&x.powi(3).sum(), &x, &Tensor::from([1.0, -1.0])), Tensor::from([6.0, -12.0]));
/// ```
///
/// # Panics
/// If the shapes of `v` and `x` differ, and as for [`grad`].
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
        // An argument named twice moves along both directions.
        assert_eq!(jvp(&y, [&a, &a], [&u, &u]), Tensor::from([12.0, -80.0]));
        // An argument that `y` does not depend on contributes nothing; one that enters linearly contributes its
        // coefficient.
        let other = Tensor::param([7.0, 7.0]);
        assert_eq!(jvp(&y, [&other, &b], [&u, &v]), Tensor::from([0.5, -8.0]));
        assert_eq!(jvp(&y, [&other], [&u]), Tensor::zeros(&[2]));
        assert_eq!(jvp(&(&a * 3.0), [&a], [&u]), Tensor::from([3.0, 30.0]));
        // The result can be differentiated: the derivative of 2ab·u with respect to b is 2a·u.
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

    /// Targets of every age: the root itself, results, parameters, and tensors that the root does not depend on.
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

    /// A linear function can be differentiated any number of times: a, then 0, then 0.
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
