//! Second derivatives: the Hessian of a small network, and the edge of stability.

use downhill::nn::{Mlp, Module, Tanh, mse};
use downhill::optim::{Optimizer, Sgd};
use downhill::{Params, Path, Tensor, concat, grad, hessian, rng};
use downhill_plot::palette::{BLACK, BLUE, VERMILION};
use downhill_plot::{Axis, Bars, Color, ColorMap, Figure, Guide, HeatMap, Line, Panel};

use crate::exhibit::{Drawing, Entry, Exhibit};
use crate::fit::within;

pub(crate) fn entries() -> Vec<Entry> {
    vec![
        Entry::of::<SmallHessian>(
            "curvature-hessian",
            "The Hessian of a network with 12 parameters, and its eigenvalues: at a saddle, where the gradient is zero, they have \
             both signs; at the end of training none is negative.",
        )
        .in_docs(),
        Entry::of::<Edge>(
            "curvature-edge",
            "The edge of stability (Cohen et al. 2021): under gradient descent the largest eigenvalue of the Hessian rises until it \
             is 2/η, and stays there, whatever the rate η.",
        )
        .in_docs(),
    ]
}

/// The eigenvalues of a symmetric matrix, the smallest first, by Jacobi's rotations.
pub(crate) fn eigenvalues(matrix: &Tensor<f64>) -> Vec<f64> {
    let n = matrix.shape()[0];
    let mut a: Vec<Vec<f64>> = matrix.to_vec().chunks(n).map(<[f64]>::to_vec).collect();
    for _ in 0..50 {
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q] == 0.0 {
                    continue;
                }
                let angle = 0.5 * (2.0 * a[p][q]).atan2(a[q][q] - a[p][p]);
                let (sin, cos) = angle.sin_cos();
                for row in &mut a {
                    (row[p], row[q]) = (cos * row[p] - sin * row[q], sin * row[p] + cos * row[q]);
                }
                let (above, below) = a.split_at_mut(q);
                for (x, y) in above[p].iter_mut().zip(&mut below[0]) {
                    (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
                }
            }
        }
    }
    let mut values: Vec<f64> = (0..n).map(|i| a[i][i]).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The parameters of a network with 3 hidden units: 3×2 weights, 3 biases, 3 weights to the output. Its loss on four points
/// whose target is the first input.
fn loss(p: &Tensor<f64>) -> Tensor<f64> {
    let x = Tensor::from([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]);
    let y = Tensor::from([1.0, 1.0, -1.0, -1.0]);
    let hidden = (x.matmul(&p.narrow(0, 0, 6).reshape(&[3, 2]).t()) + p.narrow(0, 6, 3)).tanh();
    mse(&hidden.matmul(&p.narrow(0, 9, 3)), &y)
}

struct Place {
    gradient: f64,
    hessian: Vec<Vec<f64>>,
    eigenvalues: Vec<f64>,
}

fn place(p: &Tensor<f64>) -> Place {
    let p = Tensor::param(p.detach());
    let [g] = grad(&loss(&p), [&p]);
    let matrix = hessian(&loss(&p), &p);
    Place {
        gradient: g.square().sum().item().sqrt(),
        hessian: matrix.to_vec().chunks(12).map(<[f64]>::to_vec).collect(),
        eigenvalues: eigenvalues(&matrix),
    }
}

/// At the saddle and at the end of training.
struct SmallHessian([Place; 2]);

