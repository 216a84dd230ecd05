//! **downhill**: a small deep-learning framework. Reverse-mode automatic differentiation over `ndarray`, layers and
//! losses, and every optimiser and learning-rate schedule a course teaches.
//!
//! This crate is a facade: it re-exports [`downhill_tensor`] at its root, and the others as [`nn`], [`optim`] and
//! [`data`].
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
//! # Numbers are `f32` or `f64`, and a literal alone is `f64`
//!
//! The type `Tensor` without more means `Tensor<f32>`, which is what networks are trained in. But the numbers `[0.0, 1.0]`, for
//! Rust, are `f64` where nothing says otherwise, so that `Tensor::from([0.0, 1.0])` alone is a `Tensor<f64>`. It becomes an
//! `f32` one where it meets one: a layer, a variable of the type `Tensor`, a literal such as `0.0_f32`. When the compiler
//! expects `Tensor<f32>` and finds `Tensor<f64>` (or the other way round), say which you mean where the tensor is made:
//!
//! ```
//! use downhill::prelude::*;
//! let x: Tensor = Tensor::from([0.0, 1.0]); // f32
//! let y = Tensor::<f32>::from([0.0, 1.0]); // the same
//! let z = Tensor::from([0.0, 1.0]); // f64
//! assert_eq!((x, z.sum().item()), (y, 1.0_f64));
//! ```
//!
//! In code that is generic over the element type, a literal has no type that would suit: `t * 2.0` does not compile there, and
//! `t * F::from_f64(2.0)` does ([`Float::from_f64`]).
//!
//! # One dependency
//!
//! A program needs no other crate for its arrays and its random numbers: [`ndarray`] and [`rand`] are re-exported in the
//! versions that fit, and [`rng`] is a generator with a seed.
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
pub use downhill_nn as nn;

/// Optimisers and learning-rate schedules: [`downhill_optim`].
pub mod optim {
    pub use downhill_derive::FacadeOptions as Options;
    pub use downhill_optim::*;
}

/// What most programs that train a network name, and the modules with the rest: `use downhill::prelude::*;`, then `nn::LstmCell`,
/// `optim::Adagrad`, `data::Csv`. What only some programs with derivatives need is at the root: `downhill::hvp`.
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
