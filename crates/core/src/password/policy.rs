use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// How many of the four classes (lower case, upper case, digit, symbol) a password must have: 0 for
/// no such rule, 1 to 4.
pub type Composition = u8;

/// How a password is compared with banned terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matching {
    /// Terms anywhere in the password count points, names anywhere refuse it.
    Substrings,
    /// Only the whole password is compared, its folded form, and what is derived from the names
    /// (NIST SP 800-63B-4 §3.1.1.2).
    Whole,
}

/// A tenant's rules for cloud passwords. The default is the table of the specification, which is
/// also the preset *Entra-like*.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordPolicy {
    /// Fewest characters: 8 to 64.
    pub min_length: u16,
    /// Most characters: 64 to 1024.
    pub max_length: u16,
    /// How many of the four classes must be there: 0 (off) to 4.
    pub composition: Composition,
    /// Whether only the characters from space to `~` are possible.
    pub printable_ascii_only: bool,
    /// How many of the last passwords may not be used again at a change: 0 to 24.
    pub history: u8,
    /// Whether the history holds at a reset too.
    pub history_at_reset: bool,
    /// Days until a password expires, 1 to 730; none: never.
    pub expires_after_days: Option<u16>,
    /// Days before the expiry on which notice begins: 0 (no notice) to 30.
    pub notice_days: u8,
    /// Days that a password must be kept before it can be changed: 0 to 7.
    pub min_age_days: u8,
    /// How passwords are compared with banned terms.
    pub matching: Matching,
    /// The tenant's own banned terms: at most 1000, each of 4 to 16 characters.
    pub custom_banned: Vec<String>,
    /// Whether passwords are looked up in the breached-password filter, where an operator has
    /// built one.
    pub breached_check: bool,
}

/// A setting outside its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// A number is not in its range.
    #[error("{field} is {actual}, and must be from {min} to {max}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// Least value.
        min: u16,
        /// Greatest value.
        max: u16,
        /// The value that it has.
        actual: u16,
    },
    /// There are more custom banned terms than [`PasswordPolicy::MAX_CUSTOM_TERMS`].
    #[error("there are {actual} custom banned terms, and at most {max} are possible", max = PasswordPolicy::MAX_CUSTOM_TERMS)]
    TooManyTerms {
        /// How many there are.
        actual: usize,
    },
    /// A custom banned term is not of 4 to 16 characters.
    #[error("custom banned term {number} has {chars} characters, and must have 4 to 16")]
    TermLength {
        /// Its place in the list, from 1.
        number: usize,
        /// How many characters it has.
        chars: usize,
    },
}

impl PasswordPolicy {
    /// Most terms of the custom banned list.
    pub const MAX_CUSTOM_TERMS: usize = 1000;
    /// Length of a custom banned term, in characters.
    pub const CUSTOM_TERM_CHARS: RangeInclusive<usize> = 4..=16;

    /// The preset *Entra-like*.
    pub const fn entra_like() -> Self {
        Self {
            min_length: 8,
            max_length: 256,
            composition: 3,
            printable_ascii_only: false,
            history: 1,
            history_at_reset: false,
            expires_after_days: None,
            notice_days: 14,
            min_age_days: 0,
            matching: Matching::Substrings,
            custom_banned: Vec::new(),
            breached_check: true,
        }
    }

    /// The preset *NIST SP 800-63B-4* for tenants where a password can be all that is asked.
    pub const fn nist() -> Self {
        let mut policy = Self::entra_like();
        policy.min_length = 15;
        policy.composition = 0;
        policy.matching = Matching::Whole;
        policy
    }

    /// The preset *NIST SP 800-63B-4* where a second factor is always asked.
    pub const fn nist_with_second_factor() -> Self {
        let mut policy = Self::nist();
        policy.min_length = 8;
        policy
    }

