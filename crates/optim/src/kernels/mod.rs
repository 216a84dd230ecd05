//! The kernels that the rules use from `downhill-kernels`, and the thresholds below which state is flushed to 0.

pub(crate) mod cut;

pub(crate) use downhill_kernels::{dot, norm, row_major, signum, sum_squares, update};
