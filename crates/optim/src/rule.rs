//! One trait for every update rule, the built-in ones and yours.

use std::fmt;

use downhill_tensor::Float;

use crate::kernels::{self, cut};
use crate::options::OptionError;
use crate::state::{ParamState, fits};
use crate::text::{TextError, put_together};

/// An update rule: how one parameter changes, given its gradient and what is remembered of it.
///
/// A rule is a small struct of options; the [`Optimizer`](crate::Optimizer) walks the model and keeps the state.
/// Yours needs four methods:
///
/// ```
/// use downhill_optim::{Optimizer, ParamUpdate, Rule};
/// use downhill_tensor::{Float, Tensor};
///
/// /// Gradient descent whose steps are never longer than `limit`.
/// #[derive(Clone, Debug)]
/// struct Cautious { lr: f64, limit: f64 }
///
/// impl<F: Float> Rule<F> for Cautious {
///     fn name(&self) -> &'static str { "Cautious" }
///     fn lr(&self) -> f64 { self.lr }
///     fn set_lr(&mut self, lr: f64) { self.lr = lr; }
///     fn boxed(&self) -> Box<dyn Rule<F>> { Box::new(self.clone()) }
///     fn update(&self, param: &mut ParamUpdate<'_, F>) {
///         let [lr, limit] = [self.lr, self.limit].map(F::from_f64);
///         param.each([], move |p, g, []| (p - (lr * g).max(-limit).min(limit), []));
///     }
/// }
///
/// let mut w = Tensor::param([1.0_f64, 20.0]);
/// let mut opt = Optimizer::new(Cautious { lr: 0.1, limit: 1.0 });
/// let grads = w.square().sum().backward();
/// opt.step(&mut w, &grads);
/// assert_eq!(w.to_vec(), [0.8, 19.0]);
/// ```
pub trait Rule<F: Float>: fmt::Debug + Send + Sync {
    /// The rule's name, as its type is called.
    fn name(&self) -> &'static str;

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

    /// Updates one parameter.
    fn update(&self, param: &mut ParamUpdate<'_, F>);

    /// The rule as one that moves all parameters together and evaluates the loss itself; `None` for most.
    fn as_joint(&self) -> Option<&dyn JointRule<F>> {
        None
    }

    /// A copy of the rule.
    fn boxed(&self) -> Box<dyn Rule<F>>;

    /// Whether `state`, which comes out of a file, is what this rule may have left behind for a parameter of this shape; the
    /// error says what is wrong with it. [`Optimizer::load_state_dict`](crate::Optimizer::load_state_dict) asks.
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

    /// Every option by name, as text. What is not listed here is not saved with the optimiser, but for the rate, and if
    /// nothing is listed the momentum.
    fn options(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// Sets an option by name.
    ///
    /// # Errors
    /// If there is no such option, or the text is no value for it.
    fn set_option(&mut self, option: &str, _value: &str) -> Result<(), TextError> {
        Err(TextError::unknown_option(self.name(), option, &[]))
    }
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

/// So that a rule chosen at run time goes wherever a rule goes.
impl<F: Float> Rule<F> for Box<dyn Rule<F>> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn check(&self) -> Result<(), OptionError> {
        (**self).check()
    }

    fn lr(&self) -> f64 {
        (**self).lr()
    }

    fn set_lr(&mut self, lr: f64) {
        (**self).set_lr(lr);
    }

    fn momentum(&self) -> Option<f64> {
        (**self).momentum()
    }

    fn set_momentum(&mut self, momentum: f64) {
        (**self).set_momentum(momentum);
    }

    fn accepts(&self, shape: &[usize]) -> Result<(), String> {
        (**self).accepts(shape)
    }

    fn update(&self, param: &mut ParamUpdate<'_, F>) {
        (**self).update(param);
    }

    fn as_joint(&self) -> Option<&dyn JointRule<F>> {
        (**self).as_joint()
    }

    fn boxed(&self) -> Box<dyn Rule<F>> {
        (**self).boxed()
    }

    fn check_state(&self, shape: &[usize], state: &ParamState<F>) -> Result<(), String> {
        (**self).check_state(shape, state)
    }

    fn options(&self) -> Vec<(&'static str, String)> {
        (**self).options()
    }

    fn set_option(&mut self, option: &str, value: &str) -> Result<(), TextError> {
        (**self).set_option(option, value)
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
