//! The optimizer: walks a model and updates every parameter by a rule.

mod checkpoint;
mod group;
mod joint;
mod set_state;
mod slots;
mod step;
#[cfg(test)]
mod tests;

pub use checkpoint::{OptimizerState, OptimizerStateError};
pub use group::Group;

use std::str::FromStr;

use downhill_tensor::Float;

use crate::options::OptionError;
use crate::rule::Powers;
use crate::state::ParamState;
use crate::{Rule, TextError};
use slots::Slots;

/// Updates the parameters of a model by a [`Rule`].
///
/// ```
/// use downhill_optim::{Optimizer, Sgd};
/// use downhill_tensor::Tensor;
///
/// let mut w = Tensor::param([1.0, -2.0]);
/// let mut opt = Optimizer::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() });
/// for _ in 0..100 {
///     let loss = w.square().sum();
///     opt.step(&mut w, &loss.backward());
/// }
/// assert!(w.square().sum().item() < 1e-3_f64);
/// ```
///
/// The rule's state is keyed by the parameter's path (`fc1.weight`), so it survives saving and loading
/// ([`state_dict`](Self::state_dict)) as well as rebuilding the model. A parameter that appears at several paths (tied
/// weights) is updated once, with the state of its first path, and stays tied. Frozen parameters and buffers are left
/// alone.
///
/// To accumulate gradients over several mini-batches, add them up and take one step:
///
/// ```
/// # use downhill_optim::{Optimizer, Sgd};
/// # use downhill_tensor::{Gradients, Tensor};
/// # let mut w = Tensor::param([1.0, -2.0]);
/// # let mut opt = Optimizer::new(Sgd::default());
/// let batches = [Tensor::from([1.0_f64, 0.0]), Tensor::from([0.0, 1.0])];
/// let mut grads = Gradients::default();
/// for x in &batches {
///     grads += (&w * x).square().sum().backward() * (1.0 / batches.len() as f64);
/// }
/// opt.step(&mut w, &grads);
/// ```
#[derive(Clone, Debug)]
pub struct Optimizer<F: Float = f32> {
    /// What to do about a trainable parameter without a gradient.
    pub missing_gradient: MissingGradient,
    /// The first group holds every parameter that no other group's pattern matches.
    pub(crate) groups: Vec<Group<F>>,
    slots: Slots<F>,
    powers: Powers,
    /// Row-major copy of a gradient whose memory is not row-major, reused between parameters.
    row_major: Vec<F>,
    /// Intermediate results of rules.
    scratch: Vec<F>,
}

/// What an [`Optimizer`] does about a trainable parameter without a gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingGradient {
    /// Panic and list the paths of all such parameters: usually a layer was left out of the forward pass by mistake.
    #[default]
    Panic,
    /// Leave the parameter alone, as PyTorch does: no update, no weight decay, no step counted.
    Skip,
}

impl<F: Float> Optimizer<F> {
    /// An optimizer that updates parameters by `rule`.
    ///
    /// # Panics
    /// If an option is invalid, naming it: `Sgd: momentum must be ≥ 0, got -0.1`. For rules from a command line, use
    /// [`try_new`](Self::try_new) or `parse`:
    ///
    /// ```
    /// # use downhill_optim::Optimizer;
    /// let opt: Optimizer = "sgd:lr=0.1,momentum=0.9".parse()?;
    /// # Ok::<(), downhill_optim::TextError>(())
    /// ```
    #[track_caller]
    pub fn new(rule: impl Into<Box<dyn Rule<F>>>) -> Self {
        match Self::try_new(rule) {
            Ok(optimizer) => optimizer,
            Err(error) => panic!("{error}"),
        }
    }

    /// An optimizer that updates parameters by `rule`.
    ///
    /// # Errors
    /// If an option is invalid, naming it.
    pub fn try_new(rule: impl Into<Box<dyn Rule<F>>>) -> Result<Self, OptionError> {
        let rule = rule.into();
        rule.check()?;
        Ok(Optimizer {
            missing_gradient: MissingGradient::default(),
            groups: vec![Group::new("*", rule)],
            slots: Slots::default(),
            powers: Powers::default(),
            row_major: Vec::new(),
            scratch: Vec::new(),
        })
    }

    /// Gives the parameters whose path matches `pattern` their own rule: the same rule with other options, or a different
    /// rule. In a pattern, `*` matches any sequence of characters; if several groups match, the one added first wins.
    ///
    /// ```
    /// use downhill_optim::{AdamW, Optimizer};
    /// use downhill_tensor::Tensor;
    ///
    /// // Weights decay, biases do not.
    /// let mut layer = (Tensor::param([[1.0_f32, 2.0]]), Tensor::param([0.5]));
    /// let rule = AdamW { lr: 1e-3, ..AdamW::default() };
    /// let mut opt = Optimizer::new(rule.clone()).with_group("1", AdamW { weight_decay: 0.0, ..rule });
    /// let loss = layer.0.sum() * 0.0 + layer.1.sum() * 0.0;
    /// opt.step(&mut layer, &loss.backward());
    /// assert!(layer.0.view()[[0, 0]] < 1.0 && layer.1.item() == 0.5);
    /// ```
    ///
    /// # Panics
    /// If an option is invalid; in the first step, if no path of the model matches.
    #[track_caller]
    pub fn with_group(mut self, pattern: &str, rule: impl Into<Box<dyn Rule<F>>>) -> Self {
        let rule = rule.into();
        if let Err(error) = rule.check() {
            panic!("group \"{pattern}\": {error}");
        }
        let joint = [&self.groups[0].rule, &rule].into_iter().any(|rule| rule.kind().joint().is_some());
        assert!(!joint, "group \"{pattern}\": a rule that updates all parameters jointly cannot be used with groups");
        assert!(self.slots.is_empty(), "group \"{pattern}\": add groups before the first step");
        self.groups.push(Group::new(pattern, rule));
        self
    }

