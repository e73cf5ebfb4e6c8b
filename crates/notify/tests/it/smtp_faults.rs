//! SMTP relays that are down, slow, refuse, or drop in mid-message.

use latchkey_notify::{Channel, Content, Retry, SendError, SmtpChannel, SmtpSecurity};
use latchkey_types::Secret;

use crate::faulty::{Act, FaultyPeer, Step, config};
use crate::fixture::{closed_port, mail};

async fn outcome(step: Step, act: Act) -> SendError {
    let peer = FaultyPeer::start(step, act);
    let channel = SmtpChannel::new(peer.config()).expect("a channel");
    let outcome = channel.send(&mail(1, "ada@contoso.example")).await;
    if matches!(act, Act::Hang) {
        tokio::time::resume();
    }
    outcome.expect_err("a fault")
}

#[tokio::test]
async fn a_peer_that_behaves_takes_the_mail_and_the_connection_is_kept() {
    let peer = FaultyPeer::start(Step::Never, Act::Drop);
    let channel = SmtpChannel::new(peer.config()).expect("a channel");
    for number in 0..3 {
        let receipt = channel
            .send(&mail(number, "ada@contoso.example"))
            .await
            .expect("taken");
        assert_eq!(receipt.reference.as_deref(), Some("2.0.0 queued as 4815"));
    }
    assert_eq!(peer.connections(), 1);
    assert_eq!(peer.heard("MAIL FROM:<reset@contoso.example>"), 3);
    assert_eq!(peer.heard("RCPT TO:<ada@contoso.example>"), 3);
    assert_eq!(peer.heard("EHLO reset.contoso.example"), 1);
}

#[tokio::test]
async fn when_the_relay_is_down_the_mail_waits() {
    let closed = closed_port();
    let port = closed.local_addr().expect("an address").port();
    let channel = SmtpChannel::new(config(port)).expect("a channel");
    let error = channel
        .send(&mail(1, "ada@contoso.example"))
        .await
        .expect_err("down");
    assert_eq!(error.retry(), Retry::Later, "{error}");
}

#[tokio::test]
async fn what_a_fault_means_depends_on_how_far_the_mail_got() {
    use Act::{Drop, Hang, Say};
    use Retry::{Later, Never, Unknown};
    for (step, act, expected) in [
        // Slow.
        (Step::Greeting, Hang, Later),
        (Step::Mail, Hang, Later),
        (Step::Data, Hang, Later),
        (Step::End, Hang, Unknown),
        // Refuses for now.
        (Step::Greeting, Say("421 4.3.2 come back"), Later),
        (Step::Mail, Say("451 4.3.0 later"), Later),
        (Step::Rcpt, Say("450 4.2.1 later"), Later),
        (Step::Data, Say("451 4.3.0 later"), Later),
        (Step::End, Say("452 4.3.1 full"), Later),
        // Refuses this message for good.
        (Step::Rcpt, Say("550 5.1.1 unknown"), Never),
        (Step::Data, Say("554 5.5.1 no"), Never),
        (Step::End, Say("554 5.7.1 spam"), Never),
        // Refuses us: the message can wait for the cure.
        (Step::Greeting, Say("554 5.7.1 not you"), Later),
        (Step::Ehlo, Say("550 5.7.1 not you"), Later),
        (Step::Mail, Say("550 5.7.1 not this sender"), Later),
        (Step::Mail, Say("530 5.7.0 sign in first"), Later),
        (Step::Rcpt, Say("530 5.7.0 sign in first"), Later),
        // Drops.
        (Step::Greeting, Drop, Later),
        (Step::Mail, Drop, Later),
        (Step::Rcpt, Drop, Later),
        (Step::Data, Drop, Later),
        (Step::End, Drop, Unknown),
        // Talks nonsense.
        (Step::Greeting, Say("hello"), Later),
        (Step::End, Say("what?"), Unknown),
    ] {
        let error = outcome(step, act).await;
        assert_eq!(error.retry(), expected, "{step:?} {act:?}: {error}");
    }
}

