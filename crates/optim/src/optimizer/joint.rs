//! `Optimizer::step_with`: steps that evaluate the loss themselves.

use downhill_tensor::{Float, Gradients, Params, Tensor};

use super::slots::Slot;
use super::{MissingGradient, Optimizer};
use crate::state::ParamState;

/// The path under which a rule that updates all parameters jointly keeps its state.
pub(super) const JOINT: &str = "*";

impl<F: Float> Optimizer<F> {
    /// Takes one step, evaluating the loss itself, and returns the loss before the step. For most rules this is the same
    /// as `backward` followed by [`step`](Self::step); [`Lbfgs`](crate::Lbfgs) requires it because it evaluates the loss
    /// several times per step.
    ///
    /// ```
    /// use downhill_optim::{Lbfgs, LineSearch, Optimizer};
    /// use downhill_tensor::Tensor;
    ///
    /// let rosenbrock = |(x, y): &(Tensor<f64>, Tensor<f64>)| {
    ///     (1.0 - x).square() + 100.0 * (y - x.square()).square()
    /// };
    /// let mut point = (Tensor::param(-1.5), Tensor::param(2.0));
    /// let mut opt = Optimizer::new(Lbfgs { line_search: LineSearch::StrongWolfe, ..Lbfgs::default() });
    /// for _ in 0..3 {
    ///     opt.step_with(&mut point, rosenbrock);
    /// }
    /// assert!(rosenbrock(&point).item() < 1e-9);
    /// ```
    ///
    /// # Panics
    /// As [`step`](Self::step). A loss that is not finite does not panic; it is returned.
    #[track_caller]
    pub fn step_with<M: Params<F>>(&mut self, model: &mut M, mut loss: impl FnMut(&M) -> Tensor<F>) -> F {
        self.step_with_mut(model, |model| loss(model))
    }

    /// [`step_with`](Self::step_with) for a loss that writes to the model's buffers, that is, one computed in a
    /// [`training`](downhill_tensor::training) scope. As in PyTorch, every evaluation draws new random numbers and records
    /// its statistics; the line search of [`Lbfgs`](crate::Lbfgs) expects a deterministic loss.
    ///
    /// ```
    /// use downhill_optim::{Lbfgs, Optimizer};
    /// use downhill_tensor::{Tensor, training, update_buffer};
    /// use rand_chacha::rand_core::SeedableRng;
    ///
    /// // A parameter, and a buffer that counts the evaluations.
    /// let mut model = (Tensor::param([3.0]), Tensor::from(0.0));
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let mut opt = Optimizer::new(Lbfgs { max_iter: 5, ..Lbfgs::default() });
    /// opt.step_with_mut(&mut model, |model| {
    ///     training(model, &mut rng, |(w, count)| {
    ///         update_buffer(count, |n| n + 1.0);
    ///         w.exp().sum() - w.sum()
    ///     })
    /// });
    /// assert_eq!(model.1.item(), 5.0_f64);
    /// ```
    ///
    /// # Panics
    /// As [`step_with`](Self::step_with). `loss` must not change the parameters.
    #[track_caller]
    pub fn step_with_mut<M: Params<F>>(&mut self, model: &mut M, mut loss: impl FnMut(&mut M) -> Tensor<F>) -> F {
        if self.groups[0].rule.kind().joint().is_none() {
            let loss = loss(model);
            let value = loss.item();
            self.step(model, &loss.backward());
            return value;
        }
        // A joint rule works on one flat vector; each evaluation copies it into the model and the gradients back out.
        let skip = self.missing_gradient == MissingGradient::Skip;
        let mut x = elements(model);
        let mut state = self.take_joint_state(x.len());
        state.steps += 1;
        let mut evaluate = |x: &[F], g: &mut [F]| {
            set_elements(model, x);
            let loss = loss(model);
            let value = loss.item();
            write_gradient(model, &loss.backward(), g, skip);
            value
        };
        let rule = self.groups[0].rule.kind().joint().expect("checked above");
        let value = rule.minimize(&mut x, &mut state, &mut evaluate);
        set_elements(model, &x);
        self.slots.replace(vec![Slot::new(JOINT.to_owned(), vec![x.len()], 0, state)]);
        value
    }

    #[track_caller]
    fn take_joint_state(&mut self, len: usize) -> ParamState<F> {
        let Some(slot) = self.slots.first_mut() else { return ParamState::default() };
        assert!(
            slot.shape == [len],
            "step_with: the model has {len} trainable elements, but had {} in the last step; create a new optimizer",
            slot.shape[0],
        );
        std::mem::take(&mut slot.state)
    }
}

/// The elements of all trainable parameters, concatenated in the order of the walk.
fn elements<F: Float, M: Params<F>>(model: &M) -> Vec<F> {
    let mut x = Vec::new();
    model.visit_once(&mut |_, tensor| {
        if tensor.is_param() {
            x.extend(tensor.view().iter());
        }
    });
    x
}

/// The inverse of [`elements`].
fn set_elements<F: Float, M: Params<F>>(model: &mut M, x: &[F]) {
    let mut rest = x;
    model.visit_once_mut(&mut |_, tensor| {
        if tensor.is_param() {
            let (here, after) = rest.split_at(tensor.len());
            tensor.as_mut_slice().copy_from_slice(here);
            rest = after;
        }
    });
}

#[track_caller]
fn write_gradient<F: Float, M: Params<F>>(model: &M, grads: &Gradients<F>, g: &mut [F], skip: bool) {
    let (mut at, mut missing) = (0, Vec::new());
    model.visit_once(&mut |path, tensor| {
        if !tensor.is_param() {
            return;
        }
        let here = &mut g[at..at + tensor.len()];
        at += tensor.len();
        match grads.get(tensor) {
            Some(grad) => here.iter_mut().zip(grad.view()).for_each(|(g, &new)| *g = new),
            None => {
                here.fill(F::zero());
                missing.push(path.to_string());
            }
        }
    });
    assert!(
        skip || missing.is_empty(),
        "step_with: no gradient for {}; freeze it, or set `opt.missing_gradient = MissingGradient::Skip`",
        missing.join(", "),
    );
}
