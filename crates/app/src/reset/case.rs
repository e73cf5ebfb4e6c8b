//! The facts of one reset, gathered in one read.
//!
//! The same statements are issued for an account and for a decoy: for a decoy they find nothing,
//! and what is not there is derived instead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use latchkey_core::model::{Managed, Origin, Tenant, User, UserType};
use latchkey_core::registration;
use latchkey_core::reset::throttle::Bucket;
use latchkey_core::reset::{
    Eligible, Facts, Gate, Home, Ineligible, Methods, OnFile, Stamp, Subject, TenantFacts,
    UserFacts, Writeback, decide_eligibility, decoy, gates_required, questions, usable_gates,
};
use latchkey_core::settings::{ResetSettings, Scope, Settings};
use latchkey_crypto::keys::{Purpose, Tag};
use latchkey_crypto::seal::DataKey;
use latchkey_store::agents::Agent;
use latchkey_store::methods::{Method, MethodKind};
use latchkey_store::{Tx, accounts, agents, groups, methods, tenants, throttle as throttles};
use latchkey_types::{EmailAddress, PhoneNumber, Secret, TenantId, Timestamp, UserId};

use crate::keys::open;
use crate::writeback::{normal_domain, reach};
use crate::{App, AppError};

/// An authenticator app: row id, secret, last step.
pub(crate) type Authenticator = (latchkey_types::MethodId, Secret<Vec<u8>>, Option<u64>);

/// Everything about the subject of a reset.
pub(crate) struct Case {
    pub tenant: Tenant,
    pub data_key: Arc<DataKey>,
    pub subject: Subject,
    pub subject_id: UserId,
    /// The account; `None` for a decoy.
    pub user: Option<User>,
    /// What the rules know of the account or the decoy, whatever the scope.
    pub who: UserFacts,
    pub methods: Methods,
    /// The authenticators. A decoy has one that nothing matches.
    pub authenticators: Vec<Authenticator>,
    /// The questions: name and hash of the answer. A decoy's hashes match nothing.
    pub answers: Vec<(String, String)>,
    /// The agents of the user's directory, where there is one.
    pub agents: Vec<Agent>,
    /// What they let be done now.
    pub writeback: Writeback,
    /// Whether it is in a group that may reset, where only groups may.
    pub is_in_scope: bool,
    pub eligibility: Result<Eligible, Ineligible>,
    /// Whether there can be passkeys under the base address.
    pub has_passkeys: bool,
    /// Gates that are blocked now.
    pub blocked: BTreeSet<Gate>,
    /// Everything that is blocked now, and until when.
    pub blocked_until: BTreeMap<Bucket, Timestamp>,
    pub stamp: Stamp,
}

