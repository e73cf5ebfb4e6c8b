//! Every message of version 1 as it always was, both ways: an agent of tomorrow speaks to a service
//! of today.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails ends the test, as it should"
)]

use std::collections::BTreeSet;
use std::fmt::Debug;

use latchkey_types::{AgentId, OperationId, SyncRunId, TenantId, Timestamp, UserId};
use latchkey_wire::operation::{
    AccountState, Answer, Context, DirectoryPolicy, Outcome, Refusal, Verb,
};
use latchkey_wire::v1::{
    Agent, Class, Denial, Denied, DirectoryHealth, Enrol, Enrolled, Health, Object, Page, Problem,
    Service, Stop,
};
use latchkey_wire::{Base64, MESSAGE_MAX, decode, encode};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn context() -> Context {
    Context {
        id: OperationId(uuid(1)),
        tenant: TenantId(uuid(2)),
        user: UserId(uuid(3)),
        verb: Verb::ResetByAdministrator,
        expires_at: at(1_795_253_400),
    }
}

/// Messages by the name of their golden, which is `<kind>.json`: a map from a name to a message.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(kind: &str, messages: &[(&str, T)]) {
    let path = format!("{}/tests/goldens/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let golden = golden.as_object().unwrap();
    let named: BTreeSet<&str> = messages.iter().map(|(name, _)| *name).collect();
    let kept: BTreeSet<&str> = golden.keys().map(String::as_str).collect();
    assert_eq!(named, kept, "{kind}");
    for (name, message) in messages {
        let written: Value = serde_json::from_str(&encode(message)).unwrap();
        assert_eq!(written, golden[*name], "{kind} {name} is written otherwise");
        let read: T = decode(&golden[*name].to_string()).unwrap();
        assert_eq!(&read, message, "{kind} {name} is read otherwise");
    }
}

fn service() -> Vec<(&'static str, Service)> {
    let key_number = 2;
    let envelope = || Base64(vec![0xfb, 0xff, 0]);
    vec![
        (
            "hello",
            Service::Hello {
                nonce: Base64(vec![1; 32]),
                now: at(1),
            },
        ),
        (
            "welcome",
            Service::Welcome {
                heartbeat: 30,
                newest: "0.2.0".into(),
                roll_over: true,
                now: at(2),
            },
        ),
        (
            "refused",
            Service::Refused {
                why: Denied::Revoked,
            },
        ),
        (
            "heard",
            Service::Heard {
                now: at(3),
                roll_over: false,
            },
        ),
        (
            "operate",
            Service::Operate {
                context: context(),
                key_number,
                envelope: envelope(),
            },
        ),
        (
            "find_out",
            Service::FindOut {
                context: context(),
                key_number,
                envelope: envelope(),
            },
        ),
        (
            "kept",
            Service::Kept {
                id: OperationId(uuid(1)),
            },
        ),
        ("keys_kept", Service::KeysKept { key_number }),
        ("page_kept", Service::PageKept { page: 7 }),
        (
            "sync_stop",
            Service::SyncStop {
                why: Stop::TooManyDeletions,
            },
        ),
        ("sync_now", Service::SyncNow { whole: true }),
    ]
}

