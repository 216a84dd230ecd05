//! The register tiles of a matrix product: up to 13 rows and 32 columns, which occupy 26 of the 32 vector registers
//! throughout the loop over the inner dimension. Each position takes two vectors of `b` and, for each row of `a`, one
//! broadcast element.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use crate::written_out::written_out;

/// The maximum height of a register tile: 13 · 2 sums, two vectors of `b` and one of `a` take 29 of the 32 registers,
/// and the compiler needs two.
pub(super) const ROWS: usize = 13;

/// `c = from + a·b` over `depth` positions of the inner dimension. Each pointer comes with its row stride, that of `a`
/// also with its column stride.
pub(super) type Tile = unsafe fn(
    depth: usize,
    a: (*const f32, isize, isize),
    b: (*const f32, isize),
    from: Option<(*const f32, isize)>,
    c: (*mut f32, usize),
    masks: [__mmask16; 2],
);

/// Indexed by the number of vectors minus one and the number of rows minus one.
#[rustfmt::skip]
pub(super) const TILES: [[Tile; ROWS]; 2] = [
    [tile::<1, 1>, tile::<2, 1>, tile::<3, 1>, tile::<4, 1>, tile::<5, 1>, tile::<6, 1>, tile::<7, 1>,
     tile::<8, 1>, tile::<9, 1>, tile::<10, 1>, tile::<11, 1>, tile::<12, 1>, tile::<13, 1>],
    [tile::<1, 2>, tile::<2, 2>, tile::<3, 2>, tile::<4, 2>, tile::<5, 2>, tile::<6, 2>, tile::<7, 2>,
     tile::<8, 2>, tile::<9, 2>, tile::<10, 2>, tile::<11, 2>, tile::<12, 2>, tile::<13, 2>],
];

/// A register tile of `R` rows and `V` vectors.
///
/// # Safety
/// The machine has AVX-512 F; `a`, `from` and `c` are valid for `R` rows, `depth` positions and the columns of the
/// masks, `b` for `depth` rows of `V` vectors.
#[target_feature(enable = "avx512f")]
unsafe fn tile<const R: usize, const V: usize>(
    depth: usize,
    (a, a_row, a_column): (*const f32, isize, isize),
    (mut b, b_row): (*const f32, isize),
    from: Option<(*const f32, isize)>,
    (c, c_row): (*mut f32, usize),
    masks: [__mmask16; 2],
) {
    // SAFETY: by the caller's promise; masked loads and stores access only the columns of the masks, and pointers are
    // advanced past the last position without being read.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); V]; R];
        // Pointers to every third row of `a`: the two rows after it are reached by the load's addressing mode.
        // Advancing from row to row would be a dependency chain of additions as long as the arithmetic.
        let mut thirds: [*const f32; ROWS.div_ceil(3)] =
            std::array::from_fn(|third| a.wrapping_offset(3 * third as isize * a_row));
        // Wrapping arithmetic and load intrinsics: `offset` and `*` are checked in a dev profile, too.
        let steps = [0, a_row, a_row.wrapping_mul(2)];
        // The hot loop: at each position, `R` broadcasts and `R·V` fused multiply-adds.
        for _ in 0..depth {
            let mut row = [_mm512_setzero_ps(); V];
            // Whole vectors: a masked load occupies an execution unit that the multiply-adds need.
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
        // `from` is added last, so that a sum over many blocks is rounded once per block and not once per position.
        if let Some((from, from_row)) = from {
            for (i, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    let from = _mm512_maskz_loadu_ps(masks[v], from.offset(i as isize * from_row).add(16 * v));
                    *sum = _mm512_add_ps(*sum, from);
                }
            }
        }
        // Store the columns that exist.
        for (i, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate() {
                _mm512_mask_storeu_ps(c.add(i * c_row).wrapping_add(16 * v), masks[v], sum);
            }
        }
    }
}
