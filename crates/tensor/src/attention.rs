//! Scaled dot-product attention of several heads: `y = softmax(q·kᵀ·scale + bias)·v`; a row of scores that are all -inf
//! has weights 0. With the weights `p` and `d = dy·vᵀ`, the derivatives are `s·k` and `sᵀ·q`, where
//! `s = scale·p·(d - Σ d·p)`, and `pᵀ·dy`.
//!
//! A primitive for speed, and for memory that is linear in the number of positions: composed, the products of the
//! heads, which are small, are allocated and copied one by one, and there are four arrays of all scores.
//!
//! Vaswani et al., "Attention is all you need", arXiv 1706.03762.

mod composed;
mod packed;

use ndarray::IxDyn;

use crate::kernels::attention::{self as kernel, Arguments, Layout};
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, is_recording, shape};

/// The options of attention with several heads, which `nn`'s functions and layers set.
///
/// ```
/// use downhill_tensor::{Attention, Tensor};
/// // One sample, one head: the query is like the second key.
/// let (q, k) = (Tensor::from([[[0.0, 1e3]]]), Tensor::from([[[1.0, 0.0], [0.0, 1.0]]]));
/// let v = Tensor::from([[[10.0], [20.0]]]);
/// assert_eq!(Attention::new(1).of(&q, &k, &v), Tensor::from([[[20.0]]]));
/// ```
#[derive(Clone, Debug)]
pub struct Attention<F: Float = f32> {
    /// The number of heads; each takes an equal part of the last axes.
    pub heads: usize,
    /// The factor of the scores; if `None`, `1/√E` for heads of size `E`.
    pub scale: Option<f64>,
    /// Whether query `i` sees no key after `i`.
    pub causal: bool,
    /// What is added to the scores: broadcasts to `[N, heads, L, S]`; -inf hides a key.
    pub bias: Option<Tensor<F>>,
    /// The factors of the weights, `[N, heads, L, S]`, a constant: the mask of a dropout.
    pub kept: Option<Tensor<F>>,
}

impl<F: Float> Attention<F> {
    /// Without mask, with the usual scale.
    pub fn new(heads: usize) -> Self {
        Attention { heads, scale: None, causal: false, bias: None, kept: None }
    }

    /// The result `[N, L, heads·V]` for queries `[N, L, heads·E]`, keys `[N, S, heads·E]` and values `[N, S, heads·V]`.
    ///
    /// # Panics
    /// On a shape mismatch.
    #[track_caller]
    pub fn of(&self, q: &Tensor<F>, k: &Tensor<F>, v: &Tensor<F>) -> Tensor<F> {
        // The kernel has no gradient for the bias, so that with one, everything is composed.
        if self.bias.as_ref().is_some_and(Tensor::requires_grad) {
            self.assert_fits([q, k, v]);
            return composed::attention(self, [q, k, v]);
        }
        apply(Attend(self.ready(k.shape().get(1))), [q, k, v])
    }

    /// [`of`](Self::of) for queries, keys and values of the same positions, one after the other along the last axis:
    /// `[N, L, 3·heads·E]` to `[N, L, heads·E]`.
    ///
    /// # Panics
    /// On a shape mismatch.
    #[track_caller]
    pub fn of_packed(&self, qkv: &Tensor<F>) -> Tensor<F> {
        if self.bias.as_ref().is_some_and(Tensor::requires_grad) {
            let [q, k, v] = packed::unpacked(qkv);
            return self.of(&q, &k, &v);
        }
        packed::attend(self.ready(qkv.shape().get(1)), qkv)
    }

    /// The weights `[N, heads, L, S]` of the values, before [`kept`](Self::kept) is applied. Their number is the
    /// product of the numbers of positions, which [`of`](Self::of) avoids.
    ///
    /// # Panics
    /// On a shape mismatch.
    #[track_caller]
    pub fn weights(&self, q: &Tensor<F>, k: &Tensor<F>) -> Tensor<F> {
        self.assert_fits([q, k, k]);
        composed::weights(self, q, k)
    }

    #[track_caller]
    fn assert_fits(&self, inputs: [&Tensor<F>; 3]) {
        let shapes = inputs.map(Tensor::shape);
        if let Err(reason) = self.check(shapes) {
            panic!("attention of {:?} and {:?} and {:?}: {reason}", shapes[0], shapes[1], shapes[2]);
        }
    }

