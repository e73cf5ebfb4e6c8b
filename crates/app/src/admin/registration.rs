//! How far registrations are, and asking for them once more.

use latchkey_core::audit::Activity;
use latchkey_core::registration::{self, State};
use latchkey_core::reset::Subject;
use latchkey_store::registration as store;
use serde::Serialize;

use super::{find, group};
use crate::audit::{Entry, Target, record_one};
use crate::reset::Case;
use crate::{App, AppError, Ctx};

/// How far the registration of a user is. The names are those that other systems know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five answers of one interface, each on its own"
)]
pub struct StateView {
    /// The user.
    pub user: String,
    /// Self-service is on for them.
    pub is_enabled: bool,
    /// They have as many methods as are required.
    pub is_registered: bool,
    /// Registered, enabled and licensed.
    pub is_capable: bool,
    /// They are led to registering after they signed in.
    pub must_register: bool,
    /// They are led to confirming after they signed in.
    pub must_reconfirm: bool,
    /// How many different kinds of methods are on file.
    pub done: u8,
    /// How many are needed.
    pub needed: u8,
    /// When they last registered or confirmed.
    pub confirmed_at: Option<String>,
}

/// Of whom it is asked.
#[derive(Debug, Clone, Copy)]
pub enum Whom<'a> {
    /// One user.
    User(&'a str),
    /// The members of a group, direct or not.
    Group(&'a str),
    /// Everybody in the tenant.
    All,
}

/// How far the registration of a case is.
pub(super) fn state_of(case: &Case, now: latchkey_types::Timestamp) -> Option<StateView> {
    let facts = case.registration(now)?;
    let State {
        is_enabled,
        is_registered,
        is_capable,
        must_register,
        must_reconfirm,
    } = registration::state(&facts);
    let progress = registration::progress(&facts);
    Some(StateView {
        user: case.user.as_ref()?.upn.to_string(),
        is_enabled,
        is_registered,
        is_capable,
        must_register,
        must_reconfirm,
        done: progress.done,
        needed: progress.needed,
        confirmed_at: facts.confirmed_at.map(latchkey_types::Timestamp::rfc3339),
    })
}

/// How far the registration of a user is.
pub async fn state(app: &App, typed: &str) -> Result<StateView, AppError> {
    let now = app.clock().now();
    app.db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let user = find::user_in(tx, typed).await?;
            let case = Case::gather(tx, app, user.tenant, Subject::Known, user.id, now).await?;
            let case = case.ok_or_else(|| {
                AppError::Invalid(String::from("the operator switched this tenant off"))
            })?;
            state_of(&case, now).ok_or(AppError::NotFound)
        })
        .await
}

/// Asks people to register or confirm once more, after they sign in the next time; how many.
pub async fn require(app: &App, ctx: &Ctx, tenant: &str, whom: Whom<'_>) -> Result<u64, AppError> {
    let now = app.clock().now();
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            let (count, target) = match whom {
                Whom::User(typed) => {
                    let user = find::user_in(tx, typed).await?;
                    if user.tenant != tenant.id {
                        return Err(AppError::Invalid(format!(
                            "there is no user {typed:?} in {}",
                            tenant.name
                        )));
                    }
                    let found = store::require_of_user(tx, tenant.id, user.id, now).await?;
                    (u64::from(found), Target::user(&user))
                }
                Whom::Group(typed) => {
                    let group = group::find_in(tx, tenant.id, typed).await?;
                    let count = store::require_of_group(tx, tenant.id, group.id, now).await?;
                    (count, Target::thing("group", group.id.0, &group.name))
                }
                Whom::All => {
                    let count = store::require_of_all(tx, tenant.id, now).await?;
                    (count, Target::thing("tenant", tenant.id.0, &tenant.name))
                }
            };
            let entry = Entry::new(Activity::RegistrationForced)
                .on(Some(target))
                .with("users", count);
            record_one(tx, app, ctx, &tenant, entry).await?;
            Ok(count)
        })
        .await
}
