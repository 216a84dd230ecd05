//! The legend, in the corner where it hides least.

use crate::palette::{BLACK, Color, WHITE};
use crate::render::text_width;
use crate::shape::{Anchor, Frame, Place, Shape, Text};

/// How a mark looks in the legend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Swatch {
    Stroke,
    Dashes,
    Dot,
    Block,
}

/// A line of the legend.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    name: String,
    color: Color,
    swatch: Swatch,
}

const SIZE: f64 = 11.0;
const HEIGHT: f64 = 16.0;
const SWATCH: f64 = 18.0;

impl Key {
    /// A line, unless the name is empty.
    pub(crate) fn new(name: &str, color: Color, swatch: Swatch) -> Option<Self> {
        (!name.is_empty()).then(|| Key { name: name.into(), color, swatch })
    }

    fn draw(&self, (x, y): Place) -> Vec<Shape> {
        let color = self.color;
        let stroke = |from: f64, to: f64| Shape::Line { points: vec![(x + from, y), (x + to, y)], color, width: 2.2 };
        let mut shapes = match self.swatch {
            Swatch::Stroke => vec![stroke(0.0, SWATCH)],
            Swatch::Dashes => vec![stroke(0.0, 7.0), stroke(11.0, SWATCH)],
            Swatch::Dot => vec![Shape::Disc { at: (x + SWATCH / 2.0, y), radius: 3.5, color }],
            Swatch::Block => vec![Shape::Rectangle { from: (x, y - 4.5), to: (x + SWATCH, y + 4.5), color }],
        };
        let (at, text) = ((x + SWATCH + 5.0, y), self.name.clone());
        shapes.push(Shape::Text(Text { at, text, size: SIZE, color: BLACK, anchor: Anchor::Start, upright: false }));
        shapes
    }
}

/// The legend on a white ground, drawn after `drawn`.
pub(crate) fn legend(keys: &[Key], frame: &Frame, drawn: &[Shape]) -> Vec<Shape> {
    let Some(widest) = keys.iter().map(|key| text_width(&key.name, SIZE)).max_by(f64::total_cmp) else {
        return Vec::new();
    };
    let (width, height) = (widest + SWATCH + 15.0, HEIGHT * keys.len() as f64 + 6.0);
    let corners = [
        (frame.right - 6.0 - width, frame.top + 6.0),
        (frame.left + 6.0, frame.top + 6.0),
        (frame.right - 6.0 - width, frame.bottom - 6.0 - height),
        (frame.left + 6.0, frame.bottom - 6.0 - height),
    ];
    let boxed = |(left, top): Place| Frame { left, top, right: left + width, bottom: top + height };
    let corner = corners.into_iter().map(boxed).min_by(|a, b| hidden(a, drawn).total_cmp(&hidden(b, drawn)));
    let corner = corner.expect("four corners");
    let mut shapes = vec![Shape::Rectangle {
        from: (corner.left, corner.top),
        to: (corner.right, corner.bottom),
        color: WHITE.opacity(0.85),
    }];
    for (i, key) in keys.iter().enumerate() {
        shapes.extend(key.draw((corner.left + 5.0, corner.top + 3.0 + HEIGHT * (i as f64 + 0.5))));
    }
    shapes
}

/// How much of the drawing a legend there would hide: the length of lines, and the number of other things.
fn hidden(legend: &Frame, drawn: &[Shape]) -> f64 {
    let mut sum = 0.0;
    for shape in drawn {
        sum += match shape {
            Shape::Line { points, width, .. } => {
                let inside = |pair: &&[Place]| {
                    let middle = (0.5 * (pair[0].0 + pair[1].0), 0.5 * (pair[0].1 + pair[1].1));
                    legend.contains(middle) || legend.contains(pair[0])
                };
                let length = |pair: &[Place]| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1);
                width * points.windows(2).filter(inside).map(length).sum::<f64>()
            }
            Shape::Disc { at, radius, .. } => f64::from(u8::from(legend.contains(*at))) * radius * 4.0,
            Shape::Text(text) => {
                let width = text_width(&text.text, text.size);
                let left = match text.anchor {
                    Anchor::Start => text.at.0,
                    Anchor::Middle => text.at.0 - 0.5 * width,
                    Anchor::End => text.at.0 - width,
                };
                let apart = left > legend.right || left + width < legend.left;
                let beside = text.at.1 > legend.bottom + 6.0 || text.at.1 < legend.top - 6.0;
                if apart || beside { 0.0 } else { 200.0 }
            }
            Shape::Rectangle { from, to, .. } => {
                let overlap = |a: f64, b: f64, c: f64, d: f64| (b.min(d) - a.max(c)).max(0.0);
                let across = overlap(from.0, to.0, legend.left, legend.right);
                0.2 * across * overlap(from.1, to.1, legend.top, legend.bottom)
            }
            Shape::Area { points, .. } => points.iter().filter(|&&at| legend.contains(at)).count() as f64,
        };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_where_it_hides_least() {
        let frame = Frame { left: 0.0, top: 0.0, right: 300.0, bottom: 200.0 };
        let keys: Vec<Key> = Key::new("loss", BLACK, Swatch::Stroke).into_iter().collect();
        let corner = |drawn: &[Shape]| {
            let Shape::Rectangle { from, .. } = legend(&keys, &frame, drawn)[0] else { panic!("its ground") };
            (from.0 < 150.0, from.1 < 100.0)
        };
        let line = |points: [(f64, f64); 2]| Shape::Line { points: points.to_vec(), color: BLACK, width: 1.0 };
        let [left, right, top, bottom] = [20.0, 280.0, 15.0, 185.0];
        let all = [(left, top), (right, top), (left, bottom), (right, bottom)];
        for free in 0..4 {
            let busy: Vec<Shape> = (0..4)
                .filter(|&i| i != free)
                .map(|i| line([(all[i].0 - 5.0, all[i].1), (all[i].0 + 5.0, all[i].1)]))
                .collect();
            assert_eq!(corner(&busy), (all[free].0 == left, all[free].1 == top), "corner {free}");
        }
        assert!(legend(&[], &frame, &[]).is_empty() && Key::new("", BLACK, Swatch::Dot).is_none());
    }
}
