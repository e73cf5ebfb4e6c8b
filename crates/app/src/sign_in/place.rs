//! Where signing in leads.

use latchkey_core::registration::state;
use latchkey_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::Todo;
use crate::reset::Case;

/// Where somebody who has to sign in wants to go. A closed list: an address in a link leads nowhere
/// else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// My account.
    Account,
    /// Security info.
    SecurityInfo,
    /// Changing the password.
    Change,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 3] = [Self::Account, Self::SecurityInfo, Self::Change];

    /// Its address.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Account => "/account",
            Self::SecurityInfo => "/security-info",
            Self::Change => "/change-password",
        }
    }

    /// What `?to=` says for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::SecurityInfo => "security-info",
            Self::Change => "change-password",
        }
    }

    /// The page that asks to sign in first.
    pub const fn sign_in(self) -> &'static str {
        match self {
            Self::Account => "/sign-in",
            Self::SecurityInfo => "/sign-in?to=security-info",
            Self::Change => "/sign-in?to=change-password",
        }
    }

    /// Reads `?to=`; whatever is not in the list is [`Place::Account`].
    pub fn parse(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|place| place.word() == text)
            .unwrap_or(Self::Account)
    }
}

impl Todo {
    /// Where it is done.
    pub const fn place(self) -> Place {
        match self {
            Self::Change(_) => Place::Change,
            Self::RegisterSecondFactor | Self::ProveSecondFactor => Place::SecurityInfo,
        }
    }
}

/// Where somebody goes who has just signed in: where they have something to do before anything else,
/// where they are asked to register or confirm, or where they wanted to go.
pub(crate) fn landing(case: &Case, todo: Option<Todo>, wanted: Place, now: Timestamp) -> Place {
    let is_asked = case
        .registration(now)
        .map(|facts| state(&facts))
        .is_some_and(|state| state.must_register || state.must_reconfirm);
    match todo {
        Some(todo) => todo.place(),
        None if is_asked => Place::SecurityInfo,
        None => wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_a_place_of_the_list_and_nowhere_else() {
        for place in Place::ALL {
            assert_eq!(Place::parse(place.word()), place);
            assert_eq!(place.path(), format!("/{}", place.word()));
        }
        for text in [
            "",
            "https://evil.example",
            "//evil.example",
            "/account",
            "x",
        ] {
            assert_eq!(Place::parse(text), Place::Account, "{text}");
        }
    }
}
