//! Full sign-ins per second against raw Argon2id hashes per second on the same processor.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use latchkey_testkit::Browser;

use crate::crowd::{self, Queue};
use crate::resets::beside_raw;
use crate::service::{Installation, step_aside};

/// People at once, each with an account of their own, who sign in again and again.
const PEOPLE: usize = 24;
const PASSWORD: &str = "Tall-Ships-99";

pub(crate) async fn run() {
    step_aside();
    let relay = crowd::relay().await;
    let installation = Installation::new(&relay.settings(), 1);
    for person in 0..PEOPLE {
        let upn = format!("u{person}@t0.example");
        installation.operator(&["user", "set-password", &upn], PASSWORD);
    }
    // Whoever is led to registering signs in no less, but sees another page.
    let optional = "registration.required_at_sign_in=no";
    installation.operator(&["policy", "set", "t0", optional], "");
    let service = installation.serve();
    let queue = Rc::new(Queue::default());
    let address = installation.address;
    beside_raw("sign-ins", &service, &queue, async |time| {
        walk(address, &queue, time).await;
    })
    .await;
}

/// Lets everybody sign in until a time is over.
async fn walk(address: SocketAddr, queue: &Rc<Queue>, time: Duration) {
    let local = tokio::task::LocalSet::new();
    for person in 0..PEOPLE {
        let (queue, enough) = (Rc::clone(queue), crowd::after(time));
        local.spawn_local(async move {
            let mut browser = crowd::browser(address);
            let upn = format!("u{person}@t0.example");
            while !enough(&queue) {
                sign_in(&mut browser, &upn).await;
                queue.done.set(queue.done.get() + 1);
            }
        });
    }
    local.await;
}

/// Everything that a browser does: three pages and two forms.
async fn sign_in(browser: &mut Browser, upn: &str) {
    browser.cookies.clear();
    browser.open("/sign-in").await;
    browser.fill("/sign-in", &[("user_id", upn)]).await;
    let fields = [("password", PASSWORD)];
    browser.fill("/sign-in/password", &fields).await;
    assert_eq!(
        (browser.place(), browser.answer.status),
        ("/account", 200),
        "{}",
        browser.page().words()
    );
}
