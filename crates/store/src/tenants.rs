//! Organisations.

use latchkey_core::model::Tenant;
use latchkey_core::settings::Settings;
use latchkey_types::{CountryCode, Locale, TenantId, Timestamp, fold};
use uuid::Uuid;

use crate::column::{Row, to_json};
use crate::db::on;
use crate::{Result, StoreError, Tx};

/// A tenant to be. It is enabled, and its settings have version 1.
#[derive(Debug, Clone)]
pub struct NewTenant<'a> {
    /// Its id; [`TenantId::SERVICE`] for the service itself.
    pub id: TenantId,
    /// The name that people see. It need not be unique.
    pub name: &'a str,
    /// The directory location.
    pub country: CountryCode,
    /// The language of last resort before English.
    pub locale: Locale,
    /// What its administrators set.
    pub settings: &'a Settings,
    /// Its data key, wrapped by the key-encryption key.
    pub data_key: &'a [u8],
    /// Now.
    pub created_at: Timestamp,
}

/// What all tables have is prefixed, so that it can be read with rows of others.
#[derive(sqlx::FromRow)]
pub(crate) struct TenantRow {
    #[sqlx(rename = "t_id")]
    id: Uuid,
    name: String,
    country: String,
    #[sqlx(rename = "t_locale")]
    locale: String,
    #[sqlx(rename = "t_enabled")]
    enabled: bool,
    settings: String,
    settings_version: i64,
    data_key: Vec<u8>,
    #[sqlx(rename = "t_created_at")]
    created_at: i64,
    has_custom_domain: bool,
    has_directory_sync: bool,
}

impl TenantRow {
    pub(crate) fn into_tenant(self) -> Result<(Tenant, Vec<u8>)> {
        let row = Row::new("tenant", self.id);
        let tenant = Tenant {
            id: TenantId(self.id),
            country: row.read("country", CountryCode::parse(&self.country).ok())?,
            locale: row.read("locale", Locale::parse(&self.locale).ok())?,
            settings: row.read("settings", serde_json::from_str(&self.settings).ok())?,
            name: self.name,
            created_at: Timestamp(self.created_at),
            enabled: self.enabled,
            settings_version: self.settings_version,
            has_custom_domain: self.has_custom_domain,
            has_directory_sync: self.has_directory_sync,
        };
        Ok((tenant, self.data_key))
    }
}

/// What [`TenantRow`] is read from, of a tenant `t`.
pub(crate) const COLUMNS: &str = "t.id AS t_id, t.name, t.country, t.locale AS t_locale,
        t.enabled AS t_enabled, t.settings, t.settings_version, t.data_key,
        t.created_at AS t_created_at,
        EXISTS (SELECT 1 FROM domain d
            WHERE d.tenant_id = t.id AND d.kind = 'custom' AND d.verified_at IS NOT NULL)
            AS has_custom_domain,
        EXISTS (SELECT 1 FROM account y
            WHERE y.tenant_id = t.id AND y.source = 'synchronised') AS has_directory_sync";

/// The beginning of a statement that reads tenants: a macro, because the builder's type differs per
/// driver.
macro_rules! select {
    () => {{
        let mut query = sqlx::QueryBuilder::new("SELECT ");
        query.push(COLUMNS).push(" FROM tenant t WHERE ");
        query
    }};
}

/// Adds a tenant. [`StoreError::Conflict`] if the id is taken.
pub async fn insert(tx: &mut Tx, new: &NewTenant<'_>) -> Result<()> {
    let settings = to_json(new.settings)?;
    let added = on!(tx, |c| sqlx::query(
        "INSERT INTO tenant (id, name, name_key, country, locale, enabled, settings,
             settings_version, data_key, created_at)
         VALUES ($1, $2, $3, $4, $5, TRUE, $6, 1, $7, $8) ON CONFLICT DO NOTHING"
    )
    .bind(new.id.0)
    .bind(new.name)
    .bind(fold(new.name))
    .bind(new.country.as_str())
    .bind(new.locale.tag())
    .bind(&settings)
    .bind(new.data_key)
    .bind(new.created_at.0)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))?;
    if added {
        Ok(())
    } else {
        Err(StoreError::Conflict("tenant"))
    }
}

