//! One trait for every update rule, the built-in ones and yours.

use std::fmt;

use downhill_tensor::Float;

use crate::kernels::{self, cut};
use crate::options::{OptionError, Options};
use crate::state::{ParamState, fits};
use crate::text::put_together;

/// An update rule: its rate, its options, and how it moves parameters.
///
/// A rule is a small struct of options; the [`Optimizer`](crate::Optimizer) walks the model and keeps the state. Yours is
/// `Clone`, derives [`Options`](derive@crate::Options), and says what its rate is and that it updates one parameter after
/// the other, as most do ([`ParamRule`]):
///
/// ```
/// use downhill_optim::{Optimizer, Options, ParamRule, ParamUpdate, Rule, RuleKind};
/// use downhill_tensor::{Float, Tensor};
///
/// /// Gradient descent whose steps are never longer than `limit`.
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
/// // Its options are saved and loaded, and read from text, as those of every rule are.
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
/// A rule chosen at run time is a `Box<dyn Rule<F>>`; whatever takes a rule takes one
/// (`impl Into<Box<dyn Rule<F>>>`). The box itself implements nothing, so there is nothing it could forget to pass on.
pub trait Rule<F: Float>: Options + BoxedRule<F> + fmt::Debug + Send + Sync {
    /// How it moves parameters: one after the other, or all together. Always the same.
    fn kind(&self) -> RuleKind<'_, F>;

    /// Whether the options make sense.
    ///
    /// # Errors
    /// With the first option that does not.
    fn check(&self) -> Result<(), OptionError> {
        Ok(())
    }

    /// The learning rate in force.
    fn lr(&self) -> f64;

    /// Sets the learning rate.
    fn set_lr(&mut self, lr: f64);

    /// The momentum, or for rules of Adam's family `beta1`: what cyclic schedules vary against the rate. `None` if
    /// the rule has neither.
    fn momentum(&self) -> Option<f64> {
        None
    }

    /// Sets what [`momentum`](Self::momentum) reads; nothing happens if the rule has neither.
    fn set_momentum(&mut self, _momentum: f64) {}

    /// Whether the rule can update a parameter of this shape. The error says what it needs.
    ///
    /// # Errors
    /// If it cannot.
    fn accepts(&self, _shape: &[usize]) -> Result<(), String> {
        Ok(())
    }

    /// Whether `state`, which comes out of a file, is what this rule may have left behind for a parameter of this shape; the
    /// error says what is wrong with it. [`Optimizer::load_state_dict`](crate::Optimizer::load_state_dict) and
    /// [`Optimizer::set_state`](crate::Optimizer::set_state) ask.
    ///
    /// Unless a rule says otherwise, every buffer is as long as the parameter, as those of [`ParamUpdate::each`] and
    /// [`ParamUpdate::start`] are: a rule with other buffers has a method of its own.
    ///
    /// # Errors
    /// If the rule could not go on with it.
    fn check_state(&self, shape: &[usize], state: &ParamState<F>) -> Result<(), String> {
        let len: usize = shape.iter().product();
        state.buffers().try_for_each(|(name, buffer)| fits(name, buffer.len(), len))
    }
}

