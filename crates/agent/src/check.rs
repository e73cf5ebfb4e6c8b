//! What would not work, by name, and the cure: before the first real user finds out.

use std::collections::HashMap;

use latchkey_directory::{
    Anchor, Bind, Class, Failure, Health, Kind, Object, Right, Rights, State,
};
use latchkey_types::{PhoneNumber, Timestamp, fold};

use crate::backend::Backend;
use crate::sync::Flow;

/// How a point stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, with less than there could be.
    Warning,
    /// It does not work.
    Bad,
}

/// One point of a check.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Point {
    /// What it is about: a user, or a part of the set-up.
    pub subject: String,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found.
    pub finding: String,
    /// What mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

fn point(
    subject: &str,
    verdict: Verdict,
    finding: impl Into<String>,
    cure: Option<String>,
) -> Point {
    Point {
        subject: subject.to_owned(),
        verdict,
        finding: finding.into(),
        cure,
    }
}

/// What the cures need to know.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// The kind of directory.
    pub kind: Kind,
    /// The service account.
    pub bind_as: &'a str,
    /// Where users are.
    pub user_bases: &'a [String],
}

/// Certificates that end within this are told.
const SOON_MICROS: i64 = 30 * 86_400 * 1_000_000;
/// Clocks may differ by as much before Kerberos, and people, are confused.
const CLOCK_MICROS: i64 = 5 * 60 * 1_000_000;

/// The directory as a whole.
pub fn directory(health: &Health, setup: Setup<'_>, now: Timestamp) -> Vec<Point> {
    let mut points = Vec::new();
    let server = health
        .server
        .clone()
        .unwrap_or_else(|| "the directory".into());
    match &health.bind {
        Bind::Ok => points.push(point(
            "sign-in",
            Verdict::Good,
            format!("{server} lets {} in", setup.bind_as),
            None,
        )),
        Bind::Refused(why) => points.push(point(
            "sign-in",
            Verdict::Bad,
            format!("{server} refuses {}: {why}", setup.bind_as),
            Some("put the right name in bind_as and the right password in password_file".into()),
        )),
        Bind::NotReached(why) => points.push(point(
            "connection",
            Verdict::Bad,
            format!("no server can be reached: {why}"),
            Some("look at servers and at the firewall (636 or 389)".into()),
        )),
        Bind::Untrusted(why) => points.push(point(
            "certificate",
            Verdict::Bad,
            format!("it is not trusted: {why}"),
            Some(
                "put the authority that issued it into ca_file, the name that is in it into servers, \
                 and renew it if it has expired"
                    .into(),
            ),
        )),
    }
    if health.kind_as_configured == Some(false) {
        points.push(point(
            "kind",
            Verdict::Bad,
            "the server is of another kind than configured",
            Some("set kind to what it is: active_directory or ldap".into()),
        ));
    }
    if health.base_readable == Some(false) {
        points.push(point(
            "base",
            Verdict::Bad,
            "the base is not there, or the service account cannot read it",
            Some("set base to the DN at the top of the directory".into()),
        ));
    }
    if setup.kind == Kind::ActiveDirectory && health.policy_hints == Some(false) {
        points.push(point(
            "policy hints",
            Verdict::Warning,
            "this server cannot apply the history of passwords to resets",
            Some("Windows Server 2008 R2 with KB2386717, or newer, can".into()),
        ));
    }
    if let Some(end) = health.certificate_expires {
        if end <= now {
            let cure = Some("renew the certificate of the server".into());
            points.push(point(
                "certificate",
                Verdict::Bad,
                format!("expired {end}"),
                cure,
            ));
        } else if end.0 - now.0 < SOON_MICROS {
            let cure = Some("renew the certificate of the server".into());
            points.push(point(
                "certificate",
                Verdict::Warning,
                format!("expires {end}"),
                cure,
            ));
        }
    }
    if let Some(ahead) = health.clock_ahead_us
        && ahead.abs() > CLOCK_MICROS
    {
        points.push(point(
            "clock",
            Verdict::Warning,
            format!(
                "the directory's clock differs by {} s from this one",
                ahead / 1_000_000
            ),
            Some("set both by NTP".into()),
        ));
    }
    points
}

