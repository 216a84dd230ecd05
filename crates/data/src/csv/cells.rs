//! The cells of a table: the layout of the columns, and parsing every field.

use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr;

use downhill_tensor::Float;
use ndarray::Array2;

use super::records::Records;
use super::{Column, Csv, Header, number};
use crate::DataError;
use crate::source::reserve;

/// The content of a table, with targets of any type.
pub(super) struct Cells<F, T> {
    pub(super) feature_names: Vec<String>,
    pub(super) features: Array2<F>,
    pub(super) target_name: String,
    pub(super) targets: Vec<T>,
}

/// The value of a field, or a description of what was expected.
pub(super) type Field<T> = Result<T, &'static str>;

impl<F: Float + FromStr, T> Cells<F, T> {
    /// With `classes`, the target need not be a number, and is ignored when detecting the header.
    pub(super) fn read<'a>(
        csv: &Csv,
        path: &'a Path,
        text: &'a str,
        classes: bool,
        mut read_target: impl FnMut(&Cow<'a, str>) -> Field<T>,
    ) -> Result<Self, DataError> {
        let mut records = Records::new(path, text, csv.delimiter);
        let Some(first) = records.next_line() else {
            return Err(DataError::content(path, "a table of numbers", "nothing but blank lines"));
        };
        // The first line determines the layout, and is consumed if it is a header.
        let layout = Layout::of(csv, path, first, &records, classes)?;
        let mut line = Some(first);
        if layout.has_header {
            records.fields().try_for_each(|field| field.map(drop))?;
            line = records.next_line();
        }

        // Reserve once for all samples, so that no buffer is moved while it grows.
        let (mut elements, mut targets) = (Vec::new(), Vec::new());
        let samples = room(records.rest(), layout.names.len());
        reserve(&mut elements, samples.checked_mul(layout.names.len() - 1))
            .and_then(|()| reserve(&mut targets, Some(samples)))
            .map_err(|source| DataError::Unreadable { path: path.to_owned(), source })?;
        while let Some(at) = line {
            // The number of fields is checked first: a wrong number is reported even if a field is bad too.
            let (mut count, mut bad) = (0, None);
            for field in records.fields() {
                let field = field?;
                let taken = match count {
                    _ if bad.is_some() || count >= layout.names.len() => Ok(()),
                    index if index == layout.target => read_target(&field).map(|target| targets.push(target)),
                    _ => number(&field).map(|number| elements.push(number)),
                };
                if let Err(expected) = taken {
                    bad = Some((count, expected, quote(&field)));
                }
                count += 1;
            }
            if count != layout.names.len() {
                let expected = format!("{} fields, as in the first line", layout.names.len());
                return Err(in_line(path, at, expected, count.to_string()));
            }
            if let Some((index, expected, found)) = bad {
                let (path, column) = (path.to_owned(), Some(layout.describe(index)));
                return Err(DataError::Line { path, line: at, column, expected: expected.into(), found });
            }
            line = records.next_line();
        }
        if targets.is_empty() {
            return Err(DataError::content(path, "lines of numbers after the header", "none"));
        }
        if elements.capacity() / 2 > elements.len() {
            // The estimate had counted blank lines as samples.
            elements.shrink_to_fit();
        }
        let mut feature_names = layout.names;
        let target_name = feature_names.remove(layout.target);
        let shape = (targets.len(), feature_names.len());
        let features = Array2::from_shape_vec(shape, elements).expect("one element per sample and feature");
        Ok(Cells { feature_names, features, target_name, targets })
    }
}

/// An upper bound on the number of samples of `width` fields: the number of lines, but at most as many as fit in the
/// text with one character and a delimiter per field.
fn room(text: &str, width: usize) -> usize {
    let count = |end: u8| text.bytes().filter(|&byte| byte == end).count();
    let lines = 1 + count(b'\n').max(count(b'\r'));
    lines.min(text.len() / 2 / width + 1)
}

/// The columns, as determined from the first line.
struct Layout {
    has_header: bool,
    /// One per column.
    names: Vec<String>,
    target: usize,
}

