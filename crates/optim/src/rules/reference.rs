//! Helpers for the tests of the rules: the function that the reference values belong to.

use downhill_tensor::{Gradients, Tensor};

use crate::{Optimizer, Rule};

/// The parameters after `steps` steps of `rule` on f(x, y) = (x² + 10·y²) / 2, starting at (1, 1).
pub(super) fn after(rule: impl Into<Box<dyn Rule<f64>>>, steps: usize) -> [f64; 2] {
    let mut p = Tensor::param([1.0, 1.0]);
    let mut opt = Optimizer::new(rule);
    for _ in 0..steps {
        let grads = (&p.square() * &Tensor::from([0.5, 5.0])).sum().backward();
        opt.step(&mut p, &grads);
    }
    [p.view()[0], p.view()[1]]
}

/// Asserts that [`after`] returns `expected`, which is given to 12 decimals.
#[track_caller]
pub(super) fn expect(rule: impl Into<Box<dyn Rule<f64>>>, steps: usize, expected: [f64; 2]) {
    let got = after(rule, steps);
    assert!((0..2).all(|i| (got[i] - expected[i]).abs() < 1e-12), "{got:?} instead of {expected:?}");
}

/// The buffer named `buffer` of a parameter that starts at (1, 1), after steps with these gradients; and the parameter.
pub(super) fn remembered(rule: impl Into<Box<dyn Rule<f64>>>, buffer: &str, gradients: &[[f64; 2]]) -> [Vec<f64>; 2] {
    let mut p = Tensor::param([1.0, 1.0]);
    let mut opt = Optimizer::new(rule);
    for &gradient in gradients {
        let mut grads = Gradients::default();
        grads.set(&p, Tensor::from(gradient));
        opt.step(&mut p, &grads);
    }
    [opt.state("").unwrap().buffer(buffer).unwrap().to_vec(), p.to_vec()]
}

/// Asserts that the options are rejected with this message.
#[track_caller]
pub(super) fn refused(rule: impl Into<Box<dyn Rule<f64>>>, message: &str) {
    assert_eq!(Optimizer::try_new(rule).unwrap_err().to_string(), message);
}
