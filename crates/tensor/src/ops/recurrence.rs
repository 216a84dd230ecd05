//! A linear recurrence along an axis: `sᵢ = aᵢ + bᵢ·sᵢ₋₁` with `s₋₁ = 0`, or from the end `sᵢ = aᵢ + bᵢ₊₁·sᵢ₊₁`.
//!
//! The factor `bᵢ` links position `i` to the one before it, so `b₀` is never used. With `g` the same recurrence of `dy`
//! in the other direction, the derivatives are `g` with respect to `a`, and with respect to `bᵢ` the product of the
//! neighbors that it links, `gᵢ·sᵢ₋₁` or `gᵢ₋₁·sᵢ`. All sums and products, so exact where elements are 0.

use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, concat};

struct Recurrence {
    axis: usize,
    from_the_end: bool,
}

impl<F: Float> Op<F, 2> for Recurrence {
    fn name(&self) -> &'static str {
        "recurrence"
    }

    fn formula(&self) -> Option<Formula> {
        Some(match self.from_the_end {
            false => Formula::products(
                "yᵢ = aᵢ + bᵢ·yᵢ₋₁",
                &[("a", "gᵢ = dyᵢ + bᵢ₊₁·gᵢ₊₁"), ("b", "gᵢ·yᵢ₋₁ with gᵢ = dyᵢ + bᵢ₊₁·gᵢ₊₁")],
            ),
            true => Formula::products(
                "yᵢ = aᵢ + bᵢ₊₁·yᵢ₊₁",
                &[("a", "gᵢ = dyᵢ + bᵢ·gᵢ₋₁"), ("b", "gᵢ₋₁·yᵢ with gᵢ = dyᵢ + bᵢ·gᵢ₋₁")],
            ),
        })
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.axis.into()), ("from_the_end", self.from_the_end.into())]
    }

    fn forward(&mut self, [a, b]: [&Elements<F>; 2]) -> Elements<F> {
        let (shape, b) = (a.shape(), b.row_major());
        let (length, width) = (shape[self.axis], shape[self.axis + 1..].iter().product::<usize>());
        let mut y = a.row_major();
        // `max(1)`: `chunks_exact` panics on 0, and an empty tensor has no blocks.
        let block = (length * width).max(1);
        let b = b.as_slice().expect("row-major").chunks_exact(block);
        for (s, b) in y.slice_mut().chunks_exact_mut(block).zip(b) {
            // Position by position, so that memory is read sequentially.
            for step in 1..length {
                let (at, from, link) = match self.from_the_end {
                    false => (step, step - 1, step),
                    true => (length - 1 - step, length - step, length - step),
                };
                for offset in 0..width {
                    let carried = b[link * width + offset] * s[from * width + offset];
                    s[at * width + offset] += carried;
                }
            }
        }
        y
    }

    fn vjp(&self, wrt: usize, [_, b]: [&Tensor<F>; 2], s: &Tensor<F>, ds: &Tensor<F>) -> Tensor<F> {
        let g = recurrence(ds, b, self.axis, !self.from_the_end);
        match (wrt, self.from_the_end) {
            (0, _) => g,
            (_, false) => g * shifted(s, self.axis),
            (_, true) => shifted(&g, self.axis) * s,
        }
    }
}

/// The elements one position later along an axis, after a 0.
fn shifted<F: Float>(x: &Tensor<F>, axis: usize) -> Tensor<F> {
    let mut shape = x.shape().to_vec();
    let length = std::mem::replace(&mut shape[axis], 1);
    if length == 0 {
        return x.clone();
    }
    let axis = axis as isize;
    concat(&[Tensor::zeros(&shape), x.narrow(axis, 0, length - 1)], axis)
}

/// The recurrence for tensors of the same shape.
#[track_caller]
pub(super) fn recurrence<F: Float>(a: &Tensor<F>, b: &Tensor<F>, axis: usize, from_the_end: bool) -> Tensor<F> {
    apply(Recurrence { axis, from_the_end }, [a, b])
}

compiled!(Op<2> Recurrence);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-1.2, 1.2);
        for from_the_end in [false, true] {
            let shapes: [&[usize]; 6] = [&[1], &[4], &[0], &[3, 2], &[2, 0], &[3, 1, 2]];
            let pairs = shapes.map(|shape| [shape, shape]);
            sweep::pairs("recurrence", &pairs, domain(), domain(), |a, b| recurrence(a, b, 0, from_the_end));
            let shapes: [&[usize]; 4] = [&[2, 4], &[0, 3], &[2, 3, 2], &[2, 1, 3]];
            let pairs = shapes.map(|shape| [shape, shape]);
            sweep::pairs("recurrence", &pairs, domain(), domain(), |a, b| recurrence(a, b, 1, from_the_end));
        }
    }

    #[test]
    fn values_by_hand() {
        let (a, b) = (Tensor::from([1.0, 2.0, 3.0]), Tensor::from([7.0, 0.5, -2.0]));
        assert_eq!(recurrence(&a, &b, 0, false), Tensor::from([1.0, 2.5, -2.0]));
        assert_eq!(recurrence(&a, &b, 0, true), Tensor::from([-1.0, -4.0, 3.0]));
        // The unused factor may be anything.
        let b = Tensor::from([f64::NAN, 0.0, 0.0]);
        assert_eq!(recurrence(&a, &b, 0, false), a);
    }
}