impl Case {
    /// Gathers the facts. `None`: the tenant is gone or switched off, or the account behind a known
    /// subject is gone.
    pub(crate) async fn gather(
        tx: &mut Tx,
        app: &App,
        tenant: TenantId,
        subject: Subject,
        subject_id: UserId,
        now: Timestamp,
    ) -> Result<Option<Self>, AppError> {
        let Some((tenant, wrapped)) = tenants::get_with_key(tx, tenant).await? else {
            return Ok(None);
        };
        if !tenant.enabled {
            return Ok(None);
        }
        let data_key = app.keys().data_key(tenant.id, &wrapped)?;
        let user = accounts::get(tx, tenant.id, subject_id).await?;
        let rows = methods::list_for_user(tx, tenant.id, subject_id).await?;
        let blocked = throttles::blocked_buckets(tx, tenant.id, subject_id, now).await?;
        let is_in_scope = in_scope(tx, tenant.id, subject_id, &tenant.settings.reset).await?;
        let blocked: BTreeMap<Bucket, Timestamp> = blocked.into_iter().collect();
        // Also for a decoy, so that it costs the same statements.
        let agents = match &user {
            _ if !tenant.has_directory_sync => Vec::new(),
            Some(user) => {
                let domain = user.agent_domain.as_deref().unwrap_or_default();
                agents::list_for_domain(tx, tenant.id, &normal_domain(domain)).await?
            }
            None => agents::list_for_domain(tx, tenant.id, "").await?,
        };
        let seed = decoy_seed(app, tenant.id, subject_id);
        let who = match (subject, &user) {
            (Subject::Known, Some(user)) => UserFacts {
                is_enabled: user.enabled && user.frozen_at.is_none(),
                is_administrator: user.is_administrator(),
                managed: user.managed,
                is_in_scope: false,
                // Until licences exist every tenant counts as Premium.
                is_licensed: true,
            },
            _ => decoy::user(seed.as_bytes()),
        };

        let mut case = Self {
            stamp: Stamp {
                settings: tenant.settings_version,
                user: user.as_ref().map_or(0, |user| user.version),
            },
            tenant,
            data_key,
            subject,
            subject_id,
            who,
            user,
            methods: Methods::default(),
            authenticators: Vec::new(),
            answers: Vec::new(),
            writeback: Writeback::Off,
            agents,
            is_in_scope,
            eligibility: Err(Ineligible {
                deciding: latchkey_core::reset::Reason::NotProperlyConfigured,
                reasons: Vec::new(),
            }),
            has_passkeys: app.passkeys().is_some(),
            blocked: Gate::ALL
                .into_iter()
                .filter(|gate| blocked.contains_key(&Bucket::Gate(*gate)))
                .collect(),
            blocked_until: blocked,
        };
        match subject {
            Subject::Known if case.user.is_none() => return Ok(None),
            Subject::Known => case.read_methods(&rows)?,
            Subject::Decoy => case.derive_methods(app, &seed, now),
        }
        case.writeback = reach(&case.tenant, &case.agents, now);
        case.eligibility = case.decide(&case.tenant.settings.reset, is_in_scope, now);
        Ok(Some(case))
    }

    /// For a session that has begun: a directory that is away for a moment does not end it. Whether it
    /// is there is seen when it is written to.
    pub(crate) fn bear_with_directory(&mut self, now: Timestamp) {
        if matches!(
            self.writeback,
            Writeback::Unreachable | Writeback::ActionRequired
        ) {
            let is = std::mem::replace(&mut self.writeback, Writeback::Ready);
            self.eligibility = self.decide(&self.tenant.settings.reset, self.is_in_scope, now);
            self.writeback = is;
        }
    }

    /// Where the password is.
    pub(crate) fn home(&self) -> Home {
        if self.who.managed.is_on_premises() {
            Home::Directory {
                may_unlock: self.tenant.settings.reset.unlock_without_reset,
            }
        } else {
            Home::Here
        }
    }

    /// Whether a copy of the password's hash is kept here.
    pub(crate) fn keeps_copy(&self) -> bool {
        self.who.managed == Managed::PasswordHashSync
    }

    /// For a session that was opened with a recovery code: if that was the last one, it goes on
    /// counting here, or its use would end what it was used for.
    pub(crate) fn keep_last_code(&mut self, now: Timestamp) {
        if self.methods.recovery_codes == 0 {
            self.methods.recovery_codes = 1;
            self.eligibility = self.decide(&self.tenant.settings.reset, self.is_in_scope, now);
        }
    }

    /// Whether the subject may reset under settings that need not be those in force.
    pub(crate) fn decide(
        &self,
        settings: &ResetSettings,
        is_in_scope: bool,
        now: Timestamp,
    ) -> Result<Eligible, Ineligible> {
        decide_eligibility(&Facts {
            now,
            settings,
            tenant: self.tenant_facts(),
            user: self.user_facts(is_in_scope),
            writeback: self.writeback,
            methods: &self.methods,
        })
    }

    fn user_facts(&self, is_in_scope: bool) -> UserFacts {
        UserFacts {
            is_in_scope: self.who.is_in_scope || is_in_scope,
            ..self.who
        }
    }

