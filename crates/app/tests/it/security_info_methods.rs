//! Each method of the registration portal, what is lost with one, and being asked for them.

use std::collections::BTreeSet;
use std::time::Duration;

use latchkey_app::admin;
use latchkey_app::admin::registration::{self, Whom};
use latchkey_app::reset::{Ended, Notice, Page, Question};
use latchkey_app::security_info::{
    self as info, AnswersSaid, Bar, By, How, Named, Proved, Sent, Tried,
};
use latchkey_core::audit::Activity;
use latchkey_core::model::{Origin, Role, UserType};
use latchkey_core::registration::{AnswerProblem, Kind, SetProblem};
use latchkey_core::reset::Gate;
use latchkey_crypto::testing::Authenticator;
use latchkey_store::methods::{Method, MethodKind};
use latchkey_testkit::{Person, TestApp, both, session};
use latchkey_types::Secret;

use crate::security_info::{Here, PASSWORD, code_of, saved, settings, wrong};

#[tokio::test(flavor = "multi_thread")]
async fn s09_a_new_method_ends_a_reset_that_began_before() {
    both(async |test| {
        let here = Here::with(test, settings(1), |_| {}).await;
        let mut stranger = Person::start(&here.test, "ada@contoso.com").await;
        stranger.choose("email").await;
        let code = here.test.code_for("ada@home.example").await;
        stranger.code(&code).await;
        assert!(matches!(stranger.view.page, Page::NewPassword { .. }));
        here.phone("+31687654321").await;
        let new = "a brand new Passw0rt!";
        stranger.password(new, new).await;
        let page = &stranger.view.page;
        assert!(
            !matches!(page, Page::Ended(Ended::Succeeded { .. })),
            "{page:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s15_a_destination_that_took_the_place_of_another_rests_and_both_are_told() {
    both(async |test| {
        let mut here = Here::new(test, settings(1)).await;
        let first = here.email("old@home.example").await;
        assert_eq!(first.rests_until, None);
        let before = here.test.messages().await.len();
        let second = here.email("new@home.example").await;
        assert_eq!(second.change.how, How::Replaced);
        assert!(second.rests_until.is_some());
        let sent = here.test.messages().await;
        let told: BTreeSet<&str> = sent
            .iter()
            .take(sent.len() - before)
            .filter(|message| message.subject.contains("security info"))
            .map(|message| message.to.as_str())
            .collect();
        assert_eq!(told, ["new@home.example", "old@home.example"].into());
        let letter = here.test.newest_to("old@home.example").await.unwrap();
        assert!(letter.text.contains("/not-me#"), "{}", letter.text);
        assert!(letter.text.contains("Replaced: e-mail address"));
        assert!(!letter.text.contains("new@home.example"), "masked");
        for (time, offered) in [(24 * 60 * 60 - 1, false), (1, true)] {
            here.test.clock.advance(Duration::from_secs(time));
            let person = Person::start(&here.test, "ada@contoso.com").await;
            assert_eq!(person.offered().contains(&"email"), offered);
        }
        // Removing it in between does not help.
        here.sign_in(&["password"]).await;
        let row = here.rows().await.remove(0);
        let done = here.remove(&row.id.to_string(), 2).await;
        assert!(matches!(done, Some(Ok(_))));
        let third = here.email("eve@home.example").await;
        assert_eq!(third.change.how, How::Added);
        assert!(third.rests_until.is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s15_nor_does_removing_what_an_administrator_had_filled_in() {
    let here = Here::new(TestApp::sqlite().await, settings(1)).await;
    let operator = admin::operator(here.app());
    let values = [(
        admin::methods::Private::Email,
        String::from("ada@home.example"),
    )];
    admin::methods::set_private(here.app(), &operator, "ada@contoso.com", &values)
        .await
        .unwrap();
    let row = here.rows().await.remove(0);
    let done = here.remove(&row.id.to_string(), 2).await;
    assert!(matches!(done, Some(Ok(_))));
    let saved = here.email("eve@home.example").await;
    assert!(saved.rests_until.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_about_a_change_locks_the_account_when_its_owner_says_it_was_not_them() {
    let here = Here::new(TestApp::sqlite().await, settings(1)).await;
    here.email("ada@home.example").await;
    here.phone("+31612345678").await;
    let letter = here.test.newest_to("ada@home.example").await.unwrap();
    let (_, token) = letter.text.split_once("/not-me#").unwrap();
    let token = token.split_whitespace().next().unwrap();
    let ctx = here.test.ctx();
    let seen = latchkey_app::not_me::look(here.app(), &ctx, token)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(seen.deed, latchkey_app::not_me::Deed::SecurityInfo);
    latchkey_app::not_me::report(here.app(), &ctx, token)
        .await
        .unwrap()
        .unwrap();
    let view = info::overview(here.app(), &here.cookie).await.unwrap();
    assert_eq!(view.err(), Some(Bar::SignIn));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_filled_in_is_confirmed_and_then_the_persons() {
    both(async |test| {
        let here = Here::with(test, settings(1), |_| {}).await;
        let (app, ctx) = (here.app(), here.test.ctx());
        let view = info::overview(app, &here.cookie).await.unwrap().unwrap();
        let email = view
            .sections
            .iter()
            .find(|section| section.kind == Kind::Email)
            .unwrap();
        assert!(email.items[0].to_confirm && email.items[0].id.is_none());
        assert_eq!(email.items[0].which, "a•••@h•••.example");
        assert!(view.state.is_registered, "it counts unproven");
        let sent = info::send_email(app, &ctx, &here.cookie, None).await;
        assert_eq!(sent.unwrap().unwrap(), Sent::Sent);
        let page = info::code_page(app, &here.cookie, Kind::Email).await;
        assert_eq!(page.unwrap().unwrap().unwrap().to, "a•••@h•••.example");
        let code = here.test.code_for("ada@home.example").await;
        let done = saved(here.code(Kind::Email, &code).await);
        assert_eq!((done.change.how, done.rests_until), (How::Confirmed, None));
        let rows = here.rows().await;
        assert_eq!((rows.len(), rows[0].origin), (1, Origin::Person));
        let events = here.events().await;
        assert_eq!(events[0].0, Activity::SecurityInfoConfirmed);
        // Confirming is no change: nobody is told.
        let sent = here.test.messages().await;
        assert!(sent.iter().all(|m| !m.subject.contains("security info")));

        // A private value of an administrator's stays in its place.
        let operator = admin::operator(app);
        let values = [(
            admin::methods::Private::Phone,
            String::from("+31 6 11111111"),
        )];
        admin::methods::set_private(app, &operator, "ada@contoso.com", &values)
            .await
            .unwrap();
        let before = here.rows().await;
        let sent = info::send_phone(app, &ctx, &here.cookie, None, By::Text).await;
        assert_eq!(sent.unwrap().unwrap(), Sent::Sent);
        let code = here.test.code_for("+31611111111").await;
        let done = saved(here.code(Kind::Phone, &code).await);
        assert_eq!(done.change.how, How::Confirmed);
        let rows = here.rows().await;
        assert!(rows.iter().all(|row| row.origin == Origin::Person));
        let ids = |rows: &[Method]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(&before), ids(&rows));
    })
    .await;
}

/// An answer of 40 characters.
const LONGEST: &str = "the long lane behind the old mill houses";

/// Three answers, to two predefined questions and one of the tenant's own.
fn set(answers: [&str; 3]) -> Vec<(String, String, Secret<String>)> {
    [
        "question-first-manager",
        "question-first-street",
        "What was on your first badge?",
    ]
    .into_iter()
    .zip(answers)
    .map(|(question, answer)| {
        let text = format!("{question} in words");
        (question.to_owned(), text, Secret::new(answer.to_owned()))
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn s38_answers_are_checked_kept_as_hashes_and_open_their_gate() {
    both(async |test| {
        let mut policy = settings(2);
        policy.reset.questions.to_register = 3;
        policy.reset.questions.own = vec![String::from("What was on your first badge?")];
        let here = Here::new(test, policy).await;
        here.email("ada@home.example").await;
        let ctx = here.test.ctx();
        let (pat, rose, owl) = ("Pat Coleman", "Rose Lane", "a red owl");
        let long = "x".repeat(41);
        for (answers, place, problem) in [
            (["ab", rose, owl], 0, AnswerProblem::TooShort),
            ([pat, &long, owl], 1, AnswerProblem::TooLong),
            ([pat, "pat  COLEMAN", owl], 1, AnswerProblem::Repeated),
            ([pat, rose, "badge"], 2, AnswerProblem::InQuestion),
            ([pat, rose, "ada"], 2, AnswerProblem::InName),
            (["password", rose, owl], 0, AnswerProblem::Common),
        ] {
            let said = info::set_questions(here.app(), &ctx, &here.cookie, &set(answers)).await;
            let AnswersSaid::Refused(problems) = said.unwrap().unwrap() else {
                panic!("{answers:?}");
            };
            let wanted = SetProblem::Answer { place, problem };
            assert!(problems.contains(&wanted), "{problems:?}");
        }
        let two = &set([pat, rose, ""])[..2];
        let said = info::set_questions(here.app(), &ctx, &here.cookie, two).await;
        assert!(matches!(
            said.unwrap().unwrap(),
            AnswersSaid::Refused(problems) if problems == [SetProblem::TooFew { needed: 3 }]
        ));
        let good = set(["Zoë", LONGEST, "A Red Owl"]);
        let said = info::set_questions(here.app(), &ctx, &here.cookie, &good).await;
        let AnswersSaid::Saved(done) = said.unwrap().unwrap() else {
            panic!("good answers were refused");
        };
        assert!(done.is_registered_now, "{done:?}");
        let rows = here.rows().await;
        let questions = rows.iter().filter(|row| row.kind == MethodKind::Question);
        assert_eq!(questions.count(), 3);
        let mut person = Person::start(&here.test, "ada@contoso.com").await;
        person.choose("email").await;
        let code = here.test.code_for("ada@home.example").await;
        person.code(&code).await;
        person.choose("questions").await;
        let Page::Questions { questions } = &person.view.page else {
            panic!("{:?}", person.view.page);
        };
        let typed: Vec<String> = questions
            .iter()
            .map(|question| match question {
                Question::Own(_) => " a red  OWL ".to_owned(),
                Question::Predefined(name) if name.ends_with("manager") => "ZOË".to_owned(),
                Question::Predefined(_) => LONGEST.to_owned(),
            })
            .collect();
        person.answers(&typed).await;
        assert!(matches!(person.view.page, Page::NewPassword { .. }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_counts_after_a_code_that_counts_once_and_several_have_names() {
    both(async |test| {
        let mut here = Here::new(test, settings(1)).await;
        let (app, ctx) = (here.test.app.clone(), here.test.ctx());
        for (name, said) in [
            ("", Named::Malformed),
            ("  ", Named::Malformed),
            (&"x".repeat(61), Named::Malformed),
            ("a\u{202e}b", Named::Malformed),
            (&"x".repeat(60), Named::Begun),
        ] {
            let named = info::begin_app(&app, &here.cookie, name).await;
            assert_eq!(named.unwrap().unwrap(), said, "{name:?}");
        }
        assert!(here.rows().await.is_empty());
        let code = code_of(&here.test, &here.app_secret().await);
        let tried = info::confirm_app(&app, &ctx, &here.cookie, &wrong(&code)).await;
        assert!(matches!(tried.unwrap().unwrap(), Tried::Wrong { left: 4 }));
        here.authenticator("My  phone").await;
        assert_eq!(here.rows().await[0].slot, "My phone");
        // The code that was typed here resets nothing.
        let code = code_of(&here.test, &here.secret);
        let mut person = Person::start(&here.test, "ada@contoso.com").await;
        person.choose("authenticator_code").await;
        person.code(&code).await;
        assert!(matches!(person.notice, Some(Notice::WrongCode { .. })));
        here.test.clock.advance(Duration::from_secs(60));
        person.code(&code_of(&here.test, &here.secret)).await;
        assert!(matches!(person.view.page, Page::NewPassword { .. }));
        let named = info::begin_app(&app, &here.cookie, "MY PHONE").await;
        assert_eq!(named.unwrap().unwrap(), Named::Taken);
        here.authenticator("Tablet").await;
        assert_eq!(here.rows().await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_made_once_named_and_proves_it_once_more() {
    both(async |test| {
        let mut here = Here::new(test, settings(1)).await;
        let (app, ctx) = (here.test.app.clone(), here.test.ctx());
        let mut device = Authenticator::new("https://reset.contoso.com");
        let options = async |here: &Here, name: &str| {
            let named = info::begin_passkey(&here.test.app, &here.cookie, name).await;
            assert_eq!(named.unwrap().unwrap(), Named::Begun);
            let found = info::passkey_options(&here.test.app, &here.cookie).await;
            found.unwrap().unwrap().unwrap()
        };
        let (name, first) = options(&here, "Laptop").await;
        assert_eq!(name, "Laptop");
        // Without a script nothing is lost.
        let tried = info::finish_passkey(&app, &ctx, &here.cookie, "").await;
        assert!(matches!(tried.unwrap().unwrap(), Tried::Unreadable));
        let answer = device.create(&first);
        let tried = info::finish_passkey(&app, &ctx, &here.cookie, &answer).await;
        assert!(saved(tried.unwrap().unwrap()).is_registered_now);
        let again = info::finish_passkey(&app, &ctx, &here.cookie, &answer).await;
        assert!(matches!(again.unwrap().unwrap(), Tried::Over));
        let rows = here.rows().await;
        let row = (rows[0].kind, rows[0].name.as_str());
        assert_eq!(row, (MethodKind::Passkey, "Laptop"));
        // The browser is told which there are, so that a device makes no second one. A bad answer
        // ends the ceremony.
        let (_, second) = options(&here, "Other").await;
        assert!(second.contains(&rows[0].slot));
        let bad = info::finish_passkey(&app, &ctx, &here.cookie, &answer).await;
        assert!(matches!(bad.unwrap().unwrap(), Tried::Over));
        let over = info::passkey_options(&app, &here.cookie).await;
        assert!(over.unwrap().unwrap().is_none());

        here.test.clock.advance(Duration::from_secs(600));
        let begun = info::begin_proof(&app, &here.cookie).await;
        assert!(begun.unwrap().unwrap());
        let options = info::proof_options(&app, &here.cookie).await;
        let options = options.unwrap().unwrap().unwrap();
        let answer = device.get(&options);
        let proved = info::finish_proof(&app, &ctx, &here.cookie, &answer).await;
        let Proved::Yes(cookie) = proved.unwrap().unwrap() else {
            panic!("not proven");
        };
        here.cookie = cookie;
        let replayed = info::finish_proof(&app, &ctx, &here.cookie, &answer).await;
        assert!(matches!(replayed.unwrap().unwrap(), Proved::No));
        assert_eq!(here.send("ada@home.example").await, Sent::Sent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_codes_are_ten_and_a_new_sheet_takes_the_place_of_the_old() {
    both(async |test| {
        let here = Here::new(test, settings(1)).await;
        let (app, ctx) = (here.app(), here.test.ctx());
        let made = info::recovery_codes(app, &ctx, &here.cookie).await;
        let (first, done) = made.unwrap().unwrap();
        assert_eq!((first.len(), done.change.how), (10, How::Added));
        assert_eq!(done.progress.done, 1);
        let slots = |rows: Vec<Method>| {
            let slots = rows.into_iter().map(|row| row.slot);
            slots.collect::<BTreeSet<_>>()
        };
        let before = slots(here.rows().await);
        assert_eq!(before.len(), 10);
        let made = info::recovery_codes(app, &ctx, &here.cookie).await;
        assert_eq!(made.unwrap().unwrap().1.change.how, How::Replaced);
        let after = slots(here.rows().await);
        assert_eq!(after.len(), 10);
        assert!(before.is_disjoint(&after));
        let all: Vec<&str> = first.iter().map(|code| code.expose().as_str()).collect();
        let sheet = info::sheet(&all.join(" ")).unwrap();
        assert_eq!(sheet[9].expose(), first[9].expose());
        let nine = all[..9].join(" ");
        assert!(info::sheet(&nine).is_none());
        assert!(info::sheet(&format!("{nine} <script>")).is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_somebody_registered_is_removed_only_when_asked_twice() {
    both(async |test| {
        let mut here = Here::new(test, settings(1)).await;
        here.email("ada@home.example").await;
        here.authenticator("Phone").await;
        let id = |rows: Vec<Method>, kind| {
            let row = rows.into_iter().find(|row| row.kind == kind).unwrap();
            row.id.to_string()
        };
        let email = id(here.rows().await, MethodKind::Email);
        // Another one is left: once is enough, and never none.
        assert!(matches!(here.remove(&email, 0).await, Some(Err(_))));
        assert!(matches!(here.remove(&email, 1).await, Some(Ok(_))));
        let app = id(here.rows().await, MethodKind::Authenticator);
        match here.remove(&app, 1).await {
            Some(Err(removal)) => assert!(removal.loss.registered && removal.loss.is_allowed()),
            other => panic!("{other:?}"),
        }
        assert_eq!(here.rows().await.len(), 1);
        assert!(matches!(here.remove(&app, 2).await, Some(Ok(_))));
        assert!(here.rows().await.is_empty());
        assert!(here.remove(&app, 2).await.is_none());
        assert!(here.remove("nonsense", 2).await.is_none());
        // Nobody removes what is another's.
        let eve = here.contoso.person(&here.test, "eve@contoso.com", |_| {});
        let eve = eve.await;
        here.authenticator("Mine").await;
        let mine = id(here.rows().await, MethodKind::Authenticator);
        let cookie = session(&here.test, &eve, &["password"]).await;
        let ctx = here.test.ctx();
        let taken = info::remove(here.app(), &ctx, &cookie, &mine, 2).await;
        assert!(taken.unwrap().unwrap().is_none());
        assert_eq!(here.rows().await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_keep_a_second_factor_and_never_have_questions_or_recovery_codes() {
    both(async |test| {
        let mut here = Here::with(test, settings(1), |user| {
            user.roles = vec![Role::GlobalAdministrator];
            user.other_mails = Vec::new();
            user.mobile_phone = None;
        })
        .await;
        let (app, ctx) = (here.test.app.clone(), here.test.ctx());
        // Without a second factor, registering one is all there is to do.
        let closed = info::send_email(&app, &ctx, &here.cookie, Some("a@b.example")).await;
        assert_eq!(closed.unwrap().err(), Some(Bar::Closed));
        let done = here.authenticator("Phone").await;
        assert!(done.cookie.is_some(), "another privilege, another cookie");
        assert_eq!(here.send("ada@home.example").await, Sent::Sent);
        let closed = info::recovery_codes(&app, &ctx, &here.cookie).await;
        assert_eq!(closed.unwrap().err(), Some(Bar::Closed));
        let closed = info::set_questions(&app, &ctx, &here.cookie, &[]).await;
        assert_eq!(closed.unwrap().err(), Some(Bar::Closed));
        let row = here.rows().await.remove(0);
        match here.remove(&row.id.to_string(), 2).await {
            Some(Err(removal)) => assert!(!removal.loss.is_allowed()),
            other => panic!("{other:?}"),
        }
        assert_eq!(here.rows().await.len(), 1);
        // An administrator who signed in with the password alone proves the second one first.
        here.sign_in(&["password"]).await;
        let prove = info::send_email(&app, &ctx, &here.cookie, Some("a@b.example")).await;
        assert_eq!(prove.unwrap().err(), Some(Bar::Prove));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_of_elsewhere_and_methods_that_are_off_are_closed() {
    let mut policy = settings(1);
    policy.reset.methods = [Gate::Email].into();
    let here = Here::new(TestApp::sqlite().await, policy).await;
    let (app, ctx) = (here.app(), here.test.ctx());
    let closed = info::begin_app(app, &here.cookie, "x").await;
    assert_eq!(closed.unwrap().err(), Some(Bar::Closed));
    let closed = info::send_phone(app, &ctx, &here.cookie, Some("+31612345678"), By::Text).await;
    assert_eq!(closed.unwrap().err(), Some(Bar::Closed));
    let guest = here
        .contoso
        .person(&here.test, "guest@contoso.com", |user| {
            user.user_type = UserType::ExternalGuest;
        });
    let guest = guest.await;
    let cookie = session(&here.test, &guest, &["password"]).await;
    let view = info::overview(app, &cookie).await.unwrap().unwrap();
    assert!(view.is_elsewhere && view.sections.is_empty());
    let closed = info::send_email(app, &ctx, &cookie, Some("a@b.example")).await;
    assert_eq!(closed.unwrap().err(), Some(Bar::Closed));
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_is_asked_at_each_sign_in_until_it_is_done_and_again_when_forced() {
    both(async |test| {
        let mut here = Here::new(test, settings(1)).await;
        let app = here.test.app.clone();
        let asked = async |here: &Here| {
            let asked = info::must_look(&here.test.app, &here.cookie).await;
            asked.unwrap()
        };
        assert!(asked(&here).await);
        info::put_off(&app, &here.cookie).await.unwrap().unwrap();
        assert!(!asked(&here).await);
        here.sign_in(&["password"]).await;
        assert!(asked(&here).await);
        // Whoever is not registered has nothing to confirm.
        let ctx = here.test.ctx();
        let closed = info::confirm_all(&app, &ctx, &here.cookie).await;
        assert_eq!(closed.unwrap().err(), Some(Bar::Closed));
        here.email("ada@home.example").await;
        assert!(!asked(&here).await);

        let state = registration::state(&app, "ada@contoso.com").await.unwrap();
        assert!(state.is_enabled && state.is_registered && state.is_capable);
        assert!(!state.must_register && !state.must_reconfirm);
        here.test.clock.advance(Duration::from_secs(1));
        let operator = admin::operator(&app);
        let of = Whom::User("ada@contoso.com");
        let count = registration::require(&app, &operator, "contoso", of).await;
        assert_eq!(count.unwrap(), 1);
        let state = registration::state(&app, "ada@contoso.com").await.unwrap();
        assert!(state.must_reconfirm);
        assert!(asked(&here).await);
        here.test.clock.advance(Duration::from_secs(1));
        let done = info::confirm_all(&app, &ctx, &here.cookie).await;
        assert_eq!(done.unwrap(), Ok(()));
        assert!(!asked(&here).await);

        // And after half a year, whether anybody asks or not.
        for (days, is_asked) in [(179, false), (1, true)] {
            let time = Duration::from_secs(days * 24 * 60 * 60);
            here.test.clock.advance(time);
            here.sign_in(&["password"]).await;
            assert_eq!(asked(&here).await, is_asked);
        }
        let all = registration::require(&app, &operator, "contoso", Whom::All).await;
        assert_eq!(all.unwrap(), 1);
        let none = registration::require(&app, &operator, "contoso", Whom::Group("nobody")).await;
        assert!(none.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_here_lock_as_they_do_at_the_sign_in() {
    both(async |test| {
        let here = Here::new(test, settings(1)).await;
        let (app, ctx) = (here.app(), here.test.ctx());
        for n in 0..9 {
            let typed = Secret::new(format!("wrong {n}"));
            let no = info::prove(app, &ctx, &here.cookie, &typed, "").await;
            assert!(matches!(no.unwrap().unwrap(), Proved::No), "{n}");
        }
        let typed = Secret::new(String::from("wrong 9"));
        let last = info::prove(app, &ctx, &here.cookie, &typed, "").await;
        assert!(matches!(last.unwrap().unwrap(), Proved::Locked { .. }));
        let right = Secret::new(PASSWORD.to_owned());
        let locked = info::prove(app, &ctx, &here.cookie, &right, "").await;
        assert!(matches!(locked.unwrap().unwrap(), Proved::Locked { .. }));
        here.test.clock.advance(Duration::from_secs(60));
        let yes = info::prove(app, &ctx, &here.cookie, &right, "").await;
        assert!(matches!(yes.unwrap().unwrap(), Proved::Yes(_)));
    })
    .await;
}
