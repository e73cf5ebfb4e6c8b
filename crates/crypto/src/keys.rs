//! The master key, the keys derived from it, and keyed hashes.
//!
//! There is one secret to keep: 32 random bytes. Everything else is derived from it with
//! HKDF-SHA-256 (RFC 5869) under a label that names the purpose, so that a key made for one purpose
//! tells nothing about the others.

use aws_lc_rs::{hkdf, hmac};
use latchkey_types::{Entropy, Secret, TenantId, random_bytes};
use subtle::ConstantTimeEq;

use crate::argon::Pepper;
use crate::canonical::Canonical;
use crate::seal::Kek;
use crate::sign::SigningKey;

/// Why a key was refused. None of these repeats any part of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not 32 bytes long.
    #[error("a key is exactly 32 bytes, written as 64 hexadecimal digits")]
    Length,
    /// It repeats itself or counts: a placeholder or an example, not a random key.
    #[error("this key is a placeholder: its bytes repeat or count up; make a random one")]
    Placeholder,
    /// Every byte is a printable character: somebody typed it, or it was never decoded.
    #[error("this key is readable text, not random bytes; make a random one")]
    Text,
    /// The cryptographic library refused to derive a key.
    #[error("the cryptographic library could not derive a key")]
    Derivation,
}

/// The root of all keys of an installation: 32 random bytes, kept in a file of their own.
#[derive(Debug, Clone)]
pub struct MasterKey(Secret<[u8; 32]>);

