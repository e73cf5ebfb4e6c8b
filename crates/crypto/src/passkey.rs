//! Passkeys: WebAuthn Level 3 with discoverable credentials and user verification.
//!
//! A ceremony has two halves. The first gives options, which the page hands to the browser, and a
//! state. The caller keeps the state on the server, sealed, for five minutes at most, and takes it
//! out once: whoever could use a state twice could replay an answer. The second half takes the state
//! and what the browser answered.
//!
//! Options are JSON for `PublicKeyCredential.parseCreationOptionsFromJSON` and
//! `parseRequestOptionsFromJSON`; answers are the JSON of `PublicKeyCredential.toJSON()`.
//!
//! Nobody is told apart before they have proven something: signing in begins with an empty list of
//! credentials, whoever it may be. The authenticator must verify its user, so that one passkey is
//! two factors; it is asked to attest nothing, and an attestation that names its maker is refused.
//!
//! The low-level crate is used because the safe one cannot ask for a discoverable credential without
//! asking for attestation too. What it leaves to its user is checked here: whose the credential is,
//! and that no page of another origin frames ours (it checks that at registration only).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use latchkey_types::{Entropy, Malformed, Secret, UserId, random_bytes};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, AuthenticationState, CredProtect, Credential,
    CredentialProtectionPolicy, ParsedAttestationData, PublicKeyCredential,
    RegisterPublicKeyCredential, RegistrationState, RequestRegistrationExtensions,
    UserVerificationPolicy,
};

/// How long the browser may wait for its user, and a state may be kept.
pub const LIFETIME: Duration = Duration::from_mins(5);
/// The longest answer that is looked at, in bytes.
pub const LONGEST_RESPONSE: usize = 16 * 1024;

/// Why a passkey was refused: for the audit log. A person is told the same for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// It is too long, or not what a browser answers.
    #[error("the answer is malformed")]
    Malformed,
    /// It answers another ceremony: a replay, or one that was not begun here.
    #[error("the answer belongs to another ceremony")]
    Ceremony,
    /// It was made for another site, or in a page that another site frames.
    #[error("the answer was made for another site")]
    Site,
    /// The authenticator did not verify its user, or saw nobody.
    #[error("the authenticator did not verify its user")]
    Unverified,
    /// It was made with another credential, or says it is for another user.
    #[error("the credential is another one, or another user's")]
    Credential,
    /// The signature is wrong.
    #[error("the signature is wrong")]
    Signature,
    /// The counter did not go up: there may be a copy of the authenticator.
    #[error("the counter of the authenticator went backwards")]
    Counter,
    /// It names the maker of the authenticator, which was not asked.
    #[error("the authenticator attests what was not asked")]
    Attestation,
    /// Anything else that the standard forbids.
    #[error("the answer breaks a rule of the standard")]
    Refused,
    /// A state or a stored passkey cannot be read: it was not made here, or is of another version.
    #[error("the stored half of the passkey cannot be read")]
    Stored,
}

/// What begins a ceremony.
#[derive(Debug)]
pub struct Begun {
    /// For the page: JSON. It is no secret.
    pub options: String,
    /// For the server, sealed, once, and not longer than [`LIFETIME`].
    pub state: Secret<Vec<u8>>,
}

/// A passkey that was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPasskey {
    /// Its id in base64url. The caller makes sure that nobody has one with this id yet.
    pub credential_id: String,
    /// What [`Passkeys::finish`] needs, to be sealed.
    pub data: Vec<u8>,
}

/// Which passkey an answer says it was made with: not proven until [`Passkeys::finish`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub user: UserId,
    /// Which, in base64url.
    pub credential_id: String,
}

/// The passkeys of one site.
#[derive(Debug)]
pub struct Passkeys {
    core: WebauthnCore,
}

#[derive(Serialize, Deserialize)]
enum State {
    #[serde(rename = "registration/1")]
    Registration(RegistrationState),
    #[serde(rename = "assertion/1")]
    Assertion(AuthenticationState),
}

#[derive(Serialize, Deserialize)]
enum Stored {
    #[serde(rename = "passkey/1")]
    Passkey(Credential),
}

impl Passkeys {
    /// For pages at an origin (`https://reset.example.com`, with its port if it has one). The id is
    /// that host or a domain above it; every passkey is lost when it changes. The name is shown.
    ///
    /// # Errors
    /// If no browser would accept this: an address of numbers, or no HTTPS other than on localhost.
    pub fn new(rp_id: &str, origin: &str, name: &str) -> Result<Self, Malformed> {
        const ORIGIN: Malformed = Malformed("the origin of passkeys is like https://example.com");
        const SECURE: Malformed =
            Malformed("passkeys need https and a host name, or http on localhost");
        const ID: Malformed = Malformed("the id of passkeys is the host or a domain above it");
        let origins = vec![origin.parse().map_err(|_| ORIGIN)?];
        let core = WebauthnCore::new_unsafe_experts_only(
            name,
            rp_id,
            origins,
            LIFETIME,
            Some(false),
            Some(false),
        );
        let origin = core.get_allowed_origins().first().ok_or(ORIGIN)?;
        if origin.path() != "/" || origin.query().is_some() || !origin.username().is_empty() {
            return Err(ORIGIN);
        }
        let host = origin.domain().ok_or(SECURE)?;
        let local = host == "localhost" || host.ends_with(".localhost");
        if !(origin.scheme() == "https" || origin.scheme() == "http" && local) {
            return Err(SECURE);
        }
        let above = host.strip_suffix(rp_id).ok_or(ID)?;
        if rp_id.is_empty() || !(above.is_empty() || above.ends_with('.')) {
            return Err(ID);
        }
        Ok(Self { core })
    }

