//! Whole tenants in one transaction: for the demonstration.

use std::collections::BTreeMap;
use std::time::Duration;

use latchkey_core::model::{Origin, User};
use latchkey_core::password::normalise;
use latchkey_core::settings::{Scope, Settings};
use latchkey_core::sign_in::lockout::{LONGEST_LOCK, Rule};
use latchkey_crypto::passkey::NewPasskey;
use latchkey_crypto::{codes, totp};
use latchkey_store::lockout::{self, Counter};
use latchkey_store::methods::{self, MethodKind, NewMethod};
use latchkey_store::{Tx, accounts, groups, tenants};
use latchkey_types::{DomainName, MethodId, Secret, TenantId, Upn};

use super::methods::{
    Answer, Private, add_authenticator_in, hash_answers, set_private_in, set_questions_in,
};
use super::tenant::NewTenantForm;
use super::user::{Field, assign, blank, create_with_hash};
use super::{domain, find, group, policy, tenant};
use crate::keys::{open, seal};
use crate::reset::recovery_code_slot;
use crate::{App, AppError, Ctx};

/// A tenant with everybody in it.
#[derive(Debug, Clone)]
pub struct SeedTenant {
    /// Its name.
    pub name: &'static str,
    /// Two letters.
    pub country: &'static str,
    /// Its first domain.
    pub initial_domain: &'static str,
    /// Further domains, verified.
    pub custom_domains: &'static [&'static str],
    /// How long ago it was created.
    pub age: Duration,
    /// What its administrators set.
    pub settings: Settings,
    /// A group whose members alone may reset.
    pub only_group: Option<&'static str>,
    /// Who is there.
    pub users: Vec<SeedUser>,
}

/// A user.
#[derive(Debug, Clone, Default)]
pub struct SeedUser {
    /// The name.
    pub upn: &'static str,
    /// What is set of it.
    pub fields: Vec<(Field, String)>,
    /// Private destinations, in their order: a second value of one replaces the first.
    pub private: Vec<(Private, String)>,
    /// Answers to security questions.
    pub answers: Vec<(&'static str, &'static str)>,
    /// The password, if there is one.
    pub password: Option<&'static str>,
    /// Whether wrong passwords locked the account, for as long as can be.
    pub is_locked: bool,
    /// Recovery codes.
    pub recovery_codes: Vec<&'static str>,
    /// Whether there is an authenticator app.
    pub has_authenticator: bool,
    /// Whether it is in the group that may reset.
    pub is_in_group: bool,
    /// How long ago the person last confirmed what is on file.
    pub confirmed: Option<Duration>,
}

/// Creates tenants with all their users in one transaction.
pub async fn seed(app: &App, ctx: &Ctx, all: &[SeedTenant]) -> Result<(), AppError> {
    let mut hashed = Vec::new();
    for (number, tenant) in all.iter().enumerate() {
        for user in tenant.users.iter().filter(|user| !user.answers.is_empty()) {
            let answers: Vec<Answer> = user
                .answers
                .iter()
                .map(|(question, answer)| Answer {
                    question: (*question).to_owned(),
                    answer: Secret::new((*answer).to_owned()),
                })
                .collect();
            let own = &tenant.settings.reset.questions.own;
            hashed.push((number, user.upn, hash_answers(app, own, &answers).await?));
        }
    }
    let passwords = hash_passwords(app, all).await?;
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            for (number, tenant) in all.iter().enumerate() {
                let answers = |upn: &str| {
                    hashed
                        .iter()
                        .find(|(of, name, _)| *of == number && *name == upn)
                        .map(|(_, _, answers)| answers.as_slice())
                };
                seed_one(tx, app, ctx, tenant, &answers, &passwords).await?;
            }
            Ok::<_, AppError>(())
        })
        .await
}

/// One hash for each password, however many people have it: a demonstration has to start fast, and
/// its passwords are no secret.
async fn hash_passwords(
    app: &App,
    all: &[SeedTenant],
) -> Result<BTreeMap<&'static str, String>, AppError> {
    let mut hashes = BTreeMap::new();
    let people = all.iter().flat_map(|tenant| &tenant.users);
    for password in people.filter_map(|user| user.password) {
        if !hashes.contains_key(password) {
            let plain = normalise(&Secret::new(password.to_owned()));
            let hash = app.hashing().hash(app.entropy(), plain).await?;
            hashes.insert(password, hash);
        }
    }
    Ok(hashes)
}

/// The hashed answers of a user, by name.
type Answers<'a> = dyn Fn(&str) -> Option<&'a [(String, String)]> + Sync + 'a;

