//! A portal to test: a whole service, a router, people who walk through its pages.

use std::net::IpAddr;

use latchkey_core::model::User;
use latchkey_core::settings::Settings;
use latchkey_http::Front;
use latchkey_store::{accounts, audit};
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Browser, Server, TestApp};
use latchkey_types::TenantId;
use latchkey_web::WebOptions;

/// A password that meets every rule.
pub(crate) const GOOD: &str = "Tall-Ships-9";

/// The base address of every test.
pub(crate) const BASE: &str = "https://reset.contoso.com";

/// The session's cookie, and that of a browser without a session.
pub(crate) const SESSION: &str = "__Host-latchkey-reset";
pub(crate) const START: &str = "__Host-latchkey-start";

/// The cookie of somebody signed in.
pub(crate) const SIGNED_IN: &str = "__Host-latchkey-session";

/// Every address that may be asked for with GET, with and without a session.
pub(crate) const GETS: [&str; 62] = [
    "/",
    "/?whr=contoso.com",
    "/sign-in",
    "/sign-in?to=security-info&whr=contoso.com",
    "/sign-in?e=gone",
    "/sign-in?e=codes",
    "/sign-in/password",
    "/sign-in/second",
    "/sign-in/passkey",
    "/sign-in/passkey/answer",
    "/sign-in/elsewhere",
    "/sign-in/federated",
    "/sign-in/federated?code=x&state=x&iss=https://evil.example",
    "/sign-in/other",
    "/sign-in/forgot",
    "/sign-in/cancel",
    "/sign-out",
    "/account",
    "/account/devices",
    "/account/devices?n=ended",
    "/reset",
    "/reset?whr=contoso.com",
    "/reset?e=gone",
    "/reset?mkt=en",
    "/reset/verify",
    "/reset/number",
    "/reset/code",
    "/reset/code?n=sent",
    "/reset/passkey",
    "/reset/recovery-code",
    "/reset/questions",
    "/reset/password",
    "/reset/end",
    "/reset/again",
    "/reset/other",
    "/reset/cancel",
    "/reset/help",
    "/security-info",
    "/security-info?n=added",
    "/security-info/email",
    "/security-info/email/code",
    "/security-info/email/code?n=sent",
    "/security-info/phone",
    "/security-info/phone/code",
    "/security-info/authenticator",
    "/security-info/authenticator/code",
    "/security-info/passkey",
    "/security-info/passkey/create",
    "/security-info/questions",
    "/security-info/recovery-codes",
    "/security-info/remove",
    "/security-info/confirm",
    "/security-info/confirm-it-is-you",
    "/security-info/confirm-it-is-you?for=email",
    "/security-info/confirm-it-is-you/passkey",
    "/security-info/not-now",
    "/not-me",
    "/healthz",
    "/readyz",
    "/favicon.ico",
    "/assets/nothing.css",
    "/nothing",
];

/// Every address that takes a form.
pub(crate) const POSTS: [&str; 42] = [
    "/sign-in",
    "/sign-in/password",
    "/sign-in/second",
    "/sign-in/passkey",
    "/sign-in/passkey/answer",
    "/sign-in/elsewhere",
    "/sign-in/other",
    "/sign-in/forgot",
    "/sign-in/cancel",
    "/sign-out",
    "/account/devices",
    "/reset",
    "/reset/verify",
    "/reset/number",
    "/reset/code",
    "/reset/passkey",
    "/reset/recovery-code",
    "/reset/questions",
    "/reset/password",
    "/reset/again",
    "/reset/other",
    "/reset/cancel",
    "/reset/help",
    "/security-info/email",
    "/security-info/email/code",
    "/security-info/email/again",
    "/security-info/phone",
    "/security-info/phone/code",
    "/security-info/phone/again",
    "/security-info/authenticator",
    "/security-info/authenticator/code",
    "/security-info/passkey",
    "/security-info/passkey/create",
    "/security-info/questions",
    "/security-info/recovery-codes",
    "/security-info/recovery-codes/download",
    "/security-info/remove",
    "/security-info/confirm",
    "/security-info/not-now",
    "/security-info/confirm-it-is-you",
    "/security-info/confirm-it-is-you/passkey",
    "/not-me",
];

/// A service with its portals.
pub(crate) struct Site {
    pub(crate) test: TestApp,
    pub(crate) server: Server,
}

impl Site {
    pub(crate) fn over(test: TestApp) -> Self {
        let peer: IpAddr = "203.0.113.7".parse().unwrap();
        let router = latchkey_web::router(test.app.clone(), &WebOptions::default())
            .layer(axum::Extension(Front::peer(peer)));
        let server = Server::new(router);
        Self { test, server }
    }

