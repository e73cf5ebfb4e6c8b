//! Recovery codes: made, shown once, downloaded.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use latchkey_app::security_info;
use latchkey_http::{Incoming, Posted, Problem};

use super::{HOME, pass, posted, require};
use crate::layout::{self, Layout};
use crate::portal::Portal;
use crate::reset::{Answer, see_other};

const PATH: &str = "/security-info/recovery-codes";

#[derive(Template)]
#[template(path = "security_info/recovery.html")]
struct RecoveryPage {
    l: Layout,
    replaces: Option<String>,
}

#[derive(Template)]
#[template(path = "security_info/sheet.html")]
struct SheetPage {
    l: Layout,
    codes: Vec<String>,
    /// All of them, for the form that gives them back as a file.
    all: String,
}

pub(super) async fn get(State(portal): State<Portal>, incoming: Incoming) -> Answer {
    let here = require(&portal, &incoming).await?;
    let left = pass(
        security_info::recovery_page(&portal, &here.cookie).await?,
        PATH,
    )?;
    let t = here.texts();
    let template = RecoveryPage {
        l: here.layout(PATH, t.get("recovery-heading")),
        replaces: (left > 0).then(|| t.with("recovery-replaces", &[("count", left.into())])),
    };
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?)
}

/// Makes them. They are in this answer and nowhere else.
pub(super) async fn post(State(portal): State<Portal>, incoming: Incoming, form: Posted) -> Answer {
    let (here, _) = posted(&portal, &incoming, &form, &[], &[]).await?;
    let made = security_info::recovery_codes(&portal, here.ctx(), &here.cookie).await?;
    let (codes, _) = pass(made, PATH)?;
    let t = here.texts();
    let codes: Vec<String> = codes.iter().map(|code| code.expose().clone()).collect();
    let template = SheetPage {
        l: here.layout(PATH, t.get("sheet-heading")),
        all: codes.join(" "),
        codes,
    };
    Ok(layout::page(StatusCode::OK, t.locale(), &template)?)
}

/// Gives the codes of the page back as a file.
pub(super) async fn download(
    State(portal): State<Portal>,
    incoming: Incoming,
    form: Posted,
) -> Answer {
    let (here, fields) = posted(&portal, &incoming, &form, &["codes"], &[]).await?;
    let Some(codes) = security_info::sheet(fields.text("codes")) else {
        return Ok(see_other(HOME));
    };
    let t = here.texts();
    let args = [
        ("user", (&here.me.user_id).into()),
        ("tenant", (&here.me.brand.name).into()),
    ];
    let mut text = t.plain("sheet-file", &args);
    text.push_str("\r\n\r\n");
    for code in codes {
        text.push_str(code.expose());
        text.push_str("\r\n");
    }
    Ok(file(text)?)
}

fn file(text: String) -> Result<Response, Problem> {
    let mut response = (StatusCode::OK, text).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"recovery-codes.txt\""),
    );
    Ok(response)
}
