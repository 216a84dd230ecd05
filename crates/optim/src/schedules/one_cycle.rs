//! The 1cycle policy.

use super::Anneal;
use crate::options::{OptionError, all_non_negative, fraction, non_negative, positive, require};
use crate::{GroupRate, Options, Schedule};

/// The 1cycle policy: in one cycle over the whole training, the learning rate rises to `max_lr` and falls far below its
/// initial value, while the momentum falls and rises.
///
/// ```text
/// initial = max_lr / div_factor,   min = initial / final_div_factor,   N = total_steps
/// two phases,   ending at pct_start·N - 1 and N - 1:                       initial → max_lr → min
/// three phases, ending at pct_start·N - 1, 2·pct_start·N - 2 and N - 1:    initial → max_lr → initial → min
/// momentum: max_momentum → base_momentum → max_momentum (→ max_momentum)
/// ```
///
/// Step once per batch: `total_steps` is epochs times batches per epoch. The optimizer's own learning rate is ignored.
///
/// **The last learning rate is that of step `N - 1`, and it stays.** As in PyTorch, one more step is accepted, because
/// a loop over N batches takes it, and the step after that panics; with `hold` there is no end. (PyTorch extrapolates
/// to step N: a cosine rises again, a linear phase falls below 0.) In a [`SequentialLr`](crate::SequentialLr) it stays
/// until the next schedule takes over. With `pct_start: 1.0` it rises throughout and ends at the maximum.
///
/// Smith and Topin, arXiv 1708.07120. As in PyTorch, the default is fastai's two phases; the paper's are three, linear.
///
/// ```
/// use downhill_optim::{OneCycleLr, Schedule};
/// let schedule = OneCycleLr { max_lr: 0.1, total_steps: 10, ..OneCycleLr::default() };
/// assert!((schedule.lr_at(0.0, 0).unwrap() - 0.004).abs() < 1e-15);
/// assert!((schedule.lr_at(0.0, 2).unwrap() - 0.1).abs() < 1e-15);
/// assert!((schedule.lr_at(0.0, 9).unwrap() - 4e-7).abs() < 1e-15);
/// ```
#[derive(Clone, Debug, PartialEq, Options)]
pub struct OneCycleLr {
    /// The maximum learning rate. Required: there is no default.
    #[options(default = f64::NAN)]
    pub max_lr: f64,
    /// The number of steps of the whole training, N. Required: there is no default.
    pub total_steps: u64,
    /// The fraction of the steps in which the learning rate rises.
    #[options(default = 0.3)]
    pub pct_start: f64,
    /// The curve of the transitions.
    pub anneal: Anneal,
    /// Whether to set the momentum, or `beta1`.
    #[options(default = true)]
    pub cycle_momentum: bool,
    /// The momentum at the maximum learning rate.
    #[options(default = 0.85)]
    pub base_momentum: f64,
    /// The momentum at the start and at the end.
    #[options(default = 0.95)]
    pub max_momentum: f64,
    /// The maximum learning rate divided by the initial one.
    #[options(default = 25.0)]
    pub div_factor: f64,
    /// The initial learning rate divided by the last one.
    #[options(default = 1e4)]
    pub final_div_factor: f64,
    /// Fall back to the initial learning rate as fast as it rose, then to the last one in a third phase.
    pub three_phase: bool,
    /// Stay at the last learning rate beyond the end instead of panicking.
    pub hold: bool,
    /// A maximum learning rate per group; a group without one uses `max_lr`.
    pub group_max_lrs: Vec<f64>,
}

impl OneCycleLr {
    /// The value at step `t` of the curve from `stations[0]` that reaches the next station at the end of each phase.
    fn at(&self, t: u64, stations: [f64; 4]) -> f64 {
        let (steps, rise) = (self.total_steps as f64, self.pct_start * self.total_steps as f64);
        let last = if self.three_phase { 2 } else { 1 };
        let ends =
            if self.three_phase { [rise - 1.0, 2.0 * rise - 2.0, steps - 1.0] } else { [rise - 1.0, steps - 1.0, 0.0] };
        let t = t.min(self.total_steps - 1) as f64;
        // The phase of `t`, and the position `x` within it.
        let phase = (0..last).find(|&phase| t <= ends[phase]).unwrap_or(last);
        let start = if phase == 0 { 0.0 } else { ends[phase - 1] };
        let length = ends[phase] - start;
        // An empty phase consists of its end. Steps beyond 2⁵³ are rounded and may lie slightly outside their phase.
        let x = if length > 0.0 { ((t - start) / length).clamp(0.0, 1.0) } else { 1.0 };
        self.anneal.between(stations[phase], stations[phase + 1], x)
    }

    /// The initial and the last learning rate of a cycle with this maximum.
    fn ends(&self, max: f64) -> (f64, f64) {
        let initial = max / self.div_factor;
        (initial, initial / self.final_div_factor)
    }
}

