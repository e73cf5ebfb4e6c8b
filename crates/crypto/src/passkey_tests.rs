use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::testing::{Authenticator, Seeded, Twist};

const ORIGIN: &str = "https://reset.contoso.com";

fn site() -> Passkeys {
    Passkeys::new("reset.contoso.com", ORIGIN, "Contoso").unwrap()
}

fn user(number: u8) -> UserId {
    UserId::parse(&format!("0190d4a8-0000-7000-8000-0000000000{number:02x}")).unwrap()
}

fn entropy() -> Seeded {
    Seeded::new(7)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A user with one passkey.
struct Person {
    site: Passkeys,
    entropy: Seeded,
    device: Authenticator,
    user: UserId,
    passkey: NewPasskey,
}

impl Person {
    fn new(user: UserId) -> Self {
        Self::registered(user, Twist::Right).unwrap()
    }

    fn registered(user: UserId, twist: Twist) -> Result<Self, PasskeyError> {
        let (site, entropy) = (site(), Seeded::new(u64::from(user.0.as_bytes()[15])));
        let mut device = Authenticator::new(ORIGIN);
        let begun = site.begin_registration(&entropy, user, "ada@contoso.com", "Ada", &[])?;
        let answer = device.create_twisted(&begun.options, twist);
        let passkey = site.finish_registration(begun.state.expose(), &answer)?;
        Ok(Self {
            site,
            entropy,
            device,
            user,
            passkey,
        })
    }

    fn sign_in(&mut self, twist: Twist) -> Result<Option<Vec<u8>>, PasskeyError> {
        let begun = self.site.begin(&self.entropy)?;
        let answer = self.device.get_twisted(&begun.options, twist);
        self.finish(&begun, &answer)
    }

    fn finish(&self, begun: &Begun, answer: &str) -> Result<Option<Vec<u8>>, PasskeyError> {
        self.site
            .finish(begun.state.expose(), answer, self.user, &self.passkey.data)
    }
}

fn refused(twist: Twist) -> PasskeyError {
    Person::new(user(1)).sign_in(twist).unwrap_err()
}

fn refused_new(twist: Twist) -> PasskeyError {
    Person::registered(user(1), twist).err().unwrap()
}

#[test]
fn the_options_to_register_ask_for_a_passkey_that_verifies_its_user_and_attests_nothing() {
    let other = BASE64.encode([9; 16]);
    let begun = site()
        .begin_registration(
            &entropy(),
            user(1),
            "ada@contoso.com",
            "Ada Lovelace",
            std::slice::from_ref(&other),
        )
        .unwrap();
    let mut options = json(&begun.options);
    let challenge = options["challenge"].take();
    assert_eq!(
        BASE64.decode(challenge.as_str().unwrap()).unwrap(),
        random_bytes::<32>(&entropy())
    );
    assert_eq!(
        options,
        serde_json::json!({
            "challenge": null,
            "rp": { "id": "reset.contoso.com", "name": "Contoso" },
            "user": {
                "id": BASE64.encode(user(1).0.as_bytes()),
                "name": "ada@contoso.com",
                "displayName": "Ada Lovelace",
            },
            "pubKeyCredParams": [
                { "type": "public-key", "alg": -7 },
                { "type": "public-key", "alg": -35 },
                { "type": "public-key", "alg": -257 },
            ],
            "timeout": 300_000,
            "excludeCredentials": [{ "type": "public-key", "id": other }],
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            },
            "attestation": "none",
            "extensions": {
                "credentialProtectionPolicy": "userVerificationRequired",
                "enforceCredentialProtectionPolicy": false,
            },
        })
    );
}

#[test]
fn the_options_to_sign_in_name_no_credential() {
    let begun = site().begin(&entropy()).unwrap();
    let mut options = json(&begun.options);
    assert_eq!(options["challenge"].take().as_str().unwrap().len(), 43);
    assert_eq!(
        options,
        serde_json::json!({
            "challenge": null,
            "rpId": "reset.contoso.com",
            "allowCredentials": [],
            "userVerification": "required",
            "timeout": 300_000,
        })
    );
}

