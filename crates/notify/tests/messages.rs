//! What every message must be, in every language.

use std::time::Duration;

use latchkey_i18n::Texts;
use latchkey_notify::messages::*;
use latchkey_notify::{Alphabet, Content, segments};
use latchkey_types::{EmailAddress, Locale, Masked, PhoneNumber, Timestamp};

const WRITTEN: [Locale; 3] = [Locale::En, Locale::Sv, Locale::Nl];
const TOKEN: &str = "tK3-5ZqXw9_tokentokentoken";
const CODE: &str = "48151623";

fn occasion() -> Occasion<'static> {
    Occasion {
        when: Timestamp(1_795_253_400_000_000),
        address: "192.0.2.7",
        browser: "Firefox, Windows",
    }
}

fn told() -> Vec<Masked> {
    vec![
        EmailAddress::parse("ada@example.com")
            .expect("an address")
            .masked(),
        PhoneNumber::parse("+46701740642")
            .expect("a number")
            .masked(),
    ]
}

/// Every mail, with its name.
fn mails(locale: Locale, tenant: &str, user: &str) -> Vec<(String, Content)> {
    let texts = Texts::new(locale);
    let occasion = occasion();
    let until = occasion.when.plus(Duration::from_hours(24));
    let told = told();
    let not_me = NotMe {
        base: "https://reset.contoso.example",
        token: TOKEN,
        valid: Duration::from_hours(72),
    };
    let portal = "https://admin.contoso.example/users/1";
    let reference = "0190d4a8-0000-7000-8000-000000000000";
    let valid = Duration::from_mins(10);
    let mut all = vec![
        (
            "code".into(),
            code_mail(
                texts,
                &CodeMail {
                    tenant,
                    code: CODE,
                    valid,
                },
            ),
        ),
        (
            "reset".into(),
            password_reset(
                texts,
                &PasswordReset {
                    tenant,
                    user,
                    occasion,
                    told: &told,
                    not_me,
                },
            ),
        ),
        (
            "administrator".into(),
            administrator_reset(
                texts,
                &AdministratorReset {
                    tenant,
                    user,
                    occasion,
                },
            ),
        ),
        (
            "help".into(),
            help(
                texts,
                &Help {
                    tenant,
                    user,
                    reference,
                    occasion,
                    portal,
                },
            ),
        ),
        (
            "frozen, to administrators".into(),
            frozen_for_administrators(
                texts,
                &FrozenForAdministrators {
                    tenant,
                    user,
                    occasion,
                    portal,
                },
            ),
        ),
        (
            "frozen, to its owner".into(),
            frozen_for_user(
                texts,
                &FrozenForUser {
                    tenant,
                    user,
                    occasion,
                },
            ),
        ),
        (
            "spend".into(),
            spend_alarm(
                texts,
                &SpendAlarm {
                    tenant,
                    sent: 1_204,
                    limit: 1_000,
                    until,
                    portal,
                },
            ),
        ),
    ];
    for scope in [BlockedScope::Everything, BlockedScope::OneMethod] {
        let mail = Blocked {
            tenant,
            user,
            scope,
            occasion,
            until,
        };
        all.push((format!("blocked {scope:?}"), blocked(texts, &mail)));
    }
    for left in [9, 1, 0] {
        let mail = RecoveryCodeUsed {
            tenant,
            user,
            occasion,
            left,
        };
        all.push((
            format!("recovery code {left}"),
            recovery_code_used(texts, &mail),
        ));
    }
    for reason in [
        MissingReason::TurnedOff,
        MissingReason::NoMethodEnabled,
        MissingReason::NotInGroup,
        MissingReason::NotLicensed,
        MissingReason::WritebackOff,
        MissingReason::TooFewMethods {
            usable: 1,
            needed: 2,
        },
        MissingReason::DirectoryUnreachable,
        MissingReason::DirectoryFault,
        MissingReason::AccountDisabled,
    ] {
        let mail = Missing {
            tenant,
            user,
            reason,
            occasion,
            reference,
        };
        all.push((format!("missing {reason:?}"), missing(texts, &mail)));
    }
    all.into_iter()
        .map(|(name, mail)| (format!("{} {name}", locale.tag()), mail))
        .collect()
}

