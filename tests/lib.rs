//! What no single crate of downhill can test; see the files beside this one. Here is what several of them share.

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
