//! A reader for tables in text files.

mod cells;
mod columns;
mod decimal;
mod frame;
mod labels;
mod layout;
mod message;
mod records;
mod table;
mod text;

use std::path::Path;
use std::str::FromStr;

use downhill_tensor::Float;

pub use columns::{Column, Columns, Header};
pub use table::{ClassTable, Table};

pub(crate) use columns::position;
pub(crate) use decimal::Decimal;
pub(crate) use labels::Labels;
pub(crate) use layout::describe;
pub(crate) use message::{is_the_delimiter, list, quote};

use crate::{DataError, Frame};
use cells::{Cells, Field};
use text::read_text;

/// Options for reading a table from a text file.
///
/// | method | reads |
/// |---|---|
/// | [`read`](Self::read) | numbers, one column of which is the target: for regression |
/// | [`read_classes`](Self::read_classes) | numbers, and a class label of any kind |
/// | [`read_frame`](Self::read_frame) | columns of numbers or text, with missing values: a [`Frame`], to be prepared by an [`Encoder`](crate::Encoder) |
///
/// Fields are separated by `delimiter` and may be quoted (RFC 4180); lines end with LF, CRLF or CR; blank lines, a byte
/// order mark and whitespace around a field are skipped. Files may be compressed with gzip. For `read` and
/// `read_classes` every feature must be a finite number: a missing value is an error that names its line and column.
///
/// Reading takes memory for the text and the table: at most 6 times the size of the text for [`read`](Self::read), 20
/// times for [`read_classes`](Self::read_classes) and 12 times for [`read_frame`](Self::read_frame) (fields of no, one
/// or two characters are the worst case), plus 4 MiB, for a frame 16 MiB; with a larger `max_columns`, 64 bytes per
/// column instead, for a frame 256. A file that is not text, or expands to too much text, is rejected before it is read.
///
/// ```
/// use downhill_data::{Columns, Csv};
/// let text = "area,rooms,price\n50,2,130\n72,3,185\n";
/// let houses = Csv::default().parse::<f64>(text)?; // `.read(path)` for a file
/// assert_eq!(houses.feature_names, ["area", "rooms"]);
/// assert_eq!(houses.features, ndarray::array![[50.0, 2.0], [72.0, 3.0]]);
/// assert_eq!(houses.targets, ndarray::array![130.0, 185.0]); // the last column by default
///
/// let rooms = Csv { target: "rooms".into(), ..Csv::default() };
/// assert_eq!(rooms.parse::<f64>(text)?.targets, ndarray::array![2.0, 3.0]);
///
/// let error = rooms.parse::<f64>("area,rooms\n50,2\n72,1e999\n").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"<text>, line 3, column "rooms" (index 1): expected a finite number, found "1e999""#
/// );
///
/// // Notes before the header, comments, blanks as delimiter, and columns that are of no use.
/// let text = "measured by hand\n\n  x  unit   y\n# series 1\n 1.5  mm  2.5\n11.5  mm  3.5\n";
/// let csv = Csv {
///     delimiter: ' ',
///     skip_lines: 2,
///     comment: Some("#".into()),
///     columns: Columns::except(["unit"]),
///     ..Csv::default()
/// };
/// assert_eq!(csv.parse::<f64>(text)?.features, ndarray::array![[1.5], [11.5]]);
/// # Ok::<(), downhill_data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Csv {
    /// The separator between fields: `','`, `';'`, `'\t'`, ... `' '` stands for any run of blanks and tabs, and those
    /// at the start and the end of a line separate nothing.
    pub delimiter: char,
    /// How many lines to skip before the header (or the first sample), blank ones included.
    pub skip_lines: usize,
    /// Lines that start with this text, such as `"#"`, are skipped.
    pub comment: Option<String>,
    /// Whether the first line is a header.
    pub header: Header,
    /// Which columns to read, the target apart; the others may hold anything. Their order is that of the file.
    pub columns: Columns,
    /// Whether the first field of every line is the name of the row, and not a column. The header may have a name for
    /// it or not (R's `write.table` writes none). It still counts in the index of a column: the first of them is 1.
    pub row_names: bool,
    /// The column to predict; all others are features. [`read_frame`](Self::read_frame) does without.
    pub target: Column,
    /// The spellings of a missing value, for [`read_frame`](Self::read_frame): by default the empty field, `NA`, `N/A`,
    /// `n/a`, `#N/A`, `NaN`, `nan`, `NULL`, `null`, `?` and `.`.
    pub missing: Vec<String>,
    /// The maximum number of columns, by default 65,536: each takes memory for its name, however short it is in the
    /// file.
    pub max_columns: usize,
    /// The maximum compression ratio of a gzip file, by default 100. Real tables seldom exceed 30; a much higher ratio
    /// may be a decompression bomb. (Gzip cannot exceed 1032, and 1 MiB of text is always allowed.)
    pub expansion: u64,
}

