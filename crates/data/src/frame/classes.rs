//! A column as class labels.

use std::collections::BTreeMap;

use super::{Frame, Values};
use crate::csv::{Decimal, Labels, list, quote};
use crate::{Column, DataError};

/// The class labels of a column, as found by [`Frame::classes`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    /// The class of each row, an index into `names`.
    pub labels: Vec<usize>,
    /// The names of the classes, sorted numerically if all of them are numbers, else lexicographically.
    pub names: Vec<String>,
}

impl Frame {
    /// A column of text or numbers as class labels. Spellings of a number are one class, as for
    /// [`Csv::read_classes`](crate::Csv::read_classes).
    ///
    /// ```
    /// use downhill_data::Csv;
    /// let frame = Csv::default().parse_frame("x,species\n1,Gentoo\n2,Adelie\n3,Gentoo\n")?;
    /// let species = frame.classes("species")?;
    /// assert_eq!((species.labels, &species.names[..]), (vec![1, 0, 1], &["Adelie".into(), "Gentoo".into()][..]));
    /// # Ok::<(), downhill_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such column, or one of its values is missing.
    #[doc(alias = "LabelEncoder")]
    pub fn classes(&self, column: impl Into<Column>) -> Result<Classes, DataError> {
        let column = self.find(&column.into())?;
        let (names, mut labels) = learn(&self.columns[column].values, self.len());
        for (row, label) in labels.iter_mut().enumerate() {
            if label.is_none() {
                return Err(self.missing_class(column, row));
            }
        }
        Ok(Classes { labels: labels.into_iter().flatten().collect(), names })
    }

    /// The labels of a column by names that are known already: those of the training data, for a file of test data.
    ///
    /// ```
    /// use downhill_data::Csv;
    /// let names = ["Adelie".to_owned(), "Gentoo".to_owned()];
    /// let test = Csv::default().parse_frame("x,species\n1,Gentoo\n2,Dodo\n")?;
    /// assert_eq!(test.select(&[0]).labels("species", &names)?, [1]);
    /// assert_eq!(
    ///     test.labels("species", &names).unwrap_err().to_string(),
    ///     r#"<text>, line 3, column "species" (index 1): expected one of ["Adelie", "Gentoo"], found "Dodo""#
    /// );
    /// # Ok::<(), downhill_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such column, or one of its values is missing or none of the names.
    pub fn labels(&self, column: impl Into<Column>, names: &[String]) -> Result<Vec<usize>, DataError> {
        let column = self.find(&column.into())?;
        let known = Known::new(names);
        let mut labels = self.room(1)?;
        for row in 0..self.len() {
            let Some(spelling) = self.columns[column].values.spelling(row) else {
                return Err(self.missing_class(column, row));
            };
            let Some(label) = known.find(&spelling) else {
                return Err(self.error(column, row, format!("one of {}", known.list()), quote(&spelling)));
            };
            labels.push(label);
        }
        Ok(labels)
    }

    fn missing_class(&self, column: usize, row: usize) -> DataError {
        self.error(column, row, "a class (leave out rows with `drop_missing`)", "a missing value")
    }
}

/// The distinct values of a column, and the number of each row's; `None` if it is missing.
pub(crate) fn learn(values: &Values, rows: usize) -> (Vec<String>, Vec<Option<usize>>) {
    let mut spellings = Labels::default();
    let mut labels: Vec<Option<usize>> =
        (0..rows).map(|row| values.spelling(row).map(|spelling| spellings.number(spelling))).collect();
    let (names, class_of) = spellings.classes();
    labels.iter_mut().flatten().for_each(|label| *label = class_of[*label]);
    (names, labels)
}

/// Names to look up.
pub(crate) struct Known<'a> {
    names: &'a [String],
    exact: BTreeMap<&'a str, usize>,
}

impl<'a> Known<'a> {
    pub(crate) fn new(names: &'a [String]) -> Self {
        Known { names, exact: names.iter().enumerate().map(|(number, name)| (name.as_str(), number)).collect() }
    }

    /// The number of a name, exactly or as another spelling of the same number.
    pub(crate) fn find(&self, spelling: &str) -> Option<usize> {
        let as_number = || {
            let wanted = Decimal::parse(spelling)?;
            self.names.iter().position(|name| Decimal::parse(name) == Some(wanted))
        };
        self.exact.get(spelling).copied().or_else(as_number)
    }

    /// All names, for a message.
    pub(crate) fn list(&self) -> String {
        list(self.names.iter().map(String::as_str))
    }
}