impl Layout {
    /// `first` is at the start of the first line, whose number is `line`.
    fn of(csv: &Csv, path: &Path, line: usize, first: &Records<'_>, classes: bool) -> Result<Self, DataError> {
        // Count the columns before allocating anything for them.
        let most = csv.max_columns;
        let mut width = 0;
        for field in first.clone().fields() {
            field?;
            width += 1;
            if width > most {
                let expected = format!("at most {most} columns (raise `Csv::max_columns` to allow more)");
                return Err(in_line(path, line, expected, "more"));
            }
        }
        if width < 2 {
            let (only, _) = first.clone().field()?;
            let (expected, found) = ("two or more columns, features and a target", format!("one, {}", quote(&only)));
            return Err(in_line(path, line, expected, found));
        }
        let has_header = match (csv.header, &csv.target) {
            (Header::Present, _) | (Header::Detect, Column::Name(_)) => true,
            (Header::Absent, _) => false,
            (Header::Detect, &Column::Index(target)) => {
                is_header(path, line, first, resolve(target, width).filter(|_| classes))?
            }
        };
        let mut names: Vec<String> = Vec::with_capacity(width);
        match has_header {
            true => first.clone().fields().try_for_each(|field| field.map(|field| names.push(field.into_owned())))?,
            false => names.extend((0..width).map(|index| index.to_string())),
        }
        let target = match &csv.target {
            &Column::Index(index) => resolve(index, width).ok_or_else(|| {
                in_line(path, line, format!("a target column with index {index}"), format!("{width} columns"))
            })?,
            Column::Name(wanted) => {
                let mut matching = (0..width).filter(|&index| names[index] == *wanted);
                match (matching.next(), matching.next()) {
                    (Some(target), None) => target,
                    _ => {
                        return Err(in_line(path, line, format!("one column named {wanted:?}"), list(&names)));
                    }
                }
            }
        };
        Ok(Layout { has_header, names, target })
    }

    fn describe(&self, index: usize) -> String {
        match self.has_header {
            true => format!("{} (index {index})", quote(&self.names[index])),
            false => format!("with index {index}"),
        }
    }
}

/// The index of a column, where negative ones count from the end; `None` if it is out of range.
fn resolve(index: isize, width: usize) -> Option<usize> {
    let index = if index < 0 { width.checked_add_signed(index)? } else { index.unsigned_abs() };
    (index < width).then_some(index)
}

/// Whether the first line is a header, judged by its fields other than `ignored`.
fn is_header(path: &Path, line: usize, first: &Records<'_>, ignored: Option<usize>) -> Result<bool, DataError> {
    let (mut a_number, mut a_name) = (None, None);
    for (index, field) in first.clone().fields().enumerate() {
        let field = field?;
        if Some(index) != ignored {
            let seen = if field.parse::<f64>().is_ok() { &mut a_number } else { &mut a_name };
            seen.get_or_insert(field);
        }
    }
    match (a_number, a_name) {
        (_, None) => Ok(false),
        (None, _) => Ok(true),
        (Some(number), Some(name)) => Err(in_line(
            path,
            line,
            "only names or only numbers, to detect a header (or set `Csv::header`)",
            format!("{} and {}", quote(&name), quote(&number)),
        )),
    }
}

fn in_line(path: &Path, line: usize, expected: impl Into<String>, found: impl Into<String>) -> DataError {
    DataError::Line { path: path.to_owned(), line, column: None, expected: expected.into(), found: found.into() }
}

/// The field for a message, quoted and truncated.
fn quote(field: &str) -> String {
    match field {
        "" => "an empty field".to_owned(),
        _ => cut(field),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(40) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}...", &text[..end]),
    }
}

/// A list of column names for a message: only the first of many, each truncated.
fn list(names: &[String]) -> String {
    const MOST: usize = 20;
    let shown: Vec<String> = names.iter().take(MOST).map(|name| cut(name)).collect();
    match names.len() {
        0..=MOST => format!("[{}]", shown.join(", ")),
        count => format!("[{}, and {} more]", shown.join(", "), count - MOST),
    }
}
