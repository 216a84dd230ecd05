//! What was learned from the training data, applied to any data.

use std::borrow::Cow;

use downhill_tensor::{Float, Tensor};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{Encode, Unknown};
use crate::csv::quote;
use crate::frame::Known;
use crate::{Column, DataError, Frame};

/// How the columns of a frame become features, as learned by [`Encoder::fit`](crate::Encoder::fit).
///
/// It is saved and loaded like any `serde` value, next to the model:
///
/// ```text
/// state::write(&encoding, "encoding", "penguins.encoding")?;
/// let encoding: Encoding = state::read("encoding", "penguins.encoding")?;
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoding {
    /// One per column that is used.
    pub columns: Vec<EncodedColumn>,
}

/// How a column becomes features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodedColumn {
    /// The name of the column, or its index in a file without header.
    pub name: String,
    /// What it becomes.
    pub encoded: Encoded,
}

/// What a column becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Encoded {
    /// The number itself.
    Number {
        /// What replaces a missing one; `None` if that is an error.
        missing: Option<f64>,
    },
    /// The days since 1970.
    Date {
        /// What replaces a missing one, in days; `None` if that is an error.
        missing: Option<f64>,
    },
    /// A category.
    Category {
        /// All categories.
        categories: Vec<String>,
        /// The one that replaces a missing one; `None` if that is an error.
        missing: Option<String>,
        /// What a category becomes.
        encode: Encode,
        /// What a category becomes that is not among them.
        unknown: Unknown,
    },
}

impl EncodedColumn {
    /// The number of features.
    fn width(&self) -> usize {
        match &self.encoded {
            Encoded::Category { categories, encode: Encode::OneHot, .. } => categories.len(),
            _ => 1,
        }
    }

    /// Writes the features to the start of every row.
    fn write<'e, F: Float>(&self, frame: &Frame, rows: impl Iterator<Item = &'e mut [F]>) -> Result<(), DataError> {
        let column = frame.find(&Column::Name(self.name.clone()))?;
        let or_missing = |row: usize, number: Option<F>, missing: Option<f64>| {
            number.or(missing.map(F::from_f64)).ok_or_else(|| missing_value(frame, column, row, "missing_numbers"))
        };
        match &self.encoded {
            &Encoded::Number { missing } => {
                for (row, features) in rows.enumerate() {
                    features[0] = or_missing(row, frame.number(column, row)?, missing)?;
                }
            }
            &Encoded::Date { missing } => {
                for (row, features) in rows.enumerate() {
                    features[0] = or_missing(row, frame.date(column, row)?.map(F::from_f64), missing)?;
                }
            }
            Encoded::Category { categories, missing, encode, unknown } => {
                let known = Known::new(categories);
                let values = &frame.columns[column].values;
                for (row, features) in rows.enumerate() {
                    let spelling = values.spelling(row).or(missing.as_deref().map(Cow::Borrowed));
                    let spelling = spelling.ok_or_else(|| missing_value(frame, column, row, "missing_categories"))?;
                    match (known.find(&spelling), encode) {
                        (Some(number), Encode::OneHot) => features[number] = F::one(),
                        (Some(number), Encode::Ordinal) => features[0] = F::from_f64(number as f64),
                        (None, _) if *unknown == Unknown::Error => {
                            let known = known.list();
                            let expected = format!(
                                "one of {known}, as in the training data (or set `Encoder::unknown` to ignore others)"
                            );
                            return Err(frame.error(column, row, expected, quote(&spelling)));
                        }
                        (None, Encode::OneHot) => {}
                        (None, Encode::Ordinal) => features[0] = -F::one(),
                    }
                }
            }
        }
        Ok(())
    }
}

fn missing_value(frame: &Frame, column: usize, row: usize, option: &str) -> DataError {
    let expected = format!("a value (leave out rows with `drop_missing`, or set `Encoder::{option}`)");
    frame.error(column, row, expected, "a missing value")
}

impl Encoding {
    /// The number of features.
    pub fn len(&self) -> usize {
        self.columns.iter().map(EncodedColumn::width).sum()
    }

    /// Whether there are no features.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names of the features: those of the columns, and `column=category` for [`Encode::OneHot`].
    #[doc(alias = "get_feature_names_out")]
    pub fn feature_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for EncodedColumn { name, encoded } in &self.columns {
            match encoded {
                Encoded::Category { categories, encode: Encode::OneHot, .. } => {
                    names.extend(categories.iter().map(|category| format!("{name}={category}")));
                }
                _ => names.push(name.clone()),
            }
        }
        names
    }

    /// The features of a frame, `[rows, features]`. The frame may have other columns, too, and in any order.
    ///
    /// # Errors
    /// If a column is not there, or a value is missing, unknown, not a number or no date where that is an error.
    pub fn transform<F: Float>(&self, frame: &Frame) -> Result<Tensor<F>, DataError> {
        let width = self.len();
        let mut elements: Vec<F> = frame.room(width)?;
        elements.resize(frame.len() * width, F::zero());
        let mut start = 0;
        for column in &self.columns {
            column.write(frame, elements.chunks_exact_mut(width.max(1)).map(|row| &mut row[start..]))?;
            start += column.width();
        }
        Ok(Tensor::from(
            Array2::from_shape_vec((frame.len(), width), elements).expect("one element per row and feature"),
        ))
    }
}
