//! The columns of a frame.

use std::borrow::Cow;

use super::Texts;

/// A column of a [`Frame`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FrameColumn {
    pub(crate) name: String,
    /// Its index in the file.
    pub(crate) index: usize,
    pub(crate) values: Values,
}

/// The values of a column.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    /// NaN is a missing value.
    Numbers(Vec<f64>),
    Texts(Texts),
}

/// Missing values are equal.
impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Values::Texts(a), Values::Texts(b)) => a == b,
            (Values::Numbers(a), Values::Numbers(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
            }
            _ => false,
        }
    }
}

impl Values {
    /// A value as text; `None` if it is missing. Equal numbers have one spelling.
    pub(crate) fn spelling(&self, row: usize) -> Option<Cow<'_, str>> {
        match self {
            Values::Texts(texts) => texts.get(row).map(Cow::Borrowed),
            Values::Numbers(numbers) if numbers[row].is_nan() => None,
            Values::Numbers(numbers) => {
                // Adding 0 turns -0 into 0.
                let spelling = format!("{:?}", numbers[row] + 0.0);
                Some(Cow::Owned(spelling.strip_suffix(".0").map(str::to_owned).unwrap_or(spelling)))
            }
        }
    }

    pub(crate) fn is_missing(&self, row: usize) -> bool {
        match self {
            Values::Texts(texts) => texts.get(row).is_none(),
            Values::Numbers(numbers) => numbers[row].is_nan(),
        }
    }
}
