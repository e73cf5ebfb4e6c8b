//! What an operator does with tenants, users, policies and the audit log.

use crate::process::Installation;

/// Contoso with contoso.com.
fn contoso() -> Installation {
    let here = Installation::new();
    here.run(&["tenant", "create", "Contoso", "--country", "NL"])
        .ok();
    let added = here.run(&["domain", "add", "Contoso", "contoso.com"]).ok();
    assert!(added.contains("latchkey-verification="), "{added}");
    here.run(&["domain", "verify", "contoso.com"]).ok();
    here
}

#[test]
fn a_tenant_has_an_initial_domain_and_its_names_are_its_own() {
    let here = contoso();
    let shown = here.run(&["tenant", "show", "contoso"]).ok();
    assert!(shown.contains("contoso.localhost"), "{shown}");
    let shown = here
        .run(&["tenant", "set", "Contoso", "country=SE", "language=sv"])
        .ok();
    assert!(shown.contains("country: SE"), "{shown}");
    let error = here
        .run(&["tenant", "set", "Contoso", "colour=red"])
        .refused();
    assert!(
        error.contains("name, country, language, enabled"),
        "{error}"
    );
    let error = here
        .run(&["domain", "add", "Contoso", "contoso.com"])
        .refused();
    assert!(error.contains("is taken"), "{error}");
    let error = here.run(&["tenant", "show", "Nobody"]).refused();
    assert!(error.contains("there is no tenant \"Nobody\""), "{error}");
}

#[test]
fn a_user_has_a_name_on_one_of_the_tenants_verified_domains() {
    let here = contoso();
    here.run(&[
        "user",
        "create",
        "Contoso",
        "ada@contoso.com",
        "given_name=Ada",
    ])
    .ok();
    let error = here
        .run(&["user", "create", "Contoso", "ADA@contoso.com"])
        .refused();
    assert!(error.contains("is taken"), "{error}");
    let error = here
        .run(&["user", "create", "Contoso", "ada@fabrikam.com"])
        .refused();
    assert!(error.contains("contoso.com"), "{error}");
    here.run(&["domain", "add", "Contoso", "contoso.nl"]).ok();
    let error = here
        .run(&["user", "create", "Contoso", "ada@contoso.nl"])
        .refused();
    assert!(error.contains("not a verified domain"), "{error}");
    let listed = here.run(&["user", "list", "Contoso"]).ok();
    assert_eq!(listed.lines().count(), 1, "{listed}");
    here.run(&["user", "delete", "ada@contoso.com"]).ok();
    here.run(&["user", "show", "ada@contoso.com"]).refused();
}

#[test]
fn explain_tells_which_rule_decides_and_a_policy_is_previewed() {
    let here = contoso();
    here.run(&["user", "create", "Contoso", "ada@contoso.com"])
        .ok();
    let said = here.run(&["explain", "ada@contoso.com"]).ok();
    assert!(said.contains("can reset: no"), "{said}");
    assert!(
        said.contains("decided by: SSPR_0009 TenantSsprDisabled"),
        "{said}"
    );
    let settings = [
        "reset.scope=all",
        "reset.methods=email,sms",
        "reset.gates_required=2",
    ];
    let set = |extra: &[&str]| {
        let mut all = vec!["policy", "set", "Contoso"];
        all.extend(extra);
        here.run(&all)
    };
    set(&settings).ok();
    let said = here.run(&["explain", "ada@contoso.com"]).ok();
    assert!(said.contains("decided by: SSPR_0014"), "{said}");
    here.run(&[
        "user",
        "set-methods",
        "ada@contoso.com",
        "authentication_email=ada@home.example",
        "authentication_phone=+31 6 12345678",
    ])
    .ok();
    let said = here.run(&["explain", "ada@contoso.com"]).ok();
    assert!(said.contains("can reset: yes"), "{said}");

    let dry = set(&["reset.methods=email", "--dry-run"]).ok();
    assert!(
        dry.contains("1 user would no longer be able to reset"),
        "{dry}"
    );
    assert!(
        here.run(&["explain", "ada@contoso.com"])
            .ok()
            .contains("can reset: yes")
    );
    let done = set(&["reset.methods=email"]).ok();
    assert!(done.contains("1 user can no longer reset"), "{done}");
    assert!(
        here.run(&["explain", "ada@contoso.com"])
            .ok()
            .contains("can reset: no")
    );

    here.run(&["tenant", "set", "Contoso", "enabled=no"]).ok();
    let said = here.run(&["explain", "ada@contoso.com"]).ok();
    assert!(said.contains("the operator switched Contoso off"), "{said}");

    let error = set(&["reset.gates_required=3"]).refused();
    assert!(error.contains("reset.gates_required: 1 or 2"), "{error}");
    let events = here
        .run(&["audit", "list", "Contoso", "--activity", "Update policy"])
        .ok();
    let last: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(
        last["details"]["changes"]["reset.methods"][1],
        serde_json::json!(["email"])
    );
    assert_eq!(last["actor"]["kind"], "operator");
}

