//! Users. Every change of an account, its roles or its methods makes its version grow by one.

use latchkey_core::model::{Managed, Role, Source, User, UserType};
use latchkey_types::{CountryCode, GroupId, Locale, TenantId, Timestamp, Upn, UserId, fold};
use uuid::Uuid;

use crate::column::{Row, prefix_end, to_json};
use crate::db::on;
use crate::names::{self, NameKind};
use crate::{Result, StoreError, Tx, history};

#[derive(sqlx::FromRow)]
pub(crate) struct AccountRow {
    tenant_id: Uuid,
    id: Uuid,
    upn: String,
    display_name: String,
    given_name: String,
    family_name: String,
    mail: Option<String>,
    other_mails: String,
    mobile_phone: Option<String>,
    office_phone: Option<String>,
    contact_changed_at: Option<i64>,
    usage_location: Option<String>,
    locale: Option<String>,
    enabled: bool,
    source: String,
    anchor: Option<String>,
    agent_domain: Option<String>,
    managed: String,
    user_type: String,
    password_set_at: Option<i64>,
    must_change_password: bool,
    password_never_expires: bool,
    frozen_at: Option<i64>,
    confirmed_at: Option<i64>,
    register_again_at: Option<i64>,
    reset_at: Option<i64>,
    version: i64,
    created_at: i64,
    /// When everybody in the tenant was asked to register again.
    all_again_at: Option<i64>,
    /// Names of roles, with bars between them.
    roles: Option<String>,
}

impl AccountRow {
    pub(crate) fn into_user(self) -> Result<User> {
        let row = Row::new("account", self.id);
        let mut roles = Vec::new();
        for name in self
            .roles
            .as_deref()
            .unwrap_or_default()
            .split('|')
            .filter(|n| !n.is_empty())
        {
            roles.push(row.read("role", Role::parse(name))?);
        }
        roles.sort_unstable();
        // Whoever came later was not asked.
        let all_again_at = self.all_again_at.filter(|at| self.created_at <= *at);
        Ok(User {
            id: UserId(self.id),
            tenant: TenantId(self.tenant_id),
            upn: row.read("upn", Upn::parse(&self.upn).ok())?,
            display_name: self.display_name,
            given_name: self.given_name,
            family_name: self.family_name,
            mail: self.mail,
            other_mails: row.read("other_mails", serde_json::from_str(&self.other_mails).ok())?,
            mobile_phone: self.mobile_phone,
            office_phone: self.office_phone,
            contact_changed_at: self.contact_changed_at.map(Timestamp),
            usage_location: row.read_optional(
                "usage_location",
                self.usage_location.as_deref(),
                |text| CountryCode::parse(text).ok(),
            )?,
            locale: row.read_optional("locale", self.locale.as_deref(), |text| {
                Locale::parse(text).ok()
            })?,
            enabled: self.enabled,
            source: row.read("source", Source::parse(&self.source))?,
            anchor: self.anchor,
            agent_domain: self.agent_domain,
            managed: row.read("managed", Managed::parse(&self.managed))?,
            user_type: row.read("user_type", UserType::parse(&self.user_type))?,
            roles,
            password_set_at: self.password_set_at.map(Timestamp),
            must_change_password: self.must_change_password,
            password_never_expires: self.password_never_expires,
            frozen_at: self.frozen_at.map(Timestamp),
            confirmed_at: self.confirmed_at.map(Timestamp),
            register_again_at: self.register_again_at.max(all_again_at).map(Timestamp),
            reset_at: self.reset_at.map(Timestamp),
            version: self.version,
            created_at: Timestamp(self.created_at),
        })
    }
}

/// What [`AccountRow`] is read from, of an account `a`.
pub(crate) const COLUMNS: &str =
    "a.tenant_id, a.id, a.upn, a.display_name, a.given_name, a.family_name,
        a.mail, a.other_mails, a.mobile_phone, a.office_phone, a.contact_changed_at,
        a.usage_location, a.locale, a.enabled, a.source, a.anchor, a.agent_domain, a.managed,
        a.user_type, a.password_set_at, a.must_change_password, a.password_never_expires,
        a.frozen_at, a.confirmed_at, a.register_again_at, a.reset_at, a.version, a.created_at,
        (SELECT n.register_again_at FROM tenant n WHERE n.id = a.tenant_id) AS all_again_at,
        (SELECT string_agg(r.role, '|') FROM account_role r
            WHERE r.tenant_id = a.tenant_id AND r.user_id = a.id) AS roles";

