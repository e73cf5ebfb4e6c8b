//! People who reset their passwords, whatever happens to the service under their hands.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey_testkit::wire::NO_ANSWER;
use latchkey_testkit::{Browser, Server};
use tokio::sync::watch;

use crate::relay::Relay;

/// A seeded source of decisions.
pub(crate) struct Dice(AtomicU64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A number below `end` (SplitMix64).
    pub(crate) fn below(&self, end: u64) -> u64 {
        let mut x = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % end
    }
}

/// Where the service is now: how often it was started, and its address while it runs.
pub(crate) type Where = watch::Receiver<(usize, Option<std::net::SocketAddr>)>;

/// What people know: which passwords they sent, and whether they were told that one is set.
pub(crate) struct Ledger {
    entries: Mutex<HashMap<usize, Entry>>,
    /// How many pages all of them have seen.
    answers: watch::Sender<usize>,
}

/// What one of them knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    /// The passwords that were sent, in their order, each noted before it left.
    pub(crate) sent: Vec<String>,
    /// Whether the page said that the last of them is set.
    pub(crate) told: bool,
    /// How often one code was sent twice at once.
    pub(crate) doubled: usize,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            entries: Mutex::default(),
            answers: watch::Sender::new(0),
        }
    }

    /// Waits until people have seen so many more pages.
    pub(crate) async fn pages(&self, more: usize) {
        let mut answers = self.answers.subscribe();
        let enough = *answers.borrow() + more;
        let seen = answers.wait_for(|answers| *answers >= enough);
        seen.await.expect("it is here");
    }

    fn count(&self, change: impl FnOnce(&mut Entry), number: usize) {
        change(self.entries.lock().unwrap().entry(number).or_default());
    }

    fn next_password(&self, number: usize) -> String {
        let mut all = self.entries.lock().unwrap();
        let entry = all.entry(number).or_default();
        let count = entry.sent.len();
        let password = format!("Tall-Ships-{}-{count}", 7919 * (number + 11));
        entry.sent.push(password.clone());
        password
    }

    /// What everybody knows now.
    pub(crate) fn entries(&self) -> HashMap<usize, Entry> {
        self.entries.lock().unwrap().clone()
    }
}

/// How far a walk came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walked {
    /// The page said that the password is set.
    Done,
    /// The mail is not there yet; the walk can go on later.
    Waiting,
    /// The session was lost, as when an answer with a new cookie was, and it was begun too often.
    GivenUp,
}

/// Somebody at a browser.
pub(crate) struct Walker {
    /// Their number: `uN@contoso.com`.
    pub(crate) number: usize,
    browser: Browser,
    service: Where,
    generation: usize,
    relay: Arc<Relay>,
    dice: Arc<Dice>,
    ledger: Arc<Ledger>,
    /// Codes that were answered to, right or wrong.
    used: Vec<String>,
    begun: usize,
    mistyped: bool,
    /// The page that the walk stops at, once.
    stop_before: Option<&'static str>,
}

impl Walker {
    pub(crate) fn new(
        number: usize,
        service: &Where,
        relay: &Arc<Relay>,
        dice: &Arc<Dice>,
        ledger: &Arc<Ledger>,
    ) -> Self {
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
        Self {
            number,
            browser: browser(nowhere),
            service: service.clone(),
            generation: 0,
            relay: Arc::clone(relay),
            dice: Arc::clone(dice),
            ledger: Arc::clone(ledger),
            used: Vec::new(),
            begun: 0,
            mistyped: false,
            stop_before: None,
        }
    }

    /// Lets the next walk end at a page as if there was nothing to do but wait.
    pub(crate) fn stop_before(&mut self, place: &'static str) {
        self.stop_before = Some(place);
    }

    pub(crate) fn mailbox(&self) -> String {
        format!("u{}@home.example", self.number)
    }

    /// Waits until the service runs, and turns to it if it was started anew. What the browser has in
    /// its cookies stays. Whether it was.
    async fn reach(&mut self) -> bool {
        let (generation, address) = {
            let here = self.service.wait_for(|(_, address)| address.is_some());
            let here = here.await.expect("the test goes on");
            (here.0, here.1.expect("it was waited for"))
        };
        let is_other = generation != self.generation;
        if is_other {
            self.generation = generation;
            let mut next = browser(address);
            next.cookies = std::mem::take(&mut self.browser.cookies);
            self.browser = next;
        }
        is_other
    }

    /// After an answer that never came: until the service is another, or for a moment.
    async fn recover(&mut self) {
        let before = self.generation;
        let other = self
            .service
            .wait_for(|(generation, address)| *generation != before && address.is_some());
        let _ = tokio::time::timeout(Duration::from_secs(2), other).await;
    }