#[test]
fn every_ceremony_has_a_challenge_of_its_own() {
    let (site, entropy) = (site(), entropy());
    let challenge = |begun: Begun| {
        json(&begun.options)["challenge"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let one = challenge(site.begin(&entropy).unwrap());
    let two = challenge(site.begin(&entropy).unwrap());
    assert_ne!(one, two);
}

#[test]
fn a_passkey_that_was_registered_proves_its_user_again_and_again() {
    let mut ada = Person::new(user(1));
    for _ in 0..3 {
        let begun = ada.site.begin(&ada.entropy).unwrap();
        let answer = ada.device.get(&begun.options);
        assert_eq!(
            Passkeys::whose(&answer).unwrap(),
            Claim {
                user: user(1),
                credential_id: ada.passkey.credential_id.clone()
            }
        );
        ada.passkey.data = ada.finish(&begun, &answer).unwrap().unwrap();
    }
}

#[test]
fn what_a_device_made_for_another_site_or_in_a_frame_is_refused() {
    for twist in [
        Twist::Origin("https://reset.contoso.com.evil.example"),
        Twist::Origin("https://contoso.com"),
        Twist::Origin("https://a.reset.contoso.com"),
        Twist::Origin("http://reset.contoso.com"),
        Twist::Origin("https://reset.contoso.com:8443"),
        Twist::Origin("android:apk-key-hash:AAAA"),
        Twist::RpId("contoso.com"),
        Twist::RpId("evil.example"),
        Twist::Framed,
        Twist::TopOrigin("https://evil.example"),
    ] {
        assert_eq!(refused(twist), PasskeyError::Site, "{twist:?}");
        assert_eq!(refused_new(twist), PasskeyError::Site, "{twist:?}");
    }
}

#[test]
fn a_device_that_verified_nobody_or_saw_nobody_is_refused() {
    for twist in [Twist::Unverified, Twist::Absent] {
        assert_eq!(refused(twist), PasskeyError::Unverified, "{twist:?}");
        assert_eq!(refused_new(twist), PasskeyError::Unverified, "{twist:?}");
    }
}

#[test]
fn an_answer_to_another_challenge_is_refused() {
    let foreign = BASE64.encode([1; 32]);
    for twist in [
        Twist::Challenge(&foreign),
        Twist::Challenge(""),
        Twist::Kind("payment.get"),
    ] {
        assert_eq!(refused(twist), PasskeyError::Ceremony, "{twist:?}");
        assert_eq!(refused_new(twist), PasskeyError::Ceremony, "{twist:?}");
    }
    assert_eq!(
        refused(Twist::Kind("webauthn.create")),
        PasskeyError::Ceremony
    );
    assert_eq!(
        refused_new(Twist::Kind("webauthn.get")),
        PasskeyError::Ceremony
    );
}

#[test]
fn an_answer_is_no_good_for_the_next_ceremony() {
    let mut ada = Person::new(user(1));
    let first = ada.site.begin(&ada.entropy).unwrap();
    let answer = ada.device.get(&first.options);
    let second = ada.site.begin(&ada.entropy).unwrap();
    assert_eq!(ada.finish(&second, &answer), Err(PasskeyError::Ceremony));
    assert!(ada.finish(&first, &answer).is_ok());
    // With what was stored after it, not even for its own.
    ada.passkey.data = ada.finish(&first, &answer).unwrap().unwrap();
    assert_eq!(ada.finish(&first, &answer), Err(PasskeyError::Counter));
}

#[test]
fn a_state_is_good_for_its_own_kind_of_ceremony_only() {
    let mut ada = Person::new(user(1));
    let begin = ada.site.begin(&ada.entropy).unwrap();
    let new = ada
        .site
        .begin_registration(&ada.entropy, user(1), "ada@contoso.com", "Ada", &[])
        .unwrap();
    let answer = ada.device.get(&begin.options);
    assert_eq!(ada.finish(&new, &answer), Err(PasskeyError::Stored));
    let answer = ada.device.create(&new.options);
    assert_eq!(
        ada.site.finish_registration(begin.state.expose(), &answer),
        Err(PasskeyError::Stored)
    );
}

#[test]
fn a_passkey_of_somebody_else_is_refused() {
    let mut ada = Person::new(user(1));
    let mut bob = Person::new(user(2));
    // Bob's device, for Ada's row.
    let begun = ada.site.begin(&ada.entropy).unwrap();
    let answer = bob.device.get(&begun.options);
    assert_eq!(ada.finish(&begun, &answer), Err(PasskeyError::Credential));
    // Bob's device, which says that its passkey is Ada's.
    let handle = BASE64.encode(ada.user.0.as_bytes());
    let twist = Twist::UserHandle(&handle);
    let answer = bob.device.get_twisted(&begun.options, twist);
    assert_eq!(ada.finish(&begun, &answer), Err(PasskeyError::Credential));
    assert_eq!(bob.finish(&begun, &answer), Err(PasskeyError::Credential));
    // And one that says that it is Ada's very passkey.
    let id = ada.passkey.credential_id.clone();
    let answer = bob.device.get_twisted(&begun.options, Twist::Id(&id));
    assert_eq!(ada.finish(&begun, &answer), Err(PasskeyError::Credential));
    let mut answer = json(&answer);
    answer["response"]["userHandle"] = handle.into();
    let answer = answer.to_string();
    assert_eq!(ada.finish(&begun, &answer), Err(PasskeyError::Signature));
    // Whereas Ada's own is right.
    let answer = ada.device.get(&begun.options);
    assert!(ada.finish(&begun, &answer).is_ok());
}

#[test]
fn an_answer_must_say_whose_passkey_it_is() {
    for handle in ["", "AAAA", "AAAAAAAAAAAAAAAAAAAAAAAA"] {
        let twist = Twist::UserHandle(handle);
        assert_eq!(refused(twist), PasskeyError::Malformed, "{handle}");
    }
}

#[test]
fn a_passkey_whose_id_is_not_the_one_that_was_made_is_refused() {
    let other = BASE64.encode([1; 32]);
    assert_eq!(refused(Twist::Id(&other)), PasskeyError::Credential);
    assert_eq!(refused_new(Twist::Id(&other)), PasskeyError::Credential);
}

#[test]
fn an_answer_with_two_ids_or_of_another_type_is_malformed() {
    let mut ada = Person::new(user(1));
    let begun = ada.site.begin(&ada.entropy).unwrap();
    let right = ada.device.get(&begun.options);
    for (field, value) in [("id", BASE64.encode([1; 32])), ("type", "password".into())] {
        let mut answer = json(&right);
        answer[field] = value.into();
        let answer = answer.to_string();
        assert_eq!(
            ada.finish(&begun, &answer),
            Err(PasskeyError::Malformed),
            "{field}"
        );
    }
    assert!(ada.finish(&begun, &right).is_ok());
}

#[test]
fn a_counter_must_go_up_once_it_counts() {
    let mut ada = Person::new(user(1));
    ada.passkey.data = ada.sign_in(Twist::Counter(5)).unwrap().unwrap();
    for count in [0, 4, 5] {
        let refused = ada.sign_in(Twist::Counter(count));
        assert_eq!(refused, Err(PasskeyError::Counter), "{count}");
    }
    assert!(ada.sign_in(Twist::Counter(6)).unwrap().is_some());
}

#[test]
fn a_passkey_that_does_not_count_is_good_and_there_is_nothing_new_to_store() {
    let mut ada = Person::new(user(1));
    assert_eq!(ada.sign_in(Twist::Counter(0)), Ok(None));
    assert_eq!(ada.sign_in(Twist::Counter(0)), Ok(None));
}

#[test]
fn a_passkey_does_not_become_one_that_can_be_copied() {
    assert_eq!(refused(Twist::Synchronised), PasskeyError::Refused);
    let mut ada = Person::registered(user(1), Twist::Synchronised).unwrap();
    assert!(ada.sign_in(Twist::Synchronised).is_ok());
    assert_eq!(ada.sign_in(Twist::Right), Err(PasskeyError::Refused));
}

#[test]
fn an_altered_signature_or_altered_signed_data_is_refused() {
    let refused = refused(Twist::Signature);
    // One bit of the last byte: still a signature, but a wrong one.
    assert_eq!(refused, PasskeyError::Signature);
    let mut ada = Person::new(user(1));
    let begun = ada.site.begin(&ada.entropy).unwrap();
    let mut answer = json(&ada.device.get(&begun.options));
    let data = answer["response"]["authenticatorData"].as_str().unwrap();
    let mut data = BASE64.decode(data).unwrap();
    data[36] ^= 2;
    answer["response"]["authenticatorData"] = BASE64.encode(data).into();
    assert_eq!(
        ada.finish(&begun, &answer.to_string()),
        Err(PasskeyError::Signature)
    );
}

#[test]
fn an_attestation_that_names_its_maker_is_refused() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let key = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        &key.serialize_der(),
    )
    .unwrap();
    let certified = Twist::Certified(&key, certificate.der());
    assert_eq!(refused_new(certified), PasskeyError::Attestation);
}

