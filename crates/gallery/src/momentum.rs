//! Momentum: ravines, plateaus, the leaky average, its two variants.

use downhill::Tensor;
use downhill::optim::{ClassicalMomentum, Optimizer, Rule, Sgd};
use downhill_plot::palette::{BLACK, BLUE, GRAY, GREEN, ORANGE, VERMILION};
use downhill_plot::{Axis, Color, Descent, Figure, Guide, Line, Panel};

use crate::exhibit::{Drawing, Entry, Exhibit};
use crate::fit::within;
use crate::surface::{PLATEAU, Point, RAVINE};

pub(crate) fn entries() -> Vec<Entry> {
    vec![
        Entry::of::<Ravine>(
            "momentum-ravine",
            "A ravine that is 30 times as steep as it is long, at the same learning rate: with momentum, the steps across cancel and \
             those along add up.",
        )
        .in_docs(),
        Entry::of::<Flat>(
            "momentum-plateau",
            "A slope that ends in a plateau before the hole: descent without momentum stays there; momentum carries on, by up to \
             1/(1 - β) times the step.",
        ),
        Entry::of::<Leaky>(
            "momentum-filter",
            "The leaky average m ← βm + (1 - β)g is a filter: it reduces the variance of noise to (1 - β)/(1 + β), and comes later by \
             β/(1 - β) steps.",
        )
        .in_docs(),
        Entry::of::<Betas>(
            "momentum-beta",
            "Steps until the distance in the ravine has fallen to a thousandth, against β: more momentum helps until the ball \
             overshoots. Nesterov's variant, which looks ahead, oscillates less.",
        ),
        Entry::of::<Variants>(
            "momentum-variants",
            "The learning rate outside of the velocity (PyTorch) or inside: the same as long as it does not change. When it falls to a \
             tenth at step 20, the one outside slows down at once, the one inside keeps its speed.",
        )
        .in_docs(),
    ]
}

fn sgd(lr: f64, momentum: f64) -> Sgd {
    Sgd { lr, momentum, ..Sgd::default() }
}

struct Ravine([Vec<Point>; 2]);

impl Exhibit for Ravine {
    fn data() -> Self {
        Ravine([0.0, 0.75].map(|beta| RAVINE.descend((-3.0, 0.7), sgd(0.03, beta), 50)))
    }

    fn check(&self) {
        let [plain, heavy] = self.0.each_ref().map(|path| RAVINE.at(path[50]));
        // Along the ravine, plain descent keeps (1 - η)⁵⁰ of its distance.
        within("the rest of plain descent", self.0[0][50].0 / -3.0, 0.97_f64.powi(50) - 1e-9, 0.97_f64.powi(50) + 1e-9);
        assert!(heavy < plain / 100.0, "loss {plain} without, {heavy} with momentum");
    }

    fn draw(&self) -> Drawing {
        let panel = |i: usize, title: &str| {
            RAVINE.panel().titled(title).with(Descent::new(self.0[i].clone()).colored(Color::nth(i)))
        };
        let loss = [0, 1].map(|i| {
            let name = ["without momentum", "β = 0.75"][i];
            Line::of(self.0[i].iter().map(|&p| RAVINE.at(p))).named(name).colored(Color::nth(i))
        });
        Figure::new(600, 700)
            .titled("Across and along a ravine")
            .with(panel(0, "without momentum, η = 0.03"))
            .with(panel(1, "momentum β = 0.75, η = 0.03"))
            .with(Panel::new(Axis::linear("step"), Axis::log("loss")).with_all(loss))
            .into()
    }
}

struct Flat([Vec<Point>; 2]);

impl Exhibit for Flat {
    fn data() -> Self {
        Flat([0.0, 0.95].map(|beta| PLATEAU.descend((3.9, 0.6), sgd(0.5, beta), 160)))
    }

    fn check(&self) {
        let [plain, heavy] = self.0.each_ref().map(|path| PLATEAU.at(path[160]));
        assert!(plain > 0.9, "without momentum the loss is {plain}");
        assert!(heavy < 0.1, "with momentum the loss is {heavy}");
    }

