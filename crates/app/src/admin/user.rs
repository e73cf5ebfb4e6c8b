//! Users: creating, showing, changing, deleting, and setting a password for somebody.

use latchkey_core::audit::Activity;
use latchkey_core::model::{DomainKind, Managed, Role, Source, Tenant, User, UserType};
use latchkey_core::password::{
    BannedLists, Names, TermList, Violation, check, counts_for_directory, normalise,
};
use latchkey_core::reset::throttle::Bucket;
use latchkey_store::{
    StoreError, Tx, accounts, domains, links, lockout, sign_in_sessions, tenants, throttle,
};
use latchkey_types::{
    CountryCode, EmailAddress, Password, PhoneNumber, TenantId, Timestamp, Upn, UserId,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::methods::MethodView;
use super::policy::{as_json, changes};
use super::{PAGE, find, methods, tenant, written_password};
use crate::audit::{Entry, Target, record_one};
use crate::{App, AppError, Ctx};

macro_rules! fields {
    ($($variant:ident = $name:literal: $help:literal,)*) => {
        /// What can be set of a user, by name: on the command line, and as columns of an import.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field { $(#[doc = $help] $variant,)* }

        impl Field {
            /// Every field.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it holds, in words.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)* }
            }

            /// Reads a name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|field| field.name() == name)
            }
        }
    };
}

fields! {
    UserPrincipalName = "user_principal_name": "name@domain, with one of the tenant's domains",
    DisplayName = "display_name": "the name that others see",
    GivenName = "given_name": "given name",
    FamilyName = "family_name": "family name",
    Mail = "mail": "primary e-mail address",
    OtherMails = "other_mails": "further e-mail addresses, with semicolons between them",
    MobilePhone = "mobile_phone": "+CountryCode Number",
    OfficePhone = "office_phone": "+CountryCode Number, an extension is dropped",
    UsageLocation = "usage_location": "a country, two letters",
    Language = "language": "en, sv or nl; empty for the tenant's",
    Enabled = "enabled": "yes or no",
    Roles = "roles": "names of administrator roles, with semicolons between them",
    UserTypeField = "user_type": "member, guest (invited by mail) or external guest",
    Source = "source": "cloud or synchronised",
    Anchor = "anchor": "the immutable id in the directory of a synchronised user",
    AgentDomain = "agent_domain": "the on-premises domain of a synchronised user",
    PasswordManaged = "password_managed": "cloud, password hash sync, pass-through or federated",
    PasswordNeverExpires = "password_never_expires": "yes or no",
    MustChangePassword = "must_change_password": "yes or no: at the next sign-in",
}

/// A user as an administrator sees it.
#[derive(Debug, Clone, Serialize)]
pub struct UserView {
    /// Its id.
    pub id: String,
    /// The name it signs in with.
    pub user_principal_name: String,
    /// The name that others see.
    pub display_name: String,
    /// Whether it may do anything.
    pub enabled: bool,
    /// Everything else, by the names of [`Field`]; only where one user is shown.
    #[serde(flatten)]
    pub more: serde_json::Map<String, Value>,
    /// What it can prove itself with; only where one user is shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<MethodView>,
}

impl UserView {
    fn brief(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            user_principal_name: user.upn.to_string(),
            display_name: user.display_name.clone(),
            enabled: user.enabled,
            more: serde_json::Map::new(),
            methods: Vec::new(),
        }
    }

    fn full(user: &User, tenant: &Tenant, methods: Vec<MethodView>) -> Self {
        let mut more = match facts(user) {
            Value::Object(facts) => facts,
            _ => serde_json::Map::new(),
        };
        for own in ["user_principal_name", "display_name", "enabled"] {
            more.remove(own);
        }
        let malformed: Vec<&str> = [
            ("mobile_phone", &user.mobile_phone),
            ("office_phone", &user.office_phone),
        ]
        .into_iter()
        .filter(|(_, phone)| {
            phone
                .as_deref()
                .is_some_and(|phone| PhoneNumber::parse(phone).is_err())
        })
        .map(|(name, _)| name)
        .collect();
        if !malformed.is_empty() {
            more.insert("malformed".into(), malformed.into());
        }
        more.insert("tenant".into(), tenant.name.clone().into());
        let moment = |at: Option<Timestamp>| Value::from(at.map(Timestamp::rfc3339));
        more.insert("password_set_at".into(), moment(user.password_set_at));
        more.insert("frozen_at".into(), moment(user.frozen_at));
        more.insert("created_at".into(), moment(Some(user.created_at)));
        Self {
            more,
            methods,
            ..Self::brief(user)
        }
    }
}

