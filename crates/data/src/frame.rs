//! A table in memory whose columns are numbers or text.

mod classes;
mod texts;
mod values;

use std::borrow::Cow;
use std::path::PathBuf;

use downhill_tensor::{Float, Tensor};
use ndarray::Array2;
use rand::Rng;

pub use classes::Classes;
pub(crate) use classes::{Known, learn};
pub(crate) use texts::Texts;
pub(crate) use values::{FrameColumn, Values};

use crate::csv::{describe, is_the_delimiter, list, position, quote};
use crate::source::reserve;
use crate::{Column, Columns, DataError, Share, split};

/// A table whose columns are numbers or text, with missing values, as read by
/// [`Csv::read_frame`](crate::Csv::read_frame).
///
/// An [`Encoder`](crate::Encoder) makes a tensor of it; without text and missing values, [`numbers`](Self::numbers) is
/// enough, also for several targets:
///
/// ```
/// use downhill_data::{Csv, TensorDataset};
/// use downhill_tensor::Tensor;
/// let frame = Csv::default().parse_frame("a,b,name,up,down\n1,2,x,3,4\n5,6,y,7,8\n")?;
/// let (inputs, targets) = (frame.numbers::<f32>(["a", "b"])?, frame.numbers::<f32>(["up", "down"])?);
/// let set: TensorDataset<f32, Tensor> = TensorDataset::new(inputs, targets);
/// assert_eq!(set.targets.shape(), [2, 2]);
///
/// let error = frame.numbers::<f32>(["a", "name"]).unwrap_err().to_string();
/// assert_eq!(
///     error,
///     "<text>, line 2, column \"name\" (index 2): expected a number, found \"x\" (add it to `Csv::missing` if it stands for \
///      a missing value; otherwise leave the column out, or encode it as a category)"
/// );
/// # Ok::<(), downhill_data::DataError>(())
/// ```
///
/// Features and targets in two files are two frames with the same order of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    pub(crate) path: PathBuf,
    pub(crate) has_header: bool,
    pub(crate) columns: Vec<FrameColumn>,
    /// Where each row is in the file, from 1.
    pub(crate) lines: Vec<u32>,
    pub(crate) row_names: Option<Texts>,
}

impl Frame {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The names of the columns, or their indices in the file if it has no header.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The name of a row, if they were read ([`Csv::row_names`](crate::Csv::row_names)) and it is not missing.
    ///
    /// # Panics
    /// If there are not as many rows.
    #[track_caller]
    pub fn row_name(&self, row: usize) -> Option<&str> {
        self.assert_rows("row_name", &[row]);
        self.row_names.as_ref()?.get(row)
    }