    /// With a bias whose last axis is as long as there are keys, which is what the kernel reads.
    #[track_caller]
    fn ready(&self, keys: Option<&usize>) -> Self {
        let mut ready = self.clone();
        if let (Some(bias), Some(&keys)) = (&self.bias, keys) {
            let mut shape = bias.shape().to_vec();
            if shape.is_empty() {
                shape.push(1);
            }
            if shape.last() == Some(&1) {
                *shape.last_mut().expect("an axis") = keys;
                ready.bias = Some(bias.broadcast_to(&shape));
            }
        }
        ready
    }

    fn check(&self, [q, k, v]: [&[usize]; 3]) -> Result<(), String> {
        let heads = self.heads;
        let (&[samples, queries, width], &[k_samples, keys, k_width], &[v_samples, v_keys, values]) = (q, k, v) else {
            return Err("queries, keys and values must each have three axes, [N, positions, features]".into());
        };
        if samples != k_samples || samples != v_samples || keys != v_keys || width != k_width {
            return Err("expected queries [N, L, E], keys [N, S, E] and values [N, S, V]".into());
        }
        if heads == 0 || !width.is_multiple_of(heads) || !values.is_multiple_of(heads) {
            return Err(format!("{width} and {values} features cannot be divided among {heads} heads"));
        }
        shape::check::<F>(&[samples, queries, values])?;
        let weights = [samples, heads, queries, keys];
        if let Some(bias) = &self.bias {
            let shape = bias.shape();
            let fits = |(&n, &size): (&usize, &usize)| n == 1 || n == size;
            if shape.len() > 4 || !shape.iter().rev().zip(weights.iter().rev()).all(fits) {
                return Err(format!("a bias of shape {shape:?} does not broadcast to [N, heads, L, S] = {weights:?}"));
            }
        }
        match &self.kept {
            Some(kept) if kept.shape() != weights => {
                Err(format!("`kept` has shape {:?}, but must be [N, heads, L, S] = {weights:?}", kept.shape()))
            }
            _ => Ok(()),
        }
    }

