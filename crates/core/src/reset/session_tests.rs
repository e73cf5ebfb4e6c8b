use proptest::prelude::*;
use uuid::Uuid;

use super::super::gates::{
    AskedCode, Claimant, Shut, authenticator_code, one_time_code, passkey, questions, recovery_code,
};
use super::super::{Reason, gates};
use super::*;

const START: Timestamp = Timestamp::from_seconds(1_000_000);
const SESSION: SessionId = SessionId(Uuid::from_u128(1));
const USER: UserId = UserId(Uuid::from_u128(2));
const STAMP: Stamp = Stamp {
    settings: 1,
    user: 1,
};

fn eligible(required: u8) -> Result<Eligible, Ineligible> {
    Ok(Eligible {
        required,
        gates: vec![
            Gate::Passkey,
            Gate::AuthenticatorCode,
            Gate::Email,
            Gate::Sms,
            Gate::MobileCall,
            Gate::Questions,
            Gate::RecoveryCode,
        ],
        questions_first: false,
    })
}

fn context<'a>(
    eligibility: &'a Result<Eligible, Ineligible>,
    blocked: &'a BTreeSet<Gate>,
) -> Context<'a> {
    Context {
        now: START,
        session: SESSION,
        user: USER,
        stamp: STAMP,
        eligibility,
        blocked,
        home: Home::Here,
    }
}

fn proof(gate: Gate, subject: Subject, stamp: Stamp) -> Option<GateProof> {
    let claimant = Claimant {
        session: SESSION,
        user: USER,
        subject,
        stamp,
    };
    match gate {
        Gate::AuthenticatorCode => authenticator_code(claimant, Some(1)).ok(),
        Gate::Questions => questions(claimant, 3, &[true; 3]).ok(),
        Gate::Passkey => passkey(claimant, true).ok(),
        Gate::RecoveryCode => recovery_code(claimant, true).ok(),
        _ => {
            let tag = latchkey_types::Secret::new([1; 32]);
            let asked = AskedCode {
                session: SESSION,
                gate,
                tag: tag.clone(),
                expires_at: START.plus(gates::CODE_VALID),
                is_spent: false,
            };
            one_time_code(claimant, &asked, &tag, START).ok()
        }
    }
}

/// Chooses a gate and passes it.
fn pass(session: &Session, gate: Gate, context: &Context<'_>) -> Session {
    let mut session = session
        .apply(Event::Choose(gate, vec!["q".into()]), context)
        .unwrap()
        .next;
    if gate.asks_for_the_number() {
        session = session.apply(Event::NumberRight, context).unwrap().next;
    }
    let proof = proof(gate, Subject::Known, context.stamp).unwrap();
    session.apply(Event::Proved(proof), context).unwrap().next
}

#[test]
fn two_gates_of_different_kinds_lead_to_one_new_password() {
    let eligibility = eligible(2);
    let blocked = BTreeSet::new();
    let context = context(&eligibility, &blocked);
    let session = Session::begin(Subject::Known, STAMP);
    let session = pass(&session, Gate::Email, &context);
    assert_eq!(session.stage(), &Stage::Choosing);
    assert_eq!(
        session.apply(Event::PasswordAccepted, &context),
        Err(Refusal::OutOfOrder)
    );
    let session = pass(&session, Gate::Sms, &context);
    assert_eq!(session.stage(), &Stage::NewPassword { shown: false });
    let step = session.apply(Event::PasswordAccepted, &context).unwrap();
    let [
        Effect::SetPassword(right),
        Effect::End(Detail::SucceededReset),
    ] = &step.effects[..]
    else {
        panic!("{:?}", step.effects);
    };
    assert_eq!((right.user(), right.session()), (USER, SESSION));
    assert_eq!(right.gates(), [Gate::Email, Gate::Sms]);
    assert_eq!(step.next.passed(), []);
    assert_eq!(
        step.next.apply(Event::PasswordAccepted, &context),
        Err(Refusal::Ended)
    );
}

