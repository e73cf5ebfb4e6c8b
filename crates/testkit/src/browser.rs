//! A browser without a screen and without a network: it keeps cookies by the rules of their names,
//! reads forms and follows redirects when it is asked to.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use sha2::{Digest as _, Sha256};
use tower::{Service, ServiceExt as _};

use crate::html::Page;

/// The type of a posted form.
pub const FORM: &str = "application/x-www-form-urlencoded";

type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A service that answers requests. Clones share it.
#[derive(Clone)]
pub struct Server(Arc<dyn Fn(Request<Full<Bytes>>) -> Answering + Send + Sync>);

impl Server {
    /// Any router.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Debug,
    {
        Self(Arc::new(move |request| {
            let service = service.clone();
            Box::pin(async move {
                let Ok(response) = service.oneshot(request).await;
                let (parts, body) = response.into_parts();
                let body = body.collect().await.expect("a whole body").to_bytes();
                Answer {
                    status: parts.status.as_u16(),
                    headers: parts.headers,
                    body,
                }
            })
        }))
    }

    /// Whatever answers.
    pub(crate) fn answering<F, Fut>(answer: F) -> Self
    where
        F: Fn(Request<Full<Bytes>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Answer> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(answer(request))))
    }

    /// The answer to one request.
    pub async fn answer(&self, request: Request<Full<Bytes>>) -> Answer {
        (self.0)(request).await
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a header is text"))
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body is text")
    }

    /// The body as a page.
    pub fn page(&self) -> Page {
        Page::read(self.text())
    }
}

/// One request that was made and what came back, for tests that look for what must be in neither.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The method.
    pub method: String,
    /// The target: path and query.
    pub target: String,
    /// The answer.
    pub answer: Answer,
}

/// A browser.
pub struct Browser {
    server: Server,
    host: String,
    is_secure: bool,
    /// Headers that it sends with every request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Its cookies: names and values.
    pub cookies: Vec<(String, String)>,
    /// Where it is: the path and query of the last request.
    pub path: String,
    /// The last answer.
    pub answer: Answer,
    /// Everything it did.
    pub trail: Vec<Visit>,
    /// Whether it keeps a trail: bodies take memory.
    pub keeps_trail: bool,
}

impl Browser {
    /// A browser for a service under a base address (`https://host[:port]`).
    pub fn new(server: &Server, base: &str) -> Self {
        let (scheme, host) = base.split_once("://").expect("a base address");
        Self {
            server: server.clone(),
            host: host.to_owned(),
            is_secure: scheme == "https",
            headers: Vec::new(),
            cookies: Vec::new(),
            path: String::new(),
            answer: Answer {
                status: 0,
                headers: HeaderMap::new(),
                body: Bytes::new(),
            },
            trail: Vec::new(),
            keeps_trail: true,
        }
    }

