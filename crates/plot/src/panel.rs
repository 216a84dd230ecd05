//! A panel: two axes, and what is between them.

use crate::axis::Axis;
use crate::legend::legend;
use crate::mark::{Mark, extents};
use crate::palette::{BLACK, Color};
use crate::plane::Plane;
use crate::render::text_width;
use crate::shape::{Anchor, Frame, Shape, Text};
use crate::ticks::{Tick, ticks};

/// Two axes, and the marks between them, the first at the back.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What is written above it.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What it shows.
    pub marks: Vec<Mark>,
    /// Whether cells are squares: a unit of x is as long as one of y. For images.
    pub square: bool,
}

const SMALL: f64 = 10.5;
const LABEL: f64 = 11.5;
const TITLE: f64 = 12.0;
const LIGHT: Color = Color(228, 228, 228, 1.0);
const DARK: Color = Color(70, 70, 70, 1.0);

impl Panel {
    /// An empty panel.
    pub fn new(x: Axis, y: Axis) -> Self {
        Panel { title: String::new(), x, y, marks: Vec::new(), square: false }
    }

    /// With a title.
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// With one more mark, in front of the others.
    pub fn with(mut self, mark: impl Into<Mark>) -> Self {
        self.marks.push(mark.into());
        self
    }

    /// With more marks.
    pub fn with_all<M: Into<Mark>>(mut self, marks: impl IntoIterator<Item = M>) -> Self {
        self.marks.extend(marks.into_iter().map(Into::into));
        self
    }

    /// With units of equal length.
    pub fn squared(mut self) -> Self {
        self.square = true;
        self
    }

    /// The coordinates within the panel's part of the figure.
    pub(crate) fn plane(&self, outer: Frame) -> Plane<'_> {
        let [x, y] = extents(&self.marks, &self.x, &self.y);
        let snug = self.marks.iter().any(|mark| mark.as_draw().snug());
        let (x_ends, y_ends) = (self.x.ends(x, snug), self.y.ends(y, snug));
        let below = if self.x.bare { 4.0 } else { 20.0 } + if self.x.label.is_empty() { 2.0 } else { 16.0 };
        let mut frame = Frame {
            left: outer.left + 6.0,
            top: outer.top + if self.title.is_empty() { 8.0 } else { 24.0 },
            right: outer.right - 12.0,
            bottom: outer.bottom - below,
        };
        let labels = ticks(&self.y, y_ends, count(frame.bottom - frame.top, 32.0));
        let widest = labels.iter().map(|tick| text_width(&tick.label, SMALL)).fold(0.0, f64::max);
        frame.left += widest + if self.y.bare { 0.0 } else { 7.0 } + if self.y.label.is_empty() { 0.0 } else { 17.0 };
        // However small the panel, its plane is not empty.
        frame.right = frame.right.max(frame.left + 4.0);
        frame.bottom = frame.bottom.max(frame.top + 4.0);
        if self.square {
            let (width, height) = (frame.right - frame.left, frame.bottom - frame.top);
            let unit = (width / (x_ends.1 - x_ends.0)).min(height / (y_ends.1 - y_ends.0));
            let (spare_x, spare_y) = (width - unit * (x_ends.1 - x_ends.0), height - unit * (y_ends.1 - y_ends.0));
            frame.left += spare_x / 2.0;
            frame.right -= spare_x / 2.0;
            frame.top += spare_y / 2.0;
            frame.bottom -= spare_y / 2.0;
        }
        Plane { x: &self.x, y: &self.y, x_ends, y_ends, frame }
    }

    pub(crate) fn draw(&self, outer: Frame) -> Vec<Shape> {
        let plane = self.plane(outer);
        let frame = plane.frame;
        let across = ticks(&self.x, plane.x_ends, count(frame.right - frame.left, 55.0));
        let down = ticks(&self.y, plane.y_ends, count(frame.bottom - frame.top, 32.0));
        let snug = self.marks.iter().any(|mark| mark.as_draw().snug());
        let mut shapes = Vec::new();
        if !snug {
            shapes.extend(grid(&plane, &across, &down));
        }
        let drawn: Vec<Shape> = self.marks.iter().flat_map(|mark| mark.as_draw().draw(&plane)).collect();
        let keys: Vec<_> = self.marks.iter().filter_map(|mark| mark.as_draw().key()).collect();
        let legend = legend(&keys, &frame, &drawn);
        shapes.extend(drawn);
        shapes.extend(self.around(&plane, outer, &across, &down));
        shapes.extend(legend);
        shapes
    }

    /// The frame, the ticks and the labels.
    fn around(&self, plane: &Plane<'_>, outer: Frame, across: &[Tick], down: &[Tick]) -> Vec<Shape> {
        let frame = plane.frame;
        let mut shapes = vec![Shape::Line { points: frame.outline(), color: DARK, width: 1.0 }];
        let text = |at, text: &str, size, anchor, upright| {
            Shape::Text(Text { at, text: text.into(), size, color: BLACK, anchor, upright })
        };
        let mark = |from, to| Shape::Line { points: vec![from, to], color: DARK, width: 1.0 };
        let mut free_from = f64::NEG_INFINITY;
        for tick in across {
            let x = plane.across(tick.at);
            let length = if tick.label.is_empty() { 2.0 } else { 4.0 };
            shapes.push(mark((x, frame.bottom), (x, frame.bottom + length)));
            let half = 0.5 * text_width(&tick.label, SMALL);
            if !tick.label.is_empty() && x - half > free_from {
                shapes.push(text((x, frame.bottom + 12.0), &tick.label, SMALL, Anchor::Middle, false));
                free_from = x + half + 3.0;
            }
        }
        for tick in down {
            let y = plane.down(tick.at);
            let length = if tick.label.is_empty() { 2.0 } else { 4.0 };
            shapes.push(mark((frame.left - length, y), (frame.left, y)));
            if !tick.label.is_empty() {
                shapes.push(text((frame.left - 6.0, y), &tick.label, SMALL, Anchor::End, false));
            }
        }
        let middle = (0.5 * (frame.left + frame.right), 0.5 * (frame.top + frame.bottom));
        let under = frame.bottom + if self.x.bare { 10.0 } else { 27.0 };
        for (at, words, size, upright) in [
            ((middle.0, under), &self.x.label, LABEL, false),
            ((if self.square { frame.left - 34.0 } else { outer.left + 12.0 }, middle.1), &self.y.label, LABEL, true),
            ((middle.0, frame.top - 11.0), &self.title, TITLE, false),
        ] {
            if !words.is_empty() {
                shapes.push(text(at, words, size, Anchor::Middle, upright));
            }
        }
        shapes
    }
}

fn count(pixels: f64, each: f64) -> usize {
    (pixels / each).clamp(2.0, 10.0) as usize
}

fn grid(plane: &Plane<'_>, across: &[Tick], down: &[Tick]) -> Vec<Shape> {
    let frame = plane.frame;
    let line = |from, to| Shape::Line { points: vec![from, to], color: LIGHT, width: 1.0 };
    let labelled = |tick: &&Tick| !tick.label.is_empty();
    let vertical = across.iter().filter(labelled).map(|tick| plane.across(tick.at));
    let horizontal = down.iter().filter(labelled).map(|tick| plane.down(tick.at));
    let mut lines: Vec<Shape> = vertical.map(|x| line((x, frame.top), (x, frame.bottom))).collect();
    lines.extend(horizontal.map(|y| line((frame.left, y), (frame.right, y))));
    lines
}
