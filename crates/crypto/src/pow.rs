//! The human check: proof of work, and the timed form for browsers without JavaScript.
//!
//! The service keeps nothing for a page that was only looked at: what it issues is authenticated
//! with a keyed hash and carries its own expiry. What comes back is good once: the caller spends its
//! [`OnceId`] in the database, in the transaction of what it allows.
//!
//! A challenge is `1.<difficulty>.<expiry>.<salt>.<tag>` and a timed token is
//! `1.<issued>.<salt>.<tag>`; times are microseconds since 1970, salt and tag are base64url.
//! A challenge is solved by a decimal number `n` for which SHA-256 of `<challenge>:<n>` begins with
//! `difficulty` zero bits.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use latchkey_types::{Entropy, Malformed, Timestamp, random_bytes};

use crate::keys::{KeyedHasher, Purpose};

/// How long a challenge can be solved.
pub const LIFETIME: Duration = Duration::from_mins(10);

/// How much work a challenge asks for: a browser tries 2 to the power of it numbers on average.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difficulty(u8);

impl Difficulty {
    /// What a telephone does in about a second: 16 bits.
    pub const DEFAULT: Self = Self(16);

    /// Zero bits, 1 to 32.
    pub const fn new(bits: u8) -> Result<Self, Malformed> {
        if bits >= 1 && bits <= 32 {
            Ok(Self(bits))
        } else {
            Err(Malformed(
                "the difficulty of the human check is 1 to 32 bits",
            ))
        }
    }

    /// Zero bits.
    pub const fn bits(self) -> u8 {
        self.0
    }
}

/// What makes a solved challenge or a timed form good for one use only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OnceId {
    /// Unique and random. It is no secret.
    pub id: [u8; 16],
    /// After this it would be refused anyway: the record that it was spent can go.
    pub expires: Timestamp,
}

/// Why a solution was refused. A person is shown the same for all of them: try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PowRefusal {
    /// The challenge or the number is not written as it must be.
    #[error("the challenge or its solution is malformed")]
    Malformed,
    /// The challenge was not issued here, or was changed.
    #[error("the challenge is not ours")]
    Forged,
    /// It is too old.
    #[error("the challenge has expired")]
    Expired,
    /// The number does not solve it.
    #[error("the solution is wrong")]
    Unsolved,
}

/// Why a timed form was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimedRefusal {
    /// It is not written as it must be.
    #[error("the timed token is malformed")]
    Malformed,
    /// It was not issued here, or was changed.
    #[error("the timed token is not ours")]
    Forged,
    /// It came back sooner than a person could.
    #[error("the form came back too soon")]
    TooSoon,
    /// It is too old.
    #[error("the timed token has expired")]
    Expired,
}

/// A new challenge, good for [`LIFETIME`].
pub fn issue(
    hasher: &KeyedHasher,
    entropy: &dyn Entropy,
    now: Timestamp,
    difficulty: Difficulty,
) -> String {
    let expires = now.plus(LIFETIME);
    let salt = random_bytes::<16>(entropy);
    let tag = hasher.tag(
        Purpose::ProofOfWork,
        &[&[difficulty.0], &expires.0.to_be_bytes(), &salt],
    );
    let (salt, tag) = (BASE64.encode(salt), BASE64.encode(tag.as_bytes()));
    format!("1.{}.{}.{salt}.{tag}", difficulty.0, expires.0)
}

/// Whether a number solves a challenge that was issued here and has not expired. The id in the
/// answer must then be spent; it is not checked here that it was not spent before.
pub fn check(
    hasher: &KeyedHasher,
    challenge: &str,
    nonce: &str,
    now: Timestamp,
) -> Result<OnceId, PowRefusal> {
    let parts = split::<5>(challenge).ok_or(PowRefusal::Malformed)?;
    let ["1", difficulty, expires, salt, tag] = parts else {
        return Err(PowRefusal::Malformed);
    };
    let difficulty: u8 = number(difficulty).ok_or(PowRefusal::Malformed)?;
    let expires: i64 = number(expires).ok_or(PowRefusal::Malformed)?;
    let salt: [u8; 16] = decode(salt).ok_or(PowRefusal::Malformed)?;
    let tag: [u8; 32] = decode(tag).ok_or(PowRefusal::Malformed)?;
    let nonce: u64 = number(nonce).ok_or(PowRefusal::Malformed)?;

    let ours = hasher.tag(
        Purpose::ProofOfWork,
        &[&[difficulty], &expires.to_be_bytes(), &salt],
    );
    if !ours.matches(&tag) {
        return Err(PowRefusal::Forged);
    }
    let expires = Timestamp(expires);
    if now >= expires {
        return Err(PowRefusal::Expired);
    }
    let hash = digest(&SHA256, format!("{challenge}:{nonce}").as_bytes());
    if leading_zero_bits(hash.as_ref()) < u32::from(difficulty) {
        return Err(PowRefusal::Unsolved);
    }
    Ok(OnceId { id: salt, expires })
}

