//! Numeric against automatic gradients: how exact they are, and what they cost.

use std::cell::Cell;
use std::time::Instant;

use downhill::{Float, Tensor, grad};
use downhill_plot::{Axis, Color, Figure, Guide, Line, Panel};

use crate::exhibit::{Drawing, Entry, Exhibit};
use crate::fit::{power, within};

pub(crate) fn entries() -> Vec<Entry> {
    vec![
        Entry::of::<ErrorAgainstStep>(
            "gradient-error",
            "The error of numeric gradients against the step ε, and that of the automatic one. From the right, it falls with ε \
             (forward difference) or ε² (central); then rounding errors grow as 1/ε.",
        )
        .in_docs(),
        Entry::of::<CostAgainstDimensions>(
            "gradient-cost",
            "What a gradient costs. Numeric: two evaluations of the function per dimension. Automatic: one evaluation and one \
             walk back, for any number of dimensions.",
        ),
    ]
}

/// `exp(sin(x))`; the errors are root mean squares over 25 values of `x` from 0.5 to 1.25.
fn f<F: Float>(x: &Tensor<F>) -> Tensor<F> {
    x.sin().exp()
}

struct Curve {
    name: &'static str,
    central: bool,
    single: bool,
    points: Vec<(f64, f64)>,
}

struct ErrorAgainstStep {
    curves: Vec<Curve>,
    /// The relative error of the automatic gradient in `f64` and `f32`.
    automatic: [f64; 2],
}

/// Of the derivative, compared with the formula `cos(x)·exp(sin(x))`.
fn relative_error<F: Float>(derivative: impl Fn(F) -> F) -> f64 {
    let squared = |i: i32| {
        // Exact in both types.
        let x = 0.5 + f64::from(i) / 32.0;
        let exact = x.cos() * x.sin().exp();
        (derivative(F::from_f64(x)).as_f64() / exact - 1.0).powi(2)
    };
    ((0..25).map(squared).sum::<f64>() / 25.0).sqrt()
}

fn numeric<F: Float>(central: bool, epsilon: f64) -> f64 {
    let at = |x: F| f(&Tensor::from(x)).item();
    let h = F::from_f64(epsilon);
    relative_error(|x: F| if central { (at(x + h) - at(x - h)) / (h + h) } else { (at(x + h) - at(x)) / h })
}

fn automatic<F: Float>() -> f64 {
    relative_error(|x: F| {
        let x = Tensor::param(x);
        let [slope] = grad(&f(&x), [&x]);
        slope.item()
    })
}

impl Exhibit for ErrorAgainstStep {
    fn data() -> Self {
        let curve = |name, central, single| {
            let epsilons = (0..=60).map(|i| 10.0_f64.powf(-15.0 + 0.25 * f64::from(i)));
            let error = |h| if single { numeric::<f32>(central, h) } else { numeric::<f64>(central, h) };
            // Below the resolution of the type nothing is left.
            let points = epsilons.filter(|&h| !single || h > 1e-7).map(|h| (h, error(h))).collect();
            Curve { name, central, single, points }
        };
        let curves = vec![
            curve("forward, f32", false, true),
            curve("central, f32", true, true),
            curve("forward, f64", false, false),
            curve("central, f64", true, false),
        ];
        ErrorAgainstStep { curves, automatic: [automatic::<f64>(), automatic::<f32>()] }
    }

    fn check(&self) {
        for Curve { name, central, single, points } in &self.curves {
            let order = if *central { 2.0 } else { 1.0 };
            let (from, to) = if *single { (0.03, 0.4) } else { (1e-3, 0.2) };
            let truncation: Vec<_> = points.iter().copied().filter(|&(h, _)| (from..=to).contains(&h)).collect();
            within(&format!("the order of {name}"), power(&truncation), order - 0.15, order + 0.15);
            let (low, high) = if *single { (1.2e-7, 3e-5) } else { (1e-15, 1e-9) };
            let rounding: Vec<_> =
                points.iter().copied().filter(|&(h, error)| (low..=high).contains(&h) && error > 0.0).collect();
            within(&format!("the slope of {name} on the left"), power(&rounding), -1.2, -0.8);
        }
        let best = |i: usize| self.curves[i].points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
        // The best forward step is near √ε₀ and its error of that size; the best central one near ∛ε₀, with its square.
        within("the best forward difference", best(2), 1e-12, 3e-8);
        within("the best central difference", best(3), 0.0, 1e-9);
        assert!(best(3) < best(2) && best(1) < best(0), "central differences are better");
        let [double, single] = self.automatic;
        assert!(double <= 4.0 * f64::EPSILON && single <= 4.0 * f64::from(f32::EPSILON), "{:?}", self.automatic);
    }

