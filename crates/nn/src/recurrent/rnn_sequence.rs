//! An Elman network over a whole sequence, given the products with the input: one layer in one direction.
//! `h' = f(input[t] + h·W_hhᵀ)`, where `f` is `tanh` or `relu`.
//!
//! The result is `[T + 1, N, hidden]`: the output `h'` of every step, then the final `h`. The derivative goes back step
//! by step; the gradient of `W_hh` is one product over all steps. If it is recorded, it is the derivative of the
//! composition of [`RnnCell`](crate::RnnCell)'s operations.
//!
//! A primitive for speed; the measurement is in `lstm.rs`.

use downhill_kernels::{Elements, vectorised};
use downhill_tensor::{Attribute, Float, Op, Tensor, apply, compiled, is_recording};

use super::steps::{
    Steps, activate, product, recorded_gradients, row_major_slice, row_of, row_of_mut, transposed, weight_gradient,
};
use crate::rnn_cell::RnnNonlinearity;

struct RnnSequence<F: Float> {
    steps: Steps,
    nonlinearity: RnnNonlinearity,
    /// h before every step, `[T, N, hidden]`; 0 where a sequence does not have the step.
    before: Option<Elements<F>>,
}

impl<F: Float> Op<F, 3> for RnnSequence<F> {
    fn name(&self) -> &'static str {
        "rnn"
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let relu = self.nonlinearity == RnnNonlinearity::Relu;
        [("relu", relu.into())].into_iter().chain(self.steps.attributes()).collect()
    }

    fn check(&self, [input, weight, h]: [&[usize]; 3]) -> Result<(), String> {
        self.steps.check::<F>(1, 1, input, weight, &[h])
    }

    fn forward(&mut self, [input, weight, h]: [&Elements<F>; 3]) -> Elements<F> {
        let &[steps, rows, hidden] = input.shape() else { unreachable!("checked") };
        let size = rows * hidden;
        let mut y = self.steps.room(&[steps + 1, rows, hidden]);
        // Without a record there is no derivative to keep anything for.
        let kept_steps = if is_recording() { steps } else { 0 };
        let mut before = self.steps.room(&[kept_steps, rows, hidden]);
        if size > 0 {
            let (input, weight) = (input.row_major(), transposed(weight));
            let input = input.as_slice().expect("row-major");
            let mut h = h.row_major();
            let h = h.slice_mut();
            let (ys, befores) = (y.slice_mut(), before.slice_mut());
            for time in self.steps.order(steps) {
                let recurrent = product([rows, hidden, hidden], h, &weight, None);
                let recurrent = recurrent.as_slice().expect("row-major");
                let (steps, nonlinearity) = (&self.steps, self.nonlinearity);
                vectorised(
                    #[inline(always)]
                    || {
                        for row in (0..rows).filter(|&row| steps.has(row, time)) {
                            let number = time * rows + row;
                            let h = row_of_mut(h, row, hidden);
                            if kept_steps > 0 {
                                row_of_mut(befores, number, hidden).copy_from_slice(h);
                            }
                            let (input, recurrent) = (row_of(input, number, hidden), row_of(recurrent, row, hidden));
                            match nonlinearity {
                                RnnNonlinearity::Tanh => activate(h, input, recurrent, F::tanh),
                                // Written so that NaN passes through.
                                RnnNonlinearity::Relu => {
                                    activate(h, input, recurrent, |x| if x <= F::zero() { F::zero() } else { x });
                                }
                            }
                            row_of_mut(ys, number, hidden).copy_from_slice(h);
                        }
                    },
                );
            }
            ys[steps * size..].copy_from_slice(h);
        }
        self.before = Some(before);
        y
    }

    fn vjp(&self, wrt: usize, inputs: [&Tensor<F>; 3], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let wanted = std::array::from_fn(|argument| argument == wrt);
        self.vjp_all(wanted, inputs, y, dy)[wrt].take().expect("wanted")
    }

    fn vjp_all(
        &self,
        wanted: [bool; 3],
        inputs: [&Tensor<F>; 3],
        y: &Tensor<F>,
        dy: &Tensor<F>,
    ) -> [Option<Tensor<F>>; 3] {
        if is_recording() {
            return recorded_gradients(wanted, inputs, dy, |[input, weight, h]| {
                let next = |input: &Tensor<F>, [h]: &[Tensor<F>; 1]| {
                    [self.nonlinearity.apply(&(input + h.linear(weight, None)))]
                };
                self.steps.compose(input, [h], next)
            });
        }
        let [input, weight, _] = inputs;
        let &[steps, rows, hidden] = input.shape() else { unreachable!("checked") };
        let size = rows * hidden;
        let before = self.before.as_ref().expect("kept by the forward pass").as_slice().expect("row-major");
        let (y, dy, weight) = (row_major_slice(y), row_major_slice(dy), row_major_slice(weight));
        let mut dinput = self.steps.room(input.shape());
        // The gradient with respect to the state after the step, and then before it.
        let mut dh = Tensor::from(&dy[steps * size..]).reshape(&[rows, hidden]);
        let (dhs, dis) = (dh.as_mut_slice(), dinput.slice_mut());
        if size > 0 {
            for time in self.steps.order(steps).rev() {
                let dis = &mut dis[time * size..][..size];
                let (steps, nonlinearity, y, dy) = (&self.steps, self.nonlinearity, &y, &dy);
                vectorised(
                    #[inline(always)]
                    || {
                        for row in (0..rows).filter(|&row| steps.has(row, time)) {
                            let number = time * rows + row;
                            let [y, dy] = [y, dy].map(|x| row_of(x, number, hidden));
                            let gradients = [dy, row_of(dhs, row, hidden)];
                            step_back(nonlinearity, y, gradients, row_of_mut(dis, row, hidden));
                        }
                    },
                );
                let recurrent = product([rows, hidden, hidden], dis, &weight, None);
                let recurrent = recurrent.as_slice().expect("row-major");
                for row in (0..rows).filter(|&row| steps.has(row, time)) {
                    row_of_mut(dhs, row, hidden).copy_from_slice(row_of(recurrent, row, hidden));
                }
            }
        }
        let dweight = wanted[1].then(|| weight_gradient([hidden, hidden], dis, before));
        [Some(Tensor::from(dinput)), dweight, Some(dh)]
    }
}

