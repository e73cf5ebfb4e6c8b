//! The way in: beginning it, finding it by its cookie, claiming each step.
//!
//! Every post claims the flow's version first: of any number of requests with one form, one goes on.

use std::time::Duration;

use latchkey_core::audit::Activity;
use latchkey_core::reset::Subject;
use latchkey_core::sign_in::{FLOW_TIME, Factor, Facts, Flow};
use latchkey_crypto::codes;
use latchkey_crypto::keys::Purpose;
use latchkey_store::sign_in_flows::{self as flows, Advance, FlowRow, NewFlow};
use latchkey_store::{Tx, rate};
use latchkey_types::{Secret, SignInFlowId, TenantId, Timestamp, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::passkey::Ceremony;
use super::{Notice, Outcome, Page, Place, Shown, StartNotice, Started, View, federated};
use crate::audit::{self, Entry, hex};
use crate::keys::{open_text, seal};
use crate::reset::{Case, brand, case_of, name_key};
use crate::{App, AppError, Ctx};

/// People sign in far more often than they reset, and many of them from one network: ten times what
/// a network may do at step 1 of a reset.
const SHARE: u32 = 10;

/// Which page it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    Password,
    Choose,
    Code,
    Passkey,
    Federated,
}

/// A way in between its pages.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    pub flow: Flow,
    pub stage: Stage,
    /// Where it leads.
    pub to: Place,
    /// Codes that were tried.
    pub tries: u8,
    /// Whether the password is forgotten: then the reset portal takes over the name.
    pub forgot: bool,
}

impl State {
    fn new(flow: Flow, stage: Stage, to: Place) -> Self {
        Self {
            flow,
            stage,
            to,
            tries: 0,
            forgot: false,
        }
    }
}

/// A way in and everything about its subject.
pub(crate) struct Open {
    pub(super) row: FlowRow,
    pub(super) state: State,
    pub(super) case: Case,
    /// The name as it was typed.
    pub(super) typed: String,
    pub(super) now: Timestamp,
}

impl Open {
    /// What decides whether the subject is let in.
    pub(super) fn facts(&self, app: &App) -> Facts {
        facts(app, &self.case, &self.state.flow, self.row.id)
    }

    /// Whether something was proven already, and this is about more.
    pub(super) fn is_second(&self) -> bool {
        !self.state.flow.factors().is_empty()
    }

    /// The second factors to choose from.
    pub(super) fn options(&self, app: &App) -> Vec<Factor> {
        let facts = self.facts(app);
        latchkey_core::sign_in::second_factors(facts.has_authenticator, facts.has_passkey)
    }

    /// An event about the subject.
    pub(super) fn entry(&self, activity: Activity) -> Entry {
        let user = self.case.user.as_ref();
        Entry::new(activity).on(Some(audit::subject(user, self.row.subject, &self.typed)))
    }

    /// What a ceremony with a passkey has to remember.
    pub(super) fn ceremony(&self) -> Result<Option<Ceremony>, AppError> {
        self.kept()
    }

    /// What a ceremony has to remember, of the kind that its page has.
    pub(super) fn kept<T: DeserializeOwned>(&self) -> Result<Option<T>, AppError> {
        let Some(sealed) = &self.row.secret else {
            return Ok(None);
        };
        let key = &self.case.data_key;
        let text = open_text(key, "sign_in_flow", "secret", self.row.id.0, sealed)?;
        serde_json::from_str(text.expose())
            .map(Some)
            .map_err(|error| AppError::internal("read a ceremony", error))
    }

    /// Its page.
    pub(super) fn view(&self, app: &App) -> Result<View, AppError> {
        let options = self.options(app);
        let others = options.len() > 1;
        let page = match self.state.stage {
            Stage::Password => Page::Password,
            Stage::Choose => Page::Choose { options },
            Stage::Code => Page::Code { others },
            Stage::Passkey => Page::Passkey {
                options: self.ceremony()?.map(|c| c.options).unwrap_or_default(),
                is_second: self.is_second(),
                others: if self.is_second() {
                    others
                } else {
                    !self.typed.is_empty()
                },
            },
            Stage::Federated => Page::Federated,
        };
        Ok(View {
            brand: brand(&self.case.tenant),
            flow: self.row.id,
            version: self.row.version,
            expires_at: self.row.expires_at,
            user_id: self.typed.clone(),
            page,
        })
    }
}

