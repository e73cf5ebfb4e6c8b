//! Which objects may have changed.

use std::collections::BTreeSet;
use std::time::Duration;

use latchkey_types::Timestamp;
use ldap3::{LdapResult, Scope};
use zeroize::Zeroizing;

use super::SyncSettings;
use super::cursor::{Cursor, Place, Version};
use super::object;
use crate::answer::Refusal;
use crate::ber::{self, Reader};
use crate::connection::{Connection, DIRSYNC, Unanswered, control};
use crate::settings::{Kind, Settings};
use crate::{Anchor, certificate};

/// `LDAP_SERVER_SHOW_DELETED_OID`.
const SHOW_DELETED: &str = "1.2.840.113556.1.4.417";

/// `LDAP_PAGED_RESULT_OID_STRING` (RFC 2696).
pub(super) const PAGED: &str = "1.2.840.113556.1.4.319";

/// How far a server's clock may be from ours, and how late a write may be seen after its time:
/// changes of so long before a run are looked at again, and told apart by their versions.
const OVERLAP: Duration = Duration::from_secs(300);

/// The most versions in a cursor. With more changes than that in [`OVERLAP`], they are reported again.
const MOST_SEEN: usize = 2000;

/// What a run has to read.
pub(super) enum Plan {
    /// Everything.
    Full,
    /// These, as they are now or as they are no more.
    Named(BTreeSet<Anchor>),
}

pub(super) struct Detected {
    pub(super) plan: Plan,
    /// Where the next run begins; in LDAP completed by what a full run sees.
    pub(super) place: Place,
    pub(super) deletions_reported: bool,
}

pub(super) async fn detect(
    connection: &mut Connection,
    settings: &Settings,
    what: &SyncSettings,
    cursor: Option<Cursor>,
) -> Result<Detected, Unanswered> {
    let place = cursor
        .filter(|cursor| cursor.fits(what))
        .map(|cursor| cursor.place);
    match settings.kind {
        Kind::ActiveDirectory => {
            let domain = connection.root.domain.clone();
            let domain = domain.unwrap_or_else(|| settings.base.clone());
            let deletions_reported = reads_deleted(connection, &domain).await?;
            let (plan, place) = if what.dirsync && connection.root.dirsync {
                dirsync(connection, what, &domain, place).await?
            } else {
                usn(connection, what, &domain, place).await?
            };
            Ok(Detected {
                plan,
                place,
                deletions_reported,
            })
        }
        Kind::Ldap => {
            let (plan, place) = time(connection, settings, what, place).await?;
            Ok(Detected {
                plan,
                place,
                deletions_reported: false,
            })
        }
    }
}

/// Whether the account sees deleted objects; without the right they are simply not there.
async fn reads_deleted(connection: &mut Connection, domain: &str) -> Result<bool, Unanswered> {
    // The container by its well-known id ([MS-ADTS] 6.1.1.4.2).
    let container = format!("<WKGUID=18E2EA80684F11D2B9AA00C04F79F805,{domain}>");
    let (entries, result) = connection
        .search(
            &container,
            Scope::Base,
            "(objectClass=*)",
            &["isDeleted"],
            vec![control(SHOW_DELETED, true, None)],
        )
        .await?;
    Ok(result.rc == 0 && entries.iter().any(|entry| entry.has("isDeleted")))
}

/// Users and groups, deleted ones too: a deleted user keeps its classes but not its category.
/// Computers, which are users by class, change all the time.
const OF_INTEREST: &str = "(|(&(objectClass=user)(!(objectClass=computer)))(objectClass=group))";

