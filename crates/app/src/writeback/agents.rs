//! Agents: enrolling them, knowing them again, and what they say of themselves.

use latchkey_core::audit::{Activity, ActorKind};
use latchkey_core::model::Tenant;
use latchkey_core::reset::Writeback;
use latchkey_crypto::keys::Purpose;
use latchkey_crypto::seal::DataKey;
use latchkey_crypto::sign::VerifyingKey;
use latchkey_store::agents::{self, Agent, Report};
use latchkey_store::{Tx, tenants};
use latchkey_types::{AgentId, Locale, RequestId, TenantId, Timestamp, fold};
use latchkey_wire::proof;
use latchkey_wire::v1::{Agent as Says, DirectoryHealth, Enrol, Enrolled, Health};

use super::FRESH;
use super::keys::PublicKeys;
use crate::audit::{Entry, Target, record, record_one};
use crate::{App, AppError, Ctx};
use std::sync::Arc;

/// An on-premises domain as it is compared: folded, without blanks around it.
pub(crate) fn normal_domain(domain: &str) -> String {
    fold(domain.trim())
}

/// Whether an agent is on a connection and was heard of a short while ago.
pub(crate) fn fresh(agent: &Agent, now: Timestamp) -> bool {
    !agent.connection.is_empty()
        && agent
            .last_seen_at
            .is_some_and(|seen| now < seen.plus(FRESH))
}

/// What the agents of a domain let be done now.
pub(crate) fn reach(tenant: &Tenant, agents: &[Agent], now: Timestamp) -> Writeback {
    if !tenant.settings.writeback.enabled || agents.is_empty() {
        return Writeback::Off;
    }
    let there: Vec<Option<DirectoryHealth>> = agents
        .iter()
        .filter(|agent| fresh(agent, now))
        .map(|agent| DirectoryHealth::parse(&agent.health))
        .collect();
    let is = |health| there.contains(&Some(health));
    if is(DirectoryHealth::Well) {
        Writeback::Ready
    } else if there.is_empty()
        || there
            .iter()
            .all(|h| *h == Some(DirectoryHealth::Unreachable))
    {
        Writeback::Unreachable
    } else {
        Writeback::ActionRequired
    }
}

/// What came of an enrolment.
#[derive(Debug)]
pub enum Enrolment {
    /// The agent is enrolled.
    Done(Enrolled),
    /// It is not.
    Refused(Refused),
}

/// Why an agent is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The token is unknown, used or too old.
    Token,
    /// A key or a signature is not right, or the agent is unknown.
    Proof,
    /// It was revoked.
    Revoked,
    /// It is on another connection by now.
    Elsewhere,
}

/// An agent that proved who it is, on one connection.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Whose it is.
    pub tenant: TenantId,
    /// Who it is.
    pub agent: AgentId,
    /// The domain that it answers for.
    pub domain: String,
    /// The connection.
    pub connection: String,
}

/// Somebody who acts for an agent.
pub(crate) fn ctx_of(app: &App) -> Ctx {
    Ctx {
        request: RequestId::new(app.clock(), app.entropy()),
        address: None,
        browser: String::new(),
        locale: Locale::En,
        actor: ActorKind::Agent,
    }
}

pub(crate) async fn key_of(
    tx: &mut Tx,
    app: &App,
    tenant: TenantId,
) -> Result<Option<(Tenant, Arc<DataKey>)>, AppError> {
    let Some((tenant, wrapped)) = tenants::get_with_key(tx, tenant).await? else {
        return Ok(None);
    };
    if !tenant.enabled {
        return Ok(None);
    }
    let key = app.keys().data_key(tenant.id, &wrapped)?;
    Ok(Some((tenant, key)))
}

