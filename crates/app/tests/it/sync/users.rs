//! What becomes of a user.

use latchkey_app::admin;
use latchkey_core::model::{Managed, Origin, Role, Source};
use latchkey_core::settings::DirectorySignIn;
use latchkey_store::{StoreError, accounts, methods};
use latchkey_testkit::both;
use latchkey_testkit::seed::{Organisation, open_settings, set_password};
use latchkey_types::Clock;

use super::{CORP, Site, by_id, deleted, object, user};
use latchkey_wire::v1::Class;

const FULL: &[(&str, &str)] = &[
    ("display_name", "Ada Lovelace"),
    ("given_name", "Ada"),
    ("family_name", "Lovelace"),
    ("mail", "ada@contoso.com"),
    ("other_mails", "ada@home.example;countess@home.example"),
    ("mobile_phone", "+31 6 12345678"),
    ("office_phone", "ask the porter"),
    ("usage_location", "GB"),
    ("enabled", "true"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_makes_users_and_the_next_changes_what_changed() {
    both(async |test| {
        let site = Site::new(test).await;
        site.whole(vec![user("a1", "ada@contoso.com", FULL)]).await;
        let ada = site.user("ada@contoso.com").await.unwrap();
        assert_eq!(ada.display_name, "Ada Lovelace");
        assert_eq!((&*ada.given_name, &*ada.family_name), ("Ada", "Lovelace"));
        assert_eq!(ada.mail.as_deref(), Some("ada@contoso.com"));
        assert_eq!(
            ada.other_mails,
            ["ada@home.example", "countess@home.example"]
        );
        assert_eq!(ada.mobile_phone.as_deref(), Some("+31612345678"));
        // Kept as the directory has it, though it is no number.
        assert_eq!(ada.office_phone.as_deref(), Some("ask the porter"));
        assert_eq!(ada.usage_location.unwrap().as_str(), "GB");
        assert_eq!(
            (ada.source, ada.managed),
            (Source::Synchronised, Managed::PassThrough)
        );
        assert_eq!(
            (ada.anchor.as_deref(), ada.agent_domain.as_deref()),
            (Some("a1"), Some(CORP))
        );
        assert_eq!(ada.contact_changed_at, None);

        // The same again, whole or not, changes nothing and writes no event about her.
        site.whole(vec![user("a1", "ada@contoso.com", FULL)]).await;
        site.some(vec![user("a1", "ada@contoso.com", FULL)]).await;
        let same = site.user("ada@contoso.com").await.unwrap();
        assert_eq!(same.version, ada.version);
        assert_eq!(site.count("Update user").await, 0);
        assert_eq!(site.count("Create user").await, 1);
        assert_eq!(site.count("Synchronise directory").await, 3);

        // One value: the rest stays; a number that was another rests.
        site.some(vec![object(
            "a1",
            Class::User,
            &[("mobile_phone", "+31687654321")],
        )])
        .await;
        let after = site.user("ada@contoso.com").await.unwrap();
        assert!(after.version > ada.version);
        assert_eq!(after.mobile_phone.as_deref(), Some("+31687654321"));
        assert_eq!(after.display_name, "Ada Lovelace");
        assert_eq!(after.contact_changed_at, Some(site.test.clock.now()));
        let events = site.events().await;
        let changed = events
            .iter()
            .find(|event| event.0 == "Update user")
            .unwrap();
        assert!(
            changed.2.contains(r#""fields":["mobile_phone"]"#),
            "{}",
            changed.2
        );
        assert!(!changed.2.contains("8765"), "{}", changed.2);

        // An empty list clears; another name moves the account.
        site.some(vec![user(
            "a1",
            "countess@contoso.com",
            &[("other_mails", "")],
        )])
        .await;
        assert!(site.user("ada.nobody@contoso.com").await.is_none());
        let moved = site.user("countess@contoso.com").await.unwrap();
        assert_eq!((moved.id, moved.other_mails.len()), (ada.id, 0));

        // What an administrator changed here, a whole run sets right; an increment does not look.
        let ctx = admin::operator(&site.test.app);
        let field = (admin::user::Field::DisplayName, "Somebody".to_owned());
        admin::user::set(&site.test.app, &ctx, "countess@contoso.com", &[field])
            .await
            .unwrap();
        let mut whole = user("a1", "countess@contoso.com", FULL);
        whole.values.remove("other_mails");
        site.whole(vec![whole.clone()]).await;
        site.whole(vec![whole]).await;
        let right = site.user("countess@contoso.com").await.unwrap();
        assert_eq!(right.display_name, "Ada Lovelace");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_disabled_in_the_directory_is_disabled_here_and_their_sessions_end() {
    both(async |test| {
        let site = Site::new(test).await;
        site.whole(vec![user("a1", "ada@contoso.com", FULL)]).await;
        let ada = site.user("ada@contoso.com").await.unwrap();
        site.test.clock.advance(super::DAY);
        site.some(vec![object("a1", Class::User, &[("enabled", "false")])])
            .await;
        let after = site.user("ada@contoso.com").await.unwrap();
        assert!(!after.enabled);
        let tenant = site.tenant();
        let valid_from = site
            .test
            .app
            .db()
            .read(async |mut tx| accounts::sessions_valid_from(&mut tx, tenant, ada.id).await)
            .await
            .unwrap();
        assert_eq!(valid_from, Some(site.test.clock.now()));
        site.some(vec![object("a1", Class::User, &[("enabled", "true")])])
            .await;
        assert!(site.user("ada@contoso.com").await.unwrap().enabled);
        // Whoever cannot be told to be enabled is not.
        site.some(vec![object("a1", Class::User, &[("enabled", "perhaps")])])
            .await;
        assert!(!site.user("ada@contoso.com").await.unwrap().enabled);
        assert_eq!(
            site.codes().await,
            [("a1".to_owned(), "malformed_enabled".to_owned())]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_disabled_in_the_directory_is_disabled_here_though_nothing_else_can_be_applied()
{
    both(async |test| {
        let site = Site::new(test).await;
        let ada = user("a1", "ada@contoso.com", FULL);
        site.whole(vec![ada, user("a2", "bo@contoso.com", &[])])
            .await;
        let ada = site.user("ada@contoso.com").await.unwrap();
        site.test.clock.advance(super::DAY);
        let gone = &[("enabled", "false"), ("display_name", "Gone")];
        site.some(vec![user("a1", "ada@elsewhere.example", gone)])
            .await;
        assert_eq!(
            site.codes().await,
            [("a1".to_owned(), "upn_domain".to_owned())]
        );
        let after = site.user("ada@contoso.com").await.unwrap();
        assert_eq!(
            (after.enabled, &*after.display_name),
            (false, "Ada Lovelace")
        );
        let tenant = site.tenant();
        let valid_from = site
            .test
            .app
            .db()
            .read(async |mut tx| accounts::sessions_valid_from(&mut tx, tenant, ada.id).await)
            .await
            .unwrap();
        assert_eq!(valid_from, Some(site.test.clock.now()));
        // Of two with one name, neither is changed.
        site.some(vec![
            user("a2", "bo@contoso.com", &[("enabled", "false")]),
            user("a3", "bo@contoso.com", &[]),
        ])
        .await;
        assert!(site.user("bo@contoso.com").await.unwrap().enabled);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_with_one_name_every_one_is_told_of_and_none_at_length() {
    both(async |test| {
        let site = Site::new(test).await;
        let name = format!("{}@contoso.com", "n".repeat(60));
        site.some(vec![user("a00", &name, &[])]).await;
        for number in 1..40 {
            site.some(vec![user(&format!("a{number:02}"), &name, &[])])
                .await;
        }
        let problems = admin::sync::problems(&site.test.app, "contoso")
            .await
            .unwrap();
        let told: Vec<&str> = problems.iter().map(|problem| &*problem.anchor).collect();
        let all: Vec<String> = (0..40).map(|number| format!("a{number:02}")).collect();
        assert_eq!(told, all);
        for problem in &problems {
            assert_eq!(problem.code, "duplicate_upn");
            assert!(problem.detail.contains(&name), "{}", problem.detail);
            assert!(problem.detail.chars().count() <= 300, "{}", problem.detail);
        }
        // All but one get names of their own: the first is what it was, with what came meanwhile.
        for number in 1..40 {
            let own = format!("n{number}@contoso.com");
            site.some(vec![user(&format!("a{number:02}"), &own, &[])])
                .await;
        }
        assert_eq!(site.codes().await, []);
        assert_eq!(site.status().await.users, 40);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_user_of_another_domain_is_not_taken_over() {
    both(async |test| {
        let site = Site::new(test).await;
        let bo = site
            .contoso
            .person(&site.test, "bo@contoso.com", |user| {
                user.agent_domain = Some("other.example".into());
            })
            .await;
        site.some(vec![user("a1", "bo@contoso.com", &[])]).await;
        assert_eq!(
            site.codes().await,
            [("a1".to_owned(), "another_domain".to_owned())]
        );
        let same = by_id(&site.test.app, site.tenant(), bo.id.0).await.unwrap();
        assert_eq!(format!("{same:?}"), format!("{bo:?}"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_user_of_the_same_name_is_taken_over_but_never_an_administrator() {
    both(async |test| {
        let site = Site::new(test).await;
        let test = &site.test;
        let ada = site.contoso.person(test, "ada@contoso.com", |_| {}).await;
        set_password(test, &ada, "Correct-Horse-7-Battery").await;
        let reader = async |role| {
            let upn = format!("{}@contoso.com", role_name(role));
            site.contoso.administrator(test, &upn, role).await
        };
        let boss = reader(Role::GlobalAdministrator).await;
        let mild = reader(Role::DirectoryReaders).await;
        site.whole(vec![
            user("a1", "ada@contoso.com", &[("mobile_phone", "+31600000001")]),
            user("a2", boss.upn.as_str(), &[("mobile_phone", "+31600000002")]),
            user("a3", mild.upn.as_str(), &[("mobile_phone", "+31600000003")]),
        ])
        .await;
        let taken = by_id(&test.app, site.tenant(), ada.id.0).await.unwrap();
        assert_eq!(
            (taken.source, taken.anchor.as_deref()),
            (Source::Synchronised, Some("a1"))
        );
        assert_eq!(taken.managed, Managed::PassThrough);
        assert_eq!(taken.mobile_phone.as_deref(), Some("+31600000001"));
        // The password of here counts no more, not even as a copy.
        let (tenant, id) = (site.tenant(), ada.id);
        let hash = test
            .app
            .db()
            .read(async |mut tx| accounts::password(&mut tx, tenant, id).await)
            .await
            .unwrap();
        assert_eq!(hash, None);
        for before in [&boss, &mild] {
            let after = by_id(&test.app, site.tenant(), before.id.0).await.unwrap();
            assert_eq!(format!("{after:?}"), format!("{before:?}"));
        }
        let administrator = |anchor: &str| (anchor.to_owned(), "administrator".to_owned());
        assert_eq!(
            site.codes().await,
            [administrator("a2"), administrator("a3")]
        );
        assert_eq!(site.status().await.users, 1);

        // Without the role it is tried again, with what was held.
        let ctx = admin::operator(&test.app);
        let none = (admin::user::Field::Roles, String::new());
        admin::user::set(&test.app, &ctx, boss.upn.as_str(), &[none])
            .await
            .unwrap();
        site.some(Vec::new()).await;
        let after = by_id(&test.app, site.tenant(), boss.id.0).await.unwrap();
        assert_eq!(after.source, Source::Synchronised);
        assert_eq!(after.mobile_phone.as_deref(), Some("+31600000002"));
        assert_eq!(site.codes().await, [administrator("a3")]);
    })
    .await;
}

fn role_name(role: Role) -> String {
    role.name().to_ascii_lowercase().replace(' ', ".")
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_twice_or_somebody_elses_or_none_are_reported_and_change_nothing() {
    both(async |test| {
        let site = Site::new(test).await;
        let fabrikam = Organisation::create(&site.test, "fabrikam.com", open_settings(1)).await;
        let eve = fabrikam
            .person(&site.test, "eve@fabrikam.com", |_| {})
            .await;
        let guest = site
            .contoso
            .person(&site.test, "guest@contoso.com", |user| {
                user.user_type = latchkey_core::model::UserType::Guest;
            })
            .await;
        site.some(vec![
            user(
                "a1",
                "eve@fabrikam.com",
                &[("mobile_phone", "+31600000001")],
            ),
            user("a2", "bo@elsewhere.example", &[]),
            user("a3", "nobody", &[]),
            object("a4", Class::User, &[("display_name", "Nameless")]),
            user(
                "a5",
                "guest@contoso.com",
                &[("mobile_phone", "+31600000001")],
            ),
            user("", "x@contoso.com", &[]),
            user("a6", "twin@contoso.com", &[("display_name", "one")]),
            user("a7", "TWIN@contoso.com", &[("display_name", "two")]),
            user("a8", "twice@contoso.com", &[("display_name", "one")]),
            user("a8", "twice@contoso.com", &[("display_name", "two")]),
            user("a9", "good@contoso.com", &[]),
        ])
        .await;
        let found = site.codes().await;
        let found: Vec<(&str, &str)> = found.iter().map(|(a, c)| (&**a, &**c)).collect();
        assert_eq!(
            found,
            [
                ("", "anchor"),
                ("a1", "upn_domain"),
                ("a2", "upn_domain"),
                ("a3", "malformed_upn"),
                ("a4", "no_upn"),
                ("a5", "upn_taken"),
                ("a6", "duplicate_upn"),
                ("a7", "duplicate_upn"),
                ("a8", "duplicate_anchor"),
            ]
        );
        assert!(site.user("good@contoso.com").await.is_some());
        for nobody in ["twin@contoso.com", "twice@contoso.com", "x@contoso.com"] {
            assert!(site.user(nobody).await.is_none(), "{nobody}");
        }
        let same = by_id(&site.test.app, fabrikam.id(), eve.id.0)
            .await
            .unwrap();
        assert_eq!(format!("{same:?}"), format!("{eve:?}"));
        let same = by_id(&site.test.app, site.tenant(), guest.id.0)
            .await
            .unwrap();
        assert_eq!(format!("{same:?}"), format!("{guest:?}"));
        assert_eq!(
            (site.status().await.users, site.status().await.held),
            (1, 7)
        );

        // One of the twins goes: the other is made. What nobody mends stays.
        site.some(vec![deleted("a7"), user("a2", "bo@contoso.com", &[])])
            .await;
        assert_eq!(
            site.user("twin@contoso.com").await.unwrap().display_name,
            "one"
        );
        assert!(site.user("bo@contoso.com").await.is_some());
        let codes = site.codes().await;
        assert!(
            !codes
                .iter()
                .any(|(a, _)| a == "a6" || a == "a7" || a == "a2"),
            "{codes:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_with_one_name_in_different_pages_neither_changes_any_more() {
    both(async |test| {
        let site = Site::new(test).await;
        site.whole(vec![user(
            "a1",
            "ada@contoso.com",
            &[("display_name", "Ada")],
        )])
        .await;
        site.some(vec![user(
            "a2",
            "ada@contoso.com",
            &[("display_name", "Impostor")],
        )])
        .await;
        site.some(vec![object(
            "a1",
            Class::User,
            &[("display_name", "Countess")],
        )])
        .await;
        let ada = site.user("ada@contoso.com").await.unwrap();
        assert_eq!(
            (&*ada.display_name, ada.anchor.as_deref()),
            ("Ada", Some("a1"))
        );
        let codes: Vec<String> = site.codes().await.into_iter().map(|(a, _)| a).collect();
        assert_eq!(codes, ["a1", "a2"]);
        // The second gets another name: both are right, and nothing was lost.
        site.some(vec![user("a2", "bo@contoso.com", &[])]).await;
        assert_eq!(site.codes().await, []);
        assert_eq!(
            site.user("ada@contoso.com").await.unwrap().display_name,
            "Countess"
        );
        assert_eq!(
            site.user("bo@contoso.com").await.unwrap().display_name,
            "Impostor"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_goes_from_one_to_another_does_so_in_one_run() {
    both(async |test| {
        let site = Site::new(test).await;
        site.whole(vec![
            user("a1", "one@contoso.com", &[]),
            user("a2", "two@contoso.com", &[]),
        ])
        .await;
        let (one, two) = (
            site.user("one@contoso.com").await.unwrap(),
            site.user("two@contoso.com").await.unwrap(),
        );
        // The first waits for the second, which comes later in the page.
        site.some(vec![
            user("a1", "two@contoso.com", &[]),
            user("a2", "three@contoso.com", &[]),
        ])
        .await;
        assert_eq!(site.user("two@contoso.com").await.unwrap().id, one.id);
        assert_eq!(site.user("three@contoso.com").await.unwrap().id, two.id);
        assert_eq!(site.codes().await, []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_come_from_the_directory_unless_the_person_registered_one() {
    both(async |test| {
        let site = Site::new(test).await;
        let both_ways = [
            ("authentication_email", "ada@private.example"),
            ("authentication_phone", "+31611111111"),
        ];
        site.whole(vec![user("a1", "ada@contoso.com", &both_ways)])
            .await;
        let ada = site.user("ada@contoso.com").await.unwrap();
        let tenant = site.tenant();
        let list = async || {
            site.test
                .app
                .db()
                .read(async |mut tx| methods::list_for_user(&mut tx, tenant, ada.id).await)
                .await
                .unwrap()
        };
        let first = list().await;
        assert_eq!(first.len(), 2);
        assert!(
            first
                .iter()
                .all(|row| row.origin == Origin::Directory && row.changed_at.is_none())
        );
        site.whole(vec![user("a1", "ada@contoso.com", &both_ways)])
            .await;
        assert_eq!(list().await, first);
        // Another number rests, because it replaced one.
        let other = [
            ("authentication_phone", "+31622222222"),
            ("authentication_email", ""),
        ];
        site.some(vec![object("a1", Class::User, &other)]).await;
        let second = list().await;
        assert_eq!(second.len(), 1);
        assert_eq!(second[0].changed_at, Some(site.test.clock.now()));
        // The person registers their own.
        let row = &second[0];
        let new = methods::NewMethod {
            id: row.id,
            kind: row.kind,
            slot: "",
            name: "",
            value: &row.value,
            origin: Origin::Person,
        };
        let now = site.test.clock.now();
        site.test
            .app
            .db()
            .write(async |mut tx| {
                methods::upsert(&mut tx, tenant, ada.id, &new, now).await?;
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        let theirs = list().await;
        for number in ["+31633333333", ""] {
            let object = object("a1", Class::User, &[("authentication_phone", number)]);
            site.some(vec![object]).await;
            assert_eq!(list().await, theirs);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_password_of_new_users_lives_is_a_setting() {
    both(async |test| {
        let mut site = Site::new(test).await;
        // Enrolling turned writeback on.
        site.contoso.tenant = admin::find_tenant(&site.test.app, "contoso").await.unwrap();
        let mut settings = site.tenant_now().settings.clone();
        settings.writeback.sign_in = DirectorySignIn::PasswordHashSync;
        site.contoso = site.contoso.set(&site.test, settings.clone()).await;
        site.whole(vec![user("a1", "ada@contoso.com", &[])]).await;
        let ada = site.user("ada@contoso.com").await.unwrap();
        assert_eq!(ada.managed, Managed::PasswordHashSync);
        // And whether anything is synchronised at all.
        settings.writeback.synchronise = false;
        site.contoso = site.contoso.set(&site.test, settings).await;
        let reply = site.sync(true, Vec::new()).await;
        assert_eq!(
            reply,
            latchkey_app::sync::Reply::Stop(latchkey_wire::v1::Stop::Off)
        );
    })
    .await;
}
