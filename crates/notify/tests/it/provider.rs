//! Text messages and calls through an HTTPS provider.

use latchkey_notify::{Channel, HttpsProvider, Receipt, Retry, SendError};

use crate::fixture::{call, closed_port, text};
use crate::provider_double::{Answer, Double};

const JSON: &str = r#"
secret = "s3cr3t-k3y"
body = '{"to": {{ to }}, "message": {{ text }}, "language": {{ locale }}, "reference": {{ id }}}'
success_status = [200, 202]
success_contains = "accepted"
success_pointer = "/messages/0/status"
success_equals = "0"
[headers]
Authorization = "Bearer {{ secret }}"
Idempotency-Key = "{{ id }}"
"#;

const ACCEPTED: &str = r#"{"accepted": 1, "messages": [{"status": 0}]}"#;

fn with(status: u16, body: &str) -> Answer {
    Answer::With(status, "content-type: application/json", body.to_owned())
}

async fn outcome(answer: Answer) -> Result<Receipt, SendError> {
    let double = Double::start(answer).await;
    let provider = HttpsProvider::new(double.config(JSON)).expect("a provider");
    provider.send(&text(7, "Contoso: 314159")).await
}

#[tokio::test]
async fn a_text_message_is_posted_as_the_configuration_says() {
    let double = Double::start(with(202, ACCEPTED)).await;
    let provider = HttpsProvider::new(double.config(JSON)).expect("a provider");
    let words = "Contoso\": \"x\n\n@reset.contoso.example #314159";
    let receipt = provider.send(&text(7, words)).await.expect("accepted");
    assert_eq!(receipt.reference.as_deref(), Some(ACCEPTED));
    let [request] = &double.requests()[..] else {
        unreachable!("one request")
    };
    assert!(
        request
            .head
            .starts_with("POST /v1/send?channel=sms HTTP/1.1\r\n"),
        "{}",
        request.head
    );
    let head = request.head.to_ascii_lowercase();
    assert!(
        head.contains("\r\nauthorization: bearer s3cr3t-k3y\r\n"),
        "{head}"
    );
    assert!(
        head.contains("\r\ncontent-type: application/json\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nidempotency-key: 00000000-0000-0000-0000-000000000007\r\n"));
    let body: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!(body["to"], "+31612345678");
    assert_eq!(body["message"], words);
    assert_eq!(body["language"], "sv");
}

#[tokio::test]
async fn a_call_is_posted_as_a_form_with_a_name_and_a_password_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("secret");
    std::fs::write(&file, "pass\n").expect("a file");
    let double = Double::start(with(200, "")).await;
    let config = double.config(&format!(
        "username = \"user\"\nsecret_file = \"{}\"\nformat = \"form\"\n\
         body = \"To={{{{ to }}}}&Say={{{{ text }}}}\"",
        file.display()
    ));
    let provider = HttpsProvider::new(config).expect("a provider");
    provider.send(&call(7, "3, 1 & 4")).await.expect("accepted");
    let [request] = &double.requests()[..] else {
        unreachable!("one request")
    };
    assert_eq!(request.body, "To=%2B31612345678&Say=3%2C%201%20%26%204");
    assert!(
        request.head.contains("Basic dXNlcjpwYXNz"),
        "{}",
        request.head
    );
    assert!(
        request.head.contains("application/x-www-form-urlencoded"),
        "{}",
        request.head
    );
}