    fn draw(&self) -> Drawing {
        let descents = [0, 1].map(|i| {
            Descent::new(self.0[i].clone()).colored(Color::nth(1 - i)).named(["without momentum", "β = 0.95"][i])
        });
        let loss = [0, 1].map(|i| Line::of(self.0[i].iter().map(|&p| PLATEAU.at(p))).colored(Color::nth(1 - i)));
        Figure::new(600, 560)
            .titled("Off a plateau")
            .with(PLATEAU.panel().titled("160 steps, η = 0.5").with_all(descents.into_iter().rev()))
            .with(Panel::new(Axis::linear("step"), Axis::linear("loss")).with_all(loss))
            .into()
    }
}

const FILTERS: [f64; 3] = [0.5, 0.9, 0.98];

struct Leaky {
    signal: Vec<f64>,
    noisy: Vec<f64>,
    filtered: [Vec<f64>; 3],
    /// The measured variance of filtered noise of variance 1.
    variances: [f64; 3],
    /// How much later the filtered ramp 0, 1, 2, ... is.
    delays: [f64; 3],
}

/// The running mean of the gradients, taken from the optimizer itself: with dampening β and a learning rate of 1, each step is the
/// mean, as soon as the first gradient is forgotten.
fn leaky(beta: f64, gradients: &[f64]) -> Vec<f64> {
    let mut p = Tensor::param(0.0_f64);
    let mut opt = Optimizer::new(Sgd { lr: 1.0, momentum: beta, dampening: beta, ..Sgd::default() });
    let mut step = |g: f64| {
        let before = p.item();
        let grads = (g * &p).backward();
        opt.step(&mut p, &grads);
        before - p.item()
    };
    gradients.iter().map(|&g| step(g)).collect()
}

impl Exhibit for Leaky {
    fn data() -> Self {
        let mut rng = downhill::rng(4);
        let noise = Tensor::<f64>::randn(&[60_000], &mut rng).to_vec();
        let signal: Vec<f64> = (0..400).map(|t| if (100..260).contains(&t) { 1.0 } else { 0.0 }).collect();
        let noisy: Vec<f64> = signal.iter().zip(&noise).map(|(s, n)| s + 0.5 * n).collect();
        let variance = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64;
        let ramp: Vec<f64> = (0..1000).map(f64::from).collect();
        Leaky {
            filtered: FILTERS.map(|beta| leaky(beta, &noisy)),
            variances: FILTERS.map(|beta| variance(&leaky(beta, &noise)[1000..])),
            delays: FILTERS.map(|beta| 999.0 - leaky(beta, &ramp)[999]),
            signal,
            noisy,
        }
    }

    fn check(&self) {
        for ((beta, variance), delay) in FILTERS.into_iter().zip(self.variances).zip(self.delays) {
            let expected = (1.0 - beta) / (1.0 + beta);
            within(&format!("the variance for β = {beta}"), variance / expected, 0.9, 1.1);
            within(&format!("the delay for β = {beta}"), delay / (beta / (1.0 - beta)), 0.999, 1.001);
        }
    }

    fn draw(&self) -> Drawing {
        let panels = FILTERS.iter().zip(&self.filtered).enumerate().map(|(i, (beta, filtered))| {
            Panel::new(Axis::linear(if i == 2 { "step" } else { "" }), Axis::linear("").over(-1.2, 2.2))
                .titled(format!(
                    "β = {beta}: variance × {:.3}, delay {:.0}",
                    (1.0 - beta) / (1.0 + beta),
                    beta / (1.0 - beta)
                ))
                .with(Line::of(self.noisy.clone()).colored(GRAY.mixed(downhill_plot::palette::WHITE, 0.6)).wide(0.8))
                .with(Line::of(self.signal.clone()).colored(BLACK).wide(1.2))
                .with(Line::of(filtered.clone()).colored(Color::nth(i)))
        });
        Figure::new(600, 560).titled("The leaky average of a noisy step").with_all(panels).into()
    }
}

struct Betas {
    /// β, and the steps with each variant.
    steps: Vec<(f64, [f64; 2])>,
}

impl Exhibit for Betas {
    fn data() -> Self {
        let count = |rule: Sgd| {
            let path = RAVINE.descend((-3.0, 0.7), rule, 1500);
            let far = |&(x, y): &Point| x.hypot(y) > 3e-3;
            path.iter().rposition(far).map_or(0.0, |last| last as f64 + 1.0)
        };
        let betas = (0..=33).map(|i| 0.03 * f64::from(i));
        let steps = betas.map(|beta| {
            let rule = sgd(0.03, beta);
            (beta, [count(rule.clone()), count(Sgd { nesterov: beta > 0.0, ..rule })])
        });
        Betas { steps: steps.collect() }
    }