/// The beginning of a statement that reads accounts of a tenant: a macro, because the builder's type
/// differs per driver.
macro_rules! select {
    ($tenant:expr) => {{
        let mut query = sqlx::QueryBuilder::new("SELECT ");
        query
            .push(COLUMNS)
            .push(" FROM account a WHERE a.tenant_id = ")
            .push_bind($tenant.0);
        query
    }};
}

/// Adds a user with roles, the names it answers to, and the hash of its password if it has one (then
/// `password_set_at` should be set). [`StoreError::Conflict`] `"upn"` or `"anchor"` if that is taken;
/// the transaction may go on.
pub async fn insert(tx: &mut Tx, user: &User, password_hash: Option<&str>) -> Result<()> {
    let other_mails = to_json(&user.other_mails)?;
    let upn_key = user.upn.key();
    let added = on!(tx, |c| {
        sqlx::query(
        "INSERT INTO account (tenant_id, id, upn, upn_key, display_name, display_key, given_name,
             family_name, mail, other_mails, mobile_phone, office_phone, contact_changed_at,
             usage_location, locale, enabled, source, anchor, agent_domain, managed, user_type,
             password_hash, password_set_at, must_change_password, password_never_expires,
             sessions_valid_from, frozen_at, confirmed_at, register_again_at, reset_at, version,
             created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
             $19, $20, $21, $22, $23, $24, $25, $26, $27, $29, $30, $31, $28, $26)
         ON CONFLICT DO NOTHING"
    )
    .bind(user.tenant.0)
    .bind(user.id.0)
    .bind(user.upn.as_str())
    .bind(&upn_key)
    .bind(&user.display_name)
    .bind(fold(&user.display_name))
    .bind(&user.given_name)
    .bind(&user.family_name)
    .bind(user.mail.as_deref())
    .bind(&other_mails)
    .bind(user.mobile_phone.as_deref())
    .bind(user.office_phone.as_deref())
    .bind(user.contact_changed_at.map(|at| at.0))
    .bind(user.usage_location.map(|country| country.as_str().to_owned()))
    .bind(user.locale.map(Locale::tag))
    .bind(user.enabled)
    .bind(user.source.as_str())
    .bind(user.anchor.as_deref())
    .bind(user.agent_domain.as_deref())
    .bind(user.managed.as_str())
    .bind(user.user_type.as_str())
    .bind(password_hash)
    .bind(user.password_set_at.map(|at| at.0))
    .bind(user.must_change_password)
    .bind(user.password_never_expires)
    .bind(user.created_at.0)
    .bind(user.frozen_at.map(|at| at.0))
    .bind(user.version)
    .bind(user.confirmed_at.map(|at| at.0))
    .bind(user.register_again_at.map(|at| at.0))
    .bind(user.reset_at.map(|at| at.0))
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1)
    })?;
    if !added {
        let upn_taken = on!(tx, |c| sqlx::query_scalar::<_, i64>(
            "SELECT CAST(count(*) AS BIGINT) FROM account WHERE upn_key = $1"
        )
        .bind(&upn_key)
        .fetch_one(c)
        .await)?;
        return Err(StoreError::Conflict(if upn_taken > 0 {
            "upn"
        } else {
            "anchor"
        }));
    }
    insert_roles(tx, user.tenant, user.id, &user.roles).await?;
    names::replace_for_user(tx, user.tenant, user.id, &names_of(user)).await?;
    if let Some(hash) = password_hash {
        let set_at = user.password_set_at.unwrap_or(user.created_at);
        history::insert(tx, user.tenant, user.id, set_at, hash).await?;
    }
    Ok(())
}

fn names_of(user: &User) -> Vec<(NameKind, String)> {
    let mail = user
        .mail
        .as_deref()
        .map(fold)
        .filter(|mail| !mail.is_empty());
    std::iter::once((NameKind::Upn, user.upn.key()))
        .chain(mail.map(|mail| (NameKind::Mail, mail)))
        .collect()
}

/// A user with roles, in one statement.
pub async fn get(tx: &mut Tx, tenant: TenantId, id: UserId) -> Result<Option<User>> {
    let row: Option<AccountRow> = on!(tx, |c| {
        let mut query = select!(tenant);
        query.push(" AND a.id = ").push_bind(id.0);
        query.build_query_as().fetch_optional(c).await
    })?;
    row.map(AccountRow::into_user).transpose()
}

