//! **downhill**: a small deep-learning framework. Reverse-mode automatic differentiation over `ndarray`, layers and
//! losses, and every optimizer and learning-rate schedule that a course teaches.
//!
//! This crate is a facade: it re-exports [`downhill_tensor`] at its root, and the others as [`nn`], [`optim`] and
//! [`data`]. With the feature `inspect`, a computation can be looked at: `downhill::inspect` (`downhill_inspect`).
//!
//! ```
//! use downhill::prelude::*;
//!
//! let x = Tensor::from([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
//! let y = Tensor::from([[0.0], [0.0], [0.0], [1.0]]);
//! let mut model = (Tensor::param([[0.0], [0.0_f64]]), Tensor::param([0.0]));
//! let mut opt = Optimizer::new(Sgd { lr: 1.0, ..Sgd::default() });
//! let loss = |(w, b): &(Tensor<f64>, Tensor<f64>)| bce_with_logits(&(x.matmul(w) + b), &y);
//! let start = loss(&model).item();
//! for _ in 0..100 {
//!     let grads = loss(&model).backward();
//!     opt.step(&mut model, &grads);
//! }
//! assert!(loss(&model).item() < start / 3.0);
//! ```
//!
//! # Element types: `f32` or `f64`, and a bare literal is `f64`
//!
//! The plain type `Tensor` means `Tensor<f32>`, the usual type for training networks. But Rust infers the literals
//! `[0.0, 1.0]` as `f64` unless something says otherwise, so `Tensor::from([0.0, 1.0])` alone is a `Tensor<f64>`. It is
//! inferred as `f32` where it is used with a layer, a variable of type `Tensor`, or a literal such as `0.0_f32`. If the
//! compiler expects `Tensor<f32>` and finds `Tensor<f64>` (or the reverse), give the type where the tensor is created:
//!
//! ```
//! use downhill::prelude::*;
//! let x: Tensor = Tensor::from([0.0, 1.0]); // f32
//! let y = Tensor::<f32>::from([0.0, 1.0]); // the same
//! let z = Tensor::from([0.0, 1.0]); // f64
//! assert_eq!((x, z.sum().item()), (y, 1.0_f64));
//! ```
//!
//! In code that is generic over the element type, no literal has the right type: `t * 2.0` does not compile, but
//! `t * F::from_f64(2.0)` does ([`Float::from_f64`]).
//!
//! # One dependency
//!
//! A program needs no other crate for arrays and random numbers: [`ndarray`] and [`rand`] are re-exported in matching
//! versions, and [`rng`] creates a seeded generator.
//!
//! ```
//! use downhill::ndarray::{array, s};
//! use downhill::prelude::*;
//!
//! let mut rng = downhill::rng(1);
//! let layer: Linear = Linear::new(3, 2, &mut rng);
//! let x = Tensor::randn(&[4, 3], &mut rng);
//! assert_eq!(layer.forward(&x).slice(s![.., 0]).shape(), [4]);
//! assert_eq!(x.gather(1, &array![[0], [2], [1], [-1]]).shape(), [4, 1]);
//! ```
#![forbid(unsafe_code)]

mod generator;

pub use ndarray;
pub use rand;

pub use downhill_derive::FacadeParams as Params;
pub use downhill_tensor::*;
pub use generator::{Generator, rng};

pub use downhill_data as data;
#[cfg(feature = "inspect")]
pub use downhill_inspect as inspect;
pub use downhill_nn as nn;

/// Optimizers and learning-rate schedules: [`downhill_optim`].
pub mod optim {
    pub use downhill_derive::FacadeOptions as Options;
    pub use downhill_optim::*;
}

/// What most programs that train a network use, with the modules [`nn`], [`optim`] and [`data`] for the rest
/// (`nn::LstmCell`, `optim::Adagrad`): `use downhill::prelude::*;`. Everything about tensors is at the root, too: `downhill::hvp`.
pub mod prelude {
    pub use crate::data::{self, DataError, Dataset, ImageSet, Mnist, TensorDataset, toy};
    pub use crate::nn::{
        self, Dropout, Linear, Mlp, Module, Relu, Sequential, Tanh, accuracy, bce_with_logits, cross_entropy, init, mse,
    };
    pub use crate::optim::{self, Adam, AdamW, CosineAnnealingLr, Optimizer, Rule, Schedule, Scheduler, Sgd};
    pub use crate::{
        Check, Float, Gradients, Params, Path, Tensor, concat, grad, gradcheck, keep, no_grad, rng, stack, training,
        where_,
    };
}