    fn check(&self) {
        let best = |variant: usize| {
            let least = self.steps.iter().min_by(|a, b| a.1[variant].total_cmp(&b.1[variant]));
            least.map(|&(beta, steps)| (beta, steps[variant])).expect("34 of them")
        };
        let [(first, [without, _]), .., (_, [too_much, nesterov])] = self.steps[..] else { panic!("34 of them") };
        assert_eq!(first, 0.0);
        // (1 - η)ᵏ = 1/1000
        within("steps without momentum", without, 225.0, 229.0);
        for variant in [0, 1] {
            let (beta, least) = best(variant);
            within("the best β", beta, 0.6, 0.9);
            assert!(
                5.0 * least < without && 5.0 * least < too_much,
                "{least} steps with {beta}, {without}, {too_much}"
            );
        }
        assert!(nesterov < too_much, "with β = 0.99, Nesterov {nesterov}, otherwise {too_much}");
    }

    fn draw(&self) -> Drawing {
        let line =
            |variant: usize| Line::new(self.steps.iter().map(move |&(beta, steps)| (beta, steps[variant]))).dotted();
        let panel = Panel::new(Axis::linear("momentum β"), Axis::log("steps"))
            .with(line(0).named("heavy ball").colored(BLUE))
            .with(line(1).named("Nesterov").colored(VERMILION));
        Figure::new(600, 360).titled("How much momentum").with(panel).into()
    }
}

struct Variants {
    /// Outside and inside, at a constant rate and with a drop: the lengths of the steps.
    lengths: [[Vec<f64>; 2]; 2],
}

fn lengths(rule: impl Into<Box<dyn Rule<f64>>>, dropped: bool) -> Vec<f64> {
    let mut p = Tensor::param([1.0, 1.0_f64]);
    let mut opt = Optimizer::new(rule);
    let mut lengths = Vec::new();
    for step in 0..60 {
        opt.set_lr(if dropped && step >= 20 { 0.001 } else { 0.01 });
        let before = p.detach();
        let grads = (0.5 * (p.square() * Tensor::from([1.0, 20.0])).sum()).backward();
        opt.step(&mut p, &grads);
        lengths.push((&p - before).square().sum().item().sqrt());
    }
    lengths
}

impl Exhibit for Variants {
    fn data() -> Self {
        let both = |dropped| {
            let inside = ClassicalMomentum { lr: 0.01, momentum: 0.9, ..ClassicalMomentum::default() };
            [lengths(sgd(0.01, 0.9), dropped), lengths(inside, dropped)]
        };
        Variants { lengths: [both(false), both(true)] }
    }

    fn check(&self) {
        let [[a, b], [outside, inside]] = &self.lengths;
        for (step, (a, b)) in a.iter().zip(b).enumerate() {
            within(&format!("the ratio of steps {step} at a constant rate"), a / b, 1.0 - 1e-9, 1.0 + 1e-9);
        }
        // The step at which the rate falls: the old velocity is nearly all of it.
        within("how much the one outside slows down", outside[20] / outside[19], 0.05, 0.2);
        within("how much the one inside slows down", inside[20] / inside[19], 0.5, 1.2);
    }

    fn draw(&self) -> Drawing {
        let panel = |i: usize, title: &str| {
            let line = |j: usize| Line::of(self.lengths[i][j].clone()).colored([GREEN, ORANGE][j]);
            let outside = line(0).named("rate outside").wide(3.4);
            Panel::new(Axis::linear("step"), Axis::log("length of the step"))
                .titled(title)
                .with(outside)
                .with(line(1).named("rate inside"))
        };
        let dropped = panel(1, "rate × 0.1 at step 20").with(Guide::vertical(20.0, ""));
        Figure::new(640, 340)
            .titled("Two kinds of momentum")
            .columns(2)
            .with(panel(0, "constant rate"))
            .with(dropped)
            .into()
    }
}

#[test]
fn claims() {
    crate::exhibit::holds::<Ravine>();
    crate::exhibit::holds::<Flat>();
    crate::exhibit::holds::<Leaky>();
    crate::exhibit::holds::<Betas>();
    crate::exhibit::holds::<Variants>();
}
