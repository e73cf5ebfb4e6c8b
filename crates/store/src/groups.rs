//! Security groups: users in groups, and groups in groups. Cycles do no harm.

use latchkey_core::model::Source;
use latchkey_types::{GroupId, TenantId, Timestamp, UserId, fold};
use uuid::Uuid;

use crate::column::Row;
use crate::db::on;
use crate::{Result, StoreError, Tx};

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name, unique in the tenant without regard to case.
    pub name: String,
    /// Made here or read from a directory.
    pub source: Source,
    /// When it was created.
    pub created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct GroupRow {
    id: Uuid,
    name: String,
    source: String,
    created_at: i64,
}

impl GroupRow {
    fn into_group(self) -> Result<Group> {
        let row = Row::new("user_group", self.id);
        Ok(Group {
            id: GroupId(self.id),
            name: self.name,
            source: row.read("source", Source::parse(&self.source))?,
            created_at: Timestamp(self.created_at),
        })
    }
}

/// Adds a group. [`StoreError::Conflict`] if the name is taken; the transaction may go on.
pub async fn insert(tx: &mut Tx, tenant: TenantId, group: &Group) -> Result<()> {
    let added = on!(tx, |c| sqlx::query(
        "INSERT INTO user_group (tenant_id, id, name, name_key, source, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"
    )
    .bind(tenant.0)
    .bind(group.id.0)
    .bind(&group.name)
    .bind(fold(&group.name))
    .bind(group.source.as_str())
    .bind(group.created_at.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))?;
    if added {
        Ok(())
    } else {
        Err(StoreError::Conflict("group"))
    }
}