    /// Everything that is out of its range; nothing, if the policy can be used.
    pub fn problems(&self) -> Vec<PolicyProblem> {
        let numbers = [
            ("min_length", self.min_length, 8, 64),
            ("max_length", self.max_length, 64, 1024),
            ("composition", u16::from(self.composition), 0, 4),
            ("history", u16::from(self.history), 0, 24),
            (
                "expires_after_days",
                self.expires_after_days.unwrap_or(1),
                1,
                730,
            ),
            ("notice_days", u16::from(self.notice_days), 0, 30),
            ("min_age_days", u16::from(self.min_age_days), 0, 7),
        ];
        let out_of_range = numbers
            .into_iter()
            .filter(|(_, actual, min, max)| !(min..=max).contains(&actual))
            .map(|(field, actual, min, max)| PolicyProblem::OutOfRange {
                field,
                min,
                max,
                actual,
            });
        let actual = self.custom_banned.len();
        let too_many =
            (actual > Self::MAX_CUSTOM_TERMS).then_some(PolicyProblem::TooManyTerms { actual });
        let lengths = self
            .custom_banned
            .iter()
            .take(Self::MAX_CUSTOM_TERMS)
            .map(|term| term.nfc().count())
            .enumerate()
            .filter(|(_, chars)| !Self::CUSTOM_TERM_CHARS.contains(chars))
            .map(|(index, chars)| PolicyProblem::TermLength {
                number: index + 1,
                chars,
            });
        out_of_range.chain(too_many).chain(lengths).collect()
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self::entra_like()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_the_table_of_the_specification() {
        let policy: PasswordPolicy = serde_json::from_str("{}").unwrap();
        assert_eq!(policy, PasswordPolicy::entra_like());
        assert_eq!(
            (policy.min_length, policy.max_length, policy.composition),
            (8, 256, 3)
        );
        assert_eq!((policy.history, policy.history_at_reset), (1, false));
        assert_eq!(
            (
                policy.expires_after_days,
                policy.notice_days,
                policy.min_age_days
            ),
            (None, 14, 0)
        );
        assert!(!policy.printable_ascii_only);
        assert_eq!(policy.matching, Matching::Substrings);
    }

    #[test]
    fn the_nist_preset_asks_for_length_and_nothing_else() {
        let policy = PasswordPolicy::nist();
        assert_eq!((policy.min_length, policy.composition), (15, 0));
        assert_eq!(policy.expires_after_days, None);
        assert_eq!(policy.matching, Matching::Whole);
        assert!(policy.breached_check);
        assert_eq!(PasswordPolicy::nist_with_second_factor().min_length, 8);
    }

    #[test]
    fn presets_have_no_problems() {
        for policy in [
            PasswordPolicy::entra_like(),
            PasswordPolicy::nist(),
            PasswordPolicy::nist_with_second_factor(),
        ] {
            assert_eq!(policy.problems(), []);
        }
    }

    #[test]
    fn every_range_holds_on_both_sides() {
        type Set = fn(&mut PasswordPolicy, u16);
        let ranges: [(&str, u16, u16, Set); 7] = [
            ("min_length", 8, 64, |p, v| p.min_length = v),
            ("max_length", 64, 1024, |p, v| p.max_length = v),
            ("composition", 0, 4, |p, v| p.composition = v as u8),
            ("history", 0, 24, |p, v| p.history = v as u8),
            ("expires_after_days", 1, 730, |p, v| {
                p.expires_after_days = Some(v);
            }),
            ("notice_days", 0, 30, |p, v| p.notice_days = v as u8),
            ("min_age_days", 0, 7, |p, v| p.min_age_days = v as u8),
        ];
        for (field, min, max, set) in ranges {
            let problems = |value| {
                let mut policy = PasswordPolicy::default();
                set(&mut policy, value);
                policy.problems()
            };
            assert_eq!(problems(min), [], "{field}");
            assert_eq!(problems(max), [], "{field}");
            let problem = |actual| {
                vec![PolicyProblem::OutOfRange {
                    field,
                    min,
                    max,
                    actual,
                }]
            };
            assert_eq!(problems(max + 1), problem(max + 1));
            if let Some(below) = min.checked_sub(1) {
                assert_eq!(problems(below), problem(below));
            }
        }
    }

    #[test]
    fn the_custom_list_has_at_most_a_thousand_terms_of_4_to_16_characters() {
        let problems = |terms: Vec<String>| {
            PasswordPolicy {
                custom_banned: terms,
                ..PasswordPolicy::default()
            }
            .problems()
        };
        assert_eq!(problems(vec!["term".into(); 1000]), []);
        assert_eq!(
            problems(vec!["term".into(); 1001]),
            [PolicyProblem::TooManyTerms { actual: 1001 }]
        );
        assert_eq!(problems(vec!["é".repeat(4), "é".repeat(16)]), []);
        assert_eq!(
            problems(vec!["fine".into(), "e\u{301}bc".into(), "x".repeat(17)]),
            [
                PolicyProblem::TermLength {
                    number: 2,
                    chars: 3
                },
                PolicyProblem::TermLength {
                    number: 3,
                    chars: 17
                },
            ]
        );
    }

    #[test]
    fn all_problems_are_reported_at_once_and_unknown_fields_are_refused() {
        let policy: PasswordPolicy =
            serde_json::from_str(r#"{"min_length":7,"max_length":63,"history":25}"#).unwrap();
        assert_eq!(policy.problems().len(), 3);
        assert!(serde_json::from_str::<PasswordPolicy>(r#"{"min_lenght":9}"#).is_err());
    }

    #[test]
    fn a_policy_survives_being_stored() {
        let policy = PasswordPolicy {
            expires_after_days: Some(90),
            custom_banned: vec!["fabrikam".into()],
            ..PasswordPolicy::nist()
        };
        let stored = serde_json::to_string(&policy).unwrap();
        assert_eq!(
            serde_json::from_str::<PasswordPolicy>(&stored).unwrap(),
            policy
        );
    }
}
