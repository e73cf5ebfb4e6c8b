//! Several processes on one PostgreSQL are one service.

use latchkey_testkit::{Browser, Server, pg};
use latchkey_types::Timestamp;

use crate::installation::{Installation, PATIENCE, Process, free_port};
use crate::relay::{Mood, Relay};

/// Two processes on one database, and a relay.
struct Cluster {
    installation: Installation,
    relay: Relay,
    processes: [Process; 2],
    // The database is there as long as this is.
    _database: pg::Database,
}

impl Cluster {
    async fn start(users: usize) -> Option<Self> {
        let database = pg::database().unwrap()?;
        let relay = Relay::start(|| Mood::Takes).await;
        let installation = Installation::new(Some(&database.url), &relay.settings());
        installation.contoso(users);
        let processes = [
            installation.serve(free_port()).await,
            installation.serve(free_port()).await,
        ];
        Some(Self {
            installation,
            relay,
            processes,
            _database: database,
        })
    }

    /// The same browser at one process or the other, as behind a proxy that takes turns.
    fn at(&self, which: usize, before: Option<Browser>) -> Browser {
        let server = Server::at(self.processes[which].address());
        let mut browser = Browser::new(&server, "http://localhost");
        if let Some(before) = before {
            browser.cookies = before.cookies;
            browser.answer = before.answer;
            browser.path = before.path;
        }
        browser
    }

    async fn at_code(&self, user: &str) -> Browser {
        let mut browser = self.at(0, None);
        browser.begin(&format!("{user}@contoso.com")).await;
        let mut browser = self.at(1, Some(browser));
        browser.fill("/reset/verify", &[("method", "email")]).await;
        assert_eq!(browser.place(), "/reset/code");
        browser
    }

    async fn code(&self, user: &str) -> String {
        let mailbox = format!("{user}@home.example");
        let code = self.relay.code(&mailbox, &[], PATIENCE).await;
        code.expect("a mail with a code")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_begun_at_one_process_goes_on_at_the_other() {
    let Some(cluster) = Cluster::start(1).await else {
        return;
    };
    let browser = cluster.at_code("u0").await;
    let code = cluster.code("u0").await;
    let mut browser = cluster.at(0, Some(browser));
    browser.fill("/reset/code", &[("code", &code)]).await;
    assert_eq!(browser.place(), "/reset/password");
    let mut browser = cluster.at(1, Some(browser));
    let password = "Tall-Ships-9";
    let fields = [("new_password", password), ("confirm_password", password)];
    browser.fill("/reset/password", &fields).await;
    assert_eq!(browser.place(), "/reset/end");
    let mut browser = cluster.at(0, Some(browser));
    browser.open("/reset/end").await;
    assert!(browser.answer.text().contains("class=\"tick\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_one_process_accepted_is_refused_by_the_other() {
    let Some(cluster) = Cluster::start(20).await else {
        return;
    };
    for number in 0..20 {
        let user = format!("u{number}");
        let browser = cluster.at_code(&user).await;
        let code = cluster.code(&user).await;
        let (mut one, mut two) = (cluster.at(0, None), cluster.at(1, None));
        for other in [&mut one, &mut two] {
            other.cookies.clone_from(&browser.cookies);
            other.answer.clone_from(&browser.answer);
        }
        let form = [("code", code.as_str())];
        tokio::join!(
            one.submit("/reset/code", &form),
            two.submit("/reset/code", &form)
        );
        let accepted = [&one, &two]
            .iter()
            .filter(|browser| browser.answer.header("location") == "/reset/password")
            .count();
        assert_eq!(accepted, 1, "{user}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_codes_count_together_wherever_they_are_typed() {
    let Some(cluster) = Cluster::start(1).await else {
        return;
    };
    let mut browser = cluster.at_code("u0").await;
    let code = cluster.code("u0").await;
    let wrong: String = code
        .chars()
        .map(|digit| if digit == '0' { '1' } else { '0' })
        .collect();
    for turn in 0..5 {
        assert_eq!(browser.place(), "/reset/code", "after {turn}");
        browser = cluster.at(turn % 2, Some(browser));
        browser.fill("/reset/code", &[("code", &wrong)]).await;
    }
    assert_eq!(browser.place(), "/reset/end");
    assert!(!browser.answer.text().contains("class=\"tick\""));
    let mut again = cluster.at(1, None);
    again.begin("u0@contoso.com").await;
    assert_eq!(again.place(), "/reset/end", "the block holds everywhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signs_in_at_one_process_is_known_and_locked_at_the_other() {
    let Some(cluster) = Cluster::start(1).await else {
        return;
    };
    let mut browser = cluster.at_code("u0").await;
    let code = cluster.code("u0").await;
    browser.fill("/reset/code", &[("code", &code)]).await;
    let password = "Tall-Ships-9";
    let fields = [("new_password", password), ("confirm_password", password)];
    browser.fill("/reset/password", &fields).await;
    assert_eq!(browser.place(), "/reset/end");

    let at_password = async |which| {
        let mut browser = cluster.at(which, None);
        browser.open("/sign-in").await;
        let name = [("user_id", "u0@contoso.com")];
        browser.fill("/sign-in", &name).await;
        assert_eq!(browser.place(), "/sign-in/password");
        browser
    };
    let mut browser = cluster.at(1, Some(at_password(0).await));
    let right = [("password", password)];
    browser.fill("/sign-in/password", &right).await;
    let mut browser = cluster.at(0, Some(browser));
    browser.open("/account").await;
    assert_eq!(browser.place(), "/account");
    // Signed out at one, nobody at the other.
    browser.fill("/sign-out", &[]).await;
    let mut browser = cluster.at(1, Some(browser));
    browser.open("/account").await;
    assert_eq!(browser.place(), "/sign-in");

    // Right once from this network, so this is the owner's counter: ten wrong ones lock it.
    let mut browser = at_password(0).await;
    for turn in 0..10 {
        browser = cluster.at(turn % 2, Some(browser));
        let wrong = format!("wrong {turn}");
        let wrong = [("password", wrong.as_str())];
        browser.fill("/sign-in/password", &wrong).await;
        assert_eq!(browser.place(), "/sign-in/password", "after {turn}");
    }
    let mut browser = at_password(1).await;
    browser.fill("/sign-in/password", &right).await;
    assert_eq!(
        browser.place(),
        "/sign-in/password",
        "the lock holds everywhere"
    );
    browser.open("/account").await;
    assert_eq!(browser.place(), "/sign-in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_workers_of_two_processes_send_each_message_once() {
    let users = 40;
    let Some(cluster) = Cluster::start(users).await else {
        return;
    };
    for number in 0..users {
        cluster.at_code(&format!("u{number}")).await;
    }
    for number in 0..users {
        cluster.code(&format!("u{number}")).await;
    }
    let db = cluster.installation.open().await;
    let drained = async {
        loop {
            let counts = db
                .read(async |mut tx| latchkey_store::outbox::counts(&mut tx, Timestamp(0)).await)
                .await
                .unwrap();
            if counts.waiting == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, drained).await.unwrap();
    db.close().await;
    for number in 0..users {
        let mails = cluster.relay.to(&format!("u{number}@home.example"));
        assert_eq!(mails.len(), 1, "u{number}");
    }
}
