use std::time::{Duration, SystemTime};

use latchkey_types::EmailAddress;
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};

use crate::{Content, Destination, Outgoing, Retry, SendError};

/// Writes a mail as RFC 5322 and MIME want it. The same message gives the same bytes each time.
pub(crate) fn compose(
    message: &Outgoing,
    from: &EmailAddress,
    message_id_host: &str,
) -> Result<Message, SendError> {
    let (
        Destination::Mail(to),
        Content::Mail {
            from_name,
            subject,
            text,
            html,
        },
    ) = (&message.to, &message.content)
    else {
        return Err(SendError::new(
            Retry::Never,
            "only a mail goes to a mail address",
        ));
    };
    let wrong = |what: &str| SendError::new(Retry::Never, format!("no mail can be made: {what}"));
    let sender = from
        .as_str()
        .parse()
        .map_err(|_| wrong("the sender's address"))?;
    let recipient = to
        .as_str()
        .parse()
        .map_err(|_| wrong("the recipient's address"))?;
    let since_1970 = Duration::from_secs(u64::try_from(message.created_at.seconds()).unwrap_or(0));
    // Names were cleaned when the message was written; the library encodes what is not ASCII.
    let parts = MultiPart::alternative()
        // Nobody who chose a name inside can have known the message's id.
        .boundary(format!("=_{}", message.id))
        .singlepart(SinglePart::plain(text.clone()))
        .singlepart(SinglePart::html(html.clone()));
    Message::builder()
        .from(Mailbox::new(Some(without_line_breaks(from_name)), sender))
        .to(Mailbox::new(None, recipient))
        .subject(without_line_breaks(subject))
        .date(SystemTime::UNIX_EPOCH + since_1970)
        .message_id(Some(format!("<{}@{message_id_host}>", message.id)))
        // RFC 3834, 5: keeps holiday replies away.
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .multipart(parts)
        .map_err(|_| wrong("a header"))
}

/// Whatever an outbox holds, a header stays one header.
fn without_line_breaks(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MessageKind;
    use latchkey_types::{Locale, MessageId, Timestamp};

    fn mail(from_name: &str, subject: &str) -> String {
        let message = Outgoing {
            id: MessageId::parse("0190d4a8-0000-7000-8000-000000000000").unwrap(),
            created_at: Timestamp::parse("2026-11-21T09:30:00Z").unwrap(),
            kind: MessageKind::Code,
            to: Destination::parse("mail", "ada@contoso.com").unwrap(),
            locale: Locale::En,
            content: Content::Mail {
                from_name: from_name.into(),
                subject: subject.into(),
                text: "Återställ 12345678".into(),
                html: "<p>Återställ 12345678</p>".into(),
            },
        };
        let from = EmailAddress::parse("reset@contoso.com").unwrap();
        let composed = compose(&message, &from, "reset.contoso.com")
            .unwrap()
            .formatted();
        String::from_utf8(composed).unwrap()
    }

    fn headers(mail: &str) -> &str {
        mail.split_once("\r\n\r\n").unwrap().0
    }

    #[test]
    fn the_same_message_is_the_same_mail_with_the_same_id() {
        let first = mail("Contoso", "Your code");
        assert_eq!(first, mail("Contoso", "Your code"));
        let headers = headers(&first);
        for header in [
            "Message-ID: <0190d4a8-0000-7000-8000-000000000000@reset.contoso.com>",
            "Auto-Submitted: auto-generated",
            "Date: Sat, 21 Nov 2026 09:30:00 +0000",
            "From: Contoso <reset@contoso.com>",
            "To: ada@contoso.com",
            "Content-Type: multipart/alternative",
        ] {
            assert!(headers.contains(header), "{header}: {headers}");
        }
    }

    #[test]
    fn a_hostile_name_adds_no_header_and_no_address() {
        for hostile in [
            "Contoso\r\nBcc: eve@evil.example",
            "Contoso\nBcc: eve@evil.example\n\nhello",
            "Contoso\" <eve@evil.example>, \"x",
            "Contoso <eve@evil.example>",
            "a, eve@evil.example",
            "\u{e5}\r\nBcc: eve@evil.example",
            "=?utf-8?q?x=0D=0ABcc:_eve@evil.example?=",
            "\0\u{b}\u{c}\u{85}\u{2028}Bcc: eve@evil.example",
            &"å".repeat(300),
        ] {
            let mail = mail(hostile, hostile);
            let headers = headers(&mail).replace("\r\n ", " ").replace("\r\n\t", " ");
            let names: Vec<&str> = headers
                .split("\r\n")
                .map(|line| line.split(':').next().unwrap())
                .collect();
            let mut sorted = names.clone();
            sorted.sort_unstable();
            assert_eq!(
                sorted,
                [
                    "Auto-Submitted",
                    "Content-Type",
                    "Date",
                    "From",
                    "MIME-Version",
                    "Message-ID",
                    "Subject",
                    "To"
                ],
                "{hostile:?}"
            );
            let from = headers
                .lines()
                .find(|line| line.starts_with("From:"))
                .unwrap();
            assert!(from.ends_with("<reset@contoso.com>"), "{from}");
            // Angle brackets and commas of a name are only inside quotes or an encoded word.
            let name = from
                .strip_prefix("From: ")
                .unwrap()
                .strip_suffix("<reset@contoso.com>")
                .unwrap()
                .trim();
            let quoted = name.starts_with('"') && name.ends_with('"');
            assert!(quoted || !name.contains(['<', '>', ',', '@']), "{from}");
            assert!(
                !headers.replace("\r\n", "").contains(char::is_control),
                "{headers:?}"
            );
        }
    }
}
