//! From values to pixels.

use crate::axis::Axis;
use crate::shape::{Frame, Place};

/// A panel's coordinates.
pub(crate) struct Plane<'a> {
    pub(crate) x: &'a Axis,
    pub(crate) y: &'a Axis,
    /// The ends of the axes on their rulers.
    pub(crate) x_ends: (f64, f64),
    pub(crate) y_ends: (f64, f64),
    pub(crate) frame: Frame,
}

impl Plane<'_> {
    /// The place of a point, or `None` if an axis does not show it. It may be outside of the frame.
    pub(crate) fn place(&self, (x, y): (f64, f64)) -> Option<Place> {
        (self.x.shows(x) && self.y.shows(y)).then(|| (self.across(self.x.ruler(x)), self.down(self.y.ruler(y))))
    }

    /// The place of a point inside of the frame.
    pub(crate) fn inside(&self, point: (f64, f64)) -> Option<Place> {
        self.place(point).filter(|&place| self.frame.contains(place))
    }

    /// Pixels from the left for a place on the ruler of x.
    pub(crate) fn across(&self, ruler: f64) -> f64 {
        let (low, high) = self.x_ends;
        self.frame.left + (ruler - low) / (high - low) * (self.frame.right - self.frame.left)
    }

    /// Pixels from the top for a place on the ruler of y.
    pub(crate) fn down(&self, ruler: f64) -> f64 {
        let (low, high) = self.y_ends;
        self.frame.bottom - (ruler - low) / (high - low) * (self.frame.bottom - self.frame.top)
    }
}

/// A plane for tests: 0 to 10 on both axes, 10 pixels for each; on a logarithmic axis from 0.1 to 10, 50 pixels for each decade.
#[cfg(test)]
pub(crate) fn draw(mark: &dyn crate::mark::Draw, y: &Axis) -> Vec<crate::shape::Shape> {
    let y_ends = if y.scale == crate::Scale::Log { (-1.0, 1.0) } else { (0.0, 10.0) };
    let frame = Frame { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 };
    mark.draw(&Plane { x: &Axis::linear(""), y, x_ends: (0.0, 10.0), y_ends, frame })
}
