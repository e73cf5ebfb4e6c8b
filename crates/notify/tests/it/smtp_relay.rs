//! Mail through a real SMTP server with TLS.

use latchkey_notify::{Channel, Retry, SmtpChannel, SmtpConfig, SmtpSecurity};

use crate::faulty::config;
use crate::fixture::{Certificates, eventually, mail};
use crate::postfix::Postfix;

fn relay(port: u16, security: SmtpSecurity, certificates: &Certificates) -> SmtpConfig {
    SmtpConfig {
        host: "localhost".into(),
        security,
        extra_ca_pem: Some(certificates.authority_pem.clone().into_bytes()),
        ..config(port)
    }
}

#[tokio::test]
async fn mail_goes_through_postfix_with_tls() {
    let certificates = Certificates::new();
    let Some(postfix) = Postfix::start(&certificates).await else {
        return;
    };
    for (number, port, security) in [
        (1, postfix.port, SmtpSecurity::StartTls),
        (5, postfix.tls_port, SmtpSecurity::Implicit),
    ] {
        let channel = SmtpChannel::new(relay(port, security, &certificates)).expect("a channel");

        // Two mails, one connection.
        let before = postfix.log().matches("TLS connection established").count();
        for number in [number, number + 1] {
            let receipt = channel
                .send(&mail(number, "ada@contoso.example"))
                .await
                .expect("taken");
            let reference = receipt.reference.expect("a queue id");
            assert!(reference.contains("queued as"), "{reference}");
        }
        let id = format!(
            "Message-ID: <{}@reset.contoso.example>",
            uuid::Uuid::from_u128(number)
        );
        let delivered = eventually("the mail", || postfix.delivered(&id).pop()).await;
        let headers = delivered.split_once("\n\n").expect("headers").0;
        for header in [
            "Auto-Submitted: auto-generated",
            "From: Contoso <reset@contoso.example>",
            "To: ada@contoso.example",
            "Subject: Contoso: your code",
            "Date: Sat, 21 Nov 2026",
            "Content-Type: multipart/alternative;",
            // TLS, and no other name of ours than the one configured.
            "with ESMTPS",
            "from reset.contoso.example",
        ] {
            assert!(headers.contains(header), "{header}: {headers}");
        }
        assert!(delivered.contains("\n.\n48151623\n"), "{delivered}");
        assert!(delivered.contains("<p>48151623</p>"), "{delivered}");
        assert_eq!(
            postfix.log().matches("TLS connection established").count(),
            before + 1
        );

        // The same message again has the same id.
        channel
            .send(&mail(number, "ada@contoso.example"))
            .await
            .expect("taken");
        eventually("the second copy", || {
            (postfix.delivered(&id).len() == 2).then_some(())
        })
        .await;

        // Refused for now and for good, by the real thing.
        let full = channel
            .send(&mail(3, "full@contoso.example"))
            .await
            .expect_err("full");
        assert_eq!(
            (full.retry(), full.log_text()),
            (Retry::Later, "the relay refused the recipient: 450 4.2.2")
        );
        let gone = channel
            .send(&mail(4, "gone@contoso.example"))
            .await
            .expect_err("gone");
        assert_eq!(
            (gone.retry(), gone.log_text()),
            (Retry::Never, "the relay refused the recipient: 550 5.1.1")
        );
    }
}

#[tokio::test]
async fn a_relay_whose_certificate_is_not_trusted_gets_no_mail() {
    let certificates = Certificates::new();
    let Some(postfix) = Postfix::start(&certificates).await else {
        return;
    };
    let stranger = Certificates::new();
    for (port, security) in [
        (postfix.port, SmtpSecurity::StartTls),
        (postfix.tls_port, SmtpSecurity::Implicit),
    ] {
        // Another authority, and then the right one with a name that is not in the certificate.
        let untrusted = relay(port, security, &stranger);
        let misnamed = SmtpConfig {
            host: "127.0.0.2".into(),
            ..relay(port, security, &certificates)
        };
        for config in [untrusted, misnamed] {
            let channel = SmtpChannel::new(config).expect("a channel");
            let error = channel
                .send(&mail(9, "ada@contoso.example"))
                .await
                .expect_err("untrusted");
            assert_eq!(error.retry(), Retry::Later, "{error}");
        }
    }
    // And without TLS the relay takes nothing.
    let channel = SmtpChannel::new(config(postfix.port)).expect("a channel");
    let error = channel
        .send(&mail(9, "ada@contoso.example"))
        .await
        .expect_err("plain");
    assert_eq!(error.retry(), Retry::Later, "{error}");
    assert!(postfix.delivered("48151623").is_empty());
}
