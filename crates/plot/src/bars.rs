//! Bars and histograms.

use crate::legend::{Key, Swatch};
use crate::mark::Draw;
use crate::palette::{BLUE, Color};
use crate::plane::Plane;
use crate::shape::Shape;

/// Bars that stand on 0, or on the lower edge if the axis is logarithmic.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    /// The center of each bar and its height.
    pub bars: Vec<(f64, f64)>,
    /// The width of a bar, in units of x.
    pub width: f64,
    /// The name in the legend; empty for none.
    pub name: String,
    /// The color.
    pub color: Color,
}

impl Bars {
    /// Blue bars at 0, 1, 2, ...
    pub fn of(heights: impl IntoIterator<Item = f64>) -> Self {
        let bars = heights.into_iter().enumerate().map(|(i, height)| (i as f64, height)).collect();
        Bars { bars, width: 0.8, name: String::new(), color: BLUE }
    }

    /// How many of the values are in each of `bins` intervals of equal width; values that are not finite are not counted.
    ///
    /// ```
    /// use downhill_plot::Bars;
    /// assert_eq!(Bars::histogram(&[0.0, 0.1, 0.9, 1.0, 1.0], 2).bars, [(0.25, 2.0), (0.75, 3.0)]);
    /// ```
    ///
    /// # Panics
    /// If `bins` is 0.
    #[track_caller]
    pub fn histogram(values: &[f64], bins: usize) -> Self {
        assert!(bins > 0, "Bars::histogram: needs at least one bin, got 0");
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        // Halved, so that the difference does not overflow.
        let span = 2.0 * (high / 2.0 - low / 2.0).min(f64::MAX / 4.0);
        let (low, width) = if span > 0.0 { (low, span / bins as f64) } else { (low - 0.5, 1.0 / bins as f64) };
        let mut counts = vec![0.0; bins];
        for value in finite() {
            counts[(((value - low) / width) as usize).min(bins - 1)] += 1.0;
        }
        let center = |(i, count)| (low + (i as f64 + 0.5) * width, count);
        Bars { bars: counts.into_iter().enumerate().map(center).collect(), width, ..Self::of([]) }
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

    /// Moved to the right by `offset`, and of another width: bars beside each other.
    pub fn beside(mut self, offset: f64, width: f64) -> Self {
        self.bars.iter_mut().for_each(|(at, _)| *at += offset);
        self.width = width;
        self
    }
}

impl Draw for Bars {
    fn extent(&self) -> Vec<(f64, f64)> {
        let half = 0.5 * self.width;
        self.bars.iter().flat_map(|&(at, height)| [(at - half, height), (at + half, 0.0)]).collect()
    }

    fn draw(&self, plane: &Plane<'_>) -> Vec<Shape> {
        let half = 0.5 * self.width;
        let mut shapes = Vec::new();
        for &(at, height) in &self.bars {
            let foot = if plane.y.shows(0.0) { 0.0 } else { f64::MIN_POSITIVE };
            if let (Some(from), Some(to)) = (plane.place((at - half, height)), plane.place((at + half, foot))) {
                let [from, to] = [from, to].map(|place| plane.frame.clamp(place));
                // A hairline between neighbors.
                let gap = if to.0 - from.0 > 3.0 { 0.5 } else { 0.0 };
                shapes.push(Shape::Rectangle {
                    from: (from.0 + gap, from.1.min(to.1)),
                    to: (to.0 - gap, from.1.max(to.1)),
                    color: self.color,
                });
            }
        }
        shapes
    }

    fn key(&self) -> Option<Key> {
        Key::new(&self.name, self.color, Swatch::Block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_count_every_finite_value_once() {
        let bars = Bars::histogram(&[0.0, 0.1, 1.0, f64::NAN, 2.0, f64::INFINITY], 2);
        assert_eq!(bars.bars, [(0.5, 2.0), (1.5, 2.0)]);
        assert_eq!(Bars::histogram(&[3.0; 4], 3).bars.iter().map(|bar| bar.1).sum::<f64>(), 4.0);
        assert_eq!(Bars::histogram(&[-f64::MAX, f64::MAX], 2).bars.iter().map(|bar| bar.1).sum::<f64>(), 2.0);
        assert!(Bars::histogram(&[], 3).bars.iter().all(|bar| bar.1 == 0.0));
    }

    #[test]
    fn bars_stand_on_zero() {
        use crate::axis::Axis;
        let shapes = crate::plane::draw(&Bars::of([0.0, 0.0, 3.0]).beside(0.0, 1.0), &Axis::linear(""));
        let Shape::Rectangle { from, to, .. } = shapes[2] else { panic!("a rectangle") };
        assert_eq!((from, to), ((15.5, 70.0), (24.5, 100.0)));
        // On a logarithmic axis, from the lower edge.
        let shapes = crate::plane::draw(&Bars::of([1.0]), &Axis::log(""));
        let Shape::Rectangle { from, to, .. } = shapes[0] else { panic!("a rectangle") };
        assert_eq!((from.1, to.1), (50.0, 100.0));
    }
}
