use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

fn second() -> Duration {
    Duration::from_secs(1)
}

/// A session that began at `NOW` and was used then.
fn session() -> SessionFacts {
    SessionFacts {
        created_at: NOW,
        used_at: NOW,
        expires_at: NOW.plus(Duration::from_hours(24)),
        ended_at: None,
        proven_at: NOW,
        proven_twice_at: None,
    }
}

const ACCOUNT: AccountFacts = AccountFacts {
    is_enabled: true,
    sessions_valid_from: NOW,
};

fn limits(is_administrator: bool) -> SessionLimits {
    session_limits(&SignInSettings::default(), is_administrator)
}

#[test]
fn limits_are_an_hour_and_twelve_and_for_administrators_a_quarter_and_eight() {
    let people = limits(false);
    assert_eq!(
        (people.idle.as_secs(), people.absolute.as_secs()),
        (3_600, 43_200)
    );
    let administrators = limits(true);
    assert_eq!(
        (
            administrators.idle.as_secs(),
            administrators.absolute.as_secs()
        ),
        (900, 28_800)
    );
}

#[test]
fn a_session_that_is_not_used_lives_to_the_last_second_of_its_idle_time() {
    for is_administrator in [false, true] {
        let limits = limits(is_administrator);
        let end = NOW.plus(limits.idle);
        assert!(is_live(&session(), &ACCOUNT, limits, end.minus(second())));
        assert!(!is_live(&session(), &ACCOUNT, limits, end));
    }
}

#[test]
fn a_session_in_use_lives_to_the_last_second_of_its_time() {
    for is_administrator in [false, true] {
        let limits = limits(is_administrator);
        let end = NOW.plus(limits.absolute);
        let used = |at: Timestamp| SessionFacts {
            used_at: at,
            ..session()
        };
        let last = end.minus(second());
        assert!(is_live(&used(last), &ACCOUNT, limits, last));
        assert!(!is_live(&used(end), &ACCOUNT, limits, end));
    }
}

#[test]
fn a_session_lives_no_longer_than_it_was_given() {
    let given = SessionFacts {
        expires_at: NOW.plus(Duration::from_mins(20)),
        ..session()
    };
    let end = given.expires_at;
    assert!(is_live(
        &given,
        &ACCOUNT,
        limits(false),
        end.minus(second())
    ));
    assert!(!is_live(&given, &ACCOUNT, limits(false), end));
}

#[test]
fn a_session_ends_with_a_disabled_account_a_new_password_or_a_word() {
    let live = |session: &SessionFacts, account: &AccountFacts| {
        is_live(session, account, limits(false), NOW)
    };
    assert!(live(&session(), &ACCOUNT));
    let disabled = AccountFacts {
        is_enabled: false,
        ..ACCOUNT
    };
    assert!(!live(&session(), &disabled));
    let reset_since = AccountFacts {
        sessions_valid_from: Timestamp(NOW.0 + 1),
        ..ACCOUNT
    };
    assert!(!live(&session(), &reset_since));
    let ended = SessionFacts {
        ended_at: Some(NOW),
        ..session()
    };
    assert!(!live(&ended, &ACCOUNT));
}

#[test]
fn a_proof_is_fresh_for_less_than_ten_minutes() {
    let end = NOW.plus(Duration::from_mins(10));
    assert!(is_fresh(NOW, NOW));
    assert!(is_fresh(NOW, end.minus(second())));
    assert!(!is_fresh(NOW, end));
}
