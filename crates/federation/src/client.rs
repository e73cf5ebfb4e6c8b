use std::path::PathBuf;
use std::time::Duration;

use latchkey_outbound::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use latchkey_outbound::{Answer, Outbound, RequestBuilder, SetupError, Url};
use latchkey_types::{Secret, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::Metadata;
use crate::error::{FederationError, Part, TokenProblem, Trouble};
use crate::id_token::{Against, IdToken, name};
use crate::jws::{Keys, Unverified};
use crate::metadata::ClientAuth;

/// The longest answer that is read, in bytes. Keys and metadata have some thousands.
const LONGEST_ANSWER: usize = 256 * 1024;

/// How providers may be reached; from the operator's configuration, never from a tenant's.
#[derive(Debug, Clone)]
pub struct Options {
    /// The longest time for one request. A sign-in makes two to four.
    pub timeout: Duration,
    /// Certificates (PEM file) of authorities to trust besides those of the operating system.
    pub extra_ca_file: Option<PathBuf>,
    /// Lets providers be in a private network, and on this machine also without TLS. Whoever may
    /// configure a tenant can then reach whatever this machine can.
    pub allow_private: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            extra_ca_file: None,
            allow_private: false,
        }
    }
}

/// Speaks to identity providers; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    outbound: Outbound,
}

/// A tenant as a client of its provider.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub secret: Secret<String>,
    /// Where the browser comes back; the same as in [`crate::Request`].
    pub redirect_uri: String,
    /// The claim that holds the user's name, such as `preferred_username` or `upn`.
    pub name_claim: String,
}

/// What the browser brought back.
#[derive(Debug, Clone)]
pub struct Callback {
    /// The code.
    pub code: Secret<String>,
    /// Who says so (RFC 9207), if it is there.
    pub iss: Option<String>,
}

/// What was kept from [`crate::Begun`] and [`crate::Request`].
#[derive(Debug, Clone)]
pub struct Expected {
    /// The nonce.
    pub nonce: Secret<String>,
    /// The verifier.
    pub verifier: Secret<String>,
    /// As it was asked.
    pub max_age: Option<Duration>,
}

/// Who signed in at the provider, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who says so.
    pub issuer: String,
    /// Who it is: never given to anybody else by this issuer.
    pub subject: String,
    /// The name by the configured claim, from the ID token or else from the userinfo endpoint.
    /// Nothing if neither has it, or if it is an `email` that the provider does not vouch for.
    pub name: Option<String>,
    /// When the person signed in at the provider, which may be before this sign-in began.
    pub auth_time: Option<Timestamp>,
    /// How surely, in the provider's words.
    pub acr: Option<String>,
    /// By which means, in the provider's words (RFC 8176 has some).
    pub amr: Vec<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default, deserialize_with = "secret")]
    access_token: Option<Secret<String>>,
}

impl Client {
    /// Prepares the client; connects to nothing.
    pub fn new(options: &Options) -> Result<Self, SetupError> {
        Outbound::new(&latchkey_outbound::Options {
            timeout: options.timeout,
            extra_ca_file: options.extra_ca_file.clone(),
            allow_private: options.allow_private,
            allow_plain_loopback: options.allow_private,
        })
        .map(|outbound| Self { outbound })
    }

    /// Reads what a provider says of itself. The issuer has to be the same letter by letter.
    pub async fn discover(&self, issuer: &str) -> Result<Metadata, FederationError> {
        let url = Metadata::address(&self.outbound, issuer)?;
        let body = self.get(Part::Metadata, url, None).await?;
        Metadata::read(&self.outbound, issuer, &body)
    }

    /// Exchanges the code and says who signed in. `now` is when this was called.
    pub async fn finish(
        &self,
        metadata: &Metadata,
        registration: &Registration,
        callback: &Callback,
        expected: &Expected,
        now: Timestamp,
    ) -> Result<Claims, FederationError> {
        // Before the code is shown to anybody (RFC 9207, 2.4).
        let right = match &callback.iss {
            Some(issuer) => *issuer == metadata.issuer,
            None => !metadata.answers_with_issuer,
        };
        if !right {
            return Err(FederationError::OtherIssuer);
        }
        let tokens = self
            .exchange(metadata, registration, callback, expected)
            .await?;
        let unverified = Unverified::parse(&tokens.id_token)?;
        let keys = self
            .get(Part::Keys, metadata.jwks_uri.clone(), None)
            .await?;
        let keys =
            Keys::read(&keys).ok_or(FederationError::Answer(Part::Keys, "no set of keys"))?;
        let payload = unverified.verify(&keys)?;
        let token = IdToken::read(
            &payload,
            &Against {
                issuer: &metadata.issuer,
                client_id: &registration.client_id,
                nonce: &expected.nonce,
                max_age: expected.max_age,
                now,
            },
        )?;
        let all: Map<String, Value> =
            serde_json::from_slice(&payload).map_err(|_| TokenProblem::Form)?;
        let name = match (
            name(&all, &registration.name_claim),
            &metadata.userinfo_endpoint,
            &tokens.access_token,
        ) {
            (None, Some(url), Some(access)) => {
                self.asked_name(url, access, &token.sub, &registration.name_claim)
                    .await?
            }
            (name, _, _) => name,
        };
        Ok(Claims {
            issuer: metadata.issuer.clone(),
            name,
            auth_time: token.auth_time,
            acr: token.acr.clone(),
            amr: token.amr(),
            subject: token.sub,
        })
    }

