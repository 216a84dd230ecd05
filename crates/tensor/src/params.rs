//! A model is a plain struct, and `Params` makes it a named tree of tensors. One walk serves the optimiser, the state
//! dictionary, the parameter count and the summary.

mod containers;
mod path;
mod state_dict;
mod summary;

pub use path::Path;
pub use state_dict::{StateDict, StateDictError};
pub use summary::Summary;

use crate::{Float, Tensor};

/// A named tree of tensors: a model, a layer, a tensor, a tuple, an array, a `Vec` or an `Option` of them.
///
/// Derive it for a struct whose fields are trees; `#[params(skip)]` leaves out a field that is not one.
///
/// ```
/// use downhill_tensor::{Params, Tensor};
///
/// #[derive(Params)]
/// struct Line { slope: Tensor, offset: Tensor, #[params(skip)] name: &'static str }
///
/// let line = Line { slope: Tensor::param(2.0), offset: Tensor::param(1.0), name: "line" };
/// let names: Vec<String> = line.named_params().into_iter().map(|(path, _)| path).collect();
/// assert_eq!(names, ["slope", "offset"]);
/// assert_eq!(line.num_params(), 2);
/// # assert_eq!(line.name, "line");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tree of tensors of `{F}`",
    label = "not a tensor, a layer, or a container of them",
    note = "all tensors of a struct have one element type",
    note = "put `#[params(skip)]` on a field that holds no parameters, or `#[derive(Params)]` on the field's type"
)]
pub trait Params<F: Float = f32> {
    /// Calls `visitor` with the path and the tensor of every leaf, in the order of declaration. `path` is where this
    /// tree hangs in a larger one.
    fn visit<'a>(&'a self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &'a Tensor<F>));

    /// [`visit`](Self::visit), for changing the tensors.
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Tensor<F>));

    /// Every tensor with its path, constants (frozen parameters, buffers) included.
    fn named_params(&self) -> Vec<(String, &Tensor<F>)> {
        let mut list = Vec::new();
        self.visit(&Path::ROOT, &mut |path, tensor| list.push((path.to_string(), tensor)));
        list
    }

    /// The number of elements that training changes (tied parameters count once, frozen ones not at all).
    fn num_params(&self) -> usize {
        let mut seen = std::collections::BTreeSet::new();
        let mut count = 0;
        self.visit(&Path::ROOT, &mut |_, tensor| {
            if tensor.is_param() && seen.insert(tensor.id()) {
                count += tensor.len();
            }
        });
        count
    }

    /// A table of paths, shapes and counts, to be printed.
    fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        self.visit(&Path::ROOT, &mut |path, tensor| summary.push(path, tensor));
        summary
    }

    /// Makes constants of the parameters whose path matches `pattern`: training leaves them alone. In a pattern `*`
    /// stands for any run of characters. Returns how many matched.
    ///
    /// ```
    /// use downhill_tensor::{Params, Tensor};
    /// let mut pair = (Tensor::<f32>::param(1.0), Tensor::<f32>::param(2.0));
    /// assert_eq!(pair.freeze("0*"), 1);
    /// assert!(!pair.0.is_param() && pair.1.is_param());
    /// assert_eq!(pair.unfreeze("*"), 1);
    /// ```
    fn freeze(&mut self, pattern: &str) -> usize {
        let mut count = 0;
        self.visit_mut(&Path::ROOT, &mut |path, tensor| {
            if tensor.is_param() && path.matches(pattern) {
                *tensor = tensor.detach();
                count += 1;
            }
        });
        count
    }

    /// Makes parameters of the constants whose path matches `pattern`: the opposite of [`freeze`](Self::freeze).
    fn unfreeze(&mut self, pattern: &str) -> usize {
        let mut count = 0;
        self.visit_mut(&Path::ROOT, &mut |path, tensor| {
            if !tensor.requires_grad() && path.matches(pattern) {
                *tensor = Tensor::param(&*tensor);
                count += 1;
            }
        });
        count
    }

    /// A copy of every tensor's elements by path.
    fn state_dict(&self) -> StateDict<F> {
        let mut dict = StateDict::default();
        self.visit(&Path::ROOT, &mut |path, tensor| dict.insert(path.to_string(), tensor));
        dict
    }

    /// Takes the elements of every tensor from `dict`.
    ///
    /// # Errors
    /// If a path is missing, unknown, or has another shape. The model is then unchanged.
    fn load_state_dict(&mut self, dict: &StateDict<F>) -> Result<(), StateDictError> {
        let mut problems = StateDictError::default();
        let mut known = std::collections::BTreeSet::new();
        self.visit(&Path::ROOT, &mut |path, tensor| {
            problems.compare(path.to_string(), tensor.shape(), dict);
            known.insert(path.to_string());
        });
        problems.unknown = dict.paths().filter(|path| !known.contains(*path)).map(str::to_owned).collect();
        if problems.is_empty() {
            self.visit_mut(&Path::ROOT, &mut |path, tensor| {
                if let Some(value) = dict.get(&path.to_string()) {
                    tensor.assign(value.clone());
                }
            });
            Ok(())
        } else {
            Err(problems)
        }
    }
}
