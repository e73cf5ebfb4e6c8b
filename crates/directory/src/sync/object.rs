//! Objects as they are read.

use std::collections::{BTreeMap, HashMap};

use ldap3::Scope;

use super::cursor::Version;
use super::{Class, Object, SyncSettings};
use crate::Anchor;
use crate::connection::{Connection, Unanswered, control};
use crate::entry::Entry;
use crate::settings::Kind;

/// People of an LDAP directory, and its groups, by the usual classes.
pub(super) const LDAP_USERS: &str = "(|(objectClass=person)(objectClass=posixAccount))";
pub(super) const LDAP_GROUPS: &str =
    "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))";

const ACTIVE_DIRECTORY_USERS: &str = "(objectCategory=person)(objectClass=user)";
const ACTIVE_DIRECTORY_GROUPS: &str = "(objectClass=group)";

/// What tells one version of an LDAP object from another.
pub(super) const VERSION: &[&str] = &["entryUUID", "entryCSN", "modifyTimestamp"];

/// `LDAP_SERVER_EXTENDED_DN_OID` with its value for texts: `<GUID=…>;<SID=…>;CN=…`.
const EXTENDED_DN: &str = "1.2.840.113556.1.4.529";
const AS_TEXT: [u8; 5] = [0x30, 3, 2, 1, 1];

/// The most anchors of members that are remembered within a run.
const MOST_KNOWN: usize = 100_000;

/// A filter for what is to be read.
pub(super) fn filter(kind: Kind, what: &SyncSettings) -> String {
    let (users, groups) = match kind {
        Kind::ActiveDirectory => (ACTIVE_DIRECTORY_USERS, ACTIVE_DIRECTORY_GROUPS),
        Kind::Ldap => (LDAP_USERS, LDAP_GROUPS),
    };
    let more_users = what.user_filter.as_deref().unwrap_or("");
    let more_groups = what.group_filter.as_deref().unwrap_or("");
    format!("(|(&{users}{more_users})(&{groups}{more_groups}))")
}

/// The attributes to ask for.
pub(super) fn attributes(kind: Kind, what: &SyncSettings) -> Vec<&str> {
    let mut names = vec!["objectClass", "member"];
    match kind {
        Kind::ActiveDirectory => names.extend(["objectGUID", "userAccountControl"]),
        Kind::Ldap => {
            names.extend(VERSION);
            names.extend(["uniqueMember", "nsAccountLock", "pwdAccountLockedTime"]);
        }
    }
    names.extend(what.attributes.iter().map(String::as_str));
    names
}

/// The controls of a search for objects.
pub(super) fn controls(kind: Kind) -> Vec<ldap3::controls::RawControl> {
    match kind {
        Kind::ActiveDirectory => vec![control(EXTENDED_DN, true, Some(AS_TEXT.to_vec()))],
        Kind::Ldap => vec![],
    }
}

pub(super) fn version(entry: &Entry) -> Option<Version> {
    let csn = entry.text("entryCSN").unwrap_or_default();
    Some((entry.anchor(Kind::Ldap)?, csn.to_owned()))
}

/// Anchors of DNs, within one run.
#[derive(Default)]
pub(super) struct Known(HashMap<String, Option<Anchor>>);

impl Known {
    fn keep(&mut self, dn: &str, anchor: Option<Anchor>) {
        if self.0.len() < MOST_KNOWN {
            self.0.insert(dn.to_lowercase(), anchor);
        }
    }
}

