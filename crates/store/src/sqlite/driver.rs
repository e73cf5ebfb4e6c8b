//! What sqlx has to know of a database, for ours: only as much as this crate uses.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use rusqlite::types::{FromSqlError, Value as Stored};
use sqlx::encode::{Encode, IsNull};
use sqlx::error::{BoxDynError, DatabaseError, ErrorKind};
use sqlx::{ColumnIndex, Decode, Either, Error, Execute, Executor, SqlStr, Type};
use sqlx_core::transaction::TransactionManager;
use uuid::Uuid;

use super::session::Session;

/// The database, to sqlx.
#[derive(Debug)]
pub(crate) struct Sqlite;

impl sqlx::Database for Sqlite {
    type Connection = Session;
    type TransactionManager = Untaken;
    type Row = Row;
    type QueryResult = Done;
    type Column = Column;
    type TypeInfo = Kind;
    type Value = Value;
    type ValueRef<'r> = ValueRef<'r>;
    type Arguments = Arguments;
    type ArgumentBuffer = Vec<Stored>;
    type Statement = Prepared;

    const NAME: &'static str = "SQLite";
    const URL_SCHEMES: &'static [&'static str] = &["sqlite"];
}

/// What a statement did.
#[derive(Debug, Default)]
pub(crate) struct Done(u64);

impl Done {
    /// How many rows it changed.
    pub(crate) const fn rows_affected(&self) -> u64 {
        self.0
    }
}

impl Extend<Self> for Done {
    fn extend<T: IntoIterator<Item = Self>>(&mut self, parts: T) {
        self.0 += parts.into_iter().map(|part| part.0).sum::<u64>();
    }
}

/// Values that have been computed, as a stream.
struct Items<T>(std::vec::IntoIter<T>);

impl<T> Unpin for Items<T> {}

impl<T> Stream for Items<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<T>> {
        Poll::Ready(self.0.next())
    }
}

fn items<'e, T: Send + 'e>(items: Vec<T>) -> BoxStream<'e, T> {
    Box::pin(Items(items.into_iter()))
}

fn ready<'e, T: Send + 'e>(value: T) -> BoxFuture<'e, T> {
    Box::pin(std::future::ready(value))
}

impl Session {
    fn ask<'q>(
        &mut self,
        mut query: impl Execute<'q, Sqlite>,
        most: usize,
    ) -> Result<(Vec<Row>, Done), Error> {
        let arguments = query.take_arguments().map_err(Error::Encode)?;
        let sql = query.sql();
        let Some(Arguments(values)) = arguments else {
            self.batch(sql.as_str())?;
            return Ok((Vec::new(), Done::default()));
        };
        let (rows, changed) = self.run(sql.as_str(), &values, most)?;
        Ok((rows, Done(changed)))
    }
}

impl<'c> Executor<'c> for &'c mut Session {
    type Database = Sqlite;

    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Done, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        ready(self.ask(query, usize::MAX).map(|(_, done)| done))
    }

    fn fetch<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Row, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        items(match self.ask(query, usize::MAX) {
            Ok((rows, _)) => rows.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    }

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<Done, Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        items(match self.ask(query, usize::MAX) {
            Ok((rows, done)) => rows
                .into_iter()
                .map(|row| Ok(Either::Right(row)))
                .chain([Ok(Either::Left(done))])
                .collect(),
            Err(error) => vec![Err(error)],
        })
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        ready(self.ask(query, usize::MAX).map(|(rows, _)| rows))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<Row>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        ready(self.ask(query, 1).map(|(rows, _)| rows.into_iter().next()))
    }

    fn prepare_with<'e>(self, sql: SqlStr, _: &'e [Kind]) -> BoxFuture<'e, Result<Prepared, Error>>
    where
        'c: 'e,
    {
        ready(Ok(Prepared(sql)))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[session]")
    }
}

/// What kind of value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Integer,
    Real,
    Text,
    Blob,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(sqlx::TypeInfo::name(self))
    }
}

impl sqlx::TypeInfo for Kind {
    fn is_null(&self) -> bool {
        *self == Self::Null
    }

    fn name(&self) -> &str {
        match self {
            Self::Null => "NULL",
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
        }
    }
}

impl From<&Stored> for Kind {
    fn from(value: &Stored) -> Self {
        match value {
            Stored::Null => Self::Null,
            Stored::Integer(_) => Self::Integer,
            Stored::Real(_) => Self::Real,
            Stored::Text(_) => Self::Text,
            Stored::Blob(_) => Self::Blob,
        }
    }
}

/// A column of a statement.
#[derive(Debug)]
pub(crate) struct Column {
    ordinal: usize,
    name: String,
}

impl Column {
    pub(super) fn new(ordinal: usize, name: &str) -> Self {
        Self {
            ordinal,
            name: name.to_owned(),
        }
    }
}

impl sqlx::Column for Column {
    type Database = Sqlite;

