//! A reader for numeric CSV files.

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

/// Options for reading a numeric CSV table, one column of which is the target.
///
/// Fields are separated by `delimiter` and may be quoted (RFC 4180); lines end with LF, CRLF or CR; blank lines, a byte
/// order mark and whitespace around a field are skipped. Files may be compressed with gzip. Every field must be a
/// finite number: a missing value is an error that names its line and column.
///
/// Reading takes memory for the text and the table: at most 6 times the size of the text for [`read`](Self::read) and
/// 20 times for [`read_classes`](Self::read_classes) (fields of one or two digits are the worst case), plus 4 MiB; with
/// a larger `max_columns`, 64 bytes per column instead. A file that is not text, or expands to too much text, is
/// rejected before it is read.
///
/// ```
/// use downhill_data::Csv;
/// let text = "area,rooms,price\n50,2,130\n72,3,185\n";
/// let houses = Csv::default().parse::<f64>(text)?; // `.read(path)` for a file
/// assert_eq!(houses.feature_names, ["area", "rooms"]);
/// assert_eq!(houses.features, ndarray::array![[50.0, 2.0], [72.0, 3.0]]);
/// assert_eq!(houses.targets, ndarray::array![130.0, 185.0]); // the last column by default
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
    /// The separator between fields: `','`, `';'`, `'\t'`, ...
    pub delimiter: char,
    /// Whether the first line is a header.
    pub header: Header,
    /// The column to predict; all others are features.
    pub target: Column,
    /// The maximum number of columns, by default 65,536: each takes memory for its name, however short it is in the
    /// file.
    pub max_columns: usize,
    /// The maximum compression ratio of a gzip file, by default 100. Real tables seldom exceed 30; a much higher ratio
    /// may be a decompression bomb. (Gzip cannot exceed 1032, and 1 MiB of text is always allowed.)
    pub expansion: u64,
}

/// Whether the first line of a table is a header with the column names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// The first line is a header if the target is given by name or no field is a number, and a sample if all fields are
    /// numbers; a mixture is an error. [`Csv::read_classes`] ignores the target's field.
    Detect,
    /// The first line is a header.
    Present,
    /// The first line is a sample.
    Absent,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// By its name in the header.
    Name(String),
    /// By its index from 0; negative indices count from the end, so -1 is the last.
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
    /// Reads a table with a numeric target, for regression.
    ///
    /// # Errors
    /// [`DataError`] if the file cannot be read, is not UTF-8, has no target column, no features or no samples, has
    /// lines with different numbers of fields, or a field that is not a finite number.
    ///
    /// # Panics
    /// If `delimiter` is a quotation mark or a line break.
    #[track_caller]
    pub fn read<F: Float + FromStr>(&self, path: impl AsRef<Path>) -> Result<Table<F>, DataError> {
        let path = path.as_ref();
        self.table(path, &read_text(path, self.expansion)?)
    }

    /// Like [`read`](Self::read), from a string, which errors call `<text>`.
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

    /// Reads a table whose target is a class label, for classification: a name or a number.
    ///
    /// Numeric labels are compared as numbers, with all their digits: `2`, `2.0`, `+2` and `2e0` are one class,
    /// `9007199254740992` and `9007199254740993` are two. All others are compared as text, exactly. A column may hold
    /// both: a text label never changes which numbers are equal.
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
    /// As [`read`](Self::read); a class name must not be empty.
    ///
    /// # Panics
    /// As [`read`](Self::read).
    #[track_caller]
    pub fn read_classes<F: Float + FromStr>(&self, path: impl AsRef<Path>) -> Result<ClassTable<F>, DataError> {
        let path = path.as_ref();
        self.class_table(path, &read_text(path, self.expansion)?)
    }

    /// Like [`read_classes`](Self::read_classes), from a string, which errors call `<text>`.
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
            "" => Err("a class name"),
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

/// A field as a finite number, or what was expected.
fn number<F: Float + FromStr>(field: &str) -> Field<F> {
    match field.parse::<F>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("a finite number"),
    }
}
