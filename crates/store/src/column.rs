//! Reading stored texts and numbers back into types.

use std::fmt::Display;

use crate::{Result, StoreError};

/// Where a value was read: for the error that says it cannot be understood.
#[derive(Clone, Copy)]
pub(crate) struct Row<I> {
    table: &'static str,
    id: I,
}

impl<I: Display> Row<I> {
    pub(crate) const fn new(table: &'static str, id: I) -> Self {
        Self { table, id }
    }

    /// The value, or that the column is corrupt.
    pub(crate) fn read<T>(&self, column: &'static str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.corrupt(column))
    }

    /// The same for a column that may be empty.
    pub(crate) fn read_optional<T>(
        &self,
        column: &'static str,
        text: Option<&str>,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        text.map(|text| self.read(column, parse(text))).transpose()
    }

    pub(crate) fn corrupt(&self, column: &'static str) -> StoreError {
        StoreError::corrupt(self.table, column, &self.id)
    }
}

/// JSON that is stored as text. What is written here always can be.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|_| StoreError::bug("a value has no form in JSON"))
}

/// The end of the range of keys that begin with a prefix: no name has the last character of Unicode.
pub(crate) fn prefix_end(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}