async fn dirsync(
    connection: &mut Connection,
    what: &SyncSettings,
    domain: &str,
    place: Option<Place>,
) -> Result<(Plan, Place), Unanswered> {
    let known = match place {
        Some(Place::DirSync(cookie)) => Some(cookie),
        _ => None,
    };
    // Only objects are reported of which one of these changed. The name changes with a move, too.
    let mut attributes = vec![
        "objectGUID",
        "isDeleted",
        "name",
        "member",
        "userAccountControl",
    ];
    attributes.extend(what.attributes.iter().map(String::as_str));
    let mut cookie = known.clone().unwrap_or_default();
    // Without a cookie everything is read otherwise: a filter that nothing fits gives the place.
    let filter = if known.is_some() {
        OF_INTEREST
    } else {
        "(&(objectClass=user)(objectClass=group))"
    };
    let mut changed = BTreeSet::new();
    loop {
        let mut value = Zeroizing::new(Vec::new());
        // LDAP_DIRSYNC_OBJECT_SECURITY: what the account may read, which needs no further right.
        ber::put(&mut value, ber::INTEGER, &ber::number_content(1));
        ber::put(&mut value, ber::INTEGER, &ber::number_content(0x7fff_ffff));
        ber::put(&mut value, ber::OCTET_STRING, &cookie);
        let mut sequence = Zeroizing::new(Vec::new());
        ber::put(&mut sequence, ber::SEQUENCE, &value);
        let controls = vec![control(DIRSYNC, true, Some(sequence.to_vec()))];
        let (entries, result) = connection
            .search(domain, Scope::Subtree, filter, &attributes, controls)
            .await?;
        if result.rc != 0 {
            if known.is_some() {
                // A cookie that the server does not know any more.
                return Box::pin(dirsync(connection, what, domain, None)).await;
            }
            return usn(connection, what, domain, None).await;
        }
        changed.extend(
            entries
                .iter()
                .filter_map(|entry| entry.anchor(Kind::ActiveDirectory)),
        );
        let Some((more, next)) = dirsync_answer(&result) else {
            return Err(Refusal::new(&result, &[]).of_a_search().into());
        };
        let stuck = next.eq(&cookie);
        cookie = next;
        if !more || stuck {
            break;
        }
    }
    let plan = if known.is_some() {
        Plan::Named(changed)
    } else {
        Plan::Full
    };
    Ok((plan, Place::DirSync(cookie)))
}

/// `SEQUENCE { more INTEGER, unused INTEGER, cookie OCTET STRING }`.
pub(crate) fn dirsync_answer(result: &LdapResult) -> Option<(bool, Vec<u8>)> {
    let control = result
        .ctrls
        .iter()
        .find(|control| control.1.ctype == DIRSYNC)?;
    let mut parts = Reader(control.1.val.as_deref()?).inside(ber::SEQUENCE)?;
    let more = parts.number(ber::INTEGER)? != 0;
    parts.take(ber::INTEGER)?;
    Some((more, parts.take(ber::OCTET_STRING)?.to_vec()))
}

async fn usn(
    connection: &mut Connection,
    what: &SyncSettings,
    domain: &str,
    place: Option<Place>,
) -> Result<(Plan, Place), Unanswered> {
    let root = connection
        .read("", &["highestCommittedUSN", "dsServiceName"])
        .await?
        .unwrap_or_default();
    let highest_now = root.number("highestCommittedUSN").unwrap_or_default();
    let service = root.text("dsServiceName").unwrap_or_default().to_owned();
    // A restored database counts from an older number under a new id.
    let database = connection
        .read(&service, &["invocationId"])
        .await?
        .and_then(|entry| entry.bytes("invocationId").map(<[u8]>::to_vec))
        .unwrap_or_else(|| service.into_bytes());
    let next = Place::Usn {
        database: database.clone(),
        highest: highest_now,
    };
    let since = match place {
        Some(Place::Usn {
            database: before,
            highest,
        }) if before == database && highest <= highest_now => highest,
        _ => return Ok((Plan::Full, next)),
    };
    let filter = format!("(&(uSNChanged>={}){OF_INTEREST})", since.saturating_add(1));
    let mut changed = BTreeSet::new();
    let mut cookie = Vec::new();
    loop {
        let controls = vec![
            control(SHOW_DELETED, true, None),
            control(PAGED, true, Some(paged(what.page_size, &cookie))),
        ];
        let (entries, result) = connection
            .search(domain, Scope::Subtree, &filter, &["objectGUID"], controls)
            .await?;
        if result.rc != 0 {
            return Err(Refusal::new(&result, &[]).of_a_search().into());
        }
        changed.extend(
            entries
                .iter()
                .filter_map(|entry| entry.anchor(Kind::ActiveDirectory)),
        );
        cookie = paged_answer(&result);
        if cookie.is_empty() {
            return Ok((Plan::Named(changed), next));
        }
    }
}

