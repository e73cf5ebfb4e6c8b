//! `registration`.

use latchkey_app::admin;
use latchkey_app::admin::registration::{self, Whom};
use serde_json::json;

use super::Console;
use crate::cli::Registration;
use crate::failure::Failure;

impl Console {
    pub(super) async fn registration(&self, command: Registration) -> Result<(), Failure> {
        let ctx = admin::operator(&self.app);
        match command {
            Registration::State { user } => {
                self.out.item(&registration::state(&self.app, &user).await?)
            }
            Registration::Require { tenant, whom } => {
                let of = match (&whom.user, &whom.group) {
                    (Some(user), _) => Whom::User(user),
                    (None, Some(group)) => Whom::Group(group),
                    (None, None) => Whom::All,
                };
                let count = registration::require(&self.app, &ctx, &tenant, of).await?;
                self.out.item(&json!({ "asked": count }))
            }
        }
    }
}
