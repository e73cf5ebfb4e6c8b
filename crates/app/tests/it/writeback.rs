//! Passwords in a directory: what the portals do, with an agent in the test.

use std::time::Duration;

use latchkey_app::change::{self, Notice as ChangeNotice, Outcome as ChangeOutcome};
use latchkey_app::reset::{Ended, Notice, Page};
use latchkey_app::sign_in::Notice as SignInNotice;
use latchkey_app::{admin, reset, writeback};
use latchkey_core::model::{Managed, Source, User};
use latchkey_core::password::Rule;
use latchkey_core::reset::{Deed, Reason};
use latchkey_core::settings::{Disclosure, Settings};
use latchkey_store::{accounts, operations};
use latchkey_testkit::agent::{Agent, WELL};
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Arrival, Person, TestApp, both};
use latchkey_types::Secret;
use latchkey_wire::operation::{AccountState, Outcome, Refusal};
use latchkey_wire::v1::DirectoryHealth;

pub(crate) const DOMAIN: &str = "corp.example";
pub(crate) const ANCHOR: &str = "0b68d111-1111-2222-3333-444455556666";
pub(crate) const OLD: &str = "the Old-Passw0rd in the directory";
pub(crate) const NEW: &str = "quite another Passw0rd?";

/// Settings with which one gate is enough and whatever is set is set for the directory.
fn settings(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = open_settings(1);
    settings.reset.disclosure = Disclosure::Standard;
    change(&mut settings);
    settings
}

/// Contoso, whose Ada has her password in a directory, and the agent beside it.
pub(crate) async fn contoso(
    test: &TestApp,
    managed: Managed,
    change: impl FnOnce(&mut Settings),
) -> (Organisation, User, Agent) {
    let contoso = Organisation::create(test, "contoso.com", settings(change)).await;
    let ada = contoso
        .person(test, "ada@contoso.com", |user| {
            user.source = Source::Synchronised;
            user.managed = managed;
            user.anchor = Some(ANCHOR.into());
            user.agent_domain = Some("Corp.Example".into());
        })
        .await;
    let agent = Agent::connect(test, contoso.id(), DOMAIN, 1).await;
    agent.has(ANCHOR, OLD);
    (contoso, ada, agent)
}

/// Ada, past the gates.
pub(crate) async fn proved(test: &TestApp) -> Person {
    let mut ada = Person::start(test, "ada@contoso.com").await;
    ada.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    ada.code(&code).await;
    ada
}

fn failed(person: &Person) -> Option<(Reason, Option<Refusal>)> {
    match &person.view.page {
        Page::Ended(Ended::Failed { reason, said, .. }) => Some((*reason, *said)),
        _ => None,
    }
}

pub(crate) fn succeeded(person: &Person) -> Option<Deed> {
    match &person.view.page {
        Page::Ended(Ended::Succeeded { deed, .. }) => Some(*deed),
        _ => None,
    }
}

pub(crate) async fn hash(test: &TestApp, user: &User) -> Option<String> {
    test.app
        .db()
        .read(async |mut tx| accounts::password(&mut tx, user.tenant, user.id).await)
        .await
        .unwrap()
}

/// The reasons of the events of an activity, in order.
pub(crate) async fn reasons(test: &TestApp, user: &User, activity: &str) -> Vec<String> {
    let filter = latchkey_store::audit::Filter::default();
    let events = test
        .app
        .db()
        .read(async |mut tx| {
            latchkey_store::audit::list(&mut tx, user.tenant, &filter, 0, 10_000).await
        })
        .await
        .unwrap();
    events
        .into_iter()
        .map(|event| event.row.event)
        .filter(|event| event.activity.name() == activity)
        .map(|event| event.reason.unwrap_or_default())
        .collect()
}

