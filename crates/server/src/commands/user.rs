//! `user` and `explain`.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use latchkey_app::admin::methods::{self, Answer, Private};
use latchkey_app::admin::user::{self, Field};
use latchkey_app::admin::{self, explain, user_import};
use latchkey_types::Secret;
use serde::Deserialize;
use serde_json::json;

use super::Console;
use crate::cli::User;
use crate::failure::Failure;

/// The most that is read of a secret.
const LONGEST: u64 = 64 * 1024;

impl Console {
    pub(super) async fn user(&self, command: User) -> Result<u8, Failure> {
        let (app, out) = (&self.app, &self.out);
        let ctx = admin::operator(app);
        match command {
            User::Create {
                tenant,
                user_principal_name,
                values,
            } => {
                let values = fields(values)?;
                out.item(&user::create(app, &ctx, &tenant, &user_principal_name, &values).await?)?;
            }
            User::List { tenant, prefix } => {
                let tenant = admin::find_tenant(app, &tenant).await?.id;
                let mut after: Option<String> = None;
                loop {
                    let page = user::list(app, tenant, prefix.as_deref(), after.as_deref()).await?;
                    let Some(last) = page.last() else { break };
                    after = Some(last.user_principal_name.clone());
                    out.items(&page)?;
                }
            }
            User::Show { user } => out.item(&user::show(app, &user).await?)?,
            User::Set { user, values } => {
                out.item(&user::set(app, &ctx, &user, &fields(values)?).await?)?;
            }
            User::Delete { user } => {
                user::delete(app, &ctx, &user).await?;
                out.say("deleted")?;
            }
            User::Unfreeze { user } => {
                let done = user::unfreeze(app, &ctx, &user).await?;
                out.say(if done {
                    "unfrozen"
                } else {
                    "it was not frozen"
                })?;
            }
            User::Unblock { user } => {
                let done = user::unblock(app, &ctx, &user).await?;
                out.say(if done {
                    "unblocked"
                } else {
                    "it was not blocked"
                })?;
            }
            User::Unlock { user } => {
                let done = user::unlock(app, &ctx, &user).await?;
                out.say(if done {
                    "unlocked"
                } else {
                    "it was not locked"
                })?;
            }
            User::SignOut { user } => {
                let ended = user::sign_out(app, &ctx, &user).await?;
                out.say(&format!("{ended} sessions ended"))?;
            }
            User::SetPassword {
                user,
                password_file,
                must_change,
                force,
            } => {
                let password = secret(password_file.as_deref())?;
                let required =
                    user::set_password(app, &ctx, &user, &password, must_change, force).await?;
                out.say("the password is set, and all sessions of the user are over")?;
                if must_change && !required {
                    out.say(
                        "but the directory could not require another one at the next sign-in: the \
                         account's password never expires there, or the agent may not write that",
                    )?;
                }
            }
            User::Import {
                tenant,
                file,
                dry_run,
            } => {
                return self.import(&tenant, &file, dry_run).await;
            }
            User::SetMethods { user, values } => {
                let values = values
                    .into_iter()
                    .map(|(name, value)| {
                        let known = Private::parse(&name).ok_or_else(|| unknown_method(&name))?;
                        Ok((known, value))
                    })
                    .collect::<Result<Vec<_>, Failure>>()?;
                out.items(&methods::set_private(app, &ctx, &user, &values).await?)?;
            }
            User::SetQuestions { user } => {
                let answers = answers(secret(None)?.expose())?;
                out.items(&methods::set_questions(app, &ctx, &user, &answers).await?)?;
            }
            User::SetAuthenticator {
                user, remove: true, ..
            } => {
                let count = methods::remove_authenticators(app, &ctx, &user).await?;
                out.say(&format!("{count} removed"))?;
            }
            User::SetAuthenticator {
                user,
                name,
                secret_stdin,
                ..
            } => {
                let secret = if secret_stdin {
                    Some(secret(None)?)
                } else {
                    None
                };
                let address =
                    methods::add_authenticator(app, &ctx, &user, &name, secret.as_ref()).await?;
                out.line(address.expose())?;
            }
        }
        Ok(0)
    }

