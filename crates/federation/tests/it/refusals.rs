//! What a provider may say and what not.

use std::time::Duration;

use latchkey_federation::{
    Begun, Callback, Claims, Client, Expected, FederationError, Metadata, Part, Registration,
    Request, Retry, TokenProblem, Trouble, begin,
};
use latchkey_types::{Secret, Timestamp};
use serde_json::{Value, json};

use crate::double::{Answer, Double, METADATA};
use crate::keys::{Keys, encode};
use crate::{Counting, client};

const NOW: i64 = 1_795_000_000;
const US: &str = "our client";

/// A sign-in at the double, up to the moment when the browser is back.
struct SignIn {
    double: Double,
    client: Client,
    metadata: Metadata,
    begun: Begun,
    registration: Registration,
    callback: Callback,
    max_age: Option<Duration>,
}

impl SignIn {
    async fn new() -> Self {
        Self::with_metadata(|_| ()).await
    }

    async fn with_metadata(change: impl FnOnce(&mut Value)) -> Self {
        let double = Double::start().await;
        let mut document = double.metadata();
        change(&mut document);
        double.answer(METADATA, Answer::json(200, &document));
        let client = client(Duration::from_secs(1));
        let metadata = client.discover(&double.issuer).await.expect("metadata");
        let request = Request {
            client_id: US,
            redirect_uri: "https://portal.example/sign-in/federated",
            login_hint: None,
            max_age: None,
        };
        Self {
            begun: begin(&metadata, &request, &Counting::default()),
            registration: Registration {
                client_id: US.into(),
                secret: Secret::new("the s3cret".into()),
                redirect_uri: request.redirect_uri.into(),
                name_claim: "upn".into(),
            },
            callback: Callback {
                code: Secret::new("the-c0de".into()),
                iss: None,
            },
            max_age: None,
            double,
            client,
            metadata,
        }
    }

    fn claims(&self) -> Value {
        json!({
            "iss": self.double.issuer, "sub": "7f1c", "aud": US, "exp": NOW + 300, "iat": NOW,
            "nonce": self.begun.nonce.expose(), "upn": "ada@contoso.example",
        })
    }

    /// The claims with something changed, signed as they should be.
    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = self.claims();
        change(&mut claims);
        Keys::right().sign("RS256", &json!({"alg": "RS256", "kid": "r"}), &claims)
    }

    async fn finish(&self) -> Result<Claims, FederationError> {
        let expected = Expected {
            nonce: self.begun.nonce.clone(),
            verifier: self.begun.verifier.clone(),
            max_age: self.max_age,
        };
        let now = Timestamp::from_seconds(NOW);
        self.client
            .finish(
                &self.metadata,
                &self.registration,
                &self.callback,
                &expected,
                now,
            )
            .await
    }

    /// What comes of a token.
    async fn outcome(&self, token: &str) -> Result<Claims, FederationError> {
        let answer = json!({"id_token": token, "access_token": "acc3ss", "token_type": "Bearer"});
        self.double.answer("/token", Answer::json(200, &answer));
        self.finish().await
    }

    /// What comes of a token in which something is changed.
    async fn with(&self, change: impl FnOnce(&mut Value)) -> Result<Claims, FederationError> {
        self.outcome(&self.token(change)).await
    }
}

fn wrong(problem: TokenProblem) -> Result<Claims, FederationError> {
    Err(FederationError::Token(problem))
}

