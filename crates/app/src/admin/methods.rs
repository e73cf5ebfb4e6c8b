//! What a user can prove themselves with, entered by an administrator.

use std::collections::BTreeSet;

use latchkey_core::audit::Activity;
use latchkey_core::model::{Origin, Tenant, User};
use latchkey_core::reset::questions;
use latchkey_crypto::seal::DataKey;
use latchkey_crypto::totp;
use latchkey_store::methods::{Method, MethodKind, NewMethod};
use latchkey_store::{Tx, methods, tenants};
use latchkey_types::{EmailAddress, MethodId, PhoneNumber, Secret};
use serde::Serialize;
use serde_json::{Map, Value};

use super::find;
use crate::audit::{Entry, Target, record_one};
use crate::keys::{open_text, seal};
use crate::{App, AppError, Ctx};

/// The longest name of an authenticator app, in characters.
const APP_NAME: usize = 60;

/// The fewest bytes of an authenticator's secret: 128 bits (RFC 4226, section 4).
const SECRET_MIN: usize = 16;

/// A destination that is private to the user and to administrators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Private {
    /// The authentication email.
    Email,
    /// The authentication phone.
    Phone,
    /// The alternate authentication phone.
    AlternatePhone,
}

impl Private {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Email, Self::Phone, Self::AlternatePhone];

    /// Its name on the command line and as a column of an import.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "authentication_email",
            Self::Phone => "authentication_phone",
            Self::AlternatePhone => "alternate_phone",
        }
    }

    /// Reads that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|private| private.name() == name)
    }

    const fn kind(self) -> MethodKind {
        match self {
            Self::Email => MethodKind::Email,
            Self::Phone => MethodKind::Phone,
            Self::AlternatePhone => MethodKind::AlternatePhone,
        }
    }

    /// The value in its one form; an empty text takes it away.
    pub(super) fn read(self, text: &str) -> Result<Option<String>, String> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let read = match self {
            Self::Email => EmailAddress::parse(text).map(|address| address.as_str().to_owned()),
            Self::Phone | Self::AlternatePhone => {
                PhoneNumber::parse(text).map(|number| number.as_str().to_owned())
            }
        };
        read.map(Some)
            .map_err(|error| format!("{}: {error}", self.name()))
    }
}

/// A method as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MethodView {
    /// What it is.
    pub kind: &'static str,
    /// The question, or the name of the app.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The destination, masked.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Who put it there.
    pub entered_by: &'static str,
    /// When it last replaced another value.
    pub changed_at: Option<String>,
}

fn masked(kind: MethodKind, value: &str) -> String {
    match kind {
        MethodKind::Email => EmailAddress::parse(value).map(|a| a.masked().to_string()),
        MethodKind::Phone | MethodKind::AlternatePhone => {
            PhoneNumber::parse(value).map(|n| n.masked().to_string())
        }
        MethodKind::Question
        | MethodKind::Authenticator
        | MethodKind::Passkey
        | MethodKind::RecoveryCode => Ok(String::new()),
    }
    .unwrap_or_default()
}

fn value_of(key: &DataKey, method: &Method) -> Result<Secret<String>, AppError> {
    open_text(key, "method", "value", method.id.0, &method.value)
}

/// What a user has on file.
pub(super) async fn list_in(
    tx: &mut Tx,
    key: &DataKey,
    user: &User,
) -> Result<Vec<MethodView>, AppError> {
    let mut rows = methods::list_for_user(tx, user.tenant, user.id).await?;
    // Of a sheet of recovery codes nobody needs to see more than how many are left.
    let codes = rows.extract_if(.., |row| row.kind == MethodKind::RecoveryCode);
    let codes: Vec<Method> = codes.collect();
    let mut views: Vec<MethodView> = rows
        .iter()
        .map(|row| {
            let (name, value) = match row.kind {
                MethodKind::Question | MethodKind::Authenticator | MethodKind::RecoveryCode => {
                    (&row.slot, String::new())
                }
                MethodKind::Passkey => (&row.name, String::new()),
                MethodKind::Email | MethodKind::Phone | MethodKind::AlternatePhone => {
                    (&row.slot, masked(row.kind, value_of(key, row)?.expose()))
                }
            };
            Ok(MethodView {
                kind: row.kind.as_str(),
                name: name.clone(),
                value,
                entered_by: row.origin.as_str(),
                changed_at: row.changed_at.map(latchkey_types::Timestamp::rfc3339),
            })
        })
        .collect::<Result<_, AppError>>()?;
    views.extend(codes.first().map(|first| MethodView {
        kind: "recovery codes",
        name: codes.len().to_string(),
        value: String::new(),
        entered_by: first.origin.as_str(),
        changed_at: None,
    }));
    Ok(views)
}

