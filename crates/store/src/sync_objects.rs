//! What the objects of a directory are here: accounts and groups by their anchors.

use latchkey_types::{SyncRunId, TenantId, Timestamp};
use uuid::Uuid;

use crate::column::Row;
use crate::db::on;
use crate::{Result, Tx};

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A user.
    User,
    /// A group.
    Group,
}

impl Class {
    /// Its form in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Group]
            .into_iter()
            .find(|class| class.as_str() == text)
    }
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its immutable id in the directory.
    pub anchor: String,
    /// What `held` is sealed to.
    pub id: Uuid,
    /// The on-premises domain.
    pub domain: String,
    /// What it is.
    pub class: Class,
    /// The account or the group, while it is there.
    pub object: Option<Uuid>,
    /// The folded name that the directory gives a user.
    pub upn_key: Option<String>,
    /// What was last sent, as a hash.
    pub digest: Vec<u8>,
    /// The account's version when that was applied; of a group 0. `None`: it was not applied.
    pub applied_version: Option<i64>,
    /// What could not be applied, sealed.
    pub held: Option<Vec<u8>>,
    /// The last run that named it.
    pub seen_run: SyncRunId,
    /// The run under way found it gone.
    pub doomed: bool,
    /// When it was deleted here.
    pub gone_at: Option<Timestamp>,
    /// The version of the account now; of a group that is there 0.
    pub version: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Raw {
    anchor: String,
    id: Uuid,
    domain: String,
    class: String,
    object_id: Option<Uuid>,
    upn_key: Option<String>,
    digest: Vec<u8>,
    applied_version: Option<i64>,
    held: Option<Vec<u8>>,
    seen_run: Uuid,
    doomed: bool,
    gone_at: Option<i64>,
    version: Option<i64>,
}

impl Raw {
    fn into_object(self) -> Result<Object> {
        let row = Row::new("sync_object", self.id);
        Ok(Object {
            class: row.read("class", Class::parse(&self.class))?,
            anchor: self.anchor,
            id: self.id,
            domain: self.domain,
            // What was deleted by hand is not there.
            object: self.object_id.filter(|_| self.version.is_some()),
            upn_key: self.upn_key,
            digest: self.digest,
            applied_version: self.applied_version,
            held: self.held,
            seen_run: SyncRunId(self.seen_run),
            doomed: self.doomed,
            gone_at: self.gone_at.map(Timestamp),
            version: self.version,
        })
    }
}

macro_rules! select {
    () => {
        "SELECT o.anchor, o.id, o.domain, o.class, o.object_id, o.upn_key, o.digest,
             o.applied_version, o.held, o.seen_run, o.doomed, o.gone_at,
             CASE WHEN o.class = 'user' THEN a.version
                 WHEN g.id IS NOT NULL THEN CAST(0 AS BIGINT) END AS version
         FROM sync_object o
         LEFT JOIN account a ON o.class = 'user' AND a.tenant_id = o.tenant_id AND a.id = o.object_id
         LEFT JOIN user_group g ON o.class = 'group' AND g.tenant_id = o.tenant_id
             AND g.id = o.object_id"
    };
}

/// Adds a list of values in brackets: a macro, because the builder's type differs per driver.
macro_rules! push_list {
    ($query:ident, $values:expr) => {{
        $query.push(" IN (");
        let mut list = $query.separated(", ");
        for value in $values {
            list.push_bind(*value);
        }
        $query.push(")");
    }};
}

/// The objects with these anchors.
pub async fn find(tx: &mut Tx, tenant: TenantId, anchors: &[&str]) -> Result<Vec<Object>> {
    if anchors.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Raw> = on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new(select!());
        query.push(" WHERE o.tenant_id = ").push_bind(tenant.0);
        query.push(" AND o.anchor");
        push_list!(query, anchors);
        query.build_query_as().fetch_all(c).await
    })?;
    rows.into_iter().map(Raw::into_object).collect()
}