#[test]
fn explain_tells_of_signing_in_and_a_policy_previews_whom_it_leads_where() {
    let here = contoso();
    here.run(&["user", "create", "Contoso", "ada@contoso.com"])
        .ok();
    let said = here.run(&["explain", "ada@contoso.com"]).ok();
    for part in [
        "sign in:\n  can sign in: no\n",
        "- code: no_password\n",
        "password expiry: never: there is no password",
        "second factor: not asked; none is registered",
        "registration lacks:\n  - code: not_enabled\n",
        "isEnabled: no",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    here.run_with(
        &["user", "set-password", "ada@contoso.com", "--must-change"],
        "Sunny-Harbour-7\n",
    )
    .ok();
    let set = |extra: &[&str]| {
        let mut all = vec!["policy", "set", "Contoso"];
        all.extend(extra);
        here.run(&all)
    };
    set(&["reset.scope=all", "password.expires_after_days=90"]).ok();
    let json = here.run(&["explain", "ada@contoso.com", "--json"]).ok();
    let said: serde_json::Value = serde_json::from_str(&json).unwrap();
    let sign_in = &said["sign_in"];
    assert_eq!(sign_in["can_sign_in"], true);
    assert_eq!(sign_in["ways_in"], serde_json::json!(["password"]));
    assert_eq!(sign_in["led_to"][0]["code"], "must_change_password");
    assert_eq!(sign_in["led_to"][1]["code"], "must_register");
    assert!(sign_in["password_expires_at"].is_string());
    assert_eq!(said["registration"]["mustRegister"], true);
    assert_eq!(said["registration_lacks"][0]["code"], "not_registered");

    let dry = set(&[
        "password.expires_after_days=14",
        "registration.required_at_sign_in=no",
        "--dry-run",
    ])
    .ok();
    let soon = "the password of 1 user would expire within the days of notice";
    assert!(dry.contains(soon), "{dry}");
    set(&["registration.required_at_sign_in=no"]).ok();
    let dry = set(&["registration.required_at_sign_in=yes", "--dry-run"]).ok();
    assert!(
        dry.contains("1 user would have to register at the next sign-in"),
        "{dry}"
    );
}

#[test]
fn members_of_groups_in_the_selected_group_may_reset() {
    let here = contoso();
    here.run(&[
        "user",
        "create",
        "Contoso",
        "ada@contoso.com",
        "other_mails=a@home.example",
    ])
    .ok();
    for name in ["All staff", "Helpdesk"] {
        here.run(&["group", "create", "Contoso", name]).ok();
    }
    here.run(&[
        "policy",
        "set",
        "Contoso",
        "reset.scope=selected:All staff",
        "reset.gates_required=1",
    ])
    .ok();
    let said = here.run(&["explain", "ada@contoso.com"]).ok();
    assert!(said.contains("SSPR_0013"), "{said}");
    here.run(&["group", "add", "Contoso", "Helpdesk", "ada@contoso.com"])
        .ok();
    here.run(&[
        "group",
        "add",
        "Contoso",
        "All staff",
        "Helpdesk",
        "--group",
    ])
    .ok();
    let said = here.run(&["explain", "ada@contoso.com"]).ok();
    assert!(said.contains("can reset: yes"), "{said}");
    let error = here
        .run(&["group", "delete", "Contoso", "All staff"])
        .refused();
    assert!(error.contains("change reset.scope first"), "{error}");
    here.run(&["group", "remove", "Contoso", "Helpdesk", "ada@contoso.com"])
        .ok();
    let said = here.run(&["explain", "ada@contoso.com"]).ok();
    assert!(said.contains("SSPR_0013"), "{said}");
}

#[test]
fn an_import_says_of_every_row_what_becomes_of_it() {
    let here = contoso();
    let file = here.write(
        "users.csv",
        "user_principal_name,given_name,authentication_phone\n\
         ada@contoso.com,Ada,+31 6 12345678\n\
         bo@elsewhere.com,Bo,\n\
         cy@contoso.com,Cy,12\n\
         Ada@Contoso.com,Ada,\n",
    );
    let dry = here.run(&["user", "import", "Contoso", &file, "--dry-run"]);
    assert_eq!(dry.code, 1);
    assert!(here.run(&["user", "list", "Contoso"]).ok().is_empty());
    let real = here.run(&["user", "import", "Contoso", &file]);
    assert_eq!(real.code, 1);
    let rows = |out: &str| out.lines().take(4).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        rows(&dry.out),
        rows(&real.out),
        "a dry run says what the real one says"
    );
    let out = rows(&real.out);
    assert_eq!(out[0], "line 2: ada@contoso.com: accepted");
    assert!(out[1].starts_with("line 3: bo@elsewhere.com: refused: the domain elsewhere.com"));
    assert!(
        out[2].contains("refused: authentication_phone: "),
        "{}",
        out[2]
    );
    assert!(out[3].contains("is in the file twice"), "{}", out[3]);
    assert!(
        real.out.ends_with("1 accepted, 3 refused\n"),
        "{}",
        real.out
    );
    assert_eq!(
        here.run(&["user", "list", "Contoso"]).ok().lines().count(),
        1
    );
    let wrong = here.write("wrong.csv", "name\nada\n");
    let error = here.run(&["user", "import", "Contoso", &wrong]).refused();
    assert!(error.contains("there is no column \"name\""), "{error}");
}

