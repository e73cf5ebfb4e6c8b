//! A group of a directory, and its members: users and groups by their anchors.

use std::collections::BTreeSet;

use latchkey_core::audit::Activity;
use latchkey_core::model::Source;
use latchkey_store::groups::{self, Group};
use latchkey_store::sync_objects::{self, Class, Object as Known};
use latchkey_store::{StoreError, Tx};
use latchkey_types::{GroupId, UserId};
use latchkey_wire::v1::Object;
use uuid::Uuid;

use super::object::{Applied, Refused, value};
use super::{CHUNK, Work};
use crate::AppError;
use crate::admin::group::new as new_group;
use crate::audit::{Entry, Target};

/// How many direct members are read at a time.
const MEMBERS: i64 = 1_000;

/// Makes a group, or changes what changed.
pub(super) async fn apply(
    tx: &mut Tx,
    work: &mut Work<'_>,
    known: &Known,
    object: &Object,
) -> Result<Result<Applied, Refused>, AppError> {
    let tenant = work.tenant.id;
    let name = match value(object, "name") {
        None => None,
        Some(name) => match new_group(work.app, name) {
            Ok(group) => Some(group),
            Err(error) => return Ok(Err(Refused::new("malformed_name", error.to_string()))),
        },
    };
    let taken = |name: &str| Refused::new("group_name_taken", format!("{name}: the name is taken"));
    let group = match (known.object, name) {
        (Some(id), name) => {
            let id = GroupId(id);
            let Some(mut group) = groups::get(tx, tenant, id).await? else {
                return Err(AppError::bug("a group went while its row was held"));
            };
            let mut fields: Vec<&str> = Vec::new();
            if let Some(new) = name.filter(|new| new.name != group.name) {
                if !groups::set_name(tx, tenant, id, &new.name).await? {
                    return Ok(Err(taken(&new.name)));
                }
                group.name = new.name;
                fields.push("name");
            }
            let members = match (&object.members, known.gone_at) {
                (Some(members), _) => Some(members.clone()),
                // Back as it was: what it lost waits.
                (None, Some(_)) => {
                    Some(sync_objects::waiting_members(tx, tenant, &known.anchor).await?)
                }
                (None, None) => None,
            };
            let is_restored = known.gone_at.is_some();
            if let Some(members) = members
                && set_members(tx, work, known, &group, &members).await?
            {
                fields.push("members");
            }
            if is_restored {
                work.counts.restored += 1;
            } else if !fields.is_empty() {
                work.counts.changed += 1;
            }
            return Ok(Ok(done(&group)));
        }
        (None, Some(new)) => Group {
            source: Source::Synchronised,
            ..new
        },
        (None, None) => {
            let detail = "the directory has no name for it";
            return Ok(Err(Refused::new("no_name", detail)));
        }
    };
    match groups::insert(tx, tenant, &group).await {
        Ok(()) => {}
        Err(StoreError::Conflict(_)) => return Ok(Err(taken(&group.name))),
        Err(error) => return Err(error.into()),
    }
    work.counts.created += 1;
    work.entries.push(
        Entry::new(Activity::GroupCreated)
            .on(target(&group))
            .with("source", "synchronised"),
    );
    if let Some(members) = &object.members {
        set_members(tx, work, known, &group, members).await?;
    }
    Ok(Ok(done(&group)))
}

fn done(group: &Group) -> Applied {
    Applied {
        object: group.id.0,
        version: 0,
        wrong: Vec::new(),
    }
}

pub(super) fn target(group: &Group) -> Option<Target> {
    Some(Target::thing("group", group.id.0, &group.name))
}

/// Makes a group's members those of a list; whether that changed anything. Who is not here waits.
async fn set_members(
    tx: &mut Tx,
    work: &mut Work<'_>,
    known: &Known,
    group: &Group,
    anchors: &[String],
) -> Result<bool, AppError> {
    let tenant = work.tenant.id;
    let anchors: BTreeSet<&str> = anchors.iter().map(|anchor| anchor.trim()).collect();
    let list: Vec<&str> = anchors
        .iter()
        .copied()
        .filter(|a| *a != known.anchor)
        .collect();
    let (mut users, mut inner) = (BTreeSet::new(), BTreeSet::new());
    let mut absent: BTreeSet<&str> = list.iter().copied().collect();
    for some in list.chunks(CHUNK) {
        for member in sync_objects::find(tx, tenant, some).await? {
            let Some(id) = member.object else { continue };
            // A member of another on-premises domain is nobody that this one can name.
            if member.domain != work.domain {
                continue;
            }
            // Groups that are gone come back by themselves.
            if member.gone_at.is_some() && member.class == Class::Group {
                continue;
            }
            absent.remove(member.anchor.as_str());
            match member.class {
                Class::User => users.insert(id),
                Class::Group => inner.insert(id),
            };
        }
    }
    let had_users = all_users(tx, work, group.id).await?;
    let had_groups = all_groups(tx, work, group.id).await?;
    let mut changes = 0_u64;
    for id in users.difference(&had_users) {
        changes += u64::from(groups::add_user(tx, tenant, group.id, UserId(*id)).await?);
    }
    for id in had_users.difference(&users) {
        changes += u64::from(groups::remove_user(tx, tenant, group.id, UserId(*id)).await?);
    }
    for id in inner.difference(&had_groups) {
        changes += u64::from(groups::add_group(tx, tenant, group.id, GroupId(*id)).await?);
    }
    for id in had_groups.difference(&inner) {
        changes += u64::from(groups::remove_group(tx, tenant, group.id, GroupId(*id)).await?);
    }
    sync_objects::clear_members(tx, tenant, &known.anchor).await?;
    for anchor in absent {
        if anchor.len() <= 100 {
            sync_objects::add_member(tx, tenant, &known.anchor, anchor).await?;
        }
    }
    let added = users.difference(&had_users).count() + inner.difference(&had_groups).count();
    let removed = had_users.difference(&users).count() + had_groups.difference(&inner).count();
    for (activity, count) in [
        (Activity::MemberAdded, added),
        (Activity::MemberRemoved, removed),
    ] {
        if count > 0 {
            work.entries.push(
                Entry::new(activity)
                    .on(target(group))
                    .with("source", "synchronised")
                    .with("members", count),
            );
        }
    }
    Ok(changes > 0)
}