    fn scale_of(&self, width: usize) -> f64 {
        self.scale.unwrap_or_else(|| 1.0 / ((width / self.heads) as f64).sqrt())
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut list: Vec<(&'static str, Attribute)> =
            vec![("heads", self.heads.into()), ("causal", self.causal.into())];
        list.extend(self.scale.map(|scale| ("scale", scale.into())));
        let names = [["bias", "bias_shape"], ["kept", "kept_shape"]];
        for ([elements, shape], tensor) in names.into_iter().zip([&self.bias, &self.kept]) {
            if let Some(tensor) = tensor {
                let all: Vec<f64> = tensor.to_vec().into_iter().map(F::as_f64).collect();
                list.extend([(elements, all.into()), (shape, tensor.shape().into())]);
            }
        }
        list
    }

    /// Calls `f` with what the kernel needs to know.
    fn with_kernel<T>(&self, [q, k, v]: [&[usize]; 3], f: impl FnOnce(&kernel::Attention<'_, F>) -> T) -> T {
        let [bias, kept] = [&self.bias, &self.kept].map(|x| x.as_ref().map(|x| x.0.elements.row_major()));
        let bias = bias.as_ref().map(|bias| {
            let (shape, mut steps) = (bias.shape(), [0; 3]);
            let mut step = shape.last().copied().unwrap_or(1);
            for (steps, &n) in steps.iter_mut().rev().zip(shape.iter().rev().skip(1)) {
                *steps = if n == 1 { 0 } else { step };
                step *= n;
            }
            kernel::Bias { elements: bias.as_slice().expect("row-major"), steps }
        });
        f(&kernel::Attention {
            samples: q[0],
            heads: self.heads,
            queries: q[1],
            keys: k[1],
            width: q[2] / self.heads,
            values: v[2] / self.heads,
            scale: F::from_f64(self.scale_of(q[2])),
            causal: self.causal,
            bias,
            kept: kept.as_ref().map(|kept| kept.as_slice().expect("row-major")),
        })
    }
}

struct Attend<F: Float>(Attention<F>);

impl<F: Float> Op<F, 3> for Attend<F> {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products(
            "p·v with p = softmax(scale·q·kᵀ + bias)",
            &[
                ("q", "s·k with s = scale·p·(dy·vᵀ - Σ dy·vᵀ·p)"),
                ("k", "sᵀ·q with s = scale·p·(dy·vᵀ - Σ dy·vᵀ·p)"),
                ("v", "pᵀ·dy"),
            ],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn check(&self, shapes: [&[usize]; 3]) -> Result<(), String> {
        self.0.check(shapes)
    }

    fn forward(&mut self, inputs: [&Elements<F>; 3]) -> Elements<F> {
        let shapes = inputs.map(Elements::shape);
        let inputs = inputs.map(Elements::row_major);
        let mut y = Elements::full(IxDyn(&[shapes[0][0], shapes[0][1], shapes[2][2]]), F::zero());
        self.0.with_kernel(shapes, |kernel| kernel.forward(arguments(&inputs), y.slice_mut()));
        y
    }

    fn vjp(&self, wrt: usize, inputs: [&Tensor<F>; 3], y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let wanted = std::array::from_fn(|i| i == wrt);
        let [dq, dk, dv] = self.vjp_all(wanted, inputs, y, dy);
        dq.or(dk).or(dv).expect("one is wanted")
    }

    fn vjp_all(
        &self,
        wanted: [bool; 3],
        inputs: [&Tensor<F>; 3],
        _y: &Tensor<F>,
        dy: &Tensor<F>,
    ) -> [Option<Tensor<F>>; 3] {
        // If a derivative of these gradients may be taken, they have to be composed of recorded operations.
        if is_recording() {
            let gradients = composed::gradients(&self.0, inputs, dy).map(Some);
            return std::array::from_fn(|i| gradients[i].clone().filter(|_| wanted[i]));
        }
        let mut gradients = inputs.map(|x| Elements::full(IxDyn(x.shape()), F::zero()));
        let elements = inputs.map(|x| x.0.elements.row_major());
        let dy = dy.0.elements.row_major();
        let arguments = arguments(&elements);
        self.0.with_kernel(inputs.map(Tensor::shape), |kernel| {
            kernel.backward(arguments, dy.as_slice().expect("row-major"), |which, [n, h], rows| {
                let (layout, width) = (arguments[which].1, rows_width(inputs[which].shape(), self.0.heads));
                let start = n * layout.sample + h * width;
                kernel::store(rows, width, &mut gradients[which].slice_mut()[start..], layout.row);
            });
        });
        let mut gradients = gradients.map(|gradient| Some(Tensor::leaf(gradient, 0)));
        std::array::from_fn(|i| gradients[i].take().filter(|_| wanted[i]))
    }
}

/// The size of a head.
fn rows_width(shape: &[usize], heads: usize) -> usize {
    shape[2] / heads
}

/// Row-major `[N, positions, features]` each.
fn arguments<F: Float>(inputs: &[Elements<F>; 3]) -> Arguments<'_, F> {
    inputs.each_ref().map(|x| {
        let (positions, row) = (x.shape()[1], x.shape()[2]);
        (x.as_slice().expect("row-major"), Layout { start: 0, sample: positions * row, row })
    })
}

compiled!(Op<3> Attend<F>);

#[cfg(test)]
mod tests;

#[cfg(test)]
mod derivatives {
    use super::tests::options;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let sizes =
            [[1, 1, 1, 1, 1, 1], [2, 1, 2, 3, 2, 1], [1, 2, 3, 2, 1, 2], [1, 1, 2, 0, 1, 1], [0, 1, 2, 2, 1, 1]];
        // Samples, heads, queries, keys, the size of a query and of a value.
        for [n, h, l, s, e, v] in sizes {
            for of in options([n, h, l, s]) {
                let shapes: [&[usize]; 3] = [&[n, l, h * e], &[n, s, h * e], &[n, s, h * v]];
                let domains = [(); 3].map(|()| Domain::between(-2.0, 2.0));
                sweep::inputs("attention", &[shapes], domains, |[q, k, v]| of.of(q, k, v));
            }
        }
    }
}
