//! The tensor: an n-dimensional array and the record of how it was computed.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, IxDyn};

use crate::Elements;
use crate::record::{Leaf, Node, Record, next_id};
use crate::{Float, operation};

/// An immutable n-dimensional array of `f32` or `f64`, with the record of the operation that produced it. `Tensor`
/// alone means `Tensor<f32>`; a bare literal such as `[1.0, 2.0]` is `f64`, and makes a `Tensor<f64>` unless something
/// says otherwise.
///
/// Cloning increments a reference count: the elements are shared, and copied only when one of the holders changes them
/// ([`assign`](Self::assign), [`data_mut`](Self::data_mut)). A tensor is a *parameter* ([`Tensor::param`]: gradients
/// flow to it), the *result* of an operation on one, or a *constant* (everything else).
///
/// A tensor has at most [`MAX_AXES`](crate::MAX_AXES) axes and at most `isize::MAX` bytes of elements; the nonzero
/// sizes of an empty tensor must not multiply to more either. Whatever would exceed these limits panics, and so does a
/// failed memory allocation.
///
/// ```
/// use downhill_tensor::Tensor;
/// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
/// let w = Tensor::param([[1.0], [-1.0]]);
/// let loss = x.matmul(&w).square().sum();
/// assert_eq!(loss.item(), 2.0);
/// assert_eq!(loss.backward()[&w], Tensor::from([[-8.0], [-12.0]]));
/// ```
#[derive(Clone)]
pub struct Tensor<F: Float = f32>(pub(crate) Arc<Node<F, dyn Record<F>>>);

impl<F: Float> Tensor<F> {
    /// A constant from an array, a view, a slice, a `Vec`, a nested literal or a scalar: the same as
    /// `Tensor::from(data)`, as a counterpart to [`param`](Self::param).
    ///
    /// A bare literal is `f64`: `Tensor::<f32>::new([1.0, 2.0])`, or a variable of the type `Tensor`, makes it `f32`.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x: Tensor = Tensor::new([1.0, 2.0]);
    /// assert!(x == Tensor::from([1.0, 2.0]) && !x.requires_grad());
    /// ```
    #[track_caller]
    pub fn new(data: impl Into<Tensor<F>>) -> Self {
        data.into()
    }

    /// A parameter: a leaf that gradients flow to. If `data` was recorded, the record is dropped. The elements are
    /// stored in row-major order, in which optimizers and savers walk them.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let w = Tensor::param([1.0, 2.0]);
    /// assert!(w.requires_grad());
    /// ```
    #[track_caller]
    pub fn param(data: impl Into<Tensor<F>>) -> Self {
        let data = data.into();
        operation::begin("param");
        Self::leaf(data.0.elements.row_major().aligned(), next_id())
    }

    /// A tensor filled with zeros.
    ///
    /// # Panics
    /// If no tensor can have this shape, or if the memory allocation fails.
    #[track_caller]
    pub fn zeros(shape: &[usize]) -> Self {
        Self::filled("zeros", shape, F::zero())
    }

    /// A tensor filled with ones.
    ///
    /// # Panics
    /// As for [`zeros`](Self::zeros).
    #[track_caller]
    pub fn ones(shape: &[usize]) -> Self {
        Self::filled("ones", shape, F::one())
    }

    /// A tensor filled with `value`.
    ///
    /// # Panics
    /// As for [`zeros`](Self::zeros).
    #[track_caller]
    pub fn full(shape: &[usize], value: F) -> Self {
        Self::filled("full", shape, value)
    }

    #[track_caller]
    fn filled(name: &'static str, shape: &[usize], value: F) -> Self {
        operation::begin(name);
        Self::leaf(Elements::full(IxDyn(shape), value), 0)
    }

    /// A constant whose elements `fill` appends, in row-major order, to a vector with room for them: a `from_fn` that
    /// writes many elements at a time. Faster than a tensor made from a vector of your own
    /// ([`from_shape_vec`](Self::from_shape_vec)): the memory is aligned and reused.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let squares = Tensor::<f32>::appended(&[2, 2], |elements| elements.extend((0..4).map(|i| (i * i) as f32)));
    /// assert_eq!(squares, Tensor::from([[0.0, 1.0], [4.0, 9.0]]));
    /// ```
    ///
    /// # Panics
    /// If `fill` does not append as many elements as the shape has, if no tensor can have this shape, or if the memory
    /// allocation fails.
    #[doc(alias("from_fn", "empty", "uninit"))]
    #[track_caller]
    pub fn appended(shape: &[usize], fill: impl FnOnce(&mut Vec<F>)) -> Self {
        operation::begin("appended");
        Self::leaf(Elements::appended(shape, fill), 0)
    }

    #[track_caller]
    pub(crate) fn constant(data: ArrayD<F>) -> Self {
        Self::leaf(data.into(), 0)
    }

    /// A parameter if `id` is positive, a frozen parameter if it is negative, a constant if it is 0.
    pub(crate) fn leaf(elements: Elements<F>, id: i64) -> Self {
        Tensor(Arc::new(Node { elements, id, record: Leaf }))
    }

