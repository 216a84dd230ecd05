//! Schedules: drawn, driven by a plateau, found by a range test; decay too early and too late.

mod range_test;

use downhill::optim::{
    CosineAnnealingLr, CosineAnnealingWarmRestarts, CyclicLr, ExponentialLr, MultiStepLr, OneCycleLr, Optimizer,
    PolynomialLr, ReduceLrOnPlateau, Schedule, Scheduler, Sgd, StepLr, WarmupLr,
};
use downhill::rand::RngExt;
use downhill::{Tensor, rng};
use downhill_plot::palette::{BLUE, ORANGE, VERMILION};
use downhill_plot::{Axis, Color, Figure, Guide, Line, Panel};

use crate::exhibit::{Drawing, Entry, Exhibit};
use crate::fit::within;

pub(crate) fn entries() -> Vec<Entry> {
    vec![
        Entry::of::<Drawn>(
            "schedules",
            "Nine schedules of the learning rate (solid) over 100 epochs. Two of them also move the momentum (dashed, a tenth of it), against the rate.",
        )
        .in_docs(),
        Entry::of::<Plateau>(
            "schedules-plateau",
            "Reduce on plateau: when the loss has not improved for eight epochs, the rate falls to a third. Below, the loss that \
             triggers it: noise keeps it up until the rate falls.",
        )
        .in_docs(),
        range_test::entry(),
        Entry::of::<Timing>(
            "schedules-timing",
            "One decay to a twentieth of the rate, too early, in time and too late: too early, the small rate has most of the way to \
             go; too late, the noise of the large one remains until the end.",
        ),
    ]
}

const EPOCHS: u64 = 100;
const BASE: f64 = 0.1;

/// The name, the rate of each epoch, and the momentum.
struct Drawn(Vec<(&'static str, Vec<f64>, Vec<f64>)>);

impl Exhibit for Drawn {
    fn data() -> Self {
        let curve = |name, schedule: Box<dyn Schedule>| {
            let rates = (0..=EPOCHS).filter_map(|t| schedule.lr_at(BASE, t)).collect();
            (name, rates, (0..=EPOCHS).filter_map(|t| schedule.momentum_at(t)).collect())
        };
        let warm = WarmupLr { steps: 10 };
        let cosine = CosineAnnealingLr { t_max: 90, ..CosineAnnealingLr::default() };
        Drawn(vec![
            curve("step", StepLr { step_size: 30, gamma: 0.3 }.into()),
            curve("milestones", MultiStepLr { milestones: vec![50, 75], gamma: 0.2 }.into()),
            curve("exponential", ExponentialLr { gamma: 0.96 }.into()),
            curve("polynomial, power 2", PolynomialLr { total_iters: EPOCHS, power: 2.0 }.into()),
            curve("cosine", CosineAnnealingLr { t_max: EPOCHS, ..CosineAnnealingLr::default() }.into()),
            curve("warmup, then cosine", warm.then(cosine).into()),
            curve("warm restarts", CosineAnnealingWarmRestarts { t_0: 14, t_mult: 2, ..Default::default() }.into()),
            curve("cyclic", CyclicLr { base_lr: 0.01, max_lr: BASE, step_size_up: 20, ..CyclicLr::default() }.into()),
            curve("one cycle", OneCycleLr { max_lr: BASE, total_steps: EPOCHS + 1, ..OneCycleLr::default() }.into()),
        ])
    }

    fn check(&self) {
        let rate = |name: &str, t: usize| {
            let (_, rates, _) = self.0.iter().find(|curve| curve.0 == name).expect("one of the nine");
            assert_eq!(rates.len(), 101, "{name}");
            rates[t]
        };
        // By hand.
        for (name, t, expected) in [
            ("step", 29, 0.1),
            ("step", 30, 0.03),
            ("step", 90, 0.1 * 0.027),
            ("milestones", 75, 0.004),
            ("exponential", 100, 0.1 * 0.96_f64.powi(100)),
            ("polynomial, power 2", 50, 0.025),
            ("cosine", 50, 0.05),
            ("cosine", 100, 0.0),
            ("warmup, then cosine", 10, 0.1),
            ("warmup, then cosine", 100, 0.0),
            ("warm restarts", 14, 0.1),
            ("warm restarts", 42, 0.1),
            ("cyclic", 20, 0.1),
            ("cyclic", 40, 0.01),
            ("one cycle", 100, 0.1 / 25.0 / 1e4),
        ] {
            within(&format!("the rate of {name} at {t}"), rate(name, t), expected - 1e-12, expected + 1e-12);
        }
        for (name, rates, momenta) in self.0.iter().filter(|curve| !curve.2.is_empty()) {
            let place = |values: &[f64], sign: f64| {
                let found = values.iter().enumerate().max_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)));
                found.map(|(_, &value)| value).expect("not empty")
            };
            let at_peak = rates.iter().position(|&rate| rate == place(rates, 1.0)).expect("it is one of them");
            within(
                &format!("the momentum of {name} at the highest rate"),
                momenta[at_peak],
                0.0,
                place(momenta, -1.0) + 1e-9,
            );
        }
        assert_eq!(self.0.iter().filter(|curve| !curve.2.is_empty()).count(), 2);
    }

    fn draw(&self) -> Drawing {
        let panels = self.0.iter().enumerate().map(|(i, (name, rates, momenta))| {
            let title = if momenta.is_empty() { (*name).to_string() } else { format!("{name} (momentum / 10)") };
            let below = if i >= 6 { "epoch" } else { "" };
            // A tenth of the momentum is about as high as the base rate.
            let momenta = momenta.iter().map(|momentum| momentum / 10.0);
            let mut panel = Panel::new(Axis::linear(below), Axis::linear("").over(0.0, 0.107)).titled(title);
            if momenta.len() > 0 {
                panel = panel.with(Line::of(momenta).dashed().colored(VERMILION));
            }
            panel.with(Line::of(rates.clone()).colored(BLUE))
        });
        Figure::new(640, 540).titled("Schedules").columns(3).with_all(panels).into()
    }
}

