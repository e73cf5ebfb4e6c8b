//! Being signed in: sessions that are kept in the database, found by a cookie, and looked at anew at
//! every request.

use latchkey_core::audit::Activity;
use latchkey_core::reset::Subject;
use latchkey_core::sign_in::{
    AccountFacts, Admission, Duty, Factor, MustChange, SessionFacts, SessionLimits, is_live,
    second_factor_duty, session_limits, why_must_change,
};
use latchkey_crypto::codes;
use latchkey_crypto::keys::Purpose;
use latchkey_store::sign_in_sessions::{
    self as sessions, NewSession, Renewal, SessionRow, is_worth_a_touch,
};
use latchkey_store::{Tx, accounts, rate};
use latchkey_types::{Secret, SignInSessionId, Timestamp};

use crate::audit::{Entry, Target, record_one};
use crate::reset::{Brand, Case, brand};
use crate::{App, AppError, Ctx};

/// Somebody who is signed in, as pages see them.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session. Not secret, not shown.
    pub session: SignInSessionId,
    /// The tenant's face.
    pub brand: Brand,
    /// The user principal name.
    pub user_id: String,
    /// The name that others see.
    pub name: String,
    /// What has to be done before anything else.
    pub todo: Option<Todo>,
}

/// What has to be done before anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Todo {
    /// Change the password.
    Change(MustChange),
    /// An administrator registers a second factor.
    RegisterSecondFactor,
    /// An administrator proves the second factor that they have by now.
    ProveSecondFactor,
}

/// A session that is good now, and everything about its owner.
pub(crate) struct Here {
    pub row: SessionRow,
    pub case: Case,
    pub now: Timestamp,
}

/// How often somebody may do something.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// So many times,
    pub most: u32,
    /// in this time.
    pub within: std::time::Duration,
}

impl Pace {
    /// What hashes passwords, or writes an event each time: far more often than a person who errs.
    pub(crate) const OF_HASHES: Self = Self {
        most: 30,
        within: std::time::Duration::from_secs(600),
    };
    /// Messages to whatever address or number somebody types (threats S11, S32).
    pub(crate) const OF_MESSAGES: Self = Self {
        most: 10,
        within: std::time::Duration::from_secs(3600),
    };
}

impl Here {
    /// Finds the session of a cookie. `None`: there is none, it is over, or its owner may not be
    /// signed in any more.
    pub(crate) async fn find(
        tx: &mut Tx,
        app: &App,
        cookie: &Secret<String>,
    ) -> Result<Option<Self>, AppError> {
        let now = app.clock().now();
        let Some(row) = sessions::get_by_cookie(tx, &tag(app, cookie)).await? else {
            return Ok(None);
        };
        let case = Case::gather(tx, app, row.tenant, Subject::Known, row.user, now).await?;
        let Some(case) = case else { return Ok(None) };
        let here = Self { row, case, now };
        Ok(here.is_live().then_some(here))
    }

    fn is_live(&self) -> bool {
        let Some(user) = &self.case.user else {
            return false;
        };
        is_live(
            &self.facts(),
            &AccountFacts {
                is_enabled: user.enabled && user.frozen_at.is_none(),
                sessions_valid_from: self.row.valid_from,
            },
            limits(&self.case),
            self.now,
        )
    }

    /// What is kept of the session.
    pub(crate) fn facts(&self) -> SessionFacts {
        SessionFacts {
            created_at: self.row.created_at,
            used_at: self.row.used_at,
            expires_at: self.row.expires_at,
            ended_at: self.row.ended_at,
            proven_at: self.row.proven_at,
            proven_twice_at: self.row.proven_twice_at,
        }
    }

    /// What was proven in this session.
    pub(crate) fn factors(&self) -> Vec<Factor> {
        let names = self.row.factors.iter();
        names.filter_map(|name| Factor::parse(name)).collect()
    }

    /// What has to be done before anything else.
    pub(crate) fn todo(&self) -> Option<Todo> {
        todo(&self.case, &self.factors(), self.now)
    }

