//! The identity providers of tenants.

use latchkey_core::audit::Activity;
use latchkey_store::federation::{self as store, Federation};
use latchkey_store::tenants;
use latchkey_types::{FederationId, Secret};
use serde::Serialize;

use super::find;
use crate::audit::{Entry, Target, record_one};
use crate::keys::seal;
use crate::sign_in::redirect_uri;
use crate::{App, AppError, Ctx};

/// The claim that most providers have the name in that people sign in with.
pub const NAME_CLAIM: &str = "preferred_username";

/// An identity provider to be.
#[derive(Debug, Clone)]
pub struct NewProvider<'a> {
    /// The issuer's address, letter by letter as its metadata have it.
    pub issuer: &'a str,
    /// Who we are to it.
    pub client_id: &'a str,
    /// The client's secret.
    pub secret: &'a Secret<String>,
    /// The claim that holds the user principal name at the first sign-in.
    pub name_claim: &'a str,
    /// Whether the provider is asked first whether it is there.
    pub is_checked: bool,
}

/// A tenant's identity provider as an administrator sees it.
#[derive(Debug, Clone, Serialize)]
pub struct ProviderView {
    /// The issuer's address.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// The claim that holds the user principal name at the first sign-in.
    pub name_claim: String,
    /// What is to be registered at the provider as the address to come back to.
    pub redirect_uri: String,
    /// When it was set.
    pub set_at: String,
}

impl ProviderView {
    fn new(app: &App, provider: &Federation) -> Self {
        Self {
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            name_claim: provider.name_claim.clone(),
            redirect_uri: redirect_uri(app),
            set_at: provider.created_at.rfc3339(),
        }
    }
}

/// Sets a tenant's provider, in place of the one that was there. Who was bound to a subject of the
/// same issuer stays bound.
pub async fn set(
    app: &App,
    ctx: &Ctx,
    tenant: &str,
    new: &NewProvider<'_>,
) -> Result<ProviderView, AppError> {
    check(new)?;
    if new.is_checked
        && let Err(error) = app.federation().discover(new.issuer).await
    {
        return Err(AppError::Invalid(format!("nothing was set. {error}")));
    }
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            let (_, wrapped) = tenants::get_with_key(tx, tenant.id)
                .await?
                .ok_or(AppError::NotFound)?;
            let key = app.keys().data_key(tenant.id, &wrapped)?;
            let id = FederationId::new(app.clock(), app.entropy());
            let plain = new.secret.expose().as_bytes();
            let secret = seal(&key, app.entropy(), "federation", "secret", id.0, plain)?;
            let provider = Federation {
                id,
                issuer: new.issuer.to_owned(),
                client_id: new.client_id.to_owned(),
                secret,
                name_claim: new.name_claim.to_owned(),
                created_at: app.clock().now(),
            };
            store::set(tx, tenant.id, &provider).await?;
            let entry = Entry::new(Activity::FederationChanged)
                .on(Some(target(&provider)))
                .with("client_id", new.client_id)
                .with("name_claim", new.name_claim);
            record_one(tx, app, ctx, &tenant, entry).await?;
            Ok::<_, AppError>(ProviderView::new(app, &provider))
        })
        .await
}

/// A tenant's provider, without its secret. `None`: there is none.
pub async fn show(app: &App, tenant: &str) -> Result<Option<ProviderView>, AppError> {
    app.db()
        .read(async |mut tx| {
            let tenant = find::tenant_in(&mut tx, tenant).await?;
            let provider = store::get(&mut tx, tenant.id).await?;
            Ok::<_, AppError>(provider.map(|provider| ProviderView::new(app, &provider)))
        })
        .await
}

/// Removes a tenant's provider. `false`: there was none.
pub async fn remove(app: &App, ctx: &Ctx, tenant: &str) -> Result<bool, AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            let Some(provider) = store::get(tx, tenant.id).await? else {
                return Ok(false);
            };
            store::delete(tx, tenant.id).await?;
            let entry = Entry::new(Activity::FederationChanged)
                .on(Some(target(&provider)))
                .with("removed", true);
            record_one(tx, app, ctx, &tenant, entry).await?;
            Ok::<_, AppError>(true)
        })
        .await
}

fn target(provider: &Federation) -> Target {
    Target::thing("federation", provider.id.0, &provider.issuer)
}

fn check(new: &NewProvider<'_>) -> Result<(), AppError> {
    let is_text = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && !text.contains(|c: char| c.is_control() || c == ' ')
    };
    let wrong = if !is_text(new.issuer, 2_000) || !new.issuer.contains("://") {
        "an issuer looks like https://login.contoso.com"
    } else if !is_text(new.client_id, 255) {
        "a client id has 1 to 255 characters without spaces"
    } else if !(1..=4_096).contains(&new.secret.expose().len()) {
        "a client's secret has 1 to 4,096 characters"
    } else if !is_text(new.name_claim, 100) {
        "a claim has 1 to 100 characters without spaces"
    } else {
        return Ok(());
    };
    Err(AppError::Invalid(wrong.into()))
}
