//! Matrices as colors.

use crate::mark::Draw;
use crate::palette::{BLACK, BLUE, Color, VERMILION, WHITE, between};
use crate::plane::Plane;
use crate::shape::{Anchor, Shape, Text};
use crate::ticks::number;

/// From values to colors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ColorMap {
    /// From white to dark blue: counts, probabilities.
    #[default]
    Blues,
    /// From black to white: images.
    Grays,
    /// From vermilion over white to blue: values of both signs, with 0 in the middle of the range.
    Signs,
}

impl ColorMap {
    /// The color at a place from 0 to 1.
    pub fn color(self, at: f64) -> Color {
        match self {
            ColorMap::Blues => {
                between(&[WHITE, Color(158, 202, 225, 1.0), Color(33, 113, 181, 1.0), Color(8, 48, 107, 1.0)], at)
            }
            ColorMap::Grays => between(&[BLACK, WHITE], at),
            ColorMap::Signs => between(&[VERMILION, WHITE, BLUE], at),
        }
    }
}

/// A matrix as colored cells.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// The rows, from the top, as a matrix is written; a value that is not finite has no color.
    pub rows: Vec<Vec<f64>>,
    /// The left and the right edge; without, cells are centered at 0, 1, 2, ...
    pub x: Option<(f64, f64)>,
    /// The lower and the upper edge; without, as for `x`, the last row at 0.
    pub y: Option<(f64, f64)>,
    /// The values of the first and the last color; without, those of the data (for [`ColorMap::Signs`], as far below 0 as above).
    pub range: Option<(f64, f64)>,
    /// The colors.
    pub colors: ColorMap,
    /// Whether cells show their values as numbers.
    pub numbers: bool,
}

impl HeatMap {
    /// A matrix, with cells centered at whole numbers; the last row, which is the lowest, is at 0.
    ///
    /// ```
    /// use downhill_plot::{Axis, Figure, HeatMap, Panel};
    /// let counts = HeatMap::new(vec![vec![9.0, 1.0], vec![0.0, 10.0]]).numbered();
    /// let panel = Panel::new(Axis::named("predicted", ["cat", "dog"]), Axis::named("true", ["dog", "cat"])).with(counts);
    /// assert!(Figure::new(300, 300).with(panel).svg().contains("predicted"));
    /// ```
    pub fn new(rows: Vec<Vec<f64>>) -> Self {
        HeatMap { rows, x: None, y: None, range: None, colors: ColorMap::Blues, numbers: false }
    }

    /// A function of two variables, on `columns` by `rows` cells.
    pub fn of(f: impl Fn(f64, f64) -> f64, x: (f64, f64), y: (f64, f64), (columns, rows): (usize, usize)) -> Self {
        let at = |(first, last): (f64, f64), i: usize, n: usize| first + (last - first) * (i as f64 + 0.5) / n as f64;
        let row = |i: usize| (0..columns).map(|j| f(at(x, j, columns), at(y, rows - 1 - i, rows))).collect();
        HeatMap { x: Some(x), y: Some(y), ..Self::new((0..rows).map(row).collect()) }
    }

    /// With other colors.
    pub fn in_colors(mut self, colors: ColorMap) -> Self {
        self.colors = colors;
        self
    }

    /// With numbers in the cells.
    pub fn numbered(mut self) -> Self {
        self.numbers = true;
        self
    }

    /// With fixed values for the first and the last color.
    pub fn over(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    fn columns(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn edges(&self) -> ((f64, f64), (f64, f64)) {
        let around = |n: usize| (-0.5, n as f64 - 0.5);
        (self.x.unwrap_or(around(self.columns())), self.y.unwrap_or(around(self.rows.len())))
    }

    fn ends(&self) -> (f64, f64) {
        self.range.unwrap_or_else(|| {
            let finite = self.rows.iter().flatten().copied().filter(|value| value.is_finite());
            let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
            let far = low.abs().max(high.abs());
            if self.colors == ColorMap::Signs { (-far, far) } else { (low, high) }
        })
    }
}

impl Draw for HeatMap {
    fn extent(&self) -> Vec<(f64, f64)> {
        let (x, y) = self.edges();
        vec![(x.0, y.0), (x.1, y.1)]
    }

    fn draw(&self, plane: &Plane<'_>) -> Vec<Shape> {
        let ((x, y), (low, high)) = (self.edges(), self.ends());
        let color = |value: f64| {
            // Halved, so that no difference overflows; one value alone is in the middle.
            let share = (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
            self.colors.color(if share.is_finite() { share } else { 0.5 })
        };
        let (mut cells, mut numbers) = (Vec::new(), Vec::new());
        let rows = self.rows.len() as f64;
        let columns = self.columns() as f64;
        let left = |column: usize| x.0 + (x.1 - x.0) * column as f64 / columns;
        let top = |row: usize| y.1 - (y.1 - y.0) * row as f64 / rows;
        for (i, row) in self.rows.iter().enumerate() {
            let mut column = 0;
            while column < row.len() {
                // Neighbors of one color are one rectangle.
                let shade = color(row[column]);
                let run = row[column..].iter().take_while(|value| value.is_finite() && color(**value) == shade).count();
                if run > 0
                    && let Some(from) = plane.place((left(column), top(i)))
                    && let Some(to) = plane.place((left(column + run), top(i + 1)))
                {
                    let (from, to) = (plane.frame.clamp(from), plane.frame.clamp(to));
                    cells.push(Shape::Rectangle { from, to, color: shade });
                }
                column += run.max(1);
            }
            for (column, &value) in row.iter().enumerate().filter(|(_, value)| self.numbers && value.is_finite()) {
                if let Some(at) = plane.inside((0.5 * (left(column) + left(column + 1)), 0.5 * (top(i) + top(i + 1)))) {
                    let color = if color(value).luma() > 0.55 { BLACK } else { WHITE };
                    let (text, anchor) = (number(value, 0.0), Anchor::Middle);
                    numbers.push(Shape::Text(Text { at, text, size: 10.0, color, anchor, upright: false }));
                }
            }
        }
        cells.extend(numbers);
        cells
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
    fn the_first_row_is_at_the_top() {
        let map = HeatMap::of(|_, y| y, (0.0, 1.0), (0.0, 1.0), (1, 2));
        assert_eq!(map.rows, [[0.75], [0.25]]);
    }

    #[test]
    fn runs_of_one_color_are_one_rectangle() {
        let count =
            |rows| Figure::new(100, 100).with(Panel::new(Axis::bare(), Axis::bare()).with(HeatMap::new(rows))).svg();
        let (one, two) = (count(vec![vec![1.0; 8]]), count(vec![vec![1.0, 1.0, 2.0, 2.0, f64::NAN]]));
        assert_eq!(one.matches("<rect").count() + 1, two.matches("<rect").count());
    }

    #[test]
    fn zero_is_white_among_signs() {
        assert_eq!(ColorMap::Signs.color(0.5), WHITE);
        assert_eq!(HeatMap::new(vec![vec![-1.0, 3.0]]).in_colors(ColorMap::Signs).ends(), (-3.0, 3.0));
    }
}
