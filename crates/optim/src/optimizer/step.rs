//! `Optimizer::step`: one update of every parameter.

use downhill_tensor::{Float, Gradients, Params, Path, Tensor, compiled};

use super::{Group, MissingGradient, Optimizer};
use crate::kernels::row_major;
use crate::{ParamUpdate, RuleKind};

impl<F: Float> Optimizer<F> {
    /// Updates every parameter of `model` that has a gradient.
    ///
    /// # Panics
    /// If a trainable parameter has no gradient (see [`missing_gradient`](Self::missing_gradient)), if its shape has
    /// changed since its last step, if the rule does not accept its shape, or if a group's pattern matches no path. The
    /// model and the optimizer are then unchanged.
    #[track_caller]
    pub fn step<M: Params<F> + ?Sized>(&mut self, model: &mut M, grads: &Gradients<F>) {
        if let Some(refusal) = self.refusal(model, grads) {
            panic!("step: {refusal}");
        }
        self.slots.begin_walk();
        model.visit_once_mut(&mut |path, tensor| {
            if tensor.is_param()
                && let Some(grad) = grads.get(tensor)
            {
                self.update(path, tensor, grad);
            }
        });
        self.slots.end_walk();
    }

    #[inline(never)]
    fn update(&mut self, path: &Path<'_>, tensor: &mut Tensor<F>, grad: &Tensor<F>) {
        let slot = self.slots.find(path, tensor, || group_of(&self.groups, path));
        let grad = match grad.as_slice() {
            Some(grad) => grad,
            None => row_major(&grad.view(), &mut self.row_major),
        };
        slot.state.steps += 1;
        // `refusal` has ruled out joint rules.
        let RuleKind::Param(rule) = self.groups[slot.group].rule.kind() else { return };
        rule.update(&mut ParamUpdate {
            param: tensor.as_mut_slice(),
            grad,
            shape: &slot.shape,
            state: &mut slot.state,
            scratch: &mut self.scratch,
            powers: &mut self.powers,
        });
        // Mutating a parameter that is shared (a clone, a live record) gives it a new id; remember that one.
        slot.see(tensor);
    }

    /// The reason why this step cannot be taken, if there is one.
    fn refusal<M: Params<F> + ?Sized>(&self, model: &M, grads: &Gradients<F>) -> Option<String> {
        if let Some(rule) = self.groups.iter().find(|group| group.rule.kind().joint().is_some()) {
            let name = rule.rule.name();
            return Some(format!(
                "{name} evaluates the loss several times in a step; write `opt.step_with(&mut model, |model| loss)`"
            ));
        }
        // One cheap walk that allocates nothing; messages are composed only when something is wrong.
        let (mut missing, mut reshaped, mut new, mut next) = (false, false, false, 0);
        model.visit_once(&mut |path, tensor| {
            if !tensor.is_param() {
                return;
            }
            if grads.get(tensor).is_none() {
                missing = true;
                return;
            }
            match self.slots.peek(&mut next, path, tensor) {
                Some(slot) => reshaped |= slot.shape != tensor.shape(),
                None => new = true,
            }
        });
        if missing && self.missing_gradient == MissingGradient::Panic {
            return Some(without_gradient(model, grads));
        }
        if reshaped {
            return Some(self.reshaped(model, grads));
        }
        // Checks that depend only on the model's paths and shapes run once, unless a new parameter appears.
        if new || self.slots.is_empty() { self.misfit(model) } else { None }
    }

    #[cold]
    fn reshaped<M: Params<F> + ?Sized>(&self, model: &M, grads: &Gradients<F>) -> String {
        let mut changes = Vec::new();
        model.visit(&Path::ROOT, &mut |path, tensor| {
            let slot = self.slots.get(&path.to_string());
            let updated = tensor.is_param() && grads.get(tensor).is_some();
            if let Some(slot) = slot.filter(|slot| updated && slot.shape != tensor.shape()) {
                let (here, before) = (tensor.shape(), &slot.shape);
                changes.push(format!("{path} has shape {here:?}, but had {before:?} when it was last updated"));
            }
        });
        format!("{}; create a new optimizer for a new model", changes.join("; "))
    }

    #[cold]
    fn misfit<M: Params<F> + ?Sized>(&self, model: &M) -> Option<String> {
        let (mut refusal, mut paths) = (None, Vec::new());
        let mut used = vec![false; self.groups.len()];
        used[0] = true;
        model.visit(&Path::ROOT, &mut |path, tensor| {
            if tensor.is_buffer() {
                return;
            }
            let group = group_of(&self.groups, path);
            used[group] = true;
            paths.push(path.to_string());
            let rule = &self.groups[group].rule;
            if let (true, Err(reason)) = (tensor.is_param() && refusal.is_none(), rule.accepts(tensor.shape())) {
                let name = rule.name();
                refusal = Some(format!("{name} cannot update {path} of shape {:?}: {reason}", tensor.shape()));
            }
        });
        let unused = used.iter().position(|used| !used).map(|at| {
            let pattern = &self.groups[at].pattern;
            format!("group \"{pattern}\" matches no parameter; the model's parameters are {}", paths.join(", "))
        });
        refusal.or(unused)
    }
}

/// The group of a path: the first whose pattern matches, otherwise the default group.
pub(super) fn group_of<F: Float>(groups: &[Group<F>], path: &Path<'_>) -> usize {
    path.first_match(groups.iter().skip(1).map(|group| group.pattern.as_str())).map_or(0, |at| at + 1)
}

#[cold]
fn without_gradient<F: Float, M: Params<F> + ?Sized>(model: &M, grads: &Gradients<F>) -> String {
    let mut missing = Vec::new();
    model.visit(&Path::ROOT, &mut |path, tensor| {
        if tensor.is_param() && grads.get(tensor).is_none() {
            missing.push(path.to_string());
        }
    });
    format!(
        "no gradient for {}: the loss does not depend on it. If this is intended, freeze it (`model.freeze(\"{}\")`) or \
         set `opt.missing_gradient = MissingGradient::Skip`",
        missing.join(", "),
        missing[0],
    )
}

compiled!(fn(&mut Optimizer<F>, &Path<'_>, &mut Tensor<F>, &Tensor<F>) = Optimizer::<F>::update);