#[tokio::test]
async fn a_right_answer_says_who_it_is() {
    let sign_in = SignIn::new().await;
    let claims = sign_in
        .with(|claims| {
            claims["auth_time"] = json!(NOW - 5);
            claims["acr"] = json!("high");
            claims["amr"] = json!(["pwd", "otp"]);
        })
        .await
        .expect("claims");
    let expected = Claims {
        issuer: sign_in.double.issuer.clone(),
        subject: "7f1c".into(),
        name: Some("ada@contoso.example".into()),
        auth_time: Some(Timestamp::from_seconds(NOW - 5)),
        acr: Some("high".into()),
        amr: vec!["pwd".into(), "otp".into()],
    };
    assert_eq!(claims, expected);
    let [request] = &sign_in.double.requests("/token")[..] else {
        panic!("one request")
    };
    let head = request.head.to_ascii_lowercase();
    assert!(head.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"));
    // "our client:the s3cret", each encoded before.
    assert!(request.head.contains("Basic b3VyK2NsaWVudDp0aGUrczNjcmV0"));
    let verifier = sign_in.begun.verifier.expose();
    assert_eq!(
        request.body,
        format!(
            "grant_type=authorization_code&code=the-c0de\
             &redirect_uri=https%3A%2F%2Fportal.example%2Fsign-in%2Ffederated&code_verifier={verifier}"
        )
    );
}

#[tokio::test]
async fn every_algorithm_that_is_allowed_is_checked_with_its_own_kind_of_key() {
    let sign_in = SignIn::new().await;
    let claims = sign_in.claims();
    for (alg, kid) in [("RS256", "r"), ("ES256", "e"), ("EdDSA", "d")] {
        let header = json!({"alg": alg, "kid": kid, "typ": "JWT"});
        let token = Keys::right().sign(alg, &header, &claims);
        assert!(sign_in.outcome(&token).await.is_ok(), "{alg}");
        // Without an id: there is one key of each kind.
        let token = Keys::right().sign(alg, &json!({"alg": alg}), &claims);
        assert!(sign_in.outcome(&token).await.is_ok(), "{alg} without kid");
        let token = Keys::wrong().sign(alg, &header, &claims);
        assert_eq!(
            sign_in.outcome(&token).await,
            wrong(TokenProblem::Signature),
            "{alg} by somebody else"
        );
        for (other, _) in [("RS256", "r"), ("ES256", "e"), ("EdDSA", "d")] {
            let header = json!({"alg": other, "kid": kid});
            let outcome = sign_in
                .outcome(&Keys::right().sign(alg, &header, &claims))
                .await;
            assert_eq!(
                outcome.is_ok(),
                alg == other,
                "{alg} as {other}: {outcome:?}"
            );
        }
    }
}

#[tokio::test]
async fn no_signature_and_shared_secrets_are_no_algorithms() {
    let sign_in = SignIn::new().await;
    let claims = sign_in.claims();
    for alg in ["none", "None", "", "HS256", "RS1", "PS256", "rs256"] {
        for kid in [json!("r"), Value::Null] {
            let header = json!({"alg": alg, "kid": kid});
            let token = Keys::right().sign(alg, &header, &claims);
            assert_eq!(
                sign_in.outcome(&token).await,
                wrong(TokenProblem::Algorithm),
                "{alg}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_brings_no_key_of_its_own() {
    let sign_in = SignIn::new().await;
    let header =
        json!({"alg": "RS256", "jwk": Keys::wrong().rsa_jwk(), "jku": "http://127.0.0.1:1/"});
    let token = Keys::wrong().sign("RS256", &header, &sign_in.claims());
    assert_eq!(
        sign_in.outcome(&token).await,
        wrong(TokenProblem::Signature)
    );
}

#[tokio::test]
async fn a_key_is_the_one_that_the_token_names_and_that_is_for_signing() {
    let sign_in = SignIn::new().await;
    let right = Keys::right();
    let unknown = right.sign(
        "RS256",
        &json!({"alg": "RS256", "kid": "x"}),
        &sign_in.claims(),
    );
    assert_eq!(sign_in.outcome(&unknown).await, wrong(TokenProblem::Key));
    let token = sign_in.token(|_| ());
    for (name, value) in [
        ("use", json!("enc")),
        ("alg", json!("PS256")),
        ("key_ops", json!(["encrypt"])),
        ("kty", json!("oct")),
    ] {
        let mut key = right.rsa_jwk();
        key[name] = value;
        sign_in
            .double
            .answer("/jwks", Answer::json(200, &json!({"keys": [key]})));
        assert_eq!(
            sign_in.outcome(&token).await,
            wrong(TokenProblem::Key),
            "{name}"
        );
    }
    // Two that fit, and the token does not say which.
    let both = json!({"keys": [right.rsa_jwk(), Keys::wrong().rsa_jwk()]});
    sign_in.double.answer("/jwks", Answer::json(200, &both));
    let unnamed = right.sign("RS256", &json!({"alg": "RS256"}), &sign_in.claims());
    assert_eq!(sign_in.outcome(&unnamed).await, wrong(TokenProblem::Key));
}

#[tokio::test]
async fn zeros_before_a_modulus_are_nothing() {
    let sign_in = SignIn::new().await;
    let mut long = Keys::right().rsa_jwk();
    long["n"] = json!(encode([&[0], &Keys::right().modulus()[..]].concat()));
    sign_in
        .double
        .answer("/jwks", Answer::json(200, &json!({"keys": [long]})));
    assert!(sign_in.with(|_| ()).await.is_ok());
}

#[tokio::test]
async fn what_is_no_signed_token_is_refused() {
    let sign_in = SignIn::new().await;
    let token = sign_in.token(|_| ());
    let claims = sign_in.claims();
    let headed = |header: Value| Keys::right().sign("RS256", &header, &claims);
    for token in [
        String::new(),
        "..".into(),
        token.replace('.', ""),
        format!("{token}="),
        format!("{token}.{token}"),
        headed(json!({"kid": "r"})),
        headed(json!({"alg": "RS256", "kid": "r", "crit": ["b64"], "b64": false})),
        // A token of another kind, signed with the same key.
        headed(json!({"alg": "RS256", "kid": "r", "typ": "at+jwt"})),
        headed(json!({"alg": "RS256", "kid": "r", "typ": "logout+jwt"})),
    ] {
        assert_eq!(
            sign_in.outcome(&token).await,
            wrong(TokenProblem::Form),
            "{token}"
        );
    }
    // Signed by one, but the payload of another.
    let other = sign_in.token(|claims| claims["sub"] = json!("admin"));
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (mine, theirs) = (parts(&token), parts(&other));
    let mixed = format!("{}.{}.{}", mine[0], theirs[1], mine[2]);
    assert_eq!(
        sign_in.outcome(&mixed).await,
        wrong(TokenProblem::Signature)
    );
}

#[tokio::test]
async fn a_token_is_from_this_issuer_for_this_client() {
    let sign_in = SignIn::new().await;
    let issuer = sign_in.double.issuer.clone();
    for other in [
        format!("{issuer}/"),
        issuer.to_uppercase(),
        "https://id.example".into(),
    ] {
        let outcome = sign_in.with(|claims| claims["iss"] = json!(other)).await;
        assert_eq!(outcome, wrong(TokenProblem::Issuer), "{other}");
    }
    for (aud, azp, right) in [
        (json!(US), None, true),
        (json!([US]), None, true),
        (json!([US]), Some(US), true),
        (json!([US, "b"]), Some(US), true),
        (json!([US, "b"]), None, false),
        (json!([US, "b"]), Some("b"), false),
        (json!(US), Some("b"), false),
        (json!("b"), None, false),
        (json!("b"), Some(US), false),
        (json!([]), None, false),
        (json!("our"), None, false),
    ] {
        let outcome = sign_in
            .with(|claims| {
                claims["aud"] = aud.clone();
                if let Some(azp) = azp {
                    claims["azp"] = json!(azp);
                }
            })
            .await;
        if right {
            assert!(outcome.is_ok(), "{aud} {azp:?}: {outcome:?}");
        } else {
            assert_eq!(outcome, wrong(TokenProblem::Audience), "{aud} {azp:?}");
        }
    }
}

#[tokio::test]
async fn clocks_may_be_a_minute_apart() {
    let sign_in = SignIn::new().await;
    for (claim, value, problem) in [
        ("exp", NOW - 59, None),
        ("exp", NOW - 60, Some(TokenProblem::Expired)),
        ("iat", NOW + 60, None),
        ("iat", NOW + 61, Some(TokenProblem::Future)),
        ("nbf", NOW + 60, None),
        ("nbf", NOW + 61, Some(TokenProblem::Future)),
    ] {
        let outcome = sign_in.with(|claims| claims[claim] = json!(value)).await;
        assert_eq!(
            outcome.err(),
            problem.map(FederationError::Token),
            "{claim} {}",
            value - NOW
        );
    }
}

#[tokio::test]
async fn claims_that_every_token_has_are_there_and_of_their_kind() {
    let sign_in = SignIn::new().await;
    for claim in ["iss", "sub", "aud", "exp", "iat"] {
        for value in [None, Some(json!({}))] {
            let outcome = sign_in
                .with(|claims| {
                    claims.as_object_mut().expect("claims").remove(claim);
                    if let Some(value) = value {
                        claims[claim] = value;
                    }
                })
                .await;
            assert_eq!(outcome, wrong(TokenProblem::Form), "{claim}");
        }
    }
    for (length, right) in [(0, false), (1, true), (255, true), (256, false)] {
        let outcome = sign_in
            .with(|claims| claims["sub"] = json!("s".repeat(length)))
            .await;
        assert_eq!(outcome.is_ok(), right, "{length}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_token_of_another_sign_in_is_refused() {
    let sign_in = SignIn::new().await;
    let state = sign_in.begun.state.expose().clone();
    for nonce in [Value::Null, json!(""), json!(state)] {
        let outcome = sign_in.with(|claims| claims["nonce"] = nonce.clone()).await;
        assert_eq!(outcome, wrong(TokenProblem::Nonce), "{nonce}");
        assert_eq!(outcome.map_err(|error| error.retry()), Err(Retry::Again));
    }
}

#[tokio::test]
async fn a_recent_sign_in_that_was_asked_for_has_to_be_shown() {
    let mut sign_in = SignIn::new().await;
    sign_in.max_age = Some(Duration::from_secs(600));
    for (at, right) in [
        (Some(NOW), true),
        (Some(NOW - 660), true),
        (Some(NOW - 661), false),
        (Some(NOW + 60), true),
        (Some(NOW + 61), false),
        (None, false),
    ] {
        let outcome = sign_in
            .with(|claims| {
                if let Some(at) = at {
                    claims["auth_time"] = json!(at);
                }
            })
            .await;
        if right {
            assert!(outcome.is_ok(), "{at:?}: {outcome:?}");
        } else {
            assert_eq!(outcome, wrong(TokenProblem::AuthTime), "{at:?}");
        }
    }
}

#[tokio::test]
async fn a_browser_that_comes_from_another_issuer_gets_no_code_exchanged() {
    let mut sign_in = SignIn::with_metadata(|m| {
        m["authorization_response_iss_parameter_supported"] = json!(true);
    })
    .await;
    for iss in [None, Some("https://id.example".to_owned())] {
        sign_in.callback.iss = iss;
        let outcome = sign_in.with(|_| ()).await;
        assert_eq!(outcome, Err(FederationError::OtherIssuer));
    }
    assert!(sign_in.double.requests("/token").is_empty());
    sign_in.callback.iss = Some(sign_in.double.issuer.clone());
    assert!(sign_in.with(|_| ()).await.is_ok());
    // Also from a provider that did not announce it.
    let mut sign_in = SignIn::new().await;
    sign_in.callback.iss = Some("https://id.example".into());
    let outcome = sign_in.with(|_| ()).await;
    assert_eq!(outcome, Err(FederationError::OtherIssuer));
}

#[tokio::test]
async fn the_name_is_asked_for_if_the_token_has_none() {
    let sign_in = SignIn::with_metadata(|m| {
        let issuer = m["issuer"].as_str().expect("an issuer").to_owned();
        m["userinfo_endpoint"] = json!(format!("{issuer}/userinfo"));
    })
    .await;
    let nameless = |claims: &mut Value| claims["upn"] = Value::Null;
    let info = |body: Value| {
        sign_in.double.answer("/userinfo", Answer::json(200, &body));
    };
    info(json!({"sub": "7f1c", "upn": "ada@contoso.example"}));
    let claims = sign_in.with(nameless).await.expect("claims");
    assert_eq!(claims.name.as_deref(), Some("ada@contoso.example"));
    let [request] = &sign_in.double.requests("/userinfo")[..] else {
        panic!("one request")
    };
    assert!(request.head.contains("Bearer acc3ss"), "{}", request.head);
    // If the token has it, nobody asks.
    sign_in.with(|_| ()).await.expect("claims");
    assert_eq!(sign_in.double.requests("/userinfo").len(), 1);
    info(json!({"sub": "7f1c"}));
    assert_eq!(sign_in.with(nameless).await.expect("claims").name, None);
    for somebody in [json!({"sub": "admin", "upn": "x"}), json!({"upn": "x"})] {
        info(somebody);
        assert_eq!(sign_in.with(nameless).await, wrong(TokenProblem::Subject));
    }
    sign_in.double.answer("/userinfo", Answer::Drop);
    let outcome = sign_in.with(nameless).await;
    let broken = FederationError::Unreachable(Part::UserInfo, Trouble::Broken);
    assert_eq!(outcome, Err(broken));
}

#[tokio::test]
async fn a_mail_address_that_the_provider_does_not_vouch_for_is_no_name() {
    let mut sign_in = SignIn::new().await;
    sign_in.registration.name_claim = "email".into();
    for (verified, right) in [
        (Some(json!(true)), true),
        (Some(json!("true")), true),
        (Some(json!(false)), false),
        (Some(json!("false")), false),
        (None, false),
    ] {
        let claims = sign_in
            .with(|claims| {
                claims["email"] = json!("admin@contoso.example");
                if let Some(verified) = &verified {
                    claims["email_verified"] = verified.clone();
                }
            })
            .await
            .expect("claims");
        assert_eq!(claims.name.is_some(), right, "{verified:?}");
    }
}

#[tokio::test]
async fn what_the_token_endpoint_answers() {
    let sign_in = SignIn::new().await;
    let unreachable = FederationError::Unreachable(Part::Token, Trouble::OutOfOrder);
    let odd = FederationError::Answer(Part::Token, "another status than 200");
    for (status, said, expected, retry) in [
        (
            400,
            "invalid_grant",
            FederationError::CodeRefused,
            Retry::Again,
        ),
        (
            400,
            "invalid_client",
            FederationError::ClientRefused,
            Retry::Never,
        ),
        (
            401,
            "invalid_client",
            FederationError::ClientRefused,
            Retry::Never,
        ),
        (
            400,
            "unauthorized_client",
            FederationError::ClientRefused,
            Retry::Never,
        ),
        (401, "", FederationError::ClientRefused, Retry::Never),
        (400, "invalid_request", odd, Retry::Never),
        (404, "", odd, Retry::Never),
        (429, "", unreachable, Retry::Later),
        (503, "", unreachable, Retry::Later),
    ] {
        let body = json!({"error": said, "error_description": "the s3cret the-c0de"});
        sign_in.double.answer("/token", Answer::json(status, &body));
        let error = sign_in.finish().await.expect_err("a refusal");
        assert_eq!((error, error.retry()), (expected, retry), "{status} {said}");
    }
    for body in ["", "{}", "[]", "<html>"] {
        let answer = Answer::With(200, String::new(), body.into());
        sign_in.double.answer("/token", answer);
        assert_eq!(
            sign_in.finish().await,
            Err(FederationError::Answer(Part::Token, "no ID token in it"))
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let sign_in = SignIn::new().await;
    let elsewhere = format!("location: {}/elsewhere\r\n", sign_in.double.issuer);
    let redirect = |status| Answer::With(status, elsewhere.clone(), Vec::new());
    for status in [301, 302, 303, 307, 308] {
        sign_in.double.answer("/token", redirect(status));
        let error = FederationError::Answer(Part::Token, "a redirect, which is not followed");
        assert_eq!(sign_in.finish().await, Err(error));
        sign_in.double.answer(METADATA, redirect(status));
        let error = FederationError::Answer(Part::Metadata, "a redirect, which is not followed");
        let outcome = sign_in.client.discover(&sign_in.double.issuer).await;
        assert_eq!(outcome, Err(error));
    }
    assert!(sign_in.double.requests("/elsewhere").is_empty());
}

#[tokio::test]
async fn a_provider_that_is_slow_silent_or_gone_is_unreachable() {
    let sign_in = SignIn::new().await;
    for (answer, trouble) in [
        (Answer::Slow, Trouble::TimedOut),
        (Answer::Hang, Trouble::TimedOut),
        (Answer::Drop, Trouble::Broken),
    ] {
        sign_in.double.answer("/token", answer);
        let error = FederationError::Unreachable(Part::Token, trouble);
        assert_eq!(sign_in.finish().await, Err(error));
        assert_eq!(error.retry(), Retry::Later);
    }
    assert_eq!(
        sign_in.client.discover("http://127.0.0.1:1").await,
        Err(FederationError::Unreachable(
            Part::Metadata,
            Trouble::NoConnection
        ))
    );
}

#[tokio::test]
async fn a_client_that_is_to_post_its_secret_does_so_and_only_then() {
    let methods = json!(["private_key_jwt", "client_secret_post"]);
    let sign_in =
        SignIn::with_metadata(|m| m["token_endpoint_auth_methods_supported"] = methods).await;
    sign_in.with(|_| ()).await.expect("claims");
    let [request] = &sign_in.double.requests("/token")[..] else {
        panic!("one request")
    };
    let end = "&client_id=our+client&client_secret=the+s3cret";
    assert!(request.body.ends_with(end), "{}", request.body);
    assert!(!request.head.to_ascii_lowercase().contains("authorization:"));
}

#[tokio::test]
async fn the_browser_is_sent_with_everything_that_the_flow_needs() {
    let sign_in = SignIn::new().await;
    let request = Request {
        client_id: US,
        redirect_uri: "https://portal.example/sign-in/federated",
        login_hint: Some("ada&bo@contoso.example"),
        max_age: Some(Duration::from_secs(600)),
    };
    let entropy = Counting::default();
    let begun = begin(&sign_in.metadata, &request, &entropy);
    let (state, nonce) = (begun.state.expose(), begun.nonce.expose());
    let url = begun.url.expose();
    let (before, challenge) = url.split_once("&code_challenge=").expect("a challenge");
    assert_eq!(
        before,
        format!(
            "{}/authorize?tenant=1&response_type=code&client_id=our+client\
             &redirect_uri=https%3A%2F%2Fportal.example%2Fsign-in%2Ffederated\
             &scope=openid+profile+email&state={state}&nonce={nonce}",
            sign_in.double.issuer
        )
    );
    assert_eq!(
        &challenge[43..],
        "&code_challenge_method=S256&login_hint=ada%26bo%40contoso.example&max_age=600"
    );
    assert!(!url.contains(begun.verifier.expose().as_str()));
    // Nothing is used twice.
    let again = begin(&sign_in.metadata, &request, &entropy);
    let all = [&begun, &again].map(|b| [&b.state, &b.nonce, &b.verifier]);
    let all: std::collections::BTreeSet<&String> =
        all.iter().flatten().map(|secret| secret.expose()).collect();
    assert_eq!(all.len(), 6);
    assert!(all.iter().all(|secret| secret.len() == 43));
}

#[tokio::test]
async fn nothing_that_prints_holds_a_secret() {
    let mut sign_in = SignIn::new().await;
    let token = sign_in.token(|claims| claims["iss"] = json!("https://id.example"));
    let error = sign_in.outcome(&token).await.expect_err("a refusal");
    sign_in.callback.iss = Some(sign_in.double.issuer.clone());
    let expected = Expected {
        nonce: sign_in.begun.nonce.clone(),
        verifier: sign_in.begun.verifier.clone(),
        max_age: None,
    };
    let printed = format!(
        "{error} {error:?} {:?} {:?} {:?} {expected:?}",
        sign_in.begun, sign_in.registration, sign_in.callback
    );
    for secret in [
        sign_in.begun.state.expose(),
        sign_in.begun.nonce.expose(),
        sign_in.begun.verifier.expose(),
        sign_in.registration.secret.expose(),
        sign_in.callback.code.expose(),
        &token,
    ] {
        assert!(!printed.contains(secret.as_str()), "{printed}");
    }
}
