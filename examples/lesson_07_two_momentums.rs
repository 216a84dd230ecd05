//! # Lesson 7: the two definitions of momentum
//!
//!     cargo run --release --example lesson_07_two_momentums
//!
//! Two different formulas are called momentum. They differ in where the learning rate `η` enters:
//!
//! ```text
//! outside   v ← γ·v + g         p ← p - η·v      PyTorch; here `Sgd { momentum, .. }`
//! inside    v ← γ·v - η·g       p ← p + v        the textbooks, TensorFlow; here `ClassicalMomentum`
//! ```
//!
//! With a constant learning rate they are equivalent: the inside velocity is `-η` times the outside one, and the points
//! are the same. As soon as a schedule changes `η`, they differ. Outside, the rate multiplies the whole accumulated
//! velocity: divide it by ten, and the very next step is ten times shorter. Inside, it multiplies new gradients only:
//! the old velocity carries on and decays over about `1/(1 - γ)` steps, ten for `γ = 0.9`.
//!
//! So a learning rate and schedule from a paper fit only the definition of momentum they were tuned with. There is an
//! exact translation: whenever the rate changes from `η` to `η'`, multiply the inside velocity by `η'/η` ("momentum
//! correction" in Goyal et al. 2017, arXiv:1706.02677). The last column does that.
//!
//! `tests/papers.rs` asserts these claims.
//!
//! Expected output:
//!
//! ```text
//! Descending the bowl (x² + 20·y²)/2 from (1, 1): the length of each step
//!
//! learning rate 0.01 throughout
//!
//!    step   outside     inside      inside, corrected
//!       1   0.200250    0.200250    0.200250
//!       2   0.340525    0.340525    0.340525
//!      10   0.283889    0.283889    0.283889
//!      19   0.118322    0.118322    0.118322
//!      20   0.054784    0.054784    0.054784
//!      21   0.053172    0.053172    0.053172
//!      22   0.102050    0.102050    0.102050
//!      25   0.114067    0.114067    0.114067
//!      30   0.093141    0.093141    0.093141
//!      40   0.025329    0.025329    0.025329
//!      60   0.013117    0.013117    0.013117
//!    largest distance between outside and inside:    rounding only
//!    largest distance between outside and corrected: rounding only
//!
//! learning rate 0.01, from step 20 on 0.001
//!
//!    step   outside     inside      inside, corrected
//!       1   0.200250    0.200250    0.200250
//!       2   0.340525    0.340525    0.340525
//!      10   0.283889    0.283889    0.283889
//!      19   0.118322    0.118322    0.118322
//!      20   0.054784    0.054784    0.054784
//!      21   0.005317    0.045071    0.005317
//!      22   0.010846    0.036873    0.010846
//!      25   0.024793    0.026331    0.024793
//!      30   0.031716    0.036232    0.031716
//!      40   0.009390    0.021493    0.009390
//!      60   0.005491    0.009074    0.005491
//!    largest distance between outside and inside:    0.2798
//!    largest distance between outside and corrected: rounding only
//! ```

use downhill::optim::ClassicalMomentum;
use downhill::prelude::*;

fn main() {
    let constant = |_: usize| 0.01;
    let dropped = |step: usize| if step < 20 { 0.01 } else { 0.001 };

    println!("Descending the bowl (x² + 20·y²)/2 from (1, 1): the length of each step");
    for (title, rate) in [
        ("learning rate 0.01 throughout", &constant as &dyn Fn(usize) -> f64),
        ("learning rate 0.01, from step 20 on 0.001", &dropped),
    ] {
        let (outside, inside) = (outside(rate), inside(rate));
        let corrected = inside_corrected(rate);
        println!("\n{title}\n");
        println!("   step   outside     inside      inside, corrected");
        for step in [1, 2, 10, 19, 20, 21, 22, 25, 30, 40, 60] {
            let lengths = [&outside, &inside, &corrected].map(|path| format!("{:<9.6}", step_length(path, step)));
            println!("   {step:>4}   {}", lengths.join("   ").trim_end());
        }
        println!("   largest distance between outside and inside:    {}", distance(&outside, &inside));
        println!("   largest distance between outside and corrected: {}", distance(&outside, &corrected));
    }
}

/// The points of a run of 60 steps.
pub(crate) type Path = Vec<[f64; 2]>;

/// The learning rate multiplies the whole velocity.
pub(crate) fn outside(rate: impl Fn(usize) -> f64) -> Path {
    run(Sgd { lr: rate(0), momentum: 0.9, ..Sgd::default() }, rate)
}

/// The rate multiplies new gradients only.
pub(crate) fn inside(rate: impl Fn(usize) -> f64) -> Path {
    run(ClassicalMomentum { lr: rate(0), momentum: 0.9, ..ClassicalMomentum::default() }, rate)
}

fn run(rule: impl Into<Box<dyn Rule<f64>>>, rate: impl Fn(usize) -> f64) -> Path {
    let mut p = Tensor::param([1.0, 1.0]);
    let mut opt = Optimizer::new(rule);
    let mut path = vec![[1.0, 1.0]];
    for step in 0..60 {
        opt.set_lr(rate(step));
        let grads = bowl(&p).backward();
        opt.step(&mut p, &grads);
        path.push([p.to_vec()[0], p.to_vec()[1]]);
    }
    path
}

/// The learning rate multiplies new gradients only, but the velocity is rescaled whenever the rate changes: three lines
/// by hand.
pub(crate) fn inside_corrected(rate: impl Fn(usize) -> f64) -> Path {
    let mut p = Tensor::param([1.0, 1.0]);
    let mut v = Tensor::zeros(&[2]);
    let mut path = vec![[1.0, 1.0]];
    for step in 0..60 {
        let correction = if step == 0 { 1.0 } else { rate(step) / rate(step - 1) };
        let g = bowl(&p).backward()[&p].clone();
        v = 0.9 * correction * v - rate(step) * g;
        p.assign(&p + &v);
        path.push([p.to_vec()[0], p.to_vec()[1]]);
    }
    path
}

/// `(x² + 20·y²)/2`
fn bowl(p: &Tensor<f64>) -> Tensor<f64> {
    0.5 * (p.square() * Tensor::from([1.0, 20.0])).sum()
}

/// The length of step number `step`.
pub(crate) fn step_length(path: &Path, step: usize) -> f64 {
    let ([x0, y0], [x1, y1]) = (path[step - 1], path[step]);
    (x1 - x0).hypot(y1 - y0)
}

/// The largest distance between corresponding points of two runs.
pub(crate) fn distance(a: &Path, b: &Path) -> Distance {
    Distance(a.iter().zip(b).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1])).fold(0.0, f64::max))
}

/// Displays rounding errors as such.
pub(crate) struct Distance(pub(crate) f64);

impl std::fmt::Display for Distance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 < 1e-14 { f.write_str("rounding only") } else { write!(f, "{:.4}", self.0) }
    }
}
