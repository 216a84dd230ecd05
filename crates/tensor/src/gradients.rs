//! What `backward` returns: a gradient for every parameter.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::{Add, AddAssign, Index, Mul, MulAssign};

use crate::{Float, Tensor, no_grad};

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
    /// By the parameter's number. Ordered, so that sums over all gradients are the same in every run; a tree, so that they
    /// may come in any order.
    by_id: BTreeMap<i64, Tensor<F>>,
}

impl<F: Float> Default for Gradients<F> {
    /// No gradients; the neutral element of `+`, from which to accumulate several batches.
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
    /// If `param` is a constant, or the shapes differ.
    #[track_caller]
    pub fn set(&mut self, param: &Tensor<F>, grad: Tensor<F>) {
        assert!(!param.is_frozen(), "set: a frozen parameter has no gradient; `unfreeze` it");
        assert!(param.requires_grad(), "set: a constant has no gradient; make a parameter with `Tensor::param`");
        assert!(
            param.shape() == grad.shape(),
            "set: a gradient of shape {:?} does not fit a parameter of shape {:?}",
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

    /// Every gradient, to be replaced or changed, oldest parameter first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tensor<F>> {
        self.by_id.values_mut()
    }

    /// The global norm: `sqrt(Σ g²)` over every element of every gradient, accumulated in `f64`.
    pub fn norm(&self) -> f64 {
        let square = |g: &Tensor<F>| g.view().fold(0.0, |sum, &g| sum + g.as_f64() * g.as_f64());
        self.iter().map(square).sum::<f64>().sqrt()
    }
}

impl<F: Float> Index<&Tensor<F>> for Gradients<F> {
    type Output = Tensor<F>;

    #[track_caller]
    fn index(&self, param: &Tensor<F>) -> &Tensor<F> {
        let Some(grad) = self.get(param) else {
            let what = match param.is_param() {
                true => {
                    "a parameter that the scalar does not depend on, or one that has changed since while a clone or the \
                     record of another result still held it: then it has become a parameter of its own"
                }
                false if param.is_frozen() => "a frozen parameter",
                false => "not a parameter",
            };
            panic!("gradients: there is none for this tensor of shape {:?}: it is {what}", param.shape())
        };
        grad
    }
}

impl<F: Float> AddAssign for Gradients<F> {
    /// Accumulates: where both have a gradient the two are added, otherwise the one there is is kept.
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
