//! Encryption at rest: AES-256-GCM under a data key per tenant, wrapped by a key-encryption key.
//!
//! A sealed value is `version (1) | key number (4) | nonce (12) | ciphertext | tag (16)`. What it
//! belongs to (tenant, table, column, row, key) is authenticated with it, so that a value moved to
//! another cell does not open. Nonces are random: a data key should be replaced well before 2³²
//! values were sealed with it (NIST SP 800-38D, section 8.3).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use latchkey_types::{Entropy, Secret, TenantId, random_bytes};

use crate::canonical::Canonical;
use crate::keys::{KeyError, check};

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is too short or of an unknown version.
    #[error("the sealed value is malformed")]
    Malformed,
    /// It was sealed under a key with another number: see [`key_number`].
    #[error("the sealed value belongs to another key")]
    WrongKey,
    /// It was changed, or moved from another place, or sealed under another key of this number.
    #[error("the sealed value is not authentic in this place")]
    Forged,
    /// A new key could not be made: see the cause.
    #[error("no data key could be made: {0}")]
    Key(#[from] KeyError),
    /// The cryptographic library refused: the value is larger than 64 GiB.
    #[error("the value could not be sealed")]
    Failed,
}

/// The cell that a sealed value belongs to. The tenant is the data key's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The column's name.
    pub column: &'a str,
    /// The row's id.
    pub row: &'a [u8],
}

const VERSION: u8 = 1;
const HEADER: usize = 5;
const TAG: usize = 16;

/// The number of the key that a sealed value, or a wrapped data key, was made with; `None` if it is
/// malformed. It is only a hint which key to fetch: opening proves it.
pub fn key_number(sealed: &[u8]) -> Option<u32> {
    Parts::split(sealed).map(|parts| parts.number)
}

struct Parts<'a> {
    number: u32,
    nonce: [u8; NONCE_LEN],
    ciphertext: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(sealed: &'a [u8]) -> Option<Self> {
        let (header, rest) = sealed.split_first_chunk::<HEADER>()?;
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>()?;
        let [VERSION, number @ ..] = header else {
            return None;
        };
        (ciphertext.len() >= TAG).then(|| Self {
            number: u32::from_be_bytes(*number),
            nonce: *nonce,
            ciphertext,
        })
    }
}

/// The key that wraps data keys. It is never in the database.
#[derive(Debug, Clone)]
pub struct Kek {
    number: u32,
    key: Secret<[u8; 32]>,
}

impl Kek {
    /// A key kept in a file of its own. Numbers are never used twice.
    pub fn from_bytes(number: u32, key: &[u8]) -> Result<Self, KeyError> {
        check(key).map(|key| Self::new(number, Secret::new(key)))
    }

    pub(crate) const fn new(number: u32, key: Secret<[u8; 32]>) -> Self {
        Self { number, key }
    }

    /// The data key in the form in which it is stored: 65 bytes.
    pub fn wrap(&self, entropy: &dyn Entropy, key: &DataKey) -> Result<Vec<u8>, SealError> {
        let about = self.about(key.tenant, key.number);
        seal(&self.key, self.number, entropy, &about, key.key.expose())
    }

    /// The data key of a tenant with a number, from its stored form.
    ///
    /// # Errors
    /// [`SealError::WrongKey`] if another key wrapped it, [`SealError::Forged`] if it was changed or
    /// is another tenant's or another number's.
    pub fn unwrap(
        &self,
        tenant: TenantId,
        number: u32,
        wrapped: &[u8],
    ) -> Result<DataKey, SealError> {
        let key = open(&self.key, self.number, &self.about(tenant, number), wrapped)?;
        let key: [u8; 32] = key
            .expose()
            .as_slice()
            .try_into()
            .map_err(|_| SealError::Malformed)?;
        Ok(DataKey {
            tenant,
            number,
            key: Secret::new(key),
        })
    }

    fn about(&self, tenant: TenantId, number: u32) -> Canonical {
        Canonical::new("latchkey data key v1")
            .bytes(tenant.0.as_bytes())
            .number(number.into())
            .number(self.number.into())
    }
}

/// The key under which a tenant's values are sealed.
#[derive(Debug, Clone)]
pub struct DataKey {
    tenant: TenantId,
    number: u32,
    key: Secret<[u8; 32]>,
}

impl DataKey {
    /// A new key. Within a tenant, a number is never used twice.
    ///
    /// # Errors
    /// [`SealError::Key`] if the source of entropy is broken.
    pub fn generate(
        entropy: &dyn Entropy,
        tenant: TenantId,
        number: u32,
    ) -> Result<Self, SealError> {
        let bytes = Secret::new(random_bytes::<32>(entropy));
        Ok(Self {
            tenant,
            number,
            key: Secret::new(check(bytes.expose())?),
        })
    }

