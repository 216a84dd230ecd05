//! Batch gradient descent on surfaces: learning rates, zig-zags, condition numbers.

use downhill::optim::Sgd;
use downhill::{Tensor, grad, hvp};
use downhill_plot::palette::{BLUE, VERMILION};
use downhill_plot::{Axis, Color, Descent, Figure, Line, Panel};

use crate::exhibit::{Drawing, Entry, Exhibit};
use crate::fit::{power, within};
use crate::surface::{BEALE, BOWL, BUKIN, HIMMELBLAU, PLATEAU, Point, RAVINE, ROSENBROCK, SADDLE, Surface};

pub(crate) fn entries() -> Vec<Entry> {
    vec![
        Entry::of::<Rates>(
            "descent-rates",
            "Gradient descent in a bowl with curvatures 1 and 4, and four learning rates. Along each axis, a step multiplies the \
             distance by 1 - ηλ: above η = 2/λ = 0.5 it grows.",
        )
        .in_docs(),
        Entry::of::<Surfaces>(
            "descent-surfaces",
            "Gradient descent on eight surfaces. It finds a minimum of the first two, jumps to and fro over Bukin's crease, \
             creeps through Rosenbrock's valley, leaves the saddle slowly, and does not move on the plateau.",
        ),
        Entry::of::<ExactLineSearch>(
            "descent-zigzag",
            "Steepest descent with the best possible step. Each step is at a right angle to the last one, so it zig-zags, and the \
             loss falls only by ((κ - 1)/(κ + 1))² per step.",
        )
        .in_docs(),
        Entry::of::<Condition>(
            "descent-condition",
            "Steps until the distance has fallen to a millionth, each with the best constants: they grow as the condition number κ \
             for gradient descent, and as √κ with momentum.",
        ),
    ]
}

const RATES: [(&str, f64); 4] = [("too small", 0.02), ("right", 0.4), ("too large", 0.49), ("divergent", 0.52)];

struct Rates([Vec<Point>; 4]);

fn sgd(lr: f64) -> Sgd {
    Sgd { lr, ..Sgd::default() }
}

impl Exhibit for Rates {
    fn data() -> Self {
        Rates(RATES.map(|(_, lr)| BOWL.descend((-2.6, 0.6), sgd(lr), 30)))
    }

    fn check(&self) {
        for (path, (name, lr)) in self.0.iter().zip(RATES) {
            for (k, &(x, y)) in path.iter().enumerate() {
                let expected = (-2.6 * (1.0 - lr).powi(k as i32), 0.6 * (1.0 - 4.0 * lr).powi(k as i32));
                let apart = (x - expected.0).abs().max((y - expected.1).abs());
                assert!(apart < 1e-9, "{name}, step {k}: {x}, {y} instead of {expected:?}");
            }
        }
        let last = self.0.each_ref().map(|path| BOWL.at(path[30]));
        let start = BOWL.at(self.0[0][0]);
        assert!(last[1] < 1e-5 && last[1] < last[2] && last[2] < last[0] && last[3] > start, "{start}: {last:?}");
    }

    fn draw(&self) -> Drawing {
        let panels = self.0.iter().zip(RATES).enumerate().map(|(i, (path, (name, lr)))| {
            let descent = Descent::new(path.clone()).colored(Color::nth(i));
            BOWL.panel().titled(format!("{name}: η = {lr}")).with(descent)
        });
        let loss = self.0.iter().zip(RATES).enumerate().map(|(i, (path, (_, lr)))| {
            Line::of(path.iter().map(|&p| BOWL.at(p))).named(format!("η = {lr}")).colored(Color::nth(i))
        });
        let below = Panel::new(Axis::linear("step"), Axis::log("loss").over(1e-9, 30.0)).with_all(loss);
        Figure::new(600, 640).titled("Learning rates").columns(2).with_all(panels).with(below).into()
    }
}

struct Run {
    surface: Surface,
    lr: f64,
    path: Vec<Point>,
}

impl Run {
    fn last(&self) -> Point {
        self.path[self.path.len() - 1]
    }
}

struct Surfaces([Run; 8]);

