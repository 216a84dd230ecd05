//! Products of `f32` matrices with AVX-512.
//!
//! The result is computed in tiles of up to 13 rows and 32 columns, which stay in 26 of the 32 vector registers while
//! the inner dimension passes by: for each of its positions two vectors of `b` and one number for each row of `a`.
//! `a` is read where it lies, whatever its strides. `b` is read where it lies if its rows are contiguous and it is used
//! only a few times; otherwise a panel of 32 columns is packed first, so that it fits the nearest cache. Where both
//! operands run along the inner dimension and there are few rows, packing costs more than it saves, and inner products
//! are taken instead; where there are more, the smaller of the two is the one that is packed.
//!
//! Each element of the result is summed in an order that depends on the shape and the layout of the operands alone, so
//! that a product may be cut into ranges of columns without changing a bit.
//!
//! The scheme is that of Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008, without
//! packing of `a`. Compared with `matrixmultiply`, which serves other machines, in GFLOP/s (one thread, peak about 175;
//! `cargo bench -p downhill-benches --bench products`; transposed: `b` is the transpose of a row-major matrix):
//!
//! | m × k × n | | matrixmultiply | this |
//! |---|---|---|---|
//! | 64 × 784 × 128 | `b` transposed | 120 | 160 |
//! | 1000 × 784 × 512 | `b` transposed | 142 | 166 |
//! | 16 × 784 × 32 | `b` transposed | 65 | 152 |
//! | 64 × 128 × 10 | `b` transposed | 41 | 96 |
//! | 1 × 784 × 512 | `b` transposed | 5 | 54 |
//! | 128 × 64 × 784 | `a` transposed | 145 | 170 |
//! | 10 × 64 × 128 | `a` transposed | 46 | 150 |
//! | 512 × 128 × 784 | `a` transposed | 153 | 161 |
//! | 512 × 512 × 512 | | 146 | 161 |
#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::cell::RefCell;
use std::ops::Range;

use super::Product;
use super::inner_products::inner_products;
use super::pack::{Line, pack, unpack_transposed};

/// The most rows of a tile: 13 · 2 sums, two vectors of `b` and one of `a` fit 32 registers, and the compiler needs two.
const ROWS: usize = 13;
/// The columns of a panel, two vectors.
pub(super) const COLUMNS: usize = 32;
/// The most positions of the inner dimension in a panel, which then takes 50 KiB.
const DEPTH: usize = 400;
/// From so many elements of `a` on, a panel of a row-major `b` is used often enough, and lies scattered enough, to be packed.
const PACK_SIZE: usize = 1 << 14;
/// From so many elements of `a` on, the panels of so many columns are packed together, so that `a` is read seldom.
const GROUP_SIZE: usize = 1 << 17;
const GROUP: usize = 512;
/// Up to so many rows, inner products are taken if both operands run along the inner dimension.
const DOT_ROWS: usize = 32;
/// As [`DOT_ROWS`], for columns.
const DOT_COLUMNS: usize = 16;

/// The columns `columns` of the product.
///
/// # Safety
/// The machine has AVX-512 F, and the addresses of the product are valid as it says.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn multiply(product: &Product<'_, f32>, columns: Range<usize>) {
    let &Product { m, a, b, .. } = product;
    if b.1 == 1 && a.2 == 1 && (m <= DOT_ROWS || product.n <= DOT_COLUMNS) {
        // SAFETY: the caller's promise.
        return unsafe { inner_products(product, columns) };
    }
    if b.1 == 1 && a.2 == 1 && m < product.n {
        // SAFETY: the caller's promise.
        return unsafe { swapped(product, columns) };
    }
    // SAFETY: the caller's promise.
    unsafe { blocks(product, columns) }
}

/// The transposed product `bᵀ·aᵀ`, transposed back: when both operands run along the inner dimension, this packs the
/// smaller one.
///
/// # Safety
/// As for [`multiply`].
#[target_feature(enable = "avx512f")]
unsafe fn swapped(product: &Product<'_, f32>, columns: Range<usize>) {
    let &Product { m, k, n, a, b, start, c } = product;
    // Whole vectors, for the way back.
    let (rows, row) = (columns.len(), m.next_multiple_of(16));
    with_scratch(rows.next_multiple_of(16) * row, |scratch| {
        let (a, b) = ((a.0, a.2, a.1), (b.0.wrapping_offset(columns.start as isize * b.2), b.2, b.1));
        let transpose = Product { m: rows, k, n: row, a: b, b: a, start: None, c: scratch };
        // SAFETY: the operands are those of the product, and the scratch memory has room for the result.
        unsafe {
            blocks(&transpose, 0..m);
            unpack_transposed(
                (scratch, row),
                start.map(|start| &start[columns.clone()]),
                (c.add(columns.start), n),
                [m, rows],
            );
        }
    });
}

