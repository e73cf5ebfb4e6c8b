use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use latchkey_types::{Entropy, Secret, random_bytes};

use crate::Metadata;

/// What is asked of the provider.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The client's id at the provider.
    pub client_id: &'a str,
    /// Where the browser comes back; letter by letter as it is registered at the provider.
    pub redirect_uri: &'a str,
    /// Who is expected. It goes to the provider in an address, and may stay in histories and logs.
    pub login_hint: Option<&'a str>,
    /// How long ago the person may have signed in at the provider; nothing leaves that to it.
    pub max_age: Option<Duration>,
}

/// A sign-in that has begun. The caller keeps the three secrets until the browser is back.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Where to send the browser. Secret, because it holds state and nonce.
    pub url: Secret<String>,
    /// Comes back with the browser; has to be the one of this browser's flow.
    pub state: Secret<String>,
    /// Comes back in the ID token.
    pub nonce: Secret<String>,
    /// Shows at the token endpoint that the code is exchanged by who asked for it (RFC 7636).
    pub verifier: Secret<String>,
}

/// Begins a sign-in. Connects to nothing.
pub fn begin(metadata: &Metadata, request: &Request<'_>, entropy: &dyn Entropy) -> Begun {
    let [state, nonce, verifier] = [(); 3].map(|()| token(entropy));
    let mut url = metadata.authorization_endpoint.clone();
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", request.client_id)
            .append_pair("redirect_uri", request.redirect_uri)
            .append_pair("scope", "openid profile email")
            .append_pair("state", state.expose())
            .append_pair("nonce", nonce.expose())
            .append_pair("code_challenge", &challenge(&verifier))
            .append_pair("code_challenge_method", "S256");
        if let Some(hint) = request.login_hint {
            query.append_pair("login_hint", hint);
        }
        if let Some(age) = request.max_age {
            query.append_pair("max_age", &age.as_secs().to_string());
        }
    }
    Begun {
        url: Secret::new(url.into()),
        state,
        nonce,
        verifier,
    }
}

/// 256 bits as 43 characters, the shortest that a verifier may have.
fn token(entropy: &dyn Entropy) -> Secret<String> {
    let bytes = Secret::new(random_bytes::<32>(entropy));
    Secret::new(URL_SAFE_NO_PAD.encode(bytes.expose()))
}

fn challenge(verifier: &Secret<String>) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(
        &digest::SHA256,
        verifier.expose().as_bytes(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
        assert_eq!(
            challenge(&verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }
}
