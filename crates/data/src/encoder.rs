//! Preparing a frame for a network: which columns become which numbers, as learned from the training part.

mod encoding;
mod fill;

use serde::{Deserialize, Serialize};

pub use encoding::{Encoded, EncodedColumn, Encoding};

use crate::frame::{Values, learn};
use crate::{Column, Columns, DataError, Frame};

/// Options for turning the columns of a [`Frame`] into features. [`fit`](Self::fit) learns categories and the values
/// that replace missing ones from the training part; the [`Encoding`] that it returns is applied to any frame.
///
/// A column of numbers is one feature. A column of text is as many features as there are categories in the training
/// part, one of which is 1 ([`Encode::OneHot`]), or one feature, the number of the category ([`Encode::Ordinal`]). A
/// date is the number of days since 1970 ([`days_since_1970`](crate::days_since_1970)). Options of single columns:
/// encode them by an encoder of their own, and [`concat`](downhill_tensor::concat) along axis 1.
///
/// A column of text most of which are numbers counts as numbers, and the others are errors: they may be spellings of a
/// missing value that [`Csv::missing`](crate::Csv::missing) lacks, and would make a category of every number. List it in
/// `categorical` if it should.
///
/// ```
/// use downhill_data::{Columns, Csv, Encoder, MissingCategory, MissingNumber};
/// let table = "island,mass,species\nDream,3750,Adelie\nBiscoe,NA,Gentoo\nDream,4250,Adelie\n";
/// let train = Csv::default().parse_frame(table)?;
/// let encoder = Encoder {
///     columns: Columns::except(["species"]),
///     missing_numbers: MissingNumber::Mean,
///     missing_categories: MissingCategory::MostFrequent,
///     ..Encoder::default()
/// };
/// let encoding = encoder.fit(&train)?;
/// assert_eq!(encoding.feature_names(), ["island=Biscoe", "island=Dream", "mass"]);
/// let x = encoding.transform::<f64>(&train)?;
/// assert_eq!(x.to_vec(), [0.0, 1.0, 3750.0, 1.0, 0.0, 4000.0, 0.0, 1.0, 4250.0]);
///
/// // New data, prepared as the training data were: the island is the most frequent one, the mass is their mean.
/// let new = Csv::default().parse_frame("mass,island\n?,?\n")?;
/// assert_eq!(encoding.transform::<f32>(&new)?.to_vec(), [0.0, 1.0, 4000.0]);
/// let new = Csv::default().parse_frame("mass,island\n3000,Torgersen\n")?;
/// assert_eq!(
///     encoding.transform::<f32>(&new).unwrap_err().to_string(),
///     "<text>, line 2, column \"island\" (index 1): expected one of [\"Biscoe\", \"Dream\"], as in the training data (or \
///      set `Encoder::unknown` to ignore others), found \"Torgersen\""
/// );
/// # Ok::<(), downhill_data::DataError>(())
/// ```
///
/// Scale the features afterwards with a [`StandardScaler`](crate::StandardScaler).
#[derive(Clone, Debug, PartialEq)]
#[doc(alias("ColumnTransformer", "OneHotEncoder", "OrdinalEncoder", "SimpleImputer", "get_dummies"))]
pub struct Encoder {
    /// The columns that become features, in this order.
    pub columns: Columns,
    /// Columns of numbers that are categories, or of text most of which are numbers.
    pub categorical: Vec<Column>,
    /// Columns of text that are dates.
    pub dates: Vec<Column>,
    /// What a category becomes.
    pub encode: Encode,
    /// What a category becomes that is not in the training data.
    pub unknown: Unknown,
    /// What replaces a missing number or date.
    pub missing_numbers: MissingNumber,
    /// What replaces a missing category.
    pub missing_categories: MissingCategory,
    /// The maximum number of categories of a column, by default 1000: a column of names or comments has as many as there
    /// are rows.
    pub max_categories: usize,
}

impl Default for Encoder {
    fn default() -> Self {
        Encoder {
            columns: Columns::All,
            categorical: Vec::new(),
            dates: Vec::new(),
            encode: Encode::OneHot,
            unknown: Unknown::Error,
            missing_numbers: MissingNumber::Error,
            missing_categories: MissingCategory::Error,
            max_categories: 1000,
        }
    }
}

/// What a category becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encode {
    /// As many features as there are categories: 1 for its own, 0 for the others.
    OneHot,
    /// One feature: the number of the category, in the order of their names, from 0.
    Ordinal,
}

/// What a category becomes that is not in the training data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unknown {
    /// It is an error.
    Error,
    /// All of the column's features are 0 for [`Encode::OneHot`]; the feature is -1 for [`Encode::Ordinal`].
    Ignore,
}

