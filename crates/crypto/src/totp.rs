//! Codes of an authenticator app: RFC 6238 with HMAC-SHA-1, six digits, steps of 30 seconds, which
//! is the only combination that every app knows.

use latchkey_types::{Entropy, Malformed, Secret, Timestamp};
use totp_rs::{Builder, Totp};

use crate::codes::{grouped, normalise_code};

/// Length of a secret in bytes: 160 bits, as RFC 4226, section 4, recommends.
pub const SECRET_LENGTH: usize = 20;
/// Length of a step in seconds.
pub const STEP_SECONDS: u64 = 30;
/// How many steps a code may be early or late (RFC 6238, section 5.2).
pub const SKEW: u64 = 1;

/// A new secret of 160 bits.
pub fn new_secret(entropy: &dyn Entropy) -> Secret<Vec<u8>> {
    let mut secret = vec![0; SECRET_LENGTH];
    entropy.fill(&mut secret);
    Secret::new(secret)
}

/// The step that a code belongs to, if it is right now.
///
/// Right is a code of the current step, the one before or the one after, but only of a step later
/// than `last_step`: a code is accepted once (RFC 6238, section 5.2). The caller stores the answer as
/// the new last step in the same statement that checks that it is greater. The code is taken as it
/// was typed. A secret shorter than 128 bits never matches.
pub fn verify(secret: &[u8], code: &str, now: Timestamp, last_step: Option<u64>) -> Option<u64> {
    let code = normalise_code(code)?;
    let totp = totp(secret, None)?;
    let step = u64::try_from(now.seconds()).ok()? / STEP_SECONDS;
    let mut matched = None;
    // All three are computed whatever the code, so that time does not tell which one matched.
    for step in step.saturating_sub(SKEW)..=step.saturating_add(SKEW) {
        let right = totp
            .check(code.expose(), step.saturating_mul(STEP_SECONDS))
            .is_some();
        if right && matched.is_none() && last_step.is_none_or(|last| step > last) {
            matched = Some(step);
        }
    }
    matched
}

/// The `otpauth://` address that an app reads from a QR code. Colons separate the parts of its
/// label, so one in a name becomes a space. It holds the secret.
pub fn provisioning_uri(
    issuer: &str,
    account: &str,
    secret: &[u8],
) -> Result<Secret<String>, Malformed> {
    const WRONG: Malformed =
        Malformed("an authenticator needs an issuer, an account and a secret of 128 bits or more");
    let clean = |name: &str| name.replace(':', " ").trim().to_owned();
    let (issuer, account) = (clean(issuer), clean(account));
    if issuer.is_empty() || account.is_empty() {
        return Err(WRONG);
    }
    let totp = totp(secret, Some((issuer, account))).ok_or(WRONG)?;
    totp.to_url().map(Secret::new).map_err(|_| WRONG)
}

/// A secret for typing into an app that reads no QR code: base 32 (RFC 4648) in groups of four, which
/// apps take with or without the spaces.
pub fn typed_secret(secret: &[u8]) -> Secret<String> {
    let base32 = totp_rs::Secret::from(secret.to_vec()).to_base32();
    grouped(&zeroize::Zeroizing::new(base32), ' ')
}