    /// Whose values it seals.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Its number among the tenant's keys.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The value for one cell, sealed: 33 bytes longer than the plain text.
    pub fn seal(
        &self,
        entropy: &dyn Entropy,
        place: &Place<'_>,
        plain: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        seal(&self.key, self.number, entropy, &self.about(place), plain)
    }

    /// The plain text of one cell.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        open(&self.key, self.number, &self.about(place), sealed)
    }

    fn about(&self, place: &Place<'_>) -> Canonical {
        Canonical::new("latchkey sealed value v1")
            .bytes(self.tenant.0.as_bytes())
            .text(place.table)
            .text(place.column)
            .bytes(place.row)
            .number(self.number.into())
    }
}

fn cipher(key: &Secret<[u8; 32]>) -> Result<LessSafeKey, SealError> {
    let key = UnboundKey::new(&AES_256_GCM, key.expose()).map_err(|_| SealError::Failed)?;
    Ok(LessSafeKey::new(key))
}

fn seal(
    key: &Secret<[u8; 32]>,
    number: u32,
    entropy: &dyn Entropy,
    about: &Canonical,
    plain: &[u8],
) -> Result<Vec<u8>, SealError> {
    let nonce = random_bytes::<NONCE_LEN>(entropy);
    // With its full size from the start, or growing would leave plain text behind in freed memory.
    let mut sealed = Vec::with_capacity(HEADER + NONCE_LEN + plain.len() + TAG);
    sealed.push(VERSION);
    sealed.extend_from_slice(&number.to_be_bytes());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let (_, in_place) = sealed.split_at_mut(HEADER + NONCE_LEN);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = cipher(key)?
        .seal_in_place_separate_tag(nonce, Aad::from(about.as_bytes()), in_place)
        .map_err(|_| SealError::Failed)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

fn open(
    key: &Secret<[u8; 32]>,
    number: u32,
    about: &Canonical,
    sealed: &[u8],
) -> Result<Secret<Vec<u8>>, SealError> {
    let parts = Parts::split(sealed).ok_or(SealError::Malformed)?;
    if parts.number != number {
        return Err(SealError::WrongKey);
    }
    let mut buffer = zeroize::Zeroizing::new(parts.ciphertext.to_vec());
    let nonce = Nonce::assume_unique_for_key(parts.nonce);
    let plain = cipher(key)?
        .open_in_place(nonce, Aad::from(about.as_bytes()), &mut buffer)
        .map_err(|_| SealError::Forged)?;
    Ok(Secret::new(plain.to_vec()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{Seeded, Zeros, master};

    const OURS: &str = "0190d4a8-0000-7000-8000-000000000001";
    const THEIRS: &str = "0190d4a8-0000-7000-8000-000000000002";
    const PLACE: Place<'static> = Place {
        table: "methods",
        column: "secret",
        row: b"row-1",
    };

    fn tenant(id: &str) -> TenantId {
        TenantId::parse(id).unwrap()
    }

    fn key(seed: u64) -> DataKey {
        DataKey::generate(&Seeded::new(seed), tenant(OURS), 3).unwrap()
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        key(1).seal(&Seeded::new(9), &PLACE, plain).unwrap()
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_in_its_place_and_in_no_other(
            plain in prop::collection::vec(any::<u8>(), 0..200),
            table in "[a-c]{0,3}", column in "[a-c]{0,3}", row in "[a-c]{0,3}",
            table2 in "[a-c]{0,3}", column2 in "[a-c]{0,3}", row2 in "[a-c]{0,3}",
        ) {
            let here = Place { table: &table, column: &column, row: row.as_bytes() };
            let there = Place { table: &table2, column: &column2, row: row2.as_bytes() };
            let sealed = key(1).seal(&Seeded::new(2), &here, &plain).unwrap();
            let opened = key(1).open(&here, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &plain);
            prop_assert_eq!(key(1).open(&there, &sealed).is_ok(), here == there);
        }

        #[test]
        fn no_flipped_bit_survives(plain in prop::collection::vec(any::<u8>(), 0..40)) {
            let whole = sealed(&plain);
            for bit in 0..whole.len() * 8 {
                let mut changed = whole.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(key(1).open(&PLACE, &changed).is_err());
            }
        }

        #[test]
        fn arbitrary_bytes_never_open_and_never_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..80)
        ) {
            prop_assert!(key(1).open(&PLACE, &bytes).is_err());
        }
    }

    #[test]
    fn a_sealed_value_says_which_key_it_needs_and_hides_the_rest() {
        let sealed = sealed(b"a very plain text");
        assert_eq!(sealed.len(), 17 + 33);
        assert_eq!(key_number(&sealed), Some(3));
        assert!(!sealed.windows(5).any(|window| window == b"plain"));
        assert_eq!(key_number(&sealed[..32]), None);
        assert_eq!(key_number(&sealed[..33]), Some(3));
    }

    #[test]
    fn the_same_value_never_looks_the_same_twice() {
        let entropy = Seeded::new(5);
        let one = key(1).seal(&entropy, &PLACE, b"x").unwrap();
        let two = key(1).seal(&entropy, &PLACE, b"x").unwrap();
        assert_ne!(one, two);
    }

    #[test]
    fn shortened_and_foreign_values_are_told_apart() {
        let whole = sealed(b"secret");
        for length in 0..33 {
            assert_eq!(
                key(1).open(&PLACE, &whole[..length]).err(),
                Some(SealError::Malformed)
            );
        }
        for length in 33..whole.len() {
            assert_eq!(
                key(1).open(&PLACE, &whole[..length]).err(),
                Some(SealError::Forged)
            );
        }
        let mut version = whole.clone();
        version[0] = 2;
        assert_eq!(
            key(1).open(&PLACE, &version).err(),
            Some(SealError::Malformed)
        );
        let newer = DataKey {
            number: 4,
            ..key(1)
        };
        assert_eq!(newer.open(&PLACE, &whole).err(), Some(SealError::WrongKey));
        assert_eq!(key(2).open(&PLACE, &whole).err(), Some(SealError::Forged));
        let theirs = DataKey {
            tenant: tenant(THEIRS),
            ..key(1)
        };
        assert_eq!(theirs.open(&PLACE, &whole).err(), Some(SealError::Forged));
    }

    #[test]
    fn a_renumbered_header_does_not_open_under_the_other_number() {
        let mut whole = sealed(b"secret");
        whole[4] = 4;
        let same_bytes = DataKey {
            number: 4,
            ..key(1)
        };
        assert_eq!(
            same_bytes.open(&PLACE, &whole).err(),
            Some(SealError::Forged)
        );
    }

    #[test]
    fn a_data_key_survives_wrapping_and_belongs_to_its_tenant_and_number() {
        let kek = master().kek(1).unwrap();
        let wrapped = kek.wrap(&Seeded::new(4), &key(1)).unwrap();
        assert_eq!(wrapped.len(), 65);
        assert_eq!(key_number(&wrapped), Some(1));
        let again = kek.unwrap(tenant(OURS), 3, &wrapped).unwrap();
        assert_eq!((again.tenant(), again.number()), (tenant(OURS), 3));
        assert_eq!(
            again.open(&PLACE, &sealed(b"secret")).unwrap().expose(),
            b"secret"
        );

        assert_eq!(
            kek.unwrap(tenant(THEIRS), 3, &wrapped).err(),
            Some(SealError::Forged)
        );
        assert_eq!(
            kek.unwrap(tenant(OURS), 4, &wrapped).err(),
            Some(SealError::Forged)
        );
        let next = master().kek(2).unwrap();
        assert_eq!(
            next.unwrap(tenant(OURS), 3, &wrapped).err(),
            Some(SealError::WrongKey)
        );
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 0x80;
            assert!(kek.unwrap(tenant(OURS), 3, &changed).is_err());
        }
    }

    #[test]
    fn a_sealed_value_does_not_pass_for_a_wrapped_key() {
        let raw = *key(1).key.expose();
        let kek = Kek::from_bytes(3, &raw).unwrap();
        assert_eq!(
            kek.unwrap(tenant(OURS), 3, &sealed(&[7; 32])).err(),
            Some(SealError::Forged)
        );
    }

    #[test]
    fn placeholders_are_refused_as_keys() {
        assert_eq!(
            Kek::from_bytes(1, &[0; 32]).err(),
            Some(KeyError::Placeholder)
        );
        assert_eq!(
            DataKey::generate(&Zeros, tenant(OURS), 1).err(),
            Some(SealError::Key(KeyError::Placeholder))
        );
    }

    #[test]
    fn keys_do_not_print() {
        assert!(format!("{:?}", key(1)).contains("[secret]"));
        assert!(!format!("{:?}", key(1)).contains(&hex::encode(key(1).key.expose())));
    }
}
