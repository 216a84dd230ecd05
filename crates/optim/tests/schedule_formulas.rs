//! The schedules with many options, under every combination of them, against PyTorch's formulas in plain Rust.
//!
//! PyTorch's own learning rates are in `data/golden`, but not for every pair of these options.

use downhill_optim::{
    Anneal, CyclicLr, CyclicMode, OneCycleLr, Optimizer, PlateauMode, ReduceLrOnPlateau, Schedule, Scheduler, Sgd,
    ThresholdMode,
};

fn optimizer() -> Optimizer<f64> {
    Optimizer::new(Sgd { lr: 0.1, momentum: 0.5, ..Sgd::default() })
}

#[track_caller]
fn agree(ours: f64, theirs: f64, what: &dyn std::fmt::Debug) {
    assert!((ours - theirs).abs() <= 1e-12 * theirs.abs().max(1e-4), "got {ours}, expected {theirs}: {what:?}");
}

/// Steps a schedule through `last` epochs; learning rates and momenta must be as `expected`, stepped and as functions.
fn follow(schedule: impl Schedule + Clone + 'static, last: u64, expected: impl Fn(u64) -> (f64, Option<f64>)) {
    let mut opt = optimizer();
    let mut scheduler = Scheduler::new(schedule.clone(), &mut opt);
    for t in 0..=last {
        let (lr, momentum) = expected(t);
        let what = format!("{schedule:?} at {t}");
        agree(opt.lr(), lr, &what);
        agree(schedule.lr_at(0.1, t).unwrap(), lr, &what);
        agree(opt.momentum().unwrap(), momentum.unwrap_or(0.5), &what);
        assert_eq!(schedule.momentum_at(t).is_some(), momentum.is_some(), "{what}");
        if t < last {
            scheduler.step(&mut opt);
        }
    }
}

#[test]
fn cyclic() {
    for mode in [CyclicMode::Triangular, CyclicMode::Triangular2, CyclicMode::ExpRange] {
        for (up, down) in [(3, None), (4, Some(2)), (1, Some(5)), (5, Some(1))] {
            for (gamma, (base_lr, max_lr)) in [(1.0, (0.01, 0.1)), (0.9, (0.02, 0.5)), (0.5, (0.3, 0.1))] {
                for (cycle_momentum, (base_momentum, max_momentum)) in
                    [(true, (0.8, 0.9)), (true, (0.3, 0.95)), (false, (0.8, 0.9))]
                {
                    let schedule = CyclicLr {
                        base_lr,
                        max_lr,
                        step_size_up: up,
                        step_size_down: down,
                        mode,
                        gamma,
                        cycle_momentum,
                        base_momentum,
                        max_momentum,
                        ..CyclicLr::default()
                    };
                    follow(schedule, 25, |t| {
                        let (t, up) = (t as f64, up as f64);
                        let period = up + down.map_or(up, |down| down as f64);
                        let cycle = (1.0 + t / period).floor();
                        let (x, r) = (1.0 + t / period - cycle, up / period);
                        let s = if x <= r { x / r } else { (x - 1.0) / (r - 1.0) };
                        let k = match mode {
                            CyclicMode::Triangular => 1.0,
                            CyclicMode::Triangular2 => 0.5_f64.powf(cycle - 1.0),
                            CyclicMode::ExpRange => gamma.powf(t),
                        };
                        let momentum = max_momentum - (max_momentum - base_momentum) * s * k;
                        (base_lr + (max_lr - base_lr) * s * k, cycle_momentum.then_some(momentum))
                    });
                }
            }
        }
    }
}