struct Mail {
    from_name: String,
    subject: String,
    text: String,
    html: String,
}

fn parts(content: &Content) -> Mail {
    match content {
        Content::Mail {
            from_name,
            subject,
            text,
            html,
        } => Mail {
            from_name: from_name.clone(),
            subject: subject.clone(),
            text: text.clone(),
            html: html.clone(),
        },
        Content::Text { .. } | Content::Call { .. } => unreachable!("not a mail"),
    }
}

fn every_mail() -> impl Iterator<Item = (String, Mail)> {
    Locale::ALL
        .into_iter()
        .flat_map(|locale| mails(locale, "Contoso", "ada@contoso.example"))
        .map(|(name, content)| (name, parts(&content)))
}

/// What a person reads in the HTML part: tags gone, links followed by their address.
fn readable(html: &str) -> String {
    let body = html
        .split_once("<body")
        .and_then(|(_, rest)| rest.split_once('>'))
        .expect("a body");
    let mut words = String::new();
    let mut link = String::new();
    for piece in body.1.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("a whole tag");
        if let Some((_, rest)) = tag.split_once("href=\"") {
            link = format!(": {}", rest.split('"').next().expect("an address"));
        }
        if tag == "/a" {
            words.push_str(&std::mem::take(&mut link));
        }
        let inline =
            tag.starts_with("bdi") || tag == "/bdi" || tag == "/a" || tag.starts_with("a ");
        if !inline {
            words.push(' ');
        }
        words.push_str(text);
    }
    let words = words
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
        .replace(['\u{2068}', '\u{2069}'], "");
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn both_parts_of_a_mail_say_the_same() {
    for (name, mail) in every_mail() {
        let text = mail.text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(readable(&mail.html), text, "{name}");
    }
}

#[test]
fn a_mail_begins_with_the_tenant_and_is_short() {
    for (name, mail) in every_mail() {
        assert_eq!(mail.from_name, "Contoso", "{name}");
        assert!(
            mail.subject.starts_with("Contoso"),
            "{name}: {}",
            mail.subject
        );
        assert!(mail.text.starts_with("Contoso\n"), "{name}");
        let lines = mail
            .text
            .lines()
            .skip(1)
            .filter(|line| !line.is_empty())
            .count();
        assert!((4..=10).contains(&lines), "{name}: {lines} lines");
        assert!(
            mail.subject.chars().count() <= 100 || name.starts_with("ar-XB"),
            "{name}"
        );
    }
}

#[test]
fn no_subject_and_no_sender_holds_a_code_or_a_token() {
    for (name, mail) in every_mail() {
        for header in [&mail.subject, &mail.from_name] {
            assert!(
                !header.contains(CODE) && !header.contains(TOKEN),
                "{name}: {header}"
            );
        }
    }
}

#[test]
fn the_page_is_in_the_language_and_loads_nothing() {
    for (name, mail) in every_mail() {
        let (tag, _) = name.split_once(' ').expect("a language");
        let dir = if tag == "ar-XB" { "rtl" } else { "ltr" };
        assert!(
            mail.html
                .contains(&format!("<html lang=\"{tag}\" dir=\"{dir}\">")),
            "{name}"
        );
        for forbidden in [
            "<img", "<script", "<link", "url(", "@import", "src=", "<form", "<iframe",
        ] {
            assert!(!mail.html.contains(forbidden), "{name}: {forbidden}");
        }
        // The links are those of the facts, and nothing else.
        for (at, _) in mail.html.match_indices("href=\"") {
            let address = &mail.html[at + 6..];
            assert!(
                address.starts_with("https://reset.contoso.example/not-me")
                    || address.starts_with("https://admin.contoso.example/users/1"),
                "{name}"
            );
        }
    }
}

