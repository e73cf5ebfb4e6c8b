//! Finding what an administrator names.

use latchkey_core::model::{Tenant, User};
use latchkey_store::{Tx, accounts, domains, names, tenants};
use latchkey_types::{DomainName, TenantId, UserId, fold};

use crate::{App, AppError};

/// A tenant by its id, by one of its domains, or by its name if only one has it.
pub async fn tenant(app: &App, typed: &str) -> Result<Tenant, AppError> {
    app.db()
        .read(async |mut tx| tenant_in(&mut tx, typed).await)
        .await
}

/// A user by user principal name, by a mail address that only one has, or by `TENANT/ID`.
pub async fn user(app: &App, typed: &str) -> Result<User, AppError> {
    app.db()
        .read(async |mut tx| user_in(&mut tx, typed).await)
        .await
}

pub(crate) async fn tenant_in(tx: &mut Tx, typed: &str) -> Result<Tenant, AppError> {
    let missing = || AppError::Invalid(format!("there is no tenant {typed:?}"));
    if let Ok(id) = TenantId::parse(typed) {
        let found = if id == TenantId::SERVICE {
            None
        } else {
            tenants::get(tx, id).await?
        };
        return found.ok_or_else(missing);
    }
    let mut named = tenants::find_by_name(tx, typed).await?;
    if named.len() > 1 {
        let ids: Vec<String> = named.iter().map(|tenant| tenant.id.to_string()).collect();
        return Err(AppError::Invalid(format!(
            "several tenants are named {typed:?}; say which by its id: {}",
            ids.join(", ")
        )));
    }
    if let Some(found) = named.pop() {
        return Ok(found);
    }
    if let Ok(name) = DomainName::parse(typed)
        && let Some((id, _)) = domains::find(tx, &name).await?
    {
        return tenants::get(tx, id).await?.ok_or_else(missing);
    }
    Err(missing())
}

pub(crate) async fn user_in(tx: &mut Tx, typed: &str) -> Result<User, AppError> {
    let missing = || AppError::Invalid(format!("there is no user {typed:?}"));
    if let Some((tenant, id)) = typed.split_once('/') {
        // TENANT/ID, for users whose name is not known.
        let tenant = tenant_in(tx, tenant).await?;
        let id = UserId::parse(id).map_err(|error| AppError::Invalid(error.to_string()))?;
        return accounts::get(tx, tenant.id, id).await?.ok_or_else(missing);
    }
    let named = names::resolve(tx, &fold(typed)).await?;
    let named = names::choose(&named).ok_or_else(missing)?;
    accounts::get(tx, named.tenant, named.user)
        .await?
        .ok_or_else(missing)
}