fn agent() -> Vec<(&'static str, Agent)> {
    vec![
        (
            "identify",
            Agent::Identify {
                agent: AgentId(uuid(4)),
                key_number: 2,
                version: "0.1.0".into(),
                signature: Base64(vec![5; 64]),
            },
        ),
        (
            "heartbeat",
            Agent::Heartbeat {
                health: Health {
                    directory: DirectoryHealth::BindRefused,
                    detail: Some("invalid credentials".into()),
                    history_on_reset: true,
                    clock_ahead: -3_600_000,
                },
            },
        ),
        (
            "heartbeat_well",
            Agent::Heartbeat {
                health: Health {
                    directory: DirectoryHealth::Well,
                    detail: None,
                    history_on_reset: false,
                    clock_ahead: 0,
                },
            },
        ),
        (
            "answered",
            Agent::Answered {
                answer: r#"{"id":"…"}"#.into(),
                key_number: 2,
                signature: Base64(vec![6; 64]),
            },
        ),
        (
            "new_keys",
            Agent::NewKeys {
                key_number: 3,
                sign: Base64(vec![7; 32]),
                seal: Base64(vec![8; 32]),
                old_signature: Base64(vec![9; 64]),
                new_signature: Base64(vec![10; 64]),
            },
        ),
        (
            "page",
            Agent::Page(Page {
                run: SyncRunId(uuid(9)),
                page: 3,
                whole: true,
                last: true,
                objects: vec![
                    Object {
                        anchor: "0b68d111-0000-0000-0000-000000000000".into(),
                        class: Class::User,
                        deleted: false,
                        values: [("upn".to_owned(), vec!["ada@corp.example".to_owned()])].into(),
                        members: None,
                    },
                    Object {
                        anchor: "0b68d111-0000-0000-0000-000000000001".into(),
                        class: Class::Group,
                        deleted: true,
                        values: [].into(),
                        members: Some(vec![]),
                    },
                ],
                problems: vec![Problem {
                    anchor: None,
                    code: "no_anchor".into(),
                    detail: "CN=x".into(),
                }],
            }),
        ),
        ("leaving", Agent::Leaving { for_good: true }),
    ]
}

fn answers() -> Vec<(&'static str, Answer)> {
    let answer = |outcome| Answer {
        id: OperationId(uuid(1)),
        outcome,
        detail: None,
        took: 0,
    };
    vec![
        (
            "done",
            Answer {
                detail: Some("dc1:636".into()),
                took: 1_234,
                ..answer(Outcome::Done {
                    unlocked: true,
                    must_change: false,
                })
            },
        ),
        (
            "state",
            answer(Outcome::State(AccountState {
                locked: true,
                policy: DirectoryPolicy {
                    min_length: Some(12),
                    may_change_from: Some(at(5)),
                    ..DirectoryPolicy::default()
                },
                ..AccountState::default()
            })),
        ),
        (
            "refused",
            answer(Outcome::Refused {
                why: Refusal::UsedBefore,
            }),
        ),
        ("unknown", answer(Outcome::Unknown)),
    ]
}

#[test]
fn messages_are_as_they_always_were() {
    check("service", &service());
    check("agent", &agent());
    check("answer", &answers());
    check(
        "enrol",
        &[(
            "enrol",
            Enrol {
                token: "token".into(),
                name: "dc1".into(),
                version: "0.1.0".into(),
                sign: Base64(vec![1; 32]),
                seal: Base64(vec![2; 32]),
                signature: Base64(vec![3; 64]),
            },
        )],
    );
    check(
        "enrolled",
        &[(
            "enrolled",
            Enrolled {
                agent: AgentId(uuid(4)),
                tenant: TenantId(uuid(2)),
                domain: "corp.example".into(),
                service: Base64(vec![4; 32]),
            },
        )],
    );
    let denied = [
        ("token", Denied::Token),
        ("proof", Denied::Proof),
        ("revoked", Denied::Revoked),
        ("too_old", Denied::TooOld),
        ("busy", Denied::Busy),
        ("unavailable", Denied::Unavailable),
    ];
    check(
        "denial",
        &denied.map(|(name, denied)| (name, Denial { denied })),
    );
    check("verb", &Verb::ALL.map(|verb| (verb.as_str(), verb)));
    let refusals: Vec<_> = Refusal::ALL.iter().map(|r| (r.code(), *r)).collect();
    check("refusal", &refusals);
    check("health", &DirectoryHealth::ALL.map(|h| (h.code(), h)));
}

/// No golden is forgotten when a message is added: the compiler asks here.
#[test]
fn every_message_has_a_golden() {
    for (name, message) in service() {
        let expected = match message {
            Service::Hello { .. } => "hello",
            Service::Welcome { .. } => "welcome",
            Service::Refused { .. } => "refused",
            Service::Heard { .. } => "heard",
            Service::Operate { .. } => "operate",
            Service::FindOut { .. } => "find_out",
            Service::Kept { .. } => "kept",
            Service::KeysKept { .. } => "keys_kept",
            Service::PageKept { .. } => "page_kept",
            Service::SyncStop { .. } => "sync_stop",
            Service::SyncNow { .. } => "sync_now",
            Service::Other => "other",
        };
        assert_eq!(name, expected);
    }
    for (name, message) in agent() {
        let expected = match message {
            Agent::Identify { .. } => "identify",
            Agent::Heartbeat { .. } => "heartbeat",
            Agent::Answered { .. } => "answered",
            Agent::NewKeys { .. } => "new_keys",
            Agent::Page(_) => "page",
            Agent::Leaving { .. } => "leaving",
            Agent::Other => "other",
        };
        assert!(name.starts_with(expected));
    }
}

