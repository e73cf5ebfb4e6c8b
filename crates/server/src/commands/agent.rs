//! `agent`.

use latchkey_app::admin::{agent, operator};
use serde::Serialize;

use super::Console;
use crate::cli::Agent;
use crate::failure::Failure;

/// A token as JSON: it is shown once, to whoever asked for it.
#[derive(Serialize)]
struct Made<'a> {
    token: &'a str,
    domain: &'a str,
    expires_at: String,
}

/// What `status` shows of an agent.
#[derive(Serialize)]
struct Row<'a> {
    domain: &'a str,
    name: &'a str,
    status: &'a str,
    last_contact: Option<&'a str>,
    says: &'a str,
}

impl Console {
    pub(super) async fn agent(&self, command: Agent) -> Result<(), Failure> {
        let (app, ctx) = (&self.app, operator(&self.app));
        match command {
            Agent::Enrol { tenant, domain } => {
                let made = agent::enrol(app, &ctx, &tenant, &domain).await?;
                self.out.item(&Made {
                    token: made.token.expose(),
                    domain: &made.domain,
                    expires_at: made.expires_at.rfc3339(),
                })?;
                self.out.say(&format!(
                    "\nOn the host beside the directory, and with the token on standard input:\n  \
                     latchkey-agent enrol --service {}",
                    app.options().base.url()
                ))
            }
            Agent::List { tenant } => self.out.items(&agent::list(app, &tenant).await?),
            Agent::Status { tenant } => {
                let agents = agent::list(app, &tenant).await?;
                if agents.is_empty() {
                    return self
                        .out
                        .say("not configured: no agent was enrolled (`latchkey agent enrol`)");
                }
                let rows: Vec<Row<'_>> = agents
                    .iter()
                    .filter(|agent| agent.revoked_at.is_none())
                    .map(|agent| Row {
                        domain: &agent.domain,
                        name: &agent.name,
                        status: agent.status,
                        last_contact: agent.last_contact.as_deref(),
                        says: &agent.says,
                    })
                    .collect();
                self.out.items(&rows)
            }
            Agent::Revoke { tenant, agent } => {
                let done = agent::revoke(app, &ctx, &tenant, &agent).await?;
                self.out.say(if done {
                    "revoked"
                } else {
                    "it was revoked before"
                })
            }
        }
    }
}
