//! The last step: a new password.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::reset::{self, Notice, Page};
use latchkey_core::password::Rule;
use latchkey_http::{Incoming, Posted, Problem};
use latchkey_i18n::Texts;

use super::flow::{Answer, Form, Open, gone, path, see_other};
use crate::layout::{self, Layout};
use crate::portal::Portal;
use crate::words;

#[derive(Template)]
#[template(path = "reset/new_password.html")]
struct NewPasswordPage {
    l: Layout,
    user_id: String,
    rules: Vec<RuleLine>,
    error: Option<String>,
    confirm_error: Option<String>,
}

/// A rule in the list.
struct RuleLine {
    text: String,
    /// Its name for the script, if the typed text alone tells whether it is met.
    test: Option<&'static str>,
    number: Option<u16>,
    /// Whether the last password met it; `None` before the first.
    met: Option<bool>,
    state: String,
}

impl RuleLine {
    fn new(t: Texts, rule: Rule, notice: Option<&Notice>) -> Self {
        let met = match notice {
            Some(Notice::PasswordRefused(found)) => {
                Some(!found.iter().any(|violation| violation.breaks(rule)))
            }
            _ => None,
        };
        let state = match met {
            Some(true) => t.get("rule-met"),
            Some(false) => t.get("rule-unmet"),
            None => String::new(),
        };
        let number = match rule {
            Rule::MinLength { min } => Some(min),
            Rule::MaxLength { max } => Some(max),
            Rule::Classes { min } => Some(u16::from(min)),
            _ => None,
        };
        let test = rule.is_plain().then(|| rule.code());
        Self {
            text: words::rule(t, rule),
            test,
            number,
            met,
            state,
        }
    }

    const fn class(&self) -> &'static str {
        match self.met {
            Some(true) => "met",
            Some(false) => "unmet",
            None => "",
        }
    }
}

pub(super) fn page(
    open: &Open,
    status: StatusCode,
    notice: Option<&Notice>,
) -> Result<Response, Problem> {
    let Page::NewPassword { user_id, rules } = &open.view.page else {
        return Err(Problem::Internal);
    };
    let t = open.texts();
    let l = open.layout(t.get("password-heading"), notice);
    let alert = l.alert.as_ref();
    let template = NewPasswordPage {
        user_id: user_id.clone(),
        rules: rules
            .iter()
            .map(|rule| RuleLine::new(t, *rule, notice))
            .collect(),
        error: alert.and_then(|alert| alert.at("new_password")),
        confirm_error: alert.and_then(|alert| alert.at("confirm_password")),
        l,
    };
    layout::page(status, t.locale(), &template)
}

/// Shows the page, and has it on record that it was shown.
pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let Some(open) = Open::shown(&portal, &incoming).await? else {
        return Ok(gone(&incoming));
    };
    if !matches!(open.view.page, Page::NewPassword { .. }) {
        return Ok(see_other(path(&open.view.page)));
    }
    Ok(open.page(None, "")?)
}

/// Sets the password.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    const PASSWORDS: [&str; 2] = ["new_password", "confirm_password"];
    let form = Form::read(&portal, &incoming, &posted, &[], &PASSWORDS).await?;
    let [new, confirm] = PASSWORDS.map(|name| form.fields.secret(name));
    let outcome = reset::password(
        &portal,
        form.ctx(),
        &form.cookie,
        form.version,
        &new,
        &confirm,
    )
    .await?;
    form.go_on(outcome, "")
}
