use std::collections::BTreeMap;

use latchkey_types::{TenantId, UserId};
use proptest::prelude::*;

use super::*;
use crate::operation::{Answer, Outcome, Refusal, Verb};

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

fn id(number: usize) -> OperationId {
    OperationId(uuid(1_000 + number as u128))
}

fn context(number: usize) -> Context {
    Context {
        id: id(number),
        tenant: TenantId(uuid(3)),
        user: UserId(uuid(4)),
        verb: Verb::Reset,
        expires_at: Timestamp::from_seconds(1_000 + number as i64),
    }
}

fn signed(number: usize, outcome: Outcome) -> Signed {
    Signed {
        id: id(number),
        answer: crate::encode(&Answer {
            id: id(number),
            outcome,
            detail: None,
            took: 0,
        }),
        key_number: 1,
        signature: vec![7; 64],
    }
}

const YES: Outcome = Outcome::Done {
    unlocked: false,
    must_change: false,
};

const NO: Outcome = Outcome::Refused {
    why: Refusal::Expired,
};

fn new(begin: Begin) -> Vec<u8> {
    match begin {
        Begin::New(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

/// A file with one operation in each state, and where its records begin.
fn file() -> (Journal, Vec<u8>, Vec<usize>) {
    let (mut journal, mut bytes) = Journal::create(Timestamp::from_seconds(900));
    let mut starts = vec![0];
    let mut add = |record: Vec<u8>| {
        starts.push(bytes.len());
        bytes.extend(record);
    };
    add(new(journal.begin(&context(1))));
    add(new(journal.begin(&context(2))));
    add(journal.done(signed(2, YES)).unwrap());
    add(new(journal.begin(&context(3))));
    add(journal.done(signed(3, NO)).unwrap());
    add(journal.delivered(id(3)).unwrap());
    add(journal.raise_floor(Timestamp::from_seconds(950)).unwrap());
    (journal, bytes, starts)
}

#[test]
fn an_operation_goes_from_begun_to_done_to_delivered_and_never_back() {
    let (mut journal, _) = Journal::create(Timestamp(0));
    assert!(matches!(journal.begin(&context(1)), Begin::New(_)));
    assert_eq!(journal.begin(&context(1)), Begin::UnderWay);
    assert!(journal.delivered(id(1)).is_none(), "not done yet");
    assert_eq!(journal.answer(id(1)), None);
    journal.done(signed(1, YES)).unwrap();
    assert_eq!(journal.done(signed(1, NO)), Err(JournalError::OutOfTurn));
    assert_eq!(journal.begin(&context(1)), Begin::Done(signed(1, YES)));
    assert_eq!(journal.undelivered().count(), 1);
    assert_eq!(journal.answer(id(1)), Some(&signed(1, YES)));
    assert!(journal.delivered(id(1)).is_some());
    assert_eq!(journal.answer(id(1)), Some(&signed(1, YES)));
    assert!(journal.delivered(id(1)).is_none(), "once is enough");
    assert_eq!(journal.undelivered().count(), 0);
    assert_eq!(journal.begin(&context(1)), Begin::Done(signed(1, YES)));
    assert_eq!(journal.done(signed(2, YES)), Err(JournalError::OutOfTurn));
}

#[test]
fn an_id_belongs_to_one_operation() {
    let (mut journal, _) = Journal::create(Timestamp(0));
    new(journal.begin(&context(1)));
    let mut other = context(1);
    other.user = UserId(uuid(99));
    assert_eq!(journal.begin(&other), Begin::Conflict);
}

#[test]
fn what_was_forgotten_is_refused_whatever_a_clock_says() {
    let (mut journal, _) = Journal::create(Timestamp(0));
    for number in 0..40 {
        new(journal.begin(&context(number)));
        journal.done(signed(number, YES)).unwrap();
        journal.delivered(id(number)).unwrap();
    }
    new(journal.begin(&context(50)));
    assert!(!journal.is_worth_compacting(Timestamp::from_seconds(0)));
    // A clock that is a thousand years ahead makes it forget, but not do again.
    let lie = Timestamp::from_seconds(31_000_000_000);
    assert!(journal.is_worth_compacting(lie));
    let Compacted { bytes, mut journal } = journal.compact(lie);
    assert_eq!(Journal::replay(&bytes).unwrap().journal, journal);
    assert_eq!(journal.floor(), context(39).expires_at);
    for number in 0..40 {
        assert_eq!(journal.begin(&context(number)), Begin::TooOld);
    }
    assert_eq!(journal.begin(&context(50)), Begin::UnderWay);
    assert!(matches!(journal.begin(&context(41)), Begin::New(_)));
}

#[test]
fn compaction_keeps_what_is_not_delivered_or_has_not_expired_long_ago() {
    let (journal, ..) = file();
    let long_after = context(3).expires_at.plus(REMEMBERED);
    let before = Timestamp(long_after.0 - 1);
    let kept = journal.compact(before).journal;
    assert!((1..=3).all(|number| kept.knows(id(number))));
    let kept = journal.compact(long_after).journal;
    assert!(kept.knows(id(1)) && kept.knows(id(2)) && !kept.knows(id(3)));
    assert_eq!(kept.undelivered().count(), 1);
    assert_eq!(kept.begun().count(), 1);
    assert_eq!(kept.floor(), context(3).expires_at);
}

#[test]
fn a_torn_end_is_dropped_wherever_it_is_torn() {
    let (whole, bytes, mut starts) = file();
    assert_eq!(Journal::replay(&bytes).unwrap().journal, whole);
    starts.push(bytes.len());
    for cut in 0..bytes.len() {
        let good = *starts.iter().rev().find(|start| **start <= cut).unwrap();
        let replay = Journal::replay(&bytes[..cut]).unwrap();
        assert_eq!(replay.good, good, "cut at {cut}");
        let again = Journal::replay(&bytes[..good]).unwrap().journal;
        assert_eq!(replay.journal, again);
        // The length of a file can reach the disk before its bytes.
        for zeros in [1, 11, 12, 13, 400] {
            let mut padded = bytes[..cut].to_vec();
            padded.resize(cut + zeros, 0);
            // A record whose own last bytes are zeros would be whole; JSON ends with a brace.
            assert_eq!(
                Journal::replay(&padded).unwrap().good,
                good,
                "{cut} {zeros}"
            );
        }
    }
}

#[test]
fn damage_in_the_middle_is_an_error_and_skips_nothing() {
    let (_, bytes, starts) = file();
    let last = *starts.last().unwrap();
    for at in 0..last {
        for bit in [0, 3, 7] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let record = *starts.iter().rev().find(|start| **start <= at).unwrap();
            match Journal::replay(&damaged) {
                Err(JournalError::Damaged { at: found }) => assert_eq!(found, record),
                other => panic!("byte {at} bit {bit}: {other:?}"),
            }
        }
    }
    // A record that is missing, or there twice, is damage as well.
    for pair in starts[..starts.len() - 1].windows(2) {
        let mut missing = bytes[..pair[0]].to_vec();
        missing.extend(&bytes[pair[1]..]);
        assert!(Journal::replay(&missing).is_err());
        let mut twice = bytes[..pair[1]].to_vec();
        twice.extend(&bytes[pair[0]..]);
        assert!(Journal::replay(&twice).is_err());
    }
}

#[test]
fn a_newer_version_is_not_guessed_at() {
    let (mut journal, _) = Journal::create(Timestamp(0));
    journal.check = 0;
    let bytes = journal.frame(&Record::Head {
        version: 2,
        floor: Timestamp(0),
    });
    assert_eq!(
        Journal::replay(&bytes).unwrap_err(),
        JournalError::Version(2)
    );
}

/// The format on disk, byte by byte: an agent of tomorrow reads the journal of today.
#[test]
fn the_file_is_as_it_always_was() {
    let (journal, bytes, _) = file();
    let golden = include_str!("../tests/goldens/journal.hex");
    let golden: String = golden.split_whitespace().collect();
    let written: String = bytes.iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    });
    assert_eq!(written, golden);
    assert_eq!(Journal::replay(&bytes).unwrap().journal, journal);
}

