//! Checkpoints: saving an optimizer and resuming from the saved state.

use std::collections::{BTreeMap, BTreeSet};

use downhill_tensor::{Float, Params, Path};
use serde::{Deserialize, Serialize};

use super::joint::JOINT;
use super::slots::Slot;
use super::step::group_of;
use super::{Group, MissingGradient, Optimizer, is_rate};
use crate::Rule;
use crate::number::Number;
use crate::option_value::OptionValue;
use crate::options::{OptionError, require};
use crate::state::ParamState;
use crate::text::{TextError, put_together, take_apart};

/// Everything an [`Optimizer`] holds: options, current learning rates, and the rule's state by path. `serde` writes it to
/// any file format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct OptimizerState<F: Float = f32> {
    groups: Vec<SavedGroup>,
    params: BTreeMap<String, SavedParam<F>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct SavedGroup {
    pattern: String,
    /// The rule as text, with every option written out.
    rule: String,
    initial_lr: Option<Number<f64>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
struct SavedParam<F: Float> {
    /// Its position in the walk over the model.
    place: usize,
    shape: Vec<usize>,
    group: usize,
    state: ParamState<F>,
}

/// Why an [`OptimizerState`] does not fit an optimizer or a model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptimizerStateError {
    /// The groups differ.
    #[error("the saved optimizer has the groups {saved:?}, this one has {here:?}")]
    Groups {
        /// The saved patterns.
        saved: Vec<String>,
        /// This optimizer's patterns.
        here: Vec<String>,
    },
    /// A group is updated by another rule.
    #[error("the saved optimizer updates group \"{pattern}\" by {saved}, this one by {here}")]
    Rule {
        /// The group's pattern.
        pattern: String,
        /// The saved rule.
        saved: String,
        /// This optimizer's rule.
        here: String,
    },
    /// A saved option cannot be read.
    #[error("the saved options of group \"{pattern}\" cannot be read: {source}")]
    Options {
        /// The group's pattern.
        pattern: String,
        /// Why.
        source: TextError,
    },
    /// Parameters differ.
    #[error("the saved optimizer does not fit the model: {}", .0.join("; "))]
    Params(
        /// One message for each mismatched parameter, with its path.
        Vec<String>,
    ),
}

impl<F: Float> Optimizer<F> {
    /// A copy of everything: options, current learning rates, and the rule's state for every parameter.
    ///
    /// ```
    /// use downhill_optim::{Adam, Optimizer};
    /// use downhill_tensor::Tensor;
    ///
    /// let mut w = Tensor::param([1.0, -2.0]);
    /// let mut opt = Optimizer::new(Adam { lr: 0.1, ..Adam::default() });
    /// let loss = w.square().sum();
    /// opt.step(&mut w, &loss.backward());
    /// let saved = opt.state_dict(); // write it to a file with serde
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
        let group = |group: &Group<F>| SavedGroup {
            pattern: group.pattern.clone(),
            rule: rule_text(&*group.rule),
            initial_lr: group.initial_lr.map(Number),
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

    /// Resumes from `saved`. This optimizer needs the same groups with the same rules; their options, including the current
    /// learning rates, are replaced by the saved ones.
    ///
    /// # Errors
    /// If groups, rules or the parameters of `model` do not match, naming them, or if the saved state is invalid for the
    /// rule: a negative learning rate, a buffer of the wrong length. The optimizer is then unchanged.
    pub fn load_state_dict<M: Params<F> + ?Sized>(
        &mut self,
        saved: &OptimizerState<F>,
        model: &M,
    ) -> Result<(), OptimizerStateError> {
        let groups = self.read_groups(saved)?;
        let joint = groups[0].rule.kind().joint().is_some();
        let problems =
            if joint { joint_mismatch(saved, &*groups[0].rule, model) } else { self.mismatches(saved, &groups, model) };
        if !problems.is_empty() {
            return Err(OptimizerStateError::Params(problems));
        }
        // Everything has been checked: from here on nothing can fail.
        let mut params: Vec<_> = saved.params.iter().collect();
        params.sort_by_key(|(_, param)| param.place);
        let slot = |(path, param): (&String, &SavedParam<F>)| {
            Slot::new(path.clone(), param.shape.clone(), param.group, param.state.clone())
        };
        self.slots.replace(params.into_iter().map(slot).collect());
        self.groups = groups;
        Ok(())
    }

    /// This optimizer's groups with the saved options.
    fn read_groups(&self, saved: &OptimizerState<F>) -> Result<Vec<Group<F>>, OptimizerStateError> {
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
            group.initial_lr = saved.initial_lr.map(|lr| lr.0);
            let read = read_options(&mut *group.rule, &options).and_then(|()| Ok(check_rates(group)?));
            read.map_err(|source| OptimizerStateError::Options { pattern, source })?;
        }
        Ok(groups)
    }

