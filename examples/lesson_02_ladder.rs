//! # Lesson 2: logistic regression from scratch, four times
//!
//!     cargo run --release --example lesson_02_ladder
//!
//! The same model, written four times; each time the library takes over one more part:
//!
//! 1. by hand: arrays, and derivatives from pencil and paper,
//! 2. with tensors: the derivatives are automatic,
//! 3. with `nn`: the layer and the loss are ready-made,
//! 4. with `optim`: so is the update.
//!
//! All four give the same losses at every step, to twelve digits; `tests/ladder.rs` asserts it.
//!
//! The model gives the probability that a point `x` belongs to class 1,
//!
//! ```text
//! p = σ(x·w + b),    σ(z) = 1 / (1 + e⁻ᶻ),
//! ```
//!
//! and its loss is the mean log-loss, the average surprise at the true classes `y` (0 or 1):
//!
//! ```text
//! L = -mean( y·ln p + (1 - y)·ln(1 - p) ).
//! ```
//!
//! Expected output:
//!
//! ```text
//! 400 points, 220 of class 1
//!
//! epoch   by hand             tensors             nn                  nn and optim
//!     0   0.693147180559945   0.693147180559945   0.693147180559945   0.693147180559945
//!     1   0.613946139956476   0.613946139956476   0.613946139956476   0.613946139956476
//!     2   0.558124236677205   0.558124236677205   0.558124236677205   0.558124236677205
//!    10   0.405944613877162   0.405944613877162   0.405944613877162   0.405944613877162
//!   100   0.345758015640527   0.345758015640527   0.345758015640527   0.345758015640527
//!   499   0.345485602600181   0.345485602600181   0.345485602600181   0.345485602600181
//!
//! largest difference between two of them: below 1e-12
//!
//! the points were drawn with  w = (2, -1)          b = 0.5
//! the models have learned     w = (2.121, -1.142)  b = 0.536
//! ```

use downhill::prelude::*;
use ndarray::{Array1, Array2};
use rand::RngExt;

fn main() {
    let (x, y) = sample();
    println!("{} points, {} of class 1\n", x.nrows(), y.sum());

    let (tx, ty) = (Tensor::from(&x), Tensor::from(&y));
    let fits = [by_hand(&x, &y), with_tensors(tx.clone(), ty.clone()), with_nn(&tx, &ty), with_nn_and_optim(&tx, &ty)];

    println!("epoch   by hand             tensors             nn                  nn and optim");
    for epoch in [0, 1, 2, 10, 100, 499] {
        let losses = fits.each_ref().map(|fit| format!("{:<18.15}", fit.losses[epoch]));
        println!("{epoch:>5}   {}", losses.join("  ").trim_end());
    }

    println!(
        "\nlargest difference between two of them: {}",
        if spread(&fits) < 1e-12 { "below 1e-12" } else { "too large" }
    );

    let Fit { weight: [w0, w1], bias, .. } = &fits[3];
    println!("\nthe points were drawn with  w = (2, -1)          b = 0.5");
    println!("the models have learned     w = ({w0:.3}, {w1:.3})  b = {bias:.3}");
}

/// The result of a run.
pub(crate) struct Fit {
    /// Before every update.
    pub(crate) losses: Vec<f64>,
    /// After the last.
    pub(crate) weight: [f64; 2],
    /// After the last.
    pub(crate) bias: f64,
}

/// Points in the square [-2, 2]², `[400, 2]`, whose classes, `[400, 1]`, are 1 with probability `σ(2·x₀ - x₁ + 0.5)`.
/// No line separates them perfectly.
pub(crate) fn sample() -> (Array2<f64>, Array2<f64>) {
    let mut rng = downhill::rng(2);
    let x = Array2::from_shape_simple_fn((400, 2), || rng.random_range(-2.0..2.0));
    let y = Array2::from_shape_fn((400, 1), |(i, _)| {
        let logit: f64 = 2.0 * x[[i, 0]] - x[[i, 1]] + 0.5;
        f64::from(rng.random::<f64>() < 1.0 / (1.0 + (-logit).exp()))
    });
    (x, y)
}