#[test]
fn hostile_names_are_text_and_nothing_else() {
    let hostile = "<b onmouseover=\"x\">&amp;\u{202e}\u{2069}\r\n.\r\nBcc: eve'</b>";
    for (name, content) in mails(Locale::En, hostile, hostile) {
        let mail = parts(&content);
        assert!(!mail.html.contains("<b "), "{name}");
        assert!(!mail.html.contains("onmouseover=\""), "{name}");
        assert!(
            mail.html.contains("&#60;b onmouseover=&#34;x&#34;&#62;"),
            "{name}: {}",
            mail.html
        );
        for line in [&mail.subject, &mail.from_name] {
            assert!(!line.contains(|c: char| c.is_control()), "{name}: {line:?}");
        }
        assert!(
            !mail.text.contains(['\r', '\u{202e}', '\u{2069}']),
            "{name}"
        );
        assert!(
            !mail
                .text
                .lines()
                .any(|line| line == "." || line.starts_with("Bcc:")),
            "{name}"
        );
    }
}

#[test]
fn a_very_long_name_makes_no_endless_header() {
    let long = "Å".repeat(10_000);
    for (name, content) in mails(Locale::Sv, &long, "ada@contoso.example") {
        let mail = parts(&content);
        assert!(mail.subject.chars().count() <= 200, "{name}");
        assert!(mail.from_name.chars().count() <= 200, "{name}");
    }
}

#[test]
fn the_reset_mail_says_when_where_who_was_told_and_how_to_undo_it() {
    for locale in WRITTEN {
        let (name, content) = mails(locale, "Contoso", "ada@contoso.example").swap_remove(1);
        let text = parts(&content).text;
        for said in [
            "ada@contoso.example",
            "2026",
            "09:30 UTC",
            "192.0.2.7, Firefox, Windows",
            "a•••@e•••.com, +••\u{a0}•••\u{a0}•••\u{a0}•42",
            "https://reset.contoso.example/not-me#tK3-5ZqXw9_tokentokentoken\n",
            "https://reset.contoso.example/not-me ",
            "\n\ntK3-5ZqXw9_tokentokentoken\n",
            "72 ",
        ] {
            assert!(text.contains(said), "{name}: {said:?} is not in {text}");
        }
        assert!(
            !text.contains("ada@example.com") && !text.contains("0174"),
            "{name}"
        );
    }
}

#[test]
fn the_help_mail_names_the_user_and_the_reference_and_holds_no_token() {
    for locale in WRITTEN {
        let (name, content) = mails(locale, "Contoso", "ada@contoso.example").swap_remove(3);
        let text = parts(&content).text;
        assert!(text.contains("ada@contoso.example"), "{name}");
        assert!(
            text.contains("0190d4a8-0000-7000-8000-000000000000"),
            "{name}"
        );
        assert!(
            text.contains("https://admin.contoso.example/users/1\n"),
            "{name}"
        );
        assert_eq!(text.matches("https://").count(), 1, "{name}");
    }
}

#[test]
fn every_message_with_a_code_says_that_nobody_will_ask_for_it() {
    for (locale, warning) in [
        (Locale::En, "Nobody from IT will ever ask"),
        (Locale::Sv, "Ingen på it"),
        (Locale::Nl, "Niemand van IT vraagt"),
    ] {
        let texts = Texts::new(locale);
        let (_, mail) = mails(locale, "Contoso", "ada@contoso.example").swap_remove(0);
        assert!(parts(&mail).text.contains(warning), "{locale:?}");
        assert!(
            parts(&mail).text.contains(&format!("\n{CODE}\n")),
            "{locale:?}"
        );
        let text = code_text(
            texts,
            &CodeText {
                tenant: "Contoso",
                code: "314159",
                host: "localhost",
            },
        );
        assert!(
            matches!(&text, Content::Text { text } if text.contains(warning)),
            "{locale:?}"
        );
        let call = code_call(
            texts,
            &CodeCall {
                tenant: "Contoso",
                code: "314159",
            },
        );
        assert!(
            matches!(&call, Content::Call { spoken } if spoken.contains(warning)),
            "{locale:?}"
        );
    }
}

