//! Text messages and calls by whatever provider can be reached by HTTPS.

mod config;
mod template;

use std::time::Duration;

use async_trait::async_trait;
use latchkey_outbound::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use latchkey_outbound::{BadAddress, Failure, Options, Outbound, StatusCode, Url};
use latchkey_types::Secret;

pub use config::{BodyFormat, ProviderConfig};

use crate::{Channel, Content, Destination, Outgoing, Receipt, Retry, SendError, SetupError};
use template::{Templates, Variables};

/// The longest answer that is read, in bytes; providers answer with a few hundred.
const LONGEST_ANSWER: usize = 64 * 1024;

const NOT_PUBLIC: &str = "the provider's address is not public";

/// Sends text messages or calls as [`ProviderConfig`] says.
pub struct HttpsProvider {
    config: ProviderConfig,
    url: Url,
    secret: Option<Secret<String>>,
    templates: Templates,
    outbound: Outbound,
}

impl HttpsProvider {
    /// Prepares the channel: reads its files, compiles its templates and tries them out. Connects
    /// to nothing yet.
    pub fn new(config: ProviderConfig) -> Result<Self, SetupError> {
        if !(1..=120).contains(&config.timeout_seconds) {
            return Err(SetupError("provider: timeout_seconds is 1 to 120".into()));
        }
        if config.success_pointer.is_some() != config.success_equals.is_some() {
            return Err(SetupError(
                "provider: success_pointer and success_equals go together".into(),
            ));
        }
        let secret = read_secret(&config)?;
        if config.username.is_some() && secret.is_none() {
            return Err(SetupError("provider: a username needs a secret".into()));
        }
        let templates = Templates::new(config.format, &config.body, config.headers.iter())?;
        let outbound = Outbound::new(&Options {
            timeout: Duration::from_secs(config.timeout_seconds),
            extra_ca_file: config.extra_ca_file.clone(),
            allow_private: config.dangerously_allow_private_addresses,
            allow_plain_loopback: false,
        })
        .map_err(|error| SetupError(format!("provider: {error}")))?;
        let url = outbound.address(&config.url).map_err(|wrong| {
            SetupError(String::from(match wrong {
                BadAddress::NotHttps => "provider: url is an https address",
                BadAddress::Credentials => "provider: no name or password in url; see username",
                BadAddress::NotPublic => NOT_PUBLIC,
            }))
        })?;
        let provider = Self {
            config,
            url,
            secret,
            templates,
            outbound,
        };
        provider.try_out()?;
        Ok(provider)
    }

    fn try_out(&self) -> Result<(), SetupError> {
        let example = Variables {
            to: "+31612345678",
            text: "123456",
            locale: "en",
            id: "0",
            secret: None,
        };
        let (_, body) = self.request_parts(&example).map_err(SetupError)?;
        if self.config.format == BodyFormat::Json
            && serde_json::from_str::<serde_json::Value>(&body).is_err()
        {
            return Err(SetupError(
                "provider: the body is not JSON; values bring their own quotes: {\"to\": {{ to }}}"
                    .into(),
            ));
        }
        Ok(())
    }

