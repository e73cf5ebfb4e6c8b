use latchkey_directory::{Breach, Directory, Failure, Verdict};

use crate::peer::{
    BIND, MODIFY, Peer, Request, SEARCH, USER_DN, entry, message, result, sid, tlv, user, windows,
    windows_with,
};
use crate::support::{code, password};

const NEW: &str = "Second-Pass-2!";
const HINTS: &[u8] = b"1.2.840.113556.1.4.2239";

#[tokio::test]
async fn history_applies_to_a_reset_where_the_server_can() {
    let peer = Peer::new(windows).await;
    let done = peer
        .directory()
        .reset(&user(), &password(NEW), true)
        .await
        .unwrap();
    assert_eq!(done.history_enforced, Some(true));
    let [write] = &peer.seen(MODIFY)[..] else {
        panic!("one write")
    };
    // Critical, so that a server which cannot says so: OID, TRUE, SEQUENCE { INTEGER 1 }.
    let control = [HINTS, &[1, 1, 0xff, 4, 5, 0x30, 3, 2, 1, 1]].concat();
    assert!(write.holds(&control), "{:02x?}", write.bytes);
    // Everything in one request, addressed by the anchor.
    for part in [
        &b"unicodePwd"[..],
        b"lockoutTime",
        b"pwdLastSet",
        b"<GUID=0b68d111-",
    ] {
        assert!(write.holds(part));
    }
    let mut settings = peer.settings();
    settings.apply_history_on_reset = false;
    let directory = Directory::new(settings).unwrap();
    let done = directory
        .reset(&user(), &password(NEW), false)
        .await
        .unwrap();
    assert_eq!(done.history_enforced, Some(false));
    let writes = peer.seen(MODIFY);
    assert!(!writes[1].holds(HINTS) && !writes[1].holds(b"pwdLastSet"));
}

#[tokio::test]
async fn what_windows_does_not_say_is_told_from_the_policy() {
    let peer = Peer::new(|request: &Request| match request.operation {
        MODIFY => Some(result(
            request.id,
            0x67,
            53,
            b"0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n\0",
        )),
        _ => windows(request),
    })
    .await;
    let directory = peer.directory();
    let reset = async |new: &str| directory.reset(&user(), &password(new), false).await;
    assert!(matches!(
        reset("Aa1!").await,
        Err(Failure::Policy(Breach::TooShort { min: Some(8) }, Some(_)))
    ));
    assert_eq!(code(reset("onlylowercase").await), "policy/not_complex");
    // Long and complex enough: one of the former ones, or a filter of the domain. Nobody knows.
    assert_eq!(code(reset(NEW).await), "policy/unspecified");
}

#[tokio::test]
async fn s30_groups_that_cannot_be_read_are_asked_for() {
    let in_chain = b"1.2.840.113556.1.4.1941";
    let admin = Peer::new(move |request: &Request| {
        if request.operation == SEARCH && request.holds(in_chain) {
            let group = entry(request.id, "CN=Domain Admins", &[]);
            return Some([group, result(request.id, 0x65, 0, b"")].concat());
        }
        windows_with(request, None)
    })
    .await;
    let outcome = admin
        .directory()
        .reset(&user(), &password(NEW), false)
        .await;
    assert_eq!(outcome, Err(Failure::Protected));
    let usual = Peer::new(|request: &Request| windows_with(request, None)).await;
    usual
        .directory()
        .reset(&user(), &password(NEW), false)
        .await
        .unwrap();
    let search = &usual
        .seen(SEARCH)
        .into_iter()
        .find(|request| request.holds(in_chain))
        .unwrap();
    assert!(search.holds(USER_DN.as_bytes()) && search.holds(b"S-1-5-21-1-2-3-519"));
    let silent = Peer::new(move |request: &Request| {
        if request.operation == SEARCH && request.holds(in_chain) {
            return Some(result(request.id, 0x65, 50, b""));
        }
        windows_with(request, None)
    })
    .await;
    assert_eq!(
        code(
            silent
                .directory()
                .reset(&user(), &password(NEW), false)
                .await
        ),
        "not_configured"
    );
    let operator =
        Peer::new(|request: &Request| windows_with(request, Some(vec![sid(&[32, 551])]))).await;
    assert_eq!(
        operator.directory().unlock(&user()).await,
        Err(Failure::Protected)
    );
    assert!(operator.seen(MODIFY).is_empty() && admin.seen(MODIFY).is_empty());
}

