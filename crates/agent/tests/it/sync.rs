//! Users and groups, page by page, whatever happens in between.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use latchkey_directory::{Class, Failure, Object, Page};
use latchkey_wire::MESSAGE_MAX;
use latchkey_wire::operation::Verb;
use latchkey_wire::v1::{self, Agent, Service as Say, Stop};

use crate::support::*;

fn user(number: u128) -> Object {
    let name = format!("user{number}");
    let attributes = [
        ("userPrincipalName", format!("{name}@corp.example")),
        ("displayName", format!("User {number}")),
        ("telephoneNumber", " +49 30 1234567 ".to_owned()),
    ];
    Object {
        anchor: anchor(number),
        class: Some(Class::User),
        dn: format!("CN={name},DC=corp,DC=example"),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), vec![value]))
            .into(),
        members: vec![],
        disabled: false,
        deleted: false,
    }
}

fn group(number: u128, members: &[u128]) -> Object {
    Object {
        class: Some(Class::Group),
        attributes: [("cn".to_owned(), vec![format!("group{number}")])].into(),
        members: members.iter().copied().map(anchor).collect(),
        ..user(number)
    }
}

fn gone(number: u128) -> Object {
    Object {
        class: None,
        dn: String::new(),
        attributes: [].into(),
        deleted: true,
        ..user(number)
    }
}

fn cursor(number: u32) -> String {
    format!("1;0000000000000000;usn;aa;{number}")
}

fn page(objects: Vec<Object>, end: Option<u32>) -> Page {
    Page {
        objects,
        without_anchor: vec![],
        full: false,
        cursor: end.map(|end| cursor(end).parse().unwrap()),
        deletions_reported: true,
    }
}

/// An agent with a synchronisation whose every run gives two pages.
async fn bench() -> (Bench, Synced) {
    let mut bench = Bench::new().await;
    let synced = Synced::new();
    synced.runs.lock().unwrap().usual = vec![
        page(vec![user(1), user(2)], None),
        page(vec![group(3, &[1, 2])], Some(7)),
    ];
    bench.sync = Some(synced.clone());
    (bench, synced)
}

fn anchors(pages: &[v1::Page]) -> Vec<String> {
    let objects = pages.iter().flat_map(|page| &page.objects);
    objects.map(|object| object.anchor.clone()).collect()
}

fn place(bench: &Bench) -> Option<serde_json::Value> {
    let bytes = std::fs::read(bench.path().join("sync.json")).ok()?;
    serde_json::from_slice(&bytes).ok()
}

async fn until_kept(bench: &Bench, at: u32) {
    while place(bench).is_none_or(|place| place["cursor"] != cursor(at)) {
        bench.holder.cursor_kept.notified().await;
    }
}

