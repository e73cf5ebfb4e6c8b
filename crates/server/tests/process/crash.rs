//! The process is killed at random moments under load, and started again on the same database:
//! nothing is half done, nothing is lost, nothing happens twice.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use latchkey_store::{Db, outbox};
use latchkey_testkit::pg;
use latchkey_types::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::books::Books;
use crate::installation::{Installation, PATIENCE, Process, free_port};
use crate::relay::{Mood, Relay};
use crate::walker::{Dice, Ledger, Walked, Walker, Where};

/// People at work at one time.
const WALKERS: usize = 6;

/// The longest that a message waits whose worker was killed, with room for a slow machine.
const LEASES: Duration = Duration::from_secs(120);

/// How long a walker waits for mail before it turns to something else.
const GLANCE: Duration = Duration::from_millis(700);

/// A relay as they are: mostly willing, sometimes slow, and sometimes it hangs up.
async fn moody(dice: &Arc<Dice>) -> Arc<Relay> {
    let dice = Arc::clone(dice);
    let mood = move || match dice.below(100) {
        0..8 => Mood::Slow(Duration::from_millis(50 + dice.below(350))),
        8..12 => Mood::Silent,
        12..15 => Mood::Busy,
        15..18 => Mood::Gone,
        _ => Mood::Takes,
    };
    Arc::new(Relay::start(mood).await)
}

/// The crowd: takes one person after the other through a reset, and those who wait for mail again
/// and again.
struct Crowd {
    next: AtomicUsize,
    users: usize,
    waiting: Mutex<Vec<Walker>>,
    given_up: AtomicUsize,
    is_over: AtomicBool,
}

impl Crowd {
    fn pick(&self, dice: &Dice) -> Option<Result<Walker, usize>> {
        let mut waiting = self.waiting.lock().unwrap();
        if self.is_over.load(Ordering::SeqCst) {
            return waiting.pop().map(Ok);
        }
        if !waiting.is_empty() && (waiting.len() > 30 || dice.below(2) == 0) {
            return Some(Ok(waiting.remove(0)));
        }
        let next = self.next.fetch_add(1, Ordering::SeqCst);
        assert!(next < self.users, "more people are needed");
        Some(Err(next))
    }

    async fn walk(
        self: Arc<Self>,
        service: Where,
        relay: Arc<Relay>,
        dice: Arc<Dice>,
        ledger: Arc<Ledger>,
    ) {
        while let Some(picked) = self.pick(&dice) {
            let mut walker =
                picked.unwrap_or_else(|next| Walker::new(next, &service, &relay, &dice, &ledger));
            let patience = if self.is_over.load(Ordering::SeqCst) {
                LEASES
            } else {
                GLANCE
            };
            match walker.walk(patience).await {
                Walked::Done => {}
                Walked::GivenUp => {
                    self.given_up.fetch_add(1, Ordering::SeqCst);
                }
                Walked::Waiting => {
                    assert!(
                        !self.is_over.load(Ordering::SeqCst) || patience == GLANCE,
                        "u{}: a mail was lost",
                        walker.number
                    );
                    self.waiting.lock().unwrap().push(walker);
                }
            }
        }
    }
}