/// Whether users can be helped, each by the name that was given.
pub async fn users(
    backend: &dyn Backend,
    setup: Setup<'_>,
    names: &[String],
    now: Timestamp,
) -> Vec<Point> {
    let mut points = Vec::new();
    for name in names {
        match backend.find(name).await {
            Ok(anchor) => points.extend(user(backend, setup, name, &anchor, now).await),
            Err(failure) => points.push(failed(name, &failure, setup)),
        }
    }
    points
}

/// Whether a user can be helped.
pub async fn user(
    backend: &dyn Backend,
    setup: Setup<'_>,
    name: &str,
    anchor: &Anchor,
    now: Timestamp,
) -> Vec<Point> {
    match facts(backend, anchor).await {
        Ok((state, rights)) => judge(name, &state, &rights, setup, now),
        Err(failure) => vec![failed(name, &failure, setup)],
    }
}

fn failed(name: &str, failure: &Failure, setup: Setup<'_>) -> Point {
    let cure = Some(cure(failure, setup));
    point(name, Verdict::Bad, failure.to_string(), cure)
}

async fn facts(backend: &dyn Backend, anchor: &Anchor) -> Result<(State, Rights), Failure> {
    let state = backend.state(anchor).await?;
    let rights = backend.rights(anchor).await?;
    Ok((state, rights))
}

fn judge(
    name: &str,
    state: &State,
    rights: &Rights,
    setup: Setup<'_>,
    now: Timestamp,
) -> Vec<Point> {
    let mut points = Vec::new();
    let mut bad = |finding: &str, cure: Option<String>| {
        points.push(point(name, Verdict::Bad, finding, cure));
    };
    if state.protected || rights.protected {
        bad(
            "in a protected group: a change is allowed, a reset and an unlock are refused",
            None,
        );
    } else {
        let off = rights.inheritance_off == Right::Yes;
        let missing = [
            (rights.reset, "reset the password", "CA;Reset Password;user"),
            (rights.unlock, "unlock", "WP;lockoutTime;user"),
            (rights.must_change, "require a change", "WP;pwdLastSet;user"),
        ];
        for (right, what, rule) in missing {
            if right == Right::No {
                let cure = if rights.admin_count {
                    "adminCount is 1, so that Active Directory takes rights away every hour: clear it \
                     if the account is in no protected group any more, and turn inheritance on"
                        .to_owned()
                } else if off {
                    format!("turn inheritance on for {}", state.dn)
                } else {
                    grant(setup, rule)
                };
                bad(&format!("{} may not {what}", setup.bind_as), Some(cure));
            }
        }
    }
    if state.disabled {
        bad("the account is disabled", Some("enable it".into()));
    }
    if state.account_expired {
        bad("the account has expired", Some("extend it".into()));
    }
    if let Some(from) = state.policy.may_change_from
        && from > now
    {
        points.push(point(
            name,
            Verdict::Warning,
            format!("a change is refused until {from}: the minimum age"),
            None,
        ));
    }
    if points.is_empty() {
        points.push(point(name, Verdict::Good, "can be helped", None));
    }
    points
}

fn grant(setup: Setup<'_>, rule: &str) -> String {
    match setup.kind {
        Kind::ActiveDirectory => {
            let commands = setup
                .user_bases
                .iter()
                .map(|base| format!("dsacls \"{base}\" /I:S /G \"{}:{rule}\"", setup.bind_as));
            commands.collect::<Vec<_>>().join(" ; ")
        }
        Kind::Ldap => format!(
            "an access rule that lets {} write userPassword, pwdReset and pwdAccountLockedTime below \
             {} (docs/agent.md)",
            setup.bind_as,
            setup.user_bases.join(" and ")
        ),
    }
}

fn cure(failure: &Failure, setup: Setup<'_>) -> String {
    match failure {
        Failure::NotFound => format!(
            "move the account below {}, or add where it is to user_bases",
            setup.user_bases.join(" or ")
        ),
        Failure::SeveralMatch => "make the name or the anchor unique".into(),
        Failure::NoPermission(_) => format!("let {} read the account", setup.bind_as),
        _ => "see the point about the connection".into(),
    }
}

/// Phone numbers that cannot be called, and what two objects have that only one may have.
#[derive(Debug)]
pub struct Values<'a> {
    flow: &'a Flow,
    /// Where each id was.
    anchors: HashMap<Anchor, String>,
    /// Whose each name is.
    names: HashMap<String, Anchor>,
}

