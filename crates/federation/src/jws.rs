//! The signature of a token (RFC 7515), with the keys that a provider publishes (RFC 7517).
//!
//! Three algorithms, all of them with public keys: there is no code for `none`, none for shared
//! secrets, and the kind of key has to be that of the algorithm. So a token cannot choose how it is
//! checked.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::error::TokenProblem;

/// How a token may be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// RSA with at least 2048 bits.
    Rs256,
    /// ECDSA on P-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<serde_json::Value>,
}

/// A token's parts, nothing of which is believed yet.
pub(crate) struct Unverified<'t> {
    signed: &'t str,
    payload: Vec<u8>,
    signature: Vec<u8>,
    algorithm: Algorithm,
    kid: Option<String>,
}

impl<'t> Unverified<'t> {
    pub(crate) fn parse(token: &'t str) -> Result<Self, TokenProblem> {
        let form = TokenProblem::Form;
        let (signed, signature) = token.rsplit_once('.').ok_or(form)?;
        let (header, payload) = signed.split_once('.').ok_or(form)?;
        let header: Header =
            serde_json::from_slice(&bytes(header).ok_or(form)?).map_err(|_| form)?;
        // A token of another kind (RFC 8725, 3.11), or one that only makes sense to who knows more.
        let other = header
            .typ
            .is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT"));
        if other || header.crit.is_some() {
            return Err(form);
        }
        Ok(Self {
            signed,
            payload: bytes(payload).ok_or(form)?,
            algorithm: Algorithm::named(&header.alg).ok_or(TokenProblem::Algorithm)?,
            signature: bytes(signature).ok_or(form)?,
            kid: header.kid,
        })
    }

    /// What the token says, if one of the keys signed it.
    pub(crate) fn verify(self, keys: &Keys) -> Result<Vec<u8>, TokenProblem> {
        let fitting: Vec<&Key> = keys
            .0
            .iter()
            .filter(|key| key.fits(self.algorithm))
            .filter(|key| self.kid.is_none() || key.kid == self.kid)
            .collect();
        // Without an id the key has to be clear (OpenID Connect Core 1.0, 10.1).
        if fitting.is_empty() || (self.kid.is_none() && fitting.len() > 1) {
            return Err(TokenProblem::Key);
        }
        let signed = self.signed.as_bytes();
        if !fitting.iter().any(|key| {
            key.signed(self.algorithm, signed, &self.signature)
                .is_some()
        }) {
            return Err(TokenProblem::Signature);
        }
        Ok(self.payload)
    }
}

/// The keys that a provider publishes; those that cannot be read are as if they were not there.
pub(crate) struct Keys(Vec<Key>);

#[derive(Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    #[serde(rename = "key_ops")]
    operations: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<serde_json::Value>,
        }
        let document: Document = serde_json::from_slice(body).ok()?;
        Some(Self(
            document
                .keys
                .into_iter()
                .filter_map(|key| serde_json::from_value(key).ok())
                .collect(),
        ))
    }
}

impl Key {
    fn fits(&self, algorithm: Algorithm) -> bool {
        let kind = (self.kty.as_str(), self.crv.as_deref());
        let right_kind = match algorithm {
            Algorithm::Rs256 => kind.0 == "RSA",
            Algorithm::Es256 => kind == ("EC", Some("P-256")),
            Algorithm::EdDsa => kind == ("OKP", Some("Ed25519")),
        };
        right_kind
            && self
                .purpose
                .as_deref()
                .is_none_or(|purpose| purpose == "sig")
            && self
                .alg
                .as_deref()
                .is_none_or(|name| Algorithm::named(name) == Some(algorithm))
            && self
                .operations
                .as_ref()
                .is_none_or(|ops| ops.iter().any(|op| op == "verify"))
    }

    fn signed(&self, algorithm: Algorithm, text: &[u8], signature: &[u8]) -> Option<()> {
        let part = |part: &Option<String>| bytes(part.as_deref()?);
        match algorithm {
            Algorithm::Rs256 => {
                let (n, e) = (part(&self.n)?, part(&self.e)?);
                RsaPublicKeyComponents {
                    n: number(&n),
                    e: number(&e),
                }
                .verify(&RSA_PKCS1_2048_8192_SHA256, text, signature)
            }
            Algorithm::Es256 => {
                let (x, y) = (part(&self.x)?, part(&self.y)?);
                let point = [&[4], x.as_slice(), &y].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(text, signature)
            }
            Algorithm::EdDsa => {
                UnparsedPublicKey::new(&ED25519, part(&self.x)?).verify(text, signature)
            }
        }
        .ok()
    }
}

/// A number without the zeros before it, which some providers write.
fn number(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(key: &str, token: &str) -> Result<Vec<u8>, TokenProblem> {
        let keys = Keys::read(format!("{{\"keys\": [{key}]}}").as_bytes()).unwrap();
        Unverified::parse(token)?.verify(&keys)
    }

    #[test]
    fn the_example_of_rfc_8037_is_verified() {
        let key = r#"{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCj\
                     P0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let payload = checked(key, token).unwrap();
        assert_eq!(payload, b"Example of Ed25519 signing");
    }

    #[test]
    fn a_right_signature_of_an_rsa_key_with_1024_bits_is_refused() {
        let key = r#"{"kty": "RSA", "e": "AQAB", "n": "oNANaHzExFHk6UWKM_qfLv1DbxmH0fEOgy300Ym3DlWOwoTypwW4NrjNKs7zEeJTQbMWVP7AMCnW43BReoL0K8uvNqM-_l73ekNzZ-5qfE0kUjsAHFzyVimobA7SYbjYoj-yrMZsYvQi91YE-5LSqpGPgMSyvMLORN_9vNMxYws"}"#;
        let token = "eyJhbGciOiJSUzI1NiJ9.e30.hubpaJ3pinAOvT4fm90sQOVN_XazFy2wAAu0uJA_M2trWKtiEZC9sVMmOl5VQkUCvvDCdnBkMIuyRrEZ-Mk-kBYFdfSoeZDJPAHyb3EyKN_LHW6PbyfIsvpEvyp7kJJZ5Bsii5c_2ntdDLtfse41pBYDsWqXjGJPI9o8wOG-N4o";
        assert_eq!(checked(key, token), Err(TokenProblem::Signature));
    }
}
