//! Signatures: Ed25519 (RFC 8032), for what the service and its agents say to each other.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use latchkey_types::{Entropy, Secret, random_bytes};

use crate::canonical::Canonical;
use crate::keys::{KeyError, check};

/// Length of a public key, in bytes.
pub const PUBLIC_LENGTH: usize = 32;
/// Length of a signature, in bytes.
pub const SIGNATURE_LENGTH: usize = 64;

/// A key that signs. Only its seed is kept.
#[derive(Debug, Clone)]
pub struct SigningKey {
    seed: Secret<[u8; 32]>,
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Placeholder`] if the source of entropy is broken.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let seed = Secret::new(random_bytes::<32>(entropy));
        Self::from_seed(seed.expose())
    }

    /// The key of a seed, as a key file holds it.
    pub fn from_seed(seed: &[u8]) -> Result<Self, KeyError> {
        check(seed).map(|seed| Self {
            seed: Secret::new(seed),
        })
    }

    /// The seed, for a key file that only its owner can read.
    pub const fn seed(&self) -> &Secret<[u8; 32]> {
        &self.seed
    }

    /// The public half.
    ///
    /// # Errors
    /// [`KeyError::Derivation`], which does not happen with a working library.
    pub fn public(&self) -> Result<VerifyingKey, KeyError> {
        VerifyingKey::from_bytes(self.pair()?.public_key().as_ref())
    }

    /// Signs a statement.
    ///
    /// # Errors
    /// [`KeyError::Derivation`], which does not happen with a working library.
    pub fn sign(&self, statement: &Canonical) -> Result<[u8; SIGNATURE_LENGTH], KeyError> {
        let signature = self.pair()?.sign(statement.as_bytes());
        signature
            .as_ref()
            .try_into()
            .map_err(|_| KeyError::Derivation)
    }

    fn pair(&self) -> Result<Ed25519KeyPair, KeyError> {
        Ed25519KeyPair::from_seed_unchecked(self.seed.expose()).map_err(|_| KeyError::Derivation)
    }
}

/// A `u256` of repeated bytes between its first and its last one.
const fn encoded(first: u8, middle: u8, last: u8) -> [u8; PUBLIC_LENGTH] {
    let mut bytes = [middle; PUBLIC_LENGTH];
    bytes[0] = first;
    bytes[PUBLIC_LENGTH - 1] = last;
    bytes
}

/// The points whose order divides 8, in every encoding, without the sign of x.
const SMALL_ORDER: [[u8; PUBLIC_LENGTH]; 7] = [
    encoded(0, 0, 0),
    encoded(1, 0, 0),
    encoded(0xec, 0xff, 0x7f),
    encoded(0xed, 0xff, 0x7f),
    encoded(0xee, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

/// A key that verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VerifyingKey([u8; PUBLIC_LENGTH]);

impl VerifyingKey {
    /// Takes the 32 bytes of a public key. One that is no point of the curve verifies nothing.
    ///
    /// # Errors
    /// [`KeyError::Placeholder`] for a point of small order: anybody can sign for it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let key: [u8; PUBLIC_LENGTH] = bytes.try_into().map_err(|_| KeyError::Length)?;
        let mut unsigned = key;
        unsigned[PUBLIC_LENGTH - 1] &= 0x7f;
        if SMALL_ORDER.contains(&unsigned) {
            return Err(KeyError::Placeholder);
        }
        Ok(Self(key))
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; PUBLIC_LENGTH] {
        &self.0
    }

    /// Whether the owner of this key signed the statement.
    pub fn verifies(&self, statement: &Canonical, signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(statement.as_bytes(), signature)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Seeded, Zeros};

    fn says(text: &str) -> Canonical {
        Canonical::new("test").text(text)
    }

    #[test]
    fn a_signature_is_of_one_statement_by_one_key() {
        let (ours, theirs) = (
            SigningKey::generate(&Seeded::new(1)).unwrap(),
            SigningKey::generate(&Seeded::new(2)).unwrap(),
        );
        let signature = ours.sign(&says("yes")).unwrap();
        let public = ours.public().unwrap();
        assert!(public.verifies(&says("yes"), &signature));
        assert!(!public.verifies(&says("no"), &signature));
        assert!(!theirs.public().unwrap().verifies(&says("yes"), &signature));
        for at in 0..SIGNATURE_LENGTH {
            let mut changed = signature;
            changed[at] ^= 1;
            assert!(!public.verifies(&says("yes"), &changed));
        }
        assert!(!public.verifies(&says("yes"), &signature[..63]));
        assert!(!public.verifies(&says("yes"), b""));
    }

    /// RFC 8032, section 7.1, test 1 (an empty message is no statement of ours, so only the keys).
    #[test]
    fn the_public_half_is_that_of_the_standard() {
        let seed = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
            .unwrap();
        assert_eq!(
            hex::encode(
                SigningKey::from_seed(&seed)
                    .unwrap()
                    .public()
                    .unwrap()
                    .as_bytes()
            ),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
    }

    #[test]
    fn placeholders_are_refused_and_nothing_prints() {
        assert!(SigningKey::generate(&Zeros).is_err());
        assert!(SigningKey::from_seed(&[1; 31]).is_err());
        assert!(VerifyingKey::from_bytes(&[1; 31]).is_err());
        let key = SigningKey::generate(&Seeded::new(1)).unwrap();
        assert!(!format!("{key:?}").contains(&hex::encode(key.seed().expose())));
    }

    #[test]
    fn a_key_for_which_anybody_can_sign_is_none() {
        // Of such a key, a signature of nothing but zeros can be right.
        for mut point in SMALL_ORDER {
            assert_eq!(VerifyingKey::from_bytes(&point), Err(KeyError::Placeholder));
            point[31] |= 0x80;
            assert_eq!(VerifyingKey::from_bytes(&point), Err(KeyError::Placeholder));
        }
    }
}
