//! Setting what a rule remembers, without a file.

use std::collections::HashSet;

use downhill_tensor::{Float, Params, Path};

use super::joint::JOINT;
use super::slots::Slot;
use super::step::group_of;
use super::{Optimizer, OptimizerStateError};
use crate::state::ParamState;

impl<F: Float> Optimizer<F> {
    /// Sets what the rule remembers of the parameter at `path` of `model`: the opposite of [`state`](Self::state), for
    /// what comes out of another framework, or a rule that is to begin elsewhere than at nothing. A rule that moves all
    /// parameters together has its state at the path `*`.
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
    /// assert!(error.ends_with("1: the buffer exp_avg has 2 elements, not 1"));
    /// # Ok::<(), downhill_optim::OptimizerStateError>(())
    /// ```
    ///
    /// # Errors
    /// If the model has no trainable parameter there, or the rule could not go on with the state
    /// ([`Rule::check_state`](crate::Rule::check_state)), naming path and buffer. The optimiser is then unchanged.
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
                return Err(format!("{} remembers nothing of one parameter alone", self.groups[0].rule.name()));
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

    /// Shape and group of the trainable parameter at `path`.
    fn param_at<M: Params<F> + ?Sized>(&self, path: &str, model: &M) -> Result<(Vec<usize>, usize), String> {
        let mut found = Err("the model has no such parameter".to_owned());
        let mut ids = HashSet::new();
        model.visit(&Path::ROOT, &mut |here, tensor| {
            let first = !tensor.is_param() || ids.insert(tensor.id());
            if *here == *path {
                found = match (tensor.is_param(), first) {
                    (false, _) => Err("it is a constant in the model".to_owned()),
                    (true, false) => Err("it is tied; what is remembered is at its first path".to_owned()),
                    (true, true) => Ok((tensor.shape().to_vec(), group_of(&self.groups, here))),
                };
            }
        });
        found
    }
}
