//! Threats S17 and S19: what a stranger sees of a name does not tell whether somebody has it.

use std::time::Duration;

use latchkey_core::model::Role;
use latchkey_core::reset::Gate;
use latchkey_core::settings::{Disclosure, Settings};
use latchkey_store::accounts;
use latchkey_testkit::Browser;
use latchkey_testkit::both;
use latchkey_testkit::seed::{Organisation, open_settings};

use crate::indistinguishable::{assert_alike, shape};
use crate::support::Site;

/// Mail and text: gates that a decoy may have.
fn settings(disclosure: Disclosure, required: u8) -> Settings {
    let mut settings = open_settings(required);
    settings.reset.methods = [Gate::Email, Gate::Sms].into();
    settings.reset.disclosure = disclosure;
    settings
}

/// Everything that a stranger sees up to a wrong code; names have one length, since pages may show
/// what was typed.
async fn walk(site: &Site, name: &str) -> (Browser, Vec<String>) {
    let mut browser = site.browser();
    let mut seen = Vec::new();
    browser.open("/reset").await;
    let nonce = browser.solve();
    let fields = [("user_id", name), ("nonce", nonce.as_str())];
    browser.submit("/reset", &fields).await;
    seen.push(shape(&browser));
    browser.follow().await;
    seen.push(shape(&browser));
    if browser.place() == "/reset/verify" {
        for (action, fields) in [
            ("/reset/verify", &[][..]),
            ("/reset/verify", &[("method", "email")]),
            ("/reset/code", &[("code", "0")]),
            ("/reset/code", &[("code", "00000000")]),
            ("/reset/again", &[]),
            ("/reset/other", &[]),
            ("/reset/verify", &[("method", "sms")]),
            ("/reset/number", &[("phone", "+31687654321")]),
            ("/reset/cancel", &[]),
        ] {
            browser.submit(action, fields).await;
            seen.push(shape(&browser));
            browser.follow().await;
            seen.push(shape(&browser));
        }
    }
    let cookies: Vec<&str> = browser
        .cookies
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    seen.push(cookies.join(" "));
    (browser, seen)
}

/// Names that nobody has, and that offer what Contoso's people have: as many as asked for. One in 16
/// is an administrator's, and has other gates.
async fn plain_names<const N: usize>(site: &Site) -> [String; N] {
    let mut names = Vec::new();
    for n in 0..100 {
        if names.len() == N {
            break;
        }
        let name = format!("x{n:02}@contoso.com");
        let mut browser = site.browser();
        browser.begin(&name).await;
        let gates = browser.page().form("/reset/verify").fields;
        let gates: Vec<&str> = gates.iter().map(|gate| gate.value.as_str()).collect();
        if gates == ["email", "sms"] {
            names.push(name);
        }
    }
    names.try_into().expect("so many plain names among 100")
}

fn assert_same(one: &(Browser, Vec<String>), other: &(Browser, Vec<String>), what: &str) {
    assert_eq!(one.1.len(), other.1.len(), "{what}");
    for (n, (a, b)) in one.1.iter().zip(&other.1).enumerate() {
        assert_alike(a, b, &format!("{what}, answer {n}"));
    }
}

