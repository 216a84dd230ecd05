//! A long short-term memory over a whole sequence: one layer in one direction.
//!
//! ```text
//! i, f, g, o = x[t]·W_ihᵀ + h·W_hhᵀ + b
//! c' = σ(f)·c + σ(i)·tanh(g)
//! h' = σ(o)·tanh(c')
//! ```
//!
//! The result is `[T + 2, N, hidden]`: the output `h'` of every step, then the final `h` and `c`. The derivative goes
//! back step by step, from what the forward pass has kept; the gradients of the weights are one product over all steps. If
//! it is recorded, it is the derivative of the composition of [`LstmCell`](crate::LstmCell)'s operations.
//!
//! A primitive for speed; the measurement is in `lstm.rs`.

use downhill_kernels::Elements;
use downhill_tensor::{Attribute, Float, Formula, Op, Tensor, apply, compiled, is_recording};

use super::steps::{Steps, activate, recorded_gradients, sigmoid};
use super::walk::{self, At, Gradients, Kept, Operands};
use crate::lstm_cell::next_state;

/// How much a step keeps for each sequence, in multiples of `hidden`: i, f, g and o, c before the step and tanh c after
/// it.
const KEPT: usize = 6;

struct LstmSequence<F: Float> {
    steps: Steps,
    kept: Option<Kept<F>>,
}

impl<F: Float> Op<F, 6> for LstmSequence<F> {
    fn name(&self) -> &'static str {
        "lstm"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products(
            "i, f, g, o = x·W_ihᵀ + h·W_hhᵀ + b; c' = σ(f)·c + σ(i)·tanh(g); h' = σ(o)·tanh(c')",
            &[
                ("x", "back through time"),
                ("W_ih", "Σ over the steps"),
                ("W_hh", "Σ over the steps"),
                ("b", "Σ over the steps"),
                ("h", "back through time"),
                ("c", "back through time"),
            ],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.steps.attributes()
    }

    fn check(&self, [x, weight_ih, weight_hh, bias, h, c]: [&[usize]; 6]) -> Result<(), String> {
        self.steps.check_with_input::<F>([4, KEPT], x, [weight_ih, weight_hh], bias, &[h, c])
    }

    fn forward(&mut self, [x, weight_ih, weight_hh, bias, h, c]: [&Elements<F>; 6]) -> Elements<F> {
        let operands = Operands { x, weights: [weight_ih, weight_hh], bias };
        // Here and below, closures: a plain function would be called through one that is not inlined.
        let (y, kept) = walk::forward(
            &self.steps,
            KEPT,
            operands,
            [h, c],
            #[inline(always)]
            |_, product, states, kept| step(product, states, kept),
        );
        self.kept = Some(kept);
        y
    }

    fn vjp(&self, wrt: usize, inputs: [&Tensor<F>; 6], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let wanted = std::array::from_fn(|argument| argument == wrt);
        self.vjp_all(wanted, inputs, y, dy)[wrt].take().expect("wanted")
    }

    fn vjp_all(
        &self,
        wanted: [bool; 6],
        inputs: [&Tensor<F>; 6],
        y: &Tensor<F>,
        dy: &Tensor<F>,
    ) -> [Option<Tensor<F>>; 6] {
        if is_recording() {
            return recorded_gradients(wanted, inputs, dy, |[x, weight_ih, weight_hh, bias, h, c]| {
                self.steps.compose(x, [h, c], |x, [h, c]| {
                    let (h, c) = next_state(&(x.linear(weight_ih, Some(bias)) + h.linear(weight_hh, None)), c);
                    [h, c]
                })
            });
        }
        let kept = self.kept.as_ref().expect("kept by the forward pass");
        let Gradients { products: [dgates], x, states } = walk::backward(
            &self.steps,
            kept,
            wanted[0],
            [y, dy],
            #[inline(always)]
            |at, states, products| step_back(at, states, products),
        );
        let weights = if wanted[1] || wanted[2] { kept.weight_gradients(&dgates).map(Some) } else { [None, None] };
        let bias = wanted[3].then(|| Tensor::from(dgates).sum_axis([0, 1]));
        let ([weight_ih, weight_hh], [h, c]) = (weights, states.map(Some));
        [x.map(Tensor::from), weight_ih, weight_hh, bias, h, c]
    }
}