/// What is set of a user, as it is compared, audited and shown.
fn facts(user: &User) -> Value {
    let roles: Vec<&str> = user.roles.iter().map(|role| role.name()).collect();
    json!({
        "user_principal_name": user.upn.as_str(),
        "display_name": user.display_name,
        "given_name": user.given_name,
        "family_name": user.family_name,
        "mail": user.mail,
        "other_mails": user.other_mails,
        "mobile_phone": user.mobile_phone,
        "office_phone": user.office_phone,
        "usage_location": user.usage_location.map(|country| country.as_str().to_owned()),
        "language": user.locale.map(latchkey_types::Locale::tag),
        "enabled": user.enabled,
        "roles": roles,
        "user_type": user.user_type.as_str(),
        "source": user.source.as_str(),
        "anchor": user.anchor,
        "agent_domain": user.agent_domain,
        "password_managed": user.managed.as_str(),
        "password_never_expires": user.password_never_expires,
        "must_change_password": user.must_change_password,
    })
}

/// A user with nothing but a name.
pub(crate) fn blank(app: &App, tenant: TenantId, upn: Upn) -> User {
    let id = UserId::new(app.clock(), app.entropy());
    User::new(id, tenant, upn, app.clock().now())
}

/// Sets fields from texts. Every one that is wrong is named, with its reason.
pub(crate) fn assign(user: &mut User, values: &[(Field, String)]) -> Result<(), Vec<String>> {
    let mut wrong = Vec::new();
    // What a phone may be depends on where the user comes from, whatever the order of the fields.
    let mut ordered: Vec<&(Field, String)> = values.iter().collect();
    ordered.sort_by_key(|(field, _)| *field != Field::Source);
    for (field, text) in ordered {
        if let Err(reason) = assign_one(user, *field, text.trim()) {
            wrong.push(format!("{}: {reason}", field.name()));
        }
    }
    let synchronised = user.source == Source::Synchronised;
    if synchronised && user.anchor.is_none() {
        wrong.push("anchor: a synchronised user has one".into());
    }
    if !synchronised && user.managed.is_on_premises() {
        wrong.push("password_managed: only a synchronised user's password is on-premises".into());
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn assign_one(user: &mut User, field: Field, text: &str) -> Result<(), String> {
    let said = |error: latchkey_types::Malformed| error.to_string();
    let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let address = |text: &str| {
        EmailAddress::parse(text)
            .map(|a| a.as_str().to_owned())
            .map_err(said)
    };
    let from_directory = user.source == Source::Synchronised;
    let phone = |text: &str| match PhoneNumber::parse(text) {
        _ if text.is_empty() => Ok(None),
        Ok(number) => Ok(Some(number.as_str().to_owned())),
        // Kept as the directory has it, and shown as malformed.
        Err(_) if from_directory => plain(text).map(Some),
        Err(error) => Err(said(error)),
    };
    match field {
        Field::UserPrincipalName => user.upn = Upn::parse(text).map_err(said)?,
        Field::DisplayName => user.display_name = plain(text)?,
        Field::GivenName => user.given_name = plain(text)?,
        Field::FamilyName => user.family_name = plain(text)?,
        Field::Mail => {
            user.mail = if text.is_empty() {
                None
            } else {
                Some(address(text)?)
            }
        }
        Field::OtherMails => {
            user.other_mails = text
                .split(';')
                .filter(|part| !part.trim().is_empty())
                .map(address)
                .collect::<Result<_, _>>()?;
            if user.other_mails.len() > 20 {
                return Err("at most 20 addresses".into());
            }
        }
        Field::MobilePhone => user.mobile_phone = phone(text)?,
        Field::OfficePhone => user.office_phone = phone(text)?,
        Field::UsageLocation => {
            user.usage_location = if text.is_empty() {
                None
            } else {
                Some(CountryCode::parse(text).map_err(said)?)
            };
        }
        Field::Language => {
            user.locale = if text.is_empty() {
                None
            } else {
                Some(tenant::language(text).map_err(|error| error.to_string())?)
            };
        }
        Field::Enabled => user.enabled = truth(text)?,
        Field::Roles => {
            user.roles = text
                .split(';')
                .filter(|name| !name.trim().is_empty())
                .map(|name| {
                    Role::parse(name).ok_or_else(|| format!("there is no role {:?}", name.trim()))
                })
                .collect::<Result<_, _>>()?;
            user.roles.sort_unstable();
            user.roles.dedup();
        }
        Field::UserTypeField => {
            user.user_type = UserType::parse(text).ok_or("one of member, guest, external guest")?;
        }
        Field::Source => user.source = Source::parse(text).ok_or("cloud or synchronised")?,
        Field::Anchor => user.anchor = optional(&plain(text)?),
        Field::AgentDomain => user.agent_domain = optional(&plain(text)?),
        Field::PasswordManaged => {
            user.managed = Managed::parse(text)
                .ok_or("one of cloud, password hash sync, pass-through, federated")?;
        }
        Field::PasswordNeverExpires => user.password_never_expires = truth(text)?,
        Field::MustChangePassword => user.must_change_password = truth(text)?,
    }
    Ok(())
}

/// At most 256 characters, none of them a control character.
fn plain(text: &str) -> Result<String, String> {
    if text.chars().count() > 256 || text.chars().any(char::is_control) {
        return Err("at most 256 characters on one line".into());
    }
    Ok(text.to_owned())
}

fn truth(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" => Ok(true),
        "no" | "false" | "off" => Ok(false),
        _ => Err("yes or no".into()),
    }
}

/// Reads yes or no.
pub(super) fn yes(field: &str, text: &str) -> Result<bool, AppError> {
    truth(text.trim()).map_err(|allowed| AppError::Invalid(format!("{field}: {allowed}")))
}

/// Refuses a name whose domain is not the tenant's or not verified.
pub(super) async fn check_domain(tx: &mut Tx, tenant: &Tenant, upn: &Upn) -> Result<(), String> {
    let known = domains::list(tx, tenant.id)
        .await
        .map_err(|error| error.to_string())?;
    let names: Vec<&str> = known
        .iter()
        .filter(|domain| domain.kind == DomainKind::Initial || domain.verified_at.is_some())
        .map(|domain| domain.name.as_str())
        .collect();
    if names.contains(&upn.domain()) {
        return Ok(());
    }
    Err(format!(
        "the domain {} is not a verified domain of {}; those are {}",
        upn.domain(),
        tenant.name,
        names.join(", ")
    ))
}

/// Creates a user without a password.
pub async fn create(
    app: &App,
    ctx: &Ctx,
    tenant: &str,
    upn: &str,
    values: &[(Field, String)],
) -> Result<UserView, AppError> {
    let upn = Upn::parse(upn).map_err(|error| AppError::Invalid(error.to_string()))?;
    let user = blank(app, TenantId::SERVICE, upn);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let tenant = find::tenant_in(tx, tenant).await?;
            let mut user = User {
                tenant: tenant.id,
                ..user.clone()
            };
            assign(&mut user, values).map_err(|wrong| AppError::Invalid(wrong.join("; ")))?;
            create_in(tx, app, ctx, &tenant, &user).await?;
            Ok::<_, AppError>(UserView::full(&user, &tenant, Vec::new()))
        })
        .await
}