/// A token for a form that works without JavaScript: it says when the form was made.
pub fn issue_timed(hasher: &KeyedHasher, entropy: &dyn Entropy, now: Timestamp) -> String {
    let salt = random_bytes::<16>(entropy);
    let tag = hasher.tag(Purpose::TimedForm, &[&now.0.to_be_bytes(), &salt]);
    format!(
        "1.{}.{}.{}",
        now.0,
        BASE64.encode(salt),
        BASE64.encode(tag.as_bytes())
    )
}

/// Whether a timed form was made here, at least `min_age` and less than `max_age` ago. The id in
/// the answer must then be spent.
pub fn check_timed(
    hasher: &KeyedHasher,
    token: &str,
    now: Timestamp,
    min_age: Duration,
    max_age: Duration,
) -> Result<OnceId, TimedRefusal> {
    let parts = split::<4>(token).ok_or(TimedRefusal::Malformed)?;
    let ["1", issued, salt, tag] = parts else {
        return Err(TimedRefusal::Malformed);
    };
    let issued: i64 = number(issued).ok_or(TimedRefusal::Malformed)?;
    let salt: [u8; 16] = decode(salt).ok_or(TimedRefusal::Malformed)?;
    let tag: [u8; 32] = decode(tag).ok_or(TimedRefusal::Malformed)?;

    let ours = hasher.tag(Purpose::TimedForm, &[&issued.to_be_bytes(), &salt]);
    if !ours.matches(&tag) {
        return Err(TimedRefusal::Forged);
    }
    let issued = Timestamp(issued);
    let expires = issued.plus(max_age);
    if now >= expires {
        return Err(TimedRefusal::Expired);
    }
    if now < issued.plus(min_age) {
        return Err(TimedRefusal::TooSoon);
    }
    Ok(OnceId { id: salt, expires })
}

/// The longest text that is looked at. Ours are about 100 characters.
const LONGEST: usize = 160;

fn split<const N: usize>(text: &str) -> Option<[&str; N]> {
    if text.len() > LONGEST {
        return None;
    }
    text.split('.').collect::<Vec<_>>().try_into().ok()
}

/// A decimal number as it is written here: no sign, no leading zeros, so that a text has one
/// written form and its tag covers all of it.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit());
    let plain = text == "0" || !text.starts_with('0');
    if digits && plain {
        text.parse().ok()
    } else {
        None
    }
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64.decode(text).ok()?.try_into().ok()
}