/// What decides whether somebody is let in.
pub(super) fn facts(app: &App, case: &Case, flow: &Flow, id: SignInFlowId) -> Facts {
    let mut claimant = flow.claimant(id);
    claimant.version = case.stamp.user;
    let user = case.user.as_ref();
    Facts {
        claimant,
        is_enabled: user.is_some_and(|user| user.enabled && user.frozen_at.is_none()),
        is_administrator: user.is_some_and(latchkey_core::model::User::is_administrator),
        managed: user.map_or(latchkey_core::model::Managed::Cloud, |user| user.managed),
        has_authenticator: case.methods.authenticators > 0,
        has_passkey: case.methods.passkeys > 0 && app.passkeys().is_some(),
        wants_two: false,
    }
}

fn cookie_tag(app: &App, cookie: &Secret<String>) -> [u8; 32] {
    let parts: [&[u8]; 2] = [b"sign in", cookie.expose().as_bytes()];
    *app.keys().tag(Purpose::SessionCookie, &parts).as_bytes()
}

/// The token that a form on the way in carries: only a page that was made for this browser's cookie
/// knows it (NIST SP 800-63B-4, 5.1).
pub fn flow_token(app: &App, flow: SignInFlowId, cookie: &Secret<String>) -> String {
    let parts: [&[u8]; 3] = [b"sign in", flow.0.as_bytes(), cookie.expose().as_bytes()];
    hex(app.keys().tag(Purpose::FormToken, &parts).as_bytes())
}

/// Whether a token is that of this flow and browser, in constant time.
pub fn flow_token_matches(
    app: &App,
    flow: SignInFlowId,
    cookie: &Secret<String>,
    typed: &str,
) -> bool {
    let ours = Secret::new(flow_token(app, flow, cookie).into_bytes());
    ours == Secret::new(typed.as_bytes().to_vec())
}

/// Begins a way in for whatever was typed. What comes of it is the same for every name.
pub async fn start(
    app: &App,
    ctx: &Ctx,
    typed: &str,
    brand: Option<TenantId>,
    to: Place,
) -> Result<Started, AppError> {
    let typed = typed.trim();
    let Some(key) = name_key(typed) else {
        return Ok(Started::Again(StartNotice::Unreadable));
    };
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let now = app.clock().now();
            if let Some(seconds) = throttled(tx, app, ctx, "start", now).await? {
                return Ok(Started::Again(StartNotice::Busy { seconds }));
            }
            let case = case_of(tx, app, &key, brand, now).await?;
            let stage = if federated::is_elsewhere(tx, &case).await? {
                Stage::Federated
            } else {
                Stage::Password
            };
            let flow = Flow::begin(case.subject, case.subject_id, case.stamp.user);
            let state = State::new(flow, stage, to);
            let (open, cookie) = insert(tx, app, case, typed, state, None).await?;
            Ok(Started::Begun {
                view: open.view(app)?,
                cookie,
            })
        })
        .await
}

/// Begins a way in with a passkey, which tells who it is for only at its end.
pub async fn start_with_passkey(
    app: &App,
    ctx: &Ctx,
    brand: Option<TenantId>,
    to: Place,
) -> Result<Started, AppError> {
    let Some(passkeys) = app.passkeys() else {
        return Ok(Started::Again(StartNotice::NoPasskeys));
    };
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let now = app.clock().now();
            if let Some(seconds) = throttled(tx, app, ctx, "start", now).await? {
                return Ok(Started::Again(StartNotice::Busy { seconds }));
            }
            let nobody = UserId(uuid::Uuid::nil());
            let home = brand.unwrap_or(TenantId::SERVICE);
            let mut case = Case::gather(tx, app, home, Subject::Decoy, nobody, now).await?;
            if case.is_none() {
                let service = TenantId::SERVICE;
                case = Case::gather(tx, app, service, Subject::Decoy, nobody, now).await?;
            }
            let case = case.ok_or_else(|| AppError::bug("the service's tenant is not there"))?;
            let flow = Flow::begin(Subject::Decoy, nobody, 0);
            let state = State::new(flow, Stage::Passkey, to);
            let ceremony = Ceremony::begin(app, passkeys, now)?;
            let (open, cookie) = insert(tx, app, case, "", state, Some(&ceremony)).await?;
            Ok(Started::Begun {
                view: open.view(app)?,
                cookie,
            })
        })
        .await
}