/// Adds an object or replaces all that is known of it, except its own id.
pub async fn put(tx: &mut Tx, tenant: TenantId, object: &Object) -> Result<()> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO sync_object (tenant_id, anchor, id, domain, class, object_id, upn_key, digest,
             applied_version, held, seen_run, doomed, gone_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (tenant_id, anchor) DO UPDATE SET domain = excluded.domain,
             class = excluded.class, object_id = excluded.object_id, upn_key = excluded.upn_key,
             digest = excluded.digest, applied_version = excluded.applied_version,
             held = excluded.held, seen_run = excluded.seen_run, doomed = excluded.doomed,
             gone_at = excluded.gone_at"
    )
    .bind(tenant.0)
    .bind(&object.anchor)
    .bind(object.id)
    .bind(&object.domain)
    .bind(object.class.as_str())
    .bind(object.object)
    .bind(object.upn_key.as_deref())
    .bind(&object.digest)
    .bind(object.applied_version)
    .bind(object.held.as_deref())
    .bind(object.seen_run.0)
    .bind(object.doomed)
    .bind(object.gone_at.map(|at| at.0))
    .execute(c)
    .await
    .map(drop))
}

/// A run named these objects, unchanged.
pub async fn touch(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    run: SyncRunId,
    anchors: &[&str],
) -> Result<u64> {
    if anchors.is_empty() {
        return Ok(0);
    }
    on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new("UPDATE sync_object SET seen_run = ");
        query
            .push_bind(run.0)
            .push(", doomed = FALSE WHERE tenant_id = ");
        query.push_bind(tenant.0).push(" AND domain = ");
        query.push_bind(domain).push(" AND anchor");
        push_list!(query, anchors);
        query
            .build()
            .execute(c)
            .await
            .map(|done| done.rows_affected())
    })
}

/// Some of the objects, not gone, that claim a folded name: those that are not held first, however many
/// claim it.
pub async fn claimants(tx: &mut Tx, tenant: TenantId, upn_key: &str) -> Result<Vec<String>> {
    // By nothing that is in another index, or SQLite would read all of the tenant's objects by it.
    let mut found: Vec<String> = on!(tx, |c| sqlx::query_scalar(
        "SELECT anchor FROM sync_object
         WHERE tenant_id = $1 AND upn_key = $2 AND gone_at IS NULL
         ORDER BY CASE WHEN held IS NULL THEN 0 ELSE 1 END LIMIT 5"
    )
    .bind(tenant.0)
    .bind(upn_key)
    .fetch_all(c)
    .await)?;
    found.sort_unstable();
    Ok(found)
}

/// The run under way found an object gone. `false`: there is none that is not gone already.
pub async fn doom(tx: &mut Tx, tenant: TenantId, domain: &str, anchor: &str) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE sync_object SET doomed = TRUE
         WHERE tenant_id = $1 AND domain = $2 AND anchor = $3 AND gone_at IS NULL"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(anchor)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// A run that read everything did not name these: it found them gone.
pub async fn doom_unseen(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    run: SyncRunId,
) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "UPDATE sync_object SET doomed = TRUE
         WHERE tenant_id = $1 AND domain = $2 AND seen_run <> $3 AND gone_at IS NULL
             AND NOT doomed"
    )
    .bind(tenant.0)
    .bind(domain)
    .bind(run.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// What an earlier run found gone and did not delete counts no more.
pub async fn spare(tx: &mut Tx, tenant: TenantId, domain: &str) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "UPDATE sync_object SET doomed = FALSE WHERE tenant_id = $1 AND domain = $2 AND doomed"
    )
    .bind(tenant.0)
    .bind(domain)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// How many objects there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct Tally {
    /// Users.
    pub users: i64,
    /// Groups.
    pub groups: i64,
    /// Of both, how many the run under way found gone.
    pub doomed: i64,
    /// Objects that could not be applied.
    pub held: i64,
    /// Users and groups that are gone, and are kept.
    pub gone: i64,
}

