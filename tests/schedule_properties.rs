//! Properties of schedules under any options: bounds, periods, composition, agreement between stepping and the function
//! of time, and resuming from a checkpoint.

#[path = "schedule_properties/strategies.rs"]
mod strategies;

use downhill::optim::{
    ChainedLr, CosineAnnealingWarmRestarts, CyclicMode, ExponentialLr, Optimizer, ReduceLrOnPlateau, Schedule,
    Scheduler, SchedulerState, SequentialLr, Sgd, StepLr, schedule_names,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use strategies::{any_schedule, cosine, cyclic, multiple, one_cycle, simple, text};

const BASE: f64 = 0.1;

fn optimizer() -> Optimizer {
    Optimizer::new(Sgd { lr: BASE, momentum: 0.9, ..Sgd::default() })
}

/// The learning rates for epochs 0 to `last`, as set in an optimizer.
fn stepped(schedule: &dyn Schedule, last: u64) -> Vec<f64> {
    let mut opt = optimizer();
    let mut scheduler = Scheduler::new(schedule.boxed(), &mut opt);
    let mut rates = vec![opt.lr()];
    for _ in 0..last {
        scheduler.step(&mut opt);
        rates.push(opt.lr());
    }
    rates
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-11 * a.abs().max(b.abs()).max(1e-3 * BASE)
}

/// The same random schedules in every run, and no regression files.
fn the_same_every_time() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(0x5C4E_D01E), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(the_same_every_time())]

    #[test]
    fn stepping_agrees_with_the_function_of_time(schedule in any_schedule()) {
        for (t, rate) in stepped(&*schedule, 80).into_iter().enumerate() {
            let direct = schedule.lr_at(BASE, t as u64).unwrap();
            prop_assert!(close(rate, direct), "epoch {t}: {rate} stepped, {direct} as a function");
        }
    }

    #[test]
    fn rates_are_finite_and_not_negative(schedule in any_schedule()) {
        for rate in stepped(&*schedule, 200) {
            prop_assert!(rate.is_finite() && rate >= 0.0, "{rate}");
        }
    }

    #[test]
    fn a_multiple_scales_with_the_base_rate(schedule in multiple(), base in 1e-4..10.0, t in 0..100_u64) {
        let (scaled, unit) = (schedule.lr_at(base, t).unwrap(), schedule.lr_at(1.0, t).unwrap());
        prop_assert!((scaled - base * unit).abs() <= 1e-14 * base);
    }

    #[test]
    fn a_multiple_follows_a_change_from_outside(schedule in multiple(), at in 1..30_u64, t in 30..60_u64) {
        prop_assume!(schedule.lr_at(1.0, at).unwrap() > 1e-6);
        // From 0 the rate can only return to the unscaled base rate.
        prop_assume!((at..t).all(|t| schedule.lr_at(1.0, t).unwrap() > 0.0));
        let mut opt = optimizer();
        let mut scheduler = Scheduler::new(schedule.clone(), &mut opt);
        for now in 1..=t {
            scheduler.step(&mut opt);
            if now == at {
                opt.set_lr(opt.lr() * 0.5);
            }
        }
        prop_assert!(close(opt.lr(), 0.5 * schedule.lr_at(BASE, t).unwrap()));
    }

    #[test]
    fn a_cosine_stays_between_its_ends_and_comes_again(schedule in cosine(), t in 0..200_u64) {
        let rate = schedule.lr_at(BASE, t).unwrap();
        prop_assert!(rate >= schedule.eta_min.min(BASE) - 1e-15 && rate <= schedule.eta_min.max(BASE) + 1e-15);
        let later = schedule.lr_at(BASE, t + 2 * schedule.t_max).unwrap();
        let expected = if schedule.hold { schedule.eta_min } else { rate };
        prop_assert!((later - expected).abs() < 1e-14);
    }

    #[test]
    fn warm_restarts_restart(t_0 in 1..12_u64, t_mult in 1..4_u64, restarts in 0..4_u32) {
        let schedule = CosineAnnealingWarmRestarts { t_0, t_mult, eta_min: 0.0 };
        let start: u64 = (0..restarts).map(|i| t_0 * t_mult.pow(i)).sum();
        let stretch = t_0 * t_mult.pow(restarts);
        prop_assert!(close(schedule.lr_at(BASE, start).unwrap(), BASE));
        let rates: Vec<f64> = (start..start + stretch).map(|t| schedule.lr_at(BASE, t).unwrap()).collect();
        prop_assert!(rates.is_sorted_by(|a, b| a > b), "{rates:?}");
    }

    #[test]
    fn a_cycle_stays_between_its_bounds_and_comes_again(schedule in cyclic(), t in 0..200_u64) {
        let (low, high) = (schedule.base_lr, schedule.max_lr);
        let rate = schedule.lr_at(BASE, t).unwrap();
        prop_assert!(rate >= low - 1e-12 && rate <= high + 1e-12, "{rate}");
        let momentum = schedule.momentum_at(t).unwrap();
        prop_assert!((0.8 - 1e-12..=0.9 + 1e-12).contains(&momentum), "{momentum}");
        // The learning rate and the momentum are functions of the same position in the cycle.
        prop_assert!(((rate - low) / (high - low) - (0.9 - momentum) / 0.1).abs() < 1e-9);
        let period = schedule.step_size_up + schedule.step_size_down.unwrap_or(schedule.step_size_up);
        let shrunk = match schedule.mode {
            CyclicMode::Triangular => 1.0,
            CyclicMode::Triangular2 => 0.5,
            CyclicMode::ExpRange => schedule.gamma.powf(period as f64),
        };
        let later = schedule.lr_at(BASE, t + period).unwrap();
        prop_assert!((later - low - shrunk * (rate - low)).abs() < 1e-9 * high);
    }

    #[test]
    fn one_cycle_rises_once_and_falls(schedule in one_cycle()) {
        let rates = stepped(&schedule, schedule.total_steps + 20);
        let last = schedule.total_steps as usize - 1;
        let peak = (0..=last).max_by(|&a, &b| rates[a].total_cmp(&rates[b])).unwrap();
        prop_assert!(rates[..=peak].is_sorted() && rates[peak..].is_sorted_by(|a, b| a >= b), "{rates:?}");
        prop_assert!(rates[peak] <= schedule.max_lr * (1.0 + 1e-12));
        prop_assert!(close(rates[0], schedule.max_lr / 25.0));
        prop_assert!((rates[last] / (schedule.max_lr / 25e4) - 1.0).abs() < 1e-9);
        prop_assert!(rates[last..].iter().all(|&rate| rate == rates[last]), "held");
    }

    #[test]
    fn a_sequence_is_its_parts(a in simple(), b in simple(), milestone in 1..40_u64, t in 0..80_u64) {
        let sequence = SequentialLr::new(a.clone()).then(milestone, b.clone());
        let expected = if t < milestone { a.lr_at(BASE, t) } else { b.lr_at(BASE, t - milestone) };
        let rate = stepped(&sequence, t)[t as usize];
        prop_assert!(close(rate, expected.unwrap()), "{rate} instead of {expected:?}");
    }

    #[test]
    fn a_chain_is_the_product(a in multiple(), b in multiple(), t in 0..80_u64) {
        // Once a factor is 0, the product stays 0, or continues from the base rate alone.
        prop_assume!((0..=t).all(|t| a.lr_at(1.0, t).unwrap() > 0.0 && b.lr_at(1.0, t).unwrap() > 0.0));
        let rate = stepped(&ChainedLr::new(a.clone()).and(b.clone()), t)[t as usize];
        prop_assert!(close(rate, BASE * a.lr_at(1.0, t).unwrap() * b.lr_at(1.0, t).unwrap()));
    }

    #[test]
    fn what_is_written_reads_as_the_same_schedule(schedule in text(), t in 0..100_u64) {
        let text = schedule.to_string();
        let again: Box<dyn Schedule> = text.parse().unwrap();
        prop_assert_eq!(again.to_string(), text);
        prop_assert_eq!(again.lr_at(BASE, t), schedule.lr_at(BASE, t));
    }

    /// Through a file, into a new scheduler and a new optimizer, which has its own initial learning rate.
    #[test]
    fn interrupted_and_resumed_is_as_uninterrupted(schedule in any_schedule(), stop in 0..40_u64) {
        let mut opt = optimizer();
        let mut scheduler = Scheduler::new(schedule.clone(), &mut opt);
        (0..stop).for_each(|_| scheduler.step(&mut opt));
        let saved = serde_json::to_string(&scheduler.state_dict(&opt)).unwrap();
        let state: SchedulerState = serde_json::from_str(&saved).unwrap();
        let mut again = Optimizer::<f32>::new(Sgd { lr: 7.0, ..Sgd::default() });
        let mut resumed = Scheduler::new(schedule, &mut again);
        resumed.load_state_dict(&state, &mut again).unwrap();
        for _ in 0..20 {
            prop_assert_eq!((resumed.t(), again.lr(), again.momentum()), (scheduler.t(), opt.lr(), opt.momentum()));
            scheduler.step(&mut opt);
            resumed.step(&mut again);
        }
    }

    #[test]
    fn a_plateau_only_lowers_the_rate_and_not_too_far(
        metrics in prop::collection::vec(-2.0..2.0, 1..60),
        factor in 0.1..0.9,
        patience in 0..5_u64,
        cooldown in 0..5_u64,
        relative_to_magnitude in any::<bool>(),
    ) {
        let rule = ReduceLrOnPlateau { factor, patience, cooldown, min_lr: 0.01, relative_to_magnitude, ..Default::default() };
        let mut opt = optimizer();
        let mut plateau = Scheduler::new(rule, &mut opt);
        let (mut last, mut since) = (BASE, u64::MAX);
        for metric in metrics {
            plateau.step_with(&mut opt, metric);
            prop_assert!(opt.lr() <= last && opt.lr() >= 0.01);
            if opt.lr() < last {
                // Between two reductions there must be the cooldown, then the patience.
                prop_assert!(since > patience.max(cooldown), "{since}");
                since = 0;
            }
            since = since.saturating_add(1);
            last = opt.lr();
        }
    }

    #[test]
    fn a_plateau_resumes(metrics in prop::collection::vec(0.0..1.0, 2..40), stop in 1..39_usize) {
        let stop = stop.min(metrics.len());
        let rule = ReduceLrOnPlateau { patience: 2, cooldown: 1, factor: 0.5, ..Default::default() };
        let mut opt = optimizer();
        let mut plateau = Scheduler::new(rule.clone(), &mut opt);
        metrics[..stop].iter().for_each(|&metric| plateau.step_with(&mut opt, metric));
        let (mut again, state) = (optimizer(), plateau.state_dict(&opt));
        let mut resumed = Scheduler::new(rule, &mut again);
        resumed.load_state_dict(&state, &mut again).unwrap();
        for &metric in &metrics[stop..] {
            plateau.step_with(&mut opt, metric);
            resumed.step_with(&mut again, metric);
            prop_assert_eq!(again.lr(), opt.lr());
        }
    }
}

