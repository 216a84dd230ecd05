//! The result of `backward`: a gradient for every parameter.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::{Add, AddAssign, Index, Mul, MulAssign};

use crate::{Float, Tensor, kernels, no_grad};

/// The gradients of a scalar with respect to the parameters it depends on.
///
/// ```
/// use downhill_tensor::Tensor;
/// let (w, b) = (Tensor::param([3.0, 0.0]), Tensor::param(4.0));
/// let grads = (w.square().sum() + b.square()).backward() * 0.5;
/// assert_eq!(grads[&w], Tensor::from([3.0, 0.0]));
/// assert_eq!(grads.norm(), 5.0);
/// ```
#[derive(Clone, Debug)]
pub struct Gradients<F: Float = f32> {
    /// By parameter id. Ordered, so that sums over all gradients are reproducible; a tree, so that gradients may arrive
    /// in any order.
    by_id: BTreeMap<i64, Tensor<F>>,
}

impl<F: Float> Default for Gradients<F> {
    /// No gradients: the neutral element of `+`, to start accumulating mini-batches from.
    fn default() -> Self {
        Gradients { by_id: BTreeMap::new() }
    }
}

impl<F: Float> Gradients<F> {
    /// The gradient of a parameter, or `None` if the scalar does not depend on it.
    pub fn get(&self, param: &Tensor<F>) -> Option<&Tensor<F>> {
        self.by_id.get(&param.0.id)
    }

    /// Replaces the gradient of a parameter.
    ///
    /// # Panics
    /// If `param` is frozen or a constant, or if the shapes differ.
    #[track_caller]
    pub fn set(&mut self, param: &Tensor<F>, grad: Tensor<F>) {
        assert!(!param.is_frozen(), "set: a frozen parameter has no gradient; `unfreeze` it first");
        assert!(param.requires_grad(), "set: a constant has no gradient; make a parameter with `Tensor::param`");
        assert!(
            param.shape() == grad.shape(),
            "set: shape mismatch: the gradient has shape {:?}, the parameter {:?}",
            grad.shape(),
            param.shape()
        );
        self.by_id.insert(param.0.id, grad);
    }

    pub(crate) fn add(&mut self, id: i64, grad: Tensor<F>) {
        match self.by_id.entry(id) {
            Entry::Occupied(mut sum) => sum.get_mut().accumulate(grad),
            Entry::Vacant(place) => drop(place.insert(grad)),
        }
    }

    /// How many parameters have a gradient.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether no parameter has a gradient.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Every gradient, oldest parameter first.
    pub fn iter(&self) -> impl Iterator<Item = &Tensor<F>> {
        self.by_id.values()
    }

    /// Every gradient, mutably, oldest parameter first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tensor<F>> {
        self.by_id.values_mut()
    }

    /// The global norm: `sqrt(Σ g²)` over every element of every gradient, accumulated in `f64`, and rescaled where the
    /// squares would overflow or underflow.
    pub fn norm(&self) -> f64 {
        let elements = || self.iter().flat_map(|grad| grad.view().into_iter().map(|g| g.as_f64()));
        kernels::scaled_norm(elements().map(|g| g * g).sum(), elements)
    }
}

impl<F: Float> Index<&Tensor<F>> for Gradients<F> {
    type Output = Tensor<F>;

    #[track_caller]
    fn index(&self, param: &Tensor<F>) -> &Tensor<F> {
        let Some(grad) = self.get(param) else {
            let what = match param.is_param() {
                true => {
                    "a parameter that the scalar does not depend on, or one that has changed since, while a clone or \
                     the record of another result still held it, and so became a new parameter"
                }
                false if param.is_frozen() => "a frozen parameter",
                false => "not a parameter",
            };
            panic!("gradients: no gradient for this tensor of shape {:?}: it is {what}", param.shape())
        };
        grad
    }
}

impl<F: Float> AddAssign for Gradients<F> {
    /// Accumulates: gradients that both sides have are added, the others kept.
    fn add_assign(&mut self, other: Self) {
        no_grad(|| {
            for (id, grad) in other.by_id {
                self.add(id, grad);
            }
        });
    }
}

impl<F: Float> Add for Gradients<F> {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl<F: Float> MulAssign<f64> for Gradients<F> {
    /// Scales every gradient.
    fn mul_assign(&mut self, factor: f64) {
        no_grad(|| {
            for grad in self.by_id.values_mut() {
                *grad = &*grad * F::from_f64(factor);
            }
        });
    }
}

impl<F: Float> Mul<f64> for Gradients<F> {
    type Output = Self;

    fn mul(mut self, factor: f64) -> Self {
        self *= factor;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gradients of one side only are kept, those of both are added, whichever is older.
    #[test]
    fn sums_of_different_parameters() {
        let [a, b, c] = [1.0, 2.0, 3.0].map(Tensor::<f64>::param);
        let (left, right) = ((&a * &b).backward(), (&b * &c).backward());
        for sum in [left.clone() + right.clone(), right + left] {
            assert_eq!((sum[&a].item(), sum[&b].item(), sum[&c].item()), (2.0, 4.0, 2.0));
            assert_eq!(sum.iter().map(Tensor::item).collect::<Vec<_>>(), [2.0, 4.0, 2.0], "oldest first");
        }
    }

    #[test]
    fn in_any_order() {
        let params: Vec<Tensor<f64>> = (0..100).map(|i| Tensor::param(f64::from(i))).collect();
        for stride in [1, 7, 51, 99] {
            let mut grads = Gradients::default();
            for i in (0..200).map(|i| i * stride % 100) {
                Gradients::add(&mut grads, params[i].0.id, Tensor::from(i as f64));
            }
            assert_eq!(grads.len(), 100);
            assert!(params.iter().all(|w| grads[w].item() == 2.0 * w.item()), "{stride}");
            grads.set(&params[3], Tensor::from(0.5));
            assert_eq!((grads[&params[3]].item(), grads.len()), (0.5, 100));
        }
    }

    /// The square of 3e30 overflows in f32, and 0.1 rounds differently in f32 and f64.
    #[test]
    fn computed_in_f64() {
        let w = Tensor::<f32>::param([3e30, 4e30]);
        let grads = (w.square().sum() * 0.5).backward();
        let norm = grads.norm();
        assert!((norm / 5e30 - 1.0).abs() < 1e-6, "{norm}");
        let w = Tensor::<f64>::param(1.0);
        assert_eq!((w.sum().backward() * 0.1)[&w].item(), 0.1);
    }

    #[test]
    fn norms_at_the_ends() {
        let norm = |slopes: [f64; 2]| {
            let w = Tensor::param([1.0, 1.0]);
            (&w * Tensor::from(slopes)).sum().backward().norm()
        };
        for (scale, tolerance) in [(1e300, 1e-15), (1e-300, 1e-15), (f64::MIN_POSITIVE / 64.0, 1e-14)] {
            assert!((norm([3.0 * scale, -4.0 * scale]) / scale - 5.0).abs() < 5.0 * tolerance, "{scale:e}");
        }
        assert_eq!(norm([0.0, 0.0]), 0.0);
        assert_eq!(norm([1.0, f64::NEG_INFINITY]), f64::INFINITY);
        assert!(norm([f64::INFINITY, f64::NAN]).is_nan() && norm([f64::NAN, 1.0]).is_nan());
        assert_eq!(Gradients::<f64>::default().norm(), 0.0);
    }
}
