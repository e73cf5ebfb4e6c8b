//! Signing in at the tenant's own identity provider.
//!
//! Nothing but SQL is awaited inside a transaction: one claims the step, the provider is asked, and
//! another one claims it again and says what came of it. What the browser has to bring back is kept
//! sealed in the flow and is gone before anybody looks at what it brought.

use latchkey_core::model::Managed;
use latchkey_core::sign_in::{Flow, Next, proofs};
use latchkey_federation::{
    Begun, Callback, Claims, Expected, FederationError, Metadata, Registration, Request, Retry,
    begin,
};
use latchkey_store::federation::Federation;
use latchkey_store::{Tx, federation};
use latchkey_types::{FederationId, Secret, SignInFlowId};
use serde::{Deserialize, Serialize};

use super::flow::{Open, Stage, advance, claim_first, facts, find, in_step, say, throttled};
use super::password::{enter, refuse, refuse_with, second};
use super::{Elsewhere, Notice, Outcome};
use crate::keys::{open_text, seal};
use crate::reset::{Case, name_key};
use crate::{App, AppError, Ctx};

/// Where browsers come back, under the base address.
const BACK: &str = "/sign-in/federated";

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

/// Where browsers come back, as it is registered at every provider.
pub(crate) fn redirect_uri(app: &App) -> String {
    format!("{}{BACK}", app.options().base.url())
}

/// What the browser brings back from the provider.
#[derive(Debug, Clone, Default)]
pub struct Back {
    /// What it was sent away with.
    pub state: Option<Secret<String>>,
    /// The code, if somebody signed in.
    pub code: Option<Secret<String>>,
    /// Who says so.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// What is kept while the browser is away, sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trip {
    /// The provider as it was set when the browser left.
    provider: FederationId,
    state: String,
    nonce: String,
    verifier: String,
}

impl Trip {
    fn new(provider: FederationId, begun: &Begun) -> Self {
        Self {
            provider,
            state: begun.state.expose().clone(),
            nonce: begun.nonce.expose().clone(),
            verifier: begun.verifier.expose().clone(),
        }
    }

    fn sealed(&self, app: &App, case: &Case, id: SignInFlowId) -> Result<Vec<u8>, AppError> {
        let text =
            serde_json::to_vec(self).map_err(|error| AppError::internal("write a trip", error))?;
        let key = &case.data_key;
        seal(key, app.entropy(), "sign_in_flow", "secret", id.0, &text)
    }

    /// Whether the browser came back from it, in constant time.
    fn is_of(&self, state: Option<&Secret<String>>) -> bool {
        state.is_some_and(|state| *state == Secret::new(self.state.clone()))
    }
}

/// Sends the browser to the provider. Who is expected there is not said: nothing of a name goes to
/// somebody else, and a name that nobody has leads to the same page.
pub async fn go_elsewhere(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    version: i64,
) -> Result<Option<Outcome>, AppError> {
    let claimed = app
        .db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let open = match claim_first(tx, app, cookie, version).await? {
                Ok(open) => open,
                Err(at_once) => return Ok(Err(at_once)),
            };
            if open.state.stage != Stage::Federated {
                return Ok(Err(Some(say(app, &open, Notice::OutOfDate)?)));
            }
            if let Some(seconds) = throttled(tx, app, ctx, "elsewhere", open.now).await? {
                return Ok(Err(Some(say(app, &open, Notice::Busy { seconds })?)));
            }
            let Some(provider) = federation::get(tx, open.row.tenant).await? else {
                return gone(tx, app, ctx, &open).await.map(Some).map(Err);
            };
            Ok::<_, AppError>(Ok((open.row.version, provider)))
        })
        .await?;
    let (version, provider) = match claimed {
        Ok(claimed) => claimed,
        Err(at_once) => return Ok(at_once),
    };
    let found = app.federation().discover(&provider.issuer).await;
    in_step(app, cookie, version, async |mut tx, open| {
        let tx = &mut tx;
        match &found {
            Err(error) => fail(tx, app, ctx, &open, *error).await,
            Ok(metadata) => leave(tx, app, open, &provider, metadata).await,
        }
    })
    .await
}

async fn leave(
    tx: &mut Tx,
    app: &App,
    mut open: Open,
    provider: &Federation,
    metadata: &Metadata,
) -> Result<Outcome, AppError> {
    let request = Request {
        client_id: &provider.client_id,
        redirect_uri: &redirect_uri(app),
        login_hint: None,
        max_age: None,
    };
    let begun = begin(metadata, &request, app.entropy());
    let trip = Trip::new(provider.id, &begun);
    let sealed = trip.sealed(app, &open.case, open.row.id)?;
    advance(tx, &mut open, None, Some(sealed), None).await?;
    Ok(Outcome::Away(begun.url))
}