impl Default for Csv {
    fn default() -> Self {
        let missing = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "?", "."];
        Csv {
            delimiter: ',',
            skip_lines: 0,
            comment: None,
            header: Header::Detect,
            columns: Columns::All,
            row_names: false,
            target: Column::Index(-1),
            missing: missing.map(str::to_owned).into(),
            max_columns: 1 << 16,
            expansion: 100,
        }
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
    /// If `delimiter` is a quotation mark or a line break, or `comment` is empty.
    #[track_caller]
    pub fn read<F: Float + FromStr>(&self, path: impl AsRef<Path>) -> Result<Table<F>, DataError> {
        self.check();
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
        self.check();
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
        self.check();
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
        self.check();
        self.class_table(Path::new("<text>"), text)
    }

    /// Reads a table of any columns: each is numbers, if all of its fields are, or text. Dates are text. Fields spelled as
    /// in `missing` are missing values. `target` has no meaning here.
    ///
    /// Numbers are kept as `f64`. A column with an integer of 2⁵³ or more, which `f64` may round, is kept as text, so
    /// that different identifiers remain different; [`Frame::numbers`] still reads it as numbers.
    ///
    /// ```
    /// use downhill_data::Csv;
    /// let text = "island,date,mass\nDream,2007-11-11,3750\nBiscoe,NA,\n";
    /// let birds = Csv::default().parse_frame(text)?; // `.read_frame(path)` for a file
    /// assert_eq!(birds.len(), 2);
    /// assert_eq!(birds.texts("date")?[1], None);
    /// assert_eq!(birds.select(&[0]).numbers::<f64>("mass")?.to_vec(), [3750.0]);
    /// let error = birds.numbers::<f64>(["mass"]).unwrap_err().to_string();
    /// assert!(error.starts_with(r#"<text>, line 3, column "mass" (index 2): expected a number"#), "{error}");
    /// # Ok::<(), downhill_data::DataError>(())
    /// ```
    ///
    /// # Errors
    /// [`DataError`] if the file cannot be read, is not UTF-8, has no columns or no rows, has lines with different numbers
    /// of fields, or lacks one of the `columns`.
    ///
    /// # Panics
    /// As [`read`](Self::read).
    #[track_caller]
    #[doc(alias("read_csv", "DataFrame"))]
    pub fn read_frame(&self, path: impl AsRef<Path>) -> Result<Frame, DataError> {
        self.check();
        let path = path.as_ref();
        frame::read(self, path, &read_text(path, self.expansion)?)
    }

    /// Like [`read_frame`](Self::read_frame), from a string, which errors call `<text>`.
    ///
    /// # Errors
    /// As [`read_frame`](Self::read_frame).
    ///
    /// # Panics
    /// As [`read`](Self::read).
    #[track_caller]
    pub fn parse_frame(&self, text: &str) -> Result<Frame, DataError> {
        self.check();
        frame::read(self, Path::new("<text>"), text)
    }

    fn table<F: Float + FromStr>(&self, path: &Path, text: &str) -> Result<Table<F>, DataError> {
        Ok(Table::new(Cells::read(self, path, text, false, |field| number(field))?))
    }

    fn class_table<F: Float + FromStr>(&self, path: &Path, text: &str) -> Result<ClassTable<F>, DataError> {
        let mut labels = Labels::default();
        let cells = Cells::read(self, path, text, true, |field| match &**field {
            "" => Err("a class name"),
            _ => Ok(labels.number(field.clone())),
        })?;
        Ok(ClassTable::new(cells, labels))
    }

    #[track_caller]
    fn check(&self) {
        let delimiter = self.delimiter;
        assert!(!['"', '\n', '\r'].contains(&delimiter), "Csv: {delimiter:?} cannot be the delimiter");
        assert!(
            self.comment.as_deref() != Some(""),
            "Csv: every line starts with the empty text; for no comments use `None`"
        );
    }
}

/// A field as a finite number, or what was expected.
fn number<F: Float + FromStr>(field: &str) -> Field<F> {
    match field.parse::<F>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) => Err("a finite number"),
        Err(_) => Err("a finite number (`Csv::read_frame` also reads text and missing values)"),
    }
}
