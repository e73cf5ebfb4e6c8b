//! The list of what a new password must meet.

use latchkey_core::password::{Rule, Violation};
use latchkey_i18n::Texts;

use crate::words;

/// A rule in the list.
pub(crate) struct RuleLine {
    pub(crate) text: String,
    /// Its name for the script, if the typed text alone tells whether it is met.
    pub(crate) test: Option<&'static str>,
    pub(crate) number: Option<u16>,
    /// Whether the last password met it; `None` before the first.
    met: Option<bool>,
    pub(crate) state: String,
}

impl RuleLine {
    /// `refused`: what the last password broke, if one was refused.
    pub(crate) fn new(t: Texts, rule: Rule, refused: Option<&[Violation]>) -> Self {
        let met = refused.map(|found| !found.iter().any(|violation| violation.breaks(rule)));
        let state = match met {
            Some(true) => t.get("rule-met"),
            Some(false) => t.get("rule-unmet"),
            None => String::new(),
        };
        let number = match rule {
            Rule::MinLength { min } => Some(min),
            Rule::MaxLength { max } => Some(max),
            Rule::Classes { min } => Some(u16::from(min)),
            _ => None,
        };
        let test = rule.is_plain().then(|| rule.code());
        Self {
            text: words::rule(t, rule),
            test,
            number,
            met,
            state,
        }
    }

    pub(crate) const fn class(&self) -> &'static str {
        match self.met {
            Some(true) => "met",
            Some(false) => "unmet",
            None => "",
        }
    }
}
