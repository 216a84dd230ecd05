//! How to write an operation of your own, from the simplest kind to one with shapes of its own. Everything here is
//! public; the operations of the library are written in the same way.
//!
//! First ask whether you need one. A function composed of operations has its derivatives already:
//! `let log_cosh = |x: &Tensor| ((x.exp() + (-x).exp()) / 2.0).ln();`. An operation of your own is for a formula that
//! overflows when composed (this one does, above 88 in f32), for speed, or for a rule that no composition has.

use downhill::{Check, Elements, Elementwise, Float, Op, Problem, Tensor, apply, elementwise, grad, gradcheck, where_};
use ndarray::Ix2;

// -----------------------------------------------------------------------------------------------------------------
// 1. One number in, one number out.
//
// An `Elementwise` operation needs a name for messages, the rule for one element, and the derivative. Write the rule for
// any `Float`, so that it serves f32 and f64.

/// `ln cosh x = |x| + ln(1 + e^(-2|x|)) - ln 2`, which overflows nowhere; the derivative is `tanh x`.
struct LogCosh;

impl<F: Float> Elementwise<F, 1> for LogCosh {
    fn name(&self) -> &'static str {
        "log_cosh"
    }

    fn element(&self, [x]: [F; 1]) -> F {
        let x = x.abs();
        x + (x * F::from_f64(-2.0)).exp().ln_1p() - F::from_f64(std::f64::consts::LN_2)
    }

    // The derivative is a *vector-Jacobian product*. Some scalar at the far end of the program changes by `dy` when the
    // result `y` changes by 1; by how much does it change when the input changes? By the chain rule, `dy` times the
    // derivative here. Write it in operations on tensors, so that it can be differentiated in its turn.
    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x.tanh()
    }
}

fn log_cosh<F: Float>(x: &Tensor<F>) -> Tensor<F> {
    elementwise(LogCosh, [x])
}

#[test]
fn values() {
    let x = Tensor::from([-1000.0_f32, 0.0, 1.0, 1000.0]);
    let y = log_cosh(&x).to_vec();
    let expected = [1000.0 - 2.0_f32.ln(), 0.0, 1.0_f32.cosh().ln(), 1000.0 - 2.0_f32.ln()];
    assert!(y.iter().zip(expected).all(|(y, e)| (y - e).abs() <= 1e-6 * e.abs().max(1.0)), "{y:?}");
}

// -----------------------------------------------------------------------------------------------------------------
// 2. Prove the derivative.
//
// `gradcheck` compares it with finite differences; order 2 also checks the derivative of the derivative, which catches
// a rule that is right but records nothing. Check in f64, at several points, away from kinks.

#[test]
fn the_derivative_is_right_to_third_order() {
    let x = Tensor::from([-2.0, -0.3, 0.5, 3.0_f64]);
    gradcheck(|[x]| log_cosh(x), [&x], Check::order(3)).unwrap();
}

// What a mistake looks like. Here the derivative of another function:

struct Wrong;

impl<F: Float> Elementwise<F, 1> for Wrong {
    fn name(&self) -> &'static str {
        "wrong"
    }

    fn element(&self, [x]: [F; 1]) -> F {
        LogCosh.element([x])
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x.sigmoid()
    }
}

#[test]
fn a_wrong_derivative_is_reported_with_the_entry_and_both_values() {
    let x = Tensor::from([0.0, 1.0_f64]);
    let error = gradcheck(|[x]| elementwise(Wrong, [x]), [&x], Check::order(1)).unwrap_err();
    let Problem::Wrong { entry, suggestion } = &error.problem else { panic!("{error}") };
    assert_eq!(entry.input_index, Some(vec![0]));
    assert_eq!(entry.analytic, 0.5); // sigmoid(0)
    assert!(entry.numeric.abs() < 1e-6); // tanh(0)
    assert!(suggestion.contains("there is a gradient where the function does not change"));
    assert!(error.to_string().starts_with("gradcheck of wrong at order 1: ∂y[0]/∂x0[0]"));
}

// -----------------------------------------------------------------------------------------------------------------
// 3. Two arguments, with broadcasting.
//
// `wrt` says which argument's gradient is asked for; it is asked for only if that argument needs one. Do not undo
// broadcasting: return a gradient of the result's shape, and the library sums it down to the argument's.

/// The length of the vector `(a, b)`: `y = √(a² + b²)`; the derivatives are `a/y` and `b/y`.
struct Hypot;

