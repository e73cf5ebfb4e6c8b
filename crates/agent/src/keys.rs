//! The file with the agent's keys and who it is.
//!
//! Only its owner may read it. A roll-over is safe against a crash at any moment: the new keys are in
//! the file before the service hears of them, and the old ones stay until the new ones are in force,
//! and ten minutes longer for what was sealed to them meanwhile.

use std::path::{Path, PathBuf};
use std::time::Duration;

use latchkey_crypto::hpke::OpeningKey;
use latchkey_crypto::sign::{SigningKey, VerifyingKey};
use latchkey_types::{AgentId, Entropy, TenantId, Timestamp};
use latchkey_wire::Base64;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use crate::files;

/// For how long the old keys open what was sealed to them.
pub const OLD_KEYS: Duration = Duration::from_mins(10);

/// A pair of keys, with its number.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// One more with each roll-over.
    pub number: u32,
    /// Signs.
    pub sign: SigningKey,
    /// Opens.
    pub seal: OpeningKey,
}

impl KeyPair {
    /// Draws new keys.
    pub fn generate(number: u32, entropy: &dyn Entropy) -> Result<Self, String> {
        Ok(Self {
            number,
            sign: SigningKey::generate(entropy).map_err(|error| error.to_string())?,
            seal: OpeningKey::generate(entropy).map_err(|error| error.to_string())?,
        })
    }

    /// The public halves: signing, sealing.
    pub fn public(&self) -> Result<([u8; 32], [u8; 32]), String> {
        let sign = self.sign.public().map_err(|error| error.to_string())?;
        Ok((*sign.as_bytes(), *self.seal.public().as_bytes()))
    }
}

/// Who an agent is, and its keys.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The address of the service.
    pub service: String,
    /// The authorities (PEM) that its certificate must come from, if that was said at enrolment.
    pub ca_pem: Option<String>,
    /// The agent.
    pub agent: AgentId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The domain that it answers for.
    pub domain: String,
    /// The key that signs what it is asked to do.
    pub service_key: VerifyingKey,
    /// The keys in force.
    pub current: KeyPair,
    /// Those that the service was told of, perhaps, and that are in force as soon as it says so.
    pub next: Option<KeyPair>,
    /// Those of before, and until when (by the service's clock) they open.
    pub old: Option<(KeyPair, Timestamp)>,
}

