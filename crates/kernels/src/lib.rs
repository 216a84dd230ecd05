//! The computational kernels under downhill's tensors: memory, matrix products, reductions, vectorized functions, threads,
//! the optimizer's update loop, and pixel conversion. It works on arrays and knows nothing of tensors or derivatives.
//!
//! The crate is an internal part of downhill; its interface may change with every version. It is the only one with `unsafe`
//! code (see `docs/safety.md`).

pub mod attention;
mod axis_set;
mod broadcast;
pub mod conv;
mod copied;
#[cfg(any(test, feature = "counting"))]
pub mod counting;
mod dot;
mod elements;
mod elementwise;
mod float;
pub mod gather;
mod gemm;
pub mod lend;
mod math;
mod memory;
pub mod operation;
mod pairs;
mod reduce;
mod running_sum;
mod runs;
pub mod shape;
mod short_copy;
mod simd;
mod softmax;
mod standardize;
mod team;
mod transpose;
mod unoptimized;
mod update;
mod windows;
#[cfg(target_arch = "x86_64")]
mod written_out;

pub use axis_set::AxisSet;
pub use broadcast::{broadcast_shape, check_broadcast, joint_shape};
pub use copied::copied;
pub use dot::{dot, norm, scaled_norm, signum, sum_squares};
pub use elements::Elements;
pub use elementwise::{add_in_place, map, zip};
pub use float::Float;
#[allow(unreachable_pub)] // A supertrait of the public `Float`, which seals it; it cannot be named outside.
pub use gemm::Kernels;
pub use gemm::{Matrix, Packed, matmul_batched, matmul2};
pub use memory::{aligned, ask, room};
pub use pairs::{max_of_pairs, put_in_pairs};
pub use reduce::{max, min, sum};
pub use running_sum::{RunningSum, RunningSums};
pub use runs::{Run, spread_runs, sum_runs};
pub use shape::{MAX_AXES, checked_size};
pub use simd::{Level, at_most, level, vectorised};
pub use softmax::{log_softmax, logsumexp, softmax, softmax_or_zero};
pub use standardize::{Moments, standardized, standardized_slope};
pub use team::{set_threads, share, threads};
pub use transpose::row_major;
pub use update::update;
pub use windows::{Taps, max_of_windows};