    fn ordinal(&self) -> usize {
        self.ordinal
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn type_info(&self) -> &Kind {
        // A column of SQLite can hold anything; the values know what they are.
        &Kind::Null
    }
}

/// A row that was found.
pub(crate) struct Row {
    pub(super) columns: Arc<[Column]>,
    pub(super) values: Vec<Stored>,
}

impl sqlx::Row for Row {
    type Database = Sqlite;

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn try_get_raw<I: ColumnIndex<Self>>(&self, index: I) -> Result<ValueRef<'_>, Error> {
        let index = index.index(self)?;
        let len = self.values.len();
        let value = self.values.get(index);
        value
            .map(ValueRef)
            .ok_or(Error::ColumnIndexOutOfBounds { index, len })
    }
}

impl ColumnIndex<Row> for usize {
    fn index(&self, _: &Row) -> Result<usize, Error> {
        Ok(*self)
    }
}

impl ColumnIndex<Row> for &str {
    fn index(&self, row: &Row) -> Result<usize, Error> {
        row.columns
            .iter()
            .position(|column| column.name == **self)
            .ok_or_else(|| Error::ColumnNotFound((*self).to_owned()))
    }
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) struct Value(Stored);

impl sqlx::Value for Value {
    type Database = Sqlite;

    fn as_ref(&self) -> ValueRef<'_> {
        ValueRef(&self.0)
    }

    fn type_info(&self) -> Cow<'_, Kind> {
        Cow::Owned(Kind::from(&self.0))
    }

    fn is_null(&self) -> bool {
        self.0 == Stored::Null
    }
}

/// A value of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ValueRef<'r>(&'r Stored);

impl<'r> sqlx::ValueRef<'r> for ValueRef<'r> {
    type Database = Sqlite;

    fn to_owned(&self) -> Value {
        Value(self.0.clone())
    }

    fn type_info(&self) -> Cow<'_, Kind> {
        Cow::Owned(Kind::from(self.0))
    }

    fn is_null(&self) -> bool {
        *self.0 == Stored::Null
    }
}

/// The values for the parameters of a statement.
#[derive(Debug, Default)]
pub(crate) struct Arguments(Vec<Stored>);

impl sqlx::Arguments for Arguments {
    type Database = Sqlite;

    fn reserve(&mut self, additional: usize, _: usize) {
        self.0.reserve(additional);
    }

    fn add<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(
        &mut self,
        value: T,
    ) -> Result<(), BoxDynError> {
        if value.encode(&mut self.0)?.is_null() {
            self.0.push(Stored::Null);
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl sqlx::IntoArguments<Sqlite> for Arguments {
    fn into_arguments(self) -> Self {
        self
    }
}

/// A Rust type, the kind that it is stored as, and how it gets there and back.
macro_rules! stored {
    ($($rust:ty as $kind:ident: |$value:ident| $to:expr, $from:expr;)*) => {$(
        impl Type<Sqlite> for $rust {
            fn type_info() -> Kind {
                Kind::$kind
            }
        }

        impl Encode<'_, Sqlite> for $rust {
            fn encode_by_ref(&self, buffer: &mut Vec<Stored>) -> Result<IsNull, BoxDynError> {
                let $value = self;
                buffer.push(Stored::$kind($to));
                Ok(IsNull::No)
            }
        }

        impl<'r> Decode<'r, Sqlite> for $rust {
            fn decode(value: ValueRef<'r>) -> Result<Self, BoxDynError> {
                match value.0 {
                    Stored::$kind(value) => $from(value),
                    other => Err(format!("{} where {} was expected", Kind::from(other), Kind::$kind).into()),
                }
            }
        }
    )*};
}

stored! {
    i64 as Integer: |value| *value, |value: &i64| Ok(*value);
    bool as Integer: |value| i64::from(*value), |value: &i64| Ok(*value != 0);
    String as Text: |value| value.clone(), |value: &String| Ok(value.clone());
    Uuid as Blob: |value| value.as_bytes().to_vec(), |value: &Vec<u8>| Ok(Uuid::from_slice(value)?);
}

impl Type<Sqlite> for Vec<u8> {
    fn type_info() -> Kind {
        Kind::Blob
    }

    /// To SQLite a text in a column of bytes is bytes, if somebody wrote it so by hand.
    fn compatible(kind: &Kind) -> bool {
        matches!(kind, Kind::Blob | Kind::Text)
    }
}

impl Encode<'_, Sqlite> for Vec<u8> {
    fn encode_by_ref(&self, buffer: &mut Vec<Stored>) -> Result<IsNull, BoxDynError> {
        buffer.push(Stored::Blob(self.clone()));
        Ok(IsNull::No)
    }
}

impl<'r> Decode<'r, Sqlite> for Vec<u8> {
    fn decode(value: ValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.0 {
            Stored::Blob(bytes) => Ok(bytes.clone()),
            Stored::Text(text) => Ok(text.clone().into_bytes()),
            other => Err(format!("{} where bytes were expected", Kind::from(other)).into()),
        }
    }
}

/// The same for what can only be borrowed.
macro_rules! borrowed {
    ($($rust:ty as $kind:ident: $to:expr;)*) => {$(
        impl Type<Sqlite> for $rust {
            fn type_info() -> Kind {
                Kind::$kind
            }
        }

        impl<'q> Encode<'q, Sqlite> for &'q $rust {
            fn encode_by_ref(&self, buffer: &mut Vec<Stored>) -> Result<IsNull, BoxDynError> {
                buffer.push(Stored::$kind($to(*self)));
                Ok(IsNull::No)
            }
        }
    )*};
}