impl Schedule for OneCycleLr {
    fn check(&self) -> Result<(), OptionError> {
        non_negative("OneCycleLr", &[("max_lr", self.max_lr)])?;
        require(self.total_steps > 0, "OneCycleLr", "total_steps", "above 0", self.total_steps)?;
        require((0.0..=1.0).contains(&self.pct_start), "OneCycleLr", "pct_start", "in [0, 1]", self.pct_start)?;
        positive("OneCycleLr", &[("div_factor", self.div_factor), ("final_div_factor", self.final_div_factor)])?;
        fraction("OneCycleLr", &[("base_momentum", self.base_momentum), ("max_momentum", self.max_momentum)])?;
        all_non_negative("OneCycleLr", "group_max_lrs", &self.group_max_lrs)?;
        for &max in self.group_max_lrs.iter().chain([&self.max_lr]) {
            let (initial, min) = self.ends(max);
            require(
                initial.is_finite(),
                "OneCycleLr",
                "div_factor",
                "large enough for finite learning rates",
                self.div_factor,
            )?;
            let must = "large enough for finite learning rates";
            require(min.is_finite(), "OneCycleLr", "final_div_factor", must, self.final_div_factor)?;
        }
        Ok(())
    }

    fn lr_at(&self, base: f64, t: u64) -> Option<f64> {
        Some(self.next_lr(GroupRate { group: 0, base, lr: base }, t))
    }

    fn next_lr(&self, rate: GroupRate, t: u64) -> f64 {
        let max = *self.group_max_lrs.get(rate.group).unwrap_or(&self.max_lr);
        let (initial, min) = self.ends(max);
        self.at(t, if self.three_phase { [initial, max, initial, min] } else { [initial, max, min, min] })
    }

    fn momentum_at(&self, t: u64) -> Option<f64> {
        let (low, high) = (self.base_momentum, self.max_momentum);
        self.cycle_momentum.then(|| self.at(t, [high, low, high, high]))
    }

    fn end(&self) -> Option<u64> {
        (!self.hold).then_some(self.total_steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::reference::{expect, rates, refused};

    fn ten() -> OneCycleLr {
        OneCycleLr { max_lr: 0.1, total_steps: 10, ..OneCycleLr::default() }
    }

    const RATES: [f64; 10] =
        [0.004, 0.052, 0.1, 0.0950485, 0.0811746, 0.0611262, 0.0388742, 0.0188258, 0.00495194, 4e-07];

    #[test]
    fn matches_pytorch() {
        expect(ten(), &RATES);
        let momenta = [0.95, 0.9, 0.85, 0.854952, 0.868826, 0.888874, 0.911126, 0.931174, 0.945048, 0.95];
        for (t, momentum) in momenta.into_iter().enumerate() {
            assert!((ten().momentum_at(t as u64).unwrap() - momentum).abs() < 1e-6, "step {t}");
        }
        let three = OneCycleLr { three_phase: true, anneal: Anneal::Linear, ..ten() };
        let rates = [0.004, 0.052, 0.1, 0.052, 0.004, 0.00320008, 0.00240016, 0.00160024, 0.00080032, 4e-07];
        expect(three, &rates);
    }

    #[test]
    fn held_beyond_the_end() {
        expect(OneCycleLr { hold: true, ..ten() }, &[&RATES[..], &[4e-07; 5]].concat());
    }

    #[test]
    #[should_panic(expected = "step: OneCycleLr ends at step 10, this is step 11")]
    fn beyond_the_end() {
        rates(ten(), 12);
    }

    #[test]
    fn one_step_too_many_stays_at_the_last_rate() {
        for anneal in [Anneal::Cos, Anneal::Linear] {
            let rates = rates(OneCycleLr { anneal, ..ten() }, 11);
            assert_eq!((rates[9], rates[10]), (0.1 / 25.0 / 1e4, rates[9]), "{anneal:?}");
        }
    }

    /// PyTorch's linear formula is relative to the first value, so that a small last one is rounded away: 1e16 gives 0.
    #[test]
    fn the_ends_are_exact_however_far_apart() {
        for (anneal, three_phase) in
            [(Anneal::Cos, false), (Anneal::Linear, false), (Anneal::Cos, true), (Anneal::Linear, true)]
        {
            for total_steps in [1, 2, 3, 7, 10, 100, 12_345] {
                for (max_lr, final_div_factor) in [(0.1, 1e4), (0.3, 1e16), (1e-3, 1e30), (7.0, 1e300), (0.1, 0.5)] {
                    let cycle = OneCycleLr { max_lr, total_steps, anneal, three_phase, final_div_factor, ..ten() };
                    let rate = |t| cycle.lr_at(0.0, t).unwrap();
                    assert_eq!(rate(total_steps - 1), max_lr / 25.0 / final_div_factor, "{cycle:?}");
                    assert_eq!(rate(total_steps + 1000), rate(total_steps - 1), "{cycle:?}");
                    if total_steps > 6 {
                        assert_eq!(rate(0), max_lr / 25.0, "{cycle:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn invalid_options_are_rejected() {
        refused(OneCycleLr { total_steps: 5, ..OneCycleLr::default() }, "OneCycleLr: max_lr must be ≥ 0, got NaN");
        refused(OneCycleLr { total_steps: 0, ..ten() }, "OneCycleLr: total_steps must be above 0, got 0");
        let tiny = OneCycleLr { div_factor: 1e-310, ..ten() };
        assert!(
            tiny.check().unwrap_err().to_string().starts_with("OneCycleLr: div_factor must be large enough for finite")
        );
    }
}
