//! What signing in keeps is forgotten in time, and not before.

use std::time::Duration;

use latchkey_app::admin;
use latchkey_core::sign_in::lockout::{Rule, Verdict};
use latchkey_store::lockout::Counter;
use latchkey_store::{StoreError, lockout, networks, pending, sign_in_flows, sign_in_sessions};
use latchkey_testkit::both;
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_types::{
    Clock as _, PendingMethodId, Secret, SignInFlowId, SignInSessionId, Timestamp, UserId,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const RULE: Rule = Rule {
    threshold: 3,
    first: Duration::from_mins(1),
};

/// Of each there are two: one that is kept for this moment yet, and one that is a microsecond older.
const KEPT: u8 = 0;
const OVER: u8 = 1;

fn since(now: Timestamp, time: Duration, which: u8) -> Timestamp {
    Timestamp(now.minus(time).0 - i64::from(which))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_signing_in_keeps_goes_after_its_time_and_not_before() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        let ada = contoso.person(&test, "ada@contoso.com", |_| {}).await.id;
        let (tenant, now, db) = (contoso.id(), test.clock.now(), test.app.db());
        let (clock, entropy) = (test.app.clock(), test.app.entropy());
        let flows = [KEPT, OVER].map(|_| SignInFlowId::new(clock, entropy));
        let sessions = [KEPT, OVER].map(|_| SignInSessionId::new(clock, entropy));
        let methods = [KEPT, OVER].map(|_| PendingMethodId::new(clock, entropy));
        let counters = [KEPT, OVER].map(|_| Counter {
            tenant,
            subject: UserId::new(clock, entropy),
            familiar: false,
        });
        let tag = |number| Secret::new([number; 32]);
        db.write(async |mut tx| {
            let tx = &mut tx;
            for which in [KEPT, OVER] {
                let at = usize::from(which);
                let new = sign_in_flows::NewFlow {
                    id: flows[at],
                    subject: ada,
                    cookie_tag: &[which],
                    state: "{}",
                    name: b"",
                    secret: None,
                    created_at: now.minus(DAY * 2),
                    expires_at: since(now, DAY, which),
                };
                sign_in_flows::insert(tx, tenant, &new).await?;
                let new = sign_in_sessions::NewSession {
                    id: sessions[at],
                    user: ada,
                    cookie_tag: &[which],
                    factors: &["password"],
                    is_twice: false,
                    created_at: now.minus(DAY * 31),
                    expires_at: since(now, DAY * 30, which),
                    client_address: "",
                    client_class: "",
                };
                sign_in_sessions::insert(tx, tenant, &new).await?;
                let used_at = since(now, DAY * 30, which);
                networks::remember(tx, tenant, ada, &[which], used_at).await?;
                // Two wrong ones of three.
                for number in [1, 2] {
                    let tried_at = since(now, DAY * 30, which);
                    lockout::hit(tx, counters[at], RULE, tried_at).await?;
                    lockout::wrong(tx, counters[at], RULE, &tag(number), tried_at).await?;
                }
            }
            // In the session that stays.
            for which in [KEPT, OVER] {
                let new = pending::NewPending {
                    id: methods[usize::from(which)],
                    session: sessions[0],
                    kind: if which == KEPT { "email" } else { "phone" },
                    value: b"",
                    tag: None,
                    created_at: now.minus(DAY * 2),
                    expires_at: since(now, DAY, which),
                };
                pending::insert(tx, tenant, &new).await?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();

        admin::purge(&test.app).await.unwrap();

        let earlier = now.minus(DAY * 40);
        for which in [KEPT, OVER] {
            let is_kept = which == KEPT;
            let (at, kind) = (usize::from(which), if is_kept { "email" } else { "phone" });
            db.write(async |mut tx| {
                let tx = &mut tx;
                let flow = sign_in_flows::get_by_cookie(tx, &[which]).await?;
                assert_eq!(flow.is_some(), is_kept, "flow");
                let session = sign_in_sessions::get_by_cookie(tx, &[which]).await?;
                assert_eq!(session.is_some(), is_kept, "session");
                let familiar = networks::is_familiar(tx, tenant, ada, &[which], earlier).await?;
                assert_eq!(familiar, is_kept, "network");
                let method = pending::latest(tx, tenant, sessions[0], kind, earlier).await?;
                assert_eq!(method.is_some(), is_kept, "pending method");
                // The third locks, where the two are remembered.
                let third = lockout::hit(tx, counters[at], RULE, now).await?;
                assert_eq!(third, Verdict::Try);
                let began = lockout::wrong(tx, counters[at], RULE, &tag(3), now).await?;
                assert_eq!(began.is_some(), is_kept, "lockout");
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        }
    })
    .await;
}
