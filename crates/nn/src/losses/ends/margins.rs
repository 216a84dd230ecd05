//! The losses of counts, margins and distances; where a label is ±1 or a class, at both of them.

use super::*;

/// Like [`sweep`], for losses whose labels are not floats. Those that are piecewise linear have finite gradients at NaN.
fn along<F: Float>(
    name: &str,
    xs: &[f64],
    loss: impl Fn(&Tensor<F>) -> Tensor<F>,
    formula: impl Fn(f64) -> (f64, f64),
) {
    for &x in xs {
        let x = F::from_f64(x);
        let prediction = Tensor::param([x]);
        let y = loss(&prediction);
        let [by_x] = grad(&y, [&prediction]);
        assert_same(name, x.as_f64(), f64::NAN, &y, &by_x, formula(x.as_f64()));
    }
    let y = loss(&Tensor::param([F::nan()]));
    assert!(y.item().is_nan(), "{name} in {} hides a NaN: {y}", F::NAME);
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn sigma(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn poisson_nll_of_impossible_counts() {
    fn check<F: Float>() {
        let name = "poisson_nll";
        // A rate of 0 costs nothing where the count is 0; a rate outgrows its logarithm.
        sweep::<F>(&[(name, &|x, t| poisson_nll(x, t))], &LINE, &SIDES, |x, t| {
            let value = match (x, t) {
                (x, _) if F::from_f64(x.exp()).is_infinite() => INF,
                (_, 0.0) => x.exp(),
                _ => x.exp() - t * x,
            };
            (value, x.exp() - t)
        });
        let of_rate = PoissonNll { log_input: false, ..PoissonNll::default() };
        let rates = [0.0, 1e-30, 2.0, 1000.0, 1e30, INF];
        sweep::<F>(&[(name, &|x, t| of_rate.loss(x, t))], &rates, &SIDES, |x, t| {
            let rate = x + F::from_f64(1e-8).as_f64();
            (if x == INF { INF } else { x - t * rate.ln() }, 1.0 - t / rate)
        });
    }
    in_both!(check);
}

#[test]
fn soft_margin_at_certainty() {
    fn check<F: Float>() {
        let losses: [Pointwise<'_, F>; 1] = [("soft_margin", &|x, t| soft_margin(x, t))];
        sweep::<F>(&losses, &LINE, &[-1.0, 1.0], |x, t| (softplus(-t * x), -t * sigma(-t * x)));
    }
    in_both!(check);
}

#[test]
fn multi_label_soft_margin_at_certainty() {
    fn check<F: Float>() {
        let losses: [Pointwise<'_, F>; 1] = [("multi_label_soft_margin", &|x, t| multi_label_soft_margin(x, t))];
        sweep::<F>(&losses, &LINE, &SIDES, |x, t| {
            let part = |p: f64, cost: f64| if p == 0.0 { 0.0 } else { p * cost };
            (part(1.0 - t, softplus(x)) + part(t, softplus(-x)), sigma(x) - t)
        });
    }
    in_both!(check);
}

#[test]
fn focal_at_certainty() {
    fn check<F: Float>() {
        for (label, alpha) in [(0.0, None), (1.0, None), (0.0, Some(0.25)), (1.0, Some(0.25))] {
            let options = Focal { alpha, ..Focal::default() };
            let weight = alpha.map_or(1.0, |alpha| if label == 1.0 { alpha } else { 1.0 - alpha });
            let sign = 1.0 - 2.0 * label;
            let loss = |x: &Tensor<F>| options.loss(x, &Tensor::from([F::from_f64(label)]));
            along("focal", &LINE, loss, |x| {
                let z = sign * x;
                let rest = if z == INF { 0.0 } else { sigma(-z) * softplus(z) };
                let scale = weight * sigma(z).powi(2);
                let value = if z == -INF { 0.0 } else { scale * softplus(z) };
                (value, sign * scale * (sigma(z) + 2.0 * rest))
            });
        }
        // The label's weight is 0: even the impossible costs nothing.
        let free = Focal { alpha: Some(1.0), ..Focal::default() };
        let loss = |x: &Tensor<F>| free.loss(x, &Tensor::zeros(&[1]));
        let prediction = Tensor::param([F::infinity()]);
        assert_eq!(loss(&prediction).item(), F::zero());
        assert_eq!(loss(&prediction).backward()[&prediction].item(), F::zero());
    }
    in_both!(check);
}

/// Two classes with logits 0 and `x`, as one logit `x`; +inf for the wrong class costs infinity, and has no gradient.
#[test]
fn multi_class_focal_at_certainty() {
    fn check<F: Float>() {
        let row = |x: &Tensor<F>| concat(&[Tensor::zeros(&[1, 1]), x.reshape(&[1, 1])], 1);
        for gamma in [0.0, 0.5, 2.0] {
            for label in [0, 1] {
                let weight = Some(Tensor::from([F::from_f64(0.5), F::one()]));
                let reduction = Reduction::Sum;
                let options = MultiClassFocal { weight, gamma, reduction, ..MultiClassFocal::default() };
                let (sign, weight) = [(1.0, 0.5), (-1.0, 1.0)][label];
                let loss = |x: &Tensor<F>| options.loss(&row(x), &[label]);
                along("multi_class_focal", &LINE, loss, |x| {
                    let z = sign * x;
                    let rest = if z == INF { 0.0 } else { sigma(-z) * softplus(z) };
                    let scale = weight * sigma(z).powf(gamma);
                    let value = if z == -INF { 0.0 } else { scale * softplus(z) };
                    let slope = sign * scale * if gamma == 0.0 { sigma(z) } else { sigma(z) + gamma * rest };
                    (value, if sign * x == INF && sign == 1.0 { f64::NAN } else { slope })
                });
            }
        }
        // The label's weight is 0: even the impossible costs nothing.
        let free = MultiClassFocal {
            weight: Some(Tensor::from([F::zero(), F::one()])),
            reduction: Reduction::Sum,
            ..MultiClassFocal::default()
        };
        let prediction = Tensor::param([[F::neg_infinity(), F::zero()]]);
        let loss = free.loss(&prediction, &[0]);
        assert_eq!(loss.item(), F::zero());
        assert_eq!(loss.backward()[&prediction], Tensor::zeros(&[1, 2]));
    }
    in_both!(check);
}

#[test]
fn gaussian_nll_of_any_error() {
    fn check<F: Float>() {
        let one = Tensor::ones(&[1]);
        sweep::<F>(&[("gaussian_nll", &|x, t| gaussian_nll(x, t, &one))], &LINE, &SIDES, |x, t| {
            let e = (F::from_f64(x) - F::from_f64(t)).as_f64();
            (e * e / 2.0, e)
        });
    }
    in_both!(check);
}

/// The hinge `max(0, 1 + s·x)` with the derivative 0 at its kink, in all its forms.
#[test]
fn hinges_of_any_length() {
    fn check<F: Float>() {
        let hinge = |s: f64, x: f64| if 1.0 + s * x > 0.0 { (1.0 + s * x, s) } else { (0.0, 0.0) };
        let half = |(value, slope): (f64, f64)| (value / 2.0, slope / 2.0);
        let one = |sign: f64| Tensor::from([F::from_f64(sign)]);
        let zero = Tensor::<F>::zeros(&[1]);
        along("hinge_embedding", &LINE, |x| hinge_embedding(x, &one(1.0)), |x| (x, 1.0));
        along("hinge_embedding", &LINE, |x| hinge_embedding(x, &one(-1.0)), |x| hinge(-1.0, x));
        let ranking = MarginRanking { margin: 1.0, ..MarginRanking::default() };
        along("margin_ranking", &LINE, |x| ranking.loss(x, &zero, &one(1.0)), |x| hinge(-1.0, x));
        along("margin_ranking", &LINE, |x| ranking.loss(x, &zero, &one(-1.0)), |x| hinge(1.0, x));
        along("margin_ranking", &LINE, |x| ranking.loss(&zero, x, &one(1.0)), |x| hinge(1.0, x));
        // Two classes with scores 0 and `x`; the mean is over both.
        let row = |x: &Tensor<F>| concat(&[Tensor::zeros(&[1, 1]), x.reshape(&[1, 1])], 1);
        along("multi_margin", &LINE, |x| multi_margin(&row(x), &[0]), |x| half(hinge(1.0, x)));
        along("multi_margin", &LINE, |x| multi_margin(&row(x), &[1]), |x| half(hinge(-1.0, x)));
        along("multi_label_margin", &LINE, |x| multi_label_margin(&row(x), &[[0]]), |x| half(hinge(1.0, x)));
        along("multi_label_margin", &LINE, |x| multi_label_margin(&row(x), &[[1]]), |x| half(hinge(-1.0, x)));
    }
    in_both!(check);
}

/// The distance `|x|` of the positive example, as far as `F` reaches.
#[test]
fn triplet_margin_of_any_distance() {
    fn check<F: Float>() {
        let options = TripletMargin { eps: 0.0, ..TripletMargin::default() };
        let zero = Tensor::<F>::zeros(&[1]);
        let finite = &LINE[1..LINE.len() - 1];
        let slope = |x: f64| if x == 0.0 { 0.0 } else { x.signum() };
        along("triplet_margin", finite, |x| options.loss(&zero, x, &zero), |x| (x.abs() + 1.0, slope(x)));
    }
    in_both!(check);
}
