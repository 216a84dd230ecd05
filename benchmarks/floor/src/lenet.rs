//! Configuration F on one thread: two convolutions, each with ReLU and pooling at once, and two fully connected layers.
//!
//! Images have their channels last, so that a pixel of conv1 is one vector and one of conv2 two; the inputs of both
//! convolutions have a border of zeros. Pooling keeps of each number which of the four it was, as masks in which a number
//! that ReLU suppresses is nowhere; going back, a masked gradient is that of the convolution's result.
//!
//! The parameters in their buffer: conv1 `[9][16]`, conv2 `[3][3][16][32]`, fc1 `[4][1568][32]` in panels, fc2 `[128][16]`,
//! each followed by its bias.

mod backward;

use std::arch::x86_64::*;

use comparison::networks::Weights;
use comparison::{Images, PIXELS};

use crate::memory::Buffer;
use crate::pass;
use crate::tile::{load, products, relu, rows_of, store};

pub(crate) const BATCH: usize = 64;
const FEATURES: usize = 1568;
const HIDDEN: usize = 128;
/// Numbers of an image with its border, and of the result of the first pooling with its border.
const IMAGE: usize = 30 * 30;
const POOLED: usize = 16 * 16 * 16;

const BIAS1: usize = 9 * 16;
const CONV2: usize = BIAS1 + 16;
const BIAS2: usize = CONV2 + 144 * 32;
const FC1: usize = BIAS2 + 32;
const BIAS3: usize = FC1 + FEATURES * HIDDEN;
const FC2: usize = BIAS3 + HIDDEN;
const BIAS4: usize = FC2 + HIDDEN * 16;
const PARAMETERS: usize = BIAS4 + 16;

/// Of 16 channels: at which of the four pixels the largest is, if it is positive.
type Masks = [__mmask16; 4];

pub(crate) struct LeNet {
    parameters: Buffer,
    gradients: Buffer,
    velocities: Buffer,
    images: Buffer,
    pooled: Buffer,
    masks1: Vec<Masks>,
    features: Buffer,
    masks2: Vec<Masks>,
    hidden: Buffer,
    pub(crate) logits: Buffer,
    hidden_gradients: Buffer,
    features_gradients: Buffer,
    /// The gradient of conv2's result for one image, `[16][16][32]` with a border.
    conv2_gradient: Buffer,
    conv2_transposed: Buffer,
    fc1_transposed: Buffer,
    fc2_transposed: Buffer,
}

impl LeNet {
    pub(crate) fn new() -> Self {
        let mut network = LeNet {
            parameters: Buffer::new(PARAMETERS),
            gradients: Buffer::new(PARAMETERS),
            velocities: Buffer::new(PARAMETERS),
            images: Buffer::new(BATCH * IMAGE),
            pooled: Buffer::new(BATCH * POOLED),
            masks1: vec![[0; 4]; BATCH * 14 * 14],
            features: Buffer::new(BATCH * FEATURES),
            masks2: vec![[0; 4]; BATCH * 7 * 7 * 2],
            hidden: Buffer::new(BATCH * HIDDEN),
            logits: Buffer::new(BATCH * 16),
            hidden_gradients: Buffer::new(BATCH * HIDDEN),
            features_gradients: Buffer::new(BATCH * FEATURES),
            conv2_gradient: Buffer::new(16 * 16 * 32),
            conv2_transposed: Buffer::new(144 * 32),
            fc1_transposed: Buffer::new(FEATURES * HIDDEN),
            fc2_transposed: Buffer::new(16 * HIDDEN),
        };
        let mut weights = Weights::new();
        let (w, b) = weights.convolution(1, 16);
        for (i, w) in w.iter().enumerate() {
            network.parameters[i % 9 * 16 + i / 9] = *w;
        }
        network.parameters[BIAS1..][..16].copy_from_slice(&b);
        let (w, b) = weights.convolution(16, 32);
        for (i, w) in w.iter().enumerate() {
            let (out, input, tap) = (i / 144, i / 9 % 16, i % 9);
            network.parameters[CONV2 + (tap * 16 + input) * 32 + out] = *w;
        }
        network.parameters[BIAS2..][..32].copy_from_slice(&b);
        let (w, b) = weights.dense(FEATURES, HIDDEN);
        for (i, w) in w.iter().enumerate() {
            // The features have their channels last.
            let (out, channel, pixel) = (i / FEATURES, i % FEATURES / 49, i % 49);
            network.parameters[FC1 + (out / 32 * FEATURES + pixel * 32 + channel) * 32 + out % 32] = *w;
        }
        network.parameters[BIAS3..][..HIDDEN].copy_from_slice(&b);
        let (w, b) = weights.dense(HIDDEN, 10);
        for (i, w) in w.iter().enumerate() {
            network.parameters[FC2 + i % HIDDEN * 16 + i / HIDDEN] = *w;
        }
        network.parameters[BIAS4..][..10].copy_from_slice(&b);
        network
    }

