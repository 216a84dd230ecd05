//! The update rules, one a file: formula, source, code, tests. A new one is a new file and a line here.

mod adam;
mod sgd;

pub use adam::Adam;
pub use sgd::Sgd;

/// The methods of [`Rule`](crate::Rule) that only say which fields are which.
macro_rules! options {
    ($Rule:ident, $lr:ident $(, $momentum:ident)?) => {
        fn name(&self) -> &'static str {
            stringify!($Rule)
        }

        fn lr(&self) -> f64 {
            self.$lr
        }

        fn set_lr(&mut self, lr: f64) {
            self.$lr = lr;
        }

        $(
            fn momentum(&self) -> Option<f64> {
                Some(self.$momentum)
            }

            fn set_momentum(&mut self, momentum: f64) {
                self.$momentum = momentum;
            }
        )?

        fn boxed(&self) -> Box<dyn $crate::Rule<F>> {
            Box::new(self.clone())
        }
    };
}
use options;