#[test]
fn the_check_is_the_usual_crc_32() {
    assert_eq!(crc(0, b"123456789"), 0xcbf4_3926);
    assert_eq!(crc(crc(0, b"1234"), b"56789"), 0xcbf4_3926);
}

/// What can happen to an agent between two steps.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// The service asks for an operation, for the first or the tenth time.
    Operate(usize),
    /// It asks what came of one.
    FindOut(usize),
    /// It has kept an answer.
    Kept(usize),
    /// The journal is compacted, by a clock that may be wrong.
    Compact(i64),
}

/// Where the process dies during an event, and how much of what was being written stays.
#[derive(Debug, Clone, Copy)]
struct Crash {
    /// Which of the event's steps is the last one.
    after: usize,
    torn: prop::sample::Index,
    zeros: bool,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0usize..5).prop_map(Event::Operate),
        3 => (0usize..5).prop_map(Event::FindOut),
        2 => (0usize..5).prop_map(Event::Kept),
        1 => prop_oneof![Just(0i64), Just(1_002), Just(100_000), Just(i64::MAX / 2_000_000)].prop_map(Event::Compact),
    ]
}

fn crash() -> impl Strategy<Value = Option<Crash>> {
    prop::option::weighted(
        0.4,
        (0usize..4, any::<prop::sample::Index>(), any::<bool>())
            .prop_map(|(after, torn, zeros)| Crash { after, torn, zeros }),
    )
}