/// How a [`Rule`] moves parameters.
///
/// A rule of one kind has no method of the other, so neither can be called by mistake.
#[derive(Clone, Copy)]
pub enum RuleKind<'a, F: Float> {
    /// One after the other, each by its own gradient.
    Param(&'a dyn ParamRule<F>),
    /// All together, evaluating the loss itself.
    Joint(&'a dyn JointRule<F>),
}

impl<'a, F: Float> RuleKind<'a, F> {
    /// The rule, if it moves all parameters together.
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

/// A rule that updates one parameter after the other.
pub trait ParamRule<F: Float> {
    /// Updates one parameter.
    fn update(&self, param: &mut ParamUpdate<'_, F>);
}

/// A rule that moves all parameters of a model together and evaluates the loss as often as it likes in one step, such
/// as [`Lbfgs`](crate::Lbfgs). Used through [`Optimizer::step_with`](crate::Optimizer::step_with).
pub trait JointRule<F: Float> {
    /// One step from `x`, the elements of all parameters in a row. `evaluate(x, g)` writes the gradient at `x` into
    /// `g` and returns the loss. Returns the loss before the step.
    fn minimize(&self, x: &mut [F], state: &mut ParamState<F>, evaluate: &mut dyn FnMut(&[F], &mut [F]) -> F) -> F;
}

/// What a [`Rule`] sees of a parameter: its elements in row-major order, the gradient in the same order, the shape,
/// and the state.
#[derive(Debug)]
pub struct ParamUpdate<'a, F: Float = f32> {
    /// The elements, to be changed.
    pub param: &'a mut [F],
    /// The gradient.
    pub grad: &'a [F],
    /// The parameter's shape.
    pub shape: &'a [usize],
    /// What is remembered; [`steps`](ParamState::steps) counts this step already.
    pub state: &'a mut ParamState<F>,
    /// Room for intermediate results, shared by all parameters: neither length nor contents mean anything.
    pub scratch: &'a mut Vec<F>,
    pub(crate) powers: &'a mut Powers,
}

impl<F: Float> ParamUpdate<'_, F> {
    /// The number of this step, 1 for the first.
    pub fn t(&self) -> f64 {
        self.state.steps as f64
    }

    /// `base` to the power of `exponent`, remembered from one parameter to the next.
    pub fn power(&mut self, base: f64, exponent: f64) -> f64 {
        self.powers.get(base, exponent)
    }

    /// Changes every element by a formula, in one pass over memory: `formula(p, g, [s, ...])` gives the new element
    /// and the new elements of the named buffers (zeros when they are new). In the buffers subnormal numbers (below 1e-38
    /// in `f32`), with which arithmetic takes a hundred times as long, become 0.
    ///
    /// The closure takes what it uses by `move`: constants behind references would keep the loop from being
    /// vectorised, which is five times slower.
    pub fn each<const N: usize>(
        &mut self,
        buffers: [&'static str; N],
        formula: impl Fn(F, F, [F; N]) -> (F, [F; N]) + Copy + Sync + 'static,
    ) {
        self.each_cutting(buffers.map(|name| (name, cut::subnormal())), formula);
    }

    /// [`each`](Self::each) with a cut of its own for every buffer, below which its elements become 0.
    pub(crate) fn each_cutting<const N: usize>(
        &mut self,
        buffers: [(&'static str, F); N],
        formula: impl Fn(F, F, [F; N]) -> (F, [F; N]) + Copy + Sync + 'static,
    ) {
        let (len, cuts) = (self.param.len(), buffers.map(|(_, cut)| cut));
        let buffers = self.state.buffers_mut(buffers.map(|(name, _)| (name, len)));
        kernels::update(self.param, self.grad, buffers, cuts, formula);
    }

    /// Makes a buffer as long as the parameter, every element `start`, unless it is there already.
    pub fn start(&mut self, buffer: &'static str, start: f64) {
        self.state.prepare(buffer, self.param.len(), F::from_f64(start));
    }
}

/// Powers of the decay rates: the same for all parameters of a step, and dearer than the whole update of a small one.
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

/// A copy of a rule behind a pointer: implemented for every rule that is `Clone`.
#[diagnostic::on_unimplemented(
    message = "the rule `{Self}` cannot be copied",
    note = "a rule is `Clone` and borrows nothing: `#[derive(Clone, Debug, Options)]`"
)]
pub trait BoxedRule<F: Float> {
    /// A copy of the rule.
    fn boxed(&self) -> Box<dyn Rule<F>>;
}

impl<F: Float, R: Rule<F> + Clone + 'static> BoxedRule<F> for R {
    fn boxed(&self) -> Box<dyn Rule<F>> {
        Box::new(self.clone())
    }
}

/// So that whatever takes a rule chosen at run time takes one chosen in the program, too.
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

/// The rule as text, every option written out: reading it gives an equal rule.
impl<F: Float> fmt::Display for dyn Rule<F> + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&put_together(self.name(), &self.options()))
    }
}
