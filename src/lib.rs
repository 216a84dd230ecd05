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

pub use downhill_derive::FacadeParams as Params;
pub use downhill_tensor::*;

pub use downhill_data as data;
pub use downhill_nn as nn;

/// Optimisers and learning-rate schedules: [`downhill_optim`].
pub mod optim {
    pub use downhill_derive::FacadeOptions as Options;
    pub use downhill_optim::*;
}

/// What a program that trains a network needs: `use downhill::prelude::*;`.
pub mod prelude {
    pub use crate::Params;
    pub use crate::data::{
        Batches, ClassTable, Column, Csv, DataError, Dataset, Header, ImageSet, Mnist, Share, Table, TensorDataset, toy,
    };
    pub use crate::nn::*;
    pub use crate::optim::Options;
    pub use crate::optim::*;
    pub use downhill_tensor::*;
}
