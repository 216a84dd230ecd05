//! Tensors with reverse-mode automatic differentiation to any order, over [`ndarray`].
//!
//! [`Tensor`] is an immutable array plus the record of how it was computed. [`Op`] is the one trait behind every
//! operation, built-in or yours. [`Tensor::backward`] computes the gradients of a scalar; [`grad`], [`jacobian`],
//! [`hessian`] and their products with vectors give derivatives that can be differentiated again. [`gradcheck`] checks
//! a derivative against finite differences. [`Params`] turns a plain struct into a named tree of tensors.
//!
//! ```
//! use downhill_tensor::{Tensor, grad};
//!
//! let w = Tensor::param([1.0, -2.0]);
//! let loss = (&w * 3.0).exp().sum().ln();
//! let grads = loss.backward();
//! assert!((grads[&w].sum().item() - 3.0_f64).abs() < 1e-12);
//! ```
//!
//! `Tensor` alone means `Tensor<f32>`, but a bare literal such as `[1.0, -2.0]` is `f64`. Where the compiler expects
//! one and finds the other, state the type: `let x: Tensor = ...` or `Tensor::<f32>::from([1.0, -2.0])`. In code
//! generic over the element type, write `t * F::from_f64(2.0)` for `t * 2.0` ([`Float::from_f64`]).
// Tests are exempt: ndarray's `s!` macro expands to unsafe code.
#![cfg_attr(not(test), forbid(unsafe_code))]

mod arithmetic;
mod attention;
mod axes;
mod backward;
mod compiled;
mod constructors;
mod convert;
mod display;
mod elementwise;
mod formula;
mod grad;
mod gradcheck;
mod gradients;
mod graph;
mod in_place;
mod index;
mod no_grad;
mod observe;
mod op;
mod ops;
mod params;
mod pending;
mod record;
mod sampling;
#[cfg(any(test, feature = "sweep"))]
pub mod sweep;
mod tensor;
mod training;

use downhill_kernels::{self as kernels, operation, shape};

pub use attention::Attention;
pub use axes::{Axes, keep};
pub use downhill_derive::Params;
pub use downhill_kernels::{Elements, Float, MAX_AXES, checked_size, set_threads, threads};
pub use elementwise::{Elementwise, elementwise};
pub use formula::Formula;
pub use grad::{grad, grad_many, hessian, hvp, jacobian, jvp, jvp_many, vjp, vjp_many};
pub use gradcheck::{
    Check, Directions, Entry, GradcheckError, InputReport, Problem, Report, gradcheck, gradcheck_model,
};
pub use gradients::Gradients;
pub use graph::{Attribute, Operation};
pub use index::AxisIndex;
pub use no_grad::{is_recording, no_grad};
pub use observe::Contribution;
pub use op::{Op, OpMany, apply, apply_many};
pub use ops::{
    AdaptiveAvgPool, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool, AdaptiveMaxPool1d, AdaptiveMaxPool2d,
    AvgPool, AvgPool1d, AvgPool2d, ClassLabels, Conv, ConvPadding, ConvTranspose, InterpolateMode, Interpolation,
    MaxPool, MaxPool1d, MaxPool2d, NewShape, PadMode, Resize, Unfold, Upsample, concat, einsum, stack, where_,
};
pub use params::{Leaves, LeavesMut, Params, Path, StateDict, StateDictError, StateDictIter, Summary, TensorMut};
pub use tensor::Tensor;
pub use training::{evaluation, is_training, training, training_rng, update_buffer};
