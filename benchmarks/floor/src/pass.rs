//! Everything that is not a matrix product: one pass over memory each.
//!
//! The bodies are plain loops, compiled a second time with AVX-512, by which the compiler makes vectors of them; the
//! few that it does not understand are written out.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use crate::gemm::{LD, avx512};

/// Defines a function whose body is compiled twice, and chosen when called.
macro_rules! twice {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments, reason = "an optimiser has them")]
        pub(crate) fn $name($($arg: $type),*) {
            #[inline(always)]
            fn plain($($arg: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
            fn vectorised($($arg: $type),*) {
                plain($($arg),*)
            }
            #[cfg(target_arch = "x86_64")]
            if avx512() {
                // SAFETY: the machine has the instructions.
                return unsafe { vectorised($($arg),*) };
            }
            plain($($arg),*)
        }
    };
}

/// What is smaller than this becomes zero: subnormal numbers would make every later step a hundred times slower.
const TINY: f32 = 1e-30;

twice! {
    /// SGD with momentum: `v ← μ·v + g`, `w ← w - lr·v`.
    fn sgd(w: &mut [f32], v: &mut [f32], g: &[f32], lr: f32, momentum: f32) {
        for ((w, v), g) in w.iter_mut().zip(v).zip(g) {
            let new = momentum * *v + g;
            let new = if new.abs() < TINY { 0.0 } else { new };
            *v = new;
            *w -= lr * new;
        }
    }
}

twice! {
    /// Adam: `m ← β₁·m + (1-β₁)·g`, `v ← β₂·v + (1-β₂)·g²`, `w ← w - step·m/(√v·root + ε)`, where `step` and `root` correct
    /// the biases.
    fn adam(w: &mut [f32], m: &mut [f32], v: &mut [f32], g: &[f32], step: f32, root: f32) {
        const BETA_1: f32 = 0.9;
        const BETA_2: f32 = 0.999;
        const EPSILON: f32 = 1e-8;
        for (((w, m), v), g) in w.iter_mut().zip(m).zip(v).zip(g) {
            let first = BETA_1 * *m + (1.0 - BETA_1) * g;
            let second = BETA_2 * *v + (1.0 - BETA_2) * (g * g);
            let first = if first.abs() < TINY { 0.0 } else { first };
            let second = if second < TINY { 0.0 } else { second };
            *m = first;
            *v = second;
            *w -= step * first / (second.sqrt() * root + EPSILON);
        }
    }
}

twice! {
    /// The sum of each column of a part of an activation, for the gradient of a bias.
    fn column_sums(rows: &[f32], first: usize, sums: &mut [f32]) {
        sums.fill(0.0);
        for row in rows.chunks(LD) {
            for (sum, x) in sums.iter_mut().zip(&row[first..]) {
                *sum += x;
            }
        }
    }
}

/// One image, as `byte/255`.
#[inline]
pub(crate) fn convert(image: &[u8], row: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if avx512() {
        // SAFETY: the machine has AVX-512.
        return unsafe { convert_avx512(image, row) };
    }
    for (x, &byte) in row.iter_mut().zip(image) {
        *x = f32::from(byte) / 255.0;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,fma")]
fn convert_avx512(image: &[u8], row: &mut [f32]) {
    assert!(image.len() == row.len() && row.len().is_multiple_of(16));
    let (divisor, reciprocal) = (_mm512_set1_ps(255.0), _mm512_set1_ps(1.0 / 255.0));
    for i in (0..row.len()).step_by(16) {
        // SAFETY: both are as long as asserted.
        unsafe {
            let bytes = _mm_loadu_si128(image.as_ptr().add(i).cast());
            let x = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
            // One step of correction after the reciprocal gives what a division would, and faster.
            let q = _mm512_mul_ps(x, reciprocal);
            let rest = _mm512_fnmadd_ps(q, divisor, x);
            _mm512_storeu_ps(row.as_mut_ptr().add(i), _mm512_fmadd_ps(rest, reciprocal, q));
        }
    }
}

/// Asks for an image that will be converted soon.
#[inline]
pub(crate) fn prefetch(image: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in image.chunks(64) {
        // SAFETY: a hint, and inside the slice.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = image;
}

/// Softmax and cross-entropy of the logits in `rows` (rows of [`LD`], 10 classes in 16 columns) and, in their place, the
/// gradient of the mean over `batch` rows. Returns the sum of the losses.
pub(crate) fn cross_entropy(rows: &mut [f32], labels: &[u8], batch: usize) -> f64 {
    // The sum of the logarithms of the sums is the logarithm of their product, and sums are between 1 and 10.
    let (mut product, mut loss) = (1.0_f64, 0.0_f64);
    for (i, (row, &label)) in rows.chunks_mut(LD).zip(labels).enumerate() {
        let row: &mut [f32; 16] = row.first_chunk_mut().expect("rows of LD");
        let correct = row[usize::from(label)];
        let (max, sum) = softmax_gradient(row, label, 1.0 / batch as f32);
        product *= f64::from(sum);
        loss += f64::from(max - correct);
        if i % 256 == 255 {
            loss += product.ln();
            product = 1.0;
        }
    }
    loss + product.ln()
}

/// The same for one row, of which the gradient is multiplied by `scale`. Returns the largest logit, and the sum of the
/// exponentials of the differences from it.
#[inline]
pub(crate) fn softmax_gradient(row: &mut [f32; 16], label: u8, scale: f32) -> (f32, f32) {
    #[cfg(target_arch = "x86_64")]
    if avx512() {
        // SAFETY: the machine has AVX-512.
        return unsafe { softmax_gradient_avx512(row, label, scale) };
    }
    let max = row[..10].iter().fold(f32::NEG_INFINITY, |max, x| max.max(*x));
    let mut sum = 0.0;
    for x in &mut row[..10] {
        *x = (*x - max).exp();
        sum += *x;
    }
    for (class, x) in row[..10].iter_mut().enumerate() {
        *x = (*x / sum - if class == usize::from(label) { 1.0 } else { 0.0 }) * scale;
    }
    (max, sum)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,fma")]
fn softmax_gradient_avx512(row: &mut [f32; 16], label: u8, scale: f32) -> (f32, f32) {
    const CLASSES: __mmask16 = (1 << 10) - 1;
    // SAFETY: 16 numbers.
    let x = unsafe { _mm512_loadu_ps(row.as_ptr()) };
    let max = _mm512_mask_reduce_max_ps(CLASSES, x);
    let e = _mm512_maskz_mov_ps(CLASSES, exp(_mm512_sub_ps(x, _mm512_set1_ps(max))));
    let sum = _mm512_reduce_add_ps(e);
    let scaled = _mm512_mul_ps(e, _mm512_set1_ps(scale / sum));
    let gradient = _mm512_mask_sub_ps(scaled, 1 << label, scaled, _mm512_set1_ps(scale));
    // SAFETY: 16 numbers.
    unsafe { _mm512_storeu_ps(row.as_mut_ptr(), gradient) };
    (max, sum)
}

/// The exponential within about an ulp, and 0 below -87 where it would be subnormal.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,fma")]
#[inline]
pub(crate) fn exp(x: __m512) -> __m512 {
    let n = _mm512_roundscale_ps::<0>(_mm512_mul_ps(x, _mm512_set1_ps(std::f32::consts::LOG2_E)));
    // ln 2 in two parts, the first of which has few bits.
    let r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693_359_4), x);
    let r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.121_944_4e-4), r);
    let mut p = _mm512_set1_ps(1.0 / 5040.0);
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
    }
    let normal = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, _mm512_set1_ps(-87.0));
    _mm512_maskz_scalef_ps(normal, p, n)
}

