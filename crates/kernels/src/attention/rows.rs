//! What attention does with rows of weights and with the rows of a head.

use crate::Float;
use crate::reduce::{fold_row, larger};
use crate::simd::vectorised;

/// Softmax of a row in place; zeros if every element is -inf, or there is none.
#[inline(always)]
pub(crate) fn softmax_or_zero<F: Float>(row: &mut [F]) {
    let peak = fold_row(row, F::neg_infinity(), larger);
    if peak == F::neg_infinity() {
        row.fill(F::zero());
        return;
    }
    for x in row.iter_mut() {
        *x = (*x - peak).exp();
    }
    let total = fold_row(
        row,
        F::zero(),
        #[inline(always)]
        |a, b| a + b,
    );
    for x in row.iter_mut() {
        *x /= total;
    }
}

/// `Σ a·b`, in as many lanes as a vector register has.
#[inline(always)]
pub(super) fn inner_product<F: Float>(a: &[F], b: &[F]) -> F {
    const LANES: usize = 16;
    let mut lanes = [F::zero(); LANES];
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            lanes[i] += a[i] * b[i];
        }
    }
    for (i, (&a, &b)) in a_tail.iter().zip(b_tail).enumerate() {
        lanes[i] += a * b;
    }
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}

pub(super) fn multiply<F: Float>(x: &mut [F], factors: &[F]) {
    vectorised(
        #[inline(always)]
        || {
            for (x, &factor) in x.iter_mut().zip(factors) {
                *x *= factor;
            }
        },
    );
}

/// Rows of `width` elements that are `row` elements apart, transposed.
pub(super) fn transpose<F: Float>(x: &[F], row: usize, [count, width]: [usize; 2], transposed: &mut [F]) {
    // The writes are contiguous: the reads overlap in time, as nothing waits for them in order.
    for (e, column) in transposed.chunks_exact_mut(count.max(1)).take(width).enumerate() {
        column.iter_mut().zip(x[e.min(x.len())..].iter().step_by(row.max(1))).for_each(|(to, &x)| *to = x);
    }
}

/// Writes rows of `width` elements into an array where they are `row` elements apart.
pub fn store<F: Float>(rows: &[F], width: usize, into: &mut [F], row: usize) {
    if width > 0 {
        for (i, source) in rows.chunks_exact(width).enumerate() {
            into[i * row..][..width].copy_from_slice(source);
        }
    }
}