/// A tenant.
pub async fn get(tx: &mut Tx, id: TenantId) -> Result<Option<Tenant>> {
    Ok(get_with_key(tx, id).await?.map(|(tenant, _)| tenant))
}

/// A tenant and its wrapped data key, in one statement.
pub async fn get_with_key(tx: &mut Tx, id: TenantId) -> Result<Option<(Tenant, Vec<u8>)>> {
    let row: Option<TenantRow> = on!(tx, |c| {
        let mut query = select!();
        query.push("t.id = ").push_bind(id.0);
        query.build_query_as().fetch_optional(c).await
    })?;
    row.map(TenantRow::into_tenant).transpose()
}

/// A tenant's wrapped data key.
pub async fn data_key(tx: &mut Tx, id: TenantId) -> Result<Option<Vec<u8>>> {
    on!(tx, |c| sqlx::query_scalar(
        "SELECT data_key FROM tenant WHERE id = $1"
    )
    .bind(id.0)
    .fetch_optional(c)
    .await)
}

/// Tenants in the order of their ids, after one, without the service itself.
pub async fn list(tx: &mut Tx, after: Option<TenantId>, limit: i64) -> Result<Vec<Tenant>> {
    let after = after.unwrap_or(TenantId::SERVICE);
    let rows: Vec<TenantRow> = on!(tx, |c| {
        let mut query = select!();
        query
            .push("t.id > ")
            .push_bind(after.0)
            .push(" ORDER BY t.id LIMIT ")
            .push_bind(limit);
        query.build_query_as().fetch_all(c).await
    })?;
    rows.into_iter()
        .map(|row| Ok(row.into_tenant()?.0))
        .collect()
}

/// The tenants of a name, compared without case: names need not be unique. At most ten.
pub async fn find_by_name(tx: &mut Tx, name: &str) -> Result<Vec<Tenant>> {
    let rows: Vec<TenantRow> = on!(tx, |c| {
        let mut query = select!();
        query.push("t.name_key = ").push_bind(fold(name));
        query.push(" AND t.id <> ").push_bind(TenantId::SERVICE.0);
        query.push(" ORDER BY t.id LIMIT 10");
        query.build_query_as().fetch_all(c).await
    })?;
    rows.into_iter()
        .map(|row| Ok(row.into_tenant()?.0))
        .collect()
}

/// Replaces the settings if they are still of the expected version, which grows by one.
pub async fn set_settings(
    tx: &mut Tx,
    id: TenantId,
    expected_version: i64,
    settings: &Settings,
) -> Result<bool> {
    let settings = to_json(settings)?;
    on!(tx, |c| sqlx::query(
        "UPDATE tenant SET settings = $3, settings_version = settings_version + 1
         WHERE id = $1 AND settings_version = $2"
    )
    .bind(id.0)
    .bind(expected_version)
    .bind(&settings)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}

/// What the operator sets of a tenant.
#[derive(Debug, Clone)]
pub struct Profile<'a> {
    /// The name that people see.
    pub name: &'a str,
    /// The directory location.
    pub country: CountryCode,
    /// The language of last resort before English.
    pub locale: Locale,
    /// Whether it may be used.
    pub enabled: bool,
}

/// Replaces what the operator sets. `false`: there is no such tenant.
pub async fn set_profile(tx: &mut Tx, id: TenantId, profile: &Profile<'_>) -> Result<bool> {
    on!(tx, |c| sqlx::query(
        "UPDATE tenant SET name = $2, name_key = $3, country = $4, locale = $5, enabled = $6
         WHERE id = $1"
    )
    .bind(id.0)
    .bind(profile.name)
    .bind(fold(profile.name))
    .bind(profile.country.as_str())
    .bind(profile.locale.tag())
    .bind(profile.enabled)
    .execute(c)
    .await
    .map(|done| done.rows_affected() == 1))
}
