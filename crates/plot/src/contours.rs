//! Labelled lines of equal height.

use crate::clip;
use crate::isolines::isolines;
use crate::mark::Draw;
use crate::palette::{Color, WHITE, between};
use crate::plane::Plane;
use crate::render::text_width;
use crate::shape::{Anchor, Place, Shape, Text};
use crate::ticks::number;

/// The lines of equal height of a function of two variables, labelled with the height.
#[derive(Clone, Debug, PartialEq)]
pub struct Contours {
    /// The function's values on a grid: rows from the lowest y, in each from the lowest x.
    pub values: Vec<Vec<f64>>,
    /// The first and the last x of the grid.
    pub x: (f64, f64),
    /// The first and the last y of the grid.
    pub y: (f64, f64),
    /// The heights.
    pub levels: Vec<f64>,
    /// Whether the lines have labels.
    pub labelled: bool,
}

/// From low to high: dark to light, so that minima look deep.
const HEIGHTS: [Color; 3] = [Color(52, 78, 112, 1.0), Color(118, 146, 178, 1.0), Color(186, 202, 219, 1.0)];
const SIZE: f64 = 9.5;

impl Contours {
    /// The lines of `f` at these heights, on a grid of 121 by 121 points.
    pub fn of(f: impl Fn(f64, f64) -> f64, x: (f64, f64), y: (f64, f64), levels: &[f64]) -> Self {
        let at = |(first, last): (f64, f64), i: usize| first + (last - first) * i as f64 / 120.0;
        let values = (0..121).map(|row| (0..121).map(|column| f(at(x, column), at(y, row))).collect()).collect();
        Contours { values, x, y, levels: levels.to_vec(), labelled: true }
    }

    /// `count` heights, from `low` to `high` with equal ratios: for functions that grow like powers.
    pub fn ratios(low: f64, high: f64, count: usize) -> Vec<f64> {
        let share = |i: usize| i as f64 / (count.max(2) - 1) as f64;
        let rounded = |value: f64| {
            let power = 10.0_f64.powf(value.log10().floor() - 1.0);
            (value / power).round() * power
        };
        (0..count).map(|i| rounded(low * (high / low).powf(share(i)))).collect()
    }

    /// Without labels.
    pub fn unlabelled(mut self) -> Self {
        self.labelled = false;
        self
    }

    /// The label in the middle of a stretch of line that is long and free enough, if there is one.
    fn label(&self, line: &[Place], level: f64, plane: &Plane<'_>, taken: &[Place]) -> Option<[Shape; 2]> {
        let text = number(level, 0.0);
        let half = 0.5 * text_width(&text, SIZE) + 1.5;
        let length: f64 = line.windows(2).map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1)).sum();
        if length < 5.0 * half {
            return None;
        }
        let frame = &plane.frame;
        let free = |&(x, y): &Place| {
            let inside = frame.contains((x - half - 2.0, y - 7.0)) && frame.contains((x + half + 2.0, y + 7.0));
            inside && taken.iter().all(|&(a, b)| (a - x).abs() > 2.2 * half || (b - y).abs() > 14.0)
        };
        // From the middle outwards.
        let middle = line.len() / 2;
        let order = (0..line.len()).map(|i| if i % 2 == 0 { middle + i / 2 } else { middle.wrapping_sub(i / 2 + 1) });
        let at = order.filter_map(|i| line.get(i).copied()).find(free)?;
        let ground = Shape::Rectangle { from: (at.0 - half, at.1 - 5.5), to: (at.0 + half, at.1 + 5.5), color: WHITE };
        let color = HEIGHTS[0];
        Some([ground, Shape::Text(Text { at, text, size: SIZE, color, anchor: Anchor::Middle, upright: false })])
    }
}

impl Draw for Contours {
    fn extent(&self) -> Vec<(f64, f64)> {
        vec![(self.x.0, self.y.0), (self.x.1, self.y.1)]
    }

    fn draw(&self, plane: &Plane<'_>) -> Vec<Shape> {
        let rows = self.values.len().max(2) - 1;
        let columns = self.values.first().map_or(1, |row| row.len().max(2) - 1);
        let at = |(first, last): (f64, f64), share: f64| first + (last - first) * share;
        let (mut lines, mut labels, mut taken) = (Vec::new(), Vec::new(), Vec::new());
        for (i, &level) in self.levels.iter().enumerate() {
            let color = between(&HEIGHTS, i as f64 / (self.levels.len().max(2) - 1) as f64);
            let mut found: Vec<Vec<Place>> = Vec::new();
            for line in isolines(&self.values, level) {
                let point = |(column, row)| (at(self.x, column / columns as f64), at(self.y, row / rows as f64));
                found.extend(clip::line(&plane.frame, line.into_iter().map(|place| plane.place(point(place)))));
            }
            // Every piece of some length has its label, but not more than three of one height.
            found.sort_by_key(|line| std::cmp::Reverse(line.len()));
            for line in found.iter().take(if self.labelled { 3 } else { 0 }) {
                if let Some(label) = self.label(line, level, plane, &taken) {
                    if let Shape::Text(text) = &label[1] {
                        taken.push(text.at);
                    }
                    labels.extend(label);
                }
            }
            lines.extend(found.into_iter().map(|points| Shape::Line { points, color, width: 1.1 }));
        }
        lines.extend(labels);
        lines
    }

    fn snug(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Axis, Figure, Panel};

    #[test]
    fn ratios_are_round() {
        assert_eq!(Contours::ratios(1.0, 1000.0, 4), [1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(Contours::ratios(0.5, 50.0, 3), [0.5, 5.0, 50.0]);
    }

    #[test]
    fn every_height_is_labelled() {
        let contours = Contours::of(|x, y| x * x + y * y, (-3.0, 3.0), (-3.0, 3.0), &[1.0, 4.0, 7.0]);
        let panel = |contours| Panel::new(Axis::bare(), Axis::bare()).with(contours);
        let svg = Figure::new(400, 400).with(panel(contours.clone())).svg();
        assert_eq!(svg.matches("<text").count(), 3, "{svg}");
        assert_eq!(Figure::new(400, 400).with(panel(contours.unlabelled())).svg().matches("<text").count(), 0);
    }
}
