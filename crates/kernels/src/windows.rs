//! The maximum of every window of a plane, and where it is.

use crate::Float;

/// The positions of a window along one axis: `first`, `first + step`, and so on, `count` in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taps {
    /// The first position.
    pub first: usize,
    /// The distance to the next.
    pub step: usize,
    /// How many there are.
    pub count: usize,
}

/// For every plane of this many rows and columns, and every window (`taps[0]` are the windows along the columns, `taps[1]`
/// those along the rows): the largest element goes to `largest`, and its position in the plane, row-major, to `at`. Of equal
/// elements it is the first, of several NaN the last, as in PyTorch.
///
/// # Panics
/// If a window is empty or not inside the plane, or `largest` or `at` has another length than there are windows.
pub fn max_of_windows<F: Float>(
    planes: &[F],
    [rows, columns]: [usize; 2],
    taps: [&[Taps]; 2],
    largest: &mut [F],
    at: &mut [u32],
) {
    let windows = taps[0].len() * taps[1].len();
    assert!(largest.len() == at.len(), "max_of_windows: one position for each maximum");
    // `max(1)`: `chunks_exact` panics on 0, and without windows or elements there is nothing to do.
    let results = largest.chunks_exact_mut(windows.max(1)).zip(at.chunks_exact_mut(windows.max(1)));
    for (plane, (largest, at)) in planes.chunks_exact((rows * columns).max(1)).zip(results) {
        of_plane(plane, columns, taps, largest, at);
    }
}

fn of_plane<F: Float>(plane: &[F], columns: usize, [down, along]: [&[Taps]; 2], largest: &mut [F], at: &mut [u32]) {
    let windows = down.iter().flat_map(|rows| along.iter().map(move |across| (rows, across)));
    for ((rows, across), (largest, at)) in windows.zip(largest.iter_mut().zip(at)) {
        let mut place = rows.first * columns + across.first;
        let mut best = plane[place];
        for i in 0..rows.count {
            let start = (rows.first + i * rows.step) * columns + across.first;
            for j in 0..across.count {
                let x = plane[start + j * across.step];
                if is_better(x, best) {
                    (best, place) = (x, start + j * across.step);
                }
            }
        }
        (*largest, *at) = (best, place as u32);
    }
}

fn is_better<F: Float>(x: F, best: F) -> bool {
    x > best || x.is_nan()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Level, tested_at};

    fn side_by_side(size: usize, width: usize) -> Vec<Taps> {
        (0..size / width).map(|i| Taps { first: i * width, step: 1, count: width }).collect()
    }

    /// By the definition: the first of all positions whose element no other exceeds; or else the last NaN.
    fn by_definition(plane: &[f64], columns: usize, rows: Taps, across: Taps) -> (f64, u32) {
        let places = (0..rows.count).flat_map(|i| {
            (0..across.count).map(move |j| (rows.first + i * rows.step) * columns + across.first + j * across.step)
        });
        let places: Vec<usize> = places.collect();
        let nan = places.iter().rev().find(|&&place| plane[place].is_nan());
        let first = places.iter().find(|&&place| places.iter().all(|&other| plane[other] <= plane[place]));
        let place = *nan.or(first).unwrap();
        (plane[place], place as u32)
    }

    #[test]
    fn every_window_at_every_level() {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            match state >> 60 {
                0 => f64::NAN,
                1 => f64::NEG_INFINITY,
                // Few values, so that there are ties.
                value => value as f64,
            }
        };
        let apart = |first, step, count| Taps { first, step, count };
        for (rows, columns, taps) in [
            (4, 6, [side_by_side(4, 2), side_by_side(6, 2)]),
            (5, 71, [side_by_side(5, 2), side_by_side(71, 2)]),
            (2, 2, [side_by_side(2, 2), side_by_side(2, 2)]),
            (6, 9, [side_by_side(6, 3), side_by_side(9, 3)]),
            (4, 6, [side_by_side(4, 2), side_by_side(6, 3)]),
            (6, 4, [side_by_side(6, 3), side_by_side(4, 2)]),
            (5, 5, [vec![apart(0, 2, 3), apart(1, 2, 2)], vec![apart(4, 1, 1), apart(0, 4, 2), apart(0, 1, 5)]]),
            (1, 7, [vec![apart(0, 1, 1)], vec![apart(0, 1, 3), apart(2, 1, 3), apart(4, 1, 3)]]),
        ] {
            let planes: Vec<f64> = (0..3 * rows * columns).map(|_| next()).collect();
            let windows = taps[0].len() * taps[1].len();
            for level in [Level::Baseline, Level::Avx2, Level::Avx512] {
                let (mut largest, mut at) = (vec![0.0; 3 * windows], vec![0; 3 * windows]);
                tested_at(level, || {
                    max_of_windows(&planes, [rows, columns], [&taps[0], &taps[1]], &mut largest, &mut at)
                });
                for (number, (&largest, &at)) in largest.iter().zip(&at).enumerate() {
                    let plane = &planes[number / windows * rows * columns..][..rows * columns];
                    let (i, j) = (number % windows / taps[1].len(), number % taps[1].len());
                    let (expected, place) = by_definition(plane, columns, taps[0][i], taps[1][j]);
                    assert!(largest == expected || largest.is_nan() && expected.is_nan(), "{largest}, not {expected}");
                    assert_eq!(at, place, "window {i}, {j} of {rows} × {columns}");
                }
            }
        }
    }

    #[test]
    fn nothing_to_do() {
        max_of_windows::<f32>(&[], [2, 2], [&side_by_side(2, 2), &side_by_side(2, 2)], &mut [], &mut []);
        max_of_windows(&[1.0, 2.0], [1, 2], [&[], &[]], &mut [], &mut []);
    }
}
