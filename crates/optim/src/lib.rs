//! Optimisers and learning-rate schedules, equal to PyTorch to the digit.

mod average;
mod clip;
mod kernels;
mod line_search;
mod lr_range;
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

pub use average::WeightAverage;
pub use clip::{clip_grad_norm, clip_grad_norm_of_type, clip_grad_value};
pub use lr_range::{LrCurve, LrPoint, LrRangeTest};
pub use minimize::minimize;
pub use optimizer::{Group, MissingGradient, Optimizer, OptimizerState, OptimizerStateError};
pub use options::OptionError;
pub use rule::{JointRule, ParamUpdate, Rule};
pub use rules::*;
pub use schedule::{GroupRate, Schedule};
pub use scheduler::{Scheduler, SchedulerState, SchedulerStateError};
pub use schedules::*;
pub use state::ParamState;
pub use text::TextError;
