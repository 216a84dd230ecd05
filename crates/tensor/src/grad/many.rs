//! [`grad`](super::grad()), [`vjp`](super::vjp) and [`jvp`](super::jvp) for a number of tensors known only at run time,
//! such as a model's parameters.

use super::products_of_all;
use crate::backward::{check_recorded, check_scalar};
use crate::{Float, Tensor};

/// [`grad`](super::grad()) for a number of tensors known only at run time: one gradient for each, in order.
///
/// ```
/// use downhill_tensor::{Params, Tensor, grad_many};
/// let model = vec![Tensor::param([1.0, 2.0]), Tensor::param([3.0, 4.0_f64])];
/// let loss = (&model[0] * &model[1]).sum();
/// let params: Vec<&Tensor<f64>> = model.named_params().into_iter().map(|(_, tensor)| tensor).collect();
/// let grads = grad_many(&loss, &params);
/// assert_eq!(grads, [Tensor::from([3.0, 4.0]), Tensor::from([1.0, 2.0])]);
/// assert_eq!(grad_many(&loss, &model), grads);
/// ```
///
/// # Panics
/// As for [`grad`](super::grad()).
#[track_caller]
pub fn grad_many<F: Float, T: AsRef<Tensor<F>>>(y: &Tensor<F>, xs: &[T]) -> Vec<Tensor<F>> {
    check_scalar("grad_many", y);
    check_recorded("grad_many", y);
    products_of_all("grad_many", y, &references(xs), &Tensor::ones(y.shape()))
}

/// [`vjp`](super::vjp) for a number of tensors known only at run time: one product for each, in order.
///
/// ```
/// use downhill_tensor::{Tensor, vjp_many};
/// let xs = [Tensor::param([1.0, 2.0]), Tensor::param([3.0, 4.0_f64])];
/// let products = vjp_many(&(&xs[0] * &xs[1]), &xs, &Tensor::from([1.0, 10.0]));
/// assert_eq!(products, [Tensor::from([3.0, 40.0]), Tensor::from([1.0, 20.0])]);
/// ```
///
/// # Panics
/// As for [`vjp`](super::vjp).
#[track_caller]
pub fn vjp_many<F: Float, T: AsRef<Tensor<F>>>(y: &Tensor<F>, xs: &[T], v: &Tensor<F>) -> Vec<Tensor<F>> {
    check_recorded("vjp_many", y);
    products_of_all("vjp_many", y, &references(xs), v)
}

/// [`jvp`](super::jvp) for a number of tensors known only at run time, with one direction for each.
///
/// ```
/// use downhill_tensor::{Tensor, jvp_many};
/// let xs = [Tensor::param([1.0, 2.0]), Tensor::param([3.0, 4.0_f64])];
/// let directions = [Tensor::from([1.0, 0.0]), Tensor::from([1.0, 1.0])];
/// assert_eq!(jvp_many(&(&xs[0] * &xs[1]), &xs, &directions), Tensor::from([4.0, 2.0]));
/// ```
///
/// # Panics
/// If the numbers of directions and tensors differ, and as for [`jvp`](super::jvp).
#[track_caller]
pub fn jvp_many<F: Float, X: AsRef<Tensor<F>>, V: AsRef<Tensor<F>>>(y: &Tensor<F>, xs: &[X], vs: &[V]) -> Tensor<F> {
    assert!(
        xs.len() == vs.len(),
        "jvp_many: {} directions for {} arguments; there must be one for each",
        vs.len(),
        xs.len()
    );
    along("jvp_many", y, &references(xs), &references(vs))
}

fn references<F: Float, T: AsRef<Tensor<F>>>(tensors: &[T]) -> Vec<&Tensor<F>> {
    tensors.iter().map(AsRef::as_ref).collect()
}

/// [`jvp`](super::jvp) under the name `what`, with one of `vs` for each of `xs`.
#[track_caller]
pub(super) fn along<F: Float>(what: &str, y: &Tensor<F>, xs: &[&Tensor<F>], vs: &[&Tensor<F>]) -> Tensor<F> {
    check_recorded(what, y);
    for (x, v) in xs.iter().zip(vs) {
        assert!(
            v.shape() == x.shape(),
            "{what}: shape mismatch: the direction has shape {:?}, the argument {:?}",
            v.shape(),
            x.shape()
        );
    }
    // The double-vjp trick: a product with `dual` is linear in it, so its value does not matter, only its derivative.
    let dual = Tensor::param(Tensor::zeros(y.shape()));
    let rows = products_of_all(what, y, xs, &dual);
    let mut sum = Tensor::zeros(y.shape());
    for (row, v) in rows.iter().zip(vs) {
        sum += &products_of_all(what, row, &[&dual], v)[0];
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grad;

    /// Σ i·xᵢ² has the gradients 2i·xᵢ and the second derivatives 2i.
    #[test]
    fn as_many_as_there_are() {
        let xs: Vec<Tensor<f64>> = (0..10).map(|i| Tensor::param([f64::from(i), 1.0])).collect();
        let y: Tensor<f64> = xs.iter().enumerate().map(|(i, x)| x.square().sum() * i as f64).sum();
        let grads = grad_many(&y, &xs);
        for (i, (x, grad)) in xs.iter().zip(&grads).enumerate() {
            assert_eq!(grad, &(x * (2.0 * i as f64)), "{i}");
        }
        let [bend] = grad(&grads[3].sum(), [&xs[3]]);
        assert_eq!(bend, Tensor::from([6.0, 6.0]));
        assert_eq!(grad_many(&y, &[&xs[2], &xs[1]]), [&grads[2], &grads[1]].map(Tensor::clone));
        assert!(grad_many(&y, &[] as &[Tensor<f64>]).is_empty());
        let nowhere = jvp_many(&y, &[] as &[Tensor<f64>], &[] as &[Tensor<f64>]);
        assert_eq!(nowhere, Tensor::from(0.0));
    }

    #[test]
    #[should_panic(
        expected = "grad_many: argument 1 of shape [2] is a constant, which has no gradient; make it a parameter"
    )]
    fn a_constant_argument() {
        let x = Tensor::param([1.0, 2.0]);
        grad_many(&x.square().sum(), &[&x, &Tensor::from([1.0, 2.0])]);
    }

    #[test]
    #[should_panic(expected = "grad_many")]
    fn of_no_scalar() {
        let x = Tensor::param([1.0, 2.0]);
        grad_many(&x.square(), &[&x]);
    }

    #[test]
    #[should_panic(expected = "jvp_many: 1 directions for 2 arguments")]
    fn too_few_directions() {
        let x = Tensor::param([1.0, 2.0]);
        jvp_many(&x.square(), &[&x, &x], &[&x]);
    }
}
