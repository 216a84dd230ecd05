//! Networks: a boundary, gradients through depth, an embedding; digits in a file of their own.

mod digits;

use downhill::data::TensorDataset;
use downhill::data::toy::Moons;
use downhill::nn::{BatchNorm1d, Embedding, Linear, Mlp, Module, Tanh, accuracy, cross_entropy, init};
use downhill::optim::{Adam, Optimizer, Sgd};
use downhill::{Tensor, no_grad, rng, training};
use downhill_plot::palette::{BLACK, BLUE, GREEN, VERMILION, WHITE};
use downhill_plot::{Axis, Color, ColorMap, Contours, Dots, Figure, HeatMap, Line, Note, Panel};

use crate::exhibit::{Drawing, Entry, Exhibit};
use crate::fit::within;

pub(crate) fn entries() -> Vec<Entry> {
    let mut entries = vec![
        Entry::of::<Boundary>(
            "network-boundary",
            "What a network thinks while it learns two moons: the probability of the second class, and the line where it is 1/2.",
        ),
        Entry::of::<Depth>(
            "network-depth",
            "The norm of the gradient by layer, of networks 20 layers deep at their start: with sigmoids it falls by orders of \
             magnitude towards the first layer; with ReLU and He's initialization it stays; with sigmoids and batch norm it stays, \
             too; with weights twice as large as He's it is a million times as large.",
        )
        .in_docs(),
        Entry::of::<Months>(
            "network-embedding",
            "An embedding of the twelve months in two dimensions, learned only from which are at most one apart: they form the \
             circle of the year.",
        )
        .in_docs(),
    ];
    entries.extend(digits::entries());
    entries
}

const SNAPSHOTS: [usize; 4] = [0, 10, 40, 400];

struct Boundary {
    data: TensorDataset<f64>,
    /// The probability on a grid, and the accuracy, at each snapshot.
    maps: Vec<(Vec<Vec<f64>>, f64)>,
}

const X: (f64, f64) = (-1.7, 2.7);
const Y: (f64, f64) = (-1.3, 1.8);

impl Exhibit for Boundary {
    fn data() -> Self {
        let data: TensorDataset<f64> = Moons { samples: 160, noise: 0.15, ..Moons::default() }.generate(&mut rng(2));
        let mut model = Mlp::new(&[2, 16, 16, 2], Tanh, &mut rng(3));
        let mut opt = Optimizer::new(Adam { lr: 0.01, ..Adam::default() });
        let (columns, rows) = (30, 22);
        let place = |(low, high): (f64, f64), i: usize, n: usize| low + (high - low) * i as f64 / (n - 1) as f64;
        let points = (0..rows).flat_map(|r| (0..columns).flat_map(move |c| [place(X, c, columns), place(Y, r, rows)]));
        let points = Tensor::from_shape_vec(&[rows * columns, 2], points.collect());
        let mut maps = Vec::new();
        for step in 0..=400 {
            if SNAPSHOTS.contains(&step) {
                let shares = no_grad(|| model.forward(&points).softmax(1)).narrow(1, 1, 1).to_vec();
                let right = accuracy(&no_grad(|| model.forward(&data.features)), &data.targets);
                maps.push((shares.chunks(columns).map(<[f64]>::to_vec).collect(), right));
            }
            let grads = cross_entropy(&model.forward(&data.features), &data.targets).backward();
            opt.step(&mut model, &grads);
        }
        Boundary { data, maps }
    }

    fn check(&self) {
        let right: Vec<f64> = self.maps.iter().map(|map| map.1).collect();
        assert!(right[0] < 0.8 && right[1] < right[3] && right[3] > 0.97, "{right:?}");
    }

    fn draw(&self) -> Drawing {
        let points = self.data.features.to_vec();
        let class = |wanted: usize| {
            let of_class = points.chunks(2).zip(&self.data.targets).filter(move |(_, class)| **class == wanted);
            of_class.map(|(p, _)| (p[0], p[1])).collect::<Vec<_>>()
        };
        let panels = self.maps.iter().zip(SNAPSHOTS).map(|((map, right), step)| {
            let shares = HeatMap { x: Some(X), y: Some(Y), ..HeatMap::new(map.iter().rev().cloned().collect()) };
            // In eleven shades, so that neighbors are one rectangle.
            let mut shares = shares.in_colors(ColorMap::Signs).over(-0.6, 1.6);
            shares.rows.iter_mut().flatten().for_each(|share| *share = (*share * 10.0).round() / 10.0);
            let half = Contours { values: map.clone(), x: X, y: Y, levels: vec![0.5], labelled: false };
            Panel::new(Axis::bare(), Axis::bare())
                .titled(format!("after {step} steps: {:.0} % right", 100.0 * right))
                .with(shares)
                .with(half)
                .with(Dots::new(class(0)).colored(WHITE).sized(3.0))
                .with(Dots::new(class(1)).colored(WHITE).sized(3.0))
                .with(Dots::new(class(0)).colored(VERMILION).sized(2.2))
                .with(Dots::new(class(1)).colored(BLUE).sized(2.2))
        });
        Figure::new(600, 480).titled("A decision boundary while learning").columns(2).with_all(panels).into()
    }
}

const LAYERS: usize = 20;

