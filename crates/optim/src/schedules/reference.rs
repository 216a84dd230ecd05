//! Helpers for the tests of the schedules.

use crate::{Optimizer, Schedule, Scheduler, Sgd};

/// The learning rates of an optimizer at epochs 0, 1, ... with base learning rate 0.1.
pub(super) fn rates(schedule: impl Into<Box<dyn Schedule>>, epochs: usize) -> Vec<f64> {
    let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.1, momentum: 0.5, ..Sgd::default() });
    let mut scheduler = Scheduler::new(schedule, &mut opt);
    let mut rates = vec![opt.lr()];
    while rates.len() < epochs {
        scheduler.step(&mut opt);
        rates.push(opt.lr());
    }
    rates
}

/// Asserts the expected learning rates to six digits, stepped and as a function of `t`.
#[track_caller]
pub(super) fn expect(schedule: impl Schedule + Clone + 'static, expected: &[f64]) {
    let stepped = rates(schedule.clone(), expected.len());
    for (t, (&expected, stepped)) in expected.iter().zip(stepped).enumerate() {
        let tolerance = 2e-6 * expected.abs().max(1e-3);
        assert!((stepped - expected).abs() <= tolerance, "epoch {t}: got {stepped}, expected {expected}");
        let direct = schedule.lr_at(0.1, t as u64).expect("a function of t");
        assert!((direct - stepped).abs() <= 1e-14, "epoch {t}: {direct} as a function, {stepped} stepped");
    }
}

/// Asserts that the options are rejected with this message.
#[track_caller]
pub(super) fn refused(schedule: impl Schedule, message: &str) {
    assert_eq!(schedule.check().unwrap_err().to_string(), message);
}
