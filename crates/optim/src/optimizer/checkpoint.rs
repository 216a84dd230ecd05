//! Saving an optimiser and going on where it stopped.

use std::collections::{BTreeMap, BTreeSet};

use downhill_tensor::{Float, Params, Path};
use serde::{Deserialize, Serialize};

use super::slots::Slot;
use super::{MissingGradient, Optimizer};
use crate::state::ParamState;
use crate::text::{TextError, take_apart};

/// Everything an [`Optimizer`] holds, by path: options, rates in force, and what the rule remembers. With `serde` it
/// goes into any file format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct OptimizerState<F: Float = f32> {
    groups: Vec<SavedGroup>,
    params: BTreeMap<String, SavedParam<F>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SavedGroup {
    pattern: String,
    /// The rule as text, every option written out.
    rule: String,
    initial_lr: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
struct SavedParam<F: Float> {
    /// Its place in the walk over the model.
    place: usize,
    shape: Vec<usize>,
    group: usize,
    state: ParamState<F>,
}

/// Why an [`OptimizerState`] does not fit an optimiser or a model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptimizerStateError {
    /// The groups differ.
    #[error("the saved optimiser has the groups {saved:?}, this one has {here:?}")]
    Groups {
        /// The saved patterns.
        saved: Vec<String>,
        /// This optimiser's patterns.
        here: Vec<String>,
    },
    /// A group is updated by another rule.
    #[error("the saved optimiser updates \"{pattern}\" by {saved}, this one by {here}")]
    Rule {
        /// The group's pattern.
        pattern: String,
        /// The saved rule.
        saved: String,
        /// This optimiser's rule.
        here: String,
    },
    /// A saved option cannot be read.
    #[error("the saved options of \"{pattern}\" cannot be read: {source}")]
    Options {
        /// The group's pattern.
        pattern: String,
        /// Why.
        source: TextError,
    },
    /// Parameters differ.
    #[error("the saved optimiser does not fit the model: {}", .0.join("; "))]
    Params(
        /// A sentence for each parameter that does not match, with its path.
        Vec<String>,
    ),
}

impl<F: Float> Optimizer<F> {
    /// A copy of everything: options, rates in force, and what the rule remembers of every parameter.
    ///
    /// ```
    /// use downhill_optim::{Adam, Optimizer};
    /// use downhill_tensor::Tensor;
    ///
    /// let mut w = Tensor::param([1.0, -2.0]);
    /// let mut opt = Optimizer::new(Adam { lr: 0.1, ..Adam::default() });
    /// let loss = w.square().sum();
    /// opt.step(&mut w, &loss.backward());
    /// let saved = opt.state_dict(); // goes into a file with serde
    ///
    /// let mut resumed = Optimizer::new(Adam::default());
    /// resumed.load_state_dict(&saved, &w)?;
    /// assert_eq!(resumed.lr(), 0.1);
    /// let mut twin = w.clone();
    /// let loss = w.square().sum();
    /// opt.step(&mut w, &loss.backward());
    /// let loss = twin.square().sum();
    /// resumed.step(&mut twin, &loss.backward());
    /// assert_eq!(w, twin);
    /// # let _: f64 = w.sum().item();
    /// # Ok::<(), downhill_optim::OptimizerStateError>(())
    /// ```
    pub fn state_dict(&self) -> OptimizerState<F> {
        let group = |group: &super::Group<F>| SavedGroup {
            pattern: group.pattern.clone(),
            rule: group.rule.to_string(),
            initial_lr: group.initial_lr,
        };
        let param = |(place, slot): (usize, &Slot<F>)| {
            let (shape, state) = (slot.shape.clone(), slot.state.clone());
            (slot.path.clone(), SavedParam { place, shape, group: slot.group, state })
        };
        OptimizerState {
            groups: self.groups.iter().map(group).collect(),
            params: self.slots.iter().enumerate().map(param).collect(),
        }
    }