pub(crate) async fn create_in(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: &Tenant,
    user: &User,
) -> Result<(), AppError> {
    create_with_hash(tx, app, ctx, tenant, user, None).await
}

/// The same with a password that was hashed before.
pub(super) async fn create_with_hash(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: &Tenant,
    user: &User,
    hash: Option<&str>,
) -> Result<(), AppError> {
    check_domain(tx, tenant, &user.upn)
        .await
        .map_err(AppError::Invalid)?;
    match accounts::insert(tx, user, hash).await {
        Ok(()) => {}
        Err(StoreError::Conflict(key)) => return Err(taken(user, key)),
        Err(error) => return Err(error.into()),
    }
    let entry = Entry::new(Activity::UserCreated)
        .on(Some(Target::user(user)))
        .with("changes", as_json(&changes(&json!({}), &facts(user))));
    record_one(tx, app, ctx, tenant, entry).await
}

fn taken(user: &User, key: &str) -> AppError {
    AppError::Conflict(match key {
        "upn" => format!("the name {} is taken", user.upn),
        _ => format!(
            "another user has the anchor {}",
            user.anchor.as_deref().unwrap_or_default()
        ),
    })
}

/// Users by name, after one, a page at a time.
pub async fn list(
    app: &App,
    tenant: TenantId,
    prefix: Option<&str>,
    after: Option<&str>,
) -> Result<Vec<UserView>, AppError> {
    let filter = accounts::Filter {
        prefix,
        ..accounts::Filter::default()
    };
    let after = after.map(latchkey_types::fold);
    let page = app
        .db()
        .read(async |mut tx| {
            accounts::list(&mut tx, tenant, &filter, after.as_deref(), PAGE)
                .await
                .map_err(AppError::from)
        })
        .await?;
    Ok(page.iter().map(UserView::brief).collect())
}

