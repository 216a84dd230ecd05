//! Gradient checks: the derivative rules against finite differences, to any order.

mod compare;
mod diagnosis;
mod direction;
mod error;
mod function;
mod model;
mod random;
mod report;
#[cfg(test)]
mod tests;

pub use error::{GradcheckError, Problem};
pub use model::gradcheck_model;
pub(crate) use random::SplitMix;
pub use report::{Entry, InputReport, Report};

use crate::no_grad::with_recording;
use crate::{Float, Tensor};
use function::Function;

/// What [`gradcheck`] and [`gradcheck_model`] check, and how strictly. `None` means:
///
/// | | `f64` | `f32` |
/// |---|---|---|
/// | `step` | 6.1e-6 | 4.9e-3 |
/// | `atol` | 1e-5 | 1e-3 |
/// | `rtol` | 1e-3 | 1e-2 |
///
/// The tolerances for `f64` are PyTorch's. The step size is the cube root of the machine epsilon, where the error of a
/// central difference is smallest, times `max(1, |x|)` (PyTorch: 1e-6 for every `x`). Check in `f64` where you can: in
/// `f32` a central difference loses half of the digits.
///
/// ```
/// use downhill_tensor::{Check, Directions};
/// let check = Check { atol: Some(1e-8), directions: Directions::Random(4), ..Check::order(2) };
/// assert_eq!(check.order, 2);
/// ```
#[derive(Clone, Debug)]
pub struct Check {
    /// The highest order of derivative: 1 checks gradients, 2 also gradients of gradients, and so on.
    pub order: usize,
    /// The step size: half the distance between the two points of a central difference; scaled by `|x|` where
    /// `|x| > 1`.
    pub step: Option<f64>,
    /// The absolute tolerance: an entry passes if `|analytic - numeric| <= atol + rtol·|numeric|`.
    pub atol: Option<f64>,
    /// The relative tolerance.
    pub rtol: Option<f64>,
    /// Whether to check every entry of the Jacobian or its products with random vectors.
    pub directions: Directions,
    /// The seed of the random vectors. Orders above the first always need some.
    pub seed: u64,
}

/// The directions along which derivatives are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directions {
    /// Every entry of the Jacobian: two evaluations per element of the inputs.
    Every,
    /// This many random directions per input: two evaluations each, however large the input is. An error in one entry
    /// shows in every direction, but not which entry it is.
    Random(usize),
}

impl Check {
    /// Derivatives up to this order, with defaults for everything else.
    pub fn order(order: usize) -> Self {
        Check { order, step: None, atol: None, rtol: None, directions: Directions::Every, seed: 0 }
    }
}

impl Default for Check {
    /// First order only.
    fn default() -> Self {
        Check::order(1)
    }
}

/// [`Check`] with the defaults for an element type filled in.
struct Settings {
    step: f64,
    atol: f64,
    rtol: f64,
    directions: Directions,
}

impl Settings {
    #[track_caller]
    fn new<F: Float>(check: &Check) -> Self {
        assert!(check.order >= 1, "gradcheck: the order must be at least 1; `Check::order(1)` checks gradients");
        assert!(check.directions != Directions::Random(0), "gradcheck: needs at least one random direction");
        let epsilon = F::epsilon().as_f64();
        let double = epsilon < 1e-12;
        let settings = Settings {
            step: check.step.unwrap_or(epsilon.cbrt()),
            atol: check.atol.unwrap_or(if double { 1e-5 } else { 1e-3 }),
            rtol: check.rtol.unwrap_or(if double { 1e-3 } else { 1e-2 }),
            directions: check.directions,
        };
        assert!(settings.step > 0.0, "gradcheck: the step must be positive, not {}", settings.step);
        let tolerances = [settings.atol, settings.rtol];
        assert!(tolerances.iter().all(|t| *t >= 0.0), "gradcheck: tolerances must not be negative: {tolerances:?}");
        settings
    }
}

/// Compares the derivatives of `f` at `inputs` with central differences, up to the order in `check`.
///
/// The first order compares the Jacobian from backward passes, row by row, with the one from central differences
/// `(f(x + h) - f(x - h)) / 2h`, column by column. Order `n` does the same with the gradient function of order
/// `n - 1`: `(x, dy) ↦ ∂y/∂xᵀ·dy` at a random `dy`, like PyTorch's `gradgradcheck` and JAX's `check_grads`. Also, at
/// every order, values and gradients must be the same when computed again, finite, linear in `dy` and zero for
/// `dy = 0`.
///
/// The inputs may be constants: parameters are made from them. The result of `f` may have any shape.
///
/// ```
/// use downhill_tensor::{Check, Tensor, gradcheck};
/// let a = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0_f64]]);
/// let b = Tensor::from([0.5, -0.5, 2.0]);
/// let report = gradcheck(|[a, b]| (a * b).exp(), [&a, &b], Check::order(2)).unwrap();
/// println!("{report}");
/// ```
///
/// # Errors
/// If a derivative is wrong, or one of the other conditions does not hold. The error names the operation, the order,
/// the entry, both values, and the likely cause.
///
/// # Panics
/// If a field of `check` is invalid, or if `f` panics.
#[track_caller]
pub fn gradcheck<F: Float, const N: usize>(
    f: impl Fn([&Tensor<F>; N]) -> Tensor<F>,
    inputs: [&Tensor<F>; N],
    check: Check,
) -> Result<Report, GradcheckError> {
    let call = |xs: &[Tensor<F>]| vec![f(std::array::from_fn(|i| &xs[i]))];
    let names = (0..N).map(|i| format!("x{i}")).collect();
    let inputs = inputs.iter().map(|x| Tensor::param(x.detach())).collect();
    check_orders(Function::new(call, inputs, names, "y"), &check)
}

/// The check behind [`gradcheck`] and [`gradcheck_model`].
#[track_caller]
fn check_orders<F: Float>(function: Function<'_, F>, check: &Check) -> Result<Report, GradcheckError> {
    let settings = Settings::new::<F>(check);
    let mut random = SplitMix::new(check.seed);
    // Record even inside `no_grad`: derivatives are what is being checked.
    with_recording(true, || {
        let mut function = function;
        let mut report = Report::new(function.op_name(), settings.atol);
        for order in 1..=check.order {
            if order > 1 {
                function = function.gradient(&mut random);
            }
            report.order = order;
            if let Err(problem) = compare::compare(&function, &settings, &mut random, &mut report) {
                return Err(GradcheckError { problem, report });
            }
        }
        Ok(report)
    })
}