async fn all_users(
    tx: &mut Tx,
    work: &Work<'_>,
    group: GroupId,
) -> Result<BTreeSet<Uuid>, AppError> {
    let mut all = BTreeSet::new();
    let mut after = None;
    loop {
        let some = groups::list_users(tx, work.tenant.id, group, after, MEMBERS).await?;
        let Some(last) = some.last() else {
            return Ok(all);
        };
        after = Some(*last);
        all.extend(some.into_iter().map(|id| id.0));
    }
}

async fn all_groups(
    tx: &mut Tx,
    work: &Work<'_>,
    group: GroupId,
) -> Result<BTreeSet<Uuid>, AppError> {
    let mut all = BTreeSet::new();
    let mut after = None;
    loop {
        let some = groups::list_groups(tx, work.tenant.id, group, after, MEMBERS).await?;
        let Some(last) = some.last() else {
            return Ok(all);
        };
        after = Some(*last);
        all.extend(some.into_iter().map(|id| id.0));
    }
}

/// Somebody is here now: groups that waited for them have them.
pub(super) async fn join(tx: &mut Tx, work: &mut Work<'_>, member: &Known) -> Result<(), AppError> {
    let tenant = work.tenant.id;
    let Some(id) = member.object else {
        return Ok(());
    };
    let waiting = sync_objects::waiting_groups(tx, tenant, &member.anchor).await?;
    for anchor in waiting {
        let found = sync_objects::find(tx, tenant, &[&anchor]).await?.pop();
        let Some(group) = found.filter(|group| group.domain == work.domain) else {
            continue;
        };
        let Some(group) = group.object.map(GroupId) else {
            continue;
        };
        match member.class {
            Class::User => groups::add_user(tx, tenant, group, UserId(id)).await?,
            Class::Group => groups::add_group(tx, tenant, group, GroupId(id)).await?,
        };
        sync_objects::remove_member(tx, tenant, &anchor, &member.anchor).await?;
        if let Some(group) = groups::get(tx, tenant, group).await? {
            work.entries.push(
                Entry::new(Activity::MemberAdded)
                    .on(target(&group))
                    .with("source", "synchronised")
                    .with("member_id", id.to_string())
                    .with("members", 1),
            );
        }
    }
    Ok(())
}

/// A group is gone: it keeps its name and its place in policies, and has no members, so that it lets
/// nobody do anything. They wait for it, and it waits in the groups that it is in.
pub(super) async fn empty(tx: &mut Tx, work: &mut Work<'_>, known: &Known) -> Result<(), AppError> {
    let tenant = work.tenant.id;
    let Some(id) = known.object else {
        return Ok(());
    };
    let id = GroupId(id);
    for anchor in sync_objects::member_anchors(tx, tenant, id.0).await? {
        sync_objects::add_member(tx, tenant, &known.anchor, &anchor).await?;
    }
    for user in all_users(tx, work, id).await? {
        groups::remove_user(tx, tenant, id, UserId(user)).await?;
    }
    for inner in all_groups(tx, work, id).await? {
        groups::remove_group(tx, tenant, id, GroupId(inner)).await?;
    }
    for (anchor, container) in sync_objects::containers(tx, tenant, id.0).await? {
        groups::remove_group(tx, tenant, GroupId(container), id).await?;
        sync_objects::add_member(tx, tenant, &anchor, &known.anchor).await?;
    }
    if let Some(group) = groups::get(tx, tenant, id).await? {
        work.entries.push(
            Entry::new(Activity::GroupDeleted)
                .because("gone from the directory")
                .on(target(&group))
                .with("source", "synchronised"),
        );
    }
    Ok(())
}