/// From the gradients with respect to the state `h` after a step, in two parts, that with respect to the argument of
/// the nonlinearity.
#[inline(always)]
fn step_back<F: Float>(nonlinearity: RnnNonlinearity, h: &[F], [dy, dh]: [&[F]; 2], dinput: &mut [F]) {
    let n = dinput.len();
    let (h, dy, dh) = (&h[..n], &dy[..n], &dh[..n]);
    match nonlinearity {
        RnnNonlinearity::Tanh => {
            for at in 0..n {
                dinput[at] = (dy[at] + dh[at]) * (F::one() - h[at] * h[at]);
            }
        }
        // A selection: 0 even if the gradient is infinite.
        RnnNonlinearity::Relu => {
            for at in 0..n {
                dinput[at] = if h[at] > F::zero() { dy[at] + dh[at] } else { F::zero() };
            }
        }
    }
}

/// The outputs and the final state, `[T + 1, N, hidden]`.
#[track_caller]
pub(super) fn rnn_sequence<F: Float>(
    nonlinearity: RnnNonlinearity,
    input: &Tensor<F>,
    weight: &Tensor<F>,
    h: &Tensor<F>,
    steps: Steps,
) -> Tensor<F> {
    apply(RnnSequence { steps, nonlinearity, before: None }, [input, weight, h])
}

compiled!(Op<3> RnnSequence<F>);

#[cfg(test)]
mod tests {
    use downhill_tensor::sweep::{self, Domain};

    use super::super::testing::{CASES, assert_alone, steps_of};
    use super::*;

    #[test]
    fn derivatives() {
        for &(lengths, [t, n, hidden]) in CASES {
            for reverse in [false, true] {
                for (nonlinearity, low) in [(RnnNonlinearity::Tanh, -1.0), (RnnNonlinearity::Relu, 0.1)] {
                    // Positive arguments stay on one side of the kink.
                    let domain = || Domain::between(low, 1.0);
                    let shapes: [[&[usize]; 3]; 1] = [[&[t, n, hidden], &[hidden, hidden], &[n, hidden]]];
                    sweep::inputs("rnn", &shapes, [domain(), domain(), domain()], |[x, w, h]| {
                        rnn_sequence(nonlinearity, x, w, h, steps_of(reverse, lengths))
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
                |x, w, [h], steps| rnn_sequence(nonlinearity, x, w, h, steps),
                |x, w, [h]| [nonlinearity.apply(&(x + h.linear(w, None)))],
            );
        }
    }

    /// max(x + 2·h, 0) with a kink at the second step, where the derivative is 0, and NaN at the third.
    #[test]
    fn values_by_hand() {
        let input = Tensor::param([[[0.5]], [[-2.0]], [[f64::NAN]]]);
        let (weight, h) = (Tensor::param([[2.0]]), Tensor::param([[0.25]]));
        let sequence = |input: &Tensor<f64>| rnn_sequence(RnnNonlinearity::Relu, input, &weight, &h, Steps::default());
        let y = sequence(&input.narrow(0, 0, 2));
        assert_eq!(y.to_vec(), [1.0, 0.0, 0.0]);
        let grads = y.sum().backward();
        assert_eq!(grads[&input].to_vec(), [1.0, 0.0, 0.0]);
        assert_eq!((grads[&weight].item(), grads[&h].item()), (0.25, 2.0));
        assert!(sequence(&input).to_vec()[2].is_nan());
    }
}
