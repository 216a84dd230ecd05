//! The section `lbfgs` of `optimizers.json`: the value returned by every call, the point after it, and the number of
//! evaluations.

use std::cell::Cell;

use downhill::Tensor;
use downhill::optim::Optimizer;
use serde_json::Value;

use super::{Row, describe, difference, largest};
use crate::golden::{self, float, integer, list, tensor};

/// Every record, with our difference from it; the counts must equal PyTorch's.
pub fn rows() -> Vec<Row> {
    let file = golden::file("optimizers.json");
    golden::records(&file, "lbfgs", 26).iter().map(row).collect()
}

fn row(case: &Value) -> Row {
    let (objective, options) = (case["objective"].as_str().expect("a name"), &case["options"]);
    let sign = if options.get("maximize").is_some() { -1.0 } else { 1.0 };
    let names: Vec<&String> = case["start"].as_object().expect("a start").keys().collect();
    let mut params: Vec<Tensor<f64>> = names.iter().map(|name| Tensor::param(tensor(&case["start"][*name]))).collect();
    let closures = Cell::new(0);
    let loss = |params: &Vec<Tensor<f64>>| {
        closures.set(closures.get() + 1);
        let value = match objective {
            "rosenbrock" => rosenbrock(&params[0]),
            "function" => function(&params[0], &params[1]),
            other => panic!("unknown objective {other}"),
        };
        value * sign
    };
    let mut opt = Optimizer::new(super::optimizers::rule("LBFGS", options));
    let mut worst: f64 = 0.0;
    for call in list(&case["calls"]) {
        let returned = opt.step_with(&mut params, loss);
        let growth = float(&call["amplification"]).max(1.0);
        let points = names.iter().zip(&params).flat_map(|(name, param)| {
            let theirs = tensor::<f64>(&call["point"][*name]).to_vec();
            param.to_vec().into_iter().zip(theirs).map(|(ours, theirs)| difference(ours, theirs))
        });
        worst = largest([worst, largest(points) / growth, difference(returned, float(&call["returned"])) / growth]);
        let state = opt.state("*").expect("at least one step was made");
        let pairs =
            state.buffer("old_dirs").map_or(0, |pairs| pairs.len()) / params.iter().map(Tensor::len).sum::<usize>();
        let iterations = state.numbers().find(|(name, _)| *name == "n_iter").map_or(0.0, |(_, n)| n) as usize;
        let counts = [closures.get(), iterations, pairs];
        let theirs = ["closure_calls", "n_iter", "pairs"].map(|count| integer(&call[count]));
        assert_eq!(counts, theirs, "{objective} {}: closure calls, iterations, pairs", describe(options));
    }
    let (name, options, what) = ("Lbfgs".to_owned(), describe(options), objective.to_owned());
    Row { name, options, what, difference: worst, tolerance: 1e-12 }
}

fn rosenbrock(p: &Tensor<f64>) -> Tensor<f64> {
    let (x, y) = (p.narrow(0, 0, 1), p.narrow(0, 1, 1));
    ((1.0 - &x).square() + 100.0 * (y - x.square()).square()).sum()
}

/// The function in data/golden/README.md.
fn function(b_or_w: &Tensor<f64>, other: &Tensor<f64>) -> Tensor<f64> {
    // Objects list their names in alphabetical order: W, then b.
    let (w, b) = (b_or_w, other);
    let row = Tensor::from([[0.0], [1.0], [2.0]]);
    let column = Tensor::from([0.0, 1.0, 2.0, 3.0]);
    let a = (1.0 + &row + 2.0 * &column) / 4.0;
    let m = w.sum_axis(0) / 3.0;
    let waves = (a * w.square() + (3.0 * w + &row - &column).sin()) * 0.5;
    let bowl = 2.0 * (b - m.square()).square() + (1.0 - &m).square() * 0.5;
    waves.sum() + bowl.sum()
}
