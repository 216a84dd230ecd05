//! Watching the backward walk: every product on its way, and a single step of it.

use crate::backward::{Records, Walk, check_recorded, check_scalar, freed, walk};
use crate::no_grad::no_grad;
use crate::{Float, Gradients, Tensor};

/// What one result of the graph contributes to the gradient of one of its inputs: one edge of the backward walk.
#[derive(Clone, Copy, Debug)]
pub struct Contribution<'a, F: Float> {
    /// The result that the walk goes back through.
    pub result: &'a Tensor<F>,
    /// The gradient with respect to it. Complete: whatever uses the result has contributed.
    pub gradient: &'a Tensor<F>,
    /// Which argument of the operation this is about, from 0.
    pub argument: usize,
    /// That argument.
    pub input: &'a Tensor<F>,
    /// The product of the gradient and the derivative, as the operation's rule returned it.
    pub product: &'a Tensor<F>,
    /// What is added to the gradient with respect to the input: the product, summed over the axes that the input was
    /// broadcast along.
    pub added: &'a Tensor<F>,
}

/// Whom the walk tells.
pub(crate) type Observer<'t, F> = &'t mut (dyn FnMut(Contribution<'_, F>) + 't);

impl<F: Float> Tensor<F> {
    /// [`backward_retain_graph`](Self::backward_retain_graph), which calls `observe` for every contribution to a gradient,
    /// in the order of the walk, those of intermediate results included. Nothing that `observe` computes is recorded.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let (a, b) = (Tensor::param(2.0), Tensor::param(3.0));
    /// let mut steps = Vec::new();
    /// let grads = (&a * &b + &a).backward_observed(|step| {
    ///     steps.push((step.result.op_name().unwrap_or(""), step.argument, step.added.item()));
    /// });
    /// assert_eq!(steps, [("add", 0, 1.0), ("add", 1, 1.0), ("mul", 0, 3.0), ("mul", 1, 2.0)]);
    /// assert_eq!(grads[&a].item(), 1.0 + 3.0);
    /// ```
    ///
    /// # Panics
    /// As for [`backward`](Self::backward).
    #[doc(alias("register_hook", "retain_grad"))]
    #[track_caller]
    pub fn backward_observed(&self, mut observe: impl FnMut(Contribution<'_, F>)) -> Gradients<F> {
        check_scalar("backward_observed", self);
        check_recorded("backward_observed", self);
        let seed = Tensor::ones(self.shape());
        let gradients = no_grad(|| walk(self.clone(), seed, &[], Records::Keep, Some(&mut observe)));
        match gradients {
            Ok(gradients) => gradients,
            Err(op) => freed("backward_observed", op),
        }
    }

    /// One step of the backward walk: the product of `dy`, a gradient with respect to this result, and the derivative by
    /// each argument of the operation that produced it, as the operation's rule returns it: in the shape of the argument or
    /// in one that it was broadcast to. `None` for an argument that needs no gradient; an empty list for a tensor that is
    /// not the recorded result of an operation.
    ///
    /// With `dy = 1`, the local derivative of an elementwise operation:
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let (a, b) = (Tensor::param([2.0, 4.0]), Tensor::from([3.0, 5.0]));
    /// let y = &a * &b;
    /// assert_eq!(y.pull_back(&Tensor::ones(&[2])), [Some(b), None]);
    /// ```
    ///
    /// # Panics
    /// If `dy` has another shape, or if `backward` has freed the record.
    #[track_caller]
    pub fn pull_back(&self, dy: &Tensor<F>) -> Vec<Option<Tensor<F>>> {
        assert!(
            dy.shape() == self.shape(),
            "pull_back: shape mismatch: the gradient has shape {:?}, the result {:?}",
            dy.shape(),
            self.shape()
        );
        let mut products = vec![None; self.operation().map_or(0, |operation| operation.inputs.len())];
        let mut observe = |step: Contribution<'_, F>| products[step.argument] = Some(step.product.clone());
        let mut walk = Walk::observed_by(&mut observe);
        let found = no_grad(|| self.0.record.pull_back(self, dy, &mut walk));
        drop(walk);
        if !found {
            freed("pull_back", self.0.record.name());
        }
        products
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::concat;

    /// Summed up by hand, what is observed is the gradient: of a parameter that is used three times, once broadcast.
    #[test]
    fn contributions_add_up() {
        let w = Tensor::<f64>::param([2.0, -1.0]);
        let x = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        let loss = (&x * &w + &w).square().sum() + concat(&[&w, &w], 0).sum();
        let mut sum = Tensor::zeros(&[2]);
        let grads = loss.backward_observed(|step| {
            if step.input.id() == w.id() {
                assert_eq!(step.added.shape(), [2]);
                sum = &sum + step.added;
            }
        });
        assert_eq!(sum, grads[&w]);
        assert_eq!(grads[&w], loss.backward()[&w]);
        assert!(!sum.requires_grad(), "nothing is recorded");
    }

    #[test]
    fn one_step_only() {
        let (w, x) = (Tensor::<f64>::param([2.0, 3.0]), Tensor::from([[1.0, 1.0], [4.0, 5.0]]));
        let y = w.exp() * &x;
        let [by_exp, by_x] = y.pull_back(&Tensor::full(&[2, 2], 2.0)).try_into().expect("two arguments");
        assert_eq!((by_exp, by_x), (Some(Tensor::from([[2.0, 2.0], [8.0, 10.0]])), None), "before it is summed");
        assert_eq!(w.pull_back(&Tensor::ones(&[2])), []);
        assert_eq!((w.sum() + concat(&[&w, &x.select(0, 0)], 0).sum()).backward()[&w].to_vec(), [2.0, 2.0]);
        let joined = concat(&[&x.select(0, 0), &w], 0);
        assert_eq!(joined.pull_back(&Tensor::from([1.0, 2.0, 3.0, 4.0])), [None, Some(Tensor::from([3.0, 4.0]))]);
    }

    #[test]
    #[should_panic(expected = "pull_back: the record of `exp` was freed")]
    fn what_was_freed() {
        let y = Tensor::<f64>::param([2.0]).exp();
        y.sum().backward();
        y.pull_back(&Tensor::ones(&[1]));
    }

    #[test]
    #[should_panic(expected = "pull_back: shape mismatch: the gradient has shape [], the result [1]")]
    fn another_shape() {
        Tensor::<f64>::param([2.0]).exp().pull_back(&Tensor::ones(&[]));
    }

    #[test]
    #[should_panic(expected = "backward_observed: expected a scalar")]
    fn no_scalar() {
        Tensor::<f64>::param([2.0, 1.0]).exp().backward_observed(|_| {});
    }
}
