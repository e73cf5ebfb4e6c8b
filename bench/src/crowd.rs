//! People who reset their passwords, one after the other, many at once.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use latchkey_testkit::{Browser, Server};

use crate::relay::{Mood, Relay};
use crate::service::USERS;

/// A relay that takes everything.
pub(crate) async fn relay() -> Relay {
    Relay::start(|| Mood::Takes).await
}

/// Who is next, over all tenants in turn.
#[derive(Default)]
pub(crate) struct Queue {
    next: Cell<usize>,
    pub(crate) done: Cell<usize>,
}

/// Lets `people` at once walk through resets until `enough` says so.
pub(crate) async fn walk(
    address: SocketAddr,
    relay: &Rc<Relay>,
    queue: &Rc<Queue>,
    tenants: usize,
    people: usize,
    enough: impl Fn(&Queue) -> bool + Clone + 'static,
) {
    let local = tokio::task::LocalSet::new();
    for _ in 0..people {
        let (relay, queue, enough) = (Rc::clone(relay), Rc::clone(queue), enough.clone());
        local.spawn_local(async move {
            let mut browser = browser(address);
            while !enough(&queue) {
                let number = queue.next.get();
                queue.next.set(number + 1);
                let (tenant, user) = (number % tenants, number / tenants);
                reset(&mut browser, &relay, tenant, user).await;
                queue.done.set(queue.done.get() + 1);
            }
        });
    }
    local.await;
}

pub(crate) fn browser(address: SocketAddr) -> Browser {
    let base = format!("http://localhost:{}", address.port());
    let mut browser = Browser::new(&Server::at(address), &base);
    browser.keeps_trail = false;
    browser
}

/// One whole reset: every page a browser would load, one code by mail, one password.
async fn reset(browser: &mut Browser, relay: &Relay, tenant: usize, user: usize) {
    // The throttle lets a user begin five times in an hour.
    let (round, user) = (user / USERS, user % USERS);
    assert!(round < 5, "more users are needed");
    let domain = format!("t{tenant}.example");
    let mailbox = format!("u{user}@mail.{domain}");
    let known: Vec<String> = relay
        .to(&mailbox)
        .into_iter()
        .filter_map(|mail| mail.code)
        .collect();
    browser.cookies.clear();
    browser.begin(&format!("u{user}@{domain}")).await;
    browser.fill("/reset/verify", &[("method", "email")]).await;
    let code = relay.code(&mailbox, &known, Duration::from_secs(60)).await;
    let code = code.expect("a mail with a code");
    browser.fill("/reset/code", &[("code", &code)]).await;
    let password = format!("Tall-Ships-{}", 7919 * (user + 11 + round));
    let fields = [
        ("new_password", password.as_str()),
        ("confirm_password", &password),
    ];
    browser.fill("/reset/password", &fields).await;
    assert!(
        browser.answer.text().contains("class=\"tick\""),
        "{}",
        browser.page().words()
    );
}

/// A condition that holds when a time is over.
pub(crate) fn after(time: Duration) -> impl Fn(&Queue) -> bool + Clone {
    let end = Instant::now() + time;
    move |_| Instant::now() >= end
}
