//! Headers that every answer has, errors too.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// Nothing from anywhere else, nothing inline, in nobody's frame, forms only to ourselves.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
     style-src 'self'; img-src 'self' data:; worker-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

/// The same of a page whose form may lead away, to a tenant's identity provider: browsers look at
/// every address that a form is redirected to, and a provider redirects as it likes.
pub const LEADS_AWAY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     worker-src 'self'; form-action 'self' https:; base-uri 'none'; frame-ancestors 'none'",
);

/// [`LEADS_AWAY`] of a service on plain http, which is for this machine alone.
const LEADS_AWAY_HERE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     worker-src 'self'; form-action 'self' https: http:; base-uri 'none'; frame-ancestors 'none'",
);

/// The caching of an asset whose address holds the hash of its content.
pub const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), \
     gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

const ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
];

/// Adds them. `secure`: browsers reach the service by https, so that they may be told to do so for
/// two years.
pub(crate) fn add(headers: &mut HeaderMap, secure: bool) {
    let leads_away = headers.get(header::CONTENT_SECURITY_POLICY) == Some(&LEADS_AWAY);
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if leads_away {
        let policy = if secure { LEADS_AWAY } else { LEADS_AWAY_HERE };
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    // Only assets say otherwise, for themselves.
    if headers.get(header::CACHE_CONTROL) != Some(&IMMUTABLE) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(
            header::VARY,
            HeaderValue::from_static("Accept-Language, Cookie"),
        );
    }
    if secure {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=63072000; includeSubDomains"),
        );
    }
}