/// Every option is printed, and none is missing.
#[test]
fn no_option_is_forgotten() {
    for name in schedule_names() {
        let needed = match *name {
            // Their parts are saved one by one.
            "chained" | "sequential" => continue,
            "cosine" => "t_max=5",
            "cyclic" => "base_lr=0.1,max_lr=1",
            "exponential" => "gamma=0.9",
            "lambda" | "multiplicative" => "factors=[0.5]",
            "one_cycle" => "max_lr=1,total_steps=10",
            "step" => "step_size=2",
            "swa" => "swa_lr=0.1",
            "warm_restarts" => "t_0=3",
            "warmup" => "steps=4",
            _ => "",
        };
        let schedule: Box<dyn Schedule> = format!("{name}:{needed}").parse().unwrap();
        let fields = format!("{schedule:?}").matches(": ").count();
        assert_eq!(schedule.options().len(), fields, "{name}: an option is missing from the list of fields");
    }
}

#[test]
fn another_schedule_is_refused() {
    let mut opt = optimizer();
    let saved = Scheduler::new(ExponentialLr { gamma: 0.5 }, &mut opt).state_dict(&opt);
    let mut scheduler = Scheduler::new(StepLr { step_size: 3, gamma: 0.5 }, &mut opt);
    let error = scheduler.load_state_dict(&saved, &mut opt).unwrap_err().to_string();
    assert_eq!(error, "the saved schedule does not fit: expected StepLr, got ExponentialLr");
    let mut two = optimizer().with_group("x", Sgd::default());
    let mut scheduler = Scheduler::new(ExponentialLr { gamma: 0.9 }, &mut two);
    let error = scheduler.load_state_dict(&saved, &mut two).unwrap_err().to_string();
    assert_eq!(error, "the number of groups differs: 1 were saved, the optimizer has 2");
}
