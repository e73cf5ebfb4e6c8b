//! Connecting, staying connected, and stopping.

use std::sync::Arc;
use std::time::Duration;

use latchkey_agent::agent::RunError;
use latchkey_agent::check::{self, Setup, Verdict};
use latchkey_agent::network::Proxy;
use latchkey_directory::{Bind, Kind};
use latchkey_types::{Secret, Timestamp};
use latchkey_wire::operation::{Refusal, Verb};
use latchkey_wire::v1::{Agent, Denied, DirectoryHealth, Service as Say};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;

use crate::support::*;

#[tokio::test]
async fn an_agent_that_was_revoked_stops_at_the_door_or_within() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let (mut line, _) = bench.service.hello().await;
        line.say(&Say::Refused {
            why: Denied::Revoked,
        })
        .await;
        let error = agent.task.await.unwrap().unwrap_err();
        assert!(matches!(error, RunError::Revoked));
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        line.say(&Say::Refused {
            why: Denied::Revoked,
        })
        .await;
        let error = agent.task.await.unwrap().unwrap_err();
        assert!(matches!(error, RunError::Revoked));
    })
    .await;
}

#[tokio::test]
async fn it_comes_back_whatever_the_service_says() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        for why in [
            Denied::Busy,
            Denied::Unavailable,
            Denied::TooOld,
            Denied::Proof,
        ] {
            let (mut line, _) = bench.service.hello().await;
            line.say(&Say::Refused { why }).await;
        }
        for nonsense in [
            Message::text("{"),
            Message::text(r#"{"say":"kept"}"#),
            Message::binary(vec![1, 2, 3]),
            Message::text("x".repeat(latchkey_wire::MESSAGE_MAX + 1)),
        ] {
            let mut line = bench.service.accept().await;
            line.raw(nonsense).await;
            assert!(line.other().await.is_none(), "it ends the connection");
        }
        let mut line = bench.service.accept().await;
        line.raw(Message::text(r#"{"say":"something of tomorrow"}"#))
            .await;
        let asked = bench.request(1, Verb::Reset, 0);
        assert_eq!(line.ask(&asked.operate()).await, DONE);
        line.keep(&asked).await;
        let leaving = async {
            assert_eq!(line.other().await, Some(Agent::Leaving { for_good: false }));
            assert!(line.other().await.is_none());
        };
        tokio::join!(agent.stop(), leaving);
    })
    .await;
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way_and_takes_nothing_more() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let permits = Arc::new(Semaphore::new(0));
        bench.fake.fault(Fault::Waits(Arc::clone(&permits)));
        let asked = bench.request(1, Verb::Reset, 0);
        line.say(&asked.operate()).await;
        bench.fake.arrived.notified().await;
        agent.stop.cancel();
        bench.holder.stopping.notified().await;
        let late = bench.request(2, Verb::Reset, 1);
        line.say(&late.operate()).await;
        permits.add_permits(1);
        assert_eq!(line.answer().await.outcome, DONE);
        line.keep(&asked).await;
        assert_eq!(line.other().await, Some(Agent::Leaving { for_good: false }));
        assert!(line.other().await.is_none());
        agent.task.await.unwrap().unwrap();
        assert_eq!(bench.fake.writes(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_stop_without_a_connection_finishes_what_is_under_way() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        let permits = Arc::new(Semaphore::new(0));
        bench.fake.fault(Fault::Waits(Arc::clone(&permits)));
        let asked = bench.request(1, Verb::Reset, 0);
        line.say(&asked.operate()).await;
        bench.fake.arrived.notified().await;
        drop(line);
        // Held up on its way in.
        let (line, _) = bench.service.hello().await;
        agent.stop.cancel();
        permits.add_permits(1);
        agent.task.await.unwrap().unwrap();
        drop(line);
        let agent = bench.start();
        let mut line = bench.service.accept().await;
        assert_eq!(line.answer().await.outcome, DONE);
        assert_eq!(bench.fake.writes(), 1);
        agent.kill().await;
    })
    .await;
}