    /// Goes on where `saved` stopped. This optimiser needs the same groups with the same rules; their options, rates
    /// in force included, are replaced by the saved ones.
    ///
    /// # Errors
    /// If groups, rules or the parameters of `model` do not match, naming them. The optimiser is then unchanged.
    pub fn load_state_dict<M: Params<F> + ?Sized>(
        &mut self,
        saved: &OptimizerState<F>,
        model: &M,
    ) -> Result<(), OptimizerStateError> {
        let groups = self.read_groups(saved)?;
        let joint = groups[0].rule.as_joint().is_some();
        let problems = if joint { joint_mismatch(saved, model) } else { self.mismatches(saved, model) };
        if !problems.is_empty() {
            return Err(OptimizerStateError::Params(problems));
        }
        let mut params: Vec<_> = saved.params.iter().collect();
        params.sort_by_key(|(_, param)| param.place);
        let slot = |(path, param): (&String, &SavedParam<F>)| {
            Slot::new(path.clone(), param.shape.clone(), param.group, param.state.clone())
        };
        self.slots.replace(params.into_iter().map(slot).collect());
        self.groups = groups;
        Ok(())
    }

    /// This optimiser's groups with the saved options.
    fn read_groups(&self, saved: &OptimizerState<F>) -> Result<Vec<super::Group<F>>, OptimizerStateError> {
        let saved_patterns: Vec<String> = saved.groups.iter().map(|group| group.pattern.clone()).collect();
        let patterns: Vec<String> = self.groups.iter().map(|group| group.pattern.clone()).collect();
        if saved_patterns != patterns {
            return Err(OptimizerStateError::Groups { saved: saved_patterns, here: patterns });
        }
        let mut groups = self.groups.clone();
        for (group, saved) in groups.iter_mut().zip(&saved.groups) {
            let pattern = group.pattern.clone();
            let (name, options) = take_apart(&saved.rule);
            if name != group.rule.name() {
                let (saved, here) = (name.to_owned(), group.rule.name().to_owned());
                return Err(OptimizerStateError::Rule { pattern, saved, here });
            }
            let read = options.into_iter().try_for_each(|(option, value)| group.rule.set_option(option, value));
            read.and_then(|()| Ok(group.rule.check()?))
                .map_err(|source| OptimizerStateError::Options { pattern, source })?;
            group.initial_lr = saved.initial_lr;
        }
        Ok(groups)
    }

    fn mismatches<M: Params<F> + ?Sized>(&self, saved: &OptimizerState<F>, model: &M) -> Vec<String> {
        let mut problems = Vec::new();
        let mut here = BTreeMap::new();
        let mut ids = BTreeSet::new();
        model.visit(&Path::ROOT, &mut |path, tensor| {
            let path = path.to_string();
            if tensor.is_param() {
                // A tied parameter has its state at its first path; a new optimiser has none at all.
                let tied = !ids.insert(tensor.id());
                let lacks = !saved.params.contains_key(&path) && !saved.params.is_empty() && !tied;
                if lacks && self.missing_gradient == MissingGradient::Panic {
                    problems.push(format!("nothing was saved for {path}"));
                }
            }
            here.insert(path, (tensor.is_param(), tensor.shape().to_vec()));
        });
        for (path, param) in &saved.params {
            match here.get(path) {
                None => problems.push(format!("the model has no {path}")),
                Some((false, _)) => problems.push(format!("{path} is a constant in the model")),
                Some((true, shape)) if *shape != param.shape => {
                    problems.push(format!("{path} had shape {:?}, the model's has {shape:?}", param.shape));
                }
                Some(_) if param.group >= saved.groups.len() => {
                    problems.push(format!("{path} is in a group that there is not"));
                }
                Some(_) => {}
            }
        }
        problems
    }
}

fn joint_mismatch<F: Float, M: Params<F> + ?Sized>(saved: &OptimizerState<F>, model: &M) -> Vec<String> {
    let here = [model.num_params()];
    let differs = saved.params.values().find(|param| param.shape != here);
    differs
        .map(|param| format!("it was for {:?} trainable elements, the model has {here:?}", param.shape))
        .into_iter()
        .collect()
}