    /// Why the password has to be changed before anything else, if it has to.
    pub(crate) fn must_change(&self) -> Option<MustChange> {
        let user = self.case.user.as_ref()?;
        why_must_change(user, &self.case.tenant.settings.password, self.now)
    }

    /// The user principal name.
    pub(crate) fn user_id(&self) -> &str {
        let user = self.case.user.as_ref();
        user.map_or("", |user| user.upn.as_str())
    }

    /// Whom an event is about.
    pub(crate) fn target(&self) -> Option<Target> {
        self.case.user.as_ref().map(Target::user)
    }

    /// Takes one from what this person may do in a while of something that costs others: hashes,
    /// events, messages.
    ///
    /// # Errors
    /// [`AppError::Busy`], if that is used up.
    pub(crate) async fn pace(&self, tx: &mut Tx, what: &str, pace: Pace) -> Result<(), AppError> {
        let bucket = format!("{what}.{}.{}", self.row.tenant, self.row.user);
        let interval = pace.within / pace.most.max(1);
        if rate::take(tx, &bucket, self.now, interval, pace.most).await? {
            return Ok(());
        }
        Err(AppError::Busy {
            retry_after: interval,
        })
    }

    fn signed_in(&self) -> Option<SignedIn> {
        let user = self.case.user.as_ref()?;
        Some(SignedIn {
            session: self.row.id,
            brand: brand(&self.case.tenant),
            user_id: user.upn.as_str().to_owned(),
            name: user.display_name.clone(),
            todo: self.todo(),
        })
    }
}

/// What somebody who proved these factors has to do before anything else.
pub(super) fn todo(case: &Case, factors: &[Factor], now: Timestamp) -> Option<Todo> {
    let user = case.user.as_ref()?;
    if let Some(why) = why_must_change(user, &case.tenant.settings.password, now) {
        return Some(Todo::Change(why));
    }
    let duty = second_factor_duty(
        user.is_administrator(),
        factors,
        case.methods.authenticators > 0,
        case.methods.passkeys > 0,
    )?;
    Some(match duty {
        Duty::Register => Todo::RegisterSecondFactor,
        Duty::Prove => Todo::ProveSecondFactor,
    })
}

/// How long sessions of somebody last.
pub(crate) fn limits(case: &Case) -> SessionLimits {
    let is_administrator = case
        .user
        .as_ref()
        .is_some_and(latchkey_core::model::User::is_administrator);
    session_limits(&case.tenant.settings.sign_in, is_administrator)
}

fn tag(app: &App, cookie: &Secret<String>) -> [u8; 32] {
    let parts: [&[u8]; 2] = [b"signed in", cookie.expose().as_bytes()];
    *app.keys().tag(Purpose::SessionCookie, &parts).as_bytes()
}

/// Who is signed in with a cookie. That the session is in use is noted at most once a minute.
pub async fn signed_in(app: &App, cookie: &Secret<String>) -> Result<Option<SignedIn>, AppError> {
    let found = app
        .db()
        .read(async |mut tx| Here::find(&mut tx, app, cookie).await)
        .await?;
    let Some(here) = found else { return Ok(None) };
    if is_worth_a_touch(here.row.used_at, here.now) {
        let (tenant, id) = (here.row.tenant, here.row.id);
        app.db()
            .write(async |mut tx| {
                sessions::touch(&mut tx, tenant, id, here.now)
                    .await
                    .map_err(AppError::from)
            })
            .await?;
    }
    Ok(here.signed_in())
}

/// The token of a form for somebody signed in: only a page that was made for this browser's cookie
/// knows it (NIST SP 800-63B-4, 5.1). The cookie alone binds it: there is one for each session, and
/// another one after each change of privilege.
pub fn form_token(app: &App, cookie: &Secret<String>) -> String {
    let parts: [&[u8]; 2] = [b"signed in", cookie.expose().as_bytes()];
    crate::audit::hex(app.keys().tag(Purpose::FormToken, &parts).as_bytes())
}