async fn insert(
    tx: &mut Tx,
    app: &App,
    case: Case,
    typed: &str,
    state: State,
    ceremony: Option<&Ceremony>,
) -> Result<(Open, Secret<String>), AppError> {
    let now = app.clock().now();
    let id = SignInFlowId::new(app.clock(), app.entropy());
    let cookie = codes::token(app.entropy());
    let key = &case.data_key;
    let typed_bytes = typed.as_bytes();
    let name = seal(
        key,
        app.entropy(),
        "sign_in_flow",
        "name",
        id.0,
        typed_bytes,
    )?;
    let secret = ceremony
        .map(|ceremony| ceremony.sealed(app, key, id))
        .transpose()?;
    let text = write(&state)?;
    let (tenant, subject) = (case.tenant.id, case.subject_id);
    let expires_at = now.plus(FLOW_TIME);
    let new = NewFlow {
        id,
        subject,
        cookie_tag: &cookie_tag(app, &cookie),
        state: &text,
        name: &name,
        secret: secret.as_deref(),
        created_at: now,
        expires_at,
    };
    flows::insert(tx, tenant, &new).await?;
    let row = FlowRow {
        tenant,
        id,
        subject,
        version: 1,
        state: text,
        name,
        secret,
        created_at: now,
        expires_at,
        ended_at: None,
    };
    let typed = typed.to_owned();
    let open = Open {
        row,
        state,
        case,
        typed,
        now,
    };
    Ok((open, cookie))
}

fn write(state: &State) -> Result<String, AppError> {
    serde_json::to_string(state).map_err(|error| AppError::internal("write a way in", error))
}

/// Seconds to wait, if this network has made too many attempts.
pub(super) async fn throttled(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    what: &str,
    now: Timestamp,
) -> Result<Option<u64>, AppError> {
    let options = app.options();
    let interval: Duration = options.network_interval / SHARE;
    let burst = options.network_burst.saturating_mul(SHARE);
    let bucket = format!("sign-in.{what}.{}", ctx.network());
    let free = rate::take(tx, &bucket, now, interval, burst).await?;
    Ok((!free).then(|| interval.as_secs().max(1)))
}

/// The page of a way in, for a browser that has its cookie. `None`: there is none, or it is over.
pub async fn view(app: &App, cookie: &Secret<String>) -> Result<Option<View>, AppError> {
    let found = app
        .db()
        .read(async |mut tx| find(&mut tx, app, cookie).await)
        .await?;
    found.map(|open| open.view(app)).transpose()
}

/// The name that somebody typed here and whose password they say is forgotten: the reset portal
/// begins with it.
pub async fn forgotten_name(
    app: &App,
    cookie: &Secret<String>,
) -> Result<Option<String>, AppError> {
    let found = app
        .db()
        .read(async |mut tx| find(&mut tx, app, cookie).await)
        .await?;
    Ok(found
        .filter(|open| open.state.forgot && !open.typed.is_empty())
        .map(|open| open.typed))
}

/// Finds the way in of a cookie and gathers the facts. `None`: there is none, its time is over, or
/// its subject is gone.
pub(super) async fn find(
    tx: &mut Tx,
    app: &App,
    cookie: &Secret<String>,
) -> Result<Option<Open>, AppError> {
    let now = app.clock().now();
    let Some(row) = flows::get_by_cookie(tx, &cookie_tag(app, cookie)).await? else {
        return Ok(None);
    };
    if row.ended_at.is_some() || now >= row.expires_at {
        return Ok(None);
    }
    let state: State = serde_json::from_str(&row.state)
        .map_err(|error| AppError::internal("read a way in", error))?;
    let (subject, id) = (state.flow.subject(), row.subject);
    let Some(case) = Case::gather(tx, app, row.tenant, subject, id, now).await? else {
        return Ok(None);
    };
    let typed = open_text(&case.data_key, "sign_in_flow", "name", row.id.0, &row.name)?;
    let typed = typed.expose().clone();
    Ok(Some(Open {
        row,
        state,
        case,
        typed,
        now,
    }))
}

/// What a post finds.
pub(super) enum Claim {
    /// The step is this request's, and no other's.
    Ours(Box<Open>),
    /// No such flow, or it is over.
    Gone,
    /// The page is out of date: show where it stands.
    Stale(Box<Open>),
}

/// Claims the flow's version for one post.
pub(super) async fn claim(
    tx: &mut Tx,
    app: &App,
    cookie: &Secret<String>,
    version: i64,
) -> Result<Claim, AppError> {
    let Some(mut open) = find(tx, app, cookie).await? else {
        return Ok(Claim::Gone);
    };
    let (tenant, id) = (open.row.tenant, open.row.id);
    if open.row.version != version || !flows::claim(tx, tenant, id, version).await? {
        return Ok(Claim::Stale(Box::new(open)));
    }
    open.row.version += 1;
    Ok(Claim::Ours(Box::new(open)))
}

