//! The same elements in other memory layouts.

use ndarray::{ArrayD, Axis, ShapeBuilder, Slice};

use crate::{Elements, Float, Op, Tensor, apply};

/// A memory layout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Layout {
    RowMajor,
    ColumnMajor,
    /// Every second element along every axis of a larger array, with NaN between them.
    Gapped,
    /// Row-major, in the middle of a larger array, with NaN around it.
    Inside,
}

use Layout::{ColumnMajor, Gapped, Inside, RowMajor};

/// Every layout for all inputs at once, then mixtures; each with a layout for the incoming gradient.
pub(super) fn combinations<const N: usize>(shapes: &[&[usize]; N]) -> Vec<([Layout; N], Layout)> {
    if shapes.iter().all(|shape| shape.iter().product::<usize>() <= 1) {
        return vec![([RowMajor; N], RowMajor)];
    }
    let all = [RowMajor, ColumnMajor, Gapped, Inside];
    let mut list: Vec<([Layout; N], Layout)> = (0..4).map(|i| ([all[i]; N], all[(i + 1) % 4])).collect();
    if N > 1 {
        let mixtures = (0..4).map(|i| (std::array::from_fn(|input| all[(i + input) % 4]), all[(i + 3) % 4]));
        list.extend(mixtures);
    }
    list
}

impl Layout {
    /// The tensor in this layout, recorded; its gradient gets the same layout.
    pub(super) fn of(self, x: &Tensor<f64>) -> Tensor<f64> {
        apply(Relayout(self), [x])
    }
}

/// The identity on values.
struct Relayout(Layout);

impl<F: Float> Op<F, 1> for Relayout {
    fn name(&self) -> &'static str {
        "relayout"
    }

    fn forward(&mut self, [x]: [&Elements<F>; 1]) -> Elements<F> {
        let mut larger = x.shape().to_vec();
        let mut y = match self.0 {
            RowMajor => ArrayD::zeros(larger),
            ColumnMajor => ArrayD::zeros(larger.f()),
            Gapped => {
                larger.iter_mut().for_each(|n| *n = 2 * *n + 1);
                let mut y = ArrayD::from_elem(larger, F::nan());
                (0..y.ndim()).for_each(|axis| y.slice_axis_inplace(Axis(axis), Slice::new(1, None, 2)));
                y
            }
            Inside => {
                larger.iter_mut().take(1).for_each(|n| *n += 2);
                let mut y = ArrayD::from_elem(larger, F::nan());
                (0..y.ndim().min(1)).for_each(|axis| y.slice_axis_inplace(Axis(axis), Slice::new(1, Some(-1), 1)));
                y
            }
        };
        y.assign(&x.view());
        y.into()
    }

    fn vjp(&self, _wrt: usize, _: [&Tensor<F>; 1], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        apply(Relayout(self.0), [dy])
    }
}

#[test]
fn layouts_are_what_they_say() {
    let x = Tensor::param([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    for (layout, strides) in [(RowMajor, [3, 1]), (ColumnMajor, [1, 2]), (Gapped, [14, 2]), (Inside, [3, 1])] {
        let y = layout.of(&x);
        assert_eq!(y.view().strides(), strides, "{layout:?}");
        assert_eq!(y, x, "{layout:?}");
    }
}