    /// The logits of up to 64 images.
    ///
    /// # Safety
    /// The machine must have AVX-512.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    pub(crate) unsafe fn forward(&mut self, images: &Images, indices: &[usize]) {
        for (i, &index) in indices.iter().enumerate() {
            let rows = images.pixels[index * PIXELS..][..PIXELS].chunks_exact(28);
            for (row, bytes) in self.images[i * IMAGE..][..IMAGE].chunks_exact_mut(30).skip(1).zip(rows) {
                for (x, &byte) in row[1..29].iter_mut().zip(bytes) {
                    *x = f32::from(byte) / 255.0;
                }
            }
            // SAFETY: the caller's promise.
            unsafe {
                self.first(i);
                self.second(i);
            }
        }
        let parameters = self.parameters.ptr();
        for (row, rows) in tiles(BATCH) {
            // SAFETY: the caller's promise; the buffers are as large as the layers.
            unsafe {
                let a = self.features.ptr().add(row * FEATURES);
                for panel in 0..4 {
                    let c = self.hidden.ptr().add(row * HIDDEN + panel * 32);
                    let b = parameters.add(FC1 + panel * FEATURES * 32);
                    let bias = parameters.add(BIAS3 + panel * 32);
                    macro_rules! product {
                        ($rows:literal) => {{
                            let runs = &[(a.cast_const(), b.cast_const())];
                            let mut sums =
                                products::<$rows, 2, FEATURES, 1>(runs, FEATURES, 32, rows_of::<$rows, 2>(bias));
                            relu(&mut sums);
                            store(&sums, c, HIDDEN);
                        }};
                    }
                    if rows == 13 { product!(13) } else { product!(12) }
                }
                let (a, c) = (self.hidden.ptr().add(row * HIDDEN), self.logits.ptr().add(row * 16));
                let (b, bias) = (parameters.add(FC2), parameters.add(BIAS4));
                let runs = &[(a.cast_const(), b.cast_const())];
                if rows == 13 {
                    store(&products::<13, 1, HIDDEN, 1>(runs, HIDDEN, 16, rows_of::<13, 1>(bias)), c, 16);
                } else {
                    store(&products::<12, 1, HIDDEN, 1>(runs, HIDDEN, 16, rows_of::<12, 1>(bias)), c, 16);
                }
            }
        }
    }

    /// conv1, ReLU and pooling of image `i`: two pooled pixels at a time.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    unsafe fn first(&mut self, i: usize) {
        // SAFETY: as `forward`.
        unsafe {
            let w = load::<9, 1>(self.parameters.ptr(), 16);
            let bias = _mm512_loadu_ps(self.parameters.ptr().add(BIAS1));
            let (image, pooled) = (self.images.ptr().add(i * IMAGE), self.pooled.ptr().add(i * POOLED));
            for y in 0..14 {
                for x in (0..14).step_by(2) {
                    let mut sums = [[bias; 4]; 2];
                    for (tap, [w]) in w.iter().enumerate() {
                        for (p, sums) in sums.iter_mut().enumerate() {
                            for (q, sum) in sums.iter_mut().enumerate() {
                                let (row, column) = (2 * y + q / 2 + tap / 3, 2 * (x + p) + q % 2 + tap % 3);
                                *sum = _mm512_fmadd_ps(_mm512_set1_ps(*image.add(row * 30 + column)), *w, *sum);
                            }
                        }
                    }
                    for (p, sums) in sums.into_iter().enumerate() {
                        let (best, masks) = pool(sums);
                        _mm512_storeu_ps(pooled.add(((y + 1) * 16 + x + p + 1) * 16), best);
                        self.masks1[(i * 14 + y) * 14 + x + p] = masks;
                    }
                }
            }
        }
    }

    /// conv2, ReLU and pooling of image `i`: two rows of 14 pixels at a time, for a kernel row a product over 48 numbers.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    unsafe fn second(&mut self, i: usize) {
        // SAFETY: as `forward`.
        unsafe {
            let (pooled, w) = (self.pooled.ptr().add(i * POOLED).cast_const(), self.parameters.ptr().cast_const());
            for y in 0..7 {
                let row = |y: usize| {
                    let runs: [_; 3] = std::array::from_fn(|t| {
                        (pooled.wrapping_add((y + t) * 16 * 16), w.wrapping_add(CONV2 + t * 48 * 32))
                    });
                    products::<14, 2, 16, 1>(&runs, 48, 32, rows_of::<14, 2>(w.wrapping_add(BIAS2)))
                };
                let (upper, lower) = (row(2 * y), row(2 * y + 1));
                for x in 0..7 {
                    for v in 0..2 {
                        let four = [upper[2 * x][v], upper[2 * x + 1][v], lower[2 * x][v], lower[2 * x + 1][v]];
                        let (best, masks) = pool(four);
                        let pixel = y * 7 + x;
                        _mm512_storeu_ps(self.features.ptr().add(i * FEATURES + pixel * 32 + v * 16), best);
                        self.masks2[(i * 49 + pixel) * 2 + v] = masks;
                    }
                }
            }
        }
    }

    /// One step of training; returns the mean loss.
    ///
    /// # Safety
    /// The machine must have AVX-512.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    pub(crate) unsafe fn step(&mut self, images: &Images, indices: &[usize], lr: f32, momentum: f32) -> f64 {
        // SAFETY: the caller's promise.
        unsafe {
            self.forward(images, indices);
            let mut loss = 0.0;
            for (row, &index) in self.logits.chunks_exact_mut(16).zip(indices) {
                let row: &mut [f32; 16] = row.try_into().expect("16 numbers");
                let label = images.labels[index];
                let correct = row[usize::from(label)];
                let (max, sum) = pass::softmax_gradient(row, label, 1.0 / BATCH as f32);
                loss += f64::from(max - correct) + f64::from(sum).ln();
            }
            self.gradients.fill(0.0);
            self.dense_gradients();
            self.transpose_conv2();
            for i in 0..BATCH {
                self.spread(i);
                self.conv2_weight_gradient(i);
                self.conv1_gradients(i);
            }
            pass::sgd(&mut self.parameters, &mut self.velocities, &self.gradients, lr, momentum);
            loss / BATCH as f64
        }
    }
}

/// The largest of four numbers of each channel, but at least zero, and where it is.
#[target_feature(enable = "avx512f")]
fn pool([first, rest @ ..]: [__m512; 4]) -> (__m512, Masks) {
    let (mut best, mut masks) = (first, [!0, 0, 0, 0]);
    for (i, x) in rest.into_iter().enumerate() {
        let larger = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, best);
        best = _mm512_mask_mov_ps(best, larger, x);
        masks = masks.map(|mask| mask & !larger);
        masks[i + 1] = larger;
    }
    let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(best, _mm512_setzero_ps());
    (_mm512_maskz_mov_ps(positive, best), masks.map(|mask| mask & positive))
}

/// The first row, and the number of rows, of the tiles of a batch.
fn tiles(batch: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..batch).step_by(13).map(move |row| (row, 13.min(batch - row)))
}