/// Enrols an agent that has a token. The first one of a tenant turns writeback on.
pub async fn enrol(app: &App, says: &Enrol) -> Result<Enrolment, AppError> {
    let keys = PublicKeys::read(&says.sign.0, &says.seal.0);
    let proven = keys.filter(|keys| {
        let statement = proof::enrolment(&says.token, &says.sign.0, &says.seal.0);
        keys.sign.verifies(&statement, &says.signature.0)
            // A point of small order is found out by sealing to it.
            && keys.seal.seal(app.entropy(), b"", b"", b"").is_ok()
    });
    // Before the token is used up: a mistake costs no token.
    let Some(keys) = proven else {
        return Ok(Enrolment::Refused(Refused::Proof));
    };
    let tag = app
        .keys()
        .tag(Purpose::AgentToken, &[b"enrol", says.token.as_bytes()]);
    let ctx = ctx_of(app);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let now = app.clock().now();
            let refused = Enrolment::Refused(Refused::Token);
            let Some((tenant, domain)) = agents::consume_token(tx, tag.as_bytes(), now).await?
            else {
                return Ok(refused);
            };
            let Some((tenant, key)) = key_of(tx, app, tenant).await? else {
                return Ok(refused);
            };
            let id = AgentId::new(app.clock(), app.entropy());
            let new = Agent {
                tenant: tenant.id,
                id,
                domain: domain.clone(),
                name: line(&says.name, 100),
                version: line(&says.version, 40),
                key_number: 1,
                keys: keys.keep(app, &key, id, 1)?,
                old_keys: None,
                keys_made_at: now,
                roll_over: false,
                health: DirectoryHealth::Unreachable.code().to_owned(),
                health_detail: None,
                history_on_reset: false,
                clock_ahead: 0,
                enrolled_at: now,
                last_seen_at: None,
                connection: String::new(),
                revoked_at: None,
            };
            let is_first = agents::list(tx, tenant.id).await?.is_empty();
            agents::insert(tx, &new).await?;
            let mut entry = Entry::new(Activity::AgentEnrolled)
                .on(Some(Target::thing("agent", id.0, &new.name)))
                .with("domain", domain.as_str())
                .with("version", new.version.as_str());
            // Only the first: whoever turned it off later meant it.
            if is_first && !tenant.settings.writeback.enabled {
                let mut settings = tenant.settings.clone();
                settings.writeback.enabled = true;
                let set = tenants::set_settings(tx, tenant.id, tenant.settings_version, &settings)
                    .await?;
                entry = entry.with("writeback_turned_on", set);
            }
            record_one(tx, app, &ctx, &tenant, entry).await?;
            let service = app.keys().agent_signing_key(tenant.id)?;
            let service = service
                .public()
                .map_err(|error| AppError::internal("derive a public key", error))?;
            Ok(Enrolment::Done(Enrolled {
                agent: id,
                tenant: tenant.id,
                domain,
                service: (*service.as_bytes()).into(),
            }))
        })
        .await
}

/// One line of what an agent says, no longer than so many characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(most)
        .collect()
}

/// What an agent shows to be let in.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Who it says it is.
    pub agent: AgentId,
    /// The number of the keys that it signed with.
    pub key_number: u32,
    /// Its program's version.
    pub version: &'a str,
    /// The nonce of this connection.
    pub nonce: &'a [u8],
    /// The host name that it connected to.
    pub host: &'a str,
    /// The signature.
    pub signature: &'a [u8],
}

/// Lets an agent in that proves who it is. Whatever it was connected as before is over. Also says
/// whether it has to make new keys.
pub async fn connected(
    app: &App,
    connection: &str,
    shown: Shown<'_>,
) -> Result<Result<(Identity, bool), Refused>, AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(agent) = agents::find(tx, shown.agent).await? else {
                return Ok(Err(Refused::Proof));
            };
            let Some((_, key)) = key_of(tx, app, agent.tenant).await? else {
                return Ok(Err(Refused::Proof));
            };
            let keys = PublicKeys::of(&key, &agent, shown.key_number)?;
            let said = proof::connection(shown.nonce, shown.host, shown.agent, shown.key_number);
            if !keys.is_some_and(|keys| keys.sign.verifies(&said, shown.signature)) {
                return Ok(Err(Refused::Proof));
            }
            let now = app.clock().now();
            let version = line(shown.version, 40);
            let (tenant, id) = (agent.tenant, agent.id);
            if !agents::connect(tx, tenant, id, connection, &version, now).await? {
                return Ok(Err(Refused::Revoked));
            }
            let identity = Identity {
                tenant,
                agent: id,
                domain: agent.domain,
                connection: connection.to_owned(),
            };
            Ok(Ok((identity, agent.roll_over)))
        })
        .await
}

/// A connection ended.
pub async fn disconnected(app: &App, who: &Identity) -> Result<(), AppError> {
    app.db()
        .write(async |mut tx| {
            agents::disconnect(&mut tx, who.tenant, who.agent, &who.connection)
                .await
                .map_err(AppError::from)
        })
        .await
}

