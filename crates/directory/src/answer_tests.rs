use ldap3::LdapResult;
use ldap3::controls::{Control, RawControl};
use proptest::prelude::*;

use super::*;

fn refusal(rc: u32, text: &str) -> Refusal {
    with_control(rc, text, None)
}

fn with_control(rc: u32, text: &str, control: Option<&[u8]>) -> Refusal {
    let ctrls = control
        .map(|value| {
            Control(
                None,
                RawControl {
                    ctype: PPOLICY.into(),
                    crit: false,
                    val: Some(value.to_vec()),
                },
            )
        })
        .into_iter()
        .collect();
    let result = LdapResult {
        rc,
        matched: String::new(),
        text: text.into(),
        refs: vec![],
        ctrls,
    };
    Refusal::new(&result, &["Geheim-Pass-1!"])
}

/// The code of a failure, with that of its breach.
fn code(failure: &Failure) -> String {
    match failure {
        Failure::Policy(breach, _) => format!("policy/{}", breach.code()),
        other => other.code().into(),
    }
}

#[test]
fn refused_writes_of_active_directory_have_their_meaning() {
    let rows = [
        // Windows Server, as published in Microsoft's documentation and in public reports.
        (
            53,
            "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n",
            "policy/unspecified",
        ),
        (
            19,
            "0000052D: AtrErr: DSID-03191083, #1:\n\t0: 0000052D: DSID-03191083, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 9005a (unicodePwd)\n",
            "policy/unspecified",
        ),
        (
            19,
            "00000056: AtrErr: DSID-03191083, #1:\n\t0: 00000056: DSID-03191083, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 9005a (unicodePwd)\n",
            "wrong_password",
        ),
        (
            50,
            "00002098: SecErr: DSID-031514A0, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n",
            "no_permission",
        ),
        (
            50,
            "00000005: SecErr: DSID-031A11EF, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n",
            "no_permission",
        ),
        (
            32,
            "0000208D: NameErr: DSID-03100241, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'DC=corp,DC=example'\n",
            "not_found",
        ),
        (
            53,
            "0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0\n",
            "not_configured",
        ),
        (
            53,
            "00002077: SvcErr: DSID-03190E49, problem 5003 (WILL_NOT_PERFORM), data 0\n",
            "not_configured",
        ),
        (
            53,
            "00000775: SvcErr: DSID-031A1236, problem 5003 (WILL_NOT_PERFORM), data 0\n",
            "locked",
        ),
        (
            51,
            "0000200E: SvcErr: DSID-02081024, problem 5001 (BUSY), data 0\n",
            "unreachable",
        ),
        (
            10,
            "0000202B: RefErr: DSID-0310082F, data 0, 1 access points\n\tref 1: 'other.example'\n",
            "unexpected",
        ),
        (
            80,
            "00000057: SvcErr: DSID-0, problem 5012, data 0",
            "unexpected",
        ),
        // Samba 4.17.
        (
            19,
            "00000056: Constraint violation - check_password_restrictions: The old password specified doesn't match!",
            "wrong_password",
        ),
        (
            19,
            "0000052D: Constraint violation - check_password_restrictions: the password is too short. It should be equal or longer than 10 characters!",
            "policy/too_short",
        ),
        (
            19,
            "0000052D: Constraint violation - check_password_restrictions: the password does not meet the complexity criteria!",
            "policy/not_complex",
        ),
        (
            19,
            "0000052D: Constraint violation - check_password_restrictions: the password was already used (previous password)!",
            "policy/used_before",
        ),
        (
            19,
            "0000052D: Constraint violation - check_password_restrictions: the password was already used (in history)!",
            "policy/used_before",
        ),
        (
            19,
            "0000052D: Constraint violation - check_password_restrictions: password is too young to change!",
            "policy/too_young",
        ),
        (
            19,
            "00000775: Password change not permitted, account locked out! at ../../source4/dsdb/samdb/ldb_modules/password_hash.c:4000",
            "locked",
        ),
        (
            19,
            "error in module acl: Constraint violation during LDB_MODIFY (19)",
            "no_permission",
        ),
        (
            50,
            "error in module acl: insufficient access rights during LDB_MODIFY (50)",
            "no_permission",
        ),
        (
            50,
            "00002098: Object CN=x has no write property access\n",
            "no_permission",
        ),
        (32, "00002030: No such Base DN: CN=nobody", "not_found"),
        (
            1,
            "00002020: Operation unavailable without authentication",
            "unexpected",
        ),
        (
            8,
            "BindSimple: Transport encryption required.",
            "not_configured",
        ),
        (12, "", "unexpected"),
        // The code counts, not the result beside it; text that only looks like one does not.
        (50, "0000052D: anything", "policy/unspecified"),
        (50, "0000052Dxyz", "no_permission"),
        (19, "", "policy/unspecified"),
    ];
    for (rc, text, expected) in rows {
        assert_eq!(
            code(&refusal(rc, text).of_active_directory()),
            expected,
            "{rc} {text}"
        );
    }
}

