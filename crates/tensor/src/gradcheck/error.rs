//! What can be wrong with a derivative.

use std::fmt;

use super::report::{Entry, Report};

/// A failed gradient check: the problem, and everything that was compared. `Debug` prints the same as `Display`,
/// so that `unwrap` shows a readable message.
#[derive(Clone, thiserror::Error)]
pub struct GradcheckError {
    /// What is wrong.
    pub problem: Problem,
    /// What was compared before the failure, with all inputs of the order that failed.
    pub report: Report,
}

/// What is wrong with a derivative.
#[derive(Clone, Debug)]
pub enum Problem {
    /// The numeric and the analytic derivative differ by more than the tolerance, or one of them is NaN.
    Wrong {
        /// The entry that is furthest off.
        entry: Box<Entry>,
        /// The likely cause.
        suggestion: String,
    },
    /// A backward pass along zero gives a nonzero gradient.
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
    /// The function gives another value when it is evaluated again.
    ValueNotRepeatable,
    /// A backward pass gives another gradient when it is run again.
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
                "the gradient of {input} for -2·dy is not -2 times that for dy; a vector-Jacobian product is \
                 linear in dy"
            ),
            Problem::ValueNotRepeatable => f.write_str(
                "the function gives another value when it is evaluated again; draw random numbers outside it, or from \
                 a generator seeded inside",
            ),
            Problem::GradientNotRepeatable => {
                f.write_str("two backward passes over the same graph give different gradients")
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
