//! `application/x-www-form-urlencoded`, strictly (WHATWG URL, 5.1, but nothing is mended).

/// Decodes one name or value. `None`: a broken escape, or bytes that are no UTF-8.
pub(crate) fn decode(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(*rest.next()?)? << 4 | hex(*rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// The raw names and values, in order. An empty text has none.
pub(crate) fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            (
                halves.next().unwrap_or_default(),
                halves.next().unwrap_or_default(),
            )
        })
}

/// The value of a name that occurs exactly once and can be read.
pub(crate) fn single(text: &str, name: &str) -> Option<String> {
    let mut found = pairs(text.as_bytes())
        .filter(|(key, _)| decode(key).is_some_and(|key| key == name))
        .map(|(_, value)| value);
    let value = found.next()?;
    if found.next().is_some() {
        return None;
    }
    decode(value).filter(|value| !value.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_broken_ones_refused() {
        for (text, value) in [
            ("ada%40contoso.com", Some("ada@contoso.com")),
            ("a+b%2B", Some("a b+")),
            ("%C3%A5", Some("\u{e5}")),
            ("", Some("")),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%ff", None),
            ("%C3", None),
        ] {
            assert_eq!(decode(text.as_bytes()).as_deref(), value, "{text}");
        }
    }

    #[test]
    fn a_name_that_is_there_twice_is_not_there() {
        assert_eq!(single("mkt=sv&whr=a.com", "mkt").as_deref(), Some("sv"));
        assert_eq!(single("mkt=sv&mkt=nl", "mkt"), None);
        assert_eq!(single("mkt=sv&m%6bt=nl", "mkt"), None);
        assert_eq!(single("whr=a", "mkt"), None);
        assert_eq!(single("mkt=%00", "mkt"), None);
        assert_eq!(single("mkt", "mkt").as_deref(), Some(""));
    }
}
