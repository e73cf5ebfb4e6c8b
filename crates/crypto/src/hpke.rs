//! Sealing to somebody else's key: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256),
//! HKDF-SHA256, AES-256-GCM.
//!
//! It proves nothing about who sealed: see [`crate::sign`]. Each value has a key of its own.

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _};
use latchkey_types::{Entropy, Secret, random_bytes};

use crate::keys::{KeyError, check};

/// KEM, KDF and AEAD as RFC 9180, section 7, numbers them. Part of what every sealed value is bound
/// to.
pub const SUITE: [u16; 3] = [0x0020, 0x0001, 0x0002];
/// Length of a public key and of an encapsulated one, in bytes.
pub const PUBLIC_LENGTH: usize = 32;
/// By how much a sealed value is longer than the plain one, in bytes.
pub const OVERHEAD: usize = PUBLIC_LENGTH + 16;

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HpkeError {
    /// The public key is none: not 32 bytes, or a point of small order.
    #[error("not a public key that can be sealed to")]
    Key,
    /// Too short to have been sealed.
    #[error("the sealed value is malformed")]
    Malformed,
    /// It was changed, moved to another context, or sealed to another key.
    #[error("the sealed value cannot be opened with this key in this context")]
    Forged,
}

/// A key that opens what was sealed to its public half. Only its seed is kept.
#[derive(Debug, Clone)]
pub struct OpeningKey {
    seed: Secret<[u8; 32]>,
}

/// A key that can be sealed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SealingKey([u8; PUBLIC_LENGTH]);

impl OpeningKey {
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
    pub fn public(&self) -> SealingKey {
        let (_, public) = X25519HkdfSha256::derive_keypair(self.seed.expose());
        SealingKey(public.to_bytes().into())
    }

    /// Opens what was sealed to this key for this context.
    pub fn open(
        &self,
        info: &[u8],
        about: &[u8],
        sealed: &[u8],
    ) -> Result<Secret<Vec<u8>>, HpkeError> {
        let (encapsulated, ciphertext) = sealed
            .split_first_chunk::<PUBLIC_LENGTH>()
            .ok_or(HpkeError::Malformed)?;
        let encapsulated = <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(encapsulated)
            .map_err(|_| HpkeError::Malformed)?;
        let (private, _) = X25519HkdfSha256::derive_keypair(self.seed.expose());
        hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &private,
            &encapsulated,
            info,
            ciphertext,
            about,
        )
        .map(Secret::new)
        .map_err(|_| HpkeError::Forged)
    }
}

impl SealingKey {
    /// Takes the 32 bytes of a public key. That it can be sealed to is only known by doing it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        bytes.try_into().map(Self).map_err(|_| HpkeError::Key)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; PUBLIC_LENGTH] {
        &self.0
    }

    /// Seals a value for the owner of this key, bound to a context: [`OVERHEAD`] bytes longer.
    ///
    /// # Errors
    /// [`HpkeError::Key`] for a point of small order, which would make the key of the value public.
    pub fn seal(
        &self,
        entropy: &dyn Entropy,
        info: &[u8],
        about: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, HpkeError> {
        let public = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(&self.0)
            .map_err(|_| HpkeError::Key)?;
        let (encapsulated, ciphertext) =
            hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &public,
                info,
                plain,
                about,
                &mut Random(entropy),
            )
            .map_err(|_| HpkeError::Key)?;
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
        sealed.extend_from_slice(&encapsulated.to_bytes());
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }
}

/// Our source of random bytes, as the package wants it.
struct Random<'a>(&'a dyn Entropy);

impl TryRng for Random<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_le_bytes(random_bytes::<4>(self.0)))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_le_bytes(random_bytes::<8>(self.0)))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(buffer);
        Ok(())
    }
}

impl TryCryptoRng for Random<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{Seeded, Zeros};

    fn key(seed: u64) -> OpeningKey {
        OpeningKey::generate(&Seeded::new(seed)).unwrap()
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_with_its_key_in_its_context_alone(
            plain in prop::collection::vec(any::<u8>(), 0..200),
            info in "[a-c]{0,2}", about in "[a-c]{0,2}",
            info2 in "[a-c]{0,2}", about2 in "[a-c]{0,2}",
        ) {
            let sealed = key(1).public()
                .seal(&Seeded::new(9), info.as_bytes(), about.as_bytes(), &plain).unwrap();
            prop_assert_eq!(sealed.len(), plain.len() + OVERHEAD);
            let opened = key(1).open(info.as_bytes(), about.as_bytes(), &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &plain);
            let same = info == info2 && about == about2;
            prop_assert_eq!(key(1).open(info2.as_bytes(), about2.as_bytes(), &sealed).is_ok(), same);
            prop_assert!(key(2).open(info.as_bytes(), about.as_bytes(), &sealed).is_err());
        }

        #[test]
        fn no_flipped_bit_survives(plain in prop::collection::vec(any::<u8>(), 0..20), at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let mut sealed = key(1).public().seal(&Seeded::new(9), b"i", b"a", &plain).unwrap();
            let at = at.index(sealed.len());
            // X25519 masks the highest bit of a public key, but the key schedule takes it as it came.
            sealed[at] ^= 1 << bit;
            prop_assert!(key(1).open(b"i", b"a", &sealed).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_open_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            prop_assert!(key(1).open(b"i", b"a", &bytes).is_err());
        }
    }

    #[test]
    fn points_of_small_order_are_not_sealed_to() {
        for low in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            let key = SealingKey::from_bytes(&hex::decode(low).unwrap()).unwrap();
            let sealed = key.seal(&Seeded::new(1), b"", b"", b"x");
            assert_eq!(sealed.err(), Some(HpkeError::Key), "{low}");
        }
        assert_eq!(SealingKey::from_bytes(&[1; 31]).err(), Some(HpkeError::Key));
    }

    #[test]
    fn the_same_value_never_looks_the_same_twice_and_keys_do_not_print() {
        let entropy = Seeded::new(5);
        let public = key(1).public();
        let seal = || public.seal(&entropy, b"", b"", b"x").unwrap();
        assert_ne!(seal(), seal());
        assert!(!format!("{:?}", key(1)).contains(&hex::encode(key(1).seed().expose())));
        assert!(OpeningKey::generate(&Zeros).is_err());
    }
}
