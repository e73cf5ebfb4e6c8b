use latchkey_types::{Entropy, OperationId, Secret, TenantId, Timestamp, UserId};
use proptest::prelude::*;

use super::*;
use crate::operation::Verb;

/// Different bytes for each seed, never the same twice.
struct Counting(std::sync::atomic::AtomicU64);

impl Counting {
    fn new(seed: u64) -> Self {
        Self((seed * 1_000_003).into())
    }
}

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let next = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            *byte = (next.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8;
        }
    }
}

fn id(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

fn service(seed: u64) -> SigningKey {
    SigningKey::generate(&Counting::new(seed)).unwrap()
}

fn agent_key(seed: u64) -> OpeningKey {
    OpeningKey::generate(&Counting::new(seed)).unwrap()
}

const TO: Recipient = Recipient {
    agent: AgentId(uuid::Uuid::from_u128(1)),
    key_number: 1,
};

fn context() -> Context {
    Context {
        id: OperationId(id(2)),
        tenant: TenantId(id(3)),
        user: UserId(id(4)),
        verb: Verb::Reset,
        expires_at: Timestamp::from_seconds(1_000),
    }
}

fn contents() -> Contents {
    Contents {
        anchor: "0b68d111-0000-0000-0000-000000000000".into(),
        upn: "ada@corp.example".into(),
        password: Some(Secret::new("a very plain text".into())),
        old_password: None,
        must_change: false,
    }
}

fn sealed() -> Vec<u8> {
    let to = agent_key(2).public();
    seal(
        &Counting::new(9),
        &service(1),
        TO,
        &to,
        &context(),
        &contents(),
    )
    .unwrap()
}

fn open_as(context: &Context, to: Recipient, envelope: &[u8]) -> Result<Contents, EnvelopeError> {
    open(
        &service(1).public().unwrap(),
        to,
        &agent_key(2),
        context,
        envelope,
    )
}

#[test]
fn an_envelope_opens_for_its_agent_in_its_context() {
    let envelope = sealed();
    assert_eq!(envelope.len(), ENVELOPE_LENGTH);
    assert!(!envelope.windows(5).any(|window| window == b"plain"));
    assert_eq!(open_as(&context(), TO, &envelope), Ok(contents()));
}

#[test]
fn whatever_it_is_bound_to_cannot_be_changed() {
    let envelope = sealed();
    let others = [
        Context {
            id: OperationId(id(9)),
            ..context()
        },
        Context {
            tenant: TenantId(id(9)),
            ..context()
        },
        Context {
            user: UserId(id(9)),
            ..context()
        },
        Context {
            verb: Verb::ResetByAdministrator,
            ..context()
        },
        Context {
            expires_at: Timestamp::from_seconds(1_001),
            ..context()
        },
    ];
    for other in others {
        assert_eq!(
            open_as(&other, TO, &envelope),
            Err(EnvelopeError::Unsigned),
            "{other:?}"
        );
    }
    let agent = Recipient {
        agent: AgentId(id(9)),
        ..TO
    };
    let number = Recipient {
        key_number: 2,
        ..TO
    };
    for other in [agent, number] {
        assert_eq!(
            open_as(&context(), other, &envelope),
            Err(EnvelopeError::Unsigned)
        );
    }
}

#[test]
fn nobody_but_the_service_makes_one_and_nobody_but_the_agent_opens_one() {
    let to = agent_key(2).public();
    let forged = seal(
        &Counting::new(9),
        &service(8),
        TO,
        &to,
        &context(),
        &contents(),
    )
    .unwrap();
    assert_eq!(
        open_as(&context(), TO, &forged),
        Err(EnvelopeError::Unsigned)
    );
    let public = service(1).public().unwrap();
    let opened = open(&public, TO, &agent_key(3), &context(), &sealed());
    assert_eq!(opened, Err(EnvelopeError::WrongKey));
}

proptest! {
    #[test]
    fn no_flipped_bit_survives(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut envelope = sealed();
        let at = at.index(envelope.len());
        envelope[at] ^= 1 << bit;
        prop_assert!(open_as(&context(), TO, &envelope).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_open_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(open_as(&context(), TO, &bytes).is_err());
        let mut padded = bytes;
        padded.resize(ENVELOPE_LENGTH, 7);
        prop_assert!(open_as(&context(), TO, &padded).is_err());
    }
}

#[test]
fn contents_that_do_not_fit_are_refused() {
    let mut contents = contents();
    contents.password = Some(Secret::new("x".repeat(5_000)));
    let to = agent_key(2).public();
    let sealed = seal(
        &Counting::new(9),
        &service(1),
        TO,
        &to,
        &context(),
        &contents,
    );
    assert_eq!(sealed, Err(EnvelopeError::TooLong));
}