impl Exhibit for Surfaces {
    fn data() -> Self {
        let run =
            |surface: Surface, start, lr, steps| Run { surface, lr, path: surface.descend(start, sgd(lr), steps) };
        Surfaces([
            run(BOWL, (-2.5, 1.5), 0.2, 50),
            run(HIMMELBLAU, (0.0, -3.0), 0.01, 100),
            run(BUKIN, (-7.0, 2.6), 0.001, 400),
            run(ROSENBROCK, (-1.2, 1.0), 0.001, 2000),
            run(BEALE, (1.0, 1.2), 0.005, 1000),
            run(SADDLE, (-1.8, 0.02), 0.1, 45),
            run(PLATEAU, (4.5, 0.5), 0.1, 200),
            run(RAVINE, (-3.0, 0.7), 0.06, 80),
        ])
    }

    fn check(&self) {
        let [bowl, himmelblau, bukin, rosenbrock, beale, saddle, plateau, ravine] = &self.0;
        let ends = |run: &Run, (x, y): Point, within_distance: f64| {
            let (a, b) = run.last();
            let apart = (a - x).hypot(b - y);
            assert!(apart < within_distance, "{} ends {apart} from ({x}, {y})", run.surface.name);
        };
        ends(bowl, (0.0, 0.0), 1e-4);
        ends(himmelblau, (3.584428, -1.848127), 1e-5);
        ends(beale, (3.0, 0.5), 0.2);
        // The sides of the crease alternate, and the loss stays far above 0.
        let late = &bukin.path[300..];
        let side = |&(x, y): &Point| y > 0.01 * x * x;
        let changes = late.windows(2).filter(|pair| side(&pair[0]) != side(&pair[1])).count();
        let mean = late.iter().map(|&p| BUKIN.at(p)).sum::<f64>() / late.len() as f64;
        assert!(changes > 20 && mean > 5.0, "Bukin: {changes} changes of side, mean loss {mean}");
        // In the valley within a twentieth of the steps; most of them creep along it.
        let (x, y) = rosenbrock.path[100];
        within("Rosenbrock's distance from the valley", (y - x * x).abs(), 0.0, 0.05);
        within("Rosenbrock's last loss", ROSENBROCK.at(rosenbrock.last()), 1e-3, 1.0);
        // (1 - η)ᵏ along one axis, (1 + η)ᵏ along the other.
        ends(saddle, (-1.8 * 0.9_f64.powi(45), 0.02 * 1.1_f64.powi(45)), 1e-9);
        ends(plateau, (4.5, 0.5), 0.05);
        let crossings = ravine.path.windows(2).take(20).filter(|pair| pair[0].1 * pair[1].1 < 0.0).count();
        assert_eq!(crossings, 20, "the ravine is crossed at every step");
    }

    fn draw(&self) -> Drawing {
        let panels = self.0.iter().map(|run| {
            let title = format!("{}, η = {}, {} steps", run.surface.name, run.lr, run.path.len() - 1);
            run.surface.panel().titled(title).with(Descent::new(run.path.clone()).colored(VERMILION))
        });
        Figure::new(640, 1080).titled("Gradient descent").columns(2).with_all(panels).into()
    }
}

const KAPPA: f64 = 10.0;

const ELLIPSES: Surface = Surface {
    name: "κ = 10",
    f: |x, y| 0.5 * (x.square() + KAPPA * y.square()),
    x: (-11.0, 4.0),
    y: (-2.5, 2.5),
    levels: &[0.5, 2.0, 6.0, 14.0, 28.0, 50.0],
};

struct ExactLineSearch {
    path: Vec<Point>,
    losses: Vec<f64>,
    /// Between each gradient and the next.
    cosines: Vec<f64>,
}

impl Exhibit for ExactLineSearch {
    /// On a quadratic function, the best step along the gradient `g` is `g·g/(g·Hg)`.
    fn data() -> Self {
        let f = |p: &Tensor<f64>| 0.5 * (p.square() * Tensor::from([1.0, KAPPA])).sum();
        // The worst start for this condition number.
        let mut p = Tensor::param([-KAPPA, 1.0]);
        let mut data = ExactLineSearch { path: Vec::new(), losses: Vec::new(), cosines: Vec::new() };
        let mut before: Option<Tensor<f64>> = None;
        for _ in 0..=40 {
            let values = p.to_vec();
            data.path.push((values[0], values[1]));
            data.losses.push(f(&p).item());
            let [g] = grad(&f(&p), [&p]);
            let g = g.detach();
            let length = |v: &Tensor<f64>| v.square().sum().item().sqrt();
            if let Some(before) = before.replace(g.clone()) {
                data.cosines.push((&g * &before).sum().item() / length(&g) / length(&before));
            }
            let step = length(&g).powi(2) / (&g * hvp(&f(&p), &p, &g).detach()).sum().item();
            p.assign(&p - step * &g);
        }
        data
    }

