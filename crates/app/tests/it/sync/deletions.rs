//! What is gone: found by whole runs, deleted softly, and never too much of it.

use std::time::Duration;

use latchkey_app::admin;
use latchkey_app::sync::Reply;
use latchkey_testkit::{Person, both};
use latchkey_wire::v1::Object;

use super::{CORP, DAY, STOPPED, Site, by_id, deleted, page, user, users};

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_run_finds_what_is_gone_and_it_comes_back() {
    both(async |test| {
        let site = Site::new(test).await;
        let all = vec![
            user("a1", "ada@contoso.com", &[]),
            user("a2", "bo@contoso.com", &[("enabled", "true")]),
        ];
        site.whole(all.clone()).await;
        let bo = site.user("bo@contoso.com").await.unwrap();
        // What an increment does not name is not gone.
        site.some(all[..1].to_vec()).await;
        assert!(site.user("bo@contoso.com").await.unwrap().enabled);
        site.whole(all[..1].to_vec()).await;
        let gone = site.user("bo@contoso.com").await.unwrap();
        assert!(!gone.enabled && gone.version > bo.version);
        assert_eq!(
            (site.status().await.users, site.status().await.kept),
            (1, 1)
        );
        assert_eq!(site.count("Delete user").await, 1);
        // Nobody can enable it by hand, and nobody else gets its name.
        let ctx = admin::operator(&site.test.app);
        let field = (admin::user::Field::Enabled, "yes".to_owned());
        admin::user::set(&site.test.app, &ctx, "bo@contoso.com", &[field])
            .await
            .unwrap();
        assert!(!site.user("bo@contoso.com").await.unwrap().enabled);
        site.some(vec![user("a3", "bo@contoso.com", &[])]).await;
        let codes = site.codes().await;
        assert_eq!(codes, [("a3".to_owned(), "upn_of_deleted".to_owned())]);
        site.some(vec![deleted("a3")]).await;
        // The same object comes back to the same account, enabled as it was.
        site.whole(all).await;
        let back = site.user("bo@contoso.com").await.unwrap();
        assert!(back.enabled);
        assert_eq!(back.id, bo.id);
        assert_eq!(
            (site.status().await.restored, site.status().await.kept),
            (1, 0)
        );
        assert_eq!(site.codes().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_user_cannot_reset() {
    both(async |test| {
        let site = Site::new(test).await;
        let mail = [("other_mails", "ada@home.example")];
        site.whole(vec![user("a1", "ada@contoso.com", &mail)]).await;
        site.some(vec![deleted("a1")]).await;
        let mut ada = Person::start(&site.test, "ada@contoso.com").await;
        ada.cancel().await;
        let events = site.events().await;
        let reset = events.iter().rev().find(|event| {
            event.0.contains("Self-serve") || event.0.contains("Reset password (self-service)")
        });
        let said = format!("{reset:?}");
        assert!(said.contains("disabled"), "{said}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_thirty_days_it_goes_and_not_before() {
    both(async |test| {
        let site = Site::new(test).await;
        site.whole(vec![user("a1", "ada@contoso.com", &[])]).await;
        let ada = site.user("ada@contoso.com").await.unwrap();
        site.some(vec![deleted("a1")]).await;
        let moment = Duration::from_secs(1);
        site.test.clock.advance(DAY * 30 - moment);
        admin::purge(&site.test.app).await.unwrap();
        assert!(
            by_id(&site.test.app, site.tenant(), ada.id.0)
                .await
                .is_some()
        );
        site.test.clock.advance(moment);
        admin::purge(&site.test.app).await.unwrap();
        assert!(
            by_id(&site.test.app, site.tenant(), ada.id.0)
                .await
                .is_none()
        );
        assert_eq!(site.count("Delete user").await, 2);
        assert_eq!(site.status().await.kept, 0);
        // The object is a new one from now on.
        site.some(vec![user("a1", "ada@contoso.com", &[])]).await;
        assert_ne!(site.user("ada@contoso.com").await.unwrap().id, ada.id);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_made_a_cloud_user_is_not_the_directorys_to_delete() {
    both(async |test| {
        let site = Site::new(test).await;
        let all = vec![
            user("a1", "ada@contoso.com", &[]),
            user("a2", "bo@contoso.com", &[]),
        ];
        site.whole(all).await;
        let ctx = admin::operator(&site.test.app);
        let to_cloud = [
            (admin::user::Field::Source, "cloud".to_owned()),
            (admin::user::Field::Anchor, String::new()),
            (admin::user::Field::AgentDomain, String::new()),
            (admin::user::Field::PasswordManaged, "cloud".to_owned()),
        ];
        let make = async |upn: &str| {
            admin::user::set(&site.test.app, &ctx, upn, &to_cloud)
                .await
                .unwrap();
        };
        make("ada@contoso.com").await;
        site.some(vec![deleted("a1"), deleted("a2")]).await;
        assert!(site.user("ada@contoso.com").await.unwrap().enabled);
        assert!(!site.user("bo@contoso.com").await.unwrap().enabled);
        // Also where it was made one while it is kept.
        make("bo@contoso.com").await;
        site.test.clock.advance(DAY * 31);
        admin::purge(&site.test.app).await.unwrap();
        assert!(site.user("ada@contoso.com").await.is_some());
        assert!(site.user("bo@contoso.com").await.is_some());
        assert_eq!(site.status().await.kept, 0);
    })
    .await;
}

fn all_but(count: usize, gone: usize) -> Vec<Object> {
    users(count).split_off(gone)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenth_may_go_and_no_more() {
    both(async |test| {
        let site = Site::new(test).await;
        site.whole(users(20)).await;
        assert_eq!(site.sync(true, all_but(20, 3)).await, STOPPED);
        assert_eq!(site.status().await.users, 20);
        site.whole(all_but(20, 2)).await;
        assert_eq!(site.status().await.users, 18);
        // An increment is held to the same.
        let two = vec![deleted("a2"), deleted("a3")];
        assert_eq!(site.sync(false, two).await, STOPPED);
        site.some(vec![deleted("a2")]).await;
        assert_eq!(site.status().await.users, 17);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fewer_than_ten_any_may_go() {
    both(async |test| {
        let site = Site::new(test).await;
        site.whole(users(10)).await;
        assert_eq!(site.sync(true, all_but(10, 2)).await, STOPPED);
        site.whole(all_but(10, 1)).await;
        site.whole(all_but(10, 7)).await;
        assert_eq!(site.status().await.users, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_may_go_and_no_more_and_an_approval_counts_once() {
    both(async |test| {
        let site = Site::new(test).await;
        let app = &site.test.app;
        let ctx = admin::operator(app);
        // 500 are less than a tenth, and 501 are, too.
        site.whole(users(5_020)).await;
        let many = page(site.run(), 0, true, true, all_but(5_020, 501));
        let early = admin::sync::approve_deletions(app, &ctx, "contoso", CORP).await;
        assert!(early.is_err(), "nothing waits");
        assert_eq!(site.send(&many).await, STOPPED);
        assert_eq!(site.send(&many).await, STOPPED);
        let asked = site.events().await;
        let failures = asked
            .iter()
            .filter(|event| event.1.is_some() && event.0.contains("Synchronise"));
        assert_eq!(failures.count(), 1, "asking once is enough");
        let status = site.status().await;
        assert_eq!((status.state, status.would_delete), ("stopped", 501));
        assert_eq!((status.users, status.kept), (5_020, 0));

        let approved = admin::sync::approve_deletions(app, &ctx, "contoso", CORP).await;
        assert_eq!(approved.unwrap(), 501);
        assert!(
            admin::sync::approve_deletions(app, &ctx, "contoso", CORP)
                .await
                .is_err()
        );
        // One more than was asked for is asked for again.
        assert_eq!(site.sync(true, all_but(5_020, 502)).await, STOPPED);
        admin::sync::approve_deletions(app, &ctx, "contoso", CORP)
            .await
            .unwrap();
        // The next run, or the same page again: either goes on, once.
        site.whole(all_but(5_020, 501)).await;
        let status = site.status().await;
        assert_eq!(
            (status.users, status.kept, status.deleted),
            (4_519, 501, 501)
        );
        assert_eq!(site.count("Delete user").await, 501);
        assert_eq!(site.sync(true, all_but(5_020, 501 + 452)).await, STOPPED);
        // A tenth of 4,519 is 451; 500 would be more than that.
        site.whole(all_but(5_020, 501 + 451)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_goes_on_with_its_last_page() {
    both(async |test| {
        let site = Site::new(test).await;
        site.whole(users(20)).await;
        let run = site.run();
        let first = page(run, 0, true, false, all_but(20, 10));
        let last = page(run, 1, true, true, Vec::new());
        assert_eq!(site.send(&first).await, Reply::Kept { page: 0 });
        assert_eq!(site.send(&last).await, STOPPED);
        let ctx = admin::operator(&site.test.app);
        admin::sync::approve_deletions(&site.test.app, &ctx, "contoso", CORP)
            .await
            .unwrap();
        assert_eq!(site.send(&last).await, Reply::Kept { page: 1 });
        assert_eq!(site.send(&last).await, Reply::Kept { page: 1 });
        assert_eq!(site.status().await.users, 10);
        assert_eq!(site.count("Delete user").await, 10);
    })
    .await;
}