/// One step of one sequence, as [`walk::forward`] does it.
#[inline(always)]
fn step<F: Float>(product: &[F], [h, c]: [&mut [F]; 2], kept: &mut [F]) {
    let n = h.len();
    let (gates, states) = kept.split_at_mut(4 * n);
    activate(&mut gates[..2 * n], &product[..2 * n], sigmoid);
    activate(&mut gates[2 * n..3 * n], &product[2 * n..3 * n], F::tanh);
    activate(&mut gates[3 * n..], &product[3 * n..], sigmoid);
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

/// The derivative of [`step`], as [`walk::backward`] does it. Nothing but the product reads `h`.
#[inline(always)]
fn step_back<F: Float>(at: At<'_, F>, [dh, dc]: [&mut [F]; 2], [dgates]: [&mut [F]; 1]) {
    let n = dc.len();
    let part = |number: usize| &at.kept[number * n..][..n];
    let (i, f, g, o, before, tanh) = (part(0), part(1), part(2), part(3), part(4), part(5));
    let (dh, dy) = (&mut dh[..n], &at.dy[..n]);
    for at in 0..n {
        dh[at] += dy[at];
    }
    for at in 0..n {
        dc[at] += dh[at] * o[at] * (F::one() - tanh[at] * tanh[at]);
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
        d_o[at] = dh[at] * tanh[at] * (o[at] - o[at] * o[at]);
    }
    for at in 0..n {
        dc[at] *= f[at];
    }
    dh.fill(F::zero());
}

/// The outputs and final states, `[T + 2, N, hidden]`.
#[track_caller]
pub(super) fn lstm_sequence<F: Float>(
    x: &Tensor<F>,
    [weight_ih, weight_hh]: [&Tensor<F>; 2],
    bias: &Tensor<F>,
    [h, c]: [&Tensor<F>; 2],
    steps: Steps,
) -> Tensor<F> {
    apply(LstmSequence { steps, kept: None }, [x, weight_ih, weight_hh, bias, h, c])
}

compiled!(Op<6> LstmSequence<F>);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};

    use super::super::testing::{CASES, assert_alone, steps_of};
    use super::*;

    #[test]
    fn derivatives() {
        for &(lengths, [t, n, inputs, hidden]) in CASES {
            for reverse in [false, true] {
                let shapes: [[&[usize]; 6]; 1] = [[
                    &[t, n, inputs],
                    &[4 * hidden, inputs],
                    &[4 * hidden, hidden],
                    &[4 * hidden],
                    &[n, hidden],
                    &[n, hidden],
                ]];
                let domains = [(); 6].map(|()| Domain::between(-1.0, 1.0));
                sweep::inputs("lstm", &shapes, domains, |[x, w, u, b, h, c]| {
                    lstm_sequence(x, [w, u], b, [h, c], steps_of(reverse, lengths))
                });
            }
        }
    }

    #[test]
    fn as_the_cell_on_each_sequence_alone() {
        assert_alone(
            4,
            |x, [w, u], b, states, steps| lstm_sequence(x, [w, u], b, states, steps),
            |x, [w, u], b, [h, c]| {
                let (h, c) = next_state(&(x.linear(w, Some(b)) + h.linear(u, None)), c);
                [h, c]
            },
        );
    }

    /// Saturated gates: the first step stores tanh 1 in c, the second keeps it, and both show it.
    #[test]
    fn values_by_hand() {
        let big = 800.0;
        let input = Tensor::from([[[big, -big, 1.0, big]], [[-big, big, 1.0, big]]]);
        let (zeros, weights) = (Tensor::zeros(&[1, 1]), [&Tensor::eye(4), &Tensor::zeros(&[4, 1])]);
        let y = lstm_sequence(&input, weights, &Tensor::zeros(&[4]), [&zeros, &zeros], Steps::default());
        let c = Tensor::from(1.0_f64).tanh().item();
        assert!((c - 1.0_f64.tanh()).abs() < 1e-15);
        let h = Tensor::from(c).tanh().item();
        assert_eq!(y.to_vec(), [h, h, h, c]);
    }

    /// A sequence without steps passes the gradient on, whatever its input and the weights.
    #[test]
    fn nothing_of_a_step_that_a_sequence_does_not_have() {
        let x = Tensor::from([[[0.5], [f64::NAN]]]);
        for weight in [0.25, f64::INFINITY] {
            let [w, u] = [(); 2].map(|()| Tensor::param(Tensor::full(&[4, 1], weight)));
            let [h, c] = [(); 2].map(|()| Tensor::param([[0.5], [2.0]]));
            let y = lstm_sequence(&x, [&w, &u], &Tensor::zeros(&[4]), [&h, &c], steps_of(false, Some(&[1, 0])));
            let grads = y.sum().backward();
            assert_eq!((grads[&h].to_vec()[1], grads[&c].to_vec()[1]), (1.0, 1.0));
            assert!(grads[&w].to_vec().iter().all(|g| g.is_finite()));
        }
    }
}