/// Kills the service `kills` times while people walk, and checks everything.
async fn kill_and_look(
    installation: &Installation,
    relay: &Arc<Relay>,
    seed: u64,
    users: usize,
    kills: usize,
) {
    let began = tokio::time::Instant::now();
    let dice = Arc::new(Dice::new(seed));
    let mut books = Books::open(installation, users).await;
    let ledger = Arc::new(Ledger::new());
    let (tell, service) = watch::channel((0, None));
    let crowd = Arc::new(Crowd {
        next: AtomicUsize::new(0),
        users,
        waiting: Mutex::default(),
        given_up: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
    });
    let mut walking = JoinSet::new();
    for _ in 0..WALKERS {
        walking.spawn(Arc::clone(&crowd).walk(
            service.clone(),
            Arc::clone(relay),
            Arc::clone(&dice),
            Arc::clone(&ledger),
        ));
    }
    let port = free_port();
    for round in 1..=kills {
        let process = installation.serve(port).await;
        tell.send_replace((round, Some(process.address())));
        // After so many pages, not after so long a time: on a slow machine as much happens between
        // two kills as on a fast one. Each of them begins with a page that only looks.
        let pages = WALKERS + usize::try_from(dice.below(12)).unwrap();
        let seen = tokio::time::timeout(PATIENCE, ledger.pages(pages)).await;
        assert!(seen.is_ok(), "nobody gets on: {}", process.said());
        // At any moment of what goes on then, not only just after a page.
        tokio::time::sleep(Duration::from_millis(dice.below(50))).await;
        // Half of the times the service itself is the first to open what the kill left behind.
        if round % 2 == 1 {
            look(installation, &mut books, &ledger).await;
        }
        let said = process.kill();
        tell.send_replace((round, None));
        assert_eq!(Process::errors(&said), Vec::<String>::new());
        if round % 2 == 0 {
            look(installation, &mut books, &ledger).await;
        }
        if round % 25 == 0 {
            installation.run(&["audit", "verify"]);
        }
        while let Some(ended) = walking.try_join_next() {
            ended.unwrap();
        }
    }

    // Then it is left alone, and everything comes to its end.
    let process = installation.serve(port).await;
    crowd.is_over.store(true, Ordering::SeqCst);
    tell.send_replace((kills + 1, Some(process.address())));
    let walked = async {
        while let Some(ended) = walking.join_next().await {
            ended.unwrap();
        }
    };
    // Each of them may wait for a mail or two.
    let walked = tokio::time::timeout(4 * LEASES, walked).await;
    assert!(
        walked.is_ok(),
        "somebody walks for ever: {}",
        process.said()
    );
    assert!(crowd.waiting.lock().unwrap().is_empty());
    let db = installation.open().await;
    let drained = async {
        loop {
            let counts = db
                .read(async |mut tx| outbox::counts(&mut tx, Timestamp(0)).await)
                .await
                .unwrap();
            if counts.waiting == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let drained = tokio::time::timeout(LEASES, drained).await;
    assert!(drained.is_ok(), "messages are left in the outbox");
    let before = ledger.entries();
    books.check(&db, &before, || ledger.entries()).await;
    close(&db).await;
    let verified = installation.run(&["audit", "verify"]);
    assert!(
        verified.contains("unbroken") && !verified.contains("BROKEN"),
        "{verified}"
    );
    let (arrived, again) = books.check_mail(relay);
    assert_eq!(Process::errors(&process.kill()), Vec::<String>::new());

    let (events, resets, passed) = books.totals();
    let doubled: usize = before.values().map(|entry| entry.doubled).sum();
    eprintln!(
        "{kills} kills: {resets} resets, {passed} codes accepted ({doubled} sent twice at once), \
         {} given up, {events} events, {arrived} mails, {again} of them again; {} s",
        crowd.given_up.load(Ordering::SeqCst),
        began.elapsed().as_secs()
    );
    assert!(
        usize::try_from(resets).unwrap() >= kills / 2,
        "so few resets prove little"
    );
}

async fn look(installation: &Installation, books: &mut Books, ledger: &Arc<Ledger>) {
    let before = ledger.entries();
    let db = installation.open().await;
    books.check(&db, &before, || ledger.entries()).await;
    close(&db).await;
}

async fn close(db: &Db) {
    let closed = tokio::time::timeout(PATIENCE, db.close()).await;
    assert!(closed.is_ok(), "a database that does not close");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_200_times_on_sqlite_nothing_is_half_done_lost_or_done_twice() {
    let relay = moody(&Arc::new(Dice::new(11))).await;
    let kills = 200;
    let users = 10 * kills;
    let installation = Installation::new(None, &relay.settings());
    installation.contoso(users);
    kill_and_look(&installation, &relay, 1, users, kills).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_30_times_on_postgresql_nothing_is_half_done_lost_or_done_twice() {
    let Some(database) = pg::database().unwrap() else {
        return;
    };
    let relay = moody(&Arc::new(Dice::new(12))).await;
    let kills = 30;
    let users = 10 * kills;
    let installation = Installation::new(Some(&database.url), &relay.settings());
    installation.contoso(users);
    kill_and_look(&installation, &relay, 2, users, kills).await;
}
