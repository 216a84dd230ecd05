//! An Elman network over a whole sequence: one layer in one direction. `h' = f(x[t]·W_ihᵀ + h·W_hhᵀ + b)`, where `f` is `tanh` or `relu`.
//!
//! The result is `[T + 1, N, hidden]`: the output `h'` of every step, then the final `h`. The derivative goes back step
//! by step; the gradients of the weights are one product over all steps. If it is recorded, it is the derivative of the
//! composition of [`RnnCell`](crate::RnnCell)'s operations.
//!
//! A primitive for speed; the measurement is in `lstm.rs`.

use downhill_kernels::Elements;
use downhill_tensor::{Attribute, Float, Formula, Op, Tensor, apply, compiled, is_recording};

use super::steps::{Steps, activate, recorded_gradients};
use super::walk::{self, At, Gradients, Kept, Operands};
use crate::rnn_cell::RnnNonlinearity;

struct RnnSequence<F: Float> {
    steps: Steps,
    nonlinearity: RnnNonlinearity,
    kept: Option<Kept<F>>,
}

impl<F: Float> Op<F, 5> for RnnSequence<F> {
    fn name(&self) -> &'static str {
        "rnn"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products(
            "h' = f(x·W_ihᵀ + h·W_hhᵀ + b)",
            &[
                ("x", "back through time"),
                ("W_ih", "Σ over the steps"),
                ("W_hh", "Σ over the steps"),
                ("b", "Σ over the steps"),
                ("h", "back through time"),
            ],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let relu = self.nonlinearity == RnnNonlinearity::Relu;
        [("relu", relu.into())].into_iter().chain(self.steps.attributes()).collect()
    }

    fn check(&self, [x, weight_ih, weight_hh, bias, h]: [&[usize]; 5]) -> Result<(), String> {
        self.steps.check_with_input::<F>([1, 1], x, [weight_ih, weight_hh], bias, &[h])
    }

    fn forward(&mut self, [x, weight_ih, weight_hh, bias, h]: [&Elements<F>; 5]) -> Elements<F> {
        let operands = Operands { x, weights: [weight_ih, weight_hh], bias };
        let nonlinearity = self.nonlinearity;
        // Nothing but the states is kept.
        let (y, kept) = walk::forward(
            &self.steps,
            0,
            operands,
            [h],
            #[inline(always)]
            |_, product, [h], _| match nonlinearity {
                RnnNonlinearity::Tanh => activate(h, product, F::tanh),
                // Written so that NaN passes through.
                RnnNonlinearity::Relu => activate(h, product, |x| if x <= F::zero() { F::zero() } else { x }),
            },
        );
        self.kept = Some(kept);
        y
    }

    fn vjp(&self, wrt: usize, inputs: [&Tensor<F>; 5], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let wanted = std::array::from_fn(|argument| argument == wrt);
        self.vjp_all(wanted, inputs, y, dy)[wrt].take().expect("wanted")
    }

    fn vjp_all(
        &self,
        wanted: [bool; 5],
        inputs: [&Tensor<F>; 5],
        y: &Tensor<F>,
        dy: &Tensor<F>,
    ) -> [Option<Tensor<F>>; 5] {
        if is_recording() {
            return recorded_gradients(wanted, inputs, dy, |[x, weight_ih, weight_hh, bias, h]| {
                let next = |x: &Tensor<F>, [h]: &[Tensor<F>; 1]| {
                    [self.nonlinearity.apply(&(x.linear(weight_ih, Some(bias)) + h.linear(weight_hh, None)))]
                };
                self.steps.compose(x, [h], next)
            });
        }
        let kept = self.kept.as_ref().expect("kept by the forward pass");
        let nonlinearity = self.nonlinearity;
        let Gradients { products: [dproduct], x, states: [h] } = walk::backward(
            &self.steps,
            kept,
            wanted[0],
            [y, dy],
            #[inline(always)]
            |at, [dh], [dproduct]| step_back(nonlinearity, at, dh, dproduct),
        );
        let weights = if wanted[1] || wanted[2] { kept.weight_gradients(&dproduct).map(Some) } else { [None, None] };
        let bias = wanted[3].then(|| Tensor::from(dproduct).sum_axis([0, 1]));
        let [weight_ih, weight_hh] = weights;
        [x.map(Tensor::from), weight_ih, weight_hh, bias, Some(h)]
    }
}

