//! L-BFGS with losses and gradients that are not finite, and iterations by hand.

use std::cell::Cell;

use downhill_optim::{Lbfgs, LineSearch, Optimizer, ParamState, Rule};
use downhill_tensor::{Float, Tensor};

fn lbfgs(line_search: LineSearch) -> Lbfgs {
    Lbfgs { line_search, ..Lbfgs::default() }
}

const BOTH: [LineSearch; 2] = [LineSearch::None, LineSearch::StrongWolfe];

/// The negative log-likelihood of `data` under a normal distribution with this mean and variance: NaN for a variance
/// below 0, with a pole at 0.
fn likelihood<F: Float>(mean_variance: &Tensor<F>, data: &Tensor<F>) -> Tensor<F> {
    let (mean, variance) = (mean_variance.narrow(0, 0, 1), mean_variance.narrow(0, 1, 1));
    let squares = (data - &mean).square().mean();
    ((variance.ln() + squares / &variance) * F::from_f64(0.5)).sum()
}

/// Fitting a normal distribution finds the mean and the variance of the data, wherever it starts.
#[test]
fn a_normal_distribution_from_far_away() {
    let data = Tensor::from([1.2, -0.7, 3.1, 0.4, 2.5, -1.9, 0.8, 1.1]);
    let mean = data.mean().item();
    let variance = (&data - mean).square().mean().item();
    for start in [[0.0, 1.0], [100.0, 1.0], [-1000.0, 0.1], [50.0, 1e4], [1e6, 1.0], [3.0, 1e-6], [0.0, 1e6]] {
        for line_search in BOTH {
            let mut p = Tensor::param(start);
            let mut opt = Optimizer::new(lbfgs(line_search));
            let mut last = f64::NAN;
            for _ in 0..40 {
                last = opt.step_with(&mut p, |p| likelihood(p, &data));
                // Without a search, the last step of a call is not evaluated, as in PyTorch; the next call finds out.
                let valid = p.to_vec()[1] > 0.0 && p.to_vec()[0].is_finite();
                assert!(valid || line_search == LineSearch::None, "{start:?}: {:?}", p.to_vec());
                if !valid {
                    break;
                }
            }
            let [here_mean, here_variance] = p.to_vec().try_into().unwrap();
            if line_search == LineSearch::StrongWolfe {
                assert!(last.is_finite(), "{start:?}: {last} at {here_mean}, {here_variance}");
                // A loss flatter than the tolerances may end the search early, but never at a worse point than the
                // start.
                let loss = |mean: f64, variance: f64| likelihood(&Tensor::from([mean, variance]), &data).item();
                assert!(loss(here_mean, here_variance) <= loss(start[0], start[1]), "{start:?}");
                if start[0].abs() <= 100.0 && start[1] >= 0.1 && start[1] < 1e5 {
                    assert!((here_mean - mean).abs() < 1e-3, "{start:?}: mean {here_mean}, expected {mean}");
                    let relative = here_variance / variance - 1.0;
                    assert!(relative.abs() < 1e-3, "{start:?}: variance {here_variance}, expected {variance}");
                }
            }
        }
    }
}

/// `x - ln x` has its minimum at 1 and is NaN below 0; large learning rates try to step there.
#[test]
fn a_border_is_not_crossed() {
    for line_search in BOTH {
        for lr in [1.0, 10.0, 1e4, 1e12] {
            for start in [0.01, 0.5, 3.0, 20.0] {
                let mut x = Tensor::param([start, 2.0 * start]);
                let mut opt = Optimizer::new(Lbfgs { lr, max_iter: 40, ..lbfgs(line_search) });
                let loss = |x: &Tensor<f64>| (x - x.ln()).sum();
                for _ in 0..10 {
                    let returned = opt.step_with(&mut x, loss);
                    assert!(returned.is_finite(), "{line_search:?}, lr {lr} from {start}: {returned}");
                    if line_search == LineSearch::None && x.to_vec().iter().any(|x| *x <= 0.0) {
                        break; // the last step of a call, which is not evaluated
                    }
                }
                if line_search == LineSearch::StrongWolfe {
                    let x = x.to_vec();
                    assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-4), "lr {lr} from {start}: {x:?}");
                }
            }
        }
    }
}