/// How many objects of a domain there are.
pub async fn tally(tx: &mut Tx, tenant: TenantId, domain: &str) -> Result<Tally> {
    on!(tx, |c| {
        sqlx::query_as(
            "SELECT CAST(count(*) FILTER (WHERE class = 'user' AND object_id IS NOT NULL
                 AND gone_at IS NULL) AS BIGINT) AS users,
             CAST(count(*) FILTER (WHERE class = 'group' AND object_id IS NOT NULL
                 AND gone_at IS NULL) AS BIGINT) AS groups,
             CAST(count(*) FILTER (WHERE doomed AND object_id IS NOT NULL AND gone_at IS NULL)
                 AS BIGINT) AS doomed,
             CAST(count(*) FILTER (WHERE held IS NOT NULL) AS BIGINT) AS held,
             CAST(count(*) FILTER (WHERE gone_at IS NOT NULL) AS BIGINT) AS gone
         FROM sync_object WHERE tenant_id = $1 AND domain = $2",
        )
        .bind(tenant.0)
        .bind(domain)
        .fetch_one(c)
        .await
    })
}

/// Some of the objects that the run under way found gone.
pub async fn doomed(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    limit: i64,
) -> Result<Vec<Object>> {
    let rows: Vec<Raw> = on!(tx, |c| sqlx::query_as(concat!(
        select!(),
        " WHERE o.tenant_id = $1 AND o.domain = $2 AND o.doomed ORDER BY o.anchor LIMIT $3"
    ))
    .bind(tenant.0)
    .bind(domain)
    .bind(limit)
    .fetch_all(c)
    .await)?;
    rows.into_iter().map(Raw::into_object).collect()
}

/// The objects of a domain that could not be applied, by anchor, after one.
pub async fn held(
    tx: &mut Tx,
    tenant: TenantId,
    domain: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<Object>> {
    let rows: Vec<Raw> = on!(tx, |c| sqlx::query_as(concat!(
        select!(),
        " WHERE o.tenant_id = $1 AND o.domain = $2 AND o.held IS NOT NULL AND o.anchor > $3
          ORDER BY o.anchor LIMIT $4"
    ))
    .bind(tenant.0)
    .bind(domain)
    .bind(after)
    .bind(limit)
    .fetch_all(c)
    .await)?;
    rows.into_iter().map(Raw::into_object).collect()
}

/// Objects of any tenant that are gone since before a moment, oldest first.
pub async fn list_gone(
    tx: &mut Tx,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<(TenantId, Object)>> {
    #[derive(sqlx::FromRow)]
    struct Key {
        tenant_id: Uuid,
        anchor: String,
    }
    let keys: Vec<Key> = on!(tx, |c| sqlx::query_as(
        "SELECT tenant_id, anchor FROM sync_object WHERE gone_at <= $1
         ORDER BY gone_at, anchor LIMIT $2"
    )
    .bind(before.0)
    .bind(limit)
    .fetch_all(c)
    .await)?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let tenant = TenantId(key.tenant_id);
        let objects = find(tx, tenant, &[&key.anchor]).await?;
        found.extend(objects.into_iter().map(|object| (tenant, object)));
    }
    Ok(found)
}

/// Forgets an object. Its account or group stays. `false`: it is not known, or came back.
pub async fn remove(
    tx: &mut Tx,
    tenant: TenantId,
    anchor: &str,
    gone_at: Option<Timestamp>,
) -> Result<bool> {
    let removed = on!(tx, |c| sqlx::query(
        "DELETE FROM sync_object WHERE tenant_id = $1 AND anchor = $2
             AND (gone_at = $3 OR (gone_at IS NULL AND $3 IS NULL))"
    )
    .bind(tenant.0)
    .bind(anchor)
    .bind(gone_at.map(|at| at.0))
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))?;
    if removed {
        clear_members(tx, tenant, anchor).await?;
    }
    Ok(removed)
}

