use latchkey_outbound::{BadAddress, Outbound, Url};
use serde::Deserialize;

use crate::error::{FederationError, Part};
use crate::jws::Algorithm;

/// What a provider says of itself (`OpenID` Connect Discovery 1.0), as far as it matters here, and
/// checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) jwks_uri: Url,
    pub(crate) userinfo_endpoint: Option<Url>,
    pub(crate) client_auth: ClientAuth,
    /// Its answers to the browser say from whom they are (RFC 9207).
    pub(crate) answers_with_issuer: bool,
}

/// How the client shows its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientAuth {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
}

/// The document as it comes. What is not named is not read.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    response_types_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// The issuer, letter by letter as it was configured.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where the metadata of an issuer are.
    pub(crate) fn address(outbound: &Outbound, issuer: &str) -> Result<Url, FederationError> {
        let part = Part::Metadata;
        let url = outbound.address(issuer).map_err(|bad| refused(part, bad))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(FederationError::Address(part));
        }
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        outbound
            .address(&format!("{base}/.well-known/openid-configuration"))
            .map_err(|bad| refused(part, bad))
    }

    pub(crate) fn read(
        outbound: &Outbound,
        issuer: &str,
        body: &[u8],
    ) -> Result<Self, FederationError> {
        let document: Document = serde_json::from_slice(body)
            .map_err(|_| FederationError::Metadata("not the document that is expected"))?;
        // Exactly: a provider that may name another issuer could speak for it (Discovery 1.0, 4.3).
        if document.issuer != issuer {
            return Err(FederationError::Metadata("they name another issuer"));
        }
        let lacks = |list: &Option<Vec<String>>, wanted: &str| {
            list.as_ref()
                .is_some_and(|list| !list.iter().any(|item| item == wanted))
        };
        if lacks(&document.response_types_supported, "code") {
            return Err(FederationError::Metadata("no authorization code flow"));
        }
        // Not every provider that does PKCE says so; one that names only others would ignore ours.
        if lacks(&document.code_challenge_methods_supported, "S256") {
            return Err(FederationError::Metadata("no PKCE with S256"));
        }
        if document
            .id_token_signing_alg_values_supported
            .as_ref()
            .is_some_and(|list| !list.iter().any(|name| Algorithm::named(name).is_some()))
        {
            return Err(FederationError::Metadata(
                "ID tokens are signed with none of RS256, ES256, EdDSA",
            ));
        }
        let methods = &document.token_endpoint_auth_methods_supported;
        let client_auth = if !lacks(methods, "client_secret_basic") {
            ClientAuth::Basic
        } else if !lacks(methods, "client_secret_post") {
            ClientAuth::Post
        } else {
            return Err(FederationError::Metadata(
                "clients with a secret are not accepted",
            ));
        };
        let address = |part, text: &str| outbound.address(text).map_err(|bad| refused(part, bad));
        Ok(Self {
            authorization_endpoint: address(Part::Authorization, &document.authorization_endpoint)?,
            token_endpoint: address(Part::Token, &document.token_endpoint)?,
            jwks_uri: address(Part::Keys, &document.jwks_uri)?,
            userinfo_endpoint: document
                .userinfo_endpoint
                .map(|text| address(Part::UserInfo, &text))
                .transpose()?,
            client_auth,
            answers_with_issuer: document.authorization_response_iss_parameter_supported,
            issuer: document.issuer,
        })
    }
}

const fn refused(part: Part, bad: BadAddress) -> FederationError {
    match bad {
        BadAddress::NotHttps | BadAddress::Credentials | BadAddress::NotPublic => {
            FederationError::Address(part)
        }
    }
}
