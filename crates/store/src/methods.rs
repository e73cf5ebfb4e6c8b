//! Registered methods of users. Every change makes the user's version grow by one, except that an
//! authenticator's time step moved on.

use latchkey_core::model::Origin;
use latchkey_types::{MethodId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::column::Row;
use crate::db::on;
use crate::{Result, Tx, accounts};

/// What a registered method is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MethodKind {
    /// Authentication email; the value is the sealed address.
    Email,
    /// Authentication phone; the value is the sealed number.
    Phone,
    /// Alternate authentication phone; the value is the sealed number.
    AlternatePhone,
    /// A security question, named by the slot; the value is the sealed hash of its answer.
    Question,
    /// An authenticator app that shows codes, named by the slot; the value is the sealed secret.
    Authenticator,
    /// A passkey; the slot is its credential id, the value is what it is checked with, sealed.
    Passkey,
    /// A recovery code; the slot is its keyed hash as hexadecimal digits, the value is empty.
    RecoveryCode,
}

impl MethodKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Email,
        Self::Phone,
        Self::AlternatePhone,
        Self::Question,
        Self::Authenticator,
        Self::Passkey,
        Self::RecoveryCode,
    ];

    /// Its form in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::AlternatePhone => "alternate phone",
            Self::Question => "question",
            Self::Authenticator => "authenticator",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery code",
        }
    }

    /// Reads that form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A method on file.
#[derive(Clone, PartialEq, Eq)]
pub struct Method {
    /// Its id; another one each time the value is replaced, because values are sealed to it.
    pub id: MethodId,
    /// What it is.
    pub kind: MethodKind,
    /// Distinguishes methods of one kind; empty where there is one.
    pub slot: String,
    /// The name that a person gave a passkey; of other methods empty.
    pub name: String,
    /// Sealed, or a hash.
    pub value: Vec<u8>,
    /// Who put it there.
    pub origin: Origin,
    /// When the first value was put there.
    pub created_at: Timestamp,
    /// When it last replaced another value.
    pub changed_at: Option<Timestamp>,
    /// The last time step that was accepted of an authenticator.
    pub last_step: Option<i64>,
    /// When a passkey or authenticator was last used.
    pub used_at: Option<Timestamp>,
}

impl std::fmt::Debug for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Method")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A value to put on file.
#[derive(Clone)]
pub struct NewMethod<'a> {
    /// A new id, to which the value is sealed.
    pub id: MethodId,
    /// What it is.
    pub kind: MethodKind,
    /// Distinguishes methods of one kind; empty where there is one.
    pub slot: &'a str,
    /// The name that a person gave a passkey; of other methods empty.
    pub name: &'a str,
    /// Sealed, or a hash.
    pub value: &'a [u8],
    /// Who puts it there.
    pub origin: Origin,
}

#[derive(sqlx::FromRow)]
struct MethodRow {
    id: Uuid,
    kind: String,
    slot: String,
    name: String,
    value: Vec<u8>,
    origin: String,
    created_at: i64,
    changed_at: Option<i64>,
    last_step: Option<i64>,
    used_at: Option<i64>,
}

impl MethodRow {
    fn into_method(self) -> Result<Method> {
        let row = Row::new("method", self.id);
        Ok(Method {
            id: MethodId(self.id),
            kind: row.read("kind", MethodKind::parse(&self.kind))?,
            slot: self.slot,
            name: self.name,
            value: self.value,
            origin: row.read("origin", Origin::parse(&self.origin))?,
            created_at: Timestamp(self.created_at),
            changed_at: self.changed_at.map(Timestamp),
            last_step: self.last_step,
            used_at: self.used_at.map(Timestamp),
        })
    }
}

/// All methods of a user, by kind and slot.
pub async fn list_for_user(tx: &mut Tx, tenant: TenantId, user: UserId) -> Result<Vec<Method>> {
    let rows: Vec<MethodRow> = on!(tx, |c| sqlx::query_as(
        "SELECT id, kind, slot, name, value, origin, created_at, changed_at, last_step, used_at
         FROM method WHERE tenant_id = $1 AND user_id = $2"
    )
    .bind(tenant.0)
    .bind(user.0)
    .fetch_all(c)
    .await)?;
    let mut methods: Vec<Method> = rows
        .into_iter()
        .map(MethodRow::into_method)
        .collect::<Result<_>>()?;
    methods.sort_by(|a, b| (a.kind, &a.slot).cmp(&(b.kind, &b.slot)));
    Ok(methods)
}

