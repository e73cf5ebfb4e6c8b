use std::time::Duration;

use latchkey_types::{Secret, Timestamp};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::error::TokenProblem;

/// How far the clocks may be apart.
const LEEWAY: Duration = Duration::from_secs(60);

/// The longest subject (`OpenID` Connect Core 1.0, 2), in bytes.
const LONGEST_SUBJECT: usize = 255;

/// The claims of an ID token whose signature is right.
#[derive(Deserialize)]
pub(crate) struct IdToken {
    iss: String,
    pub(crate) sub: String,
    aud: OneOrMore,
    azp: Option<String>,
    #[serde(deserialize_with = "moment")]
    exp: Timestamp,
    #[serde(deserialize_with = "moment")]
    iat: Timestamp,
    #[serde(default, deserialize_with = "perhaps_moment")]
    nbf: Option<Timestamp>,
    nonce: Option<Secrets>,
    #[serde(default, deserialize_with = "perhaps_moment")]
    pub(crate) auth_time: Option<Timestamp>,
    pub(crate) acr: Option<String>,
    amr: Option<OneOrMore>,
}

/// What the claims have to agree with.
pub(crate) struct Against<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a Secret<String>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) now: Timestamp,
}

impl IdToken {
    /// Reads and checks the claims: `OpenID` Connect Core 1.0, 3.1.3.7, 2 to 11.
    pub(crate) fn read(payload: &[u8], against: &Against<'_>) -> Result<Self, TokenProblem> {
        let token: Self = serde_json::from_slice(payload).map_err(|_| TokenProblem::Form)?;
        token.check(against)?;
        Ok(token)
    }

    fn check(&self, against: &Against<'_>) -> Result<(), TokenProblem> {
        if self.iss != against.issuer {
            return Err(TokenProblem::Issuer);
        }
        let audience = self.aud.as_slice();
        let for_us = audience.iter().any(|client| client == against.client_id);
        let by_us = match &self.azp {
            Some(party) => party == against.client_id,
            None => audience.len() == 1,
        };
        if !for_us || !by_us {
            return Err(TokenProblem::Audience);
        }
        if self.sub.is_empty() || self.sub.len() > LONGEST_SUBJECT {
            return Err(TokenProblem::Subject);
        }
        let soon = against.now.plus(LEEWAY);
        if against.now >= self.exp.plus(LEEWAY) {
            return Err(TokenProblem::Expired);
        }
        if self.iat > soon || self.nbf.is_some_and(|begin| begin > soon) {
            return Err(TokenProblem::Future);
        }
        // `==` of secrets takes the same time wherever they differ.
        if self.nonce.as_ref().map(|nonce| &nonce.0) != Some(against.nonce) {
            return Err(TokenProblem::Nonce);
        }
        if let Some(age) = against.max_age
            && !self
                .auth_time
                .is_some_and(|at| at <= soon && against.now <= at.plus(age).plus(LEEWAY))
        {
            return Err(TokenProblem::AuthTime);
        }
        Ok(())
    }

    pub(crate) fn amr(&self) -> Vec<String> {
        self.amr
            .as_ref()
            .map_or_else(Vec::new, |amr| amr.as_slice().to_vec())
    }
}

/// The name in a set of claims. A mail address that the provider does not vouch for is none: in
/// many a directory people write it themselves.
pub(crate) fn name(claims: &Map<String, Value>, claim: &str) -> Option<String> {
    let vouched = claim != "email"
        || matches!(claims.get("email_verified"), Some(Value::Bool(true)))
        || matches!(claims.get("email_verified"), Some(Value::String(text)) if text == "true");
    let name = claims.get(claim)?.as_str()?;
    (vouched && !name.is_empty()).then(|| name.to_owned())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

/// A secret that is read.
struct Secrets(Secret<String>);

impl<'de> Deserialize<'de> for Secrets {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self(Secret::new(text)))
    }
}

/// Seconds since 1970; some providers write fractions.
fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    f64::deserialize(from).map(|seconds| Timestamp::from_seconds(seconds as i64))
}

fn perhaps_moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    Option::<f64>::deserialize(from)
        .map(|seconds| seconds.map(|seconds| Timestamp::from_seconds(seconds as i64)))
}