    /// Sends a header with every request from now on.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header value");
        self.headers.push((HeaderName::from_static(name), value));
        self
    }

    /// A request as this browser sends it: host, cookies and its own headers.
    pub fn request(&self, method: &str, target: &str) -> http::request::Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, &self.host);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        request
    }

    /// Sends a request and keeps the cookies of the answer. Redirects are not followed.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> &mut Self {
        let method = request.method().to_string();
        self.path = request
            .uri()
            .path_and_query()
            .map_or_else(String::new, ToString::to_string);
        self.answer = self.server.answer(request).await;
        let lines: Vec<String> = self
            .answer
            .headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|line| line.to_str().expect("a cookie is text").to_owned())
            .collect();
        for line in lines {
            self.keep(&line);
        }
        if self.keeps_trail {
            self.trail.push(Visit {
                method,
                target: self.path.clone(),
                answer: self.answer.clone(),
            });
        }
        self
    }

    /// Keeps a cookie, if a browser would (RFC 6265bis, 5.6): `__Host-` asks for `Secure`, `Path=/`
    /// and no `Domain`; `Secure` asks for https.
    fn keep(&mut self, line: &str) {
        let mut parts = line.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        let attributes: Vec<String> = parts.map(str::to_ascii_lowercase).collect();
        let has = |wanted: &str| attributes.iter().any(|attribute| attribute == wanted);
        let names_domain = attributes.iter().any(|a| a.starts_with("domain"));
        if has("secure") && !self.is_secure {
            return;
        }
        if name.starts_with("__Host-") && !(has("secure") && has("path=/") && !names_domain) {
            return;
        }
        self.cookies.retain(|(known, _)| known != name);
        if !has("max-age=0") {
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Plants a cookie.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.retain(|(known, _)| known != name);
        self.cookies.push((name.to_owned(), value.to_owned()));
    }

    /// Asks for an address, without following redirects.
    pub async fn get(&mut self, target: &str) -> &mut Self {
        let request = self
            .request("GET", target)
            .body(Full::default())
            .expect("a request");
        self.send(request).await
    }

    /// Follows redirects until there is a page.
    pub async fn follow(&mut self) -> &mut Self {
        for _ in 0..10 {
            if !(300..400).contains(&self.answer.status) || self.answer.status == 304 {
                return self;
            }
            let target = self.answer.header("location").to_owned();
            assert!(
                target.starts_with('/') && !target.starts_with("//"),
                "a redirect stays here: {target}"
            );
            self.get(&target).await;
        }
        unreachable!("redirects without end, last to {}", self.path)
    }

    /// Opens an address.
    pub async fn open(&mut self, target: &str) -> &mut Self {
        self.get(target).await.follow().await
    }

    /// Posts a body of any type, without following redirects.
    pub async fn post(&mut self, target: &str, kind: &str, body: impl Into<Bytes>) -> &mut Self {
        let request = self
            .request("POST", target)
            .header(header::CONTENT_TYPE, kind)
            .body(Full::new(body.into()))
            .expect("a request");
        self.send(request).await
    }

    /// Posts fields, without following redirects.
    pub async fn post_fields(&mut self, target: &str, fields: &[(&str, &str)]) -> &mut Self {
        self.post(target, FORM, encode(fields)).await
    }

    /// Fills in the page's form for an address and sends it, without following redirects. A field
    /// that is given replaces a hidden one.
    pub async fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> &mut Self {
        let form = self.page().form(action);
        let mut all: Vec<(&str, &str)> = form
            .hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| fields.iter().all(|(given, _)| given != name))
            .collect();
        all.extend_from_slice(fields);
        self.post_fields(action, &all).await
    }

    /// Fills in the page's form for an address, sends it and goes where the answer leads.
    pub async fn fill(&mut self, action: &str, fields: &[(&str, &str)]) -> &mut Self {
        self.submit(action, fields).await.follow().await
    }

    /// Opens step 1, solves the human check as the script does, and types a user ID.
    pub async fn begin(&mut self, user_id: &str) -> &mut Self {
        self.open("/reset").await;
        let nonce = self.solve();
        self.fill("/reset", &[("user_id", user_id), ("nonce", &nonce)])
            .await
    }

    /// The solution of the human check on the page.
    ///
    /// # Panics
    /// If there is none on the page.
    pub fn solve(&self) -> String {
        let page = self.page();
        let form = page
            .all("form")
            .find(|form| form.attribute("data-work").is_some())
            .expect("a form with a human check");
        let bits: u32 = form
            .attribute("data-bits")
            .and_then(|bits| bits.parse().ok())
            .expect("a difficulty");
        let challenge = form.attribute("data-challenge").expect("a challenge");
        let nonce = (0..u64::MAX).find(|nonce| {
            let hash = Sha256::digest(format!("{challenge}:{nonce}"));
            let first = hash
                .iter()
                .take(4)
                .fold(0_u32, |all, byte| (all << 8) | u32::from(*byte));
            first.leading_zeros() >= bits
        });
        nonce.expect("a solution").to_string()
    }

    /// The page.
    pub fn page(&self) -> Page {
        self.answer.page()
    }

    /// The path, without the query.
    pub fn place(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// A value of the first form on the page that has this hidden field.
    pub fn hidden(&self, name: &str) -> Option<String> {
        self.page()
            .forms()
            .into_iter()
            .flat_map(|form| form.hidden)
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }
}

/// Fields as a browser sends them: everything but letters and digits is escaped.
pub fn encode(fields: &[(&str, &str)]) -> String {
    use std::fmt::Write as _;
    let escape = |text: &str| {
        text.bytes().fold(String::new(), |mut out, byte| {
            if byte.is_ascii_alphanumeric() {
                out.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
            out
        })
    };
    fields
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect::<Vec<_>>()
        .join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(base: &str, lines: &[&str]) -> Vec<(String, String)> {
        let server = Server::new(tower::service_fn(|_: Request<Full<Bytes>>| async {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
        }));
        let mut browser = Browser::new(&server, base);
        for line in lines {
            browser.keep(line);
        }
        browser.cookies
    }

    #[test]
    fn cookies_are_kept_by_the_rules_of_their_names() {
        for (base, line, kept) in [
            ("https://a", "__Host-x=1; Path=/; Secure", true),
            ("https://a", "__Host-x=1; Path=/", false),
            ("https://a", "__Host-x=1; Secure", false),
            ("https://a", "__Host-x=1; Path=/; Secure; Domain=a", false),
            ("http://a", "__Host-x=1; Path=/; Secure", false),
            ("http://a", "x=1; Path=/", true),
            ("https://a", "x=1; Max-Age=0", false),
        ] {
            assert_eq!(!browser(base, &[line]).is_empty(), kept, "{line}");
        }
        let replaced = browser("https://a", &["x=1", "x=2"]);
        assert_eq!(replaced, [("x".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn fields_are_escaped() {
        assert_eq!(encode(&[("a", "b c&\u{e5}")]), "a=b%20c%26%C3%A5");
    }
}
