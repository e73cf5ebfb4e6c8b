//! The agents beside an organisation's directories.

use latchkey_core::audit::Activity;
use latchkey_crypto::codes;
use latchkey_crypto::keys::Purpose;
use latchkey_store::agents::{self, Agent};
use latchkey_types::{AgentId, Secret, Timestamp};
use serde::Serialize;

use super::find;
use crate::audit::{Entry, Target, record_one};
use crate::writeback::{TOKEN_LASTS, fresh, normal_domain};
use crate::{App, AppError, Ctx};

/// A token that enrols one agent.
#[derive(Debug)]
pub struct Token {
    /// To be typed or piped into the agent's command; it is shown once.
    pub token: Secret<String>,
    /// The domain that the agent will answer for.
    pub domain: String,
    /// From when on it does nothing.
    pub expires_at: Timestamp,
}

/// An agent as an administrator sees it.
#[derive(Debug, Clone, Serialize)]
pub struct AgentView {
    /// Its id.
    pub id: String,
    /// The on-premises domain that it answers for.
    pub domain: String,
    /// The host's name.
    pub name: String,
    /// Its program's version.
    pub version: String,
    /// How it is: see [`Status::code`].
    pub status: &'static str,
    /// The same in words.
    pub says: String,
    /// When it last said anything.
    pub last_contact: Option<String>,
    /// The number of its keys.
    pub key_number: u32,
    /// When it made them.
    pub keys_made_at: String,
    /// Whether a reset respects the directory's history of passwords.
    pub history_on_reset: bool,
    /// By how many milliseconds its clock is ahead of this service's.
    pub clock_ahead: i64,
    /// When it was enrolled.
    pub enrolled_at: String,
    /// When it was revoked or removed.
    pub revoked_at: Option<String>,
}

/// A clock that is so many milliseconds wrong is told of.
const WRONG_CLOCK: i64 = 60_000;

/// How an agent is, as the specification names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It runs, and so does its directory.
    Running,
    /// It runs, and a newer version is there.
    OutOfDate,
    /// It is too old to say how it is.
    TooOld,
    /// It cannot be reached now.
    Unreachable,
    /// It runs, and reports a fault of the directory or of its configuration.
    Fault,
    /// It was revoked or removed.
    Revoked,
}

impl Status {
    /// Its word on the command line and in JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::OutOfDate => "out of date",
            Self::TooOld => "too old",
            Self::Unreachable => "unreachable",
            Self::Fault => "fault",
            Self::Revoked => "revoked",
        }
    }

    fn of(agent: &Agent, now: Timestamp) -> Self {
        if agent.revoked_at.is_some() {
            return Self::Revoked;
        }
        if !fresh(agent, now) {
            return Self::Unreachable;
        }
        match version(&agent.version) {
            None => Self::TooOld,
            Some(_) if agent.health != "well" => Self::Fault,
            Some(theirs) if version(latchkey_wire::VERSION).is_some_and(|ours| theirs < ours) => {
                Self::OutOfDate
            }
            Some(_) => Self::Running,
        }
    }

    fn says(self, agent: &Agent) -> String {
        let detail = agent.health_detail.as_deref().unwrap_or_default();
        match self {
            // It goes by the service's time, but its log and its certificates do not.
            Self::Running if agent.clock_ahead.saturating_abs() >= WRONG_CLOCK => {
                let seconds = agent.clock_ahead.unsigned_abs() / 1_000;
                let side = if agent.clock_ahead < 0 {
                    "behind"
                } else {
                    "ahead"
                };
                format!("running, but the clock of its host is {seconds} s {side}: set it right")
            }
            Self::Running => "running".to_owned(),
            Self::OutOfDate => "connected, but the agent is out of date".to_owned(),
            Self::TooOld => "cannot tell: the agent is too old".to_owned(),
            Self::Unreachable => "the agent cannot be reached now".to_owned(),
            Self::Fault => format!(
                "connected, but its directory is not well: {} {detail}",
                agent.health
            ),
            Self::Revoked => "revoked".to_owned(),
        }
    }
}

