//! A figure: panels in a grid.

use std::path::Path;

use crate::error::PlotError;
use crate::palette::BLACK;
use crate::panel::Panel;
use crate::render;
use crate::shape::{Anchor, Frame, Shape, Text};

/// Panels in a grid, from left to right and from top to bottom, below a title.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// The title.
    pub title: String,
    /// The number of panels side by side.
    pub columns: usize,
    /// The panels.
    pub panels: Vec<Panel>,
}

impl Figure {
    /// An empty figure, one panel wide.
    pub fn new(width: u32, height: u32) -> Self {
        Figure { width, height, title: String::new(), columns: 1, panels: Vec::new() }
    }

    /// With a title.
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// With so many panels side by side.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns;
        self
    }

    /// With one more panel.
    pub fn with(mut self, panel: Panel) -> Self {
        self.panels.push(panel);
        self
    }

    /// With more panels.
    pub fn with_all(mut self, panels: impl IntoIterator<Item = Panel>) -> Self {
        self.panels.extend(panels);
        self
    }

    /// The part of the figure that a panel gets.
    pub(crate) fn part(&self, panel: usize) -> Frame {
        let columns = self.columns.clamp(1, self.panels.len().max(1));
        let rows = self.panels.len().div_ceil(columns).max(1);
        let top = if self.title.is_empty() { 2.0 } else { 30.0 };
        let (width, height) = (f64::from(self.width) / columns as f64, (f64::from(self.height) - top) / rows as f64);
        let (left, top) = ((panel % columns) as f64 * width, top + (panel / columns) as f64 * height);
        Frame { left, top, right: left + width, bottom: top + height }
    }

    fn shapes(&self) -> Vec<Shape> {
        let mut shapes = Vec::new();
        if !self.title.is_empty() {
            let (at, text) = ((f64::from(self.width) / 2.0, 17.0), self.title.clone());
            shapes.push(Shape::Text(Text {
                at,
                text,
                size: 14.0,
                color: BLACK,
                anchor: Anchor::Middle,
                upright: false,
            }));
        }
        for (i, panel) in self.panels.iter().enumerate() {
            shapes.extend(panel.draw(self.part(i)));
        }
        shapes
    }

    /// The figure as an SVG document, for browsers: lines are sharp at any size, and the title is read aloud.
    ///
    /// # Panics
    /// If it is not at least 1 by 1 pixels and at most 4000 by 4000.
    #[track_caller]
    pub fn svg(&self) -> String {
        self.check();
        render::svg(&self.shapes(), (self.width, self.height), &self.title)
    }

    /// The figure as a PNG file, with anti-aliased lines.
    ///
    /// # Panics
    /// As [`Figure::svg`].
    #[track_caller]
    pub fn png(&self) -> Vec<u8> {
        self.check();
        render::png(&self.shapes(), (self.width, self.height))
    }

    /// Writes the figure as SVG or PNG, as the name of the file says.
    ///
    /// # Errors
    /// If the name ends in neither `.svg` nor `.png`, or the file cannot be written.
    ///
    /// # Panics
    /// As [`Figure::svg`].
    #[track_caller]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        let path = path.as_ref();
        let bytes = match path.extension().and_then(|extension| extension.to_str()) {
            Some("svg") => self.svg().into_bytes(),
            Some("png") => self.png(),
            _ => return Err(PlotError::Format { path: path.into() }),
        };
        std::fs::write(path, bytes).map_err(|source| PlotError::Io { path: path.into(), source })
    }

    #[track_caller]
    fn check(&self) {
        let (width, height) = (self.width, self.height);
        let fits = |size| (1..=4000).contains(&size);
        assert!(
            fits(width) && fits(height),
            "Figure: the size must be from 1 x 1 to 4000 x 4000 pixels, got {width} x {height}"
        );
    }
}

#[cfg(test)]
mod tests;