/// An agent whose process can die, a disk, a directory and a service.
struct World {
    disk: Vec<u8>,
    journal: Journal,
    /// How often the directory did each operation.
    applied: BTreeMap<usize, u32>,
    /// What the service was told, in order.
    told: BTreeMap<usize, Vec<String>>,
    steps_left: Option<(usize, prop::sample::Index, bool)>,
    pending: Vec<u8>,
}

/// The process died.
struct Died;

impl World {
    fn new() -> Self {
        let (journal, disk) = Journal::create(Timestamp(0));
        Self {
            disk,
            journal,
            applied: BTreeMap::new(),
            told: BTreeMap::new(),
            steps_left: None,
            pending: Vec::new(),
        }
    }

    /// A step that can be the last one.
    fn step(&mut self) -> Result<(), Died> {
        if let Some((left, ..)) = &mut self.steps_left {
            if *left == 0 {
                return Err(Died);
            }
            *left -= 1;
        }
        Ok(())
    }

    fn write(&mut self, bytes: Vec<u8>) -> Result<(), Died> {
        self.pending = bytes;
        self.step()?;
        self.disk.append(&mut self.pending);
        self.step()
    }

    fn tell(&mut self, number: usize, signed: &Signed) -> Result<(), Died> {
        self.step()?;
        let told = self.told.entry(number).or_default();
        told.push(signed.answer.clone());
        Ok(())
    }

    /// Testing the new password tells the truth.
    fn tested(&self, number: usize) -> Signed {
        let applied = self.applied.contains_key(&number);
        signed(number, if applied { YES } else { NO })
    }

    fn tell_tested(&mut self, number: usize) -> Result<(), Died> {
        let answer = self.tested(number);
        self.tell(number, &answer)
    }

    fn settle(&mut self, number: usize) -> Result<(), Died> {
        let answer = self.tested(number);
        let record = self.journal.done(answer.clone()).unwrap();
        self.write(record)?;
        self.tell(number, &answer)
    }

