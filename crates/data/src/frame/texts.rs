//! A column of texts in one buffer: as many short strings would take several times the memory.

use std::io::{self, ErrorKind};

use crate::source::reserve;

/// Texts, each of which may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Texts {
    /// All texts, one after the other.
    buffer: String,
    /// Where each ends.
    ends: Vec<usize>,
    missing: Vec<bool>,
}

impl Texts {
    /// Room for so many texts with so many bytes.
    pub(crate) fn with_room(count: usize, bytes: usize) -> io::Result<Self> {
        let mut texts = Texts::default();
        let full = |_| io::Error::new(ErrorKind::OutOfMemory, "not enough memory");
        texts.buffer.try_reserve_exact(bytes).map_err(full)?;
        reserve(&mut texts.ends, Some(count))?;
        reserve(&mut texts.missing, Some(count))?;
        Ok(texts)
    }

    pub(crate) fn push(&mut self, text: Option<&str>) {
        self.buffer.push_str(text.unwrap_or(""));
        self.ends.push(self.buffer.len());
        self.missing.push(text.is_none());
    }

    /// A text; `None` if it is missing.
    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        (!self.missing[index]).then(|| &self.buffer[start..self.ends[index]])
    }

    /// The texts at `indices`, in that order.
    pub(crate) fn select(&self, indices: &[usize]) -> Self {
        let mut selected = Texts::default();
        indices.iter().for_each(|&index| selected.push(self.get(index)));
        selected
    }
}
