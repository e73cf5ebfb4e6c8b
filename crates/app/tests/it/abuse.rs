//! What somebody who got half way in tries next: with a password but no device, with a session but
//! no password, with two requests at once. The names carry the numbers of the threat list in
//! `docs/security.md`.

use std::time::Duration;

use latchkey_app::change::{self, Outcome};
use latchkey_app::security_info::{self as info, Bar, By, Proved, Sent};
use latchkey_app::sign_in::Notice;
use latchkey_app::{AppError, admin};
use latchkey_core::audit::Activity;
use latchkey_core::model::{Managed, Role, Source};
use latchkey_store::methods::MethodKind;
use latchkey_testkit::{Arrival, TestApp, both, session};
use latchkey_types::{Secret, TenantId};

use crate::change::update;
use crate::security_info::{Here, PASSWORD, code_of, settings, wrong};
use crate::sign_in::is_signed_in;

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

async fn prove(here: &Here, code: &str) -> Proved {
    let ctx = here.test.ctx();
    let proved = info::prove(here.app(), &ctx, &here.cookie, &secret(PASSWORD), code).await;
    proved.unwrap().unwrap()
}

async fn change(here: &Here, new: &str) -> Result<Option<Outcome>, AppError> {
    let (old, new) = (secret(PASSWORD), secret(new));
    change::change(here.app(), &here.test.ctx(), &here.cookie, &old, &new, &new).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_codes_of_an_app_are_counted_also_where_the_password_is_right() {
    both(async |test| {
        let mut here = Here::with(test, settings(1), |user| {
            user.roles = vec![Role::GlobalAdministrator];
        })
        .await;
        here.authenticator("Phone").await;
        here.test.clock.advance(Duration::from_secs(30));
        let right = code_of(&here.test, &here.secret);
        for n in 0..4 {
            assert!(
                matches!(prove(&here, &wrong(&right)).await, Proved::No),
                "{n}"
            );
            // A right password forgets the wrong ones, and only those.
            assert!(matches!(
                change(&here, PASSWORD).await.unwrap(),
                Some(Outcome::Again(_))
            ));
        }
        assert!(matches!(
            prove(&here, &wrong(&right)).await,
            Proved::Locked { .. }
        ));
        assert!(matches!(prove(&here, &right).await, Proved::Locked { .. }));
        let events = crate::sign_in::events(&here.test, here.ada.tenant).await;
        let locks = events
            .iter()
            .filter(|(what, _)| *what == Activity::AccountLocked.name());
        assert_eq!(locks.count(), 1, "{events:?}");
        // The block is that of the sign-in, and ends as it does there.
        here.test.clock.advance(Duration::from_secs(24 * 60 * 60));
        here.sign_in(&["password"]).await;
        let code = code_of(&here.test, &here.secret);
        assert!(matches!(prove(&here, &code).await, Proved::Yes(_)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_changing_the_password_is_no_fresh_sign_in() {
    both(async |test| {
        let mut here = Here::new(test, settings(1)).await;
        here.test.clock.advance(Duration::from_secs(600));
        let Ok(Some(Outcome::Changed { cookie, .. })) =
            change(&here, "quite another Passw0rd?").await
        else {
            panic!("not changed");
        };
        here.cookie = cookie;
        let begun = info::begin_app(here.app(), &here.cookie, "Mine").await;
        assert_eq!(begun.unwrap().err(), Some(Bar::Prove));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_removals_at_once_one_leaves_an_administrator_a_second_factor() {
    both(async |test| {
        let mut here = Here::with(test, settings(1), |user| {
            user.roles = vec![Role::GlobalAdministrator];
        })
        .await;
        here.authenticator("One").await;
        here.authenticator("Two").await;
        let apps: Vec<String> = here
            .rows()
            .await
            .into_iter()
            .filter(|row| row.kind == MethodKind::Authenticator)
            .map(|row| row.id.to_string())
            .collect();
        let [one, two] = &apps[..] else {
            panic!("{apps:?}")
        };
        let (first, second) = tokio::join!(here.remove(one, 2), here.remove(two, 2));
        let done = [first, second]
            .into_iter()
            .filter(|removed| matches!(removed, Some(Ok(_))))
            .count();
        assert_eq!(done, 1);
        let left = here.rows().await.into_iter();
        assert_eq!(
            left.filter(|row| row.kind == MethodKind::Authenticator)
                .count(),
            1
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s32_one_person_registers_no_more_than_ten_numbers_and_addresses_in_an_hour() {
    both(async |test| {
        let here = Here::new(test, settings(1)).await;
        let ctx = here.test.ctx();
        for n in 0..5 {
            assert_eq!(here.send(&format!("a{n}@home.example")).await, Sent::Sent);
            let number = format!("+3161234560{n}");
            let sent = info::send_phone(here.app(), &ctx, &here.cookie, Some(&number), By::Text);
            assert_eq!(sent.await.unwrap().unwrap(), Sent::Sent);
        }
        let before = here.test.messages().await.len();
        assert_eq!(here.send("a6@home.example").await, Sent::NoMessages);
        let number = Some("+31612345607");
        let sent = info::send_phone(here.app(), &ctx, &here.cookie, number, By::Call).await;
        assert_eq!(sent.unwrap().unwrap(), Sent::NoMessages);
        assert_eq!(here.test.messages().await.len(), before);
        here.test.clock.advance(Duration::from_secs(360));
        assert_eq!(here.send("a6@home.example").await, Sent::Sent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s15_a_number_that_is_replaced_or_removed_is_told_so() {
    both(async |test| {
        let here = Here::new(test, settings(1)).await;
        here.phone("+31612345601").await;
        let texts = async |number: &str| {
            let messages = here.test.messages().await.into_iter();
            messages
                .filter(|message| message.to == number && message.text.contains("taken off"))
                .count()
        };
        assert_eq!(texts("+31612345601").await, 0);
        here.phone("+31612345602").await;
        assert_eq!(texts("+31612345601").await, 1);
        assert_eq!(texts("+31612345602").await, 0);
        let row = here.rows().await.remove(0).id.to_string();
        assert!(matches!(here.remove(&row, 2).await, Some(Ok(_))));
        assert_eq!(texts("+31612345602").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_does_not_keep_all_hashing_threads_busy() {
    both(async |test| {
        let here = Here::new(test, settings(1)).await;
        for _ in 0..30 {
            assert!(matches!(
                change(&here, PASSWORD).await,
                Ok(Some(Outcome::Again(_)))
            ));
        }
        assert!(matches!(
            change(&here, PASSWORD).await,
            Err(AppError::Busy { .. })
        ));
        here.test.clock.advance(Duration::from_secs(20));
        assert!(change(&here, PASSWORD).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_does_not_come_back_with_the_account() {
    both(async |test| {
        let here = Here::new(test, settings(1)).await;
        let other = session(&here.test, &here.ada, &["password"]).await;
        let operator = admin::operator(here.app());
        here.test.clock.advance(Duration::from_secs(1));
        for enabled in ["false", "true"] {
            let fields = [(admin::user::Field::Enabled, enabled.to_owned())];
            admin::user::set(here.app(), &operator, "ada@contoso.com", &fields)
                .await
                .unwrap();
            for cookie in [&here.cookie, &other] {
                assert!(!is_signed_in(here.app(), cookie).await);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_password_that_moved_to_a_directory_proves_nothing() {
    both(async |test| {
        let here = Here::new(test, settings(1)).await;
        assert!(matches!(prove(&here, "").await, Proved::Yes(_)));
        let cookie = session(&here.test, &here.ada, &["password"]).await;
        update(&here.test, &here.ada, |user| {
            user.source = Source::Synchronised;
            user.managed = Managed::PassThrough;
        })
        .await;
        let ctx = here.test.ctx();
        let proved = info::prove(here.app(), &ctx, &cookie, &secret(PASSWORD), "").await;
        assert!(matches!(proved.unwrap().unwrap(), Proved::No));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_method_does_not_count_as_registering_again() {
    both(async |test| {
        let here = Here::with(test, settings(1), |_| {}).await;
        let app = here.test.app.clone();
        let operator = admin::operator(&app);
        let values = [(admin::methods::Private::Phone, String::from("+31612345601"))];
        admin::methods::set_private(&app, &operator, "ada@contoso.com", &values)
            .await
            .unwrap();
        here.test.clock.advance(Duration::from_secs(1));
        let of = admin::registration::Whom::User("ada@contoso.com");
        admin::registration::require(&app, &operator, "contoso", of)
            .await
            .unwrap();
        let asked = async || {
            let state = admin::registration::state(&app, "ada@contoso.com").await;
            let state = state.unwrap();
            state.must_register || state.must_reconfirm
        };
        assert!(asked().await);
        here.test.clock.advance(Duration::from_secs(1));
        let row = here.rows().await.remove(0).id.to_string();
        assert!(matches!(here.remove(&row, 2).await, Some(Ok(_))));
        assert!(asked().await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_no_passkey_do_not_fill_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    let test = TestApp::on(&url, |options| options.network_burst = 1).await;
    let mut arrival = Arrival::with_passkey(&test.app, test.ctx()).await;
    // A sign-in has ten times the room of a reset.
    for n in 0..10 {
        arrival.passkey("{}").await;
        assert_eq!(arrival.notice, Some(Notice::PasskeyRefused), "{n}");
    }
    let before = crate::sign_in::events(&test, TenantId::SERVICE).await.len();
    assert_eq!(before, 10);
    for _ in 0..20 {
        arrival.passkey("{}").await;
        assert!(matches!(arrival.notice, Some(Notice::Busy { .. })));
    }
    let after = crate::sign_in::events(&test, TenantId::SERVICE).await.len();
    assert_eq!(after, before);
}
