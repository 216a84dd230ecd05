//! A long short-term memory over a whole sequence, given the products with the input: one layer in one direction.
//!
//! ```text
//! i, f, g, o = input[t] + h·W_hhᵀ
//! c' = σ(f)·c + σ(i)·tanh(g)
//! h' = σ(o)·tanh(c')
//! ```
//!
//! The result is `[T + 2, N, hidden]`: the output `h'` of every step, then the final `h` and `c`. The derivative goes
//! back step by step, from what the forward pass has kept; the gradient of `W_hh` is one product over all steps. If it is
//! recorded, it is the derivative of the composition of [`LstmCell`](crate::LstmCell)'s operations.
//!
//! A primitive for speed; the measurement is in `lstm.rs`.

use downhill_kernels::{Elements, vectorised};
use downhill_tensor::{Attribute, Float, Op, Tensor, apply, compiled, is_recording};

use super::steps::{
    Steps, activate, product, recorded_gradients, row_major_slice, row_of, row_of_mut, sigmoid, transposed,
    weight_gradient,
};
use crate::lstm_cell::next_state;

/// How much a step keeps for each sequence, in multiples of `hidden`: i, f, g and o, c before the step and tanh c after
/// it.
const KEPT: usize = 6;

struct LstmSequence<F: Float> {
    steps: Steps,
    /// `[T, N, KEPT·hidden]`.
    kept: Option<Elements<F>>,
    /// h before every step, `[T, N, hidden]`; 0 where a sequence does not have the step.
    before: Option<Elements<F>>,
}