/// A passkey by its credential id, whosever it is: the device tells who it is for.
pub async fn find_passkey(
    tx: &mut Tx,
    credential_id: &str,
) -> Result<Option<(TenantId, UserId, Method)>> {
    #[derive(sqlx::FromRow)]
    struct Found {
        tenant_id: Uuid,
        user_id: Uuid,
        #[sqlx(flatten)]
        method: MethodRow,
    }
    let found: Option<Found> = on!(tx, |c| {
        sqlx::query_as(
        "SELECT tenant_id, user_id, id, kind, slot, name, value, origin, created_at, changed_at,
             last_step, used_at
         FROM method WHERE slot = $1 AND kind = 'passkey'"
    )
    .bind(credential_id)
    .fetch_optional(c)
    .await
    })?;
    found
        .map(|found| {
            let owner = (TenantId(found.tenant_id), UserId(found.user_id));
            Ok((owner.0, owner.1, found.method.into_method()?))
        })
        .transpose()
}

/// What a passkey is checked with moves on, because its counter did.
#[derive(Clone, Copy)]
pub struct Move<'a> {
    /// What it was checked with: of two callers who read the same, one moves it.
    pub from: &'a [u8],
    /// What it is checked with from now on.
    pub to: &'a [u8],
}

/// Notes that a passkey or authenticator was used, and moves a passkey on. The user's version stays:
/// nothing changed for them. `false`: there is no such method, or another caller moved it first; then
/// the answer counts for nothing.
pub async fn note_use(
    tx: &mut Tx,
    tenant: TenantId,
    id: MethodId,
    value: Option<Move<'_>>,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE method SET used_at = $3, value = COALESCE($4, value)
         WHERE tenant_id = $1 AND id = $2 AND value = COALESCE($5, value)"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(now.0)
    .bind(value.map(|value| value.to))
    .bind(value.map(|value| value.from))
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Uses up a recovery code, by its slot: of any number of callers, one does. The user's version
/// stays, because a reset that goes on with it must not end.
pub async fn use_recovery_code(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    slot: &str,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM method
         WHERE tenant_id = $1 AND user_id = $2 AND kind = 'recovery code' AND slot = $3"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(slot)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Deletes every method of a kind; how many there were.
pub async fn delete_kind(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    kind: MethodKind,
) -> Result<u64> {
    let deleted = on!(tx, |c| sqlx::query(
        "DELETE FROM method WHERE tenant_id = $1 AND user_id = $2 AND kind = $3"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(kind.as_str())
    .execute(c)
    .await
    .map(|done| done.rows_affected()))?;
    if deleted > 0 {
        accounts::bump_version(tx, tenant, user).await?;
    }
    Ok(deleted)
}

/// Puts a value on file. One that was there in the same kind and slot is replaced, and then
/// `changed_at` is now: sealed values cannot be compared, so do not call it with what is there
/// already. An address or number in whose place another was once removed counts as changed, too.
/// `false`: no such user. Passkeys are added with [`add_passkey`].
pub async fn upsert(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    new: &NewMethod<'_>,
    now: Timestamp,
) -> Result<bool> {
    if !accounts::bump_version(tx, tenant, user).await? {
        return Ok(false);
    }
    on!(tx, |c| {
        sqlx::query(
        "INSERT INTO method (tenant_id, id, user_id, kind, slot, value, origin, created_at, name,
             changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, (
             SELECT CAST($8 AS BIGINT) FROM removed_destination r
             WHERE r.tenant_id = $1 AND r.user_id = $3 AND r.kind = $4))
         ON CONFLICT (tenant_id, user_id, kind, slot) DO UPDATE SET id = excluded.id,
             name = excluded.name, value = excluded.value, origin = excluded.origin,
             changed_at = excluded.created_at, last_step = NULL, used_at = NULL"
    )
    .bind(tenant.0)
    .bind(new.id.0)
    .bind(user.0)
    .bind(new.kind.as_str())
    .bind(new.slot)
    .bind(new.value)
    .bind(new.origin.as_str())
    .bind(now.0)
    .bind(new.name)
    .execute(c)
    .await
    .map(drop)
    })?;
    Ok(true)
}

/// Adds a passkey. `false`: no such user, or the credential is somebody's already; then nothing
/// changed, and the transaction may go on.
pub async fn add_passkey(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    new: &NewMethod<'_>,
    now: Timestamp,
) -> Result<bool> {
    let added = on!(tx, |c| {
        sqlx::query(
        "INSERT INTO method (tenant_id, id, user_id, kind, slot, value, origin, created_at, name)
         SELECT tenant_id, $3, id, $4, $5, $6, $7, $8, $9 FROM account
         WHERE tenant_id = $1 AND id = $2
         ON CONFLICT DO NOTHING"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(new.id.0)
    .bind(MethodKind::Passkey.as_str())
    .bind(new.slot)
    .bind(new.value)
    .bind(new.origin.as_str())
    .bind(now.0)
    .bind(new.name)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1)
    })?;
    if added {
        accounts::bump_version(tx, tenant, user).await?;
    }
    Ok(added)
}

/// Puts a new sheet of recovery codes, ids and slots, in place of the one before, in one step of the
/// user's version. `false`: no such user.
pub async fn replace_recovery_codes(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    codes: &[(MethodId, String)],
    now: Timestamp,
) -> Result<bool> {
    if !accounts::bump_version(tx, tenant, user).await? {
        return Ok(false);
    }
    let kind = MethodKind::RecoveryCode.as_str();
    on!(tx, |c| sqlx::query(
        "DELETE FROM method WHERE tenant_id = $1 AND user_id = $2 AND kind = $3"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(kind)
    .execute(c)
    .await
    .map(drop))?;
    if codes.is_empty() {
        return Ok(true);
    }
    on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new(
            "INSERT INTO method (tenant_id, id, user_id, kind, slot, value, origin, created_at) ",
        );
        query.push_values(codes, |mut row, (id, slot)| {
            row.push_bind(tenant.0)
                .push_bind(id.0)
                .push_bind(user.0)
                .push_bind(kind)
                .push_bind(slot)
                .push_bind(Vec::<u8>::new())
                .push_bind(Origin::Person.as_str())
                .push_bind(now.0);
        });
        query.build().execute(c).await.map(drop)
    })?;
    Ok(true)
}

/// Notes that the person proved a value that somebody else had put on file; the value stays, and so
/// does the time since when it may be used. `false`: there is no such method.
pub async fn adopt(tx: &mut Tx, tenant: TenantId, user: UserId, id: MethodId) -> Result<bool> {
    let adopted = on!(tx, |c| sqlx::query(
        "UPDATE method SET origin = $4 WHERE tenant_id = $1 AND user_id = $2 AND id = $3"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(id.0)
    .bind(Origin::Person.as_str())
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))?;
    if adopted {
        accounts::bump_version(tx, tenant, user).await?;
    }
    Ok(adopted)
}

/// Counts a value as one that replaced another at a moment, although there was none in its place: the
/// other was removed, or was the directory's; or as one that replaced none. `false`: there is no such
/// method.
pub async fn let_rest(
    tx: &mut Tx,
    tenant: TenantId,
    id: MethodId,
    changed_at: Option<Timestamp>,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE method SET changed_at = $3 WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(changed_at.map(|at| at.0))
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Deletes a method of a user. Of an address or number it is remembered that there was one.
pub async fn delete(tx: &mut Tx, tenant: TenantId, user: UserId, id: MethodId) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO removed_destination (tenant_id, user_id, kind)
         SELECT tenant_id, user_id, kind FROM method
         WHERE tenant_id = $1 AND user_id = $2 AND id = $3
             AND kind IN ('email', 'phone', 'alternate phone')
         ON CONFLICT DO NOTHING"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(id.0)
    .execute(c)
    .await
    .map(drop))?;
    let deleted = on!(tx, |c| sqlx::query(
        "DELETE FROM method WHERE tenant_id = $1 AND user_id = $2 AND id = $3"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(id.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))?;
    if deleted {
        accounts::bump_version(tx, tenant, user).await?;
    }
    Ok(deleted)
}

/// Accepts a time step of an authenticator, if it is later than every one before (threat S12, RFC
/// 6238 section 5.2: a code is accepted once).
pub async fn advance_step(tx: &mut Tx, tenant: TenantId, id: MethodId, step: i64) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE method SET last_step = $3
         WHERE tenant_id = $1 AND id = $2 AND (last_step IS NULL OR last_step < $3)"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(step)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}