#[test]
fn a_passkey_and_a_recovery_code_are_two() {
    let eligibility = eligible(2);
    let blocked = BTreeSet::new();
    let context = context(&eligibility, &blocked);
    let session = Session::begin(Subject::Known, STAMP);
    let step = session
        .apply(Event::Choose(Gate::Passkey, Vec::new()), &context)
        .unwrap();
    assert_eq!(step.next.stage(), &Stage::Passkey);
    assert_eq!(step.effects, [Effect::Challenge]);
    let session = pass(&session, Gate::Passkey, &context);
    let step = session
        .apply(Event::Choose(Gate::RecoveryCode, Vec::new()), &context)
        .unwrap();
    assert_eq!(step.next.stage(), &Stage::RecoveryCode);
    assert_eq!(step.effects, []);
    let session = pass(&session, Gate::RecoveryCode, &context);
    assert_eq!(session.stage(), &Stage::NewPassword { shown: false });
    assert_eq!(session.passed(), [Gate::Passkey, Gate::RecoveryCode]);
}

#[test]
fn a_challenge_is_made_again_at_once_and_there_only() {
    let eligibility = eligible(1);
    let blocked = BTreeSet::new();
    let context = context(&eligibility, &blocked);
    let begin = Session::begin(Subject::Known, STAMP);
    let at = |gate| {
        begin
            .apply(Event::Choose(gate, Vec::new()), &context)
            .unwrap()
            .next
    };
    let step = at(Gate::Passkey).apply(Event::Again, &context).unwrap();
    assert_eq!(step.next.stage(), &Stage::Passkey);
    assert_eq!(step.effects, [Effect::Challenge]);
    for gate in [Gate::RecoveryCode, Gate::AuthenticatorCode] {
        let again = at(gate).apply(Event::Again, &context);
        assert_eq!(again, Err(Refusal::OutOfOrder));
    }
}

#[test]
fn a_text_and_a_call_to_one_telephone_do_not_make_two() {
    let eligibility = eligible(2);
    let blocked = BTreeSet::new();
    let context = context(&eligibility, &blocked);
    let session = pass(&Session::begin(Subject::Known, STAMP), Gate::Sms, &context);
    let refused = session.apply(Event::Choose(Gate::MobileCall, Vec::new()), &context);
    assert_eq!(refused, Err(Refusal::NotOffered));
    let refused = session.apply(Event::Choose(Gate::Sms, Vec::new()), &context);
    assert_eq!(refused, Err(Refusal::NotOffered));
}

#[test]
fn questions_come_after_another_gate() {
    let eligibility = eligible(2);
    let blocked = BTreeSet::new();
    let context = context(&eligibility, &blocked);
    let session = Session::begin(Subject::Known, STAMP);
    let choose = || Event::Choose(Gate::Questions, vec!["q".into()]);
    assert_eq!(session.apply(choose(), &context), Err(Refusal::NotOffered));
    let session = pass(&session, Gate::Email, &context);
    assert!(session.apply(choose(), &context).is_ok());
}

#[test]
fn a_blocked_gate_is_not_offered() {
    let eligibility = eligible(1);
    let blocked = BTreeSet::from([Gate::Email]);
    let context = context(&eligibility, &blocked);
    let session = Session::begin(Subject::Known, STAMP);
    assert_eq!(
        session.apply(Event::Choose(Gate::Email, Vec::new()), &context),
        Err(Refusal::NotOffered)
    );
}

#[test]
fn another_code_may_be_asked_for_after_ten_seconds() {
    let eligibility = eligible(1);
    let blocked = BTreeSet::new();
    let mut context = context(&eligibility, &blocked);
    let session = Session::begin(Subject::Known, STAMP)
        .apply(Event::Choose(Gate::Email, Vec::new()), &context)
        .unwrap()
        .next;
    context.now = Timestamp(START.plus(Duration::from_secs(10)).0 - 1);
    assert_eq!(session.apply(Event::Again, &context), Err(Refusal::TooSoon));
    context.now = START.plus(Duration::from_secs(10));
    let step = session.apply(Event::Again, &context).unwrap();
    assert_eq!(step.effects, [Effect::SendCode(Gate::Email)]);
}