#[test]
fn refused_binds_of_active_directory_have_their_meaning() {
    let bind = |data: &str| {
        refusal(49, &format!("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {data}, v1db1"))
            .of_a_bind_at_active_directory()
    };
    for (data, expected) in [
        ("52e", Verdict::Wrong),
        ("525", Verdict::Wrong),
        ("530", Verdict::NotNow),
        ("531", Verdict::NotNow),
        ("532", Verdict::RightButExpired),
        ("533", Verdict::Disabled),
        ("701", Verdict::AccountExpired),
        ("773", Verdict::RightButMustChange),
        ("775", Verdict::Locked),
    ] {
        assert_eq!(bind(data), Ok(expected), "{data}");
    }
    assert_eq!(bind("9999").unwrap_err().code(), "unexpected");
    assert_eq!(
        refusal(49, "").of_a_bind_at_active_directory(),
        Ok(Verdict::Wrong)
    );
    assert_eq!(
        refusal(8, "BindSimple: Transport encryption required.")
            .of_a_bind_at_active_directory()
            .unwrap_err()
            .code(),
        "not_configured"
    );
}

/// A response control with this error.
const fn error(number: u8) -> [u8; 5] {
    [0x30, 3, 0x81, 1, number]
}

#[test]
fn refused_writes_of_ldap_have_their_meaning() {
    let rows: [(u32, &str, Option<u8>, bool, &str); 15] = [
        (
            53,
            "unwilling to verify old password",
            None,
            true,
            "wrong_password",
        ),
        (
            53,
            "Must supply correct old password to change to new one",
            Some(4),
            true,
            "wrong_password",
        ),
        (49, "Invalid oldPasswd value.", None, true, "wrong_password"),
        (
            19,
            "Password fails quality checking policy",
            Some(6),
            false,
            "policy/too_short",
        ),
        (
            19,
            "Password fails quality checking policy",
            Some(5),
            false,
            "policy/not_complex",
        ),
        (
            19,
            "Password is in history of old passwords",
            Some(8),
            false,
            "policy/used_before",
        ),
        (
            19,
            "Password is not being changed from existing value",
            Some(8),
            true,
            "policy/used_before",
        ),
        (
            19,
            "Password is too young to change",
            Some(7),
            false,
            "policy/too_young",
        ),
        (
            19,
            "Password is too young to change",
            None,
            false,
            "policy/too_young",
        ),
        (
            19,
            "Failed to update password",
            None,
            false,
            "policy/unspecified",
        ),
        (50, "", Some(4), false, "no_permission"),
        (50, "", None, false, "no_permission"),
        (32, "", None, false, "not_found"),
        (
            13,
            "confidentiality required",
            None,
            false,
            "not_configured",
        ),
        (53, "", None, false, "unexpected"),
    ];
    for (rc, text, control, with_old, expected) in rows {
        let control = control.map(error);
        let refusal = with_control(rc, text, control.as_ref().map(<[u8; 5]>::as_slice));
        assert_eq!(code(&refusal.of_ldap(with_old)), expected, "{rc} {text}");
    }
}

#[test]
fn binds_at_ldap_have_their_meaning() {
    let bind = |rc, text, number: Option<u8>| {
        let control = number.map(error);
        with_control(rc, text, control.as_ref().map(<[u8; 5]>::as_slice)).of_a_bind_at_ldap()
    };
    assert_eq!(bind(49, "", None), Ok(Verdict::Wrong));
    assert_eq!(bind(49, "", Some(0)), Ok(Verdict::RightButExpired));
    assert_eq!(bind(49, "", Some(1)), Ok(Verdict::Locked));
    assert_eq!(
        bind(19, "Exceed password retry limit", None),
        Ok(Verdict::Locked)
    );
    assert_eq!(
        bind(
            53,
            "Account inactivated. Contact system administrator.",
            None
        ),
        Ok(Verdict::Disabled)
    );
    assert_eq!(bind(13, "", None).unwrap_err().code(), "not_configured");
}

#[test]
fn the_control_of_ppolicy_is_read() {
    let grace = [0x30, 8, 0xa0, 3, 0x81, 1, 2, 0x81, 1, 0];
    assert_eq!(
        Ppolicy::parse(&grace),
        Ppolicy {
            error: Some(PpolicyError::Expired),
            grace: true
        }
    );
    let seconds = [0x30, 5, 0xa0, 3, 0x80, 1, 60];
    assert_eq!(Ppolicy::parse(&seconds), Ppolicy::default());
    assert_eq!(Ppolicy::parse(&[0x30, 0]), Ppolicy::default());
    assert_eq!(Ppolicy::parse(&error(9)).error, Some(PpolicyError::Other));
}

#[test]
fn a_text_is_kept_short_and_without_passwords() {
    let kept = refusal(19, "rejected 'Geheim-Pass-1!'\0\r\n\u{1b}[2J").text;
    assert!(
        !kept.contains("Geheim") && !kept.chars().any(char::is_control),
        "{kept:?}"
    );
    assert!(refusal(19, &"ß".repeat(4000)).text.len() <= LONGEST_TEXT);
}

proptest! {
    #[test]
    fn no_answer_is_too_odd(rc in 0_u32..130, text in "\\PC{0,60}|0000[0-9A-F]{4}: \\PC{0,20}|.{0,5}data [0-9a-f]{0,12}", control in proptest::collection::vec(any::<u8>(), 0..24)) {
        let refusal = with_control(rc, &text, Some(&control));
        let _ = refusal.of_active_directory();
        let _ = refusal.of_ldap(true);
        let _ = refusal.of_a_search();
        let _ = refusal.of_a_bind_at_active_directory();
        let _ = refusal.of_a_bind_at_ldap();
    }
}