/// Whatever is wrong at the start, the returned loss is not finite, and no parameter has changed.
#[test]
fn a_start_that_is_not_finite_is_returned_and_left_alone() {
    let cases = [
        (f64::NAN, [0.0, 0.0]),
        (f64::INFINITY, [1.0, 1.0]),
        (f64::NEG_INFINITY, [1.0, 1.0]),
        (1.0, [f64::NAN, f64::NAN]),
        (1.0, [0.0, f64::NAN]),
        (1.0, [f64::INFINITY, 1.0]),
        (1.0, [0.0, f64::NEG_INFINITY]),
    ];
    for line_search in BOTH {
        for maximize in [false, true] {
            for (loss, gradient) in cases {
                let rule = Lbfgs { maximize, ..lbfgs(line_search) };
                let mut state = ParamState::default();
                let mut x = [3.0, -4.0];
                let calls = Cell::new(0);
                let mut evaluate = |_: &[f64], g: &mut [f64]| {
                    calls.set(calls.get() + 1);
                    g.copy_from_slice(&gradient);
                    loss
                };
                let joint = Rule::<f64>::kind(&rule).joint().unwrap();
                let returned = joint.minimize(&mut x, &mut state, &mut evaluate);
                assert!(!returned.is_finite(), "{loss}, {gradient:?}: {returned}");
                assert!(loss.is_finite() || returned == loss || loss.is_nan(), "{loss}: {returned}");
                assert_eq!((x, calls.get()), ([3.0, -4.0], 1), "{loss}, {gradient:?}");
                assert_eq!(state, ParamState::default(), "{loss}, {gradient:?}: the state must stay empty");
            }
        }
    }
}

/// A batch with a NaN loss between two good ones has no effect on later steps.
#[test]
fn one_bad_batch_leaves_what_is_known() {
    for line_search in BOTH {
        let run = |bad: Option<usize>| {
            let mut w = Tensor::param([5.0_f64, -3.0, 2.0]);
            let scale = Tensor::from([1.0, 4.0, 9.0]);
            let mut opt = Optimizer::new(Lbfgs { max_iter: 2, lr: 0.1, ..lbfgs(line_search) });
            for call in 0..5 {
                if bad == Some(call) {
                    let returned = opt.step_with(&mut w, |w| w.square().sum() * f64::NAN);
                    assert!(returned.is_nan());
                }
                opt.step_with(&mut w, |w| (w * w * &scale).sum());
            }
            w.to_vec()
        };
        let expected = run(None);
        for bad in 0..5 {
            assert_eq!(run(Some(bad)), expected, "{line_search:?}, bad call {bad}");
        }
    }
}

/// After a direction along which no loss was finite, the next direction is the gradient's, and the state is finite.
#[test]
fn a_direction_that_leads_nowhere_is_forgotten() {
    let rule = Lbfgs { max_iter: 3, ..lbfgs(LineSearch::StrongWolfe) };
    let joint = Rule::<f64>::kind(&rule).joint().unwrap();
    let mut state = ParamState::default();
    let mut x = [1.0, 1.0];
    let square = |x: &[f64], g: &mut [f64]| {
        (g[0], g[1]) = (x[0], 10.0 * x[1]);
        0.5 * (x[0] * x[0] + 10.0 * x[1] * x[1])
    };
    joint.minimize(&mut x, &mut state, &mut { square });
    assert!(state.buffer("old_dirs").is_some_and(|pairs| !pairs.is_empty()));
    let before = x;
    let mut only_here = |at: &[f64], g: &mut [f64]| if at == before { square(at, g) } else { f64::NAN };
    let returned = joint.minimize(&mut x, &mut state, &mut only_here);
    assert!(returned.is_finite() && x == before);
    assert!(state.buffer("old_dirs").is_some_and(<[f64]>::is_empty));
    assert!(state.numbers().any(|number| number == ("n_iter", 0.0)), "the next step is scaled as a first step");
    for (name, buffer) in state.buffers() {
        assert!(buffer.iter().all(|x| x.is_finite()), "{name}: {buffer:?}");
    }
    joint.minimize(&mut x, &mut state, &mut { square });
    assert!(x[0].abs() + x[1].abs() < before[0].abs() + before[1].abs(), "{x:?} from {before:?}");
}

/// Gradients whose differences or squares overflow leave nothing that is not finite in the parameters or the state.
#[test]
fn gradients_that_overflow_leave_no_trace() {
    for line_search in BOTH {
        for size in [1e20_f64, 1e100, 1e154, 1e200, 1e300] {
            let mut x = Tensor::param([1.0, -2.0]);
            let mut opt = Optimizer::new(lbfgs(line_search));
            for _ in 0..5 {
                opt.step_with(&mut x, |x| (x.square().sum() + 1.0).sqrt() * size);
                assert!(x.to_vec().iter().all(|x| x.is_finite()), "{size}: {:?}", x.to_vec());
                for (_, state) in opt.states() {
                    for (name, buffer) in state.buffers() {
                        assert!(buffer.iter().all(|x| x.is_finite()), "{size}: {name} {buffer:?}");
                    }
                    for (name, number) in state.numbers() {
                        assert!(number.is_finite(), "{size}: {name} {number}");
                    }
                }
            }
        }
    }
}

