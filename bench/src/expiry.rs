//! The job that tells people of their passwords' expiry, over very many of them, on SQLite.

use std::time::{Duration, Instant};

use latchkey_app::expiry;
use latchkey_core::model::User;
use latchkey_core::sign_in::set_before;
use latchkey_store::registration::{self, Expiring};
use latchkey_store::{StoreError, accounts, tenants};
use latchkey_testkit::TestApp;
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_types::{Clock as _, Upn, UserId};

use crate::service::{Running, pinned};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Users that one transaction inserts.
const MANY: u32 = 5_000;
/// As the job reads them.
const BATCH: i64 = 100;

/// Makes the users, whose passwords all expire in 14 days; lets them be marked alone, which is the
/// limit, and a week later be told.
pub(crate) async fn run(users: u32) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("latchkey.db").display());
    let began = Instant::now();
    let test = TestApp::on(&url, |_| {}).await;
    let mut settings = open_settings(1);
    settings.password.expires_after_days = Some(90);
    let organisation = Organisation::create(&test, "contoso.com", settings).await;
    let set_at = test.clock.now();
    for first in (0..users).step_by(MANY as usize) {
        let last = users.min(first + MANY);
        let people: Vec<User> = (first..last)
            .map(|number| {
                let id = UserId::new(test.app.clock(), test.app.entropy());
                let upn = Upn::parse(&format!("u{number}@contoso.com")).unwrap();
                User {
                    other_mails: vec![format!("u{number}@home.example")],
                    password_set_at: Some(set_at),
                    ..User::new(id, organisation.id(), upn, set_at)
                }
            })
            .collect();
        let added = test.app.db().write(async |mut tx| {
            for user in &people {
                accounts::insert(&mut tx, user, None).await?;
            }
            Ok::<_, StoreError>(())
        });
        added.await.unwrap();
    }
    println!(
        "{users} users made in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    drop(test);
    // As processes of their own, so that their memory is theirs.
    for (what, job, days) in [
        ("marked only, the limit", "mark", 76),
        ("told, with mail and event", "tell", 83),
        ("the same again: nobody left", "tell", 83),
    ] {
        let mut command = pinned(std::env::current_exe().unwrap());
        command.args([job, &url, &days.to_string()]);
        let (_running, line) = Running::ready(command);
        println!("{what}: {line}");
    }
}

/// The database at so many days after the passwords were set.
async fn open(url: &str, days: u32) -> TestApp {
    let test = TestApp::on(url, |_| {}).await;
    test.clock.advance(latchkey_core::model::TRIAL + DAY * days);
    test
}

/// Tells whoever has to be told; prints how it went.
pub(crate) async fn tell(url: &str, days: u32) {
    let test = open(url, days).await;
    let began = Instant::now();
    let told = expiry::tell(&test.app).await.unwrap();
    report(told, began);
}

/// Reads the same people and marks them as told, and does nothing else.
pub(crate) async fn mark(url: &str, days: u32) {
    let test = open(url, days).await;
    let now = test.app.clock().now();
    let db = test.app.db();
    let tenants = db.read(async |mut tx| tenants::list(&mut tx, None, 10).await);
    let tenant = tenants.await.unwrap().pop().unwrap();
    let policy = &tenant.settings.password;
    let to = set_before(policy, 14, now).unwrap();
    let from = set_before(policy, 7, now).unwrap();
    let began = Instant::now();
    let (mut marked, mut after) = (0, None);
    loop {
        let found = db.write(async |mut tx| {
            let tx = &mut tx;
            let found = registration::expiring(tx, tenant.id, (from, to), 14, after, BATCH).await?;
            for Expiring { user, set_at, .. } in &found {
                registration::tell_expiry(tx, tenant.id, *user, *set_at, 14).await?;
            }
            Ok::<_, StoreError>(found)
        });
        let found = found.await.unwrap();
        let Some(last) = found.last() else { break };
        after = Some((last.set_at, last.user));
        marked += found.len() as u64;
    }
    report(marked, began);
}

fn report(count: u64, began: Instant) {
    let time = began.elapsed().as_secs_f64();
    println!(
        "{count} users in {time:.1} s, {:.0}/s; most memory {:.1} MiB",
        count as f64 / time,
        peak()
    );
}

/// The most memory that this process ever had, in MiB.
pub(crate) fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib / 1024.0
}