/// The squared distance of noisy descent: every gradient has noise of variance 1.
fn noisy(w: &Tensor<f64>, rng: &mut downhill::Generator) -> Tensor<f64> {
    let noise: f64 = Tensor::<f64>::randn(&[], rng).item();
    0.5 * w.square().sum() + noise * w.sum()
}

struct Plateau {
    losses: Vec<f64>,
    rates: Vec<f64>,
    /// With the first rate throughout.
    constant: Vec<f64>,
}

const PATIENCE: u64 = 8;

fn epochs(schedule: Option<ReduceLrOnPlateau>) -> (Vec<f64>, Vec<f64>) {
    let mut rng = rng(7);
    let mut w = Tensor::param(Tensor::<f64>::full(&[], 12.0));
    let mut opt = Optimizer::new(Sgd { lr: 0.3, ..Sgd::default() });
    let mut scheduler = schedule.map(|schedule| Scheduler::new(schedule, &mut opt));
    let (mut losses, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..120 {
        let mut sum = 0.0;
        for _ in 0..50 {
            sum += 0.5 * w.item().powi(2);
            let grads = noisy(&w, &mut rng).backward();
            opt.step(&mut w, &grads);
        }
        rates.push(opt.lr());
        losses.push(sum / 50.0);
        if let Some(scheduler) = &mut scheduler {
            scheduler.step_with(&mut opt, sum / 50.0);
        }
    }
    (losses, rates)
}

impl Exhibit for Plateau {
    fn data() -> Self {
        let schedule = ReduceLrOnPlateau { factor: 1.0 / 3.0, patience: PATIENCE, ..ReduceLrOnPlateau::default() };
        let (losses, rates) = epochs(Some(schedule));
        Plateau { losses, rates, constant: epochs(None).0 }
    }

    fn check(&self) {
        let falls: Vec<usize> = (1..self.rates.len()).filter(|&t| self.rates[t] < self.rates[t - 1]).collect();
        assert!(falls.len() >= 3, "{falls:?}");
        let mut last = 0;
        for &fall in &falls {
            // What the rule says: more than `patience` epochs in a row without a new best, and none of them counted before.
            let best = self.losses[..fall - 1 - PATIENCE as usize].iter().copied().fold(f64::INFINITY, f64::min);
            let waited = &self.losses[fall - 1 - PATIENCE as usize..fall];
            assert!(waited.iter().all(|&loss| loss >= best * (1.0 - 1e-4)), "at {fall}: {waited:?} after {best}");
            assert!(fall - last > PATIENCE as usize);
            within("the fall", self.rates[fall] / self.rates[fall - 1], 0.3333, 0.3334);
            last = fall;
        }
        let end = |losses: &[f64]| losses[100..].iter().sum::<f64>() / 20.0;
        assert!(end(&self.losses) < end(&self.constant) / 5.0, "{} {}", end(&self.losses), end(&self.constant));
    }

    fn draw(&self) -> Drawing {
        let above =
            Panel::new(Axis::linear(""), Axis::log("learning rate")).with(Line::of(self.rates.clone()).colored(BLUE));
        let mut below = Panel::new(Axis::linear("epoch"), Axis::log("loss"))
            .with(Line::of(self.constant.clone()).colored(ORANGE).named("rate 0.3 throughout"))
            .with(Line::of(self.losses.clone()).colored(BLUE).named("reduced on plateau"));
        for t in (1..self.rates.len()).filter(|&t| self.rates[t] < self.rates[t - 1]) {
            below = below.with(Guide::vertical(t as f64, ""));
        }
        Figure::new(600, 480).titled("Reduce on plateau").with(above).with(below).into()
    }
}

const DECAYS: [(&str, usize); 3] = [("too early: at 10", 10), ("in time: at 150", 150), ("too late: at 580", 580)];

/// The mean loss of each step over 100 runs, for each time of decay.
struct Timing([Vec<f64>; 3]);

impl Exhibit for Timing {
    fn data() -> Self {
        let run = |decay: usize, seed: u64| {
            let mut rng = rng(seed);
            let mut w = Tensor::param(Tensor::<f64>::full(&[], 8.0));
            let mut opt = Optimizer::new(Sgd { lr: 0.05, ..Sgd::default() });
            let mut losses = Vec::new();
            for step in 0..=600 {
                losses.push(0.5 * w.item().powi(2));
                if step == decay {
                    opt.set_lr(0.0025);
                }
                let grads = noisy(&w, &mut rng).backward();
                opt.step(&mut w, &grads);
            }
            losses
        };
        let seed = rng(1).random_range(0..1000_u64);
        Timing(DECAYS.map(|(_, decay)| {
            let runs: Vec<Vec<f64>> = (0..100).map(|i| run(decay, seed + i)).collect();
            (0..=600).map(|step| runs.iter().map(|losses| losses[step]).sum::<f64>() / 100.0).collect()
        }))
    }

    fn check(&self) {
        let [early, right, late] = self.0.each_ref().map(|losses| losses[600]);
        assert!(5.0 * right < late && 5.0 * right < early, "early {early}, in time {right}, late {late}");
        // The noise of a constant rate: the variance η/(2 - η) of the distance, and half of that is the loss.
        let mean = self.0[2][300..580].iter().sum::<f64>() / 280.0;
        within("the loss before the late decay", mean / (0.5 * 0.05 / 1.95), 0.8, 1.2);
    }

    fn draw(&self) -> Drawing {
        let lines = self.0.iter().zip(DECAYS).enumerate().map(|(i, (losses, (name, _)))| {
            let points = losses.iter().enumerate().step_by(3).map(|(t, &loss)| (t as f64, loss));
            Line::new(points).named(name).colored(Color::nth([1, 2, 0][i]))
        });
        let panel = Panel::new(Axis::linear("step"), Axis::log("loss, mean of 100 runs")).with_all(lines);
        Figure::new(600, 360).titled("When to decay").with(panel).into()
    }
}

#[test]
fn claims() {
    crate::exhibit::holds::<Drawn>();
    crate::exhibit::holds::<Plateau>();
    crate::exhibit::holds::<Timing>();
}
