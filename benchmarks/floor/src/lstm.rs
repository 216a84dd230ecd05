//! Configuration G on one thread: embedding, LSTM over 32 steps, linear layer.
//!
//! A step's input and the state before it lie side by side, `[33 steps][32][160]`, so that all four gates are one product
//! over 160 numbers; a tile has the four gates of 16 units, and with them everything for the new state. The parameters in
//! their buffer: embedding `[64][32]`; both weights `[8 blocks of units][160][4 gates][16]`; their two biases
//! `[8][4][16]`; the linear layer `[2][128][32]` in panels, and its bias.

mod backward;

use std::arch::x86_64::*;

use comparison::networks::{LENGTH, SYMBOLS, Text, Weights};

use crate::memory::Buffer;
use crate::pass;
use crate::tile::{Sums, products, rows_of, store};

pub(crate) const BATCH: usize = 32;
const INPUTS: usize = 32;
const HIDDEN: usize = 128;
/// Numbers of an input with its state.
const WIDTH: usize = INPUTS + HIDDEN;
/// Numbers from a row of gates to the next, an odd number of cache lines.
const GATES: usize = 4 * HIDDEN + 16;
const ROWS: usize = LENGTH * BATCH;

const WEIGHT: usize = SYMBOLS * INPUTS;
const BIAS_IH: usize = WEIGHT + 4 * HIDDEN * WIDTH;
const BIAS_HH: usize = BIAS_IH + 4 * HIDDEN;
const HEAD: usize = BIAS_HH + 4 * HIDDEN;
const HEAD_BIAS: usize = HEAD + HIDDEN * SYMBOLS;
const PARAMETERS: usize = HEAD_BIAS + SYMBOLS;

pub(crate) struct CharLstm {
    parameters: Buffer,
    gradients: Buffer,
    first_moments: Buffer,
    second_moments: Buffer,
    bias: Buffer,
    /// The inputs and states `[33][32][160]`.
    states: Buffer,
    /// The cells `[33][32][128]`, and the hyperbolic tangents of those after each step.
    cells: Buffer,
    tanh_cells: Buffer,
    /// The gates `[32][32]` in rows of `GATES`, then their gradients.
    gates: Buffer,
    /// `[1024][64]`, then their gradients.
    logits: Buffer,
    /// The gradients `[1024][128]` of the outputs, and `[32][128]` of what goes from a step to the one before.
    outputs: Buffer,
    back: Buffer,
    back_cells: Buffer,
    weight_transposed: Buffer,
    head_transposed: Buffer,
    inputs_gradients: Buffer,
    symbols: Vec<u8>,
    following: Vec<u8>,
}

/// Where the number `row` of a weight `[4·128, columns]` lies: its block, and its column there.
fn place(row: usize) -> (usize, usize) {
    let (gate, unit) = (row / HIDDEN, row % HIDDEN);
    (unit / 16, gate * 16 + unit % 16)
}

