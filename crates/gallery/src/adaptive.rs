//! Rules that adapt the step: sign of the gradient, RMSprop, Adagrad, Adam and its failure, Lion, Muon.

mod race;

use downhill::optim::{Adagrad, Adam, Lion, Muon, MuonScale, Optimizer, RmsProp, Rule, Sgd, SignSgd};
use downhill::{Tensor, rng};
use downhill_plot::palette::{BLUE, GREEN, VERMILION};
use downhill_plot::{Axis, Color, Figure, Guide, Line, Panel};

use crate::exhibit::{Drawing, Entry, Exhibit};
use crate::fit::{power, within};

pub(crate) fn entries() -> Vec<Entry> {
    vec![
        Entry::of::<Scale>(
            "adaptive-scale",
            "The length of the tenth step against the size of the gradients: proportional for gradient descent, and the same at \
             every size for the rules that divide by it.",
        ),
        Entry::of::<Rare>(
            "adaptive-rare",
            "Weights of features that appear in every sample, in every tenth, in every hundredth, and should all be 1: gradient \
             descent learns the rare one last; Adagrad, which gives every weight a rate of its own, learns all three.",
        ),
        Entry::of::<Correction>(
            "adaptive-correction",
            "Adam with and without bias correction, for a constant gradient: without it, the first steps are up to 6.6 times too \
             long.",
        )
        .in_docs(),
        race::entry(),
        Entry::of::<Failure>(
            "adaptive-failure",
            "Where Adam fails (Reddi, Kale and Kumar 2018): one large gradient among a hundred small ones points to the minimum at \
             -1. Adam ends at +1, the worst point; AMSGrad finds the minimum.",
        )
        .in_docs(),
        Entry::of::<Orthogonal>(
            "adaptive-muon",
            "A step of gradient descent for a matrix is nearly all in its largest singular direction; a step of Muon is about as long \
             in all of them.",
        ),
    ]
}

type AnyRule = Box<dyn Rule<f64>>;