impl Identity {
    /// Where it is in a folder.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("keys.json")
    }

    /// Reads it.
    pub fn load(folder: &Path) -> Result<Self, String> {
        let path = Self::path(folder);
        if !path.exists() {
            return Err(format!(
                "{} is not there: enrol first (latchkey-agent enrol)",
                path.display()
            ));
        }
        let bytes = files::read_secret(&path)?;
        let malformed = || format!("{} is malformed: enrol again", path.display());
        let file: Stored = serde_json::from_slice(&bytes).map_err(|_| malformed())?;
        if file.version != VERSION {
            return Err(format!(
                "{} is of version {}, which this program does not know",
                path.display(),
                file.version
            ));
        }
        file.read().ok_or_else(malformed)
    }

    /// Writes it, in the place of the one before.
    pub fn save(&self, folder: &Path) -> Result<(), String> {
        let path = Self::path(folder);
        let bytes = serde_json::to_vec_pretty(&Stored::of(self)).map(Zeroizing::new);
        let bytes = bytes.map_err(|error| error.to_string())?;
        files::replace(&path, &bytes)
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))
    }

    /// The keys of a number, if there are any yet or still.
    pub fn keys(&self, number: u32, now: Timestamp) -> Option<&KeyPair> {
        let old = self.old.as_ref();
        let old = old.filter(|(_, until)| now < *until).map(|(keys, _)| keys);
        [Some(&self.current), self.next.as_ref(), old]
            .into_iter()
            .flatten()
            .find(|keys| keys.number == number)
    }

    /// The new keys are in force. Whether anything changed.
    pub fn switch(&mut self, number: u32, now: Timestamp) -> bool {
        match self.next.take_if(|next| next.number == number) {
            Some(next) => {
                let old = std::mem::replace(&mut self.current, next);
                self.old = Some((old, now.plus(OLD_KEYS)));
                true
            }
            None => false,
        }
    }

    /// Destroys the old keys when their time is over. Whether anything changed.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        self.old.take_if(|(_, until)| now >= *until).is_some()
    }
}

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    service: String,
    ca_pem: Option<String>,
    agent: AgentId,
    tenant: TenantId,
    domain: String,
    service_key: Base64,
    current: StoredPair,
    next: Option<StoredPair>,
    old: Option<StoredOld>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPair {
    number: u32,
    sign: Base64,
    seal: Base64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredOld {
    keys: StoredPair,
    until: Timestamp,
}

impl Drop for StoredPair {
    fn drop(&mut self) {
        self.sign.0.zeroize();
        self.seal.0.zeroize();
    }
}

impl StoredPair {
    fn of(keys: &KeyPair) -> Self {
        Self {
            number: keys.number,
            sign: Base64(keys.sign.seed().expose().to_vec()),
            seal: Base64(keys.seal.seed().expose().to_vec()),
        }
    }

    fn read(&self) -> Option<KeyPair> {
        Some(KeyPair {
            number: self.number,
            sign: SigningKey::from_seed(&self.sign.0).ok()?,
            seal: OpeningKey::from_seed(&self.seal.0).ok()?,
        })
    }
}

impl Stored {
    fn of(identity: &Identity) -> Self {
        Self {
            version: VERSION,
            service: identity.service.clone(),
            ca_pem: identity.ca_pem.clone(),
            agent: identity.agent,
            tenant: identity.tenant,
            domain: identity.domain.clone(),
            service_key: Base64(identity.service_key.as_bytes().to_vec()),
            current: StoredPair::of(&identity.current),
            next: identity.next.as_ref().map(StoredPair::of),
            old: identity.old.as_ref().map(|(keys, until)| StoredOld {
                keys: StoredPair::of(keys),
                until: *until,
            }),
        }
    }

    fn read(&self) -> Option<Identity> {
        let next = match &self.next {
            Some(pair) => Some(pair.read()?),
            None => None,
        };
        let old = match &self.old {
            Some(old) => Some((old.keys.read()?, old.until)),
            None => None,
        };
        Some(Identity {
            service: self.service.clone(),
            ca_pem: self.ca_pem.clone(),
            agent: self.agent,
            tenant: self.tenant,
            domain: self.domain.clone(),
            service_key: VerifyingKey::from_bytes(&self.service_key.0).ok()?,
            current: self.current.read()?,
            next,
            old,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemEntropy;

    fn identity() -> Identity {
        let entropy = SystemEntropy;
        let service = SigningKey::generate(&entropy).unwrap();
        Identity {
            service: "https://reset.example".into(),
            ca_pem: None,
            agent: AgentId(uuid::Uuid::from_u128(1)),
            tenant: TenantId(uuid::Uuid::from_u128(2)),
            domain: "corp.example".into(),
            service_key: service.public().unwrap(),
            current: KeyPair::generate(1, &entropy).unwrap(),
            next: None,
            old: None,
        }
    }

    #[test]
    fn keys_survive_in_a_file_that_others_cannot_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            Identity::load(folder.path())
                .unwrap_err()
                .contains("enrol first")
        );
        let mut written = identity();
        written.next = Some(KeyPair::generate(2, &SystemEntropy).unwrap());
        written.old = Some((KeyPair::generate(0, &SystemEntropy).unwrap(), Timestamp(5)));
        written.save(folder.path()).unwrap();
        let read = Identity::load(folder.path()).unwrap();
        for number in 0..3 {
            let keys = |from: &Identity| from.keys(number, Timestamp(4)).unwrap().public().unwrap();
            assert_eq!(keys(&written), keys(&read));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = Identity::path(folder.path());
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            let error = Identity::load(folder.path()).unwrap_err();
            assert!(error.contains("can be read by others"), "{error}");
        }
    }

    #[test]
    fn old_keys_open_for_ten_minutes_and_are_destroyed() {
        let mut identity = identity();
        let now = Timestamp::from_seconds(1_000);
        assert!(!identity.switch(2, now), "there are none");
        identity.next = Some(KeyPair::generate(2, &SystemEntropy).unwrap());
        assert!(!identity.switch(3, now));
        assert!(identity.keys(2, now).is_some(), "before the switch as well");
        assert!(identity.switch(2, now));
        assert_eq!(identity.current.number, 2);
        let before = Timestamp(now.plus(OLD_KEYS).0 - 1);
        assert!(identity.keys(1, before).is_some());
        assert!(!identity.expire(before));
        assert!(identity.keys(1, now.plus(OLD_KEYS)).is_none());
        assert!(identity.expire(now.plus(OLD_KEYS)));
        assert!(identity.old.is_none());
    }
}