/// A user with its tenant and the key that its values are sealed with.
async fn owner(
    tx: &mut Tx,
    app: &App,
    typed: &str,
) -> Result<(User, Tenant, std::sync::Arc<DataKey>), AppError> {
    let user = find::user_in(tx, typed).await?;
    let (tenant, wrapped) = tenants::get_with_key(tx, user.tenant)
        .await?
        .ok_or(AppError::NotFound)?;
    let key = app.keys().data_key(tenant.id, &wrapped)?;
    Ok((user, tenant, key))
}

/// Sets private destinations; an empty text takes one away.
pub async fn set_private(
    app: &App,
    ctx: &Ctx,
    typed: &str,
    values: &[(Private, String)],
) -> Result<Vec<MethodView>, AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let (user, tenant, key) = owner(tx, app, typed).await?;
            set_private_in(tx, app, ctx, &tenant, &key, &user, values).await?;
            list_in(tx, &key, &user).await
        })
        .await
}

pub(crate) async fn set_private_in(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: &Tenant,
    key: &DataKey,
    user: &User,
    values: &[(Private, String)],
) -> Result<(), AppError> {
    let rows = methods::list_for_user(tx, user.tenant, user.id).await?;
    let mut changes = Map::new();
    for (private, text) in values {
        let new = private.read(text).map_err(AppError::Invalid)?;
        let kind = private.kind();
        let row = rows.iter().find(|row| row.kind == kind);
        let old = row.map(|row| value_of(key, row)).transpose()?;
        let old = old.as_ref().map(|old| old.expose().as_str());
        if old == new.as_deref() {
            continue;
        }
        match (&new, row) {
            (Some(value), _) => put(tx, app, key, user, kind, "", value.as_bytes()).await?,
            (None, Some(row)) => {
                methods::delete(tx, user.tenant, user.id, row.id).await?;
            }
            (None, None) => {}
        }
        let mask = |value: Option<&str>| Value::from(value.map(|value| masked(kind, value)));
        changes.insert(
            private.name().into(),
            vec![mask(old), mask(new.as_deref())].into(),
        );
    }
    if changes.is_empty() {
        return Ok(());
    }
    changed(tx, app, ctx, tenant, user, changes).await
}

async fn put(
    tx: &mut Tx,
    app: &App,
    key: &DataKey,
    user: &User,
    kind: MethodKind,
    slot: &str,
    plain: &[u8],
) -> Result<(), AppError> {
    let id = MethodId::new(app.clock(), app.entropy());
    let value = seal(key, app.entropy(), "method", "value", id.0, plain)?;
    let new = NewMethod {
        id,
        kind,
        slot,
        name: "",
        value: &value,
        origin: Origin::Administrator,
    };
    if methods::upsert(tx, user.tenant, user.id, &new, app.clock().now()).await? {
        Ok(())
    } else {
        Err(AppError::NotFound)
    }
}

async fn changed(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: &Tenant,
    user: &User,
    changes: Map<String, Value>,
) -> Result<(), AppError> {
    let entry = Entry::new(Activity::MethodsChanged)
        .on(Some(Target::user(user)))
        .with("changes", Value::Object(changes));
    record_one(tx, app, ctx, tenant, entry).await
}

/// An answer to a security question.
#[derive(Debug, Clone)]
pub struct Answer {
    /// A predefined question by its id, or one of the tenant's own by its words.
    pub question: String,
    /// What was typed.
    pub answer: Secret<String>,
}

/// Replaces all answers to security questions; none takes them away.
pub async fn set_questions(
    app: &App,
    ctx: &Ctx,
    typed: &str,
    answers: &[Answer],
) -> Result<Vec<MethodView>, AppError> {
    let tenant = {
        let user = find::user(app, typed).await?;
        find::tenant(app, &user.tenant.to_string()).await?
    };
    let hashed = hash_answers(app, &tenant.settings.reset.questions.own, answers).await?;
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let (user, tenant, key) = owner(tx, app, typed).await?;
            set_questions_in(tx, app, ctx, &tenant, &key, &user, &hashed).await?;
            list_in(tx, &key, &user).await
        })
        .await
}