#[tokio::test]
async fn a_page_waits_until_the_one_before_is_kept() {
    within(async {
        let (bench, synced) = bench().await;
        let read = || synced.runs.lock().unwrap().read;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let first = line.page().await;
        assert_eq!((first.page, first.whole, first.last), (0, true, false));
        assert_eq!(
            anchors(std::slice::from_ref(&first)),
            [1, 2].map(|n| anchor(n).to_string())
        );
        line.is_quiet().await;
        assert_eq!(read(), 1);
        // One that was not sent is not kept, whatever the service says.
        line.say(&Say::PageKept { page: 9 }).await;
        line.is_quiet().await;
        line.page_kept(&first).await;
        let second = line.page().await;
        assert_eq!((second.run, second.page), (first.run, 1));
        assert!(second.whole && second.last);
        let members = [1, 2].map(|n| anchor(n).to_string()).to_vec();
        assert_eq!(second.objects[0].members, Some(members));
        line.is_quiet().await;
        assert_eq!(place(&bench), None);
        line.page_kept(&second).await;
        until_kept(&bench, 7).await;
        let file = std::fs::metadata(bench.path().join("sync.json")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);

        // From now on what changed, and everything if that is asked for.
        let changed = vec![page(vec![user(2), gone(1)], None), page(vec![], Some(8))];
        let changed = changed.into_iter().map(Ok).collect();
        synced.runs.lock().unwrap().to_come.push_back(changed);
        line.now(false).await;
        let pages = line.run().await;
        assert_ne!(pages[0].run, first.run);
        assert!(pages.iter().all(|page| !page.whole));
        assert!(pages[0].objects[1].deleted && pages[0].objects[1].values.is_empty());
        assert_eq!(pages[1].objects, []);
        until_kept(&bench, 8).await;
        line.now(true).await;
        assert!(line.run().await[0].whole);
        until_kept(&bench, 7).await;
        let begun = synced.runs.lock().unwrap().begun.clone();
        assert_eq!(begun, [None, Some(cursor(7)), None]);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn the_flow_names_what_there_is_clears_what_is_not_and_tells_what_does_not_fit() {
    within(async {
        let (mut bench, mut synced) = bench().await;
        let mut odd = user(4);
        odd.disabled = true;
        let mut set = |name: &str, values: &[&str]| {
            let values = values.iter().map(|&value| value.to_owned()).collect();
            odd.attributes.insert(name.to_owned(), values);
        };
        set("userPrincipalName", &[" "]);
        set("displayName", &["two\nlines"]);
        set(
            "otherMailbox",
            &["a@x.example", "b\u{7}@x.example", "c@x.example"],
        );
        set("sn", &[&"x".repeat(1_025)]);
        set("mobile", &["1", "2"]);
        let mut all = page(vec![user(1), odd, group(5, &[])], Some(7));
        all.without_anchor
            .push("CN=nobody,DC=corp,DC=example".into());
        synced.runs.lock().unwrap().usual = vec![all];
        synced.flow = latchkey_agent::sync::Flow::usual(latchkey_directory::Kind::ActiveDirectory);
        bench.sync = Some(synced);
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let [page] = &line.run().await[..] else {
            panic!("more than one page");
        };
        let [ada, odd, group] = &page.objects[..] else {
            panic!("{:?}", page.objects);
        };
        let values = |object: &v1::Object, name: &str| object.values.get(name).cloned();
        let one = |value: &str| Some(vec![value.to_owned()]);
        assert_eq!(values(ada, "upn"), one("user1@corp.example"));
        assert_eq!(values(ada, "office_phone"), one("+49 30 1234567"));
        assert_eq!(values(ada, "mobile_phone"), Some(vec![]));
        assert_eq!(values(ada, "enabled"), one("true"));
        assert_eq!(values(ada, "authentication_phone"), None);
        assert_eq!(ada.members, None);
        assert_eq!(values(odd, "upn"), None);
        assert_eq!(values(odd, "display_name"), None);
        assert_eq!(values(odd, "family_name"), None);
        assert_eq!(values(odd, "mobile_phone"), one("1"));
        assert_eq!(values(odd, "enabled"), one("false"));
        let mails = ["a@x.example", "c@x.example"].map(str::to_owned).to_vec();
        assert_eq!(values(odd, "other_mails"), Some(mails));
        assert_eq!(values(group, "name"), one("group5"));
        assert_eq!(group.members, Some(vec![]));
        let codes: Vec<&str> = page.problems.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(
            codes,
            [
                "no_upn",
                "malformed_display_name",
                "malformed_family_name",
                "malformed_other_mails",
                "no_anchor"
            ]
        );
        assert!(
            page.problems[0].detail.contains("CN=user4"),
            "{:?}",
            page.problems
        );
        assert_eq!(page.problems[4].anchor, None);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_crash_between_any_two_steps_repeats_and_loses_nothing() {
    within(async {
        for hold in [
            Hold::PageRead(0),
            Hold::PageSent(0),
            Hold::PageKept(0),
            Hold::PageRead(1),
            Hold::PageSent(1),
            Hold::PageKept(1),
        ] {
            let (bench, synced) = bench().await;
            bench.hold(Some(hold));
            let agent = bench.start();
            let mut line = bench.service.accept().await;
            tokio::select! {
                _ = line.run() => bench.holder.held.notified().await,
                () = bench.holder.held.notified() => {}
            }
            agent.kill().await;
            assert_eq!(place(&bench), None, "{hold:?}");
            bench.hold(None);
            let agent = bench.start();
            let mut line = bench.service.accept().await;
            let pages = line.run().await;
            assert_eq!(pages[0].page, 0, "{hold:?}");
            assert_eq!(anchors(&pages), [1, 2, 3].map(|n| anchor(n).to_string()));
            until_kept(&bench, 7).await;
            assert_eq!(synced.runs.lock().unwrap().begun, [None, None]);
            agent.kill().await;
        }
        // The cursor is on the disk: nothing has to be said again.
        let (bench, synced) = bench().await;
        bench.hold(Some(Hold::CursorKept));
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        line.run().await;
        bench.holder.held.notified().await;
        agent.kill().await;
        bench.hold(None);
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        line.is_quiet().await;
        line.now(false).await;
        line.run().await;
        assert_eq!(synced.runs.lock().unwrap().begun, [None, Some(cursor(7))]);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_breaks_carries_the_same_page_again() {
    within(async {
        let (bench, synced) = bench().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let first = line.page().await;
        drop(line);
        let mut line = bench.service.accept().await;
        assert_eq!(line.page().await, first);
        line.page_kept(&first).await;
        let second = line.page().await;
        drop(line);
        let mut line = bench.service.accept().await;
        assert_eq!(line.page().await, second);
        line.page_kept(&second).await;
        until_kept(&bench, 7).await;
        assert_eq!(synced.runs.lock().unwrap().begun, [None]);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn passwords_do_not_wait_for_pages_nor_does_the_end() {
    within(async {
        let (bench, synced) = bench().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let page = line.page().await;
        for number in 0..8 {
            let asked = bench.request(number, Verb::Reset, number);
            assert_eq!(line.ask(&asked.operate()).await, DONE);
            line.keep(&asked).await;
        }
        line.page_kept(&page).await;
        line.page().await;
        agent.stop().await;
        assert_eq!(place(&bench), None);
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        assert_eq!(line.page().await.page, 0);
        agent.kill().await;
        assert_eq!(synced.runs.lock().unwrap().begun, [None, None]);
    })
    .await;
}

#[tokio::test]
async fn too_many_deletions_wait_for_somebody_who_says_yes() {
    within(async {
        for why in [Stop::TooManyDeletions, Stop::Off, Stop::AnotherAgent] {
            let (bench, synced) = bench().await;
            let agent = bench.start();
            let mut line = bench.service.accept().await;
            let first = line.page().await;
            line.page_kept(&first).await;
            line.page().await;
            line.stopped(why).await;
            line.is_quiet().await;
            assert_eq!(place(&bench), None);
            // Not even another connection changes that.
            drop(line);
            let mut line = bench.service.accept().await;
            line.is_quiet().await;
            line.now(false).await;
            let pages = line.run().await;
            assert_ne!(pages[0].run, first.run);
            assert!(pages[0].whole, "{why:?}");
            until_kept(&bench, 7).await;
            assert_eq!(synced.runs.lock().unwrap().begun, [None, None]);
            agent.kill().await;
        }
    })
    .await;
}

#[tokio::test]
async fn another_agents_run_is_waited_for() {
    within(async {
        let (mut bench, mut synced) = bench().await;
        synced.timing.interval = Duration::from_millis(300);
        bench.sync = Some(synced);
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        line.page().await;
        line.stopped(Stop::AnotherAgent).await;
        line.is_quiet().await;
        assert_eq!(line.run().await[0].page, 0);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_service_that_wants_nothing_is_sent_nothing_until_it_does() {
    within(async {
        let (mut bench, mut synced) = bench().await;
        synced.timing.interval = Duration::from_millis(200);
        bench.sync = Some(synced.clone());
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        line.page().await;
        line.stopped(Stop::Off).await;
        let read = || synced.runs.lock().unwrap().begun.len();
        for _ in 0..2 {
            let probe = line.page().await;
            assert_eq!((probe.page, probe.objects.len()), (0, 0));
            assert!(probe.whole && !probe.last);
            assert_eq!(read(), 1);
            line.stopped(Stop::Off).await;
        }
        let probe = line.page().await;
        line.page_kept(&probe).await;
        let pages = line.run().await;
        assert_eq!((pages[0].run, pages[0].page), (probe.run, 1));
        assert!(pages[0].whole);
        until_kept(&bench, 7).await;
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_not_that_to_another_page() {
    within(async {
        let (mut bench, mut synced) = bench().await;
        synced.timing.patience = Duration::from_millis(50);
        synced.runs.lock().unwrap().usual = vec![page(vec![user(1)], Some(7))];
        bench.sync = Some(synced.clone());
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let late = line.page().await;
        line.is_quiet().await;
        line.page_kept(&late).await;
        let page = line.page().await;
        assert_eq!((page.page, page.last), (0, true));
        assert_ne!(page.run, late.run);
        assert_eq!(place(&bench), None);
        line.page_kept(&page).await;
        until_kept(&bench, 7).await;
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_panic_takes_nothing_else_down() {
    within(async {
        let (mut bench, mut synced) = bench().await;
        synced.timing.interval = Duration::from_millis(100);
        synced.runs.lock().unwrap().panics = true;
        bench.sync = Some(synced.clone());
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        while synced.runs.lock().unwrap().read == 0 {
            tokio::task::yield_now().await;
        }
        let asked = bench.request(1, Verb::Reset, 1);
        assert_eq!(line.ask(&asked.operate()).await, DONE);
        line.keep(&asked).await;
        line.run().await;
        until_kept(&bench, 7).await;
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn out_of_order_begins_again_with_everything() {
    within(async {
        let (bench, synced) = bench().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        line.run().await;
        until_kept(&bench, 7).await;
        line.now(false).await;
        let page = line.page().await;
        assert!(!page.whole);
        line.stopped(Stop::OutOfOrder).await;
        let pages = line.run().await;
        assert!(pages[0].whole && pages[0].run != page.run);
        until_kept(&bench, 7).await;
        let begun = synced.runs.lock().unwrap().begun.clone();
        assert_eq!(begun, [None, Some(cursor(7)), None]);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_kept_now_is_said_again() {
    within(async {
        let (bench, synced) = bench().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let first = line.page().await;
        for _ in 0..4 {
            line.stopped(Stop::Unavailable).await;
            assert_eq!(line.page().await, first);
        }
        // Then the run is over, so that the directory's connection is not held for ever.
        line.stopped(Stop::Unavailable).await;
        let again = line.page().await;
        assert_ne!(again.run, first.run);
        line.page_kept(&again).await;
        let last = line.page().await;
        line.page_kept(&last).await;
        until_kept(&bench, 7).await;
        assert_eq!(synced.runs.lock().unwrap().begun, [None, None]);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_directory_that_fails_is_asked_again_and_one_that_refuses_the_cursor_for_everything() {
    within(async {
        let (bench, synced) = bench().await;
        let unreachable = || Err(Failure::Unreachable("gone".into()));
        let refused = || {
            let text = "no such cookie".into();
            Err(Failure::Unexpected { code: 53, text })
        };
        {
            let mut runs = synced.runs.lock().unwrap();
            runs.to_come.push_back(vec![unreachable()]);
            runs.to_come
                .push_back(vec![Ok(page(vec![user(1)], None)), unreachable()]);
        }
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let half = line.page().await;
        line.page_kept(&half).await;
        assert_ne!(line.run().await[0].run, half.run);
        until_kept(&bench, 7).await;
        synced
            .runs
            .lock()
            .unwrap()
            .to_come
            .push_back(vec![refused()]);
        line.now(false).await;
        assert!(line.run().await[0].whole);
        let begun = synced.runs.lock().unwrap().begun.clone();
        assert_eq!(begun, [None, None, None, Some(cursor(7)), None]);
        // One that says by itself that it does not go on from there.
        until_kept(&bench, 7).await;
        let mut full = page(vec![user(1)], Some(9));
        full.full = true;
        synced
            .runs
            .lock()
            .unwrap()
            .to_come
            .push_back(vec![Ok(full)]);
        line.now(false).await;
        assert!(line.run().await[0].whole);
        until_kept(&bench, 9).await;
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_cursor_of_other_settings_or_none_at_all_is_not_used() {
    within(async {
        let (mut bench, synced) = bench().await;
        let runs = |bench: &mut Bench, synced: &Synced| {
            bench.sync = Some(synced.clone());
            bench.start()
        };
        let mut other = synced.clone();
        other.mark = "other.example".into();
        let mut stale = other.clone();
        stale.timing.whole = Duration::ZERO;
        stale.timing.interval = Duration::ZERO;
        for synced in [&synced, &other, &stale] {
            let agent = runs(&mut bench, synced);
            let mut line = bench.service.accept().await;
            let pages = line.run().await;
            assert!(pages[0].whole);
            until_kept(&bench, 7).await;
            agent.kill().await;
        }
        std::fs::write(bench.path().join("sync.json"), "{\"mark\":").unwrap();
        let agent = runs(&mut bench, &other);
        let mut line = bench.service.accept().await;
        assert!(line.run().await[0].whole);
        until_kept(&bench, 7).await;
        agent.kill().await;
        let begun = synced.runs.lock().unwrap().begun.clone();
        assert!(begun.iter().all(Option::is_none), "{begun:?}");
    })
    .await;
}

#[tokio::test]
async fn many_objects_of_one_read_are_many_messages() {
    within(async {
        let (bench, synced) = bench().await;
        let everybody: Vec<u128> = (0..30_000).collect();
        let objects = (0..999).map(user).chain([group(5_000, &everybody)]);
        synced.runs.lock().unwrap().usual = vec![page(objects.collect(), Some(7))];
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let pages = line.run().await;
        assert!(pages.len() > 2, "{}", pages.len());
        let numbers: Vec<u64> = pages.iter().map(|page| page.page).collect();
        assert_eq!(numbers, (0..pages.len() as u64).collect::<Vec<_>>());
        assert_eq!(anchors(&pages).len(), 1_000);
        for page in &pages {
            let message = latchkey_wire::encode(&Agent::Page(page.clone()));
            assert!(message.len() < MESSAGE_MAX);
        }
        let problem = &pages.last().unwrap().problems[0];
        assert_eq!(problem.code, "too_many_members");
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn an_agent_without_a_synchronisation_says_nothing() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        line.now(true).await;
        line.is_quiet().await;
        agent.kill().await;
    })
    .await;
}
