//! Groups and their members.

use latchkey_core::audit::Activity;
use latchkey_core::model::{Source, Tenant};
use latchkey_store::groups::{self, Group};
use latchkey_store::{StoreError, Tx, accounts};
use latchkey_types::{GroupId, TenantId};
use serde::Serialize;

use super::{PAGE, find};
use crate::audit::{Entry, Target, record_one};
use crate::{App, AppError, Ctx};

/// A group as an administrator sees it.
#[derive(Debug, Clone, Serialize)]
pub struct GroupView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `cloud` or `synchronised`.
    pub source: &'static str,
    /// The first of its direct members, users and groups; only where one group is shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// The groups in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

impl GroupView {
    fn new(group: &Group) -> Self {
        Self {
            id: group.id.to_string(),
            name: group.name.clone(),
            source: group.source.as_str(),
            users: Vec::new(),
            groups: Vec::new(),
        }
    }
}

/// What is put into a group or taken out.
#[derive(Debug, Clone, Copy)]
pub enum Member<'a> {
    /// A user, by name or id.
    User(&'a str),
    /// A group of the same tenant, by name or id.
    Group(&'a str),
}

/// Creates a group.
pub async fn create(app: &App, ctx: &Ctx, tenant: &str, name: &str) -> Result<GroupView, AppError> {
    let group = new(app, name)?;
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            create_in(tx, app, ctx, &tenant, &group).await?;
            Ok::<_, AppError>(GroupView::new(&group))
        })
        .await
}

/// A group that is not in the database yet.
pub(crate) fn new(app: &App, name: &str) -> Result<Group, AppError> {
    let name = name.trim();
    if name.is_empty()
        || name.chars().count() > 100
        || name.contains(',')
        || name.chars().any(char::is_control)
    {
        return Err(AppError::Invalid(
            "a group's name has 1 to 100 characters, none of them a comma".into(),
        ));
    }
    Ok(Group {
        id: GroupId::new(app.clock(), app.entropy()),
        name: name.to_owned(),
        source: Source::Cloud,
        created_at: app.clock().now(),
    })
}

pub(crate) async fn create_in(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: &Tenant,
    group: &Group,
) -> Result<(), AppError> {
    match groups::insert(tx, tenant.id, group).await {
        Ok(()) => {}
        Err(StoreError::Conflict(_)) => {
            return Err(AppError::Conflict(format!(
                "there is a group {:?} already",
                group.name
            )));
        }
        Err(error) => return Err(error.into()),
    }
    let entry = Entry::new(Activity::GroupCreated).on(target(group));
    record_one(tx, app, ctx, tenant, entry).await
}

fn target(group: &Group) -> Option<Target> {
    Some(Target::thing("group", group.id.0, &group.name))
}

pub(super) async fn find_in(tx: &mut Tx, tenant: TenantId, typed: &str) -> Result<Group, AppError> {
    let found = match GroupId::parse(typed) {
        Ok(id) => groups::get(tx, tenant, id).await?,
        Err(_) => groups::find_by_name(tx, tenant, typed).await?,
    };
    found.ok_or_else(|| AppError::Invalid(format!("there is no group {typed:?}")))
}

/// Groups by name, after one, a page at a time.
pub async fn list(
    app: &App,
    tenant: TenantId,
    after: Option<&str>,
) -> Result<Vec<GroupView>, AppError> {
    let page = app
        .db()
        .read(async |mut tx| {
            groups::list(&mut tx, tenant, after, PAGE)
                .await
                .map_err(AppError::from)
        })
        .await?;
    Ok(page.iter().map(GroupView::new).collect())
}

/// One group with its first direct members.
pub async fn show(app: &App, tenant: &str, typed: &str) -> Result<GroupView, AppError> {
    app.db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            let group = find_in(tx, tenant.id, typed).await?;
            let mut view = GroupView::new(&group);
            for id in groups::list_users(tx, tenant.id, group.id, None, PAGE).await? {
                if let Some(user) = accounts::get(tx, tenant.id, id).await? {
                    view.users.push(user.upn.to_string());
                }
            }
            for id in groups::list_groups(tx, tenant.id, group.id, None, PAGE).await? {
                if let Some(inner) = groups::get(tx, tenant.id, id).await? {
                    view.groups.push(inner.name);
                }
            }
            Ok::<_, AppError>(view)
        })
        .await
}

/// Puts somebody or a group into a group. `false`: it was there already.
pub async fn add(
    app: &App,
    ctx: &Ctx,
    tenant: &str,
    group: &str,
    member: Member<'_>,
) -> Result<bool, AppError> {
    alter(app, ctx, tenant, group, member, true).await
}

/// Takes somebody or a group out of a group. `false`: it was not there.
pub async fn remove(
    app: &App,
    ctx: &Ctx,
    tenant: &str,
    group: &str,
    member: Member<'_>,
) -> Result<bool, AppError> {
    alter(app, ctx, tenant, group, member, false).await
}

async fn alter(
    app: &App,
    ctx: &Ctx,
    tenant: &str,
    group: &str,
    member: Member<'_>,
    add: bool,
) -> Result<bool, AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            let group = find_in(tx, tenant.id, group).await?;
            if group.source == Source::Synchronised {
                return Err(AppError::Conflict(format!(
                    "the members of {:?} are those that the directory has: change them there",
                    group.name
                )));
            }
            let (kind, id, name, done) = match member {
                Member::User(typed) => {
                    let user = find::user_in(tx, typed).await?;
                    if user.tenant != tenant.id {
                        return Err(AppError::Invalid(format!(
                            "{} is a user of another tenant",
                            user.upn
                        )));
                    }
                    let done = if add {
                        groups::add_user(tx, tenant.id, group.id, user.id).await?
                    } else {
                        groups::remove_user(tx, tenant.id, group.id, user.id).await?
                    };
                    ("user", user.id.0, user.upn.to_string(), done)
                }
                Member::Group(typed) => {
                    let inner = find_in(tx, tenant.id, typed).await?;
                    if inner.id == group.id {
                        return Err(AppError::Invalid("a group cannot be in itself".into()));
                    }
                    let done = if add {
                        groups::add_group(tx, tenant.id, group.id, inner.id).await?
                    } else {
                        groups::remove_group(tx, tenant.id, group.id, inner.id).await?
                    };
                    ("group", inner.id.0, inner.name, done)
                }
            };
            if done {
                let activity = if add {
                    Activity::MemberAdded
                } else {
                    Activity::MemberRemoved
                };
                let entry = Entry::new(activity)
                    .on(target(&group))
                    .with("member_kind", kind)
                    .with("member_id", id.to_string())
                    .with("member", name);
                record_one(tx, app, ctx, &tenant, entry).await?;
            }
            Ok(done)
        })
        .await
}

/// Deletes a group, not its members. Refused while a policy names it: without its last group nobody
/// could reset, and nobody would know why.
pub async fn delete(app: &App, ctx: &Ctx, tenant: &str, group: &str) -> Result<(), AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            let group = find_in(tx, tenant.id, group).await?;
            if let latchkey_core::settings::Scope::Selected(selected) = &tenant.settings.reset.scope
                && selected.contains(&group.id)
            {
                return Err(AppError::Conflict(format!(
                    "the policy lets the members of {:?} reset: change reset.scope first",
                    group.name
                )));
            }
            if !groups::delete(tx, tenant.id, group.id).await? {
                return Err(AppError::NotFound);
            }
            let entry = Entry::new(Activity::GroupDeleted).on(target(&group));
            record_one(tx, app, ctx, &tenant, entry).await
        })
        .await
}
