//! # Two networks against each other
//!
//!     cargo run --release --example adversarial
//!
//! The *generator* turns noise into points, and never sees a real one. The *discriminator* tells real points from
//! generated ones. Each has an optimizer of its own: the discriminator learns to tell them apart, the generator to be
//! taken for real, from nothing but the gradient that comes back through the discriminator.
//!
//! The real points lie around eight centers on a circle. The known difficulty is that a generator may be content with
//! a few of them (*mode collapse*), so the program counts: a generated point is good if it is within three standard
//! deviations of a center.
//!
//! Goodfellow et al., "Generative adversarial nets", arXiv 1406.2661; its loss for the generator is the non-saturating
//! one of section 3.
//!
//! Output:
//!
//! ```text
//!   step   loss of discriminator   of generator   good points   centers
//!    500                   1.357          0.718        81.7 %         8
//!   1000                   1.369          0.710        88.0 %         8
//!   1500                   1.364          0.687        91.1 %         8
//!   2000                   1.372          0.741        91.8 %         8
//!   2500                   1.376          0.713        93.5 %         8
//!   3000                   1.384          0.725        93.5 %         8
//!   3500                   1.391          0.696        94.2 %         8
//!   4000                   1.391          0.728        93.0 %         8
//!
//! Centers (o) and 300 generated points (.):
//!
//!    1.4 +----------------------------------------------------------------------+
//!        |                                                                      |
//!        |                                                                      |
//!        |                                                                      |
//!        |                                .....                                 |
//!        |                                 .o    .                              |
//!        |               .    .                       .                         |
//!        |              ...  .                           .  .....               |
//!        |             ....o                                  o...              |
//!        |                                                         .            |
//!        |                                                                      |
//!        |                                                                      |
//!        |          .                                                           |
//!        |                                                                      |
//!        |         .                                                   .        |
//!        |       ..o                                                  o..       |
//!        |        ..                                                    .       |
//!        |         .                                                  .         |
//!        |                                                                      |
//!        |                                                          .           |
//!        |                                                                      |
//!        |                                                                      |
//!        |                .o                                  o..               |
//!        |              ....                                 .....              |
//!        |               .     .                     .          .               |
//!        |                         .         o  .                               |
//!        |                              .   ...                                 |
//!        |                                                                      |
//!        |                                                                      |
//!        |                                                                      |
//!   -1.4 +----------------------------------------------------------------------+
//!         -1.4                                                               1.4
//! ```

#[path = "shared/plot.rs"]
mod plot;

use std::f32::consts::TAU;

use downhill::prelude::*;
use downhill::rand::{Rng, RngExt};
use plot::Canvas;

const BATCH: usize = 256;
const NOISE: usize = 8;
const SPREAD: f32 = 0.05;

fn centers() -> [[f32; 2]; 8] {
    std::array::from_fn(|i| (TAU * i as f32 / 8.0).sin_cos()).map(|(sin, cos)| [cos, sin])
}

fn real(rng: &mut impl Rng) -> Tensor {
    let chosen: Vec<[f32; 2]> = (0..BATCH).map(|_| centers()[rng.random_range(0..8)]).collect();
    Tensor::from(chosen) + Tensor::randn(&[BATCH, 2], rng) * SPREAD
}

/// The share of good points, and the number of centers that at least one in a hundred is close to.
fn quality(points: &Tensor) -> (f64, usize) {
    let mut close = [0; 8];
    for point in points.view().outer_iter() {
        let distance = |center: &[f32; 2]| (point[[0]] - center[0]).hypot(point[[1]] - center[1]);
        if let Some(mode) = centers().iter().position(|center| distance(center) < 3.0 * SPREAD) {
            close[mode] += 1;
        }
    }
    let all = points.shape()[0];
    (close.iter().sum::<usize>() as f64 / all as f64, close.iter().filter(|&&count| 100 * count >= all).count())
}

fn main() {
    let mut rng = rng(1);
    let mut generator: Mlp = Mlp::new(&[NOISE, 64, 64, 2], Tanh, &mut rng);
    let mut discriminator: Mlp = Mlp::new(&[2, 64, 64, 1], Relu, &mut rng);
    let rule = Adam { lr: 2e-3, beta1: 0.5, ..Adam::default() };
    let (mut generator_opt, mut discriminator_opt) = (Optimizer::new(rule.clone()), Optimizer::new(rule));
    let (ones, zeros) = (Tensor::ones(&[BATCH, 1]), Tensor::zeros(&[BATCH, 1]));

    println!("  step   loss of discriminator   of generator   good points   centers");
    for step in 1..=4000 {
        let fake = generator.forward(&Tensor::randn(&[BATCH, NOISE], &mut rng));

        // `detach`: this loss teaches the discriminator only.
        let real_loss = bce_with_logits(&discriminator.forward(&real(&mut rng)), &ones);
        let fake_loss = bce_with_logits(&discriminator.forward(&fake.detach()), &zeros);
        let discriminator_loss = real_loss + fake_loss;
        discriminator_opt.step(&mut discriminator, &discriminator_loss.clone().backward());

        // The gradients of the discriminator's parameters are in here too, and are not used.
        let generator_loss = bce_with_logits(&discriminator.forward(&fake), &ones);
        generator_opt.step(&mut generator, &generator_loss.clone().backward());

        if step % 500 == 0 {
            let points = no_grad(|| generator.forward(&Tensor::randn(&[2000, NOISE], &mut rng)));
            let (good, modes) = quality(&points);
            let (d, g) = (discriminator_loss.item(), generator_loss.item());
            println!("{step:>6}   {d:>21.3}   {g:>12.3}   {:>9.1} %   {modes:>7}", 100.0 * good);
        }
    }

    println!("\nCenters (o) and 300 generated points (.):\n");
    let mut canvas = Canvas::new(-1.4..=1.4, -1.4..=1.4, (70, 29), |_, _| ' ');
    for point in no_grad(|| generator.forward(&Tensor::randn(&[300, NOISE], &mut rng))).view().outer_iter() {
        canvas.mark(point[[0]].into(), point[[1]].into(), '.');
    }
    for [x, y] in centers() {
        canvas.mark(x.into(), y.into(), 'o');
    }
    print!("{canvas}");
}