#[test]
fn a_proof_of_another_session_user_or_version_is_refused() {
    let eligibility = eligible(1);
    let blocked = BTreeSet::new();
    let context = context(&eligibility, &blocked);
    let session = Session::begin(Subject::Known, STAMP)
        .apply(Event::Choose(Gate::Email, Vec::new()), &context)
        .unwrap()
        .next;
    let other_session = Context {
        session: SessionId(Uuid::from_u128(9)),
        ..context
    };
    let other_user = Context {
        user: UserId(Uuid::from_u128(9)),
        ..context
    };
    for context in [other_session, other_user] {
        let proof = proof(Gate::Email, Subject::Known, STAMP).unwrap();
        assert_eq!(
            session.apply(Event::Proved(proof), &context),
            Err(Refusal::ForeignProof)
        );
    }
    let stale = proof(
        Gate::Email,
        Subject::Known,
        Stamp {
            settings: 0,
            user: 1,
        },
    )
    .unwrap();
    assert_eq!(
        session.apply(Event::Proved(stale), &context),
        Err(Refusal::ForeignProof)
    );
    let other_gate = proof(Gate::AuthenticatorCode, Subject::Known, STAMP).unwrap();
    assert_eq!(
        session.apply(Event::Proved(other_gate), &context),
        Err(Refusal::OutOfOrder)
    );
}

#[test]
fn a_decoy_takes_no_proof_not_even_a_true_one() {
    let eligibility = eligible(1);
    let blocked = BTreeSet::new();
    let context = context(&eligibility, &blocked);
    for gate in [Gate::Email, Gate::Passkey, Gate::RecoveryCode] {
        let decoy = Session::begin(Subject::Decoy, STAMP)
            .apply(Event::Choose(gate, Vec::new()), &context)
            .unwrap()
            .next;
        let proof = proof(gate, Subject::Known, STAMP).unwrap();
        assert_eq!(
            decoy.apply(Event::Proved(proof), &context),
            Err(Refusal::ForeignProof)
        );
    }
}

#[test]
fn a_policy_raised_in_mid_flow_asks_for_the_second_gate() {
    let one = eligible(1);
    let two = eligible(2);
    let blocked = BTreeSet::new();
    let session = pass(
        &Session::begin(Subject::Known, STAMP),
        Gate::Email,
        &context(&one, &blocked),
    );
    assert_eq!(session.stage(), &Stage::NewPassword { shown: false });
    let raised = Context {
        stamp: Stamp {
            settings: 2,
            user: 1,
        },
        ..context(&two, &blocked)
    };
    assert_eq!(
        session.apply(Event::PasswordAccepted, &raised),
        Err(Refusal::OutOfOrder)
    );
    let step = session.apply(Event::Look, &raised).unwrap();
    assert_eq!(step.next.stage(), &Stage::Choosing);
    assert_eq!(step.next.passed(), [Gate::Email]);
}

#[test]
fn a_gate_taken_out_of_the_policy_counts_no_more() {
    let before = eligible(2);
    let after = Ok(Eligible {
        required: 2,
        gates: vec![Gate::AuthenticatorCode, Gate::Sms],
        questions_first: false,
    });
    let blocked = BTreeSet::new();
    let session = pass(
        &Session::begin(Subject::Known, STAMP),
        Gate::Email,
        &context(&before, &blocked),
    );
    let changed = Context {
        stamp: Stamp {
            settings: 2,
            user: 1,
        },
        ..context(&after, &blocked)
    };
    let session = session.apply(Event::Look, &changed).unwrap().next;
    assert_eq!(session.passed(), []);
}

#[test]
fn a_changed_account_ends_the_session() {
    let eligibility = eligible(1);
    let blocked = BTreeSet::new();
    let session = pass(
        &Session::begin(Subject::Known, STAMP),
        Gate::Email,
        &context(&eligibility, &blocked),
    );
    let changed = Context {
        stamp: Stamp {
            settings: 1,
            user: 2,
        },
        ..context(&eligibility, &blocked)
    };
    let step = session.apply(Event::PasswordAccepted, &changed).unwrap();
    assert_eq!(step.effects, [Effect::End(Detail::AbandonedBeforePassword)]);
}

#[test]
fn an_account_that_may_no_longer_reset_ends_the_session_with_the_reason() {
    let may = eligible(1);
    let no = Err(Ineligible {
        deciding: Reason::AccountDisabled,
        reasons: vec![Reason::AccountDisabled],
    });
    let blocked = BTreeSet::new();
    let session = pass(
        &Session::begin(Subject::Known, STAMP),
        Gate::Email,
        &context(&may, &blocked),
    );
    let step = session
        .apply(Event::PasswordAccepted, &context(&no, &blocked))
        .unwrap();
    assert_eq!(
        step.effects,
        [Effect::End(Detail::Failed(
            super::super::Failure::AccountDisabled
        ))]
    );
}

