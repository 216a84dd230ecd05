//! Tensors joined along an axis; the derivative with respect to each is its slice of `dy`.

use ndarray::Axis;

use crate::axes::resolve_axis;
use crate::kernels::ask;
use crate::{Attribute, Elements, Float, Formula, OpMany, Tensor, apply_many, checked_size, compiled, shape};

struct Concat {
    axis: usize,
    /// Where each tensor starts along the axis. Adding up the sizes in every `vjp` would take quadratic time.
    starts: Vec<usize>,
}

impl Concat {
    /// The shape of the result. An overflowing size saturates, and no tensor is that large: `check` refuses it.
    fn shape<'a>(&self, mut shapes: impl Iterator<Item = &'a [usize]>) -> Vec<usize> {
        let mut joined = shapes.next().expect("at least one").to_vec();
        joined[self.axis] = shapes.fold(joined[self.axis], |end, shape| end.saturating_add(shape[self.axis]));
        joined
    }
}

impl<F: Float> OpMany<F> for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products("the inputs, one after the other", &[("x", "the part of dy where x is")]))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![("axis", self.axis.into())]
    }

    fn check(&self, shapes: &[&[usize]]) -> Result<(), String> {
        // The same number of axes, and the same sizes along all axes but the joined one.
        let fits = |shape: &[usize]| {
            shape.len() == shapes[0].len()
                && (0..shape.len()).all(|axis| axis == self.axis || shape[axis] == shapes[0][axis])
        };
        match shapes.iter().position(|shape| !fits(shape)) {
            None => shape::check::<F>(&self.shape(shapes.iter().copied())).map(drop),
            Some(i) => Err(format!(
                "shape mismatch: tensor {i} does not match tensor 0: the shapes must be equal except along axis {}",
                self.axis
            )),
        }
    }

    fn forward(&mut self, inputs: &[&Elements<F>]) -> Elements<F> {
        // `ndarray` aborts if its allocation fails; this panics at the caller's line.
        ask::<F>(&self.shape(inputs.iter().map(|x| x.shape())));
        let views: Vec<_> = inputs.iter().map(|x| x.view()).collect();
        ndarray::concatenate(Axis(self.axis), &views).expect("checked").into()
    }

    fn vjp(&self, wrt: usize, inputs: &[Tensor<F>], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        dy.narrow(self.axis as isize, self.starts[wrt], inputs[wrt].shape()[self.axis])
    }
}

/// Joins tensors along an existing axis.
///
/// ```
/// use downhill_tensor::{Tensor, concat};
/// let (a, b) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[3.0, 4.0]]));
/// assert_eq!(concat(&[&a, &b], 0), Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
/// assert_eq!(concat(&[a, b], 1), Tensor::from([[1.0, 2.0, 3.0, 4.0]]));
/// ```
///
/// # Panics
/// If there are no tensors, the axis is out of range, or the sizes differ along another axis.
#[doc(alias("cat", "hstack", "vstack"))]
#[track_caller]
pub fn concat<F: Float, T: AsRef<Tensor<F>>>(tensors: &[T], axis: isize) -> Tensor<F> {
    let tensors: Vec<&Tensor<F>> = tensors.iter().map(AsRef::as_ref).collect();
    let Some(first) = tensors.first() else { panic!("concat: needs at least one tensor") };
    let axis = resolve_axis("concat", axis, first.ndim());
    // Each tensor starts where the previous one ends.
    let mut end = 0_usize;
    let start_of = |tensor: &&Tensor<F>| {
        let start = end;
        // `check` reports a tensor that lacks this axis.
        if let Some(&size) = tensor.shape().get(axis) {
            end = end.saturating_add(size);
        }
        start
    };
    let starts = tensors.iter().map(start_of).collect();
    apply_many(Concat { axis, starts }, &tensors)
}

