//! What can be wrong with a derivative.

use std::fmt;

use super::report::{Entry, Report};

/// A derivative that does not hold: what is wrong, and everything that was compared. `Debug` prints what `Display`
/// does, so that `unwrap` shows it readably.
#[derive(Clone, thiserror::Error)]
pub struct GradcheckError {
    /// What is wrong.
    pub problem: Problem,
    /// What was compared until then, with all inputs of the order that failed.
    pub report: Report,
}

/// What is wrong with a derivative.
#[derive(Clone, Debug)]
pub enum Problem {
    /// Numeric and analytic derivative differ by more than is allowed, or one of them is not a number.
    Wrong {
        /// The entry that is furthest off.
        entry: Box<Entry>,
        /// What is likely the matter.
        suggestion: String,
    },
    /// A backward pass along zero gives something else than zero.
    ZeroNotKept {
        /// The name of the input.
        input: String,
        /// The gradient that should have been zero.
        value: f64,
    },
    /// The gradient of an input is not linear in `dy`.
    NotLinear {
        /// The name of the input.
        input: String,
    },
    /// The function has another value when computed again.
    ValueNotRepeatable,
    /// A backward pass gives another gradient when run again.
    GradientNotRepeatable,
    /// A derivative rule panicked.
    Panicked {
        /// Its message.
        message: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Wrong { entry, suggestion } => write!(f, "{entry}\n{suggestion}"),
            Problem::ZeroNotKept { input, value } => write!(
                f,
                "the gradient of {input} for dy = 0 is {value}, not 0; a vector-Jacobian product is linear in dy \
                 (0·inf is NaN: is the derivative infinite here?)"
            ),
            Problem::NotLinear { input } => write!(
                f,
                "the gradient of {input} for -2·dy is not -2 times that for dy; a vector-Jacobian product is linear in dy"
            ),
            Problem::ValueNotRepeatable => f.write_str(
                "the function has another value when computed again; draw random numbers outside of it, or from a \
                 generator seeded inside",
            ),
            Problem::GradientNotRepeatable => {
                f.write_str("two backward passes over the same graph give other gradients")
            }
            Problem::Panicked { message } => write!(f, "the backward pass panicked: {message}"),
        }
    }
}

impl fmt::Display for GradcheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "gradcheck of {} at order {}: {}", self.report.op, self.report.order, self.problem)?;
        self.report.write_counts(f)?;
        self.report.write_table(f)
    }
}

impl fmt::Debug for GradcheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
