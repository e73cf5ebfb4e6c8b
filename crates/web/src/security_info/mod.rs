//! The registration portal. Specification: *The registration portal*.
//!
//! One file for each page. A GET shows and changes nothing; a POST calls one use case, and leads
//! back to the first page with a word about what was done, or shows its page with what to mend.

mod authenticator;
mod code;
mod confirm;
mod destination;
mod overview;
mod passkey;
mod prove;
mod questions;
mod recovery;
mod remove;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use latchkey_app::security_info::{Bar, Saved};
use latchkey_core::registration::Kind;
use latchkey_http::{Fields, Incoming, Posted};
use latchkey_i18n::Texts;

use crate::portal::Portal;
use crate::reset::{Answer, Stop, see_other};
use crate::signed_in::{Here, Place};

/// The first page.
pub(crate) const HOME: &str = "/security-info";

pub(crate) fn routes() -> Router<Portal> {
    Router::new()
        .route(HOME, get(overview::get))
        .route("/security-info/not-now", post(confirm::not_now))
        .route(
            "/security-info/confirm",
            get(confirm::get).post(confirm::post),
        )
        .route(
            "/security-info/email",
            get(destination::email).post(destination::post_email),
        )
        .route(
            "/security-info/email/code",
            get(code::email).post(code::post_email),
        )
        .route("/security-info/email/again", post(code::email_again))
        .route(
            "/security-info/phone",
            get(destination::phone).post(destination::post_phone),
        )
        .route(
            "/security-info/phone/code",
            get(code::phone).post(code::post_phone),
        )
        .route("/security-info/phone/again", post(code::phone_again))
        .route(
            "/security-info/authenticator",
            get(authenticator::get).post(authenticator::post),
        )
        .route(
            "/security-info/authenticator/code",
            get(authenticator::scan).post(authenticator::post_code),
        )
        .route(
            "/security-info/passkey",
            get(passkey::get).post(passkey::post),
        )
        .route(
            "/security-info/passkey/create",
            get(passkey::create).post(passkey::post_create),
        )
        .route(
            "/security-info/questions",
            get(questions::get).post(questions::post),
        )
        .route(
            "/security-info/recovery-codes",
            get(recovery::get).post(recovery::post),
        )
        .route(
            "/security-info/recovery-codes/download",
            post(recovery::download),
        )
        .route("/security-info/remove", get(remove::get).post(remove::post))
        .route(
            "/security-info/confirm-it-is-you",
            get(prove::get).post(prove::post),
        )
        .route(
            "/security-info/confirm-it-is-you/passkey",
            get(prove::passkey).post(prove::post_passkey),
        )
}

/// Where a proof leads, after it: a closed list, by the word in the address.
const STEPS: [(&str, &str); 10] = [
    ("email", "/security-info/email"),
    ("email-code", "/security-info/email/code"),
    ("phone", "/security-info/phone"),
    ("phone-code", "/security-info/phone/code"),
    ("authenticator", "/security-info/authenticator"),
    ("authenticator-code", "/security-info/authenticator/code"),
    ("passkey", "/security-info/passkey"),
    ("passkey-create", "/security-info/passkey/create"),
    ("questions", "/security-info/questions"),
    ("recovery-codes", "/security-info/recovery-codes"),
];

/// The page that asks to prove it once more, and then leads to a step.
const PROVE: [&str; 10] = [
    "/security-info/confirm-it-is-you?for=email",
    "/security-info/confirm-it-is-you?for=email-code",
    "/security-info/confirm-it-is-you?for=phone",
    "/security-info/confirm-it-is-you?for=phone-code",
    "/security-info/confirm-it-is-you?for=authenticator",
    "/security-info/confirm-it-is-you?for=authenticator-code",
    "/security-info/confirm-it-is-you?for=passkey",
    "/security-info/confirm-it-is-you?for=passkey-create",
    "/security-info/confirm-it-is-you?for=questions",
    "/security-info/confirm-it-is-you?for=recovery-codes",
];

/// Where the word leads that came in an address or a form; whatever is not in the list leads home.
fn step(word: &str) -> (&'static str, &'static str) {
    STEPS
        .into_iter()
        .find(|(known, _)| *known == word)
        .unwrap_or(("", "/security-info?n=proven"))
}

/// The page to prove it on, from a page of the portal.
fn prove_for(path: &str) -> &'static str {
    STEPS
        .iter()
        .zip(PROVE)
        .find(|((_, known), _)| *known == path)
        .map_or("/security-info/confirm-it-is-you", |(_, prove)| prove)
}

/// Goes on with what a use case gave, or where its refusal leads. `path`: the page of the step.
fn pass<T>(reply: Result<T, Bar>, path: &str) -> Result<T, Stop> {
    reply.map_err(|bar| {
        let to = match bar {
            Bar::SignIn => Place::SecurityInfo.sign_in(),
            Bar::Prove => prove_for(path),
            Bar::Closed => HOME,
        };
        Stop::Answer(Box::new(see_other(to)))
    })
}

async fn require(portal: &Portal, incoming: &Incoming) -> Result<Here, Stop> {
    Here::require(portal, incoming, Place::SecurityInfo).await
}

async fn posted(
    portal: &Portal,
    incoming: &Incoming,
    form: &Posted,
    names: &[&'static str],
    passwords: &[&'static str],
) -> Result<(Here, Fields), Stop> {
    Here::posted(
        portal,
        incoming,
        Place::SecurityInfo,
        form,
        names,
        passwords,
    )
    .await
}

/// Back to the first page, with a word about what was done.
fn saved(here: &Here, saved: &Saved) -> Answer {
    use latchkey_app::security_info::How;
    let to = if saved.is_registered_now {
        "/security-info?n=registered"
    } else {
        match saved.change.how {
            How::Added => "/security-info?n=added",
            How::Replaced => "/security-info?n=replaced",
            How::Removed => "/security-info?n=removed",
            How::Confirmed => "/security-info?n=confirmed",
        }
    };
    let mut response: Response = see_other(to);
    if let Some(cookie) = &saved.cookie {
        here.remember(cookie, &mut response);
    }
    Ok(response)
}

/// There is nothing to be proven any more.
fn over() -> Answer {
    Ok(see_other("/security-info?n=over"))
}

/// What a kind of method is called.
fn kind_name(t: Texts, kind: Kind) -> String {
    t.get(match kind {
        Kind::Passkey => "method-passkey",
        Kind::Authenticator => "method-authenticator",
        Kind::Email => "method-email",
        Kind::Phone => "method-phone",
        Kind::OfficePhone => "method-office",
        Kind::Questions => "method-questions",
        Kind::RecoveryCodes => "method-recovery",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_leads_back_to_the_step_that_asked_for_it_and_nowhere_else() {
        for ((word, path), prove) in STEPS.iter().zip(PROVE) {
            assert_eq!(prove_for(path), prove);
            let (_, asked) = prove.split_once("?for=").unwrap();
            assert_eq!(asked, *word);
            assert_eq!(step(asked).1, *path);
        }
        for word in ["", "//evil.example", "https://evil.example", "remove"] {
            assert_eq!(step(word).1, "/security-info?n=proven");
        }
    }
}
