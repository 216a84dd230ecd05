//! Curves.

use crate::clip;
use crate::legend::{Key, Swatch};
use crate::mark::Draw;
use crate::palette::{BLUE, Color};
use crate::plane::Plane;
use crate::shape::Shape;

/// A curve through points in order; a point that the axes do not show interrupts it.
///
/// ```
/// use downhill_plot::{Axis, Band, Figure, Guide, Line, Panel, palette};
/// let loss = |t: f64| (-0.1 * t).exp();
/// let steps = || (0..50).map(f64::from);
/// let panel = Panel::new(Axis::linear("step"), Axis::log("loss"))
///     .with(Band::new(steps().map(|t| (t, 0.7 * loss(t), 1.4 * loss(t)))))
///     .with(Line::new(steps().map(|t| (t, loss(t)))).named("mean of ten runs"))
///     .with(Guide::horizontal(0.05, "target").colored(palette::VERMILION));
/// assert_eq!(&Figure::new(600, 300).with(panel).png()[1..4], b"PNG");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The points.
    pub points: Vec<(f64, f64)>,
    /// The name in the legend; empty for none.
    pub name: String,
    /// The color.
    pub color: Color,
    /// The width in pixels.
    pub width: f64,
    /// Dashed instead of solid.
    pub dashed: bool,
    /// The radius of a dot at every point, in pixels; 0 for none.
    pub dots: f64,
}

impl Line {
    /// A blue curve.
    pub fn new(points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = points.into_iter().collect();
        Line { points, name: String::new(), color: BLUE, width: 1.8, dashed: false, dots: 0.0 }
    }

    /// Values at 0, 1, 2, ...
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        Self::new(values.into_iter().enumerate().map(|(i, value)| (i as f64, value)))
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

    /// Dashed.
    pub fn dashed(mut self) -> Self {
        self.dashed = true;
        self
    }

    /// Of another width in pixels.
    pub fn wide(mut self, width: f64) -> Self {
        self.width = width;
        self
    }

    /// With a dot at every point.
    pub fn dotted(mut self) -> Self {
        self.dots = 2.8;
        self
    }
}

impl Draw for Line {
    fn extent(&self) -> Vec<(f64, f64)> {
        self.points.clone()
    }

    fn draw(&self, plane: &Plane<'_>) -> Vec<Shape> {
        let (color, width) = (self.color, self.width);
        let mut pieces = clip::line(&plane.frame, self.points.iter().map(|&point| plane.place(point)));
        if self.dashed {
            pieces = pieces.iter().flat_map(|piece| clip::dashes(piece, 6.0, 4.0)).collect();
        }
        let mut shapes: Vec<Shape> = pieces.into_iter().map(|points| Shape::Line { points, color, width }).collect();
        if self.dots > 0.0 {
            let places = self.points.iter().filter_map(|&point| plane.inside(point));
            shapes.extend(places.map(|at| Shape::Disc { at, radius: self.dots, color }));
        }
        shapes
    }

    fn key(&self) -> Option<Key> {
        let swatch = if self.dashed { Swatch::Dashes } else { Swatch::Stroke };
        Key::new(&self.name, self.color, swatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;
    use crate::plane::draw;

    fn lines(shapes: Vec<Shape>) -> Vec<Vec<(f64, f64)>> {
        let points = |shape| match shape {
            Shape::Line { points, .. } => Some(points),
            _ => None,
        };
        shapes.into_iter().filter_map(points).collect()
    }

    #[test]
    fn points_have_their_places() {
        let drawn = lines(draw(&Line::new([(1.0, 2.0), (5.0, 9.0)]), &Axis::linear("")));
        assert_eq!(drawn, [[(10.0, 80.0), (50.0, 10.0)]]);
        let drawn = lines(draw(&Line::new([(1.0, 1.0), (5.0, 10.0)]), &Axis::log("")));
        assert_eq!(drawn, [[(10.0, 50.0), (50.0, 0.0)]]);
    }

    #[test]
    fn what_an_axis_does_not_show_interrupts() {
        let heights = [1.0, 2.0, 0.0, 3.0, 4.0, -1.0, 5.0, f64::NAN, 6.0, 7.0, f64::INFINITY];
        assert_eq!(lines(draw(&Line::of(heights), &Axis::log(""))).len(), 3);
        assert_eq!(lines(draw(&Line::of(heights), &Axis::linear(""))).len(), 3);
        assert_eq!(draw(&Line::of(heights).dotted(), &Axis::log("")).len(), 3 + 7);
    }
}
