//! The circumstances of a request, as handlers take them.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, Uri, header};
use latchkey_app::Ctx;
use latchkey_core::audit::ActorKind;
use latchkey_i18n::negotiate;
use latchkey_types::{Locale, RequestId};

use crate::{Cookies, Problem, browser_class, urlencoded};

/// The cookie that keeps a language which was chosen with `mkt`.
pub const LANGUAGE_COOKIE: &str = "lang";

/// A request's context, language wishes, cookies and query; an extractor.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// For the use cases. Its language is negotiated as if there were no tenant.
    pub ctx: Ctx,
    /// The cookies.
    pub cookies: Cookies,
    query: String,
    /// From the address, else from the cookie.
    mkt: Option<String>,
    accept_language: Option<String>,
}

impl Incoming {
    /// Reads a request's head.
    pub fn read(
        request: RequestId,
        address: Option<IpAddr>,
        uri: &Uri,
        headers: &HeaderMap,
        secure: bool,
    ) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let cookies = Cookies::read(headers, secure);
        let query = uri.query().unwrap_or_default();
        let mkt = urlencoded::single(query, "mkt")
            .filter(|tag| chosen(tag).is_some())
            .or_else(|| cookies.get(LANGUAGE_COOKIE).map(|tag| tag.expose().clone()));
        let accept_language = text(header::ACCEPT_LANGUAGE).map(str::to_owned);
        let locale = negotiate(mkt.as_deref(), accept_language.as_deref(), Locale::En);
        let browser = text(header::USER_AGENT)
            .map(browser_class)
            .unwrap_or_default();
        let ctx = Ctx {
            request,
            address,
            browser,
            locale,
            actor: ActorKind::User,
        };
        Self {
            ctx,
            cookies,
            query: query.to_owned(),
            mkt,
            accept_language,
        }
    }

    /// The same request where a tenant is known: its language comes before English.
    #[must_use]
    pub fn within(mut self, tenant_default: Locale) -> Self {
        self.ctx.locale = negotiate(
            self.mkt.as_deref(),
            self.accept_language.as_deref(),
            tenant_default,
        );
        self
    }

    /// A value from the query, if the name is there exactly once.
    pub fn query(&self, name: &str) -> Option<String> {
        urlencoded::single(&self.query, name)
    }

    /// The language that the address asks for, if there is such a language.
    pub(crate) fn chosen_language(&self) -> Option<Locale> {
        chosen(&self.query("mkt")?)
    }
}

/// The language of a tag, if it names one of ours: then it wins over any default.
fn chosen(tag: &str) -> Option<Locale> {
    let [one, other] = [Locale::En, Locale::Sv].map(|default| negotiate(Some(tag), None, default));
    (one == other).then_some(one)
}

impl<S: Sync> FromRequestParts<S> for Incoming {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // `protect` puts it there; a router without it is a mistake in this program.
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or(Problem::Internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(uri: &str, lines: &[(&'static str, &str)]) -> Incoming {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let id = RequestId::parse("0190d4a8-0000-7000-8000-000000000000").unwrap();
        Incoming::read(id, None, &uri.parse().unwrap(), &headers, true)
    }

    #[test]
    fn the_language_comes_from_the_address_then_the_cookie_then_the_header_then_the_tenant() {
        let cookie = ("cookie", "__Host-latchkey-lang=nl");
        let accept = ("accept-language", "sv");
        for (uri, lines, tenant, expected) in [
            ("/reset?mkt=sv", vec![cookie], Locale::En, Locale::Sv),
            (
                "/reset?mkt=de",
                vec![cookie, accept],
                Locale::En,
                Locale::Nl,
            ),
            ("/reset", vec![cookie, accept], Locale::En, Locale::Nl),
            ("/reset", vec![accept], Locale::Nl, Locale::Sv),
            ("/reset", vec![], Locale::Nl, Locale::Nl),
            (
                "/reset",
                vec![("accept-language", "de")],
                Locale::Sv,
                Locale::Sv,
            ),
        ] {
            assert_eq!(
                incoming(uri, &lines).within(tenant).ctx.locale,
                expected,
                "{uri}"
            );
        }
    }

    #[test]
    fn only_a_language_that_exists_is_remembered() {
        assert_eq!(
            incoming("/?mkt=nl-BE", &[]).chosen_language(),
            Some(Locale::Nl)
        );
        assert_eq!(
            incoming("/?mkt=en", &[]).chosen_language(),
            Some(Locale::En)
        );
        assert_eq!(
            incoming("/?mkt=sv", &[]).chosen_language(),
            Some(Locale::Sv)
        );
        assert_eq!(incoming("/?mkt=de", &[]).chosen_language(), None);
        assert_eq!(incoming("/", &[]).chosen_language(), None);
    }
}
