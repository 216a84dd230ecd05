//! A race of the rules, as an animation.

use downhill::optim::{Adam, Lion, RmsProp, Sgd, SignSgd};
use downhill_plot::{Animation, Color, Descent, Figure, Mover};

use super::AnyRule;
use crate::exhibit::{Drawing, Entry, Exhibit};
use crate::surface::{BEALE, HIMMELBLAU, PLATEAU, Point, ROSENBROCK, Surface};

pub(super) fn entry() -> Entry {
    Entry::of::<Race>(
        "adaptive-race",
        "A race of six rules on four surfaces, 250 steps. The circles move with the steps.",
    )
}

const NAMES: [&str; 6] = ["gradient descent", "momentum", "sign", "RMSprop", "Adam", "Lion"];
const STEPS: usize = 250;

struct Race(Vec<(Surface, [Vec<Point>; 6])>);

impl Exhibit for Race {
    fn data() -> Self {
        let run = |surface: Surface, start: Point, descent: f64, momentum: f64, adaptive: f64| {
            let rules: [AnyRule; 6] = [
                Sgd { lr: descent, ..Sgd::default() }.into(),
                Sgd { lr: momentum, momentum: 0.9, ..Sgd::default() }.into(),
                SignSgd { lr: 0.5 * adaptive, ..SignSgd::default() }.into(),
                RmsProp { lr: 0.5 * adaptive, ..RmsProp::default() }.into(),
                Adam { lr: adaptive, ..Adam::default() }.into(),
                Lion { lr: 0.5 * adaptive, weight_decay: 0.0, ..Lion::default() }.into(),
            ];
            (surface, rules.map(|rule| surface.descend(start, rule, STEPS)))
        };
        Race(vec![
            run(HIMMELBLAU, (0.0, -3.0), 0.01, 0.004, 0.1),
            run(ROSENBROCK, (-1.2, 1.0), 0.001, 0.0005, 0.05),
            run(BEALE, (1.0, 1.2), 0.01, 0.005, 0.05),
            run(PLATEAU, (3.8, 0.8), 0.5, 0.5, 0.05),
        ])
    }

    fn check(&self) {
        for (surface, paths) in &self.0 {
            let start = surface.at(paths[0][0]);
            for (path, name) in paths.iter().zip(NAMES) {
                let last = surface.at(path[STEPS]);
                assert!(last < start, "{name} on {}: {last} after {start}", surface.name);
            }
        }
        // On the plateau the size of the gradient does not matter for those that divide by it.
        let plateau = self.0[3].1.each_ref().map(|path| PLATEAU.at(path[STEPS]));
        assert!(plateau[0] > 0.95 && plateau[2..].iter().all(|&loss| loss < 0.1), "the plateau: {plateau:?}");
        let himmelblau = self.0[0].1.each_ref().map(|path| HIMMELBLAU.at(path[STEPS]));
        assert!(himmelblau[0] < 1e-9 && himmelblau[4] < 1e-3, "Himmelblau: {himmelblau:?}");
        let valley = self.0[1].1.each_ref().map(|path| ROSENBROCK.at(path[STEPS]));
        assert!(valley[4] < valley[0] && valley[1] < valley[0], "Rosenbrock: {valley:?}");
    }

    fn draw(&self) -> Drawing {
        let mut movers = Vec::new();
        let panels = self.0.iter().enumerate().map(|(panel, (surface, paths))| {
            let mut drawn = surface.panel();
            for (i, path) in paths.iter().enumerate() {
                let color = Color::nth(i);
                // Every fifth step, which a browser moves between.
                movers.push(Mover { panel, points: path.iter().copied().step_by(5).collect(), color });
                let mut descent = Descent::new(path.clone()).colored(color);
                if panel == 3 {
                    descent = descent.named(NAMES[i]);
                }
                drawn = drawn.with(descent);
            }
            drawn
        });
        let figure =
            Figure::new(720, 660).titled("A race of 250 steps").columns(2).with_all(panels.collect::<Vec<_>>());
        Drawing::Moving(Animation { figure, movers, seconds: 12.0 })
    }
}

#[test]
fn claims() {
    crate::exhibit::holds::<Race>();
}