/// Claims the flow's version for a post that waits for something outside a transaction. `Err`: the
/// answer to give at once.
pub(super) async fn claim_first(
    tx: &mut Tx,
    app: &App,
    cookie: &Secret<String>,
    version: i64,
) -> Result<Result<Open, Option<Outcome>>, AppError> {
    Ok(match claim(tx, app, cookie, version).await? {
        Claim::Gone => Err(None),
        Claim::Stale(open) => Err(Some(say(app, &open, Notice::OutOfDate)?)),
        Claim::Ours(open) => Ok(*open),
    })
}

/// Runs one post in one transaction, on a flow that it has claimed.
pub(super) async fn in_step<F, Fut>(
    app: &App,
    cookie: &Secret<String>,
    version: i64,
    work: F,
) -> Result<Option<Outcome>, AppError>
where
    F: Fn(Tx, Open) -> Fut,
    Fut: Future<Output = Result<Outcome, AppError>>,
{
    app.db()
        .write(
            async |mut tx| match claim(&mut tx, app, cookie, version).await? {
                Claim::Gone => Ok(None),
                Claim::Stale(open) => say(app, &open, Notice::OutOfDate).map(Some),
                Claim::Ours(open) => work(tx, *open).await.map(Some),
            },
        )
        .await
}

/// The page again, with something to say.
pub(super) fn say(app: &App, open: &Open, notice: Notice) -> Result<Outcome, AppError> {
    Ok(Outcome::Page(Shown {
        view: open.view(app)?,
        cookie: None,
        notice: Some(notice),
    }))
}

/// Takes a step and shows its page. `is_proven`: something was proven, and the browser gets another
/// cookie (threat S4).
pub(super) async fn go_to(
    tx: &mut Tx,
    app: &App,
    mut open: Open,
    ceremony: Option<&Ceremony>,
    is_proven: bool,
    notice: Option<Notice>,
) -> Result<Outcome, AppError> {
    let cookie = is_proven.then(|| codes::token(app.entropy()));
    let tag = cookie.as_ref().map(|cookie| cookie_tag(app, cookie));
    let secret = ceremony
        .map(|ceremony| ceremony.sealed(app, &open.case.data_key, open.row.id))
        .transpose()?;
    let tag = tag.as_ref().map(<[u8; 32]>::as_slice);
    advance(tx, &mut open, tag, secret, None).await?;
    Ok(Outcome::Page(Shown {
        view: open.view(app)?,
        cookie,
        notice,
    }))
}

/// Ends a flow.
pub(super) async fn end(tx: &mut Tx, open: &mut Open) -> Result<(), AppError> {
    let now = open.now;
    advance(tx, open, None, None, Some(now)).await
}

pub(super) async fn advance(
    tx: &mut Tx,
    open: &mut Open,
    cookie_tag: Option<&[u8]>,
    secret: Option<Vec<u8>>,
    ended_at: Option<Timestamp>,
) -> Result<(), AppError> {
    let state = write(&open.state)?;
    let step = Advance {
        state: &state,
        cookie_tag,
        secret: secret.as_deref(),
        ended_at,
    };
    let (tenant, id, version) = (open.row.tenant, open.row.id, open.row.version);
    if !flows::advance(tx, tenant, id, version, step).await? {
        return Err(AppError::bug("a claimed way in moved"));
    }
    open.row.version += 1;
    open.row.secret = secret;
    open.row.ended_at = ended_at;
    Ok(())
}

/// The password is forgotten: the reset portal goes on with the name. `false`: there is no way in.
pub async fn forgot(app: &App, cookie: &Secret<String>) -> Result<bool, AppError> {
    leave(app, cookie, true).await
}

/// Ends a way in.
pub async fn cancel(app: &App, cookie: &Secret<String>) -> Result<(), AppError> {
    leave(app, cookie, false).await.map(drop)
}

async fn leave(app: &App, cookie: &Secret<String>, forgot: bool) -> Result<bool, AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(open) = find(tx, app, cookie).await? else {
                return Ok(false);
            };
            // Leaving is right from any page of the flow, also from one that is out of date.
            let Claim::Ours(open) = claim(tx, app, cookie, open.row.version).await? else {
                return Ok(false);
            };
            let mut open = *open;
            if forgot {
                open.state.forgot = true;
                let secret = open.row.secret.clone();
                advance(tx, &mut open, None, secret, None).await?;
            } else {
                end(tx, &mut open).await?;
            }
            Ok(true)
        })
        .await
}
