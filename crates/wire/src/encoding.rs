use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::MESSAGE_MAX;

/// Bytes, written as unpadded URL-safe base64.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Base64(pub Vec<u8>);

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        URL_SAFE_NO_PAD
            .decode(text)
            .map(Self)
            .map_err(|_| D::Error::custom("not unpadded URL-safe base64"))
    }
}

impl From<&[u8]> for Base64 {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Base64 {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes.to_vec())
    }
}

/// Why a message was not understood. It does not repeat the message.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Longer than [`MESSAGE_MAX`].
    #[error("the message is longer than {MESSAGE_MAX} bytes")]
    TooLong,
    /// Not a message of this version.
    #[error("not a message of this version, at column {column}")]
    Malformed {
        /// Where it stopped making sense.
        column: usize,
    },
}

/// Writes a message.
pub fn encode<T: Serialize>(message: &T) -> String {
    // Our own types have no maps with other keys than texts, which is all that could go wrong.
    serde_json::to_string(message).unwrap_or_default()
}

/// Reads a message.
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    if text.len() > MESSAGE_MAX {
        return Err(DecodeError::TooLong);
    }
    serde_json::from_str(text).map_err(|error| DecodeError::Malformed {
        column: error.column(),
    })
}
