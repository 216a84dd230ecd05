//! # Lesson 8: where Adam goes the wrong way
//!
//!     cargo run --release --example lesson_08_where_adam_fails
//!
//! Adam was published with a proof that it converges. Reddi, Kale and Kumar ("On the convergence of Adam and beyond",
//! ICLR 2018, arXiv:1904.09237, sections 3 and 5) found a mistake in the proof, and a one-dimensional problem to show
//! that it matters. On the interval [-1, 1] the loss at step `t` is
//!
//! ```text
//! f_t(x) = 1010·x   for t mod 101 = 1,
//!           -10·x   otherwise.
//! ```
//!
//! Over 101 steps the slopes add up to `1010 - 100·10 = 10`, so the minimum is at `x = -1`. But Adam divides each
//! gradient by the square root of a running mean of squares. That mean is dominated by the large gradient, which is
//! therefore scaled down to the size of the others, and these outnumber it a hundred to one. Adam ends at `x = +1`, the
//! worst point of all.
//!
//! AMSGrad divides by the square root of the *largest* mean of squares so far. The divisor never shrinks, so the small
//! gradients are never scaled up relative to the large one, and `x` goes to -1.
//!
//! The *regret* is the total loss in excess of that of the best fixed `x`; if the method learns, the regret per step
//! tends to 0. Adam's does not. As in the paper, `β₁ = 0.9`, `β₂ = 0.99`; the learning rate falls as `0.5/√t`, as the
//! theorems assume. `tests/papers.rs` asserts these claims.
//!
//! Expected output:
//!
//! ```text
//!              x                     regret per step
//!       step   Adam      AMSGrad     Adam      AMSGrad
//!          1   -0.5000   -0.5000   1010.0000   1010.0000
//!         10   -1.0000   -1.0000   100.1007   100.0928
//!        100   -0.6034   -0.7128    8.7092    9.0086
//!       1000   -0.3113   -0.8211    1.6633    1.7042
//!      10000    0.9476   -0.9008    0.6813    0.4187
//!     100000    0.9928   -0.9984    0.3099    0.1140
//!    1000000    1.0000   -0.9973    0.2279    0.0339
//!
//! x after 1, 10, ... 10⁶ steps; a: Adam, m: AMSGrad
//!
//!      1 +------------------------------------------------------------------------------------+
//!        |                                                       aaaaaaaaaaaaaaaaaaaaaaaaaaaaa|
//!        |                                                       a                            |
//!        |                                                      aa                            |
//!        |                                                      a                             |
//!        |                                                     aa                             |
//!        |                                                    aa                              |
//!        |                                                   aa                               |
//!        |                                                   aa                               |
//!        |                                                  aa                                |
//!        |                                                 aa                                 |
//!        |                                                aa                                  |
//!        |                                               aa                                   |
//!        |                                             aaa                                    |
//!        |                                            aaa                                     |
//!        |                                           aaa                                      |
//!        |                                         aaaa                                       |
//!        |                                      aaaaa                                         |
//!        |m                                   aaaaaa                                          |
//!        |                                a aaaaaa                                            |
//!        |                           aa  aaaaaaa                                              |
//!        |    m                     amm aama a                                                |
//!        |                         mmmmaamm m mmmmmmmmmm                                      |
//!        |      m                mmm  mammmmmmmmmmmmmmmmmmmmmmmmmmmmm                         |
//!        |        mmmmmmmmmmmmmmmm    mm  mm                    mmmmmmmmmmmmmmmmmmmmmmmmmmmmmm|
//!     -1 +------------------------------------------------------------------------------------+
//!         0                                                                                  6
//! ```

#[path = "shared/plot.rs"]
mod plot;

use downhill::prelude::*;
use plot::Canvas;

fn main() {
    let adam = run(1_000_000, false);
    let amsgrad = run(1_000_000, true);

    println!("             x                     regret per step");
    println!("      step   Adam      AMSGrad     Adam      AMSGrad");
    for step in [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000] {
        let (a, b) = (&adam[step - 1], &amsgrad[step - 1]);
        println!("   {step:>7}   {:>7.4}   {:>7.4}   {:>7.4}   {:>7.4}", a.x, b.x, a.regret, b.regret);
    }

    println!("\nx after 1, 10, ... 10⁶ steps; a: Adam, m: AMSGrad\n");
    let mut canvas = Canvas::new(0.0..=6.0, -1.0..=1.0, (84, 24), |_, _| ' ');
    for (mark, run) in [('a', &adam), ('m', &amsgrad)] {
        for (i, place) in run.iter().enumerate() {
            canvas.mark(((i + 1) as f64).log10(), place.x, mark);
        }
    }
    print!("{canvas}");
}

/// The state of a run after a step.
pub(crate) struct Place {
    pub(crate) x: f64,
    /// The mean over the steps so far of `f_t(x_t) - f_t(-1)`.
    pub(crate) regret: f64,
}

/// Adam, or AMSGrad, on the losses above from `x = 0`.
pub(crate) fn run(steps: usize, amsgrad: bool) -> Vec<Place> {
    let mut x = Tensor::param(0.0_f64);
    let mut opt = Optimizer::new(Adam { beta1: 0.9, beta2: 0.99, amsgrad, ..Adam::default() });
    let mut paid = 0.0;
    let mut places = Vec::with_capacity(steps);
    for t in 1..=steps {
        let slope = if t % 101 == 1 { 1010.0 } else { -10.0 };
        paid += slope * (x.item() - -1.0);
        let loss = slope * &x;
        opt.set_lr(0.5 / (t as f64).sqrt());
        opt.step(&mut x, &loss.backward());
        x.assign(x.clamp(-1.0, 1.0)); // project back onto the interval
        places.push(Place { x: x.item(), regret: paid / t as f64 });
    }
    places
}