    fn check(&self) {
        for (step, cosine) in self.cosines.iter().enumerate() {
            assert!(cosine.abs() < 1e-6, "step {step}: the angle's cosine is {cosine}");
        }
        let factor = ((KAPPA - 1.0) / (KAPPA + 1.0)).powi(2);
        for pair in self.losses.windows(2) {
            within("the fall of the loss", pair[1] / pair[0], factor - 1e-6, factor + 1e-6);
        }
    }

    fn draw(&self) -> Drawing {
        let descent = Descent::new(self.path.clone()).colored(VERMILION);
        let loss = Line::of(self.losses.clone()).named("with exact line search").colored(VERMILION);
        let theory = |factor: f64| (0..=40).map(move |k| self.losses[0] * factor.powi(k));
        let bound =
            Line::of(theory(((KAPPA - 1.0) / (KAPPA + 1.0)).powi(2))).named("((κ − 1)/(κ + 1))² per step").dashed();
        Figure::new(600, 480)
            .titled("The zig-zag of steepest descent")
            .with(ELLIPSES.panel().with(descent))
            .with(Panel::new(Axis::linear("step k"), Axis::log("loss")).with(loss).with(bound))
            .into()
    }
}

struct Condition {
    /// κ, the steps of gradient descent and those with momentum.
    steps: Vec<(f64, f64, f64)>,
}

impl Exhibit for Condition {
    /// Polyak, "Some methods of speeding up the convergence of iteration methods", 1964, for the best constants.
    fn data() -> Self {
        let steps = (1..=10).map(|i| {
            let kappa = 2.0_f64.powi(i);
            let count = |rule: Sgd| {
                let f = |p: &Tensor<f64>| 0.5 * (p.square() * Tensor::from([1.0, kappa])).sum();
                let mut p = Tensor::param([1.0, 1.0_f64]);
                let mut opt = downhill::optim::Optimizer::new(rule);
                let mut steps = 0.0;
                while p.square().sum().item().sqrt() > 1e-6 * 2.0_f64.sqrt() && steps < 1e5 {
                    let grads = f(&p).backward();
                    opt.step(&mut p, &grads);
                    steps += 1.0;
                }
                steps
            };
            let root = kappa.sqrt();
            let heavy = Sgd {
                lr: 4.0 / (root + 1.0).powi(2),
                momentum: ((root - 1.0) / (root + 1.0)).powi(2),
                ..Sgd::default()
            };
            (kappa, count(sgd(2.0 / (1.0 + kappa))), count(heavy))
        });
        Condition { steps: steps.collect() }
    }

    fn check(&self) {
        let large = &self.steps[4..];
        within("the exponent of descent", power(&large.iter().map(|s| (s.0, s.1)).collect::<Vec<_>>()), 0.97, 1.03);
        within("the exponent with momentum", power(&large.iter().map(|s| (s.0, s.2)).collect::<Vec<_>>()), 0.45, 0.55);
    }

    fn draw(&self) -> Drawing {
        let line = |value: fn(&(f64, f64, f64)) -> f64| Line::new(self.steps.iter().map(|s| (s.0, value(s)))).dotted();
        let panel = Panel::new(Axis::log("condition number κ"), Axis::log("steps"))
            .with(line(|s| s.1).named("gradient descent").colored(BLUE))
            .with(line(|s| s.2).named("momentum").colored(VERMILION));
        Figure::new(600, 360).titled("Steps to a millionth of the distance").with(panel).into()
    }
}

#[test]
fn claims() {
    crate::exhibit::holds::<Rates>();
    crate::exhibit::holds::<Surfaces>();
    crate::exhibit::holds::<ExactLineSearch>();
    crate::exhibit::holds::<Condition>();
}
