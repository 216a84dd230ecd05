//! Every loss at the extremes: targets 0 and 1, predictions that are certain, infinite, tiny or NaN; values and
//! gradients. The expected values are the exact formulas in `f64`, with `0·∞` as its limit 0; where PyTorch deviates
//! from them by clamping (`bce`), PyTorch's rule.

use downhill_tensor::{Float, Tensor, concat, grad};

use super::*;

/// Compares the value and the gradient with respect to the prediction, up to rounding; NaN equals NaN.
#[track_caller]
fn assert_same<F: Float>(what: &str, x: f64, t: f64, loss: &Tensor<F>, by_x: &Tensor<F>, expected: (f64, f64)) {
    let got = (loss.item().as_f64(), by_x.item().as_f64());
    let same = |a: f64, b: f64| {
        // Subnormal results may be rounded to 0.
        let allowed = 4.0 * F::epsilon().as_f64() * b.abs() + F::min_positive_value().as_f64();
        a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= allowed
    };
    // The expected value as `F` represents it: it may overflow to infinity or vanish.
    let range = |x: f64| F::from_f64(x).as_f64();
    assert!(
        same(got.0, range(expected.0)) && same(got.1, range(expected.1)),
        "{what} of {x:e} and {t:e} in {}: got {got:?}, expected {expected:?}",
        F::NAME
    );
}

/// A named loss of one prediction and one target.
type Pointwise<'a, F> = (&'a str, &'a dyn Fn(&Tensor<F>, &Tensor<F>) -> Tensor<F>);

