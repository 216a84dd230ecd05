//! [`Attention`] of queries, keys and values that one projection has made, without taking it apart.

use ndarray::IxDyn;

use super::{Attention, composed, rows_width};
use crate::kernels::attention::{self as kernel, Arguments, Layout};
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, is_recording};

struct AttendPacked<F: Float>(Attention<F>);

impl<F: Float> Op<F, 1> for AttendPacked<F> {
    fn name(&self) -> &'static str {
        "packed_attention"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products(
            "p·v with p = softmax(scale·q·kᵀ + bias) and x = [q, k, v]",
            &[("x", "[s·k, sᵀ·q, pᵀ·dy] with s = scale·p·(dy·vᵀ - Σ dy·vᵀ·p)")],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.0.attributes()
    }

    fn check(&self, [x]: [&[usize]; 1]) -> Result<(), String> {
        match x {
            &[samples, positions, width] if width.is_multiple_of(3) => {
                self.0.check([&[samples, positions, width / 3]; 3])
            }
            _ => Err("expected queries, keys and values one after the other, [N, L, 3·heads·E]".into()),
        }
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let part = part(x.shape());
        let x = x.row_major();
        let mut y = Elements::full(IxDyn(&part), F::zero());
        self.0.with_kernel([&part; 3], |kernel| kernel.forward(packed(&x), y.slice_mut()));
        y
    }

    fn vjp(&self, _wrt: usize, [x]: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        if is_recording() {
            let parts = unpacked(x);
            return crate::concat(&composed::gradients(&self.0, parts.each_ref(), dy), -1);
        }
        let mut dx = Elements::full(IxDyn(x.shape()), F::zero());
        let (x, dy, part) = (x.0.elements.row_major(), dy.0.elements.row_major(), part(x.shape()));
        let (arguments, width) = (packed(&x), rows_width(&part, self.0.heads));
        self.0.with_kernel([&part; 3], |kernel| {
            kernel.backward(arguments, dy.as_slice().expect("row-major"), |which, [n, h], rows| {
                let Layout { start, sample, row } = arguments[which].1;
                kernel::store(rows, width, &mut dx.slice_mut()[start + n * sample + h * width..], row);
            });
        });
        Tensor::leaf(dx, 0)
    }
}

/// The shape of the queries, the keys and the values in a packed array.
fn part(packed: &[usize]) -> [usize; 3] {
    [packed[0], packed[1], packed[2] / 3]
}

fn packed<F: Float>(x: &Elements<F>) -> Arguments<'_, F> {
    let (positions, row) = (x.shape()[1], x.shape()[2]);
    let elements = x.as_slice().expect("row-major");
    std::array::from_fn(|i| (elements, Layout { start: i * row / 3, sample: positions * row, row }))
}

/// The queries, the keys and the values.
#[track_caller]
pub(super) fn unpacked<F: Float>(qkv: &Tensor<F>) -> [Tensor<F>; 3] {
    let width = qkv.shape().last().map_or(0, |size| size / 3);
    [qkv.narrow(-1, 0, width), qkv.narrow(-1, width, width), qkv.narrow(-1, 2 * width, width)]
}

/// [`Attention::of_packed`] with a bias that is ready.
#[track_caller]
pub(super) fn attend<F: Float>(of: Attention<F>, qkv: &Tensor<F>) -> Tensor<F> {
    apply(AttendPacked(of), [qkv])
}

compiled!(Op<1> AttendPacked<F>);

#[cfg(test)]
mod tests {
    use super::super::tests::options;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        for [n, h, l, e] in [[1, 1, 1, 1], [2, 1, 2, 2], [1, 2, 3, 1], [1, 1, 0, 2]] {
            for of in options([n, h, l, l]) {
                let shape: &[usize] = &[n, l, 3 * h * e];
                sweep::shapes("packed_attention", &[shape], Domain::between(-2.0, 2.0), |x| of.of_packed(x));
            }
        }
    }
}
