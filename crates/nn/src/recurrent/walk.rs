//! What the sequence operations do alike: the walk over the time steps, and the one back for the derivative.
//!
//! Every step has one product for all sequences: of its inputs and the states `h`, side by side, with both weights. What
//! the cell does with it, sequence by sequence, is a function of the caller. The gradients of the weights are one product
//! over all steps.
//!
//! The products with the inputs could be made for all steps in one. But they are as large as everything that a cell keeps,
//! and with the gradients with respect to them they would go to memory and back three times.

use downhill_kernels::{Elements, Matrix, Packed, matmul2, vectorised};
use downhill_tensor::{Float, Tensor, is_recording};
use ndarray::IxDyn;

use super::steps::{Steps, row_major_slice};

/// What the products of a walk are made of.
pub(super) struct Operands<'a, F: Float> {
    /// `[T, N, in]`.
    pub(super) x: &'a Elements<F>,
    /// From the input, `[gates·hidden, in]`, and from the state, `[gates·hidden, hidden]`.
    pub(super) weights: [&'a Elements<F>; 2],
    /// `[gates·hidden]`.
    pub(super) bias: &'a Elements<F>,
}

/// What the walk forward keeps for the one back.
pub(super) struct Kept<F: Float> {
    /// What the cell keeps, `[T, N, kept·hidden]`.
    cell: Elements<F>,
    /// The input of every step and h before it, `[T, N, in + hidden]`; 0 where a sequence does not have the step.
    operands: Elements<F>,
    /// Both weights, `[gates·hidden, in + hidden]`.
    weights: Elements<F>,
    hidden: usize,
}

/// The states `h` after every step, 0 where a sequence does not have the step, then the final states: `[T + S, N,
/// hidden]`.
///
/// `step` does one step of sequence `n` at time `t`, which is row number `t·N + n`. Given that number and the row of the
/// product, it replaces the states by the next ones (`h` is the first) and writes `kept·hidden` elements for the derivative.
/// It must be a closure that is `#[inline(always)]`.
#[track_caller]
pub(super) fn forward<F: Float, const S: usize>(
    steps: &Steps,
    kept: usize,
    Operands { x, weights, bias }: Operands<'_, F>,
    start: [&Elements<F>; S],
    step: impl Fn(usize, &[F], [&mut [F]; S], &mut [F]),
) -> (Elements<F>, Kept<F>) {
    let (&[count, rows, inputs], &[width, hidden]) = (x.shape(), weights[1].shape()) else { unreachable!("checked") };
    let (size, inner) = (rows * hidden, inputs + hidden);
    let mut y = steps.room(&[count + S, rows, hidden]);
    // Without a record there is no derivative to keep anything for: every step takes the place of the one before.
    let recording = is_recording();
    let places = if recording { count } else { count.min(1) };
    let mut cell = steps.room(&[places, rows, kept * hidden]);
    let mut operands = steps.room(&[places, rows, inner]);
    let weights = side_by_side(weights);
    if size > 0 {
        let (x, bias) = (x.row_major(), bias.row_major());
        let [x, bias] = [&x, &bias].map(|x| x.as_slice().expect("row-major"));
        let packed = Packed::new(weights.matrix().expect("two axes").transposed());
        let mut states = start.map(Elements::row_major);
        let mut states = states.each_mut().map(Elements::slice_mut);
        let (ys, cells, operands) = (y.slice_mut(), cell.slice_mut(), operands.slice_mut());
        let mut product = Elements::unset(IxDyn(&[rows, width]));
        let product = product.slice_mut();
        for time in steps.order(count) {
            let place = if recording { time } else { 0 };
            let operand = &mut operands[place * rows * inner..][..rows * inner];
            for row in (0..rows).filter(|&row| steps.has(row, time)) {
                let (input, h) = row_of_mut(operand, row, inner).split_at_mut(inputs);
                input.copy_from_slice(row_of(x, time * rows + row, inputs));
                h.copy_from_slice(row_of(states[0], row, hidden));
            }
            packed.multiply(Matrix::new(operand, [rows, inner], [inner, 1]), Some(bias), product);
            vectorised(
                #[inline(always)]
                || {
                    for row in (0..rows).filter(|&row| steps.has(row, time)) {
                        let number = time * rows + row;
                        let keep = row_of_mut(cells, place * rows + row, kept * hidden);
                        let own = states.each_mut().map(|state| row_of_mut(state, row, hidden));
                        step(number, row_of(product, row, width), own, keep);
                        row_of_mut(ys, number, hidden).copy_from_slice(row_of(states[0], row, hidden));
                    }
                },
            );
        }
        for (number, state) in states.iter().enumerate() {
            ys[(count + number) * size..][..size].copy_from_slice(state);
        }
    }
    (y, Kept { cell, operands, weights, hidden })
}

