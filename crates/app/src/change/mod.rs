//! Changing a password that is known, of one's own will or because one has to. Specification:
//! *Change*.

mod attempt;
mod directory;
mod notify;

use latchkey_core::audit::Activity;
use latchkey_core::model::User;
use latchkey_core::password::{Occasion, Rule, Violation, may_change_from, normalise};
use latchkey_core::reset::{DirectoryState, Writeback};
use latchkey_core::sign_in::MustChange;
use latchkey_store::{Tx, accounts, history, links, lockout, sign_in_sessions};
use latchkey_types::{Masked, Password, Secret, Timestamp};
use latchkey_wire::operation::Refusal;

use crate::audit::{Entry, record_one};
use crate::password::{directory_page_rules, page_rules, violations};
use crate::sign_in::{Here, is_kept_here, outlive};
use crate::{App, AppError, Ctx};

use attempt::Attempt;
pub(crate) use notify::was_changed;

/// The page as it is now.
#[derive(Debug, Clone)]
pub struct View {
    /// The user principal name, for password managers.
    pub user_id: String,
    /// Why the password has to be changed, if it has to.
    pub why: Option<MustChange>,
    /// Whether it can be changed here, and what a new one must meet.
    pub page: Page,
}

/// What the page is for.
#[derive(Debug, Clone)]
pub enum Page {
    /// Choose a new password.
    Change {
        /// What it must meet.
        rules: Vec<Rule>,
        /// Whether it is in a directory of the organisation, whose answer counts.
        in_directory: bool,
    },
    /// The password is younger than the policy lets a password be changed.
    TooYoung {
        /// From when it can be changed.
        from: Timestamp,
    },
    /// The password is kept in a directory of the organisation, or at its identity provider.
    Elsewhere,
}

/// What came of a change.
#[derive(Debug)]
pub enum Outcome {
    /// It is done.
    Changed {
        /// The browser's new cookie.
        cookie: Secret<String>,
        /// Who was told, masked.
        told: Vec<Masked>,
    },
    /// Show the page again.
    Again(Notice),
}

/// What is said on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The present password was left empty.
    NoCurrent,
    /// The new password was left empty.
    NoNew,
    /// The present password is not right.
    WrongCurrent,
    /// Too many wrong ones.
    Locked {
        /// The end of the lock.
        until: Timestamp,
    },
    /// The two new passwords differ.
    Differ,
    /// The new password breaks these rules.
    Refused(Vec<Violation>),
    /// The directory of the organisation did not do it, and says why.
    DirectoryRefused(Refusal),
    /// It cannot be reached now; nothing was changed.
    DirectoryAway,
    /// It took it and did not answer: what came of it is being found out.
    NotKnown,
    /// It cannot be changed here, or not yet: the page says why.
    Not,
    /// The account changed in the meantime.
    OutOfDate,
}

/// The page for somebody signed in. `None`: nobody is.
pub async fn view(app: &App, cookie: &Secret<String>) -> Result<Option<View>, AppError> {
    let found = app
        .db()
        .read(async |mut tx| Here::find(&mut tx, app, cookie).await)
        .await?;
    let Some(here) = found else { return Ok(None) };
    let in_directory = here
        .case
        .user
        .as_ref()
        .is_some_and(User::is_checked_in_directory);
    let directory = if in_directory {
        directory::read(app, &here).await?
    } else {
        None
    };
    Ok(view_of(app, &here, directory.as_ref()))
}

fn view_of(app: &App, here: &Here, directory: Option<&DirectoryState>) -> Option<View> {
    let user = here.case.user.as_ref()?;
    let why = here.must_change();
    let policy = &here.case.tenant.settings.password;
    let young = user
        .password_set_at
        .and_then(|set_at| may_change_from(policy, set_at))
        .filter(|from| why.is_none() && here.now < *from);
    let in_directory = user.is_checked_in_directory();
    let policy = directory.map(|directory| &directory.policy);
    let young = if in_directory {
        policy
            .and_then(|policy| policy.may_change_from)
            .filter(|from| here.now < *from)
    } else {
        young
    };
    let page = match young {
        _ if in_directory && here.case.writeback == Writeback::Off => Page::Elsewhere,
        _ if !in_directory && !is_kept_here(user) => Page::Elsewhere,
        None if in_directory => Page::Change {
            rules: directory_page_rules(app, &here.case, policy, Occasion::Change),
            in_directory,
        },
        Some(from) => Page::TooYoung { from },
        None => {
            let mut rules = page_rules(app, &here.case, Occasion::Change);
            // Whoever has to change it need not wait.
            rules.retain(|rule| why.is_none() || !matches!(rule, Rule::MinAge { .. }));
            Page::Change {
                rules,
                in_directory,
            }
        }
    };
    Some(View {
        user_id: user.upn.as_str().to_owned(),
        why,
        page,
    })
}

