use latchkey_app::reset::{self, HumanProof, Notice, Outcome, Page, Started, View};
use latchkey_app::{App, AppError, Ctx};
use latchkey_types::Secret;
use sha2::{Digest as _, Sha256};

use crate::TestApp;

/// Somebody in front of the reset portal: remembers the cookie and sees the page.
pub struct Person {
    app: App,
    /// The circumstances of their requests.
    pub ctx: Ctx,
    /// The cookie of their browser.
    pub cookie: Secret<String>,
    /// The page they see.
    pub view: View,
    /// What the page says.
    pub notice: Option<Notice>,
}

/// Solves the human check that is on the page now.
pub fn solve(app: &App) -> HumanProof {
    let check = reset::human_check(app);
    let zero_bits = |nonce: u64| -> u32 {
        let hash = Sha256::digest(format!("{}:{nonce}", check.challenge));
        let first = hash
            .iter()
            .take(4)
            .fold(0_u32, |all, byte| (all << 8) | u32::from(*byte));
        first.leading_zeros()
    };
    let nonce = (0..u64::MAX).find(|nonce| zero_bits(*nonce) >= u32::from(check.bits));
    HumanProof::Work {
        challenge: check.challenge.clone(),
        nonce: nonce.unwrap_or_default().to_string(),
    }
}

impl Person {
    /// Passes step 1 with a user ID.
    ///
    /// # Panics
    /// If step 1 is shown again.
    pub async fn start(test: &TestApp, user_id: &str) -> Self {
        Self::start_in(&test.app, test.ctx(), user_id).await
    }

    /// The same, in given circumstances.
    pub async fn start_in(app: &App, ctx: Ctx, user_id: &str) -> Self {
        match reset::start(app, &ctx, user_id, solve(app), None)
            .await
            .expect("step 1")
        {
            Started::Begun(Outcome {
                view,
                cookie,
                notice,
            }) => Self {
                app: app.clone(),
                ctx,
                cookie: cookie.expect("a cookie"),
                view,
                notice,
            },
            Started::Again(notice) => unreachable!("step 1 again: {notice:?}"),
        }
    }

    fn take(&mut self, outcome: Result<Option<Outcome>, AppError>) -> &mut Self {
        let outcome = outcome.expect("no failure").expect("a session");
        self.view = outcome.view;
        self.notice = outcome.notice;
        if let Some(cookie) = outcome.cookie {
            self.cookie = cookie;
        }
        self
    }

    /// Chooses a gate.
    pub async fn choose(&mut self, gate: &str) -> &mut Self {
        let outcome =
            reset::choose(&self.app, &self.ctx, &self.cookie, self.view.version, gate).await;
        self.take(outcome)
    }

    /// Types a telephone number.
    pub async fn number(&mut self, typed: &str) -> &mut Self {
        let outcome =
            reset::number(&self.app, &self.ctx, &self.cookie, self.view.version, typed).await;
        self.take(outcome)
    }

    /// Types a code.
    pub async fn code(&mut self, typed: &str) -> &mut Self {
        let outcome =
            reset::code(&self.app, &self.ctx, &self.cookie, self.view.version, typed).await;
        self.take(outcome)
    }

    /// What the page asks the browser's authenticator.
    ///
    /// # Panics
    /// If it is another page.
    pub fn options(&self) -> &str {
        match &self.view.page {
            Page::Passkey { options } => options,
            other => unreachable!("no passkey is asked for: {other:?}"),
        }
    }

    /// Sends what an authenticator answered.
    pub async fn passkey(&mut self, response: &str) -> &mut Self {
        let version = self.view.version;
        let outcome = reset::passkey(&self.app, &self.ctx, &self.cookie, version, response).await;
        self.take(outcome)
    }

    /// Types a recovery code.
    pub async fn recovery_code(&mut self, typed: &str) -> &mut Self {
        let version = self.view.version;
        let outcome =
            reset::recovery_code(&self.app, &self.ctx, &self.cookie, version, typed).await;
        self.take(outcome)
    }

    /// Types answers.
    pub async fn answers(&mut self, typed: &[String]) -> &mut Self {
        let outcome =
            reset::answers(&self.app, &self.ctx, &self.cookie, self.view.version, typed).await;
        self.take(outcome)
    }

    /// Asks for another code.
    pub async fn again(&mut self) -> &mut Self {
        let outcome = reset::again(&self.app, &self.ctx, &self.cookie, self.view.version).await;
        self.take(outcome)
    }

    /// Goes back to choose another gate.
    pub async fn other(&mut self) -> &mut Self {
        let outcome = reset::other(&self.app, &self.ctx, &self.cookie, self.view.version).await;
        self.take(outcome)
    }

    /// Types a new password twice.
    pub async fn password(&mut self, new: &str, confirm: &str) -> &mut Self {
        let (new, confirm) = (Secret::new(new.to_owned()), Secret::new(confirm.to_owned()));
        let version = self.view.version;
        let outcome =
            reset::password(&self.app, &self.ctx, &self.cookie, version, &new, &confirm).await;
        self.take(outcome)
    }

    /// Unlocks the account and keeps the password.
    pub async fn unlock(&mut self) -> &mut Self {
        let version = self.view.version;
        let outcome = reset::unlock(&self.app, &self.ctx, &self.cookie, version).await;
        self.take(outcome)
    }

    /// Wants a new password after all.
    pub async fn choose_reset(&mut self) -> &mut Self {
        let version = self.view.version;
        let outcome = reset::choose_reset(&self.app, &self.ctx, &self.cookie, version).await;
        self.take(outcome)
    }

    /// Loads the page that waits for a directory.
    pub async fn working(&mut self) -> &mut Self {
        let view = reset::working(&self.app, &self.ctx, &self.cookie)
            .await
            .expect("no failure");
        self.view = view.expect("a session");
        self.notice = None;
        self
    }

    /// Cancels.
    pub async fn cancel(&mut self) -> &mut Self {
        let outcome = reset::cancel(&self.app, &self.ctx, &self.cookie).await;
        self.take(outcome)
    }

    /// Asks the administrators for help.
    pub async fn contact(&mut self) -> &mut Self {
        let outcome = reset::contact(&self.app, &self.ctx, &self.cookie).await;
        self.take(outcome)
    }

    /// Loads the page again.
    pub async fn reload(&mut self) -> &mut Self {
        let view = reset::view(&self.app, &self.ctx, &self.cookie)
            .await
            .expect("no failure");
        self.view = view.expect("a session");
        self.notice = None;
        self
    }

    /// The gates on the page for choosing.
    pub fn offered(&self) -> Vec<&'static str> {
        match &self.view.page {
            Page::Choose { options, .. } => {
                options.iter().map(|choice| choice.gate.as_str()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The code that an authenticator app with this secret shows at a time in seconds since 1970
/// (RFC 6238 with SHA-1, six digits, 30 seconds): written out here, so that it is not the code under
/// test that says what is right.
pub fn totp(secret: &[u8], seconds: u64) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let mac = aws_lc_rs::hmac::sign(&key, &(seconds / 30).to_be_bytes());
    let mac = mac.as_ref();
    let offset = usize::from(mac[19] & 15);
    let number = mac[offset..offset + 4]
        .iter()
        .fold(0_u32, |all, b| (all << 8) | u32::from(*b));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}