    async fn exchange(
        &self,
        metadata: &Metadata,
        registration: &Registration,
        callback: &Callback,
        expected: &Expected,
    ) -> Result<Tokens, FederationError> {
        let request = self.token_request(metadata, registration, callback, expected);
        let answer = self.send(Part::Token, request).await?;
        if answer.status.as_u16() != 200 {
            return Err(refusal(&answer));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|_| FederationError::Answer(Part::Token, "no ID token in it"))
    }

    /// The post with the code. Not async: what writes forms cannot go from thread to thread.
    fn token_request(
        &self,
        metadata: &Metadata,
        registration: &Registration,
        callback: &Callback,
        expected: &Expected,
    ) -> RequestBuilder {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", callback.code.expose())
            .append_pair("redirect_uri", &registration.redirect_uri)
            .append_pair("code_verifier", expected.verifier.expose());
        let mut request = self.outbound.post(metadata.token_endpoint.clone());
        match metadata.client_auth {
            ClientAuth::Basic => {
                // Both halves are encoded first (RFC 6749, 2.3.1).
                let half = |text: &str| {
                    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
                };
                let secret = Secret::new(half(registration.secret.expose()));
                request = request.basic_auth(half(&registration.client_id), Some(secret.expose()));
            }
            ClientAuth::Post => {
                form.append_pair("client_id", &registration.client_id)
                    .append_pair("client_secret", registration.secret.expose());
            }
        }
        request
            .header(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            )
            .body(form.finish())
    }

    /// The name from the userinfo endpoint, where providers put the claims of `profile` and `email`
    /// when there is an access token (`OpenID` Connect Core 1.0, 5.4).
    async fn asked_name(
        &self,
        url: &Url,
        access: &Secret<String>,
        subject: &str,
        claim: &str,
    ) -> Result<Option<String>, FederationError> {
        let body = self.get(Part::UserInfo, url.clone(), Some(access)).await?;
        let claims: Map<String, Value> = serde_json::from_slice(&body)
            .map_err(|_| FederationError::Answer(Part::UserInfo, "no claims as JSON"))?;
        // Of somebody else, it is worth nothing (5.3.4).
        if claims.get("sub").and_then(Value::as_str) != Some(subject) {
            return Err(TokenProblem::Subject.into());
        }
        Ok(name(&claims, claim))
    }

    async fn get(
        &self,
        part: Part,
        url: Url,
        access: Option<&Secret<String>>,
    ) -> Result<Vec<u8>, FederationError> {
        let mut request = self.outbound.get(url);
        if let Some(access) = access {
            request = request.bearer_auth(access.expose());
        }
        let answer = self.send(part, request).await?;
        match answer.status.as_u16() {
            200 => Ok(answer.body),
            status => Err(no_answer(part, status)),
        }
    }

    async fn send(&self, part: Part, request: RequestBuilder) -> Result<Answer, FederationError> {
        let request = request.header(ACCEPT, HeaderValue::from_static("application/json"));
        let answer = self
            .outbound
            .send(request, LONGEST_ANSWER)
            .await
            .map_err(|failure| FederationError::failed(part, failure))?;
        if !answer.whole {
            return Err(FederationError::Answer(part, "the answer is too long"));
        }
        Ok(answer)
    }
}

/// What a refusal of the token endpoint means (RFC 6749, 5.2).
fn refusal(answer: &Answer) -> FederationError {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    let status = answer.status.as_u16();
    let said = serde_json::from_slice::<Refusal>(&answer.body).ok();
    match (status, said.as_ref().map(|said| said.error.as_str())) {
        (400 | 401, Some("invalid_grant")) => FederationError::CodeRefused,
        (400 | 401, Some("invalid_client" | "unauthorized_client")) | (401, _) => {
            FederationError::ClientRefused
        }
        _ => no_answer(Part::Token, status),
    }
}

const fn no_answer(part: Part, status: u16) -> FederationError {
    match status {
        300..=399 => FederationError::Answer(part, "a redirect, which is not followed"),
        429 | 500..=599 => FederationError::Unreachable(part, Trouble::OutOfOrder),
        _ => FederationError::Answer(part, "another status than 200"),
    }
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret<String>>, D::Error> {
    Option::<String>::deserialize(from).map(|text| text.map(Secret::new))
}
