//! What a stranger learns: nothing that the tenant's disclosure does not say.

use latchkey_app::reset::{Ended, Notice, Page};
use latchkey_core::model::Role;
use latchkey_core::reset::{Gate, Reason};
use latchkey_core::settings::{Disclosure, Scope, Settings};
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Person, TestApp, both};

use crate::flow::reasons;

fn with(disclosure: Disclosure, required: u8) -> Settings {
    let mut settings = open_settings(required);
    settings.reset.disclosure = disclosure;
    settings
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_an_unknown_name_is_answered_like_an_eligible_one_in_private_and_strict() {
    both(async |test| {
        for (domain, disclosure) in [
            ("private.example", Disclosure::Private),
            ("strict.example", Disclosure::Strict),
        ] {
            let tenant = Organisation::create(&test, domain, with(disclosure, 1)).await;
            let name = format!("nobody@{domain}");
            let mut person = Person::start(&test, &name).await;
            let first = format!("{:?}", person.view.page);
            assert!(!person.offered().is_empty());
            let again = Person::start(&test, &name.to_uppercase()).await;
            assert_eq!(
                format!("{:?}", again.view.page),
                first,
                "the same each time"
            );
            let gate = person.offered().into_iter().find(|gate| *gate == "email");
            if gate.is_some() {
                person.choose("email").await;
                assert!(matches!(person.view.page, Page::Code { .. }));
                person.code("12345678").await;
                assert_eq!(person.notice, Some(Notice::WrongCode { left: 4 }));
            }
            assert!(test.messages().await.is_empty(), "nobody is written to");
            person.cancel().await;
            assert!(
                reasons(&test, &tenant)
                    .await
                    .contains(&"failed.unknown_user".to_owned())
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_says_that_a_name_is_unknown() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", with(Disclosure::Standard, 1)).await;
    let person = Person::start(&test, "nobody@contoso.com").await;
    assert!(matches!(
        person.view.page,
        Page::Ended(Ended::UnknownUser { .. })
    ));
    assert!(
        reasons(&test, &contoso)
            .await
            .contains(&"failed.unknown_user".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ineligible_account_is_told_why_except_in_strict_where_its_owner_is_told_by_mail() {
    for disclosure in [
        Disclosure::Standard,
        Disclosure::Private,
        Disclosure::Strict,
    ] {
        let test = TestApp::sqlite().await;
        let contoso = Organisation::create(&test, "contoso.com", with(disclosure, 2)).await;
        contoso
            .person(&test, "ada@contoso.com", |user| {
                user.mobile_phone = None;
                user.mail = Some("ada@contoso.com".into());
            })
            .await;
        let person = Person::start(&test, "ada@contoso.com").await;
        if disclosure == Disclosure::Strict {
            assert!(
                matches!(person.view.page, Page::Choose { .. }),
                "{:?}",
                person.view.page
            );
            let mail = test
                .newest_to("ada@contoso.com")
                .await
                .expect("a mail to the owner");
            assert!(!mail.text.contains("not-me"));
            Person::start(&test, "ada@contoso.com").await;
            let sent = test
                .messages()
                .await
                .iter()
                .filter(|m| m.to == "ada@contoso.com")
                .count();
            assert_eq!(sent, 1, "once a day");
        } else {
            let Page::Ended(Ended::Failed { reason, .. }) = person.view.page else {
                panic!()
            };
            assert_eq!(reason, Reason::NotProperlyConfigured);
            assert!(test.messages().await.is_empty());
        }
        let mut person = person;
        if disclosure == Disclosure::Strict {
            person.cancel().await;
        }
        let reasons = reasons(&test, &contoso).await;
        assert!(
            reasons.contains(&"failed.insufficient_methods".to_owned()),
            "{disclosure:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_for_the_whole_tenant_is_said_to_everybody_alike() {
    let test = TestApp::sqlite().await;
    let mut settings = with(Disclosure::Private, 1);
    settings.reset.scope = Scope::None;
    let contoso = Organisation::create(&test, "contoso.com", settings).await;
    contoso.person(&test, "ada@contoso.com", |_| {}).await;
    for name in ["ada@contoso.com", "nobody@contoso.com"] {
        let person = Person::start(&test, name).await;
        let Page::Ended(Ended::Failed { reason, .. }) = person.view.page else {
            panic!("{name}")
        };
        assert_eq!(reason, Reason::TenantSsprDisabled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_an_unknown_domain_meets_a_decoy_too() {
    let test = TestApp::sqlite().await;
    let mut person = Person::start(&test, "ada@nowhere.example").await;
    assert!(person.offered().len() >= 2);
    assert_eq!(person.view.brand.name, "Latchkey");
    person.cancel().await;
}

/// What a walk through everything a stranger can do costs in statements, step by step.
async fn statements(test: &TestApp, name: &str) -> Vec<u64> {
    let mut count = Vec::new();
    let mut before = test.app.db().statements();
    let mut note = |test: &TestApp| {
        let now = test.app.db().statements();
        count.push(now - before);
        before = now;
    };
    let mut person = Person::start(test, name).await;
    note(test);
    person.choose("email").await;
    note(test);
    person.code("00000000").await;
    note(test);
    person.code("letters").await;
    note(test);
    person.reload().await;
    note(test);
    person.other().await;
    note(test);
    person.choose("sms").await;
    note(test);
    person.number("+31687654321").await;
    note(test);
    person.contact().await;
    note(test);
    // And the fifth wrong try, which blocks.
    let mut person = Person::start(test, name).await;
    person.choose("email").await;
    note(test);
    for _ in 0..4 {
        person.code("00000000").await;
        note(test);
    }
    assert!(matches!(
        person.view.page,
        Page::Ended(Ended::Blocked { .. })
    ));
    count
}

/// A name that nobody has, and that looks like another: what differs otherwise is not compared.
async fn decoy_like(test: &TestApp, name: &str) -> String {
    let real = Person::start(test, name).await;
    for n in 0..500 {
        let decoy = format!("nobody{n}@contoso.com");
        let person = Person::start(test, &decoy).await;
        let looks = |person: &Person| format!("{} {:?}", person.view.steps, person.offered());
        if looks(&person) == looks(&real) {
            return decoy;
        }
    }
    panic!("no decoy among 500 looks like {name}")
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_account_and_decoy_issue_the_same_number_of_statements_at_every_step() {
    both(async |test| {
        let mut settings = with(Disclosure::Private, 1);
        settings.reset.methods = [Gate::Email, Gate::Sms].into();
        let contoso = Organisation::create(&test, "contoso.com", settings).await;
        contoso.person(&test, "ada@contoso.com", |_| {}).await;
        contoso
            .administrator(&test, "root@contoso.com", Role::GlobalAdministrator)
            .await;
        // With one address, as a decoy has: the mail about a block goes to every one.
        contoso
            .person(&test, "uma@contoso.com", |user| {
                user.roles = vec![Role::UserAdministrator];
            })
            .await;
        for name in ["ada@contoso.com", "uma@contoso.com"] {
            let decoy = decoy_like(&test, name).await;
            let real = statements(&test, name).await;
            assert_eq!(statements(&test, &decoy).await, real, "{name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_where_one_gate_is_asked_two_gates_are_no_sign_of_an_administrator() {
    let test = TestApp::sqlite().await;
    let mut settings = with(Disclosure::Private, 1);
    settings.reset.methods = [Gate::Email, Gate::Questions].into();
    let contoso = Organisation::create(&test, "contoso.com", settings).await;
    contoso
        .administrator(&test, "root@contoso.com", Role::GlobalAdministrator)
        .await;
    assert_eq!(Person::start(&test, "root@contoso.com").await.view.steps, 4);
    let mut two = 0;
    for n in 0..320 {
        let person = Person::start(&test, &format!("nobody{n}@contoso.com")).await;
        match person.view.steps {
            // The policy that no tenant weakens, with what the tenant itself has not enabled.
            4 => {
                assert!(person.offered().len() >= 2, "{:?}", person.offered());
                assert!(!person.offered().contains(&"questions"));
                two += 1;
            }
            steps => assert_eq!(steps, 3),
        }
    }
    assert!((5..60).contains(&two), "{two} of 320 are asked for two");
}

#[tokio::test(flavor = "multi_thread")]
async fn s20_masked_destinations_appear_after_the_first_of_two_gates() {
    let test = TestApp::sqlite().await;
    let one = Organisation::create(&test, "one.example", open_settings(1)).await;
    let two = Organisation::create(&test, "two.example", open_settings(2)).await;
    one.person(&test, "ada@one.example", |_| {}).await;
    two.person(&test, "ada@two.example", |_| {}).await;
    let masks = |person: &Person| match &person.view.page {
        Page::Choose { options, .. } => options
            .iter()
            .filter_map(|o| o.destination.as_ref().map(ToString::to_string))
            .collect(),
        _ => Vec::<String>::new(),
    };
    let person = Person::start(&test, "ada@one.example").await;
    assert_eq!(
        masks(&person),
        ["a•••@h•••.example", "+•• ••• ••• •78", "+•• ••• ••• •78"]
    );
    let mut person = Person::start(&test, "ada@two.example").await;
    assert!(masks(&person).is_empty());
    person.choose("email").await;
    let code = test.code_for("ada@home.example").await;
    person.code(&code).await;
    assert_eq!(masks(&person), ["+•• ••• ••• •78", "+•• ••• ••• •78"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_do_not_see_each_other() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let fabrikam = Organisation::create(&test, "fabrikam.com", open_settings(1)).await;
    contoso
        .person(&test, "ada@contoso.com", |user| {
            user.mail = Some("ada@shared.example".into());
        })
        .await;
    fabrikam
        .person(&test, "bob@fabrikam.com", |user| {
            user.mail = Some("ada@shared.example".into());
        })
        .await;
    // A mail address that is not unique names nobody.
    let mut person = Person::start(&test, "ada@shared.example").await;
    assert_eq!(person.view.brand.name, "Latchkey");
    person.cancel().await;
    // One that is does.
    contoso
        .person(&test, "eve@contoso.com", |user| {
            user.mail = Some("eve@only.example".into());
        })
        .await;
    let person = Person::start(&test, "eve@only.example").await;
    assert_eq!(person.view.brand.name, "contoso");
    let verified = latchkey_app::audit::verify(&test.app, fabrikam.id())
        .await
        .unwrap();
    assert_eq!(verified.broken, None);
    assert!(
        reasons(&test, &fabrikam)
            .await
            .iter()
            .all(|reason| !reason.contains("contoso"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_was_only_claimed_lends_no_face_and_no_policy() {
    let test = TestApp::sqlite().await;
    Organisation::create(&test, "contoso.com", with(Disclosure::Standard, 1)).await;
    let ctx = latchkey_app::admin::operator(&test.app);
    let add = latchkey_app::admin::domain::add(&test.app, &ctx, "contoso", "victim.example");
    add.await.unwrap();
    let brand = async || {
        latchkey_app::reset::brand_by_domain(&test.app, "victim.example")
            .await
            .unwrap()
    };
    assert!(brand().await.is_none());
    let mut person = Person::start(&test, "nobody@victim.example").await;
    assert_eq!(person.view.brand.name, "Latchkey");
    assert!(
        matches!(person.view.page, Page::Choose { .. }),
        "not contoso's `standard`"
    );
    person.cancel().await;
    let verify = latchkey_app::admin::domain::verify(&test.app, &ctx, "victim.example");
    verify.await.unwrap();
    assert_eq!(brand().await.unwrap().1.name, "contoso");
}
