//! What `backward` returns: a gradient for every parameter.

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
    /// With the parameter's number, youngest first, as the walk finds them. Ordered, so that sums over all gradients are
    /// the same in every run.
    list: Vec<(u64, Tensor<F>)>,
}

impl<F: Float> Default for Gradients<F> {
    /// No gradients; the neutral element of `+`, from which to accumulate several batches.
    fn default() -> Self {
        Gradients { list: Vec::new() }
    }
}

impl<F: Float> Gradients<F> {
    /// The gradient of a parameter, or `None` if the scalar does not depend on it.
    pub fn get(&self, param: &Tensor<F>) -> Option<&Tensor<F>> {
        self.position(param.id()?).ok().map(|at| &self.list[at].1)
    }

    /// Replaces the gradient of a parameter.
    ///
    /// # Panics
    /// If `param` is a constant, or the shapes differ.
    #[track_caller]
    pub fn set(&mut self, param: &Tensor<F>, grad: Tensor<F>) {
        let id = param.id().expect("set: a constant has no gradient; make a parameter with `Tensor::param`");
        assert!(
            param.shape() == grad.shape(),
            "set: a gradient of shape {:?} does not fit a parameter of shape {:?}",
            grad.shape(),
            param.shape()
        );
        match self.position(id) {
            Ok(at) => self.list[at].1 = grad,
            Err(at) => self.list.insert(at, (id, grad)),
        }
    }

    /// Where the gradient of the parameter `id` is, or would be.
    fn position(&self, id: u64) -> Result<usize, usize> {
        self.list.binary_search_by(|(other, _)| id.cmp(other))
    }

    pub(crate) fn add(&mut self, id: u64, grad: Tensor<F>) {
        match self.position(id) {
            Ok(at) => self.list[at].1.accumulate(grad),
            Err(at) => self.list.insert(at, (id, grad)),
        }
    }

    pub(crate) fn take(&mut self, id: u64) -> Option<Tensor<F>> {
        self.position(id).ok().map(|at| self.list.remove(at).1)
    }

    /// How many parameters have a gradient.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether no parameter has a gradient.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Every gradient, oldest parameter first.
    pub fn iter(&self) -> impl Iterator<Item = &Tensor<F>> {
        self.list.iter().rev().map(|(_, grad)| grad)
    }

    /// Every gradient, to be replaced or changed, oldest parameter first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tensor<F>> {
        self.list.iter_mut().rev().map(|(_, grad)| grad)
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
            let what =
                if param.is_param() { "a parameter that the scalar does not depend on" } else { "not a parameter" };
            panic!("gradients: there is none for this tensor of shape {:?}: it is {what}", param.shape())
        };
        grad
    }
}

impl<F: Float> AddAssign for Gradients<F> {
    /// Accumulates: where both have a gradient the two are added, otherwise the one there is is kept.
    fn add_assign(&mut self, other: Self) {
        no_grad(|| {
            for (id, grad) in other.list {
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
            for (_, grad) in &mut self.list {
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
