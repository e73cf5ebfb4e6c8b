//! The registration portal: nothing counts before it is proven, and nothing is changed without a
//! fresh sign-in. The names carry the numbers of the threat list in `docs/security.md`.

use std::time::Duration;

use latchkey_app::reset::Notice;
use latchkey_app::security_info::{self as info, Bar, By, Named, Proved, Sent, Tried};
use latchkey_app::{App, admin};
use latchkey_core::audit::Activity;
use latchkey_core::model::{Origin, User};
use latchkey_core::registration::Kind;
use latchkey_core::reset::Gate;
use latchkey_core::settings::Settings;
use latchkey_store::methods::{self, Method};
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Person, TestApp, both, session, totp};
use latchkey_types::{Clock as _, Secret};

pub(crate) const PASSWORD: &str = "Tall-Ships-9";

/// Settings with every method, of which so many kinds are required.
pub(crate) fn settings(required: u8) -> Settings {
    let mut settings = open_settings(required);
    let methods = &mut settings.reset.methods;
    methods.extend([Gate::Passkey, Gate::RecoveryCode]);
    settings
}

/// Somebody with nothing on file, signed in with their password.
pub(crate) struct Here {
    pub(crate) test: TestApp,
    pub(crate) contoso: Organisation,
    pub(crate) ada: User,
    pub(crate) cookie: Secret<String>,
    /// The secret of the last app that was set up, in base32.
    pub(crate) secret: String,
}

impl Here {
    pub(crate) async fn new(test: TestApp, settings: Settings) -> Self {
        Self::with(test, settings, |user| {
            user.other_mails = Vec::new();
            user.mobile_phone = None;
        })
        .await
    }

    pub(crate) async fn with(
        test: TestApp,
        settings: Settings,
        change: impl FnOnce(&mut User),
    ) -> Self {
        let contoso = Organisation::create(&test, "contoso.com", settings).await;
        let ada = contoso.person(&test, "ada@contoso.com", change).await;
        password(&test).await;
        let cookie = session(&test, &ada, &["password"]).await;
        Self {
            test,
            contoso,
            ada,
            cookie,
            secret: String::new(),
        }
    }

    pub(crate) fn app(&self) -> &App {
        &self.test.app
    }

    pub(crate) async fn sign_in(&mut self, factors: &[&str]) {
        self.cookie = session(&self.test, &self.ada, factors).await;
    }

