//! What can go wrong between Latchkey and its database.

use std::borrow::Cow;
use std::fmt;

use sqlx::error::{DatabaseError, ErrorKind};

/// Why a statement or a transaction failed. No text of it holds a value of a row.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something with the same unique key is there already, or (`"reference"`) what is referred to
    /// is not. Names the key: `"upn"`, `"anchor"`, `"domain"` and so on.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// Others hold the database; nothing was changed.
    #[error("the database is busy")]
    Busy(#[source] Cause),
    /// The database cannot be reached; nothing was changed.
    #[error("the database is unavailable")]
    Unavailable(#[source] Cause),
    /// The connection was lost while committing: it may have happened or not.
    #[error("the connection was lost while committing")]
    CommitUnknown(#[source] Cause),
    /// A stored value is not one that this version writes.
    #[error("corrupt value in {table}.{column} of row {id}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id.
        id: String,
    },
    /// The database was made by a newer version, or its migrations are not ours.
    #[error("migrations: {0}")]
    Migration(String),
    /// A setting of the connection is wrong, in words for the operator.
    #[error("database settings: {0}")]
    Config(String),
    /// A mistake in this program.
    #[error("bug in a statement")]
    Bug(#[source] Cause),
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It would fail again.
    Never,
    /// It did not happen and may succeed later.
    Later,
    /// It may have happened.
    Unknown,
}

impl StoreError {
    /// Whether trying again can help.
    pub const fn retry(&self) -> Retry {
        match self {
            Self::Busy(_) | Self::Unavailable(_) => Retry::Later,
            Self::CommitUnknown(_) => Retry::Unknown,
            Self::Conflict(_)
            | Self::Corrupt { .. }
            | Self::Migration(_)
            | Self::Config(_)
            | Self::Bug(_) => Retry::Never,
        }
    }

    /// A stored value that cannot be read.
    pub(crate) fn corrupt(
        table: &'static str,
        column: &'static str,
        id: impl fmt::Display,
    ) -> Self {
        Self::Corrupt {
            table,
            column,
            id: id.to_string(),
        }
    }

    pub(crate) fn bug(what: &'static str) -> Self {
        Self::Bug(Cause {
            code: None,
            text: what.into(),
            io: None,
        })
    }

    /// As an error of a commit: where nothing is known of the outcome, it says so.
    pub(crate) fn of_commit(error: sqlx::Error) -> Self {
        match Self::from(error) {
            Self::Unavailable(cause) => Self::CommitUnknown(cause),
            other => other,
        }
    }

    /// Whether PostgreSQL asks for the whole transaction to be run again.
    pub(crate) fn asks_for_rerun(&self) -> bool {
        matches!(self, Self::Busy(cause) if matches!(cause.code(), Some("40001" | "40P01")))
    }
}

/// What the driver said, without values of rows.
#[derive(Debug)]
pub struct Cause {
    code: Option<String>,
    text: Cow<'static, str>,
    io: Option<std::io::Error>,
}

impl Cause {
    /// The database's own code: an SQLSTATE, or a number of SQLite.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: None,
            text: text.into(),
            io: None,
        }
    }

    fn database(error: &dyn DatabaseError) -> Self {
        let code = error.code().map(Cow::into_owned);
        // Class 22 of PostgreSQL, wrong data, quotes the data.
        let quotes = code
            .as_deref()
            .is_some_and(|code| code.len() == 5 && code.starts_with("22"));
        let text = if quotes {
            "wrong data".to_owned()
        } else {
            error.message().to_owned()
        };
        Self {
            code,
            text: text.into(),
            io: None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} (code {code})", self.text),
            None => f.write_str(&self.text),
        }
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.io.as_ref().map(|error| error as _)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(error) => of_database(error.as_ref()),
            E::PoolTimedOut => Self::Busy(Cause::text("no connection became free in time")),
            E::PoolClosed => Self::Unavailable(Cause::text("the database was closed")),
            E::WorkerCrashed => Self::Unavailable(Cause::text("a database thread has ended")),
            E::Io(error) => Self::Unavailable(Cause {
                code: None,
                text: "the connection failed".into(),
                io: Some(error),
            }),
            E::Tls(_) => Self::Unavailable(Cause::text("the TLS handshake failed")),
            E::Protocol(_) => Self::Unavailable(Cause::text("the database broke the protocol")),
            E::Configuration(_) => Self::Config("the database URL cannot be read".into()),
            E::ColumnDecode { index, .. } => {
                Self::Bug(Cause::text(format!("column {index} cannot be decoded")))
            }
            E::ColumnNotFound(name) => Self::Bug(Cause::text(format!("no column {name}"))),
            E::Encode(_) => Self::Bug(Cause::text("a value cannot be encoded")),
            E::Decode(_) => Self::Bug(Cause::text("a value cannot be decoded")),
            E::RowNotFound => Self::Bug(Cause::text("a row was expected")),
            _ => Self::Bug(Cause::text("the driver failed")),
        }
    }
}

fn of_database(error: &dyn DatabaseError) -> StoreError {
    match error.kind() {
        ErrorKind::UniqueViolation => return StoreError::Conflict(unique_key(error)),
        ErrorKind::ForeignKeyViolation => return StoreError::Conflict("reference"),
        _ => {}
    }
    let cause = Cause::database(error);
    let code = cause.code.clone().unwrap_or_default();
    if error
        .try_downcast_ref::<crate::sqlite::SqliteError>()
        .is_some()
    {
        // The low byte of an extended result code is its kind: 5 busy, 6 locked, 10 I/O, 13 full,
        // 14 cannot open.
        return match code.parse::<u32>().unwrap_or(0) & 0xff {
            5 | 6 => StoreError::Busy(cause),
            10 | 13 | 14 => StoreError::Unavailable(cause),
            _ => StoreError::Bug(cause),
        };
    }
    match code.get(..2).unwrap_or_default() {
        "40" => StoreError::Busy(cause),
        _ if code == "55P03" => StoreError::Busy(cause),
        // Connections, resources, the operator stepping in, the system, the password for it.
        "08" | "53" | "57" | "58" | "28" | "3D" => StoreError::Unavailable(cause),
        _ => StoreError::Bug(cause),
    }
}

/// The unique keys that callers tell apart, by what both databases call them: SQLite names the
/// columns, PostgreSQL the constraint, which is named after them.
fn unique_key(error: &dyn DatabaseError) -> &'static str {
    const KEYS: [(&str, &str); 6] = [
        ("upn_key", "upn"),
        ("anchor", "anchor"),
        ("user_group", "group"),
        ("domain", "domain"),
        ("method_by_credential", "passkey"),
        // The same, by its one column.
        (": method.slot", "passkey"),
    ];
    let text = error.constraint().unwrap_or_else(|| error.message());
    KEYS.iter()
        .find(|(part, _)| text.contains(part))
        .map_or("key", |(_, name)| name)
}