#[test]
fn secrets_come_from_standard_input_and_never_back() {
    let here = contoso();
    here.run(&["user", "create", "Contoso", "ada@contoso.com"])
        .ok();
    let set = |password: &str, extra: &[&str]| {
        let mut all = vec!["user", "set-password", "ada@contoso.com"];
        all.extend(extra);
        here.run_with(&all, password)
    };
    let error = set("short\n", &[]).refused();
    assert!(
        error.contains("too-short") && !error.contains("short\n\n"),
        "{error}"
    );
    set("short\n", &["--force"]).ok();
    set("Wq7!zk-marble-Tides\n", &["--must-change"]).ok();
    let shown = here.run(&["user", "show", "ada@contoso.com"]).ok();
    assert!(shown.contains("must change password: yes"), "{shown}");
    let error = set("", &[]).refused();
    assert!(error.contains("standard input is empty"), "{error}");

    let address = here
        .run(&["user", "set-authenticator", "ada@contoso.com"])
        .ok();
    assert!(address.starts_with("otpauth://totp/"), "{address}");
    let questions = r#"[{"question": "question-first-street", "answer": "Rose Lane"},
        {"question": "question-first-concert", "answer": "rose  LANE"}]"#;
    let error = here
        .run_with(&["user", "set-questions", "ada@contoso.com"], questions)
        .refused();
    assert!(
        error.contains("answer 2: every answer must be another"),
        "{error}"
    );
    assert!(!error.to_lowercase().contains("rose"), "{error}");
    let shown = here
        .run(&["user", "show", "ada@contoso.com", "--json"])
        .ok();
    let secret = address
        .split("secret=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    assert!(
        !shown.contains(secret) && !shown.contains("argon2"),
        "{shown}"
    );
}

#[test]
fn an_audit_log_that_was_tampered_with_does_not_verify() {
    let here = contoso();
    here.run(&["user", "create", "Contoso", "ada@contoso.com"])
        .ok();
    let good = here.run(&["audit", "verify", "--anchor"]);
    assert_eq!(good.code, 0, "{}", good.out);
    assert!(
        good.out.contains("Contoso: 4 events, unbroken (anchor 4 "),
        "{}",
        good.out
    );
    // Somebody with the file in hand changes a name in one event, without Latchkey.
    let path = here.path("data/latchkey.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let (from, to) = (b"initial_domain\":\"contoso", b"initial_domain\":\"c0ntoso");
    let mut changed = 0;
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            changed += 1;
        }
    }
    assert!(changed > 0);
    std::fs::write(&path, bytes).unwrap();
    let bad = here.run(&["audit", "verify"]);
    assert_eq!(bad.code, 1, "{}", bad.out);
    assert!(
        bad.out
            .contains("Contoso: BROKEN at event 1: the event was changed"),
        "{}",
        bad.out
    );
    assert!(
        bad.out.contains("service: 0 events, unbroken"),
        "{}",
        bad.out
    );
    let one = here.run(&["audit", "verify", "Contoso", "--json"]);
    assert_eq!(one.code, 1);
    let one: serde_json::Value = serde_json::from_str(&one.out).unwrap();
    assert_eq!(one["broken"]["seq"], 1);
}
