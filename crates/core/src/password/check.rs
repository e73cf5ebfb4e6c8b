use latchkey_types::Timestamp;
use serde::Serialize;

use super::banned::{BannedLists, NEEDED_POINTS, NameKind, Names};
use super::normalise::{compose, fold};
use super::policy::{Matching, PasswordPolicy};
use super::rules::Rule;

/// Above this many bytes a password is longer than any policy allows, however it is composed: one
/// character in NFC has at most four code points of four bytes when it is typed decomposed.
const MAX_BYTES: usize = 16 * 1024;

/// A rule that a password breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Violation {
    /// It has fewer characters than the policy asks.
    TooShort {
        /// Fewest characters.
        min: u16,
        /// How many it has.
        actual: usize,
    },
    /// It has more characters than the policy allows.
    TooLong {
        /// Most characters.
        max: u16,
        /// How many it has; above 16 KiB counted as they were typed.
        actual: usize,
    },
    /// It has too few of the classes lower case, upper case, digit, symbol.
    TooFewClasses {
        /// How many it needs.
        min: u8,
        /// How many it has.
        actual: u8,
    },
    /// It has a control character: tab, line end, NUL and the like.
    ControlCharacter,
    /// It has a character other than space to `~`, and the policy forbids them.
    NotPrintableAscii,
    /// It contains a name, or is derived from one.
    ContainsName {
        /// Which.
        name: NameKind,
    },
    /// It is too close to terms that everybody tries first.
    Banned {
        /// The points it scores.
        points: u8,
        /// The points it needs.
        needed: u8,
    },
    /// It was used before.
    Reused,
    /// It is known from a breach.
    Breached,
    /// The present one is too new to be changed.
    TooRecent {
        /// From when it can be changed.
        until: Timestamp,
    },
}

impl Violation {
    /// The name of this violation in the API, in audit events and in message files. It never
    /// changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too-short",
            Self::TooLong { .. } => "too-long",
            Self::TooFewClasses { .. } => "too-few-classes",
            Self::ControlCharacter => "control-character",
            Self::NotPrintableAscii => "not-printable-ascii",
            Self::ContainsName { .. } => "contains-name",
            Self::Banned { .. } => "banned",
            Self::Reused => "reused",
            Self::Breached => "breached",
            Self::TooRecent { .. } => "too-recent",
        }
    }

    /// Whether this is a failure of that rule.
    pub const fn breaks(self, rule: Rule) -> bool {
        matches!(
            (self, rule),
            (Self::TooShort { .. }, Rule::MinLength { .. })
                | (Self::TooLong { .. }, Rule::MaxLength { .. })
                | (Self::TooFewClasses { .. }, Rule::Classes { .. })
                | (Self::ControlCharacter, Rule::NoControlCharacters)
                | (Self::NotPrintableAscii, Rule::PrintableAscii)
                | (Self::ContainsName { .. }, Rule::NoNames)
                | (Self::Banned { .. }, Rule::NotBanned)
                | (Self::Reused, Rule::NotReused { .. })
                | (Self::Breached, Rule::NotBreached)
                | (Self::TooRecent { .. }, Rule::MinAge { .. })
        )
    }
}

/// What the caller found out about a candidate with hashes, files and the clock. It finds out only
/// what [`super::rules`] asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// It equals one of the last passwords.
    pub reused: bool,
    /// It is in the breached-password filter.
    pub breached: bool,
    /// The present password may not be changed before this moment, which has not come.
    pub too_recent_until: Option<Timestamp>,
}

impl Facts {
    /// The rules that fail by these facts; append them to those of [`check`].
    pub fn violations(self) -> impl Iterator<Item = Violation> {
        let reused = self.reused.then_some(Violation::Reused);
        let breached = self.breached.then_some(Violation::Breached);
        let recent = self
            .too_recent_until
            .map(|until| Violation::TooRecent { until });
        reused.into_iter().chain(breached).chain(recent)
    }
}

