//! Messages are never lost, and never sent under two names.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey_app::outbox;
use latchkey_notify::{Channel, Outgoing, Receipt, Retry, SendError};
use latchkey_testkit::seed::{Organisation, open_settings};
use latchkey_testkit::{Person, TestApp, both};

/// A relay that answers as it is told, and remembers what it was handed.
#[derive(Default)]
struct Relay {
    answers: Mutex<Vec<Retry>>,
    handed: Mutex<Vec<String>>,
}

#[async_trait::async_trait]
impl Channel for Relay {
    async fn send(&self, message: &Outgoing) -> Result<Receipt, SendError> {
        self.handed.lock().unwrap().push(message.id.to_string());
        match self.answers.lock().unwrap().pop() {
            Some(retry) => Err(SendError::new(retry, "as it was told")),
            None => Ok(Receipt { reference: None }),
        }
    }
}

async fn with_relay(test: &TestApp, answers: &[Retry]) -> Arc<Relay> {
    let relay = Arc::new(Relay::default());
    *relay.answers.lock().unwrap() = answers.iter().rev().copied().collect();
    let contoso = Organisation::create(test, "contoso.com", open_settings(1)).await;
    contoso.person(test, "ada@contoso.com", |_| {}).await;
    let mut person = Person::start(test, "ada@contoso.com").await;
    person.choose("email").await;
    relay
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_could_not_be_sent_is_sent_later_under_the_same_name() {
    let test = TestApp::sqlite().await;
    let relay = with_relay(&test, &[Retry::Later, Retry::Unknown]).await;
    let app = test
        .with_channel(Arc::clone(&relay) as Arc<dyn Channel>)
        .await;
    for (seconds, handed) in [(0, 1), (1, 1), (1, 2), (3, 2), (1, 3), (600, 3)] {
        test.clock.advance(Duration::from_secs(seconds));
        outbox::drain(&app).await.unwrap();
        assert_eq!(
            relay.handed.lock().unwrap().len(),
            handed,
            "after {seconds} s"
        );
    }
    let mut names = relay.handed.lock().unwrap().clone();
    names.dedup();
    assert_eq!(names.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_refused_for_good_is_given_up() {
    let test = TestApp::sqlite().await;
    let relay = with_relay(&test, &[Retry::Never]).await;
    let app = test
        .with_channel(Arc::clone(&relay) as Arc<dyn Channel>)
        .await;
    for _ in 0..3 {
        outbox::drain(&app).await.unwrap();
        test.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(relay.handed.lock().unwrap().len(), 1);
    let contoso = latchkey_app::admin::find_tenant(&app, "contoso")
        .await
        .unwrap();
    let filter = latchkey_store::audit::Filter {
        activity: Some(latchkey_core::audit::Activity::MessageFailed),
        ..Default::default()
    };
    let events = app
        .db()
        .read(async |mut tx| latchkey_store::audit::list(&mut tx, contoso.id, &filter, 0, 10).await)
        .await
        .unwrap();
    assert_eq!(events.len(), 1, "the log says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_not_sent_after_its_ten_minutes() {
    for (seconds, sent) in [(599, 1), (600, 0)] {
        let test = TestApp::sqlite().await;
        let relay = with_relay(&test, &[]).await;
        let app = test
            .with_channel(Arc::clone(&relay) as Arc<dyn Channel>)
            .await;
        test.clock.advance(Duration::from_secs(seconds));
        outbox::drain(&app).await.unwrap();
        assert_eq!(relay.handed.lock().unwrap().len(), sent, "{seconds} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_workers_send_each_message_once() {
    both(async |test| {
        let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
        for n in 0..40 {
            let upn = format!("user{n}@contoso.com");
            contoso.person(&test, &upn, |_| {}).await;
            let mut person = Person::start(&test, &upn).await;
            person.choose("email").await;
        }
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let app = test.app.clone();
            workers.spawn(async move { outbox::drain(&app).await });
        }
        while let Some(done) = workers.join_next().await {
            done.unwrap().unwrap();
        }
        let sent = test.outbox.list();
        let mut ids: Vec<String> = sent.iter().map(|message| message.id.clone()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((sent.len(), ids.len()), (40, 40));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_gives_its_messages_up_when_its_lease_ends() {
    let test = TestApp::sqlite().await;
    with_relay(&test, &[]).await;
    let now = latchkey_types::Clock::now(&*test.clock);
    let lease = Duration::from_secs(120);
    let claimed = test
        .app
        .db()
        .write(async |mut tx| latchkey_store::outbox::claim(&mut tx, "dead", now, lease, 10).await)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 1);
    test.clock.advance(lease - Duration::from_secs(1));
    assert!(test.messages().await.is_empty());
    test.clock.advance(Duration::from_secs(2));
    assert_eq!(test.messages().await.len(), 1);
}

/// A relay that keeps one mailbox waiting until it is let go.
struct Slow {
    mailbox: &'static str,
    go: tokio::sync::Semaphore,
}

#[async_trait::async_trait]
impl Channel for Slow {
    async fn send(&self, message: &Outgoing) -> Result<Receipt, SendError> {
        if message.to.address() == self.mailbox {
            let _go = self.go.acquire().await.unwrap();
        }
        Ok(Receipt { reference: None })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_message_holds_no_other_up_and_is_finished_when_the_service_stops() {
    let test = TestApp::sqlite().await;
    let contoso = Organisation::create(&test, "contoso.com", open_settings(1)).await;
    let begin = async |name: &str| {
        let upn = format!("{name}@contoso.com");
        contoso.person(&test, &upn, |_| {}).await;
        Person::start(&test, &upn).await.choose("email").await;
    };
    begin("slow").await;
    let relay = Arc::new(Slow {
        mailbox: "slow@home.example",
        go: tokio::sync::Semaphore::new(0),
    });
    let app = test
        .with_channel(Arc::clone(&relay) as Arc<dyn Channel>)
        .await;
    let stop = tokio_util::sync::CancellationToken::new();
    let worker = outbox::Worker::new(app.clone());
    let (stopped, worked) = (stop.clone(), app.clone());
    let working = tokio::spawn(async move { worker.run(stopped).await });
    let waiting = async |count: i64| {
        let is_so = async {
            loop {
                let now = latchkey_types::Clock::now(&*test.clock);
                let counts = worked
                    .db()
                    .read(async |mut tx| latchkey_store::outbox::counts(&mut tx, now).await)
                    .await
                    .unwrap();
                if (counts.waiting, counts.claimed) == (count, count) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let is_so = tokio::time::timeout(Duration::from_secs(30), is_so).await;
        assert!(is_so.is_ok(), "{count} messages are in hand");
    };
    waiting(1).await;
    for name in ["ada", "bo", "cleo"] {
        begin(name).await;
    }
    // All are recorded as sent, though one that was first is still on its way.
    waiting(1).await;
    stop.cancel();
    relay.go.add_permits(1);
    working.await.unwrap();
    waiting(0).await;
}
