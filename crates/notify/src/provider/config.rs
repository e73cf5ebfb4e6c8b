use std::collections::BTreeMap;
use std::path::PathBuf;

use latchkey_types::Secret;
use serde::{Deserialize, Deserializer};

/// A provider of text messages or calls that is reached by HTTPS. One `POST` per message.
///
/// In `headers` and `body`, `{{ to }}` is the number (E.164), `{{ text }}` the message, `{{ locale }}`
/// its language (`sv`) and `{{ id }}` an id that is the same when a message is sent again; in
/// `headers`, `{{ secret }}` is the secret as well.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// An `https` address.
    pub url: String,
    /// Headers, each a template.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// With a name, `secret` is its password and both are sent as Basic authentication.
    #[serde(default)]
    pub username: Option<String>,
    /// The key or password that the provider gave out.
    #[serde(default, deserialize_with = "secret")]
    pub secret: Option<Secret<String>>,
    /// A file that holds the secret, instead of `secret`; a line break at its end is dropped.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// How values are escaped in the body, and its content type.
    #[serde(default)]
    pub format: BodyFormat,
    /// The body, a template. In JSON a value brings its own quotes: `{"to": {{ to }}}`.
    pub body: String,
    /// The first and last status that may mean success.
    #[serde(default = "two_hundreds")]
    pub success_status: [u16; 2],
    /// Text that the answer must contain.
    #[serde(default)]
    pub success_contains: Option<String>,
    /// A place in the JSON answer (RFC 6901), such as `/messages/0/status`, which must hold
    /// `success_equals`.
    #[serde(default)]
    pub success_pointer: Option<String>,
    /// What must be there: a string, or a number or truth value as JSON writes it.
    #[serde(default)]
    pub success_equals: Option<String>,
    /// The longest time for a message, in seconds, 1 to 120.
    #[serde(default = "ten_seconds")]
    pub timeout_seconds: u64,
    /// Certificates (PEM file) of authorities to trust besides those of the operating system.
    #[serde(default)]
    pub extra_ca_file: Option<PathBuf>,
    /// Lets the provider be on this machine or in a private network. Whoever may change this
    /// configuration can then reach whatever this machine can.
    #[serde(default)]
    pub dangerously_allow_private_addresses: bool,
}

/// The form of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyFormat {
    /// `application/json`.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded`: `To={{ to }}&Body={{ text }}`.
    Form,
}

impl BodyFormat {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }
}

impl std::fmt::Debug for ProviderConfig {
    /// The address alone: headers may hold keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderConfig")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

const fn two_hundreds() -> [u16; 2] {
    [200, 299]
}

const fn ten_seconds() -> u64 {
    10
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret<String>>, D::Error> {
    Option::<String>::deserialize(from).map(|text| text.map(Secret::new))
}