#[test]
fn an_attestation_that_is_unknown_or_says_nothing_is_refused() {
    for format in ["android-safetynet", "compound", "", "None"] {
        let refused = refused_new(Twist::Attested(format));
        assert_eq!(refused, PasskeyError::Attestation, "{format}");
    }
    for format in ["packed", "tpm", "apple", "android-key", "fido-u2f"] {
        let refused = refused_new(Twist::Attested(format));
        assert_eq!(refused, PasskeyError::Refused, "{format}");
    }
}

#[test]
fn a_passkey_may_attest_itself() {
    let mut ada = Person::registered(user(1), Twist::SelfAttested).unwrap();
    assert!(ada.sign_in(Twist::Right).is_ok());
}

#[test]
fn a_passkey_that_the_user_has_already_is_not_registered_again() {
    let (site, entropy) = (site(), entropy());
    let mut device = Authenticator::new(ORIGIN);
    let begin = |exclude: &[String]| {
        site.begin_registration(&entropy, user(1), "ada@contoso.com", "Ada", exclude)
            .unwrap()
    };
    let begun = begin(&[]);
    let answer = device.create(&begun.options);
    let id = Passkeys::finish_registration(&site, begun.state.expose(), &answer)
        .unwrap()
        .credential_id;
    // The same answer in a ceremony with the same challenge, which excludes it.
    let begun = site
        .begin_registration(&self::entropy(), user(1), "ada@contoso.com", "Ada", &[id])
        .unwrap();
    assert_eq!(
        site.finish_registration(begun.state.expose(), &answer),
        Err(PasskeyError::Refused)
    );
}

