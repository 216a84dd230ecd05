//! Batch, stochastic and mini-batch descent.

use std::time::Instant;

use downhill::data::TensorDataset;
use downhill::optim::{Optimizer, Sgd};
use downhill::rand::RngExt;
use downhill::{Tensor, no_grad, rng};
use downhill_plot::palette::{BLUE, VERMILION};
use downhill_plot::{Axis, Color, Contours, Descent, Figure, Line, Panel};

use crate::exhibit::{Drawing, Entry, Exhibit};
use crate::fit::{power, within};

pub(crate) fn entries() -> Vec<Entry> {
    vec![
        Entry::of::<Paths>(
            "batch-paths",
            "Linear regression with two weights, by the whole batch, by one sample at a time, and by mini-batches of 16. All \
             arrive; one sample at a time wanders about the minimum.",
        ),
        Entry::of::<Costs>(
            "batch-costs",
            "The same runs: loss against updates, where the whole batch is best, and against samples seen, where it is worst. The \
             seconds are measured once, and depend on the machine.",
        ),
        Entry::of::<Variance>(
            "batch-variance",
            "The variance of the gradient against the size of the batch: half of it for twice the samples.",
        )
        .in_docs(),
        Entry::of::<Redundant>(
            "batch-redundant",
            "A redundant data set, a hundred samples each repeated a hundred times: the whole batch takes a hundred times as many \
             samples to get where a batch of a hundred different samples gets.",
        ),
    ]
}

type Regression = TensorDataset<f64, Tensor<f64>>;

/// `y = 1.5·x₁ - x₂` with noise of variance 1/4; the second feature is half as large as the first.
fn regression(samples: usize) -> Regression {
    let mut rng = rng(3);
    let scale = Tensor::from([1.0, 0.5]);
    let features = Tensor::<f64>::randn(&[samples, 2], &mut rng) * scale;
    let noise = 0.5 * Tensor::<f64>::randn(&[samples], &mut rng);
    let targets = features.matmul(&Tensor::from([1.5, -1.0])) + noise;
    Regression { features, targets }
}

fn loss(w: &Tensor<f64>, x: &Tensor<f64>, y: &Tensor<f64>) -> Tensor<f64> {
    0.5 * (x.matmul(w) - y).square().mean()
}

/// The weights of the least loss, by the normal equations of two unknowns.
fn least_squares(data: &Regression) -> (f64, f64) {
    let a = data.features.t().matmul(&data.features).to_vec();
    let b = data.features.t().matmul(&data.targets).to_vec();
    let determinant = a[0] * a[3] - a[1] * a[2];
    ((b[0] * a[3] - a[1] * b[1]) / determinant, (a[0] * b[1] - a[2] * b[0]) / determinant)
}

struct Run {
    name: &'static str,
    size: usize,
    path: Vec<(f64, f64)>,
    /// Of the whole set, after each update.
    losses: Vec<f64>,
    seconds: f64,
}

