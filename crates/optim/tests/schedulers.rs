//! The scheduler: composed schedules, fractions of epochs, ends, and learning rates set from outside.

#[path = "schedulers/composed.rs"]
mod composed;

use std::panic::{AssertUnwindSafe, catch_unwind};

use downhill_optim::{
    Adam, ChainedLr, ConstantLr, CosineAnnealingLr, CosineAnnealingWarmRestarts, CyclicLr, ExponentialLr, GroupRate,
    LambdaLr, LinearLr, MultiplicativeLr, OneCycleLr, Optimizer, Options, Schedule, Scheduler, Sgd, StepLr, WarmupLr,
};
use downhill_tensor::Tensor;

fn optimizer() -> Optimizer {
    Optimizer::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() })
}

/// Learning rates and momenta of an optimizer at epochs 0 to `last`.
fn in_force(schedule: impl Into<Box<dyn Schedule>>, last: usize) -> Vec<(f64, f64)> {
    let mut opt = optimizer();
    let mut scheduler = Scheduler::new(schedule, &mut opt);
    let mut all = vec![(opt.lr(), opt.momentum().unwrap())];
    for _ in 0..last {
        scheduler.step(&mut opt);
        all.push((opt.lr(), opt.momentum().unwrap()));
    }
    all
}

fn rates(schedule: impl Into<Box<dyn Schedule>>, last: usize) -> Vec<f64> {
    in_force(schedule, last).into_iter().map(|(lr, _)| lr).collect()
}

fn one_cycle(total_steps: u64) -> OneCycleLr {
    OneCycleLr { max_lr: 0.1, total_steps, ..OneCycleLr::default() }
}

fn cyclic() -> CyclicLr {
    CyclicLr { base_lr: 0.01, max_lr: 0.1, step_size_up: 2, ..CyclicLr::default() }
}

#[track_caller]
fn panic_of(run: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(run)).expect_err("it should panic").downcast::<String>().unwrap()
}

/// In a chain, another factor pulls a cosine below its minimum, and on the way up the negative distance is multiplied;
/// the result must not be below 0. After t_max the height grows from almost 0 to 1, by a factor of 10³².
#[test]
fn products_do_not_fall_below_zero() {
    for t_max in [1, 2, 3, 5, 7, 10] {
        for gamma in [0.9, 0.5, 0.1] {
            for eta_min in [0.01, 0.1, 1.0] {
                let cosine = || CosineAnnealingLr { t_max, eta_min, hold: false };
                for chain in [
                    ChainedLr::new(cosine()).and(ExponentialLr { gamma }),
                    ChainedLr::new(ExponentialLr { gamma }).and(cosine()),
                    ChainedLr::new(cosine()).and(cosine()),
                    ChainedLr::new(cosine()).and(StepLr { step_size: 2, gamma }),
                    ChainedLr::new(MultiplicativeLr::new(move |_| gamma)).and(cosine()),
                ] {
                    for (t, lr) in rates(chain.clone(), 60).into_iter().enumerate() {
                        assert!((0.0..f64::INFINITY).contains(&lr), "{chain:?}: {lr} at {t}");
                    }
                }
                // The same with a learning rate set from outside.
                let mut opt = optimizer();
                let mut scheduler = Scheduler::new(cosine(), &mut opt);
                for step in 0..40 {
                    scheduler.step(&mut opt);
                    if step % 3 == 0 {
                        opt.set_lr(0.0);
                    }
                    assert!((0.0..f64::INFINITY).contains(&opt.lr()), "{}", opt.lr());
                }
            }
        }
    }
}