/// The derivative of one step of one sequence, as [`walk::backward`] does it. Nothing but the product reads `h`.
#[inline(always)]
fn step_back<F: Float>(nonlinearity: RnnNonlinearity, at: At<'_, F>, dh: &mut [F], dproduct: &mut [F]) {
    let n = dh.len();
    let (h, dy, dproduct) = (&at.after[..n], &at.dy[..n], &mut dproduct[..n]);
    match nonlinearity {
        RnnNonlinearity::Tanh => {
            for at in 0..n {
                dproduct[at] = (dy[at] + dh[at]) * (F::one() - h[at] * h[at]);
            }
        }
        // A selection: 0 even if the gradient is infinite.
        RnnNonlinearity::Relu => {
            for at in 0..n {
                dproduct[at] = if h[at] > F::zero() { dy[at] + dh[at] } else { F::zero() };
            }
        }
    }
    dh.fill(F::zero());
}

/// The outputs and the final state, `[T + 1, N, hidden]`.
#[track_caller]
pub(super) fn rnn_sequence<F: Float>(
    nonlinearity: RnnNonlinearity,
    x: &Tensor<F>,
    [weight_ih, weight_hh]: [&Tensor<F>; 2],
    bias: &Tensor<F>,
    h: &Tensor<F>,
    steps: Steps,
) -> Tensor<F> {
    apply(RnnSequence { steps, nonlinearity, kept: None }, [x, weight_ih, weight_hh, bias, h])
}

compiled!(Op<5> RnnSequence<F>);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};

    use super::super::testing::{CASES, assert_alone, steps_of};
    use super::*;

    #[test]
    fn derivatives() {
        for &(lengths, [t, n, inputs, hidden]) in CASES {
            for reverse in [false, true] {
                for (nonlinearity, low) in [(RnnNonlinearity::Tanh, -1.0), (RnnNonlinearity::Relu, 0.1)] {
                    let shapes: [[&[usize]; 5]; 1] =
                        [[&[t, n, inputs], &[hidden, inputs], &[hidden, hidden], &[hidden], &[n, hidden]]];
                    // Positive arguments stay on one side of the kink.
                    let domains = [(); 5].map(|()| Domain::between(low, 1.0));
                    sweep::inputs("rnn", &shapes, domains, |[x, w, u, b, h]| {
                        rnn_sequence(nonlinearity, x, [w, u], b, h, steps_of(reverse, lengths))
                    });
                }
            }
        }
    }

    #[test]
    fn as_the_cell_on_each_sequence_alone() {
        for nonlinearity in [RnnNonlinearity::Tanh, RnnNonlinearity::Relu] {
            assert_alone(
                1,
                |x, [w, u], b, [h], steps| rnn_sequence(nonlinearity, x, [w, u], b, h, steps),
                |x, [w, u], b, [h]| [nonlinearity.apply(&(x.linear(w, Some(b)) + h.linear(u, None)))],
            );
        }
    }

    /// max(x + 2·h, 0) with a kink at the second step, where the derivative is 0, and NaN at the third.
    #[test]
    fn values_by_hand() {
        let input = Tensor::param([[[0.5]], [[-2.0]], [[f64::NAN]]]);
        let (weight, h) = (Tensor::param([[2.0]]), Tensor::param([[0.25]]));
        let (one, zero) = (Tensor::eye(1), Tensor::zeros(&[1]));
        let sequence = |input: &Tensor<f64>| {
            rnn_sequence(RnnNonlinearity::Relu, input, [&one, &weight], &zero, &h, Steps::default())
        };
        let y = sequence(&input.narrow(0, 0, 2));
        assert_eq!(y.to_vec(), [1.0, 0.0, 0.0]);
        let grads = y.sum().backward();
        assert_eq!(grads[&input].to_vec(), [1.0, 0.0, 0.0]);
        assert_eq!((grads[&weight].item(), grads[&h].item()), (0.25, 2.0));
        assert!(sequence(&input).to_vec()[2].is_nan());
    }
}
