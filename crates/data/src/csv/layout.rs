//! The layout of a table: which fields of a line are the target, a feature, or left out.

use std::path::Path;

use super::columns::{position, resolve};
use super::message::{in_line, is_the_delimiter, list, quote};
use super::records::Records;
use super::{Column, Columns, Csv, Header};
use crate::DataError;

/// What becomes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It is the target.
    Target,
    /// It is a value of the table.
    Value,
    /// It is the name of the row.
    RowName,
    /// It is left out.
    Nothing,
}

/// The columns, as determined from the first line.
pub(super) struct Layout {
    pub(super) has_header: bool,
    /// One per field of a line.
    pub(super) names: Vec<String>,
    /// One per field of a line.
    pub(super) roles: Vec<Role>,
}

/// Where the layout is read from.
struct First<'a, 'r> {
    csv: &'a Csv,
    path: &'a Path,
    line: usize,
    /// At the start of the first line.
    records: &'a Records<'r>,
    /// The number of fields in a line.
    width: usize,
}

impl Layout {
    /// `first` is at the start of the first line, whose number is `line`. With `classes`, the target need not be a
    /// number, and is ignored when detecting the header.
    pub(super) fn of(
        csv: &Csv,
        path: &Path,
        line: usize,
        first: &Records<'_>,
        target: Option<&Column>,
        classes: bool,
    ) -> Result<Self, DataError> {
        // Count the columns before allocating anything for them.
        let mut next = first.clone();
        let mut width = count(csv, path, line, &mut next)?;
        // R's tables may have no name for the column of row names.
        let mut short = false;
        if csv.row_names
            && let Some(second) = next.next_line()
        {
            short = count(csv, path, second, &mut next)? == width + 1;
            width += usize::from(short);
        }
        let first = First { csv, path, line, records: first, width };
        if target.is_some() && width < 2 {
            let (only, _) = first.records.clone().field()?;
            let expected = "two or more columns, features and a target";
            let found = format!("one, {}{}", quote(&only), is_the_delimiter(csv.delimiter, &only));
            return Err(in_line(path, line, expected, found));
        }

        let by_name = |column: &Column| matches!(column, Column::Name(_));
        let has_header = match csv.header {
            Header::Present => true,
            Header::Absent => false,
            Header::Detect if short || csv.columns.listed().iter().chain(target).any(by_name) => true,
            Header::Detect => {
                let ignored = match target {
                    Some(&Column::Index(index)) if classes => resolve(index, width),
                    _ => None,
                };
                // Without names: no column is asked for by one.
                let mut counted = first.roles(&[])?;
                if let Some(ignored) = ignored {
                    counted[ignored] = Role::Nothing;
                }
                first.is_header(&counted)?
            }
        };
        let mut names: Vec<String> = Vec::with_capacity(width);
        if has_header {
            names.extend(short.then(String::new));
            first.records.clone().fields().try_for_each(|field| field.map(|field| names.push(field.into_owned())))?;
        } else {
            names.extend((0..width).map(|index| index.to_string()));
        }
        let mut roles = first.roles(&names)?;
        if let Some(target) = target {
            roles[first.position(target, &names, "a target column")?] = Role::Target;
        }
        if !roles.contains(&Role::Value) {
            let beside = if target.is_some() { " beside the target" } else { "" };
            let expected = format!("at least one column{beside}");
            return Err(in_line(path, line, expected, "none that `Csv::columns` and `Csv::row_names` leave"));
        }
        Ok(Layout { has_header, names, roles })
    }

    /// A column for a message.
    pub(super) fn describe(&self, index: usize) -> String {
        describe(&self.names[index], index, self.has_header)
    }

    /// The error of a line with another number of fields; `is_first` after the header.
    pub(super) fn wrong_count(&self, path: &Path, line: usize, count: usize, is_first: bool) -> DataError {
        let expected = format!("{} fields, as in the first line", self.names.len());
        let row_names = is_first && self.has_header && count == self.names.len() + 1;
        let hint = if row_names { " (if the first of them is the name of the row, set `Csv::row_names`)" } else { "" };
        in_line(path, line, expected, format!("{count}{hint}"))
    }
}

/// A column for a message: its name, if it has one, and its index.
pub(crate) fn describe(name: &str, index: usize, has_header: bool) -> String {
    match has_header {
        true => format!("{} (index {index})", quote(name)),
        false => format!("with index {index}"),
    }
}

/// The number of fields in a line, at the start of which `records` is.
fn count(csv: &Csv, path: &Path, line: usize, records: &mut Records<'_>) -> Result<usize, DataError> {
    let most = csv.max_columns;
    let mut width = 0;
    for field in records.fields() {
        field?;
        width += 1;
        if width > most {
            let expected = format!("at most {most} columns (raise `Csv::max_columns` to allow more)");
            return Err(in_line(path, line, expected, "more"));
        }
    }
    Ok(width)
}

impl First<'_, '_> {
    /// The roles of all fields, apart from the target. `names` may be empty if no column is asked for by name.
    fn roles(&self, names: &[String]) -> Result<Vec<Role>, DataError> {
        let (listed, others) = match &self.csv.columns {
            Columns::All => (Role::Value, Role::Value),
            Columns::Only(_) => (Role::Value, Role::Nothing),
            Columns::Except(_) => (Role::Nothing, Role::Value),
        };
        let mut roles = vec![others; self.width];
        for column in self.csv.columns.listed() {
            roles[self.position(column, names, "a column")?] = listed;
        }
        if self.csv.row_names {
            roles[0] = Role::RowName;
        }
        Ok(roles)
    }

    fn position(&self, column: &Column, names: &[String], kind: &str) -> Result<usize, DataError> {
        let found = match column {
            &Column::Index(index) => resolve(index, self.width).ok_or_else(|| format!("{kind} with index {index}")),
            Column::Name(_) => position(column, names.iter().map(String::as_str), kind),
        };
        found.map_err(|expected| match column {
            Column::Index(_) => in_line(self.path, self.line, expected, format!("{} columns", self.width)),
            Column::Name(_) => {
                let hint = match names {
                    [only] => is_the_delimiter(self.csv.delimiter, only),
                    _ => String::new(),
                };
                in_line(self.path, self.line, expected, format!("{}{hint}", list(names.iter().map(String::as_str))))
            }
        })
    }

    /// Whether the first line is a header, judged by its fields that are values.
    fn is_header(&self, roles: &[Role]) -> Result<bool, DataError> {
        let (mut a_number, mut a_name) = (None, None);
        for (field, &role) in self.records.clone().fields().zip(roles) {
            let field = field?;
            if role == Role::Value {
                let seen = if field.parse::<f64>().is_ok() { &mut a_number } else { &mut a_name };
                seen.get_or_insert(field);
            }
        }
        match (a_number, a_name) {
            (_, None) => Ok(false),
            (None, _) => Ok(true),
            (Some(number), Some(name)) => Err(in_line(
                self.path,
                self.line,
                "only names or only numbers, to detect a header (or set `Csv::header`)",
                format!("{} and {}", quote(&name), quote(&number)),
            )),
        }
    }
}