/// Where a cosine is constant, it leaves the learning rate bitwise identical: 0.7 + (0.1 - 0.7) is not 0.1.
#[test]
fn a_cosine_that_stands_still_changes_no_bit() {
    let cosine = CosineAnnealingLr { t_max: 5, eta_min: 0.7, hold: true };
    assert_ne!(0.7 + (0.1 - 0.7), 0.1);
    assert_eq!(rates(cosine.clone(), 0), [0.1]);
    let mut opt = optimizer();
    let mut scheduler = Scheduler::new(cosine, &mut opt);
    (0..7).for_each(|_| scheduler.step(&mut opt));
    opt.set_lr(0.1);
    scheduler.step(&mut opt);
    assert_eq!(opt.lr(), 0.1);
}

/// With `pct_start: 1.0` the learning rate only rises, as in PyTorch, and stays at its maximum.
#[test]
fn a_cycle_that_only_rises() {
    let cycle = OneCycleLr { pct_start: 1.0, hold: true, ..one_cycle(10) };
    let rates = rates(cycle, 14);
    assert!(rates[..10].is_sorted() && rates[9..] == [0.1; 6], "{rates:?}");
}

/// An empty phase consists of its end: `pct_start` is so small that the rise ends at step 0.
#[test]
fn a_phase_without_length() {
    for (pct_start, three_phase) in [(0.1, false), (0.1, true)] {
        let rates = rates(OneCycleLr { pct_start, three_phase, ..one_cycle(10) }, 9);
        assert!(rates.iter().all(|lr| lr.is_finite()), "{rates:?}");
        assert_eq!((rates[0], rates[9]), (0.1, 0.1 / 25.0 / 1e4), "{rates:?}");
    }
}

/// As in PyTorch, where `step()` after `step(3.25)` continues at 4.25.
#[test]
fn fractions_of_an_epoch_are_kept() {
    let restarts = CosineAnnealingWarmRestarts { t_0: 3, t_mult: 2, eta_min: 0.01 };
    let mut opt = optimizer();
    let mut scheduler = Scheduler::new(restarts.clone(), &mut opt);
    let expect = |scheduler: &Scheduler, opt: &Optimizer, t: f64| {
        assert_eq!(scheduler.t(), t as u64);
        assert_eq!(opt.lr(), restarts.lr_at_fraction(0.1, t).unwrap(), "{t}");
    };
    scheduler.step_to(&mut opt, 3.25);
    expect(&scheduler, &opt, 3.25);
    for t in [4.25, 5.25] {
        scheduler.step(&mut opt);
        expect(&scheduler, &opt, t);
    }
    // Also through a file.
    let json = serde_json::to_string(&scheduler.state_dict(&opt)).unwrap();
    let mut other = optimizer();
    let mut again = Scheduler::new(restarts.clone(), &mut other);
    again.load_state_dict(&serde_json::from_str(&json).unwrap(), &mut other).unwrap();
    again.step(&mut other);
    expect(&again, &other, 6.25);
    // An integer resets the fraction.
    scheduler.step_to(&mut opt, 7.0);
    expect(&scheduler, &opt, 7.0);
    scheduler.step(&mut opt);
    expect(&scheduler, &opt, 8.0);
    for t in [-1.0, f64::NAN, f64::INFINITY] {
        let message = panic_of(|| scheduler.step_to(&mut opt, t));
        assert_eq!(
            message,
            format!("step_to: CosineAnnealingWarmRestarts has no learning rate at epoch {t}; use `step`")
        );
    }
    assert!(panic_of(|| scheduler.step_to(&mut opt, 1e16)).starts_with("step_to: the epoch must be below 2^53, got 1"));
    expect(&scheduler, &opt, 8.0);
}