    /// The size of every axis; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        self.0.elements.shape()
    }

    /// The number of axes; 0 for a scalar.
    #[doc(alias("dim", "rank"))]
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements.
    #[doc(alias("numel", "size"))]
    pub fn len(&self) -> usize {
        self.0.elements.len()
    }

    /// Whether there are no elements (an axis has size 0).
    pub fn is_empty(&self) -> bool {
        self.0.elements.is_empty()
    }

    /// The elements, as an `ndarray` view.
    pub fn view(&self) -> ArrayViewD<'_, F> {
        self.0.elements.view()
    }

    /// The elements in row-major order, without a copy, if that is how they are laid out in memory; always so for a
    /// parameter.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.as_slice(), Some([1.0, 2.0, 3.0, 4.0].as_slice()));
    /// assert_eq!(x.t().as_slice(), None);
    /// ```
    pub fn as_slice(&self) -> Option<&[F]> {
        self.0.elements.as_slice()
    }

    /// A copy of the elements as an `ndarray` array. `ArrayD::from(tensor)` avoids the copy if they are not shared.
    pub fn to_array(&self) -> ArrayD<F> {
        self.view().to_owned()
    }

    /// The elements in row-major order.
    pub fn to_vec(&self) -> Vec<F> {
        self.view().iter().copied().collect()
    }

    /// The only element.
    ///
    /// # Panics
    /// If there is not exactly one.
    #[doc(alias = "to_scalar")]
    #[track_caller]
    pub fn item(&self) -> F {
        match self.0.elements.as_slice() {
            Some(&[value]) => value,
            _ => panic!("item: a tensor of shape {:?} has {} elements, not one", self.shape(), self.len()),
        }
    }

    /// Whether gradients flow to or through this tensor.
    pub fn requires_grad(&self) -> bool {
        self.0.id > 0
    }

    /// Whether this is a parameter: a leaf that gradients flow to.
    pub fn is_param(&self) -> bool {
        self.requires_grad() && self.is_leaf()
    }

    /// Whether this is a frozen parameter: a constant to every operation, until [`unfreeze`](crate::Params::unfreeze)
    /// makes it the same parameter again.
    ///
    /// ```
    /// use downhill_tensor::{Params, Tensor};
    /// let mut w = Tensor::<f32>::param([1.0, 2.0]);
    /// let id = w.id();
    /// w.freeze("*");
    /// assert!(w.is_frozen() && !w.is_param() && !w.exp().requires_grad());
    /// w.unfreeze("*");
    /// assert!(w.is_param() && w.id() == id);
    /// ```
    pub fn is_frozen(&self) -> bool {
        self.0.id < 0
    }

    /// Whether this is a constant: neither a parameter, frozen or not, nor the recorded result of an operation on one.
    /// A constant in a model is one of its **buffers**, such as the running statistics of a normalization layer: saved
    /// and loaded, but neither trained nor counted.
    ///
    /// ```
    /// use downhill_tensor::{Params, Tensor};
    /// let mut model = (Tensor::<f32>::param([1.0, 2.0]), Tensor::from([0.5]));
    /// assert!(model.1.is_buffer() && !model.0.is_buffer());
    /// assert_eq!((model.num_params(), model.state_dict().len()), (2, 2));
    /// assert_eq!((model.freeze("*"), model.unfreeze("*")), (1, 1)); // buffers are unaffected
    /// assert!(model.1.is_buffer());
    /// ```
    pub fn is_buffer(&self) -> bool {
        self.0.id == 0
    }

    /// Whether this is a parameter or a constant, not the recorded result of an operation.
    pub(crate) fn is_leaf(&self) -> bool {
        self.0.record.is_leaf()
    }

    /// The operation that computed this tensor; `None` for a parameter, a constant, or a result computed from constants
    /// alone.
    pub fn op_name(&self) -> Option<&'static str> {
        (!self.is_leaf()).then(|| self.0.record.name())
    }

    /// The same elements as a constant: no gradient flows through the result.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let w = Tensor::param(3.0);
    /// let loss = &w * w.detach(); // the second factor is the number 3
    /// assert_eq!(loss.backward()[&w].item(), 3.0);
    /// ```
    #[doc(alias = "stop_gradient")]
    pub fn detach(&self) -> Self {
        Self::leaf(self.0.elements.clone(), 0)
    }

    /// A number that identifies a parameter or a result; `None` for a constant. Newer ids are larger, so an operation's
    /// result is always younger than its inputs.
    ///
    /// One id means one set of elements: clones share it until one of them is changed, which makes that one a new
    /// parameter. A frozen parameter keeps its id.
    ///
    /// ```
    /// use downhill_tensor::Tensor;
    /// let (mut w, mut v) = (Tensor::param([1.0_f32]), Tensor::param([1.0_f32]));
    /// let (copy, id) = (w.clone(), v.id());
    /// assert_eq!(copy.id(), w.id());
    /// w.assign([2.0]); // `copy` keeps the old elements
    /// v.assign([2.0]); // not shared: changed in place
    /// assert!(copy.id() != w.id() && v.id() == id);
    /// ```
    pub fn id(&self) -> Option<u64> {
        (self.0.id != 0).then_some(self.0.id.unsigned_abs())
    }

    /// The address of the node: the same for clones of one another, constants included, and for nothing else, as long
    /// as they live.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Whether this node has another holder: a clone, or the record of a result computed from it.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

impl<F: Float> PartialEq for Tensor<F> {
    /// Same shape and same elements, however they were computed.
    fn eq(&self, other: &Self) -> bool {
        self.0.elements == other.0.elements
    }
}

/// A panic cannot leave a tensor half-changed: elements change only through `&mut`, and what is behind a lock is taken
/// as a whole.
impl<F: Float> std::panic::UnwindSafe for Tensor<F> {}
impl<F: Float> std::panic::RefUnwindSafe for Tensor<F> {}

/// Lets functions of several tensors take tensors and references alike.
impl<F: Float> AsRef<Tensor<F>> for Tensor<F> {
    fn as_ref(&self) -> &Tensor<F> {
        self
    }
}

impl<F: Float> Default for Tensor<F> {
    /// The constant 0, a scalar.
    fn default() -> Self {
        Self::zeros(&[])
    }
}

#[cfg(test)]
mod tests;
