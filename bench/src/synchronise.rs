//! A first run of the synchronisation, the same again, and one of what changed, on SQLite.

use std::collections::BTreeMap;
use std::time::Instant;

use latchkey_app::sync::{self, Reply};
use latchkey_app::writeback::Identity;
use latchkey_core::model::User;
use latchkey_store::{StoreError, accounts};
use latchkey_testkit::TestApp;
use latchkey_testkit::agent::Agent;
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_types::{Clock as _, SyncRunId, Upn, UserId};
use latchkey_wire::v1::{Class, Object, Page};

use crate::expiry::peak;
use crate::service::{Running, pinned};

const CORP: &str = "corp.example";
/// Objects of a page.
const PAGE: u32 = 500;

/// Runs each part as a process of its own on the service's processor.
pub(crate) fn run(users: u32) {
    for part in ["limit", "whole"] {
        let mut command = pinned(std::env::current_exe().unwrap());
        command.args(["synchronise-part", part, &users.to_string()]);
        let (_running, line) = Running::ready(command);
        for line in line.split("; ") {
            println!("{line}");
        }
    }
}

async fn site(url: &str) -> (TestApp, Organisation, Identity) {
    let test = TestApp::on(url, |_| {}).await;
    let organisation = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let agent = Agent::connect(&test, organisation.id(), CORP, 7).await;
    (test, organisation, agent.who)
}

/// One part: rates on one line.
pub(crate) async fn part(part: &str, users: u32) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("latchkey.db").display());
    let (test, organisation, who) = site(&url).await;
    let mut said = Vec::new();
    if part == "limit" {
        let began = Instant::now();
        for first in (0..users).step_by(PAGE as usize) {
            insert(&test, &organisation, first, users.min(first + PAGE)).await;
        }
        said.push(rate("accounts inserted only, the limit", users, began));
    } else {
        let numbers: Vec<u32> = (0..users).collect();
        for (what, whole) in [("first run", true), ("whole run, nothing changed", true)] {
            let began = Instant::now();
            send(&test, &who, &numbers, whole, "").await;
            said.push(rate(what, users, began));
        }
        let some: Vec<u32> = (0..users).step_by(users.div_ceil(1_000) as usize).collect();
        let began = Instant::now();
        send(&test, &who, &some, false, "+31687654321").await;
        said.push(rate("run of what changed", some.len() as u32, began));
        let began = Instant::now();
        send(&test, &who, &[], false, "").await;
        let time = began.elapsed().as_secs_f64() * 1_000.0;
        said.push(format!("run of nothing: {time:.1} ms"));
    }
    said.push(format!("most memory {:.1} MiB", peak()));
    println!("{}", said.join("; "));
}

fn rate(what: &str, count: u32, began: Instant) -> String {
    let time = began.elapsed().as_secs_f64();
    format!(
        "{what}: {count} in {time:.1} s, {:.0}/s",
        f64::from(count) / time
    )
}

async fn insert(test: &TestApp, organisation: &Organisation, first: u32, last: u32) {
    let now = test.clock.now();
    let people: Vec<User> = (first..last)
        .map(|number| {
            let id = UserId::new(test.app.clock(), test.app.entropy());
            let upn = Upn::parse(&format!("u{number}@contoso.com")).unwrap();
            User {
                mail: Some(format!("u{number}@contoso.com")),
                mobile_phone: Some("+31612345678".into()),
                ..User::new(id, organisation.id(), upn, now)
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

/// Sends a run of these users.
async fn send(test: &TestApp, who: &Identity, numbers: &[u32], whole: bool, phone: &str) {
    let run = SyncRunId::new(test.app.clock(), test.app.entropy());
    let pages = numbers.chunks(PAGE as usize).count().max(1);
    for number in 0..pages {
        let from = number * PAGE as usize;
        let to = numbers.len().min(from + PAGE as usize);
        let objects = numbers[from..to]
            .iter()
            .map(|n| object(*n, phone))
            .collect();
        let page = Page {
            run,
            page: number as u64,
            whole,
            last: number + 1 == pages,
            objects,
            problems: Vec::new(),
        };
        let reply = sync::page(&test.app, who, &page).await.unwrap();
        assert_eq!(reply, Reply::Kept { page: page.page });
    }
}

fn object(number: u32, phone: &str) -> Object {
    let phone = if phone.is_empty() {
        "+31612345678"
    } else {
        phone
    };
    let values = [
        ("upn", format!("u{number}@contoso.com")),
        ("display_name", format!("User {number}")),
        ("given_name", "User".to_owned()),
        ("family_name", number.to_string()),
        ("mail", format!("u{number}@contoso.com")),
        ("mobile_phone", phone.to_owned()),
        ("enabled", "true".to_owned()),
    ];
    Object {
        anchor: format!("{number:08x}-0000-4000-8000-000000000000"),
        class: Class::User,
        deleted: false,
        values: values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), vec![value]))
            .collect::<BTreeMap<_, _>>(),
        members: None,
    }
}