    /// Whether a column is text, and not numbers.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn is_text(&self, column: impl Into<Column>) -> Result<bool, DataError> {
        Ok(matches!(self.columns[self.find(&column.into())?].values, Values::Texts(_)))
    }

    /// Columns as a tensor `[rows, columns]`, in the order given. A column is given by its name, or by its index in the
    /// frame.
    ///
    /// # Errors
    /// If there is no such column, or one of its values is missing, not a number, or not finite as an `F`.
    pub fn numbers<F: Float>(&self, columns: impl Into<Columns>) -> Result<Tensor<F>, DataError> {
        let columns = self.find_all(&columns.into())?;
        let (rows, width) = (self.len(), columns.len());
        let mut elements = self.room(width)?;
        for row in 0..rows {
            for &column in &columns {
                elements.push(self.required_number(column, row)?);
            }
        }
        Ok(Tensor::from(Array2::from_shape_vec((rows, width), elements).expect("one element per row and column")))
    }

    /// A column as text, where `None` is a missing value. Numbers are written in their shortest form.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn texts(&self, column: impl Into<Column>) -> Result<Vec<Option<Cow<'_, str>>>, DataError> {
        let values = &self.columns[self.find(&column.into())?].values;
        Ok((0..self.len()).map(|row| values.spelling(row)).collect())
    }

    /// How many values of these columns are missing.
    ///
    /// # Errors
    /// If there is no such column.
    pub fn count_missing(&self, columns: impl Into<Columns>) -> Result<usize, DataError> {
        let columns = self.find_all(&columns.into())?;
        let count =
            |&column: &usize| (0..self.len()).filter(|&row| self.columns[column].values.is_missing(row)).count();
        Ok(columns.iter().map(count).sum())
    }

    /// The rows in which no value of these columns is missing.
    ///
    /// ```
    /// use downhill_data::{Columns, Csv};
    /// let frame = Csv::default().parse_frame("a,b\n1,NA\n?,x\n3,y\n")?;
    /// assert_eq!(frame.drop_missing("a")?.len(), 2);
    /// assert_eq!(frame.drop_missing(Columns::All)?.numbers::<f64>("a")?.to_vec(), [3.0]);
    /// # Ok::<(), downhill_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// If there is no such column.
    #[doc(alias = "dropna")]
    pub fn drop_missing(&self, columns: impl Into<Columns>) -> Result<Frame, DataError> {
        let columns = self.find_all(&columns.into())?;
        let is_whole = |&row: &usize| !columns.iter().any(|&column| self.columns[column].values.is_missing(row));
        Ok(self.select(&(0..self.len()).filter(is_whole).collect::<Vec<_>>()))
    }

    /// Copies the rows at `indices`, in that order, to a new frame.
    ///
    /// # Panics
    /// If an index is out of range.
    #[must_use]
    #[track_caller]
    pub fn select(&self, indices: &[usize]) -> Frame {
        self.assert_rows("select", indices);
        let select = |column: &FrameColumn| {
            let values = match &column.values {
                Values::Numbers(numbers) => Values::Numbers(indices.iter().map(|&row| numbers[row]).collect()),
                Values::Texts(texts) => Values::Texts(texts.select(indices)),
            };
            FrameColumn { name: column.name.clone(), index: column.index, values }
        };
        Frame {
            path: self.path.clone(),
            has_header: self.has_header,
            columns: self.columns.iter().map(select).collect(),
            lines: indices.iter().map(|&row| self.lines[row]).collect(),
            row_names: self.row_names.as_ref().map(|names| names.select(indices)),
        }
    }

    /// Splits the rows at random into two new frames, as [`TensorDataset::split`](crate::TensorDataset::split); for the
    /// same shares of every class, use [`stratified_split`](crate::stratified_split) and [`select`](Self::select).
    ///
    /// # Panics
    /// If the fraction is not in `[0, 1]`, or the number exceeds that of the rows.
    #[track_caller]
    pub fn split(&self, first: impl Into<Share>, rng: &mut (impl Rng + ?Sized)) -> (Frame, Frame) {
        let (first, second) = split::at_random(self.len(), first.into(), rng);
        (self.select(&first), self.select(&second))
    }

    #[track_caller]
    fn assert_rows(&self, op: &str, indices: &[usize]) {
        if let Some(index) = indices.iter().find(|&&index| index >= self.len()) {
            panic!("{op}: index {index} is out of range for {} rows", self.len());
        }
    }

    /// The position of a column.
    pub(crate) fn find(&self, column: &Column) -> Result<usize, DataError> {
        position(column, self.names(), "a column").map_err(|expected| {
            let hint = match &self.columns[..] {
                [only] => is_the_delimiter('\0', &only.name),
                _ => String::new(),
            };
            let found = match column {
                Column::Index(_) => format!("{} columns", self.columns.len()),
                Column::Name(_) => list(self.names()),
            };
            DataError::content(&self.path, expected, format!("{found}{hint}"))
        })
    }

    /// The positions of columns, in the order given.
    pub(crate) fn find_all(&self, columns: &Columns) -> Result<Vec<usize>, DataError> {
        let listed = columns.listed().iter().map(|column| self.find(column)).collect::<Result<Vec<_>, _>>()?;
        Ok(match columns {
            Columns::Only(_) => listed,
            Columns::All | Columns::Except(_) => {
                let mut left = vec![true; self.columns.len()];
                listed.into_iter().for_each(|column| left[column] = false);
                (0..left.len()).filter(|&column| left[column]).collect()
            }
        })
    }

    /// A number; `None` if it is missing.
    pub(crate) fn number<F: Float>(&self, column: usize, row: usize) -> Result<Option<F>, DataError> {
        let number = match &self.columns[column].values {
            Values::Numbers(numbers) => Some(numbers[row]).filter(|number| !number.is_nan()),
            Values::Texts(texts) => match texts.get(row) {
                None => None,
                Some(text) => match text.parse::<f64>() {
                    Ok(number) if number.is_finite() => Some(number),
                    _ => {
                        let hint = " (add it to `Csv::missing` if it stands for a missing value; otherwise leave the \
                                    column out, or encode it as a category)";
                        return Err(self.error(column, row, "a number", format!("{}{hint}", quote(text))));
                    }
                },
            },
        };
        let Some(number) = number else { return Ok(None) };
        match F::from_f64(number) {
            rounded if rounded.is_finite() => Ok(Some(rounded)),
            _ => Err(self.error(column, row, format!("a number in the range of {}", F::NAME), format!("{number:e}"))),
        }
    }

    fn required_number<F: Float>(&self, column: usize, row: usize) -> Result<F, DataError> {
        let expected = "a number (leave out rows with `drop_missing`, or fill them with an `Encoder`)";
        self.number(column, row)?.ok_or_else(|| self.error(column, row, expected, "a missing value"))
    }

    /// Room for so many elements per row; an error where the standard library would abort the program.
    pub(crate) fn room<F>(&self, width: usize) -> Result<Vec<F>, DataError> {
        let mut elements = Vec::new();
        reserve(&mut elements, self.len().checked_mul(width))
            .map_err(|source| DataError::Unreadable { path: self.path.clone(), source })?;
        Ok(elements)
    }

    /// The error of a value.
    pub(crate) fn error(
        &self,
        column: usize,
        row: usize,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> DataError {
        DataError::Line {
            path: self.path.clone(),
            line: self.lines[row] as usize,
            column: Some(self.describe(column)),
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// A column for a message.
    pub(crate) fn describe(&self, column: usize) -> String {
        let FrameColumn { name, index, .. } = &self.columns[column];
        describe(name, *index, self.has_header)
    }
}

#[cfg(test)]
mod tests;
