//! # A network that satisfies a differential equation
//!
//!     cargo run --release --example physics
//!
//! The equation `u'' = -sin x` with `u(0) = u(2π) = 0` has the solution `u = sin x`. A *physics-informed* network learns
//! it without ever seeing a value of it: the loss is how badly the network violates the equation at 64 points, plus how
//! far it is from the boundary values. The second derivative of the network is taken with [`grad`], twice, and the loss
//! that contains it is differentiated once more, by `backward`.
//!
//! Adam gets close from anywhere. Near the minimum the loss is smooth and its gradient exact, which is where a
//! quasi-Newton method pays: L-BFGS improves the error by another factor of a hundred.
//!
//! Raissi, Perdikaris and Karniadakis, "Physics-informed neural networks", Journal of Computational Physics 378, 2019.
//!
//! Output:
//!
//! ```text
//!                    loss   largest error
//! at the start    4.82e-1          1.03e0
//!  Adam    500    1.59e-4         3.07e-3
//!  Adam   1000    6.59e-5         1.18e-3
//!  Adam   1500    3.90e-5         8.12e-4
//!  Adam   2000    2.62e-5         1.33e-3
//!  L-BFGS  100    3.62e-6         3.69e-4
//!  L-BFGS  200    5.96e-7         8.22e-5
//!  L-BFGS  300    2.40e-7         2.29e-5
//!  L-BFGS  400    2.14e-7         1.28e-5
//!
//! The network's u (*) between 0 and 2π:
//!
//!    1.1 +------------------------------------------------------------------------+
//!        |              ********                                                  |
//!        |          *****      *****                                              |
//!        |        ***              ***                                            |
//!        |      **                    **                                          |
//!        |    ***                      ***                                        |
//!        |  **                            **                                      |
//!        | **                              **                                     |
//!        |*                                  **                                  *|
//!        |                                     **                              ** |
//!        |                                      **                            **  |
//!        |                                        ***                      ***    |
//!        |                                          **                    **      |
//!        |                                            ***              ***        |
//!        |                                              *****      *****          |
//!        |                                                  ********              |
//!   -1.1 +------------------------------------------------------------------------+
//!         0                                                      6.283185307179586
//! ```

#[path = "shared/plot.rs"]
mod plot;

use std::f64::consts::TAU;

use downhill::optim::{Lbfgs, LineSearch};
use downhill::prelude::*;
use plot::Canvas;

fn main() {
    let mut rng = rng(1);
    let mut model: Mlp<f64> = Mlp::new(&[1, 24, 24, 1], Tanh, &mut rng);
    // A parameter, so that the network can be differentiated by it.
    let x = Tensor::param(Tensor::linspace(0.0, TAU, 64).reshape(&[64, 1]));
    let force = -x.detach().sin();
    let boundary = Tensor::from([[0.0], [TAU]]);

    let loss = |model: &Mlp<f64>| {
        let u = model.forward(&x);
        // Each u depends on its own x alone, so the gradient of the sum holds the derivative at every point.
        let [slope] = grad(&u.sum(), [&x]);
        let [curvature] = grad(&slope.sum(), [&x]);
        mse(&curvature, &force) + model.forward(&boundary).square().mean()
    };
    // Between the points of the training, too.
    let places = Tensor::linspace(0.0, TAU, 201).reshape(&[201, 1]);
    let solution = places.sin();
    let error = |model: &Mlp<f64>| no_grad(|| (model.forward(&places) - &solution).abs().max().item());

    println!("                   loss   largest error");
    let report =
        |model: &Mlp<f64>, what: &str| println!("{what:>12} {:10.2e}      {:10.2e}", loss(model).item(), error(model));
    report(&model, "at the start");
    let mut opt = Optimizer::new(Adam { lr: 3e-3, ..Adam::default() });
    for step in 1..=2000 {
        let grads = loss(&model).backward();
        opt.step(&mut model, &grads);
        if step % 500 == 0 {
            report(&model, &format!("Adam {step:>6}"));
        }
    }
    // It stops when the loss no longer changes, in every digit: the defaults are for networks in `f32`.
    let rule = Lbfgs {
        max_iter: 100,
        tolerance_grad: 1e-12,
        tolerance_change: 1e-14,
        line_search: LineSearch::StrongWolfe,
        ..Lbfgs::default()
    };
    let mut opt = Optimizer::new(rule);
    for step in 1..=4 {
        opt.step_with(&mut model, loss);
        report(&model, &format!("L-BFGS {:>4}", 100 * step));
    }

    println!("\nThe network's u (*) between 0 and 2π:\n");
    let mut canvas = Canvas::new(0.0..=TAU, -1.1..=1.1, (72, 15), |_, _| ' ');
    let learned = no_grad(|| model.forward(&places));
    for (x, u) in places.view().iter().zip(&learned.view()) {
        canvas.mark(*x, *u, '*');
    }
    print!("{canvas}");
}