/// A proxy that lets whoever knows the password through, once.
async fn proxy(listener: &TcpListener, answer: &'static str) -> (String, Option<TcpStream>) {
    let (mut client, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    client.write_all(answer.as_bytes()).await.unwrap();
    let head = String::from_utf8(head).unwrap();
    (head, answer.contains(" 200 ").then_some(client))
}

#[tokio::test]
async fn it_goes_through_a_proxy_that_asks_for_a_password() {
    within(async {
        let mut bench = Bench::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut through = Proxy::parse(&format!("http://127.0.0.1:{port}")).unwrap();
        through.credentials = Some(("agent".into(), Secret::new("open sesame".into())));
        bench.network.proxy = Some(through);
        let agent = bench.start();
        let (head, client) = proxy(
            &listener,
            "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n",
        )
        .await;
        let target = format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\n", bench.service.port());
        assert!(head.starts_with(&target), "{head}");
        assert!(
            head.contains("Proxy-Authorization: Basic YWdlbnQ6b3BlbiBzZXNhbWU=\r\n"),
            "{head}"
        );
        // The proxy's end is the service's.
        let (mut line, _) = bench.service.hello_over(client.unwrap()).await;
        line.welcome().await;
        let asked = bench.request(1, Verb::Reset, 0);
        assert_eq!(line.ask(&asked.operate()).await, DONE);
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_proxy_that_says_no_is_asked_again() {
    within(async {
        let mut bench = Bench::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        bench.network.proxy = Some(Proxy::parse(&format!("http://{address}")).unwrap());
        let agent = bench.start();
        let (head, _) = proxy(&listener, "HTTP/1.1 407 Who are you\r\n\r\n").await;
        assert!(!head.contains("Proxy-Authorization"));
        let (_, client) = proxy(&listener, "HTTP/1.0 200 fine\r\n\r\n").await;
        let (mut line, _) = bench.service.hello_over(client.unwrap()).await;
        line.welcome().await;
        line.heartbeat().await;
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn clocks_may_differ_by_an_hour_in_either_direction() {
    within(async {
        for skew in [-3_600, 3_600] {
            let mut bench = Bench::new().await;
            bench.skew = skew;
            let agent = bench.start();
            let mut line = bench.service.accept().await;
            let ahead = line.heartbeat().await.clock_ahead;
            assert!((ahead - skew * 1_000).abs() < 60_000, "{ahead}");
            let asked = bench.request(1, Verb::Reset, 0);
            assert_eq!(line.ask(&asked.operate()).await, DONE);
            let mut context = bench.request(2, Verb::Reset, 1).context;
            context.expires_at = bench.service.now().minus(Duration::from_secs(5));
            let asked = bench.seal(context, &contents(1), 1);
            assert_eq!(line.ask(&asked.operate()).await, refused(Refusal::Expired));
            agent.kill().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_heartbeat_tells_how_the_directory_really_is() {
    within(async {
        let bench = Bench::new().await;
        let healths = [
            (well(), DirectoryHealth::Well),
            (
                latchkey_directory::Health {
                    bind: Bind::NotReached("x".into()),
                    ..well()
                },
                DirectoryHealth::Unreachable,
            ),
            (
                latchkey_directory::Health {
                    bind: Bind::Refused("x".into()),
                    ..well()
                },
                DirectoryHealth::BindRefused,
            ),
            (
                latchkey_directory::Health {
                    bind: Bind::Untrusted("x".into()),
                    ..well()
                },
                DirectoryHealth::Certificate,
            ),
            (
                latchkey_directory::Health {
                    kind_as_configured: Some(false),
                    ..well()
                },
                DirectoryHealth::Misconfigured,
            ),
            (
                latchkey_directory::Health {
                    base_readable: Some(false),
                    ..well()
                },
                DirectoryHealth::Misconfigured,
            ),
        ];
        for (health, told) in healths {
            bench.fake.world.lock().unwrap().health = Some(health);
            let agent = bench.start();
            let mut line = bench.service.accept().await;
            let heartbeat = line.heartbeat().await;
            assert_eq!(heartbeat.directory, told);
            assert_eq!(heartbeat.detail.is_none(), told == DirectoryHealth::Well);
            assert!(heartbeat.history_on_reset);
            agent.kill().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_service_that_has_gone_without_a_word_is_noticed() {
    within(async {
        let mut bench = Bench::new().await;
        bench.silence = Duration::ZERO;
        let agent = bench.start();
        let (mut line, _) = bench.service.hello().await;
        line.welcome_with(1).await;
        line.heartbeat().await;
        // Nobody reads or writes here any more; the connection stays open.
        let (mut again, _) = bench.service.hello().await;
        again.welcome().await;
        let asked = bench.request(1, Verb::Reset, 0);
        assert_eq!(again.ask(&asked.operate()).await, DONE);
        agent.kill().await;
        drop(line);
    })
    .await;
}

#[tokio::test]
async fn two_agents_do_not_share_a_folder() {
    within(async {
        let bench = Bench::new().await;
        let agent = bench.start();
        let _line = bench.service.accept().await;
        let error = bench.start().task.await.unwrap().unwrap_err();
        assert!(error.to_string().contains("another agent runs"), "{error}");
        agent.kill().await;
    })
    .await;
}

#[tokio::test]
async fn a_check_names_what_is_missing_and_the_command_that_mends_it() {
    let fake = Fake::default();
    let bases = ["OU=People,DC=corp,DC=example".to_owned()];
    let setup = Setup {
        kind: Kind::ActiveDirectory,
        bind_as: "CORP\\latchkey",
        user_bases: &bases,
    };
    let names = ["1", "13", "14", "nobody"].map(str::to_owned);
    let points = check::users(&fake, setup, &names, Timestamp(0)).await;
    assert!(check::is_bad(&points));
    let of = |name: &str| {
        points
            .iter()
            .filter(|point| point.subject == name)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("1")[0].verdict, Verdict::Good);
    let missing = of("13");
    assert_eq!(missing.len(), 2);
    assert_eq!(
        missing[0].cure.as_deref().unwrap(),
        "dsacls \"OU=People,DC=corp,DC=example\" /I:S /G \"CORP\\latchkey:CA;Reset Password;user\""
    );
    assert!(of("14")[0].finding.contains("protected"));
    assert!(
        of("nobody")[0]
            .cure
            .as_deref()
            .unwrap()
            .contains("OU=People")
    );
    let ill = latchkey_directory::Health {
        policy_hints: Some(false),
        clock_ahead_us: Some(-600_000_000),
        certificate_expires: Some(Timestamp(5)),
        ..well()
    };
    let points = check::directory(&ill, setup, Timestamp(6));
    let subjects: Vec<&str> = points.iter().map(|point| point.subject.as_str()).collect();
    assert_eq!(
        subjects,
        ["sign-in", "policy hints", "certificate", "clock"]
    );
}
