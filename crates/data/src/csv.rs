//! Tables of numbers in CSV files.

mod cells;
mod decimal;
mod labels;
mod records;
mod table;
mod text;

use std::path::Path;
use std::str::FromStr;

use downhill_tensor::Float;

pub use table::{ClassTable, Table};

use crate::DataError;
use cells::{Cells, Field};
use labels::Labels;
use text::read_text;

/// How to read a table of numbers, one column of which is the target.
///
/// Fields are separated by `delimiter` and may be quoted (RFC 4180); lines end with LF or CRLF; blank lines and a byte
/// order mark are passed over, blanks around a field as well. Files may be compressed with gzip. Every field must be a
/// finite number: a missing value is an error that says where it is.
///
/// Reading takes memory for the text and for the table: at most 6 times the size of the text for numbers and 20 times for
/// classes (most of it for samples of a digit or two in each field), and 4 MiB; with a larger `max_columns`, 64 bytes for
/// each column instead. What is no text, or too much of it, is
/// refused before it is read.
///
/// ```
/// use downhill_data::Csv;
/// let text = "area,rooms,price\n50,2,130\n72,3,185\n";
/// let houses = Csv::default().parse::<f64>(text)?; // `.read(path)` for a file
/// assert_eq!(houses.feature_names, ["area", "rooms"]);
/// assert_eq!(houses.features, ndarray::array![[50.0, 2.0], [72.0, 3.0]]);
/// assert_eq!(houses.targets, ndarray::array![130.0, 185.0]); // the last column, unless told otherwise
///
/// let rooms = Csv { target: "rooms".into(), ..Csv::default() };
/// assert_eq!(rooms.parse::<f64>(text)?.targets, ndarray::array![2.0, 3.0]);
///
/// let error = rooms.parse::<f64>("area,rooms\n50,2\n72,three\n").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"<text>, line 3, column "rooms" (index 1): expected a finite number, found "three""#
/// );
/// # Ok::<(), downhill_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Csv {
    /// What stands between two fields: `','`, or `';'`, `'\t'`, ...
    pub delimiter: char,
    /// Whether the first line names the columns.
    pub header: Header,
    /// The column to be predicted; all others are features.
    pub target: Column,
    /// How many columns there may be: each takes memory for its name, however little there is of it in the file. 65,536,
    /// unless told otherwise.
    pub max_columns: usize,
    /// How many times larger than the file the text in a gzip file may be: 100, unless told otherwise. Tables seldom shrink to
    /// less than a thirtieth; a file that does by far may have been made to fill the memory. (None shrinks to less than a
    /// 1032nd, and 1 MiB of text may always be in it.)
    pub expansion: u64,
}

/// Whether the first line of a table names its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// It does if none of its fields is a number, and does not if all are. If only some are, reading fails and asks for
    /// one of the other two. The target column does not count where it holds class names.
    Detect,
    /// It does.
    Present,
    /// It does not: it is the first sample.
    Absent,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// The one of this name in the header.
    Name(String),
    /// Counted from 0; negative, from the end, so that -1 is the last.
    Index(isize),
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Column::Name(name.to_owned())
    }
}

impl From<String> for Column {
    fn from(name: String) -> Self {
        Column::Name(name)
    }
}

impl From<isize> for Column {
    fn from(index: isize) -> Self {
        Column::Index(index)
    }
}

impl Default for Csv {
    fn default() -> Self {
        Csv { delimiter: ',', header: Header::Detect, target: Column::Index(-1), max_columns: 1 << 16, expansion: 100 }
    }
}

impl Csv {
    /// Reads features and a target that are all numbers, for regression.
    ///
    /// # Errors
    /// [`DataError`] if the file cannot be read, is not UTF-8, has no such target column, no features or no samples, has
    /// lines of unequal length, or a field that is not a finite number.
    ///
    /// # Panics
    /// If `delimiter` is a quotation mark or a line break.
    #[track_caller]
    pub fn read<F: Float + FromStr>(&self, path: impl AsRef<Path>) -> Result<Table<F>, DataError> {
        let path = path.as_ref();
        self.table(path, &read_text(path, self.expansion)?)
    }

    /// As [`read`](Self::read), from a text; errors name it `<text>`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Panics
    /// As [`read`](Self::read).
    #[track_caller]
    pub fn parse<F: Float + FromStr>(&self, text: &str) -> Result<Table<F>, DataError> {
        self.table(Path::new("<text>"), text)
    }

    /// Reads features that are numbers and a target of class names (or numbers that stand for classes).
    ///
    /// Labels that are numbers are compared as numbers, with all their digits: `2`, `2.0`, `+2` and `2e0` are one class,
    /// `9007199254740992` and `9007199254740993` are two. All others are compared as text, letter by letter. A column may
    /// hold both: a label that is text never changes which numbers are equal.
    ///
    /// ```
    /// use downhill_data::Csv;
    /// let flowers = Csv::default().parse_classes::<f32>("5.1,3.5,setosa\n6.3,3.3,virginica\n4.9,3.0,setosa\n")?;
    /// assert_eq!(flowers.class_names, ["setosa", "virginica"]);
    /// assert_eq!(flowers.targets, [0, 1, 0]);
    /// # Ok::<(), downhill_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// As [`read`](Self::read); a class name may be anything but empty.
    ///
    /// # Panics
    /// As [`read`](Self::read).
    #[track_caller]
    pub fn read_classes<F: Float + FromStr>(&self, path: impl AsRef<Path>) -> Result<ClassTable<F>, DataError> {
        let path = path.as_ref();
        self.class_table(path, &read_text(path, self.expansion)?)
    }

    /// As [`read_classes`](Self::read_classes), from a text; errors name it `<text>`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Panics
    /// As [`read`](Self::read).
    #[track_caller]
    pub fn parse_classes<F: Float + FromStr>(&self, text: &str) -> Result<ClassTable<F>, DataError> {
        self.class_table(Path::new("<text>"), text)
    }

    #[track_caller]
    fn table<F: Float + FromStr>(&self, path: &Path, text: &str) -> Result<Table<F>, DataError> {
        self.check_delimiter();
        Ok(Table::new(Cells::read(self, path, text, false, |field| number(field))?))
    }

    #[track_caller]
    fn class_table<F: Float + FromStr>(&self, path: &Path, text: &str) -> Result<ClassTable<F>, DataError> {
        self.check_delimiter();
        let mut labels = Labels::default();
        let cells = Cells::read(self, path, text, true, |field| match &**field {
            "" => Err("the name of a class"),
            _ => Ok(labels.number(field.clone())),
        })?;
        Ok(ClassTable::new(cells, labels))
    }

    #[track_caller]
    fn check_delimiter(&self) {
        let delimiter = self.delimiter;
        assert!(!['"', '\n', '\r'].contains(&delimiter), "Csv: {delimiter:?} cannot be the delimiter");
    }
}

/// A field as a number, or what was expected of it.
fn number<F: Float + FromStr>(field: &str) -> Field<F> {
    match field.parse::<F>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("a finite number"),
    }
}