borrowed! {
    str as Text: str::to_owned;
    [u8] as Blob: <[u8]>::to_vec;
}

impl<'q, T: Encode<'q, Sqlite> + Type<Sqlite> + 'q> Encode<'q, Sqlite> for Option<T> {
    fn encode(self, buffer: &mut Vec<Stored>) -> Result<IsNull, BoxDynError> {
        match self {
            Some(value) => value.encode(buffer),
            None => Ok(IsNull::Yes),
        }
    }

    fn encode_by_ref(&self, buffer: &mut Vec<Stored>) -> Result<IsNull, BoxDynError> {
        match self {
            Some(value) => value.encode_by_ref(buffer),
            None => Ok(IsNull::Yes),
        }
    }
}

/// What SQLite said.
#[derive(Debug, Clone)]
pub(crate) struct SqliteError {
    /// The extended result code.
    code: i32,
    message: String,
}

impl SqliteError {
    /// Whether another process holds the database.
    pub(super) const fn is_busy(&self) -> bool {
        matches!(self.code & 0xff, 5 | 6)
    }
}

impl fmt::Display for SqliteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SqliteError {}

impl From<rusqlite::Error> for SqliteError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let (code, message) = match error {
            E::SqliteFailure(error, message) => (error.extended_code, message),
            E::SqlInputError { error, msg, .. } => (error.extended_code, Some(msg)),
            // 1: a mistake of ours. What these say may quote values.
            _ => (1, None),
        };
        Self {
            code,
            message: message.unwrap_or_else(|| String::from("SQLite failed")),
        }
    }
}

impl From<FromSqlError> for SqliteError {
    fn from(_: FromSqlError) -> Self {
        Self {
            code: 1,
            message: String::from("a text is no UTF-8"),
        }
    }
}

impl DatabaseError for SqliteError {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        match self.code {
            // UNIQUE, PRIMARY KEY, rowid.
            2067 | 1555 | 2579 => ErrorKind::UniqueViolation,
            787 => ErrorKind::ForeignKeyViolation,
            1299 => ErrorKind::NotNullViolation,
            275 => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }
}

// What sqlx wants besides and this crate never uses: it opens connections, runs transactions and
// prepares statements by itself.

fn unused() -> Error {
    Error::Configuration("this connection is not for sqlx to open or end".into())
}

/// Transactions are begun and ended by the pool.
pub(crate) struct Untaken;

impl TransactionManager for Untaken {
    type Database = Sqlite;

    async fn begin(_: &mut Session, _: Option<SqlStr>) -> Result<(), Error> {
        Err(unused())
    }

    async fn commit(_: &mut Session) -> Result<(), Error> {
        Err(unused())
    }

    async fn rollback(_: &mut Session) -> Result<(), Error> {
        Err(unused())
    }

    fn start_rollback(_: &mut Session) {}

    fn get_transaction_depth(_: &Session) -> usize {
        0
    }
}

impl sqlx::Connection for Session {
    type Database = Sqlite;
    type Options = Unopened;

    async fn close(self) -> Result<(), Error> {
        Ok(())
    }

    async fn close_hard(self) -> Result<(), Error> {
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn begin(&mut self) -> Result<sqlx::Transaction<'_, Sqlite>, Error> {
        Err(unused())
    }

    fn shrink_buffers(&mut self) {}

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn should_flush(&self) -> bool {
        false
    }
}

/// The pool has its own way of opening.
#[derive(Debug, Clone)]
pub(crate) struct Unopened;

impl FromStr for Unopened {
    type Err = Error;

    fn from_str(_: &str) -> Result<Self, Error> {
        Err(unused())
    }
}

impl sqlx::ConnectOptions for Unopened {
    type Connection = Session;

    fn from_url(_: &sqlx_core::url::Url) -> Result<Self, Error> {
        Err(unused())
    }

    async fn connect(&self) -> Result<Session, Error> {
        Err(unused())
    }

    fn log_statements(self, _: log::LevelFilter) -> Self {
        self
    }

    fn log_slow_statements(self, _: log::LevelFilter, _: Duration) -> Self {
        self
    }
}

/// A text; the session prepares it when it is run, and keeps that.
#[derive(Debug, Clone)]
pub(crate) struct Prepared(SqlStr);

impl sqlx::Statement for Prepared {
    type Database = Sqlite;

    fn into_sql(self) -> SqlStr {
        self.0
    }

    fn sql(&self) -> &SqlStr {
        &self.0
    }

    fn parameters(&self) -> Option<Either<&[Kind], usize>> {
        None
    }

    fn columns(&self) -> &[Column] {
        &[]
    }

    sqlx_core::impl_statement_query!(Arguments);
}
