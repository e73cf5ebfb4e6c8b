//! What servers' refusals mean.
//!
//! Active Directory begins its text with the Win32 code in eight hexadecimal digits; the LDAP result
//! code beside it differs between operations and versions, so it counts only without one. Texts and
//! codes: Microsoft's [MS-ERREF] and what Samba 4.17 and OpenLDAP 2.5 were seen to answer.

use ldap3::LdapResult;

use crate::ber::{self, Reader};
use crate::state::Verdict;
use crate::{Breach, Failure};

/// The most of a server's text that is kept, in bytes.
const LONGEST_TEXT: usize = 500;

/// Response control of ppolicy (draft-behera-ldap-password-policy-10).
pub(crate) const PPOLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// An answer without success, made safe to keep.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) code: u32,
    pub(crate) text: String,
    pub(crate) ppolicy: Option<Ppolicy>,
}

impl Refusal {
    /// Takes an answer, without the passwords that it may repeat and without control characters.
    pub(crate) fn new(result: &LdapResult, secrets: &[&str]) -> Self {
        let mut text = result.text.clone();
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(*secret, "[secret]");
        }
        let mut text: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        if text.len() > LONGEST_TEXT {
            let mut end = LONGEST_TEXT;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
        let ppolicy = result
            .ctrls
            .iter()
            .find(|control| control.1.ctype == PPOLICY)
            .map(|control| Ppolicy::parse(control.1.val.as_deref().unwrap_or_default()));
        Self {
            code: result.rc,
            text,
            ppolicy,
        }
    }

    /// The leading Win32 code.
    fn win32(&self) -> Option<u32> {
        let digits = self.text.get(..8)?;
        let follows = self.text.as_bytes().get(8);
        (digits.bytes().all(|b| b.is_ascii_hexdigit()) && matches!(follows, None | Some(b':')))
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten()
    }

    /// The code after `data` in an answer to a bind.
    fn data(&self) -> Option<u32> {
        let (_, rest) = self.text.split_once("data ")?;
        let end = rest
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(rest.len());
        u32::from_str_radix(rest.get(..end)?, 16).ok()
    }

    fn detail(&self) -> Option<String> {
        (!self.text.is_empty()).then(|| self.text.clone())
    }

    fn unexpected(&self) -> Failure {
        Failure::Unexpected {
            code: self.win32().filter(|code| *code != 0).unwrap_or(self.code),
            text: self.text.clone(),
        }
    }

    fn breach(&self, breach: Breach) -> Failure {
        Failure::Policy(breach, self.detail())
    }

    /// What result codes alone mean, the same for every server and operation.
    fn by_code(&self) -> Failure {
        match self.code {
            8 | 13 => Failure::NotConfigured(format!("the server demands TLS: {}", self.text)),
            10 => Failure::Unexpected {
                code: 10,
                text: "a referral to another server, which is not followed".into(),
            },
            32 => Failure::NotFound,
            50 => Failure::NoPermission(self.detail()),
            51 | 52 => {
                Failure::Unreachable(format!("the server is busy or going down: {}", self.text))
            }
            _ => self.unexpected(),
        }
    }

    /// A refused write of Active Directory.
    pub(crate) fn of_active_directory(&self) -> Failure {
        match self.win32() {
            // ERROR_INVALID_PASSWORD: the old one, of a change.
            Some(0x56) => Failure::WrongPassword,
            // ERROR_PASSWORD_RESTRICTION. Windows says no more; Samba has words, which help when they
            // are there.
            Some(0x52d) => self.breach(self.breach_in_words()),
            // ERROR_PWD_TOO_SHORT, _TOO_RECENT, _HISTORY_CONFLICT; ERROR_ILL_FORMED_PASSWORD.
            Some(0x267) => self.breach(Breach::TooShort { min: None }),
            Some(0x268) => self.breach(Breach::TooYoung),
            Some(0x269) => self.breach(Breach::UsedBefore),
            Some(0x52c) => self.breach(Breach::Unspecified),
            Some(0x775) => Failure::Locked,
            Some(0x533) => Failure::Disabled,
            Some(0x701) => Failure::AccountExpired,
            // ERROR_ACCESS_DENIED, ERROR_DS_INSUFF_ACCESS_RIGHTS.
            Some(0x5 | 0x2098) => Failure::NoPermission(self.detail()),
            // ERROR_DS_NO_SUCH_OBJECT, ERROR_DS_OBJ_NOT_FOUND.
            Some(0x2030 | 0x208d) => Failure::NotFound,
            // ERROR_DS_BUSY, ERROR_DS_UNAVAILABLE.
            Some(0x200e | 0x200f) => {
                Failure::Unreachable(format!("the server is busy or going down: {}", self.text))
            }
            // ERROR_DS_REFERRAL.
            Some(0x202b) => Failure::Unexpected {
                code: 0x202b,
                text: "a referral to another server, which is not followed".into(),
            },
            // ERROR_GEN_FAILURE and ERROR_DS_ILLEGAL_MOD_OPERATION when the connection is not
            // protected enough to set a password.
            Some(code @ (0x1f | 0x2077)) if self.code == 53 => Failure::NotConfigured(format!(
                "the server does not set passwords over this connection ({code:#x}): {}",
                self.text
            )),
            Some(_) => self.unexpected(),
            // Samba without a code: an access rule (PASSWD_CANT_CHANGE) speaks as a constraint.
            None if self.code == 19 && self.text.contains("module acl") => {
                Failure::NoPermission(self.detail())
            }
            None if self.code == 19 => self.breach(self.breach_in_words()),
            None => self.by_code(),
        }
    }

