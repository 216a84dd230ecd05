//! The operations, one a file: formula, derivative, tests. A new one is a new file and a line here.

mod add;
mod broadcast_to;
mod concat;
mod div;
mod exp;
mod linear;
mod ln;
mod matmul;
mod mul;
mod narrow;
mod neg;
mod permute;
mod powi;
mod relu;
mod reshape;
mod sigmoid;
mod square;
mod sub;
mod sum;

pub(crate) use add::add;
pub use concat::{concat, stack};
pub(crate) use div::div;
pub(crate) use mul::mul;
pub(crate) use neg::neg;
pub(crate) use sub::sub;
