//! Every option of every schedule at extreme values.

use downhill_optim::{Optimizer, Schedule, Scheduler, SchedulerState, Sgd, schedule_names};
use downhill_tensor::Tensor;

use super::*;

/// The valid range of every numeric option (or list of numbers) of every schedule, with the options that it requires.
const SCHEDULES: &[(&str, &str, &[Decision])] = &[
    ("chained", "schedules=[linear; constant]", &[]),
    ("constant", "", &[("factor", FROM_0_TO_1)]),
    ("cosine", "t_max=3", &[("eta_min", NON_NEGATIVE)]),
    (
        "cyclic",
        "base_lr=0.01,max_lr=0.1,step_size_up=3,mode=exp_range",
        &[
            ("base_lr", NON_NEGATIVE),
            ("max_lr", NON_NEGATIVE),
            ("gamma", FROM_0_TO_1),
            ("base_momentum", FRACTION),
            ("max_momentum", FRACTION),
            ("group_base_lrs", NON_NEGATIVE),
            ("group_max_lrs", NON_NEGATIVE),
        ],
    ),
    ("exponential", "gamma=0.5", &[("gamma", NON_NEGATIVE)]),
    ("lambda", "factors=[1]", &[("factors", NON_NEGATIVE)]),
    ("linear", "", &[("start_factor", ABOVE_0_TO_1), ("end_factor", FROM_0_TO_1)]),
    ("multi_step", "milestones=[1,3]", &[("gamma", NON_NEGATIVE)]),
    ("multiplicative", "factors=[1]", &[("factors", NON_NEGATIVE)]),
    (
        "one_cycle",
        "max_lr=0.1,total_steps=20",
        &[
            ("max_lr", NON_NEGATIVE),
            ("pct_start", FROM_0_TO_1),
            ("base_momentum", FRACTION),
            ("max_momentum", FRACTION),
            // Smaller ones make the first or the last learning rate infinite.
            ("div_factor", |x| POSITIVE(x) && 0.1 / x < f64::MAX),
            ("final_div_factor", |x| POSITIVE(x) && 0.1 / 25.0 / x < f64::MAX),
            ("group_max_lrs", NON_NEGATIVE),
        ],
    ),
    (
        "plateau",
        "",
        &[
            ("factor", FRACTION),
            ("threshold", NON_NEGATIVE),
            ("min_lr", NON_NEGATIVE),
            ("eps", NON_NEGATIVE),
            ("group_min_lrs", NON_NEGATIVE),
            // A metric may be any number; NaN is never the best.
            ("best", |x| !x.is_nan()),
        ],
    ),
    ("polynomial", "", &[("power", POSITIVE)]),
    ("sequential", "schedules=[linear; constant],milestones=[3]", &[]),
    ("step", "step_size=2", &[("gamma", NON_NEGATIVE)]),
    ("swa", "swa_lr=0.05", &[("swa_lr", NON_NEGATIVE)]),
    ("warm_restarts", "t_0=3", &[("eta_min", NON_NEGATIVE)]),
    ("warmup", "steps=3", &[]),
];

#[test]
fn every_number_of_every_schedule() {
    assert_eq!(SCHEDULES.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), schedule_names());
    for (name, needed, decisions) in SCHEDULES {
        let schedule: Box<dyn Schedule> = format!("{name}:{needed}").parse().unwrap();
        let decided: Vec<&str> = decisions.iter().map(|(option, _)| *option).collect();
        let mut there = numbers(schedule.options());
        if ["lambda", "multiplicative"].contains(name) {
            there = vec!["factors"];
        }
        there.sort_by_key(|option| decided.iter().position(|known| known == option));
        assert_eq!(there, decided, "{name}: an option without a range, or a range without an option");
        for (option, range) in *decisions {
            for value in NUMBERS {
                let text = format!("{name}:{needed},{}", written(option, value));
                match text.parse::<Box<dyn Schedule>>() {
                    Ok(schedule) => {
                        assert!(range(value), "{text} is accepted");
                        rates_are_rates(&text, &*schedule);
                    }
                    Err(error) => {
                        let error = error.to_string();
                        let named = error.contains(&format!("{option} must be"));
                        assert!(!range(value) && named, "{text}: {error}");
                    }
                }
            }
        }
    }
}

