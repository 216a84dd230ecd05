//! Optimizers and learning-rate schedules that match PyTorch to the digit.
//!
//! An [`Optimizer`] walks a model and updates every parameter by a [`Rule`]: [`Sgd`], [`Adam`], [`AdamW`], [`RmsProp`],
//! [`Adagrad`], [`Adadelta`], [`Adamax`], [`NAdam`], [`RAdam`], [`Rprop`], [`Asgd`], [`Adafactor`], [`Muon`], [`Lbfgs`], and what
//! PyTorch does not have: [`Lion`], [`Lamb`], [`SignSgd`], [`ClassicalMomentum`]. A [`Scheduler`] changes its learning rate
//! over time by a [`Schedule`]: [`StepLr`], [`CosineAnnealingLr`], [`OneCycleLr`], [`ReduceLrOnPlateau`] and a dozen more.
//! Rules and schedules are plain structs of options. The `Optimizer` and the `Scheduler` hold the state, keyed by parameter
//! path, and it is saved with `serde`.
//!
//! ```
//! use downhill_optim::{AdamW, CosineAnnealingLr, Optimizer, Scheduler, WarmupLr, clip_grad_norm};
//! use downhill_tensor::Tensor;
//!
//! let (x, y) = (Tensor::from([[0.0], [1.0], [2.0_f64]]), Tensor::from([[1.0], [3.0], [5.0]]));
//! let mut model = (Tensor::param([[0.0]]), Tensor::param([0.0]));
//! let mut opt = Optimizer::new(AdamW { lr: 0.3, weight_decay: 0.0, ..AdamW::default() });
//! let cosine = CosineAnnealingLr { t_max: 190, ..CosineAnnealingLr::default() };
//! let mut scheduler = Scheduler::new(WarmupLr { steps: 10 }.then(cosine), &mut opt);
//! for _ in 0..200 {
//!     let loss = (x.matmul(&model.0) + &model.1 - &y).square().sum();
//!     let mut grads = loss.backward();
//!     clip_grad_norm(&mut grads, 10.0);
//!     opt.step(&mut model, &grads);
//!     scheduler.step(&mut opt);
//! }
//! assert!((model.0.item() - 2.0).abs() < 1e-3 && (model.1.item() - 1.0).abs() < 1e-3);
//! ```
//!
//! Also here: gradient clipping ([`clip_grad_norm`]), weight averaging ([`WeightAverage`]), early stopping ([`EarlyStopping`]), the learning-rate range test
//! ([`LrRangeTest`]), minimizing a function instead of training a model ([`minimize`]), and parsing rules and schedules from
//! text for command lines (`"adam:lr=0.01,amsgrad".parse()`).
//!
//! A custom rule or schedule derives [`Options`](derive@Options), as the built-in ones do, and is then saved, loaded and
//! parsed like them; see [`Rule`] and [`Schedule`].
//!
//! `docs/parity.md` in the repository lists the largest difference from PyTorch for every rule and schedule under every
//! option.
// Not in tests, where ndarray's `s!` macro expands to unsafe code.
#![cfg_attr(not(test), forbid(unsafe_code))]

// The derive macro refers to this crate by name, as users do.
extern crate self as downhill_optim;

mod aligned;
mod average;
mod clip;
mod early_stopping;
mod kernels;
mod lr_range;
mod minimize;
mod number;
mod optimizer;
mod option_value;
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
pub use downhill_derive::Options;
pub use early_stopping::EarlyStopping;
pub use lr_range::{LrCurve, LrPoint, LrRangeTest};
pub use minimize::minimize;
pub use optimizer::{Group, MissingGradient, Optimizer, OptimizerState, OptimizerStateError};
pub use option_value::OptionValue;
pub use options::{OptionError, Options};
pub use rule::{BoxedRule, JointRule, ParamRule, ParamUpdate, Rule, RuleKind};
pub use rules::*;
pub use schedule::{BoxedSchedule, GroupRate, Schedule};
pub use scheduler::{Scheduler, SchedulerState, SchedulerStateError};
pub use schedules::*;
pub use state::ParamState;
pub use text::TextError;