/// A group.
pub async fn get(tx: &mut Tx, tenant: TenantId, id: GroupId) -> Result<Option<Group>> {
    let row: Option<GroupRow> = on!(tx, |c| sqlx::query_as(
        "SELECT id, name, source, created_at FROM user_group WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .fetch_optional(c)
    .await)?;
    row.map(GroupRow::into_group).transpose()
}

/// The group of a name, in any case.
pub async fn find_by_name(tx: &mut Tx, tenant: TenantId, name: &str) -> Result<Option<Group>> {
    let row: Option<GroupRow> = on!(tx, |c| sqlx::query_as(
        "SELECT id, name, source, created_at FROM user_group
         WHERE tenant_id = $1 AND name_key = $2"
    )
    .bind(tenant.0)
    .bind(fold(name))
    .fetch_optional(c)
    .await)?;
    row.map(GroupRow::into_group).transpose()
}

/// Groups by name. `after`: the name of the last one of the page before.
pub async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Group>> {
    let rows: Vec<GroupRow> = on!(tx, |c| sqlx::query_as(
        "SELECT id, name, source, created_at FROM user_group
         WHERE tenant_id = $1 AND name_key > $2 ORDER BY name_key LIMIT $3"
    )
    .bind(tenant.0)
    .bind(after.map(fold).unwrap_or_default())
    .bind(limit)
    .fetch_all(c)
    .await)?;
    rows.into_iter().map(GroupRow::into_group).collect()
}

/// Gives a group another name. `false`: there is no such group, or the name is another's.
pub async fn set_name(tx: &mut Tx, tenant: TenantId, id: GroupId, name: &str) -> Result<bool> {
    let key = fold(name);
    on!(tx, |c| sqlx::query(
        "UPDATE user_group SET name = $3, name_key = $4 WHERE tenant_id = $1 AND id = $2
             AND NOT EXISTS (SELECT 1 FROM user_group o
                 WHERE o.tenant_id = $1 AND o.name_key = $4 AND o.id <> $2)"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(name)
    .bind(&key)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Deletes a group and its memberships, not its members.
pub async fn delete(tx: &mut Tx, tenant: TenantId, id: GroupId) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM user_group WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Puts a user into a group. `false`: it was there, or one of the two does not exist.
pub async fn add_user(tx: &mut Tx, tenant: TenantId, group: GroupId, user: UserId) -> Result<bool> {
    alter(
        tx,
        "INSERT INTO group_user (tenant_id, group_id, user_id)
         SELECT g.tenant_id, g.id, a.id FROM user_group g
         JOIN account a ON a.tenant_id = g.tenant_id
         WHERE g.tenant_id = $1 AND g.id = $2 AND a.id = $3
         ON CONFLICT DO NOTHING",
        [tenant.0, group.0, user.0],
    )
    .await
}

/// Takes a user out of a group.
pub async fn remove_user(
    tx: &mut Tx,
    tenant: TenantId,
    group: GroupId,
    user: UserId,
) -> Result<bool> {
    alter(
        tx,
        "DELETE FROM group_user WHERE tenant_id = $1 AND group_id = $2 AND user_id = $3",
        [tenant.0, group.0, user.0],
    )
    .await
}

/// Puts a group into a group. `false`: it was there, or one of the two does not exist.
pub async fn add_group(
    tx: &mut Tx,
    tenant: TenantId,
    group: GroupId,
    member: GroupId,
) -> Result<bool> {
    alter(
        tx,
        "INSERT INTO group_group (tenant_id, group_id, member_id)
         SELECT g.tenant_id, g.id, m.id FROM user_group g
         JOIN user_group m ON m.tenant_id = g.tenant_id
         WHERE g.tenant_id = $1 AND g.id = $2 AND m.id = $3
         ON CONFLICT DO NOTHING",
        [tenant.0, group.0, member.0],
    )
    .await
}

/// Takes a group out of a group.
pub async fn remove_group(
    tx: &mut Tx,
    tenant: TenantId,
    group: GroupId,
    member: GroupId,
) -> Result<bool> {
    alter(
        tx,
        "DELETE FROM group_group WHERE tenant_id = $1 AND group_id = $2 AND member_id = $3",
        [tenant.0, group.0, member.0],
    )
    .await
}

/// Puts in or takes out: the tenant, the group, the member. Whether a row was written.
async fn alter(tx: &mut Tx, sql: &'static str, ids: [Uuid; 3]) -> Result<bool> {
    let [tenant, group, member] = ids;
    on!(tx, |c| sqlx::query(sql)
        .bind(tenant)
        .bind(group)
        .bind(member)
        .execute(c)
        .await
        .map(|done| done.rows_affected() == 1))
}

/// The users who are direct members, by id, after one.
pub async fn list_users(
    tx: &mut Tx,
    tenant: TenantId,
    group: GroupId,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<UserId>> {
    let sql = "SELECT user_id FROM group_user
         WHERE tenant_id = $1 AND group_id = $2 AND user_id > $3 ORDER BY user_id LIMIT $4";
    let after = after.map_or(Uuid::nil(), |after| after.0);
    let ids = members(tx, sql, [tenant.0, group.0, after], limit).await?;
    Ok(ids.into_iter().map(UserId).collect())
}

/// The groups that are direct members, by id, after one.
pub async fn list_groups(
    tx: &mut Tx,
    tenant: TenantId,
    group: GroupId,
    after: Option<GroupId>,
    limit: i64,
) -> Result<Vec<GroupId>> {
    let sql = "SELECT member_id FROM group_group
         WHERE tenant_id = $1 AND group_id = $2 AND member_id > $3 ORDER BY member_id LIMIT $4";
    let after = after.map_or(Uuid::nil(), |after| after.0);
    let ids = members(tx, sql, [tenant.0, group.0, after], limit).await?;
    Ok(ids.into_iter().map(GroupId).collect())
}

/// A page of members: the tenant, the group, the one before the first.
async fn members(tx: &mut Tx, sql: &'static str, ids: [Uuid; 3], limit: i64) -> Result<Vec<Uuid>> {
    let [tenant, group, after] = ids;
    on!(tx, |c| sqlx::query_scalar(sql)
        .bind(tenant)
        .bind(group)
        .bind(after)
        .bind(limit)
        .fetch_all(c)
        .await)
}

/// Whether a user is in one of these groups, directly or through groups in them. One statement, also
/// where there is no group.
pub async fn is_member_transitive(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    groups: &[GroupId],
) -> Result<bool> {
    on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new(
            "WITH RECURSIVE reached (id) AS (
                 SELECT u.group_id FROM group_user u WHERE u.tenant_id = ",
        );
        query
            .push_bind(tenant.0)
            .push(" AND u.user_id = ")
            .push_bind(user.0);
        // UNION, not UNION ALL: a group that was reached is not visited again.
        query.push(
            " UNION SELECT g.group_id FROM group_group g JOIN reached r ON g.member_id = r.id
              WHERE g.tenant_id = ",
        );
        query.push_bind(tenant.0);
        query.push(") SELECT EXISTS (SELECT 1 FROM reached WHERE id IN (NULL");
        for group in groups {
            query.push(", ").push_bind(group.0);
        }
        query.push("))");
        query.build_query_scalar().fetch_one(c).await
    })
}