/// A rule and its name.
type Named = (&'static str, fn() -> AnyRule);

/// The name of each rule and its step lengths by the size of the gradients.
struct Scale(Vec<(&'static str, Vec<(f64, f64)>)>);

impl Exhibit for Scale {
    fn data() -> Self {
        let length = |rule: AnyRule, scale: f64| {
            let mut p = Tensor::param([1.0, -2.0_f64]);
            let mut opt = Optimizer::new(rule);
            let mut last = p.detach();
            for _ in 0..10 {
                last = p.detach();
                let grads = (scale * (&p * Tensor::from([3.0, 1.0])).sum()).backward();
                opt.step(&mut p, &grads);
            }
            (scale, (&p - last).square().sum().item().sqrt())
        };
        let rules: [Named; 6] = [
            ("gradient descent", || Sgd { lr: 0.01, ..Sgd::default() }.into()),
            ("sign", || SignSgd { lr: 0.01, ..SignSgd::default() }.into()),
            ("RMSprop", || RmsProp { lr: 0.01, eps: 1e-30, ..RmsProp::default() }.into()),
            ("Adagrad", || Adagrad { lr: 0.01, eps: 1e-30, ..Adagrad::default() }.into()),
            ("Adam", || Adam { lr: 0.01, eps: 1e-30, ..Adam::default() }.into()),
            ("Lion", || Lion { lr: 0.01, weight_decay: 0.0, ..Lion::default() }.into()),
        ];
        let of = |rule: fn() -> AnyRule| (-4..=4).map(|i| length(rule(), 10.0_f64.powi(i))).collect();
        Scale(rules.map(|(name, rule)| (name, of(rule))).to_vec())
    }

    fn check(&self) {
        for (name, points) in &self.0 {
            let order = if *name == "gradient descent" { 1.0 } else { 0.0 };
            within(&format!("the exponent of {name}"), power(points), order - 1e-6, order + 1e-6);
        }
        // For a constant gradient, the tenth step of Adagrad is shorter by √10.
        let length = |i: usize| self.0[i].1[4].1;
        within("sign over Adagrad", length(1) / length(3), 10.0_f64.sqrt() - 1e-6, 10.0_f64.sqrt() + 1e-6);
    }

    fn draw(&self) -> Drawing {
        let lines = self.0.iter().enumerate().map(|(i, (name, points))| {
            // Two lie on each other: the first is wider.
            let width = if i == 1 { 5.0 } else { 2.0 };
            Line::new(points.clone()).named(*name).colored(Color::nth(i)).wide(width)
        });
        let panel = Panel::new(Axis::log("size of the gradients"), Axis::log("length of the step")).with_all(lines);
        Figure::new(600, 380).titled("The tenth step").with(panel).into()
    }
}

/// The three weights over the samples, by gradient descent and by Adagrad.
struct Rare([Vec<[f64; 3]>; 2]);

impl Exhibit for Rare {
    fn data() -> Self {
        let run = |rule: AnyRule| {
            let mut w = Tensor::param([0.0, 0.0, 0.0_f64]);
            let mut opt = Optimizer::new(rule);
            let mut weights = vec![[0.0; 3]];
            for t in 1..=2000 {
                let active = [1.0, if t % 10 == 0 { 1.0 } else { 0.0 }, if t % 100 == 0 { 1.0 } else { 0.0 }];
                let target: f64 = active.iter().sum();
                let grads = (0.5 * ((&w * Tensor::from(active)).sum() - target).square()).backward();
                opt.step(&mut w, &grads);
                let now = w.to_vec();
                weights.push([now[0], now[1], now[2]]);
            }
            weights
        };
        Rare([run(Sgd { lr: 0.02, ..Sgd::default() }.into()), run(Adagrad { lr: 0.5, ..Adagrad::default() }.into())])
    }

    fn check(&self) {
        let [descent, adagrad] = self.0.each_ref().map(|weights| weights[2000]);
        within("the frequent weight of gradient descent", descent[0], 0.95, 1.05);
        within("the rare weight of gradient descent", descent[2], 0.0, 0.5);
        for weight in adagrad {
            within("every weight of Adagrad", weight, 0.9, 1.1);
        }
    }

    fn draw(&self) -> Drawing {
        let panels = self.0.iter().zip(["gradient descent, η = 0.02", "Adagrad, η = 0.5"]).map(|(weights, title)| {
            let line = |i: usize| {
                let points = weights.iter().enumerate().skip(1).map(move |(t, w)| (t as f64, w[i]));
                Line::new(points)
                    .named(["in every sample", "in every 10th", "in every 100th"][i])
                    .colored(Color::nth(i))
            };
            Panel::new(Axis::log("samples"), Axis::linear("weight").over(-0.05, 1.9))
                .titled(title)
                .with_all((0..3).map(line))
        });
        Figure::new(640, 320).titled("Rare features").columns(2).with_all(panels).into()
    }
}

/// The length of each step in units of the learning rate, with and without correction.
struct Correction([Vec<f64>; 2]);

impl Exhibit for Correction {
    fn data() -> Self {
        let (beta1, beta2, g) = (0.9_f64, 0.999_f64, 5.0);
        let mut p = Tensor::param(0.0_f64);
        let mut opt = Optimizer::new(Adam { lr: 1.0, ..Adam::default() });
        let (mut m, mut v) = (0.0, 0.0);
        let mut lengths = [Vec::new(), Vec::new()];
        for _ in 0..4000 {
            let before = p.item();
            let grads = (g * &p).backward();
            opt.step(&mut p, &grads);
            lengths[0].push(before - p.item());
            (m, v) = (beta1 * m + (1.0 - beta1) * g, beta2 * v + (1.0 - beta2) * g * g);
            lengths[1].push(m / (v.sqrt() + 1e-8));
        }
        Correction(lengths)
    }

    fn check(&self) {
        for (t, (with, without)) in (1..).zip(self.0[0].iter().zip(&self.0[1])) {
            within("the step with correction", *with, 1.0 - 1e-6, 1.0 + 1e-6);
            let formula = (1.0 - 0.9_f64.powi(t)) / (1.0 - 0.999_f64.powi(t)).sqrt();
            within("the step without", *without, formula - 1e-6, formula + 1e-6);
        }
        within("the longest step", self.0[1].iter().copied().fold(0.0, f64::max), 6.5, 6.7);
    }

    fn draw(&self) -> Drawing {
        let line = |i: usize, name: &str| {
            let points = self.0[i].iter().enumerate().map(|(t, &length)| (t as f64 + 1.0, length));
            Line::new(points).named(name).colored(Color::nth(i))
        };
        let panel = Panel::new(Axis::log("step"), Axis::linear("length of the step / η").over(0.0, 7.2))
            .with(line(0, "Adam"))
            .with(line(1, "without bias correction"));
        Figure::new(600, 340).titled("Bias correction").with(panel).into()
    }
}

/// x of Adam and AMSGrad after 1, 2, 4, ... steps, and a few between.
struct Failure([Vec<(f64, f64)>; 2]);

impl Exhibit for Failure {
    fn data() -> Self {
        let run = |amsgrad: bool| {
            let mut x = Tensor::param(0.0_f64);
            let mut opt = Optimizer::new(Adam { beta2: 0.99, amsgrad, ..Adam::default() });
            let mut points = Vec::new();
            let mut next = 1.0;
            for t in 1..=200_000 {
                let slope = if t % 101 == 1 { 1010.0 } else { -10.0 };
                let grads = (slope * &x).backward();
                opt.set_lr(0.5 / f64::from(t).sqrt());
                opt.step(&mut x, &grads);
                x.assign(x.clamp(-1.0, 1.0));
                if f64::from(t) >= next {
                    points.push((f64::from(t), x.item()));
                    next *= 1.01;
                }
            }
            points
        };
        Failure([run(false), run(true)])
    }

    fn check(&self) {
        let [adam, amsgrad] = self.0.each_ref().map(|points| points[points.len() - 1].1);
        within("Adam", adam, 0.98, 1.0);
        within("AMSGrad", amsgrad, -1.0, -0.98);
    }

    fn draw(&self) -> Drawing {
        let panel = Panel::new(Axis::log("step"), Axis::linear("x").over(-1.1, 1.1))
            .with(Guide::horizontal(-1.0, "minimum").colored(GREEN))
            .with(Line::new(self.0[0].clone()).named("Adam").colored(VERMILION))
            .with(Line::new(self.0[1].clone()).named("AMSGrad").colored(BLUE));
        Figure::new(600, 360).titled("Where Adam goes the wrong way").with(panel).into()
    }
}

/// The singular values of the first step of each rule, as shares of the largest.
struct Orthogonal([Vec<f64>; 2]);

/// The singular values of a matrix, the largest first: the roots of the eigenvalues of `AᵀA`.
fn singular_values(a: &Tensor<f64>) -> Vec<f64> {
    crate::curvature::eigenvalues(&a.t().matmul(a)).into_iter().rev().map(|value| value.max(0.0).sqrt()).collect()
}

impl Exhibit for Orthogonal {
    /// Least squares with features whose sizes fall from 1 to 1/4; the weights to find are the identity.
    fn data() -> Self {
        let mut rng = rng(6);
        let sizes: Vec<f64> = (0..6).map(|i| 0.25_f64.powf(f64::from(i) / 5.0)).collect();
        let x = Tensor::<f64>::randn(&[64, 6], &mut rng) * Tensor::from(sizes);
        let y = x.matmul(&Tensor::eye(6));
        let step = |rule: AnyRule| {
            let mut w = Tensor::param(Tensor::zeros(&[6, 6]));
            let mut opt = Optimizer::new(rule);
            let grads = (x.matmul(&w) - &y).square().mean().backward();
            opt.step(&mut w, &grads);
            let values = singular_values(&w.detach());
            values.iter().map(|value| value / values[0]).collect()
        };
        let muon = Muon { lr: 0.1, weight_decay: 0.0, adjust_lr: MuonScale::default(), ..Muon::default() };
        Orthogonal([step(Sgd { lr: 0.1, ..Sgd::default() }.into()), step(muon.into())])
    }

    fn check(&self) {
        let [descent, muon] = self.0.each_ref().map(|values| values[5]);
        assert!(descent < 0.15, "the least of gradient descent is {descent}");
        // Five steps of Muon's iteration bring singular values between about 0.7 and 1.2 (Jordan et al. 2024).
        within("the least of Muon", muon, 0.3, 1.0);
    }

    fn draw(&self) -> Drawing {
        let line = |i: usize, name: &str| Line::of(self.0[i].clone()).dotted().named(name).colored(Color::nth(i));
        let panel = Panel::new(Axis::named("singular value", 1..=6), Axis::log("share of the largest").over(0.01, 2.0))
            .with(line(0, "gradient descent"))
            .with(line(1, "Muon"));
        Figure::new(600, 340).titled("One step for a matrix").with(panel).into()
    }
}

#[test]
fn claims() {
    crate::exhibit::holds::<Scale>();
    crate::exhibit::holds::<Rare>();
    crate::exhibit::holds::<Correction>();
    crate::exhibit::holds::<Failure>();
    crate::exhibit::holds::<Orthogonal>();
}
