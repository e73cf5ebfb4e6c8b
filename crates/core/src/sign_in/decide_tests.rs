use proptest::prelude::*;
use uuid::Uuid;

use latchkey_types::SignInFlowId;

use super::super::{Flow, Foreign, Subject, proofs};
use super::*;

const CLAIMANT: Claimant = Claimant {
    flow: SignInFlowId(Uuid::from_u128(1)),
    user: UserId(Uuid::from_u128(2)),
    subject: Subject::Known,
    version: 7,
};

fn person() -> Facts {
    Facts {
        claimant: CLAIMANT,
        is_enabled: true,
        is_administrator: false,
        managed: Managed::Cloud,
        has_authenticator: true,
        has_passkey: true,
        wants_two: false,
    }
}

fn administrator() -> Facts {
    Facts {
        is_administrator: true,
        ..person()
    }
}

fn federated(facts: Facts) -> Facts {
    Facts {
        managed: Managed::Federated,
        ..facts
    }
}

fn proof(claimant: Claimant, factor: Factor) -> Option<Proof> {
    match factor {
        Factor::Password => proofs::password(claimant, true),
        Factor::Authenticator => proofs::authenticator(claimant, Some(1)),
        Factor::Passkey => proofs::passkey(claimant, true),
        Factor::Federated => proofs::federated(claimant, true),
    }
}

fn next(facts: &Facts, factors: &[Factor]) -> Next {
    let proofs: Vec<Proof> = factors
        .iter()
        .filter_map(|factor| proof(CLAIMANT, *factor))
        .collect();
    decide(facts, &proofs)
}

fn word(next: &Next) -> String {
    match next {
        Next::Second { options } => format!("second {options:?}"),
        Next::In(admission) if admission.is_twice() => "in twice".into(),
        Next::In(_) => "in".into(),
        Next::ToRegister(_) => "to register".into(),
        Next::Refused(why) => format!("{why:?}"),
    }
}

#[test]
fn who_gets_in_with_what() {
    use Factor::{Authenticator, Federated, Passkey, Password};
    const SECOND: &str = "second [Passkey, Authenticator]";
    let table: [(&[Factor], &str, &str, &str, &str); 9] = [
        // proven, person, administrator, federated person, federated administrator
        (&[], "NotProven", "NotProven", "NotProven", "NotProven"),
        (&[Password], "in", SECOND, "NotProven", "NotProven"),
        (
            &[Authenticator],
            "NotProven",
            "NotProven",
            "NotProven",
            "NotProven",
        ),
        (&[Passkey], "in twice", "in twice", "in twice", "in twice"),
        (&[Federated], "NotProven", "NotProven", "in", SECOND),
        (
            &[Password, Authenticator],
            "in twice",
            "in twice",
            "NotProven",
            "NotProven",
        ),
        (
            &[Federated, Authenticator],
            "NotProven",
            "NotProven",
            "in twice",
            "in twice",
        ),
        (
            &[Password, Passkey],
            "in twice",
            "in twice",
            "in twice",
            "in twice",
        ),
        (&[Password, Federated], "in", SECOND, "in", SECOND),
    ];
    for (factors, plain, admin, elsewhere, admin_elsewhere) in table {
        for (facts, expected) in [
            (person(), plain),
            (administrator(), admin),
            (federated(person()), elsewhere),
            (federated(administrator()), admin_elsewhere),
        ] {
            assert_eq!(
                word(&next(&facts, factors)),
                expected,
                "{factors:?} {facts:?}"
            );
        }
    }
}

#[test]
fn a_second_factor_is_one_that_is_registered() {
    for (has_authenticator, has_passkey, expected) in [
        (true, false, "second [Authenticator]"),
        (false, true, "second [Passkey]"),
        (false, false, "to register"),
    ] {
        let facts = Facts {
            has_authenticator,
            has_passkey,
            ..administrator()
        };
        assert_eq!(word(&next(&facts, &[Factor::Password])), expected);
    }
}