/// Calls `f` with the address of so many numbers of this thread, which begin a line of the cache and mean nothing.
fn with_scratch<R>(len: usize, f: impl FnOnce(*mut f32) -> R) -> R {
    thread_local!(static SCRATCH: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) });
    SCRATCH.with_borrow_mut(|lines| grown(lines, len, f))
}

fn grown<R>(lines: &mut Vec<Line>, len: usize, f: impl FnOnce(*mut f32) -> R) -> R {
    if lines.len() < len.div_ceil(16) {
        lines.resize(len.div_ceil(16), Line::default());
    }
    f(lines.as_mut_ptr().cast())
}

/// The columns `columns` of the product, tile by tile.
///
/// # Safety
/// As for [`multiply`].
#[target_feature(enable = "avx512f")]
unsafe fn blocks(product: &Product<'_, f32>, columns: Range<usize>) {
    let &Product { m, k, b, .. } = product;
    let in_place = |width: usize| b.2 == 1 && m * k < PACK_SIZE && width.is_multiple_of(16);
    let group = if m * k < GROUP_SIZE { COLUMNS } else { GROUP };
    // Blocks of about equal depth, in whole vectors for the packing.
    let depth = k.div_ceil(k.div_ceil(DEPTH)).next_multiple_of(16);
    thread_local!(static PANELS: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) });
    let all = |panels: *mut f32| {
        for left in columns.clone().step_by(group) {
            let columns = left..columns.end.min(left + group);
            for top in (0..k).step_by(depth) {
                let positions = top..k.min(top + depth);
                // SAFETY: the ranges stay inside the operands, and there is room for the panels of a group.
                unsafe {
                    let panels = if in_place(columns.len()) {
                        let corner = b.0.offset(top as isize * b.1 + left as isize * b.2);
                        Panels { first: corner, next: COLUMNS as isize, row: b.1 }
                    } else {
                        pack(b, positions.clone(), columns.clone(), panels);
                        let next = (positions.len() * COLUMNS) as isize;
                        Panels { first: panels, next, row: COLUMNS as isize }
                    };
                    block(product, positions, columns.clone(), panels);
                }
            }
        }
    };
    PANELS.with_borrow_mut(|lines| grown(lines, depth * group, all));
}

/// Panels of `b`: the address of the first, and the distances between them and between the rows of each.
struct Panels {
    first: *const f32,
    next: isize,
    row: isize,
}

/// Adds to the columns `columns` what the positions `positions` of the inner dimension contribute.
///
/// # Safety
/// As for [`multiply`]; the panels have a row for each of the positions and a column for each of the columns.
#[target_feature(enable = "avx512f")]
unsafe fn block(product: &Product<'_, f32>, positions: Range<usize>, columns: Range<usize>, panels: Panels) {
    let &Product { m, n, a, c, start, .. } = product;
    let tiles = m.div_ceil(ROWS);
    let mut row = 0;
    for t in 0..tiles {
        // Tiles of about equal height.
        let height = m / tiles + usize::from(t < m % tiles);
        let a = (a.0.wrapping_offset(row as isize * a.1 + positions.start as isize * a.2), a.1, a.2);
        for (panel, left) in columns.clone().step_by(COLUMNS).enumerate() {
            let width = COLUMNS.min(columns.end - left);
            let masks = [0, 16].map(|first| (0xffff_u32 >> (16 - width.saturating_sub(first).min(16))) as u16);
            // SAFETY: the tile has rows from `row` to `row + height`, below `m`, and columns from `left` to `left + width`.
            unsafe {
                let c = c.add(row * n + left);
                let from = match start {
                    _ if positions.start > 0 => Some((c.cast_const(), n as isize)),
                    Some(start) => Some((start.as_ptr().add(left), 0)),
                    None => None,
                };
                let panel = (panels.first.offset(panel as isize * panels.next), panels.row);
                let tile = TILES[usize::from(width > 16)][height - 1];
                tile(positions.len(), a, panel, from, (c, n), masks);
            }
        }
        row += height;
    }
}