async fn disable(site: &Site, organisation: &Organisation, upn: &str) {
    let user = organisation.person(&site.test, upn, |_| {}).await;
    let (tenant, id) = (user.tenant, user.id);
    site.test
        .app
        .db()
        .write(async |mut tx| accounts::set_enabled(&mut tx, tenant, id, false).await)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_every_kind_of_name_is_answered_alike_in_strict() {
    both(async |test| {
        let site = Site::over(test);
        let settings = settings(Disclosure::Strict, 2);
        let (contoso, _) = site.contoso_with(settings).await;
        contoso.person(&site.test, "kno@contoso.com", |_| {}).await;
        let names = plain_names::<5>(&site).await;
        let [disabled, unregistered, frozen, ..] = &names;
        disable(&site, &contoso, disabled).await;
        contoso
            .person(&site.test, unregistered, |user| {
                user.mobile_phone = None;
                user.other_mails.clear();
            })
            .await;
        contoso
            .person(&site.test, frozen, |user| {
                user.frozen_at = Some(latchkey_types::Clock::now(&*site.test.clock));
            })
            .await;
        let known = walk(&site, "kno@contoso.com").await;
        assert!(known.1.len() > 15, "the walk went all the way");
        for name in &names {
            assert_same(&known, &walk(&site, name).await, name);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_a_name_that_nobody_has_is_answered_like_one_that_somebody_has_in_private() {
    both(async |test| {
        let site = Site::over(test);
        let settings = settings(Disclosure::Private, 2);
        let (contoso, _) = site.contoso_with(settings).await;
        contoso.person(&site.test, "kno@contoso.com", |_| {}).await;
        let known = walk(&site, "kno@contoso.com").await;
        assert!(known.1.len() > 15, "the walk went all the way");
        for name in plain_names::<10>(&site).await {
            let other = walk(&site, &name).await;
            assert_same(&known, &other, &name);
            // And the same the next time.
            let again = walk(&site, &name.to_uppercase()).await;
            assert_alike(&other.1[1], &again.1[1], &name);
        }
        let events = site.events(contoso.id()).await;
        let unknown = events
            .iter()
            .filter(|event| event.row.event.reason.as_deref() == Some("failed.unknown_user"))
            .count();
        assert_eq!(unknown, 20, "administrators see what strangers do not");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_an_administrator_is_answered_like_some_names_that_nobody_has() {
    both(async |test| {
        let site = Site::over(test);
        let settings = settings(Disclosure::Private, 1);
        let (contoso, _) = site.contoso_with(settings).await;
        contoso
            .administrator(&site.test, "root@contoso.com", Role::GlobalAdministrator)
            .await;
        let root = walk(&site, "root@contoso.com").await;
        assert!(root.1.len() > 15, "the walk went all the way");
        for n in 0..500 {
            // One network begins so often.
            site.test.clock.advance(Duration::from_secs(5));
            let name = format!("n{n:03}@contoso.com");
            let mut browser = site.browser();
            browser.begin(&name).await;
            if shape(&browser) == root.1[1] {
                assert_same(&root, &walk(&site, &name).await, &name);
                return;
            }
        }
        panic!("no decoy among 500 looks like an administrator");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s19_throttles_fire_alike_for_names_that_nobody_has() {
    both(async |test| {
        let site = Site::over(test);
        let settings = settings(Disclosure::Private, 2);
        let (contoso, _) = site.contoso_with(settings).await;
        contoso.person(&site.test, "kno@contoso.com", |_| {}).await;
        let [nobody] = plain_names(&site).await;
        // That counted as an attempt.
        site.test.clock.advance(Duration::from_secs(2 * 3600));
        // Attempts: the sixth within the hour.
        let mut ended = Vec::new();
        for name in ["kno@contoso.com", nobody.as_str()] {
            let mut places = Vec::new();
            for _ in 0..7 {
                let mut browser = site.browser();
                browser.begin(name).await;
                places.push(format!("{} {}", browser.place(), browser.page().heading()));
            }
            ended.push(places);
        }
        assert_eq!(ended[0], ended[1]);
        assert!(ended[0][4].starts_with("/reset/verify"));
        assert!(ended[0][5].starts_with("/reset/end"));
        // Tries: the fifth wrong code.
        site.test.clock.advance(Duration::from_secs(25 * 3600));
        let mut ended = Vec::new();
        for name in ["kno@contoso.com", nobody.as_str()] {
            let mut browser = site.browser();
            browser.begin(name).await;
            site.ask_for_mail(&mut browser).await;
            let mut seen = Vec::new();
            while browser.place() == "/reset/code" {
                browser.fill("/reset/code", &[("code", "00000000")]).await;
                seen.push(browser.page().alert().join(" "));
            }
            assert_eq!(seen.len(), 5, "{name}");
            ended.push((seen, browser.page().heading()));
        }
        assert_eq!(ended[0], ended[1]);
    })
    .await;
}