impl Exhibit for SmallHessian {
    fn data() -> Self {
        let saddle = Tensor::zeros(&[12]);
        let mut p = Tensor::param(0.5 * Tensor::<f64>::randn(&[12], &mut rng(8)));
        let mut opt = Optimizer::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() });
        for _ in 0..20_000 {
            let grads = loss(&p).backward();
            opt.step(&mut p, &grads);
        }
        SmallHessian([place(&saddle), place(&p)])
    }

    fn check(&self) {
        let [saddle, end] = &self.0;
        for (name, place) in [("saddle", saddle), ("end", end)] {
            within(&format!("the gradient at the {name}"), place.gradient, 0.0, 1e-4);
            for i in 0..12 {
                for j in 0..12 {
                    let (a, b) = (place.hessian[i][j], place.hessian[j][i]);
                    assert!((a - b).abs() < 1e-9, "{name}: the Hessian is not symmetric at {i}, {j}: {a} and {b}");
                }
            }
            let trace: f64 = (0..12).map(|i| place.hessian[i][i]).sum();
            within("the trace less the eigenvalues", trace - place.eigenvalues.iter().sum::<f64>(), -1e-9, 1e-9);
        }
        // By hand: with all parameters 0, the only second derivatives are those by a unit's first weight and its output weight,
        // -2·mean(x₁·y) = -2; so the eigenvalues are ±2, three times each, and 0.
        let expected = [-2.0, -2.0, -2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0];
        for (found, expected) in saddle.eigenvalues.iter().zip(expected) {
            within("an eigenvalue at the saddle", *found, expected - 1e-9, expected + 1e-9);
        }
        assert!(end.eigenvalues[0] > -1e-4 && end.eigenvalues[11] > 0.5, "at the end: {:?}", end.eigenvalues);
    }

    fn draw(&self) -> Drawing {
        let names = ["saddle: all parameters 0", "end of training"];
        let maps = self.0.iter().zip(names).map(|(place, name)| {
            let map = HeatMap::new(place.hessian.clone()).in_colors(ColorMap::Signs);
            Panel::new(Axis::bare(), Axis::bare()).titled(name).squared().with(map)
        });
        let bars = self.0.iter().map(|place| {
            let part = |keep: fn(f64) -> bool, color| {
                let mut bars = Bars::of(place.eigenvalues.iter().copied()).colored(color);
                bars.bars.retain(|bar| keep(bar.1));
                bars
            };
            Panel::new(Axis::linear("number").over(-1.0, 12.0), Axis::linear("eigenvalue"))
                .with(part(|value| value > 0.0, BLUE))
                .with(part(|value| value <= 0.0, VERMILION))
        });
        Figure::new(600, 560).titled("The Hessian of a small network").columns(2).with_all(maps).with_all(bars).into()
    }
}

const EDGE_RATES: [f64; 3] = [0.2, 0.1, 0.05];

/// A run for each rate.
struct Edge([Run; 3]);

struct Run {
    /// Of every step.
    losses: Vec<f64>,
    /// Now and then: time, which is the step times the rate, and the largest eigenvalue.
    sharpness: Vec<(f64, f64)>,
}

/// The largest eigenvalue of the Hessian, by power iteration on its products with vectors; `v` is where it starts and ends.
fn sharpness(model: &Mlp<f64>, f: &impl Fn(&Mlp<f64>) -> Tensor<f64>, v: &mut [Tensor<f64>], rounds: usize) -> f64 {
    let parameters: Vec<Tensor<f64>> = model.params().map(|(_, p)| p.clone()).collect();
    let [a, b, c, d, e, g] = &parameters[..] else { panic!("three layers") };
    let mut largest = 0.0;
    for _ in 0..rounds {
        let gradients = grad(&f(model), [a, b, c, d, e, g]);
        let along = gradients.iter().zip(v.iter()).map(|(g, v)| (g * v).sum()).reduce(|x, y| x + y).expect("six");
        let products = grad(&along, [a, b, c, d, e, g]);
        let dot =
            |x: &[Tensor<f64>], y: &[Tensor<f64>]| x.iter().zip(y).map(|(x, y)| (x * y).sum().item()).sum::<f64>();
        largest = dot(&products, v);
        let length = dot(&products, &products).sqrt();
        for (v, product) in v.iter_mut().zip(products) {
            *v = (product / length).detach();
        }
    }
    largest
}

impl Exhibit for Edge {
    /// As in the paper's simplest example: a network with tanh learns a Chebyshev polynomial from 20 points.
    fn data() -> Self {
        let x = Tensor::<f64>::linspace(-1.0, 1.0, 20).reshape(&[20, 1]);
        let y = 8.0 * x.powi(4) - 8.0 * x.square() + 1.0;
        let run = |lr: f64| {
            let mut rng = rng(5);
            let mut model = Mlp::new(&[1, 24, 24, 1], Tanh, &mut rng);
            let mut opt = Optimizer::new(Sgd { lr, ..Sgd::default() });
            let f = |model: &Mlp<f64>| mse(&model.forward(&x), &y);
            let mut v: Vec<Tensor<f64>> = model.params().map(|(_, p)| Tensor::randn(p.shape(), &mut rng)).collect();
            sharpness(&model, &f, &mut v, 20);
            let (mut losses, mut curve) = (Vec::new(), Vec::new());
            let steps = (400.0 / lr) as usize;
            for step in 0..steps {
                if step % (steps / 100) == 0 {
                    curve.push((step as f64 * lr, sharpness(&model, &f, &mut v, 4)));
                }
                let value = f(&model);
                losses.push(value.item());
                opt.step(&mut model, &value.backward());
            }
            Run { losses, sharpness: curve }
        };
        Edge(EDGE_RATES.map(run))
    }

