//! The schedules, one a file: formula, source, code, tests. A new one is a new file and a line here.

mod function;
mod parse;

macro_rules! schedules {
    ($($file:ident: $Schedule:ident,)*) => {
        $(
            mod $file;
            pub use $file::$Schedule;
        )*

        /// The names by which schedules are known on command lines, for help texts.
        ///
        /// ```
        /// assert!(downhill_optim::schedule_names().contains(&"cosine"));
        /// ```
        pub fn schedule_names() -> &'static [&'static str] {
            &[$(stringify!($file)),*]
        }

        /// Every schedule with its defaults, by its short name or its type's.
        fn by_name(name: &str) -> Option<Box<dyn crate::Schedule>> {
            use crate::text::same_name;
            $(
                if same_name(name, stringify!($file)) || same_name(name, stringify!($Schedule)) {
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
    cyclic: CyclicLr,
    exponential: ExponentialLr,
    lambda: LambdaLr,
    linear: LinearLr,
    multi_step: MultiStepLr,
    multiplicative: MultiplicativeLr,
    one_cycle: OneCycleLr,
    plateau: ReduceLrOnPlateau,
    polynomial: PolynomialLr,
    sequential: SequentialLr,
    step: StepLr,
    swa: SwaLr,
    warm_restarts: CosineAnnealingWarmRestarts,
    warmup: WarmupLr,
}

pub use cyclic::CyclicMode;
pub use plateau::{PlateauMode, ThresholdMode};

use crate::options::named_option;

/// The shape of a transition from one rate to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anneal {
    /// Half a cosine: level at both ends.
    #[default]
    Cos,
    /// A straight line.
    Linear,
}

named_option!(Anneal { Cos = "cos", Linear = "linear" });

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

/// The methods of [`Schedule`](crate::Schedule) that only say which fields are which.
macro_rules! fields {
    ($Schedule:ident { $($field:ident),* $(,)? }) => {
        $crate::options::options!($Schedule { $($field),* });

        fn boxed(&self) -> Box<dyn $crate::Schedule> {
            Box::new(self.clone())
        }
    };
}
use fields;

#[cfg(test)]
mod reference;
