//! The loops under the rules.

mod simd;
mod transpose;
mod update;

pub(crate) use transpose::row_major;
pub(crate) use update::update;
