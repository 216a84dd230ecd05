//! Reading a table of columns of any type.
//!
//! The text is read twice: once to find the type of every column and how much room it takes, and once to fill it. So
//! nothing is converted, and no buffer is moved while it grows.

use std::path::Path;

use super::Csv;
use super::layout::{Layout, Role};
use super::records::Records;
use crate::DataError;
use crate::frame::{Frame, FrameColumn, Texts, Values};
use crate::source::reserve;

/// What the first reading finds out about a column.
#[derive(Clone, Copy, Default)]
struct Found {
    /// Whether a field is neither missing nor a number.
    text: bool,
    /// The number of bytes of all fields.
    bytes: usize,
}

pub(super) fn read(csv: &Csv, path: &Path, text: &str) -> Result<Frame, DataError> {
    let mut records = Records::new(csv, path, text);
    let Some(first) = records.next_line() else {
        return Err(DataError::content(path, "a table", "nothing but blank lines"));
    };
    let layout = Layout::of(csv, path, first, &records, None, false)?;
    let mut start = Some(first);
    if layout.has_header {
        records.fields().try_for_each(|field| field.map(drop))?;
        start = records.next_line();
    }
    let Some(start) = start else {
        return Err(DataError::content(path, "lines after the header", "none"));
    };
    let (rows, found) = measure(csv, path, &layout, start, records.clone())?;
    fill(csv, path, layout, start, records, rows, &found)
        .map_err(|source| DataError::Unreadable { path: path.to_owned(), source })
}

/// The number of rows, and what is in every column.
fn measure(
    csv: &Csv,
    path: &Path,
    layout: &Layout,
    start: usize,
    mut records: Records<'_>,
) -> Result<(usize, Vec<Found>), DataError> {
    let mut found = vec![Found::default(); layout.names.len()];
    let (mut rows, mut line) = (0, Some(start));
    while let Some(at) = line {
        let mut count = 0;
        for field in records.fields() {
            let field = field?;
            if let Some(column) = found.get_mut(count)
                && !is_missing(csv, &field)
            {
                column.text |= exact_number(&field).is_none();
                column.bytes += field.len();
            }
            count += 1;
        }
        if count != found.len() {
            return Err(layout.wrong_count(path, at, count, rows == 0));
        }
        rows += 1;
        line = records.next_line();
    }
    Ok((rows, found))
}

fn fill(
    csv: &Csv,
    path: &Path,
    layout: Layout,
    start: usize,
    mut records: Records<'_>,
    rows: usize,
    found: &[Found],
) -> std::io::Result<Frame> {
    let mut columns = Vec::new();
    reserve(&mut columns, Some(layout.roles.iter().filter(|&&role| role == Role::Value).count()))?;
    let mut row_names = None;
    for (index, ((name, &role), found)) in layout.names.into_iter().zip(&layout.roles).zip(found).enumerate() {
        match role {
            Role::RowName => row_names = Some(Texts::with_room(rows, found.bytes)?),
            Role::Value => {
                let values = if found.text {
                    Values::Texts(Texts::with_room(rows, found.bytes)?)
                } else {
                    let mut numbers = Vec::new();
                    reserve(&mut numbers, Some(rows))?;
                    Values::Numbers(numbers)
                };
                columns.push(FrameColumn { name, index, values });
            }
            Role::Target | Role::Nothing => {}
        }
    }
    let mut lines = Vec::new();
    reserve(&mut lines, Some(rows))?;

    let mut line = Some(start);
    while let Some(at) = line {
        lines.push(u32::try_from(at).unwrap_or(u32::MAX));
        let mut next = columns.iter_mut();
        for (field, role) in records.fields().zip(&layout.roles) {
            let field = field.expect("read before");
            let field = Some(&*field).filter(|field| !is_missing(csv, field));
            match role {
                Role::RowName => row_names.iter_mut().for_each(|names| names.push(field)),
                Role::Value => match &mut next.next().expect("one per value").values {
                    Values::Numbers(numbers) => {
                        numbers.push(field.map_or(f64::NAN, |field| exact_number(field).expect("a number before")));
                    }
                    Values::Texts(texts) => texts.push(field),
                },
                Role::Target | Role::Nothing => {}
            }
        }
        line = records.next_line();
    }
    Ok(Frame { path: path.to_owned(), has_header: layout.has_header, columns, lines, row_names })
}

fn is_missing(csv: &Csv, field: &str) -> bool {
    csv.missing.iter().any(|spelling| spelling == field)
}

/// The number that a field is; `None` if it is not finite, or an integer that `f64` may round.
fn exact_number(field: &str) -> Option<f64> {
    /// From here on, not every integer is an `f64`.
    const ROUNDED: f64 = (1_u64 << 53) as f64;
    let number: f64 = field.parse().ok()?;
    let is_rounded = || number.abs() >= ROUNDED && !field.contains(['.', 'e', 'E']);
    (number.is_finite() && !is_rounded()).then_some(number)
}