/// Checks answers and hashes them: the name of each question with the hash of its answer.
pub(crate) async fn hash_answers(
    app: &App,
    own: &[String],
    answers: &[Answer],
) -> Result<Vec<(String, String)>, AppError> {
    let checked =
        check_answers(own, answers).map_err(|wrong| AppError::Invalid(wrong.join("; ")))?;
    // All at once: there is a worker for each core.
    let mut hashing = tokio::task::JoinSet::new();
    for (name, answer) in checked {
        let app = app.clone();
        hashing.spawn(async move {
            let hash = app.hashing().hash(app.entropy(), answer).await?;
            Ok::<_, AppError>((name, hash))
        });
    }
    hashing.join_all().await.into_iter().collect()
}

fn check_answers(
    own: &[String],
    answers: &[Answer],
) -> Result<Vec<(String, Secret<String>)>, Vec<String>> {
    let (mut wrong, mut checked) = (Vec::new(), Vec::new());
    let mut names = BTreeSet::new();
    for (number, Answer { question, answer }) in (1..).zip(answers) {
        let name = if questions::PREDEFINED.contains(&question.as_str()) {
            question.clone()
        } else if own.contains(question) {
            questions::own_name(question)
        } else {
            let own = own.iter().map(String::as_str);
            let known: Vec<&str> = questions::PREDEFINED.into_iter().chain(own).collect();
            let known = known.join(", ");
            wrong.push(format!(
                "answer {number}: there is no question {question:?}; there are {known}"
            ));
            continue;
        };
        if !names.insert(name.clone()) {
            wrong.push(format!("answer {number}: {question:?} is answered twice"));
            continue;
        }
        let answer = Secret::new(questions::normalise_answer(answer.expose()));
        let length = answer.expose().chars().count();
        if !(questions::ANSWER_MIN..=questions::ANSWER_MAX).contains(&length) {
            wrong.push(format!("answer {number}: an answer has 3 to 40 characters"));
        } else if checked
            .iter()
            .any(|(_, known): &(String, Secret<String>)| *known == answer)
        {
            wrong.push(format!("answer {number}: every answer must be another"));
        } else {
            checked.push((name, answer));
        }
    }
    if wrong.is_empty() {
        Ok(checked)
    } else {
        Err(wrong)
    }
}

pub(crate) async fn set_questions_in(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: &Tenant,
    key: &DataKey,
    user: &User,
    hashed: &[(String, String)],
) -> Result<(), AppError> {
    let rows = methods::list_for_user(tx, user.tenant, user.id).await?;
    let rows: Vec<&Method> = rows
        .iter()
        .filter(|row| row.kind == MethodKind::Question)
        .collect();
    for row in &rows {
        if !hashed.iter().any(|(name, _)| *name == row.slot) {
            methods::delete(tx, user.tenant, user.id, row.id).await?;
        }
    }
    for (name, hash) in hashed {
        put(
            tx,
            app,
            key,
            user,
            MethodKind::Question,
            name,
            hash.as_bytes(),
        )
        .await?;
    }
    let changes = Map::from_iter([("questions".into(), vec![rows.len(), hashed.len()].into())]);
    changed(tx, app, ctx, tenant, user, changes).await
}

/// Adds an authenticator app, or gives the one of that name another secret. With `secret` (base32,
/// 128 bits or more) that one is used; else a new one is drawn. Gives the `otpauth://` address,
/// which is not shown again.
pub async fn add_authenticator(
    app: &App,
    ctx: &Ctx,
    typed: &str,
    name: &str,
    secret: Option<&Secret<String>>,
) -> Result<Secret<String>, AppError> {
    let secret = match secret {
        Some(text) => base32(text.expose())
            .filter(|secret| secret.len() >= SECRET_MIN)
            .ok_or_else(|| {
                AppError::Invalid(
                    "a secret is base32 of 128 bits or more: 26 letters and digits 2 to 7".into(),
                )
            })?,
        None => totp::new_secret(app.entropy()).expose().clone(),
    };
    let secret = Secret::new(secret);
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let (user, tenant, key) = owner(tx, app, typed).await?;
            add_authenticator_in(tx, app, ctx, &tenant, &key, &user, name, &secret).await
        })
        .await
}

