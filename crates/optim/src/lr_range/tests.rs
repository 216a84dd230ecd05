//! Learning rates, losses, running means and suggestions, by hand.

use downhill_tensor::Tensor;

use super::*;
use crate::{Adam, Sgd};

#[test]
fn everything_is_as_it_was() {
    let mut pair = (Tensor::param([1.0_f64, 2.0]), Tensor::param([3.0]));
    let loss = |(a, b): &(Tensor<f64>, Tensor<f64>)| a.square().sum() + b.square().sum();
    let mut opt = Optimizer::new(Adam::default()).with_group("1", Adam { lr: 0.1, ..Adam::default() });
    opt.step_with(&mut pair, loss);
    let (before, ids, state) = (pair.state_dict(), (pair.0.id(), pair.1.id()), opt.state_dict());
    let curve = LrRangeTest::default().run(&mut pair, &opt, loss);
    assert!(curve.points.len() > 50);
    assert_eq!((pair.state_dict(), (pair.0.id(), pair.1.id()), opt.state_dict()), (before, ids, state));
}

/// The weighted mean of the losses so far: each weighs half as much as the next.
#[test]
fn smoothing_by_hand() {
    let losses = [1.0, 3.0, 2.0, 6.0];
    let mut next = losses.into_iter();
    let opt = Optimizer::new(Sgd::default());
    let test = LrRangeTest { steps: 4, smoothing: 0.5, start: 1e-12, end: 1e-9, ..LrRangeTest::default() };
    let curve = test.run(&mut Tensor::param(0.0_f64), &opt, |x| x * 0.0 + next.next().unwrap());
    let points: Vec<(f64, f64)> = curve.points.iter().map(|point| (point.loss, point.smoothed)).collect();
    // Σ 2^(i - n)·lossᵢ / Σ 2^(i - n).
    let means = [1.0, (0.5 + 3.0) / 1.5, (0.25 + 1.5 + 2.0) / 1.75, (0.125 + 0.75 + 1.0 + 6.0) / 1.875];
    for (at, &(loss, smoothed)) in points.iter().enumerate() {
        assert!(loss == losses[at] && (smoothed - means[at]).abs() < 1e-12, "{at}: {smoothed} not {}", means[at]);
    }
    let rates = [1e-12, 1e-11, 1e-10, 1e-9];
    assert!(curve.points.iter().zip(rates).all(|(point, rate)| (point.lr / rate - 1.0).abs() < 1e-12));
}

