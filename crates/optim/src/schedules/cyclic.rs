//! Cyclical learning rates.

use crate::options::{OptionError, all_non_negative, fraction, non_negative, require};
use crate::{GroupRate, Options, Schedule};

/// Cyclical learning rates: the learning rate rises and falls between two bounds, and the momentum falls and rises.
///
/// ```text
/// cycle = ⌊1 + t/(up + down)⌋,  x = 1 + t/(up + down) - cycle,  r = up/(up + down)
/// s = x/r if x ≤ r, else (x - 1)/(r - 1)
/// k = 1 (triangular),  1/2^(cycle - 1) (triangular2),  γᵗ (exp_range)
/// lr = base_lr + (max_lr - base_lr)·s·k,   momentum = max_momentum - (max_momentum - base_momentum)·s·k
/// ```
///
/// It starts at `base_lr`, whatever the optimizer's learning rate; `t` usually counts batches.
///
/// **It sets the momentum even if it was 0**, as in PyTorch; for the Adam family it sets `beta1`. `spare_zero_momentum`
/// leaves a momentum of 0 alone; `cycle_momentum: false` leaves every momentum alone.
///
/// Smith, arXiv 1506.01186.
///
/// ```
/// use downhill_optim::{CyclicLr, Schedule};
/// let schedule = CyclicLr { base_lr: 0.0, max_lr: 1.0, step_size_up: 2, ..CyclicLr::default() };
/// let rates: Vec<f64> = (0..6).filter_map(|t| schedule.lr_at(0.3, t)).collect();
/// assert_eq!(rates, [0.0, 0.5, 1.0, 0.5, 0.0, 0.5]);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct CyclicLr {
    /// The lower bound of the learning rate. Required: there is no default.
    #[options(default = f64::NAN)]
    pub base_lr: f64,
    /// The upper bound of the learning rate. Required: there is no default.
    #[options(default = f64::NAN)]
    pub max_lr: f64,
    /// The number of steps from the lower bound to the upper.
    #[options(default = 2000)]
    pub step_size_up: u64,
    /// The number of steps from the upper bound to the lower; `None` for `step_size_up`.
    pub step_size_down: Option<u64>,
    /// How the amplitude of the cycles changes.
    pub mode: CyclicMode,
    /// The factor γ of `exp_range`.
    #[options(default = 1.0)]
    pub gamma: f64,
    /// Whether to set the momentum, or `beta1`.
    #[options(default = true)]
    pub cycle_momentum: bool,
    /// The momentum at the upper bound of the learning rate.
    #[options(default = 0.8)]
    pub base_momentum: f64,
    /// The momentum at the lower bound of the learning rate.
    #[options(default = 0.9)]
    pub max_momentum: f64,
    /// Leave a momentum of 0 alone.
    pub spare_zero_momentum: bool,
    /// A lower bound per group; a group without one uses `base_lr`.
    pub group_base_lrs: Vec<f64>,
    /// An upper bound per group; a group without one uses `max_lr`.
    pub group_max_lrs: Vec<f64>,
}

/// How the amplitude of [`CyclicLr`]'s cycles changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Options)]
pub enum CyclicMode {
    /// It is constant.
    #[default]
    Triangular,
    /// It is halved after every cycle.
    Triangular2,
    /// It is multiplied by γ at every step.
    ExpRange,
}

impl CyclicLr {
    /// The height of the curve: 0 at the lower bound, 1 at the upper bound of the first cycle.
    fn height(&self, t: u64) -> f64 {
        let up = self.step_size_up as f64;
        let period = up + self.step_size_down.unwrap_or(self.step_size_up) as f64;
        let cycle = (1.0 + t as f64 / period).floor();
        // The position in the cycle, and the fraction of it that rises.
        let (x, r) = (1.0 + t as f64 / period - cycle, up / period);
        let s = if x <= r { x / r } else { (x - 1.0) / (r - 1.0) };
        match self.mode {
            CyclicMode::Triangular => s,
            CyclicMode::Triangular2 => s / 2.0_f64.powf(cycle - 1.0),
            CyclicMode::ExpRange => s * self.gamma.powf(t as f64),
        }
    }
}