fn leading_zero_bits(hash: &[u8]) -> u32 {
    let zero_bytes = hash.iter().take_while(|byte| **byte == 0).count();
    let next = hash.get(zero_bytes).map_or(0, |byte| byte.leading_zeros());
    zero_bytes as u32 * 8 + next
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::MasterKey;
    use crate::testing::{Seeded, hasher};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const MIN: Duration = Duration::from_secs(3);
    const MAX: Duration = Duration::from_mins(10);
    const MICROSECOND: Duration = Duration::from_micros(1);

    fn challenge(bits: u8) -> String {
        issue(
            &hasher(),
            &Seeded::new(1),
            NOW,
            Difficulty::new(bits).unwrap(),
        )
    }

    fn zero_bits(challenge: &str, nonce: u64) -> u32 {
        leading_zero_bits(digest(&SHA256, format!("{challenge}:{nonce}").as_bytes()).as_ref())
    }

    /// What the browser does.
    fn solve(challenge: &str) -> String {
        let bits: u32 = challenge.split('.').nth(1).unwrap().parse().unwrap();
        (0..u64::MAX)
            .find(|n| zero_bits(challenge, *n) >= bits)
            .unwrap()
            .to_string()
    }

    fn refusal(challenge: &str, nonce: &str, now: Timestamp) -> Option<PowRefusal> {
        check(&hasher(), challenge, nonce, now).err()
    }

    #[test]
    fn a_solved_challenge_is_accepted_and_names_what_to_spend() {
        let challenge = challenge(8);
        let once = check(&hasher(), &challenge, &solve(&challenge), NOW).unwrap();
        assert_eq!(once.expires, NOW.plus(LIFETIME));
        let again = check(&hasher(), &challenge, &solve(&challenge), NOW).unwrap();
        assert_eq!(once, again, "the same challenge is the same thing to spend");
        let entropy = Seeded::new(2);
        let other = issue(&hasher(), &entropy, NOW, Difficulty::new(8).unwrap());
        let other = check(&hasher(), &other, &solve(&other), NOW).unwrap();
        assert_ne!(once.id, other.id);
    }

    #[test]
    fn a_challenge_is_short_and_needs_no_escaping_in_a_url() {
        let challenge = challenge(20);
        assert!(challenge.len() <= 100, "{challenge}");
        assert!(
            challenge
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        );
        assert!(challenge.starts_with("1.20.1800000600000000."));
    }

    #[test]
    fn a_challenge_expires_after_ten_minutes() {
        let challenge = challenge(1);
        let nonce = solve(&challenge);
        let end = NOW.plus(Duration::from_mins(10));
        assert_eq!(refusal(&challenge, &nonce, end.minus(MICROSECOND)), None);
        assert_eq!(refusal(&challenge, &nonce, end), Some(PowRefusal::Expired));
    }

    #[test]
    fn one_zero_bit_too_few_is_no_solution() {
        let challenge = challenge(6);
        let almost = (0..u64::MAX)
            .find(|n| zero_bits(&challenge, *n) == 5)
            .unwrap();
        assert_eq!(
            refusal(&challenge, &almost.to_string(), NOW),
            Some(PowRefusal::Unsolved)
        );
        let exactly = (0..u64::MAX)
            .find(|n| zero_bits(&challenge, *n) == 6)
            .unwrap();
        assert_eq!(refusal(&challenge, &exactly.to_string(), NOW), None);
    }

    #[test]
    fn a_solution_is_good_for_its_own_challenge_only() {
        let entropy = Seeded::new(7);
        let difficulty = Difficulty::new(12).unwrap();
        let one = issue(&hasher(), &entropy, NOW, difficulty);
        let two = issue(&hasher(), &entropy, NOW, difficulty);
        assert_eq!(refusal(&two, &solve(&one), NOW), Some(PowRefusal::Unsolved));
    }

    #[test]
    fn an_easier_later_or_foreign_challenge_is_forged() {
        let challenge = challenge(20);
        let easier = challenge.replacen("1.20.", "1.1.", 1);
        assert_eq!(
            refusal(&easier, &solve(&easier), NOW),
            Some(PowRefusal::Forged)
        );
        let later = challenge.replacen("1800000600", "1800000601", 1);
        assert_eq!(refusal(&later, "0", NOW), Some(PowRefusal::Forged));
        let foreign = MasterKey::generate(&Seeded::new(99))
            .unwrap()
            .keyed_hasher()
            .unwrap();
        let foreign = issue(&foreign, &Seeded::new(1), NOW, Difficulty::new(1).unwrap());
        assert_eq!(
            refusal(&foreign, &solve(&foreign), NOW),
            Some(PowRefusal::Forged)
        );
        let timed = issue_timed(&hasher(), &Seeded::new(1), NOW);
        let dressed = timed.replacen("1.", "1.1.", 1);
        assert_eq!(
            refusal(&dressed, &solve(&dressed), NOW),
            Some(PowRefusal::Forged)
        );
    }

    #[test]
    fn no_changed_character_of_a_challenge_is_accepted() {
        let challenge = challenge(1);
        for at in 0..challenge.len() {
            for to in ["0", "9", "A", "_", ".", "", "+", "="] {
                let mut changed = challenge.clone();
                changed.replace_range(at..=at, to);
                if changed != challenge {
                    let refusal = refusal(&changed, &solve_any(&changed), NOW);
                    assert!(
                        matches!(refusal, Some(PowRefusal::Forged | PowRefusal::Malformed)),
                        "{changed}: {refusal:?}"
                    );
                }
            }
        }
    }

    fn solve_any(challenge: &str) -> String {
        (0..u64::MAX)
            .find(|n| zero_bits(challenge, *n) >= 1)
            .unwrap()
            .to_string()
    }

    #[test]
    fn malformed_numbers_and_texts_are_refused() {
        let challenge = challenge(1);
        let long = "9".repeat(256 * 1024);
        for nonce in [
            "",
            "-1",
            "+1",
            "01",
            "1 ",
            "0x1",
            "18446744073709551616",
            "١",
            &long,
        ] {
            assert_eq!(
                refusal(&challenge, nonce, NOW),
                Some(PowRefusal::Malformed),
                "{nonce:.30}"
            );
        }
        assert_ne!(
            refusal(&challenge, "18446744073709551615", NOW),
            Some(PowRefusal::Malformed)
        );
        for text in [
            "",
            ".",
            "1....",
            "1.1.1.1.1",
            &long,
            &challenge[1..],
            &format!("{challenge}."),
        ] {
            assert_eq!(
                refusal(text, "0", NOW),
                Some(PowRefusal::Malformed),
                "{text:.30}"
            );
        }
    }

    #[test]
    fn the_difficulty_is_1_to_32_bits() {
        assert!(Difficulty::new(0).is_err());
        assert_eq!(Difficulty::new(1).unwrap().bits(), 1);
        assert_eq!(Difficulty::new(32).unwrap().bits(), 32);
        assert!(Difficulty::new(33).is_err());
    }

    #[test]
    fn zero_bits_are_counted_from_the_front() {
        assert_eq!(leading_zero_bits(&[0x80, 0]), 0);
        assert_eq!(leading_zero_bits(&[0x01, 0]), 7);
        assert_eq!(leading_zero_bits(&[0, 0x10]), 11);
        assert_eq!(leading_zero_bits(&[0; 32]), 256);
    }

    fn timed(now: Timestamp) -> Option<TimedRefusal> {
        let token = issue_timed(&hasher(), &Seeded::new(1), NOW);
        check_timed(&hasher(), &token, now, MIN, MAX).err()
    }

    #[test]
    fn a_timed_form_is_accepted_neither_too_soon_nor_too_late() {
        assert_eq!(
            timed(NOW.minus(Duration::from_mins(1))),
            Some(TimedRefusal::TooSoon)
        );
        assert_eq!(timed(NOW), Some(TimedRefusal::TooSoon));
        assert_eq!(
            timed(NOW.plus(MIN).minus(MICROSECOND)),
            Some(TimedRefusal::TooSoon)
        );
        assert_eq!(timed(NOW.plus(MIN)), None);
        assert_eq!(timed(NOW.plus(MAX).minus(MICROSECOND)), None);
        assert_eq!(timed(NOW.plus(MAX)), Some(TimedRefusal::Expired));
    }

    #[test]
    fn a_timed_form_cannot_be_backdated_or_made_elsewhere() {
        let token = issue_timed(&hasher(), &Seeded::new(1), NOW);
        let at = NOW.plus(MIN);
        let check = |text: &str| check_timed(&hasher(), text, at, MIN, MAX);
        assert_eq!(check(&token).unwrap().expires, NOW.plus(MAX));
        let backdated = token.replacen("1800000000", "1799999900", 1);
        assert_eq!(check(&backdated).err(), Some(TimedRefusal::Forged));
        let foreign = MasterKey::generate(&Seeded::new(99))
            .unwrap()
            .keyed_hasher()
            .unwrap();
        let foreign = issue_timed(&foreign, &Seeded::new(1), NOW);
        assert_eq!(check(&foreign).err(), Some(TimedRefusal::Forged));
        for text in ["", "1.2.3", "1.2.3.4", &challenge(1), &"x".repeat(1000)] {
            assert_eq!(
                check(text).err(),
                Some(TimedRefusal::Malformed),
                "{text:.30}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_or_passes(text in ".{0,80}", nonce in ".{0,22}") {
            prop_assert!(check(&hasher(), &text, &nonce, NOW).is_err());
            prop_assert!(check_timed(&hasher(), &text, NOW, MIN, MAX).is_err());
        }
    }
}