/// The three numbers of a version.
fn version(text: &str) -> Option<[u32; 3]> {
    let mut numbers = text.split('.').map(|part| part.parse().ok());
    let version = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(version)
}

/// Makes a token that enrols one agent for an on-premises domain, within 15 minutes.
pub async fn enrol(app: &App, ctx: &Ctx, tenant: &str, domain: &str) -> Result<Token, AppError> {
    let domain = normal_domain(domain);
    let is_name = (1..=253).contains(&domain.len())
        && domain
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    if !is_name {
        return Err(AppError::Invalid(
            "an on-premises domain looks like corp.example".into(),
        ));
    }
    let token = codes::token(app.entropy());
    let tag = app
        .keys()
        .tag(Purpose::AgentToken, &[b"enrol", token.expose().as_bytes()]);
    let now = app.clock().now();
    let expires_at = now.plus(TOKEN_LASTS);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            agents::insert_token(tx, tenant.id, &domain, tag.as_bytes(), now, expires_at).await?;
            let entry = Entry::new(Activity::AgentToken).with("domain", domain.as_str());
            record_one(tx, app, ctx, &tenant, entry).await
        })
        .await?;
    Ok(Token {
        token,
        domain,
        expires_at,
    })
}

/// A tenant's agents, by domain and name; those that were revoked last.
pub async fn list(app: &App, tenant: &str) -> Result<Vec<AgentView>, AppError> {
    let now = app.clock().now();
    let rows = app
        .db()
        .read(async |mut tx| {
            let tenant = find::tenant_in(&mut tx, tenant).await?;
            Ok::<_, AppError>(agents::list(&mut tx, tenant.id).await?)
        })
        .await?;
    let (gone, there): (Vec<_>, Vec<_>) = rows.iter().partition(|agent| agent.revoked_at.is_some());
    Ok(there
        .into_iter()
        .chain(gone)
        .map(|agent| view(agent, now))
        .collect())
}

fn view(agent: &Agent, now: Timestamp) -> AgentView {
    let status = Status::of(agent, now);
    AgentView {
        id: agent.id.to_string(),
        domain: agent.domain.clone(),
        name: agent.name.clone(),
        version: agent.version.clone(),
        status: status.code(),
        says: status.says(agent).trim().to_owned(),
        last_contact: agent.last_seen_at.map(Timestamp::rfc3339),
        key_number: agent.key_number,
        keys_made_at: agent.keys_made_at.rfc3339(),
        clock_ahead: agent.clock_ahead,
        history_on_reset: agent.history_on_reset,
        enrolled_at: agent.enrolled_at.rfc3339(),
        revoked_at: agent.revoked_at.map(Timestamp::rfc3339),
    }
}

/// Revokes an agent: it is not let in any more, and its connection ends. `false`: it was already.
pub async fn revoke(app: &App, ctx: &Ctx, tenant: &str, id: &str) -> Result<bool, AppError> {
    let id = AgentId::parse(id).map_err(|error| AppError::Invalid(error.to_string()))?;
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            let Some(agent) = agents::find(tx, id).await? else {
                return Err(AppError::NotFound);
            };
            if agent.tenant != tenant.id {
                return Err(AppError::NotFound);
            }
            if !agents::revoke(tx, tenant.id, id, app.clock().now()).await? {
                return Ok(false);
            }
            let entry = Entry::new(Activity::AgentRemoved)
                .because("revoked")
                .on(Some(Target::thing("agent", id.0, &agent.name)))
                .with("domain", agent.domain.as_str());
            record_one(tx, app, ctx, &tenant, entry).await?;
            Ok::<_, AppError>(true)
        })
        .await
}

/// Asks agents whose keys are old to make new ones. How many.
pub async fn roll_over(app: &App) -> Result<u64, AppError> {
    let before = app.clock().now().minus(crate::writeback::KEYS_LAST);
    app.db()
        .write(async |mut tx| {
            agents::ask_for_keys(&mut tx, None, before)
                .await
                .map_err(AppError::from)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(version("0.9.1") < version("0.10.0"));
        assert_eq!(version("1.2"), None);
        assert_eq!(version("1.2.3.4"), None);
        assert_eq!(version("new"), None);
    }
}