#[tokio::test]
async fn two_objects_with_one_anchor_are_neither() {
    let peer = Peer::new(|request: &Request| {
        if request.operation == SEARCH && request.holds(b"objectGUID") {
            let id = request.id;
            let both = [entry(id, USER_DN, &[]), entry(id, "CN=Other", &[])].concat();
            return Some([both, result(id, 0x65, 0, b"")].concat());
        }
        windows(request)
    })
    .await;
    let outcome = peer.directory().reset(&user(), &password(NEW), false).await;
    assert_eq!(outcome, Err(Failure::SeveralMatch));
}

#[tokio::test]
async fn a_referral_is_not_followed() {
    let elsewhere = Peer::new(windows).await;
    let url = format!("ldap://127.0.0.1:{}/", elsewhere.port);
    let referral = move |id: u8, tag: u8| {
        let refs = tlv(0xa3, &tlv(4, url.as_bytes()));
        let parts = [
            tlv(10, &[10]),
            tlv(4, b""),
            tlv(4, b"0000202B: RefErr"),
            refs,
        ]
        .concat();
        message(id, &tlv(tag, &parts))
    };
    for operation in [BIND, SEARCH, MODIFY] {
        let referral = referral.clone();
        let peer = Peer::new(move |request: &Request| {
            if request.operation == operation {
                return Some(referral(
                    request.id,
                    operation + if operation == SEARCH { 2 } else { 1 },
                ));
            }
            windows(request)
        })
        .await;
        let outcome = peer.directory().reset(&user(), &password(NEW), false).await;
        let expected = if operation == BIND {
            "not_configured"
        } else {
            "unexpected"
        };
        assert_eq!(code(outcome), expected);
    }
    assert!(elsewhere.seen(BIND).is_empty());
}

#[tokio::test]
async fn a_password_that_a_server_repeats_is_taken_out() {
    let peer = Peer::new(|request: &Request| match request.operation {
        MODIFY => Some(result(
            request.id,
            0x67,
            53,
            format!("I dislike {NEW}!").as_bytes(),
        )),
        _ => windows(request),
    })
    .await;
    let failure = peer
        .directory()
        .reset(&user(), &password(NEW), false)
        .await
        .unwrap_err();
    assert_eq!(failure.detail(), Some("I dislike [secret]!"));
    assert!(!format!("{failure:?} {failure}").contains(NEW));
}

