//! The loops under the operations. They know arrays, not tensors, and no derivative.

mod copied;
mod elementwise;
mod gemm;
pub(crate) mod lend;
pub(crate) mod math;
mod memory;
mod reduce;
mod running_sum;
pub(crate) mod simd;
mod softmax;
pub(crate) mod team;

pub(crate) use copied::copied;
pub(crate) use elementwise::{add_in_place, map, zip};
#[allow(unreachable_pub)] // A public trait needs it; nobody outside can name it.
pub use gemm::Kernels;
pub(crate) use gemm::{Matrix, matmul_batched, matmul2};
pub(crate) use memory::{Memory, ask, room};
pub(crate) use reduce::{max, min, sum};
pub(crate) use running_sum::RunningSum;
pub(crate) use softmax::{log_softmax, logsumexp, softmax};