/// The name, and the norm of the gradient of each layer's weight.
struct Depth(Vec<(&'static str, Vec<f64>)>);

impl Exhibit for Depth {
    fn data() -> Self {
        let norms = |sigmoid: bool, normalized: bool, gain: f64| {
            let mut rng = rng(6);
            let mut layers: Vec<Linear<f64>> = (0..LAYERS).map(|_| Linear::new(64, 64, &mut rng)).collect();
            for layer in &mut layers {
                // He's for ReLU, Glorot's for the sigmoid.
                let deviation = gain * (if sigmoid { 1.0 } else { 2.0_f64 } / 64.0).sqrt();
                layer.weight.assign(deviation * Tensor::randn(&[64, 64], &mut rng));
                layer.bias = None;
            }
            let norm = BatchNorm1d::<f64>::new(64);
            let x = Tensor::<f64>::randn(&[128, 64], &mut rng);
            let labels: Vec<usize> = (0..128).map(|i| i % 2).collect();
            let mut model = (layers, norm);
            let loss = training(&mut model, &mut rng, |(layers, norm)| {
                let mut h = x.clone();
                for layer in layers {
                    h = layer.forward(&h);
                    if normalized {
                        h = norm.forward(&h);
                    }
                    h = if sigmoid { h.sigmoid() } else { h.relu() };
                }
                cross_entropy(&h.narrow(1, 0, 2), &labels)
            });
            let mut grads = loss.backward();
            if !normalized {
                // Without it, its parameters have no gradient.
                for p in [&model.1.weight, &model.1.bias].into_iter().flatten() {
                    grads.set(p, p.zeros_like());
                }
            }
            model.0.iter().map(|layer| grads[&layer.weight].square().sum().item().sqrt()).collect()
        };
        Depth(vec![
            ("sigmoid", norms(true, false, 1.0)),
            ("sigmoid, batch norm", norms(true, true, 1.0)),
            ("ReLU", norms(false, false, 1.0)),
            ("ReLU, weights twice as large", norms(false, false, 2.0)),
        ])
    }

    fn check(&self) {
        let ratio = |i: usize| self.0[i].1[0] / self.0[i].1[LAYERS - 1];
        assert!(ratio(0) < 1e-6, "sigmoid: {}", ratio(0));
        within("first against last layer with batch norm", ratio(1), 0.02, 50.0);
        within("first against last layer with ReLU", ratio(2), 0.02, 50.0);
        for (layer, &norm) in self.0[2].1.iter().enumerate() {
            within(&format!("the gradient of layer {layer} with ReLU"), norm, 0.01, 100.0);
        }
        // By homogeneity 2²⁰, but for the softmax.
        within("how much twice the weights are", self.0[3].1[0] / self.0[2].1[0], 1e5, 1e7);
    }

    fn draw(&self) -> Drawing {
        let lines = self.0.iter().enumerate().map(|(i, (name, norms))| {
            let points = norms.iter().enumerate().map(|(layer, &norm)| (layer as f64 + 1.0, norm));
            Line::new(points).dotted().named(*name).colored([VERMILION, Color::nth(3), BLUE, GREEN][i])
        });
        let panel = Panel::new(Axis::linear("layer"), Axis::log("norm of the gradient")).with_all(lines);
        Figure::new(600, 400).titled("Gradients through 20 layers").with(panel).into()
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

struct Months(Vec<(f64, f64)>);

impl Exhibit for Months {
    /// Each month predicts those that are at most one month away, through a linear layer.
    fn data() -> Self {
        let mut rng = rng(9);
        let mut model = (Embedding::<f64>::new(12, 2, &mut rng), Linear::<f64>::new(2, 12, &mut rng));
        // From small weights, gradient descent finds the strongest pattern first: here, the circle.
        model.0.weight.assign(init::normal(&[12, 2], 0.0, 0.01, &mut rng));
        model.1.weight.assign(init::normal(&[12, 2], 0.0, 0.01, &mut rng));
        model.1.bias = None;
        let mut opt = Optimizer::new(Sgd { lr: 1.0, ..Sgd::default() });
        let months: Vec<usize> = (0..36).map(|i| i % 12).collect();
        // The month before, the same, and the next.
        let near: Vec<usize> = (0..36).map(|i| (i + 11 + i / 12) % 12).collect();
        for _ in 0..3000 {
            let grads = cross_entropy(&model.1.forward(&model.0.forward(&months)), &near).backward();
            opt.step(&mut model, &grads);
        }
        Months(model.0.weight.to_vec().chunks(2).map(|p| (p[0], p[1])).collect())
    }

    fn check(&self) {
        // Around the circle in the order of the year: the angles between neighbors all have one sign, and add up to one turn.
        let middle = self.0.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.0 / 12.0, sum.1 + p.1 / 12.0));
        let angle = |i: usize| (self.0[i % 12].1 - middle.1).atan2(self.0[i % 12].0 - middle.0);
        let turn = std::f64::consts::TAU;
        let steps: Vec<f64> =
            (0..12).map(|i| (angle(i + 1) - angle(i) + 1.5 * turn).rem_euclid(turn) - 0.5 * turn).collect();
        let sign = steps[0].signum();
        assert!(steps.iter().all(|step| step * sign > 0.1), "{steps:?}");
        within("the turn", steps.iter().sum::<f64>().abs(), turn - 1e-9, turn + 1e-9);
    }

    fn draw(&self) -> Drawing {
        let around = self.0.iter().chain(self.0.first()).copied();
        let mut panel = Panel::new(Axis::linear("first dimension"), Axis::linear("second dimension"))
            .squared()
            .with(Line::new(around).wide(1.0).colored(Color::nth(5)))
            .with(Dots::new(self.0.clone()).sized(4.0));
        for (&at, month) in self.0.iter().zip(MONTHS) {
            panel = panel.with(Note::new(at, month).colored(BLACK));
        }
        Figure::new(600, 520).titled("The months, embedded").with(panel).into()
    }
}

#[test]
fn claims() {
    crate::exhibit::holds::<Boundary>();
    crate::exhibit::holds::<Depth>();
    crate::exhibit::holds::<Months>();
}