async fn time(
    connection: &mut Connection,
    settings: &Settings,
    what: &SyncSettings,
    place: Option<Place>,
) -> Result<(Plan, Place), Unanswered> {
    let start = settings.clock.now().minus(OVERLAP);
    let Some(Place::Time { from, seen }) = place else {
        let place = Place::Time {
            from: start,
            seen: BTreeSet::new(),
        };
        return Ok((Plan::Full, place));
    };
    let filter = format!(
        "(&(modifyTimestamp>={})(|{}{}))",
        generalized(from),
        object::LDAP_USERS,
        object::LDAP_GROUPS
    );
    let (mut changed, mut next) = (BTreeSet::new(), BTreeSet::new());
    let mut cookie = Vec::new();
    loop {
        let controls = vec![control(PAGED, true, Some(paged(what.page_size, &cookie)))];
        let (entries, result) = connection
            .search(
                &settings.base,
                Scope::Subtree,
                &filter,
                object::VERSION,
                controls,
            )
            .await?;
        if result.rc != 0 {
            return Err(Refusal::new(&result, &[]).of_a_search().into());
        }
        for entry in &entries {
            let Some(version) = object::version(entry) else {
                continue;
            };
            if version.1.is_empty() || !seen.contains(&version) {
                changed.insert(version.0);
            }
            note(&mut next, start, entry, version);
        }
        cookie = paged_answer(&result);
        if cookie.is_empty() {
            let place = Place::Time {
                from: start.max(from),
                seen: bounded(next),
            };
            return Ok((Plan::Named(changed), place));
        }
    }
}

/// Remembers a version that the next run will see again.
pub(super) fn note(
    seen: &mut BTreeSet<Version>,
    from: Timestamp,
    entry: &crate::entry::Entry,
    version: Version,
) {
    let recent = entry
        .text("modifyTimestamp")
        .and_then(certificate::generalized)
        .is_some_and(|time| time >= from);
    if recent && !version.1.is_empty() && seen.len() <= MOST_SEEN {
        seen.insert(version);
    }
}

/// No versions rather than too many, or some.
pub(super) fn bounded(seen: BTreeSet<Version>) -> BTreeSet<Version> {
    if seen.len() > MOST_SEEN {
        BTreeSet::new()
    } else {
        seen
    }
}

/// A moment as a generalised time, in whole seconds.
fn generalized(time: Timestamp) -> String {
    let digits: String = time
        .rfc3339()
        .chars()
        .take(19)
        .filter(char::is_ascii_digit)
        .collect();
    format!("{digits}Z")
}

/// `SEQUENCE { size INTEGER, cookie OCTET STRING }` (RFC 2696).
pub(super) fn paged(size: u32, cookie: &[u8]) -> Vec<u8> {
    let mut value = Zeroizing::new(Vec::new());
    ber::put(&mut value, ber::INTEGER, &ber::number_content(size.into()));
    ber::put(&mut value, ber::OCTET_STRING, cookie);
    let mut sequence = Zeroizing::new(Vec::new());
    ber::put(&mut sequence, ber::SEQUENCE, &value);
    sequence.to_vec()
}

/// The cookie of an answer; empty after the last page.
pub(super) fn paged_answer(result: &LdapResult) -> Vec<u8> {
    let cookie = || {
        let control = result
            .ctrls
            .iter()
            .find(|control| control.1.ctype == PAGED)?;
        let mut parts = Reader(control.1.val.as_deref()?).inside(ber::SEQUENCE)?;
        parts.take(ber::INTEGER)?;
        parts.take(ber::OCTET_STRING)
    };
    cookie().unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_pages_are_written_as_the_standards_say() {
        let time = Timestamp::parse("2026-11-28T09:34:08.900Z").unwrap();
        assert_eq!(generalized(time), "20261128093408Z");
        assert_eq!(paged(500, b"c"), b"\x30\x07\x02\x02\x01\xf4\x04\x01c");
    }
}
