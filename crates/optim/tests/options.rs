//! Every option of every rule and schedule at extreme values: rejected by name, or it works and can be saved.

#[path = "options/schedules.rs"]
mod schedules;

use downhill_optim::{Optimizer, Rule, rule_names};
use downhill_tensor::Tensor;

/// The valid values of a number. NaN is in no range.
type Range = fn(f64) -> bool;

/// An option and its valid range.
type Decision = (&'static str, Range);

const FINITE: Range = |x| x.is_finite();
const NON_NEGATIVE: Range = |x| x >= 0.0 && x.is_finite();
const POSITIVE: Range = |x| x > 0.0 && x.is_finite();
const NOT_POSITIVE: Range = |x| x <= 0.0 && x.is_finite();
const AT_LEAST_1: Range = |x| x >= 1.0 && x.is_finite();
const ABOVE_1: Range = |x| x > 1.0 && x.is_finite();
/// The decay of a running mean.
const FRACTION: Range = |x| (0.0..1.0).contains(&x);
const FROM_0_TO_1: Range = |x| (0.0..=1.0).contains(&x);
const ABOVE_0_TO_1: Range = |x| x > 0.0 && x <= 1.0;
const BETWEEN_0_AND_1: Range = |x| x > 0.0 && x < 1.0;

/// The range of every option of every rule that is a number, a number or none, or a list of numbers.
const RULES: &[(&str, &[Decision])] = &[
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
            // Limited by the default of the other.
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

const ADAM: &[Decision] = &[
    ("lr", NON_NEGATIVE),
    ("beta1", FRACTION),
    ("beta2", FRACTION),
    ("eps", NON_NEGATIVE),
    ("weight_decay", NON_NEGATIVE),
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

/// The numeric options, recognized by how their values are written: an `f64` has a point or an exponent.
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

/// `option=value`, in a list if the option is one.
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
    assert_eq!(RULES.iter().map(|(name, _)| *name).collect::<Vec<_>>(), rule_names(), "a rule without ranges");
    for (name, decisions) in RULES {
        let rule: Box<dyn Rule<f64>> = name.parse().unwrap();
        let decided: Vec<&str> = decisions.iter().map(|(option, _)| *option).collect();
        let mut there = numbers(rule.options());
        there.sort_by_key(|option| decided.iter().position(|known| known == option));
        assert_eq!(there, decided, "{name}: an option without a range, or a range without an option");
        for (option, range) in *decisions {
            for value in NUMBERS {
                let text = format!("{name}:{}", written(option, value));
                accepted_or_named::<f64>(&text, option, range(value));
                accepted_or_named::<f32>(&text, option, range(value));
            }
        }
    }
}

/// An accepted rule must survive a few steps, and its state must be loadable.
fn accepted_or_named<F: downhill_tensor::Float>(text: &str, option: &str, good: bool) {
    let mut opt: Optimizer<F> = match text.parse() {
        Ok(opt) => opt,
        Err(error) => {
            // For a `step_min` above `step_max`, the error names `step_max`.
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
