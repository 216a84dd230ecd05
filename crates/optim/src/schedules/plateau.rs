//! Reducing the learning rate when a metric stops improving.

use crate::options::{OptionError, all_non_negative, non_negative, require};
use crate::{GroupRate, Options, Schedule};

/// Reduces the learning rate by a factor when a metric has not improved for more than `patience` epochs in a row.
///
/// After every epoch with metric `m`, in this order:
///
/// ```text
/// better:  min, rel: m < best·(1 - threshold)      min, abs: m < best - threshold
///          max, rel: m > best·(1 + threshold)      max, abs: m > best + threshold
/// if better: best = m, bad = 0;  else bad = bad + 1
/// if still cooling down: bad = 0
/// if bad > patience: lr = max(lr·factor, min_lr), unless that changes it by no more than eps;
///                    cool down for `cooldown` epochs, bad = 0
/// ```
///
/// So the learning rate is reduced after `patience + 1` epochs without improvement. NaN is never an improvement.
///
/// **With a negative metric the relative threshold has the wrong sign**, as in PyTorch: with a best of -1, -0.99995
/// counts as better, and a metric that stays at -1 improves forever. `relative_to_magnitude` takes the threshold from
/// `|best|` instead; or use `ThresholdMode::Abs`.
///
/// ```
/// use downhill_optim::{Optimizer, ReduceLrOnPlateau, Scheduler, Sgd};
/// let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.1, ..Sgd::default() });
/// let rule = ReduceLrOnPlateau { factor: 0.5, patience: 0, ..ReduceLrOnPlateau::default() };
/// let mut plateau = Scheduler::new(rule, &mut opt);
/// plateau.step_with(&mut opt, 1.0);
/// assert_eq!(opt.lr(), 0.1);
/// plateau.step_with(&mut opt, 1.0);
/// assert_eq!(opt.lr(), 0.05);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct ReduceLrOnPlateau {
    /// Whether the metric should be minimized (a loss) or maximized (an accuracy).
    pub mode: PlateauMode,
    /// The factor by which the learning rate is reduced.
    #[options(default = 0.1)]
    pub factor: f64,
    /// How many epochs without improvement are tolerated.
    #[options(default = 10)]
    pub patience: u64,
    /// How much better than the best a metric must be to count as an improvement.
    #[options(default = 1e-4)]
    pub threshold: f64,
    /// Whether the threshold is relative or absolute.
    pub threshold_mode: ThresholdMode,
    /// How many epochs to ignore after a reduction.
    pub cooldown: u64,
    /// The minimum learning rate.
    pub min_lr: f64,
    /// Reductions of the learning rate by no more than this are skipped.
    #[options(default = 1e-8)]
    pub eps: f64,
    /// Take a relative threshold from the magnitude of the best metric, so that negative metrics work.
    pub relative_to_magnitude: bool,
    /// A minimum learning rate per group; a group without one uses `min_lr`.
    pub group_min_lrs: Vec<f64>,
    /// The best metric so far; `None` before the first.
    pub best: Option<f64>,
    /// The number of epochs in a row without improvement.
    pub bad_epochs: u64,
    /// The number of epochs of the cooldown that are left.
    pub cooldown_left: u64,
    /// Whether the last metric triggered a reduction.
    pub falling: bool,
}

/// Whether a metric should be minimized or maximized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Options)]
pub enum PlateauMode {
    /// Minimized, such as a loss.
    #[default]
    Min,
    /// Maximized, such as an accuracy.
    Max,
}

/// How the threshold of [`ReduceLrOnPlateau`] is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Options)]
pub enum ThresholdMode {
    /// Relative to the best metric.
    #[default]
    Rel,
    /// As a difference from the best metric.
    Abs,
}

impl ReduceLrOnPlateau {
    fn is_better(&self, metric: f64) -> bool {
        let (sign, worst) = match self.mode {
            PlateauMode::Min => (-1.0, f64::INFINITY),
            PlateauMode::Max => (1.0, f64::NEG_INFINITY),
        };
        let best = self.best.unwrap_or(worst);
        let bound = match self.threshold_mode {
            // Before the first metric, where a relative threshold could give NaN.
            _ if best.is_infinite() => best,
            ThresholdMode::Rel if self.relative_to_magnitude => best + sign * self.threshold * best.abs(),
            ThresholdMode::Rel => best * (1.0 + sign * self.threshold),
            ThresholdMode::Abs => best + sign * self.threshold,
        };
        match self.mode {
            PlateauMode::Min => metric < bound,
            PlateauMode::Max => metric > bound,
        }
    }
}

