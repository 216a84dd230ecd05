//! The trait of all update rules, built-in and custom.

use std::fmt;

use downhill_tensor::Float;

use crate::kernels::{self, cut};
use crate::options::{OptionError, Options};
use crate::state::{ParamState, fits};
use crate::text::put_together;

/// An update rule: its learning rate, its options, and how it updates parameters.
///
/// A rule is a small struct of options; the [`Optimizer`](crate::Optimizer) walks the model and keeps the state. A custom
/// rule is `Clone`, derives [`Options`](derive@crate::Options), says what its learning rate is, and, like most rules,
/// updates one parameter at a time ([`ParamRule`]):
///
/// ```
/// use downhill_optim::{Optimizer, Options, ParamRule, ParamUpdate, Rule, RuleKind};
/// use downhill_tensor::{Float, Tensor};
///
/// /// Gradient descent that clips every step to `limit`.
/// #[derive(Clone, Debug, Options)]
/// struct Cautious {
///     #[options(default = 0.1)]
///     lr: f64,
///     #[options(default = 1.0)]
///     limit: f64,
/// }
///
/// impl<F: Float> Rule<F> for Cautious {
///     fn lr(&self) -> f64 { self.lr }
///     fn set_lr(&mut self, lr: f64) { self.lr = lr; }
///     fn kind(&self) -> RuleKind<'_, F> { RuleKind::Param(self) }
/// }
///
/// impl<F: Float> ParamRule<F> for Cautious {
///     fn update(&self, param: &mut ParamUpdate<'_, F>) {
///         let [lr, limit] = [self.lr, self.limit].map(F::from_f64);
///         param.each([], move |p, g, []| (p - (lr * g).max(-limit).min(limit), []));
///     }
/// }
///
/// let mut w = Tensor::param([1.0_f64, 20.0]);
/// let mut opt = Optimizer::new(Cautious::default());
/// let grads = w.square().sum().backward();
/// opt.step(&mut w, &grads);
/// assert_eq!(w.to_vec(), [0.8, 19.0]);
///
/// // Its options are saved, loaded and parsed like those of any other rule.
/// let mut opt = Optimizer::new(Cautious::from_text("cautious:lr=0.5,limit=2")?);
/// let grads = w.square().sum().backward();
/// opt.step(&mut w, &grads);
/// let saved = opt.state_dict();
/// let mut resumed = Optimizer::new(Cautious::default());
/// resumed.load_state_dict(&saved, &w).unwrap();
/// let rule = resumed.groups()[0].rule();
/// assert_eq!(rule.option("limit").unwrap(), "2.0");
/// assert_eq!(rule.to_string(), "Cautious:lr=0.5,limit=2.0");
/// # Ok::<(), downhill_optim::TextError>(())
/// ```
///
/// A rule chosen at run time is a `Box<dyn Rule<F>>`; everything that takes a rule accepts one
/// (`impl Into<Box<dyn Rule<F>>>`). The box itself does not implement `Rule`, so it cannot forget to forward a method.
pub trait Rule<F: Float>: Options + BoxedRule<F> + fmt::Debug + Send + Sync {
    /// How it updates parameters: one at a time, or all jointly. Must not change.
    fn kind(&self) -> RuleKind<'_, F>;

    /// Whether the options are valid.
    ///
    /// # Errors
    /// With the first invalid option.
    fn check(&self) -> Result<(), OptionError> {
        Ok(())
    }

    /// The current learning rate.
    fn lr(&self) -> f64;

    /// Sets the learning rate.
    fn set_lr(&mut self, lr: f64);

    /// The momentum, or `beta1` for rules of the Adam family, which cyclic schedules vary inversely to the learning rate.
    /// `None` if the rule has neither.
    fn momentum(&self) -> Option<f64> {
        None
    }

    /// Sets what [`momentum`](Self::momentum) returns; does nothing if the rule has neither.
    fn set_momentum(&mut self, _momentum: f64) {}

    /// Whether the rule can update a parameter of this shape. The error says what shape it needs.
    ///
    /// # Errors
    /// If it cannot.
    fn accepts(&self, _shape: &[usize]) -> Result<(), String> {
        Ok(())
    }

    /// Whether `state`, which comes from a file, is a state that this rule could have produced for a parameter of this
    /// shape; the error says what is wrong with it. Called by
    /// [`Optimizer::load_state_dict`](crate::Optimizer::load_state_dict) and
    /// [`Optimizer::set_state`](crate::Optimizer::set_state).
    ///
    /// The default requires every buffer to be as long as the parameter, as those of [`ParamUpdate::each`] and
    /// [`ParamUpdate::start`] are; a rule with other buffers overrides it.
    ///
    /// # Errors
    /// If the rule could not continue from this state.
    fn check_state(&self, shape: &[usize], state: &ParamState<F>) -> Result<(), String> {
        let len: usize = shape.iter().product();
        state.buffers().try_for_each(|(name, buffer)| fits(name, buffer.len(), len))
    }
}

/// How a [`Rule`] updates parameters.
///
/// A rule of one kind has no method of the other, so neither can be called by mistake.
#[derive(Clone, Copy)]
pub enum RuleKind<'a, F: Float> {
    /// One at a time, each by its own gradient.
    Param(&'a dyn ParamRule<F>),
    /// All jointly, evaluating the loss itself.
    Joint(&'a dyn JointRule<F>),
}

impl<'a, F: Float> RuleKind<'a, F> {
    /// The rule, if it updates all parameters jointly.
    pub fn joint(self) -> Option<&'a dyn JointRule<F>> {
        match self {
            RuleKind::Param(_) => None,
            RuleKind::Joint(rule) => Some(rule),
        }
    }
}

