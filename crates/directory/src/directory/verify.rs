use latchkey_types::Password;

use super::account::{Account, Found};
use super::reset::finish;
use super::{Directory, password};
use crate::answer::{self, PPOLICY, Refusal};
use crate::connection::{Broken, Connection, control};
use crate::settings::Kind;
use crate::state::Verdict;
use crate::{Anchor, Failure};

pub(super) async fn verify(
    directory: &Directory,
    user: Anchor,
    password: &Password,
) -> Result<Verdict, Failure> {
    if !password::may_be_right(password) {
        return Ok(Verdict::Wrong);
    }
    let Found { lease, account } = directory.locate(user).await?;
    let outcome = sign_in(directory, &lease, &account, password)
        .await
        .map(|(_, verdict)| verdict);
    finish(lease, outcome)
}

/// Signs in as the user on a new connection to the same server. Nothing is written by that, except
/// that a wrong password counts.
pub(super) async fn sign_in(
    directory: &Directory,
    service: &Connection,
    account: &Account,
    password: &Password,
) -> Result<(Connection, Verdict), Failure> {
    let unreachable = |broken: Broken| Failure::Unreachable(format!("{}: {broken}", service.label));
    let mut own = directory
        .pool
        .open_anonymous(service.server)
        .await
        .map_err(unreachable)?;
    let controls = match account.kind {
        Kind::ActiveDirectory => vec![],
        Kind::Ldap => vec![control(PPOLICY, false, None)],
    };
    let answer = own
        .bind(&account.dn, password.expose(), controls)
        .await
        .map_err(unreachable)?;
    let refusal = || Refusal::new(&answer, &[password.expose()]);
    let verdict = match (account.kind, answer.rc) {
        (Kind::ActiveDirectory, 0) => Verdict::Right,
        (Kind::Ldap, 0) => answer::bound_at_ldap(&answer),
        (Kind::ActiveDirectory, _) => refusal().of_a_bind_at_active_directory()?,
        (Kind::Ldap, _) => refusal().of_a_bind_at_ldap()?,
    };
    Ok((own, verdict))
}
