//! Whatever breaks while people reset their passwords: what the service says is what the directory has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use latchkey_core::audit::{Activity, Outcome};
use latchkey_store::audit::NewEvent;
use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::directory::{Account, Directory};
use crate::installation::PATIENCE;
use crate::person::Person;
use crate::site::Site;
use crate::wire::Way;

/// Organisations at one time, each with all of its parts.
const SITES: usize = 5;

/// People who reset their passwords in one run.
const PEOPLE: usize = 2;

/// How long an operation may wait to be begun.
const TIME_TO_BEGIN: Duration = Duration::from_secs(30);

/// The longest that the directory is frozen, and a second for times that are told in seconds.
const FROZEN: Duration = Duration::from_secs(6);

/// A seeded source of decisions (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % end
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    AgentKilled,
    ServiceKilled,
    BothKilled,
    DirectoryFrozen,
    DirectoryKilled,
    AgentFrozen,
    Cut,
    HeldToService,
    HeldToAgent,
    HeldAndCut,
    /// Only where the agent is in a network of its own.
    Unplugged,
    LostToService,
    LostToAgent,
}

impl Fault {
    fn any(dice: &mut Dice) -> Self {
        match dice.below(20) {
            0..4 => Self::AgentKilled,
            4..7 => Self::ServiceKilled,
            7..8 => Self::BothKilled,
            8..10 => Self::DirectoryFrozen,
            10..12 => Self::DirectoryKilled,
            12..13 => Self::AgentFrozen,
            13..16 => Self::Cut,
            16..17 => Self::HeldToService,
            17..18 => Self::HeldToAgent,
            _ => Self::HeldAndCut,
        }
    }

    /// Breaks it, waits, and mends it.
    async fn strike(self, site: &mut Site, dice: &mut Dice) {
        let signal = |site: &Site, signal| {
            let pid = Pid::from_raw(site.agent.pid().cast_signed()).unwrap();
            kill_process(pid, signal).unwrap();
        };
        match self {
            Self::AgentKilled => {
                site.agent.kill();
                sleep(dice.millis(0, 500)).await;
                site.agent.start();
            }
            Self::ServiceKilled => {
                site.kill_service();
                sleep(dice.millis(0, 500)).await;
                site.start_service().await;
            }
            Self::BothKilled => {
                site.agent.kill();
                sleep(dice.millis(0, 50)).await;
                site.kill_service();
                site.start_service().await;
                site.agent.start();
            }
            Self::DirectoryFrozen => {
                site.directory.freeze();
                sleep(dice.millis(50, 5_000)).await;
                site.directory.thaw();
            }
            Self::DirectoryKilled => {
                site.directory.kill();
                sleep(dice.millis(0, 1_000)).await;
                site.directory.start_again();
            }
            Self::AgentFrozen => {
                signal(site, Signal::STOP);
                sleep(dice.millis(50, 3_000)).await;
                signal(site, Signal::CONT);
            }
            Self::Cut => {
                site.wire.refuse(true);
                site.wire.cut();
                sleep(dice.millis(0, 1_500)).await;
                site.wire.refuse(false);
            }
            Self::HeldToService | Self::HeldToAgent => {
                let way = if self == Self::HeldToAgent {
                    Way::ToAgent
                } else {
                    Way::ToService
                };
                site.wire.hold(way, true);
                sleep(dice.millis(50, 3_000)).await;
                site.wire.hold(way, false);
            }
            Self::HeldAndCut => {
                let way = if dice.below(2) == 0 {
                    Way::ToAgent
                } else {
                    Way::ToService
                };
                site.wire.hold(way, true);
                sleep(dice.millis(10, 1_000)).await;
                site.wire.cut();
                site.wire.hold(way, false);
            }
            Self::Unplugged => {
                let network = site.network.as_ref().unwrap();
                network.unplug(true);
                sleep(dice.millis(50, 5_000)).await;
                network.unplug(false);
            }
            Self::LostToService | Self::LostToAgent => {
                let way = if self == Self::LostToAgent {
                    Way::ToAgent
                } else {
                    Way::ToService
                };
                let network = site.network.as_ref().unwrap();
                network.lose(way, true);
                sleep(dice.millis(50, 5_000)).await;
                network.lose(way, false);
            }
        }
    }
}

/// What runs came to.
#[derive(Debug, Default)]
struct Totals {
    runs: BTreeMap<Fault, usize>,
    resets: usize,
    asked: usize,
    not_done: usize,
    longest: Duration,
}

/// Compares what people were told, the directory, and the log.
async fn check(site: &Site, account: &Account, person: &Person, totals: &mut Totals) {
    let name = account.name();
    // The walk ends only when a page says how the reset ended: it was done, since nothing else ends it
    // that a person could not try again.
    assert!(person.is_done(), "{name}: {}", person.words());
    let last = person.sent.last().unwrap();
    assert!(
        site.directory.lets_in(account, last),
        "{name} was told of a password that is not set"
    );
    assert_eq!(
        site.directory.times_set(account),
        1,
        "{name}: sent {:?}",
        person.sent
    );
    let mut ends = site.ends(account).await;
    let end = ends.pop().expect("an end");
    assert!(ends.is_empty(), "{name}: {ends:?} and {end:?}");
    assert_eq!(
        (end.activity, end.outcome),
        (Activity::ResetSelfService, Outcome::Success),
        "{name}: {end:?}"
    );
    // It was set by the last one that was asked for, which was begun in time; the directory may have
    // been frozen with it in hand.
    let events = site.events().await;
    let last = asked(&events)
        .into_iter()
        .rfind(|event| event.session == end.session)
        .expect("it was asked for");
    let late = site
        .directory
        .set_at(account)
        .since(last.at.plus(TIME_TO_BEGIN));
    assert!(late <= FROZEN, "{name}: set {late:?} after its time");
    totals.resets += 1;
    totals.not_done += person.sent.len() - 1;
}

