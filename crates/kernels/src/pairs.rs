//! The maximum of every 2 × 2 window of a plane, side by side: the usual pooling, in whole vectors of windows. What is left
//! over at an odd end belongs to no window.
//!
//! A row of windows is short, and its remainder would take longer than its vectors. So a block is always whole: it goes on
//! into the next row, which is written later. Only at the very end it may not be.

use crate::Float;
use crate::simd::vectorised;

/// The number of windows that are computed together: a vector of `f32`.
const BLOCK: usize = 16;

/// The elements of a row in these windows.
type Row<F> = [F; 2 * BLOCK];

/// The largest element of every window goes to `largest`, and its number in the window (row-major, 0 to 3) to `which`. Of
/// equal elements it is the first, of several NaN the last, as in PyTorch.
///
/// # Panics
/// If the lengths are not those of whole planes and their windows.
pub fn max_of_pairs<F: Float>(planes: &[F], plane: [usize; 2], largest: &mut [F], which: &mut [u8]) {
    check(planes.len(), plane, [largest.len(), which.len()]);
    let columns = plane[1];
    vectorised(
        #[inline(always)]
        || {
            for_each_row(
                plane,
                largest.len(),
                #[inline(always)]
                |start, first| {
                    let (mut rows, mut largest, mut which) =
                        (&planes[start..], &mut largest[first..], &mut which[first..]);
                    let mut left = columns / 2;
                    while left > BLOCK {
                        (*block_mut(largest), *block_mut(which)) = maxima(row(rows), row(&rows[columns..]));
                        (rows, largest, which) = (&rows[2 * BLOCK..], &mut largest[BLOCK..], &mut which[BLOCK..]);
                        left -= BLOCK;
                    }
                    let ends = rows.first_chunk().zip(rows[columns..].first_chunk());
                    let results = largest.first_chunk_mut().zip(which.first_chunk_mut());
                    if let (Some((top, bottom)), Some((largest, which))) = (ends, results) {
                        (*largest, *which) = maxima(top, bottom);
                    } else {
                        let (best, places) = maxima(&padded(&rows[..2 * left]), &padded(&rows[columns..][..2 * left]));
                        largest[..left].copy_from_slice(&best[..left]);
                        which[..left].copy_from_slice(&places[..left]);
                    }
                },
            );
        },
    );
}

/// The transpose: every element of `windows` goes to the place in its window that `which` says, and zeros to all others.
///
/// # Panics
/// If the lengths are not those of whole planes and their windows.
pub fn put_in_pairs<F: Float>(windows: &[F], which: &[u8], plane: [usize; 2], planes: &mut [F]) {
    check(planes.len(), plane, [windows.len(), which.len()]);
    let columns = plane[1];
    vectorised(
        #[inline(always)]
        || {
            for_each_row(
                plane,
                windows.len(),
                #[inline(always)]
                |start, first| {
                    let (rows, windows, which) = (&mut planes[start..], &windows[first..], &which[first..]);
                    let width = columns / 2;
                    if let Some(last) = width.checked_sub(BLOCK) {
                        // The last block may overlap the one before: into the next row it must not go.
                        let mut left = 0;
                        loop {
                            let [top, bottom] = placed(block(&windows[left..]), block(&which[left..]));
                            *row_mut(&mut rows[2 * left..]) = top;
                            *row_mut(&mut rows[columns + 2 * left..]) = bottom;
                            if left == last {
                                break;
                            }
                            left = last.min(left + BLOCK);
                        }
                        return;
                    }
                    let sources = windows.first_chunk().zip(which.first_chunk());
                    if let (Some((y, which)), true) = (sources, rows.len() >= columns + 2 * BLOCK) {
                        let [top, bottom] = placed(y, which);
                        // In this order: the end of the upper row is the start of the lower one.
                        *row_mut(rows) = top;
                        *row_mut(&mut rows[columns..]) = bottom;
                    } else {
                        let [top, bottom] = placed(&padded(&windows[..width]), &padded(&which[..width]));
                        rows[..2 * width].copy_from_slice(&top[..2 * width]);
                        rows[columns..][..2 * width].copy_from_slice(&bottom[..2 * width]);
                    }
                },
            );
        },
    );
    // What belongs to no window, at an odd end.
    if plane.iter().any(|size| size % 2 == 1) {
        let whole = plane.map(|size| size / 2 * 2);
        for plane in planes.chunks_exact_mut((plane[0] * columns).max(1)) {
            let lines = plane.chunks_exact_mut(columns).enumerate();
            lines.for_each(|(row, line)| line[if row < whole[0] { whole[1] } else { 0 }..].fill(F::zero()));
        }
    }
}

fn check(len: usize, [rows, columns]: [usize; 2], windows: [usize; 2]) {
    let planes = len.checked_div(rows * columns).unwrap_or(0);
    assert!(
        planes * rows * columns == len && windows == [planes * (rows / 2) * (columns / 2); 2],
        "windows of {len} elements in planes of {rows} × {columns}: {windows:?} results"
    );
}

/// For each row of windows: calls `f` with the start of its elements and the number of the first window.
#[inline(always)]
fn for_each_row([rows, columns]: [usize; 2], windows: usize, mut f: impl FnMut(usize, usize)) {
    let [height, width] = [rows / 2, columns / 2];
    let (mut start, mut number) = (0, 0);
    while number < windows {
        for row in 0..height {
            f(start + 2 * row * columns, number);
            number += width;
        }
        start += rows * columns;
    }
}

#[inline(always)]
fn row<F>(elements: &[F]) -> &Row<F> {
    elements.first_chunk().expect("the row goes on")
}

