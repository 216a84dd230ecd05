//! Every rule under every combination of its options, against the formulas of the papers and of PyTorch in plain Rust:
//! no misreading of a formula agrees under all of them.
//!
//! PyTorch's own trajectories are in `data/golden`, with every pair of Adafactor's options.

#[path = "formulas/lbfgs.rs"]
mod lbfgs;
#[path = "formulas/muon.rs"]
mod muon;

use std::collections::BTreeMap;

use downhill_optim::{Optimizer, Rule, rule_names};
use downhill_tensor::Tensor;

type Options = BTreeMap<String, f64>;

/// An option and the values to try.
type Values = (&'static str, &'static [f64]);

/// Two or more values for each option; 0 and 1 are false and true.
const OPTIONS: [(&str, &[Values]); 15] = [
    ("adadelta", &[("lr", &[1.0, 0.7]), ("rho", &[0.9, 0.6]), ("eps", &[1e-6, 0.1]), DECAY, MAXIMIZE]),
    (
        "adagrad",
        &[
            ("lr", &[0.1, 0.3]),
            ("lr_decay", &[0.0, 0.2]),
            DECAY,
            ("initial_accumulator_value", &[0.0, 0.5]),
            ("eps", &[1e-10, 0.1]),
            MAXIMIZE,
        ],
    ),
    ("adam", &[RATE, BETA1, BETA2, EPS, DECAY, ("decoupled", &[0.0, 1.0]), ("amsgrad", &[0.0, 1.0]), MAXIMIZE]),
    ("adamax", &[RATE, BETA1, BETA2, EPS, DECAY, MAXIMIZE]),
    ("adamw", &[RATE, BETA1, BETA2, EPS, DECAY, ("amsgrad", &[0.0, 1.0]), MAXIMIZE]),
    ("asgd", &[RATE, ("lambd", &[1e-4, 0.2]), ("alpha", &[0.75, 0.3]), ("t0", &[1e6, 2.0, 0.0]), DECAY, MAXIMIZE]),
    ("classical_momentum", &[RATE, ("momentum", &[0.0, 0.7]), DECAY, MAXIMIZE]),
    ("lamb", &[RATE, BETA1, BETA2, EPS, DECAY, MAXIMIZE]),
    ("lion", &[RATE, BETA1, BETA2, DECAY, MAXIMIZE]),
    (
        "nadam",
        &[RATE, BETA1, BETA2, EPS, DECAY, ("momentum_decay", &[4e-3, 0.3]), ("decoupled", &[0.0, 1.0]), MAXIMIZE],
    ),
    ("radam", &[RATE, BETA1, BETA2, EPS, DECAY, ("decoupled", &[0.0, 1.0]), MAXIMIZE]),
    (
        "rmsprop",
        &[RATE, ("alpha", &[0.99, 0.6]), EPS, DECAY, ("momentum", &[0.0, 0.7]), ("centered", &[0.0, 1.0]), MAXIMIZE],
    ),
    (
        "rprop",
        &[
            RATE,
            ("eta_minus", &[0.5, 0.3]),
            ("eta_plus", &[1.2, 1.7]),
            ("step_min", &[1e-6, 0.06]),
            ("step_max", &[50.0, 0.15]),
            MAXIMIZE,
        ],
    ),
    (
        "sgd",
        &[RATE, ("momentum", &[0.0, 0.7]), ("dampening", &[0.0, 0.3, 1.0]), DECAY, ("nesterov", &[0.0, 1.0]), MAXIMIZE],
    ),
    ("sign_sgd", &[RATE, ("momentum", &[0.0, 0.7]), DECAY, MAXIMIZE]),
];

const RATE: Values = ("lr", &[0.1, 0.35]);
const BETA1: Values = ("beta1", &[0.9, 0.6]);
const BETA2: Values = ("beta2", &[0.999, 0.7]);
const EPS: Values = ("eps", &[1e-8, 0.05]);
const DECAY: Values = ("weight_decay", &[0.0, 0.1]);
const MAXIMIZE: Values = ("maximize", &[0.0, 1.0]);

/// One part of the gradient, which changes its sign and size; the other part is the parameter itself.
const PULLS: [[f64; 3]; 8] = [
    [1.0, -0.5, 0.25],
    [0.8, 0.5, -2.0],
    [-1.5, 0.25, 0.75],
    [0.3, -3.0, 0.1],
    [2.0, 1.0, -1.0],
    [-0.2, 0.6, 0.4],
    [0.7, -0.9, -0.3],
    [-1.1, 0.2, 1.3],
];
const START: [f64; 3] = [0.5, -1.25, 2.0];

/// The state of a rule's formula: a few numbers per element, and a few for all.
#[derive(Default)]
struct Memory {
    a: [f64; 3],
    b: [f64; 3],
    c: [f64; 3],
    eta: f64,
    mu: f64,
    product: f64,
}

