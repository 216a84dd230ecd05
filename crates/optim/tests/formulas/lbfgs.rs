//! L-BFGS in plain Rust: PyTorch's algorithm without a line search reimplemented, and invariants with one.

use std::cell::Cell;

use downhill_optim::{Lbfgs, LineSearch, Optimizer};
use downhill_tensor::Tensor;

type Vector = [f64; 3];

/// A sum of four bowls; the third couples all variables.
fn value_and_gradient(x: &Vector) -> (f64, Vector) {
    let [a, b, c] = *x;
    let bend = c - 0.3 * a * b;
    let value = 0.5 * a * a + 2.0 * (b - 1.0) * (b - 1.0) + bend * bend + 0.05 * a * a * a * a;
    (value, [a - 0.6 * bend * b + 0.2 * a * a * a, 4.0 * (b - 1.0) - 0.6 * bend * a, 2.0 * bend])
}

fn tensor_value(x: &Tensor<f64>) -> Tensor<f64> {
    let [a, b, c] = [0, 1, 2].map(|i| x.narrow(0, i, 1));
    let bend = c - &a * &b * 0.3;
    (a.square() * 0.5 + (b - 1.0).square() * 2.0 + bend.square() + a.square().square() * 0.05).sum()
}

fn dot(a: &Vector, b: &Vector) -> f64 {
    (0..3).map(|i| a[i] * b[i]).sum()
}

fn add(a: &Vector, b: &Vector, t: f64) -> Vector {
    std::array::from_fn(|i| a[i] + t * b[i])
}

fn largest(a: &Vector) -> f64 {
    a.iter().fold(0.0, |largest, x| f64::max(largest, x.abs()))
}

/// PyTorch's state between calls.
#[derive(Default)]
struct Memory {
    iterations: u64,
    d: Vector,
    t: f64,
    last: Vector,
    pairs: Vec<(Vector, Vector)>,
    scale: f64,
}

/// One call without a line search: the loss before it, and the number of evaluations.
fn call(rule: &Lbfgs, x: &mut Vector, s: &mut Memory) -> (f64, u64) {
    let (mut loss, mut g) = value_and_gradient(x);
    let before = loss;
    let max_eval = rule.max_eval.unwrap_or(rule.max_iter * 5 / 4);
    let (mut evaluations, mut iteration) = (1, 0);
    if largest(&g) <= rule.tolerance_grad {
        return (before, evaluations);
    }
    while iteration < rule.max_iter {
        iteration += 1;
        s.iterations += 1;
        if s.iterations == 1 {
            (s.d, s.scale) = (g.map(|g| -g), 1.0);
        } else {
            let (y, step) = (add(&g, &s.last, -1.0), s.d.map(|d| d * s.t));
            if dot(&y, &step) > 1e-10 {
                if s.pairs.len() as u64 == rule.history_size {
                    s.pairs.remove(0);
                }
                s.scale = dot(&y, &step) / dot(&y, &y);
                s.pairs.push((y, step));
            }
            let mut q = g.map(|g| -g);
            let mut weights = Vec::new();
            for (y, step) in s.pairs.iter().rev() {
                let weight = dot(step, &q) / dot(y, step);
                q = add(&q, y, -weight);
                weights.push(weight);
            }
            let mut d = q.map(|q| q * s.scale);
            for ((y, step), weight) in s.pairs.iter().zip(weights.iter().rev()) {
                d = add(&d, step, weight - dot(y, &d) / dot(y, step));
            }
            s.d = d;
        }
        s.last = g;
        let loss_before = loss;
        let length: f64 = g.iter().map(|g| g.abs()).sum();
        s.t = if s.iterations == 1 { f64::min(1.0, 1.0 / length) * rule.lr } else { rule.lr };
        if dot(&g, &s.d) > -rule.tolerance_change {
            break;
        }
        *x = add(x, &s.d, s.t);
        if iteration != rule.max_iter {
            (loss, g) = value_and_gradient(x);
            evaluations += 1;
        }
        let small = largest(&s.d) * s.t <= rule.tolerance_change || (loss - loss_before).abs() < rule.tolerance_change;
        if evaluations >= max_eval || largest(&g) <= rule.tolerance_grad || small {
            break;
        }
    }
    (before, evaluations)
}