#[tokio::test]
async fn what_an_answer_means() {
    for (status, body, expected) in [
        (200, ACCEPTED, None),
        (202, ACCEPTED, None),
        (203, ACCEPTED, Some(Retry::Unknown)),
        // The status says yes and the answer says no.
        (
            200,
            r#"{"accepted": 1, "messages": [{"status": 9}]}"#,
            Some(Retry::Never),
        ),
        (
            200,
            r#"{"accepted": 1, "messages": []}"#,
            Some(Retry::Never),
        ),
        (
            200,
            r#"{"rejected": 1, "messages": [{"status": 0}]}"#,
            Some(Retry::Never),
        ),
        (200, "accepted", Some(Retry::Never)),
        (400, "", Some(Retry::Never)),
        (422, "", Some(Retry::Never)),
        (401, "", Some(Retry::Later)),
        (429, "", Some(Retry::Later)),
        (503, "", Some(Retry::Later)),
        (500, "", Some(Retry::Unknown)),
        (502, "", Some(Retry::Unknown)),
    ] {
        let outcome = outcome(with(status, body)).await;
        assert_eq!(
            outcome.as_ref().err().map(SendError::retry),
            expected,
            "{status} {body}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_provider_that_takes_the_request_and_is_silent_may_have_sent_it() {
    for answer in [Answer::Drop, Answer::Hang] {
        let error = outcome(answer).await.expect_err("no answer");
        assert_eq!(error.retry(), Retry::Unknown, "{error}");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_has_sent_nothing() {
    let double = Double::start(Answer::Drop).await;
    let mut config = double.config(JSON);
    let closed = closed_port();
    config.url = format!(
        "https://localhost:{}/",
        closed.local_addr().expect("an address").port()
    );
    let provider = HttpsProvider::new(config).expect("a provider");
    let error = provider.send(&text(7, "x")).await.expect_err("down");
    assert_eq!(error.retry(), Retry::Later, "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let double = Double::start(Answer::With(307, "location: /elsewhere", String::new())).await;
    let provider = HttpsProvider::new(double.config(JSON)).expect("a provider");
    let error = provider.send(&text(7, "x")).await.expect_err("a redirect");
    assert_eq!(error.retry(), Retry::Later, "{error}");
    assert_eq!(double.requests().len(), 1);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let error = outcome(Answer::Endless)
        .await
        .expect_err("not what means success");
    // Decided by what was read, not by the time-out.
    assert_eq!(error.retry(), Retry::Never, "{error}");
}

#[tokio::test]
async fn a_private_address_is_never_connected_to() {
    let double = Double::start(with(200, ACCEPTED)).await;
    let mut config = double.config(JSON);
    config.dangerously_allow_private_addresses = false;
    // By name: the resolver's answer is guarded.
    let provider = HttpsProvider::new(config.clone()).expect("a provider");
    let error = provider.send(&text(7, "x")).await.expect_err("guarded");
    assert_eq!(error.log_text(), "the provider's address is not public");
    assert_eq!(error.retry(), Retry::Later);
    // By number, in every spelling.
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "0",
    ] {
        config.url = format!("https://{host}:{}/", double.port);
        assert!(HttpsProvider::new(config.clone()).is_err(), "{host}");
    }
    assert_eq!(double.connections(), 0);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_gets_no_request() {
    let double = Double::start(with(200, ACCEPTED)).await;
    let mut config = double.config(JSON);
    config.extra_ca_file = None;
    let provider = HttpsProvider::new(config).expect("a provider");
    let error = provider.send(&text(7, "x")).await.expect_err("untrusted");
    assert_eq!(error.retry(), Retry::Later, "{error}");
    assert!(double.requests().is_empty());
}

#[tokio::test]
async fn errors_hold_neither_code_nor_number_nor_key() {
    let quoting = r#"{"error": "+31612345678 314159 s3cr3t-k3y"}"#;
    for answer in [
        with(200, quoting),
        with(400, quoting),
        with(500, quoting),
        Answer::Drop,
    ] {
        let error = outcome(answer).await.expect_err("refused");
        for secret in ["314159", "612345678", "s3cr3t"] {
            assert!(!format!("{error:?} {error}").contains(secret), "{error:?}");
        }
    }
}

#[tokio::test]
async fn configurations_that_cannot_work_are_refused_at_once() {
    let double = Double::start(Answer::Drop).await;
    for (why, more) in [
        ("a misspelt variable", "body = '{\"to\": {{ too }}}'"),
        (
            "the secret in the body",
            "secret = \"x\"\nbody = '{\"key\": {{ secret }}}'",
        ),
        ("no JSON", "body = '{\"to\": \"{{ to }}\"}'"),
        (
            "a pointer without a value",
            "body = '{}'\nsuccess_pointer = \"/a\"",
        ),
        ("a name without a secret", "body = '{}'\nusername = \"x\""),
        (
            "a header with a line break",
            "body = '{}'\nheaders = { A = \"x\\r\\nB: y\" }",
        ),
        (
            "a file that is not there",
            "body = '{}'\nsecret_file = \"/nonexistent/secret\"",
        ),
    ] {
        assert!(HttpsProvider::new(double.config(more)).is_err(), "{why}");
    }
    let mut plain = double.config("body = '{}'");
    plain.url = "http://sms.example/".into();
    assert!(HttpsProvider::new(plain).is_err());
    assert!(
        toml::from_str::<latchkey_notify::ProviderConfig>("url = \"\"\nbody = \"\"\nbdy = 1")
            .is_err()
    );
}
