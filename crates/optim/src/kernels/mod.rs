//! The loops under the rules.

pub(crate) mod cut;
mod reduce;
mod transpose;
mod update;

pub(crate) use reduce::{dot, norm, signum, sum_squares};
pub(crate) use transpose::row_major;
pub(crate) use update::update;
