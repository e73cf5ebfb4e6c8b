//! What an agent opens, and what it finds in its journal: whatever comes is refused or understood, and
//! what the service did not seal for it opens nothing.
#![no_main]

use std::sync::LazyLock;

use latchkey_crypto::hpke::OpeningKey;
use latchkey_crypto::sign::{SigningKey, VerifyingKey};
use latchkey_types::{AgentId, Entropy, OperationId, Secret, TenantId, Timestamp, UserId};
use latchkey_wire::envelope::{self, Recipient};
use latchkey_wire::journal::Journal;
use latchkey_wire::operation::{CONTENTS_LENGTH, Contents, Context, Verb};
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

/// The same each time, so that what was found is found again.
struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        for (byte, at) in buffer.iter_mut().zip(1_u64..) {
            [*byte, ..] = (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).to_le_bytes();
        }
    }
}

struct Parts {
    service: VerifyingKey,
    agent: OpeningKey,
    good: Vec<u8>,
}

const TO: Recipient = Recipient {
    agent: AgentId(Uuid::from_u128(1)),
    key_number: 1,
};

const CONTEXT: Context = Context {
    id: OperationId(Uuid::from_u128(2)),
    tenant: TenantId(Uuid::from_u128(3)),
    user: UserId(Uuid::from_u128(4)),
    verb: Verb::Reset,
    expires_at: Timestamp(1_000_000),
};

static PARTS: LazyLock<Parts> = LazyLock::new(|| {
    let service = SigningKey::generate(&Fixed).expect("a key");
    let agent = OpeningKey::generate(&Fixed).expect("a key");
    let contents = Contents {
        anchor: "0b68d111-0000-0000-0000-000000000000".into(),
        upn: "ada@corp.example".into(),
        password: Some(Secret::new("a very plain text".into())),
        old_password: None,
        must_change: false,
    };
    let sealed = envelope::seal(&Fixed, &service, TO, &agent.public(), &CONTEXT, &contents);
    Parts {
        good: sealed.expect("an envelope"),
        service: service.public().expect("a key"),
        agent,
    }
});

fuzz_target!(|data: &[u8]| {
    let parts = &*PARTS;
    let opens =
        |bytes: &[u8]| envelope::open(&parts.service, TO, &parts.agent, &CONTEXT, bytes).is_ok();
    assert!(!opens(data) || data == parts.good);
    // One that is nearly right: some bytes of a good one are others.
    let mut near = parts.good.clone();
    for change in data.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % near.len();
        near[at] ^= change[2];
    }
    assert_eq!(opens(&near), near == parts.good);
    // What is inside, were it signed.
    let mut inside = data.to_vec();
    inside.resize(CONTENTS_LENGTH, 0);
    if let Some(contents) = Contents::from_bytes(&inside) {
        assert!(contents.anchor.len() + contents.upn.len() <= CONTENTS_LENGTH);
    }
    if let Ok(replay) = Journal::replay(data) {
        assert!(replay.good <= data.len());
        // What was good once is good again.
        let again = Journal::replay(&data[..replay.good]).expect("its beginning");
        assert_eq!(again.good, replay.good);
    }
});