/// One user with everything; destinations are masked.
pub async fn show(app: &App, typed: &str) -> Result<UserView, AppError> {
    app.db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let user = find::user_in(tx, typed).await?;
            view_in(tx, app, &user).await
        })
        .await
}

async fn view_in(tx: &mut Tx, app: &App, user: &User) -> Result<UserView, AppError> {
    let (tenant, wrapped) = tenants::get_with_key(tx, user.tenant)
        .await?
        .ok_or(AppError::NotFound)?;
    let key = app.keys().data_key(tenant.id, &wrapped)?;
    let methods = methods::list_in(tx, &key, user).await?;
    Ok(UserView::full(user, &tenant, methods))
}

/// Sets fields.
pub async fn set(
    app: &App,
    ctx: &Ctx,
    typed: &str,
    values: &[(Field, String)],
) -> Result<UserView, AppError> {
    let now = app.clock().now();
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let before = find::user_in(tx, typed).await?;
            let tenant = tenants::get(tx, before.tenant)
                .await?
                .ok_or(AppError::NotFound)?;
            let mut after = before.clone();
            assign(&mut after, values).map_err(|wrong| AppError::Invalid(wrong.join("; ")))?;
            set_in(tx, app, ctx, &tenant, &before, after, now).await?;
            let user = accounts::get(tx, before.tenant, before.id).await?;
            view_in(tx, app, &user.ok_or(AppError::NotFound)?).await
        })
        .await
}

pub(crate) async fn set_in(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: &Tenant,
    before: &User,
    mut after: User,
    now: Timestamp,
) -> Result<(), AppError> {
    if after.upn.domain() != before.upn.domain() {
        check_domain(tx, tenant, &after.upn)
            .await
            .map_err(AppError::Invalid)?;
    }
    if replaces_contact(before, &after) {
        after.contact_changed_at = Some(now);
    }
    let changes = changes(&facts(before), &facts(&after));
    if changes.is_empty() {
        return Ok(());
    }
    match accounts::set_attributes(tx, before.tenant, before.id, before.version, &after).await {
        Ok(true) => {}
        Ok(false) => {
            return Err(AppError::Conflict(
                "somebody else changed this user meanwhile; look again".into(),
            ));
        }
        Err(StoreError::Conflict(key)) => return Err(taken(&after, key)),
        Err(error) => return Err(error.into()),
    }
    if before.enabled && !after.enabled {
        accounts::end_sessions(tx, before.tenant, before.id, now).await?;
    }
    if after.roles != before.roles {
        accounts::set_roles(tx, before.tenant, before.id, &after.roles).await?;
    }
    let entry = Entry::new(Activity::UserChanged)
        .on(Some(Target::user(&after)))
        .with("changes", as_json(&changes));
    record_one(tx, app, ctx, tenant, entry).await
}

/// Whether a value that a code could be sent to is replaced or taken away: were taking away free,
/// another value could be put in its place a moment later. A first value rests for nobody: there
/// was no owner of an old one who could miss it.
pub(crate) fn replaces_contact(before: &User, after: &User) -> bool {
    let replaced = |old: Option<&String>, new: Option<&String>| old.is_some() && old != new;
    replaced(before.other_mails.first(), after.other_mails.first())
        || replaced(before.mobile_phone.as_ref(), after.mobile_phone.as_ref())
        || replaced(before.office_phone.as_ref(), after.office_phone.as_ref())
        || (after.user_type == UserType::Guest
            && replaced(before.mail.as_ref(), after.mail.as_ref()))
}

