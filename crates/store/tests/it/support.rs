//! A fresh, migrated database per test, and things to put into it.

use std::time::Duration;

use crate::pg;
use latchkey_core::model::User;
use latchkey_core::settings::Settings;
use latchkey_store::{
    Db, Options, Result, Tx, accounts, audit, sign_in_flows, sign_in_sessions, tenants,
};
use latchkey_types::{
    CountryCode, Locale, SessionId, SignInFlowId, SignInSessionId, TenantId, Timestamp, Upn, UserId,
};
use uuid::Uuid;

/// Some moment; tests count from here.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// So many seconds after [`NOW`].
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000_000)
}

/// A fresh database.
pub(crate) struct Fresh {
    pub(crate) db: Db,
    pub(crate) url: String,
    _folder: tempfile::TempDir,
    _database: Option<pg::Database>,
}

/// Many connections, so that races are races.
pub(crate) fn options() -> Options {
    Options {
        connections: 8,
        wait: Duration::from_mins(1),
        ..Options::default()
    }
}

/// Runs a test on SQLite.
pub(crate) fn sqlite<F: Future<Output = ()>>(test: impl FnOnce(Fresh) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("latchkey.db").display());
    run(url, folder, None, test);
}

/// Runs a test on PostgreSQL, if there is one.
pub(crate) fn postgres<F: Future<Output = ()>>(test: impl FnOnce(Fresh) -> F) {
    if let Some(database) = pg::database().unwrap() {
        run(
            database.url.clone(),
            tempfile::tempdir().unwrap(),
            Some(database),
            test,
        );
    }
}

fn run<F: Future<Output = ()>>(
    url: String,
    folder: tempfile::TempDir,
    database: Option<pg::Database>,
    test: impl FnOnce(Fresh) -> F,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let db = Db::open(&url, &options()).await.unwrap();
        db.migrate().await.unwrap();
        let closing = db.clone();
        test(Fresh {
            db,
            url,
            _folder: folder,
            _database: database,
        })
        .await;
        closing.close().await;
    });
}

/// Makes two tests of each: one per database.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[test] fn $name() { crate::support::sqlite(super::$name) })*
        }
        mod postgres {
            $(#[test] fn $name() { crate::support::postgres(super::$name) })*
        }
    };
}
pub(crate) use on_both;

/// Runs an `async |tx| …` in a writing transaction and unwraps.
macro_rules! write {
    ($db:expr, |$tx:ident| $body:expr) => {
        $db.write(async |mut transaction: latchkey_store::Tx| {
            let $tx = &mut transaction;
            $body
        })
        .await
        .unwrap()
    };
}
pub(crate) use write;

/// The same for a reading transaction.
macro_rules! read {
    ($db:expr, |$tx:ident| $body:expr) => {
        $db.read(async |mut transaction: latchkey_store::Tx| {
            let $tx = &mut transaction;
            $body
        })
        .await
        .unwrap()
    };
}
pub(crate) use read;

/// An id that ends in a number.
pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_d4a8_0000_7000_8000_0000_0000_0000 + number)
}

pub(crate) const CONTOSO: TenantId =
    TenantId(Uuid::from_u128(0x0190_d4a8_0000_7000_8000_aaaa_0000_0001));
pub(crate) const FABRIKAM: TenantId =
    TenantId(Uuid::from_u128(0x0190_d4a8_0000_7000_8000_aaaa_0000_0002));

pub(crate) async fn tenant(tx: &mut Tx, id: TenantId, name: &str) -> Result<()> {
    let new = tenants::NewTenant {
        id,
        name,
        country: CountryCode::parse("NL").unwrap(),
        locale: Locale::Nl,
        settings: &Settings::default(),
        data_key: b"wrapped key",
        created_at: NOW,
    };
    tenants::insert(tx, &new).await?;
    audit::insert_head(tx, id, &[7; 32]).await
}

/// Two tenants.
pub(crate) async fn tenants(db: &Db) {
    write!(db, |tx| {
        tenant(tx, CONTOSO, "Contoso").await?;
        tenant(tx, FABRIKAM, "Fabrikam").await
    });
}

/// A user of Contoso, with the number in the id and the name.
pub(crate) fn user(number: u128, name: &str) -> User {
    let upn = Upn::parse(&format!("{name}@contoso.com")).unwrap();
    User {
        display_name: format!("{name} of Contoso"),
        given_name: name.into(),
        family_name: "of Contoso".into(),
        password_set_at: Some(NOW),
        ..User::new(UserId(id(number)), CONTOSO, upn, NOW)
    }
}

pub(crate) const ADA: UserId = UserId(Uuid::from_u128(0x0190_d4a8_0000_7000_8000_0000_0000_0001));

/// Two tenants, and Ada in Contoso with a password.
pub(crate) async fn ada(db: &Db) {
    tenants(db).await;
    write!(db, |tx| accounts::insert(
        tx,
        &user(1, "Ada"),
        Some("hash 1")
    )
    .await);
}

pub(crate) const SESSION: SessionId =
    SessionId(Uuid::from_u128(0x0190_d4a8_0000_7000_8000_5555_0000_0001));

/// A session of Ada's, of version 1, with the cookie `cookie`.
pub(crate) async fn session(db: &Db) {
    let new = latchkey_store::sessions::NewSession {
        id: SESSION,
        subject: ADA,
        cookie_tag: b"cookie",
        state: "{}",
        name: b"sealed name",
        locale: Locale::Sv,
        client_address: "192.0.2.1",
        client_class: "browser",
        request: latchkey_types::RequestId(id(77)),
        detail: None,
        created_at: NOW,
        expires_at: at(6300),
    };
    write!(db, |tx| latchkey_store::sessions::insert(tx, CONTOSO, &new)
        .await);
}

pub(crate) const FLOW: SignInFlowId =
    SignInFlowId(Uuid::from_u128(0x0190_d4a8_0000_7000_8000_6666_0000_0001));

/// Ada's way to a session, of version 1, with the cookie `flow`, for 15 minutes.
pub(crate) async fn flow(db: &Db) {
    let new = sign_in_flows::NewFlow {
        id: FLOW,
        subject: ADA,
        cookie_tag: b"flow",
        state: "{}",
        name: b"sealed name",
        secret: Some(b"sealed secret"),
        created_at: NOW,
        expires_at: at(900),
    };
    write!(db, |tx| sign_in_flows::insert(tx, CONTOSO, &new).await);
}

pub(crate) const SIGNED_IN: SignInSessionId =
    SignInSessionId(Uuid::from_u128(0x0190_d4a8_0000_7000_8000_7777_0000_0001));

/// Ada in one browser, since [`NOW`], for 12 hours.
pub(crate) fn new_sign_in(
    id: SignInSessionId,
    cookie_tag: &[u8],
) -> sign_in_sessions::NewSession<'_> {
    sign_in_sessions::NewSession {
        id,
        user: ADA,
        cookie_tag,
        factors: &["password"],
        is_twice: false,
        created_at: NOW,
        expires_at: at(12 * 3600),
        client_address: "192.0.2.1",
        client_class: "Firefox on Linux",
    }
}

/// Ada, signed in with the cookie `signed in`.
pub(crate) async fn signed_in(db: &Db) {
    let new = new_sign_in(SIGNED_IN, b"signed in");
    write!(db, |tx| sign_in_sessions::insert(tx, CONTOSO, &new).await);
}

/// Runs `many` copies at once and gives their results.
pub(crate) async fn at_once<T, F>(many: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..many).map(|number| tokio::spawn(task(number))).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}
