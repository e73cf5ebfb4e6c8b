//! Passwords: Argon2id (RFC 9106) with a server-side pepper, stored as PHC strings.
//!
//! A stored hash looks like `$argon2id$v=19$m=19456,t=2,p=1,keyid=AAAAAQ$<salt>$<hash>`. The pepper
//! is Argon2's secret parameter and is not in the database; `keyid` says which one was used, so that
//! it can be rotated: new hashes use the current one, old ones verify and ask to be made again. A
//! hash without a known `keyid` is refused: otherwise somebody who can write to the database, but
//! has no pepper, could plant a hash of a password they know.
//!
//! Texts must be NFC-normalised by the caller, the same way each time.

use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, KeyId, ParamsBuilder, Version};
use latchkey_types::{Entropy, Malformed, Password, Secret, random_bytes};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::keys::{KeyError, check};

/// How much work one hash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    memory: u32,
    passes: u32,
    lanes: u32,
}

impl Params {
    /// Least memory in KiB: OWASP's minimum for two passes, 19 MiB.
    pub const MIN_MEMORY: u32 = 19_456;
    /// Most memory in KiB: 1 GiB. A stored hash that asks for more is refused, so that a planted one
    /// cannot exhaust the machine.
    pub const MAX_MEMORY: u32 = 1_048_576;
    /// Fewest passes.
    pub const MIN_PASSES: u32 = 2;
    /// Most passes.
    pub const MAX_PASSES: u32 = 64;
    /// Most lanes. They are computed one after another: a lane more is not a thread more.
    pub const MAX_LANES: u32 = 16;

    /// Memory in KiB, passes, lanes.
    ///
    /// # Errors
    /// If one is below OWASP's minimum (19456 KiB, 2 passes, 1 lane) or above what is sane here.
    pub const fn new(memory: u32, passes: u32, lanes: u32) -> Result<Self, Malformed> {
        if memory < Self::MIN_MEMORY || memory > Self::MAX_MEMORY {
            return Err(Malformed("Argon2id memory is 19456 to 1048576 KiB"));
        }
        if passes < Self::MIN_PASSES || passes > Self::MAX_PASSES {
            return Err(Malformed("Argon2id takes 2 to 64 passes"));
        }
        if lanes < 1 || lanes > Self::MAX_LANES {
            return Err(Malformed("Argon2id takes 1 to 16 lanes"));
        }
        Ok(Self {
            memory,
            passes,
            lanes,
        })
    }

    /// Far too little work for a real password. It is for tests that hash much and measure nothing;
    /// no configuration leads here, because [`Params::new`] refuses these values.
    pub const fn insecure_for_tests() -> Self {
        Self {
            memory: 32,
            passes: 1,
            lanes: 1,
        }
    }

    /// Memory in KiB; also the resident memory of a [`Worker`].
    pub const fn memory(self) -> u32 {
        self.memory
    }

    /// Passes over the memory.
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes.
    pub const fn lanes(self) -> u32 {
        self.lanes
    }

    const fn weaker_than(self, other: Self) -> bool {
        self.memory < other.memory || self.passes < other.passes || self.lanes < other.lanes
    }
}

impl Default for Params {
    /// OWASP's minimum: 19 MiB, 2 passes, 1 lane.
    fn default() -> Self {
        Self {
            memory: Self::MIN_MEMORY,
            passes: Self::MIN_PASSES,
            lanes: 1,
        }
    }
}

/// A pepper: a secret key that goes into every hash and is kept outside the database.
#[derive(Debug, Clone)]
pub struct Pepper {
    number: u32,
    key: Secret<[u8; 32]>,
}

impl Pepper {
    /// A pepper kept in a file of its own. Numbers are never used twice.
    pub fn from_bytes(number: u32, key: &[u8]) -> Result<Self, KeyError> {
        check(key).map(|key| Self::new(number, Secret::new(key)))
    }

    pub(crate) const fn new(number: u32, key: Secret<[u8; 32]>) -> Self {
        Self { number, key }
    }
}

/// The pepper for new hashes, and those that older hashes still need.
#[derive(Debug, Clone)]
pub struct Peppers {
    current: Pepper,
    older: Vec<Pepper>,
}

impl Peppers {
    /// Keep an older pepper as long as a stored hash names it.
    pub const fn new(current: Pepper, older: Vec<Pepper>) -> Self {
        Self { current, older }
    }

    fn get(&self, number: u32) -> Option<&Pepper> {
        std::iter::once(&self.current)
            .chain(&self.older)
            .find(|pepper| pepper.number == number)
    }
}