#[test]
fn where_two_are_wanted_one_is_not_enough_for_anyone() {
    let wants = |facts: Facts| Facts {
        wants_two: true,
        ..facts
    };
    let second = "second [Passkey, Authenticator]";
    assert_eq!(word(&next(&wants(person()), &[Factor::Password])), second);
    let elsewhere = wants(federated(person()));
    assert_eq!(word(&next(&elsewhere, &[Factor::Federated])), second);
    for facts in [person(), administrator()] {
        let without = Facts {
            has_authenticator: false,
            has_passkey: false,
            ..wants(facts)
        };
        assert_eq!(word(&next(&without, &[Factor::Password])), "NoSecondFactor");
        assert_eq!(word(&next(&wants(facts), &[Factor::Passkey])), "in twice");
    }
}

#[test]
fn a_disabled_account_is_let_in_with_nothing() {
    for facts in [person(), administrator(), federated(person())] {
        let disabled = Facts {
            is_enabled: false,
            ..facts
        };
        let all = next(&disabled, &Factor::ALL);
        assert_eq!(all, Next::Refused(Why::NotEnabled));
    }
}

#[test]
fn what_was_not_right_proves_nothing() {
    assert_eq!(proofs::password(CLAIMANT, false), None);
    assert_eq!(proofs::authenticator(CLAIMANT, None), None);
    assert_eq!(proofs::passkey(CLAIMANT, false), None);
    assert_eq!(proofs::federated(CLAIMANT, false), None);
}

#[test]
fn a_decoy_proves_nothing() {
    let decoy = Claimant {
        subject: Subject::Decoy,
        ..CLAIMANT
    };
    for factor in Factor::ALL {
        assert_eq!(proof(decoy, factor), None);
    }
    let flow = Flow::begin(Subject::Decoy, CLAIMANT.user, 0);
    let stolen = proof(
        Claimant {
            version: 0,
            ..CLAIMANT
        },
        Factor::Password,
    )
    .unwrap();
    assert_eq!(flow.with(CLAIMANT.flow, &stolen), Err(Foreign));
}

#[test]
fn a_session_owes_a_second_factor_only_while_it_has_none() {
    use Factor::{Authenticator, Federated, Passkey, Password};
    let duty = |factors: &[Factor]| second_factor_duty(true, factors, true, false);
    assert_eq!(duty(&[Password]), Some(Duty::Prove));
    assert_eq!(duty(&[Federated]), Some(Duty::Prove));
    for enough in [
        &[Password, Authenticator][..],
        &[Federated, Authenticator],
        &[Passkey],
        &[Password, Passkey],
    ] {
        assert_eq!(duty(enough), None, "{enough:?}");
    }
    let none = second_factor_duty(true, &[Password], false, false);
    assert_eq!(none, Some(Duty::Register));
    assert_eq!(
        second_factor_duty(true, &[Password], false, true),
        Some(Duty::Prove)
    );
    assert_eq!(second_factor_duty(false, &[Password], false, false), None);
}

#[test]
fn a_way_in_is_stored_and_goes_on_where_it_was() {
    let flow = Flow::begin(Subject::Known, CLAIMANT.user, CLAIMANT.version);
    assert_eq!(
        flow.next(CLAIMANT.flow, &administrator()),
        Next::Refused(Why::NotProven)
    );
    let password = proof(CLAIMANT, Factor::Password).unwrap();
    let flow = flow.with(CLAIMANT.flow, &password).unwrap();
    let text = serde_json::to_string(&flow).unwrap();
    let flow: Flow = serde_json::from_str(&text).unwrap();
    assert_eq!(flow.factors(), [Factor::Password]);
    assert_eq!(
        word(&flow.next(CLAIMANT.flow, &administrator())),
        "second [Passkey, Authenticator]"
    );
    let code = proof(CLAIMANT, Factor::Authenticator).unwrap();
    let flow = flow.with(CLAIMANT.flow, &code).unwrap();
    let Next::In(admission) = flow.next(CLAIMANT.flow, &administrator()) else {
        panic!("{flow:?}");
    };
    assert_eq!(admission.user(), CLAIMANT.user);
    assert_eq!(
        admission.factors(),
        [Factor::Password, Factor::Authenticator]
    );
}