/// The first step size is `min(1, 1/‖g‖₁)·η`: on x²/2 from 0.1, 1/‖g‖₁ alone would be ten times too large.
#[test]
fn the_first_step_by_hand() {
    let step = |start: f64, lr: f64| {
        let mut x = Tensor::param([start]);
        Optimizer::new(Lbfgs { lr, max_iter: 1, ..Lbfgs::default() }).step_with(&mut x, |x| x.square().sum() * 0.5);
        x.item()
    };
    assert_eq!(step(0.1, 1.0), 0.0);
    assert_eq!(step(0.1, 0.5), 0.05);
    // ‖g‖₁ = 4: the step is a quarter of the gradient, 1.
    assert_eq!(step(4.0, 1.0), 3.0);
}

/// Pairs with `yᵀs ≤ 1e-10` are skipped, as in PyTorch: on c·x²/2 from 1 with η = 1, the first step is `s = -c`, so
/// that `y = -c²` and `yᵀs = c³`.
#[test]
fn a_pair_without_curvature_is_left_out() {
    for (c, kept) in [(1e-3, true), (5e-4, true), (4e-4, false), (1e-4, false)] {
        let mut x = Tensor::param([1.0]);
        let rule = Lbfgs { max_iter: 1, tolerance_grad: 0.0, tolerance_change: 0.0, ..Lbfgs::default() };
        let mut opt = Optimizer::new(rule);
        for _ in 0..2 {
            opt.step_with(&mut x, |x| x.square().sum() * (0.5 * c));
        }
        let pairs = opt.state("*").unwrap().buffer("old_dirs").unwrap().len();
        assert_eq!(pairs, usize::from(kept), "{c}");
        // With the pair, the second step is Newton's, to the minimum; without it, the step is the gradient.
        let expected = if kept { 0.0 } else { (1.0 - c) - c * (1.0 - c) };
        assert!((x.item() - expected).abs() < 1e-9, "{c}: {}", x.item());
    }
}

/// A search may take 25 trials, if `max_eval` allows: from 10⁻³ in powers of ten towards a minimum at 5·10⁵ takes 9.
#[test]
fn a_search_may_take_many_trials() {
    let calls = Cell::new(0);
    let mut x = Tensor::param([0.0]);
    let rule = Lbfgs { lr: 1e-3, max_iter: 1, max_eval: Some(100), ..lbfgs(LineSearch::StrongWolfe) };
    Optimizer::new(rule).step_with(&mut x, |x| {
        calls.set(calls.get() + 1);
        (x.square() * 1e-6 - x).sum()
    });
    // The slope is -1 at 0, -0.98 at 10⁴ and -0.8 at 10⁵: the trials are at 10⁻³, 10⁻², ..., 10⁵, which is flat enough.
    assert_eq!((calls.get(), x.item().round()), (1 + 9, 1e5));
}

/// The state after one iteration with this gradient, direction and scale.
fn remembered(gradient: f64, direction: f64, scale: f64) -> ParamState<f64> {
    let mut state = ParamState::default();
    for (name, value) in [("prev_flat_grad", gradient), ("d", direction)] {
        *state.list(name) = vec![value];
    }
    for (name, value) in [("n_iter", 1.0), ("t", 1.0), ("H_diag", scale)] {
        *state.number(name, value) = value;
    }
    state
}

/// One iteration on `slope·x` from 0.
fn one_iteration(rule: &Lbfgs, slope: f64, state: &mut ParamState<f64>) -> f64 {
    let mut x = [0.0];
    let mut evaluate = |x: &[f64], g: &mut [f64]| {
        g[0] = slope;
        slope * x[0]
    };
    Rule::<f64>::kind(rule).joint().unwrap().minimize(&mut x, state, &mut evaluate);
    x[0]
}

/// If the slope along a direction overflows, the history is discarded, and the step is a first step.
#[test]
fn a_direction_that_overflows_is_forgotten() {
    let rule = Lbfgs { max_iter: 1, ..Lbfgs::default() };
    let mut state = remembered(1e10, 1.0, 1e300);
    assert_eq!(one_iteration(&rule, 1e10, &mut state), -1.0);
    assert!(state.numbers().any(|number| number == ("H_diag", 1.0)));
}

/// A change of the gradient whose square overflows gives no scale: the pair is skipped, and the scale is kept.
#[test]
fn a_pair_that_overflows_is_left_out() {
    let rule = Lbfgs { max_iter: 1, ..Lbfgs::default() };
    let mut state = remembered(-1e200, 1.0, 0.25);
    assert_eq!(one_iteration(&rule, 1.0, &mut state), -0.25);
    assert!(state.buffer("old_dirs").is_none_or(<[f64]>::is_empty));
}

