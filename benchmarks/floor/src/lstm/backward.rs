//! The gradients of configuration G.

use std::arch::x86_64::*;

use super::*;
use crate::tile::{column_sums, load, zeros};

/// Steps whose gradients of the weights are one product: their gates stay in the second cache.
const STEPS: usize = 4;

impl CharLstm {
    /// From the gradients of the logits those of the parameters.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    pub(super) unsafe fn backward(&mut self) {
        self.gradients.fill(0.0);
        self.back.fill(0.0);
        self.back_cells.fill(0.0);
        // SAFETY: as `forward`.
        unsafe {
            self.transpose();
            self.head_gradients();
            for t in (0..LENGTH).rev() {
                self.gate_gradients(t);
                if t > 0 {
                    self.step_back(t);
                }
                if t % STEPS == 0 {
                    self.weight_gradients(t);
                }
            }
            let gates = self.gates.ptr();
            column_sums(gates, ROWS, GATES, &mut self.gradients[BIAS_IH..BIAS_HH]);
            self.gradients.copy_within(BIAS_IH..BIAS_HH, BIAS_HH);
            self.embedding_gradient();
        }
    }

    /// The weights of the gates as `[5 panels][4·128][32]`, of which the first is that of the inputs, and those of the
    /// linear layer as `[4][64][32]`.
    fn transpose(&mut self) {
        for row in (0..WIDTH).step_by(16) {
            for column in (0..4 * HIDDEN).step_by(16) {
                let from = WEIGHT + (column / 64 * WIDTH + row) * 64 + column % 64;
                let to = (row / 32 * 4 * HIDDEN + column) * 32 + row % 32;
                // SAFETY: blocks of 16 by 16 inside the buffers.
                unsafe {
                    pass::transpose(self.parameters.ptr().add(from), 64, self.weight_transposed.ptr().add(to), 32);
                }
            }
        }
        for row in (0..HIDDEN).step_by(16) {
            for column in (0..SYMBOLS).step_by(16) {
                let from = HEAD + (column / 32 * HIDDEN + row) * 32 + column % 32;
                let to = (row / 32 * SYMBOLS + column) * 32 + row % 32;
                // SAFETY: as above.
                unsafe {
                    pass::transpose(self.parameters.ptr().add(from), 32, self.head_transposed.ptr().add(to), 32);
                }
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    unsafe fn head_gradients(&mut self) {
        // SAFETY: as `forward`.
        unsafe {
            let logits = self.logits.ptr().cast_const();
            for row in (0..ROWS).step_by(8) {
                for panel in 0..4 {
                    let b = self.head_transposed.ptr().add(panel * SYMBOLS * 32).cast_const();
                    let runs = &[(logits.add(row * SYMBOLS), b)];
                    let sums = products::<8, 2, SYMBOLS, 1>(runs, SYMBOLS, 32, zeros());
                    store(&sums, self.outputs.ptr().add(row * HIDDEN + panel * 32), HIDDEN);
                }
            }
            for input in (0..HIDDEN).step_by(8) {
                let a = self.states.ptr().add(BATCH * WIDTH + INPUTS + input).cast_const();
                for panel in 0..2 {
                    let runs = &[(a, logits.add(panel * 32))];
                    let sums = products::<8, 2, 1, WIDTH>(runs, ROWS, SYMBOLS, zeros());
                    store(&sums, self.gradients.ptr().add(HEAD + (panel * HIDDEN + input) * 32), 32);
                }
            }
            column_sums(logits, ROWS, SYMBOLS, &mut self.gradients[HEAD_BIAS..]);
        }
    }

    /// The gradients of the gates of step `t` before their functions, in their place, and those of the cells before it.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    unsafe fn gate_gradients(&mut self, t: usize) {
        let one = _mm512_set1_ps(1.0);
        for sample in 0..BATCH {
            let row = t * BATCH + sample;
            for block in 0..8 {
                let unit = block * 16;
                // SAFETY: as `forward`.
                unsafe {
                    let place = self.gates.ptr().add(row * GATES + block * 64);
                    let [[i, f, g, o]] = load::<1, 4>(place, 64);
                    let before = _mm512_loadu_ps(self.cells.ptr().add(row * HIDDEN + unit));
                    let tanh_cell = _mm512_loadu_ps(self.tanh_cells.ptr().add(row * HIDDEN + unit));
                    let outputs = _mm512_loadu_ps(self.outputs.ptr().add(row * HIDDEN + unit));
                    let back = _mm512_loadu_ps(self.back.ptr().add(sample * HIDDEN + unit));
                    let back_cells = self.back_cells.ptr().add(sample * HIDDEN + unit);
                    let dh = _mm512_add_ps(outputs, back);
                    let slope = _mm512_fnmadd_ps(tanh_cell, tanh_cell, one);
                    let through = _mm512_mul_ps(_mm512_mul_ps(dh, o), slope);
                    let dc = _mm512_add_ps(_mm512_loadu_ps(back_cells), through);
                    _mm512_storeu_ps(back_cells, _mm512_mul_ps(dc, f));
                    // The slope of the logistic function s is s·(1 - s).
                    let of_sigmoid = |d, s| _mm512_mul_ps(d, _mm512_fnmadd_ps(s, s, s));
                    let gradients = [
                        of_sigmoid(_mm512_mul_ps(dc, g), i),
                        of_sigmoid(_mm512_mul_ps(dc, before), f),
                        _mm512_mul_ps(_mm512_mul_ps(dc, i), _mm512_fnmadd_ps(g, g, one)),
                        of_sigmoid(_mm512_mul_ps(dh, tanh_cell), o),
                    ];
                    store(&[gradients], place, 64);
                }
            }
        }
    }

    /// The gradient of the state before step `t`.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    unsafe fn step_back(&mut self, t: usize) {
        for panel in 0..4 {
            for row in (0..BATCH).step_by(8) {
                // SAFETY: as `forward`.
                unsafe {
                    let a = self.gates.ptr().add((t * BATCH + row) * GATES).cast_const();
                    let b = self.weight_transposed.ptr().add((panel + 1) * 4 * HIDDEN * 32).cast_const();
                    let sums = products::<8, 2, GATES, 1>(&[(a, b)], 4 * HIDDEN, 32, zeros());
                    store(&sums, self.back.ptr().add(row * HIDDEN + panel * 32), HIDDEN);
                }
            }
        }
    }

    /// Adds what the steps from `t` on contribute.
    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    unsafe fn weight_gradients(&mut self, t: usize) {
        let (states, gates) = (self.states.ptr(), self.gates.ptr());
        for column in (0..4 * HIDDEN).step_by(32) {
            for row in (0..WIDTH).step_by(10) {
                // SAFETY: as `forward`.
                unsafe {
                    let a = states.add(t * BATCH * WIDTH + row).cast_const();
                    let b = gates.add(t * BATCH * GATES + column).cast_const();
                    let place = WEIGHT + (column / 64 * WIDTH + row) * 64 + column % 64;
                    let c = self.gradients.ptr().add(place);
                    let sums = load::<10, 2>(c, 64);
                    store(&products::<10, 2, 1, WIDTH>(&[(a, b)], STEPS * BATCH, GATES, sums), c, 64);
                }
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
    unsafe fn embedding_gradient(&mut self) {
        for row in (0..ROWS).step_by(8) {
            // SAFETY: as `forward`.
            unsafe {
                let runs =
                    &[(self.gates.ptr().add(row * GATES).cast_const(), self.weight_transposed.ptr().cast_const())];
                let sums = products::<8, 2, GATES, 1>(runs, 4 * HIDDEN, 32, zeros());
                store(&sums, self.inputs_gradients.ptr().add(row * INPUTS), INPUTS);
            }
        }
        for (row, &symbol) in self.inputs_gradients.chunks_exact(INPUTS).zip(&self.symbols) {
            for (sum, x) in self.gradients[usize::from(symbol) * INPUTS..].iter_mut().zip(row) {
                *sum += x;
            }
        }
    }
}