/// The outcome of comparing a password with a stored hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is another password.
    Wrong,
    /// It is the password.
    Right {
        /// The stored hash is weaker than a new one would be, or under an older pepper: hash the
        /// password again and store that.
        rehash: bool,
    },
}

/// Why a password could not be hashed or compared. None of these is the person's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArgonError {
    /// The stored text is not a PHC string of Argon2id, version 19, with all its parts.
    #[error("the stored password hash is malformed")]
    Malformed,
    /// The stored hash asks for more memory, passes or lanes than are allowed.
    #[error("the stored password hash asks for too much work")]
    TooCostly,
    /// The stored hash names no pepper, or one that was not configured.
    #[error("the stored password hash needs a pepper that is not configured")]
    UnknownPepper,
    /// Argon2 itself refused.
    #[error("the password could not be hashed")]
    Failed,
}

/// Parameters and peppers, shared by all workers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hasher(Arc<Settings>);

#[derive(Debug)]
struct Settings {
    params: Params,
    peppers: Peppers,
}

impl Hasher {
    /// What new hashes are made with.
    pub fn new(params: Params, peppers: Peppers) -> Self {
        Self(Arc::new(Settings { params, peppers }))
    }

    /// A hash that no password matches, and that takes as long to compare with as any other: for
    /// accounts that are not there.
    ///
    /// # Errors
    /// [`ArgonError::Failed`], if the parts do not make a PHC string.
    pub fn unmatchable(&self, entropy: &dyn Entropy) -> Result<String, ArgonError> {
        let salt = random_bytes::<16>(entropy);
        let hash = random_bytes::<HASH_LENGTH>(entropy);
        self.0.phc(&salt, &hash)
    }

    /// A worker with memory of its own. Make one per hashing thread and keep it.
    pub fn worker(&self) -> Worker {
        Worker {
            settings: Arc::clone(&self.0),
            memory: memory(self.0.params),
        }
    }
}

impl Settings {
    /// The text that is stored for a hash under the current parameters and pepper.
    fn phc(&self, salt: &[u8], hash: &[u8]) -> Result<String, ArgonError> {
        let number = self.peppers.current.number.to_be_bytes();
        let keyid = KeyId::new(&number).map_err(|_| ArgonError::Failed)?;
        let params = builder(self.params)
            .keyid(keyid)
            .build()
            .map_err(|_| ArgonError::Failed)?;
        let phc = PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(|_| ArgonError::Failed)?,
            salt: Some(Salt::new(salt).map_err(|_| ArgonError::Failed)?),
            hash: Some(Output::new(hash).map_err(|_| ArgonError::Failed)?),
        };
        Ok(phc.to_string())
    }
}

/// Hashes, one at a time, in memory that it keeps between calls: allocating and faulting in 19 MiB
/// for each hash costs a good part of the hash itself.
///
/// The memory is wiped when the worker is dropped, not between hashes: with two passes, what is left
/// in it helps a reader of this process's memory no more than the stored hash does, and the next
/// hash overwrites all of it.
pub struct Worker {
    settings: Arc<Settings>,
    memory: Vec<Block>,
}

const HASH_LENGTH: usize = 32;
/// The shortest hash that is accepted from the database: 128 bits.
const MIN_HASH_LENGTH: usize = 16;
/// The longest PHC string that is looked at.
const MAX_PHC_LENGTH: usize = 256;

impl Worker {
    /// A PHC string under the current parameters and pepper. The salt must be fresh and random.
    ///
    /// # Errors
    /// [`ArgonError::Failed`], for a password of 4 GiB and more.
    pub fn hash(&mut self, password: &Password, salt: [u8; 16]) -> Result<String, ArgonError> {
        let settings = Arc::clone(&self.settings);
        let pepper = &settings.peppers.current;
        let mut hash = [0; HASH_LENGTH];
        fill(
            settings.params,
            pepper,
            password,
            &salt,
            &mut self.memory,
            &mut hash,
        )?;

        settings.phc(&salt, &hash)
    }

