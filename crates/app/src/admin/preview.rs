//! What a change of policy would mean for people, before it is saved.

use std::time::Duration;

use latchkey_core::model::{Tenant, User};
use latchkey_core::password::PasswordPolicy;
use latchkey_core::registration::{State, state};
use latchkey_core::reset::Subject;
use latchkey_core::settings::Settings;
use latchkey_core::sign_in::password_expires_at;
use latchkey_store::{Tx, accounts};
use latchkey_types::Timestamp;
use serde::Serialize;

use super::PAGE;
use crate::reset::{Case, in_scope};
use crate::{App, AppError};

const DAY: Duration = Duration::from_hours(24);

/// Whom a change touches, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Effect {
    /// Users who could reset and no longer can.
    pub no_longer_able: u64,
    /// Users who could not reset and now can.
    pub newly_able: u64,
    /// Users whose password had not expired and now has.
    pub newly_expired: u64,
    /// Users whose password now expires so soon that they are told, and did not before.
    pub expire_soon: u64,
    /// Users who now have to register after signing in, and had not.
    pub must_register: u64,
    /// Users who now have to confirm their security info after signing in, and had not.
    pub must_reconfirm: u64,
}

impl Effect {
    /// In words: `42 users would no longer be able to reset`.
    pub fn words(self, saved: bool) -> Vec<String> {
        let line = |count: u64, whose: bool, is: &str, would: &str| {
            let users = match (count, whose) {
                (1, false) => "1 user".to_owned(),
                (_, false) => format!("{count} users"),
                (1, true) => "the password of 1 user".to_owned(),
                (_, true) => format!("the passwords of {count} users"),
            };
            format!("{users} {}", if saved { is } else { would })
        };
        let mut lines = vec![line(
            self.no_longer_able,
            false,
            "can no longer reset",
            "would no longer be able to reset",
        )];
        let others = [
            (
                self.newly_able,
                false,
                "can reset who could not",
                "would be able to reset who are not now",
            ),
            (
                self.newly_expired,
                true,
                "expired with this",
                "would be expired at once",
            ),
            (
                self.expire_soon,
                true,
                "will expire within the days of notice",
                "would expire within the days of notice",
            ),
            (
                self.must_register,
                false,
                "must register at the next sign-in who did not have to",
                "would have to register at the next sign-in who do not have to now",
            ),
            (
                self.must_reconfirm,
                false,
                "must confirm their security info at the next sign-in who did not have to",
                "would have to confirm their security info at the next sign-in who do not have to \
                 now",
            ),
        ];
        let touched = others.into_iter().filter(|(count, ..)| *count > 0);
        lines.extend(touched.map(|(count, whose, is, would)| line(count, whose, is, would)));
        lines
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            no_longer_able: self.no_longer_able + other.no_longer_able,
            newly_able: self.newly_able + other.newly_able,
            newly_expired: self.newly_expired + other.newly_expired,
            expire_soon: self.expire_soon + other.expire_soon,
            must_register: self.must_register + other.must_register,
            must_reconfirm: self.must_reconfirm + other.must_reconfirm,
        }
    }
}

/// Decides for every user under the settings in force and under the new ones.
pub(super) async fn effect(app: &App, tenant: &Tenant, new: &Settings) -> Result<Effect, AppError> {
    let mut effect = Effect::default();
    let old = &tenant.settings;
    let is_about_methods = new.reset != old.reset || new.registration != old.registration;
    let expiry = |settings: &Settings| {
        let policy = &settings.password;
        (policy.expires_after_days, policy.notice_days)
    };
    let is_about_expiry = expiry(new) != expiry(old);
    if !is_about_methods && !is_about_expiry {
        return Ok(effect);
    }
    let now = app.clock().now();
    let mut after: Option<String> = None;
    loop {
        let (last, part) = app
            .db()
            .read(async |mut tx| {
                let tx = &mut tx;
                let filter = accounts::Filter::default();
                let page = accounts::list(tx, tenant.id, &filter, after.as_deref(), PAGE).await?;
                let mut part = Effect::default();
                for user in &page {
                    // Whoever may not sign in is touched when they may again.
                    if user.enabled {
                        part = part.plus(of_password(user, &old.password, &new.password, now));
                    }
                    if is_about_methods {
                        part = part.plus(of_methods(tx, app, user, new, now).await?);
                    }
                }
                Ok::<_, AppError>((page.last().map(|last| last.upn.key()), part))
            })
            .await?;
        effect = effect.plus(part);
        match last {
            Some(last) => after = Some(last),
            None => return Ok(effect),
        }
    }
}

fn of_password(user: &User, old: &PasswordPolicy, new: &PasswordPolicy, now: Timestamp) -> Effect {
    let is_over = |policy| password_expires_at(user, policy).is_some_and(|at| now >= at);
    let is_near = |policy: &PasswordPolicy| {
        let notice = DAY * u32::from(policy.notice_days);
        password_expires_at(user, policy).is_some_and(|at| now < at && now >= at.minus(notice))
    };
    Effect {
        newly_expired: u64::from(is_over(new) && !is_over(old)),
        expire_soon: u64::from(is_near(new) && !is_near(old)),
        ..Effect::default()
    }
}

async fn of_methods(
    tx: &mut Tx,
    app: &App,
    user: &User,
    new: &Settings,
    now: Timestamp,
) -> Result<Effect, AppError> {
    let found = Case::gather(tx, app, user.tenant, Subject::Known, user.id, now).await?;
    let Some(case) = found else {
        return Ok(Effect::default());
    };
    let chosen = in_scope(tx, user.tenant, user.id, &new.reset).await?;
    let was_able = case.eligibility.is_ok();
    let is_able = case.decide(&new.reset, chosen, now).is_ok();
    let before = case.registration(now).map(|facts| state(&facts));
    let after = case
        .registration_under(new, chosen, now)
        .map(|facts| state(&facts));
    let newly = |asked: fn(&State) -> bool| {
        u64::from(after.as_ref().is_some_and(asked) && !before.as_ref().is_some_and(asked))
    };
    Ok(Effect {
        no_longer_able: u64::from(was_able && !is_able),
        newly_able: u64::from(!was_able && is_able),
        must_register: newly(|state| state.must_register),
        must_reconfirm: newly(|state| state.must_reconfirm),
        ..Effect::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effect_is_told_in_words() {
        let effect = Effect {
            no_longer_able: 42,
            ..Effect::default()
        };
        assert_eq!(
            effect.words(false),
            ["42 users would no longer be able to reset"]
        );
        assert_eq!(
            Effect {
                no_longer_able: 1,
                newly_able: 2,
                newly_expired: 1,
                expire_soon: 3,
                must_register: 1,
                must_reconfirm: 4,
            }
            .words(true),
            [
                "1 user can no longer reset",
                "2 users can reset who could not",
                "the password of 1 user expired with this",
                "the passwords of 3 users will expire within the days of notice",
                "1 user must register at the next sign-in who did not have to",
                "4 users must confirm their security info at the next sign-in who did not have to",
            ]
        );
    }
}
