//! Forms, read strictly: what a page of ours would not send is refused.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use latchkey_types::Secret;

use crate::{Problem, urlencoded};

/// Longest body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;
/// Longest value of a field, in bytes.
pub const MAX_FIELD: usize = 4 * 1024;
/// Longest value of a password field, in bytes.
pub const MAX_PASSWORD: usize = 16 * 1024;
/// Longest body that is read to its end before it is refused, so that a browser gets to see the
/// refusal and not a broken connection.
const MAX_DISCARDED: usize = 1024 * 1024;

/// A posted form; an extractor. What is in it is read with [`Posted::fields`].
pub struct Posted(Secret<Vec<u8>>);

impl<S: Sync> FromRequest<S> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let is_form = is_form(&parts.headers);
        let bytes = read(body).await?;
        if is_form {
            Ok(Self(Secret::new(bytes)))
        } else {
            Err(Problem::NotAForm)
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let Some(Ok(kind)) = headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str()) else {
        return false;
    };
    let (kind, parameter) = kind.split_once(';').unwrap_or((kind, ""));
    let parameter = parameter.trim();
    kind.trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        && (parameter.is_empty() || parameter.eq_ignore_ascii_case("charset=utf-8"))
}

async fn read(mut body: Body) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let data: Bytes = match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => data,
            Ok(Err(_trailers)) => continue,
            Err(_) => return Err(Problem::BadRequest),
        };
        length = length.saturating_add(data.len());
        if length > MAX_DISCARDED {
            break;
        }
        if length <= MAX_BODY {
            bytes.extend_from_slice(&data);
        }
    }
    if length > MAX_BODY {
        Err(Problem::TooLarge)
    } else {
        Ok(bytes)
    }
}

impl Posted {
    /// Decodes the form. `allowed` are the names a page may send; of these, `passwords` may be
    /// longer and hold any character, so that the policy can say what is wrong with them.
    ///
    /// Refused: a name that is not allowed or is there twice, a broken escape, bytes that are no
    /// UTF-8, a control character, a value that is too long.
    pub fn fields(
        &self,
        allowed: &[&'static str],
        passwords: &[&'static str],
    ) -> Result<Fields, Problem> {
        let mut fields: Vec<(&'static str, Secret<String>)> = Vec::new();
        for (name, value) in urlencoded::pairs(self.0.expose()) {
            let name = urlencoded::decode(name).ok_or(Problem::BadRequest)?;
            let name = *allowed
                .iter()
                .chain(passwords)
                .find(|known| **known == name)
                .ok_or(Problem::BadRequest)?;
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(Problem::BadRequest);
            }
            let value = Secret::new(urlencoded::decode(value).ok_or(Problem::BadRequest)?);
            let is_password = passwords.contains(&name);
            if value.expose().len() > if is_password { MAX_PASSWORD } else { MAX_FIELD } {
                return Err(Problem::TooLarge);
            }
            if !is_password && value.expose().chars().any(char::is_control) {
                return Err(Problem::ControlCharacters);
            }
            fields.push((name, value));
        }
        Ok(Fields(fields))
    }
}

/// The fields of a form.
pub struct Fields(Vec<(&'static str, Secret<String>)>);

impl Fields {
    /// The value; empty if the browser did not send it.
    pub fn text(&self, name: &str) -> &str {
        self.sent(name).map_or("", |value| value.expose())
    }

    /// The value, if the browser sent it.
    pub fn sent(&self, name: &str) -> Option<&Secret<String>> {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// A value that must not be printed.
    pub fn secret(&self, name: &str) -> Secret<String> {
        self.sent(name)
            .cloned()
            .unwrap_or_else(|| Secret::new(String::new()))
    }

    /// The number in a hidden field; `None` if there is none.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name).parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(body: &str) -> Result<Fields, Problem> {
        Posted(Secret::new(body.as_bytes().to_vec()))
            .fields(&["user_id", "version"], &["new_password"])
    }

    #[test]
    fn a_form_of_ours_is_read() {
        let read = fields("user_id=ada%40contoso.com&version=7&new_password=a%09b").unwrap();
        assert_eq!(read.text("user_id"), "ada@contoso.com");
        assert_eq!(read.number("version"), Some(7));
        assert_eq!(read.text("new_password"), "a\tb");
        let empty = fields("").unwrap();
        assert_eq!((empty.text("user_id"), empty.number("version")), ("", None));
        assert!(empty.sent("user_id").is_none());
    }

    #[test]
    fn anything_else_is_refused() {
        for (body, problem) in [
            ("user_id=a&user_id=b", Problem::BadRequest),
            ("user_id=a&user%5fid=b", Problem::BadRequest),
            ("user_id[]=a", Problem::BadRequest),
            ("email=a", Problem::BadRequest),
            ("user_id=%ff", Problem::BadRequest),
            ("user_id=%zz", Problem::BadRequest),
            ("user_id=a%00", Problem::ControlCharacters),
            ("user_id=a%0d%0aBcc:b", Problem::ControlCharacters),
            ("user_id=%C2%85", Problem::ControlCharacters),
        ] {
            assert_eq!(fields(body).err(), Some(problem), "{body}");
        }
    }

    #[test]
    fn values_are_as_long_as_they_may_be_and_no_longer() {
        let body = |name: &str, length| format!("{name}={}", "a".repeat(length));
        assert!(fields(&body("user_id", 4096)).is_ok());
        assert_eq!(
            fields(&body("user_id", 4097)).err(),
            Some(Problem::TooLarge)
        );
        assert!(fields(&body("new_password", 16_384)).is_ok());
        assert_eq!(
            fields(&body("new_password", 16_385)).err(),
            Some(Problem::TooLarge)
        );
    }

    async fn post(kind: Option<&str>, length: usize) -> Result<Posted, Problem> {
        let mut request = Request::builder().method("POST");
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let request = request.body(Body::from(vec![b'a'; length])).unwrap();
        Posted::from_request(request, &()).await
    }

    #[tokio::test]
    async fn only_forms_of_at_most_64_kilobytes_are_read() {
        const FORM: &str = "application/x-www-form-urlencoded";
        assert!(post(Some(FORM), MAX_BODY).await.is_ok());
        assert!(
            post(Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8"), 1)
                .await
                .is_ok()
        );
        for length in [MAX_BODY + 1, 256 * 1024, MAX_DISCARDED + 1] {
            assert_eq!(
                post(Some(FORM), length).await.err(),
                Some(Problem::TooLarge)
            );
        }
        for kind in [
            None,
            Some("application/json"),
            Some("text/plain"),
            Some("multipart/form-data; boundary=x"),
            Some("application/x-www-form-urlencoded; charset=utf-16"),
        ] {
            assert_eq!(
                post(kind, 1).await.err(),
                Some(Problem::NotAForm),
                "{kind:?}"
            );
        }
    }
}
