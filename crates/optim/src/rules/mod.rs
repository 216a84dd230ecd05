//! The update rules, one per file: formula, source, code, tests. To add one, add a file and a line here.

use downhill_tensor::Float;

use crate::Rule;
use crate::text::{TextError, same_name, take_apart};

macro_rules! rules {
    ($($file:ident: $Rule:ident $(+ $Also:ident)*,)*) => {
        $(
            mod $file;
            pub use $file::{$Rule, $($Also),*};
        )*

        /// The names of all rules, as parsed from text such as `adam:lr=0.01`; for help messages.
        ///
        /// ```
        /// assert!(downhill_optim::rule_names().contains(&"adamw"));
        /// ```
        pub fn rule_names() -> &'static [&'static str] {
            &[$(stringify!($file)),*]
        }

        /// The rule of this name, with its defaults.
        fn by_name<F: Float>(name: &str) -> Option<Box<dyn Rule<F>>> {
            $(
                if same_name(name, stringify!($file)) {
                    return Some(Box::new($Rule::default()));
                }
            )*
            None
        }
    };
}

rules! {
    adadelta: Adadelta,
    adafactor: Adafactor,
    adagrad: Adagrad,
    adam: Adam,
    adamax: Adamax,
    adamw: AdamW,
    asgd: Asgd,
    classical_momentum: ClassicalMomentum,
    lamb: Lamb,
    lbfgs: Lbfgs + LineSearch,
    lion: Lion,
    muon: Muon + MuonScale,
    nadam: NAdam,
    radam: RAdam,
    rmsprop: RmsProp,
    rprop: Rprop,
    sgd: Sgd,
    sign_sgd: SignSgd,
}

#[cfg(test)]
mod reference;

// The example of CONTRIBUTING.md, compiled and tested where it would be.
#[cfg(test)]
#[allow(unreachable_pub)]
#[path = "../../../../docs/skeletons/ema_sgd.rs"]
mod ema_sgd;

/// Parses text such as `rmsprop:alpha=0.95,centered`: a name and the options that differ from the defaults. A flag
/// without a value is `true`.
///
/// ```
/// use downhill_optim::{Optimizer, Rule};
/// let rule: Box<dyn Rule<f32>> = "adam:lr=0.01,amsgrad".parse()?;
/// assert_eq!(Optimizer::new(rule).lr(), 0.01);
/// let error = "adam:rate=0.01".parse::<Box<dyn Rule<f32>>>().unwrap_err();
/// assert!(error.to_string().starts_with("Adam: there is no option `rate`; the options are lr, beta1, "));
/// # Ok::<(), downhill_optim::TextError>(())
/// ```
impl<F: Float> std::str::FromStr for Box<dyn Rule<F>> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let (name, options) = take_apart(text);
        let mut rule = by_name(name).ok_or_else(|| TextError::UnknownName {
            what: "rule",
            name: name.to_owned(),
            known: rule_names().to_vec(),
        })?;
        options.into_iter().try_for_each(|(option, value)| rule.set_option(option, value))?;
        rule.check()?;
        Ok(rule)
    }
}

/// The routine methods of [`Rule`]: learning rate, momentum, and the check of the buffers, which are as long as the
/// parameter. `keeps` names those that always exist, `sometimes` those that depend on options.
macro_rules! fields {
    (
        $Rule:ident $(, momentum = $momentum:ident)?
        $(, keeps = [$($kept:literal),*] $(, sometimes = [$($sometimes:literal),*])?)?
    ) => {
        fn kind(&self) -> $crate::RuleKind<'_, F> {
            $crate::RuleKind::Param(self)
        }

        fn lr(&self) -> f64 {
            self.lr
        }

        fn set_lr(&mut self, lr: f64) {
            self.lr = lr;
        }

        $(
            fn momentum(&self) -> Option<f64> {
                Some(self.$momentum)
            }

            fn set_momentum(&mut self, momentum: f64) {
                self.$momentum = momentum;
            }
        )?

        $(
            fn check_state(&self, shape: &[usize], state: &$crate::ParamState<F>) -> Result<(), String> {
                if state.steps == 0 {
                    return Ok(());
                }
                let len: usize = shape.iter().product();
                let always = &[$(($kept, len)),*];
                let sometimes = &[$($(($sometimes, len)),*)?];
                state.check(stringify!($Rule), &$crate::state::Kept { always, sometimes, numbers: &[] })
            }
        )?
    };
}
use fields;

/// The ε of a rule in the parameter's type, at least the smallest positive normal number, so that an element whose
/// gradient is 0 stays unchanged instead of becoming 0/0.
fn epsilon<F: Float>(eps: f64) -> F {
    F::from_f64(eps).max(F::min_positive_value())
}

/// The factor of the gradient: 1, or -1 to maximize.
fn sign<F: Float>(maximize: bool) -> F {
    if maximize { -F::one() } else { F::one() }
}
