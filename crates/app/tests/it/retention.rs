//! The audit log forgets whole days, and what is left is still provable.

use std::time::Duration;

use latchkey_app::{admin, audit};
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Person, TestApp, both};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn a_visit(test: &TestApp) {
    let mut person = Person::start(test, "ada@contoso.com").await;
    person.cancel().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_after_400_days_and_the_rest_still_verifies() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        a_visit(&test).await;
        let before = audit::verify(&test.app, contoso.id()).await.unwrap();
        test.clock.advance(DAY * 400);
        a_visit(&test).await;
        admin::purge(&test.app).await.unwrap();
        let kept = crate::flow::reasons(&test, &contoso).await;
        assert_eq!(kept.len(), 2, "day 400 is the last that is kept: {kept:?}");
        test.clock.advance(DAY);
        admin::purge(&test.app).await.unwrap();
        let kept = crate::flow::reasons(&test, &contoso).await;
        assert_eq!(kept, ["canceled.before_gates"]);
        let after = audit::verify(&test.app, contoso.id()).await.unwrap();
        assert_eq!(after.broken, None);
        assert!(after.events > before.events);
        admin::purge(&test.app).await.unwrap();
        assert_eq!(
            audit::verify(&test.app, contoso.id()).await.unwrap().events,
            after.events
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_that_somebody_removed_by_hand_is_noticed() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    a_visit(&test).await;
    let (tenant, now) = (contoso.id(), latchkey_types::Clock::now(&*test.clock));
    // What the job does, without the event that tells of it.
    test.app
        .db()
        .write(async |mut tx| latchkey_store::audit::expire(&mut tx, tenant, now).await)
        .await
        .unwrap()
        .expect("there were older events");
    let verified = audit::verify(&test.app, tenant).await.unwrap();
    assert_eq!(
        verified.broken.map(|b| b.what),
        Some("the beginning was removed unrecorded")
    );
}
