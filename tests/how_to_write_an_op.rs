//! How to write a custom operation, from the simplest kind to one with its own output shape. Everything used here is
//! public; the library's operations are written in the same way.
//!
//! First ask whether you need one. A function composed of existing operations already has derivatives:
//! `let log_cosh = |x: &Tensor| ((x.exp() + (-x).exp()) / 2.0).ln();`. Write a custom operation if the composed formula
//! is not numerically stable (this one overflows above 88 in f32), for speed, or for a derivative rule that no
//! composition has.

use downhill::{Check, Elements, Elementwise, Float, Op, Problem, Tensor, apply, elementwise, grad, gradcheck, where_};
use ndarray::Ix2;

// -----------------------------------------------------------------------------------------------------------------
// 1. An elementwise operation.
//
// An `Elementwise` operation needs a name for messages, its scalar function, and its derivative. Write the function for
// any `Float`, so that it works for f32 and f64.

/// `ln cosh x = |x| + ln(1 + e^(-2|x|)) - ln 2`, which never overflows; the derivative is `tanh x`.
struct LogCosh;

impl<F: Float> Elementwise<F, 1> for LogCosh {
    fn name(&self) -> &'static str {
        "log_cosh"
    }

    fn element(&self, [x]: [F; 1]) -> F {
        let x = x.abs();
        x + (x * F::from_f64(-2.0)).exp().ln_1p() - F::from_f64(std::f64::consts::LN_2)
    }

    // The derivative is a *vector-Jacobian product*: `dy` is the gradient of some scalar (the loss) with respect to the
    // result `y`; return its gradient with respect to the input. By the chain rule, that is `dy` times the derivative
    // here. Write it in tensor operations, so that it can itself be differentiated.
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
// 2. Check the derivative.
//
// `gradcheck` compares it with finite differences; order 2 also checks the derivative of the derivative, which catches
// a rule that is correct but not recorded. Check in f64, at several points, away from kinks.

#[test]
fn the_derivative_is_right_to_third_order() {
    let x = Tensor::from([-2.0, -0.3, 0.5, 3.0_f64]);
    gradcheck(|[x]| log_cosh(x), [&x], Check::order(3)).unwrap();
}

// What a mistake looks like: here, the derivative of a different function.

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
// `wrt` is the number of the argument whose gradient is requested; `vjp` is called only for arguments that need one. Do
// not undo broadcasting: return a gradient of the result's shape, and the library sums it to the argument's shape.

/// The length of the vector `(a, b)`: `y = √(a² + b²)`; the derivatives are `a/y` and `b/y`.
struct Hypot;

impl<F: Float> Elementwise<F, 2> for Hypot {
    fn name(&self) -> &'static str {
        "hypot"
    }

    fn element(&self, [a, b]: [F; 2]) -> F {
        a.hypot(b)
    }

    // The result `y` may be used, too: it is recorded, so differentiating this rule leads back to `a` and `b`.
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
    // Both are broadcast, so both gradients must be summed; no element is near 0, where the length has a kink.
    let (column, row) = (Tensor::from([[3.0], [-5.0_f64]]), Tensor::from([4.0, -1.0, 2.0]));
    gradcheck(|[a, b]| hypot(a, b), [&column, &row], Check::order(2)).unwrap();
}

// -----------------------------------------------------------------------------------------------------------------
// 4. Step functions in a derivative.
//
// If a derivative contains a step function (a mask, a sign, an index), treat it as a *constant*: its own derivative is
// zero, and it should not be recorded. Comparisons return plain arrays of `bool`, which are constants anyway.

/// `x` where `|x| > threshold`, else 0: hard shrinkage, used in sparse coding. The derivative is 1 or 0; at the
/// threshold it is 0.
struct HardShrink(f64);

impl<F: Float> Elementwise<F, 1> for HardShrink {
    fn name(&self) -> &'static str {
        "hard_shrink"
    }

    fn element(&self, [x]: [F; 1]) -> F {
        // Written so that NaN propagates: `if x.abs() > t { x } else { 0 }` would hide a network that has diverged.
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
// 5. An operation with its own output shape.
//
// Operations that are not elementwise implement `Op`, with a forward pass on whole arrays. `check` validates the
// shapes; its error becomes part of the panic message, which points at the user's line.

/// Squared distances between the rows of `a [n, d]` and those of `b [m, d]`, as `[n, m]`: `y_ij = Σ_k (a_ik - b_jk)²`.
/// The composed form needs `n·m·d` elements of memory, this one `n·m`.
struct SquaredDistances;

impl<F: Float> Op<F, 2> for SquaredDistances {
    fn name(&self) -> &'static str {
        "squared_distances"
    }

    fn check(&self, [a, b]: [&[usize]; 2]) -> Result<(), String> {
        match (a, b) {
            ([_, d], [_, e]) if d == e => Ok(()),
            ([_, d], [_, e]) => Err(format!("points with {d} and {e} coordinates have no distance")),
            _ => Err("expected two matrices with one point per row".into()),
        }
    }

    // The arrays may have any memory layout: a transposed matrix is passed as a strided view. Use `ndarray`'s methods,
    // which handle strides, never the raw slice.
    fn forward(&mut self, [a, b]: [&Elements<F>; 2]) -> Elements<F> {
        let (a, b) = (a.view(), b.view());
        let points = "checked: two matrices";
        let a = a.into_dimensionality::<Ix2>().expect(points);
        let b = b.into_dimensionality::<Ix2>().expect(points);
        let distance = |(i, j)| a.row(i).iter().zip(b.row(j)).fold(F::zero(), |sum, (&a, &b)| sum + (a - b) * (a - b));
        ndarray::Array2::from_shape_fn((a.nrows(), b.nrows()), distance).into_dyn().into()
    }

    // ∂y_ij/∂a_ik = 2 (a_ik - b_jk), so the gradient for a_ik is 2 Σ_j dy_ij (a_ik - b_jk) = 2 (s_i a_ik - (dy·b)_ik)
    // with s_i = Σ_j dy_ij; for b it is the same with dy transposed.
    fn vjp(&self, wrt: usize, [a, b]: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let (this, other, dy) = if wrt == 0 { (a, b, dy.clone()) } else { (b, a, dy.t()) };
        let sums = dy.sum_axis(1).unsqueeze(1);
        (sums * this - dy.matmul(other)) * F::from_f64(2.0)
    }
}

/// Wrap the operation in a function with `#[track_caller]`, so that a shape mismatch is reported at the caller's line.
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

/// Inputs that reveal mistakes which tests on one contiguous matrix miss: other layouts, empty axes, the same tensor
/// twice.
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
#[should_panic(expected = "squared_distances of [2, 3] and [2, 2]: points with 3 and 2 coordinates have no distance")]
fn a_misfit_names_the_operation_and_the_shapes() {
    squared_distances(&Tensor::<f64>::zeros(&[2, 3]), &Tensor::zeros(&[2, 2]));
}

// -----------------------------------------------------------------------------------------------------------------
// 6. That is all: the operation works wherever the library's own operations do, including higher derivatives.

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
