//! The learning-rate range test on MNIST.

use downhill::data::Mnist;
use downhill::nn::{Mlp, Module, Relu, cross_entropy};
use downhill::optim::{LrCurve, LrRangeTest, Optimizer, Sgd};
use downhill::rng;
use downhill_plot::palette::{BLUE, GREEN, VERMILION, WHITE};
use downhill_plot::{Axis, Dots, Figure, Guide, Line, Panel};

use crate::exhibit::{Drawing, Entry, Exhibit};
use crate::fit::within;

pub(super) fn entry() -> Entry {
    Entry::of::<RangeTest>(
        "schedules-range",
        "The range test on MNIST: the loss while the rate rises from batch to batch. It falls fastest at the suggestion, and \
             rises where training diverges.",
    )
}

struct RangeTest {
    curve: LrCurve,
    suggestion: f64,
    /// Rates, and the loss after 200 batches with each.
    trained: Vec<(f64, f64)>,
}

impl Exhibit for RangeTest {
    fn data() -> Self {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist");
        let mnist = Mnist::load(directory).unwrap_or_else(|error| panic!("{error}"));
        let (images, _) = mnist.train.split(12_800, &mut rng(1));
        let mut model: Mlp = Mlp::new(&[784, 64, 10], Relu, &mut rng(2));
        let opt = Optimizer::new(Sgd::default());
        let mut shuffle = rng(3);
        let mut batches = (0..).flat_map(|_| images.batches(64).shuffled(&mut shuffle));
        let test = LrRangeTest { start: 1e-4, end: 10.0, steps: 200, diverged: 1.3, ..LrRangeTest::default() };
        let curve = test.run(&mut model, &opt, |model| {
            let (x, labels) = batches.next().expect("endless");
            cross_entropy(&model.forward(&x), &labels)
        });
        let suggestion = curve.suggestion().expect("the loss falls");
        let train = |lr: f64| {
            let (mut model, mut shuffle) = (model.clone(), rng(3));
            let mut opt = Optimizer::new(Sgd { lr, ..Sgd::default() });
            let mut losses = Vec::new();
            for (x, labels) in images.batches(64).shuffled(&mut shuffle) {
                let loss = cross_entropy(&model.forward(&x), &labels);
                losses.push(f64::from(loss.item()));
                opt.step(&mut model, &loss.backward());
            }
            (lr, losses[losses.len() - 50..].iter().sum::<f64>() / 50.0)
        };
        let rates = [0.01, 0.1, 1.0, 30.0].map(|factor| factor * suggestion);
        RangeTest { suggestion, curve, trained: rates.map(train).to_vec() }
    }

    fn check(&self) {
        let lowest = self.curve.points.iter().min_by(|a, b| a.smoothed.total_cmp(&b.smoothed)).expect("not empty");
        let last = self.curve.points[self.curve.points.len() - 1];
        assert!(
            self.suggestion < lowest.lr && last.smoothed > 1.15 * lowest.smoothed,
            "{} {lowest:?} {last:?}",
            self.suggestion
        );
        within("the suggestion", self.suggestion, 0.01, 1.0);
        let losses: Vec<f64> = self.trained.iter().map(|point| point.1).collect();
        assert!(losses[2] < losses[1] && losses[1] < losses[0], "{:?}", self.trained);
        assert!(losses[3].is_nan() || losses[3] > 1.5 * losses[2], "{:?}", self.trained);
    }

    fn draw(&self) -> Drawing {
        let raw = self.curve.points.iter().map(|point| (point.lr, point.loss));
        let smoothed = self.curve.points.iter().map(|point| (point.lr, point.smoothed));
        let panel = Panel::new(Axis::log("learning rate"), Axis::linear("loss").over(0.0, 4.0))
            .with(Dots::new(raw).sized(1.6).colored(BLUE.mixed(WHITE, 0.5)).named("of a batch"))
            .with(Line::new(smoothed).named("running mean"))
            .with(Guide::vertical(self.suggestion, format!("suggestion {:.2}", self.suggestion)).colored(VERMILION))
            .with(
                Line::new(self.trained.clone()).dotted().dashed().colored(GREEN).named("after an epoch with this rate"),
            );
        Figure::new(600, 380).titled("Range test on MNIST").with(panel).into()
    }
}

#[test]
fn claims() {
    crate::exhibit::holds::<RangeTest>();
}
