//! A session whose password is in a directory.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::reset::gates::{Claimant, authenticator_code, passkey};

const START: Timestamp = Timestamp::from_seconds(1_000_000);
const STAMP: Stamp = Stamp {
    settings: 1,
    user: 1,
};
const WHO: Claimant = Claimant {
    session: SessionId(Uuid::from_u128(1)),
    user: UserId(Uuid::from_u128(2)),
    subject: Subject::Known,
    stamp: STAMP,
};

fn operation(number: u128) -> OperationId {
    OperationId(Uuid::from_u128(number))
}

struct Facts {
    eligibility: Result<Eligible, Ineligible>,
    blocked: BTreeSet<Gate>,
}

fn facts(required: u8) -> Facts {
    Facts {
        eligibility: Ok(Eligible {
            required,
            gates: vec![Gate::Passkey, Gate::AuthenticatorCode],
            questions_first: false,
        }),
        blocked: BTreeSet::new(),
    }
}

impl Facts {
    fn at(&self, may_unlock: bool) -> Context<'_> {
        Context {
            now: START,
            session: WHO.session,
            user: WHO.user,
            stamp: STAMP,
            eligibility: &self.eligibility,
            blocked: &self.blocked,
            home: Home::Directory { may_unlock },
        }
    }
}

fn proved(context: &Context<'_>) -> Session {
    let session = Session::begin(Subject::Known, STAMP);
    let session = session
        .apply(Event::Choose(Gate::AuthenticatorCode, Vec::new()), context)
        .unwrap()
        .next;
    let proof = authenticator_code(WHO, Some(1)).unwrap();
    session.apply(Event::Proved(proof), context).unwrap().next
}

fn write(number: u128, deed: Deed) -> Event {
    Event::Write {
        operation: operation(number),
        deed,
    }
}

fn written(number: u128, written: Written) -> Event {
    Event::Written {
        operation: operation(number),
        written,
        why: None,
    }
}

fn writing(context: &Context<'_>) -> Session {
    let step = proved(context)
        .apply(write(1, Deed::Reset), context)
        .unwrap();
    assert!(matches!(step.effects.as_slice(), [Effect::Ask(right)] if right.user() == WHO.user));
    step.next
}

#[test]
fn a_password_in_a_directory_is_never_set_here() {
    let facts = facts(1);
    let context = facts.at(false);
    let session = proved(&context);
    assert_eq!(session.stage(), &Stage::NewPassword { shown: false });
    let refused = session.apply(Event::PasswordAccepted, &context);
    assert_eq!(refused, Err(Refusal::OutOfOrder));
    // And one that is here is never written to a directory.
    let here = Context {
        home: Home::Here,
        ..context
    };
    let refused = session.apply(write(1, Deed::Reset), &here);
    assert_eq!(refused, Err(Refusal::OutOfOrder));
}

#[test]
fn a_lock_is_lifted_without_a_new_password_only_where_the_tenant_allows_it() {
    let facts = facts(1);
    let (no, yes) = (facts.at(false), facts.at(true));
    let session = proved(&no);
    let refused = session.apply(write(1, Deed::Unlock), &no);
    assert_eq!(refused, Err(Refusal::OutOfOrder));

    let session = proved(&yes);
    assert_eq!(session.stage(), &Stage::Deed);
    // The tenant turned it off after the page was shown.
    let refused = session.apply(write(1, Deed::Unlock), &no);
    assert_eq!(refused, Err(Refusal::OutOfOrder));
    let step = session.apply(write(1, Deed::Unlock), &yes).unwrap();
    let step = step.next.apply(written(1, Written::Done), &yes).unwrap();
    assert_eq!(step.effects, [Effect::End(Detail::SucceededUnlock)]);

    let reset = session.apply(Event::ChooseReset, &yes).unwrap().next;
    assert_eq!(reset.stage(), &Stage::NewPassword { shown: false });
    let back = reset.apply(Event::Other, &yes).unwrap().next;
    assert_eq!(back.stage(), &Stage::Deed);
    // An unlock cannot be asked for from the page of the new password, nor a reset from that of the choice.
    let crossed = reset.apply(write(1, Deed::Unlock), &yes);
    assert_eq!(crossed, Err(Refusal::OutOfOrder));
    let crossed = back.apply(write(1, Deed::Reset), &yes);
    assert_eq!(crossed, Err(Refusal::OutOfOrder));
}

#[test]
fn while_an_agent_is_at_it_nothing_else_moves_the_session() {
    let facts = facts(1);
    let context = facts.at(true);
    let session = {
        let step = proved(&context)
            .apply(Event::ChooseReset, &context)
            .unwrap();
        step.next
            .apply(write(1, Deed::Reset), &context)
            .unwrap()
            .next
    };
    for event in [
        Event::Cancel,
        Event::Contact,
        Event::Expire,
        Event::PasswordAccepted,
        Event::Shown,
        Event::Other,
        Event::ChooseReset,
        Event::Blocked(Block::PhoneNumber),
        write(2, Deed::Reset),
        write(2, Deed::Unlock),
        written(2, Written::Done),
    ] {
        let shown = format!("{event:?}");
        assert_eq!(
            session.apply(event, &context),
            Err(Refusal::UnderWay),
            "{shown}"
        );
    }
    assert_eq!(session.apply(Event::Look, &context).unwrap().next, session);
    // Nor does it end because the account or the policy changed: it was asked for before.
    let changed = Context {
        stamp: Stamp {
            settings: 2,
            user: 2,
        },
        ..context
    };
    let step = session.apply(written(1, Written::Done), &changed).unwrap();
    assert_eq!(step.effects, [Effect::End(Detail::SucceededReset)]);
    let twice = step.next.apply(written(1, Written::Done), &context);
    assert_eq!(twice, Err(Refusal::Ended));
}

