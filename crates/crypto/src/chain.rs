//! The hash chain of the audit log: each event's hash covers the one before it, so that changing,
//! removing or inserting an event changes every hash after it. It is keyed: whoever can write to the
//! database and has no key cannot make a chain that fits.
//!
//! Each tenant has a chain of its own. An event is written with [`Canonical`], which two different
//! events never write alike.

use aws_lc_rs::digest::{Context, SHA256};
use latchkey_types::TenantId;

pub use crate::canonical::Canonical;
use crate::keys::{KeyedHasher, Purpose};

/// A link of the chain. It is no secret.
pub type Link = [u8; 32];

/// What the first event of a tenant is linked to.
pub fn genesis(tenant: TenantId) -> Link {
    sha256(&[b"latchkey audit genesis v1\n", tenant.0.as_bytes()])
}

/// The link of an event, from the link before it and the event as [`Canonical`] wrote it.
pub fn link(hasher: &KeyedHasher, previous: &Link, canonical: &[u8]) -> Link {
    *hasher
        .tag(Purpose::AuditChain, &[previous, canonical])
        .as_bytes()
}

fn sha256(parts: &[&[u8]]) -> Link {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut link = [0; 32];
    // SHA-256 gives 32 bytes; `zip` says so without a panic in between.
    for (to, from) in link.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    link
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::MasterKey;
    use crate::testing::{Seeded, hasher};

    fn tenant(last: char) -> TenantId {
        TenantId::parse(&format!("0190d4a8-0000-7000-8000-00000000000{last}")).unwrap()
    }

    fn chain(events: &[Vec<u8>]) -> Link {
        let hasher = hasher();
        events.iter().fold(genesis(tenant('1')), |previous, event| {
            link(&hasher, &previous, event)
        })
    }

    /// Computed with another implementation (Python's `hashlib`): stored chains depend on it.
    #[test]
    fn the_beginning_of_a_chain_never_changes() {
        assert_eq!(
            hex::encode(genesis(tenant('1'))),
            "83390c43e6b0a829b4e472f43e6fae4a4aef23c248a56d41ee3e009c4a638cbb"
        );
    }

    #[test]
    fn another_key_makes_another_chain() {
        let other = MasterKey::generate(&Seeded::new(2)).unwrap();
        let other = other.keyed_hasher().unwrap();
        let start = genesis(tenant('1'));
        assert_ne!(
            link(&other, &start, b"event"),
            link(&hasher(), &start, b"event")
        );
    }

    #[test]
    fn each_tenant_begins_at_another_link() {
        assert_ne!(genesis(tenant('1')), genesis(tenant('2')));
        assert_ne!(genesis(TenantId::SERVICE), genesis(tenant('1')));
    }

    #[test]
    fn an_event_is_more_than_its_bytes_joined_to_the_next() {
        let joined = chain(&[b"onetwo".to_vec()]);
        assert_ne!(joined, chain(&[b"one".to_vec(), b"two".to_vec()]));
        assert_ne!(chain(&[]), chain(&[vec![]]));
    }

    proptest! {
        #[test]
        fn changing_removing_inserting_or_swapping_an_event_changes_the_end(
            events in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5), 1..6),
            at in any::<prop::sample::Index>(),
            other in prop::collection::vec(any::<u8>(), 0..5),
        ) {
            let end = chain(&events);
            let at = at.index(events.len());

            let mut changed = events.clone();
            changed[at].clone_from(&other);
            prop_assert_eq!(chain(&changed) == end, changed == events);

            let mut removed = events.clone();
            removed.remove(at);
            prop_assert_ne!(chain(&removed), end);

            let mut inserted = events.clone();
            inserted.insert(at, other);
            prop_assert_ne!(chain(&inserted), end);

            let mut swapped = events.clone();
            swapped.swap(at, 0);
            prop_assert_eq!(chain(&swapped) == end, swapped == events);
        }
    }
}
