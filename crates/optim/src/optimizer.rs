//! The driver: walks a model and lets a rule update every parameter.

use downhill_tensor::{Float, Gradients, Params, Path, Tensor};

use crate::kernels::row_major;
use crate::options::OptionError;
use crate::state::ParamState;
use crate::{ParamUpdate, Rule};

/// Updates the parameters of a model by a [`Rule`].
///
/// ```
/// use downhill_optim::{Optimizer, Sgd};
/// use downhill_tensor::Tensor;
///
/// let mut w = Tensor::param([1.0, -2.0]);
/// let mut opt = Optimizer::new(Sgd { lr: 0.1, momentum: 0.9, ..Sgd::default() });
/// for _ in 0..100 {
///     let loss = w.square().sum();
///     opt.step(&mut w, &loss.backward());
/// }
/// assert!(w.square().sum().item() < 1e-3_f64);
/// ```
#[derive(Debug)]
pub struct Optimizer<F: Float = f32> {
    /// What to do about a trainable parameter without a gradient.
    pub missing_gradient: MissingGradient,
    pub(crate) groups: Vec<Group<F>>,
    pub(crate) slots: Vec<Slot<F>>,
    /// The number of calls of `step`.
    clock: u64,
    scratch: Vec<F>,
}

/// What an [`Optimizer`] does about a trainable parameter without a gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingGradient {
    /// Panic, with the paths of all of them: most often a layer was left out of the forward pass by mistake.
    #[default]
    Panic,
    /// Leave the parameter alone, as PyTorch does: no update, no weight decay, no step counted.
    Skip,
}

/// The parameters whose path matches a pattern, and the rule that updates them.
#[derive(Debug)]
pub struct Group<F: Float = f32> {
    pub(crate) pattern: String,
    pub(crate) rule: Box<dyn Rule<F>>,
    /// The rate before any schedule changed it.
    pub(crate) initial_lr: Option<f64>,
}

/// The state of one parameter.
#[derive(Clone, Debug)]
pub(crate) struct Slot<F: Float> {
    pub(crate) path: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) group: usize,
    pub(crate) state: ParamState<F>,
    /// The parameter's number when it was last seen, and when that was.
    id: Option<u64>,
    seen: u64,
}

impl<F: Float> Clone for Group<F> {
    fn clone(&self) -> Self {
        Group { pattern: self.pattern.clone(), rule: self.rule.boxed(), ..*self }
    }
}

impl<F: Float> Clone for Optimizer<F> {
    fn clone(&self) -> Self {
        Optimizer { groups: self.groups.clone(), slots: self.slots.clone(), scratch: Vec::new(), ..*self }
    }
}

impl<F: Float> Optimizer<F> {
    /// An optimiser by `rule`.
    ///
    /// # Panics
    /// If an option makes no sense, naming it. For rules from a command line see [`try_new`](Self::try_new).
    #[track_caller]
    pub fn new(rule: impl Rule<F> + 'static) -> Self {
        match Self::try_new(rule) {
            Ok(optimizer) => optimizer,
            Err(error) => panic!("{error}"),
        }
    }

    /// An optimiser by `rule`.
    ///
    /// # Errors
    /// If an option makes no sense, naming it.
    pub fn try_new(rule: impl Rule<F> + 'static) -> Result<Self, OptionError> {
        rule.check()?;
        let missing_gradient = MissingGradient::default();
        Ok(Optimizer {
            missing_gradient,
            groups: vec![Group::new("*", rule)],
            slots: Vec::new(),
            clock: 0,
            scratch: Vec::new(),
        })
    }

    /// The learning rate (of the first group).
    pub fn lr(&self) -> f64 {
        self.groups[0].rule.lr()
    }

    /// Sets the learning rate (of every group).
    pub fn set_lr(&mut self, lr: f64) {
        self.groups.iter_mut().for_each(|group| group.rule.set_lr(lr));
    }

