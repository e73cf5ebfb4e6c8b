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
}

impl MethodKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Email,
        Self::Phone,
        Self::AlternatePhone,
        Self::Question,
        Self::Authenticator,
    ];

    /// Its form in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::AlternatePhone => "alternate phone",
            Self::Question => "question",
            Self::Authenticator => "authenticator",
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
    value: Vec<u8>,
    origin: String,
    created_at: i64,
    changed_at: Option<i64>,
    last_step: Option<i64>,
}

impl MethodRow {
    fn into_method(self) -> Result<Method> {
        let row = Row::new("method", self.id);
        Ok(Method {
            id: MethodId(self.id),
            kind: row.read("kind", MethodKind::parse(&self.kind))?,
            slot: self.slot,
            value: self.value,
            origin: row.read("origin", Origin::parse(&self.origin))?,
            created_at: Timestamp(self.created_at),
            changed_at: self.changed_at.map(Timestamp),
            last_step: self.last_step,
        })
    }
}

/// All methods of a user, by kind and slot.
pub async fn list_for_user(tx: &mut Tx, tenant: TenantId, user: UserId) -> Result<Vec<Method>> {
    let rows: Vec<MethodRow> = on!(tx, |c| sqlx::query_as(
        "SELECT id, kind, slot, value, origin, created_at, changed_at, last_step FROM method
         WHERE tenant_id = $1 AND user_id = $2"
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

/// Puts a value on file. One that was there in the same kind and slot is replaced, and then
/// `changed_at` is now: sealed values cannot be compared, so do not call it with what is there
/// already. `false`: no such user.
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
    on!(tx, |c| sqlx::query(
        "INSERT INTO method (tenant_id, id, user_id, kind, slot, value, origin, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, user_id, kind, slot) DO UPDATE SET id = excluded.id,
             value = excluded.value, origin = excluded.origin, changed_at = excluded.created_at,
             last_step = NULL"
    )
    .bind(tenant.0)
    .bind(new.id.0)
    .bind(user.0)
    .bind(new.kind.as_str())
    .bind(new.slot)
    .bind(new.value)
    .bind(new.origin.as_str())
    .bind(now.0)
    .execute(c)
    .await
    .map(drop))?;
    Ok(true)
}

/// Deletes a method of a user.
pub async fn delete(tx: &mut Tx, tenant: TenantId, user: UserId, id: MethodId) -> Result<bool> {
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
