//! The schedules, one a file: formula, source, code, tests. A new one is a new file and a line here.

mod step;

pub use step::StepLr;
