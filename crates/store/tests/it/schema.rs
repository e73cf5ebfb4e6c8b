//! Migrations, and that both databases have the same schema.

use std::collections::{BTreeMap, BTreeSet};

use crate::pg;
use latchkey_store::{Db, StoreError, service};
use sqlx::Connection as _;

use crate::support::{Fresh, at_once, on_both, options, read, write};

on_both! {
    migrating_again_changes_nothing
    many_processes_migrate_at_once
    a_database_from_the_future_is_refused
    a_database_with_other_migrations_is_refused
}

async fn migrating_again_changes_nothing(Fresh { db, .. }: Fresh) {
    write!(db, |tx| service::set(tx, "a", "1").await);
    db.migrate().await.unwrap();
    assert_eq!(
        read!(db, |tx| service::get(tx, "a").await).as_deref(),
        Some("1")
    );
}

async fn many_processes_migrate_at_once(Fresh { url, .. }: Fresh) {
    // Another empty database beside the first.
    let database = if url.starts_with("postgres") {
        pg::database().unwrap()
    } else {
        None
    };
    let url = database
        .as_ref()
        .map_or(format!("{url}.other"), |database| database.url.clone());
    let results = at_once(8, |_| {
        let url = url.clone();
        async move {
            let db = Db::open(&url, &options()).await.unwrap();
            let result = db.migrate().await;
            db.close().await;
            result
        }
    })
    .await;
    for result in results {
        result.unwrap();
    }
}

/// Runs SQL past the store.
async fn tamper(url: &str, sql: &'static str) {
    if let Some(path) = url.strip_prefix("sqlite:") {
        let c = rusqlite::Connection::open(path).unwrap();
        c.execute_batch(sql).unwrap();
    } else {
        let mut c = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut c).await.unwrap();
    }
}

async fn a_database_from_the_future_is_refused(Fresh { db, url, .. }: Fresh) {
    tamper(
        &url,
        "INSERT INTO migration (number, name, checksum) VALUES (9999, 'x', '')",
    )
    .await;
    let error = db.migrate().await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Migration(text) if text.contains("newer")),
        "{error}"
    );
}

async fn a_database_with_other_migrations_is_refused(Fresh { db, url, .. }: Fresh) {
    tamper(&url, "UPDATE migration SET checksum = '' WHERE number = 1").await;
    let error = db.migrate().await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Migration(text) if text.contains("0001")),
        "{error}"
    );
}

/// Table and column, with type and whether it may be empty.
type Columns = BTreeMap<(String, String), (&'static str, bool)>;

/// Table, unique or not, partial or not, and the columns in their order.
type Indexes = BTreeSet<(String, bool, bool, Vec<String>)>;

/// What a type is called in the common dialect.
fn common(name: &str) -> &'static str {
    match name.to_ascii_lowercase().as_str() {
        "text" => "text",
        "bigint" => "bigint",
        "uuid" => "uuid",
        "bytea" => "bytea",
        "boolean" => "boolean",
        other => panic!("{other} is not a type of the common dialect"),
    }
}

fn sqlite_schema(url: &str) -> (Columns, Indexes) {
    let path = url.strip_prefix("sqlite:").unwrap();
    let c = rusqlite::Connection::open(path).unwrap();
    let mut columns = Columns::new();
    let mut rows = c
        .prepare(
            "SELECT m.name, i.name, i.type, i.\"notnull\" FROM sqlite_schema m
             JOIN pragma_table_xinfo(m.name) i
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
        )
        .unwrap();
    let mut rows = rows.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let kind: String = row.get(2).unwrap();
        let nullable = !row.get::<_, bool>(3).unwrap();
        let at = (row.get(0).unwrap(), row.get(1).unwrap());
        columns.insert(at, (common(&kind), nullable));
    }
    let mut found = Indexes::new();
    let mut rows = c
        .prepare(
            "SELECT m.name, l.name, l.\"unique\", l.partial FROM sqlite_schema m
             JOIN pragma_index_list(m.name) l
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
        )
        .unwrap();
    let mut rows = rows.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let index: String = row.get(1).unwrap();
        let columns = c
            .prepare("SELECT name FROM pragma_index_info($1) ORDER BY seqno")
            .unwrap()
            .query_map([index], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let [unique, partial] = [2, 3].map(|at| row.get(at).unwrap());
        found.insert((row.get(0).unwrap(), unique, partial, columns));
    }
    (columns, found)
}

async fn postgres_schema(url: &str) -> (Columns, Indexes) {
    let mut c = sqlx::PgConnection::connect(url).await.unwrap();
    let columns: Vec<(String, String, String, bool)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES'
         FROM information_schema.columns WHERE table_schema = 'public'",
    )
    .fetch_all(&mut c)
    .await
    .unwrap();
    let indexes: Vec<(String, bool, bool, Vec<String>)> = sqlx::query_as(
        "SELECT t.relname::text, i.indisunique, i.indpred IS NOT NULL,
             ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY k (n, o)
                 JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.n ORDER BY k.o)
         FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
         JOIN pg_namespace s ON s.oid = t.relnamespace WHERE s.nspname = 'public'",
    )
    .fetch_all(&mut c)
    .await
    .unwrap();
    let columns = columns
        .into_iter()
        .map(|(table, column, kind, nullable)| ((table, column), (common(&kind), nullable)))
        .collect();
    (columns, indexes.into_iter().collect())
}

#[test]
fn both_databases_have_the_same_tables_columns_and_indexes() {
    crate::support::postgres(|fresh| async move {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("latchkey.db").display());
        let db = Db::open(&url, &options()).await.unwrap();
        db.migrate().await.unwrap();
        let sqlite = sqlite_schema(&url);
        let postgres = postgres_schema(&fresh.url).await;
        assert!(sqlite.0.len() > 100, "nothing was compared");
        assert_eq!(sqlite.0, postgres.0);
        assert_eq!(sqlite.1, postgres.1);
        db.close().await;
        // The whole of it, not its address alone: the database goes with it.
        drop(fresh);
    });
}
