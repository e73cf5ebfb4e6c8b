//! Signing in at the tenant's own identity provider.

use latchkey_core::model::Managed;
use latchkey_store::{Tx, federation};

use crate::AppError;
use crate::reset::Case;

/// Whether a name is signed in at its tenant's identity provider. Without a provider there is the
/// page for the password, as for everybody, and none is right. With one, half of the names that
/// nobody has go there too, so that neither page says whether a name is known.
pub(super) async fn is_elsewhere(tx: &mut Tx, case: &Case) -> Result<bool, AppError> {
    let has_provider = federation::get(tx, case.tenant.id).await?.is_some();
    let is_federated = match &case.user {
        Some(user) => user.managed == Managed::Federated,
        None => case.subject_id.0.as_bytes()[15] & 1 == 0,
    };
    Ok(has_provider && is_federated)
}
