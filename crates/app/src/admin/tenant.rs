//! Tenants.

use latchkey_core::audit::Activity;
use latchkey_core::model::{DomainKind, Tenant};
use latchkey_core::settings::Settings;
use latchkey_crypto::chain;
use latchkey_store::domains::{self, Domain};
use latchkey_store::tenants::{self, NewTenant, Profile};
use latchkey_store::{Tx, audit as log};
use latchkey_types::{CountryCode, DomainId, DomainName, Locale, TenantId, Timestamp};
use serde::Serialize;
use serde_json::json;

use super::{PAGE, domain, find};
use crate::audit::{Entry, Target, record_one};
use crate::{App, AppError, Ctx};

/// A tenant to be.
#[derive(Debug, Clone)]
pub struct NewTenantForm<'a> {
    /// The name that people see: 1 to 100 characters.
    pub name: &'a str,
    /// Two letters.
    pub country: &'a str,
    /// `en`, `sv` or `nl`.
    pub language: &'a str,
    /// Its first domain; by default `<name>.<host of the base address>`.
    pub initial_domain: Option<&'a str>,
}

/// A tenant as an administrator sees it.
#[derive(Debug, Clone, Serialize)]
pub struct TenantView {
    /// Its id.
    pub id: String,
    /// The name that people see.
    pub name: String,
    /// The directory location.
    pub country: String,
    /// The language of last resort before English.
    pub language: String,
    /// Whether it may be used.
    pub enabled: bool,
    /// For whom self-service password reset is on.
    pub reset_scope: String,
    /// When it was created.
    pub created_at: String,
    /// Its domains; only where one tenant is shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<domain::DomainView>,
}

impl TenantView {
    fn new(tenant: &Tenant, domains: &[Domain]) -> Self {
        Self {
            id: tenant.id.to_string(),
            name: tenant.name.clone(),
            country: tenant.country.to_string(),
            language: tenant.locale.tag().to_owned(),
            enabled: tenant.enabled,
            reset_scope: tenant.settings.reset.scope.as_str().to_owned(),
            created_at: tenant.created_at.rfc3339(),
            domains: domains.iter().map(domain::DomainView::new).collect(),
        }
    }
}

/// Creates a tenant with its keys, its audit chain, its initial domain and default settings.
pub async fn create(
    app: &App,
    ctx: &Ctx,
    form: &NewTenantForm<'_>,
) -> Result<TenantView, AppError> {
    let id = TenantId::new(app.clock(), app.entropy());
    let now = app.clock().now();
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = create_in(tx, app, ctx, form, id, now, &Settings::default()).await?;
            let domains = domains::list(tx, tenant.id).await?;
            Ok::<_, AppError>(TenantView::new(&tenant, &domains))
        })
        .await
}

pub(crate) async fn create_in(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    form: &NewTenantForm<'_>,
    id: TenantId,
    created_at: Timestamp,
    settings: &Settings,
) -> Result<Tenant, AppError> {
    let invalid = |error: latchkey_types::Malformed| AppError::Invalid(error.to_string());
    let name = check_name(form.name)?;
    let country = CountryCode::parse(form.country).map_err(invalid)?;
    let locale = language(form.language)?;
    let domain = match form.initial_domain {
        Some(domain) => DomainName::parse(domain).map_err(invalid)?,
        None => initial_domain(app, name)?,
    };
    let data_key = app.keys().new_data_key(app.entropy(), id)?;
    let new = NewTenant {
        id,
        name,
        country,
        locale,
        settings,
        data_key: &data_key,
        created_at,
    };
    tenants::insert(tx, &new).await?;
    log::insert_head(tx, id, &chain::genesis(id)).await?;
    let domain = Domain {
        id: DomainId::new(app.clock(), app.entropy()),
        name: domain,
        kind: DomainKind::Initial,
        token: String::new(),
        verified_at: Some(created_at),
        created_at,
    };
    domain::insert(tx, id, &domain).await?;
    let tenant = tenants::get(tx, id)
        .await?
        .ok_or(AppError::bug("a new tenant is gone"))?;
    let entry = Entry::new(Activity::TenantCreated)
        .on(target(&tenant))
        .with("name", name)
        .with("country", country.as_str())
        .with("language", locale.tag())
        .with("initial_domain", domain.name.as_str());
    record_one(tx, app, ctx, &tenant, entry).await?;
    Ok(tenant)
}