/// Lifts the freeze of *this was not me*. `false`: it was not frozen.
pub async fn unfreeze(app: &App, ctx: &Ctx, typed: &str) -> Result<bool, AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let user = find::user_in(tx, typed).await?;
            let tenant = tenants::get(tx, user.tenant)
                .await?
                .ok_or(AppError::NotFound)?;
            let Some(frozen_at) = user.frozen_at else {
                return Ok(false);
            };
            accounts::set_frozen(tx, user.tenant, user.id, None).await?;
            let entry = Entry::new(Activity::UserChanged)
                .on(Some(Target::user(&user)))
                .with("changes", json!({"frozen_at": [frozen_at.rfc3339(), null]}));
            record_one(tx, app, ctx, &tenant, entry).await?;
            Ok::<_, AppError>(true)
        })
        .await
}

/// Lifts every block of a user's self-service before its 24 hours are over. `false`: there was none.
pub async fn unblock(app: &App, ctx: &Ctx, typed: &str) -> Result<bool, AppError> {
    let now = app.clock().now();
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let user = find::user_in(tx, typed).await?;
            let tenant = tenants::get(tx, user.tenant)
                .await?
                .ok_or(AppError::NotFound)?;
            let blocked = throttle::blocked_buckets(tx, tenant.id, user.id, now).await?;
            if blocked.is_empty() {
                return Ok(false);
            }
            throttle::clear(tx, tenant.id, user.id).await?;
            let lifted: Vec<String> = blocked.iter().map(|(bucket, _)| bucket.key()).collect();
            let entry = Entry::new(Activity::UserChanged)
                .on(Some(Target::user(&user)))
                .with("unblocked", lifted);
            record_one(tx, app, ctx, &tenant, entry).await?;
            Ok::<_, AppError>(true)
        })
        .await
}

/// Lifts the lock that wrong passwords put on an account, and the block of a second factor's codes.
/// `false`: there was none.
pub async fn unlock(app: &App, ctx: &Ctx, typed: &str) -> Result<bool, AppError> {
    let now = app.clock().now();
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let user = find::user_in(tx, typed).await?;
            let tenant = tenants::get(tx, user.tenant)
                .await?
                .ok_or(AppError::NotFound)?;
            let locked = lockout::clear(tx, tenant.id, user.id, now).await?;
            let bucket = Bucket::SecondFactor;
            let blocked = throttle::lift(tx, tenant.id, user.id, bucket, now).await?;
            if !locked && !blocked {
                return Ok(false);
            }
            let entry = Entry::new(Activity::UserChanged)
                .on(Some(Target::user(&user)))
                .with("unlocked", true);
            record_one(tx, app, ctx, &tenant, entry).await?;
            Ok::<_, AppError>(true)
        })
        .await
}

/// Ends all sessions of a user; how many there were.
pub async fn sign_out(app: &App, ctx: &Ctx, typed: &str) -> Result<u64, AppError> {
    let now = app.clock().now();
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let user = find::user_in(tx, typed).await?;
            let tenant = tenants::get(tx, user.tenant)
                .await?
                .ok_or(AppError::NotFound)?;
            let ended = sign_in_sessions::end_others(tx, tenant.id, user.id, None, now).await?;
            if ended > 0 {
                let entry = Entry::new(Activity::SessionEnded)
                    .on(Some(Target::user(&user)))
                    .with("sessions", ended);
                record_one(tx, app, ctx, &tenant, entry).await?;
            }
            Ok::<_, AppError>(ended)
        })
        .await
}

/// Deletes a user with methods, password and memberships. The audit log stays.
pub async fn delete(app: &App, ctx: &Ctx, typed: &str) -> Result<(), AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let user = find::user_in(tx, typed).await?;
            let tenant = tenants::get(tx, user.tenant)
                .await?
                .ok_or(AppError::NotFound)?;
            if !accounts::delete(tx, user.tenant, user.id).await? {
                return Err(AppError::NotFound);
            }
            let entry = Entry::new(Activity::UserDeleted).on(Some(Target::user(&user)));
            record_one(tx, app, ctx, &tenant, entry).await
        })
        .await
}

