//! What the functions have in common: polynomials, and whole numbers and powers of two by way of the bits of a float.
//!
//! A conversion such as `x as i32` saturates and knows NaN, which costs a loop its vector instructions or most of their
//! worth. Adding 1.5 times the power of two at which floats are whole numbers leaves the nearest whole number in the
//! low bits.

use std::ops::{Add, Mul};

const WHOLE_F32: f32 = 12_582_912.0; // 1.5·2²³
const WHOLE_F64: f64 = 6_755_399_441_055_744.0; // 1.5·2⁵²

/// The nearest whole number of at most 22 bits, as a float and as an integer. What is none (NaN) gives some integer.
#[inline(always)]
pub(super) fn round_f32(x: f32) -> (f32, i32) {
    let shifted = x + WHOLE_F32;
    (shifted - WHOLE_F32, shifted.to_bits().wrapping_sub(WHOLE_F32.to_bits()) as i32)
}

/// The same of at most 51 bits.
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
