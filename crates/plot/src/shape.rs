//! What a figure consists of in the end: shapes at places in pixels, from the upper left corner.

use crate::palette::Color;

/// A place in pixels.
pub(crate) type Place = (f64, f64);

/// Where a text is relative to its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A text, vertically centered at its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text {
    pub(crate) at: Place,
    pub(crate) text: String,
    pub(crate) size: f64,
    pub(crate) color: Color,
    pub(crate) anchor: Anchor,
    /// From bottom to top.
    pub(crate) upright: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Line { points: Vec<Place>, color: Color, width: f64 },
    Area { points: Vec<Place>, color: Color },
    Rectangle { from: Place, to: Place, color: Color },
    Disc { at: Place, radius: f64, color: Color },
    Text(Text),
}

/// The rectangle of a panel's plane in pixels; `top` is less than `bottom`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Frame {
    pub(crate) fn contains(&self, (x, y): Place) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    /// The nearest place inside.
    pub(crate) fn clamp(&self, (x, y): Place) -> Place {
        (x.clamp(self.left, self.right), y.clamp(self.top, self.bottom))
    }

    pub(crate) fn outline(&self) -> Vec<Place> {
        let Frame { left, top, right, bottom } = *self;
        vec![(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    }
}
