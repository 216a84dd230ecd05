//! The loops under the rules.

mod reduce;
mod transpose;
mod update;

pub(crate) use reduce::{dot, signum, sum_squares};
pub(crate) use transpose::row_major;
pub(crate) use update::update;