    /// Every way in which the saved state does not fit the model, a message each.
    fn mismatches<M: Params<F> + ?Sized>(
        &self,
        saved: &OptimizerState<F>,
        groups: &[Group<F>],
        model: &M,
    ) -> Vec<String> {
        // Walk the model first: collect its parameters, and report those without saved state.
        let mut problems = Vec::new();
        let mut here = BTreeMap::new();
        let mut ids = BTreeSet::new();
        model.visit(&Path::ROOT, &mut |path, tensor| {
            let group = group_of(groups, path);
            let path = path.to_string();
            if tensor.is_param() {
                // A tied parameter has its state at its first path, and an optimizer saved before its first step has none.
                let tied = !ids.insert(tensor.id());
                let lacks = !saved.params.contains_key(&path) && !saved.params.is_empty() && !tied;
                if lacks && self.missing_gradient == MissingGradient::Panic {
                    problems.push(format!("no saved state for {path}"));
                }
            }
            here.insert(path, (tensor.is_param(), tensor.shape().to_vec(), group));
        });
        // Then compare each saved parameter with the model's: path, shape, group, and last the state itself.
        for (path, param) in &saved.params {
            match here.get(path) {
                None => problems.push(format!("the model has no parameter {path}")),
                Some((false, ..)) => problems.push(format!("{path} is not trainable in the model")),
                Some((true, shape, _)) if *shape != param.shape => {
                    problems.push(format!("{path}: shape mismatch: saved {:?}, model {shape:?}", param.shape));
                }
                Some((true, _, group)) if *group != param.group => {
                    let (saved, pattern) = (param.group, &groups[*group].pattern);
                    problems
                        .push(format!("{path} was saved in group number {saved}, but belongs to group \"{pattern}\""));
                }
                Some((true, shape, group)) => {
                    let rule = &groups[*group].rule;
                    let fits = rule.accepts(shape).and_then(|()| check_state(&**rule, param));
                    problems.extend(fits.err().map(|problem| format!("{path}: {problem}")));
                }
            }
        }
        // `place` restores the order of the walk, so the places must be exactly 0, 1, 2, ...
        let mut places: Vec<usize> = saved.params.values().map(|param| param.place).collect();
        places.sort_unstable();
        if !places.into_iter().eq(0..saved.params.len()) {
            problems.push("the saved places of the parameters are not 0, 1, 2, ...".to_owned());
        }
        problems
    }
}

fn joint_mismatch<F: Float, M: Params<F> + ?Sized>(
    saved: &OptimizerState<F>,
    rule: &dyn Rule<F>,
    model: &M,
) -> Vec<String> {
    let here = [model.num_params()];
    let problem = |(path, param): (&String, &SavedParam<F>)| {
        if path != JOINT || param.group != 0 {
            Some(format!("{} updates all parameters jointly and has no state for {path} alone", rule.name()))
        } else if param.shape != here {
            Some(format!("it was saved for {:?} trainable elements, the model has {here:?}", param.shape))
        } else {
            check_state(rule, param).err().map(|problem| format!("{path}: {problem}"))
        }
    };
    saved.params.iter().filter_map(problem).collect()
}

/// Whether the saved state of a parameter is valid for the rule.
fn check_state<F: Float>(rule: &dyn Rule<F>, param: &SavedParam<F>) -> Result<(), String> {
    param.state.check_form()?;
    rule.check_state(&param.shape, &param.state)
}

/// The rule as text. A custom rule need not list its options; what schedules change is saved regardless.
fn rule_text<F: Float>(rule: &dyn Rule<F>) -> String {
    let mut options = rule.options();
    let alone = options.is_empty();
    if options.iter().all(|(option, _)| *option != "lr") {
        options.push(("lr", rule.lr().write()));
    }
    if let (true, Some(momentum)) = (alone, rule.momentum()) {
        options.push(("momentum", momentum.write()));
    }
    put_together(rule.name(), &options)
}

/// Sets the options written by [`rule_text`].
fn read_options<F: Float>(rule: &mut dyn Rule<F>, options: &[(&str, &str)]) -> Result<(), TextError> {
    let name = rule.name();
    let listed: Vec<&str> = rule.options().into_iter().map(|(option, _)| option).collect();
    for &(option, value) in options {
        match option {
            // Not options of the rule: `rule_text` added them.
            "lr" if !listed.contains(&"lr") => rule.set_lr(OptionValue::read_option(name, "lr", value)?),
            "momentum" if listed.is_empty() => rule.set_momentum(OptionValue::read_option(name, "momentum", value)?),
            _ => rule.set_option(option, value)?,
        }
    }
    if options.iter().all(|(option, _)| *option != "lr") {
        return Err(TextError::Form(format!("no learning rate was saved for {name}")));
    }
    Ok(())
}

/// Checks the options, and the learning rates too, for rules that do not check their own.
fn check_rates<F: Float>(group: &Group<F>) -> Result<(), OptionError> {
    let (name, lr) = (group.rule.name(), group.rule.lr());
    group.rule.check()?;
    require(is_rate(lr), name, "lr", "a finite number ≥ 0", lr)?;
    let initial_lr = group.initial_lr.unwrap_or(0.0);
    require(is_rate(initial_lr), name, "initial_lr", "a finite number ≥ 0", initial_lr)
}