impl<F: Float> Op<F, 4> for LstmSequence<F> {
    fn name(&self) -> &'static str {
        "lstm"
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.steps.attributes()
    }

    fn check(&self, [input, weight, h, c]: [&[usize]; 4]) -> Result<(), String> {
        self.steps.check::<F>(4, KEPT, input, weight, &[h, c])
    }

    fn forward(&mut self, [input, weight, h, c]: [&Elements<F>; 4]) -> Elements<F> {
        let &[steps, rows, width] = input.shape() else { unreachable!("checked") };
        let (hidden, size) = (weight.shape()[1], h.len());
        let mut y = self.steps.room(&[steps + 2, rows, hidden]);
        // Without a record there is no derivative to keep anything for.
        let kept_steps = if is_recording() { steps } else { 0 };
        let mut kept = self.steps.room(&[kept_steps, rows, KEPT * hidden]);
        let mut before = self.steps.room(&[kept_steps, rows, hidden]);
        if size > 0 {
            let (input, weight) = (input.row_major(), transposed(weight));
            let input = input.as_slice().expect("row-major");
            let (mut h, mut c) = (h.row_major(), c.row_major());
            let (h, c) = (h.slice_mut(), c.slice_mut());
            let (ys, kepts, befores) = (y.slice_mut(), kept.slice_mut(), before.slice_mut());
            let mut scratch = vec![F::zero(); KEPT * hidden];
            for time in self.steps.order(steps) {
                let recurrent = product([rows, hidden, width], h, &weight, None);
                let recurrent = recurrent.as_slice().expect("row-major");
                let steps = &self.steps;
                vectorised(
                    #[inline(always)]
                    || {
                        for row in (0..rows).filter(|&row| steps.has(row, time)) {
                            let number = time * rows + row;
                            let (h, c) = (row_of_mut(h, row, hidden), row_of_mut(c, row, hidden));
                            let kept = if kept_steps > 0 {
                                row_of_mut(befores, number, hidden).copy_from_slice(h);
                                row_of_mut(kepts, number, KEPT * hidden)
                            } else {
                                &mut scratch
                            };
                            step(row_of(input, number, width), row_of(recurrent, row, width), h, c, kept);
                            row_of_mut(ys, number, hidden).copy_from_slice(h);
                        }
                    },
                );
            }
            ys[steps * size..][..size].copy_from_slice(h);
            ys[(steps + 1) * size..].copy_from_slice(c);
        }
        (self.kept, self.before) = (Some(kept), Some(before));
        y
    }

    fn vjp(&self, wrt: usize, inputs: [&Tensor<F>; 4], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let wanted = std::array::from_fn(|argument| argument == wrt);
        self.vjp_all(wanted, inputs, y, dy)[wrt].take().expect("wanted")
    }

    fn vjp_all(
        &self,
        wanted: [bool; 4],
        inputs: [&Tensor<F>; 4],
        _y: &Tensor<F>,
        dy: &Tensor<F>,
    ) -> [Option<Tensor<F>>; 4] {
        if is_recording() {
            return recorded_gradients(wanted, inputs, dy, |[input, weight, h, c]| {
                self.steps.compose(input, [h, c], |input, [h, c]| {
                    let (h, c) = next_state(&(input + h.linear(weight, None)), Some(c));
                    [h, c]
                })
            });
        }
        let [input, weight, h, _] = inputs;
        let &[steps, rows, width] = input.shape() else { unreachable!("checked") };
        let (hidden, size) = (weight.shape()[1], h.len());
        let [kept, before] = [&self.kept, &self.before].map(|kept| kept.as_ref().expect("kept by the forward pass"));
        let [kept, before] = [kept, before].map(|kept| kept.as_slice().expect("row-major"));
        let (dy, weight) = (row_major_slice(dy), row_major_slice(weight));
        let mut dgates = self.steps.room(input.shape());
        // The gradients with respect to the state after the step, and then before it.
        let mut dh = Tensor::from(&dy[steps * size..][..size]).reshape(&[rows, hidden]);
        let mut dc = Tensor::from(&dy[(steps + 1) * size..]).reshape(&[rows, hidden]);
        let (dhs, dcs, dgs) = (dh.as_mut_slice(), dc.as_mut_slice(), dgates.slice_mut());
        if size > 0 {
            for time in self.steps.order(steps).rev() {
                let dgs = &mut dgs[time * rows * width..][..rows * width];
                let (steps, dy) = (&self.steps, &dy);
                vectorised(
                    #[inline(always)]
                    || {
                        for row in (0..rows).filter(|&row| steps.has(row, time)) {
                            let number = time * rows + row;
                            let (kept, dy) = (row_of(kept, number, KEPT * hidden), row_of(dy, number, hidden));
                            let (dh, dc) = (row_of(dhs, row, hidden), row_of_mut(dcs, row, hidden));
                            step_back(kept, [dy, dh], dc, row_of_mut(dgs, row, width));
                        }
                    },
                );
                let recurrent = product([rows, width, hidden], dgs, &weight, None);
                let recurrent = recurrent.as_slice().expect("row-major");
                for row in (0..rows).filter(|&row| steps.has(row, time)) {
                    row_of_mut(dhs, row, hidden).copy_from_slice(row_of(recurrent, row, hidden));
                }
            }
        }
        let dweight = wanted[1].then(|| weight_gradient([width, hidden], dgs, before));
        let [dinput, dh, dc] = [Tensor::from(dgates), dh, dc].map(Some);
        [dinput, dweight, dh, dc]
    }
}

/// One step of one sequence: updates `h` and `c`, and writes what is kept.
#[inline(always)]
fn step<F: Float>(input: &[F], recurrent: &[F], h: &mut [F], c: &mut [F], kept: &mut [F]) {
    let n = h.len();
    let (gates, states) = kept.split_at_mut(4 * n);
    activate(&mut gates[..2 * n], &input[..2 * n], &recurrent[..2 * n], sigmoid);
    activate(&mut gates[2 * n..3 * n], &input[2 * n..3 * n], &recurrent[2 * n..3 * n], F::tanh);
    activate(&mut gates[3 * n..], &input[3 * n..], &recurrent[3 * n..], sigmoid);
    let (i, f, g, o) = (&gates[..n], &gates[n..2 * n], &gates[2 * n..3 * n], &gates[3 * n..4 * n]);
    let (before, tanh) = states.split_at_mut(n);
    before.copy_from_slice(c);
    let c = &mut c[..n];
    for at in 0..n {
        c[at] = f[at] * c[at] + i[at] * g[at];
    }
    let tanh = &mut tanh[..n];
    for (tanh, &c) in tanh.iter_mut().zip(&*c) {
        *tanh = c.tanh();
    }
    for ((h, &o), &tanh) in h.iter_mut().zip(o).zip(&*tanh) {
        *h = o * tanh;
    }
}

