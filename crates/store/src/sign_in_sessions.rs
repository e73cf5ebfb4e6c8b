//! Being signed in, in one browser.

use latchkey_types::{SignInSessionId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::column::{Row, to_json};
use crate::db::on;
use crate::{Result, Tx};

/// How often `used_at` moves: a look at a page is no write.
const TOUCH_US: i64 = 60 * 1_000_000;

/// A session to be.
#[derive(Clone)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: SignInSessionId,
    /// Whose it is.
    pub user: UserId,
    /// The keyed hash of its cookie.
    pub cookie_tag: &'a [u8],
    /// What was proven, by the names of the factors.
    pub factors: &'a [&'a str],
    /// Whether two factors were proven, or a passkey.
    pub is_twice: bool,
    /// Now.
    pub created_at: Timestamp,
    /// The end of its time, however it is used.
    pub expires_at: Timestamp,
    /// The client's address, as far as the tenant lets it be kept.
    pub client_address: &'a str,
    /// What the client is, in a word or two.
    pub client_class: &'a str,
}

/// A session.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: SignInSessionId,
    /// Who is signed in.
    pub user: UserId,
    /// What was proven, by the names of the factors.
    pub factors: Vec<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When the person last proved who they are.
    pub proven_at: Timestamp,
    /// When last with two factors or a passkey.
    pub proven_twice_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Timestamp,
    /// The end of its time, however it is used.
    pub expires_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Whether registering was put off.
    pub put_off: bool,
    /// The client's address, as far as the tenant lets it be kept.
    pub client_address: String,
    /// What the client is, in a word or two.
    pub client_class: String,
    /// The moment before which sessions of this account are over.
    pub valid_from: Timestamp,
}

impl std::fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionRow")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct Raw {
    tenant_id: Uuid,
    id: Uuid,
    user_id: Uuid,
    factors: String,
    created_at: i64,
    proven_at: i64,
    proven_twice_at: Option<i64>,
    used_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    put_off: bool,
    client_address: String,
    client_class: String,
    valid_from: i64,
}

impl Raw {
    fn into_session(self) -> Result<SessionRow> {
        let row = Row::new("sign_in_session", self.id);
        Ok(SessionRow {
            tenant: TenantId(self.tenant_id),
            id: SignInSessionId(self.id),
            user: UserId(self.user_id),
            factors: row.read("factors", serde_json::from_str(&self.factors).ok())?,
            created_at: Timestamp(self.created_at),
            proven_at: Timestamp(self.proven_at),
            proven_twice_at: self.proven_twice_at.map(Timestamp),
            used_at: Timestamp(self.used_at),
            expires_at: Timestamp(self.expires_at),
            ended_at: self.ended_at.map(Timestamp),
            put_off: self.put_off,
            client_address: self.client_address,
            client_class: self.client_class,
            valid_from: Timestamp(self.valid_from),
        })
    }
}

/// What [`Raw`] is read from, of a session `s` of the account `a`.
const COLUMNS: &str = "s.tenant_id, s.id, s.user_id, s.factors,
        s.created_at, s.proven_at, s.proven_twice_at, s.used_at, s.expires_at,
        s.ended_at, s.put_off, s.client_address, s.client_class,
        a.sessions_valid_from AS valid_from";

const FROM: &str = " FROM sign_in_session s
    JOIN account a ON a.tenant_id = s.tenant_id AND a.id = s.user_id";

/// The beginning of a statement that reads sessions: a macro, because the builder's type differs per
/// driver.
macro_rules! select {
    () => {{
        let mut query = sqlx::QueryBuilder::new("SELECT ");
        query.push(COLUMNS).push(FROM).push(" WHERE ");
        query
    }};
}

/// Adds a session.
pub async fn insert(tx: &mut Tx, tenant: TenantId, new: &NewSession<'_>) -> Result<()> {
    let factors = to_json(&new.factors)?;
    on!(tx, |c| sqlx::query(
        "INSERT INTO sign_in_session (tenant_id, id, user_id, cookie_tag, factors, created_at,
             proven_at, proven_twice_at, used_at, expires_at, put_off, client_address,
             client_class)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $6, $8, FALSE, $9, $10)"
    )
    .bind(tenant.0)
    .bind(new.id.0)
    .bind(new.user.0)
    .bind(new.cookie_tag)
    .bind(&factors)
    .bind(new.created_at.0)
    .bind(new.is_twice.then_some(new.created_at.0))
    .bind(new.expires_at.0)
    .bind(new.client_address)
    .bind(new.client_class)
    .execute(c)
    .await
    .map(drop))
}

