//! What a change of policy would mean for people, before it is saved.

use latchkey_core::model::Tenant;
use latchkey_core::reset::Subject;
use latchkey_core::settings::Settings;
use latchkey_store::accounts;
use serde::Serialize;

use super::PAGE;
use crate::reset::{Case, in_scope};
use crate::{App, AppError};

/// Who could reset and who can, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Effect {
    /// Users who could reset and no longer can.
    pub no_longer_able: u64,
    /// Users who could not reset and now can.
    pub newly_able: u64,
}

impl Effect {
    /// In words: `42 users would no longer be able to reset`.
    pub fn words(self, saved: bool) -> Vec<String> {
        let would = |count: u64, what: &str| {
            let users = if count == 1 {
                "1 user".to_owned()
            } else {
                format!("{count} users")
            };
            let verb = match (saved, what) {
                (true, "no longer able") => "can no longer reset",
                (false, "no longer able") => "would no longer be able to reset",
                (true, _) => "can reset who could not",
                (false, _) => "would be able to reset who are not now",
            };
            format!("{users} {verb}")
        };
        let mut lines = vec![would(self.no_longer_able, "no longer able")];
        if self.newly_able > 0 {
            lines.push(would(self.newly_able, "newly able"));
        }
        lines
    }
}

/// Decides for every user under the settings in force and under the new ones.
pub(super) async fn effect(app: &App, tenant: &Tenant, new: &Settings) -> Result<Effect, AppError> {
    let mut effect = Effect::default();
    if new.reset == tenant.settings.reset {
        return Ok(effect);
    }
    let now = app.clock().now();
    let mut after: Option<String> = None;
    loop {
        let (page, part) = app
            .db()
            .read(async |mut tx| {
                let tx = &mut tx;
                let filter = accounts::Filter::default();
                let page = accounts::list(tx, tenant.id, &filter, after.as_deref(), PAGE).await?;
                let mut part = Effect::default();
                for user in &page {
                    let found =
                        Case::gather(tx, app, tenant.id, Subject::Known, user.id, now).await?;
                    let Some(case) = found else { continue };
                    let chosen = in_scope(tx, tenant.id, user.id, &new.reset).await?;
                    let able_then = case.decide(&new.reset, chosen, now).is_ok();
                    match (case.eligibility.is_ok(), able_then) {
                        (true, false) => part.no_longer_able += 1,
                        (false, true) => part.newly_able += 1,
                        (true, true) | (false, false) => {}
                    }
                }
                Ok::<_, AppError>((page, part))
            })
            .await?;
        effect.no_longer_able += part.no_longer_able;
        effect.newly_able += part.newly_able;
        match page.last() {
            Some(last) => after = Some(last.upn.key()),
            None => return Ok(effect),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effect_is_told_in_words() {
        let effect = Effect {
            no_longer_able: 42,
            newly_able: 0,
        };
        assert_eq!(
            effect.words(false),
            ["42 users would no longer be able to reset"]
        );
        assert_eq!(
            Effect {
                no_longer_able: 1,
                newly_able: 2
            }
            .words(true),
            [
                "1 user can no longer reset",
                "2 users can reset who could not"
            ]
        );
    }
}
