//! Configuration D: 2-4-1 with tanh, mean squared error and Adam on the four points of XOR. The 4 x 4 activations of the
//! hidden layer are one vector, lane `4·unit + point`, and so are all 17 parameters but one.

use std::time::Instant;

use comparison::{Measured, Options, XOR_STEPS, XOR_X, XOR_Y, initial_weights};

use crate::pass;

/// `w1[unit][input]` 8, `b1[unit]` 4, `w2[unit]` 4, `b2` 1, and padding.
type Parameters = [f32; 32];
const B1: usize = 8;
const W2: usize = 12;
const B2: usize = 16;

pub(crate) fn train(options: &Options) -> Measured {
    let mut w: Parameters = [0.0; 32];
    let layers = initial_weights(options.sizes());
    let numbers = layers.iter().flat_map(|(weight, bias)| weight.iter().chain(bias));
    for (w, x) in w.iter_mut().zip(numbers) {
        *w = *x;
    }
    let (mut m, mut v): (Parameters, Parameters) = ([0.0; 32], [0.0; 32]);
    let mut steps = Vec::new();
    let (mut power_1, mut power_2) = (1.0_f64, 1.0_f64);
    let mut g: Parameters = [0.0; 32];
    let start = Instant::now();
    for _ in 0..options.epochs * XOR_STEPS / 100 {
        let start = Instant::now();
        for _ in 0..100 {
            std::hint::black_box(gradients(&w, &mut g));
            power_1 *= 0.9;
            power_2 *= 0.999;
            let step = (options.learning_rate() / (1.0 - power_1)) as f32;
            let root = (1.0 / (1.0 - power_2).sqrt()) as f32;
            pass::adam(&mut w, &mut m, &mut v, &g, step, root);
        }
        steps.push(start.elapsed().as_secs_f64() / 100.0);
    }
    let seconds_per_epoch = start.elapsed().as_secs_f64() / options.epochs as f64;
    let train_loss = f64::from(gradients(&w, &mut g));
    Measured { steps, seconds_per_epoch, train_loss, ..Measured::default() }
}

/// The loss and its gradients.
fn gradients(w: &Parameters, g: &mut Parameters) -> f32 {
    let mut h = [0.0_f32; 16];
    for unit in 0..4 {
        for (point, x) in XOR_X.iter().enumerate() {
            h[4 * unit + point] = w[2 * unit] * x[0] + w[2 * unit + 1] * x[1] + w[B1 + unit];
        }
    }
    pass::tanh(&mut h);
    let mut errors = [0.0_f32; 4];
    let mut loss = 0.0;
    for point in 0..4 {
        let y: f32 = (0..4).map(|unit| w[W2 + unit] * h[4 * unit + point]).sum();
        let error = y + w[B2] - XOR_Y[point];
        loss += error * error;
        errors[point] = error * 0.5;
    }
    g[B2] = errors.iter().sum();
    for unit in 0..4 {
        let h: &[f32; 4] = h[4 * unit..].first_chunk().expect("four points");
        let mut deltas = [0.0_f32; 4];
        for point in 0..4 {
            deltas[point] = errors[point] * w[W2 + unit] * (1.0 - h[point] * h[point]);
        }
        g[W2 + unit] = (0..4).map(|point| errors[point] * h[point]).sum();
        g[B1 + unit] = deltas.iter().sum();
        // The points are (0,0), (0,1), (1,0), (1,1).
        g[2 * unit] = deltas[2] + deltas[3];
        g[2 * unit + 1] = deltas[1] + deltas[3];
    }
    loss / 4.0
}