    fn draw(&self) -> Drawing {
        let panel = Panel::new(Axis::log("step ε"), Axis::log("relative error").over(1e-17, 10.0));
        // An error of zero is left out by the axis.
        let lines =
            self.curves.iter().enumerate().map(|(i, curve)| {
                Line::new(curve.points.clone()).named(curve.name).colored(Color::nth([3, 1, 5, 0][i]))
            });
        let automatic = Guide::horizontal(self.automatic[0].max(f64::EPSILON / 2.0), "automatic, f64");
        Figure::new(600, 400).titled("Error of a numeric gradient").with(panel.with(automatic).with_all(lines)).into()
    }
}

struct Cost {
    dimensions: f64,
    evaluations: [f64; 2],
    seconds: [f64; 2],
}

struct CostAgainstDimensions(Vec<Cost>);

impl Exhibit for CostAgainstDimensions {
    /// The function is `Σ sin(xᵢ)²`, counted and timed; the numeric gradient is checked against the automatic one.
    fn data() -> Self {
        let cost = |n: usize| {
            let calls = Cell::new(0.0);
            let f = |x: &Tensor<f64>| {
                calls.set(calls.get() + 1.0);
                x.sin().square().sum()
            };
            let x = Tensor::param(Tensor::linspace(0.0, 1.0, n));
            let [slope] = grad(&f(&x), [&x]);
            let once = calls.replace(0.0);
            // The least of five, since other programs interrupt.
            let timed = |_| {
                let start = Instant::now();
                let [_] = grad(&f(&x), [&x]);
                start.elapsed().as_secs_f64()
            };
            let automatic = (0..5).map(timed).fold(f64::INFINITY, f64::min);
            calls.set(0.0);
            let start = Instant::now();
            let mut values = x.to_vec();
            let mut numeric = Vec::with_capacity(n);
            for i in 0..n {
                let here = values[i];
                let [up, down] = [1e-5, -1e-5].map(|h| {
                    values[i] = here + h;
                    f(&Tensor::from(values.clone())).item()
                });
                values[i] = here;
                numeric.push((up - down) / 2e-5);
            }
            let apart = numeric.iter().zip(slope.to_vec()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(apart < 1e-6, "the two gradients differ by {apart}");
            Cost {
                dimensions: n as f64,
                evaluations: [calls.get(), once],
                seconds: [start.elapsed().as_secs_f64(), automatic],
            }
        };
        CostAgainstDimensions((0..=11).map(|i| cost(1 << i)).collect())
    }

    fn check(&self) {
        let slope = |which: usize| {
            power(&self.0.iter().map(|cost| (cost.dimensions, cost.evaluations[which])).collect::<Vec<_>>())
        };
        within("the growth of numeric evaluations", slope(0), 1.0 - 1e-9, 1.0 + 1e-9);
        within("the growth of automatic evaluations", slope(1), -1e-9, 1e-9);
    }

    fn draw(&self) -> Drawing {
        let panel = |title: &str, unit: &str, value: fn(&Cost) -> [f64; 2]| {
            let line = |which: usize, name: &str| {
                let points = self.0.iter().map(|cost| (cost.dimensions, value(cost)[which]));
                Line::new(points).dotted().named(name).colored(Color::nth(1 - which))
            };
            Panel::new(Axis::log("dimensions"), Axis::log(unit))
                .titled(title)
                .with(line(0, "numeric"))
                .with(line(1, "automatic"))
        };
        Figure::new(600, 300)
            .titled("Cost of a gradient")
            .columns(2)
            .with(panel("counted", "evaluations of the function", |cost| cost.evaluations))
            .with(panel("measured", "seconds", |cost| cost.seconds))
            .into()
    }
}

#[test]
fn claims() {
    crate::exhibit::holds::<ErrorAgainstStep>();
    crate::exhibit::holds::<CostAgainstDimensions>();
}
