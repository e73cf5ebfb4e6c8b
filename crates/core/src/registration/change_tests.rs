use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

fn ago(seconds: u64) -> Timestamp {
    NOW.minus(Duration::from_secs(seconds))
}

fn once(at: Timestamp) -> Proven {
    Proven { at, twice_at: None }
}

fn twice(at: Timestamp) -> Proven {
    Proven {
        at,
        twice_at: Some(at),
    }
}

#[test]
fn a_sign_in_is_enough_for_less_than_ten_minutes() {
    for proven in [once, twice] {
        assert_eq!(may_change(proven(ago(599)), None, 24, NOW), Ok(()));
        let late = may_change(proven(ago(600)), None, 24, NOW);
        assert_eq!(late, Err(Needs::Fresh));
    }
}

#[test]
fn after_a_reset_two_factors_are_needed_for_as_many_hours_as_the_tenant_says() {
    for hours in [1_u16, 24, 168] {
        let hold = u64::from(hours) * 3_600;
        let change = |proven, reset_ago: u64| may_change(proven, Some(ago(reset_ago)), hours, NOW);
        let held_until = ago(hold - 1).plus(Duration::from_secs(hold));
        let refused = Err(Needs::FreshTwice { held_until });
        assert_eq!(change(once(NOW), hold - 1), refused, "{hours}");
        assert_eq!(change(twice(NOW), hold - 1), Ok(()), "{hours}");
        assert_eq!(change(twice(ago(599)), hold - 1), Ok(()), "{hours}");
        assert_eq!(change(twice(ago(600)), hold - 1), refused, "{hours}");
        assert_eq!(change(once(NOW), hold), Ok(()), "{hours}");
        assert_eq!(change(once(ago(600)), hold), Err(Needs::Fresh), "{hours}");
    }
}

#[test]
fn with_0_hours_nothing_is_held() {
    assert_eq!(may_change(once(NOW), Some(NOW), 0, NOW), Ok(()));
}

#[test]
fn what_was_proven_before_the_reset_does_not_count() {
    let held_until = ago(100).plus(Duration::from_hours(24));
    let change = |proven| may_change(proven, Some(ago(100)), 24, NOW);
    assert_eq!(
        change(twice(ago(101))),
        Err(Needs::FreshTwice { held_until })
    );
    assert_eq!(change(twice(ago(100))), Ok(()));
    // Two factors then and one now are one since the reset.
    let mixed = Proven {
        at: NOW,
        twice_at: Some(ago(101)),
    };
    assert_eq!(change(mixed), Err(Needs::FreshTwice { held_until }));
}