/// Tenants in the order of their creation, after one, a page at a time.
pub async fn list(app: &App, after: Option<TenantId>) -> Result<Vec<TenantView>, AppError> {
    let page = app
        .db()
        .read(async |mut tx| {
            tenants::list(&mut tx, after, PAGE)
                .await
                .map_err(AppError::from)
        })
        .await?;
    Ok(page
        .iter()
        .map(|tenant| TenantView::new(tenant, &[]))
        .collect())
}

/// One tenant with its domains.
pub async fn show(app: &App, typed: &str) -> Result<TenantView, AppError> {
    app.db()
        .read(async |mut tx| {
            let tenant = find::tenant_in(&mut tx, typed).await?;
            let domains = domains::list(&mut tx, tenant.id).await?;
            Ok::<_, AppError>(TenantView::new(&tenant, &domains))
        })
        .await
}

/// Sets `name`, `country`, `language`, `enabled`, each given as a text.
pub async fn set(
    app: &App,
    ctx: &Ctx,
    typed: &str,
    values: &[(String, String)],
) -> Result<TenantView, AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let before = find::tenant_in(tx, typed).await?;
            let mut after = before.clone();
            for (field, value) in values {
                let invalid =
                    |error: latchkey_types::Malformed| AppError::Invalid(error.to_string());
                match field.as_str() {
                    "name" => after.name = check_name(value)?.to_owned(),
                    "country" => after.country = CountryCode::parse(value).map_err(invalid)?,
                    "language" => after.locale = language(value)?,
                    "enabled" => after.enabled = super::user::yes(field, value)?,
                    other => {
                        return Err(AppError::Invalid(format!(
                            "a tenant has no {other:?}: it has name, country, language, enabled; \
                             everything else is policy"
                        )));
                    }
                }
            }
            let profile = Profile {
                name: &after.name,
                country: after.country,
                locale: after.locale,
                enabled: after.enabled,
            };
            if !tenants::set_profile(tx, after.id, &profile).await? {
                return Err(AppError::NotFound);
            }
            let facts = |tenant: &Tenant| {
                json!({
                    "name": tenant.name, "country": tenant.country.as_str(),
                    "language": tenant.locale.tag(), "enabled": tenant.enabled,
                })
            };
            let changes = super::policy::changes(&facts(&before), &facts(&after));
            if !changes.is_empty() {
                let entry = Entry::new(Activity::TenantChanged)
                    .on(target(&after))
                    .with("changes", super::policy::as_json(&changes));
                record_one(tx, app, ctx, &after, entry).await?;
            }
            let domains = domains::list(tx, after.id).await?;
            Ok(TenantView::new(&after, &domains))
        })
        .await
}

pub(super) fn target(tenant: &Tenant) -> Option<Target> {
    Some(Target::thing("tenant", tenant.id.0, &tenant.name))
}

fn check_name(name: &str) -> Result<&str, AppError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(AppError::Invalid(
            "a tenant's name has 1 to 100 characters".into(),
        ));
    }
    Ok(name)
}

pub(super) fn language(tag: &str) -> Result<Locale, AppError> {
    match Locale::parse(tag) {
        Ok(Locale::Pseudo) | Err(_) => {
            Err(AppError::Invalid("a language is one of en, sv, nl".into()))
        }
        Ok(locale) => Ok(locale),
    }
}

/// `<name>.<host of the base address>`.
fn initial_domain(app: &App, name: &str) -> Result<DomainName, AppError> {
    let label: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let label = label.trim_matches('-');
    DomainName::parse(&format!("{label}.{}", app.options().base.name())).map_err(|_| {
        AppError::Invalid(format!(
            "no domain can be made of the name {name:?}: give the initial domain"
        ))
    })
}
