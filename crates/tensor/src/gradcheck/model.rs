//! Gradient check of a whole model and its loss: every parameter at once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::marker::PhantomData;

use super::function::Function;
use super::{Check, GradcheckError, Report, check_orders};
use crate::{Float, Params, Path, Tensor};

/// Compares the gradients of all parameters of a model with central differences; the report has a line for every path.
///
/// `loss` computes whatever is to be differentiated, on one mini-batch. Tied parameters are moved together and reported
/// under their first path; frozen ones are left out. Checking every element takes two evaluations each; for a large
/// model, check a few random directions per parameter, `Directions::Random(4)`. Use `f64`. The model is restored
/// afterwards, even if `loss` panics.
///
/// ```
/// use downhill_tensor::{Check, Tensor, gradcheck_model};
/// let x = Tensor::from([[0.5, -1.0], [2.0, 0.25]]);
/// let mut model = (Tensor::param([[0.3], [-0.2]]), Tensor::param([0.1_f64])); // weight and bias
/// let report = gradcheck_model(&mut model, |(w, b)| (x.matmul(w) + b).sigmoid().ln().sum(), Check::default()).unwrap();
/// assert_eq!(report.inputs[1].name, "1");
/// assert_eq!(report.compared(), 3);
/// ```
///
/// # Errors
/// As for [`gradcheck`](crate::gradcheck); the report in the error has a line for every path.
///
/// # Panics
/// If a field of `check` is invalid, or if `loss` panics.
#[track_caller]
pub fn gradcheck_model<F: Float, M: Params<F>>(
    model: &mut M,
    loss: impl Fn(&M) -> Tensor<F>,
    check: Check,
) -> Result<Report, GradcheckError> {
    let Parameters { names, values, slots } = Parameters::of(model);
    let model = RefCell::new(Restore::new(model));
    let call = |xs: &[Tensor<F>]| {
        model.borrow_mut().set(&slots, xs);
        vec![loss(model.borrow().model)]
    };
    check_orders(Function::new(call, values, names, "loss"), &check)
}

/// The parameters of a model, each once.
struct Parameters<F: Float> {
    names: Vec<String>,
    values: Vec<Tensor<F>>,
    /// For every tensor of the tree, the index of its parameter; `None` if it is not trained.
    slots: Vec<Option<usize>>,
}

impl<F: Float> Parameters<F> {
    fn of<M: Params<F>>(model: &M) -> Self {
        let (mut names, mut values, mut slots) = (Vec::new(), Vec::<Tensor<F>>::new(), Vec::new());
        let mut known = BTreeMap::new();
        model.visit(&Path::ROOT, &mut |path, tensor| {
            if !tensor.is_param() {
                return slots.push(None);
            }
            let slot = *known.entry(tensor.id()).or_insert(values.len());
            slots.push(Some(slot));
            if slot == values.len() {
                names.push(path.to_string());
                values.push(tensor.clone());
            }
        });
        Parameters { names, values, slots }
    }
}

/// A model whose tensors are restored on drop.
struct Restore<'m, F: Float, M: Params<F>> {
    model: &'m mut M,
    /// Every tensor of the tree, in the order of the walk.
    saved: Vec<Tensor<F>>,
    element: PhantomData<F>,
}

impl<'m, F: Float, M: Params<F>> Restore<'m, F, M> {
    fn new(model: &'m mut M) -> Self {
        let saved = model.named_params().into_iter().map(|(_, tensor)| tensor.clone()).collect();
        Restore { model, saved, element: PhantomData }
    }

    fn set(&mut self, slots: &[Option<usize>], values: &[Tensor<F>]) {
        let mut slots = slots.iter();
        self.model.visit_mut(&Path::ROOT, &mut |_, tensor| {
            if let Some(Some(parameter)) = slots.next() {
                *tensor = values[*parameter].clone();
            }
        });
    }
}

impl<F: Float, M: Params<F>> Drop for Restore<'_, F, M> {
    fn drop(&mut self) {
        let mut saved = self.saved.drain(..);
        self.model.visit_mut(&Path::ROOT, &mut |_, tensor| {
            if let Some(value) = saved.next() {
                *tensor = value;
            }
        });
    }
}