#[test]
fn destinations_are_hidden_until_a_gate_was_passed_where_two_are_asked() {
    let blocked = BTreeSet::new();
    let (one, two) = (eligible(1), eligible(2));
    let session = Session::begin(Subject::Known, STAMP);
    assert!(session.may_show_destinations(one.as_ref().unwrap()));
    assert!(!session.may_show_destinations(two.as_ref().unwrap()));
    let session = pass(&session, Gate::Email, &context(&two, &blocked));
    assert!(session.may_show_destinations(two.as_ref().unwrap()));
}

#[test]
fn each_way_out_has_its_detail() {
    let eligibility = eligible(2);
    let blocked = BTreeSet::new();
    let context = context(&eligibility, &blocked);
    let end = |session: &Session, event: Event| {
        let step = session.apply(event, &context).unwrap();
        assert!(step.next.is_over());
        match step.effects[..] {
            [Effect::End(detail)] => detail.code(),
            _ => panic!("{:?}", step.effects),
        }
    };
    let new = Session::begin(Subject::Known, STAMP);
    assert_eq!(end(&new, Event::Expire), "abandoned.user_id");
    assert_eq!(end(&new, Event::Cancel), "canceled.before_gates");
    assert_eq!(end(&new, Event::Contact), "contacted_admin.user_id");
    let started = new
        .apply(Event::Choose(Gate::Sms, Vec::new()), &context)
        .unwrap()
        .next;
    assert_eq!(end(&started, Event::Expire), "abandoned.started.sms");
    assert_eq!(end(&started, Event::Contact), "contacted_admin.sms");
    assert_eq!(
        end(&started, Event::Blocked(Block::PhoneNumber)),
        "blocked.phone_number"
    );
    assert_eq!(
        end(&started, Event::Blocked(Block::Gate(Gate::Sms))),
        "blocked.sms"
    );
    let passed = pass(&new, Gate::Sms, &context);
    assert_eq!(end(&passed, Event::Expire), "abandoned.completed.sms");
    let all = pass(&passed, Gate::Email, &context);
    assert_eq!(end(&all, Event::Expire), "abandoned.before_password");
    assert_eq!(end(&all, Event::Cancel), "canceled.before_password");
    assert_eq!(end(&all, Event::Contact), "contacted_admin.email");
    for (gate, name) in [
        (Gate::Passkey, "passkey"),
        (Gate::RecoveryCode, "recovery_code"),
    ] {
        let started = new
            .apply(Event::Choose(gate, Vec::new()), &context)
            .unwrap()
            .next;
        assert_eq!(
            end(&started, Event::Expire),
            format!("abandoned.started.{name}")
        );
        assert_eq!(
            end(&started, Event::Contact),
            format!("contacted_admin.{name}")
        );
        let passed = pass(&new, gate, &context);
        assert_eq!(
            end(&passed, Event::Expire),
            format!("abandoned.completed.{name}")
        );
    }
    let shown = all.apply(Event::Shown, &context).unwrap().next;
    assert_eq!(end(&shown, Event::Expire), "abandoned.choosing_password");
}

#[test]
fn a_session_is_stored_and_read_back() {
    let eligibility = eligible(2);
    let blocked = BTreeSet::new();
    let session = pass(
        &Session::begin(Subject::Known, STAMP),
        Gate::Email,
        &context(&eligibility, &blocked),
    );
    for gate in [Gate::Passkey, Gate::RecoveryCode] {
        let choose = Event::Choose(gate, Vec::new());
        let session = session
            .apply(choose, &context(&eligibility, &blocked))
            .unwrap()
            .next;
        let text = serde_json::to_string(&session).unwrap();
        assert_eq!(serde_json::from_str::<Session>(&text).unwrap(), session);
    }
}

/// What a stranger may send in any order, with the policy changing under it.
#[derive(Debug, Clone)]
enum Move {
    Choose(Gate),
    Number,
    Again,
    Other,
    Prove(Gate),
    Redraw,
    Shown,
    Accept,
    Cancel,
    Contact,
    Expire,
    Block(Gate),
    Look,
    Required(u8),
    Take(Gate),
    Give(Gate),
    Wait(u32),
}