/// Sets somebody's password. The policy holds, except for its history, which is the person's own,
/// unless `force`: then only what can be no password at all is refused. Gives whether it has to be
/// changed at the next sign-in: a directory cannot require that of every account.
pub async fn set_password(
    app: &App,
    ctx: &Ctx,
    typed: &str,
    password: &Password,
    must_change: bool,
    force: bool,
) -> Result<bool, AppError> {
    let (user, tenant) = app
        .db()
        .read(async |mut tx| {
            let user = find::user_in(&mut tx, typed).await?;
            let tenant = tenants::get(&mut tx, user.tenant)
                .await?
                .ok_or(AppError::NotFound)?;
            Ok::<_, AppError>((user, tenant))
        })
        .await?;
    let in_directory = user.managed.is_on_premises();
    if user.user_type == UserType::ExternalGuest {
        return Err(AppError::Invalid(
            "this user's password is kept elsewhere and cannot be set here".into(),
        ));
    }
    let mut violations = violations(app, &tenant, &user, password)?;
    if in_directory {
        let lists = tenant.settings.writeback.banned_lists;
        violations.retain(|violation| counts_for_directory(*violation, lists));
    }
    let (hard, soft): (Vec<Violation>, Vec<Violation>) =
        violations.into_iter().partition(|violation| {
            matches!(
                violation,
                Violation::TooLong { .. } | Violation::ControlCharacter
            )
        });
    let refused: Vec<&str> = hard
        .iter()
        .chain(soft.iter().filter(|_| !force))
        .map(|violation| violation.code())
        .collect();
    if password.expose().is_empty() || !refused.is_empty() {
        return Err(AppError::Invalid(format!(
            "the password breaks the policy: {}",
            if refused.is_empty() {
                "too-short".to_owned()
            } else {
                refused.join(", ")
            }
        )));
    }
    let entry = Entry::new(Activity::ResetByAdmin)
        .on(Some(Target::user(&user)))
        .with("must_change_password", must_change)
        .with("policy_overridden", force && !soft.is_empty());
    if in_directory {
        return written_password::set(app, ctx, &user, password, must_change, entry).await;
    }
    let hash = app
        .hashing()
        .hash(app.entropy(), normalise(password))
        .await?;
    let now = app.clock().now();
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let keep = i64::from(tenant.settings.password.history);
            let set =
                accounts::set_password(tx, user.tenant, user.id, user.version, &hash, now, keep);
            if !set.await? {
                return Err(AppError::Conflict(
                    "somebody else changed this user meanwhile; look again".into(),
                ));
            }
            lockout::clear(tx, user.tenant, user.id, now).await?;
            // What older resets of the user gave acts no more.
            links::void_for_user(tx, user.tenant, user.id, now).await?;
            if must_change {
                let after = accounts::get(tx, user.tenant, user.id).await?;
                let after = after.ok_or(AppError::NotFound)?;
                let marked = User {
                    must_change_password: true,
                    ..after.clone()
                };
                accounts::set_attributes(tx, user.tenant, user.id, after.version, &marked).await?;
            }
            record_one(tx, app, ctx, &tenant, entry.clone()).await?;
            Ok(must_change)
        })
        .await
}

fn violations(
    app: &App,
    tenant: &Tenant,
    user: &User,
    password: &Password,
) -> Result<Vec<Violation>, AppError> {
    let policy = &tenant.settings.password;
    let names = Names {
        given: &user.given_name,
        family: &user.family_name,
        local_part: user.upn.local(),
        tenant: &tenant.name,
    };
    let custom = app.custom_banned(tenant.id, tenant.settings_version, &tenant.settings)?;
    let banned = BannedLists {
        global: TermList::global(),
        custom: &custom,
    };
    let mut found = check(password.expose(), policy, &names, &banned);
    let known = |password: &Password| {
        app.breached()
            .is_some_and(|filter| filter.contains(&normalise(password)))
    };
    if policy.breached_check && found.is_empty() && known(password) {
        found.push(Violation::Breached);
    }
    Ok(found)
}

#[cfg(test)]
#[path = "user_tests.rs"]
mod tests;
