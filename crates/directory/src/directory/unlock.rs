use super::Directory;
use super::account::Found;
use super::reset::finish;
use crate::answer::Refusal;
use crate::connection::replace;
use crate::settings::Kind;
use crate::state::Done;
use crate::{Anchor, Failure};

pub(super) async fn unlock(directory: &Directory, user: Anchor) -> Result<Done, Failure> {
    let Found { mut lease, account } = directory.locate(user).await?;
    let outcome = async {
        account.unprotected()?;
        let change = match account.kind {
            // Written even if this server knows of no lock: another may, and tell it in a moment.
            Kind::ActiveDirectory => replace("lockoutTime", &[b"0"]),
            Kind::Ldap => {
                // The same attribute disables; what an administrator did is not undone.
                if account.disabled() {
                    return Err(Failure::Disabled);
                }
                replace("pwdAccountLockedTime", &[])
            }
        };
        let answer = lease
            .modify(&account.address, vec![change], vec![])
            .await
            .map_err(|broken| Failure::OutcomeUnknown(format!("{}: {broken}", lease.label)))?;
        if answer.rc != 0 {
            let refusal = Refusal::new(&answer, &[]);
            return Err(match account.kind {
                Kind::ActiveDirectory => refusal.of_active_directory(),
                Kind::Ldap => refusal.of_ldap(false),
            });
        }
        Ok(Done {
            was_locked: account.locked(None),
            must_change: account.must_change(),
            history_enforced: None,
            server: lease.label.clone(),
        })
    }
    .await;
    finish(lease, outcome)
}
