//! The database. The only crate that knows SQL.
//!
//! One body of SQL for SQLite and PostgreSQL; repositories are modules of functions that take a
//! transaction and, first of all, the tenant. Only these look beyond one tenant, and by design:
//! [`domains::find`] and [`names::resolve`] (a stranger's user ID tells the tenant),
//! [`accounts::holder`] (a name is unique in the deployment),
//! [`sessions::get_by_cookie`], [`sessions::claim_by_cookie`] and their likes for signing in,
//! [`links::get_by_tag`] and [`links::consume`] (the secret is the address),
//! [`methods::find_passkey`] (a device tells whose it is), [`agents::find`] and
//! [`agents::consume_token`] (an agent proves whose it is), and the jobs ([`sessions::list_expired`],
//! [`outbox::claim`], [`sync_objects::list_gone`], the `purge` functions).
//!
//! State never moves by reading and then writing: an `UPDATE` says what it expects, and the number
//! of rows it changed is the answer. A `bool` is therefore "this caller did it".

pub mod accounts;
pub mod agents;
pub mod audit;
pub mod challenges;
mod column;
pub mod counts;
mod db;
pub mod domains;
mod error;
pub mod federation;
pub mod groups;
pub mod history;
pub mod links;
pub mod lockout;
pub mod methods;
mod migrate;
pub mod names;
pub mod networks;
pub mod operations;
pub mod outbox;
pub mod pending;
pub mod rate;
pub mod registration;
pub mod service;
pub mod sessions;
pub mod sign_in_flows;
pub mod sign_in_sessions;
pub mod spent_work;
mod sqlite;
pub mod sync_objects;
pub mod sync_problems;
pub mod sync_runs;
pub mod tenants;
pub mod throttle;

pub use db::{Db, Engine, Options, Tx};
pub use error::{Cause, Retry, StoreError};

/// What every repository function gives.
pub type Result<T> = std::result::Result<T, StoreError>;
