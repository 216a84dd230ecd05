//! Schedules of every kind, with any valid options.

use downhill::optim::{
    Anneal, ChainedLr, ConstantLr, CosineAnnealingLr, CosineAnnealingWarmRestarts, CyclicLr, CyclicMode, ExponentialLr,
    LambdaLr, LinearLr, MultiStepLr, MultiplicativeLr, OneCycleLr, PolynomialLr, Schedule, SequentialLr, StepLr, SwaLr,
    WarmupLr,
};
use proptest::prelude::*;

fn boxed(schedule: impl Into<Box<dyn Schedule>>) -> Box<dyn Schedule> {
    schedule.into()
}

fn anneal() -> impl Strategy<Value = Anneal> {
    prop_oneof![Just(Anneal::Cos), Just(Anneal::Linear)]
}

fn mode() -> impl Strategy<Value = CyclicMode> {
    prop_oneof![Just(CyclicMode::Triangular), Just(CyclicMode::Triangular2), Just(CyclicMode::ExpRange)]
}

/// Schedules that are a multiple of the base rate.
pub(crate) fn multiple() -> impl Strategy<Value = Box<dyn Schedule>> {
    prop_oneof![
        (1..20_u64, 0.05..1.5).prop_map(|(step_size, gamma)| boxed(StepLr { step_size, gamma })),
        (prop::collection::vec(0..60_u64, 0..5), 0.05..1.5)
            .prop_map(|(milestones, gamma)| boxed(MultiStepLr { milestones, gamma })),
        (0.0..1.0, 0..40_u64).prop_map(|(factor, total_iters)| boxed(ConstantLr { factor, total_iters })),
        (0.01..1.0, 0.0..1.0, 1..40_u64).prop_map(|(start_factor, end_factor, total_iters)| boxed(LinearLr {
            start_factor,
            end_factor,
            total_iters
        })),
        (0.8..1.1).prop_map(|gamma| boxed(ExponentialLr { gamma })),
        (1..80_u64, 0.3..3.0).prop_map(|(total_iters, power)| boxed(PolynomialLr { total_iters, power })),
        (1..30_u64).prop_map(|steps| boxed(WarmupLr { steps })),
    ]
}

pub(crate) fn cosine() -> impl Strategy<Value = CosineAnnealingLr> {
    (1..40_u64, 0.0..0.2, any::<bool>()).prop_map(|(t_max, eta_min, hold)| CosineAnnealingLr { t_max, eta_min, hold })
}

pub(crate) fn cyclic() -> impl Strategy<Value = CyclicLr> {
    let steps = (1..12_u64, prop::option::of(1..12_u64));
    (0.001..0.1, 0.1..1.0, steps, mode(), 0.9..1.0).prop_map(
        |(base_lr, max_lr, (step_size_up, step_size_down), mode, gamma)| CyclicLr {
            base_lr,
            max_lr,
            step_size_up,
            step_size_down,
            mode,
            gamma,
            ..CyclicLr::default()
        },
    )
}

pub(crate) fn one_cycle() -> impl Strategy<Value = OneCycleLr> {
    (0.01..1.0, 8..90_u64, 0.15..0.45, anneal(), any::<bool>()).prop_map(
        |(max_lr, total_steps, pct_start, anneal, three_phase)| OneCycleLr {
            max_lr,
            total_steps,
            pct_start,
            anneal,
            three_phase,
            hold: true,
            ..OneCycleLr::default()
        },
    )
}

/// Every named schedule that depends on time only.
pub(crate) fn simple() -> impl Strategy<Value = Box<dyn Schedule>> {
    prop_oneof![
        4 => multiple(),
        1 => cosine().prop_map(boxed),
        1 => (1..12_u64, 1..4_u64, 0.0..0.2)
            .prop_map(|(t_0, t_mult, eta_min)| boxed(CosineAnnealingWarmRestarts { t_0, t_mult, eta_min })),
        1 => cyclic().prop_map(boxed),
        1 => one_cycle().prop_map(boxed),
        1 => (0.001..1.0, 0..20_u64, anneal())
            .prop_map(|(swa_lr, anneal_epochs, anneal)| boxed(SwaLr { swa_lr, anneal_epochs, anneal })),
    ]
}

/// Every schedule that has a text form, also composed and nested.
pub(crate) fn text() -> impl Strategy<Value = Box<dyn Schedule>> {
    let factors = || prop::collection::vec(0.0..2.0, 1..5);
    let leaf = prop_oneof![
        4 => simple(),
        1 => factors().prop_map(|factors| boxed(LambdaLr::from_factors(factors))),
        1 => factors().prop_map(|factors| boxed(MultiplicativeLr::from_factors(factors))),
    ];
    leaf.prop_recursive(3, 8, 2, |part| {
        prop_oneof![
            (part.clone(), 1..30_u64, part.clone()).prop_map(|(a, t, b)| boxed(SequentialLr::new(a).then(t, b))),
            (part.clone(), part).prop_map(|(a, b)| boxed(ChainedLr::new(a).and(b))),
        ]
    })
}

pub(crate) fn any_schedule() -> impl Strategy<Value = Box<dyn Schedule>> {
    prop_oneof![
        3 => simple(),
        1 => (simple(), 1..30_u64, simple()).prop_map(|(a, t, b)| boxed(SequentialLr::new(a).then(t, b))),
        1 => (multiple(), multiple()).prop_map(|(a, b)| boxed(ChainedLr::new(a).and(b))),
        1 => Just(boxed(LambdaLr::new(|t| 1.0 / (1.0 + t as f64)))),
        1 => Just(boxed(MultiplicativeLr::new(|t| if t % 2 == 0 { 0.9 } else { 1.05 }))),
    ]
}
