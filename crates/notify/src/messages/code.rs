use std::time::Duration;

use latchkey_i18n::Texts;

use super::letter::{Letter, one_line};
use crate::Content;
use crate::sms::{septets, shortened, simplified};

/// The longest host with which the text message still fits one segment, in characters.
pub const LONGEST_HOST: usize = 60;

/// The facts of a mail with a code.
#[derive(Clone, Copy)]
pub struct CodeMail<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The code: 8 digits.
    pub code: &'a str,
    /// How long the code is valid.
    pub valid: Duration,
}

/// The mail with a code to reset a password.
pub fn code_mail(texts: Texts, mail: &CodeMail<'_>) -> Content {
    let words = ["mail-code-subject", "mail-code-intro", "mail-code-not-you"];
    letter(texts, mail, words)
}

/// The mail with a code to register the address that it goes to.
pub fn register_mail(texts: Texts, mail: &CodeMail<'_>) -> Content {
    let words = [
        "mail-register-subject",
        "mail-register-intro",
        "mail-register-not-you",
    ];
    letter(texts, mail, words)
}

fn letter(texts: Texts, mail: &CodeMail<'_>, [subject, intro, not_you]: [&str; 3]) -> Content {
    let subject = texts.plain(subject, &[("tenant", mail.tenant.into())]);
    let duration = texts.duration(mail.valid);
    Letter::new(texts, mail.tenant, subject)
        .say(intro, &[])
        .code(mail.code)
        .say("mail-code-valid", &[("duration", (&duration).into())])
        .say("never-ask-mail", &[])
        .say(not_you, &[])
        .finish()
}

/// The facts of a text message with a code.
#[derive(Clone, Copy)]
pub struct CodeText<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The code: 6 digits.
    pub code: &'a str,
    /// The host of the tenant's base address, at most [`LONGEST_HOST`] letters.
    pub host: &'a str,
}

/// The text message with a code: one segment, its last line bound to the origin, so that browsers
/// offer the code on the portal's page only (WICG, origin-bound one-time codes). The tenant's name
/// gets what room is left.
pub fn code_text(texts: Texts, text: &CodeText<'_>) -> Content {
    one_segment(texts, text, "text-code")
}

/// The text message with a code to register the number that it goes to.
pub fn register_text(texts: Texts, text: &CodeText<'_>) -> Content {
    one_segment(texts, text, "text-register")
}

fn one_segment(texts: Texts, text: &CodeText<'_>, words: &str) -> Content {
    let sentence = texts.plain(words, &[("code", text.code.into())]);
    let body = format!("{sentence}\n\n@{} #{}", text.host, text.code);
    from_tenant(text.tenant, body)
}

/// A text that begins with the tenant's name, as much of it as one segment holds.
pub(super) fn from_tenant(tenant: &str, body: String) -> Content {
    let name = simplified(tenant);
    let name = match septets(&body) {
        Some(used) => shortened(&name, 160_usize.saturating_sub(used + 2)),
        // Only the pseudo-language needs other letters.
        None => name.as_str(),
    };
    let text = if name.is_empty() {
        body
    } else {
        format!("{name}: {body}")
    };
    Content::Text { text }
}

/// The facts of a call with a code.
#[derive(Clone, Copy)]
pub struct CodeCall<'a> {
    /// The tenant's name.
    pub tenant: &'a str,
    /// The code: 6 digits.
    pub code: &'a str,
}

/// What a call with a code says: digit by digit, twice.
pub fn code_call(texts: Texts, call: &CodeCall<'_>) -> Content {
    read_aloud(texts, call, "call-code")
}

/// What a call with a code says to register the number that it goes to.
pub fn register_call(texts: Texts, call: &CodeCall<'_>) -> Content {
    read_aloud(texts, call, "call-register")
}

fn read_aloud(texts: Texts, call: &CodeCall<'_>, words: &str) -> Content {
    let digits: Vec<String> = call.code.chars().map(String::from).collect();
    let digits = digits.join(", ");
    let tenant = one_line(call.tenant);
    let spoken = texts.plain(
        words,
        &[("tenant", (&tenant).into()), ("digits", (&digits).into())],
    );
    Content::Call { spoken }
}
