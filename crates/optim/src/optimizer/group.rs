//! Parameter groups: parameters that share a rule.

use downhill_tensor::Float;

use crate::Rule;

/// The parameters of an [`Optimizer`](crate::Optimizer) whose path matches a pattern, and the rule that updates them.
#[derive(Clone, Debug)]
pub struct Group<F: Float = f32> {
    pub(crate) pattern: String,
    pub(crate) rule: Box<dyn Rule<F>>,
    /// The base learning rate that schedules start from.
    pub(crate) initial_lr: Option<f64>,
}

impl<F: Float> Group<F> {
    pub(super) fn new(pattern: &str, rule: Box<dyn Rule<F>>) -> Self {
        Group { pattern: pattern.to_owned(), rule, initial_lr: None }
    }

    /// The pattern of paths.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The rule with its current options.
    pub fn rule(&self) -> &dyn Rule<F> {
        &*self.rule
    }

    /// The rule, to change its options.
    pub fn rule_mut(&mut self) -> &mut dyn Rule<F> {
        &mut *self.rule
    }

    /// The current learning rate.
    pub fn lr(&self) -> f64 {
        self.rule.lr()
    }

    /// The base learning rate that schedules start from: the one at which the first schedule was started, or the one given
    /// to [`rebase_lr`](Self::rebase_lr); `None` without either.
    pub fn initial_lr(&self) -> Option<f64> {
        self.initial_lr
    }

    /// Sets the learning rate and makes it the base learning rate of schedules; see
    /// [`Optimizer::rebase_lr`](crate::Optimizer::rebase_lr).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn rebase_lr(&mut self, lr: f64) {
        assert!(super::is_rate(lr), "rebase_lr: the learning rate must be a finite number ≥ 0, got {lr}");
        self.rule.set_lr(lr);
        self.initial_lr = Some(lr);
    }
}
