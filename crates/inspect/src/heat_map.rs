//! What an array looks like from afar.

use serde::{Deserialize, Serialize};

use crate::number::{self, rounded};

/// An array as a matrix, whose rows run along all axes but the last, reduced to few cells: each is the mean of a block.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeatMap {
    /// The number of rows of cells.
    pub rows: usize,
    /// The number of columns of cells.
    pub columns: usize,
    /// The cells, row by row, with three significant digits; NaN where a block contains a NaN.
    #[serde(with = "number::list")]
    pub cells: Vec<f64>,
}

impl HeatMap {
    /// Of all elements in row-major order, in at most `most` rows and columns, and at least one.
    pub(crate) fn of(all: &[f64], shape: &[usize], most: usize) -> Self {
        let width = shape.last().copied().unwrap_or(1).max(1);
        let height = all.len() / width;
        let [rows, columns] = [height, width].map(|size| size.min(most.max(1)));
        let mut cells = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            for column in 0..columns {
                // `i·size/cells`: blocks that differ by at most one.
                let [top, bottom] = [row, row + 1].map(|i| i * height / rows);
                let [left, right] = [column, column + 1].map(|i| i * width / columns);
                let count = ((bottom - top) * (right - left)) as f64;
                let block = all.chunks(width).take(bottom).skip(top).flat_map(|line| &line[left..right]);
                cells.push(rounded(block.map(|x| x / count).sum(), 3));
            }
        }
        HeatMap { rows, columns, cells }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_blocks() {
        let all: Vec<f64> = (0..24).map(f64::from).collect();
        let map = HeatMap::of(&all, &[2, 2, 6], 2);
        // Rows 0 and 1, columns 0 to 2: 0, 1, 2, 6, 7, 8.
        assert_eq!(map, HeatMap { rows: 2, columns: 2, cells: vec![4.0, 7.0, 16.0, 19.0] });
        let same = HeatMap::of(&all[..6], &[2, 3], 16);
        assert_eq!((same.rows, same.columns, same.cells.as_slice()), (2, 3, &all[..6]));
        let uneven = HeatMap::of(&all[..5], &[5], 2);
        assert_eq!((uneven.rows, uneven.cells.as_slice()), (1, [0.5, 3.0].as_slice()));
    }

    #[test]
    fn a_nan_shows() {
        let map = HeatMap::of(&[1.0, f64::NAN, 2.0, 4.0], &[4], 2);
        assert!(map.cells[0].is_nan() && map.cells[1] == 3.0);
        assert_eq!(HeatMap::of(&[f64::INFINITY, 1.0], &[2], 1).cells, [f64::INFINITY]);
    }
}
