//! The schedules, one per file: formula, source, code, tests. A new one takes a new file and a line here.

mod function;
mod parse;

macro_rules! schedules {
    ($($file:ident: $Schedule:ident $(+ $Also:ident)* $(= $alias:ident)?,)*) => {
        $(
            mod $file;
            pub use $file::{$Schedule, $($Also),*};
        )*

        /// The names of all schedules, as given on a command line; for help texts.
        ///
        /// ```
        /// assert!(downhill_optim::schedule_names().contains(&"cosine"));
        /// ```
        pub fn schedule_names() -> &'static [&'static str] {
            &[$(stringify!($file)),*]
        }

        /// The schedule of this name, with its defaults: by its short name, its type's name, or an alias.
        fn by_name(name: &str) -> Option<Box<dyn crate::Schedule>> {
            use crate::text::same_name;
            $(
                let names = [stringify!($file), stringify!($Schedule), $(stringify!($alias))?];
                if names.into_iter().any(|known| same_name(name, known)) {
                    return Some(Box::new($Schedule::default()));
                }
            )*
            None
        }
    };
}

schedules! {
    chained: ChainedLr,
    constant: ConstantLr,
    cosine: CosineAnnealingLr,
    cyclic: CyclicLr + CyclicMode,
    exponential: ExponentialLr,
    lambda: LambdaLr,
    linear: LinearLr,
    multi_step: MultiStepLr,
    multiplicative: MultiplicativeLr,
    one_cycle: OneCycleLr,
    plateau: ReduceLrOnPlateau + PlateauMode + ThresholdMode = reduce_on_plateau,
    polynomial: PolynomialLr,
    sequential: SequentialLr,
    step: StepLr,
    swa: SwaLr,
    warm_restarts: CosineAnnealingWarmRestarts = cosine_warm_restarts,
    warmup: WarmupLr,
}

use crate::Options;

/// The curve of a transition from one learning rate to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Options)]
pub enum Anneal {
    /// Half a cosine wave: flat at both ends.
    #[default]
    Cos,
    /// A straight line.
    Linear,
}

impl Anneal {
    /// The fraction of the transition completed at the fraction `x` of its duration.
    fn progress(self, x: f64) -> f64 {
        match self {
            Anneal::Cos => (1.0 - (std::f64::consts::PI * x).cos()) / 2.0,
            Anneal::Linear => x,
        }
    }

    /// The value between `start` and `end` at the fraction `x` of the duration: exactly `start` at 0 and exactly `end`
    /// at 1, however far apart they are.
    fn between(self, start: f64, end: f64, x: f64) -> f64 {
        // Not `start + (end - start) * progress`, which loses a much smaller `end` to rounding error.
        let left = match self {
            Anneal::Cos => (1.0 + (std::f64::consts::PI * x).cos()) / 2.0,
            Anneal::Linear => 1.0 - x,
        };
        start * left + end * self.progress(x)
    }
}

/// How many epochs a schedule without a closed form is stepped through to find its learning rate as a function of time.
const FAR: u64 = 1 << 20;

#[cfg(test)]
mod reference;

// The example of CONTRIBUTING.md, compiled and tested where it would be.
#[cfg(test)]
#[allow(unreachable_pub)]
#[path = "../../../../docs/skeletons/inverse_sqrt.rs"]
mod inverse_sqrt;
