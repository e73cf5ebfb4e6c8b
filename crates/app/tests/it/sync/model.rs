//! Whatever happens between any two pages, in the end the service has what the directory has.
//!
//! A directory changes at random; an agent sends it in runs, whole or of what was touched since the
//! last run that ended well. Runs are cut off, pages come twice, from two processes.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_app::sync::{self, Reply};
use latchkey_app::{App, admin};
use latchkey_testkit::TestApp;
use latchkey_wire::v1::{Class, Object};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Site, by_id, group, object, page, user};

/// Objects that may be there: fewer than ten, so that any of them may go.
const USERS: u8 = 5;
const GROUPS: u8 = 3;

#[derive(Debug, Clone)]
enum Change {
    User { which: u8, name: u8, enabled: bool },
    NoUser(u8),
    Group { which: u8, members: u8 },
    NoGroup(u8),
}

/// What happens to a page.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Once,
    Twice,
    /// By both processes at once.
    Both,
    /// The agent dies after it was kept.
    Cut,
}

#[derive(Debug, Clone)]
struct Round {
    changes: Vec<Change>,
    whole: bool,
    size: usize,
    fates: Vec<Fate>,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (0..USERS, 0..3_u8, any::<bool>())
            .prop_map(|(which, name, enabled)| Change::User { which, name, enabled }),
        1 => (0..USERS).prop_map(Change::NoUser),
        3 => (0..GROUPS, any::<u8>()).prop_map(|(which, members)| Change::Group { which, members }),
        1 => (0..GROUPS).prop_map(Change::NoGroup),
    ]
}

fn round() -> impl Strategy<Value = Round> {
    let fate = prop_oneof![
        3 => Just(Fate::Once),
        2 => Just(Fate::Twice),
        1 => Just(Fate::Both),
        2 => Just(Fate::Cut),
    ];
    (
        prop::collection::vec(change(), 0..6),
        any::<bool>(),
        1..4_usize,
        prop::collection::vec(fate, 8),
    )
        .prop_map(|(changes, whole, size, fates)| Round {
            changes,
            whole,
            size,
            fates,
        })
}

/// The directory.
#[derive(Default)]
struct Model {
    users: BTreeMap<String, (u8, bool)>,
    groups: BTreeMap<String, BTreeSet<String>>,
    touched: BTreeSet<String>,
    ever: BTreeSet<String>,
}

impl Model {
    fn change(&mut self, change: &Change) {
        match change {
            Change::User {
                which,
                name,
                enabled,
            } => {
                let anchor = format!("a{which}");
                self.touch(&anchor);
                self.users.insert(anchor, (*name, *enabled));
            }
            Change::NoUser(which) => {
                let anchor = format!("a{which}");
                self.touch(&anchor);
                self.users.remove(&anchor);
                self.leave(&anchor);
            }
            Change::Group { which, members } => {
                let anchor = format!("g{which}");
                self.touch(&anchor);
                // Groups may contain each other, and members that are not there.
                let all: Vec<String> = (0..USERS)
                    .map(|n| format!("a{n}"))
                    .chain((0..GROUPS).map(|n| format!("g{n}")))
                    .collect();
                let members = all
                    .into_iter()
                    .enumerate()
                    .filter(|(bit, member)| members >> bit & 1 == 1 && *member != anchor)
                    .map(|(_, member)| member)
                    .collect();
                self.groups.insert(anchor, members);
            }
            Change::NoGroup(which) => {
                let anchor = format!("g{which}");
                self.touch(&anchor);
                self.groups.remove(&anchor);
                self.leave(&anchor);
            }
        }
    }

    fn touch(&mut self, anchor: &str) {
        self.touched.insert(anchor.to_owned());
        self.ever.insert(anchor.to_owned());
    }

    /// As a directory does it: links to what is gone are gone.
    fn leave(&mut self, anchor: &str) {
        for (group, members) in &mut self.groups {
            if members.remove(anchor) {
                self.touched.insert(group.clone());
            }
        }
    }

    fn object(&self, anchor: &str) -> Object {
        if let Some((name, enabled)) = self.users.get(anchor) {
            let upn = format!("{anchor}.{name}@contoso.com");
            return user(anchor, &upn, &[("enabled", &enabled.to_string())]);
        }
        if let Some(members) = self.groups.get(anchor) {
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            return group(anchor, &format!("Group {anchor}"), &members);
        }
        let class = if anchor.starts_with('a') {
            Class::User
        } else {
            Class::Group
        };
        Object {
            deleted: true,
            ..object(anchor, class, &[])
        }
    }

    fn objects(&self, whole: bool) -> Vec<Object> {
        let there = self.users.keys().chain(self.groups.keys());
        let anchors: BTreeSet<&String> = if whole {
            there.collect()
        } else {
            self.touched.iter().collect()
        };
        anchors
            .into_iter()
            .map(|anchor| self.object(anchor))
            .collect()
    }
}

