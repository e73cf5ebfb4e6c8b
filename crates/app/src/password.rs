//! What a new password has to meet, at a reset and at a change.

use latchkey_core::password::{
    BannedLists, DirectoryPolicy, Facts, Names, Occasion, Rule, TermList, Violation, check,
    counts_for_directory, directory_rules, held_here, normalise, rules,
};
use latchkey_crypto::argon::Verdict;
use latchkey_types::{Password, Secret};

use crate::reset::Case;
use crate::{App, AppError};

/// Passwords are looked at up to this many bytes; a longer one is refused for its length.
const LONGEST: usize = 16 * 1024;

/// The rules for a new password, as a page lists them.
pub(crate) fn page_rules(app: &App, case: &Case, occasion: Occasion) -> Vec<Rule> {
    let policy = &case.tenant.settings.password;
    rules(policy, occasion, app.breached().is_some())
}

/// The rules for a new password in a directory, as a page lists them.
pub(crate) fn directory_page_rules(
    app: &App,
    case: &Case,
    policy: Option<&DirectoryPolicy>,
    occasion: Occasion,
) -> Vec<Rule> {
    let settings = &case.tenant.settings;
    let filter = settings.password.breached_check && app.breached().is_some();
    directory_rules(policy, occasion, settings.writeback.banned_lists, filter)
}

/// Every rule that a password breaks. `old`: the hashes of the last passwords, the present one
/// first.
pub(crate) async fn violations(
    app: &App,
    case: &Case,
    occasion: Occasion,
    new: &Password,
    old: Vec<String>,
) -> Result<Vec<Violation>, AppError> {
    let tenant = &case.tenant;
    if case.who.managed.is_on_premises() {
        return directory_violations(app, case, new);
    }
    let policy = &tenant.settings.password;
    let names = names(case);
    let custom = app.custom_banned(tenant.id, tenant.settings_version, &tenant.settings)?;
    let banned = BannedLists {
        global: TermList::global(),
        custom: &custom,
    };
    let mut found = check(new.expose(), policy, &names, &banned);
    if new.expose().len() > LONGEST {
        return Ok(found);
    }
    let asked = page_rules(app, case, occasion);
    let normalised = normalise(new);
    let mut facts = Facts::default();
    if asked.contains(&Rule::NotBreached) {
        facts.breached = app
            .breached()
            .is_some_and(|filter| filter.contains(&normalised));
    }
    let last = asked.iter().find_map(|rule| match rule {
        Rule::NotReused { last } => Some(usize::from(*last)),
        _ => None,
    });
    if let Some(last) = last {
        for hash in old.into_iter().take(last) {
            let verdict = app
                .hashing()
                .verify(Secret::new(normalised.expose().clone()), hash)
                .await?;
            facts.reused |= matches!(verdict, Verdict::Right { .. });
        }
    }
    found.extend(facts.violations());
    Ok(found)
}

/// What is held against a password before the directory is asked, which has the last word.
fn directory_violations(
    app: &App,
    case: &Case,
    new: &Password,
) -> Result<Vec<Violation>, AppError> {
    let tenant = &case.tenant;
    let lists = tenant.settings.writeback.banned_lists;
    let custom = app.custom_banned(tenant.id, tenant.settings_version, &tenant.settings)?;
    let banned = BannedLists {
        global: TermList::global(),
        custom: &custom,
    };
    let policy = held_here(&tenant.settings.password);
    let mut found = check(new.expose(), &policy, &names(case), &banned);
    if lists && policy.breached_check && new.expose().len() <= LONGEST {
        let known = app
            .breached()
            .is_some_and(|filter| filter.contains(&normalise(new)));
        found.extend(known.then_some(Violation::Breached));
    }
    found.retain(|violation| counts_for_directory(*violation, lists));
    Ok(found)
}

fn names(case: &Case) -> Names<'_> {
    let tenant = &case.tenant.name;
    match &case.user {
        Some(user) => Names {
            given: &user.given_name,
            family: &user.family_name,
            local_part: user.upn.local(),
            tenant,
        },
        None => Names {
            given: "",
            family: "",
            local_part: "",
            tenant,
        },
    }
}
