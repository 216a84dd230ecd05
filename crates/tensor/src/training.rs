//! Training is a scope, as `no_grad` is. What layers do differently in it, they ask here: [`is_training`], a generator
//! ([`training_rng`]), and where to put new running statistics ([`update_buffer`]).
//!
//! A buffer is known by its node's address. While the scope borrows the model its nodes stay where they are, so an address
//! found in the walk at the start is that buffer and no other, at all its places.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;

use rand::Rng;

use crate::kernels::lend;
use crate::{Float, Params, Path, Tensor, no_grad};

thread_local! {
    /// The [`Statistics`] of the scope that is running in this thread.
    static SCOPE: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// The buffers of a model, by address; with the new elements of those that have been updated.
struct Statistics<F: Float>(BTreeMap<usize, Option<Tensor<F>>>);

/// Runs `body` as a part of training `model`: layers that behave differently then, dropout and batch normalisation, do. Their
/// random numbers come from `rng`; their new running statistics are written to the model's buffers when `body` returns, and
/// not if it panics. Outside of such a scope everything is evaluation, with the same numbers each time.
///
/// ```
/// use downhill_tensor::{Params, Tensor, is_training, training, update_buffer};
/// use rand::SeedableRng;
///
/// /// Subtracts the batch's mean in training, and the last batch's in evaluation.
/// #[derive(Params)]
/// struct Centre { mean: Tensor }
///
/// impl Centre {
///     fn forward(&self, x: &Tensor) -> Tensor {
///         if !is_training() {
///             return x - &self.mean;
///         }
///         let mean = x.mean_axis(0);
///         update_buffer(&self.mean, |_| mean.detach());
///         x - mean
///     }
/// }
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let mut model = Centre { mean: Tensor::zeros(&[2]) };
/// let x = Tensor::from([[1.0, 2.0], [3.0, 6.0]]);
/// assert_eq!(model.forward(&x), x);
/// let y = training(&mut model, &mut rng, |model| model.forward(&x));
/// assert_eq!(y, Tensor::from([[-1.0, -2.0], [1.0, 2.0]]));
/// assert_eq!(model.mean, Tensor::from([2.0, 4.0]));
/// ```
///
/// A scope concerns the thread it is opened in; threads that `body` starts evaluate. A `clone` of the model inside is the same
/// model, and its statistics go there. A model that is not to be trained, a teacher for instance, runs in [`evaluation`].
/// Several models take a scope each, one after the other: a graph may reach across them. A layer without tensors, alone, does not
/// say its element type: `training::<f32, _, _>(&mut dropout, ..)`.
///
/// # Panics
/// If a scope is running in this thread already.
#[doc(alias("train", "eval"))]
#[track_caller]
pub fn training<F: Float, M: Params<F> + ?Sized, T>(
    model: &mut M,
    rng: &mut (impl Rng + ?Sized),
    body: impl FnOnce(&M) -> T,
) -> T {
    assert!(
        !is_training(),
        "training: a `training` scope is already running in this thread; let it end before the next one begins (the graph \
         of a loss may reach across both), or run what is to be trained apart from it inside of `evaluation(|| ...)`"
    );
    let mut buffers = BTreeMap::new();
    model.visit(&Path::ROOT, &mut |_, tensor| {
        if tensor.is_buffer() {
            buffers.insert(tensor.address(), None);
        }
    });
    // What is not `Sized` cannot be made a `dyn Rng`, but a reference to it can.
    let mut rng = rng;
    let (result, Statistics(mut buffers)) = lend::lend(&mut rng, || {
        let scope = Running::begin(Some(Box::new(Statistics::<F>(buffers))));
        let result = body(model);
        let statistics = scope.end().and_then(|scope| scope.downcast::<Statistics<F>>().ok());
        (result, *statistics.expect("put there above"))
    });
    buffers.retain(|_, new| new.is_some());
    if !buffers.is_empty() {
        model.visit_once_mut(&mut |_, tensor| {
            if let Some(Some(new)) = buffers.remove(&tensor.address()) {
                tensor.assign(new);
            }
        });
    }
    result
}

/// Runs `body` as if no [`training`] scope were running around it: for a model that is not trained (a teacher, a critic whose
/// turn it is not), or for a frozen part whose running statistics shall stay as they are.
///
/// ```
/// use downhill_tensor::{Tensor, evaluation, is_training, training};
/// use rand::SeedableRng;
/// let mut student = Tensor::<f32>::param([1.0]);
/// training(&mut student, &mut rand_chacha::ChaCha8Rng::seed_from_u64(1), |_| {
///     assert!(is_training());
///     assert!(!evaluation(is_training));
/// });
/// ```
pub fn evaluation<T>(body: impl FnOnce() -> T) -> T {
    lend::withhold(|| {
        let _scope = Running::begin(None);
        body()
    })
}

/// Whether a [`training`] scope is running in this thread.
pub fn is_training() -> bool {
    SCOPE.with_borrow(Option::is_some)
}

/// For layers: runs `body` with the generator of the [`training`] scope; `None` in evaluation, where nothing is random.
///
/// ```
/// use downhill_tensor::{Tensor, training, training_rng};
/// use rand::{Rng, SeedableRng};
/// let noise = |x: &Tensor| training_rng(|rng| x + Tensor::randn(x.shape(), rng)).unwrap_or_else(|| x.clone());
/// let mut x = Tensor::param([1.0, 2.0]);
/// assert_eq!(noise(&x), x);
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// assert!(training(&mut x, &mut rng, |x| noise(x)) != x);
/// ```
///
/// # Panics
/// If it is called inside of another call's `body`, which has the generator.
#[track_caller]
pub fn training_rng<T>(body: impl FnOnce(&mut dyn Rng) -> T) -> Option<T> {
    if !is_training() {
        return None;
    }
    let result = lend::borrow(body);
    assert!(result.is_some(), "training_rng: the generator is in use by a call of `training_rng` around this one");
    result
}

/// For layers: has the running [`training`] scope write what `new` makes of the buffer's elements to the model when it ends,
/// and returns it. Updates of one buffer, by a layer that is used twice, follow one another: each begins with what the last one
/// returned. Nothing of it is recorded.
///
/// # Panics
/// If no scope is running, if `buffer` is none of its model's, or if the shape would change.
#[track_caller]
pub fn update_buffer<F: Float>(buffer: &Tensor<F>, new: impl FnOnce(&Tensor<F>) -> Tensor<F>) -> Tensor<F> {
    let now = match latest(buffer) {
        Some(now) => now.unwrap_or_else(|| buffer.clone()),
        None if is_training() => panic!(
            "update_buffer: this tensor of shape {:?} is no buffer of the model that the `training` scope was given; give \
             it the whole model, or run a model that is not to be trained inside of `evaluation(|| ...)`",
            buffer.shape()
        ),
        None => panic!("update_buffer: no `training` scope is running in this thread"),
    };
    let new = no_grad(|| new(&now)).detach();
    assert!(
        new.shape() == buffer.shape(),
        "update_buffer: a buffer of shape {:?} cannot take elements of shape {:?}",
        buffer.shape(),
        new.shape()
    );
    with_buffers(|buffers| buffers.insert(buffer.address(), Some(new.clone())));
    new
}

/// Whether `buffer` is one of the running scope's, and if so, its elements if they have been updated.
fn latest<F: Float>(buffer: &Tensor<F>) -> Option<Option<Tensor<F>>> {
    with_buffers(|buffers| buffers.get(&buffer.address()).cloned()).flatten()
}

fn with_buffers<F: Float, T>(body: impl FnOnce(&mut BTreeMap<usize, Option<Tensor<F>>>) -> T) -> Option<T> {
    SCOPE.with_borrow_mut(|scope| Some(body(&mut scope.as_mut()?.downcast_mut::<Statistics<F>>()?.0)))
}

/// A scope, or none, that ends with this value; then what was around it is back.
struct Running(Option<Box<dyn Any>>);

impl Running {
    fn begin(scope: Option<Box<dyn Any>>) -> Self {
        Running(SCOPE.replace(scope))
    }

    /// Ends it, and returns it.
    fn end(mut self) -> Option<Box<dyn Any>> {
        let around = self.0.take();
        let ended = SCOPE.replace(around);
        std::mem::forget(self); // Nothing is left to be put back.
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let ended = SCOPE.replace(self.0.take());
        drop(ended); // Not while the scope is borrowed.
    }
}

#[cfg(test)]
mod tests;