    async fn import(&self, tenant: &str, file: &Path, dry_run: bool) -> Result<u8, Failure> {
        let ctx = admin::operator(&self.app);
        let opened = File::open(file)
            .map_err(|error| format!("{} cannot be opened: {error}", file.display()))?;
        let mut failed = None;
        let summary = user_import::import(
            &self.app,
            &ctx,
            tenant,
            BufReader::new(opened),
            dry_run,
            |row| {
                let said = if self.out.is_json() {
                    let result = if row.refused.is_none() {
                        "accepted"
                    } else {
                        "refused"
                    };
                    self.out.item(&json!({
                        "line": row.line, "name": row.name, "result": result,
                        "reason": row.refused,
                    }))
                } else {
                    self.out.line(&match &row.refused {
                        None => format!("line {}: {}: accepted", row.line, row.name),
                        Some(why) => format!("line {}: {}: refused: {why}", row.line, row.name),
                    })
                };
                if let Err(error) = said {
                    failed.get_or_insert(error);
                }
            },
        )
        .await?;
        if let Some(error) = failed {
            return Err(error);
        }
        let verb = if dry_run { "would be " } else { "" };
        self.out.say(&format!(
            "{} {verb}accepted, {} {verb}refused",
            summary.accepted, summary.refused
        ))?;
        Ok(u8::from(summary.refused > 0))
    }

    pub(super) async fn explain(&self, user: &str) -> Result<(), Failure> {
        self.out.item(&explain::explain(&self.app, user).await?)
    }
}

fn fields(values: Vec<(String, String)>) -> Result<Vec<(Field, String)>, Failure> {
    values
        .into_iter()
        .map(|(name, value)| match Field::parse(&name) {
            Some(field) => Ok((field, value)),
            None => {
                let known: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
                Err(Failure::usage(format!(
                    "a user has no field {name:?}; there are {}",
                    known.join(", ")
                )))
            }
        })
        .collect()
}

fn unknown_method(name: &str) -> Failure {
    let known: Vec<&str> = Private::ALL.iter().map(|private| private.name()).collect();
    Failure::usage(format!(
        "there is no method {name:?}; there are {}",
        known.join(", ")
    ))
}

/// Reads a secret from a file or from standard input; a line break at its end does not belong to it.
pub(super) fn secret(file: Option<&Path>) -> Result<Secret<String>, Failure> {
    let mut text = String::new();
    match file {
        Some(path) => File::open(path)
            .and_then(|file| file.take(LONGEST).read_to_string(&mut text))
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?,
        None => std::io::stdin()
            .take(LONGEST)
            .read_to_string(&mut text)
            .map_err(|error| format!("standard input cannot be read: {error}"))?,
    };
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    if text.is_empty() {
        return Err("standard input is empty: give the secret there".into());
    }
    Ok(Secret::new(text))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    question: String,
    answer: String,
}

fn answers(json: &str) -> Result<Vec<Answer>, Failure> {
    let typed: Vec<Typed> = serde_json::from_str(json).map_err(|error| {
        // The message of the error could quote an answer.
        format!(
            "line {}: answers look like [{{\"question\": \"question-first-street\", \"answer\": \
             \"…\"}}]",
            error.line()
        )
    })?;
    Ok(typed
        .into_iter()
        .map(|one| Answer {
            question: one.question,
            answer: Secret::new(one.answer),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_a_list_and_an_error_does_not_repeat_them() {
        let good = answers(r#"[{"question": "q", "answer": "hunter2"}]"#).unwrap();
        assert_eq!(
            (good[0].question.as_str(), good[0].answer.expose().as_str()),
            ("q", "hunter2")
        );
        for wrong in [
            r#"{"q": "hunter2"}"#,
            r#"[{"question": "q", "hunter2": 1}]"#,
            "hunter2",
        ] {
            assert!(!answers(wrong).unwrap_err().text.contains("hunter2"));
        }
    }

    #[test]
    fn an_unknown_field_is_a_wrong_question() {
        let failure = fields(vec![("colour".into(), "red".into())]).unwrap_err();
        assert_eq!(failure.code, 2);
        assert!(failure.text.contains("mobile_phone"), "{}", failure.text);
    }
}
