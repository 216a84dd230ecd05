//! Figures of learning: loss curves, paths of descent over labelled contours, heat maps and bars, as SVG, PNG and
//! animation.
//!
//! A [`Figure`] is a grid of [`Panel`]s, a panel two [`Axis`] and a list of marks: [`Line`], [`Band`], [`Dots`],
//! [`Contours`], [`Descent`], [`HeatMap`], [`Bars`], [`Guide`], [`Note`]. All are plain structs. Colors are those of
//! Okabe and Ito, which the colorblind can tell apart ([`palette`]); the font is part of the crate, so that a figure is the
//! same on every machine.
//!
//! ```
//! use downhill_plot::{Axis, Contours, Descent, Figure, Panel};
//!
//! let bowl = |x: f64, y: f64| x * x + 4.0 * y * y;
//! let mut path = vec![(2.0, 1.0)];
//! for _ in 0..20 {
//!     let (x, y) = path[path.len() - 1];
//!     path.push((x - 0.1 * 2.0 * x, y - 0.1 * 8.0 * y));
//! }
//! let panel = Panel::new(Axis::linear("x"), Axis::linear("y"))
//!     .with(Contours::of(bowl, (-2.5, 2.5), (-1.5, 1.5), &[0.25, 1.0, 2.0, 4.0, 8.0]))
//!     .with(Descent::new(path).named("η = 0.1"));
//! let svg = Figure::new(600, 360).titled("Gradient descent in a bowl").with(panel).svg();
//! assert!(svg.starts_with("<svg width=\"600\" height=\"360\""));
//! ```
//!
//! Drawing never fails on data: points that are NaN, infinite, or not positive on a logarithmic axis are left out, which
//! interrupts a line; an empty figure has empty axes.
#![forbid(unsafe_code)]

mod animation;
mod axis;
mod band;
mod bars;
mod clip;
mod contours;
mod descent;
mod dots;
mod error;
mod figure;
mod guide;
mod heat_map;
mod isolines;
mod legend;
mod line;
mod mark;
mod note;
pub mod palette;
mod panel;
mod plane;
mod render;
mod shape;
mod ticks;

pub use animation::{Animation, Mover};
pub use axis::{Axis, Scale};
pub use band::Band;
pub use bars::Bars;
pub use contours::Contours;
pub use descent::Descent;
pub use dots::Dots;
pub use error::PlotError;
pub use figure::Figure;
pub use guide::Guide;
pub use heat_map::{ColorMap, HeatMap};
pub use line::Line;
pub use mark::Mark;
pub use note::Note;
pub use palette::Color;
pub use panel::Panel;