impl CharLstm {
    pub(crate) fn new() -> Self {
        let mut network = CharLstm {
            parameters: Buffer::new(PARAMETERS),
            gradients: Buffer::new(PARAMETERS),
            first_moments: Buffer::new(PARAMETERS),
            second_moments: Buffer::new(PARAMETERS),
            bias: Buffer::new(4 * HIDDEN),
            states: Buffer::new((LENGTH + 1) * BATCH * WIDTH),
            cells: Buffer::new((LENGTH + 1) * BATCH * HIDDEN),
            tanh_cells: Buffer::new(ROWS * HIDDEN),
            gates: Buffer::new(ROWS * GATES),
            logits: Buffer::new(ROWS * SYMBOLS),
            outputs: Buffer::new(ROWS * HIDDEN),
            back: Buffer::new(BATCH * HIDDEN),
            back_cells: Buffer::new(BATCH * HIDDEN),
            weight_transposed: Buffer::new(5 * 4 * HIDDEN * 32),
            head_transposed: Buffer::new(SYMBOLS * HIDDEN),
            inputs_gradients: Buffer::new(ROWS * INPUTS),
            symbols: vec![0; ROWS],
            following: vec![0; ROWS],
        };
        let (mut weights, parameters) = (Weights::new(), &mut network.parameters);
        parameters[..WEIGHT].copy_from_slice(&weights.draw(WEIGHT, 1));
        for (columns, first) in [(INPUTS, 0), (HIDDEN, INPUTS)] {
            for (i, w) in weights.draw(4 * HIDDEN * columns, HIDDEN).into_iter().enumerate() {
                let (block, column) = place(i / columns);
                parameters[WEIGHT + (block * WIDTH + first + i % columns) * 64 + column] = w;
            }
        }
        for bias in [BIAS_IH, BIAS_HH] {
            for (row, b) in weights.draw(4 * HIDDEN, HIDDEN).into_iter().enumerate() {
                let (block, column) = place(row);
                parameters[bias + block * 64 + column] = b;
            }
        }
        let (w, b) = weights.dense(HIDDEN, SYMBOLS);
        for (i, w) in w.into_iter().enumerate() {
            let (out, input) = (i / HIDDEN, i % HIDDEN);
            parameters[HEAD + (out / 32 * HIDDEN + input) * 32 + out % 32] = w;
        }
        parameters[HEAD_BIAS..].copy_from_slice(&b);
        network
    }

    /// The mean loss of 32 pieces; the gradients of the logits take their place.
    ///
    /// # Safety
    /// The machine must have AVX-512.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    pub(crate) unsafe fn forward(&mut self, text: &Text, indices: &[usize]) -> f64 {
        for (sample, &index) in indices.iter().enumerate() {
            let piece = text.piece(index);
            for t in 0..LENGTH {
                let row = t * BATCH + sample;
                (self.symbols[row], self.following[row]) = (piece[t], piece[t + 1]);
                let vector = usize::from(piece[t]) * INPUTS;
                self.states[row * WIDTH..][..INPUTS].copy_from_slice(&self.parameters[vector..vector + INPUTS]);
            }
        }
        for (i, bias) in self.bias.iter_mut().enumerate() {
            *bias = self.parameters[BIAS_IH + i] + self.parameters[BIAS_HH + i];
        }
        // SAFETY: the caller's promise; the buffers are as large as the layers.
        unsafe {
            for t in 0..LENGTH {
                for block in 0..8 {
                    for row in (0..24).step_by(6) {
                        self.cell::<6>(t * BATCH + row, block);
                    }
                    for row in [24, 28] {
                        self.cell::<4>(t * BATCH + row, block);
                    }
                }
            }
            for row in (0..ROWS).step_by(8) {
                let a = self.states.ptr().add((BATCH + row) * WIDTH + INPUTS).cast_const();
                for panel in 0..2 {
                    let b = self.parameters.ptr().add(HEAD + panel * HIDDEN * 32).cast_const();
                    let bias = rows_of::<8, 2>(self.parameters.ptr().add(HEAD_BIAS + panel * 32));
                    let sums = products::<8, 2, WIDTH, 1>(&[(a, b)], HIDDEN, 32, bias);
                    store(&sums, self.logits.ptr().add(row * SYMBOLS + panel * 32), SYMBOLS);
                }
            }
            let rows = self.logits.chunks_exact_mut(SYMBOLS).zip(&self.following);
            rows.map(|(row, &following)| cross_entropy(row, following)).sum::<f64>() / ROWS as f64
        }
    }

    /// Gates, cells and states of 16 units after `R` rows.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    unsafe fn cell<const R: usize>(&mut self, row: usize, block: usize) {
        // SAFETY: as `forward`.
        unsafe {
            let a = self.states.ptr().add(row * WIDTH).cast_const();
            let b = self.parameters.ptr().add(WEIGHT + block * WIDTH * 64).cast_const();
            let bias = rows_of::<R, 4>(self.bias.ptr().add(block * 64));
            let sums: Sums<R, 4> = products::<R, 4, WIDTH, 1>(&[(a, b)], WIDTH, 64, bias);
            for (i, [i_gate, f_gate, g_gate, o_gate]) in sums.into_iter().enumerate() {
                let (row, unit) = (row + i, block * 16);
                let gates = [sigmoid(i_gate), sigmoid(f_gate), tanh(g_gate), sigmoid(o_gate)];
                let before = _mm512_loadu_ps(self.cells.ptr().add(row * HIDDEN + unit));
                let cell = _mm512_fmadd_ps(gates[1], before, _mm512_mul_ps(gates[0], gates[2]));
                let tanh_cell = tanh(cell);
                store(&[gates], self.gates.ptr().add(row * GATES + block * 64), 64);
                _mm512_storeu_ps(self.tanh_cells.ptr().add(row * HIDDEN + unit), tanh_cell);
                let after = row + BATCH;
                _mm512_storeu_ps(self.cells.ptr().add(after * HIDDEN + unit), cell);
                let state = self.states.ptr().add(after * WIDTH + INPUTS + unit);
                _mm512_storeu_ps(state, _mm512_mul_ps(gates[3], tanh_cell));
            }
        }
    }

    /// One step of training; returns the mean loss. `number` counts from 1.
    ///
    /// # Safety
    /// The machine must have AVX-512.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    pub(crate) unsafe fn step(&mut self, text: &Text, indices: &[usize], lr: f64, number: i32) -> f64 {
        // SAFETY: the caller's promise.
        let loss = unsafe {
            let loss = self.forward(text, indices);
            self.backward();
            loss
        };
        let step = (lr / (1.0 - 0.9_f64.powi(number))) as f32;
        let root = (1.0 / (1.0 - 0.999_f64.powi(number)).sqrt()) as f32;
        let (first, second) = (&mut self.first_moments, &mut self.second_moments);
        pass::adam(&mut self.parameters, first, second, &self.gradients, step, root);
        loss
    }
}

