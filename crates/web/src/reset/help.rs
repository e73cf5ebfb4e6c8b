//! Contact your administrator.

use askama::Template;
use axum::extract::State;
use latchkey_app::reset::{self, Page};
use latchkey_core::settings::Contact;
use latchkey_http::{Incoming, Posted};
use latchkey_i18n::Texts;

use super::flow::{Answer, Form, Open, path};
use super::start;
use crate::layout::{self, Layout};
use crate::portal::Portal;

#[derive(Template)]
#[template(path = "reset/help.html")]
struct HelpPage {
    l: Layout,
    paragraphs: Vec<String>,
    /// The tenant's own way to its administrators.
    link: Option<String>,
    back: &'static str,
}

/// Asks whether the administrators should be asked. A GET tells nobody anything.
pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let open = Open::find(&portal, &incoming).await?;
    let (incoming, brand) = if let Some(open) = &open {
        (open.incoming.clone(), open.view.brand.clone())
    } else {
        let brand = start::brand(&portal, &incoming).await?;
        (incoming.within(brand.locale), brand)
    };
    let t = Texts::new(incoming.ctx.locale);
    let heading = t.get("help-heading");
    let mut l = match &open {
        Some(open) => open.layout(heading, None),
        None => portal.layout(&incoming, &brand, "/reset", heading),
    };
    l.path = String::from("/reset/help");
    l.progress = None;
    l.help = false;
    let link = link(&brand.contact);
    let paragraphs = match (&link, &open) {
        (Some(_), _) => vec![t.get("help-lead-link")],
        (None, Some(_)) => vec![t.get("help-lead"), t.get("help-ends")],
        (None, None) => vec![t.get("help-lead-first")],
    };
    let back = match &open {
        Some(open) if !matches!(open.view.page, Page::Ended(_)) => path(&open.view.page),
        Some(_) => "/reset/end",
        None => "/reset",
    };
    let template = HelpPage {
        l,
        paragraphs,
        link,
        back,
    };
    Ok(layout::page(http::StatusCode::OK, t.locale(), &template)?)
}

/// Only what the settings promise it is; anything else counts as not set.
fn link(contact: &Contact) -> Option<String> {
    match contact {
        Contact::Off => None,
        Contact::Url(url) => url.starts_with("https://").then(|| url.clone()),
        Contact::Mail(mail) => {
            let mail = mail.strip_prefix("mailto:").unwrap_or(mail);
            let plain = mail.contains('@') && !mail.contains(['?', '&', ':', '%', ' ']);
            plain.then(|| format!("mailto:{mail}"))
        }
    }
}

/// Mails the administrators.
pub(super) async fn post(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let form = Form::read(&portal, &incoming, &posted, &[], &[]).await?;
    let outcome = reset::contact(&portal, form.ctx(), &form.cookie).await?;
    form.go_on(outcome, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_https_or_a_mail_address() {
        for (contact, href) in [
            (Contact::Off, None),
            (
                Contact::Url("https://help.contoso.com/".into()),
                Some("https://help.contoso.com/"),
            ),
            (Contact::Url("http://help.contoso.com/".into()), None),
            (Contact::Url("javascript:alert(1)".into()), None),
            (
                Contact::Mail("help@contoso.com".into()),
                Some("mailto:help@contoso.com"),
            ),
            (
                Contact::Mail("mailto:help@contoso.com".into()),
                Some("mailto:help@contoso.com"),
            ),
            (Contact::Mail("help@contoso.com?bcc=evil@x".into()), None),
            (Contact::Mail("javascript:alert(1)".into()), None),
        ] {
            assert_eq!(link(&contact).as_deref(), href, "{contact:?}");
        }
    }
}
