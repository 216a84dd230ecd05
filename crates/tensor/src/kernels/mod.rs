//! The loops under the operations. They know arrays, not tensors, and no derivative.

mod elementwise;
mod gemm;
mod reduce;
mod simd;

pub(crate) use elementwise::{map, zip};
pub(crate) use gemm::{matmul_batched, matmul2};
pub(crate) use reduce::sum;
