//! The loss landscape of a real network.

use downhill::data::TensorDataset;
use downhill::data::toy::Moons;
use downhill::nn::{Mlp, Module, Tanh, cross_entropy};
use downhill::optim::{Adam, Optimizer, Sgd};
use downhill::{Tensor, no_grad, rng};
use downhill_plot::palette::{BLUE, VERMILION};
use downhill_plot::{Axis, Contours, Descent, Figure, Line, Panel};

use crate::curvature::{flattened, unflattened};
use crate::exhibit::{Drawing, Entry, Exhibit};
use crate::fit::within;

pub(crate) fn entries() -> Vec<Entry> {
    vec![
        Entry::of::<Between>(
            "landscape-line",
            "The loss on the straight line between two networks: two trainings from different starts, and one network and the same with \
             its hidden units in another order. That one computes the same function, and yet there is a barrier between them.",
        )
        .in_docs(),
        Entry::of::<RandomPlane>(
            "landscape-plane",
            "The loss around a trained network in two random directions, scaled unit by unit to the size of its weights (Li et al. \
             2018): it lies in the middle of a basin.",
        ),
        Entry::of::<PrincipalPlane>(
            "landscape-path",
            "The path of gradient descent with momentum on its two principal axes, over the loss in that plane: two directions hold \
             most of it.",
        )
        .in_docs(),
    ]
}

fn moons() -> TensorDataset<f64> {
    Moons { samples: 120, noise: 0.15, ..Moons::default() }.generate(&mut rng(20))
}

fn loss(model: &Mlp<f64>, data: &TensorDataset<f64>) -> Tensor<f64> {
    cross_entropy(&model.forward(&data.features), &data.targets)
}

fn trained(seed: u64, data: &TensorDataset<f64>) -> Mlp<f64> {
    let mut model = Mlp::new(&[2, 12, 2], Tanh, &mut rng(seed));
    let mut opt = Optimizer::new(Adam { lr: 0.05, ..Adam::default() });
    for _ in 0..300 {
        let grads = loss(&model, data).backward();
        opt.step(&mut model, &grads);
    }
    model
}

/// The loss of the model with these parameters.
fn height(model: &Mlp<f64>, flat: &Tensor<f64>, data: &TensorDataset<f64>) -> f64 {
    no_grad(|| loss(&unflattened(model, flat), data).item())
}

struct Between {
    /// Position and loss, for two trainings and for the permuted network.
    lines: [Vec<(f64, f64)>; 2],
    /// The largest difference of outputs between the network and the permuted one.
    apart: f64,
}

impl Exhibit for Between {
    fn data() -> Self {
        let data = moons();
        let (first, second) = (trained(1, &data), trained(2, &data));
        let mut permuted = first.clone();
        let order: Vec<usize> = (0..12).map(|i| (i + 5) % 12).collect();
        let [hidden, last] = &mut permuted.layers[..] else { panic!("two layers") };
        let (weight, bias) =
            (hidden.weight.index_select(0, &order), hidden.bias.as_ref().map(|b| b.index_select(0, &order)));
        hidden.weight = Tensor::param(weight.detach());
        hidden.bias = bias.map(|bias| Tensor::param(bias.detach()));
        last.weight = Tensor::param(last.weight.index_select(1, &order).detach());
        let apart = (first.forward(&data.features) - permuted.forward(&data.features)).abs().max().item();
        let line = |other: &Mlp<f64>| {
            let (from, to) = (flattened(&first), flattened(other));
            let at = |i: i32| {
                let t = f64::from(i) / 40.0;
                (t, height(&first, &((1.0 - t) * &from + t * &to), &data))
            };
            (-10..=50).map(at).collect()
        };
        Between { lines: [line(&second), line(&permuted)], apart }
    }

    fn check(&self) {
        assert!(self.apart < 1e-9, "the permuted network differs by {}", self.apart);
        for line in &self.lines {
            let (start, end) = (line[10].1, line[50].1);
            let barrier = line[10..=50].iter().map(|point| point.1).fold(0.0, f64::max);
            assert!(barrier > 4.0 * start.max(end) && start.max(end) < 0.1, "{start}, {barrier}, {end}");
        }
        within("the difference of the ends", self.lines[1][50].1 - self.lines[1][10].1, -1e-9, 1e-9);
    }

    fn draw(&self) -> Drawing {
        let panel = Panel::new(Axis::linear("from one network (0) to the other (1)"), Axis::log("loss"))
            .with(Line::new(self.lines[0].clone()).colored(BLUE).named("two trainings"))
            .with(Line::new(self.lines[1].clone()).colored(VERMILION).named("hidden units in another order"));
        Figure::new(600, 360).titled("Between two solutions").with(panel).into()
    }
}

const GRID: usize = 61;

/// The loss on a grid in the plane of two directions through the center.
fn grid(
    model: &Mlp<f64>,
    center: &Tensor<f64>,
    axes: [&Tensor<f64>; 2],
    ends: [(f64, f64); 2],
    data: &TensorDataset<f64>,
) -> Vec<Vec<f64>> {
    let at = |(low, high): (f64, f64), i: usize| low + (high - low) * i as f64 / (GRID - 1) as f64;
    let point = |row, column| center + at(ends[0], column) * axes[0] + at(ends[1], row) * axes[1];
    (0..GRID).map(|row| (0..GRID).map(|column| height(model, &point(row, column), data)).collect()).collect()
}

