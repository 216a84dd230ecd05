//! Every option of every rule and schedule at its extremes: refused by name, or it works and can be saved.

use downhill_optim::{Optimizer, Rule, Schedule, Scheduler, SchedulerState, Sgd, rule_names, schedule_names};
use downhill_tensor::Tensor;

/// What a number is allowed to be. NaN is in no range.
type Range = fn(f64) -> bool;

const FINITE: Range = |x| x.is_finite();
const NON_NEGATIVE: Range = |x| x >= 0.0 && x.is_finite();
const POSITIVE: Range = |x| x > 0.0 && x.is_finite();
const NOT_POSITIVE: Range = |x| x <= 0.0 && x.is_finite();
const AT_LEAST_1: Range = |x| x >= 1.0 && x.is_finite();
const ABOVE_1: Range = |x| x > 1.0 && x.is_finite();
/// The decay of a mean.
const FRACTION: Range = |x| (0.0..1.0).contains(&x);
const FROM_0_TO_1: Range = |x| (0.0..=1.0).contains(&x);
const ABOVE_0_TO_1: Range = |x| x > 0.0 && x <= 1.0;
const BETWEEN_0_AND_1: Range = |x| x > 0.0 && x < 1.0;

/// The decision for every option of every rule that is a number, a number or none, or a list of numbers.
const RULES: &[(&str, &[(&str, Range)])] = &[
    ("adadelta", &[("lr", NON_NEGATIVE), ("rho", FRACTION), ("eps", NON_NEGATIVE), ("weight_decay", NON_NEGATIVE)]),
    (
        "adafactor",
        &[
            ("lr", NON_NEGATIVE),
            ("beta2_decay", NOT_POSITIVE),
            ("eps1", NON_NEGATIVE),
            ("eps2", NON_NEGATIVE),
            ("d", AT_LEAST_1),
            ("weight_decay", NON_NEGATIVE),
        ],
    ),
    (
        "adagrad",
        &[
            ("lr", NON_NEGATIVE),
            ("lr_decay", NON_NEGATIVE),
            ("weight_decay", NON_NEGATIVE),
            ("initial_accumulator_value", NON_NEGATIVE),
            ("eps", NON_NEGATIVE),
        ],
    ),
    ("adam", ADAM),
    ("adamax", ADAM),
    ("adamw", ADAM),
    (
        "asgd",
        &[
            ("lr", NON_NEGATIVE),
            ("lambd", NON_NEGATIVE),
            ("alpha", NON_NEGATIVE),
            ("t0", NON_NEGATIVE),
            ("weight_decay", NON_NEGATIVE),
        ],
    ),
    ("classical_momentum", &[("lr", NON_NEGATIVE), ("momentum", NON_NEGATIVE), ("weight_decay", NON_NEGATIVE)]),
    ("lamb", ADAM),
    ("lbfgs", &[("lr", NON_NEGATIVE), ("tolerance_grad", NON_NEGATIVE), ("tolerance_change", NON_NEGATIVE)]),
    ("lion", &[("lr", NON_NEGATIVE), ("beta1", FRACTION), ("beta2", FRACTION), ("weight_decay", NON_NEGATIVE)]),
    (
        "muon",
        &[
            ("lr", NON_NEGATIVE),
            ("weight_decay", NON_NEGATIVE),
            ("momentum", FRACTION),
            ("ns_coefficients", FINITE),
            ("eps", NON_NEGATIVE),
        ],
    ),
    (
        "nadam",
        &[
            ("lr", NON_NEGATIVE),
            ("beta1", FRACTION),
            ("beta2", FRACTION),
            ("eps", NON_NEGATIVE),
            ("weight_decay", NON_NEGATIVE),
            ("momentum_decay", NON_NEGATIVE),
        ],
    ),
    ("radam", ADAM),
    (
        "rmsprop",
        &[
            ("lr", NON_NEGATIVE),
            ("alpha", FRACTION),
            ("eps", NON_NEGATIVE),
            ("weight_decay", NON_NEGATIVE),
            ("momentum", NON_NEGATIVE),
        ],
    ),
    (
        "rprop",
        &[
            ("lr", NON_NEGATIVE),
            ("eta_minus", BETWEEN_0_AND_1),
            ("eta_plus", ABOVE_1),
            // Not above the default of the other.
            ("step_min", |x| (0.0..=50.0).contains(&x)),
            ("step_max", |x| x >= 1e-6 && x.is_finite()),
        ],
    ),
    (
        "sgd",
        &[("lr", NON_NEGATIVE), ("momentum", NON_NEGATIVE), ("dampening", FROM_0_TO_1), ("weight_decay", NON_NEGATIVE)],
    ),
    ("sign_sgd", &[("lr", NON_NEGATIVE), ("momentum", FRACTION), ("weight_decay", NON_NEGATIVE)]),
];

const ADAM: &[(&str, Range)] = &[
    ("lr", NON_NEGATIVE),
    ("beta1", FRACTION),
    ("beta2", FRACTION),
    ("eps", NON_NEGATIVE),
    ("weight_decay", NON_NEGATIVE),
];