/// Batches of `size`, in a new order in every epoch.
fn train(data: &Regression, name: &'static str, size: usize, lr: f64, updates: usize) -> Run {
    let mut rng = rng(1);
    let mut w = Tensor::param([-1.5, 1.5]);
    let mut opt = Optimizer::new(Sgd { lr, ..Sgd::default() });
    let mut path = vec![(-1.5, 1.5)];
    let start = Instant::now();
    'all: loop {
        for (x, y) in data.batches(size).shuffled(&mut rng) {
            if path.len() > updates {
                break 'all;
            }
            let grads = loss(&w, &x, &y).backward();
            opt.step(&mut w, &grads);
            let at = w.to_vec();
            path.push((at[0], at[1]));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let of = |&(a, b): &(f64, f64)| no_grad(|| loss(&Tensor::from([a, b]), &data.features, &data.targets).item());
    Run { name, size, losses: path.iter().map(of).collect(), path, seconds }
}

fn runs(data: &Regression) -> [Run; 3] {
    [
        train(data, "whole batch", data.len(), 0.5, 60),
        train(data, "one sample", 1, 0.1, 400),
        train(data, "mini-batches of 16", 16, 0.3, 200),
    ]
}

struct Paths {
    data: Regression,
    runs: [Run; 3],
    minimum: (f64, f64),
}

impl Exhibit for Paths {
    fn data() -> Self {
        let data = regression(512);
        Paths { runs: runs(&data), minimum: least_squares(&data), data }
    }

    fn check(&self) {
        let distance = |&(a, b): &(f64, f64)| (a - self.minimum.0).hypot(b - self.minimum.1);
        // The mean over the last quarter of a run: how far it wanders.
        let [whole, one, mini] = self.runs.each_ref().map(|run| {
            let late = &run.path[3 * run.path.len() / 4..];
            late.iter().map(distance).sum::<f64>() / late.len() as f64
        });
        assert!(whole < 0.05 && mini < 0.15 && one < 0.6 && mini < one, "whole {whole}, mini {mini}, one {one}");
    }

    fn draw(&self) -> Drawing {
        let height = |a, b| no_grad(|| loss(&Tensor::from([a, b]), &self.data.features, &self.data.targets).item());
        let contours = Contours::of(height, (-2.0, 3.0), (-2.2, 2.2), &[0.15, 0.3, 0.6, 1.2, 2.5, 4.5]);
        let panels = self.runs.iter().enumerate().map(|(i, run)| {
            Panel::new(Axis::linear("w₁"), Axis::linear("w₂"))
                .titled(format!("{}, {} updates", run.name, run.path.len() - 1))
                .with(contours.clone())
                .with(Descent::new(run.path.clone()).colored(Color::nth(i)))
        });
        let figure = Figure::new(640, 520).titled("Paths to one minimum").columns(2).with_all(panels);
        figure.with(losses(&self.runs, "samples seen", |run, i| (i * run.size) as f64)).into()
    }
}

fn losses(runs: &[Run; 3], unit: &str, cost: impl Fn(&Run, usize) -> f64) -> Panel {
    let lines = runs.iter().enumerate().map(|(i, run)| {
        let points = run.losses.iter().enumerate().skip(1).map(|(i, &loss)| (cost(run, i), loss));
        Line::new(points).named(run.name).colored(Color::nth(i))
    });
    Panel::new(Axis::log(unit), Axis::log("loss").over(0.1, 40.0)).with_all(lines)
}

struct Costs([Run; 3]);

impl Exhibit for Costs {
    fn data() -> Self {
        Costs(runs(&regression(512)))
    }

    fn check(&self) {
        // The first update, and the number of samples, after which the loss is below a third.
        let [whole, one, mini] = self.0.each_ref().map(|run| {
            let updates = run.losses.iter().position(|&loss| loss < 0.33).expect("each of them gets there");
            (updates, updates * run.size)
        });
        assert!(whole.0 <= mini.0 && mini.0 <= one.0, "updates: {whole:?}, {mini:?}, {one:?}");
        assert!(one.1 < mini.1 && 10 * mini.1 < whole.1, "samples: {whole:?}, {mini:?}, {one:?}");
    }

    fn draw(&self) -> Drawing {
        Figure::new(640, 560)
            .titled("Loss against what it costs")
            .columns(2)
            .with(losses(&self.0, "updates", |_, i| i as f64))
            .with(losses(&self.0, "samples seen", |run, i| (i * run.size) as f64))
            .with(losses(&self.0, "seconds", |run, i| run.seconds * i as f64 / (run.losses.len() - 1) as f64))
            .into()
    }
}

struct Variance(Vec<(f64, f64)>);

impl Exhibit for Variance {
    /// The mean squared distance of the gradients of 2000 batches, drawn with replacement, from that of the whole set.
    fn data() -> Self {
        let data = regression(512);
        let mut rng = rng(2);
        let w = Tensor::param([-1.5, 1.5]);
        let gradient = |x: &Tensor<f64>, y: &Tensor<f64>| loss(&w, x, y).backward()[&w].to_vec();
        let whole = gradient(&data.features, &data.targets);
        let variance = |size: usize| {
            let mut sum = 0.0;
            for _ in 0..2000 {
                let indices: Vec<usize> = (0..size).map(|_| rng.random_range(0..512)).collect();
                let batch = data.select(&indices);
                let g = gradient(&batch.features, &batch.targets);
                sum += (g[0] - whole[0]).powi(2) + (g[1] - whole[1]).powi(2);
            }
            (size as f64, sum / 2000.0)
        };
        Variance([1, 2, 4, 8, 16, 32, 64, 128].map(variance).to_vec())
    }

    fn check(&self) {
        within("the slope of the variance", power(&self.0), -1.04, -0.96);
    }

    fn draw(&self) -> Drawing {
        let first = self.0[0].1;
        let theory = Line::new(self.0.iter().map(|&(size, _)| (size, first / size))).dashed().colored(VERMILION);
        let panel = Panel::new(Axis::log("samples in a batch"), Axis::log("variance of the gradient"))
            .with(theory.named("slope −1"))
            .with(Line::new(self.0.clone()).dotted().named("measured"));
        Figure::new(600, 360).titled("Noise of the gradient").with(panel).into()
    }
}

struct Redundant {
    whole: Run,
    part: Run,
}

impl Exhibit for Redundant {
    /// Whether the batch is the whole set of 10,000 or the hundred that are in it, the gradient is the same.
    fn data() -> Self {
        let hundred = regression(100);
        let indices: Vec<usize> = (0..10_000).map(|i| i % 100).collect();
        let whole = train(&hundred.select(&indices), "10,000 samples per update", 10_000, 0.5, 40);
        Redundant { whole, part: train(&hundred, "100 samples per update", 100, 0.5, 40) }
    }

    fn check(&self) {
        for (step, (a, b)) in self.whole.path.iter().zip(&self.part.path).enumerate() {
            assert!((a.0 - b.0).abs() < 1e-12 && (a.1 - b.1).abs() < 1e-12, "update {step}: {a:?} and {b:?}");
        }
        assert_eq!(self.whole.size, 100 * self.part.size);
    }

    fn draw(&self) -> Drawing {
        let line = |run: &Run| {
            let points = run.losses.iter().enumerate().skip(1).map(|(i, &loss)| ((i * run.size) as f64, loss));
            Line::new(points.collect::<Vec<_>>()).dotted().named(run.name)
        };
        let panel = Panel::new(Axis::log("samples seen"), Axis::log("loss"))
            .with(line(&self.whole).colored(VERMILION))
            .with(line(&self.part).colored(BLUE));
        Figure::new(600, 340).titled("Each sample a hundred times").with(panel).into()
    }
}

#[test]
fn claims() {
    crate::exhibit::holds::<Paths>();
    crate::exhibit::holds::<Costs>();
    crate::exhibit::holds::<Variance>();
    crate::exhibit::holds::<Redundant>();
}
