//! What the rules take from `downhill-kernels`, and below which size their state counts as nothing.

pub(crate) mod cut;

pub(crate) use downhill_kernels::{dot, norm, row_major, signum, sum_squares, update};