    /// What decides how far the registration is. `None`: there is no account.
    pub(crate) fn registration(&self, now: Timestamp) -> Option<registration::Facts<'_>> {
        self.registration_under(&self.tenant.settings, self.is_in_scope, now)
    }

    /// The same, under settings that need not be those in force.
    pub(crate) fn registration_under<'a>(
        &'a self,
        settings: &'a Settings,
        is_in_scope: bool,
        now: Timestamp,
    ) -> Option<registration::Facts<'a>> {
        let user = self.user.as_ref()?;
        Some(registration::Facts {
            now,
            settings,
            tenant: self.tenant_facts(),
            user: self.user_facts(is_in_scope),
            methods: &self.methods,
            created_at: user.created_at,
            confirmed_at: user.confirmed_at,
            register_again_at: user.register_again_at,
        })
    }

    /// Whether a question is one of those that the tenant has now.
    fn is_asked(&self, name: &str) -> bool {
        let own = &self.tenant.settings.reset.questions.own;
        questions::PREDEFINED.contains(&name)
            || own.iter().any(|text| questions::own_name(text) == name)
    }

    /// What would count with these rows alone.
    pub(crate) fn with_methods(mut self, rows: &[Method]) -> Result<Methods, AppError> {
        self.authenticators.clear();
        self.answers.clear();
        self.read_methods(rows)?;
        Ok(self.methods)
    }

    fn read_methods(&mut self, rows: &[Method]) -> Result<(), AppError> {
        let Some(user) = &self.user else {
            return Ok(());
        };
        let mut found = Methods::default();
        if user.user_type == UserType::ExternalGuest {
            // The password is kept elsewhere: nothing here proves anything about it.
            return Ok(());
        }
        let directory = match user.source {
            latchkey_core::model::Source::Cloud => Origin::Administrator,
            latchkey_core::model::Source::Synchronised => Origin::Directory,
        };
        let changed_at = user.contact_changed_at;
        let from = |origin| {
            move |value| OnFile {
                value,
                origin,
                changed_at,
            }
        };
        let phone = |text: &Option<String>| PhoneNumber::parse(text.as_deref()?).ok();
        found.email = user
            .other_mails
            .iter()
            .find_map(|text| EmailAddress::parse(text).ok())
            .map(from(directory));
        found.mobile = phone(&user.mobile_phone).map(|value| OnFile {
            value,
            origin: directory,
            changed_at,
        });
        found.office = phone(&user.office_phone).map(|value| OnFile {
            value,
            origin: directory,
            changed_at,
        });
        if user.user_type == UserType::Guest && found.email.is_none() {
            // A guest who was invited by mail resets with that address.
            let mail = user.mail.as_deref().unwrap_or_default();
            found.email = EmailAddress::parse(mail)
                .ok()
                .map(from(Origin::Administrator));
        }
        for row in rows {
            let opened = || open(&self.data_key, "method", "value", row.id.0, &row.value);
            match row.kind {
                // What cannot be read is not there, and the directory's value counts.
                MethodKind::Email => {
                    let value = EmailAddress::parse(&text(&opened()?)).ok();
                    found.email = on_file(value, row).or(found.email);
                }
                MethodKind::Phone => {
                    let value = PhoneNumber::parse(&text(&opened()?)).ok();
                    found.mobile = on_file(value, row).or(found.mobile);
                }
                MethodKind::Authenticator => {
                    let last_step = row.last_step.and_then(|step| u64::try_from(step).ok());
                    self.authenticators.push((row.id, opened()?, last_step));
                }
                // A question that was taken away since is not asked any more.
                MethodKind::Question if !self.is_asked(&row.slot) => {}
                MethodKind::Question => self.answers.push((row.slot.clone(), text(&opened()?))),
                MethodKind::Passkey => found.passkeys += usize::from(self.has_passkeys),
                MethodKind::RecoveryCode => found.recovery_codes += 1,
                // Kept for the person and the helpdesk; no gate uses it.
                MethodKind::AlternatePhone => {}
            }
        }
        found.authenticators = self.authenticators.len();
        found.questions = self.answers.len();
        self.methods = found;
        Ok(())
    }

    fn derive_methods(&mut self, app: &App, seed: &Tag, now: Timestamp) {
        let mut settings = self.tenant.settings.reset.clone();
        if !self.has_passkeys {
            settings.methods.remove(&Gate::Passkey);
        }
        self.methods = decoy::methods(seed.as_bytes(), &settings, self.required(now));
        if !self.has_passkeys {
            // Nor of those who seem to be administrators, whatever the settings say.
            self.methods.passkeys = 0;
        }
        if self.methods.authenticators > 0 {
            let id = latchkey_types::MethodId(self.subject_id.0);
            self.authenticators
                .push((id, Secret::new(seed.as_bytes().to_vec()), None));
        }
        for question in decoy::questions(seed.as_bytes(), self.methods.questions) {
            self.answers.push((question.to_owned(), app.unmatchable()));
        }
    }

    /// How many different things the person could prove themselves with, under the policy of now.
    pub(crate) fn usable_factors(&self, now: Timestamp) -> u32 {
        let settings = &self.tenant.settings.reset;
        let administrator = self.who.is_administrator;
        let required = self.required(now);
        let factors: BTreeSet<_> =
            usable_gates(&self.methods, settings, administrator, required, now)
                .into_iter()
                .map(Gate::factor)
                .collect();
        u32::try_from(factors.len()).unwrap_or(u32::MAX)
    }

    /// How many gates the policy asks of this person.
    pub(crate) fn gates_required(&self, now: Timestamp) -> u32 {
        u32::from(self.required(now))
    }

    fn required(&self, now: Timestamp) -> u8 {
        gates_required(
            &self.tenant.settings.reset,
            self.tenant_facts(),
            self.who.is_administrator,
            now,
        )
    }

    fn tenant_facts(&self) -> TenantFacts {
        TenantFacts {
            created_at: self.tenant.created_at,
            has_paid_licence: false,
            has_custom_domain: self.tenant.has_custom_domain,
            has_directory_sync: self.tenant.has_directory_sync,
        }
    }

    /// The destination of a gate that sends codes.
    pub(crate) fn destination(&self, gate: Gate) -> Option<latchkey_notify::Destination> {
        use latchkey_notify::Destination;
        match gate {
            Gate::Email => self
                .methods
                .email
                .as_ref()
                .map(|on| Destination::Mail(on.value.clone())),
            Gate::Sms => self
                .methods
                .mobile
                .as_ref()
                .map(|on| Destination::Text(on.value.clone())),
            Gate::MobileCall => self
                .methods
                .mobile
                .as_ref()
                .map(|on| Destination::Call(on.value.clone())),
            Gate::OfficeCall => self
                .methods
                .office
                .as_ref()
                .map(|on| Destination::Call(on.value.clone())),
            _ => None,
        }
    }

    /// The number of a gate that asks for it.
    pub(crate) fn number(&self, gate: Gate) -> Option<&PhoneNumber> {
        match gate {
            Gate::Sms | Gate::MobileCall => self.methods.mobile.as_ref(),
            Gate::OfficeCall => self.methods.office.as_ref(),
            _ => None,
        }
        .map(|on_file| &on_file.value)
    }

    /// The language for messages to this person.
    pub(crate) fn message_locale(&self, page: latchkey_types::Locale) -> latchkey_types::Locale {
        self.user
            .as_ref()
            .and_then(|user| user.locale)
            .unwrap_or(page)
    }
}

/// What everything about a decoy comes from; the same each time.
fn decoy_seed(app: &App, tenant: TenantId, subject: UserId) -> Tag {
    let parts: [&[u8]; 3] = [b"methods", tenant.0.as_bytes(), subject.0.as_bytes()];
    app.keys().tag(Purpose::Decoy, &parts)
}

/// Whether a user is a member, directly or not, of a group that the settings select.
pub(crate) async fn in_scope(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    settings: &ResetSettings,
) -> Result<bool, AppError> {
    match &settings.scope {
        Scope::Selected(selected) => {
            let selected: Vec<_> = selected.iter().copied().collect();
            Ok(groups::is_member_transitive(tx, tenant, user, &selected).await?)
        }
        Scope::None | Scope::All => Ok(false),
    }
}

fn on_file<T>(value: Option<T>, row: &Method) -> Option<OnFile<T>> {
    value.map(|value| OnFile {
        value,
        origin: row.origin,
        changed_at: row.changed_at,
    })
}

fn text(bytes: &Secret<Vec<u8>>) -> String {
    String::from_utf8_lossy(bytes.expose()).into_owned()
}
