use std::collections::HashSet;

use latchkey_types::Password;
use ldap3::{LdapResult, Mod};

use super::account::{Account, Found};
use super::reset::finish;
use super::{Directory, password, policy, verify};
use crate::answer::{PPOLICY, Refusal};
use crate::connection::{Broken, Connection, control};
use crate::ldap_password;
use crate::pool::Lease;
use crate::settings::Kind;
use crate::state::{Done, Verdict};
use crate::{Anchor, Failure};

pub(super) async fn change(
    directory: &Directory,
    user: Anchor,
    old: &Password,
    new: &Password,
) -> Result<Done, Failure> {
    password::acceptable(new)?;
    if !password::may_be_right(old) {
        return Err(Failure::WrongPassword);
    }
    let Found { mut lease, account } = directory.locate(user).await?;
    let outcome = match account.usable() {
        Ok(()) => match account.kind {
            Kind::ActiveDirectory => {
                active_directory(directory, &mut lease, &account, old, new).await
            }
            Kind::Ldap => ldap(directory, &mut lease, &account, old, new).await,
        },
        Err(refused) => Err(refused),
    };
    finish(lease, outcome)
}

async fn active_directory(
    directory: &Directory,
    connection: &mut Connection,
    account: &Account,
    old: &Password,
    new: &Password,
) -> Result<Done, Failure> {
    let value = |password| HashSet::from([password::unicode(password).to_vec()]);
    let name = || b"unicodePwd".to_vec();
    // The server takes a deletion and an addition for a change, and checks the old password.
    let changes = vec![
        Mod::Delete(name(), value(old)),
        Mod::Add(name(), value(new)),
    ];
    let answer = connection
        .modify(&account.address, changes, vec![])
        .await
        .map_err(|broken| unknown(connection, &broken))?;
    if answer.rc != 0 {
        let failure = Refusal::new(&answer, &[new.expose(), old.expose()]).of_active_directory();
        return Err(policy::explain(directory, connection, account, failure, new, true).await);
    }
    Ok(done(connection, Some(true)))
}

async fn ldap(
    directory: &Directory,
    lease: &mut Lease,
    account: &Account,
    old: &Password,
    new: &Password,
) -> Result<Done, Failure> {
    // As the user: then the directory's rules for users apply, not those for administrators.
    let (mut own, verdict) = verify::sign_in(directory, lease, account, old).await?;
    let request = ldap_password::modify(&account.address, Some(old), new);
    let answer = match verdict {
        Verdict::Right | Verdict::RightButMustChange => exop(&mut own, request).await?,
        // Too old to sign in with, but still good for a change: the directory compares it.
        Verdict::RightButExpired => exop(lease, request).await?,
        Verdict::Wrong => return Err(Failure::WrongPassword),
        Verdict::Locked => return Err(Failure::Locked),
        Verdict::Disabled | Verdict::NotNow => return Err(Failure::Disabled),
        Verdict::AccountExpired => return Err(Failure::AccountExpired),
    };
    if answer.rc != 0 {
        let failure = Refusal::new(&answer, &[new.expose(), old.expose()]).of_ldap(true);
        return Err(policy::explain(directory, lease, account, failure, new, true).await);
    }
    let history = lease.root.ppolicy.then_some(true);
    Ok(done(lease, history))
}

async fn exop(
    connection: &mut Connection,
    request: ldap3::exop::Exop,
) -> Result<LdapResult, Failure> {
    connection
        .extended(request, vec![control(PPOLICY, false, None)])
        .await
        .map_err(|broken| unknown(connection, &broken))
}

fn unknown(connection: &Connection, broken: &Broken) -> Failure {
    Failure::OutcomeUnknown(format!("{}: {broken}", connection.label))
}

fn done(connection: &Connection, history_enforced: Option<bool>) -> Done {
    Done {
        was_locked: false,
        must_change: false,
        history_enforced,
        server: connection.label.clone(),
    }
}