    /// Begins registering a passkey. The authenticator keeps the id, name and display name of the
    /// user and shows the latter two when it asks; it is told which passkeys the user has already
    /// (ids in base64url), and makes no second one where one of them is.
    pub fn begin_registration(
        &self,
        entropy: &dyn Entropy,
        user: UserId,
        name: &str,
        display: &str,
        exclude: &[String],
    ) -> Result<Begun, PasskeyError> {
        let exclude = exclude
            .iter()
            .map(|id| BASE64.decode(id).map_err(|_| PasskeyError::Stored))
            .collect::<Result<Vec<_>, _>>()?;
        // So that whoever finds a key cannot list whose passkeys are on it. Not enforced: some
        // authenticators fail when they are made to promise it.
        let extensions = RequestRegistrationExtensions {
            cred_protect: Some(CredProtect {
                credential_protection_policy: CredentialProtectionPolicy::UserVerificationRequired,
                enforce_credential_protection_policy: Some(false),
            }),
            uvm: None,
            cred_props: None,
            min_pin_length: None,
            hmac_create_secret: None,
        };
        let builder = self
            .core
            .new_challenge_register_builder(user.0.as_bytes(), name, display)
            .map_err(refusal)?
            .attestation(AttestationConveyancePreference::None)
            .user_verification_policy(UserVerificationPolicy::Required)
            .require_resident_key(true)
            .exclude_credentials(Some(exclude))
            .extensions(Some(extensions));
        let (options, state) = self
            .core
            .generate_challenge_register(builder)
            .map_err(refusal)?;
        let mut options = options.public_key;
        options.challenge = challenge(entropy);
        let state = challenged(&state, &options.challenge)?;
        begun(&options, &State::Registration(state))
    }

    /// Ends registering a passkey. It belongs to the user that the ceremony was begun for.
    pub fn finish_registration(
        &self,
        state: &[u8],
        response: &str,
    ) -> Result<NewPasskey, PasskeyError> {
        let Ok(State::Registration(state)) = serde_json::from_slice(state) else {
            return Err(PasskeyError::Stored);
        };
        let response: RegisterPublicKeyCredential = read(response)?;
        client(&response.response.client_data_json, &response.type_)?;
        let credential = self
            .core
            .register_credential(&response, &state, None)
            .map_err(refusal)?;
        // Self attestation says nothing but that the key can sign. The others name a maker: no
        // browser lets them through when none was asked for.
        if !matches!(
            credential.attestation.data,
            ParsedAttestationData::None | ParsedAttestationData::Self_
        ) {
            return Err(PasskeyError::Attestation);
        }
        if credential.cred_id != response.raw_id {
            return Err(PasskeyError::Credential);
        }
        Ok(NewPasskey {
            credential_id: BASE64.encode(&credential.cred_id),
            data: write(&Stored::Passkey(credential))?,
        })
    }

    /// Begins proving that one has a passkey: any that was registered here.
    pub fn begin(&self, entropy: &dyn Entropy) -> Result<Begun, PasskeyError> {
        let builder = self
            .core
            .new_challenge_authenticate_builder(Vec::new(), Some(UserVerificationPolicy::Required))
            .map_err(refusal)?;
        let (options, state) = self
            .core
            .generate_challenge_authenticate(builder)
            .map_err(refusal)?;
        let mut options = options.public_key;
        options.challenge = challenge(entropy);
        let state = challenged(&state, &options.challenge)?;
        begun(&options, &State::Assertion(state))
    }

    /// Which passkey to look up for an answer.
    pub fn whose(response: &str) -> Result<Claim, PasskeyError> {
        let response: PublicKeyCredential = read(response)?;
        claim(&response)
    }

