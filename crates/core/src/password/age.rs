use std::time::Duration;

use latchkey_types::Timestamp;

use super::policy::PasswordPolicy;

const DAY: Duration = Duration::from_hours(24);

/// When a password set at `changed` expires. None: never, by policy or because the user has the
/// flag *password never expires*.
pub fn expires_at(
    policy: &PasswordPolicy,
    changed: Timestamp,
    never_expires: bool,
) -> Option<Timestamp> {
    let days = policy.expires_after_days.filter(|_| !never_expires)?;
    Some(changed.plus(DAY * u32::from(days)))
}

/// The moments at which mail tells of an expiry: the first day of the notice, and 7, 3 and 1 days
/// before, earliest first. None, if the policy gives no notice.
pub fn notice_dates(policy: &PasswordPolicy, expires: Timestamp) -> Vec<Timestamp> {
    let mut days: Vec<u8> = [policy.notice_days, 7, 3, 1]
        .into_iter()
        .filter(|days| (1..=policy.notice_days).contains(days))
        .collect();
    days.dedup();
    days.into_iter()
        .map(|days| expires.minus(DAY * u32::from(days)))
        .collect()
}

/// The moment from which a password set at `changed` can be changed again by its user, if the
/// policy makes them wait. It holds for changes, never for resets: whoever forgot a new password
/// cannot wait.
pub fn may_change_from(policy: &PasswordPolicy, changed: Timestamp) -> Option<Timestamp> {
    (policy.min_age_days > 0).then(|| changed.plus(DAY * u32::from(policy.min_age_days)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGED: Timestamp = Timestamp::from_seconds(1_000_000);

    fn day(number: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + number * 86_400)
    }

    #[test]
    fn a_password_expires_after_the_days_of_the_policy_unless_the_user_is_exempt() {
        let never = PasswordPolicy::default();
        let ninety = PasswordPolicy {
            expires_after_days: Some(90),
            ..never.clone()
        };
        assert_eq!(expires_at(&never, CHANGED, false), None);
        assert_eq!(expires_at(&ninety, CHANGED, true), None);
        assert_eq!(expires_at(&ninety, CHANGED, false), Some(day(90)));
    }

    #[test]
    fn notice_is_given_on_its_first_day_and_at_7_3_and_1_days() {
        let dates = |notice_days| {
            let policy = PasswordPolicy {
                notice_days,
                ..PasswordPolicy::default()
            };
            notice_dates(&policy, day(0))
        };
        assert_eq!(dates(14), [day(-14), day(-7), day(-3), day(-1)]);
        assert_eq!(dates(7), [day(-7), day(-3), day(-1)]);
        assert_eq!(dates(5), [day(-5), day(-3), day(-1)]);
        assert_eq!(dates(1), [day(-1)]);
        assert_eq!(dates(0), []);
    }

    #[test]
    fn a_minimum_age_is_a_moment_from_which_changing_is_possible() {
        let policy = PasswordPolicy {
            min_age_days: 7,
            ..PasswordPolicy::default()
        };
        assert_eq!(may_change_from(&policy, CHANGED), Some(day(7)));
        assert_eq!(may_change_from(&PasswordPolicy::default(), CHANGED), None);
    }
}