impl MasterKey {
    /// Length in bytes.
    pub const LENGTH: usize = 32;

    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Placeholder`] if the source of entropy is broken: a random key is refused by
    /// chance less than once in 10¹³ times.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let bytes = Secret::new(random_bytes::<{ Self::LENGTH }>(entropy));
        Self::from_bytes(bytes.expose())
    }

    /// Takes a key, unless it is one that nobody could have drawn at random: no default and no
    /// example from a document must ever protect anything.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        check(bytes).map(|key| Self(Secret::new(key)))
    }

    /// Reads the text form, as a key file holds it: 64 hexadecimal digits, white space around them
    /// is ignored.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let mut bytes = zeroize::Zeroizing::new([0u8; Self::LENGTH]);
        hex::decode_to_slice(text.trim(), bytes.as_mut_slice()).map_err(|_| KeyError::Length)?;
        Self::from_bytes(bytes.as_slice())
    }

    /// The text form, for a key file that only the service can read.
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(hex::encode(self.0.expose()))
    }

    /// The keys for [`KeyedHasher::tag`].
    ///
    /// # Errors
    /// [`KeyError::Derivation`], which does not happen with a working library.
    pub fn keyed_hasher(&self) -> Result<KeyedHasher, KeyError> {
        KeyedHasher::derive(self)
    }

    /// The pepper with a number, for installations that keep no separate one. Raising the number
    /// rotates it; the older ones can always be derived again.
    pub fn pepper(&self, number: u32) -> Result<Pepper, KeyError> {
        Ok(Pepper::new(
            number,
            self.derive(&format!("pepper {number}"))?,
        ))
    }

    /// The key-encryption key with a number, for installations that keep no separate one.
    pub fn kek(&self, number: u32) -> Result<Kek, KeyError> {
        Ok(Kek::new(
            number,
            self.derive(&format!("key-encryption key {number}"))?,
        ))
    }

    /// The key with which the service signs what it asks a tenant's agents to do.
    pub fn agent_signing_key(&self, tenant: TenantId) -> Result<SigningKey, KeyError> {
        SigningKey::from_seed(
            self.derive(&format!("agent requests of {tenant}"))?
                .expose(),
        )
    }

    fn derive(&self, label: &str) -> Result<Secret<[u8; 32]>, KeyError> {
        let mut key = zeroize::Zeroizing::new([0u8; 32]);
        hkdf_sha256(SALT, self.0.expose(), label.as_bytes(), key.as_mut_slice())?;
        Ok(Secret::new(*key))
    }
}

/// Takes 32 bytes that could have been drawn at random.
///
/// Refused are a repeated pattern of up to 16 bytes (all zero among them), bytes that go up or down
/// in equal steps, and readable text.
pub(crate) fn check(bytes: &[u8]) -> Result<[u8; 32], KeyError> {
    let key: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Length)?;
    let repeats = (1..=16).any(|period| key.iter().skip(period).eq(key.iter().take(32 - period)));
    let steps = || {
        key.iter()
            .zip(key.iter().skip(1))
            .map(|(a, b)| b.wrapping_sub(*a))
    };
    let counts = steps().zip(steps().skip(1)).all(|(a, b)| a == b);
    if repeats || counts {
        return Err(KeyError::Placeholder);
    }
    if key
        .iter()
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
    {
        return Err(KeyError::Text);
    }
    Ok(key)
}

/// Fixed and public: it tells our derivations from those of other programs given the same key.
const SALT: &[u8] = b"latchkey keys v1";

fn hkdf_sha256(salt: &[u8], key: &[u8], label: &[u8], out: &mut [u8]) -> Result<(), KeyError> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let length = Length(out.len());
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(key)
        .expand(&[label], length)
        .and_then(|okm| okm.fill(out))
        .map_err(|_| KeyError::Derivation)
}

macro_rules! purposes {
    ($($(#[$doc:meta])* $purpose:ident $field:ident $label:literal;)*) => {
        /// What a keyed hash is for. Each purpose has a key of its own, so that a tag made for one
        /// is worthless for another.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Purpose {
            $($(#[$doc])* $purpose,)*
        }

        impl Purpose {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$purpose,)*];
        }

        /// Makes keyed hashes: HMAC-SHA-256 (RFC 2104) with a key per [`Purpose`].
        pub struct KeyedHasher {
            $($field: hmac::Key,)*
        }

        impl KeyedHasher {
            fn derive(master: &MasterKey) -> Result<Self, KeyError> {
                let key = |label: &str| {
                    let bytes = master.derive(&format!("tag {label}"))?;
                    Ok(hmac::Key::new(hmac::HMAC_SHA256, bytes.expose()))
                };
                Ok(Self { $($field: key($label)?,)* })
            }

            fn key(&self, purpose: Purpose) -> &hmac::Key {
                match purpose {
                    $(Purpose::$purpose => &self.$field,)*
                }
            }
        }
    };
}

purposes! {
    /// The cookie that carries a session.
    SessionCookie session_cookie "session cookie";
    /// The token in a form that binds it to its session.
    FormToken form_token "form token";
    /// A code sent by mail, text or call.
    OneTimeCode one_time_code "one-time code";
    /// A token in a link.
    LinkToken link_token "link token";
    /// The methods and ids that are shown for a user who does not exist.
    Decoy decoy "decoy";
    /// A client address, where a tenant wants it stored unreadably.
    ClientAddress client_address "client address";
    /// A typed user ID, as the key of a throttle.
    SubjectName subject_name "subject name";
    /// A proof-of-work challenge.
    ProofOfWork proof_of_work "proof of work";
    /// The form for browsers without JavaScript.
    TimedForm timed_form "timed form";
    /// A password that was wrong, to see whether the same one is tried again.
    WrongPassword wrong_password "wrong password";
    /// The links of the audit log.
    AuditChain audit_chain "audit chain";
    /// Answers to security questions, compared with one another.
    Answers answers "answers";
    /// A recovery code.
    RecoveryCode recovery_code "recovery code";
    /// A network from which a user signed in, to know it again.
    FamiliarNetwork familiar_network "familiar network";
    /// The one-time token that enrols an agent.
    AgentToken agent_token "agent token";
}

impl KeyedHasher {
    /// The keyed hash of the parts. Their number and their borders count: `["ab", "c"]` and
    /// `["a", "bc"]` give different tags. The parts that make a tag fit one place only (type,
    /// tenant, user, flow) are the caller's to add.
    pub fn tag(&self, purpose: Purpose, parts: &[&[u8]]) -> Tag {
        let message = parts
            .iter()
            .fold(Canonical::default(), |to, part| to.bytes(part));
        Tag(hmac_sha256(self.key(purpose), message.as_bytes()))
    }
}

impl std::fmt::Debug for KeyedHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[keyed hasher]")
    }
}

fn hmac_sha256(key: &hmac::Key, message: &[u8]) -> [u8; 32] {
    let mut tag = [0; 32];
    // SHA-256 gives 32 bytes; `zip` says so without a panic in between.
    for (to, from) in tag.iter_mut().zip(hmac::sign(key, message).as_ref()) {
        *to = *from;
    }
    tag
}

/// A keyed hash. It has no `==`, so that it cannot be compared in a way that leaks time.
#[derive(Clone, Copy)]
pub struct Tag([u8; 32]);

impl Tag {
    /// Whether a stored tag is this one, in constant time. A stored value of another length is not.
    #[must_use]
    pub fn matches(&self, stored: &[u8]) -> bool {
        self.0.ct_eq(stored).into()
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[tag]")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::testing::{Zeros, hasher, master};

    fn unhex(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    /// RFC 4231, test cases 1, 2, 3 and 6.
    #[test]
    fn hmac_sha_256_gives_the_values_of_rfc_4231() {
        let cases: [(Vec<u8>, Vec<u8>, &str); 4] = [
            (
                vec![0x0b; 20],
                b"Hi There".to_vec(),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 20],
                vec![0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, message, expected) in cases {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
            assert_eq!(hex::encode(hmac_sha256(&key, &message)), expected);
        }
    }

    /// RFC 5869, appendix A.1 and A.2.
    #[test]
    fn hkdf_sha_256_gives_the_values_of_rfc_5869() {
        let mut out = [0; 42];
        hkdf_sha256(
            &unhex("000102030405060708090a0b0c"),
            &[0x0b; 22],
            &unhex("f0f1f2f3f4f5f6f7f8f9"),
            &mut out,
        )
        .unwrap();
        assert_eq!(
            hex::encode(out),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
        );
        let mut out = [0; 82];
        hkdf_sha256(
            &(0x60..=0xaf).collect::<Vec<u8>>(),
            &(0x00..=0x4f).collect::<Vec<u8>>(),
            &(0xb0..=0xff).collect::<Vec<u8>>(),
            &mut out,
        )
        .unwrap();
        assert_eq!(
            hex::encode(out),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
        );
    }

    /// Computed with another implementation (Python's `hmac`): stored tags depend on it.
    #[test]
    fn tags_of_a_given_key_never_change() {
        let key: Vec<u8> = (0u8..32)
            .map(|i| i.wrapping_mul(i).wrapping_add(7))
            .collect();
        let hasher = MasterKey::from_bytes(&key).unwrap().keyed_hasher().unwrap();
        let tag = hasher.tag(Purpose::OneTimeCode, &[b"tenant", b"", b"123456"]);
        assert_eq!(hex::encode(tag.as_bytes()), PINNED_TAG);
    }
    const PINNED_TAG: &str = "16737def11e99fa6914e23467a61417a6fc82c44467ac009e2c208594c7f169d";

    #[test]
    fn a_tag_matches_itself_and_nothing_else() {
        let tag = hasher().tag(Purpose::FormToken, &[b"a"]);
        let mut stored = *tag.as_bytes();
        assert!(tag.matches(&stored));
        for i in 0..32 {
            stored[i] ^= 1;
            assert!(!tag.matches(&stored));
            stored[i] ^= 1;
        }
        assert!(!tag.matches(&stored[..31]));
        assert!(!tag.matches(&[]));
        let mut longer = stored.to_vec();
        longer.push(0);
        assert!(!tag.matches(&longer));
    }

    #[test]
    fn a_tag_for_one_purpose_is_worthless_for_another() {
        let hasher = hasher();
        let tags: HashSet<[u8; 32]> = Purpose::ALL
            .iter()
            .map(|p| *hasher.tag(*p, &[b"x"]).as_bytes())
            .collect();
        assert_eq!(tags.len(), Purpose::ALL.len());
    }

    #[test]
    fn the_borders_of_the_parts_count() {
        let hasher = hasher();
        let tag = |parts: &[&[u8]]| *hasher.tag(Purpose::LinkToken, parts).as_bytes();
        assert_ne!(tag(&[b"ab", b"c"]), tag(&[b"a", b"bc"]));
        assert_ne!(tag(&[b"ab"]), tag(&[b"ab", b""]));
        assert_ne!(tag(&[]), tag(&[b""]));
    }

    #[test]
    fn another_master_key_gives_other_tags() {
        let other = MasterKey::generate(&crate::testing::Seeded::new(2)).unwrap();
        let ours = hasher().tag(Purpose::Decoy, &[b"x"]);
        assert!(
            !other
                .keyed_hasher()
                .unwrap()
                .tag(Purpose::Decoy, &[b"x"])
                .matches(ours.as_bytes())
        );
    }

    #[test]
    fn placeholders_and_examples_are_refused_as_keys() {
        let placeholder = |bytes: &[u8]| MasterKey::from_bytes(bytes).err();
        assert_eq!(placeholder(&[0; 32]), Some(KeyError::Placeholder));
        assert_eq!(placeholder(&[0xff; 32]), Some(KeyError::Placeholder));
        assert_eq!(
            placeholder(&(0..32).collect::<Vec<u8>>()),
            Some(KeyError::Placeholder)
        );
        assert_eq!(
            placeholder(&(1..=32).rev().collect::<Vec<u8>>()),
            Some(KeyError::Placeholder)
        );
        assert_eq!(
            placeholder(&[0xde, 0xad, 0xbe, 0xef].repeat(8)),
            Some(KeyError::Placeholder)
        );
        let half: Vec<u8> = (0..16).map(|i| i * 13 % 251).collect();
        assert_eq!(placeholder(&half.repeat(2)), Some(KeyError::Placeholder));
        assert_eq!(
            placeholder(b"change-me-change-me-to-a-secret!"),
            Some(KeyError::Text)
        );
        assert_eq!(placeholder(&[7; 31]), Some(KeyError::Length));
        assert_eq!(placeholder(&[7; 33]), Some(KeyError::Length));
        assert_eq!(placeholder(&[]), Some(KeyError::Length));
    }

    #[test]
    fn one_odd_byte_makes_a_pattern_a_key_again() {
        let mut bytes = [0u8; 32];
        bytes[17] = 1;
        assert!(MasterKey::from_bytes(&bytes).is_ok());
        let mut text = *b"change-me-change-me-to-a-secret!";
        text[0] = 0x80;
        assert!(MasterKey::from_bytes(&text).is_ok());
    }

    #[test]
    fn broken_entropy_does_not_become_a_key() {
        assert_eq!(
            MasterKey::generate(&Zeros).err(),
            Some(KeyError::Placeholder)
        );
    }

    #[test]
    fn a_key_is_read_back_from_its_text_form() {
        let key = master();
        let text = format!(" {}\n", key.to_text().expose());
        let again = MasterKey::from_text(&text).unwrap();
        assert_eq!(again.to_text(), key.to_text());
        assert_eq!(MasterKey::from_text("abc").err(), Some(KeyError::Length));
        assert_eq!(
            MasterKey::from_text(&"zz".repeat(32)).err(),
            Some(KeyError::Length)
        );
        assert_eq!(
            MasterKey::from_text(&"00".repeat(32)).err(),
            Some(KeyError::Placeholder)
        );
    }

    #[test]
    fn nothing_about_a_key_is_printed() {
        let printed = format!(
            "{:?} {:?} {:?}",
            master(),
            hasher(),
            hasher().tag(Purpose::Decoy, &[])
        );
        assert_eq!(printed, "MasterKey([secret]) [keyed hasher] [tag]");
    }
}
