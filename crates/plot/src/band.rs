//! Bands of uncertainty.

use crate::legend::{Key, Swatch};
use crate::mark::Draw;
use crate::palette::{BLUE, Color};
use crate::plane::Plane;
use crate::shape::Shape;

/// The area between two curves, such as quantiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// x, the lower value and the upper one.
    pub points: Vec<(f64, f64, f64)>,
    /// The name in the legend; empty for none.
    pub name: String,
    /// The color; transparent, so that curves in front and bands behind it are seen.
    pub color: Color,
}

impl Band {
    /// A blue band.
    pub fn new(points: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        Band { points: points.into_iter().collect(), name: String::new(), color: BLUE.opacity(0.2) }
    }

    /// With a name in the legend.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// In another color, as transparent as before.
    pub fn colored(mut self, color: Color) -> Self {
        self.color = color.opacity(self.color.3);
        self
    }
}

impl Draw for Band {
    fn extent(&self) -> Vec<(f64, f64)> {
        self.points.iter().flat_map(|&(x, low, high)| [(x, low), (x, high)]).collect()
    }

    /// Beyond the frame it is squeezed onto the edge, which the panel's frame hides.
    fn draw(&self, plane: &Plane<'_>) -> Vec<Shape> {
        let place = |x, y| plane.place((x, y)).map(|place| plane.frame.clamp(place));
        let mut pieces = vec![(Vec::new(), Vec::new())];
        for &(x, low, high) in &self.points {
            match (place(x, low), place(x, high)) {
                (Some(low), Some(high)) => {
                    let (lower, upper) = pieces.last_mut().expect("one piece");
                    lower.push(low);
                    upper.push(high);
                }
                _ => pieces.push((Vec::new(), Vec::new())),
            }
        }
        let outline = |(mut lower, upper): (Vec<_>, Vec<_>)| {
            lower.extend(upper.into_iter().rev());
            Shape::Area { points: lower, color: self.color }
        };
        pieces.into_iter().filter(|(lower, _)| lower.len() > 1).map(outline).collect()
    }

    fn key(&self) -> Option<Key> {
        Key::new(&self.name, self.color, Swatch::Block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::Axis;
    use crate::plane::draw;

    /// Along the lower values, back along the upper ones, which are cut at the edge.
    #[test]
    fn the_outline_goes_around() {
        let band = Band::new([(0.0, 1.0, 2.0), (1.0, 3.0, 50.0), (2.0, f64::NAN, 1.0), (3.0, 1.0, 2.0)]);
        let drawn = draw(&band, &Axis::linear(""));
        let points = vec![(0.0, 90.0), (10.0, 70.0), (10.0, 0.0), (0.0, 80.0)];
        assert_eq!(drawn, [Shape::Area { points, color: band.color }]);
    }
}
