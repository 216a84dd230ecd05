//! What papers claim about their optimizers, and textbooks about momentum, holds for our implementations (lessons 7, 8
//! and 9).

#[path = "../examples/lesson_07_two_momentums.rs"]
#[expect(dead_code, reason = "the lesson's `main` is not called here")]
mod two_momentums;

#[path = "../examples/lesson_08_where_adam_fails.rs"]
#[expect(dead_code, reason = "the lesson's `main` is not called here")]
mod where_adam_fails;

#[path = "../examples/lesson_09_sparse_features.rs"]
#[expect(dead_code, reason = "the lesson's `main` is not called here")]
mod sparse_features;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sparse_features::{Reviews, compare};
use two_momentums::{distance, inside, inside_corrected, outside, step_length};

#[test]
fn at_a_constant_rate_there_is_only_one_momentum() {
    let rate = |_| 0.01;
    assert!(distance(&outside(rate), &inside(rate)).0 < 1e-14);
    assert!(distance(&outside(rate), &inside_corrected(rate)).0 < 1e-14);
}

#[test]
fn when_the_rate_falls_one_momentum_brakes_at_once_and_the_other_rolls_on() {
    let constant = outside(|_| 0.01);
    let dropped = |step| if step < 20 { 0.01 } else { 0.001 };
    let (outside, inside) = (outside(dropped), inside(dropped));
    // Step 21 is the first with the new learning rate.
    assert!(distance(&outside[..21].to_vec(), &inside[..21].to_vec()).0 < 1e-14, "the runs are equal until then");
    let undisturbed = step_length(&constant, 21);
    assert!((step_length(&outside, 21) - undisturbed / 10.0).abs() < 1e-14);
    assert!(step_length(&inside, 21) > 0.8 * undisturbed);
    assert!(distance(&outside, &inside).0 > 0.1);
    // Momentum correction (arXiv:1706.02677, section 3).
    assert!(distance(&outside, &inside_corrected(dropped)).0 < 1e-14);
}

/// Reddi, Kale and Kumar, arXiv:1904.09237.
#[test]
fn adam_ends_at_the_worst_place_and_amsgrad_at_the_best() {
    let adam = where_adam_fails::run(100_000, false);
    let amsgrad = where_adam_fails::run(100_000, true);
    let (worst, best) = (&adam[99_999], &amsgrad[99_999]);
    assert!(worst.x > 0.99, "Adam: {}", worst.x);
    assert!(best.x < -0.99, "AMSGrad: {}", best.x);
    // The regret per step of a method that learns goes to 0; Adam's cannot stay below (1 - -1)·10/101.
    assert!(best.regret < 0.5 * worst.regret && best.regret < 0.3 * amsgrad[9_999].regret);
    assert!(worst.regret > 2.0 * 10.0 / 101.0);
}

/// Kingma and Ba, arXiv:1412.6980, section 6.1: Adam is as fast as Adagrad, Nesterov momentum is well behind.
#[test]
fn adam_learns_rare_features_as_fast_as_adagrad_and_faster_than_nesterov() {
    let reviews = Reviews::new(2000, &mut ChaCha8Rng::seed_from_u64(9));
    let [adam, adagrad, nesterov] = compare(&reviews, 7).map(|run| *run.losses.last().unwrap());
    assert!(adam < 1.1 * adagrad, "Adam {adam}, Adagrad {adagrad}");
    assert!(nesterov > 1.15 * adam.max(adagrad), "Nesterov {nesterov}, Adam {adam}, Adagrad {adagrad}");
}