    /// Samba's and OpenLDAP's words for the rule.
    fn breach_in_words(&self) -> Breach {
        let has = |words: &str| self.text.contains(words);
        if has("too short") {
            Breach::TooShort { min: None }
        } else if has("complexity") {
            Breach::NotComplex
        } else if has("already used") || has("in history") || has("not being changed from") {
            Breach::UsedBefore
        } else if has("too young") {
            Breach::TooYoung
        } else {
            Breach::Unspecified
        }
    }

    /// A refused write of an LDAP server. `with_old`: the request held the old password.
    pub(crate) fn of_ldap(&self, with_old: bool) -> Failure {
        use PpolicyError as E;
        if self.code == 53 && with_old {
            return Failure::WrongPassword;
        }
        if self.code == 49 {
            // 389-ds says it this way.
            return Failure::WrongPassword;
        }
        match self.ppolicy.and_then(|control| control.error) {
            Some(E::AccountLocked) => return Failure::Locked,
            Some(E::TooShort) => return self.breach(Breach::TooShort { min: None }),
            Some(E::InsufficientQuality) => return self.breach(Breach::NotComplex),
            Some(E::TooYoung) => return self.breach(Breach::TooYoung),
            Some(E::InHistory) => return self.breach(Breach::UsedBefore),
            Some(E::ModificationNotAllowed | E::MustSupplyOld) => {
                return Failure::NoPermission(self.detail());
            }
            // A password that is too long, for instance.
            Some(E::Other) if self.code == 19 => return self.breach(Breach::Unspecified),
            Some(E::Expired | E::ChangeAfterReset | E::Other) | None => {}
        }
        match self.code {
            19 => self.breach(self.breach_in_words()),
            _ => self.by_code(),
        }
    }

    /// A refused search.
    pub(crate) fn of_a_search(&self) -> Failure {
        match self.win32() {
            Some(0x2030 | 0x208d) => Failure::NotFound,
            _ => self.by_code(),
        }
    }

    /// A refused bind of a user at Active Directory.
    pub(crate) fn of_a_bind_at_active_directory(&self) -> Result<Verdict, Failure> {
        if self.code != 49 {
            return Err(self.by_code());
        }
        match self.data() {
            // ERROR_LOGON_FAILURE; ERROR_NO_SUCH_USER is not told to those who do not know.
            Some(0x52e | 0x525) | None => Ok(Verdict::Wrong),
            Some(0x533) => Ok(Verdict::Disabled),
            Some(0x773) => Ok(Verdict::RightButMustChange),
            Some(0x532) => Ok(Verdict::RightButExpired),
            Some(0x701) => Ok(Verdict::AccountExpired),
            Some(0x775) => Ok(Verdict::Locked),
            // Hours, and workstations.
            Some(0x530 | 0x531) => Ok(Verdict::NotNow),
            Some(_) => Err(self.unexpected()),
        }
    }

    /// A refused bind of a user at an LDAP server.
    pub(crate) fn of_a_bind_at_ldap(&self) -> Result<Verdict, Failure> {
        match (self.code, self.ppolicy.and_then(|control| control.error)) {
            // The second is 389-ds, when there were too many wrong ones.
            (49, Some(PpolicyError::AccountLocked)) | (19, _) => Ok(Verdict::Locked),
            (49, Some(PpolicyError::Expired)) => Ok(Verdict::RightButExpired),
            (49, _) => Ok(Verdict::Wrong),
            // 389-ds, when `nsAccountLock` is set.
            (53, _) if self.text.contains("inactivated") => Ok(Verdict::Disabled),
            _ => Err(self.by_code()),
        }
    }
}

/// What a bind that succeeded at an LDAP server means.
pub(crate) fn bound_at_ldap(result: &LdapResult) -> Verdict {
    let control = Refusal::new(result, &[]).ppolicy;
    match control {
        Some(Ppolicy {
            error: Some(PpolicyError::ChangeAfterReset),
            ..
        }) => Verdict::RightButMustChange,
        // A grace sign-in: the password is too old, and this was one of the last times.
        Some(
            Ppolicy { grace: true, .. }
            | Ppolicy {
                error: Some(PpolicyError::Expired),
                ..
            },
        ) => Verdict::RightButExpired,
        _ => Verdict::Right,
    }
}

/// The response control of ppolicy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ppolicy {
    pub(crate) error: Option<PpolicyError>,
    /// There was a warning that only so many sign-ins are left.
    pub(crate) grace: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PpolicyError {
    Expired,
    AccountLocked,
    ChangeAfterReset,
    ModificationNotAllowed,
    MustSupplyOld,
    InsufficientQuality,
    TooShort,
    TooYoung,
    InHistory,
    Other,
}

impl Ppolicy {
    /// Reads `SEQUENCE { warning [0] CHOICE { [0] seconds, [1] grace } OPTIONAL, error [1] ENUMERATED
    /// OPTIONAL }`. What cannot be read says nothing.
    pub(crate) fn parse(value: &[u8]) -> Self {
        let mut found = Self::default();
        let Some(mut parts) = Reader(value).inside(ber::SEQUENCE) else {
            return found;
        };
        if let Some(mut warning) = parts.inside(0xa0) {
            found.grace = warning.take(0x81).is_some();
        }
        found.error = parts.number(0x81).map(|error| match error {
            0 => PpolicyError::Expired,
            1 => PpolicyError::AccountLocked,
            2 => PpolicyError::ChangeAfterReset,
            3 => PpolicyError::ModificationNotAllowed,
            4 => PpolicyError::MustSupplyOld,
            5 => PpolicyError::InsufficientQuality,
            6 => PpolicyError::TooShort,
            7 => PpolicyError::TooYoung,
            8 => PpolicyError::InHistory,
            _ => PpolicyError::Other,
        });
        found
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
