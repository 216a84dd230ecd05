//! Tests that need several crates of downhill are in the files next to this one; this library holds what they share.

pub mod example;
pub mod golden;
pub mod misuse;
pub mod operations;
pub mod parity;
pub mod small_stack;

#[cfg(doctest)]
#[doc = include_str!("../docs/tutorial.md")]
mod tutorial {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