    /// The groups: first the default group, which no pattern claims, then the others in the order they were added.
    pub fn groups(&self) -> &[Group<F>] {
        &self.groups
    }

    /// The groups, to change their learning rates and options.
    pub fn groups_mut(&mut self) -> &mut [Group<F>] {
        &mut self.groups
    }

    /// The current learning rate (of the first group).
    pub fn lr(&self) -> f64 {
        self.groups[0].lr()
    }

    /// Sets the learning rate of every group. Depending on its kind, a running schedule continues from this value or
    /// overwrites it.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn set_lr(&mut self, lr: f64) {
        assert!(is_rate(lr), "set_lr: the learning rate must be a finite number ≥ 0, got {lr}");
        self.groups.iter_mut().for_each(|group| group.rule.set_lr(lr));
    }

    /// Sets the learning rate of every group and makes it the base learning rate, for schedules started from now on and for
    /// running ones that overwrite the learning rate.
    ///
    /// After [`set_lr`](Self::set_lr), a new schedule goes back to the learning rate at which the *first* schedule was
    /// started, as in PyTorch. After `rebase_lr` it starts from the new one:
    ///
    /// ```
    /// use downhill_optim::{LambdaLr, Optimizer, Scheduler, Sgd};
    /// let falling = || LambdaLr::new(|t| 1.0 / (1.0 + t as f64));
    /// let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.8, ..Sgd::default() });
    /// let mut scheduler = Scheduler::new(falling(), &mut opt);
    /// scheduler.step(&mut opt);
    /// assert_eq!(opt.lr(), 0.4);
    ///
    /// opt.rebase_lr(0.02); // fine-tuning
    /// let mut scheduler = Scheduler::new(falling(), &mut opt);
    /// assert_eq!(opt.lr(), 0.02); // after `set_lr(0.02)` it would be 0.8
    /// scheduler.step(&mut opt);
    /// assert_eq!(opt.lr(), 0.01);
    /// ```
    ///
    /// [`Group::rebase_lr`] does it for one group.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn rebase_lr(&mut self, lr: f64) {
        assert!(is_rate(lr), "rebase_lr: the learning rate must be a finite number ≥ 0, got {lr}");
        self.groups.iter_mut().for_each(|group| group.rebase_lr(lr));
    }

    /// The current momentum or `beta1` (of the first group); `None` if the rule has neither.
    pub fn momentum(&self) -> Option<f64> {
        self.groups[0].rule.momentum()
    }

    /// Sets the momentum or `beta1` of every group whose rule has one.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn set_momentum(&mut self, momentum: f64) {
        assert!(is_rate(momentum), "set_momentum: the momentum must be a finite number ≥ 0, got {momentum}");
        self.groups.iter_mut().for_each(|group| group.rule.set_momentum(momentum));
    }

    /// An optimizer with the same rules and empty state.
    pub(crate) fn without_state(&self) -> Self {
        Optimizer { slots: Slots::default(), ..self.clone() }
    }

    /// The rule's state for the parameter at `path`; `None` before its first step. Set it with
    /// [`set_state`](Self::set_state).
    ///
    /// ```
    /// # use downhill_optim::{Adam, Optimizer};
    /// # use downhill_tensor::Tensor;
    /// let mut pair = (Tensor::param([3.0_f64]), Tensor::param([4.0]));
    /// let mut opt = Optimizer::new(Adam::default());
    /// let grads = (&pair.0 * &pair.1).sum().backward();
    /// opt.step(&mut pair, &grads);
    /// assert_eq!(opt.state("1").unwrap().buffer("exp_avg").unwrap(), [(1.0 - 0.9) * 3.0]);
    /// ```
    pub fn state(&self, path: &str) -> Option<&ParamState<F>> {
        self.slots.get(path).map(|slot| &slot.state)
    }

    /// The rule's state for every parameter, with its path.
    pub fn states(&self) -> impl Iterator<Item = (&str, &ParamState<F>)> {
        self.slots.iter().map(|slot| (slot.path.as_str(), &slot.state))
    }
}

/// Whether a number is a valid learning rate (or momentum), which can be saved to a checkpoint and loaded again.
pub(crate) fn is_rate(lr: f64) -> bool {
    (0.0..f64::INFINITY).contains(&lr)
}

/// Parses the text of a rule, such as `adam:lr=0.01,amsgrad`.
impl<F: Float> FromStr for Optimizer<F> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Ok(Self::try_new(text.parse::<Box<dyn Rule<F>>>()?)?)
    }
}
