//! # Lesson 4: curvature without the matrix
//!
//!     cargo run --release --example lesson_04_curvature
//!
//! The gradient says which way is down; the Hessian `H`, the matrix of second derivatives, says how the slope changes
//! along the way. For `n` parameters it has `n²` entries, far too many to store for a network. But most uses need only
//! its *product* with a vector, and that is one more derivative (Pearlmutter 1994): with the gradient `g`,
//!
//! ```text
//! H·v = ∇(g·v),
//! ```
//!
//! two backward passes, whatever `n` is. `grad` returns gradients that can be differentiated again, so it takes one
//! line.
//!
//! Two uses. *Power iteration*, `v ← H·v / |H·v|`, finds the largest curvature λ, and with it the speed limit of
//! gradient descent: on a quadratic with curvature λ, gradient descent diverges for any learning rate above 2/λ.
//! *Newton's method* solves `H·d = -g` for its step, here by conjugate gradients, which only need products with `H`.
//!
//! The function is the log-loss of a logistic regression with twenty features of very different scales, so that no
//! single learning rate suits all directions.
//!
//! Expected output:
//!
//! ```text
//! 1. One product, with and without the matrix
//!
//!    H has 400 entries; H·v two ways, the first three of 20:
//!    [-0.055000480974, -0.008210931838, -0.018795817482]   with the matrix
//!    [-0.055000480974, -0.008210931838, -0.018795817482]   without
//!
//! 2. The largest curvature, and the speed limit it sets
//!
//!    after  1 products: 0.06838270
//!    after  2 products: 0.07758200
//!    after  3 products: 0.08225372
//!    after  5 products: 0.08355273
//!    after 10 products: 0.08366595
//!    after 30 products: 0.08366702
//!    so the learning rate of gradient descent must stay below 23.9043
//!
//! 3. Gradient descent within the limit, and Newton's method
//!
//!    gradient descent                          Newton's method, by conjugate gradients
//!    steps   loss - minimum   gradient         steps   products   loss - minimum   gradient
//!        0           5.8e-1     2.2e-1             0          0           5.8e-1     2.2e-1
//!        1           2.4e-1     6.4e-2             1         16           1.7e-1     6.2e-2
//!       10           1.1e-1     2.0e-2             2         36           7.0e-2     2.4e-2
//!      100           2.1e-2     4.3e-3             3         56           2.2e-2     9.4e-3
//!     1000           2.9e-4     2.6e-4             4         78           4.0e-3     3.1e-3
//!     3000           4.1e-6     2.6e-5             5         99           2.1e-4     6.6e-4
//!    10000          8.8e-12     3.7e-8             6        122           8.2e-7     4.3e-5
//!    30000            0.0e0    7.5e-16             7        146          1.4e-11     1.9e-7
//! ```

use downhill::prelude::*;
use downhill::{hessian, hvp};
use rand::{Rng, RngExt};

fn main() {
    let mut rng = downhill::rng(4);
    let problem = Problem::new(&mut rng);
    let f = |x: &Tensor<f64>| problem.loss(x);

    println!("1. One product, with and without the matrix\n");
    let x = Tensor::param(random(&[20], &mut rng));
    let v = random(&[20], &mut rng);
    let matrix = hessian(&f(&x), &x);
    let [g] = grad(&f(&x), [&x]);
    let [hv] = grad(&(g * &v).sum(), [&x]);
    let product = matrix.matmul(&v);
    println!("   H has {} entries; H·v two ways, the first three of {}:", matrix.len(), hv.len());
    println!("   {:.12}   with the matrix", product.narrow(0, 0, 3).view());
    println!("   {:.12}   without", hv.narrow(0, 0, 3).view());

    println!("\n2. The largest curvature, and the speed limit it sets\n");
    let start = Tensor::param(Tensor::zeros(&[20]));
    let mut v = v;
    let mut curvature = 0.0;
    for iteration in 1..=30 {
        let hv = hvp(&f(&start), &start, &v);
        curvature = norm(&hv);
        v = (hv / curvature).detach();
        if [1, 2, 3, 5, 10, 30].contains(&iteration) {
            println!("   after {iteration:>2} products: {curvature:.8}");
        }
    }
    println!("   so the learning rate of gradient descent must stay below {:.4}", 2.0 / curvature);

    println!("\n3. Gradient descent within the limit, and Newton's method\n");
    println!("   gradient descent                          Newton's method, by conjugate gradients");
    println!("   steps   loss - minimum   gradient         steps   products   loss - minimum   gradient");
    let newton = newton(&f, start.clone(), 9);
    let minimum = newton.last().expect("a start").loss;
    let descent = gradient_descent(&f, start, 1.0 / curvature);
    for ((steps, slow), fast) in descent.iter().zip(&newton) {
        println!(
            "   {steps:>5}   {:>14.1e}   {:>8.1e}         {:>5}   {:>8}   {:>14.1e}   {:>8.1e}",
            slow.loss - minimum,
            slow.gradient,
            fast.steps,
            fast.products,
            fast.loss - minimum,
            fast.gradient
        );
    }
}