/// Checks that every loss equals the formula for `(value, derivative)` at every pair, and that none hides a NaN.
fn sweep<F: Float>(losses: &[Pointwise<'_, F>], xs: &[f64], ts: &[f64], formula: impl Fn(f64, f64) -> (f64, f64)) {
    for (name, loss) in losses {
        // Every prediction with every target, rounded to `F` first, so that the formula sees the same arguments.
        for &x in xs {
            for &t in ts {
                let (x, t) = (F::from_f64(x), F::from_f64(t));
                let (prediction, target) = (Tensor::param([x]), Tensor::from([t]));
                let y = loss(&prediction, &target);
                let [by_x] = grad(&y, [&prediction]);
                assert_same(name, x.as_f64(), t.as_f64(), &y, &by_x, formula(x.as_f64(), t.as_f64()));
            }
        }
        // NaN in the prediction or the target must reach the value, and NaN in the prediction the gradient.
        for (x, t) in [(f64::NAN, 0.0), (f64::NAN, 1.0), (0.5, f64::NAN)] {
            let (prediction, target) = (Tensor::param([F::from_f64(x)]), Tensor::from([F::from_f64(t)]));
            let y = loss(&prediction, &target);
            assert!(y.item().is_nan(), "{name} of {x} and {t} in {} hides a NaN: {y}", F::NAME);
            let [by_x] = grad(&y, [&prediction]);
            // (The gradient of `kl_div` is -t, whatever the prediction.)
            assert!(!x.is_nan() || by_x.item().is_nan() || *name == "kl_div", "{name}: {by_x}");
        }
    }
}

/// Runs a check in both element types.
macro_rules! in_both {
    ($check:ident) => {
        $check::<f32>();
        $check::<f64>();
    };
}

mod margins;

const INF: f64 = f64::INFINITY;
/// Far from 0, moderate, and so close to 0 that squares underflow.
const LINE: [f64; 11] = [-INF, -1e30, -1000.0, -1.0, -1e-30, 0.0, 1e-30, 1.0, 1000.0, 1e30, INF];
const SIDES: [f64; 3] = [0.0, 0.5, 1.0];

#[test]
fn bce_clamps_its_logarithms_and_its_gradient() {
    fn check<F: Float>() {
        let weighted = Bce { weight: Some(Tensor::ones(&[1])), ..Bce::default() };
        // Certain, tiny, and on both sides of the clamps of the logarithm (in f64) and of the gradient.
        let ps = [0.0, F::min_positive_value().as_f64(), 1e-30, 1e-13, 0.5, 1.0 - F::epsilon().as_f64(), 1.0];
        sweep::<F>(&[("bce", &|p, t| bce(p, t)), ("bce", &|p, t| weighted.loss(p, t))], &ps, &SIDES, |p, t| {
            let cut = |x: f64| x.max(-100.0);
            let value = -(t * cut(p.ln()) + (1.0 - t) * cut((-p).ln_1p()));
            (value, (p - t) / (p * (1.0 - p)).max(1e-12))
        });
    }
    in_both!(check);
}

#[test]
fn bce_with_logits_at_certainty() {
    fn check<F: Float>() {
        let ones = || Some(Tensor::ones(&[1]));
        let weighted = BceWithLogits { weight: ones(), ..BceWithLogits::default() };
        let positive = BceWithLogits { pos_weight: ones(), ..BceWithLogits::default() };
        let name = "bce_with_logits";
        let losses: [Pointwise<'_, F>; 3] = [
            (name, &|x, t| bce_with_logits(x, t)),
            (name, &|x, t| weighted.loss(x, t)),
            (name, &|x, t| positive.loss(x, t)),
        ];
        sweep::<F>(&losses, &LINE, &SIDES, |x, t| {
            let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
            // A target of probability 0 costs nothing, even if the prediction is infinite.
            let part = |p: f64, cost: f64| if p == 0.0 { 0.0 } else { p * cost };
            (part(1.0 - t, softplus(x)) + part(t, softplus(-x)), 1.0 / (1.0 + (-x).exp()) - t)
        });
    }
    in_both!(check);
}

#[test]
fn kl_div_of_impossible_events() {
    fn check<F: Float>() {
        let xs = [-INF, -1e30, -1000.0, -1.0, -1e-30, 0.0];
        sweep::<F>(&[("kl_div", &|x, t| kl_div(x, t))], &xs, &[0.0, 1e-30, 0.5, 1.0], |x, t| {
            (if t == 0.0 { 0.0 } else { t * (t.ln() - x) }, -t)
        });
        // Targets as logarithms: -inf is probability 0.
        let logarithms = KlDiv { log_target: true, ..KlDiv::default() };
        let of_logarithm = |x: f64, t: f64| match (x, t) {
            (_, t) if t == -INF => 0.0,
            // A positive probability times infinity, even if `e^t` underflows.
            (x, _) if x == -INF => INF,
            _ => t.exp() * (t - x),
        };
        let ts = [-INF, -1000.0, 0.5_f64.ln(), -1e-30, 0.0];
        sweep::<F>(&[("kl_div", &|x, t| logarithms.loss(x, t))], &xs, &ts, |x, t| (of_logarithm(x, t), -t.exp()));
        // With respect to the target: eᵗ·(t - x + 1), with the limit 0 at probability 0.
        sweep::<F>(&[("kl_div by its target", &|t, x| logarithms.loss(x, t))], &ts, &xs, |t, x| {
            (of_logarithm(x, t), of_logarithm(x, t) + t.exp())
        });
    }
    in_both!(check);
}

#[test]
fn errors_of_any_size() {
    fn check<F: Float>() {
        // Squares that overflow in `F` must be infinite, not wrong; the error itself is rounded to `F` first.
        let square = |x: f64| F::from_f64(x).as_f64() * x;
        sweep::<F>(&[("mse", &|x, t| mse(x, t))], &LINE, &SIDES, |x, t| {
            let e = (F::from_f64(x) - F::from_f64(t)).as_f64();
            (square(e), 2.0 * e)
        });
        let error = |x: f64, t: f64| (F::from_f64(x) - F::from_f64(t)).as_f64();
        sweep::<F>(&[("l1", &|x, t| l1(x, t))], &LINE, &SIDES, |x, t| {
            let e = error(x, t);
            (e.abs(), if e == 0.0 { 0.0 } else { e.signum() })
        });
        // The bend from far below the errors to far above them.
        for bend in [1e-30, 1.0, 2.0, 1e30] {
            let options = Huber { delta: bend, ..Huber::default() };
            let bend = F::from_f64(bend).as_f64();
            sweep::<F>(&[("huber", &|x, t| options.loss(x, t))], &LINE, &SIDES, |x, t| {
                let e = error(x, t);
                let value = if e.abs() <= bend { e * e / 2.0 } else { bend * (e.abs() - bend / 2.0) };
                (value, e.clamp(-bend, bend))
            });
            let options = SmoothL1 { beta: bend, ..SmoothL1::default() };
            sweep::<F>(&[("smooth_l1", &|x, t| options.loss(x, t))], &LINE, &SIDES, |x, t| {
                let e = error(x, t);
                let value = if e.abs() < bend { e * e / (2.0 * bend) } else { e.abs() - bend / 2.0 };
                (value, (e / bend).clamp(-1.0, 1.0))
            });
        }
    }
    in_both!(check);
}

/// Two classes with logits 0 and `x`: the probability of the second is `σ(x)`. At +inf softmax is NaN, as in PyTorch.
#[test]
fn cross_entropy_at_certainty() {
    fn check<F: Float>() {
        let row = |x: &Tensor<F>| concat(&[Tensor::zeros(&[1, 1]), x.reshape(&[1, 1])], 1);
        let q = |t: &Tensor<F>| {
            let t = t.item().as_f64();
            Tensor::from([[1.0 - t, t].map(F::from_f64)])
        };
        let label = |t: &Tensor<F>| [t.item().as_f64() as usize];
        let ones = || Some(Tensor::ones(&[2]));
        let weighted = CrossEntropy { weight: ones(), ..CrossEntropy::default() };
        let summed = CrossEntropy { reduction: Reduction::Sum, ..CrossEntropy::default() };
        let nll_weighted = NllLoss { weight: ones(), ..NllLoss::default() };
        let name = "cross_entropy";
        // All the ways to say the same loss: by probabilities and by labels, with weights 1, summed, and as `nll_loss`.
        let by_probability: [Pointwise<'_, F>; 2] =
            [(name, &|x, t| cross_entropy(&row(x), &q(t))), (name, &|x, t| weighted.loss(&row(x), &q(t)))];
        let by_label: [Pointwise<'_, F>; 5] = [
            (name, &|x, t| cross_entropy(&row(x), &label(t))),
            (name, &|x, t| weighted.loss(&row(x), &label(t))),
            (name, &|x, t| summed.loss(&row(x), &label(t))),
            ("nll_loss", &|x, t| nll_loss(&row(x).log_softmax(1), &label(t))),
            ("nll_loss", &|x, t| nll_weighted.loss(&row(x).log_softmax(1), &label(t))),
        ];
        // The binary cross-entropy of σ(x) and t.
        let formula = |x: f64, t: f64| {
            let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
            let part = |p: f64, cost: f64| if p == 0.0 { 0.0 } else { p * cost };
            let value = part(1.0 - t, softplus(x)) + part(t, softplus(-x));
            if x == INF { (f64::NAN, f64::NAN) } else { (value, 1.0 / (1.0 + (-x).exp()) - t) }
        };
        let xs = [-INF, -1e30, -1000.0, -1.0, 0.0, 1.0, 1000.0, 1e30, INF];
        for (name, loss) in by_probability.iter().chain(&by_label) {
            for &x in &xs {
                for t in [0.0, 1.0] {
                    let prediction = Tensor::param([F::from_f64(x)]);
                    let y = loss(&prediction, &Tensor::from([F::from_f64(t)]));
                    let [by_x] = grad(&y, [&prediction]);
                    assert_same(name, x, t, &y, &by_x, formula(x, t));
                }
            }
            let prediction = Tensor::param([F::nan()]);
            let y = loss(&prediction, &Tensor::from([F::zero()]));
            assert!(y.item().is_nan() && grad(&y, [&prediction])[0].item().is_nan(), "{name} hides a NaN");
        }
    }
    in_both!(check);
}

/// Weight 0 costs nothing, even if the prediction says impossible; a NaN propagates all the same.
#[test]
fn weights_of_zero() {
    fn check<F: Float>() {
        let number = F::from_f64;
        // The middle class has weight 0: impossible in one prediction, NaN in the other.
        let impossible = Tensor::param([[0.0, -INF, 0.0], [-1.0, -INF, 0.0]].map(|row| row.map(number)));
        let broken = Tensor::param([[0.0, f64::NAN, 0.0], [-1.0, 0.0, 0.0]].map(|row| row.map(number)));
        let weight = || Some(Tensor::from([1.0, 0.0, 1.0].map(number)));
        let smooth =
            |label_smoothing: f64| CrossEntropy { weight: weight(), label_smoothing, ..CrossEntropy::default() };
        let q = Tensor::from([[0.25, 0.75, 0.0], [0.5, 0.0, 0.5]].map(|row| row.map(number)));
        let nll = NllLoss { weight: weight(), ..NllLoss::default() };
        let each = NllLoss { reduction: Reduction::None, ..nll.clone() };
        let labels: &[usize; 2] = &[1, 0];
        // ln softmax(0, -inf, 0) = -ln 2, ln softmax(-1, -inf, 0) = (-1 - c, -c) with c = ln(1 + 1/e).
        let (ln2, c) = (std::f64::consts::LN_2, (-1.0_f64).exp().ln_1p());
        type Loss<'a, F> = &'a dyn Fn(&Tensor<F>) -> Tensor<F>;
        let cases: [(&str, Loss<'_, F>, f64); 7] = [
            ("labels", &|x| smooth(0.0).loss(x, labels), 1.0 + c),
            ("smoothed labels", &|x| smooth(0.3).loss(x, labels), 0.7 * (1.0 + c) + 0.1 * (2.0 * ln2 + 1.0 + 2.0 * c)),
            ("all smoothed", &|x| smooth(1.0).loss(x, labels), (2.0 * ln2 + 1.0 + 2.0 * c) / 3.0),
            ("probabilities", &|x| smooth(0.0).loss(x, &q), (0.25 * ln2 + 0.5 * (1.0 + c) + 0.5 * c) / 2.0),
            ("smoothed", &|x| smooth(1.0).loss(x, &q), (2.0 * ln2 + 1.0 + 2.0 * c) / 6.0),
            ("nll_loss", &|x| nll.loss(&x.log_softmax(1), labels), 1.0 + c),
            ("nll_loss of each", &|x| each.loss(&x.log_softmax(1), labels).sum(), 1.0 + c),
        ];
        for (name, loss, expected) in cases {
            // The loss of the other classes, and a finite gradient that is 0 for the impossible class.
            let y = loss(&impossible);
            assert!((y.item().as_f64() - expected).abs() <= 4.0 * F::epsilon().as_f64(), "{name}: {y}, not {expected}");
            let [slope] = grad(&y, [&impossible]);
            assert!(slope.all_finite(), "{name} in {}: {slope}", F::NAME);
            let slope = slope.to_vec();
            assert!([1, 4].map(|i| slope[i]) == [F::zero(); 2], "{name}: {slope:?}");
            assert!(loss(&broken).item().is_nan(), "{name} hides a NaN");
        }
        // The same for elementwise weights.
        let x = Tensor::param([INF, 1.0].map(number));
        let weight = Some(Tensor::from([0.0, 2.0].map(number)));
        for pos_weight in [None, Some(Tensor::ones(&[2]))] {
            let options = BceWithLogits { weight: weight.clone(), pos_weight, reduction: Reduction::Sum };
            let y = options.loss(&x, &Tensor::zeros(&[2]));
            let expected = 2.0 * (1.0 + (-1.0_f64).exp().ln_1p());
            assert!((y.item().as_f64() - expected).abs() <= 4.0 * F::epsilon().as_f64(), "{y}");
            let slope = y.backward()[&x].to_vec();
            let sigma = number(2.0 / (1.0 + (-1.0_f64).exp()));
            assert!(slope[0] == F::zero() && (slope[1] - sigma).abs() <= F::epsilon() + F::epsilon(), "{slope:?}");
        }
        let options = BceWithLogits { pos_weight: Some(Tensor::zeros(&[2])), ..BceWithLogits::default() };
        let y = options.loss(&Tensor::from([-INF, 0.0].map(number)), &Tensor::ones(&[2]));
        assert_eq!(y.item(), F::zero());
    }
    in_both!(check);
}