/// Every rule that a candidate breaks, in the order of [`super::rules`]; nothing, if it may be set
/// as far as the candidate alone can tell.
///
/// The candidate is taken as it was typed. A candidate over 16 KiB is refused for its length
/// without being looked at further.
pub fn check(
    candidate: &str,
    policy: &PasswordPolicy,
    names: &Names<'_>,
    banned: &BannedLists<'_>,
) -> Vec<Violation> {
    if candidate.len() > MAX_BYTES {
        return vec![Violation::TooLong {
            max: policy.max_length,
            actual: candidate.chars().count(),
        }];
    }
    let password = compose(candidate);
    let text = password.expose();
    let folded = fold(text);
    let folded = folded.expose();
    let mut violations = Vec::new();

    let actual = folded.len();
    if actual < usize::from(policy.min_length) {
        violations.push(Violation::TooShort {
            min: policy.min_length,
            actual,
        });
    }
    if actual > usize::from(policy.max_length) {
        violations.push(Violation::TooLong {
            max: policy.max_length,
            actual,
        });
    }
    let classes = classes(text);
    if classes < policy.composition {
        violations.push(Violation::TooFewClasses {
            min: policy.composition,
            actual: classes,
        });
    }
    if text.chars().any(char::is_control) {
        violations.push(Violation::ControlCharacter);
    }
    if policy.printable_ascii_only && !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        violations.push(Violation::NotPrintableAscii);
    }
    let (found, points) = match policy.matching {
        Matching::Substrings => (names.found_in(folded), banned.points(folded)),
        Matching::Whole => {
            let points = if banned.contains_whole(folded) {
                1
            } else {
                NEEDED_POINTS
            };
            (names.derived_into(text, folded), points)
        }
    };
    violations.extend(
        found
            .into_iter()
            .map(|name| Violation::ContainsName { name }),
    );
    if points < NEEDED_POINTS {
        violations.push(Violation::Banned {
            points,
            needed: NEEDED_POINTS,
        });
    }
    violations
}

/// The points of a candidate by substring scoring, from 0; [`NEEDED_POINTS`] stands for that many
/// or more. For the administrator's page *try a password*.
pub fn points(candidate: &str, banned: &BannedLists<'_>) -> u8 {
    if candidate.len() > MAX_BYTES {
        return NEEDED_POINTS;
    }
    banned.points(fold(compose(candidate).expose()).expose())
}

