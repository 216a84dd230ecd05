//! What every rule must pass: it finds minima, in both element types, leaves frozen parameters alone, keeps no more state
//! than it says, gives the same bits again, and goes on after a checkpoint as if nothing had happened.

use downhill::optim::{
    MissingGradient, Optimizer, OptimizerState, PolynomialLr, Rule, Scheduler, clip_grad_norm, rule_names,
};
use downhill::{Float, Params, Tensor};

/// A rule, and what suits it.
struct Entry {
    /// As it is called on command lines.
    name: &'static str,
    /// Options besides the rate.
    options: &'static str,
    /// The rate for the bowl, for Rosenbrock's, Himmelblau's and Beale's function, and for logistic regression.
    rates: [f64; 5],
    /// How many elements it remembers of a 3×2 matrix.
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

/// A function of a point, as a 1×2 matrix, and how many times lower a rule must bring it.
struct Problem<F: Float> {
    name: &'static str,
    loss: fn(&Tensor<F>) -> Tensor<F>,
    start: [f64; 2],
    factor: f64,
}

fn problems<F: Float>() -> [Problem<F>; 5] {
    [
        Problem { name: "bowl", loss: bowl, start: [1.0, 1.0], factor: 1e4 },
        Problem { name: "rosenbrock", loss: rosenbrock, start: [-1.5, 2.0], factor: 100.0 },
        Problem { name: "himmelblau", loss: himmelblau, start: [-1.0, 1.0], factor: 1e4 },
        Problem { name: "beale", loss: beale, start: [1.0, 1.0], factor: 1e3 },
        Problem { name: "logistic", loss: logistic, start: [0.0, 0.0], factor: 100.0 },
    ]
}

fn coordinates<F: Float>(p: &Tensor<F>) -> (Tensor<F>, Tensor<F>) {
    (p.narrow(1, 0, 1), p.narrow(1, 1, 1))
}

fn number<F: Float>(x: f64) -> F {
    F::from_f64(x)
}

/// (x² + 10·y²) / 2.
fn bowl<F: Float>(p: &Tensor<F>) -> Tensor<F> {
    let (x, y) = coordinates(p);
    (x.square() * number::<F>(0.5) + y.square() * number::<F>(5.0)).sum()
}

/// (1 - x)² + 100·(y - x²)²: a narrow bent valley.
fn rosenbrock<F: Float>(p: &Tensor<F>) -> Tensor<F> {
    let (x, y) = coordinates(p);
    let along = (&x - F::one()).square();
    (along + (y - x.square()).square() * number::<F>(100.0)).sum()
}

/// (x² + y - 11)² + (x + y² - 7)²: four minima, all 0.
fn himmelblau<F: Float>(p: &Tensor<F>) -> Tensor<F> {
    let (x, y) = coordinates(p);
    let first = x.square() + &y - number::<F>(11.0);
    let second = x + y.square() - number::<F>(7.0);
    (first.square() + second.square()).sum()
}

/// Σ (cₖ - x + x·yᵏ)² with c = 1.5, 2.25, 2.625: flat, with sharp peaks at the corners.
fn beale<F: Float>(p: &Tensor<F>) -> Tensor<F> {
    let (x, y) = coordinates(p);
    let term = |c: f64, power: i32| (&x * y.powi(power) - &x + number::<F>(c)).square();
    (term(1.5, 1) + term(2.25, 2) + term(2.625, 3)).sum()
}

/// The mean log loss of a line through eight points of two classes that overlap, less what the best line leaves.
fn logistic<F: Float>(p: &Tensor<F>) -> Tensor<F> {
    let x = [[1.0, 0.5], [1.0, 1.0], [1.0, 1.5], [1.0, 2.5], [1.0, 2.0], [1.0, 3.0], [1.0, 3.5], [1.0, 4.0]];
    let sign = [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0];
    let x = Tensor::from(x.map(|row| row.map(number::<F>)));
    let sign = Tensor::from(sign.map(|s| [number::<F>(s)]));
    // ln(1 + e^z) for the wrong side: z > 0.
    let z = x.matmul(&p.t()) * sign;
    z.softplus().sum() / number::<F>(8.0) - number::<F>(BEST_LOGISTIC)
}

/// By Newton's method: see `the_best_line`.
const BEST_LOGISTIC: f64 = 0.312_881_212_308_489_6;

/// How many times lower `entry` brings the problem in a thousand steps with a rate that falls to 0.
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

/// Two matrices, the second used by a product with the first.
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
        // A pair of vectors of six a step, at most.
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

/// Through a file, into a model and an optimiser built anew with other options.
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

/// Every option written out as text reads as the same rule, and none is forgotten.
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

/// Newton's method on the log loss: the constant of `logistic`.
#[test]
fn the_best_line() {
    let mut p = Tensor::param([[0.0_f64, 0.0]]);
    for _ in 0..20 {
        let gradient = downhill::grad(&logistic(&p), [&p])[0].to_vec();
        let hessian = downhill::hessian(&logistic(&p), &p).to_vec();
        let [a, b, c, d] = hessian[..] else { panic!("of two variables") };
        let step = [d * gradient[0] - b * gradient[1], a * gradient[1] - c * gradient[0]];
        let step = step.map(|x| x / (a * d - b * c));
        p.assign(&p - Tensor::from([step]));
    }
    let left = logistic(&p).item();
    assert!(left.abs() < 1e-15, "the best line leaves {}", left + BEST_LOGISTIC);
}
