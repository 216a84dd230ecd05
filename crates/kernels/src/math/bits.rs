//! Building blocks of the functions: polynomials, rounding to integers, and powers of two, by manipulating the bits of
//! floats.
//!
//! A conversion such as `x as i32` saturates and handles NaN, which prevents vectorization or makes it slow. Instead,
//! adding 1.5 times the power of two from which on all floats are integers leaves the nearest integer in the low bits.

use std::ops::{Add, Mul};

const WHOLE_F32: f32 = 12_582_912.0; // 1.5·2²³
const WHOLE_F64: f64 = 6_755_399_441_055_744.0; // 1.5·2⁵²

/// The nearest integer, as a float and as an `i32`, if it has at most 22 bits. For NaN, the `i32` is arbitrary.
#[inline(always)]
pub(super) fn round_f32(x: f32) -> (f32, i32) {
    let shifted = x + WHOLE_F32;
    (shifted - WHOLE_F32, shifted.to_bits().wrapping_sub(WHOLE_F32.to_bits()) as i32)
}

/// Like [`round_f32`], for at most 51 bits.
#[inline(always)]
pub(super) fn round_f64(x: f64) -> (f64, i64) {
    let shifted = x + WHOLE_F64;
    (shifted - WHOLE_F64, shifted.to_bits().wrapping_sub(WHOLE_F64.to_bits()) as i64)
}

/// `2ᵏ` for -126 ≤ `k` ≤ 127.
#[inline(always)]
pub(super) fn pow2_f32(k: i32) -> f32 {
    f32::from_bits((k.wrapping_add(127) as u32) << 23)
}

/// `2ᵏ` for -1022 ≤ `k` ≤ 1023.
#[inline(always)]
pub(super) fn pow2_f64(k: i64) -> f64 {
    f64::from_bits((k.wrapping_add(1023) as u64) << 52)
}

/// `c[0] + c[1]·x + c[2]·x² + …`
#[inline(always)]
pub(super) fn polynomial<T: Copy + Add<Output = T> + Mul<Output = T>, const N: usize>(x: T, c: [T; N]) -> T {
    let mut y = c[N - 1];
    for i in (0..N - 1).rev() {
        y = y * x + c[i];
    }
    y
}
