use std::time::Duration;

use latchkey_types::Password;

use super::Directory;
use super::account::{Account, Found};
use crate::connection::{Connection, Unanswered};
use crate::entry::Entry;
use crate::settings::Kind;
use crate::state::{Policy, PolicySource, State};
use crate::{Anchor, Breach, Failure};

/// Reads the account and the policy that applies to it.
pub(super) async fn state(directory: &Directory, user: Anchor) -> Result<State, Failure> {
    let Found { mut lease, account } = directory.locate(user).await?;
    let (policy, may_not_change) = match read(directory, &mut lease, &account).await {
        Ok(policy) => policy,
        Err(Unanswered::Failed(failure)) => {
            lease.keep();
            return Err(failure);
        }
        Err(broken) => return Err(broken.into()),
    };
    lease.keep();
    Ok(State {
        locked: account.locked(policy.lockout_duration),
        disabled: account.disabled(),
        password_expired: account.password_expired(policy.max_age),
        account_expired: account.expired(),
        must_change: account.must_change(),
        may_not_change,
        protected: account.protected,
        password_set_at: account.password_set_at(),
        policy,
        dn: account.dn,
    })
}

/// The policy that applies to an account, and whether it forbids the person to change the password.
pub(super) async fn read(
    directory: &Directory,
    connection: &mut Connection,
    account: &Account,
) -> Result<(Policy, bool), Unanswered> {
    let settings = &directory.pool.settings;
    let mut may_not_change = false;
    let mut policy = match account.kind {
        Kind::ActiveDirectory => {
            if let Some(dn) = account.entry.text("msDS-ResultantPSO") {
                fine_grained(connection.read(dn, FINE_GRAINED).await?.as_ref())
            } else {
                let head = connection.root.domain.clone();
                let head = head.as_deref().unwrap_or(&settings.base);
                domain(connection.read(head, DOMAIN).await?.as_ref())
            }
        }
        Kind::Ldap => {
            let named = account.entry.text("pwdPolicySubentry");
            match named.or(settings.default_policy.as_deref()) {
                Some(dn) => {
                    let entry = connection.read(dn, ENTRY).await?;
                    may_not_change = entry
                        .as_ref()
                        .and_then(|entry| entry.text("pwdAllowUserChange"))
                        .is_some_and(|allowed| allowed.eq_ignore_ascii_case("FALSE"));
                    ppolicy(entry.as_ref())
                }
                None => Policy::without_rules(PolicySource::Unreadable),
            }
        }
    };
    if account.password_never_expires() {
        policy.max_age = None;
    }
    policy.may_change_from = policy
        .min_age
        .and_then(|age| Some(account.password_set_at()?.plus(age)))
        .filter(|from| *from > account.now && !account.must_change());
    Ok((policy, may_not_change))
}

const DOMAIN: &[&str] = &[
    "minPwdLength",
    "pwdProperties",
    "pwdHistoryLength",
    "maxPwdAge",
    "minPwdAge",
    "lockoutThreshold",
    "lockoutDuration",
    "lockOutObservationWindow",
];

const FINE_GRAINED: &[&str] = &[
    "msDS-MinimumPasswordLength",
    "msDS-PasswordComplexityEnabled",
    "msDS-PasswordHistoryLength",
    "msDS-MaximumPasswordAge",
    "msDS-MinimumPasswordAge",
    "msDS-LockoutThreshold",
    "msDS-LockoutDuration",
    "msDS-LockoutObservationWindow",
];

const ENTRY: &[&str] = &[
    "pwdAttribute",
    "pwdMinLength",
    "pwdCheckQuality",
    "pwdInHistory",
    "pwdMaxAge",
    "pwdMinAge",
    "pwdLockout",
    "pwdMaxFailure",
    "pwdLockoutDuration",
    "pwdFailureCountInterval",
    "pwdAllowUserChange",
];

/// A positive count; none if there is none.
fn count(entry: &Entry, name: &str) -> Option<u32> {
    u32::try_from(entry.number(name)?).ok().filter(|n| *n > 0)
}

/// A time that Active Directory writes as a negative number of 100 ns; none for zero and "never".
fn ago(entry: &Entry, name: &str) -> Option<Duration> {
    let value = entry.number(name)?;
    if value >= 0 || value == i64::MIN {
        return None;
    }
    Some(Duration::from_micros(value.unsigned_abs() / 10))
}

/// A time in whole seconds; none for zero.
fn seconds(entry: &Entry, name: &str) -> Option<Duration> {
    count(entry, name).map(|n| Duration::from_secs(n.into()))
}

fn domain(entry: Option<&Entry>) -> Policy {
    /// `DOMAIN_PASSWORD_COMPLEX` ([MS-SAMR] 2.2.1.9).
    const COMPLEX: i64 = 1;
    let Some(entry) = entry.filter(|entry| entry.has("minPwdLength")) else {
        return Policy::without_rules(PolicySource::Unreadable);
    };
    Policy {
        source: PolicySource::Domain,
        min_length: count(entry, "minPwdLength"),
        complexity: entry
            .number("pwdProperties")
            .is_some_and(|flags| flags & COMPLEX != 0),
        history: count(entry, "pwdHistoryLength"),
        max_age: ago(entry, "maxPwdAge"),
        min_age: ago(entry, "minPwdAge"),
        may_change_from: None,
        lockout_threshold: count(entry, "lockoutThreshold"),
        lockout_duration: ago(entry, "lockoutDuration"),
        lockout_window: ago(entry, "lockOutObservationWindow"),
    }
}

