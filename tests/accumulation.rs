//! Sums of ten million terms in `f32`. With naive summation, a sum of ones stops at 16,777,216, and a sum of tenths is
//! 9 % off; every operation, loss and derivative that sums must stay within `BOUND` of the exact sum.
//!
//! `cumsum`, `scatter_add` and the derivatives of `gather` and `index_select` are tested in their own files.

use downhill::nn::*;
use downhill::{Tensor, concat, grad, keep};

const COUNT: usize = 10_000_000;

/// Relative to a sum of positive terms: 8 rounding errors of `f32`. In a tree over `n` terms, with blocks of 128
/// elements and 16 accumulators, there are at most 8 + log₂(n / 128) ≈ 25 consecutive roundings, which partly cancel.
const BOUND: f64 = 8.0 * f32::EPSILON as f64 / 2.0;

/// For matrix products, whose blocks of 4096 terms use only a few accumulators: 32 rounding errors, of at most 410
/// consecutive roundings.
const PRODUCT_BOUND: f64 = 4.0 * BOUND;

/// Values that are not exact in binary.
fn term(i: usize) -> f32 {
    0.1 + 0.37 * (i % 7) as f32
}

fn terms() -> Tensor<f32> {
    Tensor::from((0..COUNT).map(term).collect::<Vec<f32>>())
}

/// The sum of `f` over all terms, in `f64`: `COUNT / 7` times that of the first seven.
fn exact(f: impl Fn(f64) -> f64) -> f64 {
    let each: Vec<f64> = (0..7).map(|i| f(f64::from(term(i)))).collect();
    let rounds: f64 = each.iter().sum::<f64>() * (COUNT / 7) as f64;
    rounds + each[..COUNT % 7].iter().sum::<f64>()
}

#[track_caller]
fn close(what: &str, found: f32, expected: f64) {
    within(BOUND, what, found, expected);
}

#[track_caller]
fn within(bound: f64, what: &str, found: f32, expected: f64) {
    let error = (f64::from(found) - expected).abs() / expected.abs();
    assert!(error <= bound, "{what}: {found} is {error:e} away from {expected}, allowed {bound:e}");
}

#[test]
fn reductions() {
    let x = terms();
    let n = COUNT as f64;
    let mean = exact(|x| x) / n;
    let variance = exact(|x| (x - mean) * (x - mean)) / (n - 1.0);
    close("sum", x.sum().item(), exact(|x| x));
    close("mean", x.mean().item(), mean);
    close("var", x.var().item(), variance);
    close("std", x.std().item(), variance.sqrt());
    close("norm of order 1", x.norm(1.0).item(), exact(|x| x));
    close("norm of order 2", x.norm(2.0).item(), exact(|x| x * x).sqrt());
    close("norm of order 3", x.norm(3.0).item(), exact(|x| x.powi(3)).cbrt());
    close("logsumexp", x.logsumexp().item(), exact(f64::exp).ln());
    close("softmax", x.softmax(0).narrow(0, 0, 1).to_vec()[0], f64::from(term(0)).exp() / exact(f64::exp));
    // Columns, and rows of ten.
    close("sum over rows", x.reshape(&[COUNT, 1]).sum_axis(0).to_vec()[0], exact(|x| x));
    let tenth: f32 = x.reshape(&[COUNT / 10, 10]).mean_axis(keep(0)).mean().item();
    close("mean of means", tenth, mean);
}

#[test]
fn products() {
    let x = terms();
    let (row, column) = (x.reshape(&[1, COUNT]), x.reshape(&[COUNT, 1]));
    within(PRODUCT_BOUND, "vector · vector", x.matmul(&x).item(), exact(|x| x * x));
    within(PRODUCT_BOUND, "row · column", row.matmul(&column).to_vec()[0], exact(|x| x * x));
    let pairs = x.reshape(&[COUNT / 2, 2]);
    let gram = pairs.t().matmul(&pairs);
    within(PRODUCT_BOUND, "the trace of a Gram matrix", gram.to_vec()[0] + gram.to_vec()[3], exact(|x| x * x));
}

/// Parameters that every row of a batch contributes to.
#[test]
fn derivatives_of_what_is_broadcast() {
    let x = terms();
    let scalar = Tensor::<f32>::param(2.0);
    let [dy] = grad(&(&x * &scalar).sum(), [&scalar]);
    close("a scalar", dy.item(), exact(|x| x));
    let (weight, bias) = (Tensor::<f32>::param([[0.5]]), Tensor::<f32>::param([0.25]));
    let batch = x.reshape(&[COUNT, 1]);
    let [dw, db] = grad(&(batch.linear(&weight, Some(&bias)) * &batch).sum(), [&weight, &bias]);
    within(PRODUCT_BOUND, "the weight of a layer", dw.to_vec()[0], exact(|x| x * x));
    close("the bias of a layer", db.to_vec()[0], exact(|x| x));
    let row = Tensor::<f32>::param([1.0, 1.0]);
    let [dy] = grad(&(x.reshape(&[COUNT / 2, 2]) * &row).sum(), [&row]);
    close("a row", dy.to_vec().iter().sum(), exact(|x| x));
}