impl<F: Float> Elementwise<F, 2> for Hypot {
    fn name(&self) -> &'static str {
        "hypot"
    }

    fn element(&self, [a, b]: [F; 2]) -> F {
        a.hypot(b)
    }

    // The result itself is there to be used, recorded: `y` here leads back to `a` and `b` when this is differentiated.
    fn vjp(&self, wrt: usize, inputs: [&Tensor<F>; 2], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * inputs[wrt] / y
    }
}

fn hypot<F: Float>(a: &Tensor<F>, b: &Tensor<F>) -> Tensor<F> {
    elementwise(Hypot, [a, b])
}

#[test]
fn broadcasting_is_undone() {
    let column = Tensor::param([[3.0], [5.0_f64]]);
    let row = Tensor::param([4.0, 12.0]);
    let y = hypot(&column, &row);
    assert_eq!(y.shape(), [2, 2]);
    assert_eq!(y.view()[[0, 0]], 5.0);
    assert_eq!(y.view()[[1, 1]], 13.0);
    let grads = y.sum().backward();
    assert_eq!(grads[&column].shape(), [2, 1]);
    assert_eq!(grads[&row].shape(), [2]);
}

#[test]
fn both_derivatives_are_right() {
    // Both broadcast, so both gradients must be summed; no element is near 0, where the length has a kink.
    let (column, row) = (Tensor::from([[3.0], [-5.0_f64]]), Tensor::from([4.0, -1.0, 2.0]));
    gradcheck(|[a, b]| hypot(a, b), [&column, &row], Check::order(2)).unwrap();
}

// -----------------------------------------------------------------------------------------------------------------
// 4. Steps in a derivative.
//
// Where a derivative has a step (a mask, a sign, an index), the step is a *constant*: its own derivative is zero, and
// nothing should be recorded for it. Comparisons give plain arrays of `bool`, which are constant by nature.

/// `x` where `|x| > threshold`, else 0: the shrinkage of sparse coding. The derivative is 1 or 0; at the threshold 0.
struct HardShrink(f64);

impl<F: Float> Elementwise<F, 1> for HardShrink {
    fn name(&self) -> &'static str {
        "hard_shrink"
    }

    fn element(&self, [x]: [F; 1]) -> F {
        // Written so that NaN passes: `if x.abs() > t { x } else { 0 }` would hide a network that has diverged.
        if x.abs() <= F::from_f64(self.0) { F::zero() } else { x }
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        where_(&x.abs().gt(F::from_f64(self.0)), dy, F::zero())
    }
}

#[test]
fn a_step_is_constant() {
    let x = Tensor::from([-2.0, -0.3, 0.1, 3.0_f64]);
    gradcheck(|[x]| elementwise(HardShrink(0.5), [x]), [&x], Check::order(2)).unwrap();

    let x = Tensor::param([0.5, f64::NAN]);
    let y = elementwise(HardShrink(0.5), [&x]);
    assert!(y.to_vec()[0] == 0.0 && y.to_vec()[1].is_nan());
    assert_eq!(grad(&y.sum(), [&x])[0].to_vec()[0], 0.0, "at the kink");
}

// -----------------------------------------------------------------------------------------------------------------
// 5. Shapes of its own.
//
// For everything that is not elementwise there is `Op`, with a forward pass on whole arrays. `check` says whether the
// shapes fit; the message that the user sees is put together from it, and points at the user's line.

/// Squared distances between the rows of `a [n, d]` and those of `b [m, d]`, as `[n, m]`: `y_ij = Σ_k (a_ik - b_jk)²`.
/// Composed, it needs `n·m·d` elements of memory; here `n·m`.
struct SquaredDistances;

