//! Selection: `a` where a condition holds, `b` elsewhere; the gradient goes to the selected operand.

use ndarray::{ArcArray, ArrayRef, Dimension, IxDyn, Zip};

use crate::kernels::ask;
use crate::kernels::{broadcast_shape, joint_shape};
use crate::{Attribute, Elements, Float, Formula, Op, Tensor, apply, compiled, operation};

struct Where {
    condition: ArcArray<bool, IxDyn>,
}

impl<F: Float> Op<F, 2> for Where {
    fn name(&self) -> &'static str {
        "where_"
    }

    fn formula(&self) -> Option<Formula> {
        Some(Formula::products(
            "a where the condition holds, b elsewhere",
            &[("a", "dy where the condition holds, 0 elsewhere"), ("b", "0 where the condition holds, dy elsewhere")],
        ))
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let condition: Vec<usize> = self.condition.iter().map(|&chosen| chosen.into()).collect();
        vec![("condition", condition.as_slice().into()), ("condition_shape", self.condition.shape().into())]
    }

    fn check(&self, [a, b]: [&[usize]; 2]) -> Result<(), String> {
        let condition = self.condition.shape();
        joint_shape::<F>(&broadcast_shape(a, b)?, condition)
            .map(drop)
            .map_err(|reason| format!("with a condition of shape {condition:?}, {reason}"))
    }

    fn forward(&mut self, [a, b]: [&Elements<F>; 2]) -> Elements<F> {
        let (a, b) = (a.view(), b.view());
        let shape = broadcast_shape(a.shape(), b.shape())
            .and_then(|shape| broadcast_shape(&shape, self.condition.shape()))
            .expect("the operation has checked the shapes");
        ask::<F>(&shape);
        let condition = self.condition.broadcast(shape.as_slice()).expect("broadcasts to the joint shape");
        let a = a.broadcast(shape.as_slice()).expect("broadcasts to the joint shape");
        let b = b.broadcast(shape.as_slice()).expect("broadcasts to the joint shape");
        Zip::from(condition).and(a).and(b).map_collect(|&condition, &a, &b| if condition { a } else { b }).into()
    }

    fn vjp(&self, wrt: usize, _: [&Tensor<F>; 2], _y: &Tensor<F>, dy: &Tensor<F>) -> Tensor<F> {
        let chosen = Where { condition: self.condition.clone() };
        let zero = Tensor::from(F::zero());
        match wrt {
            0 => apply(chosen, [dy, &zero]),
            _ => apply(chosen, [&zero, dy]),
        }
    }
}

/// `a` where the condition holds and `b` elsewhere, with all three broadcast together. The gradient goes to the operand
/// that was selected; the other's is 0.
///
/// This is `where` in PyTorch and NumPy, a keyword in Rust; see also [`masked_fill`](Tensor::masked_fill). The
/// condition is any `ndarray` array of `bool`, often the result of a comparison such as [`Tensor::gt`]; `a` and `b` are
/// tensors or scalars.
///
/// ```
/// use downhill_tensor::{Tensor, where_};
/// let x = Tensor::param([-2.0, 0.0, 3.0]);
/// let y = where_(&x.gt(0.0), &x, 10.0);
/// assert_eq!(y.to_vec(), [10.0, 10.0, 3.0]);
/// assert_eq!(y.sum().backward()[&x].to_vec(), [0.0, 0.0, 1.0]);
/// ```
///
/// # Avoiding NaN gradients
/// Both branches are computed everywhere, and the gradient 0 of the branch not taken is propagated through it: where
/// its derivative is infinite, the result is `0·inf = NaN` (as in PyTorch and NumPy-style frameworks). So first replace
/// the *argument* by a harmless one:
///
/// ```
/// use downhill_tensor::{Tensor, where_};
/// let x = Tensor::param([0.0, 4.0_f64]);
/// let positive = x.gt(0.0);
///
/// let trapped = where_(&positive, x.sqrt(), 0.0);
/// assert!(trapped.sum().backward()[&x].to_vec()[0].is_nan());
///
/// let harmless = where_(&positive, &x, 1.0);
/// let root = where_(&positive, harmless.sqrt(), 0.0);
/// assert_eq!(root.to_vec(), [0.0, 2.0]);
/// assert_eq!(root.sum().backward()[&x].to_vec(), [0.0, 0.25]);
/// ```
///
/// # Panics
/// If the shapes do not broadcast, or the condition has more axes than a tensor can have.
#[doc(alias("where", "masked_select", "select"))]
#[track_caller]
pub fn where_<F: Float, D: Dimension>(
    condition: &ArrayRef<bool, D>,
    a: impl Into<Tensor<F>>,
    b: impl Into<Tensor<F>>,
) -> Tensor<F> {
    operation::begin("where_");
    ask::<bool>(condition.shape());
    let condition = condition.to_owned().into_dyn().into_shared();
    apply(Where { condition }, [&a.into(), &b.into()])
}

compiled!(Op<2> Where);

#[cfg(test)]
mod tests {
    use ndarray::{ArrayD, array, s};

    use super::*;
    use crate::sweep::{self, Domain};

    fn checkerboard(shape: &[usize]) -> ArrayD<bool> {
        ArrayD::from_shape_fn(shape, |at| (0..at.ndim()).map(|axis| at[axis]).sum::<usize>().is_multiple_of(2))
    }

    #[test]
    fn derivatives() {
        let domain = Domain::between(-2.0, 2.0);
        sweep::binary("where_", domain.clone(), domain.clone(), |a, b| where_(&checkerboard((a + b).shape()), a, b));
        // The condition has the largest shape.
        let pairs: &[[&[usize]; 2]] = &[[&[], &[]], [&[3], &[2, 1]], [&[2, 1], &[2, 3]], [&[1, 1, 3], &[]]];
        sweep::pairs("where_", pairs, domain.clone(), domain, |a, b| where_(&checkerboard(&[2, 2, 3]), a, b));
    }

    #[test]
    fn all_three_broadcast() {
        let y = where_(&array![[true], [false]], Tensor::from([1.0, 2.0]), -1.0);
        assert_eq!(y, Tensor::from([[1.0, 2.0], [-1.0, -1.0]]));
        let board = array![[true, false], [false, true]];
        assert_eq!(where_(&board.t(), 1.0, [5.0, 6.0]), Tensor::from([[1.0, 6.0], [5.0, 1.0]]));
        assert_eq!(where_(&board.slice(s![1, ..]), 1.0, 0.0), Tensor::from([0.0, 1.0]));
    }

    #[test]
    fn what_was_not_chosen_does_not_show() {
        let (a, b) = (Tensor::param([f32::NAN, 1.0]), Tensor::param([2.0, f32::INFINITY]));
        let y = where_(&array![false, true], &a, &b);
        assert_eq!(y.to_vec(), [2.0, 1.0]);
        let grads = y.square().sum().backward();
        assert_eq!(grads[&a].to_vec(), [0.0, 2.0]);
        assert_eq!(grads[&b].to_vec(), [4.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "where_ of [2] and []: with a condition of shape [3], the sizes 2 and 3 of axis -1")]
    fn a_condition_that_does_not_broadcast() {
        where_(&array![true, false, true], Tensor::from([1.0, 2.0]), 0.0);
    }
}
