//! A user of a directory: which account it is, and what changes.

use latchkey_core::audit::Activity;
use latchkey_core::model::{Origin, Source, User, UserType};
use latchkey_store::methods::{self, MethodKind, NewMethod};
use latchkey_store::sync_objects::Object as Known;
use latchkey_store::{StoreError, Tx, accounts};
use latchkey_types::{CountryCode, EmailAddress, MethodId, PhoneNumber, Secret, Upn, UserId};
use latchkey_wire::v1::Object;
use serde_json::Value;

use super::Work;
use super::object::{Applied, Refused, value};
use crate::AppError;
use crate::admin::user::{blank, replaces_contact};
use crate::audit::{Entry, Target};
use crate::keys::{open_text, seal};

type Outcome = Result<Applied, Refused>;

/// Values that could not be used.
type Wrong = Vec<(String, String)>;

/// Makes an account, or changes what changed.
pub(super) async fn apply(
    tx: &mut Tx,
    work: &mut Work<'_>,
    known: &Known,
    object: &Object,
) -> Result<Outcome, AppError> {
    let upn = match read_upn(object) {
        Ok(upn) => upn,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut before = match account(tx, work, known, upn.as_ref()).await? {
        Ok(before) => before,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Some(user) = &before
        && accounts::hold(tx, user.tenant, user.id).await? != Some(user.version)
    {
        // Somebody changed it meanwhile: now that nobody can, once more.
        before = match account(tx, work, known, upn.as_ref()).await? {
            Ok(before) => before,
            Err(refused) => return Ok(Err(refused)),
        };
    }
    let Some(before) = before else {
        let Some(upn) = upn else {
            let detail = "the directory has no user principal name for it";
            return Ok(Err(Refused::new("no_upn", detail)));
        };
        return create(tx, work, known, object, upn).await;
    };
    change(tx, work, known, object, upn, before).await
}

fn read_upn(object: &Object) -> Result<Option<Upn>, Refused> {
    match value(object, "upn") {
        None => Ok(None),
        Some("") => Err(Refused::new(
            "no_upn",
            "the directory has no user principal name for it",
        )),
        Some(text) => Upn::parse(text).map(Some).map_err(|error| {
            let text: String = text.chars().take(120).collect();
            Refused::new("malformed_upn", format!("{text}: {error}"))
        }),
    }
}

/// The account that an object is; `None`: it has none. What may not become this object's is refused.
async fn account(
    tx: &mut Tx,
    work: &mut Work<'_>,
    known: &Known,
    upn: Option<&Upn>,
) -> Result<Result<Option<User>, Refused>, AppError> {
    let tenant = work.tenant.id;
    let mut found = match known.object {
        Some(id) => accounts::get(tx, tenant, UserId(id)).await?,
        None => accounts::find_by_anchor(tx, tenant, &known.anchor).await?,
    };
    if let Some(upn) = upn
        && found
            .as_ref()
            .is_none_or(|user| user.upn.key() != upn.key())
    {
        // First of all, so that nobody learns who is in another tenant.
        if !work.is_verified(tx, upn.domain()).await? {
            let detail = format!(
                "{upn}: {} is no verified domain of the tenant",
                upn.domain()
            );
            return Ok(Err(Refused::new("upn_domain", detail)));
        }
        if let Some(holder) = accounts::holder(tx, &upn.key()).await? {
            let taken =
                |code, detail: &str| Ok(Err(Refused::new(code, format!("{upn}: {detail}"))));
            if holder.tenant != tenant {
                return taken("upn_taken", "the name is not free");
            }
            if found.as_ref().is_none_or(|user| user.id != holder.user) {
                if holder.is_deleted {
                    let detail = "a deleted user has the name; it is free when that one is removed";
                    return taken("upn_of_deleted", detail);
                }
                let other = accounts::get(tx, tenant, holder.user).await?;
                match other {
                    Some(other) if found.is_none() && other.source == Source::Cloud => {
                        found = Some(other);
                    }
                    _ => return taken("upn_taken", "another user has the name"),
                }
            }
        }
    }
    let Some(user) = found else {
        return Ok(Ok(None));
    };
    if user
        .agent_domain
        .as_deref()
        .is_some_and(|domain| domain != work.domain)
    {
        let detail = format!("{}: a user of another on-premises domain", user.upn);
        return Ok(Err(Refused::new("another_domain", detail)));
    }
    if user.source == Source::Cloud {
        if !user.roles.is_empty() {
            let detail = format!(
                "{}: an administrator's account is not taken over; take the roles away, or give \
                 one of the two another name",
                user.upn
            );
            return Ok(Err(Refused::new("administrator", detail)));
        }
        let is_other = |anchor: &String| *anchor != known.anchor;
        if user.user_type != UserType::Member || user.anchor.as_ref().is_some_and(is_other) {
            let detail = format!("{}: a guest, or another object's", user.upn);
            return Ok(Err(Refused::new("upn_taken", detail)));
        }
    }
    Ok(Ok(Some(user)))
}

/// Whether a user is synchronised from a domain.
pub(super) fn is_of(user: &User, domain: &str) -> bool {
    user.source == Source::Synchronised && user.agent_domain.as_deref() == Some(domain)
}

/// Whoever the directory disabled is disabled here, too, though nothing else of the object can be applied.
pub(super) async fn disable(
    tx: &mut Tx,
    work: &mut Work<'_>,
    known: &Known,
    object: &Object,
) -> Result<(), AppError> {
    let is_disabled =
        value(object, "enabled").is_some_and(|text| !text.eq_ignore_ascii_case("true"));
    let (true, Some(id), tenant) = (is_disabled, known.object, work.tenant.id) else {
        return Ok(());
    };
    let id = UserId(id);
    if accounts::hold(tx, tenant, id).await?.is_none() {
        return Ok(());
    }
    let before = reread(tx, work, id).await?;
    if !before.enabled || !is_of(&before, work.domain) {
        return Ok(());
    }
    let after = User {
        enabled: false,
        ..before.clone()
    };
    if !accounts::set_attributes(tx, tenant, id, before.version, &after).await? {
        return Err(AppError::bug("a user changed while its row was held"));
    }
    accounts::end_sessions(tx, tenant, id, work.now).await?;
    work.counts.changed += 1;
    work.entries.push(
        Entry::new(Activity::UserChanged)
            .on(Some(Target::user(&after)))
            .with("source", "synchronised")
            .with("fields", vec!["enabled"]),
    );
    Ok(())
}

async fn create(
    tx: &mut Tx,
    work: &mut Work<'_>,
    known: &Known,
    object: &Object,
    upn: Upn,
) -> Result<Outcome, AppError> {
    let mut user = User {
        source: Source::Synchronised,
        anchor: Some(known.anchor.clone()),
        agent_domain: Some(work.domain.to_owned()),
        managed: work.tenant.settings.writeback.sign_in.managed(),
        ..blank(work.app, work.tenant.id, upn)
    };
    let mut wrong = assign(&mut user, object);
    match accounts::insert(tx, &user, None).await {
        Ok(()) => {}
        Err(StoreError::Conflict(_)) => {
            let detail = format!("{}: the name or the id is taken", user.upn);
            return Ok(Err(Refused::new("upn_taken", detail)));
        }
        Err(error) => return Err(error.into()),
    }
    let private = assign_private(tx, work, &user, object, &mut wrong).await?;
    let mut fields: Vec<&str> = object
        .values
        .iter()
        .filter(|(name, values)| !values.is_empty() && !is_private(name))
        .map(|(name, _)| name.as_str())
        .collect();
    fields.extend(&private);
    work.counts.created += 1;
    work.entries.push(
        Entry::new(Activity::UserCreated)
            .on(Some(Target::user(&user)))
            .with("source", "synchronised")
            .with("fields", fields),
    );
    let version = user.version + i64::try_from(private.len()).unwrap_or_default();
    Ok(Ok(Applied {
        object: user.id.0,
        version,
        wrong,
    }))
}

fn is_private(name: &str) -> bool {
    PRIVATE.iter().any(|(private, _)| *private == name)
}

async fn change(
    tx: &mut Tx,
    work: &mut Work<'_>,
    known: &Known,
    object: &Object,
    upn: Option<Upn>,
    before: User,
) -> Result<Outcome, AppError> {
    let tenant = work.tenant.id;
    let (was_cloud, id) = (before.source == Source::Cloud, before.id);
    let is_restored = accounts::restore(tx, tenant, id).await?;
    let before = if is_restored {
        reread(tx, work, id).await?
    } else {
        before
    };
    let mut after = User {
        source: Source::Synchronised,
        anchor: Some(known.anchor.clone()),
        agent_domain: Some(work.domain.to_owned()),
        ..before.clone()
    };
    if was_cloud {
        after.managed = work.tenant.settings.writeback.sign_in.managed();
    }
    if let Some(upn) = upn {
        after.upn = upn;
    }
    let mut wrong = assign(&mut after, object);
    if replaces_contact(&before, &after) {
        after.contact_changed_at = Some(work.now);
    }
    let mut fields = differences(&before, &after);
    if !fields.is_empty() {
        if !accounts::set_attributes(tx, tenant, id, before.version, &after).await? {
            return Err(AppError::bug("a user changed while its row was held"));
        }
        if was_cloud {
            // The directory's password counts from now on, and no other.
            accounts::drop_password(tx, tenant, id, work.now).await?;
        }
        if before.enabled && !after.enabled {
            accounts::end_sessions(tx, tenant, id, work.now).await?;
        }
    }
    fields.extend(assign_private(tx, work, &after, object, &mut wrong).await?);
    let version = if fields.is_empty() {
        before.version
    } else {
        reread(tx, work, id).await?.version
    };
    if is_restored {
        work.counts.restored += 1;
    } else if !fields.is_empty() {
        work.counts.changed += 1;
    }
    if is_restored || !fields.is_empty() {
        let mut entry = Entry::new(Activity::UserChanged)
            .on(Some(Target::user(&after)))
            .with("source", "synchronised")
            .with("fields", fields);
        if is_restored {
            entry = entry.with("restored", true);
        }
        if was_cloud {
            entry = entry.with("taken_over", true);
        }
        work.entries.push(entry);
    }
    Ok(Ok(Applied {
        object: id.0,
        version,
        wrong,
    }))
}

async fn reread(tx: &mut Tx, work: &Work<'_>, id: UserId) -> Result<User, AppError> {
    accounts::get(tx, work.tenant.id, id)
        .await?
        .ok_or(AppError::bug("a user went while its row was held"))
}

/// The names of what differs.
fn differences(before: &User, after: &User) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut differs = |name, is: bool| {
        if is {
            found.push(name);
        }
    };
    differs("upn", before.upn.as_str() != after.upn.as_str());
    differs("display_name", before.display_name != after.display_name);
    differs("given_name", before.given_name != after.given_name);
    differs("family_name", before.family_name != after.family_name);
    differs("mail", before.mail != after.mail);
    differs("other_mails", before.other_mails != after.other_mails);
    differs("mobile_phone", before.mobile_phone != after.mobile_phone);
    differs("office_phone", before.office_phone != after.office_phone);
    differs(
        "usage_location",
        before.usage_location != after.usage_location,
    );
    differs("enabled", before.enabled != after.enabled);
    differs("source", before.source != after.source);
    differs("anchor", before.anchor != after.anchor);
    differs("agent_domain", before.agent_domain != after.agent_domain);
    differs("password_managed", before.managed != after.managed);
    found
}

/// Sets what the directory names. A value that cannot be used is left as it is here, and told of;
/// a phone number is kept as the directory has it, even if it is none.
fn assign(user: &mut User, object: &Object) -> Wrong {
    let mut wrong = Wrong::new();
    let mut malformed = |name: &str, why: String| {
        wrong.push((format!("malformed_{name}"), format!("{name}: {why}")));
    };
    let local = user.upn.local().to_owned();
    for (name, field) in [
        ("display_name", &mut user.display_name),
        ("given_name", &mut user.given_name),
        ("family_name", &mut user.family_name),
    ] {
        match value(object, name) {
            None => {}
            Some("") if name == "display_name" => field.clone_from(&local),
            Some(text) if is_plain(text) => text.clone_into(field),
            Some(_) => malformed(name, PLAIN.into()),
        }
    }
    for (name, field) in [
        ("mobile_phone", &mut user.mobile_phone),
        ("office_phone", &mut user.office_phone),
    ] {
        match value(object, name) {
            None => {}
            Some("") => *field = None,
            Some(text) => match PhoneNumber::parse(text) {
                Ok(number) => *field = Some(number.as_str().to_owned()),
                Err(_) if is_plain(text) => *field = Some(text.to_owned()),
                Err(_) => malformed(name, PLAIN.into()),
            },
        }
    }
    match value(object, "mail") {
        None => {}
        Some("") => user.mail = None,
        Some(text) => match EmailAddress::parse(text) {
            Ok(address) => user.mail = Some(address.as_str().to_owned()),
            Err(error) => malformed("mail", error.to_string()),
        },
    }
    if let Some(texts) = object.values.get("other_mails") {
        let mut mails: Vec<String> = Vec::new();
        for text in texts.iter().filter(|text| !text.trim().is_empty()) {
            match EmailAddress::parse(text) {
                Ok(address) if mails.iter().any(|mail| mail == address.as_str()) => {}
                Ok(address) if mails.len() < 20 => mails.push(address.as_str().to_owned()),
                Ok(_) => malformed("other_mails", "at most 20 addresses".into()),
                Err(error) => malformed("other_mails", error.to_string()),
            }
        }
        user.other_mails = mails;
    }
    match value(object, "usage_location") {
        None => {}
        Some("") => user.usage_location = None,
        Some(text) => match CountryCode::parse(text) {
            Ok(country) => user.usage_location = Some(country),
            Err(error) => malformed("usage_location", error.to_string()),
        },
    }
    match value(object, "enabled")
        .map(str::to_ascii_lowercase)
        .as_deref()
    {
        None => {}
        Some("true") => user.enabled = true,
        Some("false") => user.enabled = false,
        // Whoever cannot be told to be enabled is not.
        Some(_) => {
            user.enabled = false;
            malformed("enabled", "true or false".into());
        }
    }
    wrong
}

const PLAIN: &str = "at most 256 characters on one line";

fn is_plain(text: &str) -> bool {
    text.chars().count() <= 256 && !text.chars().any(char::is_control)
}

const PRIVATE: [(&str, MethodKind); 2] = [
    ("authentication_email", MethodKind::Email),
    ("authentication_phone", MethodKind::Phone),
];

/// Sets methods that the directory names; which. What the person registered is theirs.
async fn assign_private(
    tx: &mut Tx,
    work: &Work<'_>,
    user: &User,
    object: &Object,
    wrong: &mut Wrong,
) -> Result<Vec<&'static str>, AppError> {
    let mut changed = Vec::new();
    if !PRIVATE
        .iter()
        .any(|(name, _)| object.values.contains_key(*name))
    {
        return Ok(changed);
    }
    let (tenant, id) = (user.tenant, user.id);
    let rows = methods::list_for_user(tx, tenant, id).await?;
    for (name, kind) in PRIVATE {
        let Some(text) = value(object, name) else {
            continue;
        };
        let row = rows.iter().find(|row| row.kind == kind);
        if row.is_some_and(|row| row.origin == Origin::Person) {
            continue;
        }
        if text.is_empty() {
            if let Some(row) = row.filter(|row| row.origin == Origin::Directory) {
                methods::delete(tx, tenant, id, row.id).await?;
                changed.push(name);
            }
            continue;
        }
        let read = match kind {
            MethodKind::Email => EmailAddress::parse(text).map(|a| a.as_str().to_owned()),
            _ => PhoneNumber::parse(text).map(|number| number.as_str().to_owned()),
        };
        let new = match read {
            Ok(new) => new,
            Err(error) => {
                wrong.push((format!("malformed_{name}"), format!("{name}: {error}")));
                continue;
            }
        };
        if let Some(row) = row {
            let old = open_text(&work.key, "method", "value", row.id.0, &row.value)?;
            if old == Secret::new(new.clone()) {
                continue;
            }
        }
        let method = MethodId::new(work.app.clock(), work.app.entropy());
        let entropy = work.app.entropy();
        let sealed = seal(
            &work.key,
            entropy,
            "method",
            "value",
            method.0,
            new.as_bytes(),
        )?;
        let new = NewMethod {
            id: method,
            kind,
            slot: "",
            name: "",
            value: &sealed,
            origin: Origin::Directory,
        };
        methods::upsert(tx, tenant, id, &new, work.now).await?;
        changed.push(name);
    }
    Ok(changed)
}

/// The events of users that are gone.
pub(super) fn gone(user: &User, reason: &str) -> Entry {
    Entry::new(Activity::UserDeleted)
        .because(reason)
        .on(Some(Target::user(user)))
        .with("source", Value::from("synchronised"))
}