/// The same for schedules, each with what it needs besides.
const SCHEDULES: &[(&str, &str, &[(&str, Range)])] = &[
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
            // Smaller ones take the first or the last rate beyond what is finite.
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
            // A metric may be anything; NaN is never the best.
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

const NUMBERS: [f64; 19] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MIN,
    -1e300,
    -1.0,
    -0.5,
    -1e-300,
    0.0,
    5e-324,
    1e-300,
    1e-6,
    0.5,
    0.9999999999999999,
    1.0,
    1.5,
    7.0,
    1e300,
    f64::MAX,
];

const COUNTS: [u64; 12] =
    [0, 1, 2, 3, 5, 100, (1 << 53) - 1, (1 << 53) + 1, (1 << 63) - 1, 1 << 63, u64::MAX - 1, u64::MAX];

/// The options of a kind, told by how the values are written: an `f64` has a point or an exponent.
fn numbers(options: Vec<(&'static str, String)>) -> Vec<&'static str> {
    let is_number = |text: &str| {
        let text = text.trim_matches(['[', ']']);
        let item = text.split(',').next().unwrap_or_default();
        item.parse::<f64>().is_ok() && item.parse::<u64>().is_err()
    };
    // These are none or empty by default.
    let hidden = ["eps1", "best", "group_base_lrs", "group_max_lrs", "group_min_lrs"];
    options
        .into_iter()
        .filter(|(name, value)| is_number(value) || hidden.contains(name))
        .map(|(name, _)| name)
        .collect()
}

fn counts(options: Vec<(&'static str, String)>) -> Vec<&'static str> {
    let hidden = ["max_eval", "step_size_down"];
    let is_count = |text: &str| text.trim_matches(['[', ']']).split(',').all(|item| item.parse::<u64>().is_ok());
    options.into_iter().filter(|(name, value)| is_count(value) || hidden.contains(name)).map(|(name, _)| name).collect()
}

/// `value` as an option of that name: in a list if it is one.
fn written(option: &str, value: f64) -> String {
    match option {
        "ns_coefficients" => format!("{option}=[2.0,{value:?},0.5]"),
        "factors" => format!("{option}=[1.0,{value:?},1.0]"),
        _ if option.starts_with("group_") => format!("{option}=[0.1,{value:?}]"),
        _ => format!("{option}={value:?}"),
    }
}

#[test]
fn every_number_of_every_rule() {
    assert_eq!(RULES.iter().map(|(name, _)| *name).collect::<Vec<_>>(), rule_names(), "a rule without a decision");
    for (name, decisions) in RULES {
        let rule: Box<dyn Rule<f64>> = name.parse().unwrap();
        let decided: Vec<&str> = decisions.iter().map(|(option, _)| *option).collect();
        let mut there = numbers(rule.options());
        there.sort_by_key(|option| decided.iter().position(|known| known == option));
        assert_eq!(there, decided, "{name}: an option without a decision, or a decision without an option");
        for (option, range) in *decisions {
            for value in NUMBERS {
                let text = format!("{name}:{}", written(option, value));
                accepted_or_named::<f64>(&text, option, range(value));
                accepted_or_named::<f32>(&text, option, range(value));
            }
        }
    }
}

/// A rule that is accepted must survive some steps, and what it leaves must be loadable.
fn accepted_or_named<F: downhill_tensor::Float>(text: &str, option: &str, good: bool) {
    let mut opt: Optimizer<F> = match text.parse() {
        Ok(opt) => opt,
        Err(error) => {
            // The longest step is what a shortest one that is too long clashes with.
            let named = if option == "step_min" { "step_" } else { option };
            let error = error.to_string();
            assert!(!good && error.contains(&format!(": {named}")) && error.contains("must be"), "{text}: {error}");
            return;
        }
    };
    assert!(good, "{text} is accepted");
    let start = [[1.0, -2.0], [0.5, 0.0]].map(|row| row.map(F::from_f64));
    let mut w = Tensor::param(ndarray::arr2(&start));
    for _ in 0..3 {
        opt.step_with(&mut w, |w| w.square().sum());
    }
    let mut again: Optimizer<F> = text.parse().unwrap();
    again.load_state_dict(&opt.state_dict(), &w).unwrap_or_else(|error| panic!("{text}: {error}"));
}

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
        assert_eq!(there, decided, "{name}: an option without a decision, or a decision without an option");
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

/// Every rate is finite and not negative, stepped and as a function of time; and whenever one stops, it can be saved and
/// loaded.
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
        // In every other step from outside, where rates grow from there.
        if step % 5 == 4 {
            opt.set_lr([0.0, 0.1, 1e300][step % 3]);
        }
        scheduler.step_with(&mut opt, 1.0);
    }
}

/// Every count and every pair of them.
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

#[test]
fn every_count_of_every_rule() {
    let mut found = Vec::new();
    for name in rule_names() {
        let rule: Box<dyn Rule<f64>> = name.parse().unwrap();
        for option in counts(rule.options()) {
            found.push(format!("{name}.{option}"));
            for count in COUNTS {
                for more in ["", ",line_search=strong_wolfe"] {
                    if *name != "lbfgs" && !more.is_empty() {
                        continue;
                    }
                    let good = match option {
                        "ns_steps" => count < 100,
                        "history_size" => count > 0,
                        _ => true,
                    };
                    accepted_or_named::<f64>(&format!("{name}:{option}={count}{more}"), option, good);
                }
            }
        }
    }
    assert_eq!(found, ["lbfgs.max_iter", "lbfgs.max_eval", "lbfgs.history_size", "muon.ns_steps"]);
}
