//! Gradients that have all but vanished: a step in `f32` is the step in `f64` but for rounding, whatever the rule, wherever
//! `f32` has numbers for what is remembered. And what is remembered never stays among the subnormal numbers.

use downhill::optim::{Optimizer, Rule, rule_names};
use downhill::{Float, Gradients, Tensor};

const STEPS: usize = 30;

/// Every rule that is stepped gradient by gradient, with options that bring every buffer into play, and the name of its ε.
fn rules() -> Vec<(String, Option<&'static str>)> {
    let mut rules = Vec::new();
    for &name in rule_names() {
        let (variants, eps): (&[&str], _) = match name {
            "lbfgs" => continue,
            "adam" | "adamw" => (&["", ",amsgrad"], Some("eps")),
            "rmsprop" => (&["", ",centered", ",momentum=0.9", ",centered,momentum=0.9"], Some("eps")),
            "sgd" => (&["", ",momentum=0.9", ",momentum=0.9,nesterov"], None),
            "sign_sgd" => (&["", ",momentum=0"], None),
            "adadelta" | "adagrad" | "adamax" | "lamb" | "muon" | "nadam" | "radam" => (&[""], Some("eps")),
            "adafactor" => (&[""], Some("eps1")),
            "asgd" | "classical_momentum" | "lion" | "rprop" => (&[""], None),
            unknown => panic!("{unknown}: which options bring its buffers into play?"),
        };
        rules.extend(variants.iter().map(|variant| (format!("{name}:lr=0.01{variant}"), eps)));
    }
    rules
}

/// Where a matrix is after each of some steps from 0 with these gradients.
fn run<F: Float>(rule: &str, gradient: impl Fn(usize) -> [f64; 4]) -> Vec<[f64; 4]> {
    let rule: Box<dyn Rule<F>> = rule.parse().unwrap();
    let mut opt = Optimizer::new(rule);
    let mut p = Tensor::param(Tensor::<F>::zeros(&[2, 2]));
    let step = |step| {
        let grad: Vec<F> = gradient(step).map(F::from_f64).to_vec();
        let mut grads = Gradients::default();
        grads.set(&p, Tensor::from(grad).reshape(&[2, 2]));
        opt.step(&mut p, &grads);
        std::array::from_fn(|i| p.to_vec()[i].as_f64())
    };
    (0..STEPS).map(step).collect()
}

/// The weight with which a new square enters the mean of squares, and the size of a gradient next to which ε is nothing.
fn squares(rule: &str, eps: f64) -> Option<(f64, f64)> {
    match rule.split(':').next().unwrap() {
        "adam" | "adamw" | "nadam" | "radam" | "lamb" => Some((1e-3, eps)),
        "rmsprop" => Some((1e-2, eps)),
        "adagrad" | "adafactor" => Some((0.05, eps)),
        "adadelta" => Some((0.1, eps.sqrt())),
        _ => None,
    }
}

/// Whether `f32` has numbers for the state of `rule`, or what it lacks cannot be seen next to ε.
///
/// The square of a gradient below about 1e-19 has none (`f32` ends at 1.2e-38, and loses digits below): there PyTorch's
/// optimisers, and ours, divide by what is left of it.
fn is_representable(rule: &str, eps: f64, gradient: f64) -> bool {
    let Some((new, eps)) = squares(rule, eps) else { return true };
    new * gradient * gradient >= f64::from(f32::MIN_POSITIVE) || gradient <= 1e-7 * eps
}

type Course = (&'static str, fn(usize) -> f64);

const COURSES: [Course; 4] = [
    ("constant", |_| 1.0),
    ("slowly decaying", |step| 0.9_f64.powi(step as i32)),
    ("quickly decaying", |step| 0.5_f64.powi(step as i32)),
    ("alternating", |step| if step % 2 == 0 { 1.0 } else { -0.3 }),
];

#[test]
fn steps_in_f32_are_steps_in_f64() {
    let (mut compared, mut worst) = (0, 0.0_f64);
    for (rule, eps_name) in rules() {
        for (course, share) in COURSES {
            for exponent in 5..=25 {
                let size = 10.0_f64.powi(-exponent);
                let gradient = |step| [1.0, -0.5, 0.25, 0.0].map(|part| f64::from((part * size * share(step)) as f32));
                for eps in [1e-8, 1e-10, 1e-12, 1e-14, 1e-16, 1e-18, 1e-20] {
                    let rule = eps_name.map_or(rule.clone(), |name| format!("{rule},{name}={eps:e}"));
                    if !is_representable(&rule, eps, 0.25 * size) {
                        continue;
                    }
                    let (single, double) = (run::<f32>(&rule, gradient), run::<f64>(&rule, gradient));
                    // Back and forth may end near 0, so that the way is what a difference is measured by.
                    let way = |i: usize| double.iter().fold(0.0, |longest: f64, p| longest.max(p[i].abs()));
                    let longest = (0..4).map(way).fold(0.0, f64::max);
                    for i in 0..4 {
                        // Muon's steps are of the whole matrix.
                        let way = if rule.starts_with("muon") { longest } else { way(i) };
                        for (step, (a, b)) in single.iter().zip(&double).enumerate() {
                            let off = if a[i] == b[i] { 0.0 } else { (a[i] - b[i]).abs() / way };
                            worst = worst.max(off);
                            // Up to 30 steps of a few roundings of 6e-8 each.
                            assert!(
                                off < 2e-5,
                                "{rule}, {course} gradients of {size:e}, step {step}, element {i}: {a:?}, in f64 {b:?}"
                            );
                            compared += 1;
                        }
                    }
                }
            }
        }
    }
    println!("{compared} compared, worst {worst:e}");
    assert!(compared > 500_000, "{compared}");
}