/// What a browser that came back has for the provider.
struct Taken {
    /// The version of the flow.
    version: i64,
    provider: Federation,
    registration: Registration,
    callback: Callback,
    expected: Expected,
}

/// Takes what the browser brought back from the provider. It is taken once, whatever comes of it.
pub async fn come_back(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    back: &Back,
) -> Result<Option<Outcome>, AppError> {
    let taken = app
        .db()
        .write(async |mut tx| take(&mut tx, app, ctx, cookie, back).await)
        .await?;
    let taken = match taken {
        Ok(taken) => taken,
        Err(at_once) => return Ok(at_once),
    };
    let claims = ask(app, &taken).await;
    in_step(app, cookie, taken.version, async |mut tx, open| {
        let tx = &mut tx;
        match &claims {
            Err(error) => fail(tx, app, ctx, &open, *error).await,
            Ok(claims) => settle(tx, app, ctx, open, taken.provider.id, claims).await,
        }
    })
    .await
}

/// Takes it out of the flow; or says why there is nothing to ask the provider.
async fn take(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    back: &Back,
) -> Result<Result<Taken, Option<Outcome>>, AppError> {
    let Some(open) = find(tx, app, cookie).await? else {
        return Ok(Err(None));
    };
    if open.state.stage != Stage::Federated {
        return Ok(Err(Some(say(app, &open, Notice::OutOfDate)?)));
    }
    if let Some(seconds) = throttled(tx, app, ctx, "back", open.now).await? {
        return Ok(Err(Some(say(app, &open, Notice::Busy { seconds })?)));
    }
    let trip: Option<Trip> = open.kept()?;
    let Some(trip) = trip.filter(|trip| trip.is_of(back.state.as_ref())) else {
        // Whoever lured the browser here with a state of theirs ends nothing that is on its way.
        let outcome = refused(tx, app, ctx, &open, "provider_state", Elsewhere::Again).await?;
        return Ok(Err(Some(outcome)));
    };
    let mut open = match claim_first(tx, app, cookie, open.row.version).await? {
        Ok(open) => open,
        Err(at_once) => return Ok(Err(at_once)),
    };
    advance(tx, &mut open, None, None, None).await?;
    let Some(code) = back.code.clone().filter(|_| back.error.is_none()) else {
        let (why, what) = no_code(back.error.as_deref());
        return Ok(Err(Some(refused(tx, app, ctx, &open, why, what).await?)));
    };
    let Some(provider) = federation::get(tx, open.row.tenant).await? else {
        return gone(tx, app, ctx, &open).await.map(Some).map(Err);
    };
    if provider.id != trip.provider {
        let why = "changed_meanwhile";
        let outcome = refused(tx, app, ctx, &open, why, Elsewhere::Again).await?;
        return Ok(Err(Some(outcome)));
    }
    let (key, id) = (&open.case.data_key, provider.id.0);
    let secret = open_text(key, "federation", "secret", id, &provider.secret)?;
    Ok(Ok(Taken {
        version: open.row.version,
        registration: Registration {
            client_id: provider.client_id.clone(),
            secret,
            redirect_uri: redirect_uri(app),
            name_claim: provider.name_claim.clone(),
        },
        provider,
        callback: Callback {
            code,
            iss: back.iss.clone(),
        },
        expected: Expected {
            nonce: Secret::new(trip.nonce),
            verifier: Secret::new(trip.verifier),
            max_age: None,
        },
    }))
}

async fn ask(app: &App, taken: &Taken) -> Result<Claims, FederationError> {
    let (client, now) = (app.federation(), app.clock().now());
    let metadata = client.discover(&taken.provider.issuer).await?;
    client
        .finish(
            &metadata,
            &taken.registration,
            &taken.callback,
            &taken.expected,
            now,
        )
        .await
}