/// What a cell's derivative is computed from, at one step of one sequence.
pub(super) struct At<'a, F> {
    /// What the cell has kept.
    pub(super) kept: &'a [F],
    /// h before the step.
    pub(super) before: &'a [F],
    /// h after the step.
    pub(super) after: &'a [F],
    /// The gradient with respect to the output.
    pub(super) dy: &'a [F],
}

/// The gradients of a walk. `P` are with respect to products, the last to that of the walk.
pub(super) struct Gradients<F: Float, const S: usize, const P: usize> {
    /// `[T, N, gates·hidden]` each.
    pub(super) products: [Elements<F>; P],
    /// `[T, N, in]`, if wanted.
    pub(super) x: Option<Elements<F>>,
    /// `[N, hidden]` each.
    pub(super) states: [Tensor<F>; S],
}

/// The walk back, given the result of [`forward`] and the gradient with respect to it.
///
/// `step_back` is the derivative of one step of one sequence. From the gradients with respect to the output and, on top of
/// that, to the states after the step, it writes those with respect to the products, and replaces the latter by those with
/// respect to the states before the step, except for what reaches `h` through the product. It must be a closure that is
/// `#[inline(always)]`.
#[track_caller]
pub(super) fn backward<F: Float, const S: usize, const P: usize>(
    steps: &Steps,
    kept: &Kept<F>,
    want_x: bool,
    [y, dy]: [&Tensor<F>; 2],
    step_back: impl Fn(At<'_, F>, [&mut [F]; S], [&mut [F]; P]),
) -> Gradients<F, S, P> {
    let (count, rows, hidden) = (y.shape()[0] - S, y.shape()[1], y.shape()[2]);
    let (width, inner) = (kept.weights.shape()[0], kept.weights.shape()[1]);
    let (size, inputs) = (rows * hidden, inner - hidden);
    let [y, dy] = [y, dy].map(row_major_slice);
    let mut products = [(); P].map(|()| steps.room(&[count, rows, width]));
    let mut dx = steps.room(&[count, rows, if want_x { inputs } else { 0 }]);
    let mut states: [Tensor<F>; S] =
        std::array::from_fn(|number| Tensor::from(&dy[(count + number) * size..][..size]).reshape(&[rows, hidden]));
    if size > 0 {
        let [cells, operands, weights] =
            [&kept.cell, &kept.operands, &kept.weights].map(|x| x.as_slice().expect("row-major"));
        let keep = kept.cell.shape()[2];
        // Of both weights, or of the second only.
        let left = if want_x { 0 } else { inputs };
        let packed = Packed::new(Matrix::new(&weights[left..], [width, inner - left], [inner, 1]));
        let mut product = Elements::unset(IxDyn(&[rows, inner - left]));
        let (product, dx) = (product.slice_mut(), dx.slice_mut());
        let mut dproducts = products.each_mut().map(Elements::slice_mut);
        let mut dstates = states.each_mut().map(Tensor::as_mut_slice);
        for time in steps.order(count).rev() {
            vectorised(
                #[inline(always)]
                || {
                    for row in (0..rows).filter(|&row| steps.has(row, time)) {
                        let number = time * rows + row;
                        let at = At {
                            kept: row_of(cells, number, keep),
                            before: &row_of(operands, number, inner)[inputs..],
                            after: row_of(&y, number, hidden),
                            dy: row_of(&dy, number, hidden),
                        };
                        let own = dstates.each_mut().map(|dstate| row_of_mut(dstate, row, hidden));
                        step_back(at, own, dproducts.each_mut().map(|part| row_of_mut(part, number, width)));
                    }
                },
            );
            let dproduct = &dproducts[P - 1][time * rows * width..][..rows * width];
            packed.multiply(Matrix::new(dproduct, [rows, width], [width, 1]), None, product);
            for row in (0..rows).filter(|&row| steps.has(row, time)) {
                let (of_x, of_h) = row_of(product, row, inner - left).split_at(inputs - left);
                row_of_mut(dx, time * rows + row, of_x.len()).copy_from_slice(of_x);
                let dh = row_of_mut(dstates[0], row, hidden);
                dh.iter_mut().zip(of_h).for_each(|(dh, &more)| *dh += more);
            }
        }
    }
    Gradients { products, x: want_x.then_some(dx), states }
}

impl<F: Float> Kept<F> {
    /// The gradients of both weights, given that with respect to the products: `Σ dproductᵀ·operand` over all steps and
    /// sequences, in one product.
    #[track_caller]
    pub(super) fn weight_gradients(&self, dproduct: &Elements<F>) -> [Tensor<F>; 2] {
        let (width, inner, hidden) = (self.weights.shape()[0], self.weights.shape()[1], self.hidden);
        let inputs = inner - hidden;
        let operands = self.operands.as_slice().expect("row-major");
        if operands.is_empty() {
            return [inputs, hidden].map(|columns| Tensor::zeros(&[width, columns]));
        }
        let count = operands.len() / inner;
        let dproduct = Matrix::new(dproduct.as_slice().expect("row-major"), [count, width], [width, 1]);
        let joint = matmul2(dproduct.transposed(), Matrix::new(operands, [count, inner], [inner, 1]), None);
        let joint = joint.as_slice().expect("row-major");
        let mut parts = [inputs, hidden].map(|columns| Elements::unset(IxDyn(&[width, columns])));
        let [first, second] = parts.each_mut().map(Elements::slice_mut);
        for row in 0..width {
            let (left, right) = row_of(joint, row, inner).split_at(inputs);
            row_of_mut(first, row, inputs).copy_from_slice(left);
            row_of_mut(second, row, hidden).copy_from_slice(right);
        }
        parts.map(Tensor::from)
    }
}

/// Two matrices of the same height as one.
#[track_caller]
fn side_by_side<F: Float>(matrices: [&Elements<F>; 2]) -> Elements<F> {
    let [left, right] = matrices.map(Elements::row_major);
    let (height, [n, m]) = (left.shape()[0], [&left, &right].map(|matrix| matrix.shape()[1]));
    let [left, right] = [&left, &right].map(|matrix| matrix.as_slice().expect("row-major"));
    let mut joint = Elements::unset(IxDyn(&[height, n + m]));
    let rows = joint.slice_mut();
    if !rows.is_empty() {
        for row in 0..height {
            let (first, second) = row_of_mut(rows, row, n + m).split_at_mut(n);
            first.copy_from_slice(row_of(left, row, n));
            second.copy_from_slice(row_of(right, row, m));
        }
    }
    joint
}

/// The row `row` of a row-major matrix with rows of this length.
#[inline(always)]
pub(super) fn row_of<F>(matrix: &[F], row: usize, length: usize) -> &[F] {
    &matrix[row * length..][..length]
}

/// [`row_of`], mutably.
#[inline(always)]
fn row_of_mut<F>(matrix: &mut [F], row: usize, length: usize) -> &mut [F] {
    &mut matrix[row * length..][..length]
}
