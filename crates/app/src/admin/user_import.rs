//! Users from a CSV file.
//!
//! The first line names the columns: `user_principal_name`, any other of [`Field`], and any of
//! [`Private`]. Each row is accepted or refused with its reason; a dry run does everything and keeps
//! nothing, so that its answers are those of the real run.

use std::collections::HashSet;
use std::io::Read;

use latchkey_core::model::{Tenant, User};
use latchkey_store::{StoreError, Tx, tenants};
use latchkey_types::{TenantId, Upn};

use super::find;
use super::methods::{Private, set_private_in};
use super::user::{Field, assign, blank, create_in};
use crate::{App, AppError, Ctx};

/// The most rows of one file.
pub const MAX_ROWS: u64 = 100_000;

/// How many rows are one transaction.
const BATCH: usize = 200;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowOutcome {
    /// Its line in the file; the header is line 1.
    pub line: u64,
    /// The name in it, as far as it could be read.
    pub name: String,
    /// Why it was refused; `None`: accepted.
    pub refused: Option<String>,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Rows that were accepted.
    pub accepted: u64,
    /// Rows that were refused.
    pub refused: u64,
}

/// Imports users, or with `dry_run` only says what would happen. Rows that are accepted stay,
/// whatever becomes of others. `each` is told of every row in the order of the file.
pub async fn import(
    app: &App,
    ctx: &Ctx,
    tenant: &str,
    file: impl Read,
    dry_run: bool,
    mut each: impl FnMut(&RowOutcome),
) -> Result<Imported, AppError> {
    let tenant = find::tenant(app, tenant).await?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(file);
    let columns = columns(reader.headers().map_err(|error| unreadable(&error))?)?;
    let mut rows = reader.records();
    let mut seen = HashSet::new();
    let mut summary = Imported::default();
    let mut count = 0;
    loop {
        let mut batch = Vec::new();
        for record in rows.by_ref() {
            count += 1;
            if count > MAX_ROWS {
                return Err(AppError::Invalid(format!(
                    "the file has more than {MAX_ROWS} rows: those after the first {MAX_ROWS} were \
                     not read; put them into a second file"
                )));
            }
            batch.push(read_row(count + 1, &columns, record, &mut seen));
            if batch.len() == BATCH {
                break;
            }
        }
        if batch.is_empty() {
            return Ok(summary);
        }
        for outcome in write(app, ctx, tenant.id, &batch, dry_run).await? {
            if outcome.refused.is_none() {
                summary.accepted += 1;
            } else {
                summary.refused += 1;
            }
            each(&outcome);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Field(Field),
    Private(Private),
}

/// The columns of a header. Every one that is wrong is named.
fn columns(header: &csv::StringRecord) -> Result<Vec<Column>, AppError> {
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for name in header {
        let column = Field::parse(name)
            .map(Column::Field)
            .or_else(|| Private::parse(name).map(Column::Private));
        match column {
            Some(column) if found.contains(&column) => {
                wrong.push(format!("the column {name:?} is there twice"));
            }
            Some(column) => found.push(column),
            None => wrong.push(format!("there is no column {name:?}")),
        }
    }
    if !found.contains(&Column::Field(Field::UserPrincipalName)) {
        wrong.push("the column user_principal_name is missing".into());
    }
    if wrong.is_empty() {
        return Ok(found);
    }
    let known: Vec<&str> = Field::ALL
        .iter()
        .map(|field| field.name())
        .chain(Private::ALL.map(Private::name))
        .collect();
    Err(AppError::Invalid(format!(
        "{}; columns are {}",
        wrong.join("; "),
        known.join(", ")
    )))
}

fn unreadable(error: &csv::Error) -> AppError {
    AppError::Invalid(format!("the file cannot be read as CSV in UTF-8: {error}"))
}

/// A row that was understood, or why not.
struct Row {
    line: u64,
    name: String,
    content: Result<Content, String>,
}

struct Content {
    upn: Upn,
    fields: Vec<(Field, String)>,
    private: Vec<(Private, String)>,
}

fn read_row(
    line: u64,
    columns: &[Column],
    record: Result<csv::StringRecord, csv::Error>,
    seen: &mut HashSet<String>,
) -> Row {
    let record = match record {
        Ok(record) => record,
        Err(error) => {
            let line = error.position().map_or(line, csv::Position::line);
            let reason = match error.kind() {
                csv::ErrorKind::UnequalLengths {
                    expected_len, len, ..
                } => {
                    format!("{len} columns where the header has {expected_len}")
                }
                csv::ErrorKind::Utf8 { .. } => "not in UTF-8".into(),
                _ => "it cannot be read".into(),
            };
            return Row {
                line,
                name: String::new(),
                content: Err(reason),
            };
        }
    };
    let line = record.position().map_or(line, csv::Position::line);
    let mut name = String::new();
    let (mut fields, mut private) = (Vec::new(), Vec::new());
    for (column, text) in columns.iter().zip(&record) {
        match column {
            Column::Field(Field::UserPrincipalName) => name = text.chars().take(120).collect(),
            // An empty cell says nothing.
            _ if text.is_empty() => {}
            Column::Field(field) => fields.push((*field, text.to_owned())),
            Column::Private(which) => private.push((*which, text.to_owned())),
        }
    }
    let content = Upn::parse(&name)
        .map_err(|error| error.to_string())
        .and_then(|upn| {
            if seen.insert(upn.key()) {
                Ok(Content {
                    upn,
                    fields,
                    private,
                })
            } else {
                Err(format!("{upn} is in the file twice"))
            }
        });
    Row {
        line,
        name,
        content,
    }
}

/// Why a transaction does not stay.
enum Undo {
    DryRun(Vec<RowOutcome>),
    Failed(AppError),
}

impl From<StoreError> for Undo {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<AppError> for Undo {
    fn from(error: AppError) -> Self {
        Self::Failed(error)
    }
}

async fn write(
    app: &App,
    ctx: &Ctx,
    tenant: TenantId,
    batch: &[Row],
    dry_run: bool,
) -> Result<Vec<RowOutcome>, AppError> {
    let done = app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let (tenant, wrapped) = tenants::get_with_key(tx, tenant)
                .await?
                .ok_or(AppError::NotFound)?;
            let key = app.keys().data_key(tenant.id, &wrapped)?;
            let mut outcomes = Vec::new();
            for row in batch {
                let refused = match &row.content {
                    Err(reason) => Some(reason.clone()),
                    Ok(content) => write_row(tx, app, ctx, &tenant, &key, content).await?.err(),
                };
                outcomes.push(RowOutcome {
                    line: row.line,
                    name: row.name.clone(),
                    refused,
                });
            }
            if dry_run {
                Err(Undo::DryRun(outcomes))
            } else {
                Ok(outcomes)
            }
        })
        .await;
    match done {
        Ok(outcomes) | Err(Undo::DryRun(outcomes)) => Ok(outcomes),
        Err(Undo::Failed(error)) => Err(error),
    }
}

/// The inner result is the reason for refusing the row; then nothing of it was written.
async fn write_row(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: &Tenant,
    key: &latchkey_crypto::seal::DataKey,
    content: &Content,
) -> Result<Result<(), String>, AppError> {
    let mut user: User = blank(app, tenant.id, content.upn.clone());
    let mut wrong = assign(&mut user, &content.fields).err().unwrap_or_default();
    // Looked at before anything is written: a row is written whole or not at all.
    wrong.extend(
        content
            .private
            .iter()
            .filter_map(|(which, text)| which.read(text).err()),
    );
    if !wrong.is_empty() {
        return Ok(Err(wrong.join("; ")));
    }
    match create_in(tx, app, ctx, tenant, &user).await {
        Ok(()) => {}
        Err(AppError::Invalid(reason) | AppError::Conflict(reason)) => return Ok(Err(reason)),
        Err(error) => return Err(error),
    }
    set_private_in(tx, app, ctx, tenant, key, &user, &content.private).await?;
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(line: &str) -> Result<Vec<Column>, String> {
        let names: csv::StringRecord = line.split(',').collect();
        columns(&names).map_err(|error| error.to_string())
    }

    fn rows(file: &str) -> Vec<(u64, String, Option<String>)> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(file.as_bytes());
        let columns = columns(reader.headers().unwrap()).unwrap();
        let mut seen = HashSet::new();
        (2..)
            .zip(reader.records())
            .map(|(line, record)| {
                let row = read_row(line, &columns, record, &mut seen);
                (row.line, row.name, row.content.err())
            })
            .collect()
    }

    #[test]
    fn a_header_is_needed_and_unknown_columns_are_refused() {
        assert!(header("user_principal_name,mail,authentication_phone").is_ok());
        let wrong = header("name,mail,mail").unwrap_err();
        for part in [
            "\"name\"",
            "\"mail\" is there twice",
            "user_principal_name is missing",
        ] {
            assert!(wrong.contains(part), "{part} in {wrong}");
        }
    }

    #[test]
    fn every_row_is_accepted_or_refused_with_its_line() {
        let file = "user_principal_name,given_name\n\
                    ada@contoso.com,Ada\n\
                    nobody,x\n\
                    \"bo@contoso.com\",\"a, \n b\"\n\
                    ADA@contoso.com,again\n\
                    one\n\
                    cy@contoso.com,\n";
        let found = rows(file);
        let lines: Vec<(u64, bool)> = found
            .iter()
            .map(|(line, _, refused)| (*line, refused.is_some()))
            .collect();
        assert_eq!(
            lines,
            [
                (2, false),
                (3, true),
                (4, false),
                (6, true),
                (7, true),
                (8, false)
            ]
        );
        assert!(found[3].2.as_ref().unwrap().contains("twice"));
        assert!(
            found[4]
                .2
                .as_ref()
                .unwrap()
                .contains("1 columns where the header has 2")
        );
    }

    #[test]
    fn a_byte_order_mark_does_not_hide_the_first_column() {
        assert_eq!(
            rows("\u{feff}user_principal_name\nada@contoso.com\n").len(),
            1
        );
    }
}
