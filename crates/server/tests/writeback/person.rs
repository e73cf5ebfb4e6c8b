//! Somebody at a browser.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use latchkey_testkit::wire::NO_ANSWER;
use latchkey_testkit::{Browser, Server};
use tokio::time::{Instant, sleep};

use crate::installation::PATIENCE;
use crate::relay::Relay;

/// Somebody.
pub(crate) struct Person {
    name: String,
    pub(crate) address: SocketAddr,
    base: String,
    pub(crate) browser: Browser,
    relay: Arc<Relay>,
    used: Vec<String>,
    /// The passwords that were sent, each noted before it left.
    pub(crate) sent: Vec<String>,
}

impl Person {
    pub(crate) fn new(name: &str, address: SocketAddr, base: &str, relay: &Arc<Relay>) -> Self {
        Self {
            name: name.to_owned(),
            address,
            base: base.to_owned(),
            browser: Browser::new(&Server::at(address), base),
            relay: Arc::clone(relay),
            used: Vec::new(),
            sent: Vec::new(),
        }
    }

    pub(crate) fn upn(&self) -> String {
        format!("{}@contoso.com", self.name)
    }

    /// Something of their own for a password, which is not their name.
    fn number(&self) -> usize {
        let digits = self.name.trim_start_matches(|c: char| !c.is_ascii_digit());
        7919 * (digits.parse::<usize>().unwrap() + 11)
    }

    /// A new browser.
    pub(crate) fn afresh(&mut self) {
        self.browser = Browser::new(&Server::at(self.address), &self.base);
    }

    /// Begins a reset, and proves who they are: at the page behind the last gate.
    pub(crate) async fn prove(&mut self) -> String {
        self.afresh();
        self.browser.begin(&self.upn()).await;
        if self.browser.place() != "/reset/verify" {
            return self.browser.place().to_owned();
        }
        self.browser
            .fill("/reset/verify", &[("method", "email")])
            .await;
        assert_eq!(self.browser.place(), "/reset/code");
        let mailbox = format!("{}@home.example", self.name);
        let code = self.relay.code(&mailbox, &self.used, PATIENCE).await;
        let code = code.expect("a mail with a code");
        self.browser.fill("/reset/code", &[("code", &code)]).await;
        self.used.push(code);
        self.browser.place().to_owned()
    }

    /// Sends a new password, and shows what is there then.
    pub(crate) async fn choose(&mut self, password: &str) -> &str {
        self.sent.push(password.to_owned());
        let fields = [("new_password", password), ("confirm_password", password)];
        self.browser.fill("/reset/password", &fields).await;
        self.browser.place()
    }

    /// Begins a reset, proves who they are, and comes to the page of the new password.
    pub(crate) async fn come_to_the_password(&mut self) {
        if self.prove().await == "/reset/what" {
            self.browser.fill("/reset/what", &[("deed", "reset")]).await;
        }
        assert_eq!(self.browser.place(), "/reset/password", "{}", self.words());
    }

    /// A whole reset; whether the page says that it is done.
    pub(crate) async fn reset(&mut self, password: &str) -> bool {
        self.come_to_the_password().await;
        self.choose(password).await;
        self.wait_at_work().await;
        self.is_done()
    }

    /// Looks again and again while the directory is at work.
    pub(crate) async fn wait_at_work(&mut self) {
        let until = Instant::now() + PATIENCE;
        while self.browser.place() == "/reset/working" {
            assert!(Instant::now() < until, "{}: at work for ever", self.name);
            sleep(Duration::from_millis(200)).await;
            self.browser.open("/reset/working").await;
        }
    }

    /// Goes on with a reset, whatever happens to the service, until a page says how it ended.
    /// Whenever nothing is known to have been set, another password is sent.
    pub(crate) async fn go_on_to_the_end(&mut self) {
        let until = Instant::now() + 2 * PATIENCE;
        let mut before = String::new();
        loop {
            assert!(
                Instant::now() < until,
                "{}: no end at {}: {}",
                self.name,
                self.browser.place(),
                self.words()
            );
            if self.browser.answer.status == NO_ANSWER {
                // Where the session is, its own pages tell.
                sleep(Duration::from_millis(100)).await;
                self.browser.open("/reset/verify").await;
                continue;
            }
            let status = self.browser.answer.status;
            assert!(
                matches!(status, 200 | 503),
                "{}: {status} {}",
                self.name,
                self.words()
            );
            let place = self.browser.place().to_owned();
            match place.as_str() {
                "/reset/end" => return,
                "/reset/working" => {
                    sleep(Duration::from_millis(200)).await;
                    self.browser.open("/reset/working").await;
                }
                "/reset/password" => {
                    if before == "/reset/password" {
                        // It was not taken: the directory is away.
                        sleep(Duration::from_millis(300)).await;
                    }
                    let password = format!("Tall-Ships-{}-{}", self.number(), self.sent.len());
                    self.choose(&password).await;
                }
                other => panic!("{} is at {other}: {}", self.name, self.words()),
            }
            before = place;
        }
    }

    /// Whether the page says that something was done.
    pub(crate) fn is_done(&self) -> bool {
        let page = self.browser.page();
        let mut elements = page.elements().iter();
        elements.any(|element| element.attribute("class") == Some("tick"))
    }

    /// What the page says.
    pub(crate) fn words(&self) -> String {
        if self.browser.answer.status == NO_ANSWER {
            return "nothing".into();
        }
        self.browser.page().words()
    }

    /// Signs in with a new browser; whether the password was right.
    pub(crate) async fn sign_in(&mut self, password: &str) -> bool {
        self.afresh();
        self.browser.open("/sign-in").await;
        let upn = self.upn();
        self.browser.fill("/sign-in", &[("user_id", &upn)]).await;
        assert_eq!(self.browser.place(), "/sign-in/password");
        self.browser
            .fill("/sign-in/password", &[("password", password)])
            .await;
        self.browser.place() != "/sign-in/password"
    }

    /// Changes the password, signed in; whether it was done.
    pub(crate) async fn change(&mut self, old: &str, new: &str) -> bool {
        self.browser.open("/change-password").await;
        assert_eq!(self.browser.place(), "/change-password", "{}", self.words());
        let fields = [
            ("current_password", old),
            ("new_password", new),
            ("confirm_password", new),
        ];
        self.browser.fill("/change-password", &fields).await;
        self.is_done()
    }
}
