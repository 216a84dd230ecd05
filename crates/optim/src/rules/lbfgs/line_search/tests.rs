//! The line search on functions of one variable.

use super::*;

fn trial(t: f64, loss: f64, slope: f64) -> Trial<f64> {
    Trial { t, loss, gradient: Vec::new(), slope }
}

#[test]
fn the_minimum_of_a_cubic() {
    // t³ - 3t has its minimum at 1.
    let (a, b) = (trial(0.0, 0.0, -3.0), trial(3.0, 18.0, 24.0));
    assert!((cubic_minimum(&a, &b, (0.0, 3.0)) - 1.0).abs() < 1e-15);
    assert!((cubic_minimum(&b, &a, (0.0, 3.0)) - 1.0).abs() < 1e-15);
    assert_eq!(cubic_minimum(&a, &b, (1.5, 3.0)), 1.5);
    // t³ + t has no minimum.
    assert_eq!(cubic_minimum(&trial(0.0, 0.0, 1.0), &trial(1.0, 2.0, 4.0), (0.0, 1.0)), 0.5);
}

#[test]
fn what_it_finds_satisfies_both_conditions() {
    // Losses along a line with a far and a near minimum.
    type LossAndSlope = fn(f64) -> (f64, f64);
    let losses: [(&str, LossAndSlope); 3] = [
        ("far", |t| ((t - 40.0).powi(2), 2.0 * (t - 40.0))),
        ("near", |t| ((t - 0.01).powi(2), 2.0 * (t - 0.01))),
        ("wavy", |t| ((3.0 * t).sin() - 2.0 * t + 0.1 * t * t, 3.0 * (3.0 * t).cos() - 2.0 + 0.2 * t)),
    ];
    for (name, f) in losses {
        for first in [0.001, 1.0, 30.0] {
            let (loss, slope) = f(0.0);
            if slope >= 0.0 {
                continue;
            }
            let mut evaluate = |x: &[f64], g: &mut [f64]| {
                let (loss, slope) = f(x[0]);
                g[0] = slope;
                loss
            };
            let mut line = Line { start: &[0.0], direction: &[1.0], evaluate: &mut evaluate };
            let found = strong_wolfe(&mut line, first, loss, &[slope], slope, 1e-12, 25);
            let (here, there) = f(found.t);
            assert_eq!((here, there), (found.loss, found.gradient[0]), "{name}");
            assert!(here <= loss + C1 * found.t * slope && there.abs() <= C2 * -slope, "{name} {}", found.t);
        }
    }
}

/// The second trial may be higher than the first, as long as the decrease is sufficient: the book would search between
/// them, minFunc and PyTorch accept it.
#[test]
fn the_second_trial_may_rise() {
    let mut evaluate = |x: &[f64], g: &mut [f64]| {
        let (loss, slope) = if x[0] == 1.0 { (-1.0, -10.0) } else { (-0.9, -1.0) };
        g[0] = slope;
        loss
    };
    let mut line = Line { start: &[0.0], direction: &[1.0], evaluate: &mut evaluate };
    let found = strong_wolfe(&mut line, 1.0, 0.0, &[-10.0], -10.0, 1e-9, 25);
    assert_eq!((found.loss, found.evaluations), (-0.9, 2));
}

/// The value and the slope of a polynomial at `t`; the coefficient of the lowest power comes first.
fn polynomial(coefficients: &[f64], t: f64) -> (f64, f64) {
    let value = coefficients.iter().rev().fold(0.0, |value, c| value * t + c);
    let powers = coefficients.iter().enumerate().skip(1).rev();
    (value, powers.fold(0.0, |slope, (k, c)| slope * t + k as f64 * c))
}

/// The result of the search along `f`, and every trial.
fn search(f: impl Fn(f64) -> (f64, f64), first: f64, tolerance: f64, most: u64) -> (Found<f64>, Vec<f64>) {
    let (loss, slope) = f(0.0);
    let mut trials = Vec::new();
    let mut evaluate = |x: &[f64], g: &mut [f64]| {
        trials.push(x[0]);
        let (loss, slope) = f(x[0]);
        g[0] = slope;
        loss
    };
    let mut line = Line { start: &[0.0], direction: &[1.0], evaluate: &mut evaluate };
    let found = strong_wolfe(&mut line, first, loss, &[slope], slope, tolerance, most);
    (found, trials)
}

