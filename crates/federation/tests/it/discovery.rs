//! What a provider may say of itself, and where it may be.

use std::time::Duration;

use latchkey_federation::{Client, FederationError, Metadata, Options, Part};
use serde_json::{Value, json};

use crate::client;
use crate::double::{Answer, Double, METADATA};

async fn discovered(change: impl FnOnce(&mut Value)) -> Result<Metadata, FederationError> {
    let double = Double::start().await;
    let mut document = double.metadata();
    change(&mut document);
    double.answer(METADATA, Answer::json(200, &document));
    client(Duration::from_secs(1))
        .discover(&double.issuer)
        .await
}

#[tokio::test]
async fn metadata_are_those_of_the_issuer_letter_by_letter() {
    let other = FederationError::Metadata("they name another issuer");
    for change in ["/", "#", "?a", "x"] {
        let outcome = discovered(|m| {
            m["issuer"] = json!(format!("{}{change}", m["issuer"].as_str().expect("text")));
        })
        .await;
        assert_eq!(outcome, Err(other), "{change}");
    }
    // An issuer with a path keeps it, and a slash at its end is not doubled.
    let double = Double::start().await;
    for path in ["/tenant", "/tenant/"] {
        let issuer = format!("{}{path}", double.issuer);
        let mut document = double.metadata();
        document["issuer"] = json!(issuer);
        double.answer(
            "/tenant/.well-known/openid-configuration",
            Answer::json(200, &document),
        );
        let metadata = client(Duration::from_secs(1)).discover(&issuer).await;
        assert_eq!(metadata.expect("metadata").issuer(), issuer);
    }
}

#[tokio::test]
async fn metadata_that_ask_for_what_is_not_done_are_refused() {
    for (name, value, right) in [
        ("response_types_supported", json!(["id_token"]), false),
        ("code_challenge_methods_supported", json!(["plain"]), false),
        (
            "code_challenge_methods_supported",
            json!(["plain", "S256"]),
            true,
        ),
        (
            "id_token_signing_alg_values_supported",
            json!(["HS256", "none"]),
            false,
        ),
        (
            "id_token_signing_alg_values_supported",
            json!(["HS256", "ES256"]),
            true,
        ),
        (
            "token_endpoint_auth_methods_supported",
            json!(["private_key_jwt"]),
            false,
        ),
        (
            "token_endpoint_auth_methods_supported",
            json!(["client_secret_post"]),
            true,
        ),
    ] {
        let outcome = discovered(|m| m[name] = value.clone()).await;
        if right {
            assert!(outcome.is_ok(), "{name} {value}: {outcome:?}");
        } else {
            assert!(
                matches!(outcome, Err(FederationError::Metadata(_))),
                "{name} {value}: {outcome:?}"
            );
        }
    }
    for (name, part) in [
        ("authorization_endpoint", Part::Authorization),
        ("token_endpoint", Part::Token),
        ("jwks_uri", Part::Keys),
        ("userinfo_endpoint", Part::UserInfo),
    ] {
        for address in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "http://id.example/",
        ] {
            let outcome = discovered(|m| m[name] = json!(address)).await;
            assert_eq!(outcome, Err(FederationError::Address(part)), "{address}");
        }
    }
    let outcome = discovered(|m| *m = json!([])).await;
    assert!(matches!(outcome, Err(FederationError::Metadata(_))));
}

#[tokio::test]
async fn an_answer_has_at_most_256_kib() {
    let double = Double::start().await;
    let client = client(Duration::from_secs(5));
    let mut body = double.metadata().to_string().into_bytes();
    body.resize(256 * 1024, b' ');
    double.answer(METADATA, Answer::With(200, String::new(), body.clone()));
    assert!(client.discover(&double.issuer).await.is_ok());
    body.push(b' ');
    double.answer(METADATA, Answer::With(200, String::new(), body));
    assert_eq!(
        client.discover(&double.issuer).await,
        Err(FederationError::Answer(
            Part::Metadata,
            "the answer is too long"
        ))
    );
}

#[tokio::test]
async fn private_addresses_and_plain_http_are_the_operator_s_choice() {
    let strict = Client::new(&Options::default()).expect("a client");
    for issuer in [
        "http://id.example",
        "http://127.0.0.1:1",
        "https://127.0.0.1:1",
        "https://localhost:1",
        "https://[::1]:1",
        "https://10.0.0.1",
        "https://169.254.169.254/latest/meta-data",
        "https://user:pass@id.example",
        "https://id.example/?a=b",
        "https://id.example/#a",
        "id.example",
        "",
    ] {
        assert_eq!(
            strict.discover(issuer).await,
            Err(FederationError::Address(Part::Metadata)),
            "{issuer}"
        );
    }
}