    /// Walks on until the end, or until there is nothing to do but wait for a mail.
    pub(crate) async fn walk(&mut self, patience: Duration) -> Walked {
        // Where a session is, its own pages tell; without one, every page leads to step 1.
        let mut place = String::new();
        let mut steps = 0;
        while steps < 100 {
            steps += 1;
            if self.reach().await {
                place.clear();
                steps = 0;
            }
            if place.is_empty() {
                self.browser.open("/reset/verify").await;
            } else if let Some(walked) = self.act(&place, patience).await {
                return walked;
            }
            let status = self.browser.answer.status;
            if status == NO_ANSWER {
                place.clear();
                self.recover().await;
                continue;
            }
            assert_eq!(
                status,
                200,
                "{}: {}",
                self.browser.path,
                self.browser.answer.text()
            );
            self.ledger.answers.send_modify(|answers| *answers += 1);
            self.browser.place().clone_into(&mut place);
        }
        panic!("u{} walks in circles at {place}", self.number);
    }

    /// What a person does on a page.
    async fn act(&mut self, place: &str, patience: Duration) -> Option<Walked> {
        if self.stop_before == Some(place) {
            self.stop_before = None;
            return Some(Walked::Waiting);
        }
        match place {
            "/reset" => {
                if self.begun == 3 {
                    return Some(Walked::GivenUp);
                }
                self.begun += 1;
                // Codes of a session that is lost are of no use in the next.
                let mails = self.relay.to(&self.mailbox());
                self.used
                    .extend(mails.into_iter().filter_map(|mail| mail.code));
                let nonce = self.browser.solve();
                let user = format!("u{}@contoso.com", self.number);
                self.browser
                    .fill("/reset", &[("user_id", &user), ("nonce", &nonce)])
                    .await;
            }
            "/reset/verify" => {
                self.browser
                    .fill("/reset/verify", &[("method", "email")])
                    .await;
            }
            "/reset/code" => {
                if !self.mistyped && self.dice.below(10) == 0 {
                    self.mistyped = true;
                    self.browser
                        .fill("/reset/code", &[("code", "00000000")])
                        .await;
                    return None;
                }
                let mailbox = self.mailbox();
                let Some(code) = self.relay.code(&mailbox, &self.used, patience).await else {
                    return Some(Walked::Waiting);
                };
                if self.dice.below(5) == 0 {
                    self.type_twice(&code).await;
                } else {
                    self.browser.fill("/reset/code", &[("code", &code)]).await;
                }
                if self.browser.answer.status != NO_ANSWER {
                    self.used.push(code);
                }
            }
            "/reset/password" => {
                let password = self.ledger.next_password(self.number);
                let fields = [
                    ("new_password", password.as_str()),
                    ("confirm_password", &password),
                ];
                self.browser.fill("/reset/password", &fields).await;
            }
            "/reset/end" => {
                let page = self.browser.page();
                let is_done = page
                    .elements()
                    .iter()
                    .any(|element| element.attribute("class") == Some("tick"));
                assert!(is_done, "u{}: {}", self.number, page.words());
                self.ledger.count(|entry| entry.told = true, self.number);
                return Some(Walked::Done);
            }
            other => panic!("u{} is at {other}", self.number),
        }
        None
    }

    /// Sends the same form twice at once, as two impatient clicks do. One of them is too late, and
    /// which one is not known: the session is whichever's answer brought it on.
    async fn type_twice(&mut self, code: &str) {
        self.ledger.count(|entry| entry.doubled += 1, self.number);
        let address = self.service.borrow().1;
        let Some(address) = address else {
            // It was killed meanwhile: nothing was sent.
            self.browser.answer.status = NO_ANSWER;
            return;
        };
        let (mut one, mut two) = (browser(address), browser(address));
        for other in [&mut one, &mut two] {
            other.cookies.clone_from(&self.browser.cookies);
            other.answer.clone_from(&self.browser.answer);
        }
        let form = [("code", code)];
        tokio::join!(
            one.submit("/reset/code", &form),
            two.submit("/reset/code", &form)
        );
        let is_in = |browser: &Browser| browser.answer.header("location") == "/reset/password";
        assert!(
            !(is_in(&one) && is_in(&two)),
            "u{}: a code was accepted twice",
            self.number
        );
        self.browser = if is_in(&two) || one.answer.status == NO_ANSWER {
            two
        } else {
            one
        };
        self.browser.follow().await;
    }
}

fn browser(address: std::net::SocketAddr) -> Browser {
    let mut browser = Browser::new(&Server::at(address), "http://localhost");
    browser.keeps_trail = false;
    browser
}
