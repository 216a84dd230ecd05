//! Muon's formula in plain Rust.

use downhill_optim::{Muon, MuonScale, Optimizer};
use downhill_tensor::Tensor;

type Matrix = Vec<Vec<f64>>;

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let entry = |row: &[f64], j: usize| row.iter().zip(b).map(|(x, other)| x * other[j]).sum();
    a.iter().map(|row| (0..b[0].len()).map(|j| entry(row, j)).collect()).collect()
}

fn transposed(a: &Matrix) -> Matrix {
    (0..a[0].len()).map(|j| a.iter().map(|row| row[j]).collect()).collect()
}

fn combined(a: &Matrix, b: &Matrix, f: impl Fn(f64, f64) -> f64) -> Matrix {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect()).collect()
}

/// Newton-Schulz orthogonalization; a tall matrix is transposed first.
fn orthogonal(muon: &Muon, u: &Matrix) -> Matrix {
    if u.len() > u[0].len() {
        return transposed(&orthogonal(muon, &transposed(u)));
    }
    let norm = u.iter().flatten().map(|x| x * x).sum::<f64>().sqrt().max(muon.eps);
    let mut x = combined(u, u, |u, _| u / norm);
    let [a, b, c] = muon.ns_coefficients;
    for _ in 0..muon.ns_steps {
        let gram = product(&x, &transposed(&x));
        let polynomial = combined(&gram, &product(&gram, &gram), |g, gg| b * g + c * gg);
        x = combined(&x, &product(&polynomial, &x), |x, y| a * x + y);
    }
    x
}

fn run(muon: &Muon, rows: usize, columns: usize) {
    let number = |i: usize, j: usize, seed: usize| ((i * 5 + j * 3 + seed * 7) % 11) as f64 / 5.0 - 0.9;
    let matrix =
        |seed: usize| -> Matrix { (0..rows).map(|i| (0..columns).map(|j| number(i, j, seed)).collect()).collect() };
    let tensor = |m: &Matrix| Tensor::from(ndarray::Array2::from_shape_fn((rows, columns), |(i, j)| m[i][j]));
    let (mut p, mut momentum) = (matrix(0), combined(&matrix(0), &matrix(0), |_, _| 0.0));
    let mut w = Tensor::param(tensor(&p));
    let mut opt = Optimizer::new(muon.clone());
    for t in 1..=4 {
        let up = if muon.maximize { -1.0 } else { 1.0 };
        let g = combined(&p, &matrix(t), |p, pull| up * (p + pull));
        let mu = muon.momentum;
        momentum = combined(&momentum, &g, |b, g| mu * b + (1.0 - mu) * g);
        let u = if muon.nesterov { combined(&momentum, &g, |b, g| mu * b + (1.0 - mu) * g) } else { momentum.clone() };
        let (tall, longer) = (rows as f64 / columns as f64, rows.max(columns) as f64);
        let scale = match muon.adjust_lr {
            MuonScale::Original => tall.max(1.0).sqrt(),
            MuonScale::MatchRmsAdamw => 0.2 * longer.sqrt(),
            MuonScale::SpectralUnclamped => tall.sqrt(),
        };
        let (lr, decay) = (muon.lr, muon.weight_decay);
        p = combined(&p, &orthogonal(muon, &u), |p, u| p * (1.0 - lr * decay) - lr * scale * u);
        let pull = tensor(&matrix(t));
        opt.step_with(&mut w, |w| (w * &pull + w.square() * 0.5).sum());
        let ours = w.to_vec();
        let close = ours.iter().zip(p.iter().flatten()).all(|(a, b)| (a - b).abs() <= 1e-11 * b.abs().max(1.0));
        assert!(close, "{muon:?}, {rows} x {columns}, step {t}: got {ours:?}, expected {p:?}");
    }
}

#[test]
fn every_combination_of_options_follows_the_formula() {
    for lr in [0.02, 0.3] {
        for weight_decay in [0.0, 0.1] {
            for momentum in [0.95, 0.6, 0.0] {
                for nesterov in [true, false] {
                    for ns_coefficients in [[3.4445, -4.7750, 2.0315], [2.0, -1.5, 0.5]] {
                        for (eps, ns_steps) in [(1e-7, 5), (1e-7, 2), (10.0, 5), (10.0, 1), (1e-7, 0)] {
                            for adjust_lr in
                                [MuonScale::Original, MuonScale::MatchRmsAdamw, MuonScale::SpectralUnclamped]
                            {
                                for maximize in [false, true] {
                                    let muon = Muon {
                                        lr,
                                        weight_decay,
                                        momentum,
                                        nesterov,
                                        ns_coefficients,
                                        eps,
                                        ns_steps,
                                        adjust_lr,
                                        maximize,
                                    };
                                    for (rows, columns) in [(2, 2), (3, 2), (2, 4)] {
                                        run(&muon, rows, columns);
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