#[inline(always)]
fn row_mut<F>(elements: &mut [F]) -> &mut Row<F> {
    elements.first_chunk_mut().expect("the row goes on")
}

#[inline(always)]
fn block<T>(elements: &[T]) -> &[T; BLOCK] {
    elements.first_chunk().expect("there are more windows")
}

#[inline(always)]
fn block_mut<T>(elements: &mut [T]) -> &mut [T; BLOCK] {
    elements.first_chunk_mut().expect("there are more windows")
}

/// An array with these elements first.
#[inline(always)]
fn padded<T: Copy + Default, const N: usize>(elements: &[T]) -> [T; N] {
    let mut all = [T::default(); N];
    all[..elements.len()].copy_from_slice(elements);
    all
}

/// The maxima of the windows of two rows, and their numbers; by value and without branches, so that it is vectorized.
#[inline(always)]
fn maxima<F: Float>(top: &Row<F>, bottom: &Row<F>) -> ([F; BLOCK], [u8; BLOCK]) {
    let (mut largest, mut which) = ([F::zero(); BLOCK], [0; BLOCK]);
    for j in 0..BLOCK {
        let (mut best, mut place) = (top[2 * j], 0_u32);
        for (x, number) in [(top[2 * j + 1], 1), (bottom[2 * j], 2), (bottom[2 * j + 1], 3)] {
            // Not `||`, which would be a branch.
            let better = (x > best) | x.is_nan();
            best = if better { x } else { best };
            place = if better { number } else { place };
        }
        (largest[j], which[j]) = (best, place as u8);
    }
    (largest, which)
}

/// The two rows of the windows. (With one assignment for each place, the compiler finds no vectors.)
#[inline(always)]
fn placed<F: Float>(windows: &[F; BLOCK], which: &[u8; BLOCK]) -> [Row<F>; 2] {
    let mut rows = [[F::zero(); 2 * BLOCK]; 2];
    for j in 0..BLOCK {
        let (x, which) = (windows[j], u32::from(which[j]));
        for number in 0..4 {
            rows[number as usize / 2][2 * j + number as usize % 2] = if which == number { x } else { F::zero() };
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::{Level, tested_at};

    /// Few values, so that there are ties; NaN and infinity among them.
    fn elements<F: Float>(len: usize) -> Vec<F> {
        let mut state = len as u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            match state >> 60 {
                0 => F::nan(),
                1 => F::neg_infinity(),
                value => F::from_f64(value as f64),
            }
        };
        (0..len).map(|_| next()).collect()
    }

    fn same<F: Float>(a: F, b: F) -> bool {
        a == b || a.is_nan() && b.is_nan()
    }

    /// By the definition: the first of all places whose element no other exceeds; or else the last NaN.
    fn by_definition<F: Float>(window: [F; 4]) -> (F, u8) {
        let nan = (0..4).rev().find(|&place| window[place].is_nan());
        let first = (0..4).find(|&place| (0..4).all(|other| window[other] <= window[place]));
        let place = nan.or(first).unwrap();
        (window[place], place as u8)
    }

    fn every_window<F: Float>() {
        for (rows, columns) in
            [(2, 2), (4, 6), (5, 7), (2, 32), (3, 33), (5, 71), (7, 64), (28, 28), (14, 14), (1, 5), (5, 1)]
        {
            for planes in [1, 3] {
                let x: Vec<F> = elements(planes * rows * columns);
                let [height, width] = [rows / 2, columns / 2];
                let count = planes * height * width;
                let y: Vec<F> = (1..=count).map(|i| F::from_f64(i as f64)).collect();
                for level in [Level::Baseline, Level::Avx2, Level::Avx512] {
                    let (mut largest, mut which) = (vec![F::zero(); count], vec![9; count]);
                    // What is not written would be seen.
                    let mut back = vec![F::nan(); x.len()];
                    tested_at(level, || {
                        max_of_pairs(&x, [rows, columns], &mut largest, &mut which);
                        put_in_pairs(&y, &which, [rows, columns], &mut back);
                    });
                    let mut expected = vec![F::zero(); x.len()];
                    for number in 0..count {
                        let (plane, row, column) = (number / (height * width), number / width % height, number % width);
                        let start = (plane * rows + 2 * row) * columns + 2 * column;
                        let places = [start, start + 1, start + columns, start + columns + 1];
                        let (best, place) = by_definition(places.map(|at| x[at]));
                        assert!(same(largest[number], best), "{rows} × {columns}, window {number}");
                        assert_eq!(which[number], place, "{rows} × {columns}, window {number}");
                        expected[places[usize::from(place)]] = y[number];
                    }
                    assert_eq!(back, expected, "{planes} planes of {rows} × {columns}");
                }
            }
        }
    }

    #[test]
    fn every_window_at_every_level() {
        every_window::<f32>();
        every_window::<f64>();
    }

    #[test]
    fn nothing_to_do() {
        max_of_pairs::<f32>(&[], [2, 2], &mut [], &mut []);
        put_in_pairs::<f32>(&[], &[], [0, 4], &mut []);
        let mut plane = [5.0; 3];
        put_in_pairs(&[], &[], [1, 3], &mut plane);
        assert_eq!(plane, [0.0; 3]);
    }

    #[test]
    #[should_panic(expected = "windows of 8 elements in planes of 2 × 2: [2, 1] results")]
    fn a_length_that_does_not_fit() {
        max_of_pairs(&[0.0; 8], [2, 2], &mut [0.0; 2], &mut [0; 1]);
    }
}