const START: Vector = [2.0, -1.5, 0.7];

fn rules() -> Vec<Lbfgs> {
    let mut all = Vec::new();
    for lr in [1.0, 0.3] {
        for max_iter in [20, 4, 1] {
            for max_eval in [None, Some(3), Some(7)] {
                for tolerance_grad in [1e-7, 0.5] {
                    for tolerance_change in [1e-9, 0.05] {
                        for history_size in [100, 2, 1] {
                            all.push(Lbfgs {
                                lr,
                                max_iter,
                                max_eval,
                                tolerance_grad,
                                tolerance_change,
                                history_size,
                                ..Lbfgs::default()
                            });
                        }
                    }
                }
            }
        }
    }
    all
}

#[test]
fn every_combination_of_options_follows_the_algorithm() {
    for rule in rules() {
        let (mut x, mut memory) = (START, Memory::default());
        let (mut w, mut opt) = (Tensor::param(START), Optimizer::new(rule.clone()));
        for number in 0..4 {
            let (expected, evaluations) = call(&rule, &mut x, &mut memory);
            let calls = Cell::new(0);
            let returned = opt.step_with(&mut w, |w| {
                calls.set(calls.get() + 1);
                tensor_value(w)
            });
            let what = format!("{rule:?}, call {number}");
            assert_eq!(calls.get(), evaluations, "{what}");
            assert!((returned - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{what}: {returned}, {expected}");
            let ours = w.to_vec();
            assert!((0..3).all(|i| (ours[i] - x[i]).abs() < 1e-7), "{what}: got {ours:?}, expected {x:?}");
        }
    }
}

/// Maximizing is minimizing the negated loss, bitwise identical, with a line search too.
#[test]
fn maximizing_is_minimizing_the_negated_loss() {
    for line_search in [LineSearch::None, LineSearch::StrongWolfe] {
        for rule in rules() {
            let run = |maximize: bool| {
                let mut w = Tensor::param(START);
                let mut opt = Optimizer::new(Lbfgs { maximize, line_search, ..rule.clone() });
                let sign = if maximize { -1.0 } else { 1.0 };
                let returned: Vec<f64> =
                    (0..3).map(|_| opt.step_with(&mut w, |w| tensor_value(w) * sign) * sign).collect();
                (w.to_vec(), returned)
            };
            assert_eq!(run(true), run(false), "{rule:?}");
        }
    }
}

/// With a line search, a call never increases the loss and respects the limits on evaluations and history.
#[test]
fn options_hold_with_a_line_search_too() {
    for rule in rules() {
        let rule = Lbfgs { line_search: LineSearch::StrongWolfe, ..rule };
        let (mut w, calls) = (Tensor::param(START), Cell::new(0));
        let mut opt = Optimizer::new(rule.clone());
        let mut last = f64::INFINITY;
        for _ in 0..3 {
            calls.set(0);
            let loss = opt.step_with(&mut w, |w| {
                calls.set(calls.get() + 1);
                tensor_value(w)
            });
            assert!(loss <= last, "{rule:?}: {loss} after {last}");
            last = loss;
            // A search may use all evaluations that are left, plus one.
            let most = rule.max_eval.unwrap_or(rule.max_iter * 5 / 4).max(1) + 1;
            assert!(calls.get() <= most, "{rule:?}: {} evaluations", calls.get());
            let pairs = opt.state("*").unwrap().buffer("old_dirs").map_or(0, |pairs| pairs.len() / 3);
            assert!(pairs as u64 <= rule.history_size, "{rule:?}: {pairs} pairs");
        }
    }
}