/// Sends a run; whether it came to its end.
async fn send(site: &Site, another: &App, model: &Model, round: &Round) -> bool {
    let objects = model.objects(round.whole);
    let mut pages: Vec<Vec<Object>> = objects.chunks(round.size).map(<[_]>::to_vec).collect();
    if pages.is_empty() {
        pages.push(Vec::new());
    }
    let (run, count) = (site.run(), pages.len());
    let fates = round.fates.iter().cycle();
    for (number, (objects, fate)) in pages.into_iter().zip(fates).enumerate() {
        let number = number as u64;
        let is_last = number + 1 == count as u64;
        let one = page(run, number, round.whole, is_last, objects);
        let kept = Reply::Kept { page: number };
        let who = &site.agent.who;
        match fate {
            Fate::Once | Fate::Cut => assert_eq!(site.send(&one).await, kept),
            Fate::Twice => {
                assert_eq!(site.send(&one).await, kept);
                assert_eq!(sync::page(another, who, &one).await.unwrap(), kept);
            }
            Fate::Both => {
                let (a, b) = tokio::join!(site.send(&one), sync::page(another, who, &one));
                assert_eq!((a, b.unwrap()), (kept, kept));
            }
        }
        if *fate == Fate::Cut {
            // The agent never heard that it was the last one.
            return false;
        }
    }
    true
}

async fn check(site: &Site, model: &Model) {
    let tenant = site.tenant();
    assert_eq!(site.codes().await, []);
    for anchor in model.ever.iter().filter(|anchor| anchor.starts_with('a')) {
        let known = site
            .test
            .app
            .db()
            .read(async |mut tx| {
                latchkey_store::accounts::find_by_anchor(&mut tx, tenant, anchor).await
            })
            .await
            .unwrap();
        match (model.users.get(anchor), known) {
            (Some((name, enabled)), Some(user)) => {
                assert_eq!(user.upn.as_str(), format!("{anchor}.{name}@contoso.com"));
                assert_eq!(user.enabled, *enabled, "{anchor}");
            }
            (Some(_), None) => panic!("{anchor} is missing"),
            (None, known) => assert!(known.is_none_or(|user| !user.enabled), "{anchor} is gone"),
        }
    }
    let groups = admin::group::list(&site.test.app, tenant, None)
        .await
        .unwrap();
    for anchor in model.ever.iter().filter(|anchor| anchor.starts_with('g')) {
        let name = format!("Group {anchor}");
        let is_there = groups.iter().any(|group| group.name == name);
        let Some(members) = model.groups.get(anchor) else {
            if is_there {
                assert_eq!(
                    site.members(&name).await,
                    Vec::<String>::new(),
                    "{anchor} is gone"
                );
            }
            continue;
        };
        let mut expected: Vec<String> = members
            .iter()
            .filter_map(|member| match model.users.get(member) {
                Some((name, _)) => Some(format!("{member}.{name}@contoso.com")),
                None => model
                    .groups
                    .contains_key(member)
                    .then(|| format!("Group {member}")),
            })
            .collect();
        expected.sort();
        let mut members = site.members(&name).await;
        // Whoever is gone keeps their place, disabled, for the day that they come back.
        members.retain(|member| {
            let user = member.split('.').next().unwrap_or_default();
            !member.contains('@') || model.users.contains_key(user)
        });
        assert_eq!(members, expected, "{anchor}");
    }
}

async fn play(test: TestApp, rounds: &[Round]) {
    let site = Site::new(test).await;
    let another = site.test.another(&site.test.url().unwrap()).await;
    let mut model = Model::default();
    for round in rounds {
        for change in &round.changes {
            model.change(change);
        }
        if send(&site, &another, &model, round).await {
            model.touched.clear();
            check(&site, &model).await;
        }
    }
    let last = Round {
        changes: Vec::new(),
        whole: rounds.len().is_multiple_of(2),
        size: 2,
        fates: vec![Fate::Once],
    };
    assert!(send(&site, &another, &model, &last).await);
    check(&site, &model).await;
    // Once more changes nothing: no user's version, no event but the run's.
    let before = versions(&site, &model).await;
    let events = site.events().await.len();
    let whole = Round {
        whole: true,
        ..last
    };
    assert!(send(&site, &another, &model, &whole).await);
    assert_eq!(versions(&site, &model).await, before);
    assert_eq!(site.events().await.len(), events + 1);
    another.db().close().await;
}

async fn versions(site: &Site, model: &Model) -> Vec<Option<i64>> {
    let mut versions = Vec::new();
    for (anchor, (name, _)) in &model.users {
        let user = site.user(&format!("{anchor}.{name}@contoso.com")).await;
        let id = user.unwrap().id.0;
        let user = by_id(&site.test.app, site.tenant(), id).await;
        versions.push(user.map(|user| user.version));
    }
    versions
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn the_end_is_what_the_directory_has_whatever_happens_on_the_way() {
    let runtime = runtime();
    runner(24)
        .run(&prop::collection::vec(round(), 1..6), |rounds| {
            runtime.block_on(async { play(TestApp::sqlite().await, &rounds).await });
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_same_on_postgresql() {
    let runtime = runtime();
    runner(6)
        .run(&prop::collection::vec(round(), 1..6), |rounds| {
            runtime.block_on(async {
                if let Some(test) = TestApp::postgres().await {
                    play(test, &rounds).await;
                }
            });
            Ok(())
        })
        .unwrap();
}
