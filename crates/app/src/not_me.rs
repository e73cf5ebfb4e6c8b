//! *This was not me*: the way out for somebody whose password was reset by somebody else.
//!
//! The link opens a page and does nothing; the button locks the account, ends all sessions, freezes
//! self-service and tells everybody who must know. Specification: *After a reset*, *Links*.

use latchkey_core::audit::Activity;
use latchkey_core::model::Tenant;
use latchkey_core::reset::Subject;
use latchkey_crypto::codes;
use latchkey_crypto::keys::Purpose;
use latchkey_store::{accounts, links, tenants};
use latchkey_types::{Timestamp, UserId};

use crate::audit::{Entry, Target, record_one};
use crate::reset::{Brand, Case, brand};
use crate::{App, AppError, Ctx};

/// What was done by somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// The password was reset.
    Reset,
    /// The password was changed.
    Change,
    /// Security info was changed.
    SecurityInfo,
}

impl Deed {
    const ALL: [Self; 3] = [Self::Reset, Self::Change, Self::SecurityInfo];

    /// The purpose of the links in mails about it, in the database.
    pub(crate) const fn purpose(self) -> &'static str {
        match self {
            Self::Reset => "not me",
            Self::Change => "not me: change",
            Self::SecurityInfo => "not me: security info",
        }
    }

    fn of(purpose: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.purpose() == purpose)
    }
}

/// What the page shows before the button is pressed.
#[derive(Debug, Clone)]
pub struct NotMeView {
    /// The tenant's face.
    pub brand: Brand,
    /// The account.
    pub user_id: String,
    /// What was done.
    pub deed: Deed,
    /// When.
    pub when: Timestamp,
}

fn tag(app: &App, typed: &str) -> Option<[u8; 32]> {
    let token = codes::normalise_token(typed)?;
    let tag = app
        .keys()
        .tag(Purpose::LinkToken, &[b"not me", token.expose().as_bytes()]);
    Some(*tag.as_bytes())
}

/// Looks at a token. Nothing is used up. `None`: it is wrong, was used, or its time is over.
pub async fn look(app: &App, _ctx: &Ctx, token: &str) -> Result<Option<NotMeView>, AppError> {
    let Some(tag) = tag(app, token) else {
        return Ok(None);
    };
    let now = app.clock().now();
    app.db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let Some(link) = links::get_by_tag(tx, &tag).await? else {
                return Ok(None);
            };
            let Some(deed) = Deed::of(&link.purpose) else {
                return Ok(None);
            };
            if link.spent_at.is_some() || now >= link.expires_at {
                return Ok(None);
            }
            let tenant = tenants::get(tx, link.tenant).await?;
            let user = accounts::get(tx, link.tenant, link.user).await?;
            Ok(tenant.zip(user).map(|(tenant, user)| NotMeView {
                brand: brand(&tenant),
                user_id: user.upn.as_str().to_owned(),
                deed,
                when: link.created_at,
            }))
        })
        .await
}

/// The button: uses the token up and locks the account.
pub async fn report(app: &App, ctx: &Ctx, token: &str) -> Result<Option<Brand>, AppError> {
    let Some(tag) = tag(app, token) else {
        return Ok(None);
    };
    let now = app.clock().now();
    let done = app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(link) = links::consume(tx, &tag, now).await? else {
                return Ok(None);
            };
            if Deed::of(&link.purpose).is_none() {
                return Err(AppError::NotFound);
            }
            let case = Case::gather(tx, app, link.tenant, Subject::Known, link.user, now).await?;
            let Some(case) = case else { return Ok(None) };
            freeze(tx, app, ctx, &case, link.user).await?;
            Ok::<_, AppError>(Some(case.tenant))
        })
        .await?;
    Ok(done.map(|tenant: Tenant| brand(&tenant)))
}

async fn freeze(
    tx: &mut latchkey_store::Tx,
    app: &App,
    ctx: &Ctx,
    case: &Case,
    user: UserId,
) -> Result<(), AppError> {
    let now = app.clock().now();
    accounts::set_frozen(tx, case.tenant.id, user, Some(now)).await?;
    accounts::end_sessions(tx, case.tenant.id, user, now).await?;
    links::void_for_user(tx, case.tenant.id, user, now).await?;
    let entry = Entry::new(Activity::ReportedNotMe).on(case.user.as_ref().map(Target::user));
    record_one(tx, app, ctx, &case.tenant, entry).await?;
    crate::reset::frozen(tx, app, ctx, case).await
}
