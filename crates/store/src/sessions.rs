//! Passes through the reset portal.

use latchkey_types::{Locale, RequestId, SessionId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use crate::column::Row;
use crate::db::on;
use crate::{Result, Tx};

/// A session to be. Its version will be 1.
#[derive(Clone)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: SessionId,
    /// The user, or the decoy's id.
    pub subject: UserId,
    /// The keyed hash of its cookie.
    pub cookie_tag: &'a [u8],
    /// Where it stands, as JSON.
    pub state: &'a str,
    /// The name that was typed, sealed.
    pub name: &'a [u8],
    /// The language of its pages.
    pub locale: Locale,
    /// The client's address, as far as the tenant lets it be kept.
    pub client_address: &'a str,
    /// What the client is, in a word or two.
    pub client_class: &'a str,
    /// The request that began it: the support reference.
    pub request: RequestId,
    /// Of a decoy: how it will truly have ended, whatever is done with it.
    pub detail: Option<&'a str>,
    /// Now.
    pub created_at: Timestamp,
    /// The end of its time.
    pub expires_at: Timestamp,
}

/// A session.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id.
    pub id: SessionId,
    /// The user, or the decoy's id.
    pub subject: UserId,
    /// Grows by one with every step.
    pub version: i64,
    /// Where it stands, as JSON.
    pub state: String,
    /// The name that was typed, sealed.
    pub name: Vec<u8>,
    /// The language of its pages.
    pub locale: Locale,
    /// The client's address, as far as the tenant lets it be kept.
    pub client_address: String,
    /// What the client is, in a word or two.
    pub client_class: String,
    /// The request that began it: the support reference.
    pub request: RequestId,
    /// When it began.
    pub created_at: Timestamp,
    /// The end of its time.
    pub expires_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended, as a detail code; of a decoy, from the beginning, how it truly will have.
    pub detail: Option<String>,
}

impl std::fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionRow")
            .field("tenant", &self.tenant)
            .field("id", &self.id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct Raw {
    tenant_id: Uuid,
    id: Uuid,
    subject_id: Uuid,
    version: i64,
    state: String,
    name: Vec<u8>,
    locale: String,
    client_address: String,
    client_class: String,
    request_id: Uuid,
    created_at: i64,
    expires_at: i64,
    ended_at: Option<i64>,
    detail: Option<String>,
}

impl Raw {
    fn into_session(self) -> Result<SessionRow> {
        let row = Row::new("reset_session", self.id);
        Ok(SessionRow {
            tenant: TenantId(self.tenant_id),
            id: SessionId(self.id),
            subject: UserId(self.subject_id),
            version: self.version,
            state: self.state,
            name: self.name,
            locale: row.read("locale", Locale::parse(&self.locale).ok())?,
            client_address: self.client_address,
            client_class: self.client_class,
            request: RequestId(self.request_id),
            created_at: Timestamp(self.created_at),
            expires_at: Timestamp(self.expires_at),
            ended_at: self.ended_at.map(Timestamp),
            detail: self.detail,
        })
    }
}

const SELECT: &str = "SELECT tenant_id, id, subject_id, version, state, name, locale,
        client_address, client_class, request_id, created_at, expires_at, ended_at, detail
    FROM reset_session WHERE ";

/// Adds a session, and gives it as it is stored.
pub async fn insert(tx: &mut Tx, tenant: TenantId, new: &NewSession<'_>) -> Result<SessionRow> {
    on!(tx, |c| sqlx::query(
        "INSERT INTO reset_session (tenant_id, id, subject_id, cookie_tag, version, state, name,
             locale, client_address, client_class, request_id, created_at, expires_at, detail)
         VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    )
    .bind(tenant.0)
    .bind(new.id.0)
    .bind(new.subject.0)
    .bind(new.cookie_tag)
    .bind(new.state)
    .bind(new.name)
    .bind(new.locale.tag())
    .bind(new.client_address)
    .bind(new.client_class)
    .bind(new.request.0)
    .bind(new.created_at.0)
    .bind(new.expires_at.0)
    .bind(new.detail)
    .execute(c)
    .await
    .map(drop))?;
    Ok(SessionRow {
        tenant,
        id: new.id,
        subject: new.subject,
        version: 1,
        state: new.state.to_owned(),
        name: new.name.to_vec(),
        locale: new.locale,
        client_address: new.client_address.to_owned(),
        client_class: new.client_class.to_owned(),
        request: new.request,
        created_at: new.created_at,
        expires_at: new.expires_at,
        ended_at: None,
        detail: new.detail.map(str::to_owned),
    })
}

/// A session, over or not.
pub async fn get(tx: &mut Tx, tenant: TenantId, id: SessionId) -> Result<Option<SessionRow>> {
    let row: Option<Raw> = on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new(SELECT);
        query
            .push("tenant_id = ")
            .push_bind(tenant.0)
            .push(" AND id = ")
            .push_bind(id.0);
        query.build_query_as().fetch_optional(c).await
    })?;
    row.map(Raw::into_session).transpose()
}