/// How often the service asked.
async fn count_operations(site: &Site, totals: &mut Totals) {
    totals.asked += asked(&site.events().await).len();
}

/// The events of operations that were asked for.
fn asked(events: &[NewEvent]) -> Vec<&NewEvent> {
    let step = |event: &NewEvent| {
        let details: serde_json::Value = serde_json::from_str(&event.details).unwrap();
        details["step"] == "directory asked"
    };
    events.iter().filter(|event| step(event)).collect()
}

/// One fault while people reset their passwords.
async fn run(site: &mut Site, fault: Fault, dice: &mut Dice, totals: &mut Totals) {
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        let account = site.directory.patient_account();
        site.knows(&account, "pass-through");
        let mut person = site.person(&account);
        person.come_to_the_password().await;
        people.push((account, person));
    }
    let began = Instant::now();
    // A reset takes about a tenth of a second where nothing is broken.
    let moment = dice.millis(0, 200);
    let mut walking = JoinSet::new();
    for (account, mut person) in people {
        let later = dice.millis(0, 60);
        walking.spawn(async move {
            sleep(later).await;
            person.go_on_to_the_end().await;
            (account, person)
        });
    }
    sleep(moment).await;
    fault.strike(site, dice).await;
    let mut people = Vec::new();
    while let Some(ended) = walking.join_next().await {
        people.push(ended.unwrap_or_else(|error| panic!("{fault:?} after {moment:?}: {error}")));
    }
    for (account, person) in &people {
        check(site, account, person, totals).await;
    }
    let took = began.elapsed();
    totals.longest = totals.longest.max(took);
    *totals.runs.entry(fault).or_default() += 1;
    site.wait_until("running").await;
}

/// So many runs in one organisation.
async fn runs(seed: u64, count: usize) -> Option<Totals> {
    let mut site = Site::start(Directory::slapd(), None).await?;
    let (mut dice, mut totals) = (Dice(seed), Totals::default());
    for number in 0..count {
        let state = dice.0;
        let fault = Fault::any(&mut dice);
        let running = timeout(4 * PATIENCE, run(&mut site, fault, &mut dice, &mut totals));
        assert!(
            running.await.is_ok(),
            "run {number} of {state} does not end"
        );
    }
    count_operations(&site, &mut totals).await;
    site.verify_audit();
    Some(totals)
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration file"
)]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 12)]
async fn whatever_breaks_the_service_says_what_the_directory_has() {
    let count = number("LATCHKEY_FAULT_RUNS").unwrap_or(50);
    let count = usize::try_from(count).unwrap();
    let seed = number("LATCHKEY_FAULT_SEED").unwrap_or(20_261);
    eprintln!("faults: LATCHKEY_FAULT_SEED={seed} LATCHKEY_FAULT_RUNS={count}");
    let began = Instant::now();
    let mut sites = JoinSet::new();
    for site in 0..SITES {
        let count = count / SITES + usize::from(site < count % SITES);
        sites.spawn(runs(seed.wrapping_add(1_000_003 * site as u64), count));
    }
    let mut all = Totals::default();
    while let Some(ended) = sites.join_next().await {
        let Some(totals) = ended.unwrap() else { return };
        for (fault, count) in totals.runs {
            *all.runs.entry(fault).or_default() += count;
        }
        all.resets += totals.resets;
        all.asked += totals.asked;
        all.not_done += totals.not_done;
        all.longest = all.longest.max(totals.longest);
    }
    eprintln!("faults: {all:?}; {} s", began.elapsed().as_secs());
}

/// The same in a network that loses what is sent, and tells nobody: by real TLS, through namespaces of
/// the kernel.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_the_network_loses_the_service_says_what_the_directory_has() {
    let Some(mut site) = Site::start_apart(Directory::slapd()).await else {
        return;
    };
    let (mut dice, mut totals) = (Dice(20_262), Totals::default());
    for fault in [Fault::Unplugged, Fault::LostToService, Fault::LostToAgent] {
        for _ in 0..2 {
            run(&mut site, fault, &mut dice, &mut totals).await;
        }
    }
    eprintln!("network: {totals:?}");
    site.verify_audit();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_reaches_the_agent_after_its_time_is_not_done() {
    let Some(site) = Site::start(Directory::slapd(), None).await else {
        return;
    };
    let site = Arc::new(site);
    let account = site.directory.patient_account();
    site.knows(&account, "pass-through");
    let mut person = site.person(&account);
    person.come_to_the_password().await;
    site.wire.hold(Way::ToAgent, true);
    let password = "Tall-Ships-9-Sail";
    person.choose(password).await;
    assert_eq!(person.browser.place(), "/reset/working");
    // The agent gives a silent service up after a while, and what was on the way is lost with the
    // connection; here it arrives all the same.
    sleep(TIME_TO_BEGIN + Duration::from_secs(1)).await;
    site.wire.hold(Way::ToAgent, false);
    person.wait_at_work().await;
    let words = person.words();
    assert_eq!(
        person.browser.place(),
        "/reset/password",
        "{words} {}",
        site.agent.said()
    );
    assert!(words.contains("nothing was changed"), "{words}");
    assert!(site.directory.lets_in(&account, account.first_password()));
    assert!(!site.directory.lets_in(&account, password));
    assert_eq!(site.directory.times_set(&account), 0);
    // It can be tried again at once.
    assert!(person.choose(password).await == "/reset/end" && person.is_done());
    assert_eq!(site.directory.times_set(&account), 1);
    site.verify_audit();
}
