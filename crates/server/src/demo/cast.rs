//! The people of the demonstration: one in every interesting state.

use std::collections::BTreeSet;
use std::time::Duration;

use latchkey_app::admin::methods::Private;
use latchkey_app::admin::seed::{SeedTenant, SeedUser};
use latchkey_app::admin::user::Field;
use latchkey_core::reset::Gate;
use latchkey_core::settings::{Disclosure, Scope, Settings};

/// Who somebody is, for the page that shows them.
pub(super) struct Role {
    pub(super) upn: &'static str,
    pub(super) name: &'static str,
    pub(super) what_it_is_for: String,
    pub(super) has_authenticator: bool,
}

/// The password of everybody who has one. It is shown on the first page.
pub(super) const PASSWORD: &str = "Sunny-Harbour-7";

/// Older than a trial, so that administrators pass two gates.
const AGE: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Which organisation somebody belongs to, by its place in the list.
const CONTOSO: usize = 0;
const FABRIKAM: usize = 1;
const WOODGROVE: usize = 2;
const NORTHWIND: usize = 3;

struct Person {
    tenant: usize,
    role: Role,
    user: SeedUser,
}

fn person(tenant: usize, upn: &'static str, name: &'static str, what: &str) -> Person {
    let (given, family) = name.split_once(' ').unwrap_or((name, ""));
    let mut user = SeedUser {
        upn,
        ..SeedUser::default()
    };
    for (field, value) in [
        (Field::DisplayName, name),
        (Field::GivenName, given),
        (Field::FamilyName, family),
        (Field::Mail, upn),
    ] {
        user.fields.push((field, value.to_owned()));
    }
    let role = Role {
        upn,
        name,
        what_it_is_for: what.to_owned(),
        has_authenticator: false,
    };
    user.password = Some(PASSWORD);
    Person { tenant, role, user }
}

impl Person {
    fn with(mut self, field: Field, value: &str) -> Self {
        self.user.fields.retain(|(known, _)| *known != field);
        self.user.fields.push((field, value.to_owned()));
        self
    }

    fn email(mut self, address: &str) -> Self {
        self.user.private.push((Private::Email, address.to_owned()));
        self
    }

    fn phone(mut self, number: &str) -> Self {
        self.user.private.push((Private::Phone, number.to_owned()));
        self
    }

    fn authenticator(mut self) -> Self {
        self.user.has_authenticator = true;
        self.role.has_authenticator = true;
        self
    }

    /// The password is kept elsewhere.
    fn no_password(mut self) -> Self {
        self.user.password = None;
        self
    }

    fn locked(mut self) -> Self {
        self.user.is_locked = true;
        self
    }

    fn recovery_codes(mut self, codes: &[&'static str]) -> Self {
        self.user.recovery_codes = codes.to_vec();
        self
    }

    fn answers(mut self, answers: &[(&'static str, &'static str)]) -> Self {
        self.user.answers = answers.to_vec();
        self
    }

    fn confirmed(mut self, days: u64) -> Self {
        self.user.confirmed = Some(Duration::from_secs(days * 24 * 60 * 60));
        self
    }

    fn in_group(mut self) -> Self {
        self.user.is_in_group = true;
        self
    }
}

/// All organisations with everybody in them, and what each person is for.
pub(super) fn cast() -> (Vec<SeedTenant>, Vec<Role>) {
    let mut tenants = vec![
        tenant("Contoso", "NL", "contoso.onlatchkey.test", &["contoso.com"]),
        tenant(
            "Fabrikam",
            "SE",
            "fabrikam.onlatchkey.test",
            &["fabrikam.com"],
        ),
        tenant(
            "Woodgrove",
            "GB",
            "woodgrove.onlatchkey.test",
            &["woodgrove.com"],
        ),
        tenant(
            "Northwind",
            "NL",
            "northwind.onlatchkey.test",
            &["northwind.com"],
        ),
    ];
    for (number, tenant) in tenants.iter_mut().enumerate() {
        let reset = &mut tenant.settings.reset;
        match number {
            FABRIKAM => {
                reset.gates_required = 1;
                reset.disclosure = Disclosure::Standard;
                reset.methods = BTreeSet::from([Gate::Email, Gate::Sms]);
            }
            WOODGROVE => {
                reset.gates_required = 1;
                reset.disclosure = Disclosure::Standard;
                tenant.only_group = Some("May reset");
            }
            NORTHWIND => {
                reset.gates_required = 1;
                reset.disclosure = Disclosure::Strict;
            }
            _ => {}
        }
    }
    let mut roles = Vec::new();
    for Person { tenant, role, user } in people() {
        if let Some(tenant) = tenants.get_mut(tenant) {
            tenant.users.push(user);
        }
        roles.push(role);
    }
    (tenants, roles)
}

fn tenant(
    name: &'static str,
    country: &'static str,
    initial_domain: &'static str,
    custom_domains: &'static [&'static str],
) -> SeedTenant {
    let mut settings = Settings::default();
    settings.reset.scope = Scope::All;
    settings.reset.methods = BTreeSet::from([
        Gate::Email,
        Gate::Sms,
        Gate::MobileCall,
        Gate::OfficeCall,
        Gate::Questions,
        Gate::AuthenticatorCode,
        Gate::Passkey,
        Gate::RecoveryCode,
    ]);
    SeedTenant {
        name,
        country,
        initial_domain,
        custom_domains,
        age: AGE,
        settings,
        only_group: None,
        users: Vec::new(),
    }
}