    /// Updates every parameter of `model` that has a gradient.
    ///
    /// # Panics
    /// If a trainable parameter has no gradient (see [`missing_gradient`](Self::missing_gradient)). Nothing has been
    /// changed then.
    #[track_caller]
    pub fn step<M: Params<F> + ?Sized>(&mut self, model: &mut M, grads: &Gradients<F>) {
        if self.missing_gradient == MissingGradient::Panic {
            refuse_missing(model, grads);
        }
        self.clock += 1;
        let (mut next, mut tied) = (0, false);
        model.visit_mut(&Path::ROOT, &mut |path, tensor| {
            if !tensor.is_param() {
                return;
            }
            let Some(grad) = grads.get(tensor) else { return };
            let at = self.slot(path, tensor, next);
            next = at + 1;
            if self.is_tied(at, tensor) {
                tied = true;
                return;
            }
            self.update(at, tensor, grad);
        });
        if tied {
            retie(model);
        }
    }

    /// The slot at `path`: the next one unless the walk has changed.
    fn slot(&mut self, path: &Path<'_>, tensor: &Tensor<F>, next: usize) -> usize {
        if self.slots.get(next).is_some_and(|slot| *path == *slot.path) {
            return next;
        }
        if let Some(at) = self.slots.iter().position(|slot| *path == *slot.path) {
            return at;
        }
        let group = self.groups.iter().rposition(|group| path.matches(&group.pattern)).unwrap_or(0);
        self.slots.push(Slot {
            path: path.to_string(),
            shape: tensor.shape().to_vec(),
            group,
            state: ParamState::default(),
            id: None,
            seen: 0,
        });
        self.slots.len() - 1
    }

    /// Whether this parameter has been updated in this step already, under another path.
    fn is_tied(&mut self, at: usize, tensor: &Tensor<F>) -> bool {
        let id = tensor.id();
        let clock = self.clock;
        let tied = self.slots.iter().any(|slot| slot.seen == clock && slot.id == id);
        self.slots[at].id = id;
        self.slots[at].seen = clock;
        tied
    }

    fn update(&mut self, at: usize, tensor: &mut Tensor<F>, grad: &Tensor<F>) {
        let slot = &mut self.slots[at];
        let grad = grad.view();
        let grad = match grad.as_slice() {
            Some(grad) => grad,
            None => row_major(&grad, &mut self.scratch),
        };
        slot.state.steps += 1;
        let mut param = tensor.data_mut();
        let param = param.as_slice_mut().expect("a parameter is row-major");
        let state = &mut slot.state;
        self.groups[slot.group].rule.update(&mut ParamUpdate { param, grad, shape: &slot.shape, state });
    }
}

impl<F: Float> Group<F> {
    fn new(pattern: &str, rule: impl Rule<F> + 'static) -> Self {
        Group { pattern: pattern.to_owned(), rule: Box::new(rule), initial_lr: None }
    }
}

#[track_caller]
fn refuse_missing<F: Float, M: Params<F> + ?Sized>(model: &M, grads: &Gradients<F>) {
    let mut missing = Vec::new();
    model.visit(&Path::ROOT, &mut |path, tensor| {
        if tensor.is_param() && grads.get(tensor).is_none() {
            missing.push(path.to_string());
        }
    });
    assert!(
        missing.is_empty(),
        "step: no gradient for {}: the loss does not depend on them. If that is meant, freeze them \
         (`model.freeze(\"{}\")`) or set `missing_gradient` to `MissingGradient::Skip`",
        missing.join(", "),
        missing[0],
    );
}

/// Gives every parameter that hangs at several paths the elements it has at the first.
fn retie<F: Float, M: Params<F> + ?Sized>(model: &mut M) {
    let mut firsts: Vec<Tensor<F>> = Vec::new();
    model.visit_mut(&Path::ROOT, &mut |_, tensor| {
        if tensor.is_param() {
            match firsts.iter().find(|first| first.id() == tensor.id()) {
                Some(first) => *tensor = first.clone(),
                None => firsts.push(tensor.clone()),
            }
        }
    });
}