/// The trials of a search count as evaluations: after ten there is no second iteration.
#[test]
fn trials_count_as_evaluations() {
    let calls = |max_eval| {
        let (calls, mut x) = (Cell::new(0), Tensor::param([0.0]));
        let rule = Lbfgs { lr: 1e-3, max_iter: 2, max_eval: Some(max_eval), ..lbfgs(LineSearch::StrongWolfe) };
        Optimizer::new(rule).step_with(&mut x, |x| {
            calls.set(calls.get() + 1);
            (x.square() * 1e-6 - x).sum()
        });
        calls.get()
    };
    assert_eq!(calls(10), 1 + 9);
    assert!(calls(11) > 10);
}

/// Along an unbounded descent, the search uses all its evaluations.
#[test]
fn an_endless_slope_is_left_after_max_eval() {
    for max_eval in [2, 3, 6, 20] {
        let (calls, mut x) = (Cell::new(0), Tensor::param([0.0]));
        let rule = Lbfgs { max_iter: 1, max_eval: Some(max_eval), ..lbfgs(LineSearch::StrongWolfe) };
        Optimizer::new(rule).step_with(&mut x, |x| {
            calls.set(calls.get() + 1);
            -x.sum()
        });
        // The start, the first trial, and all that `max_eval` leaves; the farthest trial is the best.
        assert_eq!(calls.get(), max_eval + 1);
        assert!(x.item() >= 1.0, "{max_eval}: {}", x.item());
    }
}

/// A bracket in which no parameter would change by more than `tolerance_change` is not narrowed any further.
#[test]
fn a_small_bracket_is_not_narrowed() {
    let calls = |tolerance_change| {
        let calls = Cell::new(0);
        let searching = lbfgs(LineSearch::StrongWolfe);
        let rule = Lbfgs { max_iter: 1, max_eval: Some(20), tolerance_change, ..searching };
        let mut evaluate = |x: &[f64], g: &mut [f64]| {
            calls.set(calls.get() + 1);
            g[0] = if x[0] < 5.0 { -1000.0 } else { 1000.0 };
            1000.0 * (x[0] - 5.0).abs()
        };
        Rule::<f64>::kind(&rule).joint().unwrap().minimize(&mut [0.0], &mut ParamState::default(), &mut evaluate);
        calls.get()
    };
    // Trials at 1 and at 10, with the minimum in between: a bracket of length 9.
    assert_eq!(calls(9.5), 3);
    assert!(calls(8.5) > 3, "{}", calls(8.5));
}

/// The state after a start that is not finite can be saved and loaded.
#[test]
fn the_state_after_a_bad_start_can_be_loaded() {
    for line_search in BOTH {
        let mut x = Tensor::param([1.0, 2.0]);
        let mut opt = Optimizer::new(lbfgs(line_search));
        opt.step_with(&mut x, |x| x.square().sum());
        opt.step_with(&mut x, |x| x.sum() * f64::INFINITY);
        let mut other = Optimizer::new(lbfgs(line_search));
        other.load_state_dict(&opt.state_dict(), &x).unwrap();
        // So can a state that has only the number of iterations.
        let mut state = ParamState::<f64>::default();
        state.steps = 1;
        *state.number("n_iter", 0.0) = 0.0;
        Rule::<f64>::check_state(&lbfgs(line_search), &[2], &state).unwrap();
    }
}

/// A step smaller than `tolerance_change` is the last, however steep the loss is.
#[test]
fn a_small_step_is_the_last() {
    let calls = Cell::new(0);
    let mut x = Tensor::param([0.0]);
    Optimizer::new(Lbfgs { lr: 1e-10, ..Lbfgs::default() }).step_with(&mut x, |x| {
        calls.set(calls.get() + 1);
        (x * 1e9).sum()
    });
    // The loss falls by 0.1, the parameter by 1e-10.
    assert_eq!((calls.get(), x.item()), (2, -1e-10));
}

/// Without a search, a step is divided by ten until loss and gradient are finite, up to 25 times if `max_eval` allows.
#[test]
fn a_fixed_step_is_shortened_too() {
    for (max_eval, expected) in [(7, 1e-5), (6, 0.0), (1, 0.0)] {
        let rule = Lbfgs { max_eval: Some(max_eval), ..Lbfgs::default() };
        let (mut x, mut state, calls) = ([0.0], ParamState::default(), Cell::new(0));
        let mut evaluate = |x: &[f64], g: &mut [f64]| {
            calls.set(calls.get() + 1);
            g[0] = -1.0;
            if x[0] < 1e-4 { -x[0] } else { f64::NAN }
        };
        Rule::<f64>::kind(&rule).joint().unwrap().minimize(&mut x, &mut state, &mut evaluate);
        assert!((x[0] - expected).abs() < 1e-18, "{max_eval}: {}", x[0]);
        assert_eq!(calls.get(), max_eval.max(2), "{max_eval}");
    }
}