/// Why a connection is over, whatever is still said on it, if it is.
pub async fn is_over(app: &App, who: &Identity) -> Result<Option<Refused>, AppError> {
    let found = app
        .db()
        .read(async |mut tx| {
            agents::find(&mut tx, who.agent)
                .await
                .map_err(AppError::from)
        })
        .await?;
    Ok(match found {
        Some(agent) if agent.revoked_at.is_none() => {
            (agent.connection != who.connection).then_some(Refused::Elsewhere)
        }
        _ => Some(Refused::Revoked),
    })
}

/// Keeps a heartbeat. `None`: the agent was revoked, or is on another connection; else whether it has
/// to make new keys.
pub async fn heard(app: &App, who: &Identity, health: &Health) -> Result<Option<bool>, AppError> {
    let detail = health.detail.as_deref().map(|text| line(text, 300));
    app.db()
        .write(async |mut tx| {
            let report = Report {
                health: health.directory.code(),
                detail: detail.as_deref(),
                history_on_reset: health.history_on_reset,
                clock_ahead: health.clock_ahead,
            };
            let now = app.clock().now();
            agents::report(&mut tx, who.tenant, who.agent, &who.connection, report, now)
                .await
                .map_err(AppError::from)
        })
        .await
}

/// Takes an agent's new keys, signed with the old ones and the new ones. The number that is in force
/// then; `None`: they are not taken. Saying the same again is answered the same.
pub async fn new_keys(app: &App, who: &Identity, says: &Says) -> Result<Option<u32>, AppError> {
    let Says::NewKeys {
        key_number,
        sign,
        seal,
        old_signature,
        new_signature,
    } = says
    else {
        return Ok(None);
    };
    let Some(new) = PublicKeys::read(&sign.0, &seal.0) else {
        return Ok(None);
    };
    let said = proof::roll_over(who.agent, *key_number, &sign.0, &seal.0);
    if !new.sign.verifies(&said, &new_signature.0)
        || new.seal.seal(app.entropy(), b"", b"", b"").is_err()
    {
        return Ok(None);
    }
    let ctx = ctx_of(app);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(agent) = agents::find(tx, who.agent).await? else {
                return Ok(None);
            };
            let Some((tenant, key)) = key_of(tx, app, agent.tenant).await? else {
                return Ok(None);
            };
            if *key_number == agent.key_number {
                // The answer was lost.
                let same = PublicKeys::of(&key, &agent, *key_number)?
                    .is_some_and(|kept| kept.sign == new.sign && kept.seal == new.seal);
                return Ok(same.then_some(*key_number));
            }
            if !agent.roll_over {
                // Answers that wait are signed with the keys of now: no more rolls than are asked for.
                return Ok(None);
            }
            let old: Option<VerifyingKey> =
                PublicKeys::of(&key, &agent, agent.key_number)?.map(|keys| keys.sign);
            let signed = old.is_some_and(|old| old.verifies(&said, &old_signature.0));
            if !signed || Some(*key_number) != agent.key_number.checked_add(1) {
                return Ok(None);
            }
            let kept = new.keep(app, &key, agent.id, *key_number)?;
            let now = app.clock().now();
            let (id, old) = (agent.id, &agent.keys);
            if !agents::set_keys(tx, agent.tenant, id, *key_number, &kept, old, now).await? {
                return Ok(None);
            }
            let entry = Entry::new(Activity::AgentKeys)
                .on(Some(Target::thing("agent", id.0, &agent.name)))
                .with("number", *key_number);
            record_one(tx, app, &ctx, &tenant, entry).await?;
            Ok(Some(*key_number))
        })
        .await
}

/// An agent was removed from its host, for good.
pub async fn removed(app: &App, who: &Identity) -> Result<(), AppError> {
    let ctx = ctx_of(app);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let now = app.clock().now();
            if agents::revoke(tx, who.tenant, who.agent, now).await? {
                let agent = agents::find(tx, who.agent).await?;
                let name = agent.map(|agent| agent.name).unwrap_or_default();
                let entry = Entry::new(Activity::AgentRemoved)
                    .because("removed from its host")
                    .on(Some(Target::thing("agent", who.agent.0, &name)))
                    .with("domain", who.domain.as_str());
                let privacy = latchkey_core::settings::ClientAddressPrivacy::Nothing;
                record(tx, app, &ctx, who.tenant, privacy, vec![entry]).await?;
            }
            Ok(())
        })
        .await
}
