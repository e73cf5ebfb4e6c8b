//! `sync`.

use latchkey_app::admin::{operator, sync};
use serde::Serialize;

use super::Console;
use crate::cli::Sync;
use crate::failure::Failure;

/// What was approved.
#[derive(Serialize)]
struct Approved {
    approved: i64,
}

impl Console {
    pub(super) async fn sync(&self, command: Sync) -> Result<(), Failure> {
        let (app, ctx) = (&self.app, operator(&self.app));
        match command {
            Sync::Status { tenant } => self.out.items(&sync::status(app, &tenant).await?),
            Sync::Problems { tenant } => self.out.items(&sync::problems(app, &tenant).await?),
            Sync::ApproveDeletions { tenant, domain } => {
                let approved = sync::approve_deletions(app, &ctx, &tenant, &domain).await?;
                self.out.item(&Approved { approved })
            }
            Sync::Now {
                tenant,
                domain,
                whole,
            } => {
                sync::now(app, &tenant, &domain, whole).await?;
                self.out.say("asked; an agent that is connected begins")
            }
        }
    }
}
