//! What no single crate of downhill can test; see the files beside this one. Here is what several of them share.

pub mod example;
pub mod golden;
pub mod operations;
pub mod parity;

#[cfg(doctest)]
#[doc = include_str!("../docs/tutorial.md")]
mod tutorial {}

/// The programs of the README.
#[doc = include_str!("../README.md")]
pub mod readme {}