struct RandomPlane(Vec<Vec<f64>>);

impl Exhibit for RandomPlane {
    fn data() -> Self {
        let data = moons();
        let model = trained(1, &data);
        let mut rng = rng(5);
        let mut direction = || {
            // Each unit's weights get the norm that they have in the model; as in the paper, biases stay.
            let mut random = model.clone();
            for layer in &mut random.layers {
                let noise = Tensor::<f64>::randn(layer.weight.shape(), &mut rng);
                let norm = |w: &Tensor<f64>| w.square().sum_axis(downhill::keep(1)).sqrt();
                layer.weight = Tensor::param((norm(&layer.weight) / norm(&noise) * noise).detach());
                layer.bias = layer.bias.as_ref().map(|bias| Tensor::param(bias.zeros_like()));
            }
            flattened(&random)
        };
        let (a, b) = (direction(), direction());
        RandomPlane(grid(&model, &flattened(&model), [&a, &b], [(-0.75, 0.75); 2], &data))
    }

    fn check(&self) {
        let middle = self.0[GRID / 2][GRID / 2];
        let edge = |i: usize| [self.0[0][i], self.0[GRID - 1][i], self.0[i][0], self.0[i][GRID - 1]];
        let lowest = (0..GRID).flat_map(edge).fold(f64::INFINITY, f64::min);
        assert!(lowest > 3.0 * middle, "in the middle {middle}, on the edge {lowest}");
    }

    fn draw(&self) -> Drawing {
        let contours = Contours {
            values: self.0.clone(),
            x: (-0.75, 0.75),
            y: (-0.75, 0.75),
            levels: vec![0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 2.0],
            labelled: true,
        };
        let panel =
            Panel::new(Axis::linear("first direction"), Axis::linear("second direction")).squared().with(contours);
        Figure::new(600, 520).titled("Around a trained network").with(panel).into()
    }
}

struct PrincipalPlane {
    path: Vec<(f64, f64)>,
    heights: Vec<Vec<f64>>,
    ends: [(f64, f64); 2],
    /// The share of the path's variance along each of the two axes.
    shares: [f64; 2],
}

/// The direction in which the rows vary most, by power iteration.
fn principal(rows: &Tensor<f64>) -> Tensor<f64> {
    let mut v = Tensor::ones(&[rows.shape()[1]]);
    for _ in 0..500 {
        let next = rows.t().matmul(&rows.matmul(&v));
        v = (&next / next.square().sum().sqrt()).detach();
    }
    v
}

impl Exhibit for PrincipalPlane {
    fn data() -> Self {
        let data = moons();
        let mut model = Mlp::new(&[2, 12, 2], Tanh, &mut rng(1));
        let mut opt = Optimizer::new(Sgd { lr: 0.2, momentum: 0.9, ..Sgd::default() });
        let mut points = vec![flattened(&model)];
        for step in 1..=400 {
            let grads = loss(&model, &data).backward();
            opt.step(&mut model, &grads);
            if step % 4 == 0 {
                points.push(flattened(&model));
            }
        }
        let end = flattened(&model);
        // As in the paper: the differences to the end.
        let rows = downhill::stack(&points, 0) - &end;
        let first = principal(&rows);
        let rest = &rows - rows.matmul(&first).reshape(&[points.len(), 1]) * &first;
        let second = principal(&rest);
        let along = |axis: &Tensor<f64>| rows.matmul(axis).to_vec();
        let (xs, ys) = (along(&first), along(&second));
        let total = rows.square().sum().item();
        let share = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>() / total;
        let around = |values: &[f64]| {
            let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &v| (a.min(v), b.max(v)));
            let room = 0.25 * (high - low);
            (low - room, high + room)
        };
        let ends = [around(&xs), around(&ys)];
        PrincipalPlane {
            heights: grid(&model, &end, [&first, &second], ends, &data),
            shares: [share(&xs), share(&ys)],
            path: xs.into_iter().zip(ys).collect(),
            ends,
        }
    }

    fn check(&self) {
        let [first, second] = self.shares;
        assert!(first > second, "{:?}", self.shares);
        within("the share of two directions", first + second, 0.8, 1.0 + 1e-9);
        let (x, y) = self.path[self.path.len() - 1];
        within("the end's distance from the origin", x.hypot(y), 0.0, 1e-9);
    }

    fn draw(&self) -> Drawing {
        let [x, y] = self.ends;
        let levels = vec![0.02, 0.04, 0.08, 0.16, 0.3, 0.6, 1.2, 2.5];
        let contours = Contours { values: self.heights.clone(), x, y, levels, labelled: true };
        let label = |name: &str, share: f64| format!("{name} axis, {:.0} % of the path", 100.0 * share);
        let axes = [label("first", self.shares[0]), label("second", self.shares[1])].map(Axis::linear);
        let [across, down] = axes;
        let panel = Panel::new(across, down).with(contours).with(Descent::new(self.path.clone()).colored(VERMILION));
        Figure::new(600, 460).titled("The path on its principal axes").with(panel).into()
    }
}

#[test]
fn claims() {
    crate::exhibit::holds::<Between>();
    crate::exhibit::holds::<RandomPlane>();
    crate::exhibit::holds::<PrincipalPlane>();
}
