//! Character plots, for terminals and files.

use std::fmt;
use std::ops::RangeInclusive;

/// A rectangle in the plane, drawn as a grid of characters.
pub(crate) struct Canvas {
    x: RangeInclusive<f64>,
    y: RangeInclusive<f64>,
    /// From top to bottom.
    rows: Vec<Vec<char>>,
}

impl Canvas {
    /// A canvas of `columns` by `rows` characters, each given by `shade(x, y)` at its center.
    pub(crate) fn new(
        x: RangeInclusive<f64>,
        y: RangeInclusive<f64>,
        (columns, rows): (usize, usize),
        shade: impl Fn(f64, f64) -> char,
    ) -> Self {
        let centre = |range: &RangeInclusive<f64>, i: usize, of: usize| {
            range.start() + (range.end() - range.start()) * (i as f64 + 0.5) / of as f64
        };
        let row = |r: usize| {
            let y = centre(&y, rows - 1 - r, rows);
            (0..columns).map(|c| shade(centre(&x, c, columns), y)).collect()
        };
        let rows = (0..rows).map(row).collect();
        Canvas { x, y, rows }
    }

    /// Puts a character at a point; does nothing outside the canvas.
    pub(crate) fn mark(&mut self, x: f64, y: f64, mark: char) {
        if self.x.contains(&x) && self.y.contains(&y) {
            let (columns, rows) = (self.rows[0].len(), self.rows.len());
            let cell = |value: f64, range: &RangeInclusive<f64>, of: usize| {
                let share = (value - range.start()) / (range.end() - range.start());
                ((share * of as f64) as usize).min(of - 1)
            };
            self.rows[rows - 1 - cell(y, &self.y, rows)][cell(x, &self.x, columns)] = mark;
        }
    }
}

impl fmt::Display for Canvas {
    /// The canvas in a frame, with the bounds of both ranges.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows[0].len();
        let edge = "-".repeat(columns);
        writeln!(f, "{:>6} +{edge}+", self.y.end())?;
        for row in &self.rows {
            writeln!(f, "       |{}|", row.iter().collect::<String>())?;
        }
        writeln!(f, "{:>6} +{edge}+", self.y.start())?;
        let (left, right) = (self.x.start().to_string(), self.x.end().to_string());
        writeln!(f, "        {left}{right:>width$}", width = columns.saturating_sub(left.len()))
    }
}
