use std::time::Duration;

use latchkey_types::PhoneNumber;
use uuid::Uuid;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_000);

fn claimant(subject: Subject) -> Claimant {
    Claimant {
        session: SessionId(Uuid::from_u128(1)),
        user: UserId(Uuid::from_u128(2)),
        subject,
        stamp: Stamp {
            settings: 1,
            user: 1,
        },
    }
}

fn asked(gate: Gate) -> AskedCode {
    AskedCode {
        session: SessionId(Uuid::from_u128(1)),
        gate,
        tag: Secret::new([7; 32]),
        expires_at: NOW.plus(CODE_VALID),
        is_spent: false,
    }
}

#[test]
fn a_right_code_opens_its_gate_to_the_last_microsecond_of_ten_minutes() {
    let right = Secret::new([7; 32]);
    let known = claimant(Subject::Known);
    let last = Timestamp(NOW.plus(Duration::from_secs(600)).0 - 1);
    let proof = one_time_code(known, &asked(Gate::Email), &right, last).unwrap();
    assert_eq!(proof.gate(), Gate::Email);
    let over = NOW.plus(Duration::from_secs(600));
    assert_eq!(
        one_time_code(known, &asked(Gate::Email), &right, over),
        Err(Shut::Expired)
    );
}

#[test]
fn wrong_used_and_foreign_codes_stay_shut() {
    let known = claimant(Subject::Known);
    let right = Secret::new([7; 32]);
    let wrong = Secret::new([8; 32]);
    assert_eq!(
        one_time_code(known, &asked(Gate::Sms), &wrong, NOW),
        Err(Shut::Wrong)
    );
    let mut used = asked(Gate::Sms);
    used.is_spent = true;
    assert_eq!(one_time_code(known, &used, &right, NOW), Err(Shut::Used));
    let mut foreign = asked(Gate::Sms);
    foreign.session = SessionId(Uuid::from_u128(9));
    assert_eq!(
        one_time_code(known, &foreign, &right, NOW),
        Err(Shut::Wrong)
    );
    assert_eq!(
        one_time_code(known, &asked(Gate::Passkey), &right, NOW),
        Err(Shut::Wrong)
    );
}

#[test]
fn no_gate_opens_for_a_decoy() {
    let decoy = claimant(Subject::Decoy);
    let right = Secret::new([7; 32]);
    assert_eq!(
        one_time_code(decoy, &asked(Gate::Email), &right, NOW),
        Err(Shut::Wrong)
    );
    assert_eq!(authenticator_code(decoy, Some(1)), Err(Shut::Wrong));
    assert_eq!(questions(decoy, 3, &[true; 3]), Err(Shut::Wrong));
    assert_eq!(passkey(decoy, true), Err(Shut::Wrong));
    assert_eq!(recovery_code(decoy, true), Err(Shut::Wrong));
    let number = PhoneNumber::parse("+31612345678").unwrap();
    let typed = TypedPhone::parse("+31612345678", None).unwrap();
    assert!(!number_matches(decoy, &number, &typed));
    assert!(number_matches(claimant(Subject::Known), &number, &typed));
}

#[test]
fn all_questions_must_be_right_in_one_go() {
    let known = claimant(Subject::Known);
    assert!(questions(known, 3, &[true, true, true]).is_ok());
    assert_eq!(questions(known, 3, &[true, false, true]), Err(Shut::Wrong));
    assert_eq!(questions(known, 3, &[true, true]), Err(Shut::Wrong));
    assert_eq!(questions(known, 4, &[true, true, true]), Err(Shut::Wrong));
    assert_eq!(questions(known, 0, &[]), Err(Shut::Wrong));
}

#[test]
fn an_authenticator_code_needs_a_fresh_step() {
    let known = claimant(Subject::Known);
    assert!(authenticator_code(known, Some(5)).is_ok());
    assert_eq!(authenticator_code(known, None), Err(Shut::Wrong));
}

#[test]
fn a_passkey_has_to_verify_and_a_recovery_code_to_be_used_up() {
    let known = claimant(Subject::Known);
    assert_eq!(passkey(known, true).unwrap().gate(), Gate::Passkey);
    assert_eq!(passkey(known, false), Err(Shut::Wrong));
    let proof = recovery_code(known, true).unwrap();
    assert_eq!(proof.gate(), Gate::RecoveryCode);
    assert_eq!(recovery_code(known, false), Err(Shut::Wrong));
}
