//! Straight lines for the eye: a limit, a threshold, a suggestion.

use crate::clip;
use crate::mark::Draw;
use crate::palette::{Color, GRAY};
use crate::plane::Plane;
use crate::shape::{Anchor, Shape, Text};

/// A dashed line across the panel at one value, with its name beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Guide {
    /// The value.
    pub at: f64,
    /// Vertical, at an x, instead of horizontal, at a y.
    pub vertical: bool,
    /// What it is; empty for nothing.
    pub name: String,
    /// The color.
    pub color: Color,
}

impl Guide {
    /// A horizontal line.
    pub fn horizontal(y: f64, name: impl Into<String>) -> Self {
        Guide { at: y, vertical: false, name: name.into(), color: GRAY }
    }

    /// A vertical line.
    pub fn vertical(x: f64, name: impl Into<String>) -> Self {
        Guide { vertical: true, ..Self::horizontal(x, name) }
    }

    /// In another color.
    pub fn colored(mut self, color: Color) -> Self {
        self.color = color;
        self
    }
}

impl Draw for Guide {
    fn extent(&self) -> Vec<(f64, f64)> {
        vec![if self.vertical { (self.at, f64::NAN) } else { (f64::NAN, self.at) }]
    }

    fn draw(&self, plane: &Plane<'_>) -> Vec<Shape> {
        let (frame, color) = (plane.frame, self.color);
        let axis = if self.vertical { plane.x } else { plane.y };
        if !axis.shows(self.at) {
            return Vec::new();
        }
        let ruler = axis.ruler(self.at);
        let (ends, at, anchor) = if self.vertical {
            let x = plane.across(ruler);
            let near_right = x > 0.5 * (frame.left + frame.right);
            let (at, anchor) = if near_right { (x - 4.0, Anchor::End) } else { (x + 4.0, Anchor::Start) };
            ([(x, frame.bottom), (x, frame.top)], (at, frame.top + 9.0), anchor)
        } else {
            let y = plane.down(ruler);
            let at = (frame.right - 4.0, if y - frame.top > 16.0 { y - 8.0 } else { y + 8.0 });
            ([(frame.left, y), (frame.right, y)], at, Anchor::End)
        };
        let pieces = clip::line(&frame, ends.map(Some));
        let mut shapes: Vec<Shape> = pieces
            .iter()
            .flat_map(|piece| clip::dashes(piece, 4.0, 3.0))
            .map(|points| Shape::Line { points, color, width: 1.2 })
            .collect();
        if !shapes.is_empty() && !self.name.is_empty() {
            let text = self.name.clone();
            shapes.push(Shape::Text(Text { at, text, size: 11.0, color, anchor, upright: false }));
        }
        shapes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;
    use crate::plane::draw;

    #[test]
    fn it_is_at_its_value() {
        for (guide, y, expected) in [
            (Guide::horizontal(1.0, ""), Axis::log(""), 50.0),
            (Guide::horizontal(2.0, ""), Axis::linear(""), 80.0),
            (Guide::vertical(3.0, ""), Axis::linear(""), 30.0),
        ] {
            let shapes = draw(&guide, &y);
            assert!(shapes.len() > 10);
            for shape in shapes {
                let Shape::Line { points, .. } = shape else { panic!("only dashes") };
                let at = points.iter().map(|&(x, y)| if guide.vertical { x } else { y });
                at.for_each(|at| assert_eq!(at, expected));
            }
        }
        assert!(draw(&Guide::horizontal(0.0, "zero"), &Axis::log("")).is_empty());
        assert!(draw(&Guide::vertical(11.0, "outside"), &Axis::linear("")).is_empty());
    }
}
