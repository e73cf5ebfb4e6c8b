//! The pages of the demo: whom to be, and what was sent.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use latchkey_app::{App, DemoOutbox, reset};
use latchkey_http::{Incoming, Problem};
use latchkey_i18n::Texts;

use crate::layout::{Layout, page};
use crate::portal::Portal;
use crate::{WebOptions, protected};

/// What the demo shows.
#[derive(Clone)]
pub struct DemoPages {
    /// Every message that was sent.
    pub outbox: Arc<DemoOutbox>,
    /// Whom a visitor can be.
    pub users: Vec<DemoUser>,
    /// The password of everybody who has one.
    pub password: String,
    /// Where else to look.
    pub links: Vec<DemoLink>,
}

/// A user of the demo's tenant.
#[derive(Debug, Clone)]
pub struct DemoUser {
    /// What to type.
    pub user_id: String,
    /// The person's name.
    pub name: String,
    /// What can be seen with this user, in a sentence.
    pub what_it_is_for: String,
}

/// A link on the demo's first page.
#[derive(Debug, Clone)]
pub struct DemoLink {
    /// A path of this service.
    pub href: String,
    /// The words.
    pub text: String,
}

#[derive(Template)]
#[template(path = "demo/index.html")]
struct IndexPage {
    l: Layout,
    users: Vec<DemoUser>,
    password: String,
    links: Vec<DemoLink>,
}

#[derive(Template)]
#[template(path = "demo/outbox.html")]
struct OutboxPage {
    l: Layout,
    messages: Vec<Message>,
}

struct Message {
    channel: String,
    to: String,
    subject: String,
    created_at: String,
    pieces: Vec<Piece>,
}

/// A piece of a message's text.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    text: String,
    /// Easy to copy.
    is_code: bool,
    /// Leads to this service.
    is_link: bool,
}

#[derive(Clone)]
struct Demo {
    portal: Portal,
    pages: Arc<DemoPages>,
}

/// The demo's pages under the base address, with everything in front of them; merge it with
/// [`crate::router`].
pub fn demo_router(app: App, options: &WebOptions, demo: DemoPages) -> Router {
    let portal = Portal::new(app);
    let routes = Router::new()
        .route("/demo", get(index))
        .route("/demo/outbox", get(outbox))
        .route("/demo/outbox.json", get(json))
        .with_state(Demo {
            portal: portal.clone(),
            pages: Arc::new(demo),
        });
    protected(routes, portal, options)
}

impl Demo {
    fn layout(&self, incoming: &Incoming, path: &str, heading: &str) -> Layout {
        let brand = reset::service_brand(&self.portal);
        let t = Texts::new(incoming.ctx.locale);
        let mut l = self.portal.layout(incoming, &brand, path, t.get(heading));
        l.help = false;
        l.wide = true;
        l
    }
}

async fn index(State(demo): State<Demo>, incoming: Incoming) -> Result<Response, Problem> {
    let template = IndexPage {
        l: demo.layout(&incoming, "/demo", "demo-heading"),
        users: demo.pages.users.clone(),
        password: demo.pages.password.clone(),
        links: demo.pages.links.clone(),
    };
    page(StatusCode::OK, incoming.ctx.locale, &template)
}

async fn outbox(State(demo): State<Demo>, incoming: Incoming) -> Result<Response, Problem> {
    let t = Texts::new(incoming.ctx.locale);
    let base = demo.portal.options().base.url();
    let messages = demo.pages.outbox.list().into_iter().map(|message| Message {
        channel: t.get(match message.channel {
            "mail" => "demo-channel-mail",
            "text" => "demo-channel-text",
            _ => "demo-channel-call",
        }),
        to: message.to,
        subject: message.subject,
        created_at: message.created_at,
        pieces: pieces(&message.text, base),
    });
    let template = OutboxPage {
        l: demo.layout(&incoming, "/demo/outbox", "demo-outbox-heading"),
        messages: messages.collect(),
    };
    page(StatusCode::OK, incoming.ctx.locale, &template)
}

async fn json(State(demo): State<Demo>) -> Response {
    Json(demo.pages.outbox.list()).into_response()
}

/// Finds the codes (six to eight digits in a row) and our own links in a text.
fn pieces(text: &str, base: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let core = word.trim_end().trim_end_matches(['.', ',']);
        let rest = word.get(core.len()..).unwrap_or_default();
        let is_code =
            (6..=8).contains(&core.len()) && core.bytes().all(|byte| byte.is_ascii_digit());
        let is_link = core
            .strip_prefix(base)
            .is_some_and(|path| path.starts_with('/'));
        if is_code || is_link {
            pieces.push(Piece {
                text: core.to_owned(),
                is_code,
                is_link,
            });
            pieces.push(Piece {
                text: rest.to_owned(),
                is_code: false,
                is_link: false,
            });
        } else if let Some(last) = pieces
            .last_mut()
            .filter(|last| !last.is_code && !last.is_link)
        {
            last.text.push_str(word);
        } else {
            pieces.push(Piece {
                text: word.to_owned(),
                is_code,
                is_link,
            });
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_links_are_found_and_nothing_is_lost() {
        let base = "http://localhost:8480";
        let text = "Your code:\n\n12345678\n\n1234 is none. Open http://localhost:8480/not-me#abc.\n\
             http://localhost:8480.evil.example/ 123456.";
        let found = pieces(text, base);
        let all: String = found.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(all, text);
        let codes: Vec<&str> = found
            .iter()
            .filter(|p| p.is_code)
            .map(|p| p.text.as_str())
            .collect();
        assert_eq!(codes, ["12345678", "123456"]);
        let links: Vec<&str> = found
            .iter()
            .filter(|p| p.is_link)
            .map(|p| p.text.as_str())
            .collect();
        assert_eq!(links, ["http://localhost:8480/not-me#abc"]);
    }
}
