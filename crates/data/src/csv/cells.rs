//! The cells of a table of numbers: parsing every field.

use std::borrow::Cow;
use std::path::Path;
use std::str::FromStr;

use downhill_tensor::Float;
use ndarray::Array2;

use super::layout::{Layout, Role};
use super::message::quote;
use super::records::Records;
use super::{Csv, number};
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
        csv: &'a Csv,
        path: &'a Path,
        text: &'a str,
        classes: bool,
        mut read_target: impl FnMut(&Cow<'a, str>) -> Field<T>,
    ) -> Result<Self, DataError> {
        let mut records = Records::new(csv, path, text);
        let Some(first) = records.next_line() else {
            return Err(DataError::content(path, "a table of numbers", "nothing but blank lines"));
        };
        // The first line determines the layout, and is consumed if it is a header.
        let layout = Layout::of(csv, path, first, &records, Some(&csv.target), classes)?;
        let mut line = Some(first);
        if layout.has_header {
            records.fields().try_for_each(|field| field.map(drop))?;
            line = records.next_line();
        }

        // Reserve once for all samples, so that no buffer is moved while it grows.
        let (mut elements, mut targets) = (Vec::new(), Vec::new());
        let samples = room(records.rest(), layout.names.len());
        let features = layout.roles.iter().filter(|&&role| role == Role::Value).count();
        reserve(&mut elements, samples.checked_mul(features))
            .and_then(|()| reserve(&mut targets, Some(samples)))
            .map_err(|source| DataError::Unreadable { path: path.to_owned(), source })?;
        let mut is_first = true;
        while let Some(at) = line {
            // The number of fields is checked first: a wrong number is reported even if a field is bad too.
            let (mut count, mut bad) = (0, None);
            for field in records.fields() {
                let field = field?;
                let taken = match layout.roles.get(count) {
                    _ if bad.is_some() => Ok(()),
                    Some(Role::Target) => read_target(&field).map(|target| targets.push(target)),
                    Some(Role::Value) => number(&field).map(|number| elements.push(number)),
                    Some(Role::RowName | Role::Nothing) | None => Ok(()),
                };
                if let Err(expected) = taken {
                    bad = Some((count, expected, quote(&field)));
                }
                count += 1;
            }
            if count != layout.names.len() {
                return Err(layout.wrong_count(path, at, count, is_first));
            }
            if let Some((index, expected, found)) = bad {
                let (path, column) = (path.to_owned(), Some(layout.describe(index)));
                return Err(DataError::Line { path, line: at, column, expected: expected.into(), found });
            }
            line = records.next_line();
            is_first = false;
        }
        if targets.is_empty() {
            return Err(DataError::content(path, "lines of numbers after the header", "none"));
        }
        if elements.capacity() / 2 > elements.len() {
            // The estimate had counted blank lines as samples.
            elements.shrink_to_fit();
        }
        let Layout { mut names, roles, .. } = layout;
        let target = roles.iter().position(|&role| role == Role::Target).expect("one of the columns");
        let target_name = std::mem::take(&mut names[target]);
        // In place: there may be many names.
        let mut is_feature = roles.iter().map(|&role| role == Role::Value);
        names.retain(|_| is_feature.next() == Some(true));
        let shape = (targets.len(), features);
        let features = Array2::from_shape_vec(shape, elements).expect("one element per sample and feature");
        Ok(Cells { feature_names: names, features, target_name, targets })
    }
}

/// An upper bound on the number of samples of `width` fields: the number of lines, but at most as many as fit in the
/// text with one character and a delimiter per field.
fn room(text: &str, width: usize) -> usize {
    let count = |end: u8| text.bytes().filter(|&byte| byte == end).count();
    let lines = 1 + count(b'\n').max(count(b'\r'));
    lines.min(text.len() / 2 / width + 1)
}