/// Changes the password. `None`: nobody is signed in.
pub async fn change(
    app: &App,
    ctx: &Ctx,
    cookie: &Secret<String>,
    current: &Password,
    new: &Password,
    confirm: &Password,
) -> Result<Option<Outcome>, AppError> {
    let found = app
        .db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let Some(here) = Here::find(tx, app, cookie).await? else {
                return Ok(None);
            };
            let keep = i64::from(here.case.tenant.settings.password.history).max(1);
            let old = history::list(tx, here.row.tenant, here.row.user, keep).await?;
            Ok::<_, AppError>(Some((here, old)))
        })
        .await?;
    let Some((here, old)) = found else {
        return Ok(None);
    };
    let again = |notice| Ok(Some(Outcome::Again(notice)));
    let Some(View {
        page: Page::Change { in_directory, .. },
        ..
    }) = view_of(app, &here, None)
    else {
        return again(Notice::Not);
    };
    if current.expose().is_empty() {
        return again(Notice::NoCurrent);
    }
    if new.expose().is_empty() {
        return again(Notice::NoNew);
    }
    if new != confirm {
        return again(Notice::Differ);
    }
    if in_directory {
        // The lists first: they cost the directory nothing, and they are no secret.
        let mut found = violations(app, &here.case, Occasion::Change, new, Vec::new()).await?;
        if normalise(new) == normalise(current) {
            found.push(Violation::Reused);
        }
        if !found.is_empty() {
            refuse(app, ctx, &here, &found).await?;
            return again(Notice::Refused(found));
        }
        return directory::change(app, ctx, &here, cookie, current, new).await;
    }
    // The present one first: whoever does not know it learns nothing about the new one, such as
    // whether it was used before.
    match attempt::compare(app, ctx, &here, current).await? {
        Attempt::Right => {}
        Attempt::Wrong => return again(Notice::WrongCurrent),
        Attempt::Locked { until } => return again(Notice::Locked { until }),
    }
    let mut found = violations(app, &here.case, Occasion::Change, new, old).await?;
    // It is known by now, whatever is kept of older ones.
    if normalise(new) == normalise(current) && !found.contains(&Violation::Reused) {
        found.push(Violation::Reused);
    }
    if !found.is_empty() {
        refuse(app, ctx, &here, &found).await?;
        return again(Notice::Refused(found));
    }
    let hash = app.hashing().hash(app.entropy(), normalise(new)).await?;
    let version = here.case.stamp.user;
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            // Looked at again: another tab may have been faster, or somebody ended the session.
            let Some(here) = Here::find(tx, app, cookie).await? else {
                return Ok(None);
            };
            if here.case.stamp.user != version {
                return Ok(Some(Outcome::Again(Notice::OutOfDate)));
            }
            set(tx, app, ctx, &here, cookie, &hash).await.map(Some)
        })
        .await
}

/// Sets the password, ends every other session, and voids what could still act on the account.
async fn set(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    here: &Here,
    cookie: &Secret<String>,
    hash: &str,
) -> Result<Outcome, AppError> {
    let (tenant, user) = (here.row.tenant, here.row.user);
    let keep = i64::from(here.case.tenant.settings.password.history).max(1);
    let version = here.case.stamp.user;
    if !accounts::set_password(tx, tenant, user, version, hash, here.now, keep).await? {
        return Ok(Outcome::Again(Notice::OutOfDate));
    }
    links::void_for_user(tx, tenant, user, here.now).await?;
    lockout::clear(tx, tenant, user, here.now).await?;
    // Also those that began in this very moment.
    sign_in_sessions::end_others(tx, tenant, user, Some(here.row.id), here.now).await?;
    let new = outlive(tx, app, here, cookie).await?;
    let told = notify::was_changed(tx, app, ctx, &here.case, here.now).await?;
    let entry = Entry::new(Activity::ChangePassword)
        .on(here.target())
        .with("forced", here.must_change().is_some())
        .with("told", told.len());
    record_one(tx, app, ctx, &here.case.tenant, entry).await?;
    Ok(Outcome::Changed { cookie: new, told })
}

async fn refuse(app: &App, ctx: &Ctx, here: &Here, found: &[Violation]) -> Result<(), AppError> {
    let codes: Vec<&str> = found.iter().map(|violation| violation.code()).collect();
    app.db()
        .write(async |mut tx| {
            let entry = failed(here, "password_refused").with("why", codes.clone());
            record_one(&mut tx, app, ctx, &here.case.tenant, entry).await
        })
        .await
}

/// The event of a change that did not come about.
fn failed(here: &Here, why: &str) -> Entry {
    Entry::new(Activity::ChangePassword)
        .failed()
        .because(why)
        .on(here.target())
}
