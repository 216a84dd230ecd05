//! Logistic regression by hand, with tensors, with `nn` and with `optim`: the same numbers on every rung (lesson 2).

#[path = "../examples/lesson_02_ladder.rs"]
#[expect(dead_code, reason = "the lesson's `main` is not called here")]
mod lesson;

use downhill::Tensor;
use lesson::{Fit, by_hand, sample, spread, with_nn, with_nn_and_optim, with_tensors};

fn rungs() -> [Fit; 4] {
    let (x, y) = sample();
    let (tx, ty) = (Tensor::from(&x), Tensor::from(&y));
    [by_hand(&x, &y), with_tensors(tx.clone(), ty.clone()), with_nn(&tx, &ty), with_nn_and_optim(&tx, &ty)]
}

#[test]
fn all_rungs_have_the_same_losses_and_weights_to_twelve_digits() {
    let fits = rungs();
    assert!(fits.iter().all(|fit| fit.losses.len() == 500));
    for (rung, fit) in fits.iter().enumerate().skip(1) {
        for (epoch, (ours, by_hand)) in fit.losses.iter().zip(&fits[0].losses).enumerate() {
            assert!((ours - by_hand).abs() < 1e-12, "rung {}, epoch {epoch}: {ours}, not {by_hand}", rung + 1);
        }
    }
    assert!(spread(&fits) < 1e-12, "{:e}", spread(&fits));
}

/// Facts that need no second program: with zero weights every probability is 1/2; a convex loss falls with every small
/// step; and the final weights are near those that the classes were drawn with.
#[test]
fn the_first_rung_is_right() {
    let (x, y) = sample();
    let fit = by_hand(&x, &y);
    assert!((fit.losses[0] - std::f64::consts::LN_2).abs() < 1e-15);
    assert!(fit.losses.windows(2).all(|pair| pair[1] < pair[0]));
    // The standard errors of a fit to 400 points are about 0.2.
    let [w0, w1] = fit.weight;
    assert!((w0 - 2.0).abs() < 0.6 && (w1 + 1.0).abs() < 0.6 && (fit.bias - 0.5).abs() < 0.6, "{w0} {w1} {}", fit.bias);
}

#[test]
fn a_difference_would_be_seen() {
    let mut fits = rungs();
    fits[2].losses[250] += 2e-12;
    assert!(spread(&fits) > 1e-12);
    let mut fits = rungs();
    fits[3].weight[1] += 2e-12;
    assert!(spread(&fits) > 1e-12);
}