/// A user's function that returns an invalid learning rate is rejected when it does, and nothing changes.
#[test]
fn a_rate_that_is_none_is_refused_when_it_comes() {
    for bad in [-0.5, f64::NAN, f64::NEG_INFINITY] {
        let f = move |t: u64| if t == 2 { bad } else { 1.0 };
        for schedule in [Box::new(LambdaLr::new(f)) as Box<dyn Schedule>, Box::new(MultiplicativeLr::new(f))] {
            let mut opt = optimizer().with_group("x", Sgd { lr: 0.7, momentum: 0.9, ..Sgd::default() });
            let mut scheduler = Scheduler::new(schedule, &mut opt);
            scheduler.step(&mut opt);
            let before = opt.state_dict();
            let message = panic_of(|| scheduler.step(&mut opt));
            let (name, lr) = (scheduler.schedule().name(), 0.1 * bad);
            assert_eq!(message, format!("step: {name}: lr must be a finite number ≥ 0, got {lr}"));
            assert_eq!((opt.state_dict(), scheduler.t()), (before, 1));
        }
    }
    let mut opt = optimizer();
    let before = opt.state_dict();
    let error = Scheduler::try_new(LambdaLr::new(|_| f64::NAN), &mut opt).unwrap_err();
    assert_eq!(error.to_string(), "LambdaLr: lr must be a finite number ≥ 0, got NaN");
    assert_eq!(opt.state_dict(), before);
    // Zero stays zero, even times infinity.
    let linear = LinearLr { start_factor: 5e-324, ..LinearLr::default() };
    assert_eq!(linear.next_lr(GroupRate { group: 0, base: 1e300, lr: 0.0 }, 1), 0.0);
    // Growth saturates at the largest finite number.
    let mut opt = optimizer();
    let mut scheduler = Scheduler::new(MultiplicativeLr::new(|_| 1e300), &mut opt);
    (0..4).for_each(|_| scheduler.step(&mut opt));
    assert_eq!(opt.lr(), f64::MAX);
}

/// A momentum that the rule rejects is not set: beta1 of Adam must be below 1.
#[test]
fn a_momentum_that_the_rule_does_not_take_is_refused() {
    #[derive(Clone, Debug, Options)]
    struct Full;
    impl Schedule for Full {
        fn lr_at(&self, base: f64, _: u64) -> Option<f64> {
            Some(base)
        }
        fn momentum_at(&self, t: u64) -> Option<f64> {
            Some(if t == 0 { 0.5 } else { 1.0 })
        }
    }
    let mut opt = Optimizer::<f64>::new(Adam::default());
    let mut scheduler = Scheduler::new(Full, &mut opt);
    assert_eq!(panic_of(|| scheduler.step(&mut opt)), "step: Adam: beta1 must be in [0, 1), got 1");
    assert_eq!(opt.momentum(), Some(0.5));
}

#[test]
fn a_metric_whose_step_panics_is_not_remembered() {
    #[derive(Clone, Debug, Options)]
    struct Echo {
        rate: f64,
    }
    impl Schedule for Echo {
        fn lr_at(&self, _: f64, _: u64) -> Option<f64> {
            Some(self.rate)
        }
        fn observe(&mut self, metric: f64) {
            self.rate = metric;
        }
    }
    let mut opt = optimizer();
    let mut scheduler = Scheduler::new(Echo { rate: 0.5 }, &mut opt);
    assert!(panic_of(|| scheduler.step_with(&mut opt, f64::NAN)).starts_with("step: "));
    assert_eq!((opt.lr(), scheduler.t()), (0.5, 0));
    scheduler.step(&mut opt);
    assert_eq!((opt.lr(), scheduler.t()), (0.5, 1));
    scheduler.step_with(&mut opt, 0.25);
    assert_eq!((opt.lr(), scheduler.t()), (0.25, 2));
}

#[test]
fn rates_from_outside_are_rates() {
    for lr in [-0.1, f64::NAN, f64::INFINITY] {
        let message = |call: &str| format!("{call}: the learning rate must be a finite number ≥ 0, got {lr}");
        assert_eq!(panic_of(|| optimizer().set_lr(lr)), message("set_lr"));
        assert_eq!(panic_of(|| optimizer().rebase_lr(lr)), message("rebase_lr"));
        assert_eq!(panic_of(|| optimizer().groups_mut()[0].rebase_lr(lr)), message("rebase_lr"));
        let message = format!("set_momentum: the momentum must be a finite number ≥ 0, got {lr}");
        assert_eq!(panic_of(|| optimizer().set_momentum(lr)), message);
    }
}