/// `c = from + a·b` for `depth` positions of the inner dimension. An address goes with the distances between rows and, for
/// `a`, between columns.
type Tile = unsafe fn(
    depth: usize,
    a: (*const f32, isize, isize),
    b: (*const f32, isize),
    from: Option<(*const f32, isize)>,
    c: (*mut f32, usize),
    masks: [__mmask16; 2],
);

/// By the number of vectors less one and the number of rows less one.
#[rustfmt::skip]
const TILES: [[Tile; ROWS]; 2] = [
    [tile::<1, 1>, tile::<2, 1>, tile::<3, 1>, tile::<4, 1>, tile::<5, 1>, tile::<6, 1>, tile::<7, 1>,
     tile::<8, 1>, tile::<9, 1>, tile::<10, 1>, tile::<11, 1>, tile::<12, 1>, tile::<13, 1>],
    [tile::<1, 2>, tile::<2, 2>, tile::<3, 2>, tile::<4, 2>, tile::<5, 2>, tile::<6, 2>, tile::<7, 2>,
     tile::<8, 2>, tile::<9, 2>, tile::<10, 2>, tile::<11, 2>, tile::<12, 2>, tile::<13, 2>],
];

/// A loop without one: in a program's dev profile the compiler would check every turn, and keep the sums in memory for it.
macro_rules! written_out {
    ($i:ident in [$($n:literal)*] if $j:ident < $count:ident $body:block) => {
        $(if $n < $count {
            let $i: usize = $n;
            $body
        })*
    };
}

/// One tile of `R` rows and `V` vectors.
///
/// # Safety
/// The machine has AVX-512 F; the addresses are valid for `R` rows, `depth` positions and the columns of the masks.
#[target_feature(enable = "avx512f")]
unsafe fn tile<const R: usize, const V: usize>(
    depth: usize,
    (a, a_row, a_column): (*const f32, isize, isize),
    (mut b, b_row): (*const f32, isize),
    from: Option<(*const f32, isize)>,
    (c, c_row): (*mut f32, usize),
    masks: [__mmask16; 2],
) {
    // SAFETY: by the caller's promise; masked loads and stores touch the columns of the masks only, and an address is
    // moved past the last position without being read.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); V]; R];
        // Every third row of `a`: the others are reached by adding one or two distances in the instruction itself, where
        // going from row to row would be a chain of additions as long as the arithmetic.
        let mut thirds: [*const f32; ROWS.div_ceil(3)] =
            std::array::from_fn(|third| a.wrapping_offset(3 * third as isize * a_row));
        // Addresses that wrap and loads by intrinsics, for the same reason.
        let steps = [0, a_row, a_row.wrapping_mul(2)];
        for _ in 0..depth {
            let mut row = [_mm512_setzero_ps(); V];
            // Whole vectors: a masked load would take the place of an addition.
            row[0] = _mm512_loadu_ps(b);
            if V > 1 {
                row[V - 1] = _mm512_loadu_ps(b.wrapping_add(16));
            }
            written_out!(i in [0 1 2 3 4 5 6 7 8 9 10 11 12] if i < R {
                let factor = _mm512_broadcastss_ps(_mm_load_ss(thirds[i / 3].wrapping_offset(steps[i % 3])));
                sums[i][0] = _mm512_fmadd_ps(factor, row[0], sums[i][0]);
                if V > 1 {
                    sums[i][V - 1] = _mm512_fmadd_ps(factor, row[V - 1], sums[i][V - 1]);
                }
            });
            thirds = thirds.map(|row| row.wrapping_offset(a_column));
            b = b.wrapping_offset(b_row);
        }
        // Last, so that a sum of many blocks is rounded once for each and not once for each position.
        if let Some((from, from_row)) = from {
            for (i, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    let from = _mm512_maskz_loadu_ps(masks[v], from.offset(i as isize * from_row).add(16 * v));
                    *sum = _mm512_add_ps(*sum, from);
                }
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate() {
                _mm512_mask_storeu_ps(c.add(i * c_row).wrapping_add(16 * v), masks[v], sum);
            }
        }
    }
}