/// What replaces a missing number or date.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MissingNumber {
    /// Nothing: it is an error.
    Error,
    /// The mean of the column in the training data.
    Mean,
    /// The median, for an even number of values the mean of the two in the middle.
    Median,
    /// The most frequent value; the smallest, if there are several.
    MostFrequent,
    /// This number; for a date, of days.
    Constant(f64),
}

/// What replaces a missing category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingCategory {
    /// Nothing: it is an error.
    Error,
    /// The most frequent category in the training data; the first in their order, if there are several.
    MostFrequent,
    /// This category, which is one of the column's, whether it is in the training data or not.
    Constant(String),
}

impl Encoder {
    /// Learns from the training data. Never from the test data: the error on them would be too small.
    ///
    /// # Errors
    /// If there is no such column, two have the same name, a date is none, there are more than `max_categories`, or all
    /// values are missing from which to find a replacement.
    pub fn fit(&self, train: &Frame) -> Result<Encoding, DataError> {
        let all = |columns: &[Column]| columns.iter().map(|column| train.find(column)).collect::<Result<Vec<_>, _>>();
        let (categorical, dates) = (all(&self.categorical)?, all(&self.dates)?);
        let mut columns = Vec::new();
        for column in train.find_all(&self.columns)? {
            let name = train.columns[column].name.clone();
            // By its name it must be found again.
            train.find(&Column::Name(name.clone()))?;
            let encoded = if dates.contains(&column) {
                Encoded::Date { missing: self.fill_number(train, column, |row| train.date(column, row))? }
            } else if categorical.contains(&column) || is_text(train, column) {
                self.categories(train, column)?
            } else {
                Encoded::Number { missing: self.fill_number(train, column, |row| train.number(column, row))? }
            };
            columns.push(EncodedColumn { name, encoded });
        }
        if columns.is_empty() {
            return Err(DataError::content(&train.path, "at least one column", "none that `Encoder::columns` leaves"));
        }
        Ok(Encoding { columns })
    }

    /// What replaces a missing one of these numbers.
    fn fill_number(
        &self,
        train: &Frame,
        column: usize,
        number: impl Fn(usize) -> Result<Option<f64>, DataError>,
    ) -> Result<Option<f64>, DataError> {
        let mut numbers = train.room(1)?;
        for row in 0..train.len() {
            numbers.extend(number(row)?);
        }
        let fill = match self.missing_numbers {
            MissingNumber::Error => return Ok(None),
            MissingNumber::Constant(number) => return Ok(Some(number)),
            MissingNumber::Mean => fill::mean(&numbers),
            MissingNumber::Median => fill::median(&mut numbers),
            MissingNumber::MostFrequent => fill::most_frequent(&mut numbers),
        };
        fill.map(Some).ok_or_else(|| nothing_to_fill_with(train, column))
    }

    /// Learns the categories of a column.
    fn categories(&self, train: &Frame, column: usize) -> Result<Encoded, DataError> {
        let (mut categories, labels) = learn(&train.columns[column].values, train.len());
        let missing = match &self.missing_categories {
            MissingCategory::Error => None,
            MissingCategory::Constant(category) => {
                // In order, if the categories are.
                if !categories.contains(category) {
                    let place = categories.partition_point(|other| other < category);
                    categories.insert(place, category.clone());
                }
                Some(category.clone())
            }
            MissingCategory::MostFrequent => {
                let mut counts = vec![0_usize; categories.len()];
                labels.iter().flatten().for_each(|&label| counts[label] += 1);
                let most = counts.iter().max().and_then(|most| counts.iter().position(|count| count == most));
                Some(categories[most.ok_or_else(|| nothing_to_fill_with(train, column))?].clone())
            }
        };
        let (most, found) = (self.max_categories, categories.len());
        if found > most {
            let expected = format!(
                "at most {most} categories in column {} (leave it out, or raise `Encoder::max_categories`)",
                train.describe(column)
            );
            return Err(DataError::content(&train.path, expected, found.to_string()));
        }
        Ok(Encoded::Category { categories, missing, encode: self.encode, unknown: self.unknown })
    }
}

/// Whether at most half of the values that are there are numbers.
fn is_text(train: &Frame, column: usize) -> bool {
    let Values::Texts(texts) = &train.columns[column].values else { return false };
    let (mut there, mut numbers) = (0, 0);
    for text in (0..train.len()).filter_map(|row| texts.get(row)) {
        there += 1;
        numbers += usize::from(text.parse::<f64>().is_ok());
    }
    2 * numbers <= there
}

fn nothing_to_fill_with(train: &Frame, column: usize) -> DataError {
    let expected = format!("a value in column {} to replace the missing ones", train.describe(column));
    DataError::content(&train.path, expected, "none")
}

#[cfg(test)]
mod tests;