/// `1/(1 + exp(-x))`.
#[target_feature(enable = "avx512f,fma")]
fn sigmoid(x: __m512) -> __m512 {
    let one = _mm512_set1_ps(1.0);
    // Of less than -87 the exponential would be infinite, and of more zero.
    let e = pass::exp(_mm512_min_ps(_mm512_sub_ps(_mm512_setzero_ps(), x), _mm512_set1_ps(87.0)));
    _mm512_div_ps(one, _mm512_add_ps(one, e))
}

/// `1 - 2/(exp 2x + 1)`, where large x are as good as 20.
#[target_feature(enable = "avx512f,fma")]
fn tanh(x: __m512) -> __m512 {
    let one = _mm512_set1_ps(1.0);
    let e = pass::exp(_mm512_min_ps(_mm512_add_ps(x, x), _mm512_set1_ps(40.0)));
    _mm512_sub_ps(one, _mm512_div_ps(_mm512_set1_ps(2.0), _mm512_add_ps(e, one)))
}

/// The loss of 64 logits, and in their place the gradient of the mean over all rows.
#[target_feature(enable = "avx512f,avx512dq,fma")]
fn cross_entropy(row: &mut [f32], label: u8) -> f64 {
    let row: &mut [f32; SYMBOLS] = row.try_into().expect("a row of logits");
    let (correct, scale) = (row[usize::from(label)], 1.0 / ROWS as f32);
    // SAFETY: four vectors.
    let [mut x] = unsafe { crate::tile::load::<1, 4>(row.as_ptr(), SYMBOLS) };
    let max = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(x[0], x[1]), _mm512_max_ps(x[2], x[3])));
    let mut sum = _mm512_setzero_ps();
    for x in &mut x {
        *x = pass::exp(_mm512_sub_ps(*x, _mm512_set1_ps(max)));
        sum = _mm512_add_ps(sum, *x);
    }
    let sum = _mm512_reduce_add_ps(sum);
    for x in &mut x {
        *x = _mm512_mul_ps(*x, _mm512_set1_ps(scale / sum));
    }
    // SAFETY: four vectors.
    unsafe { store(&[x], row.as_mut_ptr(), SYMBOLS) };
    row[usize::from(label)] -= scale;
    f64::from(max - correct) + f64::from(sum).ln()
}