/// The session of a browser, over or not, whosever it is: whoever has the cookie may be here.
pub async fn get_by_cookie(tx: &mut Tx, cookie_tag: &[u8]) -> Result<Option<SessionRow>> {
    let row: Option<Raw> = on!(tx, |c| {
        let mut query = select!();
        query.push("s.cookie_tag = ").push_bind(cookie_tag);
        query.build_query_as().fetch_optional(c).await
    })?;
    row.map(Raw::into_session).transpose()
}

/// The sessions of a user that were not ended and whose time is not over, the newest first. Whether
/// they are still good is for the rules to say.
pub async fn list_for_user(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<SessionRow>> {
    let rows: Vec<Raw> = on!(tx, |c| {
        let mut query = select!();
        query.push("s.tenant_id = ").push_bind(tenant.0);
        query.push(" AND s.user_id = ").push_bind(user.0);
        query.push(" AND s.ended_at IS NULL AND s.expires_at > ");
        query.push_bind(now.0);
        query.push(" ORDER BY s.created_at DESC, s.id DESC LIMIT 200");
        query.build_query_as().fetch_all(c).await
    })?;
    rows.into_iter().map(Raw::into_session).collect()
}

/// Notes that a session is in use; at most once a minute is there something to write.
pub async fn touch(
    tx: &mut Tx,
    tenant: TenantId,
    id: SignInSessionId,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE sign_in_session SET used_at = $3
         WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL AND used_at <= $4"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(now.0)
    .bind(now.0 - TOUCH_US)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Whether [`touch`] would write.
pub const fn is_worth_a_touch(used_at: Timestamp, now: Timestamp) -> bool {
    used_at.0 <= now.0 - TOUCH_US
}

/// What a person proved once more in a session.
#[derive(Clone, Copy)]
pub struct Renewal<'a> {
    /// The keyed hash of the cookie that is replaced: of two requests one replaces it.
    pub old_tag: &'a [u8],
    /// The keyed hash of the new one.
    pub new_tag: &'a [u8],
    /// All that was proven in this session.
    pub factors: &'a [&'a str],
    /// Whether two factors were proven now, or a passkey.
    pub is_twice: bool,
}

/// Notes what was proven, and replaces the cookie: another privilege, another cookie (threat S4).
pub async fn renew(
    tx: &mut Tx,
    tenant: TenantId,
    id: SignInSessionId,
    renewal: Renewal<'_>,
    now: Timestamp,
) -> Result<bool> {
    let factors = to_json(&renewal.factors)?;
    on!(tx, |c| sqlx::query(
        "UPDATE sign_in_session SET cookie_tag = $4, factors = $5, proven_at = $6, used_at = $6,
             proven_twice_at = COALESCE($7, proven_twice_at)
         WHERE tenant_id = $1 AND id = $2 AND cookie_tag = $3 AND ended_at IS NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(renewal.old_tag)
    .bind(renewal.new_tag)
    .bind(&factors)
    .bind(now.0)
    .bind(renewal.is_twice.then_some(now.0))
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Lets one session go on although its account's sessions that began before now are over, because its
/// owner has just changed the password in it: from now on it counts as begun now, under another
/// cookie. Its end stays, and so does when something was proven: a password alone is not what a fresh
/// sign-in takes from everybody.
pub async fn outlive(
    tx: &mut Tx,
    tenant: TenantId,
    id: SignInSessionId,
    old_tag: &[u8],
    new_tag: &[u8],
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE sign_in_session SET cookie_tag = $4, created_at = $5, used_at = $5
         WHERE tenant_id = $1 AND id = $2 AND cookie_tag = $3 AND ended_at IS NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(old_tag)
    .bind(new_tag)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Notes that registering was put off.
pub async fn put_off(tx: &mut Tx, tenant: TenantId, id: SignInSessionId) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE sign_in_session SET put_off = TRUE
         WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Ends a session of a user. `false`: there is none, or it was over.
pub async fn end(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    id: SignInSessionId,
    now: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE sign_in_session SET ended_at = $4
         WHERE tenant_id = $1 AND user_id = $2 AND id = $3 AND ended_at IS NULL"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(id.0)
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Ends all sessions of a user but one; how many there were.
pub async fn end_others(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    keep: Option<SignInSessionId>,
    now: Timestamp,
) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "UPDATE sign_in_session SET ended_at = $4
         WHERE tenant_id = $1 AND user_id = $2 AND id <> $3 AND ended_at IS NULL"
    )
    .bind(tenant.0)
    .bind(user.0)
    .bind(keep.map_or_else(Uuid::nil, |id| id.0))
    .bind(now.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Deletes up to `limit` sessions whose time was over before a moment, with what was pending in
/// them.
pub async fn purge(tx: &mut Tx, expired_before: Timestamp, limit: i64) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM sign_in_session WHERE (tenant_id, id) IN (
             SELECT tenant_id, id FROM sign_in_session WHERE expires_at < $1
             ORDER BY expires_at, id LIMIT $2)"
    )
    .bind(expired_before.0)
    .bind(limit)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}