    fn check(&self) {
        for (Run { losses, sharpness: curve }, lr) in self.0.iter().zip(EDGE_RATES) {
            let late = &curve[3 * curve.len() / 4..];
            let mean = late.iter().map(|point| point.1).sum::<f64>() / late.len() as f64;
            within(&format!("the sharpness at η = {lr}, in units of 2/η"), mean * lr / 2.0, 0.85, 1.25);
            assert!(curve[0].1 * lr / 2.0 < 0.9, "η = {lr}: it starts with {}", curve[0].1);
            assert!(losses[losses.len() - 1] < losses[0] / 4.0, "the loss falls all the same");
        }
    }

    fn draw(&self) -> Drawing {
        let lines = |curves: &dyn Fn(usize) -> Vec<(f64, f64)>| {
            (0..3)
                .map(|i| Line::new(curves(i)).colored(Color::nth(i)).named(format!("η = {}", EDGE_RATES[i])))
                .collect::<Vec<_>>()
        };
        let mut sharp = Panel::new(Axis::linear(""), Axis::linear("largest eigenvalue"));
        for (i, lr) in EDGE_RATES.into_iter().enumerate() {
            sharp = sharp.with(
                Guide::horizontal(2.0 / lr, format!("2/η = {}", 2.0 / lr)).colored(Color::nth(i).mixed(BLACK, 0.2)),
            );
        }
        let sharp = sharp.with_all(lines(&|i| self.0[i].sharpness.clone()));
        let loss = |i: usize| {
            let every = self.0[i].losses.len() / 250;
            self.0[i]
                .losses
                .iter()
                .enumerate()
                .step_by(every)
                .map(|(t, &loss)| (t as f64 * EDGE_RATES[i], loss))
                .collect()
        };
        let below = Panel::new(Axis::linear("time: step · η"), Axis::log("loss")).with_all(lines(&loss));
        Figure::new(600, 560).titled("The edge of stability").with(sharp).with(below).into()
    }
}

/// All parameters one after the other.
pub(crate) fn flattened(model: &Mlp<f64>) -> Tensor<f64> {
    let parts: Vec<Tensor<f64>> = model.params().map(|(_, p)| p.detach().reshape(&[p.len()])).collect();
    concat(&parts, 0)
}

/// A model with these parameters.
pub(crate) fn unflattened(model: &Mlp<f64>, flat: &Tensor<f64>) -> Mlp<f64> {
    let mut copy = model.clone();
    let mut start = 0;
    copy.visit_mut(&Path::ROOT, &mut |_, p| {
        *p = Tensor::param(flat.narrow(0, start as isize, p.len()).reshape(p.shape()).detach());
        start += p.len();
    });
    copy
}

#[test]
fn eigenvalues_of_a_known_matrix() {
    // Of the second difference on n points: 2 - 2·cos(kπ/(n + 1)).
    let n = 7;
    let entry = |i: usize, j: usize| match i.abs_diff(j) {
        0 => 2.0,
        1 => -1.0,
        _ => 0.0,
    };
    let matrix = Tensor::from_shape_vec(&[n, n], (0..n * n).map(|k| entry(k / n, k % n)).collect());
    for (k, value) in (1..).zip(eigenvalues(&matrix)) {
        let expected = 2.0 - 2.0 * (f64::from(k) * std::f64::consts::PI / (n as f64 + 1.0)).cos();
        assert!((value - expected).abs() < 1e-12, "{value} instead of {expected}");
    }
}

#[test]
fn claims() {
    crate::exhibit::holds::<SmallHessian>();
    crate::exhibit::holds::<Edge>();
}
