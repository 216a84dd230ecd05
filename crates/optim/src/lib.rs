//! Optimisers and learning-rate schedules, equal to PyTorch to the digit.

mod clip;
mod kernels;
mod minimize;
mod optimizer;
mod options;
mod rule;
mod rules;
mod schedule;
mod scheduler;
mod schedules;
mod state;

pub use clip::clip_grad_norm;
pub use minimize::minimize;
pub use optimizer::{Group, MissingGradient, Optimizer};
pub use options::OptionError;
pub use rule::{ParamUpdate, Rule};
pub use rules::*;
pub use schedule::Schedule;
pub use scheduler::Scheduler;
pub use schedules::*;
pub use state::ParamState;