#[expect(
    clippy::too_many_arguments,
    reason = "one use case's facts, gathered by its two callers"
)]
pub(crate) async fn add_authenticator_in(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    tenant: &Tenant,
    key: &DataKey,
    user: &User,
    name: &str,
    secret: &Secret<Vec<u8>>,
) -> Result<Secret<String>, AppError> {
    let name = name.trim();
    if name.chars().count() > APP_NAME || name.chars().any(char::is_control) {
        return Err(AppError::Invalid(
            "the name of an app has at most 60 characters".into(),
        ));
    }
    put(
        tx,
        app,
        key,
        user,
        MethodKind::Authenticator,
        name,
        secret.expose(),
    )
    .await?;
    let changes = Map::from_iter([(
        "authenticator".into(),
        vec![Value::Null, name.into()].into(),
    )]);
    changed(tx, app, ctx, tenant, user, changes).await?;
    totp::provisioning_uri(&tenant.name, user.upn.as_str(), secret.expose())
        .map_err(|error| AppError::Invalid(error.to_string()))
}

/// Takes all authenticator apps of a user away; how many there were.
pub async fn remove_authenticators(app: &App, ctx: &Ctx, typed: &str) -> Result<usize, AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let (user, tenant, _) = owner(tx, app, typed).await?;
            let rows = methods::list_for_user(tx, user.tenant, user.id).await?;
            let mut count = 0;
            for row in rows
                .iter()
                .filter(|row| row.kind == MethodKind::Authenticator)
            {
                methods::delete(tx, user.tenant, user.id, row.id).await?;
                count += 1;
            }
            if count > 0 {
                let changes = Map::from_iter([("authenticators".into(), vec![count, 0].into())]);
                changed(tx, app, ctx, &tenant, &user, changes).await?;
            }
            Ok::<_, AppError>(count)
        })
        .await
}

/// Reads base32 (RFC 4648, section 6) without regard to case, spaces, dashes and padding.
fn base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for c in text
        .chars()
        .filter(|c| !c.is_whitespace() && !"-=".contains(*c))
    {
        let value = match c.to_ascii_uppercase() {
            c @ 'A'..='Z' => u32::from(c) - u32::from('A'),
            c @ '2'..='7' => u32::from(c) - u32::from('2') + 26,
            _ => return None,
        };
        bits = (bits << 5 | value) & 0xfff;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_read_as_the_rfc_says() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("MY======", b"f"),
            ("MZXQ====", b"fo"),
            ("mzxw6===", b"foo"),
            ("MZXW6YQ=", b"foob"),
            ("MZXW6YTB", b"fooba"),
            ("MZXW 6YTB-OI", b"foobar"),
        ] {
            assert_eq!(base32(text).unwrap(), bytes, "{text}");
        }
        assert_eq!(base32("MZXW1"), None);
    }

    fn answer(question: &str, answer: &str) -> Answer {
        Answer {
            question: question.into(),
            answer: Secret::new(answer.into()),
        }
    }

    #[test]
    fn answers_are_normalised_and_each_question_and_answer_is_there_once() {
        let [one, two, three, ..] = questions::PREDEFINED;
        let own = ["Your desk?".to_owned()];
        let good = [
            answer(one, " Main  STREET"),
            answer("Your desk?", &"x".repeat(40)),
        ];
        let checked = check_answers(&own, &good).unwrap();
        let names: Vec<&str> = checked.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [one, "own:Your desk?"]);
        assert_eq!(checked[0].1.expose(), "main street");
        let bad = [
            answer(one, "Utrecht"),
            answer(one, "Delft"),
            answer(two, "UTRECHT "),
            answer(three, "ab"),
            answer("Your shoe size?", "forty-two"),
        ];
        let wrong = check_answers(&own, &bad).unwrap_err();
        let part = [
            "answer 2: ",
            "answer 3: every",
            "answer 4: an answer has 3",
            "answer 5: there is no",
        ];
        assert_eq!(wrong.len(), part.len());
        for (line, part) in wrong.iter().zip(part) {
            assert!(line.starts_with(part), "{line}");
        }
        assert!(check_answers(&[], &[answer(one, &"x".repeat(41))]).is_err());
        assert!(check_answers(&[], &[answer(one, "abc")]).is_ok());
    }

    #[test]
    fn private_destinations_are_kept_in_one_form() {
        assert_eq!(
            Private::Phone.read("+31 6 12345678").unwrap().unwrap(),
            "+31612345678"
        );
        assert_eq!(Private::Email.read(" "), Ok(None));
        assert!(
            Private::Email
                .read("nobody")
                .unwrap_err()
                .starts_with("authentication_email: ")
        );
        for private in Private::ALL {
            assert_eq!(Private::parse(private.name()), Some(private));
        }
    }
}
