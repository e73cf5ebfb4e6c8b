//! What follows here when a directory did what it was asked.

use latchkey_store::{Tx, accounts, links, lockout, registration};
use latchkey_types::Timestamp;
use latchkey_wire::operation::Verb;

use super::Pending;
use crate::AppError;
use crate::reset::Case;

/// Everything that the old password gave is over, and what could still act on the account is void: the
/// same whether somebody waited for the answer or it came late. `must_change`: the directory requires
/// another password at the next sign-in.
pub(crate) async fn done(
    tx: &mut Tx,
    case: &Case,
    verb: Verb,
    pending: &Pending,
    must_change: bool,
    now: Timestamp,
) -> Result<(), AppError> {
    let (tenant, user) = (case.tenant.id, case.subject_id);
    if verb.sets_password() {
        let hash = pending.hash.as_deref().filter(|_| case.keeps_copy());
        accounts::password_written(tx, tenant, user, hash, must_change, now).await?;
    }
    if verb == Verb::Reset {
        registration::note_reset(tx, tenant, user, now).await?;
    }
    links::void_for_user(tx, tenant, user, now).await?;
    lockout::clear(tx, tenant, user, now).await?;
    Ok(())
}
