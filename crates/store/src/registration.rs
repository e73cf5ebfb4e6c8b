//! Who registered security info and when, and whose password expires. None of this makes a user's
//! version grow: it changes nothing about what they may do.

use latchkey_types::{GroupId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::db::on;
use crate::{Result, Tx, accounts};

/// Notes that a person registered or confirmed their security info. `false`: no such user.
pub async fn confirm(tx: &mut Tx, tenant: TenantId, user: UserId, now: Timestamp) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET confirmed_at = $3 WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Notes that a forgotten password was reset: security info is held for a while. `false`: no such
/// user.
pub async fn note_reset(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET reset_at = $3 WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Asks one user to register or confirm once more. `false`: no such user.
pub async fn require_of_user(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET register_again_at = $3 WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Asks every user of a tenant to register or confirm once more; how many there are. One row is
/// written, however many they are; whoever is added later is not asked.
pub async fn require_of_all(tx: &mut Tx, tenant: TenantId, now: Timestamp) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "UPDATE tenant SET register_again_at = $2 WHERE id = $1"
    )
    .bind(tenant.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(drop))?;
    let asked = accounts::count(tx, tenant, &accounts::Filter::default()).await?;
    Ok(u64::try_from(asked).unwrap_or(0))
}

/// Asks the members of a group, direct or not, to register or confirm once more; how many there are.
/// Cycles of groups do no harm.
pub async fn require_of_group(
    tx: &mut Tx,
    tenant: TenantId,
    group: GroupId,
    now: Timestamp,
) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "WITH RECURSIVE inside (id) AS (
             SELECT id FROM user_group WHERE tenant_id = $1 AND id = $2
             UNION
             SELECT g.member_id FROM group_group g JOIN inside i ON g.group_id = i.id
             WHERE g.tenant_id = $1)
         UPDATE account SET register_again_at = $3
         WHERE tenant_id = $1 AND id IN (
             SELECT m.user_id FROM group_user m JOIN inside i ON m.group_id = i.id
             WHERE m.tenant_id = $1)"
    )
    .bind(tenant.0)
    .bind(group.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Somebody whose password expires soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiring {
    /// Who.
    pub user: UserId,
    /// When the password was set.
    pub set_at: Timestamp,
    /// The fewest days before the expiry of which they were told.
    pub told_days: Option<i64>,
}

/// The statement of [`expiring`]: tests ask both databases how they run it.
pub const EXPIRING: &str = "SELECT id, password_set_at, expiry_told_days FROM account
    WHERE tenant_id = $1 AND password_set_at IS NOT NULL
        AND (password_set_at, id) > ($2, $3) AND password_set_at <= $4
        AND enabled AND NOT password_never_expires AND managed = 'cloud'
        AND (expiry_told_days IS NULL OR expiry_told_days > $5)
    ORDER BY password_set_at, id LIMIT $6";

/// Enabled users with a password in the cloud that was set after one moment and not after another,
/// which expires, and of whose expiry in so many days they were not told; the oldest passwords
/// first, after one of them.
pub async fn expiring(
    tx: &mut Tx,
    tenant: TenantId,
    span: (Timestamp, Timestamp),
    days: i64,
    after: Option<(Timestamp, UserId)>,
    limit: i64,
) -> Result<Vec<Expiring>> {
    // One lower bound, so that both databases begin in the index where the last page ended.
    let (after_at, after_id) = after.map_or((span.0, Uuid::max()), |(at, id)| (at, id.0));
    let rows: Vec<(Uuid, i64, Option<i64>)> = on!(tx, |c| sqlx::query_as(EXPIRING)
        .bind(tenant.0)
        .bind(after_at.0)
        .bind(after_id)
        .bind(span.1.0)
        .bind(days)
        .bind(limit)
        .fetch_all(c)
        .await)?;
    Ok(rows
        .into_iter()
        .map(|(user, set_at, told_days)| Expiring {
            user: UserId(user),
            set_at: Timestamp(set_at),
            told_days,
        })
        .collect())
}

/// Notes that somebody is told that this password expires in so many days: of any number of callers,
/// one tells.
pub async fn tell_expiry(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    set_at: Timestamp,
    days: i64,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET expiry_told_days = $4
         WHERE tenant_id = $1 AND id = $2 AND password_set_at = $3
             AND (expiry_told_days IS NULL OR expiry_told_days > $4)"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(set_at.0)
    .bind(days)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Db, Options};

    #[tokio::test]
    async fn expiring_passwords_are_read_in_the_order_of_the_index() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("latchkey.db").display());
        let db = Db::open(&url, &Options::default()).await.unwrap();
        db.migrate().await.unwrap();
        let plan = db
            .read(async |mut tx| {
                on!(&mut tx, |c| {
                    let mut query = sqlx::QueryBuilder::new("EXPLAIN QUERY PLAN ");
                    query.push(EXPIRING);
                    query
                        .build_query_as::<(i64, i64, i64, String)>()
                        .fetch_all(c)
                        .await
                })
            })
            .await
            .unwrap();
        let steps: Vec<&str> = plan.iter().map(|step| step.3.as_str()).collect();
        // One step: no sorting after it.
        let [search] = steps[..] else {
            panic!("{steps:?}")
        };
        assert!(
            search.contains("account_by_password_age (tenant_id=?")
                && search.contains("(password_set_at,id)>(?,?)"),
            "{search}"
        );
        db.close().await;
    }
}
