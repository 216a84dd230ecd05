//! The gradients of configuration F.

use std::arch::x86_64::*;

use super::*;
use crate::tile::{column_sums, zeros};

impl LeNet {
    /// From the gradients of the logits those of the fully connected layers and of the features.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    pub(super) unsafe fn dense_gradients(&mut self) {
        let (parameters, gradients) = (self.parameters.ptr(), self.gradients.ptr());
        let (hidden, logits) = (self.hidden.ptr(), self.logits.ptr().cast_const());
        // SAFETY: as `forward`.
        unsafe {
            for input in (0..HIDDEN).step_by(16) {
                pass::transpose(parameters.add(FC2 + input * 16), 16, self.fc2_transposed.ptr().add(input), HIDDEN);
                let runs = &[(hidden.add(input).cast_const(), logits)];
                let sums = products::<16, 1, 1, HIDDEN>(runs, BATCH, 16, zeros());
                store(&sums, gradients.add(FC2 + input * 16), 16);
            }
            column_sums(logits, BATCH, 16, &mut self.gradients[BIAS4..]);
            self.hidden_gradient();
            column_sums(self.hidden_gradients.ptr(), BATCH, HIDDEN, &mut self.gradients[BIAS3..BIAS3 + HIDDEN]);
            for panel in 0..4 {
                let weight = parameters.add(FC1 + panel * FEATURES * 32);
                for input in (0..FEATURES).step_by(16) {
                    for output in [0, 16] {
                        let to = input / 32 * HIDDEN * 32 + (panel * 32 + output) * 32 + input % 32;
                        pass::transpose(weight.add(input * 32 + output), 32, self.fc1_transposed.ptr().add(to), 32);
                    }
                }
                let b = self.hidden_gradients.ptr().add(panel * 32).cast_const();
                for input in (0..FEATURES).step_by(14) {
                    let runs = &[(self.features.ptr().add(input).cast_const(), b)];
                    let sums = products::<14, 2, 1, FEATURES>(runs, BATCH, HIDDEN, zeros());
                    store(&sums, gradients.add(FC1 + (panel * FEATURES + input) * 32), 32);
                }
            }
            self.features_gradient();
        }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    unsafe fn hidden_gradient(&mut self) {
        for (row, rows) in tiles(BATCH) {
            for column in (0..HIDDEN).step_by(32) {
                // SAFETY: as `forward`.
                unsafe {
                    let a = self.logits.ptr().add(row * 16).cast_const();
                    let runs = &[(a, self.fc2_transposed.ptr().add(column).cast_const())];
                    let place = row * HIDDEN + column;
                    let c = self.hidden_gradients.ptr().add(place);
                    macro_rules! product {
                        ($rows:literal) => {{
                            let mut sums = products::<$rows, 2, 16, 1>(runs, 10, HIDDEN, zeros());
                            let hidden = load::<$rows, 2>(self.hidden.ptr().add(place), HIDDEN);
                            for (sum, hidden) in sums.iter_mut().flatten().zip(hidden.into_iter().flatten()) {
                                let alive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(hidden, _mm512_setzero_ps());
                                *sum = _mm512_maskz_mov_ps(alive, *sum);
                            }
                            store(&sums, c, HIDDEN);
                        }};
                    }
                    if rows == 13 { product!(13) } else { product!(12) }
                }
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    unsafe fn features_gradient(&mut self) {
        for panel in 0..FEATURES / 32 {
            for (row, rows) in tiles(BATCH) {
                // SAFETY: as `forward`.
                unsafe {
                    let a = self.hidden_gradients.ptr().add(row * HIDDEN).cast_const();
                    let runs = &[(a, self.fc1_transposed.ptr().add(panel * HIDDEN * 32).cast_const())];
                    let c = self.features_gradients.ptr().add(row * FEATURES + panel * 32);
                    if rows == 13 {
                        store(&products::<13, 2, HIDDEN, 1>(runs, HIDDEN, 32, zeros()), c, FEATURES);
                    } else {
                        store(&products::<12, 2, HIDDEN, 1>(runs, HIDDEN, 32, zeros()), c, FEATURES);
                    }
                }
            }
        }
    }

    /// The kernel of conv2 turned around, `[3][3][32][16]`.
    pub(super) fn transpose_conv2(&mut self) {
        for tap in 0..9 {
            for output in [0, 16] {
                // SAFETY: blocks of 16 by 16 inside the buffers.
                unsafe {
                    let from = self.parameters.ptr().add(CONV2 + tap * 16 * 32 + output);
                    let to = self.conv2_transposed.ptr().add((8 - tap) * 32 * 16 + output * 16);
                    pass::transpose(from, 32, to, 16);
                }
            }
        }
    }

    /// The gradient of conv2's result for image `i`, and of its bias.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    pub(super) unsafe fn spread(&mut self, i: usize) {
        // SAFETY: as `forward`.
        unsafe {
            let bias = self.gradients.ptr().add(BIAS2);
            let mut sums = load::<1, 2>(bias, 32);
            for pixel in 0..49 {
                let (y, x) = (pixel / 7, pixel % 7);
                for v in 0..2 {
                    let d = _mm512_loadu_ps(self.features_gradients.ptr().add(i * FEATURES + pixel * 32 + v * 16));
                    let masks = self.masks2[(i * 49 + pixel) * 2 + v];
                    sums[0][v] = _mm512_mask_add_ps(sums[0][v], masks.iter().fold(0, |a, b| a | b), sums[0][v], d);
                    for (q, mask) in masks.into_iter().enumerate() {
                        let place = ((2 * y + q / 2 + 1) * 16 + 2 * x + q % 2 + 1) * 32 + v * 16;
                        _mm512_storeu_ps(self.conv2_gradient.ptr().add(place), _mm512_maskz_mov_ps(mask, d));
                    }
                }
            }
            store(&sums, bias, 32);
        }
    }

    /// For each row of the kernel, whose 48 numbers lie side by side: 12 at a time, over all pixels.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    pub(super) unsafe fn conv2_weight_gradient(&mut self, i: usize) {
        // SAFETY: as `forward`.
        unsafe {
            let pooled = self.pooled.ptr().add(i * POOLED).cast_const();
            let gradient = self.conv2_gradient.ptr().cast_const();
            for row in 0..3 {
                for part in (0..48).step_by(12) {
                    let runs: [_; 14] = std::array::from_fn(|y| {
                        let a = pooled.wrapping_add((y + row) * 16 * 16 + part);
                        (a, gradient.wrapping_add(((y + 1) * 16 + 1) * 32))
                    });
                    let c = self.gradients.ptr().add(CONV2 + (row * 48 + part) * 32);
                    store(&products::<12, 2, 1, 16>(&runs, 14, 32, load(c, 32)), c, 32);
                }
            }
        }
    }

    /// From the gradient of conv2's result that of its input, and with it conv1's gradients.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    pub(super) unsafe fn conv1_gradients(&mut self, i: usize) {
        // SAFETY: as `forward`.
        unsafe {
            let image = self.images.ptr().add(i * IMAGE).cast_const();
            let gradient = self.conv2_gradient.ptr().cast_const();
            let (w, c) = (self.conv2_transposed.ptr().cast_const(), self.gradients.ptr());
            // The last row is the bias.
            let mut sums = load::<10, 1>(c, 16);
            for y in 0..14 {
                let runs: [_; 3] =
                    std::array::from_fn(|t| (gradient.wrapping_add((y + t) * 16 * 32), w.wrapping_add(t * 96 * 16)));
                let row = products::<14, 1, 32, 1>(&runs, 96, 16, zeros());
                for (x, [d]) in row.into_iter().enumerate() {
                    for (q, mask) in self.masks1[(i * 14 + y) * 14 + x].into_iter().enumerate() {
                        let d = _mm512_maskz_mov_ps(mask, d);
                        let corner = image.add((2 * y + q / 2) * 30 + 2 * x + q % 2);
                        for (tap, sum) in sums[..9].iter_mut().enumerate() {
                            let x = _mm512_set1_ps(*corner.add(tap / 3 * 30 + tap % 3));
                            sum[0] = _mm512_fmadd_ps(x, d, sum[0]);
                        }
                        sums[9][0] = _mm512_add_ps(sums[9][0], d);
                    }
                }
            }
            store(&sums, c, 16);
        }
    }
}
