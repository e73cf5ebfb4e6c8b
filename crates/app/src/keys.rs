//! The keys of a deployment, and what is done with them.
//!
//! One master key, kept in a file outside the database, gives everything: keyed hashes, the pepper
//! of passwords, and the key that wraps the tenants' data keys. A copy of the database alone signs
//! nobody in and resets nothing.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use latchkey_crypto::argon::Peppers;
use latchkey_crypto::keys::{KeyedHasher, MasterKey, Purpose, Tag};
use latchkey_crypto::seal::{DataKey, Kek, Place, key_number};
use latchkey_crypto::sign::SigningKey;
use latchkey_types::{Entropy, Secret, TenantId};

use crate::AppError;

/// The number of the only pepper and key-encryption key there are so far.
const FIRST: u32 = 1;

/// The keys of a deployment.
pub(crate) struct Keys {
    hasher: KeyedHasher,
    kek: Kek,
    peppers: Peppers,
    data: RwLock<HashMap<TenantId, Arc<DataKey>>>,
    /// From which the keys that sign agents' requests come, one for each tenant.
    master: MasterKey,
}

impl Keys {
    /// Derives everything from the master key.
    pub(crate) fn new(master: &MasterKey) -> Result<Self, AppError> {
        let fault = |error| AppError::internal("derive keys", error);
        Ok(Self {
            hasher: master.keyed_hasher().map_err(fault)?,
            kek: master.kek(FIRST).map_err(fault)?,
            peppers: Peppers::new(master.pepper(FIRST).map_err(fault)?, Vec::new()),
            data: RwLock::default(),
            master: master.clone(),
        })
    }

    /// The peppers for passwords.
    pub(crate) const fn peppers(&self) -> &Peppers {
        &self.peppers
    }

    /// What makes keyed hashes.
    pub(crate) const fn hasher(&self) -> &KeyedHasher {
        &self.hasher
    }

    /// A keyed hash.
    pub(crate) fn tag(&self, purpose: Purpose, parts: &[&[u8]]) -> Tag {
        self.hasher.tag(purpose, parts)
    }

    /// The key that signs what a tenant's agents are asked to do.
    pub(crate) fn agent_signing_key(&self, tenant: TenantId) -> Result<SigningKey, AppError> {
        self.master
            .agent_signing_key(tenant)
            .map_err(|error| AppError::internal("derive a signing key", error))
    }

    /// Tells whether a database was made with these keys, without telling the keys.
    pub(crate) fn fingerprint(&self) -> String {
        let tag = self.tag(
            Purpose::SubjectName,
            &[b"fingerprint of the deployment's keys"],
        );
        crate::audit::hex(tag.as_bytes().get(..8).unwrap_or_default())
    }

    /// A new data key for a tenant, wrapped as it is stored.
    pub(crate) fn new_data_key(
        &self,
        entropy: &dyn Entropy,
        tenant: TenantId,
    ) -> Result<Vec<u8>, AppError> {
        let fault = |error| AppError::internal("make a data key", error);
        let key = DataKey::generate(entropy, tenant, FIRST).map_err(fault)?;
        self.kek.wrap(entropy, &key).map_err(fault)
    }

    /// A tenant's data key, if it was unwrapped before.
    pub(crate) fn known(&self, tenant: TenantId) -> Option<Arc<DataKey>> {
        let data = self.data.read().unwrap_or_else(PoisonError::into_inner);
        data.get(&tenant).map(Arc::clone)
    }

    /// A tenant's data key from its stored form. Unwrapped keys are kept.
    pub(crate) fn data_key(
        &self,
        tenant: TenantId,
        wrapped: &[u8],
    ) -> Result<Arc<DataKey>, AppError> {
        if let Some(key) = self.known(tenant) {
            return Ok(key);
        }
        let key = self
            .kek
            .unwrap(tenant, FIRST, wrapped)
            .map_err(|error| AppError::internal("unwrap a data key", error))?;
        let key = Arc::new(key);
        self.data
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(tenant, Arc::clone(&key));
        Ok(key)
    }
}

/// Seals a value for one cell.
pub(crate) fn seal(
    key: &DataKey,
    entropy: &dyn Entropy,
    table: &str,
    column: &str,
    row: uuid::Uuid,
    plain: &[u8],
) -> Result<Vec<u8>, AppError> {
    let place = Place {
        table,
        column,
        row: row.as_bytes(),
    };
    key.seal(entropy, &place, plain)
        .map_err(|error| AppError::internal("seal a value", error))
}

/// Opens the value of one cell.
pub(crate) fn open(
    key: &DataKey,
    table: &str,
    column: &str,
    row: uuid::Uuid,
    sealed: &[u8],
) -> Result<Secret<Vec<u8>>, AppError> {
    let place = Place {
        table,
        column,
        row: row.as_bytes(),
    };
    debug_assert_eq!(key_number(sealed), Some(key.number()));
    key.open(&place, sealed)
        .map_err(|error| AppError::internal("open a sealed value", error))
}

/// Opens a text.
pub(crate) fn open_text(
    key: &DataKey,
    table: &str,
    column: &str,
    row: uuid::Uuid,
    sealed: &[u8],
) -> Result<Secret<String>, AppError> {
    let bytes = open(key, table, column, row, sealed)?;
    String::from_utf8(bytes.expose().clone())
        .map(Secret::new)
        .map_err(|error| AppError::internal("a sealed text is no UTF-8", error.utf8_error()))
}
