//! Matrix products of `f32` with AVX-512.
//!
//! The result is computed in register tiles of up to 13 rows and 32 columns (`tile.rs`). `a` is read in place, whatever
//! its strides. `b` is read in place if its rows are contiguous and it is reused only a few times; otherwise panels of 32
//! columns are packed first, small enough to stay in a near cache. If both operands are contiguous along the inner
//! dimension, packing costs more than it saves when there are few rows or columns, and the kernel computes inner products
//! instead; otherwise it packs the smaller operand.
//!
//! The order in which an element of the result is summed depends only on the shape and the layout of the operands, so a
//! product can be split into ranges of columns with bitwise identical results.
//!
//! The scheme is that of Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008, without
//! packing `a`. Compared with `matrixmultiply`, which other machines use, in GFLOP/s (one thread, peak about 175;
//! `cargo bench -p downhill-benches --bench products`; "transposed" operands are transposes of row-major matrices):
//!
//! | m × k × n | | matrixmultiply | downhill |
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

use std::cell::RefCell;
use std::ops::Range;

use super::Product;
use super::inner_products::inner_products;
use super::matrix::Strided;
use super::pack::{Line, pack, unpack_transposed};
use super::tile::{ROWS, TILES};

/// The width of a panel, two vectors.
pub(super) const COLUMNS: usize = 32;
/// The maximum depth of a panel along the inner dimension; it then takes 50 KiB.
const DEPTH: usize = 400;
/// If `a` has more than this many elements, a row-major `b` is packed too: its panels are reused often enough, and their
/// rows are far enough apart.
const PACK_SIZE: usize = 1 << 14;
/// If `a` has at least this many elements, the panels of `GROUP` columns are packed together, so that `a` is read fewer
/// times.
const GROUP_SIZE: usize = 1 << 17;
const GROUP: usize = 512;
/// Up to this many rows, inner products are used if both operands are contiguous along the inner dimension.
const DOT_ROWS: usize = 32;
/// Like [`DOT_ROWS`], for columns.
const DOT_COLUMNS: usize = 16;

/// Computes the columns `columns` of the product.
///
/// # Safety
/// The machine has AVX-512 F, and the pointers of the product are valid as [`Product`] requires.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn multiply(product: &Product<'_, f32>, columns: Range<usize>) {
    let &Product { m, a, b, .. } = product;
    // Both operands are contiguous along the inner dimension, as in a forward pass with a weight `[out, in]`.
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

