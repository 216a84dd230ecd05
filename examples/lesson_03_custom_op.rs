//! # Lesson 3: a custom operation
//!
//!     cargo run --release --example lesson_03_custom_op
//!
//! A smooth version of ReLU is `softplus(x) = ln(1 + eˣ)`, with derivative `σ(x)`. Composed from the library's `exp`
//! and `ln` it overflows: at `x = 1000` the exponential is infinite. Rewritten as
//!
//! ```text
//! softplus(x) = max(x, 0) + ln(1 + e^-|x|)
//! ```
//!
//! it is numerically stable, which is a reason to make it an operation: a name, a forward pass on arrays, and a
//! *vector-Jacobian product*. The latter maps `dy`, the gradient of some scalar with respect to the result, to the
//! gradient with respect to the argument, here `dy·σ(x)`. Because this formula is written with tensors, it can be
//! differentiated again and again.
//!
//! (The library's own `Tensor::softplus` is written in the same way, with the same public traits.)
//!
//! Expected output:
//!
//! ```text
//! 1. Composed from exp and ln, and as an operation
//!
//!              value                                        slope
//!    composed  [0.0000, 0.3133, 0.6931, 1.3133, inf]        [0.0000, 0.2689, 0.5000, 0.7311, NaN]
//!    own       [0.0000, 0.3133, 0.6931, 1.3133, 1000.0000]  [0.0000, 0.2689, 0.5000, 0.7311, 1.0000]
//!
//! 2. Higher derivatives, without further code
//!
//!    first    0.622459331201855   σ                  0.622459331201855
//!    second   0.235003712201594   σ(1 - σ)           0.235003712201594
//!    third   -0.057556794852321   σ(1 - σ)(1 - 2σ)  -0.057556794852321
//!
//! 3. The check: finite differences against the rule, to second order
//!
//!    softplus: 75 derivatives compared, 0 wrong
//!
//! 4. The same check for a rule with a mistake
//!
//!    mistaken: 25 derivatives compared, 5 wrong
//!    the worst: numeric 0.047426, analytic -0.995055
//! ```

use downhill::prelude::*;
use downhill::{Elements, Op, apply};

/// `softplus(x) = ln(1 + eˣ)`, with derivative `σ(x)`.
struct Softplus;

impl<F: Float> Op<F, 1> for Softplus {
    fn name(&self) -> &'static str {
        "softplus"
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        x.map(|x| x.max(F::zero()) + (-x.abs()).exp().ln_1p())
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x.sigmoid()
    }
}

/// The same with a mistake in it: `tanh` instead of the sigmoid.
struct Mistaken;

impl<F: Float> Op<F, 1> for Mistaken {
    fn name(&self) -> &'static str {
        "mistaken"
    }

    fn forward(&mut self, inputs: [&Elements<F>; 1]) -> Elements<F> {
        Softplus.forward(inputs)
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * x.tanh()
    }
}

fn main() {
    println!("1. Composed from exp and ln, and as an operation\n");
    println!("             value                                        slope");
    let x = Tensor::param([-1000.0, -1.0, 0.0, 1.0, 1000.0_f64]);
    let composed = (x.exp() + 1.0).ln();
    let own = apply(Softplus, [&x]);
    for (name, y) in [("composed", composed), ("own", own)] {
        let value = format!("{:.4}", y.view());
        let slope = &y.sum().backward()[&x];
        println!("   {name:<8}  {value:<43}  {:.4}", slope.view());
    }

    println!("\n2. Higher derivatives, without further code\n");
    let x = Tensor::param(0.5_f64);
    let y = apply(Softplus, [&x]);
    let [first] = grad(&y, [&x]);
    let [second] = grad(&first, [&x]);
    let [third] = grad(&second, [&x]);
    let s = 1.0 / (1.0 + (-0.5_f64).exp());
    println!("   first   {:>18.15}   σ                 {s:>18.15}", first.item());
    println!("   second  {:>18.15}   σ(1 - σ)          {:>18.15}", second.item(), s * (1.0 - s));
    println!("   third   {:>18.15}   σ(1 - σ)(1 - 2σ)  {:>18.15}", third.item(), s * (1.0 - s) * (1.0 - 2.0 * s));

    println!("\n3. The check: finite differences against the rule, to second order\n");
    let x = Tensor::from([-3.0, -0.5, 0.0, 0.5, 3.0]);
    let report = gradcheck(|[x]| apply(Softplus, [x]), [&x], Check::order(2)).unwrap();
    println!("   {}: {} derivatives compared, {} wrong", report.op, report.compared(), report.wrong());

    println!("\n4. The same check for a rule with a mistake\n");
    let error = gradcheck(|[x]| apply(Mistaken, [x]), [&x], Check::order(2)).unwrap_err();
    println!(
        "   {}: {} derivatives compared, {} wrong",
        error.report.op,
        error.report.compared(),
        error.report.wrong()
    );
    if let Some(worst) = error.report.worst() {
        println!("   the worst: numeric {:.6}, analytic {:.6}", worst.numeric, worst.analytic);
    }
}