const RESET: &str = "Reset password (self-service)";

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_sets_the_password_in_the_directory_and_a_copy_only_where_one_is_kept() {
    both(async |test| {
        let (contoso, ada, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let grace = contoso
            .person(&test, "grace@contoso.com", |user| {
                user.source = Source::Synchronised;
                user.managed = Managed::PasswordHashSync;
                user.anchor = Some("22222222-2222-2222-2222-222222222222".into());
                user.agent_domain = Some(DOMAIN.into());
            })
            .await;
        agent.has("22222222-2222-2222-2222-222222222222", OLD);
        let _working = agent.work(&test);

        let mut person = proved(&test).await;
        assert!(matches!(
            person.view.page,
            Page::NewPassword {
                in_directory: true,
                may_unlock: false,
                ..
            }
        ));
        person.password(NEW, NEW).await;
        assert_eq!(succeeded(&person), Some(Deed::Reset), "{:?}", person.notice);
        let account = agent.account(ANCHOR);
        assert_eq!((account.password.as_str(), account.sets), (NEW, 1));
        assert_eq!(hash(&test, &ada).await, None);
        assert_eq!(reasons(&test, &ada, RESET).await, ["succeeded.reset"]);
        let told = test.newest_to("ada@home.example").await.unwrap();
        assert!(
            told.subject.contains("your password was reset"),
            "{}",
            told.subject
        );

        let mut person = Person::start(&test, "grace@contoso.com").await;
        person.choose("email").await;
        let code = test.code_for("grace@home.example").await;
        person.code(&code).await.password(NEW, NEW).await;
        assert_eq!(succeeded(&person), Some(Deed::Reset));
        assert!(hash(&test, &grace).await.is_some());
        // Nothing that was sealed is left once it was settled, and no password ever was.
        assert_eq!(envelopes(&test, &agent).await, 0);
    })
    .await;
}

async fn envelopes(test: &TestApp, agent: &Agent) -> i64 {
    let (tenant, id) = (agent.who.tenant, agent.who.agent);
    test.app
        .db()
        .read(async |mut tx| operations::count_envelopes(&mut tx, tenant, id).await)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_directory_refuses_is_said_at_once_and_can_be_tried_again() {
    both(async |test| {
        let (_, ada, agent) = contoso(&test, Managed::PasswordHashSync, |_| {}).await;
        agent.with(|directory| directory.min_length = 30);
        let _working = agent.work(&test);
        let mut person = proved(&test).await;
        person.password(NEW, NEW).await;
        let Page::NewPassword { said, .. } = &person.view.page else {
            panic!("{:?}", person.view.page)
        };
        assert_eq!(*said, Some(Refusal::TooShort));
        assert_eq!(agent.account(ANCHOR).password, OLD);
        assert_eq!(
            hash(&test, &ada).await,
            None,
            "the copy came before the directory"
        );
        let long = format!("{NEW} and then some more");
        person.password(&long, &long).await;
        assert_eq!(succeeded(&person), Some(Deed::Reset));
        assert_eq!(agent.account(ANCHOR).password, long);
        assert_eq!(reasons(&test, &ada, RESET).await, ["succeeded.reset"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_after_a_refusal_failed_of_the_directorys_policy() {
    let test = TestApp::sqlite().await;
    let (_, ada, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
    agent.with(|directory| directory.min_length = 30);
    let _working = agent.work(&test);
    proved(&test).await.password(NEW, NEW).await;
    test.clock.advance(Duration::from_secs(105 * 60));
    reset::expire(&test.app, &admin::operator(&test.app))
        .await
        .unwrap();
    assert_eq!(
        reasons(&test, &ada, RESET).await,
        ["failed.on_premises_policy"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_cannot_do_it_ends_the_reset_and_says_why() {
    both(async |test| {
        let (_, ada, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        agent.with(|directory| directory.accounts.get_mut(ANCHOR).unwrap().protected = true);
        let _working = agent.work(&test);
        let mut person = proved(&test).await;
        person.password(NEW, NEW).await;
        let why = (
            Reason::OnPremisesAdminActionRequired,
            Some(Refusal::Protected),
        );
        assert_eq!(failed(&person), Some(why));
        assert_eq!(agent.account(ANCHOR).password, OLD);
        assert_eq!(
            reasons(&test, &ada, RESET).await,
            ["failed.on_premises_error"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_begin_depends_on_the_agents_of_the_domain_and_is_said_before_the_first_gate() {
    both(async |test| {
        let (contoso, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let number = std::sync::atomic::AtomicU64::new(0);
        // Somebody else each time: nobody may begin six times in an hour.
        let begin = async || {
            let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let name = format!("user{number}@contoso.com");
            let organisation = Organisation {
                tenant: admin::find_tenant(&test.app, "contoso").await.unwrap(),
            };
            organisation
                .person(&test, &name, |user| {
                    user.source = Source::Synchronised;
                    user.managed = Managed::PassThrough;
                    user.anchor = Some(format!("anchor {number}"));
                    user.agent_domain = Some(DOMAIN.into());
                })
                .await;
            let person = Person::start(&test, &name).await;
            failed(&person).map(|(reason, _)| reason.code())
        };
        assert_eq!(begin().await, None);
        agent.says(&test, DirectoryHealth::BindRefused).await;
        assert_eq!(begin().await, Some("SSPR_0029"));
        agent.says(&test, DirectoryHealth::Unreachable).await;
        assert_eq!(begin().await, Some("SSPR_0030"));
        // One agent that is well is enough.
        let other = Agent::connect(&test, contoso.id(), " CORP.example ", 2).await;
        assert_eq!(begin().await, None);
        // It counts for 75 seconds after it was last heard of, and not for 76.
        test.clock.advance(Duration::from_secs(74));
        assert_eq!(begin().await, None);
        test.clock.advance(Duration::from_secs(1));
        assert_eq!(begin().await, Some("SSPR_0030"));
        other.says(&test, DirectoryHealth::Well).await;
        writeback::disconnected(&test.app, &other.who)
            .await
            .unwrap();
        assert_eq!(begin().await, Some("SSPR_0030"));
        // Agents of other domains do not count, nor do those that were revoked.
        let operator = admin::operator(&test.app);
        for one in [&agent, &other] {
            let id = one.who.agent.to_string();
            assert!(
                admin::agent::revoke(&test.app, &operator, "contoso", &id)
                    .await
                    .unwrap()
            );
        }
        Agent::connect(&test, contoso.id(), "elsewhere.example", 3).await;
        test.clock.advance(Duration::from_secs(60 * 60));
        assert_eq!(begin().await, Some("SSPR_0010"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writeback_that_is_turned_off_refuses_whatever_the_agents_are() {
    let test = TestApp::sqlite().await;
    let (_, _, _agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
    // The first agent turned it on.
    let mut now = admin::find_tenant(&test.app, "contoso").await.unwrap();
    assert!(now.settings.writeback.enabled);
    now.settings.writeback.enabled = false;
    let contoso = Organisation {
        tenant: now.clone(),
    };
    contoso.set(&test, now.settings).await;
    let person = Person::start(&test, "ada@contoso.com").await;
    assert_eq!(failed(&person).map(|(r, _)| r.code()), Some("SSPR_0010"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_goes_away_in_between_changes_nothing_and_ends_nothing() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let mut person = proved(&test).await;
        agent.says(&test, DirectoryHealth::Unreachable).await;
        person.password(NEW, NEW).await;
        assert_eq!(person.notice, Some(Notice::DirectoryAway));
        agent.says(&test, DirectoryHealth::Well).await;
        let _working = agent.work(&test);
        person.password(NEW, NEW).await;
        assert_eq!(succeeded(&person), Some(Deed::Reset));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_are_applied_before_the_directory_is_asked_unless_the_tenant_says_otherwise() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let mut person = proved(&test).await;
        person.password("Password1!", "Password1!").await;
        assert!(matches!(person.notice, Some(Notice::PasswordRefused(_))));
        assert!(agent.take(&test).await.is_empty());

        let mut now = admin::find_tenant(&test.app, "contoso").await.unwrap();
        now.settings.writeback.banned_lists = false;
        let contoso = Organisation {
            tenant: now.clone(),
        };
        contoso.set(&test, now.settings).await;
        let _working = agent.work(&test);
        person
            .reload()
            .await
            .password("Password1!", "Password1!")
            .await;
        assert_eq!(succeeded(&person), Some(Deed::Reset));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_directorys_own_policy() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        agent.with(|directory| directory.min_length = 17);
        let mut person = proved(&test).await;
        let rules = |person: &Person| match &person.view.page {
            Page::NewPassword { rules, .. } => rules.clone(),
            other => panic!("{other:?}"),
        };
        assert!(
            !rules(&person)
                .iter()
                .any(|rule| matches!(rule, Rule::MinLength { .. }))
        );
        let _working = agent.work(&test);
        reset::read_directory(&test.app, &person.ctx, &person.cookie)
            .await
            .unwrap();
        person.reload().await;
        assert!(rules(&person).contains(&Rule::MinLength { min: 17 }));
        person.password(NEW, NEW).await;
        assert_eq!(succeeded(&person), Some(Deed::Reset));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_lifted_without_a_new_password_where_the_tenant_allows_it() {
    both(async |test| {
        let allow = |settings: &mut Settings| settings.reset.unlock_without_reset = true;
        let (_, ada, agent) = contoso(&test, Managed::PassThrough, allow).await;
        agent.with(|directory| directory.accounts.get_mut(ANCHOR).unwrap().locked = true);
        let _working = agent.work(&test);
        let mut person = proved(&test).await;
        reset::read_directory(&test.app, &person.ctx, &person.cookie)
            .await
            .unwrap();
        person.reload().await;
        assert!(matches!(
            person.view.page,
            Page::Deed {
                locked: Some(true),
                ..
            }
        ));
        person.unlock().await;
        assert_eq!(succeeded(&person), Some(Deed::Unlock));
        let account = agent.account(ANCHOR);
        assert_eq!((account.locked, account.sets), (false, 0));
        let unlocked = reasons(&test, &ada, "Unlock user account (self-service)").await;
        assert_eq!(unlocked, ["succeeded.unlock"]);
        let told = test.newest_to("ada@home.example").await.unwrap();
        assert!(told.subject.contains("unlocked"), "{}", told.subject);

        // A reset lifts a lock, too.
        agent.with(|directory| directory.accounts.get_mut(ANCHOR).unwrap().locked = true);
        let mut person = proved(&test).await;
        person.choose_reset().await.password(NEW, NEW).await;
        assert_eq!(succeeded(&person), Some(Deed::Reset));
        assert!(!agent.account(ANCHOR).locked);
    })
    .await;
}

pub(crate) async fn arrive(test: &TestApp, password: &str) -> Arrival {
    let mut arrival = Arrival::start(test, "ada@contoso.com").await;
    arrival.password(password).await;
    arrival
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_asks_the_directory_and_a_copy_helps_only_while_it_is_away() {
    both(async |test| {
        let (_, ada, agent) = contoso(&test, Managed::PasswordHashSync, |_| {}).await;
        let working = agent.work(&test);
        assert_eq!(
            arrive(&test, "wrong").await.notice,
            Some(SignInNotice::Wrong)
        );
        assert!(arrive(&test, OLD).await.is_in());
        assert!(hash(&test, &ada).await.is_some());
        // Changed in the directory: the copy counts for nothing while the directory answers.
        agent.has(ANCHOR, NEW);
        assert!(!arrive(&test, OLD).await.is_in());
        assert!(arrive(&test, NEW).await.is_in());
        drop(working);
        agent.says(&test, DirectoryHealth::Unreachable).await;
        assert!(arrive(&test, NEW).await.is_in());
        assert!(!arrive(&test, OLD).await.is_in());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_through_password_lets_nobody_in_while_the_directory_is_away() {
    both(async |test| {
        let (_, ada, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let working = agent.work(&test);
        assert!(arrive(&test, OLD).await.is_in());
        assert_eq!(hash(&test, &ada).await, None);
        agent.with(|directory| directory.accounts.get_mut(ANCHOR).unwrap().locked = true);
        assert_eq!(
            arrive(&test, OLD).await.notice,
            Some(SignInNotice::LockedThere)
        );
        drop(working);
        agent.says(&test, DirectoryHealth::Unreachable).await;
        assert_eq!(
            arrive(&test, OLD).await.notice,
            Some(SignInNotice::Directory)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_directory_locks_nobody_who_tries_again() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        agent.says(&test, DirectoryHealth::Unreachable).await;
        for _ in 0..12 {
            let arrival = arrive(&test, OLD).await;
            assert_eq!(arrival.notice, Some(SignInNotice::Directory));
        }
        agent.says(&test, DirectoryHealth::Well).await;
        agent.with(|directory| directory.is_away = true);
        let _working = agent.work(&test);
        for _ in 0..12 {
            let arrival = arrive(&test, OLD).await;
            assert_eq!(arrival.notice, Some(SignInNotice::Directory));
        }
        agent.with(|directory| directory.is_away = false);
        assert!(arrive(&test, OLD).await.is_in());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_the_directory_wants_changed_is_changed_there_first() {
    both(async |test| {
        let (_, ada, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        agent.with(|directory| directory.accounts.get_mut(ANCHOR).unwrap().must_change = true);
        let _working = agent.work(&test);
        let arrival = arrive(&test, OLD).await;
        assert!(arrival.is_in());
        let cookie = arrival.session().clone();
        let change = async |current: &str, new: &str| {
            let (current, new) = (Secret::new(current.to_owned()), Secret::new(new.to_owned()));
            change::change(&test.app, &test.ctx(), &cookie, &current, &new, &new)
                .await
                .unwrap()
                .unwrap()
        };
        let view = change::view(&test.app, &cookie).await.unwrap().unwrap();
        assert!(view.why.is_some());
        let said = change("wrong", NEW).await;
        assert!(
            matches!(said, ChangeOutcome::Again(ChangeNotice::WrongCurrent)),
            "{said:?}"
        );
        agent.with(|directory| directory.min_length = 30);
        let said = change(OLD, NEW).await;
        let refused = ChangeNotice::DirectoryRefused(Refusal::TooShort);
        assert!(matches!(said, ChangeOutcome::Again(notice) if notice == refused));
        assert_eq!(agent.account(ANCHOR).password, OLD);
        agent.with(|directory| directory.min_length = 3);
        let said = change(OLD, NEW).await;
        assert!(matches!(said, ChangeOutcome::Changed { .. }), "{said:?}");
        assert_eq!(agent.account(ANCHOR).password, NEW);
        let events = reasons(&test, &ada, "Change password (self-service)").await;
        assert_eq!(events, ["wrong_password", "password_refused", ""]);
        assert!(arrive(&test, NEW).await.is_in());
    })
    .await;
}

/// Somebody signed in, at the page that changes the password.
async fn changer(test: &TestApp) -> impl AsyncFn(&str, &str) -> ChangeOutcome {
    let arrival = arrive(test, OLD).await;
    assert!(arrival.is_in());
    let cookie = arrival.session().clone();
    async move |current: &str, new: &str| {
        let (current, new) = (Secret::new(current.to_owned()), Secret::new(new.to_owned()));
        change::change(&test.app, &test.ctx(), &cookie, &current, &new, &new)
            .await
            .unwrap()
            .unwrap()
    }
}

/// S37, at the change page: whoever has a session cannot guess the password without end, nor lock the
/// account in the directory.
#[tokio::test(flavor = "multi_thread")]
async fn s37_wrong_present_passwords_of_a_directory_lock_here_first() {
    both(async |test| {
        let (_, ada, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let _working = agent.work(&test);
        let change = changer(&test).await;
        // The same wrong one, as often as the directory counts it.
        for _ in 0..9 {
            let said = change("wrong", NEW).await;
            let wrong = ChangeNotice::WrongCurrent;
            assert!(
                matches!(&said, ChangeOutcome::Again(notice) if *notice == wrong),
                "{said:?}"
            );
        }
        for current in ["wrong", "other", OLD] {
            let said = change(current, NEW).await;
            assert!(
                matches!(said, ChangeOutcome::Again(ChangeNotice::Locked { .. })),
                "{current}: {said:?}"
            );
        }
        assert_eq!(agent.account(ANCHOR).password, OLD);
        let events = reasons(&test, &ada, "Change password (self-service)").await;
        let mut expected = vec!["wrong_password"; 10];
        expected.extend(["locked"; 2]);
        assert_eq!(events, expected);
        // And a lock of the one page is one of the other.
        assert!(matches!(
            arrive(&test, OLD).await.notice,
            Some(SignInNotice::Locked { .. })
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_the_new_password_lock_nobody() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let _working = agent.work(&test);
        let change = changer(&test).await;
        agent.with(|directory| directory.min_length = 60);
        for _ in 0..12 {
            test.clock.advance(Duration::from_secs(60));
            agent.says(&test, DirectoryHealth::Well).await;
            let said = change(OLD, NEW).await;
            let refused = ChangeNotice::DirectoryRefused(Refusal::TooShort);
            assert!(
                matches!(&said, ChangeOutcome::Again(notice) if *notice == refused),
                "{said:?}"
            );
        }
        agent.with(|directory| directory.min_length = 3);
        let said = change(OLD, NEW).await;
        assert!(matches!(said, ChangeOutcome::Changed { .. }), "{said:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_the_directory_cannot_require_is_not_said_to_be_required() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PasswordHashSync, |_| {}).await;
        let _working = agent.work(&test);
        let set = async || {
            let operator = admin::operator(&test.app);
            let new = Secret::new(NEW.to_owned());
            admin::user::set_password(&test.app, &operator, "ada@contoso.com", &new, true, false)
                .await
                .unwrap()
        };
        let flag = async || {
            let shown = admin::user::show(&test.app, "ada@contoso.com").await;
            shown.unwrap().more["must_change_password"] == true
        };
        assert!(set().await);
        assert!(flag().await);
        agent.with(|directory| directory.accounts.get_mut(ANCHOR).unwrap().never_expires = true);
        assert!(!set().await);
        assert!(!flag().await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrators_reset_is_written_back() {
    both(async |test| {
        let (_, ada, agent) = contoso(&test, Managed::PasswordHashSync, |_| {}).await;
        let _working = agent.work(&test);
        let set = async |new: &str| {
            let operator = admin::operator(&test.app);
            let new = Secret::new(new.to_owned());
            admin::user::set_password(&test.app, &operator, "ada@contoso.com", &new, true, false)
                .await
        };
        set(NEW).await.unwrap();
        let account = agent.account(ANCHOR);
        assert_eq!(
            (account.password.as_str(), account.must_change),
            (NEW, true)
        );
        assert!(hash(&test, &ada).await.is_some());
        agent.with(|directory| directory.min_length = 60);
        let refused = set(&format!("{NEW}!")).await.unwrap_err().to_string();
        assert!(refused.contains("too_short"), "{refused}");
        assert_eq!(agent.account(ANCHOR).password, NEW);
        agent.says(&test, DirectoryHealth::Unreachable).await;
        assert!(
            set(NEW)
                .await
                .unwrap_err()
                .to_string()
                .contains("cannot be reached")
        );
        let events = reasons(&test, &ada, "Reset password (by admin)").await;
        assert_eq!(events, ["", "password_refused"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_enrols_one_agent_within_a_quarter_of_an_hour() {
    use latchkey_app::writeback::{Enrolment, Refused, enrol};
    use latchkey_crypto::hpke::OpeningKey;
    use latchkey_crypto::sign::SigningKey;
    use latchkey_testkit::Seeded;
    use latchkey_testkit::agent::enrolment;
    both(async |test| {
        Organisation::create(&test, "contoso.com", settings(|_| {})).await;
        let operator = admin::operator(&test.app);
        let token = async || {
            admin::agent::enrol(&test.app, &operator, "contoso", DOMAIN)
                .await
                .unwrap()
                .token
        };
        let entropy = Seeded::new(9);
        let sign = SigningKey::generate(&entropy).unwrap();
        let seal = OpeningKey::generate(&entropy).unwrap();
        let refused =
            async |says: &latchkey_wire::v1::Enrol| match enrol(&test.app, says).await.unwrap() {
                Enrolment::Done(_) => None,
                Enrolment::Refused(why) => Some(why),
            };
        let late = token().await;
        test.clock.advance(Duration::from_secs(15 * 60));
        let says = enrolment(late.expose(), &sign, &seal);
        assert_eq!(refused(&says).await, Some(Refused::Token));
        let one = token().await;
        test.clock.advance(Duration::from_secs(15 * 60 - 1));
        // Whoever saw the token on its way cannot enrol keys of their own with somebody's signature.
        let mut forged = enrolment(one.expose(), &sign, &seal);
        forged.seal = [9; 32].into();
        assert_eq!(refused(&forged).await, Some(Refused::Proof));
        let says = enrolment(one.expose(), &sign, &seal);
        assert_eq!(refused(&says).await, None);
        assert_eq!(refused(&says).await, Some(Refused::Token));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn writeback_that_is_turned_off_and_on_has_agents_make_new_keys() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let heard = async || {
            writeback::heard(&test.app, &agent.who, &WELL)
                .await
                .unwrap()
        };
        assert_eq!(heard().await, Some(false));
        let operator = admin::operator(&test.app);
        for (value, rolls) in [("no", false), ("yes", true)] {
            test.clock.advance(Duration::from_secs(1));
            let values = [("writeback.enabled".to_owned(), value.to_owned())];
            admin::policy::set(&test.app, &operator, "contoso", &values, false)
                .await
                .unwrap();
            assert_eq!(heard().await, Some(rolls), "{value}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_used_for_180_days() {
    let test = TestApp::sqlite().await;
    let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
    let day = Duration::from_secs(24 * 60 * 60);
    for (days, rolls) in [(180, false), (1, true)] {
        test.clock.advance(day * days);
        admin::agent::roll_over(&test.app).await.unwrap();
        let heard = writeback::heard(&test.app, &agent.who, &WELL).await;
        assert_eq!(heard.unwrap(), Some(rolls), "{days}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_agent_is_not_let_in_and_gets_nothing() {
    both(async |test| {
        let (_, _, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
        let (operator, id) = (admin::operator(&test.app), agent.who.agent.to_string());
        assert!(
            admin::agent::revoke(&test.app, &operator, "contoso", &id)
                .await
                .unwrap()
        );
        assert!(
            !admin::agent::revoke(&test.app, &operator, "contoso", &id)
                .await
                .unwrap()
        );
        let heard = writeback::heard(&test.app, &agent.who, &WELL)
            .await
            .unwrap();
        assert_eq!(heard, None);
        let list = admin::agent::list(&test.app, "contoso").await.unwrap();
        assert_eq!(list[0].status, "revoked");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_that_are_none_are_no_success() {
    let test = TestApp::sqlite().await;
    let (_, ada, agent) = contoso(&test, Managed::PassThrough, |_| {}).await;
    agent.with(|directory| directory.always = Some(Outcome::State(AccountState::default())));
    let _working = agent.work(&test);
    let mut person = proved(&test).await;
    person.password(NEW, NEW).await;
    assert_eq!(
        failed(&person).map(|(_, said)| said),
        Some(Some(Refusal::Unexpected))
    );
    assert_eq!(
        reasons(&test, &ada, RESET).await,
        ["failed.on_premises_error"]
    );
    assert!(!arrive(&test, OLD).await.is_in());
}
