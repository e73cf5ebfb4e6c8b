//! One connection, and how statements run on it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

use super::driver::{Column, Row, SqliteError};

/// Statements that a connection keeps prepared: more than there are texts in this crate.
const STATEMENTS: usize = 256;

/// A connection.
pub(crate) struct Session {
    conn: Connection,
    /// What is known of each text that was run.
    shapes: HashMap<String, Arc<Shape>>,
}

/// What a text wants and gives.
struct Shape {
    /// For each parameter of the statement, which value it takes: SQLite counts the names in their
    /// order of appearance, we by their numbers.
    parameters: Vec<usize>,
    columns: Arc<[Column]>,
}

impl Session {
    /// Opens a file that is there.
    pub(super) fn open(path: &Path, wait: Duration, setup: &str) -> Result<Self, SqliteError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        conn.busy_timeout(wait)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        conn.execute_batch(setup)?;
        Ok(Self {
            conn,
            shapes: HashMap::new(),
        })
    }

    /// How long a statement waits for another process.
    pub(super) fn wait(&self, wait: Duration) -> Result<(), SqliteError> {
        Ok(self.conn.busy_timeout(wait)?)
    }

    /// Any number of statements without parameters, each once.
    pub(super) fn batch(&self, sql: &str) -> Result<(), SqliteError> {
        Ok(self.conn.execute_batch(sql)?)
    }

    /// A short statement without parameters, again and again, such as BEGIN.
    pub(super) fn say(&self, sql: &str) -> Result<(), SqliteError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        Ok(())
    }

    /// Runs a statement and gives at most so many rows, and how many it changed.
    pub(super) fn run(
        &mut self,
        sql: &str,
        values: &[Value],
        most: usize,
    ) -> Result<(Vec<Row>, u64), SqliteError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let shape = match self.shapes.get(sql) {
            Some(shape) => Arc::clone(shape),
            None => {
                let shape = Arc::new(Shape::of(&statement));
                if self.shapes.len() >= STATEMENTS {
                    self.shapes.clear();
                }
                self.shapes.insert(sql.to_owned(), Arc::clone(&shape));
                shape
            }
        };
        for (index, source) in shape.parameters.iter().enumerate() {
            // What is not given is NULL, as with sqlx.
            if let Some(value) = values.get(*source) {
                statement.raw_bind_parameter(index + 1, value)?;
            }
        }
        let mut found = Vec::new();
        let mut rows = statement.raw_query();
        while found.len() < most
            && let Some(row) = rows.next()?
        {
            let mut values = Vec::with_capacity(shape.columns.len());
            for index in 0..shape.columns.len() {
                values.push(Value::try_from(row.get_ref(index)?)?);
            }
            found.push(Row {
                columns: Arc::clone(&shape.columns),
                values,
            });
        }
        drop(rows);
        Ok((found, self.conn.changes()))
    }
}

impl Shape {
    fn of(statement: &rusqlite::Statement<'_>) -> Self {
        let parameters = (1..=statement.parameter_count())
            .map(|index| {
                let number = statement.parameter_name(index);
                let number = number.and_then(|name| name.get(1..)?.parse::<usize>().ok());
                number.unwrap_or(index).saturating_sub(1)
            })
            .collect();
        let columns = statement
            .column_names()
            .into_iter()
            .enumerate()
            .map(|(ordinal, name)| Column::new(ordinal, name))
            .collect();
        Self {
            parameters,
            columns,
        }
    }
}
