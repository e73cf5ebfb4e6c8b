use latchkey_types::Timestamp;

use crate::ber::Reader;

/// When a certificate (DER, RFC 5280) expires.
pub(crate) fn expires(der: &[u8]) -> Option<Timestamp> {
    let mut body = Reader(der).inside(0x30)?.inside(0x30)?;
    // The version is there unless it is the first.
    let _ = body.take(0xa0);
    body.take(0x02)?;
    body.take(0x30)?;
    body.take(0x30)?;
    let mut validity = body.inside(0x30)?;
    validity.any()?;
    let (tag, text) = validity.any()?;
    let text = std::str::from_utf8(text).ok()?;
    match tag {
        // UTCTime has two digits for the year: 50 and above are of the last century.
        0x17 => {
            let century = if text.get(..2)? < "50" { "20" } else { "19" };
            generalized(&format!("{century}{text}"))
        }
        0x18 => generalized(text),
        _ => None,
    }
}

/// Reads a generalised time in UTC, `20261128093408Z`, with or without a fraction (RFC 4517,
/// 3.3.13).
pub(crate) fn generalized(text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z')?;
    let (whole, fraction) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if whole.len() != 14 || !all_digits(whole) || !all_digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to);
    Timestamp::parse(&format!(
        "{}-{}-{}T{}:{}:{}.{fraction}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
    .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let mut params = rcgen::CertificateParams::new(vec!["dc1.example".into()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2031, 5, 6);
        let key = rcgen::KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        assert_eq!(expires(&der).unwrap().rfc3339(), "2031-05-06T00:00:00.000Z");
        for end in 0..der.len() {
            // Cut anywhere, it is still no crash.
            let _ = expires(&der[..end]);
        }
        assert_eq!(expires(&der[..40]), None);
    }

    #[test]
    fn times_of_directories_are_read() {
        let time = |text| generalized(text).map(Timestamp::rfc3339);
        assert_eq!(
            time("20261128093408Z").as_deref(),
            Some("2026-11-28T09:34:08.000Z")
        );
        assert_eq!(
            time("20261128093408.0Z").as_deref(),
            Some("2026-11-28T09:34:08.000Z")
        );
        assert_eq!(
            time("20261128093408.250000Z").as_deref(),
            Some("2026-11-28T09:34:08.250Z")
        );
        // 000001010000Z is ppolicy's word for "for ever", not a time.
        for wrong in [
            "",
            "Z",
            "000001010000Z",
            "20261128093408",
            "20261328093408Z",
            "2026112809340éZ",
        ] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_and_no_bytes_are_too_odd(text in "\\PC{0,30}", bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = generalized(&text);
            let _ = expires(&bytes);
        }
    }
}
