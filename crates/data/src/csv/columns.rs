//! Naming the columns of a table.

/// Whether the first line of a table is a header with the column names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// The first line is a header if a column is asked for by name or no field is a number, and a sample if all fields
    /// are numbers; a mixture is an error. Only columns that are read count, and for
    /// [`Csv::read_classes`](crate::Csv::read_classes) not the target.
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

impl From<&String> for Column {
    fn from(name: &String) -> Self {
        Column::Name(name.clone())
    }
}

impl From<isize> for Column {
    fn from(index: isize) -> Self {
        Column::Index(index)
    }
}

/// Some columns of a table: all, a few, or all but a few.
///
/// ```
/// use downhill_data::{Column, Columns};
/// let two: Columns = ["area", "rooms"].into();
/// assert_eq!(two, Columns::Only(vec![Column::Name("area".into()), Column::Name("rooms".into())]));
/// assert_eq!(Columns::except([-1]), Columns::Except(vec![Column::Index(-1)]));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Columns {
    /// All columns.
    #[default]
    All,
    /// These, and no others.
    Only(Vec<Column>),
    /// All but these.
    Except(Vec<Column>),
}

impl Columns {
    /// All columns but these.
    pub fn except(columns: impl IntoIterator<Item = impl Into<Column>>) -> Self {
        Columns::Except(columns.into_iter().map(Into::into).collect())
    }

    /// The columns that are listed.
    pub(crate) fn listed(&self) -> &[Column] {
        match self {
            Columns::All => &[],
            Columns::Only(columns) | Columns::Except(columns) => columns,
        }
    }
}

impl<C: Into<Column>, const N: usize> From<[C; N]> for Columns {
    fn from(columns: [C; N]) -> Self {
        Columns::Only(columns.into_iter().map(Into::into).collect())
    }
}

impl<C: Into<Column>> From<Vec<C>> for Columns {
    fn from(columns: Vec<C>) -> Self {
        Columns::Only(columns.into_iter().map(Into::into).collect())
    }
}

impl<C: Into<Column> + Clone> From<&[C]> for Columns {
    fn from(columns: &[C]) -> Self {
        Columns::Only(columns.iter().cloned().map(Into::into).collect())
    }
}

impl From<&str> for Columns {
    fn from(name: &str) -> Self {
        [name].into()
    }
}

impl From<isize> for Columns {
    fn from(index: isize) -> Self {
        [index].into()
    }
}

/// The index of a column, where negative ones count from the end; `None` if it is out of range.
pub(crate) fn resolve(index: isize, width: usize) -> Option<usize> {
    let index = if index < 0 { width.checked_add_signed(index)? } else { index.unsigned_abs() };
    (index < width).then_some(index)
}

/// The position of a column among `names`; an error says what was expected, of `kind`.
pub(crate) fn position<'n>(
    column: &Column,
    names: impl ExactSizeIterator<Item = &'n str> + Clone,
    kind: &str,
) -> Result<usize, String> {
    match column {
        &Column::Index(index) => resolve(index, names.len()).ok_or_else(|| format!("{kind} with index {index}")),
        Column::Name(wanted) => {
            let mut matching = names.enumerate().filter(|(_, name)| name == wanted);
            match (matching.next(), matching.next()) {
                (Some((position, _)), None) => Ok(position),
                _ => Err(format!("one column named {wanted:?}")),
            }
        }
    }
}
