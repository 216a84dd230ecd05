//! A gated recurrent unit over a whole sequence, given the products with the input: one layer in one direction.
//!
//! ```text
//! p = h·W_hhᵀ + b_hh
//! r = σ(input[t]_r + p_r)
//! z = σ(input[t]_z + p_z)
//! n = tanh(input[t]_n + r·p_n)
//! h' = (1 - z)·n + z·h
//! ```
//!
//! The result is `[T + 1, N, hidden]`: the output `h'` of every step, then the final `h`. The derivative goes back step
//! by step, from what the forward pass has kept; the gradient of `W_hh` is one product over all steps. If it is
//! recorded, it is the derivative of the composition of [`GruCell`](crate::GruCell)'s operations.
//!
//! A primitive for speed; the measurement is in `lstm.rs`.

use downhill_kernels::{Elements, vectorised};
use downhill_tensor::{Attribute, Float, Op, Tensor, apply, compiled, is_recording};

use super::steps::{
    Steps, activate, product, recorded_gradients, row_major_slice, row_of, row_of_mut, sigmoid, transposed,
    weight_gradient,
};
use crate::gru_cell::next_state;

/// How much a step keeps for each sequence, in multiples of `hidden`: r, z, n and `p_n`.
const KEPT: usize = 4;

struct GruSequence<F: Float> {
    steps: Steps,
    /// `[T, N, KEPT·hidden]`.
    kept: Option<Elements<F>>,
    /// h before every step, `[T, N, hidden]`; 0 where a sequence does not have the step.
    before: Option<Elements<F>>,
}

impl<F: Float> Op<F, 4> for GruSequence<F> {
    fn name(&self) -> &'static str {
        "gru"
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.steps.attributes()
    }

    fn check(&self, [input, weight, bias, h]: [&[usize]; 4]) -> Result<(), String> {
        self.steps.check::<F>(3, KEPT, input, weight, &[h])?;
        match bias {
            [size] if *size == weight[0] => Ok(()),
            _ => Err(format!("the bias must have the shape {:?}", [weight[0]])),
        }
    }

    fn forward(&mut self, [input, weight, bias, h]: [&Elements<F>; 4]) -> Elements<F> {
        let &[steps, rows, width] = input.shape() else { unreachable!("checked") };
        let (hidden, size) = (weight.shape()[1], h.len());
        let mut y = self.steps.room(&[steps + 1, rows, hidden]);
        // Without a record there is no derivative to keep anything for.
        let kept_steps = if is_recording() { steps } else { 0 };
        let mut kept = self.steps.room(&[kept_steps, rows, KEPT * hidden]);
        let mut before = self.steps.room(&[kept_steps, rows, hidden]);
        if size > 0 {
            let (input, bias, weight) = (input.row_major(), bias.row_major(), transposed(weight));
            let [input, bias] = [&input, &bias].map(|x| x.as_slice().expect("row-major"));
            let mut h = h.row_major();
            let h = h.slice_mut();
            let (ys, kepts, befores) = (y.slice_mut(), kept.slice_mut(), before.slice_mut());
            let mut scratch = vec![F::zero(); KEPT * hidden];
            for time in self.steps.order(steps) {
                let recurrent = product([rows, hidden, width], h, &weight, Some(bias));
                let recurrent = recurrent.as_slice().expect("row-major");
                let steps = &self.steps;
                vectorised(
                    #[inline(always)]
                    || {
                        for row in (0..rows).filter(|&row| steps.has(row, time)) {
                            let number = time * rows + row;
                            let h = row_of_mut(h, row, hidden);
                            let kept = if kept_steps > 0 {
                                row_of_mut(befores, number, hidden).copy_from_slice(h);
                                row_of_mut(kepts, number, KEPT * hidden)
                            } else {
                                &mut scratch
                            };
                            step(row_of(input, number, width), row_of(recurrent, row, width), h, kept);
                            row_of_mut(ys, number, hidden).copy_from_slice(h);
                        }
                    },
                );
            }
            ys[steps * size..].copy_from_slice(h);
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
            return recorded_gradients(wanted, inputs, dy, |[input, weight, bias, h]| {
                self.steps.compose(input, [h], |input, [h]| [next_state(input, &h.linear(weight, Some(bias)), h)])
            });
        }
        let [input, weight, _, h] = inputs;
        let &[steps, rows, width] = input.shape() else { unreachable!("checked") };
        let (hidden, size) = (weight.shape()[1], h.len());
        let [kept, before] = [&self.kept, &self.before].map(|kept| kept.as_ref().expect("kept by the forward pass"));
        let [kept, before] = [kept, before].map(|kept| kept.as_slice().expect("row-major"));
        let (dy, weight) = (row_major_slice(dy), row_major_slice(weight));
        // With respect to the products with the input, and to those with the state.
        let (mut dinput, mut dproduct) = (self.steps.room(input.shape()), self.steps.room(input.shape()));
        // The gradient with respect to the state after the step, and then before it.
        let mut dh = Tensor::from(&dy[steps * size..]).reshape(&[rows, hidden]);
        let (dhs, dis, dps) = (dh.as_mut_slice(), dinput.slice_mut(), dproduct.slice_mut());
        if size > 0 {
            for time in self.steps.order(steps).rev() {
                let dps = &mut dps[time * rows * width..][..rows * width];
                let (steps, dy) = (&self.steps, &dy);
                vectorised(
                    #[inline(always)]
                    || {
                        for row in (0..rows).filter(|&row| steps.has(row, time)) {
                            let number = time * rows + row;
                            let kept = [row_of(kept, number, KEPT * hidden), row_of(before, number, hidden)];
                            let (dy, dh) = (row_of(dy, number, hidden), row_of_mut(dhs, row, hidden));
                            let [di, dp] = [row_of_mut(dis, number, width), row_of_mut(dps, row, width)];
                            step_back(kept, dy, dh, di, dp);
                        }
                    },
                );
                let recurrent = product([rows, width, hidden], dps, &weight, None);
                let recurrent = recurrent.as_slice().expect("row-major");
                for row in (0..rows).filter(|&row| steps.has(row, time)) {
                    let dh = row_of_mut(dhs, row, hidden);
                    dh.iter_mut().zip(row_of(recurrent, row, hidden)).for_each(|(dh, &more)| *dh += more);
                }
            }
        }
        let dweight = wanted[1].then(|| weight_gradient([width, hidden], dps, before));
        let dbias = wanted[2].then(|| Tensor::from(dproduct).sum_axis([0, 1]));
        [Some(Tensor::from(dinput)), dweight, dbias, Some(dh)]
    }
}

