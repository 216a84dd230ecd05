//! # Lesson 1: derivatives, and why finite differences are not enough
//!
//!     cargo run --release --example lesson_01_derivatives
//!
//! A slope can be measured by finite differences: step a little to the right, a little to the left, and divide,
//!
//! ```text
//! ∂f/∂x ≈ (f(x + h) - f(x - h)) / 2h.
//! ```
//!
//! That needs no mathematics at all, so why does nobody train a network that way? This lesson shows the two reasons:
//! the result is never exact, and the cost grows with the number of dimensions. In ten dimensions, measuring is faster;
//! with the hundred thousand weights of a small network, every single step would take minutes.
//!
//! Reverse-mode automatic differentiation has neither problem: one backward pass through the computation gives *all*
//! partial derivatives, to the last digit, for the cost of a few evaluations. Finite differences remain the best check
//! that a derivative is right: that is what `gradcheck` does.
//!
//! Expected output (your times will differ):
//!
//! ```text
//! 1. The gradient of Rosenbrock's valley at (-1.2, 1), three ways
//!
//!    by hand    -215.600000000000    -88.000000000000
//!    measured   -215.599999977556    -87.999999998090
//!    backward   -215.600000000000    -88.000000000000
//!
//! 2. No step size is right: a large one also measures curvature, a small one only rounding error
//!
//!        h    error of the measured slope
//!    1e-01    4.8e0     ###################################
//!    1e-02    4.8e-2    #############################
//!    1e-03    4.8e-4    #######################
//!    1e-04    4.8e-6    #################
//!    1e-05    4.9e-8    ###########
//!    1e-06    2.2e-8    ##########
//!    1e-07    9.3e-8    ############
//!    1e-08    9.9e-7    ###############
//!    1e-09    1.8e-5    ###################
//!    1e-10    1.8e-5    ###################
//!    1e-11    3.4e-4    #######################
//!
//! 3. The cost of a gradient in n dimensions
//!
//!         n   evaluations   measured     backward     largest difference
//!        10            20   310.0ns      3.5µs        7e-8
//!       100           200   23.6µs       4.7µs        1e-6
//!      1000          2000   2.4ms        9.6µs        1e-5
//!     10000         20000   247.3ms      78.0µs       1e-4
//!
//!    Ten times the dimensions: a hundred times the measuring, about ten times the backward pass.
//!
//! 4. Finite differences as a check: gradients, and gradients of gradients
//!
//!    15 derivatives compared, 0 wrong
//! ```

use std::time::{Duration, Instant};

use downhill::prelude::*;

fn main() {
    println!("1. The gradient of Rosenbrock's valley at (-1.2, 1), three ways\n");
    let point = [-1.2, 1.0];
    let exact = by_hand(&point);
    for (how, slope) in [("by hand", &exact), ("measured", &measured(&point, 1e-6)), ("backward", &backward(&point))] {
        println!("   {how:<8}  {:>18.12}  {:>18.12}", slope[0], slope[1]);
    }

    println!("\n2. No step size is right: a large one also measures curvature, a small one only rounding error\n");
    println!("       h    error of the measured slope");
    for exponent in 1..=11 {
        let error = (measured(&point, 10.0_f64.powi(-exponent))[0] - exact[0]).abs();
        let bar = "#".repeat((3.0 * (error.log10() + 11.0)).round().max(0.0) as usize);
        println!("   1e-{exponent:02}    {error:<8.1e}  {bar}");
    }

    println!("\n3. The cost of a gradient in n dimensions\n");
    println!("        n   evaluations   measured     backward     largest difference");
    for n in [10, 100, 1000, 10_000] {
        let x: Vec<f64> = (0..n).map(|i| (i as f64).sin()).collect();
        let (slow, slow_time) = timed(|| measured(&x, 1e-6));
        let (fast, fast_time) = timed(|| backward(&x));
        let difference = slow.iter().zip(&fast).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!("   {n:>6}   {:>11}   {slow_time:<10}   {fast_time:<10}   {difference:.0e}", 2 * n);
    }
    println!("\n   Ten times the dimensions: a hundred times the measuring, about ten times the backward pass.");

    println!("\n4. Finite differences as a check: gradients, and gradients of gradients\n");
    let x = Tensor::from([-1.2, 1.0, 0.3]);
    let report = gradcheck(|[x]| rosenbrock(x), [&x], Check::order(2)).unwrap();
    println!("   {} derivatives compared, {} wrong", report.compared(), report.wrong());
}

/// Rosenbrock's valley in any number of dimensions, with tensors:
///
/// ```text
/// f(x) = Σ 100·(x_{i+1} - x_i²)² + (1 - x_i)²
/// ```
fn rosenbrock(x: &Tensor<f64>) -> Tensor<f64> {
    let last = x.len() - 1;
    let (here, next) = (x.narrow(0, 0, last), x.narrow(0, 1, last));
    (100.0 * (next - here.square()).square() + (1.0 - here).square()).sum()
}

/// All partial derivatives from one backward pass.
fn backward(x: &[f64]) -> Vec<f64> {
    let x = Tensor::param(x);
    rosenbrock(&x).backward()[&x].to_vec()
}

/// The same function as a plain loop, to make the finite differences below as cheap as possible.
fn rosenbrock_loop(x: &[f64]) -> f64 {
    x.windows(2).map(|pair| 100.0 * (pair[1] - pair[0] * pair[0]).powi(2) + (1.0 - pair[0]).powi(2)).sum()
}

/// Central differences: two evaluations for every dimension.
fn measured(x: &[f64], h: f64) -> Vec<f64> {
    let mut x = x.to_vec();
    let mut slopes = Vec::new();
    for i in 0..x.len() {
        let start = x[i];
        x[i] = start + h;
        let right = rosenbrock_loop(&x);
        x[i] = start - h;
        let left = rosenbrock_loop(&x);
        x[i] = start;
        slopes.push((right - left) / (2.0 * h));
    }
    slopes
}

/// What pencil and paper give:
///
/// ```text
/// ∂f/∂x_i = -400·x_i·(x_{i+1} - x_i²) - 2·(1 - x_i) + 200·(x_i - x_{i-1}²)
/// ```
///
/// where the first two terms are absent for the last `x_i`, and the third for the first. For a network with four layers
/// you would get a sign wrong.
fn by_hand(x: &[f64]) -> Vec<f64> {
    let mut slope = vec![0.0; x.len()];
    for i in 0..x.len() - 1 {
        let bend = x[i + 1] - x[i] * x[i];
        slope[i] += -400.0 * x[i] * bend - 2.0 * (1.0 - x[i]);
        slope[i + 1] += 200.0 * bend;
    }
    slope
}

/// The result and the shortest time of several runs.
fn timed<T>(work: impl Fn() -> T) -> (T, String) {
    let begin = Instant::now();
    let mut shortest = Duration::MAX;
    loop {
        let start = Instant::now();
        let result = work();
        shortest = shortest.min(start.elapsed());
        if begin.elapsed() > Duration::from_millis(50) {
            return (result, format!("{shortest:.1?}"));
        }
    }
}