    fn handle(&mut self, event: Event) -> Result<(), Died> {
        match event {
            Event::Operate(number) => match self.journal.begin(&context(number)) {
                Begin::New(record) => {
                    self.write(record)?;
                    *self.applied.entry(number).or_default() += 1;
                    self.settle(number)
                }
                Begin::Done(answer) => self.tell(number, &answer),
                Begin::UnderWay => self.settle(number),
                // It was delivered and forgotten, or is never done from now on: testing tells which.
                Begin::TooOld => {
                    assert!(self.journal.floor() >= context(number).expires_at);
                    self.tell_tested(number)
                }
                Begin::Conflict => panic!("the same request"),
            },
            Event::FindOut(number) => match self.journal.begin(&context(number)) {
                Begin::New(record) => {
                    self.write(record)?;
                    self.settle(number)
                }
                Begin::Done(answer) => self.tell(number, &answer),
                Begin::UnderWay => self.settle(number),
                Begin::TooOld => self.tell_tested(number),
                Begin::Conflict => panic!("the same request"),
            },
            Event::Kept(number) => {
                let told = self.told.contains_key(&number);
                match told.then(|| self.journal.delivered(id(number))).flatten() {
                    Some(record) => self.write(record),
                    None => Ok(()),
                }
            }
            Event::Compact(seconds) => {
                let Compacted { bytes, journal } =
                    self.journal.compact(Timestamp::from_seconds(seconds));
                self.step()?;
                self.disk = bytes;
                self.journal = journal;
                self.step()
            }
        }
    }

    fn restart(&mut self) {
        if let Some((_, torn, zeros)) = self.steps_left {
            let kept = torn.index(self.pending.len() + 1);
            self.disk.extend_from_slice(&self.pending[..kept]);
            if zeros {
                self.disk
                    .resize(self.disk.len() + self.pending.len() - kept, 0);
            }
        }
        self.pending.clear();
        self.steps_left = None;
        let Replay { journal, good } = Journal::replay(&self.disk).unwrap();
        self.disk.truncate(good);
        self.journal = journal;
    }

    fn check(&self) {
        for (number, times) in &self.applied {
            assert_eq!(*times, 1, "operation {number} was done {times} times");
        }
        for (number, told) in &self.told {
            assert!(told.windows(2).all(|two| two[0] == two[1]), "two answers");
            let answer: Answer = crate::decode(&told[0]).unwrap();
            let applied = self.applied.contains_key(number);
            assert_eq!(answer.outcome, if applied { YES } else { NO });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn whatever_dies_when_nothing_is_done_twice_and_every_answer_is_true(
        events in prop::collection::vec((event(), crash()), 1..30),
    ) {
        let mut world = World::new();
        let mut asked = std::collections::BTreeSet::new();
        for (event, crash) in events {
            world.steps_left = crash.map(|crash| (crash.after, crash.torn, crash.zeros));
            if let Event::Operate(number) | Event::FindOut(number) = event {
                asked.insert(number);
            }
            if world.handle(event).is_err() {
                world.restart();
            }
            world.steps_left = None;
            world.check();
            prop_assert_eq!(&Journal::replay(&world.disk).unwrap().journal.entries, &world.journal.entries);
        }
        // In the end the service asks about everything, and nobody dies: all is known.
        for number in asked {
            prop_assert!(world.handle(Event::FindOut(number)).is_ok(), "nobody dies here");
            prop_assert!(world.told.contains_key(&number));
        }
        world.check();
    }

    #[test]
    fn arbitrary_files_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Journal::replay(&bytes);
    }

    #[test]
    fn arbitrary_ends_never_lose_what_was_whole(tail in prop::collection::vec(any::<u8>(), 0..300)) {
        let (whole, mut bytes, _) = file();
        let length = bytes.len();
        bytes.extend(tail);
        match Journal::replay(&bytes) {
            Ok(replay) => {
                prop_assert_eq!(replay.good, length);
                prop_assert_eq!(replay.journal, whole);
            }
            Err(error) => prop_assert_eq!(error, JournalError::Damaged { at: length }),
        }
    }
}