/// Writes the 16 x 16 numbers at `from` (rows of `from_row`) transposed to `to` (rows of `to_row`).
///
/// # Safety
/// Both blocks must be there, and nobody else may touch `to`.
pub(crate) unsafe fn transpose(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if avx512() {
            return transpose_avx512(from, from_row, to, to_row);
        }
        for i in 0..16 {
            for j in 0..16 {
                *to.add(j * to_row + i) = *from.add(i * from_row + j);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn transpose_avx512(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
    let mut x = [_mm512_setzero_ps(); 16];
    let mut y = x;
    // SAFETY: the caller's promise.
    unsafe {
        for i in 0..16 {
            x[i] = _mm512_loadu_ps(from.add(i * from_row));
        }
        // Pairs of rows, then quadruples: y[4q + j] has in lane l the numbers (4q..4q+4, 4l + j).
        for i in 0..8 {
            y[2 * i] = _mm512_unpacklo_ps(x[2 * i], x[2 * i + 1]);
            y[2 * i + 1] = _mm512_unpackhi_ps(x[2 * i], x[2 * i + 1]);
        }
        for q in 0..4 {
            for h in 0..2 {
                let (low, high) = (_mm512_castps_pd(y[4 * q + h]), _mm512_castps_pd(y[4 * q + 2 + h]));
                x[4 * q + 2 * h] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, high));
                x[4 * q + 2 * h + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
            }
        }
        // Then a 4 x 4 transposition of lanes.
        for j in 0..4 {
            let a = _mm512_shuffle_f32x4::<0b10_00_10_00>(x[j], x[4 + j]);
            let b = _mm512_shuffle_f32x4::<0b11_01_11_01>(x[j], x[4 + j]);
            let c = _mm512_shuffle_f32x4::<0b10_00_10_00>(x[8 + j], x[12 + j]);
            let d = _mm512_shuffle_f32x4::<0b11_01_11_01>(x[8 + j], x[12 + j]);
            _mm512_storeu_ps(to.add(j * to_row), _mm512_shuffle_f32x4::<0b10_00_10_00>(a, c));
            _mm512_storeu_ps(to.add((8 + j) * to_row), _mm512_shuffle_f32x4::<0b11_01_11_01>(a, c));
            _mm512_storeu_ps(to.add((4 + j) * to_row), _mm512_shuffle_f32x4::<0b10_00_10_00>(b, d));
            _mm512_storeu_ps(to.add((12 + j) * to_row), _mm512_shuffle_f32x4::<0b11_01_11_01>(b, d));
        }
    }
}

/// The hyperbolic tangent of 16 numbers, within a few ulp of 1.
pub(crate) fn tanh(x: &mut [f32; 16]) {
    #[cfg(target_arch = "x86_64")]
    if avx512() {
        // SAFETY: the machine has AVX-512.
        return unsafe { tanh_avx512(x) };
    }
    for x in x {
        *x = x.tanh();
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,fma")]
fn tanh_avx512(x: &mut [f32; 16]) {
    // tanh x = 1 - 2/(exp 2x + 1), where large x are as good as 20.
    let one = _mm512_set1_ps(1.0);
    // SAFETY: 16 numbers.
    let numbers = unsafe { _mm512_loadu_ps(x.as_ptr()) };
    let twice = _mm512_min_ps(_mm512_add_ps(numbers, numbers), _mm512_set1_ps(40.0));
    let quotient = _mm512_div_ps(_mm512_set1_ps(2.0), _mm512_add_ps(exp(twice), one));
    // SAFETY: 16 numbers.
    unsafe { _mm512_storeu_ps(x.as_mut_ptr(), _mm512_sub_ps(one, quotient)) };
}