/// The session of a browser, over or not, whosever it is: whoever has the cookie may be here.
pub async fn get_by_cookie(tx: &mut Tx, cookie_tag: &[u8]) -> Result<Option<SessionRow>> {
    let row: Option<Raw> = on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new(SELECT);
        query.push("cookie_tag = ").push_bind(cookie_tag);
        query.build_query_as().fetch_optional(c).await
    })?;
    row.map(Raw::into_session).transpose()
}

/// Claims the next step of the session of a browser, and gives it as it is now: its version grew by
/// one. `None`: there is none, or it is over or not of the expected version.
pub async fn claim_by_cookie(
    tx: &mut Tx,
    cookie_tag: &[u8],
    expected_version: i64,
) -> Result<Option<SessionRow>> {
    let row: Option<Raw> = on!(tx, |c| sqlx::query_as(
        "UPDATE reset_session SET version = version + 1
         WHERE cookie_tag = $1 AND version = $2 AND ended_at IS NULL
         RETURNING tenant_id, id, subject_id, version, state, name, locale, client_address,
             client_class, request_id, created_at, expires_at, ended_at, detail"
    )
    .bind(cookie_tag)
    .bind(expected_version)
    .fetch_optional(c)
    .await)?;
    row.map(Raw::into_session).transpose()
}

/// Claims the next step of a session: its version grows by one, if it is not over and still of the
/// expected version. Of any number of requests with one form, one claims it; the others wait for
/// the end of its transaction and then do not.
pub async fn claim(
    tx: &mut Tx,
    tenant: TenantId,
    id: SessionId,
    expected_version: i64,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE reset_session SET version = version + 1
         WHERE tenant_id = $1 AND id = $2 AND version = $3 AND ended_at IS NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(expected_version)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// A step of a session.
#[derive(Debug, Clone, Copy)]
pub struct Advance<'a> {
    /// Where it stands from now on, as JSON.
    pub state: &'a str,
    /// The keyed hash of the new cookie, if the browser gets one.
    pub cookie_tag: Option<&'a [u8]>,
    /// How and when it ended, if it did.
    pub ended: Option<(&'a str, Timestamp)>,
}

/// Takes a step, if the session is not over and still of the expected version, which grows by one.
pub async fn advance(
    tx: &mut Tx,
    tenant: TenantId,
    id: SessionId,
    expected_version: i64,
    step: Advance<'_>,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE reset_session SET version = version + 1, state = $4,
             cookie_tag = COALESCE($5, cookie_tag), detail = COALESCE($6, detail),
             ended_at = $7
         WHERE tenant_id = $1 AND id = $2 AND version = $3 AND ended_at IS NULL"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(expected_version)
    .bind(step.state)
    .bind(step.cookie_tag)
    .bind(step.ended.map(|(detail, _)| detail))
    .bind(step.ended.map(|(_, at)| at.0))
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Sessions of any tenant whose time is over and which have not ended, the oldest first.
pub async fn list_expired(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<SessionRow>> {
    let rows: Vec<Raw> = on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new(SELECT);
        query
            .push("ended_at IS NULL AND expires_at <= ")
            .push_bind(now.0);
        query
            .push(" ORDER BY expires_at, id LIMIT ")
            .push_bind(limit);
        query.build_query_as().fetch_all(c).await
    })?;
    rows.into_iter().map(Raw::into_session).collect()
}

/// The sessions of a user or decoy that have not ended, the newest first.
pub async fn open_for_subject(
    tx: &mut Tx,
    tenant: TenantId,
    subject: UserId,
) -> Result<Vec<SessionRow>> {
    let rows: Vec<Raw> = on!(tx, |c| {
        let mut query = sqlx::QueryBuilder::new(SELECT);
        query.push("tenant_id = ").push_bind(tenant.0);
        query.push(" AND subject_id = ").push_bind(subject.0);
        query.push(" AND ended_at IS NULL ORDER BY created_at DESC, id DESC");
        query.build_query_as().fetch_all(c).await
    })?;
    rows.into_iter().map(Raw::into_session).collect()
}

/// Deletes up to `limit` sessions that ended before a moment, with their challenges.
pub async fn purge(tx: &mut Tx, ended_before: Timestamp, limit: i64) -> Result<u64> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM reset_session WHERE (tenant_id, id) IN (
             SELECT tenant_id, id FROM reset_session WHERE ended_at < $1
             ORDER BY ended_at, id LIMIT $2)"
    )
    .bind(ended_before.0)
    .bind(limit)
    .execute(c)
    .await
    .map(|done| done.rows_affected()))
}

/// Gives a session more time, because an agent is at it. `false`: it is over.
pub async fn postpone(
    tx: &mut Tx,
    tenant: TenantId,
    id: SessionId,
    expires_at: Timestamp,
) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE reset_session SET expires_at = $3
         WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL AND expires_at < $3"
    )
    .bind(tenant.0)
    .bind(id.0)
    .bind(expires_at.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// Deletes a session with its challenges.
pub async fn delete(tx: &mut Tx, tenant: TenantId, id: SessionId) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "DELETE FROM reset_session WHERE tenant_id = $1 AND id = $2"
    )
    .bind(tenant.0)
    .bind(id.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}
