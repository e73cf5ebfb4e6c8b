//! `policy`.

use latchkey_app::admin::{self, policy};

use super::Console;
use crate::cli::{Policy, Preset};
use crate::failure::Failure;

impl Console {
    pub(super) async fn policy(&self, command: Policy) -> Result<(), Failure> {
        let app = &self.app;
        let ctx = admin::operator(app);
        match command {
            Policy::Get { tenant, path } => {
                let found = policy::get(app, &tenant, path.as_deref()).await?;
                if self.out.is_json() {
                    return self.out.item(&found);
                }
                for (path, value) in found {
                    // In the form that `policy set` reads.
                    let value = match value {
                        serde_json::Value::String(text) => text,
                        other => other.to_string(),
                    };
                    self.out.line(&format!("{path}={value}"))?;
                }
                Ok(())
            }
            Policy::Set {
                tenant,
                values,
                dry_run,
            } => {
                let changed = policy::set(app, &ctx, &tenant, &values, dry_run).await?;
                self.changed(&changed)
            }
            Policy::Preset {
                tenant,
                preset,
                dry_run,
            } => {
                let preset = match preset {
                    Preset::EntraLike => policy::Preset::EntraLike,
                    Preset::Nist => policy::Preset::Nist,
                    Preset::NistSecondFactor => policy::Preset::NistWithSecondFactor,
                };
                let changed = policy::preset(app, &ctx, &tenant, preset, dry_run).await?;
                self.changed(&changed)
            }
        }
    }

    fn changed(&self, changed: &policy::Changed) -> Result<(), Failure> {
        if self.out.is_json() {
            return self.out.item(changed);
        }
        if changed.changes.is_empty() {
            return self.out.say("nothing changes");
        }
        for change in &changed.changes {
            self.out.line(&format!(
                "{}: {} -> {}",
                change.path, change.old, change.new
            ))?;
        }
        for line in changed.effect.words(changed.saved) {
            self.out.line(&line)?;
        }
        self.out.say(if changed.saved {
            "saved"
        } else {
            "nothing was saved"
        })
    }
}
