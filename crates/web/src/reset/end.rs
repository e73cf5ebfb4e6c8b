//! How it ended.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use latchkey_app::reset::{self, Ended, Notice, Page};
use latchkey_core::reset::Deed;
use latchkey_http::{Incoming, Posted, Problem};
use latchkey_i18n::Texts;
use latchkey_types::RequestId;

use super::flow::{Answer, Form, Open};
use crate::layout::{self, Layout};
use crate::portal::Portal;
use crate::words;

#[derive(Template)]
#[template(path = "reset/end.html")]
struct EndPage {
    l: Layout,
    success: bool,
    paragraphs: Vec<String>,
    told: Vec<String>,
    details: Vec<Detail>,
    /// What the way back to the beginning is called.
    next: Option<String>,
}

/// One line under *details*.
pub(crate) struct Detail {
    /// What it is.
    pub(crate) name: String,
    /// For people.
    pub(crate) value: String,
    /// If it is a moment: for the script, which writes it in the reader's own time zone.
    pub(crate) moment: Option<String>,
}

impl Detail {
    fn plain(name: String, value: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
            moment: None,
        }
    }
}

struct Words {
    heading: String,
    paragraphs: Vec<String>,
    details: Vec<Detail>,
    next: Option<String>,
}

pub(super) fn page(
    open: &Open,
    status: StatusCode,
    notice: Option<&Notice>,
) -> Result<Response, Problem> {
    let Page::Ended(ended) = &open.view.page else {
        return Err(Problem::Internal);
    };
    let t = open.texts();
    let words = words(t, ended);
    let told = match ended {
        Ended::Succeeded { told, .. } => told.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    let template = EndPage {
        l: open.layout(words.heading, notice),
        success: matches!(ended, Ended::Succeeded { .. }),
        paragraphs: words.paragraphs,
        told,
        details: words.details,
        next: words.next,
    };
    layout::page(status, t.locale(), &template)
}

fn words(t: Texts, ended: &Ended) -> Words {
    let reference = |id: &RequestId| Detail::plain(t.get("reference"), id.to_string());
    let again = Some(t.get("start-again"));
    match ended {
        Ended::Succeeded {
            deed: Deed::Unlock, ..
        } => Words {
            heading: t.get("unlocked-heading"),
            paragraphs: vec![t.get("unlocked-works")],
            details: Vec::new(),
            next: None,
        },
        Ended::Succeeded { in_directory, .. } => Words {
            heading: t.get("done-heading"),
            paragraphs: vec![
                t.get(if *in_directory {
                    "done-works-directory"
                } else {
                    "done-works"
                }),
                t.get("done-sessions"),
            ],
            details: Vec::new(),
            next: None,
        },
        Ended::Failed {
            reason,
            said,
            reference: id,
        } => Words {
            heading: t.get("failed-heading"),
            paragraphs: match said {
                Some(said) => vec![words::directory(t, *said), t.get("cure-ask")],
                None => words::reason(t, *reason).into(),
            },
            details: vec![
                Detail::plain(t.get("failed-code"), reason.code()),
                reference(id),
            ],
            next: None,
        },
        Ended::UnknownUser { reference: id } => Words {
            heading: t.get("unknown-heading"),
            paragraphs: vec![t.get("unknown-what")],
            details: vec![reference(id)],
            next: Some(t.get("unknown-next")),
        },
        Ended::Blocked {
            until,
            gate,
            reference: id,
        } => Words {
            heading: t.get("blocked-heading"),
            paragraphs: match gate {
                Some(gate) => {
                    let name = words::gate_name(t, *gate);
                    vec![
                        t.with("blocked-method", &[("method", (&name).into())]),
                        t.get("blocked-other"),
                    ]
                }
                None => vec![t.get("blocked-all"), t.get("blocked-password")],
            },
            details: vec![
                Detail {
                    name: t.get("blocked-until"),
                    value: t.date_time(*until),
                    moment: Some(until.rfc3339()),
                },
                reference(id),
            ],
            next: gate.is_some().then(|| t.get("start-again")),
        },
        Ended::Canceled => Words {
            heading: t.get("canceled-heading"),
            paragraphs: vec![t.get("canceled-what")],
            details: Vec::new(),
            next: again,
        },
        Ended::Contacted { reference: id } => Words {
            heading: t.get("contacted-heading"),
            paragraphs: vec![t.get("contacted-what"), t.get("contacted-next")],
            details: vec![reference(id)],
            next: None,
        },
        Ended::Expired => Words {
            heading: t.get("expired-heading"),
            paragraphs: vec![t.get("expired-what")],
            details: Vec::new(),
            next: again,
        },
    }
}

/// Ends the session by the person's wish.
pub(super) async fn cancel(
    State(portal): State<Portal>,
    incoming: Incoming,
    posted: Posted,
) -> Answer {
    let form = Form::read(&portal, &incoming, &posted, &[], &[]).await?;
    let outcome = reset::cancel(&portal, form.ctx(), &form.cookie).await?;
    form.go_on(outcome, "")
}
