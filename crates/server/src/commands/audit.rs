//! `audit`.

use latchkey_app::admin::audit_list::{self, EventFilter, hex};
use latchkey_app::{admin, audit};
use latchkey_types::TenantId;
use serde_json::json;

use super::Console;
use crate::cli::{Audit, AuditFilter};
use crate::failure::Failure;

/// What the service's own chain is called on the command line.
const SERVICE: &str = "service";

impl Console {
    pub(super) async fn audit(&self, command: Audit) -> Result<u8, Failure> {
        match command {
            Audit::List(filter) => self.events(&filter).await.map(|()| 0),
            Audit::Verify { tenant, anchor } => self.verify(tenant.as_deref(), anchor).await,
        }
    }

    async fn events(&self, typed: &AuditFilter) -> Result<(), Failure> {
        let tenant = self.chain(&typed.tenant).await?;
        let filter = EventFilter {
            activity: typed.activity.as_deref(),
            user: typed.user.as_deref(),
            result: typed.result.as_deref(),
            from: typed.from.as_deref(),
            to: typed.to.as_deref(),
            request: typed.request.as_deref(),
        };
        let query = audit_list::query(&self.app, &filter).await?;
        let mut after = 0;
        loop {
            let page = audit_list::page(&self.app, tenant, &query, after).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = *last;
            let lines: Vec<String> = page.iter().map(|(_, event)| event.to_string()).collect();
            self.out.line(&lines.join("\n"))?;
        }
    }

    async fn chain(&self, typed: &str) -> Result<TenantId, Failure> {
        if typed == SERVICE {
            return Ok(TenantId::SERVICE);
        }
        Ok(admin::find_tenant(&self.app, typed).await?.id)
    }

    async fn verify(&self, only: Option<&str>, anchor: bool) -> Result<u8, Failure> {
        let mut chains = Vec::new();
        if let Some(typed) = only {
            chains.push((typed.to_owned(), self.chain(typed).await?));
        } else {
            chains.push((SERVICE.to_owned(), TenantId::SERVICE));
            let mut after = None;
            loop {
                let page = admin::tenant::list(&self.app, after).await?;
                let Some(last) = page.last() else { break };
                after = TenantId::parse(&last.id).ok();
                for tenant in page {
                    let id = TenantId::parse(&tenant.id).map_err(|error| error.to_string())?;
                    chains.push((tenant.name, id));
                }
            }
        }
        let mut code = 0;
        for (name, id) in chains {
            let verified = audit::verify(&self.app, id).await?;
            if verified.broken.is_some() {
                code = 1;
            }
            if self.out.is_json() {
                self.out.item(&json!({
                    "tenant": name,
                    "id": id.to_string(),
                    "events": verified.events,
                    "anchor": anchor.then(|| hex(&verified.anchor)),
                    "broken": verified.broken.as_ref().map(|broken| json!({
                        "seq": broken.seq, "what": broken.what,
                    })),
                }))?;
                continue;
            }
            let mut line = match &verified.broken {
                None => format!("{name}: {} events, unbroken", verified.events),
                Some(broken) => format!("{name}: BROKEN at event {}: {}", broken.seq, broken.what),
            };
            if anchor {
                let hash = hex(&verified.anchor);
                line += &[" (anchor ", &verified.events.to_string(), " ", &hash, ")"].concat();
            }
            self.out.line(&line)?;
        }
        Ok(code)
    }
}
