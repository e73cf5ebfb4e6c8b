//! Asking the agents of a domain to do something to an account.

use std::net::IpAddr;
use std::time::Duration;

use latchkey_core::audit::ActorKind;
use latchkey_core::model::User;
use latchkey_crypto::seal::DataKey;
use latchkey_store::Tx;
use latchkey_store::agents::Agent;
use latchkey_store::operations::{self, NewOperation};
use latchkey_types::{Locale, OperationId, Password, Secret, SessionId};
use latchkey_wire::envelope::{self, Recipient};
use latchkey_wire::operation::{Contents, Context, Verb};
use serde::{Deserialize, Serialize};

use super::agents::normal_domain;
use super::keys::PublicKeys;
use crate::keys::{open, seal};
use crate::{App, AppError, Ctx};

/// What is asked.
pub(crate) struct Ask<'a> {
    pub verb: Verb,
    pub user: &'a User,
    /// The reset session that asks.
    pub session: Option<SessionId>,
    pub password: Option<&'a Password>,
    pub old_password: Option<&'a Password>,
    pub must_change: bool,
    pub pending: Option<&'a Pending>,
    /// How long it may wait for an agent.
    pub time: Duration,
}

impl<'a> Ask<'a> {
    /// A verb about somebody, without a password.
    pub(crate) const fn new(verb: Verb, user: &'a User, time: Duration) -> Self {
        Self {
            verb,
            user,
            session: None,
            password: None,
            old_password: None,
            must_change: false,
            pending: None,
            time,
        }
    }
}

/// What has to be done here when the directory said yes, and who acted, in case that somebody else has
/// to do it.
#[derive(Debug, Clone, Serialize, Deserialize, Default)]
pub(crate) struct Pending {
    /// The hash of the password, where a copy is kept here.
    #[serde(default)]
    pub hash: Option<String>,
    /// Whether the password has to be changed at the next sign-in.
    #[serde(default)]
    pub must_change: bool,
    /// Who asked.
    #[serde(default)]
    actor: String,
    #[serde(default)]
    address: Option<IpAddr>,
    #[serde(default)]
    browser: String,
    #[serde(default)]
    locale: String,
}

impl Pending {
    pub(crate) fn of(ctx: &Ctx, hash: Option<String>, must_change: bool) -> Self {
        Self {
            hash,
            must_change,
            actor: ctx.actor.name().to_owned(),
            address: ctx.address,
            browser: ctx.browser.clone(),
            locale: ctx.locale.tag().to_owned(),
        }
    }

    /// The circumstances in which it was asked, as the request of now.
    pub(crate) fn by(&self, ctx: &Ctx) -> Ctx {
        let Some(actor) = ActorKind::parse(&self.actor) else {
            return ctx.clone();
        };
        Ctx {
            request: ctx.request,
            address: self.address,
            browser: self.browser.clone(),
            locale: Locale::parse(&self.locale).unwrap_or(ctx.locale),
            actor,
        }
    }

    pub(crate) fn keep(
        &self,
        app: &App,
        key: &DataKey,
        id: OperationId,
    ) -> Result<Vec<u8>, AppError> {
        let plain = serde_json::to_vec(self)
            .map_err(|error| AppError::internal("write what is pending", error))?;
        seal(key, app.entropy(), "operation", "pending", id.0, &plain)
    }

    pub(crate) fn read(key: &DataKey, operation: &operations::Operation) -> Result<Self, AppError> {
        let Some(sealed) = &operation.pending else {
            return Ok(Self::default());
        };
        let plain = open(key, "operation", "pending", operation.id.0, sealed)?;
        serde_json::from_slice(plain.expose())
            .map_err(|error| AppError::internal("read what is pending", error))
    }
}

/// Asks, with an id that the caller made; it is durable with the caller's transaction. `agents`: those
/// of the user's domain. `false`: there is nobody to ask, or the user is in no directory.
pub(crate) async fn ask(
    tx: &mut Tx,
    app: &App,
    key: &DataKey,
    agents: &[Agent],
    id: OperationId,
    ask: &Ask<'_>,
) -> Result<bool, AppError> {
    let (Some(anchor), Some(domain)) = (&ask.user.anchor, &ask.user.agent_domain) else {
        return Ok(false);
    };
    let now = app.clock().now();
    let context = Context {
        id,
        tenant: ask.user.tenant,
        user: ask.user.id,
        verb: ask.verb,
        expires_at: now.plus(ask.time),
    };
    let copy = |password: Option<&Password>| password.map(|p| Secret::new(p.expose().clone()));
    let contents = Contents {
        anchor: anchor.clone(),
        upn: ask.user.upn.as_str().to_owned(),
        password: copy(ask.password),
        old_password: copy(ask.old_password),
        must_change: ask.must_change,
    };
    let service = app.keys().agent_signing_key(ask.user.tenant)?;
    let mut sealed = Vec::with_capacity(agents.len());
    for agent in agents {
        let Some(keys) = PublicKeys::of(key, agent, agent.key_number)? else {
            continue;
        };
        let to = Recipient {
            agent: agent.id,
            key_number: agent.key_number,
        };
        let envelope = envelope::seal(app.entropy(), &service, to, &keys.seal, &context, &contents)
            .map_err(|error| AppError::internal("seal an operation", error))?;
        sealed.push((to, envelope));
    }
    if sealed.is_empty() {
        return Ok(false);
    }
    let pending = ask
        .pending
        .map(|pending| pending.keep(app, key, id))
        .transpose()?;
    let new = NewOperation {
        id,
        domain: &normal_domain(domain),
        user: ask.user.id,
        verb: ask.verb.as_str(),
        session: ask.session,
        pending: pending.as_deref(),
        created_at: now,
        expires_at: context.expires_at,
    };
    let tenant = ask.user.tenant;
    operations::insert(tx, tenant, &new).await?;
    for (to, envelope) in &sealed {
        operations::add_envelope(tx, tenant, id, to.agent, to.key_number, envelope).await?;
    }
    metrics::counter!("latchkey_operations_total", "verb" => ask.verb.as_str()).increment(1);
    Ok(true)
}
