//! The audit log forgets whole days, and what is left is still provable. Of signing in, what is over
//! is forgotten.

use std::time::Duration;

use latchkey_app::{admin, audit};
use latchkey_core::sign_in::lockout::Rule;
use latchkey_store::{StoreError, lockout, networks, pending, sign_in_flows, sign_in_sessions};
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Person, TestApp, both};
use latchkey_types::{Clock, PendingMethodId, SignInFlowId, SignInSessionId, TenantId, UserId};

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

/// One of each, over now.
async fn sign_in_once(test: &TestApp, tenant: TenantId, user: UserId) {
    let now = test.clock.now();
    let session = SignInSessionId::new(test.app.clock(), test.app.entropy());
    let flow = sign_in_flows::NewFlow {
        id: SignInFlowId::new(test.app.clock(), test.app.entropy()),
        subject: user,
        cookie_tag: b"flow",
        state: "{}",
        name: b"",
        secret: None,
        created_at: now,
        expires_at: now,
    };
    let signed_in = sign_in_sessions::NewSession {
        id: session,
        user,
        cookie_tag: b"session",
        factors: &["password"],
        is_twice: false,
        created_at: now,
        expires_at: now,
        client_address: "",
        client_class: "",
    };
    let unproven = pending::NewPending {
        id: PendingMethodId::new(test.app.clock(), test.app.entropy()),
        session,
        kind: "email",
        value: b"",
        tag: None,
        created_at: now,
        expires_at: now,
    };
    let counter = lockout::Counter {
        tenant,
        subject: user,
        familiar: true,
    };
    let rule = Rule {
        threshold: 10,
        first: Duration::from_secs(60),
    };
    test.app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            sign_in_flows::insert(tx, tenant, &flow).await?;
            sign_in_sessions::insert(tx, tenant, &signed_in).await?;
            pending::insert(tx, tenant, &unproven).await?;
            networks::remember(tx, tenant, user, b"home", now).await?;
            lockout::hit(tx, counter, rule, now).await
        })
        .await
        .unwrap();
}

/// What is left: flows, pending methods, sessions, networks, counters.
async fn left(test: &TestApp) -> [u64; 5] {
    enum Undo {
        Counted([u64; 5]),
        Failed(StoreError),
    }
    impl From<StoreError> for Undo {
        fn from(error: StoreError) -> Self {
            Self::Failed(error)
        }
    }
    let later = test.clock.now().plus(DAY * 1_000);
    // Counted by deleting, and then not done.
    let undone = test
        .app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let counts = [
                sign_in_flows::purge(tx, later, 99).await?,
                pending::purge(tx, later, 99).await?,
                sign_in_sessions::purge(tx, later, 99).await?,
                networks::purge(tx, later, 99).await?,
                lockout::purge(tx, later, later).await?,
            ];
            Err::<(), _>(Undo::Counted(counts))
        })
        .await;
    match undone {
        Err(Undo::Counted(counts)) => counts,
        Err(Undo::Failed(error)) => panic!("{error}"),
        Ok(()) => panic!("it was done"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_are_forgotten_after_30_days_and_attempts_after_one() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await;
        sign_in_once(&test, contoso.id(), ada.id).await;
        let moment = Duration::from_secs(1);
        for (passes, expected) in [
            (DAY, [1, 1, 1, 1, 1]),
            (moment, [0, 0, 1, 1, 1]),
            (DAY * 29 - moment, [0, 0, 1, 1, 1]),
            (moment, [0, 0, 0, 0, 0]),
        ] {
            test.clock.advance(passes);
            admin::purge(&test.app).await.unwrap();
            assert_eq!(left(&test).await, expected, "{:?}", test.clock.now());
        }
    })
    .await;
}