impl<'a> Values<'a> {
    /// Nothing was looked at.
    pub fn new(flow: &'a Flow) -> Self {
        Self {
            flow,
            anchors: HashMap::new(),
            names: HashMap::new(),
        }
    }

    /// What is wrong with an object, or with it and one before.
    pub fn look(&mut self, object: &Object) -> Vec<Point> {
        let mut points = Vec::new();
        if object.deleted {
            return points;
        }
        let upn = self.flow.values(object, "upn").first().copied();
        let name = upn.unwrap_or(&object.dn);
        let dn = object.dn.clone();
        let other = self.anchors.insert(object.anchor, dn);
        if let Some(other) = &other
            && !other.eq_ignore_ascii_case(&object.dn)
        {
            points.push(point(
                name,
                Verdict::Bad,
                format!("{} and {other} have one id, {}", object.dn, object.anchor),
                Some("look at the directory's replication; neither is synchronised".into()),
            ));
        }
        if object.class != Some(Class::User) {
            return points;
        }
        if let Some(upn) = upn {
            let whose = self.names.entry(fold(upn)).or_insert(object.anchor);
            if *whose != object.anchor {
                let first = self.anchors.get(whose).map_or("", String::as_str);
                points.push(point(
                    upn,
                    Verdict::Bad,
                    format!("{first} and {} have one name", object.dn),
                    Some("give one of them another name; neither is synchronised".into()),
                ));
            }
        }
        // Some bases lie below others.
        if other.is_some() {
            return points;
        }
        let mut told = Vec::new();
        for target in ["mobile_phone", "office_phone", "authentication_phone"] {
            let number = self.flow.values(object, target).first().copied();
            if let Some(number) = number
                && !told.contains(&number)
                && PhoneNumber::parse(number).is_err()
            {
                told.push(number);
                points.push(point(
                    name,
                    Verdict::Warning,
                    format!("{number} is no phone number that can be called ({target})"),
                    Some("write it as +49 30 1234567".into()),
                ));
            }
        }
        points
    }
}

/// Whether anything does not work.
pub fn is_bad(points: &[Point]) -> bool {
    points.iter().any(|point| point.verdict == Verdict::Bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_objects_share_and_nobody_can_call_is_told_by_name() {
        let flow = Flow::usual(Kind::ActiveDirectory);
        let mut values = Values::new(&flow);
        let object = |id: u128, dn: &str, upn: &str, phone: &str| Object {
            anchor: Anchor::new(uuid::Uuid::from_u128(id)),
            class: Some(Class::User),
            dn: dn.into(),
            attributes: [
                ("userPrincipalName".into(), vec![upn.into()]),
                ("mobile".into(), vec![phone.into()]),
                ("telephoneNumber".into(), vec![phone.into()]),
            ]
            .into(),
            members: vec![],
            disabled: false,
            deleted: false,
        };
        let mut look = |object: &Object| {
            let points = values.look(object).into_iter();
            points
                .map(|point| (point.verdict, point.subject, point.finding))
                .collect::<Vec<_>>()
        };
        let ada = object(1, "CN=ada", "ada@corp.example", "+49 30 1234567");
        assert_eq!(look(&ada), []);
        // Below two bases.
        assert_eq!(look(&ada), []);
        let [(verdict, subject, finding)] =
            &look(&object(2, "CN=bert", "bert@corp.example", "ask ada"))[..]
        else {
            panic!("one point for one number");
        };
        assert_eq!(*verdict, Verdict::Warning);
        assert_eq!(subject, "bert@corp.example");
        assert!(
            finding.starts_with("ask ada is no phone number"),
            "{finding}"
        );
        let [(verdict, subject, finding)] =
            &look(&object(3, "CN=carl", "ADA@corp.example", "+49 30 1234567"))[..]
        else {
            panic!("one point for one name");
        };
        assert_eq!(*verdict, Verdict::Bad);
        assert_eq!(subject, "ADA@corp.example");
        assert_eq!(finding, "CN=ada and CN=carl have one name");
        let twin = look(&object(2, "CN=twin", "twin@corp.example", "+49 30 1234567"));
        assert!(
            twin[0].2.contains("CN=twin and CN=bert have one id"),
            "{twin:?}"
        );
    }
}