#[test]
fn what_extensions_say_does_not_matter() {
    let mut ada = Person::new(user(1));
    let begun = ada.site.begin(&ada.entropy).unwrap();
    let mut answer = json(&ada.device.get(&begun.options));
    answer["clientExtensionResults"] = serde_json::json!({ "appid": 3, "prf": { "x": [] } });
    answer["extensions"] = serde_json::json!("odd");
    assert!(ada.finish(&begun, &answer.to_string()).is_ok());
}

#[test]
fn an_answer_of_16_kb_is_read_and_one_byte_more_is_not() {
    let mut ada = Person::new(user(1));
    let begun = ada.site.begin(&ada.entropy).unwrap();
    let answer = ada.device.get(&begun.options);
    let padded = |length| format!("{answer:<length$}");
    assert_eq!(padded(16_384).len(), 16_384);
    assert!(ada.finish(&begun, &padded(16_384)).is_ok());
    assert!(Passkeys::whose(&padded(16_384)).is_ok());
    let long = padded(16_385);
    assert_eq!(ada.finish(&begun, &long), Err(PasskeyError::Malformed));
    assert_eq!(Passkeys::whose(&long), Err(PasskeyError::Malformed));
}

#[test]
fn stored_halves_that_are_not_ours_are_refused() {
    let mut ada = Person::new(user(1));
    let begun = ada.site.begin(&ada.entropy).unwrap();
    let answer = ada.device.get(&begun.options);
    for state in [&b""[..], b"{}", b"null", &ada.passkey.data] {
        let refused = ada.site.finish(state, &answer, ada.user, &ada.passkey.data);
        assert_eq!(refused, Err(PasskeyError::Stored));
    }
    for data in [&b""[..], b"{}", b"null", begun.state.expose()] {
        let refused = ada
            .site
            .finish(begun.state.expose(), &answer, ada.user, data);
        assert_eq!(refused, Err(PasskeyError::Stored));
    }
}

