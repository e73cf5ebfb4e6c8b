//! The attribute flow: from what the directory calls a thing to what the service calls it.

use std::collections::BTreeMap;

use latchkey_directory::{self as directory, Kind};
use latchkey_wire::v1::{Class, Object, Problem};

use crate::work::cut;

/// What the service takes of a user, and whether it takes several values.
pub const TARGETS: [(&str, bool); 11] = [
    ("upn", false),
    ("display_name", false),
    ("given_name", false),
    ("family_name", false),
    ("mail", false),
    ("other_mails", true),
    ("mobile_phone", false),
    ("office_phone", false),
    ("usage_location", false),
    ("authentication_email", false),
    ("authentication_phone", false),
];

/// The longest value, in bytes.
const VALUE_MAX: usize = 1_024;
/// The most values of one name.
const VALUES_MAX: usize = 100;
/// The longest words of a problem, in bytes.
const DETAIL_MAX: usize = 300;

/// Which attribute becomes what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// By the service's name: attributes, of which the first one that has a value counts.
    pub(crate) users: BTreeMap<&'static str, Vec<String>>,
    /// The name of a group.
    pub(crate) group_name: Vec<String>,
    /// Whether being disabled is told.
    pub(crate) enabled: bool,
    /// Whether the members of groups are told.
    pub(crate) members: bool,
}

impl Flow {
    /// The usual one.
    pub fn usual(kind: Kind) -> Self {
        let upn = match kind {
            Kind::ActiveDirectory => "userPrincipalName",
            Kind::Ldap => "mail",
        };
        let users = [
            ("upn", upn),
            ("display_name", "displayName"),
            ("given_name", "givenName"),
            ("family_name", "sn"),
            ("mail", "mail"),
            ("other_mails", "otherMailbox"),
            ("mobile_phone", "mobile"),
            ("office_phone", "telephoneNumber"),
            ("usage_location", "c"),
        ];
        Self {
            users: users
                .map(|(name, attribute)| (name, vec![attribute.to_owned()]))
                .into(),
            group_name: vec!["cn".into()],
            enabled: true,
            members: true,
        }
    }

    /// Every attribute that it needs.
    pub fn attributes(&self) -> Vec<String> {
        let all = self.users.values().flatten().chain(&self.group_name);
        let mut all: Vec<String> = all.cloned().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The values that become a name.
    pub(crate) fn values<'a>(&self, object: &'a directory::Object, name: &str) -> Vec<&'a str> {
        self.users
            .get(name)
            .map(|attributes| values(object, attributes))
            .unwrap_or_default()
    }

    /// An object as the service wants it, and what does not fit. What does not fit is not named, so
    /// that the service leaves it as it is; the object itself is, so that it is not taken for gone.
    pub(crate) fn map(&self, object: &directory::Object) -> Mapped {
        let anchor = object.anchor.to_string();
        let class = match object.class {
            Some(directory::Class::Group) => Class::Group,
            // Of what is gone nobody knows what it was.
            Some(directory::Class::User) | None => Class::User,
        };
        let mut mapped = Mapped {
            object: Object {
                anchor,
                class,
                deleted: object.deleted,
                values: BTreeMap::new(),
                members: None,
            },
            problems: Vec::new(),
        };
        if object.deleted {
            return mapped;
        }
        match class {
            Class::User => self.user(object, &mut mapped),
            Class::Group => self.group(object, &mut mapped),
        }
        mapped
    }

    fn user(&self, object: &directory::Object, mapped: &mut Mapped) {
        for (name, several) in TARGETS {
            let Some(attributes) = self.users.get(name) else {
                continue;
            };
            let found = values(object, attributes);
            if name == "upn" && found.is_empty() {
                let why = format!("there is no {}", attributes.join(" and no "));
                mapped.problem(object, "no_upn", &why);
                continue;
            }
            mapped.set(object, name, &found, several);
        }
        if self.enabled {
            let enabled = !object.disabled;
            mapped.put("enabled", vec![enabled.to_string()]);
        }
    }

    fn group(&self, object: &directory::Object, mapped: &mut Mapped) {
        let found = values(object, &self.group_name);
        if found.is_empty() {
            let why = format!("there is no {}", self.group_name.join(" and no "));
            mapped.problem(object, "no_name", &why);
        } else {
            mapped.set(object, "name", &found, false);
        }
        if self.members {
            let members = object.members.iter().map(ToString::to_string);
            mapped.object.members = Some(members.collect());
        }
    }
}

fn values<'a>(object: &'a directory::Object, attributes: &[String]) -> Vec<&'a str> {
    let found = attributes.iter().map(|attribute| {
        let values = object.attributes.get(attribute).into_iter().flatten();
        let values = values.map(|value| value.trim());
        values.filter(|value| !value.is_empty()).collect::<Vec<_>>()
    });
    let mut found = found.filter(|values| !values.is_empty());
    found.next().unwrap_or_default()
}

/// An object for the service, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub(crate) object: Object,
    pub(crate) problems: Vec<Problem>,
}

impl Mapped {
    fn put(&mut self, name: &str, values: Vec<String>) {
        self.object.values.insert(name.to_owned(), values);
    }

    fn set(&mut self, object: &directory::Object, name: &str, found: &[&str], several: bool) {
        let most = if several { VALUES_MAX } else { 1 };
        let (fit, unfit): (Vec<&str>, Vec<&str>) = found
            .iter()
            .take(most)
            .copied()
            .partition(|value| fits(value));
        if !unfit.is_empty() {
            let why = format!("{name}: a value is longer than {VALUE_MAX} bytes, or not one line");
            self.problem(object, &format!("malformed_{name}"), &why);
        }
        if several && found.len() > most {
            let why = format!("{name}: only the first {most} values are taken");
            self.problem(object, &format!("malformed_{name}"), &why);
        }
        if unfit.is_empty() || !fit.is_empty() {
            self.put(name, fit.into_iter().map(str::to_owned).collect());
        }
    }

    fn problem(&mut self, object: &directory::Object, code: &str, why: &str) {
        let anchor = Some(self.object.anchor.clone());
        self.problems.push(problem(anchor, code, &object.dn, why));
    }

    /// Leaves the members as they are, because there are too many for one message.
    pub(crate) fn without_members(&mut self) {
        let count = self.object.members.take().unwrap_or_default().len();
        let name = self.object.values.get("name");
        let name = name.and_then(|name| name.first()).cloned();
        self.problems.push(problem(
            Some(self.object.anchor.clone()),
            "too_many_members",
            &name.unwrap_or_default(),
            &format!("{count} members do not fit in one message"),
        ));
    }
}

fn fits(value: &str) -> bool {
    value.len() <= VALUE_MAX && !value.chars().any(char::is_control)
}

/// What cannot be synchronised: where it is, and why.
pub(crate) fn problem(anchor: Option<String>, code: &str, dn: &str, why: &str) -> Problem {
    let dn = cut(dn, DETAIL_MAX / 2);
    Problem {
        anchor,
        code: code.to_owned(),
        detail: cut(&format!("{dn}: {why}"), DETAIL_MAX).to_owned(),
    }
}