    pub(crate) async fn send(&self, address: &str) -> Sent {
        let ctx = self.test.ctx();
        info::send_email(self.app(), &ctx, &self.cookie, Some(address))
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn code(&self, kind: Kind, typed: &str) -> Tried {
        let ctx = self.test.ctx();
        info::code(self.app(), &ctx, &self.cookie, kind, typed)
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn email(&self, address: &str) -> info::Saved {
        assert_eq!(self.send(address).await, Sent::Sent);
        let code = self.test.code_for(address).await;
        saved(self.code(Kind::Email, &code).await)
    }

    pub(crate) async fn phone(&self, number: &str) -> info::Saved {
        let ctx = self.test.ctx();
        let sent = info::send_phone(self.app(), &ctx, &self.cookie, Some(number), By::Text).await;
        assert_eq!(sent.unwrap().unwrap(), Sent::Sent);
        let code = self.test.code_for(number).await;
        saved(self.code(Kind::Phone, &code).await)
    }

    pub(crate) async fn authenticator(&mut self, name: &str) -> info::Saved {
        let begun = info::begin_app(self.app(), &self.cookie, name).await;
        assert_eq!(begun.unwrap().unwrap(), Named::Begun);
        self.secret = self.app_secret().await;
        let code = code_of(&self.test, &self.secret);
        let ctx = self.test.ctx();
        let tried = info::confirm_app(self.app(), &ctx, &self.cookie, &code).await;
        let done = saved(tried.unwrap().unwrap());
        if let Some(cookie) = &done.cookie {
            self.cookie = cookie.clone();
        }
        done
    }

    /// The secret of the app that is being set up, as it is typed off.
    pub(crate) async fn app_secret(&self) -> String {
        let shown = info::pending_app(self.app(), &self.cookie).await;
        let shown = shown.unwrap().unwrap().unwrap();
        shown.typed.expose().clone()
    }

    pub(crate) async fn rows(&self) -> Vec<Method> {
        let (tenant, user) = (self.ada.tenant, self.ada.id);
        self.app()
            .db()
            .read(async |mut tx| methods::list_for_user(&mut tx, tenant, user).await)
            .await
            .unwrap()
    }

    pub(crate) async fn remove(
        &self,
        id: &str,
        sure: u8,
    ) -> Option<Result<info::Saved, info::Removal>> {
        let ctx = self.test.ctx();
        info::remove(self.app(), &ctx, &self.cookie, id, sure)
            .await
            .unwrap()
            .unwrap()
    }

    /// The activities of the tenant that a registration writes, in order.
    pub(crate) async fn events(&self) -> Vec<(Activity, serde_json::Value)> {
        let filter = latchkey_store::audit::Filter::default();
        let tenant = self.contoso.id();
        let events = self
            .app()
            .db()
            .read(async |mut tx| {
                latchkey_store::audit::list(&mut tx, tenant, &filter, 0, 1_000).await
            })
            .await
            .unwrap();
        events
            .into_iter()
            .map(|event| event.row.event)
            .filter(|event| {
                matches!(
                    event.activity,
                    Activity::Registered
                        | Activity::SecurityInfoChanged
                        | Activity::SecurityInfoConfirmed
                )
            })
            .map(|event| {
                let details = serde_json::from_str(&event.details).unwrap();
                (event.activity, details)
            })
            .collect()
    }
}

async fn password(test: &TestApp) {
    let ctx = admin::operator(&test.app);
    let password = Secret::new(PASSWORD.to_owned());
    admin::user::set_password(&test.app, &ctx, "ada@contoso.com", &password, false, true)
        .await
        .unwrap();
}

pub(crate) fn saved(tried: Tried) -> info::Saved {
    match tried {
        Tried::Saved(saved) => *saved,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn wrong(code: &str) -> String {
    code.chars()
        .map(|digit| if digit == '0' { '1' } else { '0' })
        .collect()
}

/// The code of a secret in base32, as an app shows it now.
pub(crate) fn code_of(test: &TestApp, base32: &str) -> String {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for c in base32.chars().filter(|c| !c.is_whitespace()) {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap();
        bits = (bits << 5 | u32::try_from(value).unwrap()) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).unwrap());
        }
    }
    totp(&bytes, u64::try_from(test.clock.now().seconds()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_methods_make_a_person_registered_and_that_is_one_event() {
    both(async |test| {
        let here = Here::new(test, settings(2)).await;
        assert!(info::must_look(here.app(), &here.cookie).await.unwrap());
        let first = here.email("ada@home.example").await;
        assert!(!first.is_registered_now);
        assert_eq!((first.progress.done, first.progress.needed), (1, 2));
        let second = here.phone("+31612345678").await;
        assert!(second.is_registered_now);
        assert_eq!((second.progress.done, second.progress.needed), (2, 2));
        assert!(!info::must_look(here.app(), &here.cookie).await.unwrap());
        let events = here.events().await;
        let names: Vec<Activity> = events.iter().map(|(activity, _)| *activity).collect();
        assert_eq!(names, [Activity::SecurityInfoChanged, Activity::Registered]);
        assert_eq!(events[0].1["which"], "a•••@h•••.example");
        assert_eq!(
            events[1].1["registered"],
            serde_json::json!(["email", "phone"])
        );
        let rows = here.rows().await;
        assert!(rows.iter().all(|row| row.origin == Origin::Person));
        let person = Person::start(&here.test, "ada@contoso.com").await;
        assert_eq!(person.offered(), ["email", "sms", "mobile_call"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s16_an_address_counts_only_after_its_code_and_the_code_has_five_tries() {
    both(async |test| {
        let here = Here::new(test, settings(1)).await;
        assert_eq!(here.send("ada@home.example").await, Sent::Sent);
        assert!(here.rows().await.is_empty());
        let sent = here.test.newest_to("ada@home.example").await.unwrap();
        assert!(sent.text.contains("Nobody from IT will ever ask"));
        assert!(!sent.subject.chars().any(|c| c.is_ascii_digit()));
        let code = here.test.code_for("ada@home.example").await;
        assert_eq!(code.len(), 8);
        // What cannot be a code is no try.
        for typed in ["", "123456", "12345678x", &"1".repeat(65)] {
            assert!(matches!(
                here.code(Kind::Email, typed).await,
                Tried::Unreadable
            ));
        }
        for left in (1..=4).rev() {
            match here.code(Kind::Email, &wrong(&code)).await {
                Tried::Wrong { left: said } => assert_eq!(said, left),
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(
            here.code(Kind::Email, &wrong(&code)).await,
            Tried::Over
        ));
        assert!(matches!(here.code(Kind::Email, &code).await, Tried::Over));
        assert!(here.rows().await.is_empty());
        // The fifth try may be the right one.
        here.test.clock.advance(Duration::from_secs(120));
        assert_eq!(here.send("ada@home.example").await, Sent::Sent);
        let code = here.test.code_for("ada@home.example").await;
        for _ in 0..4 {
            here.code(Kind::Email, &wrong(&code)).await;
        }
        saved(here.code(Kind::Email, &code).await);
        assert!(matches!(here.code(Kind::Email, &code).await, Tried::Over));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_less_than_ten_minutes_and_a_new_one_makes_it_void() {
    both(async |test| {
        let mut here = Here::new(test, settings(1)).await;
        assert_eq!(here.send("ada@home.example").await, Sent::Sent);
        let code = here.test.code_for("ada@home.example").await;
        here.test.clock.advance(Duration::from_secs(599));
        saved(here.code(Kind::Email, &code).await);
        here.sign_in(&["password"]).await;
        assert_eq!(here.send("eve@home.example").await, Sent::Sent);
        let code = here.test.code_for("eve@home.example").await;
        here.test.clock.advance(Duration::from_secs(600));
        // The session's proof is as old: prove it again, in the same session.
        let ctx = here.test.ctx();
        let typed = Secret::new(PASSWORD.to_owned());
        let proved = info::prove(here.app(), &ctx, &here.cookie, &typed, "").await;
        let Proved::Yes(cookie) = proved.unwrap().unwrap() else {
            panic!("not proven");
        };
        here.cookie = cookie;
        assert!(matches!(here.code(Kind::Email, &code).await, Tried::Over));
        let first = here.send("one@home.example").await;
        let void = here.test.code_for("one@home.example").await;
        assert_eq!(
            (first, here.send("two@home.example").await),
            (Sent::Sent, Sent::Sent)
        );
        assert!(!matches!(
            here.code(Kind::Email, &void).await,
            Tried::Saved(_)
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_one_session_is_worth_nothing_in_another() {
    both(async |test| {
        let mut here = Here::new(test, settings(1)).await;
        assert_eq!(here.send("ada@home.example").await, Sent::Sent);
        let code = here.test.code_for("ada@home.example").await;
        let first = here.cookie.clone();
        here.sign_in(&["password"]).await;
        // Nothing is on its way in the second one.
        assert!(matches!(here.code(Kind::Email, &code).await, Tried::Over));
        // Nor does the code count there for something else that is.
        assert_eq!(here.send("eve@home.example").await, Sent::Sent);
        assert!(matches!(
            here.code(Kind::Email, &code).await,
            Tried::Wrong { .. }
        ));
        assert!(here.rows().await.is_empty());
        here.cookie = first;
        saved(here.code(Kind::Email, &code).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_requests_with_one_code_one_registers() {
    both(async |test| {
        let here = Here::new(test, settings(1)).await;
        assert_eq!(here.send("ada@home.example").await, Sent::Sent);
        let code = here.test.code_for("ada@home.example").await;
        let mut racing = tokio::task::JoinSet::new();
        for _ in 0..5 {
            let (app, ctx) = (here.test.app.clone(), here.test.ctx());
            let (cookie, code) = (here.cookie.clone(), code.clone());
            racing.spawn(async move { info::code(&app, &ctx, &cookie, Kind::Email, &code).await });
        }
        let done = racing.join_all().await;
        let saved = done
            .into_iter()
            .filter(|reply| matches!(reply, Ok(Ok(Tried::Saved(_)))))
            .count();
        assert_eq!(saved, 1);
        assert_eq!(here.rows().await.len(), 1);
        assert_eq!(here.events().await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_open_with_the_same_password_are_refused() {
    let here = Here::new(TestApp::sqlite().await, settings(1)).await;
    for address in [
        "ada@contoso.com",
        "someone.else@contoso.com",
        "ADA@Contoso.COM",
    ] {
        assert_eq!(here.send(address).await, Sent::OwnMailbox, "{address}");
    }
    for address in ["", "nobody", "ada@", "a b@home.example"] {
        assert_eq!(here.send(address).await, Sent::Malformed, "{address}");
    }
    here.email("ada@home.example").await;
    assert_eq!(here.send("Ada@HOME.example").await, Sent::Known);
    let ctx = here.test.ctx();
    for (typed, by, said) in [
        ("12", By::Text, Sent::Malformed),
        ("06-12345678", By::Call, Sent::Sent),
    ] {
        let sent = info::send_phone(here.app(), &ctx, &here.cookie, Some(typed), by).await;
        assert_eq!(sent.unwrap().unwrap(), said, "{typed}");
    }
    let call = here.test.newest_to("+31612345678").await.unwrap();
    assert_eq!(call.channel, "call");
    assert!(call.text.contains("register this phone number"));
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_to_one_mailbox_have_the_same_limit_as_those_of_a_reset() {
    let here = Here::new(TestApp::sqlite().await, settings(1)).await;
    for _ in 0..5 {
        assert_eq!(here.send("ada@home.example").await, Sent::Sent);
    }
    assert_eq!(here.send("ada@home.example").await, Sent::NoMessages);
    assert_eq!(here.send("other@home.example").await, Sent::Sent);
    here.test.clock.advance(Duration::from_secs(120));
    // Messages of before leave first: those of one moment leave in any order.
    here.test.messages().await;
    assert_eq!(here.send("ada@home.example").await, Sent::Sent);
    // And it is one limit: a reset's codes to this mailbox take from it too.
    let code = here.test.code_for("ada@home.example").await;
    saved(here.code(Kind::Email, &code).await);
    let mut person = Person::start(&here.test, "ada@contoso.com").await;
    person.choose("email").await;
    assert_eq!(person.notice, Some(Notice::NoMessages));
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_everything_asks_for_a_sign_in_of_less_than_ten_minutes() {
    both(async |test| {
        let here = Here::new(test, settings(2)).await;
        here.test.clock.advance(Duration::from_secs(599));
        assert_eq!(here.send("ada@home.example").await, Sent::Sent);
        let code = here.test.code_for("ada@home.example").await;
        here.test.clock.advance(Duration::from_secs(1));
        let (app, ctx, cookie) = (here.app(), here.test.ctx(), &here.cookie);
        let bars = [
            info::send_email(app, &ctx, cookie, Some("a@b.example"))
                .await
                .unwrap()
                .err(),
            info::send_phone(app, &ctx, cookie, Some("+31612345678"), By::Text)
                .await
                .unwrap()
                .err(),
            info::code(app, &ctx, cookie, Kind::Email, &code)
                .await
                .unwrap()
                .err(),
            info::code_again(app, &ctx, cookie, Kind::Email)
                .await
                .unwrap()
                .err(),
            info::begin_app(app, cookie, "x").await.unwrap().err(),
            info::confirm_app(app, &ctx, cookie, "000000")
                .await
                .unwrap()
                .err(),
            info::begin_passkey(app, cookie, "x").await.unwrap().err(),
            info::finish_passkey(app, &ctx, cookie, "{}")
                .await
                .unwrap()
                .err(),
            info::set_questions(app, &ctx, cookie, &[])
                .await
                .unwrap()
                .err(),
            info::recovery_codes(app, &ctx, cookie).await.unwrap().err(),
            info::removal(app, cookie, "questions").await.unwrap().err(),
            info::remove(app, &ctx, cookie, "questions", 2)
                .await
                .unwrap()
                .err(),
        ];
        assert!(bars.iter().all(|bar| *bar == Some(Bar::Prove)), "{bars:?}");
        assert!(here.rows().await.is_empty());
        // Looking does not.
        assert!(info::overview(app, cookie).await.unwrap().is_ok());
        // A wrong password proves nothing; the right one gives another cookie, and the old one ends.
        let typed = |text: &str| Secret::new(text.to_owned());
        let no = info::prove(app, &ctx, cookie, &typed("wrong"), "").await;
        assert!(matches!(no.unwrap().unwrap(), Proved::No));
        let yes = info::prove(app, &ctx, cookie, &typed(PASSWORD), "").await;
        let Proved::Yes(new) = yes.unwrap().unwrap() else {
            panic!("not proven");
        };
        assert!(matches!(
            info::overview(app, cookie).await.unwrap(),
            Err(Bar::SignIn)
        ));
        let tried = info::code(app, &ctx, &new, Kind::Email, &code).await;
        saved(tried.unwrap().unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s35_in_the_hours_after_a_reset_two_factors_are_asked_for() {
    both(async |test| {
        let mut here = Here::new(test, settings(1)).await;
        here.authenticator("Phone").await;
        let reset_at = here.test.clock.now();
        let (tenant, user) = (here.ada.tenant, here.ada.id);
        here.app()
            .db()
            .write(async |mut tx| {
                latchkey_store::registration::note_reset(&mut tx, tenant, user, reset_at).await
            })
            .await
            .unwrap();
        here.test.clock.advance(Duration::from_secs(60));
        here.sign_in(&["password"]).await;
        let (app, ctx) = (here.app(), here.test.ctx());
        let refused = info::send_email(app, &ctx, &here.cookie, Some("a@b.example")).await;
        assert_eq!(refused.unwrap().err(), Some(Bar::Prove));
        let ways = info::ways(app, &here.cookie).await.unwrap().unwrap();
        assert!(ways.password && ways.code && ways.held_until.is_some());
        // The password alone is right, and not enough.
        let typed = Secret::new(PASSWORD.to_owned());
        let no = info::prove(app, &ctx, &here.cookie, &typed, "").await;
        assert!(matches!(no.unwrap().unwrap(), Proved::No));
        let no = info::prove(app, &ctx, &here.cookie, &typed, "000000").await;
        assert!(matches!(no.unwrap().unwrap(), Proved::No));
        let code = code_of(&here.test, &here.secret);
        let yes = info::prove(app, &ctx, &here.cookie, &typed, &code).await;
        let Proved::Yes(cookie) = yes.unwrap().unwrap() else {
            panic!("not proven");
        };
        here.cookie = cookie;
        assert_eq!(here.send("ada@home.example").await, Sent::Sent);
        // After the hold one factor is enough again; 24 hours is the end of it.
        here.test
            .clock
            .advance(Duration::from_secs(24 * 60 * 60 - 61));
        here.sign_in(&["password"]).await;
        let refused = info::send_email(here.app(), &ctx, &here.cookie, Some("a@b.example")).await;
        assert_eq!(refused.unwrap().err(), Some(Bar::Prove));
        here.test.clock.advance(Duration::from_secs(1));
        assert_eq!(here.send("a@b.example").await, Sent::Sent);
    })
    .await;
}
