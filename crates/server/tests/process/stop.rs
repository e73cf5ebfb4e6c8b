//! A graceful stop under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use latchkey_testkit::wire::NO_ANSWER;
use latchkey_testkit::{Browser, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::installation::{Installation, PATIENCE, free_port};
use crate::relay::{Mood, Relay};
use crate::walker::{Dice, Ledger, Walked, Walker};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_told_to_stop_answers_what_it_accepted_and_sends_what_it_has_in_hand() {
    let relay = Relay::start(|| Mood::Slow(Duration::from_millis(100))).await;
    let installation = Installation::new(None, &relay.settings());
    installation.contoso(40);
    let process = installation.serve(free_port()).await;
    let address = process.address();
    let answered = Arc::new(AtomicUsize::new(0));
    let mut load = JoinSet::new();
    for number in 0..8 {
        let answered = Arc::clone(&answered);
        load.spawn(async move {
            let mut browser = Browser::new(&Server::at(address), "http://localhost");
            browser.keeps_trail = false;
            for user in 0.. {
                browser.cookies.clear();
                browser.open("/reset").await;
                if browser.answer.status == NO_ANSWER {
                    return;
                }
                assert_eq!(browser.answer.status, 200);
                let nonce = browser.solve();
                let name = format!("u{}@contoso.com", (number * 5 + user) % 40);
                let fields = [("user_id", name.as_str()), ("nonce", &nonce)];
                browser.submit("/reset", &fields).await;
                match browser.answer.status {
                    NO_ANSWER => return,
                    status => assert_eq!(status, 303),
                }
                answered.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    let walking = async {
        while answered.load(Ordering::SeqCst) < 30 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, walking).await.unwrap();
    // A request that is half sent when the service is told to stop is in flight, too. It is accepted
    // by then: connections are in their order, and one that came after it was answered.
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET /reset HTTP/1.1\r\nHost: localhost\r\n")
        .await
        .unwrap();
    let mut after = Browser::new(&Server::at(address), "http://localhost");
    after.open("/reset").await;
    assert_eq!(after.answer.status, 200);
    let told = process.stop();
    half.write_all(b"Connection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer:.80}");
    let (code, said) = told.await;
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("\"level\":\"ERROR\""), "{said}");
    assert!(!said.contains("did not end in time"), "{said}");
    while let Some(ended) = load.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_goes_on_where_it_was_after_the_service_was_stopped_and_started() {
    let relay = Arc::new(Relay::start(|| Mood::Takes).await);
    let installation = Installation::new(None, &relay.settings());
    installation.contoso(1);
    let (tell, service) = watch::channel((0, None));
    let ledger = Arc::new(Ledger::new());
    let dice = Arc::new(Dice::new(3));
    let mut walker = Walker::new(0, &service, &relay, &dice, &ledger);
    let port = free_port();
    let process = installation.serve(port).await;
    tell.send_replace((1, Some(process.address())));
    walker.stop_before("/reset/code");
    assert_eq!(walker.walk(PATIENCE).await, Walked::Waiting);
    assert_eq!(process.stop().await.0, Some(0));
    let process = installation.serve(port).await;
    tell.send_replace((2, Some(process.address())));
    assert_eq!(walker.walk(PATIENCE).await, Walked::Done);
    assert_eq!(process.stop().await.0, Some(0));
}
