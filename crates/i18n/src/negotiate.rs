use latchkey_types::Locale;

/// No language tag in use is longer; RFC 5646, 4.4.1 asks for room for 35 characters.
const LONGEST_TAG: usize = 35;
/// More languages than anybody lists; the rest of a longer header is not looked at.
const MOST_RANGES: usize = 32;

/// The languages that a browser's header may choose; the pseudo-language is not for chance.
const OFFERED: [Locale; 3] = [Locale::En, Locale::Sv, Locale::Nl];

/// The language to answer in: `mkt` from the address, else the best of the `Accept-Language` header
/// (RFC 9110, 12.5.4, by the lookup of RFC 4647, 3.4: `sv-SE` finds `sv`), else the tenant's.
///
/// A language with `q=0` is not chosen, unless it is all there is. Both inputs are a stranger's:
/// whatever cannot be read counts as not said. The pseudo-language needs `mkt=ar-XB`.
pub fn negotiate(
    mkt: Option<&str>,
    accept_language: Option<&str>,
    tenant_default: Locale,
) -> Locale {
    if let Some(locale) = mkt.map(str::trim).and_then(explicit) {
        return locale;
    }
    let wishes = wishes(accept_language.unwrap_or_default());
    let refused = |locale: Locale| {
        wishes
            .iter()
            .any(|wish| wish.quality == 0 && wish.range.eq_ignore_ascii_case(locale.tag()))
    };
    let fallback = [tenant_default]
        .into_iter()
        .chain(OFFERED)
        .find(|locale| !refused(*locale))
        .unwrap_or(tenant_default);
    wishes
        .iter()
        .filter(|wish| wish.quality > 0)
        .find_map(|wish| {
            if wish.range == "*" {
                return Some(fallback);
            }
            lookup(wish.range).filter(|locale| !refused(*locale))
        })
        .unwrap_or(fallback)
}

fn explicit(tag: &str) -> Option<Locale> {
    if tag.eq_ignore_ascii_case(Locale::Pseudo.tag()) {
        Some(Locale::Pseudo)
    } else {
        lookup(tag)
    }
}

/// Takes subtags away from the end until a language fits.
fn lookup(range: &str) -> Option<Locale> {
    if range.len() > LONGEST_TAG || !range.split('-').all(is_subtag) {
        return None;
    }
    let mut tag = range;
    loop {
        if let Some(locale) = OFFERED
            .into_iter()
            .find(|l| l.tag().eq_ignore_ascii_case(tag))
        {
            return Some(locale);
        }
        tag = tag.rsplit_once('-')?.0;
    }
}

fn is_subtag(text: &str) -> bool {
    (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

struct Wish<'a> {
    range: &'a str,
    /// In thousandths.
    quality: u16,
}

/// The header's wishes, the dearest first; of equals, the first one named.
fn wishes(header: &str) -> Vec<Wish<'_>> {
    let mut wishes: Vec<Wish<'_>> = header
        .split(',')
        .take(MOST_RANGES)
        .filter_map(read_wish)
        .collect();
    wishes.sort_by_key(|wish| std::cmp::Reverse(wish.quality));
    wishes
}

fn read_wish(item: &str) -> Option<Wish<'_>> {
    let (range, parameter) = item.split_once(';').unwrap_or((item, "q=1"));
    let (name, quality) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    Some(Wish {
        range: range.trim(),
        quality: read_quality(quality.trim())?,
    })
}

/// `0`, `1`, or one of them with up to three decimals, at most 1 (RFC 9110, 12.4.2).
fn read_quality(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if !matches!(whole, "0" | "1")
        || decimals.len() > 3
        || !decimals.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let thousandths: u16 = format!("{whole}{decimals:0<3}").parse().ok()?;
    (thousandths <= 1000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Locale::{En, Nl, Pseudo, Sv};

    #[test]
    fn the_header_chooses_by_quality_and_order() {
        for (header, default, expected) in [
            ("sv", En, Sv),
            ("sv-SE", En, Sv),
            ("SV-se", En, Sv),
            ("nl-Latn-BE", En, Nl),
            ("nl, sv", En, Nl),
            ("nl;q=0.5, sv;q=0.501", En, Sv),
            ("nl;q=0.5, sv;q=0.5", En, Nl),
            ("de, fr;q=0.9, sv;q=0.1", En, Sv),
            ("de-DE, de", Nl, Nl),
            ("", Sv, Sv),
            // Refused languages.
            ("sv;q=0", Sv, En),
            ("sv;q=0, nl;q=0.1", En, Nl),
            ("sv-FI;q=0, sv", En, Sv),
            ("sv-SE, sv;q=0", En, En),
            ("en;q=0, sv;q=0, nl;q=0", Nl, Nl),
            ("sv;q=0.000, *", Sv, En),
            // Anything.
            ("*", Nl, Nl),
            ("*;q=0", Nl, Nl),
            ("sv;q=0.1, *", Nl, Nl),
            ("sv, *;q=0.1", Nl, Sv),
            ("de, *;q=0.5", Nl, Nl),
            // What cannot be read was not said.
            ("sv;q=2", En, En),
            ("sv;q=1.001", En, En),
            ("sv;q=0.1234", En, En),
            ("sv;q=-1, nl;q=0.1", En, Nl),
            ("sv;q=, nl", En, Nl),
            ("sv;level=1, nl;q=0.2", En, Nl),
            ("sv_SE", En, En),
            ("svenska", En, En),
            (",,;,;q=1,=;", Sv, Sv),
            ("s\u{e4}v, \u{1f600}", Nl, Nl),
        ] {
            assert_eq!(
                negotiate(None, Some(header), default),
                expected,
                "{header:?}"
            );
        }
    }

    #[test]
    fn the_address_comes_before_the_header() {
        for (mkt, expected) in [
            ("sv", Sv),
            ("sv-SE", Sv),
            (" nl-BE ", Nl),
            ("EN-us", En),
            ("ar-XB", Pseudo),
            ("AR-xb", Pseudo),
            // Not a language that exists here: the header decides.
            ("de", Nl),
            ("ar", Nl),
            ("*", Nl),
            ("", Nl),
            ("../../etc", Nl),
            ("sv-", Nl),
        ] {
            assert_eq!(negotiate(Some(mkt), Some("nl"), En), expected, "{mkt:?}");
        }
        assert_eq!(negotiate(Some("de"), None, Sv), Sv);
    }

    #[test]
    fn the_pseudo_language_is_never_met_by_chance() {
        assert_eq!(negotiate(None, Some("ar-XB, ar"), En), En);
        assert_eq!(negotiate(None, Some("*"), En), En);
    }

    #[test]
    fn hostile_input_changes_nothing() {
        let long = "x".repeat(100_000);
        let many = "de,".repeat(33_000) + "sv";
        let nested = "sv-".repeat(33_000);
        for hostile in [
            long,
            many,
            nested,
            ";".repeat(100_000),
            "\0\r\n\u{202e}".repeat(9_000),
        ] {
            assert_eq!(negotiate(Some(&hostile), Some(&hostile), Nl), Nl);
        }
    }
}