/// Rung 1: `ndarray`, pencil and paper. With `σ' = σ·(1 - σ)` the derivatives of the loss are short:
///
/// ```text
/// ∂L/∂w = xᵀ·(p - y) / n,    ∂L/∂b = Σ (p - y) / n.
/// ```
pub(crate) fn by_hand(x: &Array2<f64>, y: &Array2<f64>) -> Fit {
    let n = x.nrows() as f64;
    let mut w = Array2::<f64>::zeros((2, 1));
    let mut b = 0.0;
    let mut losses = Vec::new();
    for _ in 0..500 {
        let p = (x.dot(&w) + b).mapv(|z| 1.0 / (1.0 + (-z).exp()));
        losses.push(-(y * p.ln() + (1.0 - y) * (1.0 - &p).ln()).sum() / n);
        let error = (p - y) / n;
        w -= &(0.5 * x.t().dot(&error));
        b -= 0.5 * error.sum();
    }
    Fit { losses, weight: [w[[0, 0]], w[[1, 0]]], bias: b }
}

/// Rung 2: tensors. The loss is written like the formula above; `backward` returns its derivatives.
pub(crate) fn with_tensors(x: Tensor<f64>, y: Tensor<f64>) -> Fit {
    let mut losses = Vec::new();

    let mut w = Tensor::param(Array2::<f64>::zeros((2, 1)));
    let mut b = Tensor::param(Array1::<f64>::zeros(1));
    for _epoch in 0..500 {
        let p = (x.matmul(&w) + &b).sigmoid();
        let loss = -(&y * p.ln() + (1.0 - &y) * (1.0 - &p).ln()).mean();
        losses.push(loss.item());
        let grads = loss.backward();
        w.assign(&w - 0.5 * &grads[&w]);
        b.assign(&b - 0.5 * &grads[&b]);
    }

    Fit { losses, weight: [w.to_vec()[0], w.to_vec()[1]], bias: b.item() }
}

/// Rung 3: a layer holds weight `[out, in]` and bias, and the loss takes the logits `x·w + b`: in that form it stays
/// finite where the formula's `ln(1 - σ(50))` does not. The update visits every parameter of the model.
pub(crate) fn with_nn(x: &Tensor<f64>, y: &Tensor<f64>) -> Fit {
    let mut losses = Vec::new();
    let mut model = layer_of_zeros();
    for _ in 0..500 {
        let loss = bce_with_logits(&model.forward(x), y);
        losses.push(loss.item());
        let grads = loss.backward();
        for (_, mut param) in model.params_mut() {
            param.assign(&*param - 0.5 * &grads[&*param]);
        }
    }
    finish(losses, &model)
}

/// Rung 4: the update is ready-made, too. What remains is the choice of model, loss and rule.
pub(crate) fn with_nn_and_optim(x: &Tensor<f64>, y: &Tensor<f64>) -> Fit {
    let mut losses = Vec::new();
    let mut model = layer_of_zeros();
    let mut opt = Optimizer::new(Sgd { lr: 0.5, ..Sgd::default() });
    for _ in 0..500 {
        let loss = bce_with_logits(&model.forward(x), y);
        losses.push(loss.item());
        opt.step(&mut model, &loss.backward());
    }
    finish(losses, &model)
}

/// `Linear::new` would initialize randomly; here all four runs start at zero.
fn layer_of_zeros() -> Linear<f64> {
    Linear { weight: Tensor::param([[0.0, 0.0]]), bias: Some(Tensor::param([0.0])) }
}

fn finish(losses: Vec<f64>, model: &Linear<f64>) -> Fit {
    let weight = model.weight.to_vec();
    let bias = model.bias.as_ref().map_or(0.0, Tensor::item);
    Fit { losses, weight: [weight[0], weight[1]], bias }
}

/// The largest difference between the losses or final parameters of any run and the first.
pub(crate) fn spread(fits: &[Fit]) -> f64 {
    let numbers = |fit: &Fit| [&fit.losses[..], &fit.weight, &[fit.bias]].concat();
    let reference = numbers(&fits[0]);
    let differences = fits
        .iter()
        .flat_map(|fit| numbers(fit).into_iter().zip(&reference).map(|(a, b)| (a - b).abs()).collect::<Vec<_>>());
    differences.fold(0.0, f64::max)
}
