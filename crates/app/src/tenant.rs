//! The service's own tenant, and the check that database and keys belong together.

use latchkey_core::settings::{Scope, Settings};
use latchkey_crypto::chain;
use latchkey_store::tenants::{self, NewTenant};
use latchkey_store::{StoreError, audit, service};
use latchkey_types::{CountryCode, Locale, TenantId};

use crate::{App, AppError};

/// The fact under which the fingerprint of the keys is kept.
const KEYS: &str = "keys";

/// Makes the service's own tenant if it is missing, and refuses a database that was made with other
/// keys: with those every password would be wrong and no sealed value could be opened.
///
/// Several processes may do this at once; one of them makes the tenant.
pub(crate) async fn prepare_service(app: &App) -> Result<(), AppError> {
    let ours = app.keys().fingerprint();
    if is_prepared(app, &ours).await? {
        return Ok(());
    }
    let data_key = app.keys().new_data_key(app.entropy(), TenantId::SERVICE)?;
    let country = CountryCode::parse("ZZ").map_err(|e| AppError::internal("the service", e))?;
    // Whoever types a name of an unknown domain meets a decoy of this tenant, in `private`.
    let mut settings = Settings::default();
    settings.reset.scope = Scope::All;
    let made = app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            // Whoever records the fact makes the tenant; the others wait here and find it done.
            if !service::insert(tx, KEYS, &ours).await? {
                return Ok::<_, AppError>(());
            }
            let new = NewTenant {
                id: TenantId::SERVICE,
                name: &app.options().service_name,
                country,
                locale: Locale::En,
                settings: &settings,
                data_key: &data_key,
                created_at: app.clock().now(),
            };
            tenants::insert(tx, &new).await?;
            audit::insert_head(tx, TenantId::SERVICE, &chain::genesis(TenantId::SERVICE)).await?;
            Ok(())
        })
        .await;
    match made {
        Ok(()) => {}
        Err(AppError::Internal {
            source: Some(source),
            ..
        }) if matches!(source.downcast_ref(), Some(StoreError::Conflict(_))) => {}
        Err(error) => return Err(error),
    }
    if is_prepared(app, &ours).await? {
        Ok(())
    } else {
        Err(AppError::bug("the service's own tenant could not be made"))
    }
}

/// Whether the database is one of these keys. `false`: nothing is there yet.
async fn is_prepared(app: &App, ours: &str) -> Result<bool, AppError> {
    let recorded = app
        .db()
        .read(async |mut tx| service::get(&mut tx, KEYS).await.map_err(AppError::from))
        .await?;
    match recorded {
        None => Ok(false),
        Some(theirs) if theirs == ours => Ok(true),
        Some(_) => Err(AppError::Conflict(
            "this database was made with another key file: give the key file that belongs to it, \
             or another database"
                .into(),
        )),
    }
}