#[test]
fn a_way_in_does_not_outlive_a_change_of_its_account() {
    let password = proof(CLAIMANT, Factor::Password).unwrap();
    let flow = Flow::begin(Subject::Known, CLAIMANT.user, CLAIMANT.version)
        .with(CLAIMANT.flow, &password)
        .unwrap();
    assert_eq!(word(&flow.next(CLAIMANT.flow, &person())), "in");
    let mut changed = person();
    changed.claimant.version += 1;
    assert_eq!(word(&flow.next(CLAIMANT.flow, &changed)), "NotProven");
    let elsewhere = SignInFlowId(Uuid::from_u128(9));
    assert_eq!(word(&flow.next(elsewhere, &person())), "NotProven");
}

/// The claimant of the facts, or one who differs in one thing.
fn claimants() -> impl Strategy<Value = Claimant> {
    prop_oneof![
        3 => Just(CLAIMANT),
        1 => Just(Claimant { flow: SignInFlowId(Uuid::from_u128(9)), ..CLAIMANT }),
        1 => Just(Claimant { user: UserId(Uuid::from_u128(9)), ..CLAIMANT }),
        1 => Just(Claimant { version: 6, ..CLAIMANT }),
        1 => Just(Claimant { version: 8, ..CLAIMANT }),
        1 => Just(Claimant { subject: Subject::Decoy, ..CLAIMANT }),
    ]
}

fn facts() -> impl Strategy<Value = Facts> {
    let managed = prop::sample::select(Managed::ALL.to_vec());
    (any::<[bool; 5]>(), managed).prop_map(|(flags, managed)| {
        let [
            is_enabled,
            is_administrator,
            has_authenticator,
            has_passkey,
            wants_two,
        ] = flags;
        Facts {
            claimant: CLAIMANT,
            is_enabled,
            is_administrator,
            managed,
            has_authenticator,
            has_passkey,
            wants_two,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn no_administrator_is_let_in_with_one_factor_unless_it_is_a_passkey(
        facts in facts(),
        tries in prop::collection::vec(
            (claimants(), prop::sample::select(Factor::ALL.to_vec())),
            0..6,
        ),
    ) {
        let minted = |keep: &dyn Fn(&Claimant) -> bool| -> Vec<Proof> {
            tries
                .iter()
                .filter(|(claimant, _)| keep(claimant))
                .filter_map(|(claimant, factor)| proof(*claimant, *factor))
                .collect()
        };
        let own: BTreeSet<Factor> = tries
            .iter()
            .filter(|(claimant, _)| *claimant == CLAIMANT)
            .map(|(_, factor)| *factor)
            .collect();
        let next = decide(&facts, &minted(&|_| true));
        // Proofs of another flow, user or version are as if they were not there.
        prop_assert_eq!(&next, &decide(&facts, &minted(&|claimant| *claimant == CLAIMANT)));

        let (admission, whole) = match &next {
            Next::In(admission) => (admission, true),
            Next::ToRegister(admission) => (admission, false),
            Next::Second { options } => {
                prop_assert!(facts.is_administrator || facts.wants_two);
                prop_assert!(!options.is_empty());
                for option in options {
                    prop_assert!(!own.contains(option));
                }
                return Ok(());
            }
            Next::Refused(_) => return Ok(()),
        };
        let with: BTreeSet<Factor> = admission.factors().iter().copied().collect();
        prop_assert!(facts.is_enabled);
        prop_assert_eq!(admission.user(), CLAIMANT.user);
        prop_assert!(with.is_subset(&own), "something was not proven");
        prop_assert!(with != BTreeSet::from([Factor::Authenticator]));
        if facts.managed == Managed::Federated {
            prop_assert!(!with.contains(&Factor::Password));
        } else {
            prop_assert!(!with.contains(&Factor::Federated));
        }
        let strong = with.len() >= 2 || with.contains(&Factor::Passkey);
        if whole && (facts.is_administrator || facts.wants_two) {
            prop_assert!(strong, "let in with {with:?}");
        }
        if !whole {
            prop_assert!(facts.is_administrator && !facts.wants_two && !strong);
            prop_assert!(!facts.has_authenticator && !facts.has_passkey);
            prop_assert_eq!(
                second_factor_duty(true, admission.factors(), false, false),
                Some(Duty::Register)
            );
        }
    }
}