fn moves() -> impl Strategy<Value = Move> {
    let gate = || prop::sample::select(Gate::ALL.to_vec());
    prop_oneof![
        6 => gate().prop_map(Move::Choose),
        3 => Just(Move::Number),
        1 => Just(Move::Again),
        1 => Just(Move::Other),
        6 => gate().prop_map(Move::Prove),
        1 => Just(Move::Redraw),
        1 => Just(Move::Shown),
        4 => Just(Move::Accept),
        1 => prop_oneof![Just(Move::Cancel), Just(Move::Contact), Just(Move::Expire)],
        1 => gate().prop_map(Move::Block),
        1 => Just(Move::Look),
        1 => (1_u8..3).prop_map(Move::Required),
        1 => gate().prop_map(Move::Take),
        1 => gate().prop_map(Move::Give),
        1 => (0_u32..20).prop_map(Move::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_events_skips_a_gate_or_completes_twice(
        sequence in prop::collection::vec(moves(), 1..60),
        decoy in any::<bool>(),
    ) {
        let subject = if decoy { Subject::Decoy } else { Subject::Known };
        let mut session = Session::begin(subject, STAMP);
        let mut stamp = STAMP;
        let mut now = START;
        let mut gates = vec![
            Gate::Email, Gate::Sms, Gate::MobileCall, Gate::AuthenticatorCode, Gate::Questions,
            Gate::Passkey, Gate::RecoveryCode,
        ];
        let mut required = 2_u8;
        let mut completions = 0;
        let mut chosen: Option<Gate> = None;
        // The gates truly passed: proved while they were open and enabled.
        let mut truly: BTreeSet<Gate> = BTreeSet::new();
        for one in sequence {
            let event = match one.clone() {
                Move::Required(n) => { required = n; stamp.settings += 1; continue }
                Move::Take(gate) => { gates.retain(|g| *g != gate); stamp.settings += 1; continue }
                Move::Give(gate) => {
                    if !gates.contains(&gate) { gates.push(gate); }
                    stamp.settings += 1;
                    continue
                }
                Move::Wait(seconds) => { now = now.plus(Duration::from_secs(u64::from(seconds))); continue }
                Move::Choose(gate) => Event::Choose(gate, vec!["q".into()]),
                Move::Number => Event::NumberRight,
                Move::Again => Event::Again,
                Move::Other => Event::Other,
                Move::Redraw => Event::Redraw(vec!["r".into()]),
                Move::Shown => Event::Shown,
                Move::Accept => Event::PasswordAccepted,
                Move::Cancel => Event::Cancel,
                Move::Contact => Event::Contact,
                Move::Expire => Event::Expire,
                Move::Block(gate) => Event::Blocked(Block::Gate(gate)),
                Move::Look => Event::Look,
                Move::Prove(gate) => match proof(gate, subject, stamp) {
                    Some(proof) => Event::Proved(proof),
                    None => { prop_assert!(decoy || !gate.sends_a_code()); continue }
                },
            };
            let eligibility = Ok(Eligible { required, gates: gates.clone(), questions_first: false });
            let blocked = BTreeSet::new();
            let context = Context { now, session: SESSION, user: USER, stamp, eligibility: &eligibility, blocked: &blocked, home: Home::Here };
            let before = session.clone();
            match session.apply(event, &context) {
                Err(_) => {}
                Ok(step) => {
                    prop_assert!(!before.is_over(), "an ended session moved");
                    let held = before.passed().iter().filter(|g| gates.contains(g)).count();
                    if let Move::Prove(gate) = one
                        && step.next.passed().len() > held
                    {
                        prop_assert_eq!(chosen, Some(gate), "a gate was passed that was not chosen");
                        truly.insert(gate);
                    }
                    for effect in &step.effects {
                        match effect {
                            Effect::SetPassword(right) => {
                                completions += 1;
                                prop_assert_eq!(subject, Subject::Known);
                                let factors: BTreeSet<Factor> = right.gates().iter().map(|g| g.factor()).collect();
                                prop_assert!(factors.len() >= usize::from(required));
                                prop_assert!(right.gates().iter().all(|g| truly.contains(g) && gates.contains(g)));
                            }
                            Effect::SendCode(gate) => prop_assert!(gates.contains(gate)),
                            Effect::Challenge => prop_assert!(gates.contains(&Gate::Passkey)),
                            Effect::Ask(_) => prop_assert!(false, "the password is here"),
                            Effect::RotateCookie | Effect::End(_) => {}
                        }
                    }
                    if step.next.active_gate() != before.active_gate() {
                        chosen = step.next.active_gate();
                    }
                    session = step.next;
                }
            }
            prop_assert!(completions <= 1);
            prop_assert!(!decoy || session.passed().is_empty(), "a decoy holds a proof");
        }
    }

    /// Somebody who proves nothing sees the same of an account and of a decoy, whatever they do.
    #[test]
    fn a_decoy_looks_like_an_account_whose_owner_is_not_there(
        sequence in prop::collection::vec(moves(), 1..60),
    ) {
        let mut account = Session::begin(Subject::Known, STAMP);
        let mut decoy = Session::begin(Subject::Decoy, STAMP);
        let mut stamp = STAMP;
        let mut now = START;
        let mut gates = Gate::ALL.to_vec();
        let mut required = 2_u8;
        for one in sequence {
            let event = || match &one {
                Move::Choose(gate) => Some(Event::Choose(*gate, vec!["q".into()])),
                Move::Number => Some(Event::NumberRight),
                Move::Again => Some(Event::Again),
                Move::Other => Some(Event::Other),
                Move::Redraw => Some(Event::Redraw(vec!["r".into()])),
                Move::Shown => Some(Event::Shown),
                Move::Accept => Some(Event::PasswordAccepted),
                Move::Cancel => Some(Event::Cancel),
                Move::Contact => Some(Event::Contact),
                Move::Expire => Some(Event::Expire),
                Move::Block(gate) => Some(Event::Blocked(Block::Gate(*gate))),
                Move::Look => Some(Event::Look),
                Move::Required(_) | Move::Take(_) | Move::Give(_) | Move::Wait(_)
                | Move::Prove(_) => None,
            };
            match &one {
                Move::Required(n) => { required = *n; stamp.settings += 1; }
                Move::Take(gate) => { gates.retain(|g| g != gate); stamp.settings += 1; }
                Move::Give(gate) => {
                    if !gates.contains(gate) { gates.push(*gate); }
                    stamp.settings += 1;
                }
                Move::Wait(seconds) => now = now.plus(Duration::from_secs(u64::from(*seconds))),
                Move::Prove(gate) => {
                    prop_assert_eq!(wrong(*gate, Subject::Known, stamp), Some(Shut::Wrong));
                    prop_assert_eq!(wrong(*gate, Subject::Decoy, stamp), Some(Shut::Wrong));
                    prop_assert_eq!(proof(*gate, Subject::Decoy, stamp), None);
                }
                _ => {}
            }
            let (Some(left), Some(right)) = (event(), event()) else { continue };
            let eligibility = Ok(Eligible { required, gates: gates.clone(), questions_first: false });
            let blocked = BTreeSet::new();
            let context = Context { now, session: SESSION, user: USER, stamp, eligibility: &eligibility, blocked: &blocked, home: Home::Here };
            let shown = eligibility.as_ref().unwrap();
            prop_assert_eq!(account.offered(shown, &blocked), decoy.offered(shown, &blocked));
            prop_assert_eq!(account.may_show_destinations(shown), decoy.may_show_destinations(shown));
            match (account.apply(left, &context), decoy.apply(right, &context)) {
                (Ok(theirs), Ok(ours)) => {
                    prop_assert_eq!(&theirs.effects, &ours.effects);
                    prop_assert_eq!(theirs.next.stage(), ours.next.stage());
                    prop_assert!(theirs.next.passed().is_empty() && ours.next.passed().is_empty());
                    (account, decoy) = (theirs.next, ours.next);
                }
                (theirs, ours) => prop_assert_eq!(theirs.err(), ours.err()),
            }
        }
    }
}

/// What comes of a wrong try of a gate.
fn wrong(gate: Gate, subject: Subject, stamp: Stamp) -> Option<Shut> {
    let claimant = Claimant {
        session: SESSION,
        user: USER,
        subject,
        stamp,
    };
    let tag = |n: u8| latchkey_types::Secret::new([n; 32]);
    let asked = AskedCode {
        session: SESSION,
        gate,
        tag: tag(1),
        expires_at: START.plus(gates::CODE_VALID),
        is_spent: false,
    };
    match gate {
        Gate::AuthenticatorCode => authenticator_code(claimant, None).err(),
        Gate::Questions => questions(claimant, 3, &[true, false, true]).err(),
        Gate::Passkey => passkey(claimant, false).err(),
        Gate::RecoveryCode => recovery_code(claimant, false).err(),
        _ => one_time_code(claimant, &asked, &tag(2), START).err(),
    }
}
