//! The cells of a table: which column is which, and every number in its place.

use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr;

use downhill_tensor::Float;
use ndarray::Array2;

use super::records::{Record, Records};
use super::{Column, Csv, Header, number};
use crate::DataError;

/// All of a table, its targets as the caller reads them.
pub(super) struct Cells<F, T> {
    pub(super) feature_names: Vec<String>,
    pub(super) features: Array2<F>,
    pub(super) target_name: String,
    pub(super) targets: Vec<T>,
}

/// What a field holds, or what it should have held.
pub(super) type Field<T> = Result<T, &'static str>;

impl<F: Float + FromStr, T> Cells<F, T> {
    /// With `classes`, the target need not be a number, and says nothing about whether there is a header.
    pub(super) fn read(
        csv: &Csv,
        path: &Path,
        text: &str,
        classes: bool,
        read_target: impl Fn(&str) -> Field<T>,
    ) -> Result<Self, DataError> {
        let mut records = Records::new(path, text, csv.delimiter);
        let Some(first) = records.next() else {
            return Err(DataError::content(path, "a table of numbers", "nothing but blank lines"));
        };
        let first = first?;
        let layout = Layout::of(csv, path, &first, classes)?;
        let first = if layout.has_header { None } else { Some(Ok(first)) };

        let mut elements: Vec<F> = Vec::new();
        let mut targets = Vec::new();
        for record in first.into_iter().chain(records) {
            let Record { line, fields } = record?;
            if fields.len() != layout.names.len() {
                let (expected, found) = (layout.names.len(), fields.len());
                return Err(in_line(path, line, format!("{expected} fields, as in the first line"), found.to_string()));
            }
            for (index, field) in fields.iter().enumerate() {
                let taken = if index == layout.target {
                    read_target(field).map(|target| targets.push(target))
                } else {
                    number(field).map(|number| elements.push(number))
                };
                taken.map_err(|expected| DataError::Line {
                    path: path.to_owned(),
                    line,
                    column: Some(layout.describe(index)),
                    expected: expected.into(),
                    found: quote(field),
                })?;
            }
        }
        if targets.is_empty() {
            return Err(DataError::content(path, "lines of numbers after the header", "none"));
        }
        let mut feature_names = layout.names;
        let target_name = feature_names.remove(layout.target);
        let shape = (targets.len(), feature_names.len());
        let features = Array2::from_shape_vec(shape, elements).expect("every sample has a number for every feature");
        Ok(Cells { feature_names, features, target_name, targets })
    }
}

/// What the first line says about the columns.
struct Layout {
    has_header: bool,
    /// As many as there are columns.
    names: Vec<String>,
    target: usize,
}

impl Layout {
    fn of(csv: &Csv, path: &Path, first: &Record<'_>, classes: bool) -> Result<Self, DataError> {
        let width = first.fields.len();
        if width < 2 {
            let (expected, found) =
                ("two or more columns, features and a target", format!("one, {}", quote(&first.fields[0])));
            return Err(in_line(path, first.line, expected, found));
        }
        let has_header = match (csv.header, &csv.target) {
            (Header::Present, _) | (Header::Detect, Column::Name(_)) => true,
            (Header::Absent, _) => false,
            (Header::Detect, &Column::Index(target)) => {
                is_header(path, first, resolve(target, width).filter(|_| classes))?
            }
        };
        let names: Vec<String> = match has_header {
            true => first.fields.iter().map(|field| field.to_string()).collect(),
            false => (0..width).map(|index| index.to_string()).collect(),
        };
        let target = match &csv.target {
            &Column::Index(index) => resolve(index, width).ok_or_else(|| {
                in_line(path, first.line, format!("a target column of index {index}"), format!("{width} columns"))
            })?,
            Column::Name(wanted) => {
                let mut matching = (0..width).filter(|&index| names[index] == *wanted);
                match (matching.next(), matching.next()) {
                    (Some(target), None) => target,
                    _ => {
                        let (expected, found) = (format!("one column named {wanted:?}"), format!("{names:?}"));
                        return Err(in_line(path, first.line, expected, found));
                    }
                }
            }
        };
        Ok(Layout { has_header, names, target })
    }

    fn describe(&self, index: usize) -> String {
        match self.has_header {
            true => format!("{} (index {index})", quote(&self.names[index])),
            false => format!("of index {index}"),
        }
    }
}

/// A negative index counts from the end.
fn resolve(index: isize, width: usize) -> Option<usize> {
    let index = if index < 0 { width.checked_add_signed(index)? } else { index.unsigned_abs() };
    (index < width).then_some(index)
}

/// Whether the first line holds names, by its columns other than `ignored`.
fn is_header(path: &Path, first: &Record<'_>, ignored: Option<usize>) -> Result<bool, DataError> {
    let fields =
        || first.fields.iter().enumerate().filter(|&(index, _)| Some(index) != ignored).map(|(_, field)| field);
    let is_number = |field: &&Cow<'_, str>| field.parse::<f64>().is_ok();
    match (fields().find(is_number), fields().find(|field| !is_number(field))) {
        (_, None) => Ok(false),
        (None, _) => Ok(true),
        (Some(number), Some(name)) => Err(in_line(
            path,
            first.line,
            "names only or numbers only, to tell whether it is a header (`Csv::header` can say so instead)",
            format!("{} and {}", quote(name), quote(number)),
        )),
    }
}

fn in_line(path: &Path, line: usize, expected: impl Into<String>, found: impl Into<String>) -> DataError {
    DataError::Line { path: path.to_owned(), line, column: None, expected: expected.into(), found: found.into() }
}

/// The field as it stands in the file, cut where it would drown the message.
fn quote(field: &str) -> String {
    match field {
        "" => "an empty field".to_owned(),
        _ if field.chars().count() <= 40 => format!("{field:?}"),
        _ => format!("{:?}...", field.chars().take(40).collect::<String>()),
    }
}
