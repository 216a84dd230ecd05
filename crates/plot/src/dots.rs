//! Scattered points.

use crate::legend::{Key, Swatch};
use crate::mark::Draw;
use crate::palette::{BLUE, Color};
use crate::plane::Plane;
use crate::shape::Shape;

/// Points.
#[derive(Clone, Debug, PartialEq)]
pub struct Dots {
    /// The points.
    pub points: Vec<(f64, f64)>,
    /// The name in the legend; empty for none.
    pub name: String,
    /// The color.
    pub color: Color,
    /// The radius in pixels.
    pub radius: f64,
}

impl Dots {
    /// Blue points.
    pub fn new(points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Dots { points: points.into_iter().collect(), name: String::new(), color: BLUE, radius: 2.5 }
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

    /// Of another radius in pixels.
    pub fn sized(mut self, radius: f64) -> Self {
        self.radius = radius;
        self
    }
}

impl Draw for Dots {
    fn extent(&self) -> Vec<(f64, f64)> {
        self.points.clone()
    }

    fn draw(&self, plane: &Plane<'_>) -> Vec<Shape> {
        let disc = |at| Shape::Disc { at, radius: self.radius, color: self.color };
        self.points.iter().filter_map(|&point| plane.inside(point)).map(disc).collect()
    }

    fn key(&self) -> Option<Key> {
        Key::new(&self.name, self.color, Swatch::Dot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;
    use crate::plane::draw;

    #[test]
    fn points_outside_are_not_drawn() {
        let dots = Dots::new([(5.0, 5.0), (5.0, 11.0), (-0.1, 5.0), (10.0, 0.0), (f64::NAN, 1.0)]).sized(2.0);
        let disc = |at| Shape::Disc { at, radius: 2.0, color: BLUE };
        assert_eq!(draw(&dots, &Axis::linear("")), [disc((50.0, 50.0)), disc((100.0, 100.0))]);
    }
}