#[test]
fn one_cycle() {
    for anneal in [Anneal::Cos, Anneal::Linear] {
        for three_phase in [false, true] {
            for (total_steps, pct_start) in [(20, 0.3), (33, 0.15), (20, 0.45), (7, 0.3)] {
                for (div_factor, final_div_factor) in [(25.0, 1e4), (4.0, 50.0), (10.0, 0.5)] {
                    for (cycle_momentum, (base_momentum, max_momentum)) in
                        [(true, (0.85, 0.95)), (true, (0.6, 0.7)), (false, (0.85, 0.95))]
                    {
                        let schedule = OneCycleLr {
                            max_lr: 0.3,
                            total_steps,
                            pct_start,
                            anneal,
                            cycle_momentum,
                            base_momentum,
                            max_momentum,
                            div_factor,
                            final_div_factor,
                            three_phase,
                            ..OneCycleLr::default()
                        };
                        let initial = 0.3 / div_factor;
                        let min = initial / final_div_factor;
                        let (n, rise) = (total_steps as f64, pct_start * total_steps as f64);
                        let (low, high) = (base_momentum, max_momentum);
                        // The end of every phase, and learning rate and momentum at its start and end.
                        let phases = if three_phase {
                            vec![
                                (rise - 1.0, [initial, 0.3], [high, low]),
                                (2.0 * rise - 2.0, [0.3, initial], [low, high]),
                                (n - 1.0, [initial, min], [high, high]),
                            ]
                        } else {
                            vec![(rise - 1.0, [initial, 0.3], [high, low]), (n - 1.0, [0.3, min], [low, high])]
                        };
                        follow(schedule, total_steps - 1, |t| {
                            let t = t as f64;
                            let mut start = 0.0;
                            let at = phases.iter().position(|(end, ..)| t <= *end).unwrap();
                            if at > 0 {
                                start = phases[at - 1].0;
                            }
                            let (end, rates, momenta) = phases[at];
                            let x = (t - start) / (end - start);
                            let between = |[a, b]: [f64; 2]| match anneal {
                                Anneal::Cos => b + (a - b) / 2.0 * (1.0 + (std::f64::consts::PI * x).cos()),
                                Anneal::Linear => a + (b - a) * x,
                            };
                            (between(rates), cycle_momentum.then(|| between(momenta)))
                        });
                    }
                }
            }
        }
    }
}

#[test]
fn plateau() {
    // Falls, stays, gets slightly better or worse, is NaN, is negative.
    let metrics = [
        3.0,
        2.0,
        2.0,
        1.9999,
        1.9,
        1.92,
        1.9,
        1.9,
        1.9,
        1.5,
        1.5,
        1.4999,
        1.6,
        1.5,
        1.5,
        f64::NAN,
        1.5,
        1.5,
        0.2,
        -0.5,
        -0.5,
        -0.4,
        -0.5,
        -0.6,
        -0.5,
        -0.5,
        -0.5,
        -0.5,
        -0.5,
        -0.5,
    ];
    for mode in [PlateauMode::Min, PlateauMode::Max] {
        for threshold_mode in [ThresholdMode::Rel, ThresholdMode::Abs] {
            for (threshold, factor) in [(1e-4, 0.1), (0.05, 0.5), (0.0, 0.0)] {
                for (patience, cooldown) in [(0, 0), (1, 0), (0, 2), (2, 1), (3, 5)] {
                    for (min_lr, eps) in [(0.0, 1e-8), (0.02, 1e-8), (0.0, 0.03), (0.02, 0.01)] {
                        for relative_to_magnitude in [false, true] {
                            let schedule = ReduceLrOnPlateau {
                                mode,
                                factor,
                                patience,
                                threshold,
                                threshold_mode,
                                cooldown,
                                min_lr,
                                eps,
                                relative_to_magnitude,
                                ..Default::default()
                            };
                            let (mut opt, what) = (optimizer(), format!("{schedule:?}"));
                            let mut scheduler = Scheduler::new(schedule, &mut opt);
                            let sign = if mode == PlateauMode::Min { -1.0 } else { 1.0 };
                            let (mut lr, mut bad, mut cooling) = (0.1, 0, 0);
                            let mut best = -sign * f64::INFINITY;
                            for (at, metric) in metrics.into_iter().enumerate() {
                                let margin = match threshold_mode {
                                    _ if best.is_infinite() => 0.0,
                                    ThresholdMode::Abs => threshold,
                                    ThresholdMode::Rel if relative_to_magnitude => threshold * best.abs(),
                                    ThresholdMode::Rel => threshold * best,
                                };
                                let bound = best + sign * margin;
                                if sign * metric > sign * bound {
                                    (best, bad) = (metric, 0);
                                } else {
                                    bad += 1;
                                }
                                if cooling > 0 {
                                    (cooling, bad) = (cooling - 1, 0);
                                }
                                if bad > patience {
                                    let lower = f64::max(lr * factor, min_lr);
                                    if lr - lower > eps {
                                        lr = lower;
                                    }
                                    (cooling, bad) = (cooldown, 0);
                                }
                                scheduler.step_with(&mut opt, metric);
                                agree(opt.lr(), lr, &format!("{what}, metric number {at}"));
                            }
                        }
                    }
                }
            }
        }
    }
}
