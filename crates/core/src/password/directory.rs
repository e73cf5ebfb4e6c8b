use latchkey_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::policy::PasswordPolicy;
use super::{Occasion, Rule, Violation};

/// The policy that a directory applies to an account, as far as it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DirectoryPolicy {
    /// Fewest characters.
    pub min_length: Option<u16>,
    /// Whether three of the four classes are asked for.
    pub complexity: bool,
    /// How many former passwords may not be used again; 0: none is remembered.
    pub history: u8,
    /// Whether that holds at a reset too.
    pub history_on_reset: bool,
    /// From when the password may be changed; a reset has not to wait.
    pub may_change_from: Option<Timestamp>,
}

/// The longest password that a directory is sent, in characters: Active Directory takes no longer ones.
pub const DIRECTORY_MAX: u16 = 256;

/// How many of the four classes *complexity* asks for.
const COMPLEXITY: u8 = 3;

/// The rules for a password in a directory, in the order in which pages show them. `lists`: whether the
/// tenant wants the banned lists applied before the directory is asked. `policy`: what the directory
/// said; without it the page says what is known here.
pub fn directory_rules(
    policy: Option<&DirectoryPolicy>,
    occasion: Occasion,
    lists: bool,
    breached_filter: bool,
) -> Vec<Rule> {
    let known = policy.copied().unwrap_or_default();
    let has_history = known.history > 0 && (occasion == Occasion::Change || known.history_on_reset);
    [
        known.min_length.map(|min| Rule::MinLength { min }),
        known
            .complexity
            .then_some(Rule::Classes { min: COMPLEXITY }),
        (known.complexity || lists).then_some(Rule::NoNames),
        lists.then_some(Rule::NotBanned),
        has_history.then_some(Rule::NotReused {
            last: known.history,
        }),
        (lists && breached_filter).then_some(Rule::NotBreached),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The rules that a password for a directory is held to here, before the directory is asked: the lists,
/// and what no directory takes.
pub fn held_here(policy: &PasswordPolicy) -> PasswordPolicy {
    let mut here = policy.clone();
    here.min_length = 1;
    here.composition = 0;
    here.max_length = DIRECTORY_MAX;
    here.printable_ascii_only = false;
    here.history = 0;
    here.history_at_reset = false;
    here
}

/// Whether a violation counts for a password in a directory whose tenant wants the lists, or not.
pub const fn counts_for_directory(violation: Violation, lists: bool) -> bool {
    match violation {
        Violation::TooLong { .. } | Violation::ControlCharacter => true,
        Violation::ContainsName { .. } | Violation::Banned { .. } | Violation::Breached => lists,
        Violation::TooShort { .. }
        | Violation::TooFewClasses { .. }
        | Violation::NotPrintableAscii
        | Violation::Reused
        | Violation::TooRecent { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_what_the_directory_said() {
        let policy = DirectoryPolicy {
            min_length: Some(14),
            complexity: true,
            history: 24,
            history_on_reset: false,
            may_change_from: None,
        };
        assert_eq!(
            directory_rules(Some(&policy), Occasion::Change, true, true),
            [
                Rule::MinLength { min: 14 },
                Rule::Classes { min: 3 },
                Rule::NoNames,
                Rule::NotBanned,
                Rule::NotReused { last: 24 },
                Rule::NotBreached,
            ]
        );
        // At a reset, the history counts only where the directory can be made to look at it.
        let at_reset = directory_rules(Some(&policy), Occasion::Reset, false, true);
        assert!(
            !at_reset
                .iter()
                .any(|rule| matches!(rule, Rule::NotReused { .. }))
        );
        assert!(!at_reset.contains(&Rule::NotBanned));
        assert_eq!(directory_rules(None, Occasion::Reset, false, true), []);
    }

    #[test]
    fn what_is_left_to_the_directory_is_not_judged_here() {
        assert!(counts_for_directory(
            Violation::TooLong {
                max: 256,
                actual: 257
            },
            false
        ));
        assert!(!counts_for_directory(
            Violation::TooShort { min: 8, actual: 1 },
            true
        ));
        assert!(counts_for_directory(Violation::Breached, true));
        assert!(!counts_for_directory(Violation::Breached, false));
    }
}
