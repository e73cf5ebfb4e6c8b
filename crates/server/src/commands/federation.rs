//! `federation`.

use latchkey_app::admin::federation::{self, NewProvider};
use latchkey_app::admin::operator;

use super::Console;
use super::user::secret;
use crate::cli::Federation;
use crate::failure::Failure;

impl Console {
    pub(super) async fn federation(&self, command: Federation) -> Result<(), Failure> {
        let (app, ctx) = (&self.app, operator(&self.app));
        match command {
            Federation::Set {
                tenant,
                issuer,
                client_id,
                client_secret_file,
                name_claim,
                unchecked,
            } => {
                let new = NewProvider {
                    issuer: &issuer,
                    client_id: &client_id,
                    secret: &secret(client_secret_file.as_deref())?,
                    name_claim: &name_claim,
                    is_checked: !unchecked,
                };
                self.out
                    .item(&federation::set(app, &ctx, &tenant, &new).await?)
            }
            Federation::Show { tenant } => match federation::show(app, &tenant).await? {
                Some(provider) => self.out.item(&provider),
                None => Err(format!("{tenant} has no identity provider").into()),
            },
            Federation::Remove { tenant } => {
                let done = federation::remove(app, &ctx, &tenant).await?;
                self.out
                    .say(if done { "removed" } else { "there was none" })
            }
        }
    }
}
