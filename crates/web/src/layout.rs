//! What every page has around its content.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use latchkey_http::Problem;
use latchkey_i18n::Texts;
use latchkey_types::Locale;

use crate::assets::Assets;

/// The frame of a page.
pub(crate) struct Layout {
    /// The language.
    pub(crate) t: Texts,
    /// Addresses of styles and scripts.
    pub(crate) assets: Arc<Assets>,
    /// The tenant's name.
    pub(crate) brand: String,
    /// The question that the page asks.
    pub(crate) heading: String,
    /// *Step 2 of 3: prove it's you*.
    pub(crate) progress: Option<String>,
    /// What is said first.
    pub(crate) alert: Option<Alert>,
    /// Where a link in another language leads: this page's own address.
    pub(crate) path: String,
    /// The hidden fields of forms in a session.
    pub(crate) hidden: Option<Hidden>,
    /// Where *Cancel* is sent to, if there is something to cancel.
    pub(crate) cancel: Option<&'static str>,
    /// Whether there is somebody to ask.
    pub(crate) help: bool,
    /// How long the session lasts, in words.
    pub(crate) time_left: Option<String>,
    /// For lists: the column is wider.
    pub(crate) wide: bool,
    /// Who is signed in.
    pub(crate) account: Option<AccountBar>,
}

/// Who is signed in, and the way out.
pub(crate) struct AccountBar {
    /// The user principal name.
    pub(crate) user: String,
    /// The token of the form that signs out.
    pub(crate) token: String,
    /// Whether the way to *My account* is open: not before a duty is done.
    pub(crate) home: bool,
}

/// What binds a form to a session.
pub(crate) struct Hidden {
    /// The form token.
    pub(crate) token: String,
    /// The version of a session whose steps are counted.
    pub(crate) version: Option<i64>,
}

/// What is said at the top of a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Alert {
    /// How loud.
    pub(crate) kind: Kind,
    /// What it is, in a few words.
    pub(crate) title: String,
    /// What to do about it.
    pub(crate) items: Vec<String>,
    /// The id of the field that it is about.
    pub(crate) field: Option<&'static str>,
}

/// How loud an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something has to be mended.
    Error,
    /// Good to know.
    Info,
}

impl Alert {
    /// A fault in a field.
    pub(crate) fn error(t: Texts, field: &'static str, items: Vec<String>) -> Self {
        Self {
            kind: Kind::Error,
            title: t.get("alert-title"),
            items,
            field: Some(field),
        }
    }

    /// Something to know.
    pub(crate) const fn info(title: String) -> Self {
        Self {
            kind: Kind::Info,
            title,
            items: Vec::new(),
            field: None,
        }
    }

    /// Whether it is about something to mend.
    pub(crate) fn is_error(&self) -> bool {
        self.kind == Kind::Error
    }

    pub(crate) fn class(&self) -> &'static str {
        if self.is_error() {
            "alert-error"
        } else {
            "alert-info"
        }
    }

    pub(crate) fn role(&self) -> &'static str {
        if self.is_error() { "alert" } else { "status" }
    }

    /// The same words for the field.
    pub(crate) fn at(&self, field: &str) -> Option<String> {
        (self.field == Some(field)).then(|| self.items.join(" "))
    }
}

/// A language to choose.
pub(crate) struct Language {
    pub(crate) tag: &'static str,
    pub(crate) name: &'static str,
    pub(crate) href: String,
    pub(crate) current: bool,
}

impl Layout {
    /// What the tab is called.
    pub(crate) fn title(&self) -> String {
        let is_error = self.alert.as_ref().is_some_and(Alert::is_error);
        let page = format!("{} \u{2013} {}", self.heading, self.brand);
        if is_error {
            self.t.plain("title-error", &[("title", (&page).into())])
        } else {
            page
        }
    }

    /// The first letter of the name.
    pub(crate) fn monogram(&self) -> String {
        self.brand
            .chars()
            .find(|letter| letter.is_alphanumeric())
            .map(|letter| letter.to_uppercase().collect())
            .unwrap_or_default()
    }

    pub(crate) fn languages(&self) -> Vec<Language> {
        let current = self.t.locale();
        let separator = if self.path.contains('?') { '&' } else { '?' };
        Locale::ALL
            .into_iter()
            .filter(|locale| *locale != Locale::Pseudo || current == Locale::Pseudo)
            .map(|locale| Language {
                tag: locale.tag(),
                name: locale.native_name(),
                href: format!("{}{separator}mkt={}", self.path, locale.tag()),
                current: locale == current,
            })
            .collect()
    }

    /// Where help is; it keeps the tenant that step 1 was opened for.
    pub(crate) fn help_href(&self) -> String {
        let query = self.path.split_once('?').map(|(_, query)| query);
        query.map_or_else(
            || String::from("/reset/help"),
            |query| format!("/reset/help?{query}"),
        )
    }
}

/// A page as an answer.
pub(crate) fn page(
    status: StatusCode,
    locale: Locale,
    template: &impl Template,
) -> Result<Response, Problem> {
    let body = template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be made");
        Problem::Internal
    })?;
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_LANGUAGE,
        HeaderValue::from_static(locale.tag()),
    );
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(brand: &str, path: &str) -> Layout {
        Layout {
            t: Texts::new(Locale::Sv),
            assets: Arc::new(Assets::new()),
            brand: brand.into(),
            heading: "Who are you?".into(),
            progress: None,
            alert: None,
            path: path.into(),
            hidden: None,
            cancel: None,
            help: true,
            time_left: None,
            wide: false,
            account: None,
        }
    }

    #[test]
    fn the_languages_stay_on_the_page() {
        let hrefs = |path| {
            let languages = layout("Contoso", path).languages();
            languages
                .into_iter()
                .map(|language| language.href)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            hrefs("/reset"),
            ["/reset?mkt=en", "/reset?mkt=sv", "/reset?mkt=nl"]
        );
        assert_eq!(hrefs("/reset?whr=a.com")[0], "/reset?whr=a.com&mkt=en");
    }

    #[test]
    fn a_monogram_is_one_letter() {
        for (brand, monogram) in [
            ("Contoso", "C"),
            ("\u{e5}rsta", "\u{c5}"),
            ("<b>", "B"),
            ("!", ""),
        ] {
            assert_eq!(layout(brand, "/").monogram(), monogram);
        }
    }
}
