//! Migrations: one sequence for both databases, compiled in.
//!
//! All that are missing are applied in one transaction, which both databases can undo as a whole.
//! On PostgreSQL an advisory lock, and on SQLite the writer's lock, let several processes start at
//! once: one migrates, the others find it done.

use sha2::{Digest, Sha256};

use crate::db::{Db, Tx, on};
use crate::{Engine, StoreError};

/// A step of the schema. Never edited once released: its checksum is in the databases it made.
struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($number:literal, $name:literal, both) => {
        migration!(
            $number,
            $name,
            concat!($name, ".sql"),
            concat!($name, ".sql")
        )
    };
    ($number:literal, $name:literal, pair) => {
        migration!(
            $number,
            $name,
            concat!($name, ".sqlite.sql"),
            concat!($name, ".postgres.sql")
        )
    };
    ($number:literal, $name:literal, $sqlite:expr, $postgres:expr) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../migrations/", $sqlite)),
            postgres: include_str!(concat!("../migrations/", $postgres)),
        }
    };
}

const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001_foundation", both),
    migration!(2, "0002_keys_by_byte", pair),
    migration!(3, "0003_audit_base", both),
    migration!(4, "0004_sign_in", both),
    migration!(5, "0005_challenge_state", both),
    migration!(6, "0006_removed_destination", both),
    migration!(7, "0007_agents", both),
    migration!(8, "0008_sync", both),
];

/// Any number that nobody else on the same server uses: "latchkey" in ASCII.
const LOCK: i64 = 0x6c61_7463_686b_6579;

impl Db {
    /// Brings the schema up to date. Safe to call from several processes at once. Refuses a database
    /// that a newer version has migrated.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let engine = self.engine();
        self.write(async |mut tx| {
            let tx = &mut tx;
            lock(tx).await?;
            let applied = applied(tx).await?;
            check(engine, &applied)?;
            for migration in MIGRATIONS.iter().skip(applied.len()) {
                tracing::info!(migration = migration.name, "migrating the database");
                apply(tx, engine, migration).await?;
            }
            Ok(())
        })
        .await
    }
}

impl Migration {
    fn sql(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }

    fn checksum(&self, engine: Engine) -> Vec<u8> {
        Sha256::digest(self.sql(engine)).to_vec()
    }
}

async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    if tx.engine() == Engine::Postgres {
        on!(tx, |c| sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(c)
            .await
            .map(drop))?;
    }
    on!(tx, |c| sqlx::query(
        "CREATE TABLE IF NOT EXISTS migration (
            number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum BYTEA NOT NULL)"
    )
    .execute(c)
    .await
    .map(drop))
}

async fn applied(tx: &mut Tx) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    on!(tx, |c| sqlx::query_as(
        "SELECT number, checksum FROM migration ORDER BY number"
    )
    .fetch_all(c)
    .await)
}

/// Whether what was applied is the beginning of what we have.
fn check(engine: Engine, applied: &[(i64, Vec<u8>)]) -> Result<(), StoreError> {
    if applied.len() > MIGRATIONS.len() {
        return Err(StoreError::Migration(
            "the database was made by a newer version of Latchkey; run that one".into(),
        ));
    }
    for ((number, checksum), migration) in applied.iter().zip(MIGRATIONS) {
        if *number != migration.number || *checksum != migration.checksum(engine) {
            return Err(StoreError::Migration(format!(
                "migration {number} of the database is not {} of this version",
                migration.name
            )));
        }
    }
    Ok(())
}

async fn apply(tx: &mut Tx, engine: Engine, migration: &Migration) -> Result<(), StoreError> {
    on!(tx, |c| sqlx::raw_sql(migration.sql(engine))
        .execute(c)
        .await
        .map(drop))?;
    on!(tx, |c| sqlx::query(
        "INSERT INTO migration (number, name, checksum) VALUES ($1, $2, $3)"
    )
    .bind(migration.number)
    .bind(migration.name)
    .bind(migration.checksum(engine))
    .execute(c)
    .await
    .map(drop))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_is_compiled_in_under_its_number_in_order() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.split('.').next().unwrap().to_owned())
            .collect();
        let ours: Vec<&str> = MIGRATIONS.iter().map(|migration| migration.name).collect();
        assert_eq!(ours, files.iter().map(String::as_str).collect::<Vec<_>>());
        for (index, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.number, i64::try_from(index).unwrap() + 1);
            assert!(
                migration
                    .name
                    .starts_with(&format!("{:04}_", migration.number))
            );
        }
    }
}