    /// Ends proving that one has a passkey: the stored one of this user, which the caller found by
    /// [`Passkeys::whose`]. If there is an answer, it is what to store instead from now on, before
    /// anything else happens; its counter went up.
    pub fn finish(
        &self,
        state: &[u8],
        response: &str,
        user: UserId,
        data: &[u8],
    ) -> Result<Option<Vec<u8>>, PasskeyError> {
        let Ok(State::Assertion(state)) = serde_json::from_slice(state) else {
            return Err(PasskeyError::Stored);
        };
        let Ok(Stored::Passkey(mut credential)) = serde_json::from_slice(data) else {
            return Err(PasskeyError::Stored);
        };
        let response: PublicKeyCredential = read(response)?;
        client(&response.response.client_data_json, &response.type_)?;
        if claim(&response)?.user != user {
            return Err(PasskeyError::Credential);
        }
        let result = self
            .core
            .authenticate_single_credential(&response, &state, &credential)
            .map_err(refusal)?;
        if !result.needs_update() {
            return Ok(None);
        }
        credential.counter = result.counter();
        credential.backup_state = result.backup_state();
        write(&Stored::Passkey(credential)).map(Some)
    }
}

/// The standard asks for 16 bytes or more (section 13.4.3).
fn challenge(entropy: &dyn Entropy) -> Vec<u8> {
    random_bytes::<32>(entropy).to_vec()
}

/// The library draws challenges by itself. Chance is a parameter here, so ours takes the place.
fn challenged<T: Serialize + DeserializeOwned>(
    state: &T,
    challenge: &[u8],
) -> Result<T, PasskeyError> {
    let mut value = serde_json::to_value(state).map_err(|_| PasskeyError::Stored)?;
    value
        .as_object_mut()
        .ok_or(PasskeyError::Stored)?
        .insert("challenge".into(), BASE64.encode(challenge).into());
    serde_json::from_value(value).map_err(|_| PasskeyError::Stored)
}

fn begun(options: &impl Serialize, state: &State) -> Result<Begun, PasskeyError> {
    Ok(Begun {
        options: serde_json::to_string(options).map_err(|_| PasskeyError::Stored)?,
        state: Secret::new(write(state)?),
    })
}

fn write(value: &impl Serialize) -> Result<Vec<u8>, PasskeyError> {
    serde_json::to_vec(value).map_err(|_| PasskeyError::Stored)
}

/// Reads an answer, without what extensions say: it is not signed, and nothing of it is used.
fn read<T: DeserializeOwned>(response: &str) -> Result<T, PasskeyError> {
    if response.len() > LONGEST_RESPONSE {
        return Err(PasskeyError::Malformed);
    }
    let mut value: Value = serde_json::from_str(response).map_err(|_| PasskeyError::Malformed)?;
    let object = value.as_object_mut().ok_or(PasskeyError::Malformed)?;
    object.remove("extensions");
    object.insert("clientExtensionResults".into(), serde_json::json!({}));
    serde_json::from_value(value).map_err(|_| PasskeyError::Malformed)
}

/// What the browser says about the page that asked, as far as the library does not look at it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// Refuses an answer that was made in a frame of another site (WebAuthn, section 7.2, step 13).
fn client(client_data: &[u8], kind: &str) -> Result<(), PasskeyError> {
    let client: Client =
        serde_json::from_slice(client_data).map_err(|_| PasskeyError::Malformed)?;
    if client.cross_origin || client.top_origin.is_some() {
        return Err(PasskeyError::Site);
    }
    if kind != "public-key" {
        return Err(PasskeyError::Malformed);
    }
    Ok(())
}

fn claim(response: &PublicKeyCredential) -> Result<Claim, PasskeyError> {
    let handle = response.response.user_handle.clone();
    let user = handle.and_then(|handle| handle.try_into().ok());
    let credential_id = BASE64.encode(&response.raw_id);
    if response.id != credential_id {
        return Err(PasskeyError::Malformed);
    }
    Ok(Claim {
        user: user.map(UserId).ok_or(PasskeyError::Malformed)?,
        credential_id,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it is the end of it")]
fn refusal(error: WebauthnError) -> PasskeyError {
    match error {
        WebauthnError::InvalidClientDataType | WebauthnError::MismatchedChallenge => {
            PasskeyError::Ceremony
        }
        WebauthnError::InvalidRPOrigin
        | WebauthnError::InvalidRPIDHash
        | WebauthnError::CredentialCrossOrigin => PasskeyError::Site,
        WebauthnError::UserNotPresent | WebauthnError::UserNotVerified => PasskeyError::Unverified,
        WebauthnError::CredentialNotFound => PasskeyError::Credential,
        WebauthnError::AuthenticationFailure | WebauthnError::SignatureInvalid => {
            PasskeyError::Signature
        }
        WebauthnError::CredentialPossibleCompromise => PasskeyError::Counter,
        WebauthnError::AttestationNotSupported => PasskeyError::Attestation,
        WebauthnError::ParseBase64Failure(_)
        | WebauthnError::ParseCBORFailure(_)
        | WebauthnError::ParseJSONFailure(_)
        | WebauthnError::ParseNOMFailure
        | WebauthnError::ParseInsufficientBytesAvailable
        | WebauthnError::InvalidUsername => PasskeyError::Malformed,
        _ => PasskeyError::Refused,
    }
}

#[cfg(test)]
#[path = "passkey_tests.rs"]
mod tests;
