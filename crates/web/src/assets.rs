//! Styles, scripts and icons: compiled in, packed when they are first asked for, cached for ever
//! under the hash of their content.

use std::io::Write as _;
use std::sync::OnceLock;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use latchkey_http::{IMMUTABLE, Problem};
use sha2::{Digest, Sha256};

const CSS: &str = include_str!("../assets/latchkey.css");
const JS: &str = include_str!("../assets/latchkey.js");
const ICON: &str = include_str!("../assets/icon.svg");

/// The assets, and the addresses that pages use for them.
#[derive(Debug)]
pub(crate) struct Assets {
    files: [Asset; 3],
    /// The address of the stylesheet.
    pub(crate) css: String,
    /// The address of the script.
    pub(crate) js: String,
}

#[derive(Debug)]
struct Asset {
    /// The last part of its address.
    name: String,
    kind: &'static str,
    etag: String,
    plain: Bytes,
    packed: OnceLock<Bytes>,
}

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, content: &'static str) -> Self {
        // Eight bytes tell versions apart.
        let digest = Sha256::digest(content);
        let hash = digest
            .first_chunk::<8>()
            .map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let hash = format!("{hash:016x}");
        Self {
            name: format!("{stem}.{hash}.{ending}"),
            kind,
            etag: format!("\"{hash}\""),
            plain: Bytes::from_static(content.as_bytes()),
            packed: OnceLock::new(),
        }
    }

    /// With gzip.
    fn packed(&self) -> &Bytes {
        self.packed.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            // Writing to memory cannot fail; an empty body would be sent unpacked.
            let packed = encoder
                .write_all(&self.plain)
                .and_then(|()| encoder.finish());
            packed.map(Bytes::from).unwrap_or_default()
        })
    }
}

impl Assets {
    /// Hashes them.
    pub(crate) fn new() -> Self {
        let files = [
            Asset::new("latchkey", "css", "text/css; charset=utf-8", CSS),
            Asset::new("latchkey", "js", "text/javascript; charset=utf-8", JS),
            Asset::new("icon", "svg", "image/svg+xml", ICON),
        ];
        let [css, js, _] = files
            .each_ref()
            .map(|file| format!("/assets/{}", file.name));
        Self { files, css, js }
    }

    /// Answers a request for one.
    pub(crate) fn answer(&self, name: &str, headers: &HeaderMap) -> Result<Response, Problem> {
        let file = self
            .files
            .iter()
            .find(|file| file.name == name)
            .ok_or(Problem::NotFound)?;
        Ok(Self::file(file, headers, Some(IMMUTABLE)))
    }

    /// The icon under its usual name, for whoever asks for that without being told.
    pub(crate) fn icon(&self, headers: &HeaderMap) -> Response {
        let [_, _, icon] = &self.files;
        Self::file(icon, headers, None)
    }

    fn file(file: &Asset, headers: &HeaderMap, caching: Option<HeaderValue>) -> Response {
        let known = headers
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .any(|tag| tag.trim().trim_start_matches("W/") == file.etag || tag.trim() == "*");
        let packed = takes_gzip(headers) && !file.packed().is_empty();
        let body = match (known, packed) {
            (true, _) => Bytes::new(),
            (false, true) => file.packed().clone(),
            (false, false) => file.plain.clone(),
        };
        let mut response = Response::new(Body::from(body));
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let answer = response.headers_mut();
        answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
        answer.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if let Ok(etag) = HeaderValue::from_str(&file.etag) {
            answer.insert(header::ETAG, etag);
        }
        if packed && !known {
            answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Some(caching) = caching {
            answer.insert(header::CACHE_CONTROL, caching);
        }
        response
    }
}

/// Whether `Accept-Encoding` names gzip without refusing it.
fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|item| {
            let (name, quality) = item.split_once(';').unwrap_or((item, "q=1"));
            let refused = quality.trim().strip_prefix("q=").is_some_and(|quality| {
                quality
                    .trim_start_matches("0.")
                    .bytes()
                    .all(|digit| digit == b'0')
            });
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn gzip_is_used_where_it_is_taken() {
        for (line, takes) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.8", true),
            ("gzip;q=0", false),
            ("gzip;q=0.000", false),
            ("gzip;q=0.001", true),
            ("br", false),
            ("", false),
        ] {
            assert_eq!(
                takes_gzip(&headers(header::ACCEPT_ENCODING, line)),
                takes,
                "{line}"
            );
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn an_asset_is_cached_for_ever_and_revalidated_by_its_hash() {
        let assets = Assets::new();
        let name = assets.css.strip_prefix("/assets/").unwrap();
        let answer = assets.answer(name, &HeaderMap::new()).unwrap();
        assert_eq!(answer.headers()[header::CACHE_CONTROL], IMMUTABLE);
        let etag = answer.headers()[header::ETAG].to_str().unwrap().to_owned();
        let again = assets
            .answer(name, &headers(header::IF_NONE_MATCH, &etag))
            .unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        let other = assets
            .answer(name, &headers(header::IF_NONE_MATCH, "\"x\""))
            .unwrap();
        assert_eq!(other.status(), StatusCode::OK);
        assert!(assets.answer("latchkey.css", &HeaderMap::new()).is_err());
        assert!(assets.answer("../Cargo.toml", &HeaderMap::new()).is_err());
    }

    #[test]
    fn styles_and_scripts_leave_room_for_the_page() {
        // 60 KB for everything; the longest page is under 20 KB.
        let packed: usize = Assets::new()
            .files
            .iter()
            .map(|file| file.packed().len())
            .sum();
        assert!(packed < 40 * 1024, "{packed}");
    }
}
