//! The test functions of optimization, with two variables.

use downhill::Tensor;
use downhill::optim::{Rule, minimize};
use downhill_plot::{Axis, Contours, Panel};

/// A function of two variables, and what a picture of it shows.
#[derive(Clone, Copy)]
pub(crate) struct Surface {
    pub(crate) name: &'static str,
    pub(crate) f: fn(&Tensor<f64>, &Tensor<f64>) -> Tensor<f64>,
    pub(crate) x: (f64, f64),
    pub(crate) y: (f64, f64),
    pub(crate) levels: &'static [f64],
}

/// A point of the plane.
pub(crate) type Point = (f64, f64);

impl Surface {
    /// The value at a point.
    pub(crate) fn at(&self, (x, y): Point) -> f64 {
        (self.f)(&Tensor::from(x), &Tensor::from(y)).item()
    }

    /// The path of an update rule.
    pub(crate) fn descend(&self, start: Point, rule: impl Into<Box<dyn Rule<f64>>>, steps: usize) -> Vec<Point> {
        let f = |(x, y): &(Tensor<f64>, Tensor<f64>)| (self.f)(x, y);
        let path = minimize(f, (Tensor::param(start.0), Tensor::param(start.1)), rule, steps);
        path.iter().map(|(x, y)| (x.item(), y.item())).collect()
    }

    /// A panel with the contours.
    pub(crate) fn panel(&self) -> Panel {
        let axis = |name: &str, (low, high)| Axis::linear(name).over(low, high);
        let contours = Contours::of(|x, y| self.at((x, y)), self.x, self.y, self.levels);
        Panel::new(axis("x", self.x), axis("y", self.y)).titled(self.name).with(contours)
    }
}

/// `(x² + 4·y²)/2`
pub(crate) const BOWL: Surface = Surface {
    name: "Quadratic bowl",
    f: |x, y| 0.5 * x.square() + 2.0 * y.square(),
    x: (-3.0, 3.0),
    y: (-2.0, 2.0),
    levels: &[0.1, 0.5, 1.0, 2.0, 4.0, 7.0],
};

/// `(x² + 30·y²)/2`
pub(crate) const RAVINE: Surface = Surface {
    name: "Narrow ravine",
    f: |x, y| 0.5 * x.square() + 15.0 * y.square(),
    x: (-3.5, 1.5),
    y: (-0.9, 0.9),
    levels: &[0.1, 0.5, 1.0, 2.0, 4.0, 8.0],
};

/// `(x² + y - 11)² + (x + y² - 7)²`; four minima, all 0. Himmelblau, "Applied Nonlinear Programming", 1972.
pub(crate) const HIMMELBLAU: Surface = Surface {
    name: "Himmelblau",
    f: |x, y| (x.square() + y - 11.0).square() + (x + y.square() - 7.0).square(),
    x: (-5.0, 5.0),
    y: (-5.0, 5.0),
    levels: &[2.0, 10.0, 30.0, 60.0, 100.0, 170.0, 300.0],
};

/// `100·√|y - x²/100| + |x + 10|/100`; the minimum 0 at (-10, 1) is in a valley whose floor is a crease.
pub(crate) const BUKIN: Surface = Surface {
    name: "Bukin N.6",
    f: |x, y| 100.0 * (y - 0.01 * x.square()).abs().sqrt() + 0.01 * (x + 10.0).abs(),
    x: (-15.0, -5.0),
    y: (-1.0, 3.0),
    levels: &[20.0, 50.0, 80.0, 110.0, 140.0, 170.0],
};

/// `(1 - x)² + 100·(y - x²)²`; the minimum is (1, 1). Rosenbrock 1960.
pub(crate) const ROSENBROCK: Surface = Surface {
    name: "Rosenbrock",
    f: |x, y| (1.0 - x).square() + 100.0 * (y - x.square()).square(),
    x: (-1.6, 1.6),
    y: (-0.6, 2.0),
    levels: &[0.5, 2.0, 8.0, 30.0, 100.0, 300.0],
};

/// The minimum is (3, 1/2). Beale 1958.
pub(crate) const BEALE: Surface = Surface {
    name: "Beale",
    f: |x, y| (1.5 - x + x * y).square() + (2.25 - x + x * y.square()).square() + (2.625 - x + x * y.powi(3)).square(),
    x: (-1.0, 4.5),
    y: (-1.5, 1.5),
    levels: &[0.1, 0.5, 2.0, 6.0, 14.0, 40.0],
};

/// `(x² - y²)/2`, which has no minimum: the origin is one along x, and a maximum along y.
pub(crate) const SADDLE: Surface = Surface {
    name: "Saddle",
    f: |x, y| 0.5 * (x.square() - y.square()),
    x: (-2.0, 2.0),
    y: (-2.0, 2.0),
    levels: &[-1.5, -1.0, -0.5, -0.1, 0.1, 0.5, 1.0, 1.5],
};

/// `1 - exp(-(x² + y²)/2)`: flat outside of a hole.
pub(crate) const PLATEAU: Surface = Surface {
    name: "Plateau",
    f: |x, y| 1.0 - (-0.5 * (x.square() + y.square())).exp(),
    x: (-2.0, 5.0),
    y: (-2.5, 2.5),
    levels: &[0.2, 0.5, 0.8, 0.95, 0.99, 0.999],
};