#[test]
fn a_site_needs_https_and_a_host_or_localhost() {
    let new = |id, origin| Passkeys::new(id, origin, "Contoso").is_ok();
    assert!(new("reset.contoso.com", "https://reset.contoso.com"));
    assert!(new("contoso.com", "https://reset.contoso.com:8443"));
    assert!(new("localhost", "http://localhost:8480"));
    assert!(!new("reset.contoso.com", "http://reset.contoso.com"));
    assert!(!new("127.0.0.1", "https://127.0.0.1"));
    assert!(!new("0.1", "https://127.0.0.1"));
    assert!(!new("[::1]", "https://[::1]"));
    assert!(!new("toso.com", "https://contoso.com"));
    assert!(!new("a.contoso.com", "https://contoso.com"));
    assert!(!new("", "https://contoso.com"));
    assert!(!new(".com", "https://contoso.com"));
    assert!(!new("contoso.com", "https://contoso.com/reset"));
    assert!(!new("contoso.com", "https://me@contoso.com"));
    assert!(!new("contoso.com", "contoso.com"));
    assert!(!new("contoso.com", "ftp://contoso.com"));
    assert!(!new("contoso.com", ""));
}

/// Changes one place of a text: a value in its JSON, or a byte of one of its base64url values.
fn damaged(answer: &str, field: &str, at: usize, byte: u8) -> String {
    let mut answer = json(answer);
    let value = &mut answer["response"][field];
    let mut bytes = BASE64.decode(value.as_str().unwrap()).unwrap();
    let length = bytes.len();
    if at.is_multiple_of(7) {
        bytes.truncate(at % length);
    } else {
        bytes[at % length] = byte;
    }
    *value = BASE64.encode(bytes).into();
    answer.to_string()
}

proptest! {
    #[test]
    fn no_answer_panics(answer in ".{0,200}|\\{\"id\":\".{0,9}\",\"rawId\":\"A{0,9}\"\\}") {
        let site = site();
        let begun = site.begin(&entropy()).unwrap();
        let data = Person::new(user(1)).passkey.data;
        prop_assert!(Passkeys::whose(&answer).is_err());
        prop_assert!(site.finish(begun.state.expose(), &answer, user(1), &data).is_err());
        prop_assert!(site.finish_registration(begun.state.expose(), &answer).is_err());
    }

    #[test]
    fn no_damage_to_an_assertion_panics_or_goes_unnoticed(
        field in prop::sample::select(vec!["authenticatorData", "clientDataJSON", "signature"]),
        at in 0usize..400,
        byte: u8,
    ) {
        let mut ada = Person::new(user(1));
        let begun = ada.site.begin(&ada.entropy).unwrap();
        let answer = ada.device.get(&begun.options);
        let damaged = damaged(&answer, field, at, byte);
        if json(&damaged) != json(&answer) {
            prop_assert!(ada.finish(&begun, &damaged).is_err());
        }
    }

    #[test]
    fn no_damage_to_a_registration_panics(
        field in prop::sample::select(vec!["attestationObject", "clientDataJSON"]),
        at in 0usize..400,
        byte: u8,
        format in prop::sample::select(vec!["none", "packed", "tpm", "apple", "fido-u2f", "android-key"]),
    ) {
        let (site, entropy) = (site(), entropy());
        let begun = site.begin_registration(&entropy, user(1), "ada", "Ada", &[]).unwrap();
        let mut device = Authenticator::new(ORIGIN);
        let answer = device.create_twisted(&begun.options, Twist::Attested(format));
        let damaged = damaged(&answer, field, at, byte);
        // A key nobody signs with may still be one: then only its own user cannot use it.
        let _ = site.finish_registration(begun.state.expose(), &damaged);
    }

    #[test]
    fn no_cbor_panics(object in prop::collection::vec(any::<u8>(), 0..200)) {
        let (site, entropy) = (site(), entropy());
        let begun = site.begin_registration(&entropy, user(1), "ada", "Ada", &[]).unwrap();
        let mut answer = json(&Authenticator::new(ORIGIN).create(&begun.options));
        answer["response"]["attestationObject"] = BASE64.encode(object).into();
        prop_assert!(site.finish_registration(begun.state.expose(), &answer.to_string()).is_err());
    }
}