/// The anchors of the direct members of a group (`CROSS JOIN`: SQLite then begins with the members,
/// and not with all objects), as far as a directory has them.
pub async fn member_anchors(tx: &mut Tx, tenant: TenantId, group: Uuid) -> Result<Vec<String>> {
    on!(tx, |c| sqlx::query_scalar(
        "SELECT o.anchor FROM group_user m CROSS JOIN sync_object o
         WHERE m.tenant_id = $1 AND m.group_id = $2 AND o.tenant_id = m.tenant_id
             AND o.object_id = m.user_id
         UNION SELECT o.anchor FROM group_group m CROSS JOIN sync_object o
         WHERE m.tenant_id = $1 AND m.group_id = $2 AND o.tenant_id = m.tenant_id
             AND o.object_id = m.member_id"
    )
    .bind(tenant.0)
    .bind(group)
    .fetch_all(c)
    .await)
}

/// The synchronised groups that a group is a direct member of: their anchors and ids.
pub async fn containers(tx: &mut Tx, tenant: TenantId, group: Uuid) -> Result<Vec<(String, Uuid)>> {
    on!(tx, |c| sqlx::query_as(
        "SELECT o.anchor, m.group_id FROM group_group m CROSS JOIN sync_object o
         WHERE m.tenant_id = $1 AND m.member_id = $2 AND o.tenant_id = m.tenant_id
             AND o.object_id = m.group_id AND o.class = 'group'"
    )
    .bind(tenant.0)
    .bind(group)
    .fetch_all(c)
    .await)
}

/// Keeps that a group has a member that is not here.
pub async fn add_member(
    tx: &mut Tx,
    tenant: TenantId,
    group_anchor: &str,
    member_anchor: &str,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO sync_member (tenant_id, group_anchor, member_anchor) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING"
    )
    .bind(tenant.0)
    .bind(group_anchor)
    .bind(member_anchor)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// The groups, not gone, that have a member that was not here.
pub async fn waiting_groups(tx: &mut Tx, tenant: TenantId, member: &str) -> Result<Vec<String>> {
    on!(tx, |c| sqlx::query_scalar(
        "SELECT m.group_anchor FROM sync_member m CROSS JOIN sync_object o
         WHERE m.tenant_id = $1 AND m.member_anchor = $2 AND o.tenant_id = m.tenant_id
             AND o.anchor = m.group_anchor AND o.gone_at IS NULL"
    )
    .bind(tenant.0)
    .bind(member)
    .fetch_all(c)
    .await)
}

/// The members of a group that are not here.
pub async fn waiting_members(tx: &mut Tx, tenant: TenantId, group: &str) -> Result<Vec<String>> {
    on!(tx, |c| sqlx::query_scalar(
        "SELECT member_anchor FROM sync_member WHERE tenant_id = $1 AND group_anchor = $2
         ORDER BY member_anchor"
    )
    .bind(tenant.0)
    .bind(group)
    .fetch_all(c)
    .await)
}

/// How many members of a domain's groups are not here.
pub async fn count_waiting(tx: &mut Tx, tenant: TenantId, domain: &str) -> Result<i64> {
    on!(tx, |c| sqlx::query_scalar(
        "SELECT CAST(count(*) AS BIGINT) FROM sync_member m JOIN sync_object o
             ON o.tenant_id = m.tenant_id AND o.anchor = m.group_anchor AND o.gone_at IS NULL
         WHERE m.tenant_id = $1 AND o.domain = $2"
    )
    .bind(tenant.0)
    .bind(domain)
    .fetch_one(c)
    .await)
}

/// Forgets that a group waits for a member.
pub async fn remove_member(
    tx: &mut Tx,
    tenant: TenantId,
    group_anchor: &str,
    member_anchor: &str,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM sync_member WHERE tenant_id = $1 AND group_anchor = $2 AND member_anchor = $3"
    )
    .bind(tenant.0)
    .bind(group_anchor)
    .bind(member_anchor)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Forgets all members that a group waits for.
pub async fn clear_members(tx: &mut Tx, tenant: TenantId, group_anchor: &str) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM sync_member WHERE tenant_id = $1 AND group_anchor = $2"
    )
    .bind(tenant.0)
    .bind(group_anchor)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
