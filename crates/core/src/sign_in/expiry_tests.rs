use super::*;
use crate::model::sample_user;

const SET: Timestamp = Timestamp::from_seconds(1_000_000);

fn user() -> User {
    User {
        password_set_at: Some(SET),
        ..sample_user()
    }
}

fn policy(days: u16, notice_days: u8) -> PasswordPolicy {
    PasswordPolicy {
        expires_after_days: Some(days),
        notice_days,
        ..PasswordPolicy::default()
    }
}

fn day(number: i64) -> Timestamp {
    Timestamp::from_seconds(1_000_000 + number * 86_400)
}

fn before(moment: Timestamp) -> Timestamp {
    moment.minus(Duration::from_secs(1))
}

#[test]
fn a_password_has_to_be_changed_from_the_moment_it_expires() {
    for days in [1_u16, 730] {
        let policy = policy(days, 14);
        let end = day(i64::from(days));
        assert_eq!(why_must_change(&user(), &policy, before(end)), None);
        assert_eq!(
            why_must_change(&user(), &policy, end),
            Some(MustChange::Expired)
        );
    }
    let never = PasswordPolicy::default();
    assert_eq!(why_must_change(&user(), &never, day(10_000)), None);
}

#[test]
fn only_a_password_that_lives_here_expires() {
    let policy = policy(1, 0);
    let late = day(10);
    let exempt = User {
        password_never_expires: true,
        ..user()
    };
    let none = User {
        password_set_at: None,
        ..user()
    };
    let elsewhere = [
        Managed::PassThrough,
        Managed::PasswordHashSync,
        Managed::Federated,
    ]
    .map(|managed| User { managed, ..user() });
    for user in [exempt, none].iter().chain(&elsewhere) {
        assert_eq!(why_must_change(user, &policy, late), None, "{user:?}");
        assert_eq!(password_expires_at(user, &policy), None, "{user:?}");
    }
    assert_eq!(password_expires_at(&user(), &policy), Some(day(1)));
}

#[test]
fn what_an_administrator_asked_for_goes_first_but_not_for_a_password_kept_elsewhere() {
    let asked = User {
        must_change_password: true,
        ..user()
    };
    let expired = why_must_change(&asked, &policy(1, 0), day(10));
    assert_eq!(expired, Some(MustChange::ByAdministrator));
    let never = PasswordPolicy::default();
    assert_eq!(
        why_must_change(&asked, &never, SET),
        Some(MustChange::ByAdministrator)
    );
    let federated = User {
        managed: Managed::Federated,
        ..asked
    };
    assert_eq!(why_must_change(&federated, &never, SET), None);
}

#[test]
fn notice_is_given_on_its_first_day_and_at_7_3_and_1_days() {
    for (notice, expected) in [
        (30, &[30, 7, 3, 1][..]),
        (14, &[14, 7, 3, 1]),
        (8, &[8, 7, 3, 1]),
        (7, &[7, 3, 1]),
        (5, &[5, 3, 1]),
        (2, &[2, 1]),
        (1, &[1]),
        (0, &[]),
    ] {
        assert_eq!(notice_days(&policy(90, notice)), expected, "{notice}");
    }
    assert!(notice_days(&PasswordPolicy::default()).is_empty());
}

#[test]
fn the_days_are_those_of_the_dates() {
    for notice in 0..=30 {
        let policy = policy(90, notice);
        let dates: Vec<Timestamp> = notice_days(&policy)
            .into_iter()
            .map(|days| day(90 - i64::from(days)))
            .collect();
        assert_eq!(dates, crate::password::notice_dates(&policy, day(90)));
    }
}

#[test]
fn each_notice_is_due_once_from_its_day_and_none_after_the_expiry() {
    let policy = policy(90, 14);
    let due = |told: Option<i64>, now: Timestamp| notice_due(&policy, day(90), told, now);
    assert_eq!(due(None, before(day(76))), None);
    assert_eq!(due(None, day(76)), Some(14));
    assert_eq!(due(Some(14), before(day(83))), None);
    assert_eq!(due(Some(14), day(83)), Some(7));
    assert_eq!(due(Some(7), day(83)), None);
    assert_eq!(due(Some(7), before(day(87))), None);
    assert_eq!(due(Some(7), day(87)), Some(3));
    assert_eq!(due(Some(3), day(89)), Some(1));
    assert_eq!(due(Some(1), before(day(90))), None);
    // After some days without service, one notice and not three.
    assert_eq!(due(None, day(88)), Some(3));
    assert_eq!(due(None, before(day(90))), Some(1));
    assert_eq!(due(None, day(90)), None);
    let silent = PasswordPolicy {
        notice_days: 0,
        ..policy.clone()
    };
    assert_eq!(notice_due(&silent, day(90), None, day(89)), None);
}

#[test]
fn passwords_set_before_a_moment_are_those_of_which_notice_is_due() {
    let policy = policy(90, 14);
    for days in [14, 7, 3, 1] {
        let now = day(90 - i64::from(days));
        assert_eq!(set_before(&policy, days, now), Some(SET));
    }
    let short = super::tests::policy(1, 14);
    assert_eq!(set_before(&short, 14, SET), Some(SET));
    assert_eq!(set_before(&PasswordPolicy::default(), 14, SET), None);
}