/// Log-loss of 400 samples with 20 features, scaled from 1 for the first to 1/30 for the last, with a small penalty on
/// the squared parameters:
///
/// ```text
/// f(x) = mean( softplus(-s·(A·x)) ) + 0.00003·|x|²,    s = ±1 the classes.
/// ```
struct Problem {
    samples: Tensor<f64>,
    signs: Tensor<f64>,
}

impl Problem {
    fn new(rng: &mut impl Rng) -> Self {
        let sizes: Vec<f64> = (0..20).map(|i| 30.0_f64.powf(-f64::from(i) / 19.0)).collect();
        let samples = random(&[400, 20], rng) * Tensor::from(sizes);
        let truth = random(&[20], rng) * 5.0;
        let noise = random(&[400], rng);
        let signs = (samples.matmul(&truth) + noise).sign();
        Problem { samples, signs }
    }

    fn loss(&self, x: &Tensor<f64>) -> Tensor<f64> {
        let margins = self.samples.matmul(x) * &self.signs;
        (-margins).softplus().mean() + 0.00003 * x.square().sum()
    }
}

/// The state of a run.
struct Progress {
    steps: usize,
    /// The number of Hessian-vector products so far.
    products: usize,
    loss: f64,
    /// The length of the gradient.
    gradient: f64,
}

/// Gradient descent at a fixed learning rate, recorded after 0, 1, 10, 100, ... steps.
fn gradient_descent(f: &impl Fn(&Tensor<f64>) -> Tensor<f64>, mut x: Tensor<f64>, rate: f64) -> Vec<(usize, Progress)> {
    let mut looks = Vec::new();
    for steps in 0..=30_000 {
        let loss = f(&x);
        let value = loss.item();
        let grads = loss.backward();
        if [0, 1, 10, 100, 1_000, 3_000, 10_000, 30_000].contains(&steps) {
            looks.push((steps, Progress { steps, products: 0, loss: value, gradient: norm(&grads[&x]) }));
        }
        x.assign(&x - rate * &grads[&x]);
    }
    looks
}

/// Newton's method: solve `H·d = -g`, then step along `d`, halving the step until the loss falls enough.
fn newton(f: &impl Fn(&Tensor<f64>) -> Tensor<f64>, mut x: Tensor<f64>, steps: usize) -> Vec<Progress> {
    let mut progress = Vec::new();
    let mut products = 0;
    for step in 0..=steps {
        let loss = f(&x);
        let [gradient] = grad(&loss, [&x]);
        let g = gradient.detach();
        progress.push(Progress { steps: step, products, loss: loss.item(), gradient: norm(&g) });
        // The gradient is computed once; every product is one backward pass through it.
        let hessian = |v: &Tensor<f64>| {
            products += 1;
            let [hv] = grad(&(&gradient * v).sum(), [&x]);
            hv.detach()
        };
        let d = conjugate_gradients(hessian, &-&g, 1e-3 * norm(&g).min(1.0));
        let slope = (&g * &d).sum().item();
        let mut length = 1.0;
        while length > 1e-10 && f(&(&x + length * &d)).item() > loss.item() + 1e-4 * length * slope {
            length /= 2.0;
        }
        x.assign(&x + length * &d);
    }
    progress
}

/// Solves `H·d = r` for a positive definite `H`, given by its products, until the residual's norm is at most `enough`
/// times its initial value (Hestenes and Stiefel 1952).
fn conjugate_gradients(mut h: impl FnMut(&Tensor<f64>) -> Tensor<f64>, r: &Tensor<f64>, enough: f64) -> Tensor<f64> {
    let mut d = Tensor::zeros(r.shape());
    let (mut r, mut direction) = (r.clone(), r.clone());
    let start = norm(&r);
    for _ in 0..2 * r.len() {
        if norm(&r) <= enough * start {
            break;
        }
        let curved = h(&direction);
        let length = r.square().sum().item() / (&direction * &curved).sum().item();
        d += length * &direction;
        let rest = &r - length * curved;
        direction = &rest + rest.square().sum().item() / r.square().sum().item() * direction;
        r = rest;
    }
    d
}

fn norm(x: &Tensor<f64>) -> f64 {
    x.square().sum().item().sqrt()
}

/// Uniform random elements in [-1, 1).
fn random(shape: &[usize], rng: &mut impl Rng) -> Tensor<f64> {
    let numbers: Vec<f64> = (0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect();
    Tensor::from(numbers).reshape(shape)
}
