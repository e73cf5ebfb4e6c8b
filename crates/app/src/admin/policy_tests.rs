use std::collections::BTreeSet;

use latchkey_core::reset::Gate;
use latchkey_core::settings::Contact;
use serde_json::json;

use super::*;

fn set(values: &[(&str, &str)]) -> Result<Settings, String> {
    let values: Vec<(String, String)> = values
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
        .collect();
    assign(&Settings::default(), &values)
}

#[test]
fn values_are_written_as_people_write_them() {
    let settings = set(&[
        ("reset.scope", "all"),
        ("reset.gates_required", "1"),
        ("reset.methods", "email, sms"),
        ("reset.questions.may_be_only_gate", "yes"),
        ("reset.questions.own", r#"["What, then?", "Who?"]"#),
        ("notifications.users", "false"),
        ("contact", "url:https://help.contoso.com/it"),
        ("telephony.calling_codes", "31,46"),
        ("password.expires_after_days", "90"),
        ("password.custom_banned", "1234,blank"),
        ("client_address", "network"),
        ("sign_in.lockout_threshold", "5"),
        ("sign_in.admin_idle_minutes", "10"),
        ("registration.required_at_sign_in", "no"),
        ("registration.reconfirm_days", "0"),
    ])
    .unwrap();
    assert_eq!(settings.reset.scope, Scope::All);
    assert_eq!(settings.reset.gates_required, 1);
    assert_eq!(
        settings.reset.methods,
        BTreeSet::from([Gate::Email, Gate::Sms])
    );
    assert!(settings.reset.questions.may_be_only_gate);
    assert_eq!(settings.reset.questions.own, ["What, then?", "Who?"]);
    assert!(!settings.notifications.users);
    assert_eq!(
        settings.contact,
        Contact::Url("https://help.contoso.com/it".into())
    );
    assert_eq!(settings.telephony.calling_codes, BTreeSet::from([31, 46]));
    assert_eq!(settings.password.expires_after_days, Some(90));
    assert_eq!(settings.sign_in.lockout_threshold, 5);
    assert_eq!(settings.sign_in.admin_idle_minutes, 10);
    assert!(!settings.registration.required_at_sign_in);
    assert_eq!(settings.registration.reconfirm_days, 0);
    assert_eq!(settings.password.custom_banned, ["1234", "blank"]);
}

#[test]
fn nothing_and_empty_lists_can_be_set() {
    let set = |old: &Settings, path: &str, text: &str| {
        assign(old, &[(path.to_owned(), text.to_owned())]).unwrap()
    };
    let mut old = Settings::default();
    old.password.expires_after_days = Some(90);
    old.contact = Contact::Mail("it@contoso.com".into());
    let new = set(&old, "password.expires_after_days", "never");
    assert_eq!(new.password.expires_after_days, None);
    assert_eq!(set(&old, "contact", "off").contact, Contact::Off);
    assert_eq!(
        set(&old, "contact", "url:https://contoso.com").contact,
        Contact::Url("https://contoso.com".into())
    );
    assert!(set(&old, "reset.methods", "").reset.methods.is_empty());
}

#[test]
fn a_part_can_be_given_as_json_and_the_rest_of_it_stays() {
    let new = set(&[("reset.questions", r#"{"to_reset": 4}"#)]).unwrap();
    assert_eq!(
        (
            new.reset.questions.to_reset,
            new.reset.questions.to_register
        ),
        (4, 5)
    );
}

#[test]
fn every_wrong_value_is_named_and_nothing_is_set() {
    let error = set(&[
        ("reset.gate_required", "1"),
        ("reset.scope", "some"),
        ("reset.gates_required", "many"),
        ("nonsense", "1"),
        ("reset.scope.deeper", "1"),
    ])
    .unwrap_err();
    for part in [
        "there is no setting \"reset.gate_required\"",
        "gates_required",
        "reset.scope cannot be \"some\"",
        "`selected`",
        "reset.gates_required cannot be \"many\"",
        "there is no setting \"nonsense\": there are",
        "reset.scope has nothing inside",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn what_is_out_of_range_is_refused_with_the_range() {
    let settings = set(&[("reset.gates_required", "3"), ("reset.rest_hours", "169")]).unwrap();
    let error = check(&settings).unwrap_err().to_string();
    assert!(error.contains("reset.gates_required: 1 or 2"), "{error}");
    assert!(
        error.contains("reset.rest_hours: 0 to 168 hours"),
        "{error}"
    );
}

#[test]
fn changes_tell_old_and_new() {
    let old = Settings::default();
    let new = set(&[("reset.scope", "all"), ("reset.questions.to_reset", "4")]).unwrap();
    let found = changes(&document(&old).unwrap(), &document(&new).unwrap());
    assert_eq!(
        as_json(&found),
        json!({"reset.questions.to_reset": [3, 4], "reset.scope": ["none", "all"]})
    );
    assert_eq!(
        changes(&document(&old).unwrap(), &document(&old).unwrap()),
        []
    );
}
