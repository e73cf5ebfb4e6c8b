//! The settings of a tenant, by dotted path.

use std::collections::BTreeMap;

use latchkey_core::audit::Activity;
use latchkey_core::model::Tenant;
use latchkey_core::password::PasswordPolicy;
use latchkey_core::settings::{Scope, Settings};
use latchkey_store::{Tx, agents, groups, tenants};
use latchkey_types::{GroupId, TenantId};
use serde::Serialize;
use serde_json::{Map, Value};

use super::preview::{self, Effect};
use super::{find, tenant};
use crate::audit::{Entry, record_one};
use crate::{App, AppError, Ctx};

/// A value that is or was another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The setting, as a dotted path.
    pub path: String,
    /// What it was.
    pub old: Value,
    /// What it is or would be.
    pub new: Value,
}

/// What a change of policy does, or would do.
#[derive(Debug, Clone, Serialize)]
pub struct Changed {
    /// The settings that change; none, if all are as they were.
    pub changes: Vec<Change>,
    /// What it means for people.
    pub effect: Effect,
    /// Whether it was saved.
    pub saved: bool,
}

/// A ready-made password policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// The table of the specification.
    EntraLike,
    /// NIST SP 800-63B-4.
    Nist,
    /// NIST SP 800-63B-4 where a second factor is always asked.
    NistWithSecondFactor,
}

/// Everything that is set, one line for each setting.
pub async fn get(
    app: &App,
    typed: &str,
    path: Option<&str>,
) -> Result<BTreeMap<String, Value>, AppError> {
    let tenant = find::tenant(app, typed).await?;
    let whole = document(&tenant.settings)?;
    let mut found = BTreeMap::new();
    let (start, value) = match path {
        None => (String::new(), &whole),
        Some(path) => (path.to_owned(), at(&whole, path)?),
    };
    flatten(&start, value, &mut found);
    Ok(found)
}

/// Sets `path=value` pairs all together, or only says what that would do.
pub async fn set(
    app: &App,
    ctx: &Ctx,
    typed: &str,
    values: &[(String, String)],
    dry_run: bool,
) -> Result<Changed, AppError> {
    change(app, ctx, typed, dry_run, async |tx, tenant| {
        let values = with_groups(tx, tenant.id, values).await?;
        assign(&tenant.settings, &values).map_err(AppError::Invalid)
    })
    .await
}

/// Replaces the password policy by a preset; the tenant's own banned terms stay.
pub async fn preset(
    app: &App,
    ctx: &Ctx,
    typed: &str,
    preset: Preset,
    dry_run: bool,
) -> Result<Changed, AppError> {
    change(app, ctx, typed, dry_run, async |_, tenant| {
        let mut settings = tenant.settings.clone();
        let custom_banned = std::mem::take(&mut settings.password.custom_banned);
        settings.password = PasswordPolicy {
            custom_banned,
            ..match preset {
                Preset::EntraLike => PasswordPolicy::entra_like(),
                Preset::Nist => PasswordPolicy::nist(),
                Preset::NistWithSecondFactor => PasswordPolicy::nist_with_second_factor(),
            }
        };
        Ok(settings)
    })
    .await
}

async fn change(
    app: &App,
    ctx: &Ctx,
    typed: &str,
    dry_run: bool,
    make: impl AsyncFn(&mut Tx, &Tenant) -> Result<Settings, AppError>,
) -> Result<Changed, AppError> {
    let (tenant, new) = app
        .db()
        .read(async |mut tx| {
            let tenant = find::tenant_in(&mut tx, typed).await?;
            let new = make(&mut tx, &tenant).await?;
            Ok::<_, AppError>((tenant, new))
        })
        .await?;
    check(&new)?;
    let changes = changes(&document(&tenant.settings)?, &document(&new)?);
    // Counted before it is saved, outside the transaction that saves: it may take a while.
    let effect = preview::effect(app, &tenant, &new).await?;
    if dry_run || changes.is_empty() {
        return Ok(Changed {
            changes,
            effect,
            saved: false,
        });
    }
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            if !tenants::set_settings(tx, tenant.id, tenant.settings_version, &new).await? {
                return Err(AppError::Conflict(
                    "somebody else changed the policy meanwhile; look again".into(),
                ));
            }
            if new.writeback.enabled && !tenant.settings.writeback.enabled {
                // Turned on again: agents begin with new keys.
                agents::ask_for_keys(tx, Some(tenant.id), app.clock().now()).await?;
            }
            let entry = Entry::new(Activity::PolicyChanged)
                .on(tenant::target(&tenant))
                .with("changes", as_json(&changes))
                .with("no_longer_able", effect.no_longer_able)
                .with("newly_able", effect.newly_able)
                .with("newly_expired", effect.newly_expired)
                .with("expire_soon", effect.expire_soon)
                .with("must_register", effect.must_register)
                .with("must_reconfirm", effect.must_reconfirm);
            record_one(tx, app, ctx, &tenant, entry).await
        })
        .await?;
    Ok(Changed {
        changes,
        effect,
        saved: true,
    })
}

/// Refuses settings that are out of range, naming each.
pub(crate) fn check(settings: &Settings) -> Result<(), AppError> {
    let problems: Vec<String> = settings
        .problems()
        .into_iter()
        .map(|problem| format!("{}: {}", problem.path, problem.allowed))
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(AppError::Invalid(problems.join("; ")))
    }
}