    pub(crate) async fn sqlite() -> Self {
        Self::over(TestApp::sqlite().await)
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.server, BASE)
    }

    /// Everything about a tenant and one of its users that a request could have changed.
    pub(crate) async fn state(&self, organisation: &Organisation, user: &User) -> State {
        let messages = self.test.messages().await.len();
        let (tenant, id) = (user.tenant, user.id);
        let (account, password) = self
            .test
            .app
            .db()
            .read(async |mut tx| {
                let account = accounts::get(&mut tx, tenant, id).await?;
                let password = accounts::password(&mut tx, tenant, id).await?;
                Ok::<_, latchkey_store::StoreError>((account, password))
            })
            .await
            .unwrap();
        State {
            account: format!("{account:?}"),
            password,
            // That something unusable was typed is on record; that is all that may be.
            events: self
                .events(organisation.id())
                .await
                .iter()
                .filter(|event| !event.row.event.details.contains("input refused"))
                .count(),
            messages,
        }
    }

    /// Everything in the events of a tenant that says why.
    pub(crate) async fn reasons(&self, tenant: TenantId) -> Vec<String> {
        let events = self.events(tenant).await;
        events
            .into_iter()
            .filter_map(|event| event.row.event.reason)
            .collect()
    }

    pub(crate) async fn events(&self, tenant: TenantId) -> Vec<audit::StoredEvent> {
        let filter = audit::Filter::default();
        self.test
            .app
            .db()
            .read(async |mut tx| audit::list(&mut tx, tenant, &filter, 0, 100_000).await)
            .await
            .unwrap()
    }

    /// The hash of a user's password.
    pub(crate) async fn password(&self, user: &User) -> Option<String> {
        let (tenant, id) = (user.tenant, user.id);
        self.test
            .app
            .db()
            .read(async |mut tx| accounts::password(&mut tx, tenant, id).await)
            .await
            .unwrap()
    }

    /// The bytes of the database, where it is a file.
    pub(crate) fn database(&self) -> Vec<u8> {
        let file = self.test.file.as_ref().unwrap();
        let mut bytes = std::fs::read(file).unwrap();
        bytes.extend(std::fs::read(file.with_extension("db-wal")).unwrap_or_default());
        bytes
    }

    /// Contoso, where `required` gates are asked for, and Ada in it.
    pub(crate) async fn contoso(&self, required: u8) -> (Organisation, User) {
        self.contoso_with(open_settings(required)).await
    }

    pub(crate) async fn contoso_with(&self, settings: Settings) -> (Organisation, User) {
        let contoso = Organisation::create(&self.test, "contoso.com", settings).await;
        let ada = contoso.person(&self.test, "ada@contoso.com", |_| {}).await;
        (contoso, ada)
    }

    /// Chooses the code by mail.
    pub(crate) async fn ask_for_mail(&self, browser: &mut Browser) {
        assert_eq!(browser.place(), "/reset/verify");
        browser.fill("/reset/verify", &[("method", "email")]).await;
        assert_eq!(
            (browser.place(), browser.answer.status),
            ("/reset/code", 200)
        );
    }

    /// From the page for the code to the one after it.
    pub(crate) async fn type_code(&self, browser: &mut Browser, mailbox: &str) {
        let code = self.test.code_for(mailbox).await;
        browser.fill("/reset/code", &[("code", &code)]).await;
    }

    /// A browser that has passed Ada's only gate.
    pub(crate) async fn at_new_password(&self) -> Browser {
        // Messages of before leave first: those of one moment leave in any order.
        self.test.messages().await;
        let mut browser = self.browser();
        browser.begin("ada@contoso.com").await;
        self.ask_for_mail(&mut browser).await;
        self.type_code(&mut browser, "ada@home.example").await;
        assert_eq!(browser.place(), "/reset/password");
        browser
    }
}

/// Sends a new password twice.
pub(crate) async fn type_password(browser: &mut Browser, password: &str) {
    let fields = [("new_password", password), ("confirm_password", password)];
    browser.fill("/reset/password", &fields).await;
}

/// What a request may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    account: String,
    password: Option<String>,
    events: usize,
    messages: usize,
}

/// A code of the same length that is not this one.
pub(crate) fn wrong(code: &str) -> String {
    code.chars()
        .map(|digit| if digit == '0' { '1' } else { '0' })
        .collect()
}
