//! See inside: a recorded computation as data, printed, drawn, and as a page in which one steps through its gradients.
//!
//! [`Trace::of`] reads the record of a loss: its operations with their formulas, values and gradients, and every
//! contribution to a gradient in the order in which `backward` makes it. A trace is plain data (`serde`), and has five forms:
//! an indented tree ([`Trace::tree`]), Graphviz ([`Trace::dot`]), Mermaid ([`Trace::mermaid`]), JSON ([`Trace::json`]), and a
//! page for the browser ([`Trace::html`]). [`explain`] tells in the terminal how one gradient comes to be. [`Health`] watches a
//! network while it trains, and warns in words.
//!
//! ```
//! use downhill_inspect::{Trace, explain};
//! use downhill_tensor::Tensor;
//!
//! let (w, b) = (Tensor::param(3.0), Tensor::param(-1.0));
//! let loss = (&w * 2.0 + &b).square();
//! println!("{}", Trace::of(&loss, &(w.clone(), b)).tree());
//! assert_eq!(explain(&loss, &w).to_string(), "\
//! How the gradient of the parameter comes to be
//!
//! #5 square = 25, y = x²
//!    gradient dy        1
//!    by x, 2·x          10
//!    product            10
//!    to the gradient of #4 add: it is now 10
//! #4 add = 5, y = a + b
//!    gradient dy        10
//!    by a, 1            1
//!    product            10
//!    to the gradient of #2 mul: it is now 10
//! #2 mul = 6, y = a·b
//!    gradient dy        10
//!    by a, b            2
//!    product            20
//!    to the gradient of #0 parameter: it is now 20
//!
//! The gradient is 20
//! ");
//! ```
#![forbid(unsafe_code)]

mod array;
mod dot;
mod explain;
mod health;
mod heat_map;
mod histogram;
mod html;
mod json;
mod mermaid;
mod number;
mod trace;
mod tracer;
mod tree;

pub use array::Array;
pub use explain::{Explanation, explain};
pub use health::{ActivationHealth, Health, HealthReport, ParameterHealth};
pub use heat_map::HeatMap;
pub use histogram::Histogram;
pub use trace::{Attribute, Input, Kind, Node, Step, Trace};
pub use tracer::Tracer;
