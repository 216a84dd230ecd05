//! The functions of the gauntlet: not all convex, and each with its own difficulty.

use downhill::{Float, Tensor};

/// A function of a point, given as a 1×2 matrix, and the factor by which a rule must reduce it.
pub(crate) struct Problem<F: Float> {
    pub(crate) name: &'static str,
    pub(crate) loss: fn(&Tensor<F>) -> Tensor<F>,
    pub(crate) start: [f64; 2],
    pub(crate) factor: f64,
}

pub(crate) fn problems<F: Float>() -> [Problem<F>; 5] {
    [
        Problem { name: "bowl", loss: bowl, start: [1.0, 1.0], factor: 1e4 },
        Problem { name: "rosenbrock", loss: rosenbrock, start: [-1.5, 2.0], factor: 100.0 },
        Problem { name: "himmelblau", loss: himmelblau, start: [-1.0, 1.0], factor: 1e4 },
        Problem { name: "beale", loss: beale, start: [1.0, 1.0], factor: 1e3 },
        Problem { name: "logistic", loss: logistic, start: [0.0, 0.0], factor: 100.0 },
    ]
}

fn coordinates<F: Float>(p: &Tensor<F>) -> (Tensor<F>, Tensor<F>) {
    (p.narrow(1, 0, 1), p.narrow(1, 1, 1))
}

pub(crate) fn number<F: Float>(x: f64) -> F {
    F::from_f64(x)
}

/// (x² + 10·y²) / 2.
fn bowl<F: Float>(p: &Tensor<F>) -> Tensor<F> {
    let (x, y) = coordinates(p);
    (x.square() * number::<F>(0.5) + y.square() * number::<F>(5.0)).sum()
}

/// (1 - x)² + 100·(y - x²)²: a narrow curved valley.
fn rosenbrock<F: Float>(p: &Tensor<F>) -> Tensor<F> {
    let (x, y) = coordinates(p);
    let along = (&x - F::one()).square();
    (along + (y - x.square()).square() * number::<F>(100.0)).sum()
}

/// (x² + y - 11)² + (x + y² - 7)²: four minima, all 0.
fn himmelblau<F: Float>(p: &Tensor<F>) -> Tensor<F> {
    let (x, y) = coordinates(p);
    let first = x.square() + &y - number::<F>(11.0);
    let second = x + y.square() - number::<F>(7.0);
    (first.square() + second.square()).sum()
}

/// Σ (cₖ - x + x·yᵏ)² with c = 1.5, 2.25, 2.625: flat, with sharp peaks at the corners.
fn beale<F: Float>(p: &Tensor<F>) -> Tensor<F> {
    let (x, y) = coordinates(p);
    let term = |c: f64, power: i32| (&x * y.powi(power) - &x + number::<F>(c)).square();
    (term(1.5, 1) + term(2.25, 2) + term(2.625, 3)).sum()
}

/// The mean log loss of a line between eight points of two overlapping classes, minus the minimum.
fn logistic<F: Float>(p: &Tensor<F>) -> Tensor<F> {
    let x = [[1.0, 0.5], [1.0, 1.0], [1.0, 1.5], [1.0, 2.5], [1.0, 2.0], [1.0, 3.0], [1.0, 3.5], [1.0, 4.0]];
    let sign = [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0];
    let x = Tensor::from(x.map(|row| row.map(number::<F>)));
    let sign = Tensor::from(sign.map(|s| [number::<F>(s)]));
    // ln(1 + e^z) for the wrong side: z > 0.
    let z = x.matmul(&p.t()) * sign;
    z.softplus().sum() / number::<F>(8.0) - number::<F>(BEST_LOGISTIC)
}

/// Computed by Newton's method: see `the_best_line`.
const BEST_LOGISTIC: f64 = 0.312_881_212_308_489_6;

/// Newton's method on the log loss, for the constant in `logistic`.
#[test]
fn the_best_line() {
    let mut p = Tensor::param([[0.0_f64, 0.0]]);
    for _ in 0..20 {
        let gradient = downhill::grad(&logistic(&p), [&p])[0].to_vec();
        let hessian = downhill::hessian(&logistic(&p), &p).to_vec();
        let [a, b, c, d] = hessian[..] else { panic!("a 2×2 Hessian") };
        let step = [d * gradient[0] - b * gradient[1], a * gradient[1] - c * gradient[0]];
        let step = step.map(|x| x / (a * d - b * c));
        p.assign(&p - Tensor::from([step]));
    }
    let left = logistic(&p).item();
    assert!(left.abs() < 1e-15, "the minimum is {}", left + BEST_LOGISTIC);
}