    /// Compares a password with a stored hash, in constant time once the hash is made.
    pub fn verify(&mut self, password: &Password, phc: &str) -> Result<Verdict, ArgonError> {
        let stored = Stored::parse(phc)?;
        let settings = Arc::clone(&self.settings);
        let pepper = settings
            .peppers
            .get(stored.pepper)
            .ok_or(ArgonError::UnknownPepper)?;

        let mut hash = vec![0; stored.hash.len()];
        if stored.params.memory <= settings.params.memory {
            fill(
                stored.params,
                pepper,
                password,
                &stored.salt,
                &mut self.memory,
                &mut hash,
            )?;
        } else {
            // From a time of higher settings: rare, and not worth holding the memory for.
            let mut memory = zeroize::Zeroizing::new(memory(stored.params));
            fill(
                stored.params,
                pepper,
                password,
                &stored.salt,
                &mut memory,
                &mut hash,
            )?;
        }
        if bool::from(hash.ct_eq(&stored.hash)) {
            let rehash = stored.params.weaker_than(settings.params)
                || stored.hash.len() < HASH_LENGTH
                || stored.pepper != settings.peppers.current.number;
            Ok(Verdict::Right { rehash })
        } else {
            Ok(Verdict::Wrong)
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.memory.zeroize();
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[worker]")
    }
}

/// What a PHC string says.
struct Stored {
    params: Params,
    pepper: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Stored {
    fn parse(text: &str) -> Result<Self, ArgonError> {
        if text.len() > MAX_PHC_LENGTH {
            return Err(ArgonError::Malformed);
        }
        let phc = PasswordHash::new(text).map_err(|_| ArgonError::Malformed)?;
        if phc.algorithm != ARGON2ID_IDENT || phc.version != Some(Version::V0x13.into()) {
            return Err(ArgonError::Malformed);
        }
        let read = argon2::Params::try_from(&phc).map_err(|_| ArgonError::Malformed)?;
        let (Some(salt), Some(hash)) = (phc.salt, phc.hash) else {
            return Err(ArgonError::Malformed);
        };
        if hash.len() < MIN_HASH_LENGTH || !read.data().is_empty() {
            return Err(ArgonError::Malformed);
        }
        let params = Params {
            memory: read.m_cost(),
            passes: read.t_cost(),
            lanes: read.p_cost(),
        };
        if params.memory > Params::MAX_MEMORY
            || params.passes > Params::MAX_PASSES
            || params.lanes > Params::MAX_LANES
        {
            return Err(ArgonError::TooCostly);
        }
        let pepper = read
            .keyid()
            .try_into()
            .map_err(|_| ArgonError::UnknownPepper)?;
        Ok(Self {
            params,
            pepper: u32::from_be_bytes(pepper),
            salt: salt.as_ref().to_vec(),
            hash: hash.as_bytes().to_vec(),
        })
    }
}

fn builder(params: Params) -> ParamsBuilder {
    let mut builder = ParamsBuilder::new();
    builder
        .m_cost(params.memory)
        .t_cost(params.passes)
        .p_cost(params.lanes);
    builder
}

fn memory(params: Params) -> Vec<Block> {
    vec![Block::new(); params.memory as usize]
}

fn fill(
    params: Params,
    pepper: &Pepper,
    password: &Password,
    salt: &[u8],
    memory: &mut [Block],
    hash: &mut [u8],
) -> Result<(), ArgonError> {
    let params = builder(params)
        .output_len(hash.len())
        .build()
        .map_err(|_| ArgonError::Malformed)?;
    Argon2::new_with_secret(
        pepper.key.expose(),
        Algorithm::Argon2id,
        Version::V0x13,
        params,
    )
    .and_then(|argon| {
        argon.hash_password_into_with_memory(password.expose().as_bytes(), salt, hash, memory)
    })
    .map_err(|_| ArgonError::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper(number: u32) -> Pepper {
        let mut key = [0x5a; 32];
        key[..4].copy_from_slice(&(number ^ 0x1234_5678).to_be_bytes());
        Pepper::from_bytes(number, &key).unwrap()
    }

    fn hasher(params: Params, current: u32, older: &[u32]) -> Hasher {
        let older = older.iter().map(|n| pepper(*n)).collect();
        Hasher::new(params, Peppers::new(pepper(current), older))
    }

    fn quick() -> Worker {
        hasher(Params::insecure_for_tests(), 1, &[]).worker()
    }

    fn password(text: &str) -> Password {
        Secret::new(text.to_owned())
    }

    const SALT: [u8; 16] = *b"0123456789abcdef";

    #[test]
    fn the_default_is_the_owasp_minimum_and_written_in_the_hash() {
        assert_eq!(Params::default(), Params::new(19_456, 2, 1).unwrap());
        let mut worker = hasher(Params::default(), 1, &[]).worker();
        let phc = worker.hash(&password("correct horse"), SALT).unwrap();
        assert!(
            phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1,keyid=AAAAAQ$MDEyMzQ1Njc4OWFiY2RlZg$"),
            "{phc}"
        );
        assert_eq!(
            worker.verify(&password("correct horse"), &phc),
            Ok(Verdict::Right { rehash: false })
        );
        assert_eq!(
            worker.verify(&password("correct horsf"), &phc),
            Ok(Verdict::Wrong)
        );
    }

    #[test]
    fn settings_outside_the_limits_are_refused() {
        assert!(Params::new(19_455, 2, 1).is_err());
        assert!(Params::new(19_456, 1, 1).is_err());
        assert!(Params::new(19_456, 2, 0).is_err());
        assert!(Params::new(1_048_576, 64, 16).is_ok());
        assert!(Params::new(1_048_577, 64, 16).is_err());
        assert!(Params::new(1_048_576, 65, 16).is_err());
        assert!(Params::new(1_048_576, 64, 17).is_err());
        let test = Params::insecure_for_tests();
        assert!(Params::new(test.memory(), test.passes(), test.lanes()).is_err());
    }

    /// RFC 9106, section 5.3, needs associated data, which we never use; so this value comes from
    /// the reference implementation's own test (`argon2id`, t=2, m=2^16, "password", "somesalt"),
    /// with no secret.
    #[test]
    fn argon2id_gives_the_value_of_the_reference_implementation() {
        let params = Params {
            memory: 65_536,
            passes: 2,
            lanes: 1,
        };
        let argon = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            builder(params).build().unwrap(),
        );
        let mut hash = [0; 32];
        argon
            .hash_password_into_with_memory(b"password", b"somesalt", &mut hash, memory(params))
            .unwrap();
        assert_eq!(
            hex::encode(hash),
            "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
        );
    }

    #[test]
    fn memory_left_from_one_hash_does_not_change_the_next() {
        let mut used = quick();
        used.hash(&password("first"), [9; 16]).unwrap();
        assert_eq!(
            used.hash(&password("second"), SALT).unwrap(),
            quick().hash(&password("second"), SALT).unwrap()
        );
    }

    #[test]
    fn the_salt_and_the_pepper_both_change_the_hash() {
        let hash = |phc: String| phc.rsplit('$').next().unwrap().to_owned();
        let one = hash(quick().hash(&password("same"), SALT).unwrap());
        let other_salt = hash(quick().hash(&password("same"), [1; 16]).unwrap());
        let mut other = hasher(Params::insecure_for_tests(), 2, &[]).worker();
        let other_pepper = hash(other.hash(&password("same"), SALT).unwrap());
        assert_ne!(one, other_salt);
        assert_ne!(one, other_pepper);
    }

    #[test]
    fn an_old_pepper_still_verifies_and_asks_for_a_new_hash() {
        let old = quick().hash(&password("p"), SALT).unwrap();
        let mut rotated = hasher(Params::insecure_for_tests(), 2, &[1]).worker();
        assert_eq!(
            rotated.verify(&password("p"), &old),
            Ok(Verdict::Right { rehash: true })
        );
        assert_eq!(rotated.verify(&password("q"), &old), Ok(Verdict::Wrong));
        let new = rotated.hash(&password("p"), SALT).unwrap();
        assert_eq!(
            rotated.verify(&password("p"), &new),
            Ok(Verdict::Right { rehash: false })
        );
    }

    #[test]
    fn a_hash_without_a_known_pepper_is_refused_even_if_it_would_match() {
        let phc = quick().hash(&password("p"), SALT).unwrap();
        let mut without = hasher(Params::insecure_for_tests(), 2, &[]).worker();
        assert_eq!(
            without.verify(&password("p"), &phc),
            Err(ArgonError::UnknownPepper)
        );

        // What somebody with the database but without the pepper could plant.
        let params = Params::insecure_for_tests();
        let mut hash = [0; 32];
        Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            builder(params).build().unwrap(),
        )
        .hash_password_into_with_memory(b"planted", &SALT, &mut hash, memory(params))
        .unwrap();
        let hash = Output::new(&hash).unwrap();
        let planted = format!("$argon2id$v=19$m=32,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg${hash}");
        assert_eq!(
            quick().verify(&password("planted"), &planted),
            Err(ArgonError::UnknownPepper)
        );
        let named = planted.replace("p=1$", "p=1,keyid=AAAAAQ$");
        assert_eq!(
            quick().verify(&password("planted"), &named),
            Ok(Verdict::Wrong)
        );
    }