    fn request_parts(&self, variables: &Variables<'_>) -> Result<(HeaderMap, String), String> {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(self.config.format.content_type()),
        );
        let with_secret = Variables {
            secret: self.secret.as_ref().map(|s| s.expose().as_str()),
            ..*variables
        };
        for name in self.config.headers.keys() {
            let wrong = || format!("{name} is not a header, or not its value");
            let text = self.templates.header(name, &with_secret)?;
            let mut value = HeaderValue::from_str(&text).map_err(|_| wrong())?;
            value.set_sensitive(true);
            headers.insert(
                HeaderName::try_from(name.as_str()).map_err(|_| wrong())?,
                value,
            );
        }
        Ok((headers, self.templates.body(variables)?))
    }

    /// What the provider's answer means. A status alone is no answer to "was it sent" when a
    /// server or a proxy in between broke down.
    fn judge(
        &self,
        status: StatusCode,
        answer: &[u8],
        message: &Outgoing,
    ) -> Result<Receipt, SendError> {
        let [first, last] = self.config.success_status;
        let code = status.as_u16();
        let refused = |retry| {
            Err(SendError::new(
                retry,
                format!("the provider answered with status {code}"),
            ))
        };
        if !(first..=last).contains(&code) {
            return match code {
                // The way there is closed for now, or our credentials are wrong: not this message.
                300..=399 | 401 | 403 | 404 | 405 | 407 | 408 | 425 | 429 | 503 => {
                    refused(Retry::Later)
                }
                400..=499 => refused(Retry::Never),
                _ => refused(Retry::Unknown),
            };
        }
        let text = String::from_utf8_lossy(answer);
        let contains = self
            .config
            .success_contains
            .as_ref()
            .is_none_or(|needle| text.contains(needle));
        let equals = match (&self.config.success_pointer, &self.config.success_equals) {
            (Some(pointer), Some(expected)) => serde_json::from_slice(answer)
                .is_ok_and(|json: serde_json::Value| holds(&json, pointer, expected)),
            _ => true,
        };
        if contains && equals {
            return Ok(Receipt::quoting(&text, message));
        }
        Err(SendError::new(
            Retry::Never,
            format!("the provider answered with status {code}, but not with what means success"),
        ))
    }
}

#[async_trait]
impl Channel for HttpsProvider {
    async fn send(&self, message: &Outgoing) -> Result<Receipt, SendError> {
        let (to, text) = match (&message.to, &message.content) {
            (Destination::Text(to), Content::Text { text }) => (to, text),
            (Destination::Call(to), Content::Call { spoken }) => (to, spoken),
            _ => {
                return Err(SendError::new(
                    Retry::Never,
                    "a provider sends texts and calls only",
                ));
            }
        };
        let id = message.id.to_string();
        let variables = Variables {
            to: to.as_str(),
            text,
            locale: message.locale.tag(),
            id: &id,
            secret: None,
        };
        let (headers, body) = self
            .request_parts(&variables)
            .map_err(|log| SendError::new(Retry::Later, log))?;
        let mut request = self
            .outbound
            .post(self.url.clone())
            .headers(headers)
            .body(body);
        if let (Some(name), Some(secret)) = (&self.config.username, &self.secret) {
            request = request.basic_auth(name, Some(secret.expose()));
        }
        // Of an answer that is too long, the status and the beginning decide.
        let answer = self
            .outbound
            .send(request, LONGEST_ANSWER)
            .await
            .map_err(interrupted)?;
        self.judge(answer.status, &answer.body, message)
    }
}

fn interrupted(failure: Failure) -> SendError {
    let (retry, log) = match failure {
        Failure::NotPublic => (Retry::Later, NOT_PUBLIC),
        Failure::NoConnection => (Retry::Later, "no connection to the provider"),
        Failure::TimedOut => (Retry::Unknown, "the provider did not answer in time"),
        Failure::Broken => (Retry::Unknown, "the connection to the provider broke"),
    };
    SendError::new(retry, log)
}

fn holds(json: &serde_json::Value, pointer: &str, expected: &str) -> bool {
    json.pointer(pointer).is_some_and(|found| match found {
        serde_json::Value::String(text) => text == expected,
        other => serde_json::to_string(other).is_ok_and(|text| text == expected),
    })
}

fn read_secret(config: &ProviderConfig) -> Result<Option<Secret<String>>, SetupError> {
    match (&config.secret, &config.secret_file) {
        (Some(_), Some(_)) => Err(SetupError(
            "provider: secret or secret_file, not both".into(),
        )),
        (secret, None) => Ok(secret.clone()),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                SetupError(format!("provider: secret_file {}: {error}", path.display()))
            })?;
            Ok(Some(Secret::new(
                text.trim_end_matches(['\r', '\n']).to_owned(),
            )))
        }
    }
}
