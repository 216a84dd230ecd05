//! Paths of optimizers.

use crate::clip;
use crate::legend::{Key, Swatch};
use crate::mark::Draw;
use crate::palette::{BLACK, BLUE, Color, WHITE};
use crate::plane::Plane;
use crate::shape::{Place, Shape};

/// The path of an optimizer: a ring where it starts, a dot at every step, a diamond where it ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Descent {
    /// The points, the start first.
    pub points: Vec<(f64, f64)>,
    /// The name in the legend; empty for none.
    pub name: String,
    /// The color.
    pub color: Color,
}

impl Descent {
    /// A blue path.
    pub fn new(points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Descent { points: points.into_iter().collect(), name: String::new(), color: BLUE }
    }

    /// With a name in the legend.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// In another color.
    pub fn colored(mut self, color: Color) -> Self {
        self.color = color;
        self
    }
}

impl Draw for Descent {
    fn extent(&self) -> Vec<(f64, f64)> {
        self.points.clone()
    }

    fn draw(&self, plane: &Plane<'_>) -> Vec<Shape> {
        let color = self.color;
        let pieces = clip::line(&plane.frame, self.points.iter().map(|&point| plane.place(point)));
        let mut shapes: Vec<Shape> =
            pieces.into_iter().map(|points| Shape::Line { points, color, width: 1.5 }).collect();
        // Steps that can be told apart.
        let mut last: Option<Place> = None;
        for at in self.points.iter().filter_map(|&point| plane.inside(point)) {
            if last.is_none_or(|(x, y)| (at.0 - x).hypot(at.1 - y) > 5.0) {
                shapes.push(Shape::Disc { at, radius: 2.1, color });
                last = Some(at);
            }
        }
        if let Some((x, y)) = self.points.last().and_then(|&point| plane.inside(point)) {
            let diamond = |r: f64| vec![(x - r, y), (x, y - r), (x + r, y), (x, y + r)];
            shapes.push(Shape::Area { points: diamond(6.5), color: BLACK });
            shapes.push(Shape::Area { points: diamond(4.8), color });
        }
        if let Some(at) = self.points.first().and_then(|&point| plane.inside(point)) {
            shapes.push(Shape::Disc { at, radius: 5.2, color: BLACK });
            shapes.push(Shape::Disc { at, radius: 3.8, color: WHITE });
        }
        shapes
    }

    fn key(&self) -> Option<Key> {
        Key::new(&self.name, self.color, Swatch::Stroke)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;
    use crate::plane::draw;

    /// The ring is at the first point and the diamond at the last; steps too small to see have no dot of their own.
    #[test]
    fn start_steps_and_end() {
        let descent = Descent::new([(1.0, 1.0), (4.0, 1.0), (4.1, 1.0), (8.0, 5.0)]);
        let shapes = draw(&descent, &Axis::linear(""));
        let discs = |wanted: Color| {
            let at = |shape: &Shape| match *shape {
                Shape::Disc { at, color, .. } if color == wanted => Some(at),
                _ => None,
            };
            shapes.iter().filter_map(at).collect::<Vec<_>>()
        };
        assert_eq!(discs(WHITE), [(10.0, 90.0)]);
        assert_eq!(discs(BLUE), [(10.0, 90.0), (40.0, 90.0), (80.0, 50.0)]);
        let Some(Shape::Area { points, .. }) = shapes.iter().find(|shape| matches!(shape, Shape::Area { .. })) else {
            panic!("no diamond")
        };
        assert_eq!((points[0].1, points[1].0), (50.0, 80.0));
    }
}