fn fine_grained(entry: Option<&Entry>) -> Policy {
    let Some(entry) = entry.filter(|entry| entry.has("msDS-MinimumPasswordLength")) else {
        return Policy::without_rules(PolicySource::Unreadable);
    };
    Policy {
        source: PolicySource::FineGrained,
        min_length: count(entry, "msDS-MinimumPasswordLength"),
        complexity: entry.is_true("msDS-PasswordComplexityEnabled"),
        history: count(entry, "msDS-PasswordHistoryLength"),
        max_age: ago(entry, "msDS-MaximumPasswordAge"),
        min_age: ago(entry, "msDS-MinimumPasswordAge"),
        may_change_from: None,
        lockout_threshold: count(entry, "msDS-LockoutThreshold"),
        lockout_duration: ago(entry, "msDS-LockoutDuration"),
        lockout_window: ago(entry, "msDS-LockoutObservationWindow"),
    }
}

fn ppolicy(entry: Option<&Entry>) -> Policy {
    let Some(entry) = entry.filter(|entry| entry.has("pwdAttribute")) else {
        return Policy::without_rules(PolicySource::Unreadable);
    };
    let locks = entry.is_true("pwdLockout");
    Policy {
        source: PolicySource::Entry,
        min_length: count(entry, "pwdMinLength"),
        complexity: count(entry, "pwdCheckQuality").is_some(),
        history: count(entry, "pwdInHistory"),
        max_age: seconds(entry, "pwdMaxAge"),
        min_age: seconds(entry, "pwdMinAge"),
        may_change_from: None,
        lockout_threshold: count(entry, "pwdMaxFailure").filter(|_| locks),
        lockout_duration: seconds(entry, "pwdLockoutDuration").filter(|_| locks),
        lockout_window: seconds(entry, "pwdFailureCountInterval").filter(|_| locks),
    }
}

/// Says more about a refused password than the server did, where the policy leaves no doubt.
/// `age_counts`: the request was one to which the minimum age applies.
pub(super) async fn explain(
    directory: &Directory,
    connection: &mut Connection,
    account: &Account,
    failure: Failure,
    new: &Password,
    age_counts: bool,
) -> Failure {
    let Failure::Policy(breach @ (Breach::Unspecified | Breach::TooShort { .. }), text) = failure
    else {
        return failure;
    };
    let Ok((policy, _)) = read(directory, connection, account).await else {
        return Failure::Policy(breach, text);
    };
    let better = match breach {
        Breach::TooShort { .. } => Breach::TooShort {
            min: policy.min_length,
        },
        _ => broken_rule(&policy, account, new.expose(), age_counts).unwrap_or(breach),
    };
    Failure::Policy(better, text)
}

fn broken_rule(policy: &Policy, account: &Account, new: &str, age_counts: bool) -> Option<Breach> {
    // Windows counts UTF-16 units.
    let length = new.encode_utf16().count();
    if let Some(min) = policy.min_length
        && length < min as usize
    {
        return Some(Breach::TooShort { min: Some(min) });
    }
    if age_counts && policy.may_change_from.is_some() {
        return Some(Breach::TooYoung);
    }
    let complex = || {
        let name = account.entry.text("sAMAccountName").unwrap_or("");
        let shown = account.entry.text("displayName").unwrap_or("");
        is_complex(new, name, shown)
    };
    if account.kind == Kind::ActiveDirectory && policy.complexity && !complex() {
        return Some(Breach::NotComplex);
    }
    None
}

/// The rule *Password must meet complexity requirements* of Windows.
fn is_complex(password: &str, account_name: &str, display_name: &str) -> bool {
    let has = |kind: fn(char) -> bool| usize::from(password.chars().any(kind));
    let kinds = has(char::is_uppercase)
        + has(char::is_lowercase)
        + has(|c| c.is_ascii_digit())
        + has(|c| !c.is_alphanumeric())
        + has(|c| c.is_alphabetic() && !c.is_uppercase() && !c.is_lowercase());
    if kinds < 3 {
        return false;
    }
    let folded = password.to_lowercase();
    let contains = |part: &str| part.chars().count() >= 3 && folded.contains(&part.to_lowercase());
    !contains(account_name)
        && !display_name
            .split([',', '.', '-', '_', ' ', '#', '\t'])
            .any(contains)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complexity_is_that_of_windows() {
        let complex = |password| is_complex(password, "asmith", "Anna Smith-Jones");
        for right in ["Abcdefg1", "abc-1defg", "Ünter-weg", "日本語aA1"] {
            assert!(complex(right), "{right}");
        }
        for wrong in [
            "abcdefgh1",
            "ABCDEFGH",
            "x1-ASMITH-X",
            "Jones-2026!",
            "xAnnax1!",
        ] {
            assert!(!complex(wrong), "{wrong}");
        }
        assert!(is_complex("x1-al-X", "al", ""));
    }

    #[test]
    fn never_is_no_time() {
        let entry = Entry::made(&[
            ("minPwdLength", &[b"0"]),
            ("maxPwdAge", &[b"-9223372036854775808"]),
            ("minPwdAge", &[b"-20000000"]),
            ("lockoutDuration", &[b"0"]),
            ("pwdProperties", &[b"17"]),
        ]);
        let policy = domain(Some(&entry));
        assert_eq!(policy.source, PolicySource::Domain);
        assert_eq!(policy.min_length, None);
        assert_eq!(policy.max_age, None);
        assert_eq!(policy.min_age, Some(Duration::from_secs(2)));
        assert_eq!(policy.lockout_duration, None);
        assert!(policy.complexity);
        assert_eq!(domain(None).source, PolicySource::Unreadable);
    }
}
