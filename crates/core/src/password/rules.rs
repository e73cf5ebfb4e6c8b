use serde::Serialize;

use super::check::Violation;
use super::policy::PasswordPolicy;

/// Why a password is being set. Some rules hold for one and not for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The user knows the present one.
    Change,
    /// The user forgot it.
    Reset,
}

/// A rule that a password must meet, with its number, for the list that the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// At least so many characters.
    MinLength {
        /// Fewest characters.
        min: u16,
    },
    /// At most so many characters.
    MaxLength {
        /// Most characters.
        max: u16,
    },
    /// So many of lower case, upper case, digit, symbol.
    Classes {
        /// How many of the four.
        min: u8,
    },
    /// No control characters.
    NoControlCharacters,
    /// Only the characters from space to `~`.
    PrintableAscii,
    /// No name of the user or the tenant.
    NoNames,
    /// Not too close to banned terms.
    NotBanned,
    /// Not one of the last passwords.
    NotReused {
        /// How many of the last ones.
        last: u8,
    },
    /// Not known from a breach.
    NotBreached,
    /// The present one must have been kept so long.
    MinAge {
        /// In days.
        days: u8,
    },
}

impl Rule {
    /// The name of this rule in message files and in the page. It never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::MinLength { .. } => "min-length",
            Self::MaxLength { .. } => "max-length",
            Self::Classes { .. } => "classes",
            Self::NoControlCharacters => "no-control-characters",
            Self::PrintableAscii => "printable-ascii",
            Self::NoNames => "no-names",
            Self::NotBanned => "not-banned",
            Self::NotReused { .. } => "not-reused",
            Self::NotBreached => "not-breached",
            Self::MinAge { .. } => "min-age",
        }
    }

    /// Whether the typed text alone tells if it is met, without a list, a hash or a name: such a
    /// rule can tick off in the browser at every key.
    pub const fn is_plain(self) -> bool {
        matches!(
            self,
            Self::MinLength { .. }
                | Self::MaxLength { .. }
                | Self::Classes { .. }
                | Self::NoControlCharacters
                | Self::PrintableAscii
        )
    }
}

/// The rules of a policy, in the fixed order in which pages show them. `breached_filter` says
/// whether the operator has built one; without it the policy's wish has no effect.
pub fn rules(policy: &PasswordPolicy, occasion: Occasion, breached_filter: bool) -> Vec<Rule> {
    // At a change the present one may not be used again, whatever the history.
    let history = match occasion {
        Occasion::Change => policy.history.max(1),
        Occasion::Reset if policy.history_at_reset => policy.history,
        Occasion::Reset => 0,
    };
    let min_age = occasion == Occasion::Change && policy.min_age_days > 0;
    [
        Some(Rule::MinLength {
            min: policy.min_length,
        }),
        Some(Rule::MaxLength {
            max: policy.max_length,
        }),
        (policy.composition > 0).then_some(Rule::Classes {
            min: policy.composition,
        }),
        Some(Rule::NoControlCharacters),
        policy.printable_ascii_only.then_some(Rule::PrintableAscii),
        Some(Rule::NoNames),
        Some(Rule::NotBanned),
        (history > 0).then_some(Rule::NotReused { last: history }),
        (policy.breached_check && breached_filter).then_some(Rule::NotBreached),
        min_age.then_some(Rule::MinAge {
            days: policy.min_age_days,
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A rule, and whether a candidate meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RuleState {
    /// The rule.
    pub rule: Rule,
    /// Whether it is met.
    pub met: bool,
}

/// Which of the rules are met, in the same order, by what [`super::check()`] and
/// [`super::Facts::violations`] found.
pub fn states(rules: &[Rule], violations: &[Violation]) -> Vec<RuleState> {
    rules
        .iter()
        .map(|&rule| RuleState {
            rule,
            met: !violations.iter().any(|found| found.breaks(rule)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use latchkey_types::Timestamp;

    use super::*;
    use crate::password::{BannedLists, Facts, Names, TermList, check};

    fn codes(policy: &PasswordPolicy, occasion: Occasion, filter: bool) -> Vec<&'static str> {
        rules(policy, occasion, filter)
            .into_iter()
            .map(Rule::code)
            .collect()
    }

    #[test]
    fn history_and_minimum_age_hold_at_a_change_and_history_at_a_reset_only_by_option() {
        let policy = PasswordPolicy {
            min_age_days: 1,
            ..PasswordPolicy::default()
        };
        let always = [
            "min-length",
            "max-length",
            "classes",
            "no-control-characters",
            "no-names",
            "not-banned",
        ];
        assert_eq!(
            codes(&policy, Occasion::Change, false),
            [&always[..], &["not-reused", "min-age"]].concat()
        );
        assert_eq!(codes(&policy, Occasion::Reset, false), always);
        let at_reset = PasswordPolicy {
            history_at_reset: true,
            ..policy.clone()
        };
        assert_eq!(
            codes(&at_reset, Occasion::Reset, true),
            [&always[..], &["not-reused", "not-breached"]].concat()
        );
        let none = PasswordPolicy {
            history: 0,
            min_age_days: 0,
            ..at_reset
        };
        // The present one may not be used again even then.
        assert_eq!(
            codes(&none, Occasion::Change, false),
            [&always[..], &["not-reused"]].concat()
        );
        assert_eq!(codes(&none, Occasion::Reset, false), always);
        let nist = PasswordPolicy::nist();
        assert!(!codes(&nist, Occasion::Change, false).contains(&"classes"));
    }

    #[test]
    fn the_page_shows_which_rules_the_typed_password_meets() {
        let policy = PasswordPolicy::default();
        let list = TermList::new(["contoso"]).unwrap();
        let lists = BannedLists {
            global: &list,
            custom: &list,
        };
        let violations = check("contoso", &policy, &Names::default(), &lists);
        let rules = rules(&policy, Occasion::Reset, false);
        let unmet: Vec<_> = states(&rules, &violations)
            .into_iter()
            .filter(|state| !state.met)
            .map(|state| state.rule.code())
            .collect();
        assert_eq!(unmet, ["min-length", "classes", "not-banned"]);
    }

    #[test]
    fn every_violation_breaks_exactly_one_rule() {
        let policy = PasswordPolicy {
            printable_ascii_only: true,
            min_age_days: 1,
            ..PasswordPolicy::default()
        };
        let all = rules(&policy, Occasion::Change, true);
        assert_eq!(all.len(), 10);
        let facts = Facts {
            reused: true,
            breached: true,
            too_recent_until: Some(Timestamp(1)),
        };
        let list = TermList::new(["contoso"]).unwrap();
        let lists = BannedLists {
            global: &list,
            custom: &list,
        };
        let names = Names {
            given: "Åke!",
            ..Names::default()
        };
        let mut violations = check("Åke!\t", &policy, &names, &lists);
        violations.extend(check(&"x".repeat(300), &policy, &names, &lists));
        violations.extend(check("contoso", &policy, &names, &lists));
        violations.extend(facts.violations());
        for violation in &violations {
            let broken = all.iter().filter(|rule| violation.breaks(**rule)).count();
            assert_eq!(broken, 1, "{violation:?}");
        }
        assert!(states(&all, &violations).iter().all(|state| !state.met));
    }
}