impl<F: Float> Op<F, 2> for SquaredDistances {
    fn name(&self) -> &'static str {
        "squared_distances"
    }

    fn check(&self, [a, b]: [&[usize]; 2]) -> Result<(), String> {
        match (a, b) {
            ([_, d], [_, e]) if d == e => Ok(()),
            ([_, d], [_, e]) => Err(format!("points of {d} and of {e} coordinates have no distance")),
            _ => Err("needs two matrices, one point a row".into()),
        }
    }

    // The arrays may have any memory layout: a transposed matrix arrives as it is. Use `ndarray`'s methods, which know
    // strides, and never the raw slice.
    fn forward(&mut self, [a, b]: [&Elements<F>; 2]) -> Elements<F> {
        let (a, b) = (a.view(), b.view());
        let points = "checked: two matrices";
        let a = a.into_dimensionality::<Ix2>().expect(points);
        let b = b.into_dimensionality::<Ix2>().expect(points);
        let distance = |(i, j)| a.row(i).iter().zip(b.row(j)).fold(F::zero(), |sum, (&a, &b)| sum + (a - b) * (a - b));
        ndarray::Array2::from_shape_fn((a.nrows(), b.nrows()), distance).into_dyn().into()
    }

    // ∂y_ij/∂a_ik = 2 (a_ik - b_jk), so the gradient for a_ik is 2 Σ_j dy_ij (a_ik - b_jk) = 2 (s_i a_ik - (dy·b)_ik) with
    // s_i = Σ_j dy_ij; and for b the same with dy transposed.
    fn vjp(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let (this, other, dy) = if wrt == 0 { (a, b, dy.clone()) } else { (b, a, dy.t()) };
        let sums = dy.sum_axis(1).unsqueeze(1);
        (sums * this - dy.matmul(other)) * F::from_f64(2.0)
    }
}

/// Give the operation a function, with `#[track_caller]`, so that a misfit is reported at the caller's line.
#[track_caller]
fn squared_distances<F: Float>(a: &Tensor<F>, b: &Tensor<F>) -> Tensor<F> {
    apply(SquaredDistances, [a, b])
}

#[test]
fn distances_and_their_derivatives() {
    let a = Tensor::from([[0.0, 0.0], [3.0, 4.0], [1.0, -1.0_f64]]);
    let b = Tensor::from([[0.0, 1.0], [3.0, 0.0]]);
    assert_eq!(squared_distances(&a, &b), Tensor::from([[1.0, 9.0], [18.0, 16.0], [5.0, 5.0]]));
    gradcheck(|[a, b]| squared_distances(a, b), [&a, &b], Check::order(2)).unwrap();
}

/// The mistakes that tests on one contiguous matrix do not find: other layouts, empty axes, the same tensor twice.
#[test]
fn unusual_inputs() {
    let a = Tensor::from([[0.5, -1.0, 2.0], [3.0, 4.0, 0.25_f64]]);
    let b = Tensor::from([[0.0, 1.0], [3.0, 0.0], [1.0, 1.0]]);
    gradcheck(|[a, b]| squared_distances(a, &b.t()), [&a, &b], Check::order(2)).unwrap();
    gradcheck(|[a, b]| squared_distances(&a.t().narrow(1, 0, 1), &b.narrow(1, 1, 1)), [&a, &b], Check::order(2))
        .unwrap();
    gradcheck(|[a]| squared_distances(a, a), [&a], Check::order(2)).unwrap();
    let none = Tensor::zeros(&[0, 3]);
    assert_eq!(squared_distances(&a, &none).shape(), [2, 0]);
    gradcheck(|[a, none]| squared_distances(a, none), [&a, &none], Check::order(2)).unwrap();
}

#[test]
#[should_panic(expected = "squared_distances of [2, 3] and [2, 2]: points of 3 and of 2 coordinates have no distance")]
fn a_misfit_names_the_operation_and_the_shapes() {
    squared_distances(&Tensor::<f64>::zeros(&[2, 3]), &Tensor::zeros(&[2, 2]));
}

// -----------------------------------------------------------------------------------------------------------------
// 6. That is all: the operation works wherever the library's do, derivatives of derivatives included.

#[test]
fn trained_with_the_operation_it_finds_the_centre() {
    let points = Tensor::from([[1.0, 2.0], [3.0, 2.0], [2.0, 5.0_f64]]);
    let mut centre = Tensor::param([[0.0, 0.0]]);
    for _ in 0..60 {
        let grads = squared_distances(&points, &centre).mean().backward();
        centre.assign(&centre - 0.3 * &grads[&centre]);
    }
    assert!(centre.all_close([[2.0, 3.0]], 1e-9, 1e-9), "{centre}");

    // The Hessian of the mean squared distance is twice the identity.
    let hessian = downhill::hessian(&squared_distances(&points, &centre).mean(), &centre);
    let identity = Tensor::from([[2.0, 0.0], [0.0, 2.0]]);
    assert!(hessian.reshape(&[2, 2]).all_close(&identity, 1e-12, 1e-12), "{hessian}");
}