#[test]
fn a_message_of_tomorrow_is_passed_over_and_a_malformed_one_is_not() {
    for unknown in [
        json!({"say": "dance"}),
        json!({"say": "dance", "with": ["me"], "how": {"fast": true}}),
    ] {
        let text = unknown.to_string();
        assert_eq!(decode::<Service>(&text).unwrap(), Service::Other, "{text}");
        assert_eq!(decode::<Agent>(&text).unwrap(), Agent::Other, "{text}");
    }
    // One that is known may have fields that are not.
    let more = json!({"say": "leaving", "for_good": false, "because": "noon"}).to_string();
    assert_eq!(
        decode::<Agent>(&more).unwrap(),
        Agent::Leaving { for_good: false }
    );
    for malformed in [
        json!({"say": "kept"}),
        json!({"say": "kept", "id": "42"}),
        json!({"say": "hello", "nonce": "a+b/", "now": 1}),
        json!({"say": "hello", "nonce": "AQ==", "now": 1}),
        json!({"say": "operate", "key_number": -1}),
        json!({"say": "keys_kept", "key_number": 4_294_967_296u64}),
        json!({"say": 1}),
        json!({}),
        json!([]),
    ] {
        let text = malformed.to_string();
        assert!(decode::<Service>(&text).is_err(), "{text}");
    }
    let long = format!("\"{}\"", "x".repeat(MESSAGE_MAX));
    assert!(decode::<Service>(&long).is_err());
    // A context is authenticated as a whole: nothing in it may be passed over.
    let mut text: Value = serde_json::from_str(&encode(&context())).unwrap();
    text["also"] = json!(1);
    assert!(decode::<Context>(&text.to_string()).is_err());
}

#[test]
fn an_error_does_not_repeat_the_message() {
    let error = decode::<Service>(r#"{"say": "kept", "id": "hunter2"}"#).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

/// Texts that are nearly messages: a golden with some bytes changed, cut out or put in.
fn nearly() -> impl Strategy<Value = String> {
    let all: Vec<String> = service()
        .iter()
        .map(|(_, message)| encode(message))
        .chain(agent().iter().map(|(_, message)| encode(message)))
        .chain(answers().iter().map(|(_, message)| encode(message)))
        .collect();
    (
        prop::sample::select(all),
        any::<prop::sample::Index>(),
        0usize..12,
        "[\\PC\"{}\\[\\]:,0-9\\\\]{0,12}",
    )
        .prop_map(|(text, at, cut, new)| {
            let chars: Vec<char> = text.chars().collect();
            let at = at.index(chars.len() + 1);
            let end = (at + cut).min(chars.len());
            chars[..at]
                .iter()
                .copied()
                .chain(new.chars())
                .chain(chars[end..].iter().copied())
                .collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_is_a_message_or_an_error_and_means_the_same_when_it_is_written_again(
        text in prop_oneof![3 => nearly(), 1 => "\\PC{0,200}"],
    ) {
        fn again<T: Serialize + DeserializeOwned + PartialEq + Debug>(text: &str) {
            if let Ok(message) = decode::<T>(text) {
                assert_eq!(decode::<T>(&encode(&message)).unwrap(), message);
            }
        }
        // `Other` is written as it is called, which is unknown too.
        again::<Service>(&text);
        again::<Agent>(&text);
        again::<Answer>(&text);
        again::<Context>(&text);
    }

    #[test]
    fn deep_nesting_ends_in_an_error(depth in 1usize..20_000) {
        let text = format!("{{\"say\": \"hello\", \"x\": {}", "[".repeat(depth));
        prop_assert!(decode::<Service>(&text).is_err());
    }
}
