//! The schedules, one a file: formula, source, code, tests. A new one is a new file and a line here.

mod function;
mod parse;

macro_rules! schedules {
    ($($file:ident: $Schedule:ident $(+ $Also:ident)* $(= $alias:ident)?,)*) => {
        $(
            mod $file;
            pub use $file::{$Schedule, $($Also),*};
        )*

        /// The names by which schedules are known on command lines, for help texts.
        ///
        /// ```
        /// assert!(downhill_optim::schedule_names().contains(&"cosine"));
        /// ```
        pub fn schedule_names() -> &'static [&'static str] {
            &[$(stringify!($file)),*]
        }

        /// Every schedule with its defaults, by its short name, its type's, or another that is usual.
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

/// The shape of a transition from one rate to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Options)]
pub enum Anneal {
    /// Half a cosine: level at both ends.
    #[default]
    Cos,
    /// A straight line.
    Linear,
}

impl Anneal {
    /// How much of the way is done when the part `x` of the time is over.
    fn progress(self, x: f64) -> f64 {
        match self {
            Anneal::Cos => (1.0 - (std::f64::consts::PI * x).cos()) / 2.0,
            Anneal::Linear => x,
        }
    }

    /// The way from `start` to `end` when the part `x` of the time is over: exactly `start` at 0 and exactly `end` at 1,
    /// however far apart the two are.
    fn between(self, start: f64, end: f64, x: f64) -> f64 {
        let left = match self {
            Anneal::Cos => (1.0 + (std::f64::consts::PI * x).cos()) / 2.0,
            Anneal::Linear => 1.0 - x,
        };
        start * left + end * self.progress(x)
    }
}

/// As many epochs as a schedule without a formula is followed, one by one, to find its rate as a function of time.
const FAR: u64 = 1 << 20;

#[cfg(test)]
mod reference;

// The example of CONTRIBUTING.md, compiled and tested where it would be.
#[cfg(test)]
#[allow(unreachable_pub)]
#[path = "../../../../docs/skeletons/inverse_sqrt.rs"]
mod inverse_sqrt;
