use super::*;
use crate::model::sample_user;

#[test]
fn a_mailbox_that_opens_with_the_same_password_is_no_way_back_to_it() {
    let verified = ["contoso.com", "contoso.nl"].map(|name| DomainName::parse(name).unwrap());
    let own = |address: &str, user: &User| {
        is_own_mailbox(&EmailAddress::parse(address).unwrap(), user, &verified)
    };
    let member = sample_user();
    for (address, expected) in [
        ("ada.lovelace@contoso.com", true),
        ("Helpdesk@CONTOSO.com", true),
        ("ada@contoso.nl", true),
        ("ada@home.example", false),
        ("ada@alumni.contoso.com", false),
        ("ada@notcontoso.com", false),
    ] {
        assert_eq!(own(address, &member), expected, "{address}");
        for user_type in [UserType::Guest, UserType::ExternalGuest] {
            let guest = User {
                user_type,
                ..member.clone()
            };
            assert!(!own(address, &guest), "{address}");
        }
    }
}

#[test]
fn the_user_id_is_no_way_back_even_before_its_domain_is_verified() {
    let own = EmailAddress::parse("Ada.Lovelace@contoso.com").unwrap();
    assert!(is_own_mailbox(&own, &sample_user(), &[]));
    let other = EmailAddress::parse("ada@contoso.com").unwrap();
    assert!(!is_own_mailbox(&other, &sample_user(), &[]));
}
