//! What every update rule must pass: it finds minima in both element types, leaves frozen parameters unchanged, keeps
//! no more state than declared, is bitwise reproducible, and resumes exactly from a checkpoint.

#[path = "gauntlet/problems.rs"]
mod problems;

use downhill::optim::{
    MissingGradient, Optimizer, OptimizerState, PolynomialLr, Rule, Scheduler, clip_grad_norm, rule_names,
};
use downhill::{Float, Params, Tensor};
use problems::{Problem, number, problems};

/// A rule and suitable options.
struct Entry {
    /// Its name on command lines.
    name: &'static str,
    /// Options besides the learning rate.
    options: &'static str,
    /// The learning rates for the bowl, for Rosenbrock's, Himmelblau's and Beale's functions, and for logistic
    /// regression.
    rates: [f64; 5],
    /// How many elements of state it keeps for a 3×2 matrix.
    state: usize,
}

const fn entry(name: &'static str, options: &'static str, rates: [f64; 5], state: usize) -> Entry {
    Entry { name, options, rates, state }
}

const ENTRIES: [Entry; 18] = [
    entry("adadelta", "", [1.0, 2.0, 1.0, 1.0, 10.0], 12),
    entry("adafactor", "", [0.1, 1.0, 0.1, 0.03, 0.1], 5),
    entry("adagrad", "", [0.3, 1.0, 0.3, 1.0, 0.3], 6),
    entry("adam", "", [0.1, 0.1, 0.1, 0.1, 0.1], 12),
    entry("adamax", "", [0.1, 0.1, 0.1, 0.1, 0.1], 12),
    entry("adamw", "weight_decay=0.0001", [0.1, 0.1, 0.1, 0.1, 0.1], 12),
    entry("asgd", "", [0.1, 0.01, 0.01, 0.03, 1.0], 6),
    entry("classical_momentum", "", [0.03, 0.003, 0.003, 0.01, 0.3], 6),
    entry("lamb", "", [0.1, 0.1, 0.003, 0.003, 0.03], 12),
    // After the first step: the direction and the last gradient.
    entry("lbfgs", "line_search=strong_wolfe,max_iter=1,max_eval=25", [1.0, 1.0, 1.0, 1.0, 1.0], 12),
    entry("lion", "", [0.01, 0.03, 0.01, 0.03, 0.03], 6),
    entry("muon", "weight_decay=0", [0.01, 0.03, 0.01, 0.03, 0.03], 6),
    entry("nadam", "", [0.1, 0.1, 0.1, 0.1, 0.1], 12),
    entry("radam", "", [0.1, 0.1, 0.03, 0.1, 0.1], 12),
    entry("rmsprop", "momentum=0.9", [0.003, 0.003, 0.003, 0.003, 0.03], 12),
    entry("rprop", "", [0.01, 0.01, 0.01, 0.01, 0.01], 12),
    entry("sgd", "momentum=0.9", [0.03, 0.003, 0.003, 0.01, 0.3], 6),
    entry("sign_sgd", "momentum=0.9", [0.003, 0.01, 0.01, 0.01, 0.03], 6),
];