/// One step, `t` counted from 1.
fn step(rule: &str, o: &Options, t: f64, p: &mut [f64; 3], gradient: [f64; 3], s: &mut Memory) {
    let get = |name: &str| o.get(name).copied().unwrap_or(0.0);
    let on = |name: &str| get(name) == 1.0;
    let (lr, decay, eps) = (get("lr"), get("weight_decay"), get("eps"));
    let (b1, b2, momentum) = (get("beta1"), get("beta2"), get("momentum"));
    let up = if on("maximize") { -1.0 } else { 1.0 };
    let decoupled = on("decoupled") || ["adamw", "lamb", "lion", "sign_sgd"].contains(&rule);
    let before = *p;
    let mut direction = [0.0; 3];
    if rule == "nadam" && t == 1.0 {
        s.product = 1.0;
    }
    if rule == "asgd" && t == 1.0 {
        (s.eta, s.mu) = (lr, 1.0);
    }
    let mu_at = |t: f64| b1 * (1.0 - 0.5 * 0.96_f64.powf(t * get("momentum_decay")));
    s.product *= mu_at(t);
    for i in 0..3 {
        let mut g = up * gradient[i];
        if decoupled && rule != "lamb" {
            p[i] *= 1.0 - lr * decay;
        } else if rule != "lamb" {
            g += decay * before[i];
        }
        let mean = |m: f64, beta: f64, x: f64| beta * m + (1.0 - beta) * x;
        match rule {
            "sgd" => {
                let b = if t == 1.0 { g } else { momentum * s.a[i] + (1.0 - get("dampening")) * g };
                s.a[i] = b;
                let step = match (momentum > 0.0, on("nesterov")) {
                    (false, _) => g,
                    (true, false) => b,
                    (true, true) => g + momentum * b,
                };
                p[i] -= lr * step;
            }
            "classical_momentum" => {
                s.a[i] = momentum * s.a[i] - lr * g;
                p[i] += s.a[i];
            }
            "adagrad" => {
                s.a[i] += g * g + if t == 1.0 { get("initial_accumulator_value") } else { 0.0 };
                p[i] -= lr / (1.0 + (t - 1.0) * get("lr_decay")) * g / (s.a[i].sqrt() + eps);
            }
            "rmsprop" => {
                s.a[i] = mean(s.a[i], get("alpha"), g * g);
                s.b[i] = mean(s.b[i], get("alpha"), g);
                let square = if on("centered") { s.a[i] - s.b[i] * s.b[i] } else { s.a[i] };
                let u = g / (square.sqrt() + eps);
                s.c[i] = momentum * s.c[i] + u;
                p[i] -= lr * if momentum > 0.0 { s.c[i] } else { u };
            }
            "adam" | "adamw" => {
                s.a[i] = mean(s.a[i], b1, g);
                s.b[i] = mean(s.b[i], b2, g * g);
                s.c[i] = s.c[i].max(s.b[i]);
                let square = if on("amsgrad") { s.c[i] } else { s.b[i] };
                let (m, v) = (s.a[i] / (1.0 - b1.powf(t)), square / (1.0 - b2.powf(t)));
                p[i] -= lr * m / (v.sqrt() + eps);
            }
            "adadelta" => {
                s.a[i] = mean(s.a[i], get("rho"), g * g);
                let delta = (s.b[i] + eps).sqrt() / (s.a[i] + eps).sqrt() * g;
                s.b[i] = mean(s.b[i], get("rho"), delta * delta);
                p[i] -= lr * delta;
            }
            "adamax" => {
                s.a[i] = mean(s.a[i], b1, g);
                s.b[i] = (b2 * s.b[i]).max(g.abs() + eps);
                p[i] -= lr / (1.0 - b1.powf(t)) * s.a[i] / s.b[i];
            }
            "nadam" => {
                s.a[i] = mean(s.a[i], b1, g);
                s.b[i] = mean(s.b[i], b2, g * g);
                let (mu, next) = (mu_at(t), mu_at(t + 1.0));
                let d = (s.b[i] / (1.0 - b2.powf(t))).sqrt() + eps;
                p[i] -= lr * (1.0 - mu) / (1.0 - s.product) * g / d;
                p[i] -= lr * next / (1.0 - s.product * next) * s.a[i] / d;
            }
            "radam" => {
                s.a[i] = mean(s.a[i], b1, g);
                s.b[i] = mean(s.b[i], b2, g * g);
                let (m, left) = (s.a[i] / (1.0 - b1.powf(t)), 1.0 - b2.powf(t));
                let limit = 2.0 / (1.0 - b2) - 1.0;
                let rho = limit - 2.0 * t * b2.powf(t) / left;
                let r = ((rho - 4.0) * (rho - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * rho)).sqrt();
                p[i] -= lr * m * if rho > 5.0 { r * left.sqrt() / (s.b[i].sqrt() + eps) } else { 1.0 };
            }
            "rprop" => {
                let product = g * s.a[i];
                let d = if t == 1.0 { lr } else { s.b[i] };
                let factor = match product {
                    x if x > 0.0 => get("eta_plus"),
                    x if x < 0.0 => get("eta_minus"),
                    _ => 1.0,
                };
                s.b[i] = (d * factor).max(get("step_min")).min(get("step_max"));
                s.a[i] = if product < 0.0 { 0.0 } else { g };
                p[i] -= if s.a[i] == 0.0 { 0.0 } else { s.a[i].signum() * s.b[i] };
            }
            "asgd" => {
                p[i] = p[i] * (1.0 - get("lambd") * s.eta) - s.eta * g;
                s.a[i] = if s.mu == 1.0 { p[i] } else { s.a[i] + s.mu * (p[i] - s.a[i]) };
            }
            "lion" => {
                p[i] -= lr * mean(s.a[i], b1, g).signum();
                s.a[i] = mean(s.a[i], b2, g);
            }
            "sign_sgd" => {
                s.a[i] = mean(s.a[i], momentum, g);
                p[i] -= lr * s.a[i].signum();
            }
            "lamb" => {
                s.a[i] = mean(s.a[i], b1, g);
                s.b[i] = mean(s.b[i], b2, g * g);
                let (m, v) = (s.a[i] / (1.0 - b1.powf(t)), s.b[i] / (1.0 - b2.powf(t)));
                direction[i] = m / (v.sqrt() + eps) + decay * p[i];
            }
            other => panic!("there is no formula for {other}"),
        }
    }
    if rule == "lamb" {
        let norm = |x: &[f64; 3]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
        let ratio = norm(p) / norm(&direction);
        (0..3).for_each(|i| p[i] -= lr * ratio * direction[i]);
    }
    if rule == "asgd" {
        s.eta = lr / (1.0 + get("lambd") * lr * t).powf(get("alpha"));
        s.mu = 1.0 / (t - get("t0")).max(1.0);
    }
}