fn text_message(locale: Locale, tenant: &str, host: &str) -> String {
    let message = CodeText {
        tenant,
        code: "314159",
        host,
    };
    text_of(code_text(Texts::new(locale), &message))
}

fn text_of(content: Content) -> String {
    match content {
        Content::Text { text } => text,
        Content::Mail { .. } | Content::Call { .. } => unreachable!("not a text"),
    }
}

#[test]
fn a_number_that_is_registered_or_taken_off_is_told_in_one_segment() {
    for locale in WRITTEN {
        for tenant in [
            "Contoso",
            "Ångpanneföreningens Arbetslivscentrum för Återställning och Återvinning",
            "株式会社コントソ",
        ] {
            let message = CodeText {
                tenant,
                code: "314159",
                host: "reset.contoso.example",
            };
            let texts = Texts::new(locale);
            let register = text_of(register_text(texts, &message));
            assert!(
                register.ends_with("@reset.contoso.example #314159"),
                "{register}"
            );
            let gone = text_of(number_changed(texts, tenant));
            assert!(!gone.contains(|c: char| c.is_ascii_digit()), "{gone}");
            for text in [register, gone] {
                assert_eq!(segments(&text), (Alphabet::Gsm7, 1), "{locale:?}: {text}");
            }
        }
    }
}

#[test]
fn a_text_message_is_one_segment_in_every_language_with_any_name() {
    let long_host = format!("{}.example", "a".repeat(LONGEST_HOST - ".example".len()));
    for locale in WRITTEN {
        for tenant in [
            "Contoso",
            "",
            "Internationale Vereniging van Gemeenten en Waterschappen in Noord-Brabant en Limburg",
            "Ångpanneföreningens Arbetslivscentrum för Återställning och Återvinning",
            "株式会社コントソ",
            "Škoda {Plzeň} €uro ~^[]|\\ Łódź",
            "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
            "\u{202e}evil\r\n@evil.example #999999",
        ] {
            for host in ["localhost", "reset.contoso.example", long_host.as_str()] {
                let text = text_message(locale, tenant, host);
                assert_eq!(segments(&text), (Alphabet::Gsm7, 1), "{locale:?}: {text}");
                let lines: Vec<&str> = text.lines().collect();
                assert_eq!(lines.len(), 3, "{text}");
                assert_eq!(lines[2], format!("@{host} #314159"));
                assert_eq!(lines[1], "");
            }
        }
        let longer = format!("a{long_host}{}", "b".repeat(10));
        assert!(segments(&text_message(locale, "Contoso", &longer)).1 <= 2);
    }
}

#[test]
fn a_text_message_has_the_tenants_name_first() {
    assert_eq!(
        text_message(Locale::En, "Contoso", "reset.contoso.example"),
        "Contoso: 314159 is your code to reset your password. Nobody from IT will ever ask for \
         it.\n\n@reset.contoso.example #314159"
    );
    let long = text_message(
        Locale::Nl,
        "Gemeente Nieuwerkerk aan den IJssel en Omstreken",
        "a.example",
    );
    assert!(long.starts_with("Gemeente Nieuwerkerk"), "{long}");
}

#[test]
fn a_call_says_the_code_digit_by_digit_and_twice() {
    for locale in WRITTEN {
        let call = code_call(
            Texts::new(locale),
            &CodeCall {
                tenant: "Contoso",
                code: "314159",
            },
        );
        let Content::Call { spoken } = call else {
            unreachable!("not a call")
        };
        assert_eq!(spoken.matches("3, 1, 4, 1, 5, 9").count(), 2, "{spoken}");
        assert!(!spoken.contains("314159"), "{spoken}");
        assert!(!spoken.contains('\u{2068}'), "{spoken}");
        assert!(spoken.contains("Contoso"), "{spoken}");
    }
}