    #[test]
    fn raised_settings_ask_for_a_new_hash_and_lowered_ones_do_not() {
        let low = Params {
            memory: 32,
            passes: 2,
            lanes: 1,
        };
        for high in [
            Params { memory: 64, ..low },
            Params { passes: 3, ..low },
            Params { lanes: 2, ..low },
        ] {
            let mut low = hasher(low, 1, &[]).worker();
            let mut high = hasher(high, 1, &[]).worker();
            let weak = low.hash(&password("p"), SALT).unwrap();
            assert_eq!(
                high.verify(&password("p"), &weak),
                Ok(Verdict::Right { rehash: true })
            );
            let strong = high.hash(&password("p"), SALT).unwrap();
            assert_eq!(
                low.verify(&password("p"), &strong),
                Ok(Verdict::Right { rehash: false })
            );
            assert_eq!(low.verify(&password("q"), &strong), Ok(Verdict::Wrong));
        }
    }

    #[test]
    fn every_changed_character_of_a_stored_hash_is_noticed() {
        let phc = quick().hash(&password("p"), SALT).unwrap();
        for at in 0..phc.len() {
            for to in ["A", "b", "7", "$", ""] {
                let mut changed = phc.clone();
                changed.replace_range(at..=at, to);
                if changed != phc {
                    let verdict = quick().verify(&password("p"), &changed);
                    assert!(!matches!(verdict, Ok(Verdict::Right { .. })), "{changed}");
                }
            }
        }
    }