impl Schedule for CyclicLr {
    fn check(&self) -> Result<(), OptionError> {
        non_negative("CyclicLr", &[("base_lr", self.base_lr), ("max_lr", self.max_lr)])?;
        require((0.0..=1.0).contains(&self.gamma), "CyclicLr", "gamma", "in [0, 1]", self.gamma)?;
        fraction("CyclicLr", &[("base_momentum", self.base_momentum), ("max_momentum", self.max_momentum)])?;
        all_non_negative("CyclicLr", "group_base_lrs", &self.group_base_lrs)?;
        all_non_negative("CyclicLr", "group_max_lrs", &self.group_max_lrs)?;
        require(self.step_size_up > 0, "CyclicLr", "step_size_up", "above 0", self.step_size_up)?;
        let down = self.step_size_down.unwrap_or(self.step_size_up);
        require(down > 0, "CyclicLr", "step_size_down", "above 0", down)
    }

    fn lr_at(&self, base: f64, t: u64) -> Option<f64> {
        Some(self.next_lr(GroupRate { group: 0, base, lr: base }, t))
    }

    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        let low = self.group_base_lrs.get(rate.group).unwrap_or(&self.base_lr);
        let high = self.group_max_lrs.get(rate.group).unwrap_or(&self.max_lr);
        low + (high - low) * self.height(t)
    }

    fn momentum_at(&self, t: u64) -> Option<f64> {
        let fall = (self.max_momentum - self.base_momentum) * self.height(t);
        self.cycle_momentum.then_some(self.max_momentum - fall)
    }

    fn spares_zero_momentum(&self) -> bool {
        self.spare_zero_momentum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, refused};
    use crate::{Adagrad, Optimizer, Scheduler, Sgd};

    fn cycle() -> CyclicLr {
        CyclicLr { base_lr: 0.01, max_lr: 0.1, step_size_up: 3, ..CyclicLr::default() }
    }

    #[test]
    fn matches_pytorch() {
        expect(cycle(), &[0.01, 0.04, 0.07, 0.1, 0.07, 0.04, 0.01]);
        let halved = CyclicLr { mode: CyclicMode::Triangular2, ..cycle() };
        let second = [0.01, 0.025, 0.04, 0.055, 0.04, 0.025];
        expect(halved.clone(), &[&[0.01, 0.04, 0.07, 0.1, 0.07, 0.04][..], &second].concat());
        let range = CyclicLr { mode: CyclicMode::ExpRange, gamma: 0.9, ..cycle() };
        let rates = [0.01, 0.037, 0.0586, 0.07561, 0.049366, 0.0277147, 0.01, 0.0243489, 0.035828, 0.0448678];
        expect(range, &rates);
        let momenta = |schedule: CyclicLr, t: [u64; 4]| t.map(|t| (schedule.momentum_at(t).unwrap() * 1e6).round());
        assert_eq!(momenta(cycle(), [0, 1, 2, 3]), [900_000.0, 866_667.0, 833_333.0, 800_000.0]);
        assert_eq!(momenta(halved, [6, 7, 8, 9]), [900_000.0, 883_333.0, 866_667.0, 850_000.0]);
    }

    #[test]
    fn a_momentum_of_zero_is_set_or_spared() {
        let momentum = |schedule: CyclicLr, momentum: f64| {
            let mut opt = Optimizer::<f64>::new(Sgd { momentum, ..Sgd::default() });
            Scheduler::new(schedule, &mut opt).step(&mut opt);
            opt.momentum().unwrap()
        };
        let spare = CyclicLr { spare_zero_momentum: true, ..cycle() };
        assert!((momentum(cycle(), 0.0) - 0.866_666).abs() < 1e-5);
        assert_eq!(momentum(spare.clone(), 0.0), 0.0);
        assert!((momentum(spare, 0.5) - 0.866_666).abs() < 1e-5);
        assert_eq!(momentum(CyclicLr { cycle_momentum: false, ..cycle() }, 0.5), 0.5);
    }

    #[test]
    fn a_rule_without_momentum_is_refused() {
        let mut opt = Optimizer::<f64>::new(Adagrad::default());
        let error = Scheduler::try_new(cycle(), &mut opt).unwrap_err();
        let message =
            "CyclicLr: cycle_momentum must be false, because Adagrad has neither momentum nor beta1, got true";
        assert_eq!(error.to_string(), message);
        assert_eq!(opt.lr(), 0.01);
        Scheduler::new(CyclicLr { cycle_momentum: false, max_lr: 0.2, ..cycle() }, &mut opt);
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(CyclicLr::default(), "CyclicLr: base_lr must be ≥ 0, got NaN");
        refused(CyclicLr { step_size_down: Some(0), ..cycle() }, "CyclicLr: step_size_down must be above 0, got 0");
    }
}