/// `selected:Name of a group,Name of another` becomes the ids of the groups.
async fn with_groups(
    tx: &mut Tx,
    tenant: TenantId,
    values: &[(String, String)],
) -> Result<Vec<(String, String)>, AppError> {
    let mut all = Vec::new();
    for (path, text) in values {
        let Some(named) = text
            .strip_prefix("selected:")
            .filter(|_| path == "reset.scope")
        else {
            all.push((path.clone(), text.clone()));
            continue;
        };
        let mut ids = Vec::new();
        for name in named
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            let found = match GroupId::parse(name) {
                Ok(id) => groups::get(tx, tenant, id).await?,
                Err(_) => groups::find_by_name(tx, tenant, name).await?,
            };
            let group =
                found.ok_or_else(|| AppError::Invalid(format!("there is no group {name:?}")))?;
            ids.push(group.id);
        }
        let scope = serde_json::to_string(&Scope::Selected(ids.into_iter().collect()))
            .map_err(|error| AppError::internal("write a scope", error))?;
        all.push((path.clone(), scope));
    }
    Ok(all)
}

/// The settings with some values set. The error is for whoever typed them and names every one that
/// is wrong.
pub(super) fn assign(settings: &Settings, values: &[(String, String)]) -> Result<Settings, String> {
    let mut whole = document(settings).map_err(|error| error.to_string())?;
    let mut wrong = Vec::new();
    for (path, text) in values {
        match assign_one(&whole, path, text) {
            Ok(next) => whole = next,
            Err(error) => wrong.push(error),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.join("; "));
    }
    serde_json::from_value(whole).map_err(|error| error.to_string())
}

/// A text is read in the first of these ways that the setting accepts: as JSON, as it is, as yes or
/// no, as nothing, as `kind:value`, as a list with commas.
fn assign_one(whole: &Value, path: &str, text: &str) -> Result<Value, String> {
    at(whole, path).map_err(|error| error.to_string())?;
    let mut first = None;
    for reading in readings(text) {
        for merged in [true, false] {
            let mut next = whole.clone();
            put(&mut next, path, &reading, merged);
            match serde_json::from_value::<Settings>(next.clone()) {
                // As it is stored, so that a list without order is in order.
                Ok(settings) => return document(&settings).map_err(|error| error.to_string()),
                Err(error) => {
                    let said = error.to_string();
                    if !said.starts_with("invalid type") || first.is_none() {
                        first = Some(said);
                    }
                }
            }
        }
    }
    Err(format!(
        "{path} cannot be {text:?}: {}",
        first.unwrap_or_default()
    ))
}

fn readings(text: &str) -> Vec<Value> {
    let text = text.trim();
    let json = serde_json::from_str::<Value>(text).ok();
    let items: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .collect();
    let strings = Value::from(items.clone());
    let numbers: Option<Vec<Value>> = items
        .iter()
        .map(|item| serde_json::from_str(item).ok())
        .collect();
    let word = match text {
        "yes" | "on" => Some(Value::Bool(true)),
        "no" | "off" => Some(Value::Bool(false)),
        "none" | "never" => Some(Value::Null),
        _ => None,
    };
    let kind = text.split_once(':').map(|(kind, value)| {
        Value::Object(Map::from_iter([(kind.to_owned(), Value::from(value))]))
    });
    json.into_iter()
        .chain([Value::from(text)])
        .chain(word)
        .chain(kind)
        .chain(numbers.map(Value::from))
        .chain([strings])
        .collect()
}

fn put(whole: &mut Value, path: &str, new: &Value, merged: bool) {
    let mut place = whole;
    for part in path.split('.') {
        match place.get_mut(part) {
            Some(next) => place = next,
            None => return,
        }
    }
    match (place, new) {
        (Value::Object(old), Value::Object(new)) if merged => {
            for (key, value) in new {
                old.insert(key.clone(), value.clone());
            }
        }
        (place, new) => *place = new.clone(),
    }
}

fn at<'a>(whole: &'a Value, path: &str) -> Result<&'a Value, AppError> {
    let mut place = whole;
    let mut walked = String::new();
    for part in path.split('.') {
        let here = place.as_object();
        place = here.and_then(|here| here.get(part)).ok_or_else(|| {
            let known: Vec<&str> = here
                .map(|here| here.keys().map(String::as_str).collect())
                .unwrap_or_default();
            let known = if known.is_empty() {
                format!("{walked} has nothing inside")
            } else {
                format!("there are {}", known.join(", "))
            };
            AppError::Invalid(format!("there is no setting {path:?}: {known}"))
        })?;
        if !walked.is_empty() {
            walked.push('.');
        }
        walked.push_str(part);
    }
    Ok(place)
}

fn document(settings: &Settings) -> Result<Value, AppError> {
    serde_json::to_value(settings).map_err(|error| AppError::internal("write settings", error))
}

fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(inner) if !inner.is_empty() => {
            for (key, value) in inner {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                flatten(&path, value, into);
            }
        }
        other => {
            into.insert(path.to_owned(), other.clone());
        }
    }
}

/// What differs between two documents.
pub(super) fn changes(old: &Value, new: &Value) -> Vec<Change> {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    flatten("", old, &mut before);
    flatten("", new, &mut after);
    let mut paths: Vec<&String> = before.keys().chain(after.keys()).collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .filter_map(|path| {
            let old = before.get(path).cloned().unwrap_or_default();
            let new = after.get(path).cloned().unwrap_or_default();
            (old != new).then(|| Change {
                path: path.clone(),
                old,
                new,
            })
        })
        .collect()
}

/// Changes as an event keeps them: `{path: [old, new]}`.
pub(super) fn as_json(changes: &[Change]) -> Value {
    changes
        .iter()
        .map(|change| {
            let pair = Value::from(vec![change.old.clone(), change.new.clone()]);
            (change.path.clone(), pair)
        })
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