/// Every trial of PyTorch's `_strong_wolfe` (computed by a transcription to plain Python), on polynomials chosen so
/// that every constant and every branch of the search matters; the name of a case says which.
#[test]
fn trials_of_pytorch() {
    type Case<'a> = (&'a str, &'a [f64], f64, f64, f64, &'a [f64]);
    let cases: [Case<'_>; 13] = [
        ("C2, ten times further", &[0.0, -10.0, 2.0], 0.001, 0.125, 1.0, &[0.001, 0.01, 0.1, 1.0]),
        (
            "a tenth of the bracket, twice in a row, more than 3 trials",
            &[0.0, -0.001, -8.0, 1.0, 0.0625],
            0.001,
            1e-9,
            4.00004999924407,
            &[
                0.001,
                0.01,
                0.1,
                1.0,
                4.739504716626394,
                3.9683147469310076,
                4.00015408740523,
                3.9969701533578075,
                4.00004999924407,
            ],
        ),
        (
            "C2 from above",
            &[0.0, -10.0, 4.0, 0.0625, 4.0, 8.0, -8.0],
            1e-6,
            1e-9,
            0.9048570078654333,
            &[1e-6, 1e-5, 1e-4, 0.001, 0.01, 0.1, 0.9048570078654333],
        ),
        (
            "a hundredth further at least",
            &[0.0, -0.001, -1.0, 8.0, -3.0],
            1e-6,
            0.001,
            0.08758959172451297,
            &[1e-6, 1e-5, 1e-4, 0.001, 0.01, 0.08448860295835986, 0.08758959172451297],
        ),
        (
            "too narrow a bracket",
            &[0.0, -0.0001, 0.5, 0.0, -1.0, 3.0, 0.0625],
            1.0,
            0.001,
            0.0,
            &[1.0, 0.43104514916133607, 0.00025111636177305163],
        ),
        ("C1", &[0.0, -2.0, 4.0, -1.0, 0.0, -1.0], 1.0, 0.125, 0.21132486540518713, &[1.0, 0.21132486540518713]),
        (
            "C1 from above",
            &[0.0, -0.5, 3.0, -3.0, -8.0, 4.0, 16.0, 16.0],
            2.0,
            1e-9,
            0.30246146342061064,
            &[2.0, 1.0508727229939328, 0.5584935399047979, 0.30246146342061064],
        ),
        ("C1 from below", &[0.0, -1.0, 1.49955, -0.4997], 1.0, 1e-9, 1.0, &[1.0]),
        (
            "C1 from just above",
            &[0.0, -1.0, 1.49979, -0.49986],
            1.0,
            1e-9,
            0.4227089070243779,
            &[1.0, 0.4227089070243779],
        ),
        (
            "C2 from just above",
            &[0.0, -1.0, 4.0, 2.0, 0.25, 4.0],
            1e-6,
            1e-9,
            0.1,
            &[1e-6, 1e-5, 1e-4, 0.001, 0.01, 0.1],
        ),
        (
            "C2 from just below",
            &[0.0, -0.0001, 0.25, -1.0, 1.0, 0.0625],
            8.0,
            1e-9,
            0.0003740540570399964,
            &[
                8.0,
                3.1543213790437044,
                1.2659094713621482,
                0.5844022859054441,
                0.3339174013881555,
                0.0003740540570399964,
            ],
        ),
        (
            "no more than a hundredth further",
            &[0.0, -0.001, 0.0625, -3.0, -1.0, -8.0, -1.0],
            1e-6,
            1e-9,
            0.000917939989875625,
            &[1e-6, 5.505e-6, 3.0300025e-5, 0.000166774112625, 0.000917939989875625],
        ),
        (
            "the second trial may rise",
            &[0.0, -10.0, -3.0, 1.0, 3.0, 16.0, -2.0, -8.0],
            0.25,
            1e-9,
            1.0642397654574645,
            &[0.25, 1.0642397654574645],
        ),
    ];
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-10 * b.abs();
    for (what, coefficients, first, tolerance, t, expected) in cases {
        let (found, trials) = search(|t| polynomial(coefficients, t), first, tolerance, 25);
        assert!(
            trials.len() == expected.len() && trials.iter().zip(expected).all(|(&a, &b)| close(a, b)),
            "{what}: {trials:?} instead of {expected:?}"
        );
        assert_eq!(found.evaluations, trials.len() as u64, "{what}");
        assert!(close(found.t, t) && !found.lost, "{what}: {} instead of {t}", found.t);
        let (loss, slope) = polynomial(coefficients, found.t);
        assert_eq!((found.loss, found.gradient[0]), (loss, slope), "{what}");
    }
}

