//! Wrong operations that the sweep must catch, each a mistake that reached the users of some framework.

use ndarray::{ArrayD, ArrayViewD};

use super::*;
use crate::{Elements, Elementwise, Float, Op, apply, elementwise};

fn domain() -> Domain {
    Domain::between(-2.0, 2.0)
}

/// Half of every element, in memory order: wrong for everything that is not row-major.
fn half_in_memory_order<F: Float>(x: &ArrayViewD<'_, F>) -> ArrayD<F> {
    let half = |x: &F| *x * F::from_f64(0.5);
    match x.as_slice_memory_order() {
        Some(slice) => ArrayD::from_shape_vec(x.shape(), slice.iter().map(half).collect()).expect("as many elements"),
        None => x.map(half),
    }
}

/// Half of every element, right only for row-major arrays.
struct IgnoresStrides;

impl<F: Float> Op<F, 1> for IgnoresStrides {
    fn name(&self) -> &'static str {
        "ignores_strides"
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let x = x.view();
        half_in_memory_order(&x).into()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * F::from_f64(0.5)
    }
}

#[test]
#[should_panic(
    expected = "ignores_strides of shapes [[2, 3]] with layouts [ColumnMajor], gradient Gapped: the value is"
)]
fn strides_ignored() {
    unary("ignores_strides", domain(), |x| apply(IgnoresStrides, [x]));
}

/// Half of every element, with a derivative that is right only for row-major gradients.
struct GradientIgnoresStrides;

impl<F: Float> Op<F, 1> for GradientIgnoresStrides {
    fn name(&self) -> &'static str {
        "gradient_ignores_strides"
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let x = x.view();
        x.mapv(|x| x * F::from_f64(0.5)).into()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(IgnoresStrides, [dy])
    }
}

#[test]
#[should_panic(expected = "gradient_ignores_strides of shapes [[2, 3]] with layouts [RowMajor], gradient ColumnMajor")]
fn strides_of_the_gradient_ignored() {
    shapes("gradient_ignores_strides", &[&[2, 3]], domain(), |x| apply(GradientIgnoresStrides, [x]));
}

/// The product, with the gradients swapped: right only where both are the same.
struct Exchanged;

impl<F: Float> Elementwise<F, 2> for Exchanged {
    fn name(&self) -> &'static str {
        "exchanged"
    }

    fn element(&self, [a, b]: [F; 2]) -> F {
        a * b
    }

    fn vjp(&self, wrt: usize, xs: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy * xs[wrt]
    }
}

#[test]
#[should_panic(expected = "∂y/∂x0 at order 1")]
fn arguments_exchanged() {
    binary("exchanged", domain(), domain(), |a, b| elementwise(Exchanged, [a, b]));
}

#[test]
#[should_panic(expected = "empty")]
fn empty_axes_are_tried() {
    unary("empty", domain(), |x| {
        assert!(!x.is_empty(), "empty");
        x.exp()
    });
}

#[test]
#[should_panic(expected = "the sweep of exp does not apply the operation exp")]
fn a_sweep_of_something_else() {
    unary("exp", domain(), |x| x.square());
}

#[test]
fn elements_differ_and_keep_away() {
    let xs = domain::sample(&[&[3, 40], &[40]], &[domain().avoiding(&[0.0]), domain()], 1);
    let mut all = [xs[0].to_vec(), xs[1].to_vec()].concat();
    assert!(xs[0].to_vec().iter().all(|x| x.abs() >= 0.04));
    all.sort_by(f64::total_cmp);
    assert!(all.windows(2).all(|pair| pair[1] - pair[0] > 1e-3));
}
