use latchkey_types::{Clock, Entropy};

use super::*;

struct Zero;
impl Clock for Zero {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}
impl Entropy for Zero {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

fn user() -> User {
    let upn = Upn::parse("adele@contoso.com").unwrap();
    User::new(
        UserId::new(&Zero, &Zero),
        TenantId::SERVICE,
        upn,
        Timestamp(0),
    )
}

fn assigned(values: &[(&str, &str)]) -> Result<User, Vec<String>> {
    let mut user = user();
    let values: Vec<(Field, String)> = values
        .iter()
        .map(|(name, text)| (Field::parse(name).unwrap(), (*text).to_owned()))
        .collect();
    assign(&mut user, &values).map(|()| user)
}

#[test]
fn fields_are_read_and_kept_in_one_form() {
    let user = assigned(&[
        ("mobile_phone", "+31 6 1234-5678"),
        ("other_mails", " ada@EXAMPLE.com ; b@example.com"),
        ("roles", "user administrator; Global Administrator;"),
        ("language", "sv"),
        ("enabled", "No"),
        ("usage_location", "nl"),
    ])
    .unwrap();
    assert_eq!(user.mobile_phone.as_deref(), Some("+31612345678"));
    assert_eq!(user.other_mails, ["ada@example.com", "b@example.com"]);
    assert_eq!(
        user.roles,
        [Role::GlobalAdministrator, Role::UserAdministrator]
    );
    assert!(!user.enabled);
}

#[test]
fn every_field_that_is_wrong_is_named() {
    let wrong = assigned(&[
        ("mobile_phone", "12"),
        ("mail", "nobody"),
        ("roles", "Grand Vizier"),
        ("enabled", "perhaps"),
        ("display_name", "a\nb"),
        ("password_managed", "pass-through"),
    ])
    .unwrap_err();
    for field in [
        "mobile_phone",
        "mail",
        "roles",
        "enabled",
        "display_name",
        "password_managed",
    ] {
        assert!(
            wrong
                .iter()
                .any(|line| line.starts_with(&format!("{field}: "))),
            "{field}"
        );
    }
}

#[test]
fn a_directory_may_have_a_number_that_is_none_and_a_person_may_not() {
    let cloud = assigned(&[("mobile_phone", "call reception")]);
    assert!(cloud.is_err());
    let values = [
        ("mobile_phone", "call reception"),
        ("source", "synchronised"),
        ("anchor", "a1"),
    ];
    let user = assigned(&values).unwrap();
    assert_eq!(user.mobile_phone.as_deref(), Some("call reception"));
}

#[test]
fn a_contact_rests_when_it_is_replaced_and_not_when_it_is_the_first() {
    let none = user();
    let one = assigned(&[("mobile_phone", "+31612345678")]).unwrap();
    let other = assigned(&[("mobile_phone", "+31612345679")]).unwrap();
    assert!(!replaces_contact(&none, &one));
    assert!(replaces_contact(&one, &other));
    assert!(!replaces_contact(&one, &one));
    assert!(
        replaces_contact(&one, &none),
        "or it took two steps to change it at once"
    );
    let named = assigned(&[("mobile_phone", "+31612345678"), ("given_name", "Ada")]).unwrap();
    assert!(!replaces_contact(&one, &named));
}

#[test]
fn an_empty_text_takes_a_value_away() {
    let mut user = assigned(&[("mobile_phone", "+31612345678"), ("mail", "a@b.nl")]).unwrap();
    let values = [
        Field::MobilePhone,
        Field::Mail,
        Field::OtherMails,
        Field::Language,
    ]
    .map(|field| (field, String::new()));
    assign(&mut user, &values).unwrap();
    assert_eq!((user.mobile_phone, user.mail), (None, None));
}
