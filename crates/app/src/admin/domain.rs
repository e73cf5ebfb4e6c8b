//! Domains of tenants.

use latchkey_core::audit::Activity;
use latchkey_core::model::{DomainKind, Tenant};
use latchkey_store::domains::{self, Domain};
use latchkey_store::{StoreError, Tx};
use latchkey_types::{DomainId, DomainName, TenantId, random_bytes};
use serde::Serialize;

use super::find;
use crate::audit::{Entry, Target, record_one};
use crate::{App, AppError, Ctx};

/// A domain as an administrator sees it.
#[derive(Debug, Clone, Serialize)]
pub struct DomainView {
    /// Its name.
    pub name: String,
    /// `initial` or `custom`.
    pub kind: String,
    /// When it was shown whose it is.
    pub verified_at: Option<String>,
    /// The TXT record that shows whose it is, while it is not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub txt_record: Option<String>,
}

impl DomainView {
    pub(super) fn new(domain: &Domain) -> Self {
        Self {
            name: domain.name.to_string(),
            kind: domain.kind.as_str().to_owned(),
            verified_at: domain.verified_at.map(latchkey_types::Timestamp::rfc3339),
            txt_record: domain
                .verified_at
                .is_none()
                .then(|| format!("latchkey-verification={}", domain.token)),
        }
    }
}

/// Adds a custom domain, unverified, with the token that is to be published in DNS.
pub async fn add(app: &App, ctx: &Ctx, tenant: &str, name: &str) -> Result<DomainView, AppError> {
    let name = DomainName::parse(name).map_err(|error| AppError::Invalid(error.to_string()))?;
    if !name.as_str().contains('.') {
        return Err(AppError::Invalid(
            "a domain has a dot, like contoso.com".into(),
        ));
    }
    let domain = new(app, name);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            add_in(tx, app, ctx, &tenant, &domain).await?;
            Ok::<_, AppError>(DomainView::new(&domain))
        })
        .await
}

/// A custom domain that is not in the database yet.
pub(crate) fn new(app: &App, name: DomainName) -> Domain {
    let token = super::audit_list::hex(&random_bytes::<16>(app.entropy()));
    Domain {
        id: DomainId::new(app.clock(), app.entropy()),
        name,
        kind: DomainKind::Custom,
        token,
        verified_at: None,
        created_at: app.clock().now(),
    }
}

pub(crate) async fn add_in(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: &Tenant,
    domain: &Domain,
) -> Result<(), AppError> {
    insert(tx, tenant.id, domain).await?;
    let entry = Entry::new(Activity::DomainAdded).on(target(domain));
    record_one(tx, app, ctx, tenant, entry).await
}

pub(super) async fn insert(tx: &mut Tx, tenant: TenantId, domain: &Domain) -> Result<(), AppError> {
    match domains::insert(tx, tenant, domain).await {
        Err(StoreError::Conflict(_)) => Err(AppError::Conflict(format!(
            "the domain {} is taken",
            domain.name
        ))),
        other => Ok(other?),
    }
}

/// Marks a domain verified: the operator has seen to it that it is the tenant's.
pub async fn verify(app: &App, ctx: &Ctx, name: &str) -> Result<DomainView, AppError> {
    let name = DomainName::parse(name).map_err(|error| AppError::Invalid(error.to_string()))?;
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let missing = || AppError::Invalid(format!("no tenant has the domain {name}"));
            let (owner, _) = domains::find(tx, &name).await?.ok_or_else(missing)?;
            let tenant = latchkey_store::tenants::get(tx, owner)
                .await?
                .ok_or_else(missing)?;
            verify_in(tx, app, ctx, &tenant, &name).await?;
            let (_, domain) = domains::find(tx, &name).await?.ok_or_else(missing)?;
            Ok::<_, AppError>(DomainView::new(&domain))
        })
        .await
}

/// Does nothing where it was verified before.
pub(crate) async fn verify_in(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: &Tenant,
    name: &DomainName,
) -> Result<(), AppError> {
    if !domains::mark_verified(tx, tenant.id, name, app.clock().now()).await? {
        return Ok(());
    }
    let domain = domains::find(tx, name).await?.map(|(_, domain)| domain);
    let entry = Entry::new(Activity::DomainVerified)
        .on(domain.as_ref().and_then(target))
        .with("by", "operator");
    record_one(tx, app, ctx, tenant, entry).await
}

/// The domains of a tenant.
pub async fn list(app: &App, tenant: &str) -> Result<Vec<DomainView>, AppError> {
    app.db()
        .read(async |mut tx| {
            let tenant = find::tenant_in(&mut tx, tenant).await?;
            let domains = domains::list(&mut tx, tenant.id).await?;
            Ok::<_, AppError>(domains.iter().map(DomainView::new).collect())
        })
        .await
}

fn target(domain: &Domain) -> Option<Target> {
    Some(Target::thing("domain", domain.id.0, domain.name.as_str()))
}