/// Makes an object of an entry, asking for the rest of a long list of members. None: it has no
/// anchor, or is of another class.
pub(super) async fn object(
    connection: &mut Connection,
    kind: Kind,
    what: &SyncSettings,
    known: &mut Known,
    entry: &Entry,
) -> Result<Option<Object>, Unanswered> {
    let Some(anchor) = entry.anchor(kind) else {
        return Ok(None);
    };
    let is = |class| entry.holds("objectClass", class);
    let class = if ["group", "groupOfNames", "groupOfUniqueNames", "posixGroup"]
        .into_iter()
        .any(is)
    {
        Class::Group
    } else {
        Class::User
    };
    let dn = plain_dn(&entry.dn).to_owned();
    known.keep(&dn, Some(anchor));
    let members = match (class, kind) {
        (Class::User, _) => vec![],
        (Class::Group, Kind::ActiveDirectory) => members_by_guid(connection, anchor, entry).await?,
        (Class::Group, Kind::Ldap) => members_by_dn(connection, known, entry).await?,
    };
    let disabled = match kind {
        Kind::ActiveDirectory => entry
            .number("userAccountControl")
            .is_some_and(|flags| flags & 2 != 0),
        Kind::Ldap => {
            entry.is_true("nsAccountLock")
                || entry.text("pwdAccountLockedTime") == Some("000001010000Z")
        }
    };
    let mut attributes = BTreeMap::new();
    for name in &what.attributes {
        let values: Vec<String> = entry
            .all(name)
            .iter()
            .filter_map(|value| String::from_utf8(value.clone()).ok())
            .collect();
        if !values.is_empty() {
            attributes.insert(name.clone(), values);
        }
    }
    Ok(Some(Object {
        anchor,
        class: Some(class),
        dn,
        attributes,
        members,
        disabled,
        deleted: false,
    }))
}

/// An object that is no more.
pub(super) fn gone(anchor: Anchor) -> Object {
    Object {
        anchor,
        class: None,
        dn: String::new(),
        attributes: BTreeMap::new(),
        members: vec![],
        disabled: false,
        deleted: true,
    }
}

/// The last part of an extended DN.
pub(super) fn plain_dn(dn: &str) -> &str {
    let mut rest = dn;
    while rest.starts_with('<') {
        let Some((_, after)) = rest.split_once(">;") else {
            break;
        };
        rest = after;
    }
    rest
}

/// The anchor in an extended DN.
fn guid(value: &[u8]) -> Option<Anchor> {
    let text = std::str::from_utf8(value).ok()?;
    text.strip_prefix("<GUID=")?.get(..36)?.parse().ok()
}

/// Active Directory gives a long list in pieces, named `member;range=0-1499`; the last one ends with
/// `*` ([MS-ADTS] 3.1.1.3.1.3.3).
async fn members_by_guid(
    connection: &mut Connection,
    group: Anchor,
    entry: &Entry,
) -> Result<Vec<Anchor>, Unanswered> {
    let mut members: Vec<Anchor> = entry.all("member").iter().filter_map(|v| guid(v)).collect();
    let mut piece = entry
        .range("member")
        .map(|(end, values)| (end, values.to_vec()));
    while let Some((end, values)) = piece.take() {
        members.extend(values.iter().filter_map(|value| guid(value)));
        let Some(end) = end.filter(|_| !values.is_empty()) else {
            break;
        };
        let name = format!("member;range={}-*", end.saturating_add(1));
        let (entries, _) = connection
            .search(
                &group.guid_dn(),
                Scope::Base,
                "(objectClass=*)",
                &[&name],
                controls(Kind::ActiveDirectory),
            )
            .await?;
        piece = entries
            .first()
            .and_then(|entry| entry.range("member"))
            .map(|(end, values)| (end, values.to_vec()));
    }
    Ok(members)
}

async fn members_by_dn(
    connection: &mut Connection,
    known: &mut Known,
    entry: &Entry,
) -> Result<Vec<Anchor>, Unanswered> {
    let mut members = Vec::new();
    for value in entry.all("member").iter().chain(entry.all("uniqueMember")) {
        let Ok(dn) = std::str::from_utf8(value) else {
            continue;
        };
        let anchor = match known.0.get(&dn.to_lowercase()) {
            Some(anchor) => *anchor,
            None => {
                let anchor = connection
                    .read(dn, &["entryUUID"])
                    .await?
                    .and_then(|entry| entry.anchor(Kind::Ldap));
                known.keep(dn, anchor);
                anchor
            }
        };
        members.extend(anchor);
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extended_dn_is_taken_apart() {
        let dn = "<GUID=0b68d111-9ac3-4b5f-8f21-0123456789ab>;<SID=S-1-5-21-1>;CN=A\\;>;B,DC=x";
        assert_eq!(plain_dn(dn), "CN=A\\;>;B,DC=x");
        assert_eq!(plain_dn("CN=<a>;b"), "CN=<a>;b");
        assert_eq!(
            guid(dn.as_bytes()).unwrap().to_string(),
            "0b68d111-9ac3-4b5f-8f21-0123456789ab"
        );
        assert_eq!(guid(b"<GUID=\xff"), None);
    }
}