async fn seed_one(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    seed: &SeedTenant,
    answers: &Answers<'_>,
    passwords: &BTreeMap<&'static str, String>,
) -> Result<(), AppError> {
    let said = |error: latchkey_types::Malformed| AppError::Invalid(error.to_string());
    let id = TenantId::new(app.clock(), app.entropy());
    let form = NewTenantForm {
        name: seed.name,
        country: seed.country,
        language: "en",
        initial_domain: Some(seed.initial_domain),
    };
    let created_at = app.clock().now().minus(seed.age);
    let mut settings = seed.settings.clone();
    let only = seed
        .only_group
        .map(|name| group::new(app, name))
        .transpose()?;
    if let Some(only) = &only {
        settings.reset.scope = Scope::Selected([only.id].into());
    }
    policy::check(&settings)?;
    let tenant = tenant::create_in(tx, app, ctx, &form, id, created_at, &settings).await?;
    for name in seed.custom_domains {
        let name = DomainName::parse(name).map_err(said)?;
        let new = domain::new(app, name.clone());
        domain::add_in(tx, app, ctx, &tenant, &new).await?;
        domain::verify_in(tx, app, ctx, &tenant, &name).await?;
    }
    if let Some(only) = &only {
        group::create_in(tx, app, ctx, &tenant, only).await?;
    }
    let (_, wrapped) = tenants::get_with_key(tx, id)
        .await?
        .ok_or(AppError::NotFound)?;
    let key = app.keys().data_key(id, &wrapped)?;
    for person in &seed.users {
        let mut user = blank(app, id, Upn::parse(person.upn).map_err(said)?);
        assign(&mut user, &person.fields)
            .map_err(|wrong| AppError::Invalid(format!("{}: {}", person.upn, wrong.join("; "))))?;
        let now = app.clock().now();
        user.confirmed_at = person.confirmed.map(|ago| now.minus(ago));
        let hash = person.password.and_then(|password| passwords.get(password));
        user.password_set_at = hash.map(|_| user.created_at);
        create_with_hash(tx, app, ctx, &tenant, &user, hash.map(String::as_str)).await?;
        if person.is_locked {
            lock(tx, app, &user).await?;
        }
        for value in &person.private {
            let one = std::slice::from_ref(value);
            set_private_in(tx, app, ctx, &tenant, &key, &user, one).await?;
        }
        if person.has_authenticator {
            let secret = totp::new_secret(app.entropy());
            add_authenticator_in(tx, app, ctx, &tenant, &key, &user, "App", &secret).await?;
        }
        if !person.recovery_codes.is_empty() {
            give_codes(tx, app, &user, &person.recovery_codes).await?;
        }
        if let Some(hashed) = answers(person.upn) {
            set_questions_in(tx, app, ctx, &tenant, &key, &user, hashed).await?;
        }
        if let Some(only) = only.as_ref().filter(|_| person.is_in_group) {
            groups::add_user(tx, id, only.id, user.id).await?;
        }
    }
    Ok(())
}

/// Locks an account as the last of very many wrong passwords does.
async fn lock(tx: &mut Tx, app: &App, user: &User) -> Result<(), AppError> {
    let now = app.clock().now();
    let counter = Counter {
        tenant: user.tenant,
        subject: user.id,
        familiar: false,
    };
    let rule = Rule {
        threshold: 1,
        first: LONGEST_LOCK,
    };
    lockout::hit(tx, counter, rule, now).await?;
    let tag = Secret::new([0; 32]);
    lockout::wrong(tx, counter, rule, &tag, now).await?;
    Ok(())
}

/// Gives a user these recovery codes in place of those there were: for the demonstration and for
/// tests, since people get theirs drawn, and see them once.
pub async fn give_recovery_codes(
    app: &App,
    typed: &str,
    typed_codes: &[&str],
) -> Result<(), AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let user = find::user_in(tx, typed).await?;
            give_codes(tx, app, &user, typed_codes).await
        })
        .await
}

/// Gives a user a passkey that was registered elsewhere for this site: for tests, since people
/// register theirs themselves.
pub async fn give_passkey(
    app: &App,
    typed: &str,
    name: &str,
    passkey: &NewPasskey,
) -> Result<(), AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let user = find::user_in(tx, typed).await?;
            let (_, wrapped) = tenants::get_with_key(tx, user.tenant)
                .await?
                .ok_or(AppError::NotFound)?;
            let key = app.keys().data_key(user.tenant, &wrapped)?;
            let id = MethodId::new(app.clock(), app.entropy());
            let value = seal(&key, app.entropy(), "method", "value", id.0, &passkey.data)?;
            let new = NewMethod {
                id,
                kind: MethodKind::Passkey,
                slot: &passkey.credential_id,
                name,
                value: &value,
                origin: Origin::Person,
            };
            let now = app.clock().now();
            methods::add_passkey(tx, user.tenant, user.id, &new, now).await?;
            Ok::<_, AppError>(())
        })
        .await
}

async fn give_codes(
    tx: &mut Tx,
    app: &App,
    user: &User,
    typed_codes: &[&str],
) -> Result<(), AppError> {
    let rows = typed_codes
        .iter()
        .map(|typed| {
            let code = codes::normalise_recovery_code(typed).ok_or_else(|| {
                AppError::Invalid("a recovery code has 24 letters and digits".into())
            })?;
            let slot = recovery_code_slot(app, user.tenant, user.id, &code);
            Ok((MethodId::new(app.clock(), app.entropy()), slot))
        })
        .collect::<Result<Vec<_>, AppError>>()?;
    let now = app.clock().now();
    methods::replace_recovery_codes(tx, user.tenant, user.id, &rows, now).await?;
    Ok(())
}

/// The `otpauth://` address of a user's authenticator app, which holds its secret. Only the
/// demonstration shows it.
pub async fn authenticator_address(
    app: &App,
    typed: &str,
) -> Result<Option<Secret<String>>, AppError> {
    app.db()
        .read(async |mut tx| {
            let tx = &mut tx;
            let user = find::user_in(tx, typed).await?;
            let user = accounts::get(tx, user.tenant, user.id)
                .await?
                .ok_or(AppError::NotFound)?;
            let (tenant, wrapped) = tenants::get_with_key(tx, user.tenant)
                .await?
                .ok_or(AppError::NotFound)?;
            let key = app.keys().data_key(tenant.id, &wrapped)?;
            let rows = methods::list_for_user(tx, user.tenant, user.id).await?;
            let Some(row) = rows
                .iter()
                .find(|row| row.kind == MethodKind::Authenticator)
            else {
                return Ok(None);
            };
            let secret = open(&key, "method", "value", row.id.0, &row.value)?;
            totp::provisioning_uri(&tenant.name, user.upn.as_str(), secret.expose())
                .map(Some)
                .map_err(|error| AppError::internal("an authenticator's address", error))
        })
        .await
}