fn people() -> Vec<Person> {
    vec![
        person(CONTOSO, "adele@contoso.com", "Adele Vance",
            "Two gates: a code by mail to adele@home.example, and one by text or call to +31 6 12345601.")
            .email("adele@home.example").phone("+31612345601"),
        person(CONTOSO, "alex@contoso.com", "Alex Wilber",
            "Two gates: a code by mail to alex@home.example, and one from an authenticator app.")
            .email("alex@home.example").authenticator(),
        person(CONTOSO, "megan@contoso.com", "Megan Bowen",
            "Two gates: a code by mail to megan@home.example, and security questions. The answers \
             are: first manager Pat Coleman, first street Rose Lane, first concert Blue Notes.")
            .email("megan@home.example")
            .answers(&[
                ("question-first-manager", "Pat Coleman"),
                ("question-first-street", "Rose Lane"),
                ("question-first-concert", "Blue Notes"),
            ]),
        person(CONTOSO, "debra@contoso.com", "Debra Berger",
            "Two gates: a code by mail to debra@home.example, and a recovery code. Two are left: \
             0A1B-2C3D-4E5F-6G7H-8J9K-MNPQ and 7777-RSTV-WXYZ-7777-RSTV-WXYZ. Each works once.")
            .email("debra@home.example")
            .recovery_codes(&["0A1B-2C3D-4E5F-6G7H-8J9K-MNPQ", "7777-RSTV-WXYZ-7777-RSTV-WXYZ"]),
        person(CONTOSO, "irvin@contoso.com", "Irvin Sayers",
            "Two gates: a code by mail to irvin@home.example, and a call to the office phone \
             +31 20 1234567.")
            .email("irvin@home.example").with(Field::OfficePhone, "+31201234567"),
        person(CONTOSO, "astrid@contoso.com", "Astrid Lindqvist",
            "Swedish: messages are in Swedish. Mail astrid@home.example, phone +46 70 174 06 05.")
            .with(Field::Language, "sv").email("astrid@home.example").phone("+46701740605"),
        person(CONTOSO, "daan@contoso.com", "Daan de Vries",
            "Dutch: messages are in Dutch. Mail daan@home.example, phone +31 6 12345602.")
            .with(Field::Language, "nl").email("daan@home.example").phone("+31612345602"),
        person(CONTOSO, "admin@contoso.com", "Nestor Wilke",
            "A Global Administrator: always two gates and never questions. Mail \
             nestor@home.example, phone +31 6 12345603. Other administrators are told.")
            .with(Field::Roles, "Global Administrator")
            .email("nestor@home.example").phone("+31612345603"),
        person(CONTOSO, "lee@contoso.com", "Lee Gu",
            "An administrator with only a mailbox: too few methods, SSPR_0014.")
            .with(Field::Roles, "User Administrator").email("lee@home.example"),
        person(CONTOSO, "joni@contoso.com", "Joni Sherman",
            "Has registered nothing: SSPR_0014. After signing in, Joni is led to registering."),
        person(CONTOSO, "johanna@contoso.com", "Johanna Lorenz",
            "An administrator filled in the mail johanna@home.example and the directory the phone \
             +31 6 12345610; Johanna can confirm both in security info.")
            .with(Field::MobilePhone, "+31612345610").email("johanna@home.example"),
        person(CONTOSO, "miriam@contoso.com", "Miriam Graham",
            "Confirmed the mail miriam@home.example and the phone +31 6 12345611 half a year ago. \
             After signing in, Miriam is asked whether they are right.")
            .email("miriam@home.example").phone("+31612345611").confirmed(200),
        person(CONTOSO, "pradeep@contoso.com", "Pradeep Gupta",
            "A synchronised account whose phone number cannot be read, so that the mailbox is the \
             only method: SSPR_0014.")
            .with(Field::Source, "synchronised").with(Field::Anchor, "demo-anchor-1")
            .with(Field::MobilePhone, "ask reception").email("pradeep@home.example"),
        person(CONTOSO, "patti@contoso.com", "Patti Fernandez",
            "The mail address was changed today and rests for 24 hours, so that the phone is the \
             only method: SSPR_0014.")
            .email("patti@old.example").email("patti@new.example").phone("+31612345604"),
        person(CONTOSO, "diego@contoso.com", "Diego Siciliani",
            "A disabled account: SSPR_0031.")
            .with(Field::Enabled, "no").email("diego@home.example").phone("+31612345605"),
        person(CONTOSO, "henrietta@contoso.com", "Henrietta Mueller",
            "The password is on-premises and is not written back: SSPR_0010.")
            .with(Field::Source, "synchronised").with(Field::Anchor, "demo-anchor-2")
            .with(Field::AgentDomain, "corp.contoso.com")
            .with(Field::PasswordManaged, "pass-through").no_password()
            .email("henrietta@home.example").phone("+31612345606"),
        person(CONTOSO, "isaiah@contoso.com", "Isaiah Langer",
            "A guest who was invited by mail: resets with that address, isaiah@partner.example, and \
             the phone +31 6 12345607.")
            .with(Field::UserTypeField, "guest").with(Field::Mail, "isaiah@partner.example")
            .phone("+31612345607"),
        person(CONTOSO, "grady@contoso.com", "Grady Archie",
            "A guest whose identity is kept elsewhere, and is recovered there: SSPR_0014.")
            .with(Field::UserTypeField, "external guest").with(Field::Mail, "grady@consumer.example")
            .no_password(),
        person(CONTOSO, "mona@contoso.com", "Mona Kane",
            "An administrator with an authenticator app: signs in with the password and a code, \
             and is let into nothing with the password alone.")
            .with(Field::Roles, "User Administrator").email("mona@home.example").authenticator(),
        person(CONTOSO, "christie@contoso.com", "Christie Cline",
            "Has to change the password at the next sign-in.")
            .with(Field::MustChangePassword, "yes").email("christie@home.example"),
        person(CONTOSO, "rashid@contoso.com", "Rashid Amin",
            "Wrong passwords locked the account: the right one does not sign in for a day, unless \
             the password is reset. Mail rashid@home.example, phone +31 6 12345610.")
            .email("rashid@home.example").phone("+31612345610").locked(),
        person(FABRIKAM, "bo@fabrikam.com", "Bo Ek",
            "Fabrikam asks for one gate: a code by mail to bo@home.example. It says which user IDs \
             are unknown.")
            .email("bo@home.example"),
        person(FABRIKAM, "cleo@fabrikam.com", "Cleo Holm",
            "One gate: a code by text to +46 70 174 06 06.")
            .phone("+46701740606"),
        person(WOODGROVE, "dana@woodgrove.com", "Dana Reed",
            "Woodgrove lets one group reset, and Dana is in it. Mail dana@home.example.")
            .email("dana@home.example").in_group(),
        person(WOODGROVE, "evan@woodgrove.com", "Evan Stone",
            "Not in the group that may reset: SSPR_0013.")
            .email("evan@home.example"),
        person(NORTHWIND, "fay@northwind.com", "Fay Boone",
            "Northwind tells strangers nothing. Fay can reset: mail fay@home.example.")
            .email("fay@home.example"),
        person(NORTHWIND, "gil@northwind.com", "Gil Sato",
            "Cannot reset, but looks just like those who can; the owner is told by mail what is \
             missing, at gil@northwind.com."),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_shown_and_has_a_name_of_their_own() {
        let (tenants, roles) = cast();
        let names: BTreeSet<&str> = roles.iter().map(|role| role.upn).collect();
        assert_eq!(names.len(), roles.len());
        let users: usize = tenants.iter().map(|tenant| tenant.users.len()).sum();
        assert_eq!(users, roles.len());
        assert!(roles.len() >= 12);
        for tenant in &tenants {
            assert!(tenant.settings.problems().is_empty(), "{}", tenant.name);
        }
    }
}
