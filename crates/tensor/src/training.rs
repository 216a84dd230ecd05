//! Training is a scope, like `no_grad`. Layers that behave differently in training ask it whether they train
//! ([`is_training`]), draw from its random generator ([`training_rng`]), and pass it new running statistics
//! ([`update_buffer`]).
//!
//! A buffer is identified by the address of its node. The scope borrows the model, so its nodes stay where they are,
//! and an address found in the walk at the start identifies that buffer in all its places.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;

use rand::Rng;

use crate::kernels::lend;
use crate::{Float, Params, Path, Tensor, no_grad};

thread_local! {
    /// The [`Statistics`] of the scope running in this thread.
    static SCOPE: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// The buffers of a model by address, each with its new elements once it has been updated.
struct Statistics<F: Float>(BTreeMap<usize, Option<Tensor<F>>>);

/// Runs `body` as part of training `model`: layers that behave differently in training, such as dropout and batch
/// normalization, do so. Their random numbers come from `rng`; their new running statistics are written to the model's
/// buffers when `body` returns, but not if it panics. Outside such a scope layers evaluate, which gives the same result
/// every time.
///
/// ```
/// use downhill_tensor::{Params, Tensor, is_training, training, update_buffer};
/// use rand::SeedableRng;
///
/// /// Subtracts the mean: of the batch in training, of the last training batch in evaluation.
/// #[derive(Params)]
/// struct Center { mean: Tensor }
///
/// impl Center {
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
/// let mut model = Center { mean: Tensor::zeros(&[2]) };
/// let x = Tensor::from([[1.0, 2.0], [3.0, 6.0]]);
/// assert_eq!(model.forward(&x), x);
/// let y = training(&mut model, &mut rng, |model| model.forward(&x));
/// assert_eq!(y, Tensor::from([[-1.0, -2.0], [1.0, 2.0]]));
/// assert_eq!(model.mean, Tensor::from([2.0, 4.0]));
/// ```
///
/// A scope affects only the thread that opens it; threads started by `body` evaluate. A clone of the model made inside
/// counts as the model: its statistics are written to `model`. Run a model that must not be trained, such as a teacher,
/// in [`evaluation`]. To train several models, open one scope after the other; a graph may span them. For a layer
/// without tensors, name the element type: `training::<f32, _, _>(&mut dropout, ..)`.
///
/// # Panics
/// If a scope is already running in this thread.
#[doc(alias("train", "eval"))]
#[track_caller]
pub fn training<F: Float, M: Params<F> + ?Sized, T>(
    model: &mut M,
    rng: &mut (impl Rng + ?Sized),
    body: impl FnOnce(&M) -> T,
) -> T {
    assert!(
        !is_training(),
        "training: a `training` scope is already running in this thread; let it end before starting the next one (the \
         graph of a loss may span both), or start the inner one inside `evaluation(|| ...)`"
    );
    // Collect the model's buffers, to recognize them in `update_buffer`.
    let mut buffers = BTreeMap::new();
    model.visit(&Path::ROOT, &mut |_, tensor| {
        if tensor.is_buffer() {
            buffers.insert(tensor.address(), None);
        }
    });
    // An unsized `R` cannot be coerced to `dyn Rng`, but a reference to it can.
    let mut rng = rng;
    let (result, Statistics(mut buffers)) = lend::lend(&mut rng, || {
        let scope = Running::begin(Some(Box::new(Statistics::<F>(buffers))));
        let result = body(model);
        let statistics = scope.end().and_then(|scope| scope.downcast::<Statistics<F>>().ok());
        (result, *statistics.expect("put there above"))
    });
    // Write the new statistics back: once per buffer, however many places it has.
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

/// Runs `body` as if outside of any [`training`] scope: for a model that is not being trained (a teacher, or a critic
/// while the generator trains), or for a frozen part that must keep its running statistics.
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

/// For layers: runs `body` with the random generator of the [`training`] scope. `None` in evaluation, where nothing is
/// random.
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
/// If called inside the `body` of another call, which holds the generator.
#[track_caller]
pub fn training_rng<T>(body: impl FnOnce(&mut dyn Rng) -> T) -> Option<T> {
    if !is_training() {
        return None;
    }
    let result = lend::borrow(body);
    assert!(result.is_some(), "training_rng: the generator is in use by an enclosing call of `training_rng`");
    result
}

/// For layers: computes a buffer's new elements with `new` and returns them; the running [`training`] scope writes them
/// to the model when it ends. If a layer is used twice, each update starts from the result of the last one. Nothing is
/// recorded.
///
/// # Panics
/// If no scope is running, if `buffer` does not belong to its model, or if the shape would change.
#[track_caller]
pub fn update_buffer<F: Float>(buffer: &Tensor<F>, new: impl FnOnce(&Tensor<F>) -> Tensor<F>) -> Tensor<F> {
    let now = match latest(buffer) {
        Some(now) => now.unwrap_or_else(|| buffer.clone()),
        None if is_training() => panic!(
            "update_buffer: this tensor of shape {:?} is not a buffer of the model passed to `training`; pass the \
             whole model, or run a model that is not being trained inside `evaluation(|| ...)`",
            buffer.shape()
        ),
        None => panic!("update_buffer: no `training` scope is running in this thread; check `is_training()` first"),
    };
    let new = no_grad(|| new(&now)).detach();
    assert!(
        new.shape() == buffer.shape(),
        "update_buffer: shape mismatch: the buffer has shape {:?}, the new elements {:?}",
        buffer.shape(),
        new.shape()
    );
    with_buffers(|buffers| buffers.insert(buffer.address(), Some(new.clone())));
    new
}

/// `None` if `buffer` does not belong to the running scope's model; else its updated elements, if any.
fn latest<F: Float>(buffer: &Tensor<F>) -> Option<Option<Tensor<F>>> {
    with_buffers(|buffers| buffers.get(&buffer.address()).cloned()).flatten()
}

fn with_buffers<F: Float, T>(body: impl FnOnce(&mut BTreeMap<usize, Option<Tensor<F>>>) -> T) -> Option<T> {
    SCOPE.with_borrow_mut(|scope| Some(body(&mut scope.as_mut()?.downcast_mut::<Statistics<F>>()?.0)))
}

/// A running scope, or evaluation. Holds the enclosing scope and restores it when dropped.
struct Running(Option<Box<dyn Any>>);

impl Running {
    fn begin(scope: Option<Box<dyn Any>>) -> Self {
        Running(SCOPE.replace(scope))
    }

    /// Ends the scope and returns it.
    fn end(mut self) -> Option<Box<dyn Any>> {
        let around = self.0.take();
        let ended = SCOPE.replace(around);
        std::mem::forget(self); // Already restored.
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let ended = SCOPE.replace(self.0.take());
        drop(ended); // Not while `SCOPE` is borrowed: this may run any destructor.
    }
}

#[cfg(test)]
mod tests;
