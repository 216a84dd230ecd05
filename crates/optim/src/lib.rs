//! Optimisers and learning-rate schedules, equal to PyTorch to the digit.

mod clip;
mod kernels;
mod line_search;
mod minimize;
mod optimizer;
mod options;
mod rule;
mod rules;
mod schedule;
mod scheduler;
mod schedules;
mod state;
mod text;

pub use clip::clip_grad_norm;
pub use minimize::minimize;
pub use optimizer::{Group, MissingGradient, Optimizer, OptimizerState, OptimizerStateError};
pub use options::OptionError;
pub use rule::{JointRule, ParamUpdate, Rule};
pub use rules::*;
pub use schedule::Schedule;
pub use scheduler::Scheduler;
pub use schedules::*;
pub use state::ParamState;
pub use text::TextError;
