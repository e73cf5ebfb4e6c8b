//! How long the look-up of a session takes that every request of somebody signed in begins with.

use std::time::Instant;

use latchkey_app::sign_in::signed_in;
use latchkey_store::sign_in_sessions;
use latchkey_testkit::TestApp;
use latchkey_testkit::seed::{Organisation, open_settings, set_password};
use latchkey_types::Secret;

/// Sessions in the database, of as many people.
const SESSIONS: usize = 2_000;
const TIMES: usize = 20_000;
const PASSWORD: &str = "Tall-Ships-99";

pub(crate) async fn run() {
    let test = TestApp::sqlite().await;
    let organisation = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let mut cookies = Vec::new();
    for number in 0..SESSIONS {
        let upn = format!("u{number}@contoso.com");
        let user = organisation.person(&test, &upn, |_| {}).await;
        set_password(&test, &user, PASSWORD).await;
        let mut arrival = latchkey_testkit::Arrival::start(&test, &upn).await;
        arrival.password(PASSWORD).await;
        cookies.push(arrival.session().clone());
    }
    // Of another person each time, in no order that a cache would like.
    let at = |n: usize| &cookies[n * 7919 % SESSIONS];
    // The limit: one row that is not there, by its index, in a transaction of its own.
    let bare = measure(async |n| {
        let tag = n.to_le_bytes();
        let db = test.app.db();
        let found = db.read(async |mut tx| sign_in_sessions::get_by_cookie(&mut tx, &tag).await);
        assert!(found.await.unwrap().is_none());
    })
    .await;
    let whole = measure(async |n| {
        let found = signed_in(&test.app, at(n)).await.unwrap();
        assert!(found.is_some());
    })
    .await;
    let stranger = Secret::new("nobody's".to_owned());
    let none = measure(async |_| {
        let found = signed_in(&test.app, &stranger).await.unwrap();
        assert!(found.is_none());
    })
    .await;
    print("one row by its index, the limit", &bare);
    print("a session with its owner", &whole);
    print("a cookie of nobody", &none);
    println!("ratio of the medians {:.2}", middle(&bare) / middle(&whole));
}

/// Times in ms, sorted.
async fn measure(one: impl AsyncFn(usize)) -> Vec<f64> {
    for n in 0..SESSIONS {
        one(n).await;
    }
    let mut times = Vec::with_capacity(TIMES);
    for n in 0..TIMES {
        let began = Instant::now();
        one(n).await;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    times
}

fn middle(times: &[f64]) -> f64 {
    times[times.len() / 2]
}

fn print(what: &str, times: &[f64]) {
    println!(
        "{what}: median {:.3} ms, p99 {:.3} ms (budget 1)",
        middle(times),
        times[times.len() * 99 / 100]
    );
}