/// The derivative of [`step`]: from the gradients with respect to `h'`, in two parts, and `c'`, writes that with respect
/// to the pre-activations, and replaces `dc` by that with respect to `c`.
#[inline(always)]
fn step_back<F: Float>(kept: &[F], [dy, dh]: [&[F]; 2], dc: &mut [F], dgates: &mut [F]) {
    let n = dc.len();
    let part = |number: usize| &kept[number * n..][..n];
    let (i, f, g, o, before, tanh) = (part(0), part(1), part(2), part(3), part(4), part(5));
    let (dy, dh) = (&dy[..n], &dh[..n]);
    for at in 0..n {
        dc[at] += (dy[at] + dh[at]) * o[at] * (F::one() - tanh[at] * tanh[at]);
    }
    // One result per loop, so that the compiler need not check which of many might overlap.
    let (first, second) = dgates.split_at_mut(2 * n);
    let ((di, df), (dg, d_o)) = (first.split_at_mut(n), second.split_at_mut(n));
    let (di, df, dg, d_o) = (&mut di[..n], &mut df[..n], &mut dg[..n], &mut d_o[..n]);
    for at in 0..n {
        di[at] = dc[at] * g[at] * (i[at] - i[at] * i[at]);
    }
    for at in 0..n {
        df[at] = dc[at] * before[at] * (f[at] - f[at] * f[at]);
    }
    for at in 0..n {
        dg[at] = dc[at] * i[at] * (F::one() - g[at] * g[at]);
    }
    for at in 0..n {
        d_o[at] = (dy[at] + dh[at]) * tanh[at] * (o[at] - o[at] * o[at]);
    }
    for at in 0..n {
        dc[at] *= f[at];
    }
}

/// The outputs and final states, `[T + 2, N, hidden]`.
#[track_caller]
pub(super) fn lstm_sequence<F: Float>(
    input: &Tensor<F>,
    weight: &Tensor<F>,
    [h, c]: [&Tensor<F>; 2],
    steps: Steps,
) -> Tensor<F> {
    apply(LstmSequence { steps, kept: None, before: None }, [input, weight, h, c])
}

compiled!(Op<4> LstmSequence<F>);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};

    use super::super::testing::{CASES, assert_alone, steps_of};
    use super::*;

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-1.0, 1.0);
        for &(lengths, [t, n, hidden]) in CASES {
            for reverse in [false, true] {
                let shapes: [[&[usize]; 4]; 1] =
                    [[&[t, n, 4 * hidden], &[4 * hidden, hidden], &[n, hidden], &[n, hidden]]];
                sweep::inputs("lstm", &shapes, [domain(), domain(), domain(), domain()], |[x, w, h, c]| {
                    lstm_sequence(x, w, [h, c], steps_of(reverse, lengths))
                });
            }
        }
    }

    #[test]
    fn as_the_cell_on_each_sequence_alone() {
        let cell = |x: &Tensor<f64>, w: &Tensor<f64>, [h, c]: &[Tensor<f64>; 2]| {
            let (h, c) = next_state(&(x + h.linear(w, None)), Some(c));
            [h, c]
        };
        assert_alone(4, lstm_sequence, cell);
    }

    /// Saturated gates: the first step stores tanh 1 in c, the second keeps it, and both show it.
    #[test]
    fn values_by_hand() {
        let big = 800.0;
        let input = Tensor::from([[[big, -big, 1.0, big]], [[-big, big, 1.0, big]]]);
        let zeros = Tensor::zeros(&[1, 1]);
        let y = lstm_sequence(&input, &Tensor::zeros(&[4, 1]), [&zeros, &zeros], Steps::default());
        let c = Tensor::from(1.0_f64).tanh().item();
        assert!((c - 1.0_f64.tanh()).abs() < 1e-15);
        let h = Tensor::from(c).tanh().item();
        assert_eq!(y.to_vec(), [h, h, h, c]);
    }
}