/// The learning rates of the test are the first group's; the losses reveal the second group's: half the learning rate
/// moves its parameter half as far.
#[test]
fn groups_keep_their_proportions() {
    let run = |second: f64| {
        let mut pair = (Tensor::param([0.0_f64]), Tensor::param([0.0]));
        let opt = Optimizer::new(Sgd { lr: 0.2, ..Sgd::default() });
        let opt = opt.with_group("1", Sgd { lr: second, ..Sgd::default() });
        let test =
            LrRangeTest { steps: 3, start: 1.0, end: 3.0, linear: true, diverged: f64::INFINITY, ..Default::default() };
        let curve = test.run(&mut pair, &opt, |(a, b)| (-a - b * 10.0).sum());
        curve.points.iter().map(|point| point.loss).collect::<Vec<_>>()
    };
    // Rates 1, 2, 3: a = 0, 1, 3 and b = 0, 10·share, 30·share.
    for (second, share) in [(0.2, 1.0), (0.1, 0.5), (0.8, 4.0), (0.0, 0.0)] {
        let expected = [0.0, -1.0 - 100.0 * share, -3.0 - 300.0 * share];
        assert!(run(second).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{second}: {:?}", run(second));
    }
}

#[test]
fn it_stops_where_the_mean_is_so_many_times_the_lowest_or_none() {
    let points = |diverged: f64, losses: [f64; 5]| {
        let mut next = losses.into_iter();
        let opt = Optimizer::new(Sgd::default());
        let test = LrRangeTest { steps: 5, smoothing: 0.0, diverged, ..LrRangeTest::default() };
        test.run(&mut Tensor::param(0.0_f64), &opt, |x| x * 0.0 + next.next().unwrap()).points.len()
    };
    assert_eq!(points(4.0, [2.0, 1.0, 4.0, 4.1, 1.0]), 3);
    assert_eq!(points(5.0, [2.0, 1.0, 4.0, 4.1, 1.0]), 5);
    assert_eq!(points(f64::INFINITY, [2.0, 1.0, 1e9, f64::NAN, 1.0]), 3);
    assert_eq!(points(f64::INFINITY, [2.0, f64::INFINITY, 1.0, 1.0, 1.0]), 1);
    assert_eq!(points(4.0, [f64::NAN, 1.0, 1.0, 1.0, 1.0]), 0);
}

/// Points (ln lr, smoothed loss) (0, 5), (1, 4), (3, 0), (4, -1): the slopes between neighbors are -1, -2, -1.
#[test]
fn the_suggestion_is_where_the_loss_falls_fastest_over_the_logarithm() {
    let point = |(ln, smoothed): (f64, f64)| LrPoint { lr: ln.exp(), loss: 7.0, smoothed };
    let curve = |points: &[(f64, f64)]| LrCurve { points: points.iter().copied().map(point).collect() };
    let steepest = curve(&[(0.0, 5.0), (1.0, 4.0), (3.0, 0.0), (4.0, -1.0)]);
    assert_eq!(steepest.suggestion(), Some(1.0_f64.exp()));
    assert_eq!(curve(&[(0.0, 1.0), (1.0, 1.0)]).suggestion(), None);
    assert_eq!(curve(&[(0.0, 1.0)]).suggestion(), None);
    assert_eq!(LrCurve::default().suggestion(), None);
    // From 3 to 1 it falls most, but only after it has risen.
    assert_eq!(curve(&[(0.0, 1.0), (1.0, 0.5), (2.0, 3.0), (3.0, 1.0)]).suggestion(), Some(1.0));
}

#[test]
fn rates_at_their_ends_and_options_at_theirs() {
    let extreme = LrRangeTest { start: 1e-308, end: 1e308, steps: 3, ..LrRangeTest::default() };
    for (step, rate) in [1e-308, 1.0, 1e308].into_iter().enumerate() {
        assert!((extreme.rate(step as u64) / rate - 1.0).abs() < 1e-12, "{}", extreme.rate(step as u64));
    }
    assert_eq!(LrRangeTest::default().rate(0), 1e-7);
    let last = LrRangeTest::default().rate(99);
    assert!((last / 10.0 - 1.0).abs() < 1e-12 && last <= 10.0);
    let many = LrRangeTest { steps: u64::MAX, ..LrRangeTest::default() };
    assert_eq!(many.rate(0), 1e-7);
    let refused = |test: LrRangeTest| {
        let opt = Optimizer::new(Sgd::default());
        let run = std::panic::AssertUnwindSafe(|| test.run(&mut Tensor::param(0.0_f64), &opt, Tensor::square));
        *std::panic::catch_unwind(run).unwrap_err().downcast::<String>().unwrap()
    };
    let with = LrRangeTest::default;
    for (start, end) in [(0.0, 1.0), (-1.0, 1.0), (1.0, 1.0), (1.0, f64::INFINITY), (f64::NAN, 1.0), (1.0, f64::NAN)] {
        assert!(refused(LrRangeTest { start, end, ..with() }).contains("must have 0 < start < end < inf"));
    }
    for smoothing in [-0.1, 1.0, f64::NAN, f64::INFINITY] {
        assert!(refused(LrRangeTest { smoothing, ..with() }).contains("smoothing must be in [0, 1)"));
    }
    for diverged in [1.0, 0.0, -1.0, f64::NAN] {
        assert!(refused(LrRangeTest { diverged, ..with() }).contains("diverged must be above 1"));
    }
}

/// On x², gradient descent with learning rate η multiplies x by 1 - 2η: fastest convergence at 1/2, divergence above 1.
#[test]
fn the_parabola() {
    let mut x = Tensor::param(1.0_f64);
    let opt = Optimizer::new(Sgd { lr: 0.5, ..Sgd::default() });
    let test = LrRangeTest { smoothing: 0.0, start: 1e-4, end: 100.0, ..LrRangeTest::default() };
    let curve = test.run(&mut x, &opt, |x| x.square());
    let lr = curve.suggestion().unwrap();
    assert!((0.01..0.5).contains(&lr), "{lr}");
    assert!(curve.points.last().unwrap().lr < 100.0);
    assert_eq!((curve.points[0].lr, curve.points[0].loss), (1e-4, 1.0));
}

#[test]
fn a_loss_that_only_rises_gives_no_suggestion() {
    let mut x = Tensor::param(1.0_f64);
    let opt = Optimizer::new(Sgd { maximize: true, ..Sgd::default() });
    let curve = LrRangeTest::default().run(&mut x, &opt, |x| x.square());
    assert_eq!(curve.suggestion(), None);
}
