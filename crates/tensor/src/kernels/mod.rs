//! The loops under the operations. They know arrays, not tensors, and no derivative.

mod elementwise;
mod gemm;
mod reduce;
mod simd;

pub(crate) use elementwise::{map, zip};
#[allow(unreachable_pub)] // A public trait needs it; nobody outside can name it.
pub use gemm::Kernels;
pub(crate) use gemm::{matmul_batched, matmul2};
pub(crate) use reduce::sum;