/// How many of the four classes a text has. A letter without case (Arabic, Chinese …) is a symbol
/// here: otherwise a password in such a script could never have three.
fn classes(text: &str) -> u8 {
    let mut seen = [false; 4];
    for c in text.chars() {
        let [lower, upper, digit, symbol] = &mut seen;
        if c.is_lowercase() {
            *lower = true;
        } else if c.is_uppercase() {
            *upper = true;
        } else if c.is_numeric() {
            *digit = true;
        } else if !c.is_control() {
            *symbol = true;
        }
    }
    seen.into_iter().map(u8::from).sum()
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization as _;

    use super::*;
    use crate::password::terms::TermList;

    fn check_with(candidate: &str, policy: &PasswordPolicy) -> Vec<Violation> {
        let global = TermList::new(["contoso", "blank", "abcdef", "correcthorsebat"]).unwrap();
        let custom = TermList::new(<[&str; 0]>::default()).unwrap();
        let names = Names {
            given: "Adele",
            family: "Vance",
            local_part: "adelev",
            tenant: "Fabrikam",
        };
        check(
            candidate,
            policy,
            &names,
            &BannedLists {
                global: &global,
                custom: &custom,
            },
        )
    }

    fn codes(candidate: &str, policy: &PasswordPolicy) -> Vec<&'static str> {
        check_with(candidate, policy)
            .into_iter()
            .map(Violation::code)
            .collect()
    }

    fn entra() -> PasswordPolicy {
        PasswordPolicy::entra_like()
    }

    #[test]
    fn length_counts_characters_of_the_composed_form_on_both_sides_of_each_limit() {
        let policy = PasswordPolicy {
            composition: 0,
            ..entra()
        };
        // Eight characters, sixteen code points as typed.
        assert_eq!(codes(&"e\u{301}".repeat(8), &policy), [] as [&str; 0]);
        assert_eq!(
            check_with(&"e\u{301}".repeat(7), &policy),
            [Violation::TooShort { min: 8, actual: 7 }]
        );
        assert_eq!(codes(&"🦀".repeat(8), &policy), [] as [&str; 0]);
        assert_eq!(codes(&"xy".repeat(128), &policy), [] as [&str; 0]);
        assert_eq!(
            check_with(&"x".repeat(257), &policy),
            [Violation::TooLong {
                max: 256,
                actual: 257
            }]
        );
    }

    #[test]
    fn the_longest_possible_password_fits_and_a_hostile_one_is_only_too_long() {
        let policy = PasswordPolicy {
            max_length: 1024,
            composition: 0,
            ..entra()
        };
        // U+1F82 is the worst case: four code points when decomposed.
        let decomposed: String = "\u{1F82}".repeat(1024).nfd().collect();
        assert_eq!(decomposed.chars().count(), 4096);
        assert_eq!(codes(&decomposed, &policy), [] as [&str; 0]);
        assert_eq!(
            check_with(&"\u{0}".repeat(256 * 1024), &policy),
            [Violation::TooLong {
                max: 1024,
                actual: 262_144
            }]
        );
    }

    #[test]
    fn classes_are_counted_and_can_be_switched_off() {
        for (candidate, actual) in [
            ("zqxjvkwp", 1),
            ("zqxjvKWP", 2),
            ("zqxj vkw", 2),
            ("密码密码密码密码", 1),
        ] {
            let expected = [Violation::TooFewClasses { min: 3, actual }];
            assert_eq!(check_with(candidate, &entra()), expected, "{candidate}");
            let off = PasswordPolicy {
                composition: 0,
                ..entra()
            };
            assert_eq!(check_with(candidate, &off), [], "{candidate}");
        }
        for candidate in ["zqxjvKW7", "zqxjv W7", "ZQXJ-667", "zqxj密667", "ЖЖжж6666"] {
            assert_eq!(check_with(candidate, &entra()), [], "{candidate}");
        }
        let four = PasswordPolicy {
            composition: 4,
            ..entra()
        };
        assert_eq!(
            check_with("zqxjvKW7", &four),
            [Violation::TooFewClasses { min: 4, actual: 3 }]
        );
        assert_eq!(check_with("zqxjvKW7 ", &four), []);
    }

    #[test]
    fn control_characters_are_refused_and_spaces_are_not() {
        for control in ['\0', '\t', '\n', '\r', '\u{7f}', '\u{85}'] {
            assert_eq!(
                codes(&format!("zqxj{control}vKW7"), &entra()),
                ["control-character"]
            );
        }
        assert_eq!(codes(" zqxjvKW7 ", &entra()), [] as [&str; 0]);
        assert_eq!(codes("zqxjv\u{202e}KW7", &entra()), [] as [&str; 0]);
    }

    #[test]
    fn only_printable_ascii_is_an_option() {
        let ascii = PasswordPolicy {
            printable_ascii_only: true,
            ..entra()
        };
        for (candidate, expected) in [
            (" ~zqxjvKW7", vec![]),
            ("zqxjvKW7é", vec!["not-printable-ascii"]),
            (
                "zqxjvKW7\u{7f}",
                vec!["control-character", "not-printable-ascii"],
            ),
        ] {
            assert_eq!(codes(candidate, &ascii), expected, "{candidate:?}");
        }
    }

    #[test]
    fn a_refusal_lists_every_rule_that_failed() {
        let policy = PasswordPolicy {
            printable_ascii_only: true,
            ..entra()
        };
        assert_eq!(
            codes("ädele\t", &policy),
            [
                "too-short",
                "too-few-classes",
                "control-character",
                "not-printable-ascii",
                "contains-name",
            ]
        );
        assert_eq!(
            check_with("Contoso1", &entra()),
            [Violation::Banned {
                points: 1,
                needed: 5
            }],
            "one edit away"
        );
    }

    #[test]
    fn the_entra_like_preset_refuses_names_anywhere_and_nist_only_what_is_made_of_them() {
        let candidate = "zqxj-V4nce-KW7x";
        assert_eq!(
            check_with(candidate, &entra()),
            [Violation::ContainsName {
                name: NameKind::Family
            }]
        );
        assert_eq!(check_with(candidate, &PasswordPolicy::nist()), []);
        assert_eq!(
            codes("Fabrikam-Adele-1", &PasswordPolicy::nist()),
            ["contains-name"]
        );
    }

    #[test]
    fn nist_compares_whole_passwords_only() {
        let nist = PasswordPolicy::nist();
        assert_eq!(codes("C0rrectH0rseB@t", &nist), ["banned"]);
        assert_eq!(codes("C0rrectH0rseB@ts", &nist), [] as [&str; 0]);
        assert_eq!(codes("contosoblankabcdef", &nist), [] as [&str; 0]);
        assert_eq!(
            codes("contosoblankabcdef", &entra()),
            ["too-few-classes", "banned"]
        );
        assert_eq!(codes("zqxjvkwpzqxjvk", &nist), ["too-short"]);
        assert_eq!(codes("zqxjvkwpzqxjvkw", &nist), [] as [&str; 0]);
    }

    #[test]
    fn facts_become_violations() {
        assert_eq!(Facts::default().violations().count(), 0);
        let until = Timestamp(5);
        let facts = Facts {
            reused: true,
            breached: true,
            too_recent_until: Some(until),
        };
        let violations: Vec<_> = facts.violations().collect();
        assert_eq!(
            violations,
            [
                Violation::Reused,
                Violation::Breached,
                Violation::TooRecent { until }
            ]
        );
    }

    #[test]
    fn try_a_password_shows_the_points_of_the_specification() {
        let list = TermList::new(["contoso", "blank", "abcdef"]).unwrap();
        let lists = BannedLists {
            global: &list,
            custom: &list,
        };
        assert_eq!(points("C0ntos0Blank12", &lists), 4);
        assert_eq!(points("ContoS0Bl@nkf9!", &lists), 5);
        assert_eq!(points("", &lists), 0);
    }
}