fn totp(secret: &[u8], label: Option<(String, String)>) -> Option<Totp> {
    // Skew is ours: the library would answer with the first match, even one that was used.
    let mut builder = Builder::new()
        .with_secret(secret)
        .with_digits(6)
        .with_step_duration(STEP_SECONDS)
        .with_skew(0);
    if let Some((issuer, account)) = label {
        builder = builder.with_issuer(Some(issuer)).with_account_name(account);
    }
    builder.build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Seeded;

    /// RFC 6238, appendix B, SHA-1: the secret, and the last six of each eight digits.
    const SECRET: &[u8] = b"12345678901234567890";
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn the_codes_of_rfc_6238_appendix_b_are_right() {
        for (seconds, code) in VECTORS {
            let step = seconds as u64 / 30;
            assert_eq!(
                verify(SECRET, code, at(seconds), None),
                Some(step),
                "{seconds}"
            );
        }
    }

    #[test]
    fn a_code_is_right_one_step_early_and_late_and_not_two() {
        // The code of step 37037036, which lasts from 1111111080 to 1111111109.
        let code = "081804";
        let verdict = |seconds| verify(SECRET, code, at(seconds), None);
        assert_eq!(verdict(1_111_111_049), None);
        assert_eq!(verdict(1_111_111_050), Some(37_037_036));
        assert_eq!(verdict(1_111_111_080), Some(37_037_036));
        assert_eq!(verdict(1_111_111_139), Some(37_037_036));
        assert_eq!(verdict(1_111_111_140), None);
    }

    #[test]
    fn a_code_is_right_once_and_older_ones_never_again() {
        let now = at(1_111_111_109);
        assert_eq!(
            verify(SECRET, "081804", now, Some(37_037_035)),
            Some(37_037_036)
        );
        assert_eq!(verify(SECRET, "081804", now, Some(37_037_036)), None);
        assert_eq!(verify(SECRET, "081804", now, Some(37_037_037)), None);
        // The next code, one step early, is still good after this one was used.
        assert_eq!(
            verify(SECRET, "050471", now, Some(37_037_036)),
            Some(37_037_037)
        );
    }

    #[test]
    fn a_code_may_be_typed_in_groups_or_in_another_script() {
        assert_eq!(verify(SECRET, " 287 082", at(59), None), Some(1));
        assert_eq!(verify(SECRET, "٢٨٧٠٨٢", at(59), None), Some(1));
    }

    #[test]
    fn wrong_codes_and_impossible_ones_are_refused() {
        let long = "1".repeat(256 * 1024);
        for code in [
            "287083",
            "94287082",
            "28708",
            "",
            "abcdef",
            "+28708",
            long.as_str(),
        ] {
            assert_eq!(verify(SECRET, code, at(59), None), None, "{code:.20}");
        }
        assert_eq!(
            verify(b"another secret 12345", "287082", at(59), None),
            None
        );
    }

    #[test]
    fn odd_times_and_secrets_neither_match_nor_panic() {
        assert_eq!(verify(SECRET, "287082", Timestamp(i64::MIN), None), None);
        assert_eq!(verify(SECRET, "287082", Timestamp(i64::MAX), None), None);
        assert_eq!(verify(SECRET, "287082", at(-1), None), None);
        assert_eq!(verify(b"", "287082", at(59), None), None);
        assert_eq!(verify(&[7; 15], "287082", at(59), None), None);
    }

    #[test]
    fn the_first_step_of_all_has_no_step_before_it() {
        // RFC 4226, appendix D: counter 0.
        assert_eq!(verify(SECRET, "755224", at(0), None), Some(0));
        assert_eq!(verify(SECRET, "755224", at(0), Some(0)), None);
    }

    #[test]
    fn a_new_secret_has_160_bits_and_works() {
        let entropy = Seeded::new(1);
        let (one, two) = (new_secret(&entropy), new_secret(&entropy));
        assert_eq!(one.expose().len(), 20);
        assert_ne!(one, two);
    }

    #[test]
    fn a_secret_to_type_is_base_32_in_groups_of_four() {
        let typed = |secret: &[u8]| typed_secret(secret).expose().clone();
        // RFC 4648, section 10.
        assert_eq!(typed(b"foobar"), "MZXW 6YTB OI");
        assert_eq!(typed(SECRET), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(typed(b""), "");
    }

    #[test]
    fn names_from_outside_cannot_add_to_the_address() {
        let uri = provisioning_uri("A&B?=/#", "ada%2f@contoso.com&secret=AAAA", SECRET).unwrap();
        let uri = uri.expose();
        let (label, query) = uri.split_once('?').unwrap();
        assert_eq!(
            label,
            "otpauth://totp/A%26B%3F%3D%2F%23:ada%252f%40contoso.com%26secret%3DAAAA"
        );
        let mut fields: Vec<&str> = query.split('&').collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "issuer=A%26B%3F%3D%2F%23",
                "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
            ]
        );
    }

    #[test]
    fn the_address_for_the_app_names_issuer_account_and_secret() {
        let uri = provisioning_uri("Contoso: North", "ada@contoso.com", SECRET).unwrap();
        let uri = uri.expose();
        assert!(
            uri.starts_with("otpauth://totp/Contoso%20%20North:ada%40contoso.com?"),
            "{uri}"
        );
        assert!(
            uri.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
            "{uri}"
        );
        assert!(uri.contains("issuer=Contoso%20%20North"), "{uri}");
        assert!(provisioning_uri("", "ada", SECRET).is_err());
        assert!(provisioning_uri("Contoso", " : ", SECRET).is_err());
        assert!(provisioning_uri("Contoso", "ada", b"short").is_err());
    }
}
