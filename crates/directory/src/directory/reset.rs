use latchkey_types::Password;

use super::account::{Account, Found};
use super::{Directory, password, policy};
use crate::answer::{PPOLICY, Refusal};
use crate::connection::{Connection, control, replace};
use crate::ldap_password;
use crate::pool::Lease;
use crate::settings::Kind;
use crate::state::Done;
use crate::{Anchor, Failure};

/// The value of the policy-hints control: obey the history and the minimum age.
const OBEY: [u8; 5] = [0x30, 3, 2, 1, 1];

pub(super) async fn reset(
    directory: &Directory,
    user: Anchor,
    new: &Password,
    must_change: bool,
) -> Result<Done, Failure> {
    password::acceptable(new)?;
    let Found { mut lease, account } = directory.locate(user).await?;
    let outcome = match account.unprotected().and_then(|()| account.usable()) {
        Ok(()) => match account.kind {
            Kind::ActiveDirectory => {
                active_directory(directory, &mut lease, &account, new, must_change).await
            }
            Kind::Ldap => ldap(directory, &mut lease, &account, new, must_change).await,
        },
        Err(refused) => Err(refused),
    };
    finish(lease, outcome)
}

/// Keeps the connection for the next one, unless it owes an answer.
pub(super) fn finish<T>(lease: Lease, outcome: Result<T, Failure>) -> Result<T, Failure> {
    if !matches!(
        outcome,
        Err(Failure::OutcomeUnknown(_) | Failure::Unreachable(_) | Failure::Untrusted(_))
    ) {
        lease.keep();
    }
    outcome
}

async fn active_directory(
    directory: &Directory,
    connection: &mut Connection,
    account: &Account,
    new: &Password,
    must_change: bool,
) -> Result<Done, Failure> {
    let hints = connection
        .root
        .policy_hints
        .filter(|_| directory.pool.settings.apply_history_on_reset);
    let unicode = password::unicode(new);
    // All in one request: the server does all of it or nothing.
    let mut changes = vec![
        replace("unicodePwd", &[&unicode]),
        replace("lockoutTime", &[b"0"]),
    ];
    if must_change {
        changes.push(replace("pwdLastSet", &[b"0"]));
    }
    let controls = hints
        .map(|oid| control(oid, true, Some(OBEY.to_vec())))
        .into_iter()
        .collect();
    let answer = connection
        .modify(&account.address, changes, controls)
        .await
        .map_err(|broken| Failure::OutcomeUnknown(format!("{}: {broken}", connection.label)))?;
    if answer.rc != 0 {
        let failure = Refusal::new(&answer, &[new.expose()]).of_active_directory();
        let age_counts = hints.is_some();
        return Err(
            policy::explain(directory, connection, account, failure, new, age_counts).await,
        );
    }
    Ok(Done {
        was_locked: account.locked(None),
        // An account whose password never expires is not asked for a new one, either.
        must_change: must_change && !account.password_never_expires(),
        history_enforced: Some(hints.is_some()),
        server: connection.label.clone(),
    })
}

async fn ldap(
    directory: &Directory,
    connection: &mut Connection,
    account: &Account,
    new: &Password,
    must_change: bool,
) -> Result<Done, Failure> {
    let request = ldap_password::modify(&account.address, None, new);
    let answer = connection
        .extended(request, vec![control(PPOLICY, false, None)])
        .await
        .map_err(|broken| Failure::OutcomeUnknown(format!("{}: {broken}", connection.label)))?;
    if answer.rc != 0 {
        let failure = Refusal::new(&answer, &[new.expose()]).of_ldap(false);
        return Err(policy::explain(directory, connection, account, failure, new, true).await);
    }
    // The password is set, whatever becomes of the rest. A lock ends with it by itself in OpenLDAP
    // and 389-ds; what is left of one is taken away.
    let was_locked = account.locked(None);
    let mut changes = Vec::new();
    if must_change {
        changes.push(replace("pwdReset", &[b"TRUE"]));
    }
    let must_change = must_change && is_done(connection, account, changes).await;
    if was_locked {
        is_done(
            connection,
            account,
            vec![replace("pwdAccountLockedTime", &[])],
        )
        .await;
    }
    Ok(Done {
        was_locked,
        must_change,
        history_enforced: connection.root.ppolicy.then_some(true),
        server: connection.label.clone(),
    })
}

async fn is_done(
    connection: &mut Connection,
    account: &Account,
    changes: Vec<ldap3::Mod<Vec<u8>>>,
) -> bool {
    match connection.modify(&account.address, changes, vec![]).await {
        Ok(answer) => answer.rc == 0,
        Err(_) => false,
    }
}