/// A trial as high as the lower end replaces the higher end, not the lower one: PyTorch's trials for these losses and
/// slopes, in the order of evaluation.
#[test]
fn an_equal_loss_is_no_progress() {
    let answers = [(0.0, -1.0), (-0.5, 1.0), (-0.5, 0.95), (-0.6, 0.1)];
    let asked = std::cell::Cell::new(0);
    let f = |t: f64| {
        if t > 0.0 {
            asked.set(asked.get() + 1);
        }
        answers[if t > 0.0 { asked.get() } else { 0 }]
    };
    let (found, trials) = search(f, 1.0, 1e-9, 25);
    let expected = [1.0, 0.7675918792439982, 0.9499005392341217];
    assert!(trials.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12) && trials.len() == 3, "{trials:?}");
    assert!((found.t - 0.9499005392341217).abs() < 1e-12);
}

/// Losses and slopes so large that the cubic's coefficients overflow: the middle, as in PyTorch.
#[test]
fn a_cubic_that_overflows() {
    let (a, b) = (trial(0.0, 1e200, -1e200), trial(1.0, 0.0, -1e200));
    assert_eq!(cubic_minimum(&a, &b, (0.25, 0.75)), 0.5);
}

/// Beyond a border, loss or slope is not finite: the search ends where both are finite and the Wolfe conditions hold.
#[test]
fn what_is_not_finite_is_too_far() {
    let beyond = [
        (f64::NAN, f64::NAN),
        (f64::INFINITY, 1.0),
        (f64::NEG_INFINITY, -1.0),
        (-1e9, f64::NAN),
        (f64::NAN, 0.0),
        (-1e9, f64::NEG_INFINITY),
        (0.0, f64::INFINITY),
    ];
    for (loss_beyond, slope_beyond) in beyond {
        for border in [1e-9, 1e-3, 0.4, 0.999, 3.0] {
            for place in [0.1, 0.5, 0.95] {
                // The minimum is before the border.
                let lowest = border * place;
                let inside = |t: f64| ((t / lowest - 1.0).powi(2), 2.0 * (t / lowest - 1.0) / lowest);
                let f = |t: f64| if t < border { inside(t) } else { (loss_beyond, slope_beyond) };
                for first in [1.0, 1e6, 1e-10] {
                    let (found, trials) = search(f, first, 1e-15, 25);
                    let what = format!("{loss_beyond} beyond {border}, first {first}: {trials:?}");
                    assert!(found.t > 0.0 && found.t < border && !found.lost, "{what}");
                    let (loss, slope) = inside(found.t);
                    let start = inside(0.0).1;
                    assert_eq!((found.loss, found.gradient[0]), (loss, slope), "{what}");
                    assert!(loss <= 1.0 + C1 * found.t * start && slope.abs() <= -C2 * start, "{what}");
                }
            }
        }
    }
}

/// Trials by hand: back to a tenth of the way each time.
#[test]
fn a_tenth_of_what_was_too_far() {
    let f = |t: f64| if t < 0.05 { (-t, -1.0) } else { (f64::NAN, f64::NAN) };
    let (found, trials) = search(f, 1.0, 1e-9, 4);
    // 1 and 0.1 are too far; 0.01 is not, but as steep as the start, so next is 0.01 + 0.1·(0.1 - 0.01), and so on.
    let expected = [1.0, 0.1, 0.01, 0.019, 0.0271];
    assert!(trials.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15) && trials.len() == 5, "{trials:?}");
    assert!((found.t - 0.0271).abs() < 1e-15 && found.loss == -found.t);
}

#[test]
fn where_nothing_is_finite_it_stays_at_the_start() {
    let f = |t: f64| if t == 0.0 { (1.0, -1.0) } else { (f64::NAN, 0.0) };
    for most in [0, 1, 25] {
        let (found, trials) = search(f, 1.0, 0.0, most);
        assert_eq!((found.t, found.loss, found.gradient[0], found.lost), (0.0, 1.0, -1.0, true), "{trials:?}");
        assert_eq!(trials.len() as u64, most + 1);
    }
    let mut evaluate = |x: &[f64], g: &mut [f64]| {
        g[0] = x[0];
        if x[0] < 1e-4 { 0.5 } else { f64::NAN }
    };
    let mut line = Line { start: &[0.0], direction: &[1.0], evaluate: &mut evaluate };
    let found = first_finite(&mut line, 1.0, 2.0, &[3.0], 25);
    assert!((found.t - 1e-5).abs() < 1e-18 && !found.lost);
    assert_eq!((found.loss, found.evaluations), (0.5, 6));
    let found = first_finite(&mut line, 1.0, 2.0, &[3.0], 3);
    assert_eq!((found.t, found.loss, found.gradient[0], found.evaluations, found.lost), (0.0, 2.0, 3.0, 3, true));
}