/// The hash of a user's password. `None`: no such user, or no password.
pub async fn password(tx: &mut Tx, tenant: TenantId, id: UserId) -> Result<Option<String>> {
    let hash: Option<Option<String>> = on!(tx, |c| sqlx::query_scalar(
        "SELECT password_hash FROM account WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .fetch_optional(c)
    .await)?;
    Ok(hash.flatten())
}

/// The moment before which a user's sessions are over.
pub async fn sessions_valid_from(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
) -> Result<Option<Timestamp>> {
    let at: Option<i64> = on!(tx, |c| sqlx::query_scalar(
        "SELECT sessions_valid_from FROM account WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .fetch_optional(c)
    .await)?;
    Ok(at.map(Timestamp))
}

/// Sets the password if the user is still of the expected version: hash, moment, no duty to change,
/// no notice of expiry told, all sessions over, version one higher, and the hash in the history, of
/// which the last `keep_history` are kept. `false`: nothing changed.
pub async fn set_password(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    expected_version: i64,
    hash: &str,
    now: Timestamp,
    keep_history: i64,
) -> Result<bool> {
    let set = on!(tx, |c| sqlx::query(
        "UPDATE account SET password_hash = $4, password_set_at = $5,
             must_change_password = FALSE, expiry_told_days = NULL, sessions_valid_from = $5,
             version = version + 1
         WHERE tenant_id = $1 AND id = $2 AND version = $3"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(expected_version)
    .bind(hash)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))?;
    if set {
        history::insert(tx, tenant, id, now, hash).await?;
        history::prune(tx, tenant, id, keep_history).await?;
    }
    Ok(set)
}

/// Records that a directory took a new password, whatever was known of the account here: moment, the
/// hash if a copy is kept here (else none), the duty to change it, no notice of expiry told, all
/// sessions over, version one higher. `false`: there is no such user.
pub async fn password_written(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    hash: Option<&str>,
    must_change: bool,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET password_hash = $3, password_set_at = $4, must_change_password = $5,
             expiry_told_days = NULL, sessions_valid_from = $4, version = version + 1
         WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(hash)
    .bind(now.0)
    .bind(must_change)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Keeps a copy of the hash of a password that a directory said is right. Not a new password: nothing
/// ends.
pub async fn keep_copy(tx: &mut Tx, tenant: TenantId, id: UserId, hash: &str) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET password_hash = $3
         WHERE tenant_id = $1 AND id = $2 AND managed = 'password hash sync'"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(hash)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Replaces everything that describes a user if it is still of the expected version, which grows by
/// one; also the names that it answers to. Not touched: id, tenant, roles, password and its moment,
/// `frozen_at`, what [`crate::registration`] keeps, `created_at`; one that the directory does not have
/// any more stays disabled. [`StoreError::Conflict`] `"upn"` or `"anchor"` if another has it: then
/// the transaction is lost.
pub async fn set_attributes(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    expected_version: i64,
    user: &User,
) -> Result<bool> {
    let other_mails = to_json(&user.other_mails)?;
    let set = on!(tx, |c| sqlx::query(
        "UPDATE account SET upn = $4, upn_key = $5, display_name = $6, display_key = $7,
             given_name = $8, family_name = $9, mail = $10, other_mails = $11, mobile_phone = $12,
             office_phone = $13, contact_changed_at = $14, usage_location = $15, locale = $16,
             enabled = ($17 AND deleted_at IS NULL), source = $18, anchor = $19,
             agent_domain = $20, managed = $21,
             user_type = $22, must_change_password = $23, password_never_expires = $24,
             version = version + 1
         WHERE tenant_id = $1 AND id = $2 AND version = $3"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(expected_version)
    .bind(user.upn.as_str())
    .bind(user.upn.key())
    .bind(&user.display_name)
    .bind(fold(&user.display_name))
    .bind(&user.given_name)
    .bind(&user.family_name)
    .bind(user.mail.as_deref())
    .bind(&other_mails)
    .bind(user.mobile_phone.as_deref())
    .bind(user.office_phone.as_deref())
    .bind(user.contact_changed_at.map(|at| at.0))
    .bind(
        user.usage_location
            .map(|country| country.as_str().to_owned())
    )
    .bind(user.locale.map(Locale::tag))
    .bind(user.enabled)
    .bind(user.source.as_str())
    .bind(user.anchor.as_deref())
    .bind(user.agent_domain.as_deref())
    .bind(user.managed.as_str())
    .bind(user.user_type.as_str())
    .bind(user.must_change_password)
    .bind(user.password_never_expires)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))?;
    if set {
        names::replace_for_user(tx, tenant, id, &names_of(user)).await?;
    }
    Ok(set)
}

/// Replaces the hash of the same password, because the work of hashing was raised. Nothing else
/// changes. `false`: the password is another one by now.
pub async fn rehash(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    old: &str,
    new: &str,
) -> Result<bool> {
    let changed = on!(tx, |c| sqlx::query(
        "UPDATE account SET password_hash = $4
         WHERE tenant_id = $1 AND id = $2 AND password_hash = $3"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(old)
    .bind(new)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))?;
    if changed {
        history::replace(tx, tenant, id, old, new).await?;
    }
    Ok(changed)
}

/// Takes the copy of a hash away, if it is still this one, because the directory has another password.
/// Nothing ends: whoever tried it is not in.
pub async fn drop_copy(tx: &mut Tx, tenant: TenantId, id: UserId, hash: &str) -> Result<bool> {
    on!(tx, |c| {
        sqlx::query(
        "UPDATE account SET password_hash = NULL
         WHERE tenant_id = $1 AND id = $2 AND managed = 'password hash sync' AND password_hash = $3"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(hash)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1)
    })
}

/// Keeps that a directory wants a password changed, or that it does not. Nothing ends.
pub async fn note_must_change(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    must_change: bool,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET must_change_password = $3
         WHERE tenant_id = $1 AND id = $2 AND must_change_password <> $3"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(must_change)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Freezes (*this was not me*) or, with `None`, lifts it. `false`: no such user.
pub async fn set_frozen(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    frozen_at: Option<Timestamp>,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET frozen_at = $3, version = version + 1
         WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(frozen_at.map(|at| at.0))
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Enables or disables. One that the directory does not have any more stays disabled. `false`: no
/// such user.
pub async fn set_enabled(tx: &mut Tx, tenant: TenantId, id: UserId, enabled: bool) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET enabled = ($3 AND deleted_at IS NULL), version = version + 1
         WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(enabled)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Ends a user's sessions: those that began before `now`. `false`: no such user.
pub async fn end_sessions(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET sessions_valid_from = $3, version = version + 1
         WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Holds a user's row until the end of the transaction, so that whoever else would change the account
/// or what belongs to it waits; its version as it is then. `None`: no such user.
///
/// PostgreSQL runs transactions side by side, and what was read before this may be out of date: read
/// it again afterwards, or compare the version.
pub async fn hold(tx: &mut Tx, tenant: TenantId, id: UserId) -> Result<Option<i64>> {
    on!(tx, |c| sqlx::query_scalar(
        "UPDATE account SET version = version WHERE tenant_id = $1 AND id = $2 RETURNING version"
    )
    .bind(tenant.0)
    .bind(id.0)
    .fetch_optional(c)
    .await)
}

/// Makes a user's version grow by one. `false`: no such user.
pub(crate) async fn bump_version(tx: &mut Tx, tenant: TenantId, id: UserId) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET version = version + 1 WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Sets the roles of a user. `false`: no such user.
pub async fn set_roles(tx: &mut Tx, tenant: TenantId, id: UserId, roles: &[Role]) -> Result<bool> {
    if !bump_version(tx, tenant, id).await? {
        return Ok(false);
    }
    on!(tx, |c| sqlx::query(
        "DELETE FROM account_role WHERE tenant_id = $1 AND user_id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .execute(c)
    .await
    .map(drop))?;
    insert_roles(tx, tenant, id, roles).await?;
    Ok(true)
}

async fn insert_roles(tx: &mut Tx, tenant: TenantId, id: UserId, roles: &[Role]) -> Result<()> {
    if roles.is_empty() {
        return Ok(());
    }
    on!(tx, |c| {
        let mut query =
            sqlx::QueryBuilder::new("INSERT INTO account_role (tenant_id, user_id, role) ");
        query.push_values(roles, |mut row, role| {
            row.push_bind(tenant.0)
                .push_bind(id.0)
                .push_bind(role.name());
        });
        query.push(" ON CONFLICT DO NOTHING");
        query.build().execute(c).await.map(drop)
    })
}

/// Deletes a user with everything that is kept about them, except audit events and messages.
pub async fn delete(tx: &mut Tx, tenant: TenantId, id: UserId) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM account WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Who has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Whose user it is.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// Whether a directory stopped having it, so that it will go.
    pub is_deleted: bool,
}

/// Who in the deployment has a folded user principal name.
pub async fn holder(tx: &mut Tx, upn_key: &str) -> Result<Option<Holder>> {
    let found: Option<(Uuid, Uuid, Option<i64>)> = on!(tx, |c| sqlx::query_as(
        "SELECT tenant_id, id, deleted_at FROM account WHERE upn_key = $1"
    )
    .bind(upn_key)
    .fetch_optional(c)
    .await)?;
    Ok(found.map(|(tenant, user, deleted_at)| Holder {
        tenant: TenantId(tenant),
        user: UserId(user),
        is_deleted: deleted_at.is_some(),
    }))
}

/// The user with an immutable id of a directory.
pub async fn find_by_anchor(tx: &mut Tx, tenant: TenantId, anchor: &str) -> Result<Option<User>> {
    let row: Option<AccountRow> = on!(tx, |c| {
        let mut query = select!(tenant);
        query.push(" AND a.anchor = ").push_bind(anchor);
        query.build_query_as().fetch_optional(c).await
    })?;
    row.map(AccountRow::into_user).transpose()
}

/// A directory does not have a user any more: for a while it is kept, disabled, and its sessions are
/// over. `false`: no such user, or it is deleted already.
pub async fn delete_softly(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET deleted_at = $3, deleted_enabled = enabled, enabled = FALSE,
             sessions_valid_from = $3, version = version + 1
         WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// A directory has a user again, enabled as it was. `false`: it was not deleted.
pub async fn restore(tx: &mut Tx, tenant: TenantId, id: UserId) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET deleted_at = NULL, enabled = COALESCE(deleted_enabled, FALSE),
             deleted_enabled = NULL, version = version + 1
         WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NOT NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Takes a user's password away, because another one counts from now on; its sessions are over, its
/// version grows. `false`: no such user.
pub async fn drop_password(
    tx: &mut Tx,
    tenant: TenantId,
    id: UserId,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE account SET password_hash = NULL, password_set_at = NULL, expiry_told_days = NULL,
             must_change_password = FALSE, sessions_valid_from = $3, version = version + 1
         WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Which users. All that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter<'a> {
    /// The beginning of the UPN or of the display name, in any case.
    pub prefix: Option<&'a str>,
    /// Enabled or disabled ones.
    pub enabled: Option<bool>,
    /// Direct members of this group.
    pub group: Option<GroupId>,
    /// Holders of this role.
    pub role: Option<Role>,
}

/// Adds a filter to a statement: a macro, because the builder's type differs per driver.
macro_rules! push_filter {
    ($query:ident, $filter:expr) => {{
        let filter: &Filter<'_> = $filter;
        if let Some(prefix) = filter.prefix.map(fold).filter(|prefix| !prefix.is_empty()) {
            let end = prefix_end(&prefix);
            $query
                .push(" AND ((a.upn_key >= ")
                .push_bind(prefix.clone());
            $query.push(" AND a.upn_key < ").push_bind(end.clone());
            $query.push(") OR (a.display_key >= ").push_bind(prefix);
            $query
                .push(" AND a.display_key < ")
                .push_bind(end)
                .push("))");
        }
        if let Some(enabled) = filter.enabled {
            $query.push(" AND a.enabled = ").push_bind(enabled);
        }
        if let Some(group) = filter.group {
            $query.push(" AND EXISTS (SELECT 1 FROM group_user g WHERE g.tenant_id = a.tenant_id");
            $query
                .push(" AND g.user_id = a.id AND g.group_id = ")
                .push_bind(group.0)
                .push(")");
        }
        if let Some(role) = filter.role {
            $query.push(" AND EXISTS (SELECT 1 FROM account_role h WHERE");
            $query.push(" h.tenant_id = a.tenant_id AND h.user_id = a.id AND h.role = ");
            $query.push_bind(role.name()).push(")");
        }
    }};
}

/// Users by UPN. `after`: the [`Upn::key`] of the last one of the page before.
pub async fn list(
    tx: &mut Tx,
    tenant: TenantId,
    filter: &Filter<'_>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<User>> {
    let rows: Vec<AccountRow> = on!(tx, |c| {
        let mut query = select!(tenant);
        push_filter!(query, filter);
        if let Some(after) = after {
            query.push(" AND a.upn_key > ").push_bind(after);
        }
        query.push(" ORDER BY a.upn_key LIMIT ").push_bind(limit);
        query.build_query_as().fetch_all(c).await
    })?;
    rows.into_iter().map(AccountRow::into_user).collect()
}

/// How many users.
pub async fn count(tx: &mut Tx, tenant: TenantId, filter: &Filter<'_>) -> Result<i64> {
    on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new(
            "SELECT CAST(count(*) AS BIGINT) FROM account a WHERE a.tenant_id = ",
        );
        query.push_bind(tenant.0);
        push_filter!(query, filter);
        query.build_query_scalar().fetch_one(c).await
    })
}
