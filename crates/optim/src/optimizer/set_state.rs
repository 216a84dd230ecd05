//! Setting a rule's state directly, without a checkpoint.

use std::collections::HashSet;

use downhill_tensor::{Float, Params, Path};

use super::joint::JOINT;
use super::slots::Slot;
use super::step::group_of;
use super::{Optimizer, OptimizerStateError};
use crate::state::ParamState;

impl<F: Float> Optimizer<F> {
    /// Sets the rule's state for the parameter at `path` of `model`: the inverse of [`state`](Self::state), for state
    /// imported from another framework or a custom starting point. A rule that updates all parameters jointly keeps its
    /// state at the path `*`.
    ///
    /// ```
    /// use downhill_optim::{Adam, Optimizer, ParamState};
    /// use downhill_tensor::Tensor;
    /// let mut pair = (Tensor::param([3.0_f64]), Tensor::param([4.0]));
    /// let mut opt = Optimizer::new(Adam { lr: 0.1, ..Adam::default() });
    /// let mut state = ParamState::new(1000);
    /// state.set_buffer("exp_avg", &[1.0]);
    /// state.set_buffer("exp_avg_sq", &[0.25]);
    /// opt.set_state("1", state.clone(), &pair)?;
    /// assert_eq!(opt.state("1"), Some(&state));
    ///
    /// state.set_buffer("exp_avg", &[1.0, 2.0]);
    /// let error = opt.set_state("1", state, &pair).unwrap_err().to_string();
    /// assert!(error.ends_with("1: buffer exp_avg has 2 elements, expected 1"));
    /// # Ok::<(), downhill_optim::OptimizerStateError>(())
    /// ```
    ///
    /// # Errors
    /// If the model has no trainable parameter at `path`, or the state is invalid for the rule
    /// ([`Rule::check_state`](crate::Rule::check_state)), naming path and buffer. The optimizer is then unchanged.
    pub fn set_state<M: Params<F> + ?Sized>(
        &mut self,
        path: &str,
        state: ParamState<F>,
        model: &M,
    ) -> Result<(), OptimizerStateError> {
        let slot = self.slot_for(path, state, model).map_err(|problem| {
            let problem = format!("{path}: {problem}");
            OptimizerStateError::Params(vec![problem])
        })?;
        self.slots.set(slot);
        Ok(())
    }

    fn slot_for<M: Params<F> + ?Sized>(&self, path: &str, state: ParamState<F>, model: &M) -> Result<Slot<F>, String> {
        let joint = self.groups[0].rule.kind().joint().is_some();
        let (shape, group) = match (joint, path) {
            (true, JOINT) => (vec![model.num_params()], 0),
            (true, _) => {
                return Err(format!("{} updates all parameters jointly; use the path `*`", self.groups[0].rule.name()));
            }
            (false, _) => self.param_at(path, model)?,
        };
        let rule = &self.groups[group].rule;
        if !joint {
            rule.accepts(&shape)?;
        }
        state.check_form()?;
        rule.check_state(&shape, &state)?;
        Ok(Slot::new(path.to_owned(), shape, group, state))
    }

    /// The shape and the group of the trainable parameter at `path`.
    fn param_at<M: Params<F> + ?Sized>(&self, path: &str, model: &M) -> Result<(Vec<usize>, usize), String> {
        let mut found = Err("the model has no such parameter".to_owned());
        let mut ids = HashSet::new();
        model.visit(&Path::ROOT, &mut |here, tensor| {
            let first = !tensor.is_param() || ids.insert(tensor.id());
            if *here == *path {
                found = match (tensor.is_param(), first) {
                    (false, _) => Err("it is not trainable in the model".to_owned()),
                    (true, false) => Err("it is tied; set the state at its first path".to_owned()),
                    (true, true) => Ok((tensor.shape().to_vec(), group_of(&self.groups, here))),
                };
            }
        });
        found
    }
}
