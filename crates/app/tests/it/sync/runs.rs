//! Runs: their order, who makes them, and that they touch nobody else.

use std::time::Duration;

use latchkey_app::admin;
use latchkey_app::sync::{self, Reply};
use latchkey_app::writeback;
use latchkey_testkit::agent::Agent;
use latchkey_testkit::both;
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_wire::v1::{Problem, Stop};

use super::{CORP, Site, by_id, page, user, users};

#[tokio::test(flavor = "multi_thread")]
async fn pages_count_in_order_and_once() {
    both(async |test| {
        let site = Site::new(test).await;
        let run = site.run();
        let out_of_order = Reply::Stop(Stop::OutOfOrder);
        let pages: Vec<_> = (0..3)
            .map(|n| {
                page(
                    run,
                    n,
                    true,
                    n == 2,
                    users(9)[n as usize * 3..][..3].to_vec(),
                )
            })
            .collect();
        assert_eq!(site.send(&pages[1]).await, out_of_order, "no run begins so");
        for (number, page) in (0..).zip(&pages) {
            assert_eq!(site.send(page).await, Reply::Kept { page: number });
            assert_eq!(site.send(page).await, Reply::Kept { page: number });
            if let Some(later) = pages.get(number as usize + 2) {
                assert_eq!(site.send(later).await, out_of_order);
            }
        }
        let beyond = page(run, 3, true, true, Vec::new());
        assert_eq!(site.send(&beyond).await, out_of_order, "it is over");
        let status = site.status().await;
        assert_eq!(
            (status.state, status.created, status.objects),
            ("finished", 9, 9)
        );
        assert_eq!(site.count("Create user").await, 9);
        assert_eq!(site.count("Synchronise directory").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_agent_at_a_time_and_another_when_that_one_is_away() {
    both(async |test| {
        let site = Site::new(test).await;
        let second = Agent::connect(&site.test, site.tenant(), CORP, 8).await;
        let first_page = page(site.run(), 0, true, false, users(2));
        assert_eq!(site.send(&first_page).await, Reply::Kept { page: 0 });
        let theirs = page(site.run(), 0, true, true, users(3));
        let app = &site.test.app;
        let send = async || sync::page(app, &second.who, &theirs).await.unwrap();
        assert_eq!(send().await, Reply::Stop(Stop::AnotherAgent));
        // Not while the first one is there and sends.
        writeback::disconnected(app, &site.agent.who).await.unwrap();
        assert_eq!(send().await, Reply::Kept { page: 0 });
        assert_eq!(site.status().await.users, 3);
        // The first one's run is over.
        let late = page(first_page.run, 1, true, true, Vec::new());
        assert_eq!(site.send(&late).await, Reply::Stop(Stop::OutOfOrder));
        assert_eq!(site.status().await.users, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_touches_nobody_of_another_domain_or_tenant() {
    both(async |test| {
        let site = Site::new(test).await;
        let app = &site.test.app;
        let fabrikam = Organisation::create(&site.test, "fabrikam.com", open_settings(1)).await;
        let theirs = Agent::connect(&site.test, fabrikam.id(), CORP, 9).await;
        let branch = Agent::connect(&site.test, site.tenant(), "branch.example", 10).await;
        site.whole(vec![user("a1", "ada@contoso.com", &[])]).await;
        let ada = site.user("ada@contoso.com").await.unwrap();
        // The same anchor in another tenant is another object.
        let one = page(
            site.run(),
            0,
            true,
            true,
            vec![
                user("a1", "eve@fabrikam.com", &[]),
                user("a2", "ada@contoso.com", &[]),
            ],
        );
        let reply = sync::page(app, &theirs.who, &one).await.unwrap();
        assert_eq!(reply, Reply::Kept { page: 0 });
        // In another domain of the tenant it is reported, and so is the name.
        let other = page(
            site.run(),
            0,
            true,
            true,
            vec![
                user("a1", "ada@contoso.com", &[("display_name", "x")]),
                user("b2", "ada@contoso.com", &[("display_name", "x")]),
                user("b3", "bo@contoso.com", &[]),
            ],
        );
        let reply = sync::page(app, &branch.who, &other).await.unwrap();
        assert_eq!(reply, Reply::Kept { page: 0 });
        let same = by_id(app, site.tenant(), ada.id.0).await.unwrap();
        assert_eq!(format!("{same:?}"), format!("{ada:?}"));
        // A whole run of one domain ends nobody of the other.
        let nobody = page(site.run(), 0, true, true, Vec::new());
        sync::page(app, &theirs.who, &nobody).await.unwrap();
        sync::page(app, &branch.who, &nobody).await.unwrap();
        assert!(site.user("ada@contoso.com").await.unwrap().enabled);
        assert!(!site.user("bo@contoso.com").await.unwrap().enabled);
        assert!(!site.user("eve@fabrikam.com").await.unwrap().enabled);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_agent_synchronises_nothing() {
    both(async |test| {
        let site = Site::new(test).await;
        let ctx = admin::operator(&site.test.app);
        let id = site.agent.who.agent.to_string();
        admin::agent::revoke(&site.test.app, &ctx, "contoso", &id)
            .await
            .unwrap();
        assert_eq!(site.sync(true, users(1)).await, Reply::Stop(Stop::Off));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_that_get_the_same_page_apply_it_once() {
    both(async |test| {
        let site = Site::new(test).await;
        let url = site.test.url().unwrap();
        let another = site.test.another(&url).await;
        let run = site.run();
        for number in 0..5 {
            let objects = users(50)[number * 10..][..10].to_vec();
            let one = page(run, number as u64, true, number == 4, objects);
            let who = &site.agent.who;
            let (a, b) = tokio::join!(
                sync::page(&site.test.app, who, &one),
                sync::page(&another, who, &one)
            );
            let kept = Reply::Kept {
                page: number as u64,
            };
            assert_eq!((a.unwrap(), b.unwrap()), (kept, kept));
        }
        assert_eq!(site.count("Create user").await, 50);
        assert_eq!(site.count("Synchronise directory").await, 1);
        another.db().close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_agent_could_not_read_is_shown_until_a_whole_run_can() {
    both(async |test| {
        let site = Site::new(test).await;
        let mut one = page(site.run(), 0, true, true, users(1));
        let problem = |anchor: Option<&str>| Problem {
            anchor: anchor.map(str::to_owned),
            code: "no_anchor".into(),
            detail: "CN=x has none\n".into(),
        };
        // Also of an object that is in the same page, and is applied.
        one.problems = vec![problem(None), problem(Some("a7")), problem(Some("a0"))];
        site.send(&one).await;
        assert_eq!(site.codes().await.len(), 3);
        site.some(users(1)).await;
        assert_eq!(
            site.codes().await.len(),
            2,
            "what is applied has no problem any more"
        );
        site.whole(users(1)).await;
        assert_eq!(site.codes().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_asks_and_one_agent_is_told() {
    both(async |test| {
        let site = Site::new(test).await;
        let app = &site.test.app;
        let second = Agent::connect(&site.test, site.tenant(), CORP, 8).await;
        assert!(
            admin::sync::now(app, "contoso", "nowhere.example", false)
                .await
                .is_err()
        );
        assert_eq!(sync::asked(app, &site.agent.who).await.unwrap(), None);
        admin::sync::now(app, "contoso", "CORP.example", false)
            .await
            .unwrap();
        assert_eq!(
            sync::asked(app, &site.agent.who).await.unwrap(),
            Some(false)
        );
        assert_eq!(
            sync::asked(app, &second.who).await.unwrap(),
            None,
            "one is enough"
        );
        // No run began: it is told again.
        site.test.clock.advance(Duration::from_secs(5 * 60));
        assert_eq!(sync::asked(app, &second.who).await.unwrap(), Some(false));
        site.some(Vec::new()).await;
        site.test.clock.advance(Duration::from_secs(60 * 60));
        assert_eq!(sync::asked(app, &site.agent.who).await.unwrap(), None);
        // Everything: an increment does not do.
        admin::sync::now(app, "contoso", CORP, true).await.unwrap();
        // The one that made the last run is told first.
        assert_eq!(sync::asked(app, &second.who).await.unwrap(), None);
        assert_eq!(sync::asked(app, &site.agent.who).await.unwrap(), Some(true));
        site.some(Vec::new()).await;
        assert!(site.status().await.asked_at.is_some());
        site.whole(Vec::new()).await;
        assert!(site.status().await.asked_at.is_none());
    })
    .await;
}