/// The provider named somebody: in, if it is whoever the way in is for.
async fn settle(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    mut open: Open,
    provider: FederationId,
    claims: &Claims,
) -> Result<Outcome, AppError> {
    let (tenant, subject, id) = (open.row.tenant, open.row.subject, open.row.id);
    let now_set = federation::get(tx, tenant).await?;
    if open.state.stage != Stage::Federated || now_set.is_none_or(|set| set.id != provider) {
        let why = "changed_meanwhile";
        return refused(tx, app, ctx, &open, why, Elsewhere::Again).await;
    }
    let bound = federation::user_of(tx, tenant, &claims.issuer, &claims.subject).await?;
    let is_same = match bound {
        Some(user) => user == subject,
        // Only the first time.
        None => is_named(&open.case, claims.name.as_deref()),
    };
    // Nothing was proven before: the account may have changed since the name was typed.
    let flow = Flow::begin(open.case.subject, subject, open.case.stamp.user);
    let proven =
        proofs::federated(flow.claimant(id), is_same).and_then(|proof| flow.with(id, &proof).ok());
    let Some(flow) = proven else {
        let why = why(&open.case, "provider_other_person");
        return refused(tx, app, ctx, &open, why, Elsewhere::Refused).await;
    };
    let next = flow.next(id, &facts(app, &open.case, &flow, id));
    if let Next::Refused(_) = next {
        let why = why(&open.case, "changed_meanwhile");
        return refused(tx, app, ctx, &open, why, Elsewhere::Refused).await;
    }
    let (issuer, known_as) = (&claims.issuer, &claims.subject);
    if bound.is_none() && !federation::bind(tx, tenant, issuer, known_as, subject, open.now).await?
    {
        // The account is somebody else's at this provider: a name that was given anew.
        let why = "provider_other_person";
        return refused(tx, app, ctx, &open, why, Elsewhere::Refused).await;
    }
    open.state.flow = flow;
    match next {
        Next::In(admission) | Next::ToRegister(admission) => {
            enter(tx, app, ctx, open, None, &admission).await
        }
        Next::Second { options } => second(tx, app, open, &options).await,
        Next::Refused(_) => Err(AppError::bug("somebody refused was let on")),
    }
}

/// Whether a name from the provider is the user principal name of the subject.
fn is_named(case: &Case, name: Option<&str>) -> bool {
    let user = case.user.as_ref();
    let key = name.and_then(name_key);
    user.zip(key)
        .is_some_and(|(user, key)| user.upn.key() == key)
}

/// Why somebody is not let in, for the audit log.
fn why(case: &Case, otherwise: &'static str) -> &'static str {
    match &case.user {
        None => "unknown_user",
        Some(user) if user.managed != Managed::Federated => "not_federated",
        Some(user) if !user.enabled => "disabled",
        Some(user) if user.frozen_at.is_some() => "frozen",
        Some(_) => otherwise,
    }
}

/// What it means that there is no code (RFC 6749, 4.1.2.1; `OpenID` Connect Core 1.0, 3.1.2.6).
fn no_code(error: Option<&str>) -> (&'static str, Elsewhere) {
    match error {
        Some(
            "access_denied"
            | "login_required"
            | "interaction_required"
            | "consent_required"
            | "account_selection_required",
        ) => ("provider_not_signed_in", Elsewhere::NotSignedIn),
        Some("server_error" | "temporarily_unavailable") => {
            ("provider_unreachable", Elsewhere::Down)
        }
        _ => ("provider_answer", Elsewhere::Faulty),
    }
}

/// The provider was removed while somebody was on the way to it.
async fn gone(tx: &mut Tx, app: &App, ctx: &Ctx, open: &Open) -> Result<Outcome, AppError> {
    refused(tx, app, ctx, open, "provider_removed", Elsewhere::Faulty).await
}

/// The provider gave nobody.
async fn fail(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: &Open,
    error: FederationError,
) -> Result<Outcome, AppError> {
    tracing::warn!(tenant = %open.row.tenant, %error, "nobody was signed in at an identity provider");
    let problem = Some(error.to_string());
    refuse_with(tx, app, ctx, open, reason(error), problem).await?;
    let what = match error.retry() {
        Retry::Later => Elsewhere::Down,
        Retry::Never => Elsewhere::Faulty,
        Retry::Again => Elsewhere::Again,
    };
    say(app, open, Notice::Elsewhere(what))
}

/// The code of a failure in the audit log.
const fn reason(error: FederationError) -> &'static str {
    match error {
        FederationError::Unreachable(..) => "provider_unreachable",
        FederationError::Address(_) => "provider_address",
        FederationError::Metadata(_) => "provider_metadata",
        FederationError::ClientRefused => "provider_client",
        FederationError::CodeRefused => "provider_code",
        FederationError::Answer(..) => "provider_answer",
        FederationError::OtherIssuer => "provider_issuer",
        FederationError::Token(_) => "provider_token",
    }
}

async fn refused(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    open: &Open,
    why: &'static str,
    what: Elsewhere,
) -> Result<Outcome, AppError> {
    refuse(tx, app, ctx, open, why).await?;
    say(app, open, Notice::Elsewhere(what))
}