/// The transposed product `bᵀ·aᵀ`, transposed back. If both operands are contiguous along the inner dimension, this
/// packs `a`, the smaller one.
///
/// # Safety
/// As for [`multiply`].
#[target_feature(enable = "avx512f")]
unsafe fn swapped(product: &Product<'_, f32>, columns: Range<usize>) {
    let &Product { m, k, n, a, b, start, c } = product;
    // The scratch matrix has whole vectors in both directions, which `unpack_transposed` requires.
    let (rows, row) = (columns.len(), m.next_multiple_of(16));
    with_scratch(rows.next_multiple_of(16) * row, |scratch| {
        let (a, b) = ((a.0, a.2, a.1), (b.0.wrapping_offset(columns.start as isize * b.2), b.2, b.1));
        let transpose = Product { m: rows, k, n: row, a: b, b: a, start: None, c: scratch };
        // SAFETY: the operands are those of the product, and the scratch memory is large enough for the result.
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

/// Calls `f` with this thread's scratch memory of `len` elements, aligned to a cache line and with arbitrary contents.
fn with_scratch<R>(len: usize, f: impl FnOnce(*mut f32) -> R) -> R {
    thread_local!(static SCRATCH: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) });
    SCRATCH.with_borrow_mut(|lines| grown(lines, len, f))
}

/// Calls `f` with the address of `lines`, grown to at least `len` elements.
fn grown<R>(lines: &mut Vec<Line>, len: usize, f: impl FnOnce(*mut f32) -> R) -> R {
    if lines.len() < len.div_ceil(16) {
        lines.resize(len.div_ceil(16), Line::default());
    }
    f(lines.as_mut_ptr().cast())
}

/// Computes the columns `columns` of the product, tile by tile.
///
/// # Safety
/// As for [`multiply`].
#[target_feature(enable = "avx512f")]
unsafe fn blocks(product: &Product<'_, f32>, columns: Range<usize>) {
    let &Product { m, k, b, .. } = product;
    // Tiles load whole vectors of `b`, so it is read in place only if the columns are whole vectors, too.
    let in_place = |width: usize| b.2 == 1 && m * k <= PACK_SIZE && width.is_multiple_of(16);
    let group = if m * k < GROUP_SIZE { COLUMNS } else { GROUP };
    let depth = depth(k);
    thread_local!(static PANELS: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) });
    let all = |panels: *mut f32| {
        // The outer loops of the blocking: groups of panels, then blocks of the inner dimension.
        for left in columns.clone().step_by(group) {
            let columns = left..columns.end.min(left + group);
            for top in (0..k).step_by(depth) {
                let positions = top..k.min(top + depth);
                // SAFETY: the ranges are inside the operands, and `panels` is large enough for a group.
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

/// The inner dimension is split into blocks of about equal depth, a multiple of 16 for the packing.
fn depth(k: usize) -> usize {
    k.div_ceil(k.div_ceil(DEPTH)).next_multiple_of(16)
}

/// Packs all of `b`, a matrix of `k` rows and `n` columns: for each block of the inner dimension its panels. They take
/// `k` rows of `n` elements, with `n` rounded up to whole panels.
///
/// # Safety
/// `b` is valid for these reads, and `panels` for that many elements; it is aligned to a cache line. `k` is not 0. The
/// machine has AVX-512 F.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn pack_all(b: Strided<f32>, [k, n]: [usize; 2], panels: *mut f32) {
    let (depth, width) = (depth(k), n.next_multiple_of(COLUMNS));
    for top in (0..k).step_by(depth) {
        // SAFETY: the caller's promise.
        unsafe { pack(b, top..k.min(top + depth), 0..n, panels.add(top * width)) };
    }
}

/// Computes the columns `columns` of a product whose right operand [`pack_all`] has packed.
///
/// # Safety
/// As for [`multiply`], except that the product's own right operand is not read. The panels are those of a matrix of its
/// size, and `columns` begins with a panel.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn multiply_packed(product: &Product<'_, f32>, panels: *const f32, columns: Range<usize>) {
    let &Product { k, n, .. } = product;
    let (depth, width) = (depth(k), n.next_multiple_of(COLUMNS));
    for top in (0..k).step_by(depth) {
        let positions = top..k.min(top + depth);
        let next = positions.len() * COLUMNS;
        // SAFETY: the panels of this block follow those of the blocks before it, which have `top` rows.
        unsafe {
            let first = panels.add(top * width + columns.start / COLUMNS * next);
            let panels = Panels { first, next: next as isize, row: COLUMNS as isize };
            block(product, positions, columns.clone(), panels);
        }
    }
}

/// Panels of `b`: the address of the first, the stride from panel to panel, and the row stride.
struct Panels {
    first: *const f32,
    next: isize,
    row: isize,
}

/// Adds the contribution of the positions `positions` of the inner dimension to the columns `columns` of the result.
///
/// # Safety
/// As for [`multiply`]; the panels have one row per position and cover all the columns, in whole vectors.
#[target_feature(enable = "avx512f")]
unsafe fn block(product: &Product<'_, f32>, positions: Range<usize>, columns: Range<usize>, panels: Panels) {
    let &Product { m, n, a, c, start, .. } = product;
    let tiles = m.div_ceil(ROWS);
    let mut row = 0;
    for t in 0..tiles {
        // Tiles of about equal height, because low ones are slow.
        let height = m / tiles + usize::from(t < m % tiles);
        let a = (a.0.wrapping_offset(row as isize * a.1 + positions.start as isize * a.2), a.1, a.2);
        for (panel, left) in columns.clone().step_by(COLUMNS).enumerate() {
            let width = COLUMNS.min(columns.end - left);
            // The columns of each vector that exist; the stores are masked.
            let masks = [0, 16].map(|first| (0xffff_u32 >> (16 - width.saturating_sub(first).min(16))) as u16);
            // SAFETY: the tile's rows `row..row + height` are below `m`, its columns `left..left + width` below `n`.
            unsafe {
                let c = c.add(row * n + left);
                // The first block starts from `start` or zero, the others accumulate in `c`.
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