#[tokio::test]
async fn a_relay_that_drops_inside_a_message_has_not_taken_it() {
    let peer = FaultyPeer::start(Step::Content, Act::Drop);
    let channel = SmtpChannel::new(peer.config()).expect("a channel");
    let mut message = mail(1, "ada@contoso.example");
    // More than the system's buffers between the two hold, so that the break is noticed on writing.
    if let Content::Mail { text, .. } = &mut message.content {
        *text = "All work and no play makes Jack a dull boy.\r\n".repeat(400_000);
    }
    let error = channel.send(&message).await.expect_err("dropped");
    assert_eq!(error.retry(), Retry::Later, "{error}");
}

#[tokio::test]
async fn an_error_tells_the_status_and_neither_the_address_nor_the_content() {
    let error = outcome(
        Step::Rcpt,
        Act::Say("550 5.1.1 <ada@contoso.example>: 48151623 unknown"),
    )
    .await;
    assert_eq!(
        error.log_text(),
        "the relay refused the recipient: 550 5.1.1"
    );
    assert_eq!(error.to_string(), error.log_text());
}

#[tokio::test]
async fn a_receipt_does_not_repeat_the_address() {
    let peer = FaultyPeer::start(
        Step::End,
        Act::Say("250 2.0.0 for <ADA@contoso.example> ok"),
    );
    let channel = SmtpChannel::new(peer.config()).expect("a channel");
    let receipt = channel
        .send(&mail(1, "ada@contoso.example"))
        .await
        .expect("taken");
    assert_eq!(receipt.reference, None);
}

#[tokio::test]
async fn a_connection_that_broke_is_replaced() {
    let peer = FaultyPeer::start(Step::End, Act::Say("452 4.3.1 full"));
    let channel = SmtpChannel::new(peer.config()).expect("a channel");
    for _ in 0..2 {
        channel
            .send(&mail(1, "ada@contoso.example"))
            .await
            .expect_err("full");
    }
    assert_eq!(peer.connections(), 2);
}

#[tokio::test]
async fn a_relay_without_starttls_gets_no_mail_and_no_password() {
    let peer = FaultyPeer::start(Step::Never, Act::Drop);
    let mut config = peer.config();
    config.security = SmtpSecurity::StartTls;
    config.username = Some("latchkey".into());
    config.password = Some(Secret::new("hunter2 hunter2".into()));
    let channel = SmtpChannel::new(config).expect("a channel");
    let error = channel
        .send(&mail(1, "ada@contoso.example"))
        .await
        .expect_err("no STARTTLS");
    assert_eq!(error.retry(), Retry::Later, "{error}");
    assert_eq!(peer.heard("AUTH") + peer.heard("MAIL"), 0);
}

#[tokio::test]
async fn a_relay_elsewhere_is_refused_without_tls() {
    let mut config = config(25);
    config.host = "192.0.2.25".into();
    let channel = SmtpChannel::new(config).expect("a channel");
    let error = channel
        .send(&mail(1, "ada@contoso.example"))
        .await
        .expect_err("no TLS");
    assert_eq!(
        error.log_text(),
        "the relay is not on this machine, so it needs TLS"
    );
    assert_eq!(error.retry(), Retry::Later);
}

#[tokio::test]
async fn a_refused_password_is_our_fault_and_not_the_mails() {
    let peer = FaultyPeer::start(Step::Auth, Act::Say("535 5.7.8 no"));
    let mut config = peer.config();
    config.username = Some("latchkey".into());
    config.password = Some(Secret::new("hunter2 hunter2".into()));
    let channel = SmtpChannel::new(config).expect("a channel");
    let error = channel
        .send(&mail(1, "ada@contoso.example"))
        .await
        .expect_err("refused");
    assert_eq!(error.retry(), Retry::Later, "{error}");
    assert_eq!(peer.heard("AUTH PLAIN"), 1);
    assert_eq!(peer.heard("MAIL"), 0);
}

#[test]
fn a_name_without_a_password_is_refused_at_once() {
    let mut config = config(25);
    config.username = Some("latchkey".into());
    assert!(SmtpChannel::new(config).is_err());
}