/// Joins tensors of equal shape along a new axis.
///
/// ```
/// use downhill_tensor::{Tensor, stack};
/// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
/// assert_eq!(stack(&[&a, &b], 0), Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
/// assert_eq!(stack(&[&a, &b], -1), Tensor::from([[1.0, 3.0], [2.0, 4.0]]));
/// ```
///
/// # Panics
/// If there are no tensors, the axis is out of range, or the shapes differ.
#[track_caller]
pub fn stack<F: Float, T: AsRef<Tensor<F>>>(tensors: &[T], axis: isize) -> Tensor<F> {
    let Some(first) = tensors.first() else { panic!("stack: needs at least one tensor") };
    let first = first.as_ref();
    let axis = resolve_axis("stack", axis, first.ndim() + 1);
    // Check the shape of the result before anything is recorded, so that the panic names `stack`.
    let mut shape = first.shape().to_vec();
    shape.insert(axis, tensors.len());
    checked_size::<F>("stack", &shape);
    // Each tensor gets the new axis with size 1, along which they are joined.
    shape[axis] = 1;
    let mut layers: Vec<Tensor<F>> = Vec::with_capacity(tensors.len());
    for (i, tensor) in tensors.iter().map(AsRef::as_ref).enumerate() {
        assert!(
            tensor.shape() == first.shape(),
            "stack of {:?} and {:?}: shape mismatch: tensor {i} must have the same shape as tensor 0",
            first.shape(),
            tensor.shape()
        );
        layers.push(tensor.reshape(&shape));
    }
    concat(&layers, axis as isize)
}

compiled!(OpMany Concat);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::{self, Domain};

    #[test]
    fn derivatives() {
        let domain = || Domain::between(-2.0, 2.0);
        sweep::pairs("concat", &[[&[2], &[3]], [&[0], &[2]]], domain(), domain(), |a, b| concat(&[a, b], 0).square());
        let columns: [[&[usize]; 2]; 3] = [[&[2, 1], &[2, 3]], [&[0, 1], &[0, 2]], [&[3, 2], &[3, 0]]];
        sweep::pairs("concat", &columns, domain(), domain(), |a, b| concat(&[a, b], -1).square());
        let three: [[&[usize]; 3]; 1] = [[&[2, 1, 2], &[2, 2, 2], &[2, 1, 2]]];
        sweep::inputs("concat", &three, [domain(), domain(), domain()], |xs| concat(&xs, 1).square());
        sweep::shapes("concat", &[&[2, 2]], domain(), |x| concat(&[x, &x.t(), x], 0).square());
    }

    /// The number of axes must agree, and so must the sizes along every axis but the joined one.
    #[test]
    fn misfits_name_the_first_that_differs() {
        let refused = |shapes: [&[usize]; 3], axis: isize, number: usize| {
            let tensors = shapes.map(Tensor::<f32>::zeros);
            let panic = std::panic::catch_unwind(|| concat(&tensors, axis)).expect_err("refused");
            let message = panic.downcast::<String>().expect("a message");
            assert!(message.contains(&format!("tensor {number} does not match tensor 0")), "{message}");
        };
        refused([&[2, 3, 1], &[4, 3, 1], &[2, 3, 1]], 1, 1);
        refused([&[2, 3, 1], &[2, 3, 1], &[2, 3, 2]], 1, 2);
        refused([&[2, 3, 1], &[2, 3], &[2, 3, 1]], 1, 1);
        refused([&[2, 3], &[2, 3, 1], &[2, 3]], 0, 1);
        refused([&[2, 3], &[2, 3], &[3]], 1, 2);
    }

    #[test]
    fn derivatives_of_stack() {
        let domain = || Domain::between(-2.0, 2.0);
        let pairs: [[&[usize]; 2]; 4] = [[&[], &[]], [&[3], &[3]], [&[2, 3], &[2, 3]], [&[2, 0], &[2, 0]]];
        sweep::pairs("stack", &pairs, domain(), domain(), |a, b| stack(&[a, b], 0).square());
        sweep::pairs("stack", &pairs, domain(), domain(), |a, b| stack(&[a, b], -1).square());
    }
}