/// One step of one sequence: updates `h`, and writes what is kept.
#[inline(always)]
fn step<F: Float>(input: &[F], recurrent: &[F], h: &mut [F], kept: &mut [F]) {
    let n = h.len();
    let (gates, rest) = kept.split_at_mut(2 * n);
    let (new, product) = rest.split_at_mut(n);
    activate(gates, &input[..2 * n], &recurrent[..2 * n], sigmoid);
    let (r, z) = (&gates[..n], &gates[n..2 * n]);
    product.copy_from_slice(&recurrent[2 * n..3 * n]);
    for (((new, &r), &input), &product) in new.iter_mut().zip(r).zip(&input[2 * n..3 * n]).zip(&*product) {
        *new = (input + r * product).tanh();
    }
    // (1 - z)·n + z·h, with one product.
    for ((h, &z), &new) in h.iter_mut().zip(z).zip(&*new) {
        *h = z * (*h - new) + new;
    }
}

/// The derivative of [`step`]: adds `dy` to `dh`, the gradient with respect to `h'`, writes those with respect to the
/// products with the input and with the state, and replaces `dh` by the part of that with respect to `h` that does not
/// go through the product.
#[inline(always)]
fn step_back<F: Float>([kept, before]: [&[F]; 2], dy: &[F], dh: &mut [F], dinput: &mut [F], dproduct: &mut [F]) {
    let n = dh.len();
    let part = |number: usize| &kept[number * n..][..n];
    let (r, z, new, product) = (part(0), part(1), part(2), part(3));
    let (before, dy) = (&before[..n], &dy[..n]);
    for at in 0..n {
        dh[at] += dy[at];
    }
    // One result per loop, so that the compiler need not check which of many might overlap.
    let (gates, dnew) = dinput.split_at_mut(2 * n);
    let (dr, dz) = gates.split_at_mut(n);
    let (dr, dz, dnew) = (&mut dr[..n], &mut dz[..n], &mut dnew[..n]);
    for at in 0..n {
        dz[at] = dh[at] * (before[at] - new[at]) * (z[at] - z[at] * z[at]);
    }
    for at in 0..n {
        dnew[at] = (dh[at] - dh[at] * z[at]) * (F::one() - new[at] * new[at]);
    }
    for at in 0..n {
        dr[at] = dnew[at] * product[at] * (r[at] - r[at] * r[at]);
    }
    dproduct[..2 * n].copy_from_slice(gates);
    for ((dproduct, &dnew), &r) in dproduct[2 * n..].iter_mut().zip(&*dnew).zip(r) {
        *dproduct = dnew * r;
    }
    for at in 0..n {
        dh[at] *= z[at];
    }
}

/// The outputs and the final state, `[T + 1, N, hidden]`.
#[track_caller]
pub(super) fn gru_sequence<F: Float>(
    input: &Tensor<F>,
    weight: &Tensor<F>,
    bias: &Tensor<F>,
    h: &Tensor<F>,
    steps: Steps,
) -> Tensor<F> {
    apply(GruSequence { steps, kept: None, before: None }, [input, weight, bias, h])
}

compiled!(Op<4> GruSequence<F>);

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
                    [[&[t, n, 3 * hidden], &[3 * hidden, hidden], &[3 * hidden], &[n, hidden]]];
                sweep::inputs("gru", &shapes, [domain(), domain(), domain(), domain()], |[x, w, b, h]| {
                    gru_sequence(x, w, b, h, steps_of(reverse, lengths))
                });
            }
        }
    }

    #[test]
    fn as_the_cell_on_each_sequence_alone() {
        let bias = |w: &Tensor<f64>| w.sum_axis(1) * 0.5;
        assert_alone(
            3,
            |x, w, [h], steps| gru_sequence(x, w, &bias(w), h, steps),
            |x, w, [h]| [next_state(x, &h.linear(w, Some(&bias(w))), h)],
        );
    }

    /// z = 1/2 and r = 1/2: h' is the mean of h and tanh of half the bias.
    #[test]
    fn values_by_hand() {
        let zeros = |shape: &[usize]| Tensor::<f64>::zeros(shape);
        let bias = Tensor::from([0.0, 0.0, 2.0]);
        let y = gru_sequence(&zeros(&[2, 1, 3]), &zeros(&[3, 1]), &bias, &zeros(&[1, 1]), Steps::default());
        let n = 1.0_f64.tanh();
        for (y, expected) in y.to_vec().into_iter().zip([n / 2.0, 0.75 * n, 0.75 * n]) {
            assert!((y - expected).abs() < 1e-15, "{y}");
        }
    }
}