#[test]
fn losses() {
    let (x, zero) = (terms(), Tensor::<f32>::zeros(&[COUNT]));
    let n = COUNT as f64;
    let softplus = |x: f64| x.exp().ln_1p();
    close("mse", mse(&x, &zero).item(), exact(|x| x * x) / n);
    close("l1", l1(&x, &zero).item(), exact(f64::abs) / n);
    let huber_of = |x: f64| if x < 1.0 { x * x / 2.0 } else { x - 0.5 };
    close("huber", huber(&x, &zero).item(), exact(huber_of) / n);
    close("smooth_l1", smooth_l1(&x, &zero).item(), exact(huber_of) / n);
    close("bce_with_logits", bce_with_logits(&x, &zero).item(), exact(softplus) / n);
    let p = &x * 0.25;
    close("bce", bce(&p, &zero).item(), exact(|x| -(-x * 0.25).ln_1p()) / n);
    let ones = Tensor::<f32>::ones(&[COUNT]);
    close("kl_div", -kl_div(&x, &ones).item(), exact(|x| x) / n);
    for reduction in [Reduction::Sum, Reduction::Mean] {
        let count = if reduction == Reduction::Sum { 1.0 } else { n };
        close("mse", Mse { reduction }.loss(&x, &zero).item(), exact(|x| x * x) / count);
        close("l1", L1 { reduction }.loss(&x, &zero).item(), exact(f64::abs) / count);
    }
}

#[test]
fn losses_of_margins() {
    let (x, zero, ones) = (terms(), Tensor::<f32>::zeros(&[COUNT]), Tensor::<f32>::ones(&[COUNT]));
    let n = COUNT as f64;
    let softplus = |x: f64| x.exp().ln_1p();
    close("poisson_nll", poisson_nll(&x, &zero).item(), exact(f64::exp) / n);
    close("gaussian_nll", gaussian_nll(&x, &zero, &ones).item(), exact(|x| x * x / 2.0) / n);
    close("hinge_embedding", hinge_embedding(&x, &ones).item(), exact(|x| x) / n);
    close("margin_ranking", margin_ranking(&zero, &x, &ones).item(), exact(|x| x) / n);
    close("soft_margin", soft_margin(&-&x, &ones).item(), exact(softplus) / n);
    let of_wrong = |x: f64| 0.75 * (1.0 + (-x).exp()).powi(-2) * softplus(x);
    close("focal", focal(&x, &zero).item(), exact(of_wrong) / n);
    // Two classes, of which the first is the label.
    let classes = concat(&[zero.reshape(&[COUNT, 1]), x.reshape(&[COUNT, 1])], 1);
    let labels = vec![0; COUNT];
    close("multi_class_focal", multi_class_focal(&classes, &labels).item(), exact(of_wrong) / 0.75 / n);
    // As a row: one sample with many classes.
    let row = x.reshape(&[1, COUNT]);
    close(
        "multi_label_soft_margin",
        multi_label_soft_margin(&row, &zero.reshape(&[1, COUNT])).item(),
        exact(softplus) / n,
    );
    // Class 0 is the label, with the score 0.1.
    close("multi_margin", multi_margin(&row, &[0]).item(), (exact(|x| x + 0.9) - 1.0) / n);
    close("multi_label_margin", multi_label_margin(&row, &[[0]]).item(), (exact(|x| x + 0.9) - 1.0) / n);
    // As a column: many samples. Both distances have an ε of 1e-6 in them.
    let (column, zeros) = (x.reshape(&[COUNT, 1]), zero.reshape(&[COUNT, 1]));
    let triplet = triplet_margin(&zeros, &column, &zeros).item();
    close("triplet_margin", triplet, exact(|x| x - 1e-6 + 1.0 - 1e-6) / n);
    // Blanks only: the sum of all their logarithms.
    let sequence = (-&x).reshape(&[COUNT, 1]);
    close("ctc", ctc(&sequence, &[], &[COUNT], &[0]).item(), exact(|x| x));
}

/// Logits 0 and x, and the gradient of a bias that all rows share.
#[test]
fn losses_by_labels() {
    let softplus = |x: f64| x.exp().ln_1p();
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let n = COUNT as f64;
    let row = Tensor::<f32>::from([[0.0, 1.0]]);
    let bias = Tensor::<f32>::param([0.0, 0.0]);
    let labels = vec![0; COUNT];
    let logits = terms().reshape(&[COUNT, 1]) * row + &bias;
    let loss = cross_entropy(&logits, &labels[..]);
    close("cross_entropy", loss.item(), exact(softplus) / n);
    let [db] = grad(&loss, [&bias]);
    close("a bias under cross_entropy", db.to_vec()[1], exact(sigmoid) / n);
    drop(loss);
    let sum = CrossEntropy { reduction: Reduction::Sum, ..CrossEntropy::default() };
    close("a sum of cross_entropy", sum.loss(&logits, &labels[..]).item(), exact(softplus));
    close("nll_loss", nll_loss(&logits.log_softmax(1), &labels[..]).item(), exact(softplus) / n);
}
