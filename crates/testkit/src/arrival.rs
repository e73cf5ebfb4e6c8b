use latchkey_app::sign_in::{self, Notice, Outcome, Over, Place, StartNotice, Started, View};
use latchkey_app::{App, AppError, Ctx};
use latchkey_types::Secret;

use crate::TestApp;

/// Somebody in front of the sign-in pages: remembers the cookies and sees the page.
pub struct Arrival {
    app: App,
    /// The circumstances of their requests.
    pub ctx: Ctx,
    /// The cookie of the way in.
    pub cookie: Secret<String>,
    /// The page they see.
    pub view: View,
    /// What the page says.
    pub notice: Option<Notice>,
    /// The cookie of the session, once they are in.
    pub session: Option<Secret<String>>,
    /// Where they are led, once they are in.
    pub place: Option<Place>,
    /// Why the way in is over.
    pub over: Option<Over>,
    /// Where the browser is sent: to an identity provider.
    pub away: Option<Secret<String>>,
}

impl Arrival {
    /// Types a user ID.
    ///
    /// # Panics
    /// If the first page is shown again.
    pub async fn start(test: &TestApp, user_id: &str) -> Self {
        Self::start_in(&test.app, test.ctx(), user_id).await
    }

    /// The same, in given circumstances.
    pub async fn start_in(app: &App, ctx: Ctx, user_id: &str) -> Self {
        let started = sign_in::start(app, &ctx, user_id, None, Place::Account).await;
        Self::begun(app, ctx, started)
    }

    /// Begins with a passkey.
    pub async fn with_passkey(app: &App, ctx: Ctx) -> Self {
        let started = sign_in::start_with_passkey(app, &ctx, None, Place::Account).await;
        Self::begun(app, ctx, started)
    }

    fn begun(app: &App, ctx: Ctx, started: Result<Started, AppError>) -> Self {
        match started.expect("the first page") {
            Started::Begun { view, cookie } => Self {
                app: app.clone(),
                ctx,
                cookie,
                view,
                notice: None,
                session: None,
                place: None,
                over: None,
                away: None,
            },
            Started::Again(notice) => Self::again(notice),
        }
    }

    fn again(notice: StartNotice) -> Self {
        unreachable!("the first page again: {notice:?}")
    }

    /// The same person on another process of the service.
    #[must_use]
    pub fn on(mut self, app: &App) -> Self {
        self.app = app.clone();
        self
    }

    fn take(&mut self, outcome: Result<Option<Outcome>, AppError>) -> &mut Self {
        self.notice = None;
        self.away = None;
        match outcome.expect("no failure") {
            None => self.over = Some(Over::Gone),
            Some(Outcome::Over(why)) => self.over = Some(why),
            Some(Outcome::Away(url)) => self.away = Some(url),
            Some(Outcome::In(now)) => {
                self.session = Some(now.cookie);
                self.place = Some(now.place);
            }
            Some(Outcome::Page(shown)) => {
                self.view = shown.view;
                self.notice = shown.notice;
                if let Some(cookie) = shown.cookie {
                    self.cookie = cookie;
                }
            }
        }
        self
    }

    /// Types a password.
    pub async fn password(&mut self, typed: &str) -> &mut Self {
        let typed = Secret::new(typed.to_owned());
        let version = self.view.version;
        let outcome = sign_in::password(&self.app, &self.ctx, &self.cookie, version, &typed).await;
        self.take(outcome)
    }

    /// Chooses a second factor.
    pub async fn choose(&mut self, factor: &str) -> &mut Self {
        let outcome = sign_in::choose(&self.app, &self.cookie, self.view.version, factor).await;
        self.take(outcome)
    }

    /// Types the code of an authenticator app.
    pub async fn code(&mut self, typed: &str) -> &mut Self {
        let version = self.view.version;
        let outcome =
            sign_in::second_code(&self.app, &self.ctx, &self.cookie, version, typed).await;
        self.take(outcome)
    }

    /// Chooses a passkey in place of the password.
    pub async fn use_passkey(&mut self) -> &mut Self {
        let outcome = sign_in::use_passkey(&self.app, &self.cookie, self.view.version).await;
        self.take(outcome)
    }

    /// Sends what a passkey answered.
    pub async fn passkey(&mut self, response: &str) -> &mut Self {
        let version = self.view.version;
        let outcome = sign_in::passkey(&self.app, &self.ctx, &self.cookie, version, response).await;
        self.take(outcome)
    }

    /// Goes back to choose another way.
    pub async fn other(&mut self) -> &mut Self {
        let outcome = sign_in::other(&self.app, &self.cookie, self.view.version).await;
        self.take(outcome)
    }

    /// Presses the button that leads to the organisation's identity provider.
    pub async fn go_elsewhere(&mut self) -> &mut Self {
        let version = self.view.version;
        let outcome = sign_in::go_elsewhere(&self.app, &self.ctx, &self.cookie, version).await;
        self.take(outcome)
    }

    /// Comes back from there.
    pub async fn come_back(&mut self, back: &sign_in::Back) -> &mut Self {
        let outcome = sign_in::come_back(&self.app, &self.ctx, &self.cookie, back).await;
        self.take(outcome)
    }

    /// Whether they are in.
    pub const fn is_in(&self) -> bool {
        self.session.is_some()
    }

    /// The session, once they are in.
    ///
    /// # Panics
    /// If they are not.
    pub fn session(&self) -> &Secret<String> {
        self.session.as_ref().expect("to be signed in")
    }
}