/// Answers that are none, for a request with this id.
fn garbage(id: u8) -> Vec<Vec<u8>> {
    // 30,000 sequences, each in the next.
    let nested: Vec<u8> = (0..30_000_u32)
        .rev()
        .flat_map(|inside| {
            let [a, b, c, d] = (inside * 6).to_be_bytes();
            [0x30, 0x84, a, b, c, d]
        })
        .collect();
    let bad_control = [
        tlv(0x67, &[tlv(10, &[0]), tlv(4, b""), tlv(4, b"")].concat()),
        tlv(0xa0, &tlv(0x30, &tlv(2, b"\x01"))),
    ]
    .concat();
    let bad_oid = [
        tlv(0x67, &[tlv(10, &[0]), tlv(4, b""), tlv(4, b"")].concat()),
        tlv(0xa0, &tlv(0x30, &tlv(4, b"\xff\xfe"))),
    ]
    .concat();
    let mut odd = vec![
        b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
        vec![0x30, 0],
        vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff],
        vec![0x30, 0x80, 0, 0],
        message(id, &nested),
        message(id, &tlv(0x64, &nested)),
        // Shapes that the library does not expect.
        message(id, &tlv(0x67, b"")),
        message(id, &tlv(0x61, &tlv(10, b""))),
        message(id, &tlv(0x65, &tlv(4, b"text first"))),
        message(id, &tlv(0x64, b"")),
        message(id, &tlv(0x64, &tlv(2, &[1]))),
        message(
            id,
            &tlv(
                0x64,
                &[tlv(4, b"\xff"), tlv(0x30, &tlv(0x30, b""))].concat(),
            ),
        ),
        message(id, &tlv(0x78, b"")),
        message(id, &tlv(0x47, b"primitive")),
        message(id, &bad_control),
        message(id, &bad_oid),
        result(id, 0x67, 0, b"\xff\xfe not UTF-8"),
        result(id, 0x7e, 0, b""),
        tlv(0x30, &[tlv(2, &[0xff; 9]), tlv(0x67, b"")].concat()),
        // For somebody else, and then the end.
        result(id.wrapping_add(77), 0x67, 0, b""),
    ];
    let mut state = 1_u32;
    for length in 0..40 {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                (state >> 16) as u8
            })
            .collect();
        odd.push(message(id, &tlv(0x40 | (state as u8 & 0x3f), &bytes)));
    }
    odd
}

#[tokio::test]
async fn answers_that_are_none_are_errors_and_no_crashes() {
    let kinds = garbage(1).len();
    for operation in [BIND, SEARCH, MODIFY] {
        for kind in 0..kinds {
            let peer = Peer::new(move |request: &Request| {
                if request.operation == operation {
                    let mut answer = garbage(request.id).swap_remove(kind);
                    // A second message of sense, so that nobody waits.
                    answer.extend(tlv(0x30, b"the end"));
                    return Some(answer);
                }
                windows(request)
            })
            .await;
            let mut settings = peer.settings();
            settings.operation_timeout = std::time::Duration::from_secs(20);
            let directory = Directory::new(settings).unwrap();
            let outcome = directory.reset(&user(), &password(NEW), false).await;
            let Err(failure) = outcome else {
                // Result zero with an odd text or tag is still a yes, and only to a write.
                assert_eq!(operation, MODIFY, "kind {kind}");
                continue;
            };
            if operation == MODIFY {
                let is_answer = matches!(failure, Failure::Unexpected { .. });
                assert!(
                    is_answer || matches!(failure, Failure::OutcomeUnknown(_)),
                    "kind {kind}: {failure:?}"
                );
            } else {
                assert!(peer.seen(MODIFY).is_empty(), "kind {kind}");
            }
            // The directory lives on: the next question gets an answer, too.
            let _ = directory.verify(&user(), &password(NEW)).await;
        }
    }
}

#[tokio::test]
async fn s28_a_server_that_lets_anybody_in_is_not_asked_about_nothing() {
    let peer = Peer::new(windows).await;
    let directory = peer.directory();
    assert_eq!(
        directory.verify(&user(), &password("")).await,
        Ok(Verdict::Wrong)
    );
    assert!(peer.seen(BIND).is_empty());
    assert!(
        Directory::new({
            let mut settings = peer.settings();
            settings.password = password("");
            settings
        })
        .is_err()
    );
}

#[tokio::test]
async fn a_question_that_is_given_up_leaves_no_answer_behind() {
    let peer = Peer::new(windows).await;
    let directory = peer.directory();
    directory.state(&user()).await.unwrap();
    for _ in 0..50 {
        // Given up at another place each time, by whoever is first.
        let new = password(NEW);
        let id = user();
        tokio::select! {
            biased;
            () = tokio::task::yield_now() => {}
            _ = directory.reset(&id, &new, false) => {}
        }
        assert_eq!(directory.state(&user()).await.unwrap().dn, USER_DN);
    }
}