impl Entry {
    fn rule<F: Float>(&self, lr: f64) -> Box<dyn Rule<F>> {
        let text = format!("{}:lr={lr},{}", self.name, self.options);
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn is_joint(&self) -> bool {
        self.name == "lbfgs"
    }
}

#[test]
fn every_rule_takes_part() {
    assert_eq!(ENTRIES.map(|entry| entry.name), rule_names());
}

/// The factor by which `entry` reduces the problem's loss in a thousand steps, with a learning rate that falls to 0.
fn improvement<F: Float>(entry: &Entry, problem: &Problem<F>, lr: f64) -> f64 {
    const STEPS: u64 = 1000;
    let mut p = Tensor::param([problem.start.map(number::<F>)]);
    let before = (problem.loss)(&p).item();
    let mut opt = Optimizer::new(entry.rule(lr));
    if entry.is_joint() {
        for _ in 0..100 {
            opt.step_with(&mut p, problem.loss);
        }
    } else {
        let mut scheduler = Scheduler::new(PolynomialLr { total_iters: STEPS, power: 1.0 }, &mut opt);
        for _ in 0..STEPS {
            let mut grads = (problem.loss)(&p).backward();
            clip_grad_norm(&mut grads, 10.0);
            opt.step(&mut p, &grads);
            scheduler.step(&mut opt);
        }
    }
    let after = (problem.loss)(&p).item();
    (before / after.abs().max(number(1e-30))).as_f64()
}

fn all_improve<F: Float>() {
    let mut failed = Vec::new();
    for entry in &ENTRIES {
        for (problem, lr) in problems::<F>().iter().zip(entry.rates) {
            let improvement = improvement(entry, problem, lr);
            if improvement.is_nan() || improvement < problem.factor {
                failed.push(format!("{} on {}: {improvement:.1e}, not {:e}", entry.name, problem.name, problem.factor));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn minima_are_found_in_f64() {
    all_improve::<f64>();
}

#[test]
fn minima_are_found_in_f32() {
    all_improve::<f32>();
}

/// Two matrices; the loss multiplies them.
type Pair<F> = (Tensor<F>, Tensor<F>);

fn pair<F: Float>() -> Pair<F> {
    let matrix = |elements: [[f64; 2]; 3]| Tensor::param(elements.map(|row| row.map(number::<F>)));
    (matrix([[0.3, -1.2], [0.7, 0.1], [-0.4, 0.9]]), matrix([[1.1, 0.2], [-0.6, 0.5], [0.8, -0.3]]))
}

fn pair_loss<F: Float>((a, b): &Pair<F>) -> Tensor<F> {
    (a * b + a.square() + b.sin()).square().sum()
}

fn steps<F: Float>(opt: &mut Optimizer<F>, model: &mut Pair<F>, count: usize) {
    for _ in 0..count {
        opt.step_with(model, pair_loss);
    }
}

#[test]
fn frozen_parameters_stay_and_have_no_state() {
    for entry in &ENTRIES {
        let mut model = pair::<f32>();
        assert_eq!(model.freeze("1"), 1);
        let before = model.state_dict();
        let mut opt = Optimizer::new(entry.rule(0.01));
        steps(&mut opt, &mut model, 3);
        assert!(before.get("1") == Some(model.1.detach()), "{}", entry.name);
        assert!(before.get("0") != Some(model.0.detach()), "{}", entry.name);
        assert!(opt.state("1").is_none(), "{}", entry.name);
    }
}

#[test]
fn a_parameter_without_gradient_is_skipped_on_request() {
    for entry in &ENTRIES {
        let mut model = pair::<f64>();
        let before = model.state_dict();
        let mut opt = Optimizer::new(entry.rule(0.01));
        opt.missing_gradient = MissingGradient::Skip;
        opt.step_with(&mut model, |(a, _)| a.square().sum());
        assert!(before.get("1") == Some(model.1.detach()), "{}", entry.name);
        assert!(before.get("0") != Some(model.0.detach()), "{}", entry.name);
    }
}

#[test]
fn state_is_no_larger_than_it_should_be() {
    for entry in &ENTRIES {
        let mut opt = Optimizer::new(entry.rule(0.01));
        let mut model = pair::<f64>().0;
        let mut lengths = Vec::new();
        for _ in 0..3 {
            opt.step_with(&mut model, |a| a.square().sum());
            lengths.push(opt.states().map(|(_, state)| state.len()).sum::<usize>());
        }
        assert_eq!(lengths[0], entry.state, "{}", entry.name);
        // At most a pair of vectors of six elements per step.
        let growth = if entry.is_joint() { 12 } else { 0 };
        assert!(lengths[2] <= lengths[0] + 2 * growth, "{}: {lengths:?}", entry.name);
    }
}

#[test]
fn the_same_bits_again() {
    for entry in &ENTRIES {
        let run = || {
            let (mut model, mut opt) = (pair::<f32>(), Optimizer::new(entry.rule(0.01)));
            steps(&mut opt, &mut model, 20);
            (model.state_dict(), opt.state_dict())
        };
        assert!(run() == run(), "{}", entry.name);
    }
}

/// Through a file, into a new model and a new optimizer with different options.
#[test]
fn interrupted_and_resumed_is_as_uninterrupted() {
    for entry in &ENTRIES {
        let (mut model, mut opt) = (pair::<f32>(), Optimizer::new(entry.rule(0.01)));
        steps(&mut opt, &mut model, 7);
        let saved = serde_json::to_string(&(model.state_dict(), opt.state_dict())).unwrap();
        steps(&mut opt, &mut model, 8);

        let (weights, state): (_, OptimizerState) = serde_json::from_str(&saved).unwrap();
        let (mut resumed, mut again) = (pair::<f32>(), Optimizer::new(entry.rule(0.5)));
        resumed.load_state_dict(&weights).unwrap();
        again.load_state_dict(&state, &resumed).unwrap();
        steps(&mut again, &mut resumed, 8);
        assert!(resumed.state_dict() == model.state_dict(), "{}", entry.name);
        assert!(again.state_dict() == opt.state_dict(), "{}", entry.name);
    }
}

/// A rule with every option printed parses as the same rule, and no option is missing.
#[test]
fn rules_survive_being_written_as_text() {
    for entry in &ENTRIES {
        let rule = entry.rule::<f64>(0.123);
        let again: Box<dyn Rule<f64>> = rule.to_string().parse().unwrap();
        assert_eq!(format!("{rule:?}"), format!("{again:?}"), "{}", entry.name);
        let fields = format!("{rule:?}").matches(": ").count();
        assert_eq!(rule.options().len(), fields, "{}: an option is missing from the list of fields", entry.name);
    }
}

/// Maximizing -f is bitwise identical to minimizing f: the gradient is negated before anything else happens to it, so
/// weight decay still shrinks the parameters.
#[test]
fn to_maximize_is_to_minimize_the_opposite() {
    for entry in &ENTRIES {
        let run = |maximize: bool| {
            let mut rule = entry.rule::<f64>(0.01);
            rule.set_option("maximize", &maximize.to_string()).unwrap();
            if rule.options().iter().any(|(option, _)| *option == "weight_decay") {
                rule.set_option("weight_decay", "0.125").unwrap();
            }
            let (mut model, mut opt) = (pair::<f64>(), Optimizer::new(rule));
            for _ in 0..10 {
                opt.step_with(&mut model, |model| if maximize { -pair_loss(model) } else { pair_loss(model) });
            }
            model.state_dict()
        };
        assert!(run(true) == run(false), "{}", entry.name);
    }
}