/// Every learning rate is finite and not negative, stepped and as a function of time, and the scheduler can be saved
/// and loaded after every step.
fn rates_are_rates(text: &str, schedule: &dyn Schedule) {
    let is_rate = |lr: f64| (0.0..f64::INFINITY).contains(&lr);
    for t in (0..8).chain(COUNTS) {
        for base in [0.1, 0.0, 1e300] {
            let lr = schedule.lr_at(base, t);
            assert!(lr.is_none_or(is_rate), "{text}: {lr:?} at {t} from {base}");
            let lr = schedule.lr_at_fraction(base, t as f64 + 0.25);
            assert!(lr.is_none_or(is_rate), "{text}: {lr:?} at {t} and a quarter from {base}");
        }
        let momentum = schedule.momentum_at(t);
        assert!(momentum.is_none_or(|momentum| (0.0..1.0).contains(&momentum)), "{text}: {momentum:?} at {t}");
    }
    let mut opt = Optimizer::<f32>::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() });
    let mut scheduler = Scheduler::new(schedule.boxed(), &mut opt);
    for step in 0..14 {
        assert!(is_rate(opt.lr()) && opt.momentum().is_some_and(is_rate), "{text}: {} at {step}", opt.lr());
        let saved = serde_json::to_string(&scheduler.state_dict(&opt)).unwrap();
        let saved: SchedulerState = serde_json::from_str(&saved).unwrap();
        let mut other = Optimizer::<f32>::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() });
        let mut again = Scheduler::new(schedule.boxed(), &mut other);
        again.load_state_dict(&saved, &mut other).unwrap_or_else(|error| panic!("{text} at {step}: {error}"));
        let mut other = Optimizer::<f32>::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() });
        other
            .load_state_dict(&opt.state_dict(), &Tensor::param(0.0))
            .unwrap_or_else(|error| panic!("{text} at {step}: {error}"));
        if schedule.end().is_some_and(|end| scheduler.t() == end) {
            break;
        }
        // Now and then set a learning rate from outside, including one that can only overflow.
        if step % 4 == 1 {
            opt.set_lr([1e300, 0.0, 0.1][step / 4 % 3]);
        }
        scheduler.step_with(&mut opt, 1.0);
    }
}

/// Every count, and every pair of counts.
#[test]
fn every_count_of_every_schedule() {
    for (name, needed, _) in SCHEDULES {
        let schedule: Box<dyn Schedule> = format!("{name}:{needed}").parse().unwrap();
        let mut options = counts(schedule.options());
        options.retain(|option| !["factors", "group_base_lrs", "group_max_lrs", "group_min_lrs"].contains(option));
        let set = |option: &str, count: u64| match option {
            "milestones" if *name == "sequential" => format!("milestones=[{count}]"),
            "milestones" => format!("milestones=[{count},1,{count}]"),
            _ => format!("{option}={count}"),
        };
        for one in &options {
            for other in &options {
                for a in COUNTS {
                    for b in COUNTS {
                        let text = format!("{name}:{needed},{},{}", set(one, a), set(other, b));
                        match text.parse::<Box<dyn Schedule>>() {
                            Ok(schedule) => rates_are_rates(&text, &*schedule),
                            Err(error) => {
                                let error = error.to_string();
                                let named = error.contains(&format!("{one} must be above 0, got 0"))
                                    || error.contains(&format!("{other} must be above 0, got 0"));
                                assert!(named, "{text}: {error}");
                            }
                        }
                    }
                }
            }
        }
        let expected: &[&str] = match *name {
            "constant" | "linear" | "polynomial" => &["total_iters"],
            "cosine" => &["t_max"],
            "cyclic" => &["step_size_up", "step_size_down"],
            "multi_step" | "sequential" => &["milestones"],
            "one_cycle" => &["total_steps"],
            "plateau" => &["patience", "cooldown", "bad_epochs", "cooldown_left"],
            "step" => &["step_size"],
            "swa" => &["anneal_epochs"],
            "warm_restarts" => &["t_0", "t_mult"],
            "warmup" => &["steps"],
            _ => &[],
        };
        assert_eq!(options, expected, "{name}");
    }
}
