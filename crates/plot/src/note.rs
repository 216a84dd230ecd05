//! A text in a panel.

use crate::mark::Draw;
use crate::palette::{BLACK, Color};
use crate::plane::Plane;
use crate::shape::{Anchor, Shape, Text};

/// A text, to the right of a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// The point.
    pub at: (f64, f64),
    /// The text.
    pub text: String,
    /// The color.
    pub color: Color,
}

impl Note {
    /// A black text.
    pub fn new(at: (f64, f64), text: impl Into<String>) -> Self {
        Note { at, text: text.into(), color: BLACK }
    }

    /// In another color.
    pub fn colored(mut self, color: Color) -> Self {
        self.color = color;
        self
    }
}

impl Draw for Note {
    fn extent(&self) -> Vec<(f64, f64)> {
        vec![self.at]
    }

    fn draw(&self, plane: &Plane<'_>) -> Vec<Shape> {
        let Some((x, y)) = plane.inside(self.at) else { return Vec::new() };
        let at = (x + 6.0, y);
        let text =
            Text { at, text: self.text.clone(), size: 11.0, color: self.color, anchor: Anchor::Start, upright: false };
        vec![Shape::Text(text)]
    }
}