impl Schedule for ReduceLrOnPlateau {
    fn check(&self) -> Result<(), OptionError> {
        let name = "ReduceLrOnPlateau";
        require((0.0..1.0).contains(&self.factor), name, "factor", "in [0, 1)", self.factor)?;
        non_negative(name, &[("threshold", self.threshold), ("min_lr", self.min_lr), ("eps", self.eps)])?;
        all_non_negative(name, "group_min_lrs", &self.group_min_lrs)?;
        require(!self.best.is_some_and(f64::is_nan), name, "best", "a number or none", "NaN")
    }

    fn needs_metric(&self) -> bool {
        true
    }

    fn observe(&mut self, metric: f64) {
        if self.is_better(metric) {
            (self.best, self.bad_epochs) = (Some(metric), 0);
        } else {
            self.bad_epochs = self.bad_epochs.saturating_add(1);
        }
        if self.cooldown_left > 0 {
            self.cooldown_left -= 1;
            self.bad_epochs = 0;
        }
        self.falling = self.bad_epochs > self.patience;
        if self.falling {
            (self.cooldown_left, self.bad_epochs) = (self.cooldown, 0);
        }
    }

    fn next_lr(&self, rate: GroupRate, _t: u64) -> f64 {
        let lowest = *self.group_min_lrs.get(rate.group).unwrap_or(&self.min_lr);
        let lower = (rate.lr * self.factor).max(lowest);
        if self.falling && rate.lr - lower > self.eps { lower } else { rate.lr }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::refused;
    use crate::{Optimizer, Scheduler, Sgd};

    fn rates(rule: ReduceLrOnPlateau, metrics: &[f64]) -> Vec<f64> {
        let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.1, ..Sgd::default() });
        let mut plateau = Scheduler::new(rule, &mut opt);
        let rate = |&metric: &f64| {
            plateau.step_with(&mut opt, metric);
            opt.lr()
        };
        metrics.iter().map(rate).collect()
    }

    #[test]
    fn matches_pytorch() {
        let rule = ReduceLrOnPlateau { factor: 0.5, patience: 2, cooldown: 1, min_lr: 0.02, ..Default::default() };
        let metrics = [&[1.0][..], &[0.9; 11]].concat();
        let expected = [0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025];
        assert_eq!(rates(rule, &metrics), expected);
    }

    /// PyTorch's pitfall, and the option that avoids it.
    #[test]
    fn negative_metrics() {
        let exact = ReduceLrOnPlateau { factor: 0.5, patience: 0, ..Default::default() };
        assert_eq!(rates(exact.clone(), &[-1.0; 4]), [0.1; 4]);
        let mended = ReduceLrOnPlateau { relative_to_magnitude: true, ..exact.clone() };
        assert_eq!(rates(mended.clone(), &[-1.0; 4]), [0.1, 0.05, 0.025, 0.0125]);
        assert_eq!(rates(mended.clone(), &[-1.0, -1.1, -1.2]), [0.1; 3]);
        // With positive metrics both behave the same.
        let metrics = [3.0, 2.0, 1.9999, 1.5, 1.6, 1.4];
        assert_eq!(rates(mended, &metrics), rates(exact.clone(), &metrics));
        let accuracy = ReduceLrOnPlateau { mode: PlateauMode::Max, relative_to_magnitude: true, ..exact };
        assert_eq!(rates(accuracy, &[-1.0, -1.0, -0.5]), [0.1, 0.05, 0.05]);
    }

    /// A metric exactly at the threshold is no improvement.
    #[test]
    fn a_metric_at_the_bound() {
        for mode in [PlateauMode::Min, PlateauMode::Max] {
            let rule = ReduceLrOnPlateau { mode, factor: 0.5, patience: 0, threshold: 0.0, ..Default::default() };
            assert_eq!(rates(rule, &[1.0, 1.0]), [0.1, 0.05], "{mode:?}");
        }
    }

    #[test]
    #[should_panic(expected = "step: ReduceLrOnPlateau needs a metric; call `scheduler.step_with(")]
    fn a_step_without_a_metric() {
        let mut opt = Optimizer::<f32>::new(Sgd::default());
        Scheduler::new(ReduceLrOnPlateau::default(), &mut opt).step(&mut opt);
    }

    #[test]
    fn invalid_options_are_rejected() {
        let rule = ReduceLrOnPlateau { factor: 1.0, ..Default::default() };
        refused(rule, "ReduceLrOnPlateau: factor must be in [0, 1), got 1");
    }
}
