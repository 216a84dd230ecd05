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

use downhill_kernels::Elements;
use downhill_tensor::{Attribute, Float, Formula, Op, Tensor, apply, compiled, is_recording};
use ndarray::IxDyn;

use super::steps::{Steps, recorded_gradients, sigmoid};
use super::walk::{self, At, Gradients, Kept, Operands, row_of};
use crate::gru_cell::next_state;

/// How much a step keeps for each sequence, in multiples of `hidden`: r, z, n and `p_n`.
const KEPT: usize = 4;

struct GruSequence<F: Float> {
    steps: Steps,
    kept: Option<Kept<F>>,
}

impl<F: Float> Op<F, 4> for GruSequence<F> {
    fn name(&self) -> &'static str {
        "gru"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products(
            "r, z, n of x + h·W_hhᵀ + b; h' = (1 - z)·n + z·h",
            &[
                ("x", "back through time"),
                ("W_hh", "Σ over the steps"),
                ("b", "Σ over the steps"),
                ("h", "back through time"),
            ],
        ))
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
        // The product with the state stays by itself, because r scales a part of it.
        let &[steps, rows, width] = input.shape() else { unreachable!("checked") };
        let nothing = [[steps, rows, 0].as_slice(), &[width, 0]].map(|shape| Elements::unset(IxDyn(shape)));
        let operands = Operands { x: &nothing[0], weights: [&nothing[1], weight], bias };
        let input = input.row_major();
        let input = input.as_slice().expect("row-major");
        // Here and below, closures: a plain function would be called through one that is not inlined.
        let (y, kept) = walk::forward(
            &self.steps,
            KEPT,
            operands,
            [h],
            #[inline(always)]
            |number, product, states, kept| step([row_of(input, number, width), product], states, kept),
        );
        self.kept = Some(kept);
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
        y: &Tensor<F>,
        dy: &Tensor<F>,
    ) -> [Option<Tensor<F>>; 4] {
        if is_recording() {
            return recorded_gradients(wanted, inputs, dy, |[input, weight, bias, h]| {
                self.steps.compose(input, [h], |input, [h]| [next_state(input, &h.linear(weight, Some(bias)), h)])
            });
        }
        let kept = self.kept.as_ref().expect("kept by the forward pass");
        let Gradients { products: [dinput, dproduct], states: [dh], .. } = walk::backward(
            &self.steps,
            kept,
            false,
            [y, dy],
            #[inline(always)]
            |at, states, products| step_back(at, states, products),
        );
        let dweight = wanted[1].then(|| {
            let [_, dweight] = kept.weight_gradients(&dproduct);
            dweight
        });
        let dbias = wanted[2].then(|| Tensor::from(dproduct).sum_axis([0, 1]));
        [Some(Tensor::from(dinput)), dweight, dbias, Some(dh)]
    }
}

/// One step of one sequence, as [`walk::forward`] does it.
#[inline(always)]
fn step<F: Float>([input, product]: [&[F]; 2], [h]: [&mut [F]; 1], kept: &mut [F]) {
    let n = h.len();
    let (gates, rest) = kept.split_at_mut(2 * n);
    let (new, kept_product) = rest.split_at_mut(n);
    for ((gate, &input), &product) in gates.iter_mut().zip(&input[..2 * n]).zip(&product[..2 * n]) {
        *gate = sigmoid(input + product);
    }
    let (r, z) = (&gates[..n], &gates[n..2 * n]);
    kept_product.copy_from_slice(&product[2 * n..3 * n]);
    for (((new, &r), &input), &product) in new.iter_mut().zip(r).zip(&input[2 * n..3 * n]).zip(&*kept_product) {
        *new = (input + r * product).tanh();
    }
    // (1 - z)·n + z·h, with one product.
    for ((h, &z), &new) in h.iter_mut().zip(z).zip(&*new) {
        *h = z * (*h - new) + new;
    }
}

/// The derivative of [`step`], as [`walk::backward`] does it.
#[inline(always)]
fn step_back<F: Float>(at: At<'_, F>, [dh]: [&mut [F]; 1], [dinput, dproduct]: [&mut [F]; 2]) {
    let n = dh.len();
    let part = |number: usize| &at.kept[number * n..][..n];
    let (r, z, new, product) = (part(0), part(1), part(2), part(3));
    let (before, dy) = (&at.before[..n], &at.dy[..n]);
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
    apply(GruSequence { steps, kept: None }, [input, weight, bias, h])
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
        for &(lengths, [t, n, _, hidden]) in CASES {
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
        assert_alone(
            3,
            |x, [w, u], b, [h], steps| gru_sequence(&x.linear(w, None), u, b, h, steps),
            |x, [w, u], b, [h]| [next_state(&x.linear(w, None), &h.linear(u, Some(b)), h)],
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