/// Whether a token is that of this browser, in constant time.
pub fn form_token_matches(app: &App, cookie: &Secret<String>, typed: &str) -> bool {
    let ours = Secret::new(form_token(app, cookie).into_bytes());
    ours == Secret::new(typed.as_bytes().to_vec())
}

/// A session that was begun.
pub(crate) struct Begun {
    /// Its cookie.
    pub cookie: Secret<String>,
}

/// Begins a session for whoever was admitted.
pub(crate) async fn begin(
    tx: &mut Tx,
    app: &App,
    ctx: &Ctx,
    case: &Case,
    admission: &Admission,
) -> Result<Begun, AppError> {
    // A password that is replaced at this moment ends all sessions, also one that is not written yet.
    if accounts::hold(tx, case.tenant.id, admission.user()).await? != Some(case.stamp.user) {
        return Err(AppError::Busy {
            retry_after: std::time::Duration::from_secs(1),
        });
    }
    let now = app.clock().now();
    let id = SignInSessionId::new(app.clock(), app.entropy());
    let cookie = codes::token(app.entropy());
    let factors: Vec<&str> = admission.factors().iter().map(|f| f.as_str()).collect();
    let new = NewSession {
        id,
        user: admission.user(),
        cookie_tag: &tag(app, &cookie),
        factors: &factors,
        is_twice: admission.is_twice(),
        created_at: now,
        expires_at: now.plus(limits(case).absolute),
        client_address: &ctx.stored_address(case.tenant.settings.client_address),
        client_class: &ctx.browser,
    };
    sessions::insert(tx, case.tenant.id, &new).await?;
    Ok(Begun { cookie })
}

/// Notes what was proven once more in a session, and gives it another cookie.
pub(crate) async fn renew(
    tx: &mut Tx,
    app: &App,
    here: &Here,
    old: &Secret<String>,
    proven: &[Factor],
    is_twice: bool,
) -> Result<Secret<String>, AppError> {
    let cookie = codes::token(app.entropy());
    let mut factors = here.factors();
    factors.extend(proven);
    factors.sort_unstable();
    factors.dedup();
    let names: Vec<&str> = factors.iter().map(|factor| factor.as_str()).collect();
    let renewal = Renewal {
        old_tag: &tag(app, old),
        new_tag: &tag(app, &cookie),
        factors: &names,
        is_twice,
    };
    let (tenant, id) = (here.row.tenant, here.row.id);
    if sessions::renew(tx, tenant, id, renewal, here.now).await? {
        Ok(cookie)
    } else {
        // Another request of this browser was first.
        Err(AppError::Busy {
            retry_after: std::time::Duration::from_secs(1),
        })
    }
}

/// Lets this session go on after its owner changed the password in it, which ended all others; gives
/// it another cookie.
pub(crate) async fn outlive(
    tx: &mut Tx,
    app: &App,
    here: &Here,
    old: &Secret<String>,
) -> Result<Secret<String>, AppError> {
    let cookie = codes::token(app.entropy());
    let (tenant, id) = (here.row.tenant, here.row.id);
    let (old, new) = (tag(app, old), tag(app, &cookie));
    if sessions::outlive(tx, tenant, id, &old, &new, here.now).await? {
        Ok(cookie)
    } else {
        // Another request of this browser was first.
        Err(AppError::Busy {
            retry_after: std::time::Duration::from_secs(1),
        })
    }
}

/// Signs out. Whoever is not signed in is signed out already.
pub async fn sign_out(app: &App, ctx: &Ctx, cookie: &Secret<String>) -> Result<(), AppError> {
    app.db()
        .write(async |mut tx| {
            let tx = &mut tx;
            let Some(here) = Here::find(tx, app, cookie).await? else {
                return Ok(());
            };
            let (tenant, user, id) = (here.row.tenant, here.row.user, here.row.id);
            if sessions::end(tx, tenant, user, id, here.now).await? {
                let entry = Entry::new(Activity::SignOut).on(here.target());
                record_one(tx, app, ctx, &here.case.tenant, entry).await?;
            }
            Ok(())
        })
        .await
}
