//! Digits: the filters and feature maps of a convolutional network, and its confusion matrix.

use std::sync::OnceLock;

use downhill::data::{ImageSet, Mnist};
use downhill::nn::{ConfusionMatrix, Conv2d, Flatten, Linear, MaxPool2d, Module, cross_entropy};
use downhill::optim::{Adam, Optimizer};
use downhill::{Conv, Params, Tensor, no_grad, rng};
use downhill_plot::{Axis, ColorMap, Figure, HeatMap, Panel};

use crate::exhibit::{Drawing, Entry, Exhibit};
use crate::fit::within;

pub(super) fn entries() -> Vec<Entry> {
    vec![
        Entry::of::<Filters>(
            "network-filters",
            "The first filters of a convolutional network after one pass over 12,800 digits (blue positive, vermilion negative), and \
             what they make of a digit.",
        ),
        Entry::of::<Confusion>(
            "network-confusion",
            "The confusion matrix of the same network on 2000 test images, as percentages of each true digit.",
        ),
    ]
}

#[derive(Clone, Params)]
struct LeNet {
    first: Conv2d,
    second: Conv2d,
    hidden: Linear,
    last: Linear,
}

impl Module for LeNet {
    fn forward(&self, x: &Tensor) -> Tensor {
        let x = MaxPool2d::new(2).forward(&self.first.forward(x).relu());
        let x = MaxPool2d::new(2).forward(&self.second.forward(&x).relu());
        self.last.forward(&self.hidden.forward(&Flatten::default().forward(&x)).relu())
    }
}

/// One pass over 12,800 digits; two figures show the result.
fn lenet() -> &'static (LeNet, ImageSet) {
    static TRAINED: OnceLock<(LeNet, ImageSet)> = OnceLock::new();
    TRAINED.get_or_init(|| {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist");
        let Mnist { train, test } = Mnist::load(directory).unwrap_or_else(|error| panic!("{error}")).unflattened();
        let mut rng = rng(4);
        let (train, _) = train.split(12_800, &mut rng);
        let mut model = LeNet {
            first: Conv2d::new(1, 6, [5, 5], Conv { padding: 2.into(), ..Conv::default() }, &mut rng),
            second: Conv2d::new(6, 16, [5, 5], Conv::default(), &mut rng),
            hidden: Linear::new(400, 84, &mut rng),
            last: Linear::new(84, 10, &mut rng),
        };
        let mut opt = Optimizer::new(Adam { lr: 3e-3, ..Adam::default() });
        for (images, labels) in train.batches(64).shuffled(&mut rng) {
            let grads = cross_entropy(&model.forward(&images), &labels).backward();
            opt.step(&mut model, &grads);
        }
        (model, test.select(&(0..2000).collect::<Vec<_>>()))
    })
}

fn rows(image: &[f32], columns: usize) -> Vec<Vec<f64>> {
    image.chunks(columns).map(|row| row.iter().map(|&value| f64::from(value)).collect()).collect()
}

struct Filters {
    filters: Vec<Vec<Vec<f64>>>,
    maps: Vec<Vec<Vec<f64>>>,
}

impl Exhibit for Filters {
    fn data() -> Self {
        let (model, test) = lenet();
        let image = test.select(&[0]).images();
        let maps = no_grad(|| model.first.forward(&image).relu()).to_vec();
        let filters = model.first.weight.to_vec();
        // 16 shades, so that equal neighbors are one rectangle.
        let coarse = |map: &[f32]| {
            let most = map.iter().copied().fold(1e-6, f32::max);
            rows(&map.iter().map(|value| (15.0 * value / most).round() / 15.0).collect::<Vec<_>>(), 28)
        };
        Filters {
            filters: filters.chunks(25).map(|filter| rows(filter, 5)).collect(),
            maps: maps.chunks(28 * 28).map(coarse).collect(),
        }
    }

    fn check(&self) {
        assert_eq!((self.filters.len(), self.maps.len()), (6, 6));
        // The filters see different things: no two maps are the same up to scale, by their cosine.
        let dot = |a: &[Vec<f64>], b: &[Vec<f64>]| {
            a.iter().flatten().zip(b.iter().flatten()).map(|(x, y)| x * y).sum::<f64>()
        };
        for i in 0..6 {
            for j in 0..i {
                let (a, b) = (&self.filters[i], &self.filters[j]);
                let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
                within(&format!("the cosine of filters {i} and {j}"), cosine.abs(), 0.0, 0.95);
            }
        }
    }

    fn draw(&self) -> Drawing {
        let panel =
            |map: HeatMap, title: String| Panel::new(Axis::bare(), Axis::bare()).titled(title).squared().with(map);
        let gray = |rows: &Vec<Vec<f64>>| HeatMap::new(rows.clone()).in_colors(ColorMap::Grays);
        let filters = (1..)
            .zip(&self.filters)
            .map(|(i, filter)| panel(HeatMap::new(filter.clone()).in_colors(ColorMap::Signs), format!("filter {i}")));
        let maps = (1..).zip(&self.maps).map(|(i, map)| panel(gray(map), format!("map {i}")));
        let figure = Figure::new(640, 290).titled("Filters and feature maps").columns(6);
        figure.with_all(filters).with_all(maps).into()
    }
}

struct Confusion(ConfusionMatrix);

impl Exhibit for Confusion {
    fn data() -> Self {
        let (model, test) = lenet();
        let mut matrix = ConfusionMatrix::new(10);
        for (images, labels) in test.batches(500) {
            matrix.add(&no_grad(|| model.forward(&images)), &labels);
        }
        Confusion(matrix)
    }

    fn check(&self) {
        assert_eq!(self.0.total(), 2000);
        within("the accuracy", self.0.accuracy(), 0.93, 1.0);
        let diagonal: u64 = (0..10).map(|i| self.0.counts[(i, i)]).sum();
        assert_eq!(diagonal as f64 / 2000.0, self.0.accuracy());
    }

    fn draw(&self) -> Drawing {
        let share = |i: usize, j: usize| {
            let of_class: u64 = (0..10).map(|k| self.0.counts[(i, k)]).sum();
            (1000.0 * self.0.counts[(i, j)] as f64 / of_class.max(1) as f64).round() / 10.0
        };
        let rows = (0..10).map(|i| (0..10).map(|j| share(i, j)).collect()).collect();
        // The first row is at the top, so the names of the vertical axis run the other way.
        let panel = Panel::new(Axis::named("predicted digit", 0..10), Axis::named("true digit", (0..10).rev()))
            .titled(format!("{:.1} % right", 100.0 * self.0.accuracy()))
            .with(HeatMap::new(rows).numbered().over(0.0, 100.0));
        Figure::new(600, 480).with(panel).into()
    }
}

#[test]
fn claims() {
    crate::exhibit::holds::<Filters>();
    crate::exhibit::holds::<Confusion>();
}
