//! `Params` turns a plain struct, the model, into a named tree of tensors. One walk serves the optimizer, the state
//! dict, the parameter count and the summary.

mod containers;
mod iter;
mod leaves;
mod once;
mod path;
mod state_dict;
mod summary;

pub use iter::{Leaves, LeavesMut, TensorMut};
pub use path::Path;
pub use state_dict::{StateDict, StateDictError, StateDictIter};
pub use summary::Summary;

use std::collections::BTreeSet;

use crate::{Float, Tensor};

/// A named tree of tensors: a model, a layer, a tensor, a tuple, an array, a `Vec`, an `Option`, a `Box`, an `Arc` or a
/// `BTreeMap` of them.
///
/// A leaf is a **parameter** ([`Tensor::is_param`]), a **frozen parameter** ([`Tensor::is_frozen`]) or a **buffer**:
/// any constant ([`Tensor::is_buffer`]), such as a running statistic. All three are saved and loaded; training changes
/// only parameters, and buffers are neither counted nor affected by `freeze` and `unfreeze`.
///
/// Derive it for a struct or an enum whose fields are trees. Numbers, `bool`, strings, `PhantomData`, ranges and `fn`
/// pointers are trees without tensors; `#[params(skip)]` leaves out any other field that is not a tree.
///
/// ```
/// use downhill_tensor::{Params, Tensor};
///
/// #[derive(Params)]
/// struct Line { slope: Tensor, offset: Tensor, name: &'static str }
///
/// let line = Line { slope: Tensor::param(2.0), offset: Tensor::param(1.0), name: "line" };
/// let names: Vec<String> = line.params().map(|(path, _)| path).collect();
/// assert_eq!(names, ["slope", "offset"]);
/// assert_eq!(line.num_params(), 2);
/// # assert_eq!(line.name, "line");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tree of tensors of `{F}`",
    label = "not a tensor, a layer, or a container of them",
    note = "all tensors of a struct have one element type; `Tensor` alone is `Tensor<f32>`",
    note = "put `#[params(skip)]` on a field that holds no tensors, or `#[derive(Params)]` on the field's type"
)]
pub trait Params<F: Float = f32> {
    /// Calls `visitor` with the path and the tensor of every leaf, in the order of declaration. `path` is the position
    /// of this tree in a larger one.
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>));

    /// [`visit`](Self::visit) with mutable tensors. A tensor at several places (tied weights) is visited at each, and
    /// changing it at one unties it from the others; to change tied tensors together, use
    /// [`visit_once_mut`](Self::visit_once_mut).
    fn visit_mut<'a>(&'a mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a mut Tensor<F>));

    /// [`visit`](Self::visit), but every tensor only once, at its first path, however many paths lead to it.
    fn visit_once<'a>(&'a self, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>)) {
        once::visit_once(self, visitor);
    }

    /// Changes every tensor once, at its first path, and updates all its other places: tied tensors stay tied.
    /// [`params_mut`](Self::params_mut) does the same in a `for` loop.
    ///
    /// ```
    /// use downhill_tensor::{Params, Tensor};
    /// let shared = Tensor::param([1.0, -2.0]);
    /// let mut model = (shared.clone(), Tensor::param([5.0]), shared);
    /// let id = model.0.id();
    /// model.visit_once_mut(&mut |_, w| w.data_mut().mapv_inplace(|w: f64| w.clamp(-1.0, 1.0)));
    /// assert_eq!((model.0.to_vec(), model.1.to_vec()), (vec![1.0, -1.0], vec![1.0]));
    /// assert!(model.2 == model.0 && model.0.id() == id && model.2.id() == id);
    /// ```
    fn visit_once_mut(&mut self, visitor: &mut dyn FnMut(&Path<'_>, &mut Tensor<F>)) {
        once::visit_once_mut(self, visitor);
    }

    /// Every parameter with its path, frozen ones included, each once, at its first path. For buffers see
    /// [`buffers`](Self::buffers); [`named_params`](Self::named_params) lists both, at all paths.
    ///
    /// ```
    /// use downhill_tensor::{Params, Tensor};
    /// let model = (Tensor::param([[1.0, 2.0]]), Tensor::from([0.5]));
    /// for (path, w) in model.params() {
    ///     println!("{path} {:?}", w.shape());
    /// }
    /// let squares: f64 = model.params().map(|(_, w)| w.square().sum().item()).sum();
    /// assert_eq!((squares, model.buffers().count()), (5.0, 1));
    /// ```
    #[doc(alias("parameters", "named_parameters"))]
    fn params(&self) -> Leaves<'_, F> {
        Leaves::of(self, |tensor| !tensor.is_buffer())
    }

    /// [`params`](Self::params) with mutable tensors. Tied tensors stay tied: the other places are updated when the
    /// item is dropped.
    ///
    /// ```
    /// use downhill_tensor::{Params, Tensor};
    /// let shared = Tensor::param([1.0, -2.0]);
    /// let mut model = (shared.clone(), Tensor::param([5.0]), shared);
    /// for (path, mut w) in model.params_mut() {
    ///     if path != "1" {
    ///         w.data_mut().mapv_inplace(|w: f64| w.clamp(-1.0, 1.0));
    ///     }
    /// }
    /// assert!(model.0 == Tensor::from([1.0, -1.0]) && model.2.id() == model.0.id());
    /// assert_eq!(model.1.item(), 5.0);
    /// ```
    fn params_mut(&mut self) -> LeavesMut<'_, F> {
        LeavesMut::of(self, |tensor| !tensor.is_buffer())
    }

    /// Every buffer with its path, each once, at its first path: the constants of the tree, such as running statistics.
    ///
    /// ```
    /// use downhill_tensor::{Params, Tensor};
    /// let model = (Tensor::param([1.0]), Tensor::from([0.5]));
    /// assert_eq!(model.buffers().next(), Some(("1".to_owned(), &model.1)));
    /// ```
    #[doc(alias = "named_buffers")]
    fn buffers(&self) -> Leaves<'_, F> {
        Leaves::of(self, Tensor::is_buffer)
    }

    /// An independent copy: every parameter is a new one with its own elements, frozen if it was frozen; tied tensors
    /// are tied inside the copy. (A `clone` has the same parameters until one side changes: a loss over both adds up
    /// their gradients.) For target networks, teacher models, and the members of an ensemble:
    ///
    /// ```
    /// use downhill_tensor::{Params, Tensor};
    /// let mut student = (Tensor::param([[0.5, -1.0]]), Tensor::param([0.25]));
    /// let forward = |(w, b): &(Tensor<f64>, Tensor<f64>), x: &Tensor<f64>| x.matmul(&w.t()) + b;
    /// let mut teacher = student.deep_copy();
    /// teacher.freeze("*"); // no gradient for it
    ///
    /// let x = Tensor::from([[1.0, 2.0]]);
    /// let loss = (forward(&student, &x) - forward(&teacher, &x) - 1.0).square().sum();
    /// let grads = loss.backward();
    /// for (_, mut w) in student.params_mut() {
    ///     w.assign(&*w - 0.1 * &grads[&*w]);
    /// }
    /// assert_eq!((student.1.item(), teacher.1.item()), (0.45, 0.25));
    ///
    /// // The target follows slowly: t ← 0.9·t + 0.1·s.
    /// for ((_, mut t), (_, s)) in teacher.params_mut().zip(student.params()) {
    ///     t.assign(0.9 * &*t + 0.1 * s.detach());
    /// }
    /// assert!((teacher.1.item() - 0.27).abs() < 1e-12 && teacher.1.is_frozen());
    ///
    /// let ensemble: Vec<_> = (0..3).map(|_| student.deep_copy()).collect();
    /// assert_eq!(ensemble.num_params(), 3 * student.num_params());
    /// ```
    #[doc(alias = "deepcopy")]
    fn deep_copy(&self) -> Self
    where
        Self: Clone + Sized,
    {
        let mut copy = self.clone();
        copy.visit_once_mut(&mut |_, tensor| *tensor = tensor.deep_copy_leaf());
        copy
    }

    /// Every tensor at every path, frozen parameters and buffers included.
    fn named_params(&self) -> Vec<(String, &Tensor<F>)> {
        let mut list = Vec::new();
        self.visit(&Path::ROOT, &mut |path, tensor| list.push((path.to_string(), tensor)));
        list
    }

    /// The number of trainable elements (tied parameters count once, frozen ones not at all).
    fn num_params(&self) -> usize {
        let mut count = 0;
        self.visit_once(&mut |_, tensor| {
            if tensor.is_param() {
                count += tensor.len();
            }
        });
        count
    }

    /// A table of paths, shapes and counts, for printing.
    fn summary(&self) -> Summary {
        Summary::of(self)
    }

    /// Freezes the parameters whose path matches `pattern`: operations treat them as constants, and training does not
    /// change them. In a pattern, `*` matches any run of characters. Returns the number of matching paths. A tied
    /// parameter is frozen at all its places if one of them matches, and stays tied.
    ///
    /// A clone of the model is not frozen with it. If a clone or the record of a result still holds a parameter,
    /// freezing makes it a new parameter; otherwise it keeps its id, and [`unfreeze`](Self::unfreeze) restores it.
    ///
    /// ```
    /// use downhill_tensor::{Params, Tensor};
    /// let mut pair = (Tensor::<f32>::param(1.0), Tensor::<f32>::param(2.0));
    /// assert_eq!(pair.freeze("0*"), 1);
    /// assert!(!pair.0.is_param() && pair.1.is_param());
    /// assert_eq!(pair.unfreeze("*"), 1);
    /// ```
    fn freeze(&mut self, pattern: &str) -> usize {
        // Match every path first: the walk that changes tensors sees tied ones only at their first path.
        let (mut chosen, mut count) = (BTreeSet::new(), 0);
        self.visit(&Path::ROOT, &mut |path, tensor| {
            if tensor.is_param() && path.matches(pattern) {
                chosen.insert(tensor.address());
                count += 1;
            }
        });
        self.visit_once_mut(&mut |_, tensor| {
            if chosen.contains(&tensor.address()) {
                tensor.freeze_leaf();
            }
        });
        count
    }

    /// Makes the frozen parameters whose path matches `pattern` trainable again: the inverse of
    /// [`freeze`](Self::freeze). Returns the number of matching paths. A buffer ([`Tensor::is_buffer`]) stays a buffer;
    /// to train it, replace it with `Tensor::param(&buffer)`.
    fn unfreeze(&mut self, pattern: &str) -> usize {
        // As in `freeze`, match every path first.
        let (mut chosen, mut count) = (BTreeSet::new(), 0);
        self.visit(&Path::ROOT, &mut |path, tensor| {
            if tensor.is_frozen() && path.matches(pattern) {
                chosen.insert(tensor.address());
                count += 1;
            }
        });
        self.visit_once_mut(&mut |_, tensor| {
            if chosen.contains(&tensor.address()) {
                tensor.unfreeze_leaf();
            }
        });
        count
    }

    /// A copy of every tensor's elements, by path.
    fn state_dict(&self) -> StateDict<F> {
        let mut dict = StateDict::default();
        self.visit(&Path::ROOT, &mut |path, tensor| dict.insert(path.to_string(), tensor));
        dict
    }

    /// Sets the elements of every tensor from `dict`. Tied parameters stay tied.
    ///
    /// # Errors
    /// If a path is missing or unknown, if shapes differ, or if `dict` has different elements for two places of one
    /// parameter. The model is then unchanged.
    fn load_state_dict(&mut self, dict: &StateDict<F>) -> Result<(), StateDictError> {
        state_dict::load(self, dict)
    }
}
