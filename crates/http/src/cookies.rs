//! Cookies that belong to this host alone.

use http::{HeaderMap, HeaderValue, header};
use latchkey_types::Secret;

/// Longest value that is read, in bytes.
const MAX_VALUE: usize = 512;

/// The cookies of a request.
///
/// Names are `__Host-latchkey-…`, which a browser takes only over https, for exactly this host and
/// every path (RFC 6265bis, 4.1.3.2). On plain http, which is for loopback only, browsers refuse
/// that prefix and it is left away.
#[derive(Clone, Default)]
pub struct Cookies {
    secure: bool,
    pairs: Vec<(String, Secret<String>)>,
}

impl std::fmt::Debug for Cookies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.pairs.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Cookies {
    /// Reads the `Cookie` headers (HTTP/2 may send several: RFC 9113, 8.2.3).
    pub fn read(headers: &HeaderMap, secure: bool) -> Self {
        let prefix = prefix(secure);
        let pairs = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.split_once('='))
            .filter_map(|(name, value)| {
                let name = name.trim().strip_prefix(prefix)?;
                Some((name.to_owned(), Secret::new(value.trim().to_owned())))
            })
            .collect();
        Self { secure, pairs }
    }

    /// The value of a cookie by its short name. `None` if it is missing, there more than once
    /// (somebody planted one), empty, too long, or no text of ours.
    pub fn get(&self, name: &str) -> Option<Secret<String>> {
        let mut found = self.pairs.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next()?;
        let text = value.expose();
        let ours = !text.is_empty()
            && text.len() <= MAX_VALUE
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte));
        (found.next().is_none() && ours).then(|| value.clone())
    }

    /// Whether cookies of this request are those of https.
    pub const fn secure(&self) -> bool {
        self.secure
    }
}

const fn prefix(secure: bool) -> &'static str {
    if secure {
        "__Host-latchkey-"
    } else {
        "latchkey-"
    }
}

/// A cookie to set: for this host alone, not readable by scripts, not sent along by other sites'
/// forms.
#[derive(Debug)]
pub struct SetCookie<'a> {
    /// The short name.
    pub name: &'a str,
    /// The value, of letters, digits and `-_.~:`. Empty: the browser forgets the cookie.
    pub value: &'a str,
    /// How long the browser keeps it, in seconds; `None`: until it is closed.
    pub max_age: Option<u32>,
}

impl SetCookie<'_> {
    /// Adds the header.
    pub fn add(&self, secure: bool, headers: &mut HeaderMap) {
        use std::fmt::Write as _;
        let mut text = format!(
            "{}{}={}; Path=/; HttpOnly; SameSite=Lax",
            prefix(secure),
            self.name,
            self.value
        );
        if secure {
            text.push_str("; Secure");
        }
        let max_age = if self.value.is_empty() {
            Some(0)
        } else {
            self.max_age
        };
        if let Some(seconds) = max_age {
            // Writing to a String cannot fail.
            let _ = write!(text, "; Max-Age={seconds}");
        }
        if let Ok(mut value) = HeaderValue::from_str(&text) {
            value.set_sensitive(true);
            headers.append(header::SET_COOKIE, value);
        } else {
            debug_assert!(false, "a cookie value that is no header");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(lines: &[&str], secure: bool) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().unwrap());
        }
        Cookies::read(&headers, secure)
            .get("reset")
            .map(|value| value.expose().clone())
    }

    #[test]
    fn a_cookie_is_read_if_it_is_there_exactly_once() {
        for (lines, value) in [
            (&["__Host-latchkey-reset=abc"][..], Some("abc")),
            (&["a=b; __Host-latchkey-reset=abc; c=d"], Some("abc")),
            (&["a=b", "__Host-latchkey-reset=abc"], Some("abc")),
            (
                &["__Host-latchkey-reset=abc; __Host-latchkey-reset=evil"],
                None,
            ),
            (
                &["__Host-latchkey-reset=abc", "__Host-latchkey-reset=abc"],
                None,
            ),
            (&["__Host-latchkey-reset="], None),
            (&["__Host-latchkey-reset"], None),
            (&["latchkey-reset=abc"], None),
            (&["__host-latchkey-reset=abc"], None),
            (&["__Host-latchkey-reset=a b"], None),
            (&["__Host-latchkey-reset=\"abc\""], None),
        ] {
            assert_eq!(get(lines, true).as_deref(), value, "{lines:?}");
        }
    }

    #[test]
    fn a_long_value_is_no_value() {
        let line = |length| format!("__Host-latchkey-reset={}", "a".repeat(length));
        assert!(get(&[&line(512)], true).is_some());
        assert!(get(&[&line(513)], true).is_none());
    }

    #[test]
    fn cookies_are_bound_to_the_host() {
        let mut headers = HeaderMap::new();
        SetCookie {
            name: "reset",
            value: "abc",
            max_age: None,
        }
        .add(true, &mut headers);
        SetCookie {
            name: "reset",
            value: "",
            max_age: None,
        }
        .add(false, &mut headers);
        let lines: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(
            lines[0],
            "__Host-latchkey-reset=abc; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            lines[1],
            "latchkey-reset=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
        assert_eq!(get(&["latchkey-reset=abc"], false).as_deref(), Some("abc"));
    }
}