impl<F: Float> fmt::Debug for RuleKind<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RuleKind::Param(_) => "Param",
            RuleKind::Joint(_) => "Joint",
        })
    }
}

/// A rule that updates one parameter at a time.
pub trait ParamRule<F: Float> {
    /// Updates one parameter.
    fn update(&self, param: &mut ParamUpdate<'_, F>);
}

/// A rule that updates all parameters of a model jointly and may evaluate the loss any number of times per step, such as
/// [`Lbfgs`](crate::Lbfgs). Used through [`Optimizer::step_with`](crate::Optimizer::step_with).
pub trait JointRule<F: Float> {
    /// Takes one step from `x`, the concatenated elements of all parameters, and returns the loss before the step.
    /// `evaluate(x, g)` writes the gradient at `x` into `g` and returns the loss.
    fn minimize(&self, x: &mut [F], state: &mut ParamState<F>, evaluate: &mut dyn FnMut(&[F], &mut [F]) -> F) -> F;
}

/// A parameter as a [`Rule`] sees it: its elements in row-major order, the gradient in the same order, the shape, and the
/// state.
#[derive(Debug)]
pub struct ParamUpdate<'a, F: Float = f32> {
    /// The elements, to be updated in place.
    pub param: &'a mut [F],
    /// The gradient.
    pub grad: &'a [F],
    /// The parameter's shape.
    pub shape: &'a [usize],
    /// The rule's state; [`steps`](ParamState::steps) already includes this step.
    pub state: &'a mut ParamState<F>,
    /// Space for intermediate results, shared by all parameters: length and contents are arbitrary.
    pub scratch: &'a mut Vec<F>,
    pub(crate) powers: &'a mut Powers,
}

impl<F: Float> ParamUpdate<'_, F> {
    /// The number of this step, 1 for the first.
    pub fn t(&self) -> f64 {
        self.state.steps as f64
    }

    /// `base` to the power of `exponent`, cached from one parameter to the next.
    pub fn power(&mut self, base: f64, exponent: f64) -> f64 {
        self.powers.get(base, exponent)
    }

    /// Updates every element in one pass over memory: `formula(p, g, [s, ...])` returns the new element and the new
    /// elements of the named buffers (initially zero). Subnormal numbers in the buffers (below 1e-38 in `f32`) are flushed
    /// to 0, because arithmetic with them can be a hundred times slower.
    ///
    /// The closure must capture by `move`: constants behind references would prevent vectorization, which makes the loop
    /// five times slower.
    pub fn each<const N: usize>(
        &mut self,
        buffers: [&'static str; N],
        formula: impl Fn(F, F, [F; N]) -> (F, [F; N]) + Copy + Sync + 'static,
    ) {
        self.each_cutting(buffers.map(|name| (name, cut::subnormal())), formula);
    }

    /// [`each`](Self::each) with a separate threshold for every buffer, below which its elements are flushed to 0.
    pub(crate) fn each_cutting<const N: usize>(
        &mut self,
        buffers: [(&'static str, F); N],
        formula: impl Fn(F, F, [F; N]) -> (F, [F; N]) + Copy + Sync + 'static,
    ) {
        let (len, cuts) = (self.param.len(), buffers.map(|(_, cut)| cut));
        let buffers = self.state.buffers_mut(buffers.map(|(name, _)| (name, len)));
        kernels::update(self.param, self.grad, buffers, cuts, formula);
    }

    /// Creates a buffer as long as the parameter with every element `start`, unless it already exists.
    pub fn start(&mut self, buffer: &'static str, start: f64) {
        self.state.prepare(buffer, self.param.len(), F::from_f64(start));
    }
}

/// A cache for powers of the decay rates, which are the same for all parameters of a step and more expensive than the whole
/// update of a small parameter.
#[derive(Clone, Debug)]
pub(crate) struct Powers {
    /// Base, exponent, power.
    entries: [(f64, f64, f64); 4],
    next: usize,
}

impl Default for Powers {
    fn default() -> Self {
        Powers { entries: [(f64::NAN, 0.0, 0.0); 4], next: 0 }
    }
}

impl Powers {
    fn get(&mut self, base: f64, exponent: f64) -> f64 {
        if let Some(&(.., power)) = self.entries.iter().find(|&&(b, e, _)| b == base && e == exponent) {
            return power;
        }
        let power = base.powf(exponent);
        self.entries[self.next] = (base, exponent, power);
        self.next = (self.next + 1) % self.entries.len();
        power
    }
}

/// Cloning a boxed rule: implemented for every rule that is `Clone`.
#[diagnostic::on_unimplemented(
    message = "the rule `{Self}` cannot be cloned",
    note = "a rule must be `Clone` and must not borrow: `#[derive(Clone, Debug, Options)]`"
)]
pub trait BoxedRule<F: Float> {
    /// A clone of the rule, boxed.
    fn boxed(&self) -> Box<dyn Rule<F>>;
}

impl<F: Float, R: Rule<F> + Clone + 'static> BoxedRule<F> for R {
    fn boxed(&self) -> Box<dyn Rule<F>> {
        Box::new(self.clone())
    }
}

/// So that everything that takes a boxed rule also takes a plain one.
impl<F: Float, R: Rule<F> + 'static> From<R> for Box<dyn Rule<F>> {
    fn from(rule: R) -> Self {
        Box::new(rule)
    }
}

impl<F: Float> Clone for Box<dyn Rule<F>> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}

/// The rule as text, with every option written out: parsing it gives an equal rule.
impl<F: Float> fmt::Display for dyn Rule<F> + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&put_together(self.name(), &self.options()))
    }
}