/// Every combination of values.
fn combinations(options: &[Values]) -> Vec<Options> {
    let mut all = vec![Options::new()];
    for (name, values) in options {
        let with = |option: &Options, value: f64| {
            let mut option = option.clone();
            option.insert((*name).to_owned(), value);
            option
        };
        all =
            all.iter().flat_map(|option| values.iter().map(|&value| with(option, value)).collect::<Vec<_>>()).collect();
    }
    all
}

#[test]
fn every_combination_of_options_follows_the_formula() {
    let mut tried = 0;
    for (name, options) in OPTIONS {
        let default: Box<dyn Rule<f64>> = name.parse().unwrap();
        let known: Vec<&str> = default.options().into_iter().map(|(option, _)| option).collect();
        let mut here: Vec<&str> = options.iter().map(|(option, _)| *option).collect();
        here.sort_by_key(|option| known.iter().position(|known| known == option));
        assert_eq!(here, known, "{name}: an option is not tested");
        for options in combinations(options) {
            let text = |(option, &value): (&String, &f64)| match option.as_str() {
                "maximize" | "nesterov" | "decoupled" | "amsgrad" | "centered" => format!("{option}={}", value == 1.0),
                _ => format!("{option}={value:?}"),
            };
            let text = format!("{name}:{}", options.iter().map(text).collect::<Vec<_>>().join(","));
            let opt = text.parse::<Optimizer<f64>>();
            let of = |option: &str| options.get(option).copied();
            if of("nesterov") == Some(1.0) && (of("momentum") == Some(0.0) || of("dampening") != Some(0.0)) {
                assert!(opt.is_err(), "{text}");
                continue;
            }
            let mut opt = opt.unwrap_or_else(|error| panic!("{text}: {error}"));
            let (mut w, mut p, mut memory) = (Tensor::param(START), START, Memory::default());
            for (t, pull) in PULLS.into_iter().enumerate() {
                let gradient = std::array::from_fn(|i| pull[i] + p[i]);
                step(name, &options, t as f64 + 1.0, &mut p, gradient, &mut memory);
                opt.step_with(&mut w, |w| (w * Tensor::from(pull) + w.square() * 0.5).sum());
                let ours = w.to_vec();
                for i in 0..3 {
                    // A variance of almost 0 has lost its digits on both sides.
                    let close = (ours[i] - p[i]).abs() <= 1e-11 * p[i].abs().max(1.0);
                    assert!(close || p[i].is_nan(), "{text}, step {}: got {ours:?}, expected {p:?}", t + 1);
                }
                if name == "asgd" {
                    let average = opt.state("").unwrap().buffer("ax").unwrap();
                    let close = |i: usize| (average[i] - memory.a[i]).abs() <= 1e-12 * memory.a[i].abs().max(1.0);
                    assert!((0..3).all(close), "{text}, step {}: got {average:?}, expected {:?}", t + 1, memory.a);
                }
            }
            assert!(p.iter().all(|p| p.is_finite()), "{text}: {p:?}");
            tried += 1;
        }
    }
    assert!(tried >= 1400, "{tried}");
    let others: Vec<&str> =
        rule_names().iter().copied().filter(|name| OPTIONS.iter().all(|(known, _)| known != name)).collect();
    assert_eq!(others, ["adafactor", "lbfgs", "muon"], "the latter two are in separate files");
}