/// A second schedule starts from the base learning rate of the first one, as in PyTorch, unless it is rebased.
#[test]
fn the_rate_that_schedules_reckon_from_can_be_changed() {
    let second = |change: fn(&mut Optimizer)| {
        let mut opt = optimizer();
        let mut first = Scheduler::new(LinearLr { total_iters: 2, ..LinearLr::default() }, &mut opt);
        (0..3).for_each(|_| first.step(&mut opt));
        change(&mut opt);
        let warm = WarmupLr { steps: 2 }.then(CosineAnnealingLr { t_max: 4, ..CosineAnnealingLr::default() });
        let mut scheduler = Scheduler::new(warm, &mut opt);
        (0..2).for_each(|_| scheduler.step(&mut opt));
        opt.lr()
    };
    assert_eq!(second(|opt| opt.set_lr(0.02)), 0.1);
    assert_eq!(second(|opt| opt.rebase_lr(0.02)), 0.02);
    assert_eq!(second(|opt| opt.groups_mut()[0].rebase_lr(0.03)), 0.03);

    // A running schedule: one that overwrites uses the new base learning rate, one that multiplies continues from it.
    let running = |schedule: Box<dyn Schedule>| {
        let mut opt = optimizer();
        let mut scheduler = Scheduler::new(schedule, &mut opt);
        scheduler.step(&mut opt);
        opt.rebase_lr(0.8);
        scheduler.step(&mut opt);
        opt.lr()
    };
    assert_eq!(running(Box::new(LambdaLr::new(|t| 0.5_f64.powi(t as i32)))), 0.2);
    assert_eq!(running(Box::new(ExponentialLr { gamma: 0.5 })), 0.4);

    // A single group, and through a file.
    let mut opt = optimizer().with_group("1", Sgd { lr: 0.5, ..Sgd::default() });
    opt.groups_mut()[1].rebase_lr(0.25);
    let bases = |opt: &Optimizer| opt.groups().iter().map(|group| (group.lr(), group.initial_lr())).collect::<Vec<_>>();
    assert_eq!(bases(&opt), [(0.1, None), (0.25, Some(0.25))]);
    let mut again = optimizer().with_group("1", Sgd::default());
    again.load_state_dict(&opt.state_dict(), &(Tensor::param(0.0), Tensor::param(0.0))).unwrap();
    assert_eq!(bases(&again), bases(&opt));
}

/// The product of a list of factors has a closed form beyond its end; that of a closure is computed only up to a limit.
#[test]
fn far_away_epochs_take_no_time() {
    let list = MultiplicativeLr::from_factors([0.5, 2.0, 0.999]);
    let far = list.lr_at(1.0, 5_000_002).unwrap();
    assert!((far / 0.999_f64.powf(5e6) - 1.0).abs() < 1e-9 || far == 0.0);
    assert_eq!(MultiplicativeLr::from_factors([0.5, 2.0, 1.0]).lr_at(0.1, u64::MAX), Some(0.1));
    assert_eq!(MultiplicativeLr::from_factors([0.0, 2.0]).lr_at(0.1, u64::MAX), Some(0.0));
    assert_eq!(MultiplicativeLr::new(|_| 1.0).lr_at(0.1, u64::MAX), None);
    let chain = ChainedLr::new(ConstantLr { factor: 0.5, total_iters: 9 }).and(WarmupLr { steps: 5 });
    assert_eq!(chain.lr_at(0.1, u64::MAX), Some(0.1));
    let cosine = CosineAnnealingLr { t_max: 3, ..CosineAnnealingLr::default() };
    assert_eq!(chain.and(cosine).lr_at(0.1, u64::MAX), None);
}