    #[test]
    fn malformed_and_foreign_hashes_are_errors_not_wrong_passwords() {
        let good = quick().hash(&password("p"), SALT).unwrap();
        let (head, _) = good.rsplit_once('$').unwrap();
        for bad in [
            String::new(),
            "plain".to_owned(),
            "$2b$12$abcdefghijklmnopqrstuv".to_owned(),
            head.to_owned(),
            good.replace("argon2id", "argon2i"),
            good.replace("v=19", "v=16"),
            good.replace("v=19$", ""),
            good.replace("keyid=", "data=AAAA,keyid="),
            good.replace("keyid=", "data=AAAA"),
            good.replace("m=32", "m=7"),
            good.replace("t=1", "t=0"),
            format!("{head}$AAAAAAAAAAAAAAAAAAAA"),
            format!("{good}$"),
            good.clone() + &"A".repeat(300),
            "$".repeat(100_000),
        ] {
            assert_eq!(
                quick().verify(&password("p"), &bad),
                Err(ArgonError::Malformed),
                "{bad:.80}"
            );
        }
    }

    #[test]
    fn a_planted_hash_cannot_exhaust_the_machine() {
        let good = quick().hash(&password("p"), SALT).unwrap();
        for greedy in [
            good.replace("m=32", "m=1048577"),
            good.replace("m=32", "m=4294967295"),
            good.replace("t=1", "t=65"),
            good.replace("m=32,t=1,p=1", "m=1024,t=1,p=17"),
        ] {
            assert_eq!(
                quick().verify(&password("p"), &greedy),
                Err(ArgonError::TooCostly),
                "{greedy}"
            );
        }
    }

    #[test]
    fn passwords_of_any_length_and_alphabet_are_hashed_whole() {
        let long = "ñ🔑".repeat(40_000);
        for text in ["", " ", "a\0b", "密码🔑", long.as_str()] {
            let mut worker = quick();
            let phc = worker.hash(&password(text), SALT).unwrap();
            assert_eq!(
                worker.verify(&password(text), &phc),
                Ok(Verdict::Right { rehash: false })
            );
            assert_eq!(
                worker.verify(&password(&format!("{text}x")), &phc),
                Ok(Verdict::Wrong)
            );
        }
    }

    #[test]
    fn an_unmatchable_hash_is_compared_like_any_other_and_never_matches() {
        let hasher = Hasher::new(
            Params::insecure_for_tests(),
            Peppers::new(pepper(1), Vec::new()),
        );
        let hash = hasher.unmatchable(&crate::testing::Seeded::new(1)).unwrap();
        let verdict = hasher.worker().verify(&Secret::new("secret".into()), &hash);
        assert_eq!(verdict, Ok(Verdict::Wrong));
    }

    #[test]
    fn a_placeholder_is_refused_as_a_pepper() {
        assert_eq!(
            Pepper::from_bytes(1, &[0; 32]).err(),
            Some(KeyError::Placeholder)
        );
    }
}