#[test]
fn what_the_directory_did_not_do_can_be_tried_again_and_is_the_result_of_who_leaves() {
    let facts = facts(1);
    let context = facts.at(false);
    for (came, detail) in [
        (Written::PasswordRefused, Failure::OnPremisesPolicy),
        (Written::NotReached, Failure::OnPremisesUnreachable),
    ] {
        let session = writing(&context)
            .apply(written(1, came), &context)
            .unwrap()
            .next;
        assert_eq!(session.stage(), &Stage::NewPassword { shown: true });
        let left = session.apply(Event::Expire, &context).unwrap();
        assert_eq!(left.effects, [Effect::End(Detail::Failed(detail))]);
        let again = session.apply(write(2, Deed::Reset), &context).unwrap().next;
        let done = again.apply(written(2, Written::Done), &context).unwrap();
        assert_eq!(done.effects, [Effect::End(Detail::SucceededReset)]);
    }
    let step = writing(&context)
        .apply(written(1, Written::Failed), &context)
        .unwrap();
    let failed = Detail::Failed(Failure::OnPremisesError);
    assert_eq!(step.effects, [Effect::End(failed)]);
}

#[derive(Debug, Clone)]
enum Move {
    Choose(bool),
    Prove(bool),
    Write(Deed),
    Written(u128, Written),
    ChooseReset,
    Other,
    Accept,
    Expire,
    Unlock(bool),
}

fn moves() -> impl Strategy<Value = Move> {
    let deed = prop_oneof![Just(Deed::Reset), Just(Deed::Unlock)];
    let came = prop_oneof![
        Just(Written::Done),
        Just(Written::PasswordRefused),
        Just(Written::NotReached),
        Just(Written::Failed)
    ];
    prop_oneof![
        4 => any::<bool>().prop_map(Move::Choose),
        4 => any::<bool>().prop_map(Move::Prove),
        4 => deed.prop_map(Move::Write),
        6 => (0_u128..8, came).prop_map(|(number, came)| Move::Written(number, came)),
        2 => Just(Move::ChooseReset),
        1 => Just(Move::Other),
        1 => Just(Move::Accept),
        1 => Just(Move::Expire),
        1 => any::<bool>().prop_map(Move::Unlock),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn one_operation_at_a_time_only_after_the_gates_and_one_success(
        sequence in prop::collection::vec(moves(), 1..60),
        required in 1_u8..3,
    ) {
        let facts = facts(required);
        let mut may_unlock = true;
        let mut session = Session::begin(Subject::Known, STAMP);
        let mut asked = 0_u128;
        let mut under_way: Option<u128> = None;
        let mut truly = BTreeSet::new();
        let mut successes = 0;
        for one in sequence {
            let gate = |first: bool| if first { Gate::Passkey } else { Gate::AuthenticatorCode };
            let event = match one.clone() {
                Move::Unlock(may) => { may_unlock = may; continue }
                Move::Choose(first) => Event::Choose(gate(first), Vec::new()),
                Move::Prove(true) => Event::Proved(passkey(WHO, true).unwrap()),
                Move::Prove(false) => Event::Proved(authenticator_code(WHO, Some(1)).unwrap()),
                Move::Write(deed) => { asked += 1; write(asked, deed) }
                Move::Written(number, came) => written(number, came),
                Move::ChooseReset => Event::ChooseReset,
                Move::Other => Event::Other,
                Move::Accept => Event::PasswordAccepted,
                Move::Expire => Event::Expire,
            };
            let context = facts.at(may_unlock);
            let Ok(step) = session.apply(event, &context) else { continue };
            if let Move::Prove(first) = one {
                truly.insert(gate(first));
            }
            if let Move::Written(number, came) = &one {
                prop_assert_eq!(under_way, Some(*number));
                under_way = None;
                successes += usize::from(*came == Written::Done);
            } else {
                prop_assert!(under_way.is_none(), "{:?} while an agent was at it", one);
            }
            for effect in &step.effects {
                match effect {
                    Effect::Ask(_) => {
                        prop_assert!(truly.len() >= usize::from(required));
                        under_way = Some(asked);
                    }
                    Effect::SetPassword(_) => prop_assert!(false, "set here"),
                    Effect::End(detail) => {
                        let success = matches!(detail, Detail::SucceededReset | Detail::SucceededUnlock);
                        let done = matches!(one, Move::Written(_, Written::Done));
                        prop_assert_eq!(success, done);
                    }
                    _ => {}
                }
            }
            session = step.next;
        }
        prop_assert!(successes <= 1);
    }
}
